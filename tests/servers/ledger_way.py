"""Small words for the ledger's tests: a clock that only moves forward, mails, and the way of an item from received to sent."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from mailbot.core.item import Arrival, Artifact, Change, Happening, Item, Origin, Outgoing
from mailbot.core.lifecycle import Event, State
from mailbot.ledger.sql import SqlLedger

START = datetime(2026, 11, 23, 8, tzinfo=UTC)


class Clock:
    """Each look is a millisecond later."""

    def __init__(self) -> None:
        self._ticks = itertools.count()

    def __call__(self) -> datetime:
        return START + timedelta(milliseconds=next(self._ticks))


def mail(
    uid: int,
    *,
    uidvalidity: int = 1,
    body: str = "",
    header: str = "",
    message_id: str = "",
    dedupe: bool = False,
    size: int = 0,
    place: str = "INBOX",
    account: str = "a",
) -> Arrival:
    """Return a mail in account a's INBOX; its content is made from `uid` unless `body` says so."""
    text = body or f"mail {uid}"
    return Arrival(
        origin=Origin(source="imap", account=account, place=place, uidvalidity=uidvalidity, uid=uid),
        name="message.eml",
        content=text.encode().ljust(size, b"."),
        message_id=message_id,
        body_sha256=f"hash of {body}" if body else "",
        header_sha256=f"hash of {header}" if header else "",
        dedupe=dedupe,
    )


def file(token: str, name: str = "scan.pdf", content: bytes = b"%PDF-") -> Arrival:
    """Return a file of the drop folder `scans`."""
    return Arrival(origin=Origin(source="folder", account="scans", place=name, token=token), name=name, content=content)


def happened(*events: Event, actor: str = "mailbot", cause: str = "") -> tuple[Happening, ...]:
    """Return the events with one actor and cause."""
    return tuple(Happening(event=event, actor=actor, cause=cause) for event in events)


def reply_to(item: int, *recipients: str) -> Outgoing:
    """Return the envelope of a reply."""
    return Outgoing(
        message_id=f"<reply-{item}@desk.example>", sender="desk@desk.example", recipients=recipients or ("c@shop.example",)
    )


def way(item: int) -> list[Change]:
    """Return the changes of an ordinary item, one event each, from received to sent."""
    return [
        Change(item=item, expected=State.RECEIVED, happenings=happened(Event.READING_STARTED)),
        Change(
            item=item, expected=State.READING, happenings=happened(Event.EXTRACTED), subject=f"Invoice {item}",
            sender="Käthe <k@shop.example>", message_id=f"<{item}@shop.example>", artifacts=(kept("reading", f"reading {item}"),),
        ),
        Change(
            item=item, expected=State.READ, happenings=happened(Event.ROUTE_CHOSEN, actor="rule:invoices"),
            tags=("invoice", "Übersee"), artifacts=(kept("route", f"route {item}"),),
        ),
        Change(item=item, expected=State.ROUTED, happenings=happened(Event.DRAFT_WANTED)),
        Change(
            item=item, expected=State.DRAFTING, happenings=happened(Event.DRAFTED), artifacts=(kept("draft", f"draft {item}"),)
        ),
        Change(
            item=item, expected=State.IN_REVIEW, happenings=happened(Event.ACCEPTED, actor="ann"),
            artifacts=(kept("reply", f"reply {item}"),), outgoing=reply_to(item),
        ),
        Change(item=item, expected=State.QUEUED, happenings=happened(Event.SEND_STARTED)),
        Change(item=item, expected=State.SENDING, happenings=happened(Event.SERVER_ACCEPTED, cause="250 ok")),
    ]  # fmt: skip


def kept(kind, text: str) -> Artifact:
    """Return an artifact of that text."""
    return Artifact(kind=kind, content=text.encode())


async def walk(ledger: SqlLedger, item: int, until: State = State.SENT) -> Item:
    """Take an item from where it stands along its way up to a state."""
    now = await ledger.item(item)
    for change in way(item):
        if now.state is until:
            break
        if now.state is change.expected:
            now = await ledger.record(change)
    return now
