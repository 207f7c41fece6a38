"""Reads winmail.dat ([MS-OXTNEF]): the message as Outlook wrote it, and the attachments that stand in it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from mailbot.core.document import Document, Page
from mailbot.errors import BadInput
from mailbot.extract import charset, html, mapi
from mailbot.extract.mapi import Enclosure, Note, Value
from mailbot.extract.media_type import MAIL
from mailbot.extract.reader import Found, Limits, Member
from mailbot.extract.unpack import Unpacking, unpack

_SIGNATURE = b"\x78\x9f\x3e\x22"
_MOST_VALUES = 100_000

# Attributes by their number, the lower half of [MS-OXTNEF] 2.1.3.3's identifier.
_SUBJECT, _BODY, _ATTACH_DATA, _ATTACH_TITLE = 0x8004, 0x800C, 0x800F, 0x8010
_ATTACH_BEGINS, _PROPERTIES, _ATTACH_PROPERTIES, _CODEPAGE = 0x9002, 0x9003, 0x9005, 0x9007

_FIXED = {0x0002: 2, 0x000B: 2, 0x0003: 4, 0x0004: 4, 0x000A: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8, 0x0014: 8, 0x0040: 8, 0x0048: 16}
"""Bytes of a value by its type, before it is filled up to four."""
_MESSAGE_OBJECT = bytes.fromhex("0703020000000000c000000000000046")


class _Cut(Exception):
    """The stream ends, or speaks of more than there is; what stood before is kept."""


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Return the message's text as a document, where it has any, and its attachments as members, each named `name/attachment`.

    Problems: broken_archive where the file is cut short, and see `unpack`. Raises BadInput for what is no TNEF.
    """
    note, whole = read_note(content)
    text = note.body or html.to_text(html.decode(note.html)[0])

    def take_out(unpacking: Unpacking) -> None:
        for number, one in enumerate(note.enclosures, 1):
            full = unpacking.wanted(one.filename or f"attachment-{number}")
            if full and isinstance(one.content, Note):
                unpacking.members.append(Member(name=full, media_type=MAIL, content=mapi.as_mail(one.content, depth=1)))
            elif full and isinstance(one.content, bytes):
                unpacking.add(full, (one.content,), len(content))
        if not whole:
            unpacking.broken(name, EOFError("it is cut short or damaged; what stands before that was read"))

    found = unpack(name, limits, take_out)
    pages = (Page(number=1, text=charset.clean(text)),) if text.strip() else ()
    documents = (Document(name=name, media_type=media_type, pages=pages),) if pages else ()
    return Found(documents=documents, members=found.members, problems=found.problems)


def read_note(content: bytes, depth: int = 0) -> tuple[Note, bool]:
    """Return the message in a TNEF stream, and whether it was read to its end. Raises BadInput."""
    if content[:4] != _SIGNATURE or len(content) < 6:
        raise BadInput("no winmail.dat: another signature", remedy="open the original")
    properties: dict[int, Value] = {}
    attached: list[dict[int, Value]] = []
    codec, whole = "", True
    try:
        for level, number, value in _attributes(content):
            if number == _CODEPAGE and len(value) >= 4:
                codec = f"cp{int.from_bytes(value[:4], 'little')}"
            elif number == _ATTACH_BEGINS:
                attached.append({})
            elif number == _PROPERTIES:
                found, complete = _values(value, codec)
                properties |= found
                whole = whole and complete
            elif number in (_SUBJECT, _BODY):
                properties.setdefault({_SUBJECT: mapi.SUBJECT, _BODY: mapi.BODY}[number], _text(value, codec))
            elif level == 2 and attached:
                attached[-1] |= _of_attachment(number, value, codec)
    except _Cut:
        whole = False
    enclosures = []
    for one in attached:
        enclosure, complete = _enclosure(one, depth)
        enclosures.append(enclosure)
        whole = whole and complete
    return Note(properties=properties, enclosures=enclosures), whole


def _attributes(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield the level, number and value of each attribute (2.1.3.1). Raises _Cut."""
    at = 6
    while at < len(content):
        if at + 9 > len(content):
            if content[at:].strip(b"\0\r\n"):
                raise _Cut
            return
        level, number, _, length = struct.unpack_from("<BHHI", content, at)
        value = content[at + 9 : at + 9 + length]
        yield level, number, value
        if len(value) < length or level not in (1, 2):
            raise _Cut
        at += 9 + length + 2  # and the checksum


def _of_attachment(number: int, value: bytes, codec: str) -> dict[int, Value]:
    if number == _ATTACH_TITLE:
        return {mapi.SHORT_NAME: _text(value, codec)}
    if number == _ATTACH_DATA:
        return {mapi.ATTACHED_FILE: value}
    return _values(value, codec)[0] if number == _ATTACH_PROPERTIES else {}


def _enclosure(found: dict[int, Value], depth: int) -> tuple[Enclosure, bool]:
    names = [found.get(number) for number in (mapi.LONG_NAME, mapi.SHORT_NAME, mapi.DISPLAY_NAME)]
    filename = next((name for name in names if isinstance(name, str) and name), "")
    value = found.get(mapi.ATTACHED_FILE, b"")
    content = value if isinstance(value, bytes) else b""
    if content.startswith(_MESSAGE_OBJECT) and depth < mapi.MAX_NESTED:
        try:
            note, whole = read_note(content[16:], depth + 1)
            return Enclosure(filename=f"{filename or 'message'}.eml", content=note), whole
        except BadInput:
            pass
    return Enclosure(filename=filename, content=content), True


def _text(value: bytes, codec: str) -> str:
    return charset.decode(value.partition(b"\0")[0], codec)[0]


def _values(content: bytes, codec: str) -> tuple[dict[int, Value], bool]:
    """Return the MAPI properties of an attribute (2.1.3.4), text, bytes and whole numbers, and whether it was read to its end."""
    found: dict[int, Value] = {}
    try:
        _gather(_Fields(content), codec, found)
    except _Cut:
        return found, False
    return found, True


def _gather(reader: _Fields, codec: str, found: dict[int, Value]) -> None:
    """Put the properties into `found`. Raises _Cut."""
    for _ in range(min(reader.number(), _MOST_VALUES)):
        kind, number = struct.unpack("<HH", reader.take(4))
        if number >= 0x8000:  # a property with a name of its own: of no use here
            reader.take(16)
            if reader.number():
                reader.take(_filled(reader.number()))
            else:
                reader.take(4)
            number = 0
        several, kind = bool(kind & 0x1000), kind & 0x0FFF
        if kind in _FIXED:
            for _ in range(min(reader.number(), _MOST_VALUES) if several else 1):
                raw = reader.take(_filled(_FIXED[kind]))[: _FIXED[kind]]
                if kind not in (0x0004, 0x0005, 0x0048):
                    found[number] = int.from_bytes(raw, "little")
        elif kind in (0x000D, 0x001E, 0x001F, 0x0102):
            for _ in range(min(reader.number(), _MOST_VALUES)):
                length = reader.number()
                found[number] = _long_value(reader.take(_filled(length))[:length], kind, codec)
        elif kind != 0x0001:
            raise _Cut


def _long_value(raw: bytes, kind: int, codec: str) -> Value:
    if kind == 0x001F:
        return raw.decode("utf-16-le", "replace").partition("\0")[0]
    return _text(raw, codec) if kind == 0x001E else raw


def _filled(length: int) -> int:
    return length + -length % 4


class _Fields:
    """Takes bytes off the front of an attribute."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def take(self, length: int) -> bytes:
        if self._at + length > len(self._content):
            raise _Cut
        self._at += length
        return self._content[self._at - length : self._at]

    def number(self) -> int:
        return int.from_bytes(self.take(4), "little")
