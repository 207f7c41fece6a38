"""In charge of how states, events, ages, amounts and sources are said to people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Literal

from mailbot.core.document import Document
from mailbot.core.draft import Kind, Source
from mailbot.core.field_values import in_words
from mailbot.core.item import Item
from mailbot.core.lifecycle import Event, State

Tone = Literal["act", "wait", "bad", "good", "idle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A state for people: a label of a word or two, its tone (colour), and one sentence on what it means for them."""

    label: str
    tone: Tone
    means: str


STATES: dict[State, Said] = {
    State.RECEIVED: Said(label="received", tone="wait", means="It is stored and waits to be read."),
    State.READING: Said(label="reading", tone="wait", means="Its attachments are being read."),
    State.READ: Said(label="read", tone="wait", means="It is read; the rules come next."),
    State.ROUTED: Said(label="routed", tone="wait", means="The rules have chosen its route."),
    State.AWAITING_APPROVAL: Said(label="to approve", tone="act", means="Somebody must say whether to proceed."),
    State.REFUSED: Said(label="refused", tone="bad", means="An approver refused. Reconsider, answer all the same, or close it."),
    State.DRAFTING: Said(label="drafting", tone="wait", means="The reply is being drafted."),
    State.IN_REVIEW: Said(label="to review", tone="act", means="The draft waits for your word. Nothing is sent before."),
    State.REJECTED: Said(label="rejected", tone="bad", means="The draft was rejected. Ask for another one, or close it."),
    State.QUEUED: Said(label="queued", tone="wait", means="The reply is accepted and about to leave. You can still take it back."),
    State.SENDING: Said(label="sending", tone="wait", means="The reply is on its way to the server."),
    State.SENT: Said(label="sent", tone="good", means="The server took the reply."),
    State.DELIVERY_UNKNOWN: Said(
        label="unknown",
        tone="bad",
        means="The connection broke after the reply went out. It may have arrived: it is never sent again by itself.",
    ),
    State.FINISHED: Said(label="finished", tone="idle", means="It ended without a reply."),
    State.QUARANTINED: Said(label="quarantined", tone="bad", means="It could not be read safely. Release it, or close it."),
    State.FAILED: Said(label="failed", tone="bad", means="mailbot gave up after several tries. Try again, or close it."),
}

EVENTS: dict[str, str] = {
    "arrived": "came in",
    "seen_again": "the same mail came in again",
    Event.READING_STARTED: "reading began",
    Event.EXTRACTED: "was read",
    Event.FOUND_HOSTILE: "was put in quarantine",
    Event.ROUTE_CHOSEN: "was routed",
    Event.APPROVAL_NEEDED: "approval was asked for",
    Event.APPROVED: "was approved",
    Event.REFUSED: "was refused",
    Event.RECONSIDERED: "was put up for approval again",
    Event.DRAFT_WANTED: "a draft was asked for",
    Event.NO_REPLY_WANTED: "needs no reply",
    Event.DRAFTED: "was drafted",
    Event.EDITED: "the draft was edited",
    Event.REJECTED: "the draft was rejected",
    Event.ACCEPTED: "the draft was accepted",
    Event.WITHDRAWN: "the reply was taken back",
    Event.SEND_STARTED: "sending began",
    Event.TRY_LATER: "the server asked to try later",
    Event.SERVER_ACCEPTED: "the server took the reply",
    Event.OUTCOME_LOST: "the outcome of sending was lost",
    Event.FOUND_IN_SENT: "the reply was found in Sent",
    Event.DELIVERY_CONFIRMED: "delivery was confirmed",
    Event.RESEND_ORDERED: "sending again was ordered",
    Event.GAVE_UP: "mailbot gave up",
    Event.RELEASED: "was released from quarantine",
    Event.RETRIED: "was started again",
    Event.CORRECTED: "fields were corrected",
    "remembered": "was remembered for the supplier",
    Event.CLOSED: "was closed",
}

MADE_BY = {
    "model": "the local model",
    "template": "the template alone",
    "remote": "the model server",
    "person": "a person",
}


def event(name: str) -> str:
    """Return an audit entry's event for people; one that is not known here is shown as it stands."""
    return EVENTS.get(name, name.replace("_", " "))


UNREAD = (State.RECEIVED, State.READING)
"""States in which a mail's subject and sender are not known yet."""


def title(item: Item) -> str:
    """Return what an item is called: its subject, known once it is read, or the name of a dropped file."""
    if item.subject or item.origin.source == "folder":
        return item.subject or item.name
    return "mail, not read yet" if item.state in UNREAD else "no subject"


def origin(item: Item) -> str:
    """Return whom a mail is from, or where a file was dropped."""
    if item.origin.source == "folder":
        return item.sender or f"dropped in {item.origin.account}"
    return item.sender or (f"in {item.origin.account}" if item.state in UNREAD else "no sender")


def age(now: datetime, then: datetime) -> str:
    """Return how long ago `then` was, in one unit: "now", "5 min", "3 h", "2 d", "7 wk"."""
    seconds = max(0.0, (now - then).total_seconds())
    for size, unit in ((604_800, "wk"), (86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size and not (unit == "wk" and seconds < 2 * size):
            return f"{int(seconds // size)} {unit}"
    return "now"


def moment(value: datetime | str) -> str:
    """Return a time in this machine's zone, to the minute; text that is no time as it stands."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return str(value)
    local = at.astimezone() if at.tzinfo else at
    return local.strftime("%Y-%m-%d %H:%M")


def size(count: int) -> str:
    """Return a number of bytes in decimal units."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def amount(document: Document) -> str:
    """Return a document's total with its currency and thousands set apart, "" when it has none."""
    total, currency = document.field("total"), document.field("currency")
    if total is None:
        return ""
    try:
        figure = f"{Decimal(total.value):,}"
    except InvalidOperation:
        figure = total.value
    return f"{figure} {currency.value}" if currency else figure


def field_label(name: str) -> str:
    """Return a field's name as a heading."""
    words = in_words(name)
    return words[:1].upper() + words[1:]


KINDS: dict[Kind, str] = {
    "amount": "amount",
    "number": "number",
    "date": "date",
    "iban": "account",
    "link": "link",
    "address": "address",
    "name": "name",
}
"""What a checked span of a draft is."""


def source(where: Source) -> str:
    """Return where a figure was read, as it reads after "stands in"."""
    page = f", page {where.page}" if where.page else ""
    if where.place == "field":
        document, _, name = where.name.rpartition(": ")
        by = f", corrected by {where.by}" if where.by else ""
        return f"the field {field_label(name)}{document and f' of {document}'}{page}{by}"
    return {
        "mail": "the mail",
        "document": f"{'the ' if where.name == 'file name' else ''}{where.name or 'a document'}{page}",
        "template": f"the reply template {where.name}".rstrip(),
        "desk": f"what the desk knows {where.name and f'({where.name})'}".rstrip(),
    }.get(where.place, f"{where.place} {where.name}".strip())
