"""The questions that only read: each is one snapshot of the database over a pool of connections of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, RowMapping, Select, bindparam, distinct, func, select

from mailbot.core.audit import stamp, unstamp
from mailbot.core.item import ArtifactKind, AuditEntry, HighWater, Item, Outgoing
from mailbot.core.lifecycle import State
from mailbot.errors import LedgerDamaged, NotFound
from mailbot.ledger import schema
from mailbot.ledger.blobs import BlobStore, Place
from mailbot.ledger.database import READERS, reading_engine, translated
from mailbot.ledger.rows import entry_of, item_of, outgoing_of
from mailbot.ledger.statements import claimable, mark_of
from mailbot.ports import Dossier, PartStatus

T = TypeVar("T")

_ITEM = select(schema.item).where(schema.item.c.id == bindparam("item"))
_HISTORY = select(schema.audit).where(schema.audit.c.item == bindparam("item")).order_by(schema.audit.c.seq)
_OUTGOING = select(schema.outbox).where(schema.outbox.c.item == bindparam("item")).order_by(schema.outbox.c.seq.desc()).limit(1)
_ARTIFACTS = (
    select(schema.blob, schema.artifact.c.kind)
    .join_from(schema.artifact, schema.blob)
    .where(schema.artifact.c.item == bindparam("item"))
    .order_by(schema.artifact.c.version)
)
_OF_KIND = _ARTIFACTS.where(schema.artifact.c.kind == bindparam("kind"))
_LATEST = _OF_KIND.order_by(None).order_by(schema.artifact.c.version.desc()).limit(1)
_REPLIES = select(func.count(distinct(schema.recipient.c.item))).where(
    schema.recipient.c.account == bindparam("account"),
    schema.recipient.c.address == bindparam("address"),
    schema.recipient.c.at >= bindparam("since"),
)
_BLOB = select(schema.blob).where(schema.blob.c.sha256 == bindparam("sha256"))
"""Built once: building a statement costs more than running it on SQLite."""

_IN_OUTBOX = (State.QUEUED, State.SENDING, State.DELIVERY_UNKNOWN)
_LONGEST_SEARCH = 1000
"""Characters of a search; SQLite refuses a pattern of 50,000 bytes."""


class Reading:
    """The reading half of the ledger."""

    def __init__(self, database: Path, blobs: BlobStore) -> None:
        self._database = database
        self._blobs = blobs
        self._engine = reading_engine(database)
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="ledger-reader")

    async def close(self) -> None:
        """Wait for the questions in hand, then let go of the connections."""
        await asyncio.to_thread(self._let_go)

    def _let_go(self) -> None:
        self._threads.shutdown()
        self._engine.dispose()

    async def ask(self, question: Callable[[Connection], T]) -> T:
        """Return the answer of a function that is called with a connection, in a reader's thread, on one snapshot."""

        def answer() -> T:
            with translated(self._database), self._engine.connect() as connection:
                try:
                    return question(connection)
                except (ValueError, TypeError) as error:
                    raise LedgerDamaged(
                        f"{self._database}: a row cannot be read: {error}", remedy="run `mailbot verify`"
                    ) from error

        return await asyncio.get_running_loop().run_in_executor(self._threads, answer)

    async def rows(self, query: Select[Any], read: Callable[[RowMapping], T], **values: Any) -> list[T]:
        """Return the rows of one query with these values, each made what it is by `read`."""
        return await self.ask(lambda connection: [read(row) for row in connection.execute(query, values).mappings()])

    async def any_claimable(self, states: Sequence[State], now: datetime) -> bool:
        """Return whether a claim would find something."""
        query, values = claimable(states, now, 1)
        return await self.ask(lambda connection: connection.scalar(query, values) is not None)

    async def high_water(self, account: str, place: str) -> HighWater | None:
        table = schema.high_water
        marks = await self.rows(select(table).where(table.c.account == account, table.c.place == place), mark_of)
        return marks[0] if marks else None

    async def known_uids(self, account: str, place: str, uidvalidity: int) -> set[int]:
        queries = [
            select(table.c.uid).where(table.c.account == account, table.c.place == place, table.c.uidvalidity == uidvalidity)
            for table in (schema.item, schema.alias)
        ]
        return await self.ask(lambda connection: {uid for query in queries for uid in connection.scalars(query)})

    async def item(self, item: int) -> Item:
        found = await self.rows(_ITEM, item_of, item=item) if 0 < item < 2**63 else []
        if not found:
            raise _no_item(item)
        return found[0]

    async def dossier(self, item: int) -> Dossier:
        if not 0 < item < 2**63:
            raise _no_item(item)
        return await self.ask(lambda connection: self._dossier(connection, item))

    def _dossier(self, connection: Connection, number: int) -> Dossier:
        def rows(query: Select[Any]) -> list[RowMapping]:
            return list(connection.execute(query, {"item": number}).mappings())

        item = rows(_ITEM)
        if not item:
            raise _no_item(number)
        artifacts: dict[ArtifactKind, list[bytes]] = {}
        for row in rows(_ARTIFACTS):
            artifacts.setdefault(row["kind"], []).append(self._blobs.get(place_of(row)))
        outgoing = rows(_OUTGOING)
        return Dossier(
            item=item_of(item[0]),
            artifacts=artifacts,
            outgoing=outgoing_of(outgoing[0]) if outgoing else None,
            history=tuple(entry_of(row) for row in rows(_HISTORY)),
        )

    async def items(self, *, states: Sequence[State], account: str, search: str, limit: int, before: int | None) -> list[Item]:
        table = schema.item
        query = select(table).order_by(table.c.id.desc()).limit(limit)
        if states:
            query = query.where(table.c.state.in_([state.value for state in states]))
        if account:
            query = query.where(table.c.account == account)
        if search:
            query = query.where(table.c.words.contains(search[:_LONGEST_SEARCH].casefold(), autoescape=True))
        if before is not None:
            query = query.where(table.c.id < before)
        return await self.rows(query, item_of)

    async def counts(self) -> dict[State, int]:
        state = schema.item.c.state
        query = select(state, func.count().label("number")).group_by(state)
        return dict(await self.rows(query, lambda row: (State(row["state"]), int(row["number"]))))

    async def replies_since(self, account: str, recipient: str, since: datetime) -> int:
        values = {"account": account, "address": recipient.casefold(), "since": stamp(since)}
        return await self.ask(lambda connection: connection.scalar(_REPLIES, values) or 0)

    async def blob(self, sha256: str) -> bytes:
        found = await self._contents(_BLOB, sha256=sha256)
        if not found:
            raise NotFound(f"no blob {sha256}")
        return found[0]

    async def artifacts(self, item: int, kind: ArtifactKind, *, only_latest: bool = False) -> list[bytes]:
        return await self._contents(_LATEST if only_latest else _OF_KIND, item=item, kind=kind)

    async def _contents(self, query: Select[Any], **values: Any) -> list[bytes]:
        """Return the blobs whose rows the query finds."""
        return await self.rows(query, lambda row: self._blobs.get(place_of(row)), **values)

    async def outgoing(self, item: int) -> Outgoing | None:
        latest = await self.rows(_OUTGOING, outgoing_of, item=item)
        return latest[0] if latest else None

    async def outbox(self) -> list[tuple[Item, Outgoing]]:
        table, item = schema.outbox, schema.item
        waiting = item.c.state.in_([state.value for state in _IN_OUTBOX])
        items = select(item).where(waiting).order_by(item.c.id)
        replies = select(table).join_from(table, item).where(waiting).order_by(table.c.seq)

        def both(connection: Connection) -> list[tuple[Item, Outgoing]]:
            latest = {row["item"]: outgoing_of(row) for row in connection.execute(replies).mappings()}
            return [(item_of(row), latest[row["id"]]) for row in connection.execute(items).mappings() if row["id"] in latest]

        return await self.ask(both)

    async def head(self) -> tuple[int, str]:
        ends = await self.rows(select(schema.head), lambda row: (int(row["count"]), str(row["hash"])))
        if not ends:
            raise LedgerDamaged(f"{self._database}: the head of the chain is missing", remedy="run `mailbot verify`")
        return ends[0]

    async def history(self, item: int) -> list[AuditEntry]:
        return await self.rows(_HISTORY, entry_of, item=item)

    async def statuses(self) -> list[PartStatus]:
        return await self.rows(select(schema.status).order_by(schema.status.c.part), _status_of)


def _no_item(item: int) -> NotFound:
    return NotFound(f"no item {item}", remedy="`mailbot items` lists them")


def place_of(row: RowMapping) -> Place:
    """Return where a blob lies from its row."""
    return Place(sha256=row["sha256"], size=row["size"], pack=row["pack"], start=row["start"])


def _status_of(row: RowMapping) -> PartStatus:
    return PartStatus(part=row["part"], state=row["state"], detail=row["detail"], since=unstamp(row["since"]))
