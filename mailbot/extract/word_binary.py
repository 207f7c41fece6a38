"""Reads Word files from before 2007 (doc, [MS-DOC]): their text, put together from the pieces that it was saved in."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator

from mailbot.core.document import Document, Page, Problem
from mailbot.extract import charset
from mailbot.extract.reader import Found, Limits

MAX_TEXT = 5_000_000
"""Characters that are kept."""

_WORD_97 = 0xC1
_ENCRYPTED, _SECOND_TABLE, _NARROW = 0x0100, 0x0200, 0x40000000
_LENGTHS, _PIECES = 0x4C, 0x01A2
"""Where in the file's head the lengths of its texts and the place of its list of pieces stand (2.5.4, 2.5.6)."""
_FIELD_MARK = re.compile(r"[\x13-\x15]")
_SIGNS = str.maketrans({"\r": "\n", "\x0b": "\n", "\x0c": "\n", "\x0e": "\n", "\x07": "\t", "\x1e": "\u2011", "\x1f": None})


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Read a Word file as one page. Problems: encrypted_file, unreadable_file."""
    document = Document(name=name, media_type=media_type)
    try:
        head, table = _streams(content)
        if struct.unpack_from("<H", head, 0x0A)[0] & _ENCRYPTED:
            remedy = "ask the sender for it without one"
            locked = Problem(code="encrypted_file", detail=f"{name} asks for a password", remedy=remedy)
            return Found(documents=(document,), problems=(locked,))
        text = _shown(head, "".join(_pieces(head, table)))
    except (OSError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, struct.error) as error:
        detail = f"{name}: {' '.join(str(error).split())[:200]}"
        broken = Problem(code="unreadable_file", detail=detail, remedy="ask the sender to save it as docx or PDF")
        return Found(documents=(document,), problems=(broken,))
    return Found(documents=(Document(name=name, media_type=media_type, pages=(Page(number=1, text=text),)),))


def _streams(content: bytes) -> tuple[bytes, bytes]:
    """Return the stream of the text and the one that says how it is cut into pieces. Raises OSError, ValueError."""
    import olefile

    with olefile.OleFileIO(io.BytesIO(content)) as compound:
        head = compound.openstream("WordDocument").read()
        version, flags = struct.unpack_from("<H", head, 2)[0], struct.unpack_from("<H", head, 0x0A)[0]
        if version < _WORD_97:
            raise ValueError("a Word file from before 1997")
        return head, b"" if flags & _ENCRYPTED else compound.openstream("1Table" if flags & _SECOND_TABLE else "0Table").read()


def _pieces(head: bytes, table: bytes) -> Iterator[str]:
    """Yield the pieces of the text in order (2.4.1): each lies somewhere in the file, in UTF-16 or in Windows-1252."""
    start, size = struct.unpack_from("<II", head, _PIECES)
    listed = table[start : start + size]
    at = 0
    while at < len(listed) and listed[at] == 1:  # what was changed since; the text is not in it
        at += 3 + struct.unpack_from("<H", listed, at + 1)[0]
    if at >= len(listed) or listed[at] != 2:
        raise ValueError("its list of pieces is missing")
    (size,) = struct.unpack_from("<I", listed, at + 1)
    listed = listed[at + 5 : at + 5 + size]
    count, left = (len(listed) - 4) // 12, MAX_TEXT
    ends = struct.unpack_from(f"<{count + 1}I", listed)
    for number in range(count):
        (place,) = struct.unpack_from("<I", listed, 4 * (count + 1) + 8 * number + 2)
        length = min(max(0, ends[number + 1] - ends[number]), left)
        left -= length
        if place & _NARROW:
            place = (place & ~_NARROW) // 2
            yield head[place : place + length].decode("cp1252", "replace")
        else:
            yield head[place : place + 2 * length].decode("utf-16-le", "replace")


def _shown(head: bytes, whole: str) -> str:
    """Return what a reader sees: headers, the text, notes and boxes; of fields their results, and no comments."""
    main, notes, headers, macros, comments, ends, boxes, header_boxes = struct.unpack_from("<8I", head, _LENGTHS)
    parts, at = {}, 0
    for part, length in enumerate((main, notes, headers, macros, comments, ends, boxes, header_boxes)):
        parts[part] = whole[at : at + length]
        at += length
    return "\n\n".join(text for part in (2, 7, 0, 1, 5, 6) if (text := _plain(parts[part])))


def _plain(text: str) -> str:
    text = _without_codes(text).replace("\x07\x07", "\n").translate(_SIGNS)
    lines = (line.rstrip() for line in charset.clean(text).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _without_codes(text: str) -> str:
    """Return text without the codes of its fields (2.8.25): each from its begin up to its separator, or to its end without one."""
    codes: list[tuple[int, int]] = []
    open_fields: list[int | None] = []
    for mark in _FIELD_MARK.finditer(text):
        if mark[0] == "\x13":
            open_fields.append(mark.start())
        elif open_fields:
            start = open_fields.pop()
            if start is not None:
                codes.append((start, mark.end()))
            if mark[0] == "\x14":
                open_fields.append(None)
    pieces, at = [], 0
    for start, end in sorted(codes):
        pieces.append(text[at : max(at, start)])
        at = max(at, end)
    return "".join([*pieces, text[at:]])
