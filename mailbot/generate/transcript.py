"""Turns a model's tokens into text as they come: whole characters only, ending at the first stop string."""

from __future__ import annotations

from collections.abc import Callable, Sequence

BROKEN = "\ufffd"
"""What a decoder shows for bytes that are no character yet."""


class Transcript:
    """The text of one request. `stopped` is set once a stop string came; the text ends before it."""

    def __init__(self, decode: Callable[[Sequence[int]], str], stops: Sequence[str] = ()) -> None:
        self._decode = decode
        self._stops = tuple(stops)
        self._tokens: list[int] = []
        self._context = 0
        self._read = 0
        self._text = ""
        self._shown = 0
        self.stopped = False

    def add(self, tokens: Sequence[int]) -> str:
        """Take further tokens; return what of the text is new and certain."""
        self._take(tokens, whole=False)
        return self._show(len(self._text) - (0 if self.stopped else self._unsure()))

    def close(self) -> str:
        """Return what was held back, at the end of the text."""
        self._take((), whole=True)
        return self._show(len(self._text))

    def _take(self, tokens: Sequence[int], *, whole: bool) -> None:
        """Decode what is new in the context of the tokens before it: some tokenizers join words only so."""
        if self.stopped:
            return
        self._tokens += tokens
        before = self._decode(self._tokens[self._context : self._read])
        now = self._decode(self._tokens[self._context :])
        if now.endswith(BROKEN) and not whole:
            return
        self._context, self._read = self._read, len(self._tokens)
        self._text += now[len(before) :]
        found = [at for stop in self._stops if (at := self._text.find(stop, self._shown)) >= 0]
        if found:
            self._text = self._text[: min(found)]
            self.stopped = True

    def _unsure(self) -> int:
        """Return how many characters at the end may be the beginning of a stop string."""
        longest = max((len(stop) for stop in self._stops), default=0)
        tail = self._text[max(self._shown, len(self._text) - longest + 1) :] if longest else ""
        return max(
            (size for size in range(1, len(tail) + 1) if any(stop.startswith(tail[-size:]) for stop in self._stops)), default=0
        )

    def _show(self, until: int) -> str:
        new = self._text[self._shown : until]
        self._shown = max(self._shown, until)
        return new
