"""Turns at something scarce: at most so many at once, and accounts take turns, so that a full inbox does not starve the others."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """Gives out `places`, going round the accounts that wait; within an account first come, first served."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, account: str) -> AsyncIterator[None]:
        """Wait for a place, hold it while the context lasts."""
        await self._take(account)
        try:
            yield
        finally:
            self._give_on()

    async def _take(self, account: str) -> None:
        if self._free and not self._waiting:
            self._free -= 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(account, deque()).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.cancelled():
                self._leave(account, place)
            else:
                self._give_on()
            raise

    def _leave(self, account: str, place: asyncio.Future[None]) -> None:
        queue = self._waiting.get(account, deque())
        if place in queue:
            queue.remove(place)
            if not queue:
                del self._waiting[account]

    def _give_on(self) -> None:
        """Give a place to the account that has waited longest since its last turn, which goes to the end of the round."""
        for account in list(self._waiting):
            queue = self._waiting.pop(account)
            while queue:
                place = queue.popleft()
                if not place.done():
                    if queue:
                        self._waiting[account] = queue
                    place.set_result(None)
                    return
        self._free += 1
