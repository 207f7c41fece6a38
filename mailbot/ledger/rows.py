"""Rows to the core's types and back: the only place that knows how a value is written in a column."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import RowMapping

from mailbot.core.audit import ARRIVED, Step, detail_of, stamp, unstamp
from mailbot.core.item import Arrival, AuditEntry, Item, Origin, Outgoing
from mailbot.core.lifecycle import State
from mailbot.errors import LedgerDamaged

ORIGIN_COLUMNS = ("account", "place", "uidvalidity", "uid", "token")
"""What makes an origin unique."""

OriginKey = tuple[str, str, int, int, str]


def origin_key(origin: Origin) -> OriginKey:
    """Return the values of ORIGIN_COLUMNS."""
    return (origin.account, origin.place, origin.uidvalidity, origin.uid, origin.token)


def same_mail(arrival: Arrival) -> str:
    """Return the text that two arrivals of one mail share (RFC 5322 Message-ID, header, body), "" when the body is not known."""
    known = (arrival.message_id, arrival.body_sha256, arrival.header_sha256)
    return "\n".join(known).rstrip("\n") if arrival.body_sha256 else ""


def item_of(row: RowMapping) -> Item:
    """Return an item from a row of the item table. Raises LedgerDamaged when the row cannot be one."""
    try:
        return Item(
            id=row["id"],
            origin=Origin(
                source=row["source"],
                account=row["account"],
                place=row["place"],
                uidvalidity=row["uidvalidity"],
                uid=row["uid"],
                token=row["token"],
            ),
            name=row["name"],
            sha256=row["sha256"],
            size=row["size"],
            state=State(row["state"]),
            since=unstamp(row["since"]),
            received_at=unstamp(row["received_at"]),
            subject=row["subject"],
            sender=row["sender"],
            message_id=row["message_id"],
            tags=tuple(json.loads(row["tags"])),
            reason=row["reason"],
            attempts=row["attempts"],
            not_before=unstamp(row["not_before"]) if row["not_before"] else None,
            lease_until=unstamp(row["lease_until"]) if row["lease_until"] else None,
            fence=row["fence"],
        )
    except (ValueError, TypeError) as error:
        raise LedgerDamaged(f"item {row['id']}: its row cannot be read: {error}", remedy="run `mailbot verify`") from error


def item_values(item: Item) -> dict[str, Any]:
    """Return the columns of an item that a change may touch, with the id as `which` for the WHERE."""
    return {
        "which": item.id,
        "state": item.state.value,
        "since": stamp(item.since),
        "subject": item.subject,
        "sender": item.sender,
        "message_id": item.message_id,
        "tags": json.dumps(item.tags, ensure_ascii=False),
        "reason": item.reason,
        "words": words(item),
        "attempts": item.attempts,
        "not_before": stamp(item.not_before) if item.not_before else None,
        "lease_until": stamp(item.lease_until) if item.lease_until else None,
        "fence": item.fence,
    }


def new_item_row(item: Item, arrival: Arrival) -> dict[str, Any]:
    """Return the whole row of an item that has just arrived."""
    values = item_values(item)
    values.pop("which")
    return values | {
        "id": item.id,
        "source": item.origin.source,
        **dict(zip(ORIGIN_COLUMNS, origin_key(item.origin), strict=True)),
        "same_mail": same_mail(arrival),
        "name": item.name,
        "sha256": item.sha256,
        "size": item.size,
        "received_at": stamp(item.received_at),
    }


def words(item: Item) -> str:
    """Return what `items(search=…)` looks in."""
    return "\n".join((item.subject, item.sender, item.name, *item.tags)).casefold().replace("\0", " ")


def arrived(item: Item) -> Step:
    """Return the first entry of an item."""
    values = {"name": item.name, "sha256": item.sha256, "size": item.size, "message_id": item.message_id}
    return Step(
        item=item.id,
        event=ARRIVED,
        before="",
        after=item.state,
        actor="mailbot",
        detail=detail_of(values=values, origin=origin_values(item.origin)),
    )


def origin_values(origin: Origin) -> dict[str, Any]:
    """Return an origin as an entry's detail names it."""
    return dict(zip(ORIGIN_COLUMNS, origin_key(origin), strict=True))


def envelope_values(outgoing: Outgoing) -> dict[str, Any]:
    """Return a reply's envelope as an entry's detail names it."""
    return {"message_id": outgoing.message_id, "sender": outgoing.sender, "recipients": list(outgoing.recipients)}


def outgoing_of(row: RowMapping) -> Outgoing:
    """Return a reply's envelope from a row of the outbox table."""
    return Outgoing(message_id=row["message_id"], sender=row["sender"], recipients=tuple(json.loads(row["recipients"])))


def entry_of(row: RowMapping) -> AuditEntry:
    """Return a link of the chain from a row of the audit table."""
    return AuditEntry(**{name: row[name] for name in AuditEntry.__dataclass_fields__})


def entry_row(entry: AuditEntry) -> dict[str, Any]:
    """Return the row of a link of the chain."""
    return {name: getattr(entry, name) for name in AuditEntry.__dataclass_fields__}
