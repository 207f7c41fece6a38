"""The ledger on SQLite: `SqlLedger`, which is `ports.Ledger` over a state directory.

Several processes may have one directory open at once; each writes in transactions of its own and sees what the others committed.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from mailbot.core.audit import REMEMBERED
from mailbot.core.item import Arrival, ArtifactKind, AuditEntry, Change, HighWater, Item, Outgoing
from mailbot.core.lifecycle import State
from mailbot.ledger.blobs import BlobStore
from mailbot.ledger.database import FILE, translated
from mailbot.ledger.migrate import migrate
from mailbot.ledger.reading import Reading
from mailbot.ledger.requests import BreakLeases, Claim, Note, Receive, Record, Release, Report, Store
from mailbot.ledger.verify import findings
from mailbot.ledger.writer import Writer
from mailbot.ports import Dossier, Finding, PartStatus


class SqlLedger:
    """See `mailbot.ports.Ledger`. Writes that come together are committed together; connections open when first needed."""

    def __init__(self, state_dir: Path, *, clock: Callable[[], datetime]) -> None:
        """Prefer `open`: the database must be there."""
        self.state_dir = state_dir
        database = state_dir / FILE
        self._blobs = BlobStore(state_dir)
        self._reading = Reading(database, self._blobs)
        self._writer = Writer(database, self._blobs, clock)

    @classmethod
    async def open(cls, state_dir: Path, *, clock: Callable[[], datetime]) -> SqlLedger:
        """Open the ledger in `state_dir`, made or migrated first if need be. `clock` gives the time of each entry, with its zone.

        Raises ConfigError (no right to write there, or a newer mailbot wrote it), DiskFull, LedgerDamaged, Unreachable (busy).
        """

        def prepare() -> None:
            with translated(state_dir):
                state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
                migrate(state_dir / FILE)

        await asyncio.to_thread(prepare)
        return cls(state_dir, clock=clock)

    async def close(self) -> None:
        """Write what waits and close every connection; calls that come later raise Unreachable."""
        try:
            await self._reading.close()
        finally:
            await self._writer.close()  # last, since SQLite tidies up when the last connection closes

    async def receive(self, arrivals: Sequence[Arrival], mark: HighWater | None = None) -> list[int | None]:
        """Store blobs and items and move the high-water mark, all in one commit; return ids, None for what is known already."""
        ids: list[int | None] = await self._writer.ask(Receive(arrivals=tuple(arrivals), mark=mark))
        return ids

    async def high_water(self, account: str, place: str) -> HighWater | None:
        """Return the mark of a mailbox, None before first contact."""
        return await self._reading.high_water(account, place)

    async def set_high_water(self, mark: HighWater) -> None:
        """Set the mark without items; within one UIDVALIDITY it never goes back."""
        await self._writer.ask(Receive(mark=mark))

    async def known_uids(self, account: str, place: str, uidvalidity: int) -> set[int]:
        """Return the UIDs of a mailbox that are items, or were found to be the same mail as one."""
        return await self._reading.known_uids(account, place, uidvalidity)

    async def claim(self, states: Sequence[State], *, limit: int, owner: str, lease: timedelta, now: datetime) -> list[Item]:
        """Lease up to `limit` items; takes no lock when there is nothing. See `ports.Ledger.claim`."""
        if limit < 1 or not states or not await self._reading.any_claimable(states, now):
            return []
        claim = Claim(states=tuple(states), limit=limit, owner=owner, lease=lease, now=now)
        leased: list[Item] = await self._writer.ask(claim)
        return leased

    async def break_leases(self) -> int:
        """Free every lease and end every wait, at the start of the only daemon; return how many leases there were."""
        freed: int = await self._writer.ask(BreakLeases())
        return freed

    async def release(self, items: Sequence[Item]) -> None:
        """Give leases back, and the attempt; a lease that was lost meanwhile is nobody's business here."""
        if items:
            await self._writer.ask(Release(items=tuple(items)))

    async def record(self, change: Change) -> Item:
        """Apply a change through the lifecycle table, with its audit entries. Raises Stale, IllegalEvent, NotFound.

        A decision without a fence on a leased item takes the lease's holder the right to write.
        """
        item: Item = await self._writer.ask(Record(change=change))
        return item

    async def remembered(self, item: int, actor: str, what: str) -> None:
        """Record what a person had written down about a supplier from an item's corrections. Raises NotFound."""
        await self._writer.ask(Note(item=item, event=REMEMBERED, actor=actor, cause=what))

    async def item(self, item: int) -> Item:
        """Return one item. Raises NotFound."""
        return await self._reading.item(item)

    async def items(
        self,
        *,
        states: Sequence[State] = (),
        account: str = "",
        search: str = "",
        limit: int = 100,
        before: int | None = None,
    ) -> list[Item]:
        """Return items, newest first; `search` is in subject, sender, name or a tag, whatever the case."""
        return await self._reading.items(states=states, account=account, search=search, limit=limit, before=before)

    async def counts(self) -> dict[State, int]:
        """Return the number of items in each state that has any."""
        return await self._reading.counts()

    async def replies_since(self, account: str, recipient: str, since: datetime) -> int:
        """Return how many items had a reply to `recipient` queued on an account since then, whatever became of it."""
        return await self._reading.replies_since(account, recipient, since)

    async def blob(self, sha256: str) -> bytes:
        """Return a blob. Raises NotFound, LedgerDamaged."""
        return await self._reading.blob(sha256)

    async def store_blobs(self, contents: Sequence[bytes]) -> list[str]:
        """Store blobs durably; return their SHA-256."""
        return await self._writer.ask(Store(contents=tuple(contents))) if contents else []

    async def dossier(self, item: int) -> Dossier:
        """Return everything kept of an item, as of one moment. Raises NotFound, LedgerDamaged."""
        return await self._reading.dossier(item)

    async def artifact(self, item: int, kind: ArtifactKind) -> bytes | None:
        """Return the latest version, or None."""
        latest = await self._reading.artifacts(item, kind, only_latest=True)
        return latest[0] if latest else None

    async def artifacts(self, item: int, kind: ArtifactKind) -> list[bytes]:
        """Return all versions, oldest first."""
        return await self._reading.artifacts(item, kind)

    async def outgoing(self, item: int) -> Outgoing | None:
        """Return the latest outbox entry of an item, or None."""
        return await self._reading.outgoing(item)

    async def outbox(self) -> list[tuple[Item, Outgoing]]:
        """Return what waits, is being sent, or is unknown, by item."""
        return await self._reading.outbox()

    async def history(self, item: int) -> list[AuditEntry]:
        """Return the audit entries of an item, oldest first."""
        return await self._reading.history(item)

    async def verify(self) -> list[Finding]:
        """Check the whole chain, each item and what is kept of it against its entries, and each blob on disk."""
        gone = threading.Event()
        try:
            return await self._reading.ask(lambda connection: list(findings(connection, self._blobs, gone.is_set)))
        finally:
            gone.set()  # when the caller was cancelled, the thread need not go on

    async def head(self) -> tuple[int, str]:
        """Return how many entries the chain has and the hash of the last: noted elsewhere, it vouches for everything before."""
        return await self._reading.head()

    async def set_status(self, status: PartStatus) -> None:
        """Keep how a part fares, for `mailbot status`."""
        await self._writer.ask(Report(status=status))

    async def statuses(self) -> list[PartStatus]:
        """Return the last known status of each part."""
        return await self._reading.statuses()
