"""Watches one drop folder: every file put there becomes an item, once, and then lies in `done/` or `failed/`.

A file is taken by a rename that carries its token, then stored in the ledger, then moved to `done/`. Whatever stops in between
leaves it in `.taking`, and the next look stores it with the same token: the ledger knows whether it has it already.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from mailbot.config import Drop
from mailbot.core.item import Arrival, Item, Origin
from mailbot.errors import BadInput, DiskFull, MailbotError
from mailbot.inbox.drop_tree import ENDS, TAKING, DropTree, Sighting, StillWritten, Taken, out_of_space, shown
from mailbot.ports import Ledger, PartStatus

log = logging.getLogger(__name__)

BATCH_FILES = 50
BATCH_BYTES = 32_000_000
"""Files stored in one commit, and bytes held in memory for it."""
PATIENCE = 60.0
"""Seconds after which a file system that does not answer is reported."""
LAST_CALL = 5.0
"""Seconds that a file operation under way gets when the daemon stops."""

_Result = TypeVar("_Result")


@dataclass(slots=True)
class _Look:
    """What one look at the folder met: what went wrong, in words, and whether the disk is full."""

    troubles: list[str] = field(default_factory=list)
    full: bool = False

    def trouble(self, what: str, error: BaseException) -> None:
        """Note what went wrong; nothing is lost, the next look tries again."""
        self.troubles.append(f"{what}: {error}" if what else str(error))
        self.full = self.full or isinstance(error, DiskFull) or out_of_space(error)


class DropFolder:
    """One drop folder. `token` makes a new name for each taking; `on_arrival` is told when the ledger has a new item."""

    def __init__(
        self,
        name: str,
        drop: Drop,
        ledger: Ledger,
        *,
        on_arrival: Callable[[], None],
        clock: Callable[[], datetime],
        token: Callable[[], str],
    ) -> None:
        self._name = name
        self._drop = drop
        self._ledger = ledger
        self._on_arrival = on_arrival
        self._clock = clock
        self._token = token
        self._tree = DropTree(drop.path)
        self._seen: dict[Path, tuple[Sighting, float]] = {}
        self._changed = asyncio.Event()
        self._alone = asyncio.Lock()
        self._status: tuple[str, str] = ("", "")

    async def run(self) -> None:
        """Watch until cancelled. What cannot be stored or moved stays where it is and is tried again at every look."""
        await self.look()
        async with contextlib.AsyncExitStack() as stack:
            if not self._drop.poll:
                await stack.enter_async_context(self._watched())
            while True:
                self._changed.clear()
                await self.look()
                pause = min(self._drop.poll_seconds, self._drop.stable_seconds) if self._seen else self._drop.poll_seconds
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._changed.wait()

    async def look(self) -> None:
        """Look once: take what is whole, store what is taken, and say how it went in the status `folder:NAME`."""
        look = _Look()
        async with self._alone:
            try:
                await self._off_loop(self._tree.prepare)
                await self._take(look)
                await self._store(await self._off_loop(self._tree.taken), look)
            except OSError as error:
                look.trouble("", error)
        await self._tell(look)

    async def mark_failed(self, item: Item, reason: str) -> bool:
        """Move the file of an item of this folder from `done/` to `failed/` and write the reason beside it.

        Return whether it was there: False when it was moved before, or a person took it away.
        """
        async with self._alone:
            try:
                moved = await self._off_loop(
                    self._tree.fail_done, item.origin.token, item.origin.place, item.sha256, item.size, reason
                )
            except OSError as error:
                log.warning("folder %s: %s could not be moved to failed/: %s", self._name, item.origin.place, error)
                return False
        return moved is not None

    async def _take(self, look: _Look) -> None:
        """Take every file that stood still for `stable_seconds`."""
        now = asyncio.get_running_loop().time()
        sightings, closed = await self._off_loop(self._tree.look)
        for folder in closed:
            look.trouble(folder, PermissionError("this folder may not be read; give mailbot's user the right to"))
        before = self._seen
        self._seen = {}
        for path, sighting in sightings.items():
            known = before.get(path)
            since = known[1] if known and known[0] == sighting else now
            self._seen[path] = (sighting, since)
        for path, (_, since) in list(self._seen.items()):
            if now - since < self._drop.stable_seconds:
                continue
            try:
                if await self._off_loop(self._tree.take, path, self._token()):
                    del self._seen[path]
            except OSError as error:
                look.trouble(shown(path), error)

    async def _store(self, taken: list[Taken], look: _Look) -> None:
        """Store taken files in the ledger, several in one commit, and move each to where it ends."""
        batch: list[tuple[Taken, bytes]] = []
        size = 0
        for one in taken:
            try:
                content = await self._off_loop(self._tree.read, one, self._drop.max_file_bytes)
            except BadInput as error:
                await self._move(one, look, self._tree.finish, one, "failed", str(error))
                continue
            except StillWritten:
                await self._move(one, look, self._tree.put_back, one)
                continue
            except OSError as error:
                look.trouble(one.place, error)
                continue
            batch.append((one, content))
            size += len(content)
            if len(batch) >= BATCH_FILES or size >= BATCH_BYTES:
                await self._receive(batch, look)
                batch, size = [], 0
        if batch:
            await self._receive(batch, look)

    async def _receive(self, batch: list[tuple[Taken, bytes]], look: _Look) -> None:
        """Hand files to the ledger; when it refuses several at once, one by one, so that one never holds up the others."""
        await self._off_loop(self._tree.secure, [one for one, _ in batch])
        try:
            ids = await self._ledger.receive([self._arrival(one, content) for one, content in batch])
        except (MailbotError, OSError) as error:
            if len(batch) == 1 or isinstance(error, DiskFull) or out_of_space(error):
                look.trouble(batch[0][0].place, error)
                return
            for single in batch:
                await self._receive([single], look)
            return
        if any(new is not None for new in ids):
            self._on_arrival()
        for one, _ in batch:
            await self._move(one, look, self._tree.finish, one, "done")

    def _arrival(self, one: Taken, content: bytes) -> Arrival:
        origin = Origin(source="folder", account=self._name, place=one.place, token=one.token)
        return Arrival(origin=origin, name=shown(Path(one.path.name)), content=content)

    async def _move(self, one: Taken, look: _Look, move: Callable[..., Any], *arguments: Any) -> None:
        try:
            await self._off_loop(move, *arguments)
        except OSError as error:
            look.trouble(one.place, error)

    async def _tell(self, look: _Look) -> None:
        """Keep the status when it changed; a ledger that cannot write it down is in the log."""
        more = f" (and {len(look.troubles) - 1} more)" if len(look.troubles) > 1 else ""
        detail = f"{look.troubles[0]}{more}" if look.troubles else ""
        if look.full:
            detail = f"no space left on the disk: files wait where they are; make room. {detail}"
        await self._set_status("trouble" if look.troubles else "ok", detail)

    async def _set_status(self, state: str, detail: str) -> None:
        if (state, detail) == self._status:
            return
        if state != "ok":
            log.warning("folder %s: %s", self._name, detail)
        status = PartStatus(part=f"folder:{self._name}", state=state, detail=detail, since=self._clock())
        try:
            await self._ledger.set_status(status)
            self._status = (state, detail)
        except (MailbotError, OSError) as error:
            log.warning("folder %s: the status could not be kept: %s", self._name, error)

    async def _off_loop(self, call: Callable[..., _Result], *arguments: Any) -> _Result:
        """Run what blocks in a thread. A share that does not answer is reported; only one call at a time ever waits for it."""
        running = asyncio.ensure_future(asyncio.to_thread(call, *arguments))
        try:
            while not (await asyncio.wait({running}, timeout=PATIENCE))[0]:
                await self._set_status("trouble", f"{self._drop.path} does not answer: is its server there?")
        except asyncio.CancelledError:
            # A move that has begun is let end, so that nothing is under way when the daemon has stopped.
            await asyncio.wait({running}, timeout=LAST_CALL)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            raise
        return running.result()

    @contextlib.asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        """Set `_changed` at every change in the folder while the context lasts."""
        watching = asyncio.create_task(self._watch(), name=f"watch:{self._name}")
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _watch(self) -> None:
        """Turn the system's change events into `_changed`. Where there are none to be had, the regular looks go on alone."""
        from watchfiles import awatch

        ours = tuple(f"{self._drop.path / name}" for name in (TAKING, *ENDS))
        while True:
            try:
                async for _ in awatch(self._drop.path, watch_filter=lambda _, path: not path.startswith(ours), debounce=200):
                    self._changed.set()
            except (OSError, RuntimeError) as error:
                log.info("folder %s: no change events (%s): it is looked at every %g s", self._name, error, self._drop.poll_seconds)
            await asyncio.sleep(PATIENCE)
