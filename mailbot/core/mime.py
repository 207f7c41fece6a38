"""Writes RFC 5322 content as bytes: the same values give the same bytes on every version of Python.

The standard library's generator folds threading headers into encoded-words, cuts encoded-words at the policy's width rather
than at RFC 2047's 75 characters, and picks random boundaries; a reply that is stored, sent and replayed byte for byte needs none
of that. What is written is ASCII with CRLF, in lines of at most 998 characters; only a non-ASCII local part stays UTF-8 (RFC 6532).
"""

from __future__ import annotations

import base64
import hashlib
import quopri
import re
from collections.abc import Iterable, Sequence
from textwrap import wrap
from urllib.parse import quote as percent

from mailbot.core.message import Address

LINE = 78
"""RFC 5322 2.1.1: lines should be no longer than this, and must not be longer than 998."""
HARD_LINE = 990
"""Room for the CRLF and a little more below RFC 5322's 998."""

_CONTROLS = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_ATOM = r"[^\s\x00-\x20\x7f-\xa0\ud800-\udfff<>()\[\]\\,;:@\"]"
_ADDRESS = re.compile(rf"{_ATOM}{{1,64}}@{_ATOM}{{1,253}}")
_MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,900}>")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,100}/[a-z0-9][a-z0-9.+-]{0,100}", re.IGNORECASE)

Lines = list[str]
"""Header lines without their CRLF."""


def clean(text: str) -> str:
    """Return text on one line: every run of white space, controls and lone surrogates becomes one space."""
    return _CONTROLS.sub(" ", text).strip()


def routable(address: str) -> str:
    """Return an address as SMTP wants it (the domain in its ASCII form, RFC 5890), or "" when nobody can be written to there.

    Quoted local parts and address literals (RFC 5321 4.1.2) count as unusable: real people have none.
    """
    if not _ADDRESS.fullmatch(address):
        return ""
    local, _, domain = address.rpartition("@")
    try:
        ready = f"{local}@{domain if domain.isascii() else domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return ""
    # Looked at again, because the conversion turns full-width look-alikes into the very characters that are forbidden.
    return ready if _ADDRESS.fullmatch(ready) and len(ready) <= 254 else ""


def message_ids(candidates: Iterable[str | None]) -> list[str]:
    """Return those that are Message-IDs fit to be written (RFC 5322 3.6.4), without doubles, in order."""
    return list(dict.fromkeys(one for one in candidates if one and _MESSAGE_ID.fullmatch(one)))


def unstructured(name: str, value: str) -> str:
    """Return a header of free text such as Subject, folded (RFC 5322 2.2.3) and encoded where needed (RFC 2047)."""
    value = clean(value)
    if not _plain(value):
        return f"{name}: {_encoded_words(value)}"
    lines = wrap(value, LINE, initial_indent=f"{name}: ", subsequent_indent=" ", break_long_words=False, break_on_hyphens=False)
    return "\r\n".join(lines or [f"{name}:"])


def address_list(name: str, addresses: Sequence[Address]) -> str:
    """Return a header of mailboxes (RFC 5322 3.4), one a line. The addresses are routable."""
    return f"{name}: " + ",\r\n ".join(_mailbox(one) for one in addresses)


def identifiers(name: str, ids: Sequence[str]) -> str:
    """Return a header of Message-IDs, one a line and each whole: folding inside one would break the thread."""
    return f"{name}: " + "\r\n ".join(ids)


def content(text: str, attachments: Sequence[tuple[str, str, bytes]]) -> tuple[Lines, bytes]:
    """Return MIME header lines and body (RFC 2045, 2046) for a text and attachments (filename, media type, bytes)."""
    lines, body = _text_part(text)
    if not attachments:
        return lines, body
    parts = [(lines, body), *(_attached(*one) for one in attachments)]
    # The mark depends on everything it separates, so that no text quoted from a mail can contain it.
    digest = hashlib.sha256(b"".join(part for _, part in parts)).hexdigest()
    mark = f"=_{digest[:40]}"
    pieces = [f"--{mark}\r\n".encode() + "\r\n".join(head).encode() + b"\r\n\r\n" + part + b"\r\n" for head, part in parts]
    return ["Content-Type: multipart/mixed;", f' boundary="{mark}"'], b"".join(pieces) + f"--{mark}--\r\n".encode()


def _plain(text: str) -> bool:
    """Return whether text can stand in a header as it is: ASCII, no look-alike of an encoded-word, no endless word."""
    return text.isascii() and "=?" not in text and all(len(word) <= HARD_LINE - LINE for word in text.split(" "))


def _encoded_words(text: str) -> str:
    """Return text as folded encoded-words of at most 75 characters, cut between characters (RFC 2047 2 and 5)."""
    chunks, size = [""], 0
    for character in text:
        width = len(character.encode())
        if size + width > 42:
            chunks.append("")
            size = 0
        chunks[-1] += character
        size += width
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(chunk.encode()).decode()}?=" for chunk in chunks)


def _mailbox(one: Address) -> str:
    name = clean(one.name)[:200]
    if not name:
        return one.address
    if not _plain(name):
        return f"{_encoded_words(name)}\r\n <{one.address}>"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{one.address}>'


def _text_part(text: str) -> tuple[Lines, bytes]:
    """Return a text/plain part in the plainest encoding that carries it: 7bit, quoted-printable, or base64 (RFC 2045 6)."""
    raw = re.sub("\r\n?", "\n", text).encode("utf-8", "replace")
    if not raw.endswith(b"\n"):
        raw += b"\n"
    foreign = sum(byte > 126 or (byte < 32 and byte not in b"\t\n") for byte in raw)
    if not foreign and max(map(len, raw.split(b"\n"))) <= HARD_LINE:
        encoding, body = "7bit", raw.replace(b"\n", b"\r\n")
    elif foreign * 4 < len(raw):
        encoding, body = "quoted-printable", quopri.encodestring(raw).replace(b"\n", b"\r\n")
    else:
        encoding, body = "base64", _base64(raw.replace(b"\n", b"\r\n"))
    return ["Content-Type: text/plain; charset=utf-8", f"Content-Transfer-Encoding: {encoding}"], body


def _attached(filename: str, media_type: str, raw: bytes) -> tuple[Lines, bytes]:
    # A composite type may not be base64 (RFC 2046 5.1 and 5.2.1), so such a file travels as plain bytes.
    composite = media_type.lower().startswith(("message/", "multipart/"))
    shown = "application/octet-stream" if composite or not _MEDIA_TYPE.fullmatch(media_type) else media_type
    lines = [f"Content-Type: {shown}", "Content-Transfer-Encoding: base64", "Content-Disposition: attachment;"]
    return [*lines, *_filename(clean(filename) or "attachment")], _base64(raw)


def _filename(name: str) -> Lines:
    """Return the filename parameter: a quoted string, else in numbered pieces of percent-encoded UTF-8 (RFC 2231 3 and 4)."""
    if name.isascii() and len(name) < 60 and not re.search(r'["\\%]|=\?', name):
        return [f' filename="{name}"']
    pieces, piece = [], ""
    for character in name:
        coded = percent(character, safe="")
        if len(piece) + len(coded) > 54:
            pieces.append(piece)
            piece = ""
        piece += coded
    pieces.append(piece)
    pieces[0] = f"utf-8''{pieces[0]}"
    lines = [f" filename*{n}*={piece};" for n, piece in enumerate(pieces)]
    return [*lines[:-1], lines[-1].rstrip(";")]


def _base64(raw: bytes) -> bytes:
    return base64.encodebytes(raw).replace(b"\n", b"\r\n")
