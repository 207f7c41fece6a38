"""What an OpenAI-compatible server says, whole or as a stream of events, read into one reply. Pure; nothing in it is trusted.

Servers differ: content may be text, a list of parts or null; thinking comes in fields of its own; the last chunk may hold no
choice; an error may come inside a stream that began well. A stream counts as whole only when it said how it ended.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mailbot.core import prompt

MAX_LINE = 1_000_000
MAX_DATA_LINES = 100
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")


class NoDraft(Exception):
    """The server gave no usable answer.

    `wait` is set when another try is safe and may help after so many seconds, `asked` when it was the server that said so;
    `works` when the server itself is well, and only this one answer is of no use.
    """

    def __init__(self, reason: str, *, wait: float | None = None, asked: bool = False, works: bool = False) -> None:
        super().__init__(reason)
        self.wait = wait
        self.asked = asked
        self.works = works


class Answer:
    """One answer as it comes: `take` each object, then ask for the `reply`."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._begun = False
        self._thought = False
        self._refusal = ""
        self._finish = ""
        self._model = ""

    @property
    def finished(self) -> bool:
        """Whether the server said how the answer ended."""
        return bool(self._finish)

    def take(self, value: Any) -> None:
        """Take a whole answer, or one chunk of it. Raises NoDraft for an error, or for something else entirely."""
        if not isinstance(value, dict):
            raise NoDraft("answered with something that is no completion")
        if value.get("error") or value.get("object") == "error":
            raise NoDraft(f"reported an error{error_text(value)}")
        if isinstance(value.get("model"), str):
            self._model = value["model"] or self._model
        choices = value.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice.get("index") in (0, None):
                self._choose(choice)

    def _choose(self, choice: dict[str, Any]) -> None:
        if choice.get("error"):
            raise NoDraft(f"reported an error{error_text(choice)}")
        delta, message = choice.get("delta"), choice.get("message")
        part = delta if isinstance(delta, dict) and delta else message
        if isinstance(part, dict):
            self._begun = True
            self._thought = self._thought or any(part.get(name) for name in _THOUGHTS)
            if isinstance(part.get("refusal"), str):
                self._refusal += part["refusal"]
            if part is message:
                self._text.clear()
            self._text.append(_text_of(part.get("content")))
        elif isinstance(choice.get("text"), str):
            self._begun = True
            self._text.append(choice["text"])
        if isinstance(choice.get("finish_reason"), str):
            self._finish = choice["finish_reason"] or self._finish

    def reply(self, *, max_tokens: int) -> tuple[str, str]:
        """Return the reply and the model's name, "" when it did not say. Raises NoDraft when there is no whole reply in it."""
        text = "".join(self._text)
        if not self._begun:
            raise NoDraft("answered with something that is no completion")
        if self._finish == "error":
            raise NoDraft("broke off with an error")
        if self._refusal and not text.strip():
            raise NoDraft(f"refused to write this ({_short(self._refusal)})", works=True)
        if self._finish == "content_filter":
            raise NoDraft("withheld its answer (content filter)", works=True)
        if self._finish == "length":
            thought = self._thought and not text.strip()
            what = f"spent all of its {max_tokens} tokens on thinking" if thought else f"was cut off after {max_tokens} tokens"
            raise NoDraft(f"{what}; raise generate.max_tokens", works=True)
        if not text:
            raise NoDraft("thought, and wrote nothing" if self._thought else "answered without any text", works=True)
        reply = prompt.reply_of(text.encode("utf-8", "replace").decode("utf-8"))
        if not reply:
            raise NoDraft("answered without a reply", works=True)
        return reply, _short(self._model, 100)


def _text_of(content: Any) -> str:
    """Return the text of a message's content: text, parts of which some are text, or nothing."""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict) and part.get("type") in ("text", "output_text")]
        return "".join(part["text"] for part in parts if isinstance(part.get("text"), str))
    raise NoDraft("answered with something that is no completion")


class Events:
    """A stream of server-sent events (WHATWG HTML, 9.2) whose data is JSON, in whatever pieces it arrives.

    Every `data:` line that is whole in itself counts at once, since some servers leave out the empty line between events.
    """

    def __init__(self) -> None:
        self.done = False
        """Whether `[DONE]` was read; what follows it is not looked at."""
        self._pieces: list[bytes] = []
        self._length = 0
        self._held = False
        """Whether the last piece ended in CR: half of a line end, perhaps."""
        self._data: list[bytes] = []
        self._first = True

    def feed(self, piece: bytes) -> Iterator[Any]:
        """Yield the JSON values that a further piece of the stream completes. Raises NoDraft for one that is none."""
        self._pieces.append(piece)
        self._length += len(piece)
        if self._length > MAX_LINE:
            raise NoDraft("sent a stream without lines")
        if not self._held and b"\n" not in piece and b"\r" not in piece:
            return
        text = b"".join(self._pieces)
        self._held = text.endswith(b"\r")
        whole = text[:-1] if self._held else text
        *lines, rest = whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._pieces, self._length = [rest, b"\r" if self._held else b""], len(rest)
        for line in lines:
            if self.done:
                return
            yield from self._line(line)

    def end(self) -> Iterator[Any]:
        """Yield what the end of the stream completes: a last line without a line end."""
        yield from self.feed(b"\n\n")

    def _line(self, line: bytes) -> Iterator[Any]:
        if self._first:
            line, self._first = line.removeprefix(b"\xef\xbb\xbf"), False
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not line:
            if self._data:
                raise NoDraft("sent an event that is not JSON")
        elif name == b"data" and value.strip() == b"[DONE]":
            self.done = True
        elif name == b"error":  # older llama.cpp servers name the field so
            yield {"error": _parsed(value) or value.decode("utf-8", "replace")}
        elif name == b"data" and (value or self._data):
            self._data.append(value)
            parsed = _parsed(b"\n".join(self._data))
            if parsed is not None:
                self._data.clear()
                yield parsed
            elif len(self._data) > MAX_DATA_LINES:
                raise NoDraft("sent an event that is not JSON")


def read_whole(content: bytes) -> Answer:
    """Return an answer that came as one JSON document. Raises NoDraft."""
    answer = Answer()
    answer.take(_parsed(content))
    return answer


def error_text(value: Any) -> str:
    """Return what an error object says, in parentheses and short, "" when it says nothing."""
    error = value.get("error") if isinstance(value, dict) else None
    said = error.get("message") if isinstance(error, dict) else error
    if not said and isinstance(value, dict):
        said = value.get("message") or value.get("detail")
    return f" ({_short(said)})" if isinstance(said, str) and said.strip() else ""


def error_of(content: bytes) -> str:
    """Return what the body of an HTTP error says, in parentheses and short, "" when it says nothing."""
    return error_text(_parsed(content))


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _short(text: str, most: int = 150) -> str:
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())[:most]
