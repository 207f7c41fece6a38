"""Splits a mail into its parts (RFC 2045, RFC 2046) in linear time, whatever the sender made of it.

Python's `email` needs seconds for 100,000 parts and fails on 1,500 nested ones; here both end at a limit, and a part that breaks
the format is kept as it is. Bodies are slices of the mail until `Part.content` decodes one.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field
from functools import cached_property

from mailbot.extract import mail_header

MAX_PARTS = 2000
MAX_DEPTH = 40
MAX_HEADER_BLOCK = 1_000_000
MAX_HEADER_LINES = 5000
MAX_HEADER_VALUE = 64_000

_BLANK_LINE = re.compile(rb"\n[ \t]*\r?\n|\A[ \t]*\r?\n")
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_LIKELY_DELIMITER = re.compile(rb"^--([^\s-][^\r\n]{0,190})\r?\nContent-", re.MULTILINE | re.IGNORECASE)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]*)\r?\n", re.MULTILINE)


@dataclass(eq=False)
class Part:
    """One part: its header fields (lower-case name, raw value) in order, and either `children` or a `body` still encoded."""

    fields: list[tuple[str, bytes]]
    body: bytes
    default_type: str = "text/plain"
    children: list[Part] = field(default_factory=list)
    signed: bytes = b""
    """Of a multipart/signed, the first part as it was sent: what the second signs (RFC 1847 2.1)."""

    def first(self, name: str) -> bytes:
        """Return the raw value of the first field of that name, or b""."""
        return next((value for key, value in self.fields if key == name), b"")

    def every(self, name: str) -> list[bytes]:
        """Return the raw values of all fields of that name, topmost first."""
        return [value for key, value in self.fields if key == name]

    @cached_property
    def content_type(self) -> tuple[str, dict[str, str]]:
        """The media type in lower case, and its parameters; RFC 2045 5.2's default where it is missing or malformed."""
        value, parameters = mail_header.parameters(self.first("content-type"))
        major, slash, minor = value.lower().partition("/")
        if not major or not (slash and minor) or len(value) > 200:
            return ("text/plain" if major == "text" else self.default_type), parameters
        return f"{major.strip()}/{minor.strip()}", parameters

    @property
    def media_type(self) -> str:
        """The media type alone."""
        return self.content_type[0]

    @cached_property
    def disposition(self) -> tuple[str, dict[str, str]]:
        """`attachment`, `inline` or "", and the parameters (RFC 2183)."""
        value, parameters = mail_header.parameters(self.first("content-disposition"))
        return value.lower(), parameters

    @cached_property
    def filename(self) -> str:
        """The name that the sender gave this part, its last path step only, or ""."""
        name = self.disposition[1].get("filename") or self.content_type[1].get("name") or ""
        return mail_header.clean(name).replace("\\", "/").rpartition("/")[2].strip()[:200]

    def content(self) -> bytes:
        """Return the body with its transfer encoding undone (RFC 2045 6), as far as it can be. Never raises."""
        encoding = self.first("content-transfer-encoding").strip().lower()
        if encoding.startswith(b"base64"):
            return _base64(self.body)
        if encoding.startswith(b"quoted-printable"):
            return binascii.a2b_qp(self.body)
        if encoding in (b"x-uuencode", b"uuencode", b"x-uue", b"uue"):
            return uudecode(self.body) or self.body
        return self.body


@dataclass
class _Count:
    """How much was split so far, and what did not fit."""

    parts: int = 0
    complaints: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)


def split(content: bytes) -> tuple[Part, list[str], list[str]]:
    """Return the root part, what breaks the format, and what was left unread because of a limit."""
    count = _Count()
    if b"\n" not in content and b"\r" in content:
        content = content.replace(b"\r", b"\n")
    if content.startswith((b"From ", b">From ")):  # mbox's own line, RFC 4155.
        content = content[content.find(b"\n") + 1 :]
    root = _part(content.lstrip(b"\r\n"), "text/plain", 0, count)
    return root, list(dict.fromkeys(count.complaints)), list(dict.fromkeys(count.cut))


def _part(content: bytes, default_type: str, depth: int, count: _Count) -> Part:
    count.parts += 1
    fields, body = _header(content, count)
    part = Part(fields=fields, body=body, default_type=default_type)
    if not part.media_type.startswith("multipart/"):
        return part
    if depth >= MAX_DEPTH:
        count.cut.append(f"parts nested deeper than {MAX_DEPTH} are kept whole")
        return part
    boundary = part.content_type[1].get("boundary", "").encode("utf-8", "surrogateescape")
    slices = _between(body, boundary, count) if boundary else []
    if not slices and (guess := _LIKELY_DELIMITER.search(body)):
        slices = _between(body, guess[1], count)
    if not slices:
        count.complaints.append("a multipart without its boundary is read as text")
        return part
    inner = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
    part.children = [_part(one, inner, depth + 1, count) for one in slices]
    part.signed = slices[0] if part.media_type == "multipart/signed" else b""
    part.body = b""
    return part


def _between(body: bytes, boundary: bytes, count: _Count) -> list[bytes]:
    """Return what stands between the delimiter lines (RFC 2046 5.1.1); a missing last one ends with the body."""
    delimiter, slices, start, at = b"--" + boundary, [], -1, 0
    while (at := body.find(delimiter, at)) >= 0:
        after = at + len(delimiter)
        end_of_line = body.find(b"\n", after, after + 200)
        rest = body[after : end_of_line if end_of_line >= 0 else after + 200].strip()
        if (at and body[at - 1 : at] != b"\n") or rest not in (b"", b"--"):
            at = after
            continue
        if start >= 0:
            slices.append(_without_line_end(body[start:at]))
        start = end_of_line + 1 if end_of_line >= 0 else len(body)
        if rest == b"--":
            return slices
        if count.parts + len(slices) >= MAX_PARTS:
            count.cut.append(f"only the first {MAX_PARTS} parts are read")
            return slices
        at = start
    if start >= 0:
        count.complaints.append("the last boundary is missing")
        slices.append(body[start:])
    return slices


def _without_line_end(content: bytes) -> bytes:
    """Drop the line end that belongs to the delimiter after it."""
    return content[:-2] if content.endswith(b"\r\n") else content[:-1] if content.endswith(b"\n") else content


def _header(content: bytes, count: _Count) -> tuple[list[tuple[str, bytes]], bytes]:
    """Return the fields of a header (RFC 5322 2.2), unfolded, and the body after it."""
    blank = _BLANK_LINE.search(content)
    block, body = (content[: blank.start() + 1], content[blank.end() :]) if blank else (content, b"")
    if len(block) > MAX_HEADER_BLOCK:
        count.cut.append(f"only the first {MAX_HEADER_BLOCK} bytes of a header are read")
        block = block[:MAX_HEADER_BLOCK]
    lines = block.split(b"\n", MAX_HEADER_LINES)
    if len(lines) > MAX_HEADER_LINES:
        count.cut.append(f"only the first {MAX_HEADER_LINES} lines of a header are read")
        lines.pop()
    names = [_FIELD.match(line) for line in lines]
    last = max((number for number, name in enumerate(names) if name), default=-1)
    fields: list[tuple[str, list[bytes]]] = []
    for number, (line, name) in enumerate(zip(lines, names, strict=True)):
        if name:
            fields.append((name[1].decode("ascii").lower(), [line[name.end() :].rstrip(b"\r")]))
        elif line[:1] in (b" ", b"\t") and fields:
            fields[-1][1].append(line.rstrip(b"\r"))
        elif line.strip():
            count.complaints.append("a header line without a field name")
            if number > last:
                # The blank line before the body is missing: what follows is the body.
                at = sum(len(one) + 1 for one in lines[:number])
                return _joined(fields, count), content[at:]
    return _joined(fields, count), body


def _joined(fields: list[tuple[str, list[bytes]]], count: _Count) -> list[tuple[str, bytes]]:
    joined = []
    for name, lines in fields:
        value = lines[0].strip() if len(lines) == 1 else b" ".join(line.strip() for line in lines).strip()
        if len(value) > MAX_HEADER_VALUE:
            count.complaints.append(f"a {name[:40]} header of {len(value)} bytes was cut")
            value = value[:MAX_HEADER_VALUE]
        joined.append((name, value))
    return joined


def _base64(body: bytes) -> bytes:
    """Decode base64 as senders write it: foreign characters skipped, padding optional, anything after the padding ignored."""
    try:
        return binascii.a2b_base64(body)
    except binascii.Error:
        pass
    letters = _NOT_BASE64.sub(b"", body.partition(b"=")[0])
    letters = letters[: len(letters) - 1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def uudecode(body: bytes) -> bytes:
    """Decode the first uuencoded file in a body, as far as its lines are valid; b"" when there is none."""
    begin = _UU_BEGIN.search(body)
    if not begin:
        return b""
    decoded = []
    for line in body[begin.end() :].splitlines():
        if line.strip() in (b"end", b"`", b""):
            break
        try:
            decoded.append(binascii.a2b_uu(line))
        except binascii.Error:
            try:  # Some writers forget the trailing spaces; the first character tells the length.
                decoded.append(binascii.a2b_uu(line[: 1 + (((line[0] - 32) & 63) * 4 + 5) // 3]))
            except binascii.Error:
                break
    return b"".join(decoded)
