"""The statements of one writing transaction: what is loaded before a batch of requests is planned, and what is written after.

There are a few for a whole batch, however many requests it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    RowMapping,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    tuple_,
    union_all,
    update,
)

from mailbot.core.audit import Head, stamp
from mailbot.core.item import HighWater, Item
from mailbot.core.lifecycle import State
from mailbot.ledger.blobs import Place
from mailbot.ledger.requests import Claim, Note, Receive, Record, Release, Request
from mailbot.ledger.rows import ORIGIN_COLUMNS, OriginKey, item_of, item_values, origin_key, same_mail
from mailbot.ledger.schema import alias, artifact, audit, blob, head, high_water, item, outbox, recipient, status
from mailbot.ports import PartStatus

_SLICE = 500
"""Values in one IN list; SQLite takes 32,766 parameters a statement."""


_MANY: BindParameter[Any] = bindparam("many", expanding=True)
_HEAD = select(head)
_ITEMS = select(item).where(item.c.id.in_(_MANY))
_STORED = select(blob.c.sha256).where(blob.c.sha256.in_(_MANY))
_LATEST = (
    select(artifact.c.item, artifact.c.kind, func.max(artifact.c.version))
    .where(artifact.c.item.in_(_MANY))
    .group_by(artifact.c.item, artifact.c.kind)
)
_INSERTS = {table: insert(table) for table in (blob, item, alias, artifact, outbox, recipient, audit)}
"""Built once: building a statement costs more than running it on SQLite."""


@dataclass(slots=True, kw_only=True)
class Known:
    """What the requests of a batch need to know, kept up to date while they are planned one after the other."""

    head: Head
    last_item: int
    items: dict[int, Item]
    versions: dict[tuple[int, str], int]
    origins: dict[OriginKey, int]
    same_mails: dict[tuple[str, str], int]
    marks: dict[tuple[str, str], HighWater]


@dataclass(slots=True, kw_only=True)
class Pending:
    """What a batch has decided to write."""

    items: list[dict[str, Any]] = field(default_factory=list)
    aliases: list[dict[str, Any]] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    outbox: list[dict[str, Any]] = field(default_factory=list)
    recipients: list[dict[str, Any]] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    marks: set[tuple[str, str]] = field(default_factory=set)
    statuses: dict[str, PartStatus] = field(default_factory=dict)


def load(connection: Connection, requests: Sequence[Request]) -> Known:
    """Read everything that `requests` will be checked against."""
    changes = [request.change for request in requests if isinstance(request, Record)]
    released = [one.id for request in requests if isinstance(request, Release) for one in request.items]
    receives = [request for request in requests if isinstance(request, Receive)]
    arrivals = [arrival for request in receives for arrival in request.arrivals]
    end = connection.execute(_HEAD).mappings().one()
    mails = {(one.origin.account, same_mail(one)) for one in arrivals if one.repeatable and same_mail(one)}
    same_mails = _same_mails(connection, mails)
    noted = {request.item for request in requests if isinstance(request, Note)}
    wanted = {change.item for change in changes} | noted | set(released) | set(same_mails.values())
    versioned = {change.item for change in changes if change.artifacts or change.seen}
    return Known(
        head=Head(count=end["count"], hash=end["hash"]),
        last_item=end["items"],
        items={one.id: one for one in _items(connection, wanted)},
        versions=_versions(connection, versioned),
        origins=_origins(connection, {origin_key(arrival.origin) for arrival in arrivals}),
        same_mails=same_mails,
        marks=_marks(connection, [request.mark for request in receives if request.mark]),
    )


def stored(connection: Connection, digests: Iterable[str]) -> list[str]:
    """Return those of the SHA-256 that a row of the blob table names."""
    return [sha256 for part in slices(digests) for sha256 in connection.scalars(_STORED, {"many": part})]


def write(connection: Connection, known: Known, pending: Pending, places: Iterable[Place]) -> None:
    """Write blobs' rows and everything pending, in the order that foreign keys want."""
    new = {place.sha256: place for place in places}
    for sha256 in stored(connection, new):
        del new[sha256]  # another process stored the same bytes meanwhile
    _insert(connection, blob, [_blob_row(place) for place in new.values()])
    _insert(connection, item, pending.items)
    _insert(connection, alias, pending.aliases)
    update_items(connection, [known.items[which] for which in sorted(pending.changed)])
    _insert(connection, artifact, pending.artifacts)
    _insert(connection, outbox, pending.outbox)
    _insert(connection, recipient, pending.recipients)
    if pending.entries:
        _insert(connection, audit, pending.entries)
        connection.execute(update(head).values(count=known.head.count, hash=known.head.hash, items=known.last_item))
    for key in pending.marks:
        mark = known.marks[key]
        connection.execute(delete(high_water).where(high_water.c.account == mark.account, high_water.c.place == mark.place))
        values = {"account": mark.account, "place": mark.place, "uidvalidity": mark.uidvalidity, "uid": mark.uid}
        connection.execute(insert(high_water), values)
    for one in pending.statuses.values():
        connection.execute(delete(status).where(status.c.part == one.part))
        values = {"part": one.part, "state": one.state, "detail": one.detail, "since": stamp(one.since)}
        connection.execute(insert(status), values)


def update_items(connection: Connection, items: Sequence[Item], **further: Any) -> None:
    """Write what a change may touch of each item, and the same further columns of each."""
    if items:
        values = [item_values(one) | further for one in items]
        connection.execute(_UPDATE_LEASED if further else _UPDATE, values)


def claimable(states: Sequence[State], now: datetime, limit: int) -> tuple[Any, dict[str, Any]]:
    """Return the query for ids that may be claimed, oldest first, and its values."""
    return _claimable(tuple(dict.fromkeys(states))), {"now": stamp(now), "most": limit}


@lru_cache(maxsize=16)
def _claimable(states: tuple[State, ...]) -> Any:
    """Return the query: each state's oldest are found by index, however many wait."""
    at: BindParameter[str] = bindparam("now")
    limit: BindParameter[int] = bindparam("most")
    oldest = [
        select(
            select(item.c.id)
            .where(
                item.c.state == state.value,
                (item.c.lease_until.is_(None)) | (item.c.lease_until <= at),
                (item.c.not_before.is_(None)) | (item.c.not_before <= at),
            )
            .order_by(item.c.id)
            .limit(limit)
            .subquery()
        )
        for state in states
    ]
    found = union_all(*oldest).subquery()
    return select(found.c.id).order_by(found.c.id).limit(limit)


def break_leases(connection: Connection) -> int:
    """Free every lease, and leave whoever holds one no right to write; return how many there were.

    Every wait ends too: what it was for may be mended, and a clock that ran ahead must not keep an item waiting for years.
    """
    connection.execute(update(item).where(item.c.not_before.is_not(None)).values(not_before=None))
    return connection.execute(
        update(item).where(item.c.lease_until.is_not(None)).values(lease_until=None, fence=item.c.fence + 1)
    ).rowcount


def claimed_now(connection: Connection, claim: Claim) -> list[Item]:
    """Return the items that `claim` may have, as they stand."""
    ids = connection.execute(*claimable(claim.states, claim.now, claim.limit)).scalars().all()
    return sorted(_items(connection, ids), key=lambda one: one.id)


_CHANGED = (
    "state", "since", "subject", "sender", "message_id", "tags", "reason", "words",
    "attempts", "not_before", "lease_until", "fence",
)  # fmt: skip
_UPDATE = update(item).where(item.c.id == bindparam("which")).values({name: bindparam(name) for name in _CHANGED})
_UPDATE_LEASED = _UPDATE.values(lease_owner=bindparam("lease_owner"))


def _items(connection: Connection, ids: Iterable[int]) -> list[Item]:
    return [item_of(row) for part in slices(ids) for row in connection.execute(_ITEMS, {"many": part}).mappings()]


def _rows(connection: Connection, table: Table, condition: Any) -> Sequence[RowMapping]:
    return connection.execute(select(table).where(condition)).mappings().all()


def slices(values: Iterable[Any]) -> Iterable[list[Any]]:
    """Return the values in lists short enough for the parameters of one statement."""
    whole = list(values)
    return (whole[start : start + _SLICE] for start in range(0, len(whole), _SLICE))


def _insert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        connection.execute(_INSERTS[table], rows)


def _blob_row(place: Place) -> dict[str, Any]:
    return {"sha256": place.sha256, "size": place.size, "pack": place.pack, "start": place.start}


def _versions(connection: Connection, items: set[int]) -> dict[tuple[int, str], int]:
    return {
        (which, kind): version for part in slices(items) for which, kind, version in connection.execute(_LATEST, {"many": part})
    }


def _origins(connection: Connection, keys: set[OriginKey]) -> dict[OriginKey, int]:
    found: dict[OriginKey, int] = {}
    for part in slices(keys):
        for table, which in ((item, item.c.id), (alias, alias.c.item)):
            columns = [table.c[name] for name in ORIGIN_COLUMNS]
            for row in connection.execute(select(which, *columns).where(tuple_(*columns).in_(part))):
                found[tuple(row[1:])] = row[0]
    return found


def _same_mails(connection: Connection, keys: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    columns = (item.c.account, item.c.same_mail)
    first = select(func.min(item.c.id), *columns).group_by(*columns)
    return {
        (account, same): which
        for part in slices(keys)
        for which, account, same in connection.execute(first.where(tuple_(*columns).in_(part)))
    }


def _marks(connection: Connection, wanted: Sequence[HighWater]) -> dict[tuple[str, str], HighWater]:
    keys = {(mark.account, mark.place) for mark in wanted}
    found = {}
    for part in slices(keys):
        for row in _rows(connection, high_water, tuple_(high_water.c.account, high_water.c.place).in_(part)):
            found[row["account"], row["place"]] = mark_of(row)
    return found


def mark_of(row: RowMapping) -> HighWater:
    """Return a high-water mark from its row."""
    return HighWater(account=row["account"], place=row["place"], uidvalidity=row["uidvalidity"], uid=row["uid"])
