"""Turns what Outlook keeps of a message (MAPI properties, [MS-OXPROPS]) into the mail it stands for, which is read like any other.

Both outside forms come here: .msg files (`outlook`) and winmail.dat (`tnef`).
"""

from __future__ import annotations

import base64
import datetime
import email.utils
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mailbot.extract import charset
from mailbot.extract.mail_header import clean
from mailbot.extract.rich_text import MAX_RTF, decode_rtf

Value = str | bytes | int

MAX_NESTED = 5
"""Messages inside messages; deeper ones are left out."""

SUBJECT, BODY, HTML, RTF = 0x0037, 0x1000, 0x1013, 0x1009
TRANSPORT_HEADERS, CODEPAGE = 0x007D, 0x3FDE
ATTACHED_FILE, ATTACHED_METHOD, LONG_NAME, SHORT_NAME, DISPLAY_NAME, MIME_TYPE = 0x3701, 0x3705, 0x3707, 0x3704, 0x3001, 0x370E

_SENDERS = ((0x5D02, 0x0065, 0x0042), (0x5D01, 0x0C1F, 0x0C1A))
"""SMTP address, address, name: of whom the message is from, then of who sent it."""
_RECIPIENT_TYPE, _RECIPIENT_SMTP, _RECIPIENT_ADDRESS = 0x0C15, 0x39FE, 0x3003
_SENT, _DELIVERED = 0x0039, 0x0E06
_IDENTIFIERS = (("Message-ID", 0x1035), ("In-Reply-To", 0x1042), ("References", 0x1039))

_OWN_HEADERS = re.compile(r"^(?:mime-version|content-[a-z-]+|bcc)$", re.IGNORECASE)
_HEADER_FIELD = re.compile(r"([!-9;-~]+)[ \t]*:")
_NO_MIME_TYPE = re.compile(r"[^a-z0-9!#$&^_.+/-]")


@dataclass(frozen=True, kw_only=True)
class Enclosure:
    """An attachment: a file's bytes, or a message of its own."""

    filename: str = ""
    media_type: str = ""
    content: bytes | Note = b""


@dataclass(frozen=True, kw_only=True)
class Note:
    """A message as MAPI has it: properties by their identifier (the upper half of the tag), recipients, attachments.

    Strings are text already; a time is its FILETIME, 100 ns since 1601 ([MS-DTYP] 2.3.3).
    """

    properties: Mapping[int, Value]
    recipients: Sequence[Mapping[int, Value]] = ()
    enclosures: Sequence[Enclosure] = field(default_factory=tuple)

    def text(self, identifier: int) -> str:
        """Return a property as text, "" when it is missing or of another kind."""
        value = self.properties.get(identifier, "")
        return value.replace("\0", "") if isinstance(value, str) else ""

    @property
    def body(self) -> str:
        """The body as plain text, from the rich text where there is no other; "" when there is HTML alone."""
        if plain := self.text(BODY):
            return plain
        packed = self.properties.get(RTF)
        return decode_rtf(unpacked_rtf(packed)) if isinstance(packed, bytes) and not self.html else ""

    @property
    def html(self) -> bytes:
        """The body as HTML, in its own encoding."""
        value = self.properties.get(HTML, b"")
        return value.encode() if isinstance(value, str) else value if isinstance(value, bytes) else b""


def as_mail(note: Note, *, depth: int = 0) -> bytes:
    """Return the mail (RFC 5322, RFC 2045) that a note stands for; its text parts in UTF-8 or as their HTML says."""
    parts = [_part("text/plain; charset=utf-8", note.body.encode("utf-8", "replace"))] if note.body or not note.html else []
    if note.html:
        code = note.properties.get(CODEPAGE)
        stated = _charset(code) if isinstance(code, int) and isinstance(note.properties.get(HTML), bytes) else "utf-8"
        parts.append(_part(f"text/html; charset={stated}", note.html))
    body = parts[0] if len(parts) == 1 else _multipart("alternative", parts, depth)
    enclosed = [_enclosed(one, depth) for one in note.enclosures]
    head = "".join(f"{line}\r\n" for line in _headers(note)).encode("utf-8", "replace")
    return head + b"MIME-Version: 1.0\r\n" + (_multipart("mixed", [body, *enclosed], depth) if enclosed else body)


def _headers(note: Note) -> list[str]:
    """Return the header lines: those the message came with, else what the properties say."""
    came = _came_with(note.text(TRANSPORT_HEADERS))
    known = {line.partition(":")[0].strip().lower() for line in came}
    lines = list(came)
    if "from" not in known:
        lines += [f"From: {one}" for one in _senders(note)][:1]
    for label, kind in (("To", 1), ("Cc", 2)):
        people = [_mailbox(one, _RECIPIENT_SMTP, _RECIPIENT_ADDRESS, DISPLAY_NAME) for one in note.recipients if _kind(one) == kind]
        if label.lower() not in known and any(people):
            lines.append(f"{label}: " + ", ".join(filter(None, people)))
    sent = note.properties.get(_SENT) or note.properties.get(_DELIVERED)
    if "date" not in known and isinstance(sent, int) and (date := _date(sent)):
        lines.append(f"Date: {date}")
    singles = [(label, note.text(identifier)) for label, identifier in (("Subject", SUBJECT), *_IDENTIFIERS)]
    return lines + [f"{label}: {clean(text)}" for label, text in singles if text and label.lower() not in known]


def _came_with(headers: str) -> list[str]:
    """Return the lines of the header that the message came with, less what describes its old form."""
    kept: list[str] = []
    wanted = False
    for line in headers.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        name = _HEADER_FIELD.match(line)
        if name:
            wanted = not _OWN_HEADERS.match(name[1])
        elif not line.startswith((" ", "\t")) or not line.strip():
            wanted = False
        if wanted:
            kept.append(line)
    return kept


def _senders(note: Note) -> list[str]:
    return [found for numbers in _SENDERS if (found := _mailbox(note.properties, *numbers))]


def _mailbox(properties: Mapping[int, Value], smtp: int, other: int, name: int) -> str:
    """Return a mailbox as a header has it (RFC 5322 3.4); an Exchange address is no mail address and left out."""
    texts = [clean(value) if isinstance(value := properties.get(number, ""), str) else "" for number in (smtp, other, name)]
    address = next((text for text in texts[:2] if "@" in text and not re.search(r"[\s<>(),;]", text)), "")
    shown = texts[2].replace("\\", "").replace('"', "").strip("' ")
    if not address:
        return f'"{shown}" <>' if shown else ""
    return f'"{shown}" <{address}>' if shown and shown != address else address


def _kind(recipient: Mapping[int, Value]) -> int:
    value = recipient.get(_RECIPIENT_TYPE, 0)
    return value & 0xF if isinstance(value, int) else 0


def _date(filetime: int) -> str:
    """Return a FILETIME as a mail writes it, "" when it is none."""
    try:
        moment = datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(microseconds=filetime // 10)
    except OverflowError:
        return ""
    return email.utils.format_datetime(moment)


def _charset(codepage: int) -> str:
    """Return the charset's name of a Windows code page number."""
    known = {65001: "utf-8", 20127: "us-ascii", 28591: "iso-8859-1", 20866: "koi8-r", 936: "gb18030", 50220: "iso-2022-jp"}
    name = known.get(codepage, f"cp{codepage}")
    return name if charset.codec(name) else "utf-8"


def _enclosed(one: Enclosure, depth: int) -> bytes:
    if isinstance(one.content, Note):
        content = as_mail(one.content, depth=depth + 1) if depth < MAX_NESTED else b""
        return _part("message/rfc822", content, one.filename or "message.eml")
    kind = _NO_MIME_TYPE.sub("", one.media_type.lower())
    return _part(kind if kind.count("/") == 1 else "application/octet-stream", one.content, one.filename or "attachment")


def _part(kind: str, content: bytes, filename: str = "") -> bytes:
    name = base64.b64encode(filename.encode("utf-8", "replace")).decode()
    disposition = f'Content-Disposition: attachment; filename="=?utf-8?b?{name}?="\r\n' if filename else ""
    head = f"Content-Type: {kind}\r\n{disposition}Content-Transfer-Encoding: base64\r\n\r\n"
    return head.encode() + base64.b64encode(content)


def _multipart(kind: str, parts: Iterable[bytes], depth: int) -> bytes:
    boundary = f"part-{kind}-{depth}".encode()  # every body is base64, which has no hyphen
    head = b'Content-Type: multipart/%s; boundary="%s"\r\n' % (kind.encode(), boundary)
    return head + b"".join(b"\r\n--%s\r\n%s" % (boundary, part) for part in parts) + b"\r\n--%s--\r\n" % boundary


_PREBUFFER = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n"
    b"\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def unpacked_rtf(packed: bytes) -> bytes:
    """Undo the compression of a rich text body ([MS-OXRTFCP] 2.1), as far as it goes; b"" for what is none."""
    if len(packed) < 16:
        return b""
    _, size, kind = struct.unpack_from("<III", packed)
    if kind == 0x414C454D:  # "MELA": not compressed
        return packed[16 : 16 + min(size, MAX_RTF)]
    if kind != 0x75465A4C:  # "LZFu"
        return b""
    window = bytearray(4096)
    window[: len(_PREBUFFER)] = _PREBUFFER
    write, at, out = len(_PREBUFFER), 16, bytearray()
    while at < len(packed) and len(out) < min(size, MAX_RTF):
        control = packed[at]
        at += 1
        for bit in range(8):
            if control >> bit & 1:
                reference = int.from_bytes(packed[at : at + 2].ljust(2, b"\0"), "big")
                read, length = reference >> 4, (reference & 0xF) + 2
                if read == write or at + 2 > len(packed):  # the end, by its own word or cut short
                    return bytes(out)
                at += 2
            else:
                read, length = 4096, len(packed[at : at + 1])
            for step in range(length):
                byte = packed[at] if read == 4096 else window[(read + step) % 4096]
                out.append(byte)
                window[write] = byte
                write = (write + 1) % 4096
            at += read == 4096
    return bytes(out)
