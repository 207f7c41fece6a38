"""Turns the bytes of a fetched mail into an Arrival, with what tells whether two mails are the same one. Pure."""

from __future__ import annotations

import hashlib
import re

from mailbot.core.item import Arrival, Origin

TRUNCATED = b"X-Mailbot-Truncated"
"""First header of what is stored for a mail larger than `max_message_bytes`: its size; the mail's own header follows, no body."""

_EMPTY_LINE = re.compile(rb"(?:\A|\n)\r?\n")
_MESSAGE_ID = re.compile(rb"^message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^>\r\n]{1,998}>|[^\s<]\S{0,998})", re.IGNORECASE | re.MULTILINE)


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
    return Arrival(
        origin=origin,
        name="message.eml",
        content=content,
        dedupe=dedupe,
        message_id=message_id_of(content),
        body_sha256=hashlib.sha256(split(content)[1]).hexdigest(),
    )
