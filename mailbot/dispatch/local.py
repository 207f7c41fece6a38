"""Advances items inside the daemon: leases them from the ledger, keeps a bounded number in hand, gives them back at the stop."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from mailbot.core.item import Item
from mailbot.core.lifecycle import ADVANCEABLE
from mailbot.errors import MailbotError
from mailbot.ports import Ledger

log = logging.getLogger(__name__)

LEASE = timedelta(days=3650)
"""A lease never runs out under its holder, however long scans queue for a worker and wherever the clock jumps: there is one daemon
to a ledger, it gives back what it did not finish, and after a crash its next start frees all leases."""

GIVE_BACK_SECONDS = 10.0
"""Pause before an item whose failure could not be recorded is given back."""

SWEEP_SECONDS = 1.0
"""How often to look without being woken: for items whose waiting time is over, and decisions made by another process."""


class LocalDispatcher:
    """Implements `ports.Dispatcher` in one asyncio loop.

    An item whose `advance` raises is given back as soon as the ledger takes it. On cancellation what is in hand may finish for
    `stop_seconds`; the rest is cancelled and its leases are given back.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        advance: Callable[[Item], Awaitable[None]],
        at_once: int,
        stop_seconds: float,
        clock: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._advance = advance
        self._at_once = at_once
        self._stop_seconds = stop_seconds
        self._clock = clock
        self._owner = f"local:{os.getpid()}"
        self._woken = asyncio.Event()
        self._held: dict[asyncio.Task[None], Item] = {}

    def wake(self) -> None:
        """Say that there may be something to do."""
        self._woken.set()

    async def run(self) -> None:
        """Advance items until cancelled."""
        try:
            while True:
                self._woken.clear()
                claimed = await self._claim()
                for item in claimed:
                    task = asyncio.create_task(self._one(item), name=f"item {item.id}")
                    self._held[task] = item
                if len(claimed) == 0 or len(self._held) >= self._at_once:
                    await self._something()
        finally:
            await self._stop()

    async def _claim(self) -> list[Item]:
        free = self._at_once - len(self._held)
        if free <= 0:
            return []
        try:
            return await self._ledger.claim(ADVANCEABLE, limit=free, owner=self._owner, lease=LEASE, now=self._clock())
        except MailbotError as error:
            log.error("no items could be claimed: %s", error)
            await asyncio.sleep(SWEEP_SECONDS)
            return []

    async def _something(self) -> None:
        """Wait until woken, until an item in hand is done while all places are taken, or until the next sweep."""
        woken = asyncio.create_task(self._woken.wait())
        full = len(self._held) >= self._at_once
        try:
            await asyncio.wait(
                {woken, *self._held} if full else {woken}, timeout=SWEEP_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            woken.cancel()

    async def _one(self, item: Item) -> None:
        task = asyncio.current_task()
        try:
            await self._advance(item)
        except Exception as error:
            log.error("item %d could not be advanced, and its failure not be recorded: %s", item.id, error)
            await self._give_back(item)
        finally:
            if task is not None and not task.cancelling():
                self._held.pop(task, None)
                self._woken.set()

    async def _give_back(self, item: Item) -> None:
        """Give the lease back once the ledger can be written again."""
        while True:
            await asyncio.sleep(GIVE_BACK_SECONDS)
            try:
                return await self._ledger.release([item])
            except MailbotError as error:
                log.error("item %d cannot be given back: %s", item.id, error)

    async def _stop(self) -> None:
        """Let what is in hand finish for a while, then cancel it and give the leases back."""
        if not self._held:
            return
        _, late = await asyncio.wait(self._held, timeout=self._stop_seconds)
        given_back = [self._held[task] for task in late]
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        if given_back:
            log.info("giving back %d items", len(given_back))
            try:
                await self._ledger.release(given_back)
            except MailbotError as error:
                log.error("%d items could not be given back, the next start frees them: %s", len(given_back), error)
