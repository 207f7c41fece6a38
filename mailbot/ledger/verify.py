"""Finds what was changed behind the ledger's back: in the chain, in the items, in what is kept of them, in the blobs on disk.

Everything is read in one snapshot and in pieces, so that a ledger of any size fits in memory.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table, func, select, text, union
from sqlalchemy import RowMapping as Row

from mailbot.core.audit import Head, Told, follow, replay
from mailbot.core.item import AuditEntry
from mailbot.ledger.blobs import BlobStore
from mailbot.ledger.reading import place_of
from mailbot.ledger.rows import ORIGIN_COLUMNS, entry_of
from mailbot.ledger.schema import alias, artifact, audit, blob, head, item, outbox
from mailbot.ports import Finding

_PIECE = 500

_VOUCHED = ("name", "sha256", "size", "subject", "sender", "message_id", "reason")


def findings(connection: Connection, blobs: BlobStore, stopped: Callable[[], bool]) -> Iterator[Finding]:
    """Yield everything that is other than it was written, cheapest checks first; end early once `stopped` says so."""
    for row in connection.execute(text("PRAGMA quick_check")):
        if row[0] != "ok":
            yield Finding(what="database", detail=str(row[0]))
    yield from _chain(connection, stopped)
    yield from _items(connection, stopped)
    yield from _blobs(connection, blobs, stopped)


def _chain(connection: Connection, stopped: Callable[[], bool]) -> Iterator[Finding]:
    end = Head()
    for row in _all(connection, audit, audit.c.seq, stopped):
        end, wrong = follow(end, entry_of(row))
        if wrong:
            yield Finding(what=f"entry {row['seq']}", detail=wrong)
    stored = connection.execute(select(head)).mappings().one_or_none()
    if stored is None:
        yield Finding(what="chain", detail="its head is missing")
    elif (stored["count"], stored["hash"]) != (end.count, end.hash):
        yield Finding(what="chain", detail=f"it ends at entry {end.count}, its head says {stored['count']} entries")
    number = connection.scalar(select(func.count()).select_from(item))
    if stored is not None and stored["items"] != number:
        yield Finding(what="chain", detail=f"{stored['items']} items came in, {number} are there")


def _items(connection: Connection, stopped: Callable[[], bool]) -> Iterator[Finding]:
    """Compare each item, piece by piece, with what its entries tell."""
    last = -(2**63)
    mentioned = (item.c.id, audit.c.item, artifact.c.item, outbox.c.item, alias.c.item)
    while not stopped():
        some = union(*(select(column.label("id")).where(column > last).distinct() for column in mentioned)).subquery()
        ids = connection.scalars(select(some.c.id).order_by(some.c.id).limit(_PIECE)).all()
        if not ids:
            return
        first, last = ids[0], ids[-1]
        rows = {row["id"]: row for row in _between(connection, item, item.c.id, first, last)}
        entries: dict[int, list[AuditEntry]] = defaultdict(list)
        for row in _between(connection, audit, audit.c.item, first, last, audit.c.seq):
            entries[row["item"]].append(entry_of(row))
        kept = {table: _by_item(connection, table, first, last) for table in (artifact, outbox, alias)}
        for which in ids:
            told = replay(entries[which])
            for wrong in _compared(told, rows.get(which), *(kept[table][which] for table in (artifact, outbox, alias))):
                yield Finding(what=f"item {which}", detail=wrong)


def _compared(told: Told, row: Row | None, artifacts: list[Row], replies: list[Row], aliases: list[Row]) -> Iterator[str]:
    yield from told.wrong
    if not told.state:
        yield "the chain has no entry of it"
        return
    if row is None:
        yield f"its row is missing; the chain says it is {told.state}"
        return
    if row["state"] != told.state:
        yield f"it stands at {row['state']}, its last entry says {told.state}"
    for name in _VOUCHED:
        if row[name] != told.values.get(name, ""):
            yield f"its {name} is {row[name]!r}, the chain says {told.values.get(name, '')!r}"
    if _list(row["tags"]) != told.values.get("tags", []):
        yield f"its tags are {row['tags']}, the chain says {told.values.get('tags', [])}"
    yield from _differences("artifact", {(one["kind"], one["version"]): one["sha256"] for one in artifacts}, told.artifacts)
    envelopes = {
        one["seq"]: {"message_id": one["message_id"], "sender": one["sender"], "recipients": _list(one["recipients"])}
        for one in replies
    }
    yield from _differences("reply queued by entry", envelopes, told.outgoing)
    known = [tuple(origin.get(name) for name in ORIGIN_COLUMNS) for origin in told.origins]
    stored = [tuple(one[name] for name in ORIGIN_COLUMNS) for one in (row, *aliases)]
    if sorted(known, key=str) != sorted(stored, key=str) or known[:1] != stored[:1]:
        yield f"its origins are {stored}, the chain says {known}"


def _differences(what: str, stored: dict[Any, Any], told: dict[Any, Any]) -> Iterator[str]:
    for key in told.keys() - stored.keys():
        yield f"{what} {key} is missing"
    for key in stored.keys() - told.keys():
        yield f"{what} {key} is in no entry"
    for key in stored.keys() & told.keys():
        if stored[key] != told[key]:
            yield f"{what} {key} is {stored[key]}, the chain says {told[key]}"


def _blobs(connection: Connection, blobs: BlobStore, stopped: Callable[[], bool]) -> Iterator[Finding]:
    for table in (item, artifact):
        lost = select(table.c.sha256).outerjoin(blob, table.c.sha256 == blob.c.sha256).where(blob.c.sha256.is_(None)).distinct()
        for sha256 in connection.scalars(lost):
            yield Finding(what=f"blob {sha256}", detail=f"an {table.name} names it, the ledger does not know where it lies")
    for row in _all(connection, blob, blob.c.sha256, stopped):
        wrong = blobs.wrong(place_of(row))
        if wrong:
            yield Finding(what=f"blob {row['sha256']}", detail=wrong)


def _all(connection: Connection, table: Table, key: Column[Any], stopped: Callable[[], bool]) -> Iterator[Row]:
    """Yield a whole table in the order of its key, a piece at a time."""
    rows = connection.execute(select(table).order_by(key).limit(_PIECE)).mappings().all()
    while rows:
        for row in rows:
            if stopped():
                return
            yield row
        further = select(table).where(key > rows[-1][key.name]).order_by(key).limit(_PIECE)
        rows = connection.execute(further).mappings().all()


def _between(connection: Connection, table: Table, key: Column[Any], first: int, last: int, *order: Column[Any]) -> Sequence[Row]:
    query = select(table).where(key.between(first, last)).order_by(key, *order)
    return connection.execute(query).mappings().all()


def _by_item(connection: Connection, table: Table, first: int, last: int) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in _between(connection, table, table.c.item, first, last):
        found[row["item"]].append(row)
    return found


def _list(value: str) -> Any:
    """Return what a JSON column holds, or the text itself when somebody made it something else."""
    try:
        return json.loads(value)
    except ValueError:
        return value
