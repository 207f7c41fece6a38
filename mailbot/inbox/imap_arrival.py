"""Turns the bytes of a fetched mail into an Arrival, with what tells whether two mails are the same one. Pure."""

from __future__ import annotations

import hashlib
import re

from mailbot.core.item import Arrival, Origin

TRUNCATED = b"X-Mailbot-Truncated"
"""First header of what is stored for a mail larger than `max_message_bytes`: its size; the mail's own header follows, no body."""

_EMPTY_LINE = re.compile(rb"(?:\A|\n)\r?\n")
_MESSAGE_ID = re.compile(rb"^message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^>\r\n]{1,998}>|[^\s<]\S{0,998})", re.IGNORECASE | re.MULTILINE)
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_WRITTEN = frozenset(
    b"from sender reply-to to cc subject date in-reply-to references auto-submitted precedence mailing-list x-loop "
    b"x-mailbot-loop x-mailbot-truncated x-autoreply x-auto-reply x-autorespond x-autoresponse x-mail-autoreply "
    b"x-auto-response-suppress".split()
)
_WRITTEN_ALL = (b"content-", b"list-")
"""Beginnings of names whose fields all count."""


def message_id_of(content: bytes) -> str:
    """Return the Message-ID as it stands in the header, "" without one."""
    match = _MESSAGE_ID.search(split(content)[0])
    return match[1].decode("ascii", "replace") if match else ""


def split(content: bytes) -> tuple[bytes, bytes]:
    """Return header and body: what stands before and after the first empty line."""
    empty = _EMPTY_LINE.search(content)
    return (content[: empty.start()], content[empty.end() :]) if empty else (content, b"")


def truncated(header: bytes, size: int) -> bytes:
    """Return what is stored for a mail of `size` bytes that is too large to fetch: its header, and why there is no more."""
    whole = split(header)[0] if _EMPTY_LINE.search(header) else header.rpartition(b"\n")[0]
    lines = [b"%s: %d" % (TRUNCATED, size), *whole.splitlines()]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def arrival(origin: Origin, content: bytes, *, dedupe: bool) -> Arrival:
    """Return the mail as it goes into the ledger."""
    header, body = split(content)
    return Arrival(
        origin=origin,
        name="message.eml",
        content=content,
        dedupe=dedupe,
        message_id=message_id_of(content),
        body_sha256=hashlib.sha256(body).hexdigest(),
        header_sha256=hashlib.sha256(as_written(header)).hexdigest(),
    )


def as_written(header: bytes) -> bytes:
    """Return what a header says of the mail itself, whichever way it came and whoever folded it: the sender's own fields, and those
    that forbid an answer, so that a copy by way of a mailing list never stands for the one that is to be answered.
    """
    fields = []
    for line in _FOLD.sub(b" ", header).splitlines():
        name, _, value = line.partition(b":")
        name, value = name.strip().lower(), b" ".join(value.split())
        if name in _WRITTEN or name.startswith(_WRITTEN_ALL) or (name, value) == (b"return-path", b"<>"):
            fields.append(name + b":" + value)
    return b"\n".join(sorted(fields))
