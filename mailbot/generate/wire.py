"""How the daemon and the generator's process speak: frames of one JSON object each, with its length before it, over a socket pair.

The daemon sends `setup` once, then `ask` and `cancel`. The process answers `loading`, then `ready` or `unusable`, then
`begun`, `pieces`, `refused`, and `warming` and `slots` about itself. A frame is four bytes of length, big-endian, and UTF-8 JSON;
the length is checked before anything is kept, for neither side takes the other's word.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from mailbot.errors import BadInput, ConfigError, MailbotError
from mailbot.generate.request import Piece, Request, Sampling
from mailbot.generate.scheduler import Busy

Frame = dict[str, Any]

LENGTH = struct.Struct(">I")
MAX_FRAME = 16 * 2**20
"""Bytes of one frame: far more than a prompt or the pieces of one step take."""

_FAULTS: Mapping[str, type[MailbotError]] = {one.__name__: one for one in (BadInput, ConfigError, Busy)}


class Nonsense(Exception):
    """What came is no frame: the other side is broken, and nothing after it can be read."""


def pack(frame: Frame) -> bytes:
    """Return the bytes of a frame. Raises BadInput when it is too large."""
    encoded = json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    if len(encoded) > MAX_FRAME:
        raise BadInput(f"{len(encoded)} bytes are more than a prompt may have ({MAX_FRAME})", remedy="ask with a shorter one")
    return LENGTH.pack(len(encoded)) + encoded


class Splitter:
    """Finds the frames in bytes that come in parts of any size."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, more: bytes) -> Iterator[Frame]:
        """Take what came, and yield each frame that is whole now. Raises Nonsense."""
        self._rest += more
        start = 0
        try:
            while len(self._rest) - start >= LENGTH.size:
                (length,) = LENGTH.unpack_from(self._rest, start)
                if length > MAX_FRAME:
                    raise Nonsense(f"a frame of {length} bytes")
                end = start + LENGTH.size + length
                if len(self._rest) < end:
                    return
                encoded = bytes(self._rest[start + LENGTH.size : end])
                start = end
                yield _object(encoded)
        finally:
            del self._rest[:start]


def _object(encoded: bytes) -> Frame:
    try:
        value = json.loads(encoded)
    except (ValueError, RecursionError) as error:
        raise Nonsense(f"a frame that is no JSON ({error})") from None
    if not isinstance(value, dict):
        raise Nonsense("a frame that is no object")
    return value


def ask(request: Request) -> Frame:
    """Return a request as a frame. Its deadline stays here: only the front keeps a clock."""
    prompt = request.prompt if isinstance(request.prompt, str) else [dict(one) for one in request.prompt]
    return {
        "ask": request.name,
        "account": request.account,
        "prompt": prompt,
        "max_tokens": request.max_tokens,
        "sampling": asdict(request.sampling),
        "stop": list(request.stop),
    }


def asked(frame: Frame) -> Request:
    """Return the request of an `ask`. Raises BadInput."""
    prompt = frame["prompt"]
    return Request(
        name=frame["ask"],
        account=frame["account"],
        prompt=prompt if isinstance(prompt, str) else tuple(prompt),
        max_tokens=frame["max_tokens"],
        sampling=Sampling(**frame["sampling"]),
        stop=tuple(frame["stop"]),
    )


def pieces(several: list[Piece]) -> Frame:
    """Return what a step wrote as one frame."""
    return {"pieces": [[one.name, one.text, one.tokens, one.end, one.note] for one in several]}


def pieces_of(frame: Frame) -> Iterator[Piece]:
    """Yield the pieces of a frame. Raises Nonsense."""
    try:
        for name, text, tokens, end, note in frame["pieces"]:
            yield Piece(name=str(name), text=str(text), tokens=int(tokens), end=end, note=str(note))
    except (TypeError, ValueError) as error:
        raise Nonsense(f"pieces that are none ({error})") from None


def refusal(name: str, error: Exception) -> Frame:
    """Return that a request cannot be taken, and why."""
    told = error.args[0] if isinstance(error, MailbotError) else f"{type(error).__name__}: {error}"
    known = next((one for one, fault in _FAULTS.items() if isinstance(error, fault)), "")
    return {"refused": name, "fault": known, "message": str(told)[:500], "remedy": getattr(error, "remedy", "")}


def error_of(frame: Frame) -> MailbotError:
    """Return what a refusal says, as the error it was."""
    fault = _FAULTS.get(str(frame.get("fault")), MailbotError)
    return fault(str(frame.get("message")), remedy=str(frame.get("remedy") or ""))
