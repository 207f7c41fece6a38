"""How the daemon and a worker process speak: frames of a JSON header and raw bytes, each with its length before it.

A frame is two big-endian lengths (header 4 bytes, body 8 bytes), the header as UTF-8 JSON, the body as it is. Lengths are
checked before anything is read, because either side may be lied to.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, TypeVar, TypeVarTuple

from mailbot.errors import BadInput

LENGTHS = struct.Struct(">IQ")
MAX_HEADER = 64 * 2**20
"""Bytes of JSON in one frame: the text and tables of one file."""

OFF_LOOP = 1 << 20
"""Bytes from which work on them is done in a thread."""

A = TypeVarTuple("A")
R = TypeVar("R")

Header = dict[str, Any]


def pack(header: Header, bodies: Sequence[bytes] = ()) -> list[bytes]:
    """Return the pieces of one frame, to be written one after the other. Raises BadInput when the header is too large."""
    encoded = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    if len(encoded) > MAX_HEADER:
        raise BadInput(f"{len(encoded)} bytes of text and tables are more than one answer may hold ({MAX_HEADER})")
    return [LENGTHS.pack(len(encoded), sum(map(len, bodies))), encoded, *bodies]


def read(stream: BinaryIO) -> tuple[Header, bytes] | None:
    """Read one frame in the worker (it trusts the daemon), or None at the end of the stream."""
    lengths = stream.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    header, body = LENGTHS.unpack(lengths)
    return json.loads(stream.read(header)), stream.read(body)


async def off_loop(size: int, work: Callable[[*A], R], *arguments: *A) -> R:
    """Do work on `size` bytes: small work here, large work in a thread, so that the loop goes on."""
    return await asyncio.to_thread(work, *arguments) if size > OFF_LOOP else work(*arguments)


async def receive(stream: asyncio.StreamReader, *, max_body: int) -> tuple[Header, bytes]:
    """Read one frame from a worker, which may lie.

    Raises asyncio.IncompleteReadError when the worker is gone, ValueError when the frame is not one.
    """
    header, body = LENGTHS.unpack(await stream.readexactly(LENGTHS.size))
    if header > MAX_HEADER or body > max_body:
        raise ValueError(f"a frame of {header} + {body} bytes is over the limit")
    value = await off_loop(header, json.loads, await stream.readexactly(header))
    if not isinstance(value, dict):
        raise ValueError("a frame's header is not an object")
    return value, await stream.readexactly(body)
