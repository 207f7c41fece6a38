"""Writes winmail.dat files ([MS-OXTNEF]), since no library does."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence


def attribute(level: int, identifier: int, value: bytes) -> bytes:
    """Return one attribute with its checksum (2.1.3.1)."""
    return struct.pack("<BII", level, identifier, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def properties(values: Mapping[int, str | bytes | int]) -> bytes:
    """Return MAPI properties as an attribute holds them (2.1.3.4)."""
    packed = struct.pack("<I", len(values))
    for number, value in values.items():
        if isinstance(value, int):
            packed += struct.pack("<HHI", 0x0003, number, value)
            continue
        kind, content = (0x001F, value.encode("utf-16-le") + b"\0\0") if isinstance(value, str) else (0x0102, value)
        packed += struct.pack("<HHII", kind, number, 1, len(content)) + content + bytes(-len(content) % 4)
    return packed


def tnef(values: Mapping[int, str | bytes | int], files: Sequence[tuple[str, str, bytes]] = (), codepage: int = 1252) -> bytes:
    """Return a winmail.dat; each file has its short name in the code page, its long name and its bytes."""
    stream = struct.pack("<IH", 0x223E9F78, 1) + attribute(1, 0x00089006, b"\0\0\1\0")
    stream += attribute(1, 0x00069007, struct.pack("<II", codepage, 0)) + attribute(1, 0x00069003, properties(values))
    for short, long, content in files:
        stream += attribute(2, 0x00069002, bytes(14)) + attribute(2, 0x00018010, short.encode(f"cp{codepage}") + b"\0")
        stream += attribute(2, 0x0006800F, content) + attribute(2, 0x00069005, properties({0x3707: long}))
    return stream
