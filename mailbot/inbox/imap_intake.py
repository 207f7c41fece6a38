"""Takes new mails of a mailbox into the ledger: fetches in chunks, stores, marks; one bad mail neither blocks nor gets lost.

The high-water mark rises only over mails that are in the ledger or gone. A mail that cannot be fetched holds it back while the
others are stored above it; it is fetched alone, after the others, and from the third failure on only every ten minutes.
Where a whole chunk failed, nobody knows yet which mail it was: they are fetched alone first of all, so that work goes on.
"""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from mailbot.config import Imap
from mailbot.core.item import Arrival, HighWater, Origin
from mailbot.errors import Unreachable
from mailbot.inbox.imap_arrival import arrival, truncated
from mailbot.inbox.imap_client import CommandRefused, ImapClient, Selected
from mailbot.inbox.imap_mark import Marker
from mailbot.inbox.imap_start import Start, wanted
from mailbot.inbox.imap_syntax import uid_set
from mailbot.ports import Ledger

log = logging.getLogger(__name__)

CHUNK_MAILS = 40
CHUNK_BYTES = 2 * 1024 * 1024
PIECE_BYTES = 1024 * 1024
HEADER_BYTES = 64 * 1024
SIZES_AT_ONCE = 500
TRIES = 3
RETRY_AFTER = datetime.timedelta(minutes=10)


@dataclass(slots=True, kw_only=True)
class Doubt:
    """A mail that could not be fetched `tries` times alone (0: only together with others)."""

    tries: int = 0
    not_before: datetime.datetime | None = None
    why: str = ""


@dataclass(slots=True, kw_only=True)
class Folder:
    """One watched mailbox on one connection. `stored` are UIDs above the mark that are in the ledger already."""

    box: Selected
    start: Start
    mark: HighWater
    stored: set[int]
    held: set[int] = field(default_factory=set)
    """UIDs that the mark may not pass yet."""
    labels: bool = False
    """True where folders are labels (Gmail), so that one mail may lie in several of them."""


class Intake:
    """Takes mails of one account; `taken` counts them. It outlives connections, so that it remembers which mails failed."""

    def __init__(
        self,
        account: str,
        imap: Imap,
        ledger: Ledger,
        marker: Marker,
        *,
        on_arrival: Callable[[], None],
        clock: Callable[[], datetime.datetime],
    ) -> None:
        self._account = account
        self._imap = imap
        self._ledger = ledger
        self._marker = marker
        self._on_arrival = on_arrival
        self._clock = clock
        self.taken = 0
        self._doubts: dict[tuple[str, int], dict[int, Doubt]] = {}

    def trouble(self) -> str:
        """Return a sentence about mails that cannot be fetched, "" when there are none."""
        failed = [(place, uid, doubt) for (place, _), some in self._doubts.items() for uid, doubt in some.items() if doubt.tries]
        if not failed:
            return ""
        place, uid, doubt = failed[0]
        more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        return f"cannot fetch the mail with UID {uid} of {place}{more} ({doubt.why}); it is tried again, move it away to stop that"

    async def take(self, client: ImapClient, folder: Folder) -> None:
        """Store every mail of the open mailbox that is not in the ledger yet.

        Raises Unreachable (then the rest comes on the next connection) or what the ledger raises.
        """
        client.forget_news()
        uids = await wanted(client, folder.start, folder.mark.uid) - folder.stored
        doubts = self._doubts_about(folder.box)
        for uid in doubts.keys() - uids:
            del doubts[uid]
        folder.held = set(doubts)
        untried = sorted(uid for uid, doubt in doubts.items() if not doubt.tries)
        for uid in untried:
            await self._take_alone(client, folder, uid, doubts)
        for ready in _runs(sorted(uids - folder.held), SIZES_AT_ONCE):
            await self._take_run(client, folder, ready, doubts)
        for uid in sorted(doubts.keys() - set(untried)):
            await self._take_alone(client, folder, uid, doubts)
        top = max(uids | folder.stored, default=0)
        if self._reached(folder, top) > folder.mark.uid:
            folder.mark = replace(folder.mark, uid=self._reached(folder, top))
            await self._ledger.set_high_water(folder.mark)

    async def _take_run(self, client: ImapClient, folder: Folder, uids: list[int], doubts: dict[int, Doubt]) -> None:
        try:
            sizes = await client.sizes(uids)
        except CommandRefused:
            self._doubt(folder, doubts, uids)
            return
        missing = set(uids) - sizes.keys()
        if missing:
            self._doubt(folder, doubts, await client.search(f"UID {uid_set(missing)}"))
        for chunk in _chunks(sizes):
            try:
                contents = await self._contents(client, chunk)
            except CommandRefused:
                self._doubt(folder, doubts, chunk)
                continue
            except Unreachable:
                # which one it was shows when they are fetched alone
                self._doubt(folder, doubts, chunk)
                raise
            missing = chunk.keys() - contents.keys()
            if missing:
                self._doubt(folder, doubts, await client.search(f"UID {uid_set(missing)}"))
            await self._store(client, folder, contents, top=max(chunk))

    async def _take_alone(self, client: ImapClient, folder: Folder, uid: int, doubts: dict[int, Doubt]) -> None:
        doubt = doubts[uid]
        if doubt.not_before is not None and doubt.not_before > self._clock():
            return
        try:
            if not await client.search(f"UID {uid}"):
                content = None
            else:
                content = await self._whole(client, uid, (await client.sizes([uid])).get(uid, 0))
                if content is None:
                    raise CommandRefused("the server gives no content for it")
        except Unreachable as error:
            doubt.tries += 1
            doubt.why = str(error)
            doubt.not_before = self._clock() + RETRY_AFTER if doubt.tries >= TRIES else None
            log.warning("account %s, %s, UID %d: try %d: %s", self._account, folder.box.name, uid, doubt.tries, error)
            if not isinstance(error, CommandRefused):
                raise
            return
        if content is not None:
            folder.held.discard(uid)
            await self._store(client, folder, {uid: content}, top=folder.mark.uid)
        folder.held.discard(uid)
        del doubts[uid]

    def _doubts_about(self, box: Selected) -> dict[int, Doubt]:
        """Return what is known to fail in a mailbox; under a new UIDVALIDITY the UIDs mean other mails."""
        for name, uidvalidity in list(self._doubts):
            if name == box.name and uidvalidity != box.uidvalidity:
                del self._doubts[name, uidvalidity]
        return self._doubts.setdefault((box.name, box.uidvalidity), {})

    def _doubt(self, folder: Folder, doubts: dict[int, Doubt], uids: set[int] | list[int] | dict[int, int]) -> None:
        folder.held.update(uids)
        for uid in uids:
            doubts.setdefault(uid, Doubt())

    async def _contents(self, client: ImapClient, sizes: dict[int, int]) -> dict[int, bytes]:
        """Return the mails of a chunk: a large one stands alone in it."""
        if len(sizes) == 1:
            ((uid, size),) = sizes.items()
            if size > PIECE_BYTES:
                content = await self._whole(client, uid, size)
                return {} if content is None else {uid: content}
        got = await client.bodies(sizes, expect=sum(sizes.values()))
        return {uid: content for uid, content in got.items() if uid in sizes and (content or not sizes[uid])}

    async def _whole(self, client: ImapClient, uid: int, size: int) -> bytes | None:
        """Return a mail fetched in pieces, only its header when it is too large, None when the server gives nothing.

        `size` may be wrong, or 0 for unknown; a piece may be shorter than asked for: the mail ends where one is empty, or short at
        or above `size`.
        """
        limit = self._imap.max_message_bytes
        content = bytearray()
        while max(size, len(content)) <= limit:
            piece = await client.piece(uid, len(content), PIECE_BYTES)
            content += piece or b""
            if not piece or (len(piece) < PIECE_BYTES and len(content) >= size):
                return bytes(content) if content or (piece is not None and not size) else None
        header = await client.piece(uid, 0, HEADER_BYTES, section="HEADER")
        return truncated(header or b"", max(size, len(content)))

    async def _store(self, client: ImapClient, folder: Folder, contents: dict[int, bytes], *, top: int) -> None:
        if not contents:
            return
        arrivals = await asyncio.to_thread(self._arrivals, folder, contents)
        mark = replace(folder.mark, uid=max(folder.mark.uid, self._reached(folder, top)))
        ids = await self._ledger.receive(arrivals, mark)
        folder.mark = mark
        folder.stored = {uid for uid in folder.stored | contents.keys() if uid > mark.uid}
        self.taken += len(arrivals)
        if any(one is not None for one in ids):
            self._on_arrival()
        for one, which in zip(arrivals, ids, strict=True):
            if which is None:
                log.info(
                    "account %s, %s, UID %d: the ledger has this mail already", self._account, one.origin.place, one.origin.uid
                )
        await self._marker.mark(client, folder.box, contents)

    def _reached(self, folder: Folder, top: int) -> int:
        return min([top, *(uid - 1 for uid in folder.held)])

    def _arrivals(self, folder: Folder, contents: dict[int, bytes]) -> list[Arrival]:
        box, start = folder.box, folder.start
        return [
            arrival(
                Origin(source="imap", account=self._account, place=box.name, uidvalidity=box.uidvalidity, uid=uid),
                content,
                dedupe=folder.labels or (start.rescan and uid <= start.base),
            )
            for uid, content in sorted(contents.items())
        ]


def _runs(uids: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(uids), size):
        yield uids[start : start + size]


def _chunks(sizes: dict[int, int]) -> Iterator[dict[int, int]]:
    """Group mails in UID order by number and bytes; one too large for a piece stands alone."""
    chunk: dict[int, int] = {}
    for uid, size in sorted(sizes.items()):
        full = len(chunk) >= CHUNK_MAILS or sum(chunk.values()) + size > CHUNK_BYTES
        if chunk and (full or size > PIECE_BYTES):
            yield chunk
            chunk = {}
        chunk[uid] = size
        if size > PIECE_BYTES:
            yield chunk
            chunk = {}
    if chunk:
        yield chunk
