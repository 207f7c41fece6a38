"""The reply to a mail: whether there may be one, to whom, under which subject, and its exact bytes.

Recipients and subject come from the mail and the rules alone, never from a draft.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from email.utils import format_datetime

from mailbot.core import mime
from mailbot.core.message import Address, Message
from mailbot.core.mime import clean, routable
from mailbot.core.route import Route
from mailbot.errors import ConfigError

LOOP_HEADER = "X-Mailbot-Loop"
"""Carried by everything mailbot writes, with the desk's address: a mail that has it is never answered."""

MOST_SUBJECT = 400
"""Characters of a subject that are kept."""
MOST_QUOTED = 500
"""Lines of the original that a reply quotes."""
MOST_REFERENCES = 20
"""Message-IDs in References; of a longer thread the first and the latest are kept."""

_REPLY_PREFIX = re.compile(
    r"(?:(?:re|aw|antw|antwort|sv|vs|odp|rif|res|ynt|atb|vá|回复|回覆|答复|答覆|返信|回信)\s*(?:\[\d+\]|\(\d+\))?\s*[:：]\s*)+",
    re.IGNORECASE,
)
_ROBOT_NAMES = frozenset({"mailer-daemon", "postmaster", "mailerdaemon"})

_WROTE = {
    "en": "On {date}, {who} wrote:",
    "de": "Am {date} schrieb {who}:",
    "fr": "Le {date}, {who} a écrit :",
    "es": "El {date}, {who} escribió:",
    "it": "Il {date}, {who} ha scritto:",
    "nl": "Op {date} schreef {who}:",
    "zh": "{who} 于 {date} 写道：",
}


def why_never(message: Message, own: Collection[str]) -> str:
    """Return why this mail must not be answered (RFC 3834 2), or "" when it may be.

    `own` holds the desk's own addresses in lower case. What only the raw headers tell (List-*, Precedence, an empty
    Return-Path, our loop header and so on) the mail's reader has put into `message.automatic`.
    """
    if message.automatic:
        return message.automatic
    if message.auto_submitted:
        return "it was sent by a machine (Auto-Submitted)"
    if message.sender is None or not message.sender.address:
        return "it has no sender"
    address = message.sender.address.casefold()
    if address in own:
        return f"it is from this desk itself ({address})"
    if address.partition("@")[0] in _ROBOT_NAMES:
        return f"it is from a mail server ({address})"
    return ""


def recipients(message: Message | None, route: Route, own: Collection[str]) -> tuple[str, ...]:
    """Return whom a reply goes to: the one address that the rule names, else Reply-To's first, else From's first; or nobody.

    Never the desk itself, and never more than one address: a mail that lists hundreds in Reply-To shall not make us write to them.
    """
    if route.reply_to:
        offered = [route.reply_to.strip()]
    else:
        offered = [one.address for one in (*message.reply_to, *message.from_)] if message else []
    return next(((one,) for one in offered if routable(one) and one.casefold() not in own), ())


def subject(message: Message | None, route: Route) -> str:
    """Return the rule's subject, else the mail's with one "Re: " before it in place of any such prefixes of any language."""
    if route.subject:
        return clean(route.subject)[:MOST_SUBJECT]
    original = clean(message.subject)[:MOST_SUBJECT] if message else ""
    bare = original[found.end() :] if (found := _REPLY_PREFIX.match(original)) else original
    return f"Re: {bare}" if bare else "Re: (no subject)" if message else ""


def quote(message: Message, language: str = "en") -> str:
    """Return the original as a quotation: a line that says who wrote when, then its text with "> " before each line."""
    sender = message.sender or Address()
    who = clean(f"{sender.name} <{sender.address}>" if sender.name else sender.address) or "?"
    try:
        date = datetime.fromisoformat(message.date or "").strftime("%Y-%m-%d %H:%M %z").strip()
    except ValueError:
        date = "?"
    lines = message.text.strip().splitlines()
    if len(lines) > MOST_QUOTED:
        lines = [*lines[:MOST_QUOTED], "[…]"]
    wrote = _WROTE.get(language.partition("-")[0], _WROTE["en"]).format(date=date, who=who)
    quoted = [">" + line if line.startswith(">") else f"> {line}".rstrip() for line in lines]
    return "\n".join([wrote, *quoted]) + "\n"


def references(message: Message) -> list[str]:
    """Return what References of a reply holds (RFC 5322 3.6.4): the thread so far, then the mail answered.

    Of a very long thread the first and the latest stay; readers rebuild the thread from those.
    """
    thread = mime.message_ids([*(message.references or (message.in_reply_to,)), message.message_id])
    return thread if len(thread) <= MOST_REFERENCES else [thread[0], *thread[1 - MOST_REFERENCES :]]


def compose(
    *,
    sender: Address,
    recipients: Sequence[str],
    subject: str,
    text: str,
    message: Message | None,
    message_id: str,
    date: datetime,
    attachments: Sequence[tuple[str, str, bytes]] = (),
    automatic: bool = False,
) -> bytes:
    """Return the exact RFC 5322 bytes of a mail, with CRLF line ends; the same arguments give the same bytes.

    `message` is the mail answered, None for a mail of its own. `attachments` are (filename, media type, bytes). `date` has a
    time zone. `automatic` is for mail that no person has looked at, such as a request for approval: it gets Auto-Submitted
    (RFC 3834 5: auto-replied in answer to a mail, else auto-generated). A reply that a reviewer accepted was sent by a human, and
    for that RFC 3834 wants no such header; LOOP_HEADER alone keeps two desks from answering each other.

    Raises ConfigError when the sender or a recipient is no mail address, ValueError for a Message-ID or date that is none.
    """
    if mime.message_ids([message_id]) != [message_id] or date.tzinfo is None:
        raise ValueError(f"not a Message-ID in angle brackets or a date with time zone: {message_id!r}, {date!r}")
    author = Address(name=sender.name, address=_checked(sender.address))
    lines = [
        mime.address_list("From", [author]),
        mime.address_list("To", [Address(name=_name_of(one, message), address=_checked(one)) for one in recipients]),
        mime.unstructured("Subject", subject),
        f"Date: {format_datetime(date)}",
        mime.identifiers("Message-ID", [message_id]),
    ]
    if message and (answered := mime.message_ids([message.message_id])):
        lines.append(mime.identifiers("In-Reply-To", answered))
    if message and (thread := references(message)):
        lines.append(mime.identifiers("References", thread))
    if automatic:
        lines.append(f"Auto-Submitted: {'auto-replied' if message else 'auto-generated'}")
    lines += [f"{LOOP_HEADER}: {author.address}", "MIME-Version: 1.0"]
    head, body = mime.content(text, attachments)
    return "\r\n".join([*lines, *head]).encode() + b"\r\n\r\n" + body


def _checked(address: str) -> str:
    """Return the address as SMTP wants it. Raises ConfigError."""
    if not (ready := routable(address)):
        raise ConfigError(f"{address!r} is not a mail address that can be written to", remedy="write it as name@example.com")
    return ready


def _name_of(address: str, message: Message | None) -> str:
    """Return the display name that the mail itself gives this address, or ""."""
    known = (*message.reply_to, *message.from_) if message else ()
    return next((one.name for one in known if one.address == address), "")
