"""A request between its acceptance and its end, as its reader and the process behind see it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from mailbot.errors import MailbotError
from mailbot.generate.request import End, Piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A text, why it ended ("late" with what there was by then), the tokens it took, and what its reader should know."""

    text: str
    end: End
    tokens: int
    note: str = ""


class Pending:
    """A request between its acceptance and its end.

    `packed` is its frame; `seconds` the time it has, which `late` ends; `begun` whether the process has it at work; `deaths` how
    many processes died of it, as far as one can tell; `shown` whether its reader has seen a part of it.
    """

    def __init__(self, name: str, packed: bytes, seconds: float | None, *, streams: bool) -> None:
        self.name = name
        self.packed = packed
        self.seconds = seconds
        self.late: asyncio.TimerHandle | None = None
        self.changed = asyncio.Event()
        self.shown = False
        self.deaths = 0
        self._streams = streams
        self.again()

    def again(self) -> None:
        """Begin from nothing."""
        self.begun = False
        self.error: MailbotError | None = None
        self._parts: list[str] = []
        self._tokens = 0
        self._end: End = ""
        self._note = ""

    def add(self, piece: Piece) -> None:
        """Take what is new; pieces that nobody has taken yet become one, so a slow reader keeps nobody waiting."""
        self.begun = True
        self._parts.append(piece.text)
        self._tokens += piece.tokens
        self._end, self._note = piece.end, piece.note
        if self._end or self._streams:
            self.changed.set()

    def over(self, end: End = "", error: MailbotError | None = None) -> None:
        """End it here, with what there is or with an error."""
        self._end, self.error = end, error
        self.changed.set()

    async def take(self) -> Piece:
        """Wait for something new and return it. Raises what ended the request."""
        await self.changed.wait()
        self.changed.clear()
        if self.error:
            raise self.error
        piece = Piece(name=self.name, text="".join(self._parts), tokens=self._tokens, end=self._end, note=self._note)
        self._parts, self._tokens = [], 0
        self.shown = self.shown or bool(piece.text)
        return piece
