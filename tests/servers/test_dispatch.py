"""The local dispatcher on a real ledger: a bounded number in hand, lost wake-ups repaired, everything given back at the stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailbot.core.item import Arrival, Change, Happening, Item, Origin
from mailbot.core.lifecycle import Event, State
from mailbot.dispatch.local import LocalDispatcher
from mailbot.ledger.sql import SqlLedger
from tests.faults.desk_process import until


def clock() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[SqlLedger]:
    opened = await SqlLedger.open(tmp_path, clock=clock)
    yield opened
    await opened.close()


async def arrive(ledger: SqlLedger, count: int, start: int = 0) -> None:
    await ledger.receive(
        [
            Arrival(
                origin=Origin(source="imap", account="desk", place="INBOX", uidvalidity=1, uid=number),
                name="message.eml",
                content=b"Subject: %d\r\n\r\n" % number,
            )
            for number in range(start + 1, start + count + 1)
        ]
    )


class Worker:
    """Quarantines each item; counts how many it holds at once. `gate` keeps it from finishing."""

    def __init__(self, ledger: SqlLedger) -> None:
        self.ledger = ledger
        self.gate = asyncio.Event()
        self.gate.set()
        self.holding = 0
        self.most = 0
        self.seen: list[int] = []

    async def advance(self, item: Item) -> None:
        self.seen.append(item.id)
        self.holding += 1
        self.most = max(self.most, self.holding)
        try:
            await self.gate.wait()
            happenings = (
                Happening(event=Event.READING_STARTED, actor="mailbot"),
                Happening(event=Event.FOUND_HOSTILE, actor="mailbot", cause="test"),
            )
            await self.ledger.record(Change(item=item.id, expected=item.state, happenings=happenings, fence=item.fence))
        finally:
            self.holding -= 1


def dispatcher(ledger: SqlLedger, worker: Worker, *, at_once: int = 4, stop_seconds: float = 5) -> LocalDispatcher:
    return LocalDispatcher(ledger=ledger, advance=worker.advance, at_once=at_once, stop_seconds=stop_seconds, clock=clock)


async def test_every_item_is_advanced_once_and_no_more_than_allowed_at_a_time(ledger: SqlLedger) -> None:
    await arrive(ledger, 30)
    worker = Worker(ledger)
    running = asyncio.create_task(dispatcher(ledger, worker).run())

    async def done() -> bool:
        return (await ledger.counts()).get(State.QUARANTINED) == 30

    await until(done, 30, "all are advanced")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert sorted(worker.seen) == list(range(1, 31))
    assert worker.most <= 4


async def test_a_lost_wake_up_is_repaired_by_the_sweep(ledger: SqlLedger) -> None:
    worker = Worker(ledger)
    running = asyncio.create_task(dispatcher(ledger, worker).run())
    await asyncio.sleep(0.1)
    await arrive(ledger, 1)  # nobody calls wake()

    async def done() -> bool:
        return worker.seen == [1]

    await until(done, 30, "the sweep found it")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_new_items_get_in_while_slow_ones_are_in_hand(ledger: SqlLedger) -> None:
    await arrive(ledger, 3)
    worker = Worker(ledger)
    worker.gate.clear()
    one = dispatcher(ledger, worker)
    running = asyncio.create_task(one.run())

    async def holding(count: int) -> bool:
        return worker.holding == count

    await until(lambda: holding(3), 30, "three in hand")
    await arrive(ledger, 3, start=3)
    one.wake()
    await until(lambda: holding(4), 30, "the free place is taken")
    worker.gate.set()

    async def done() -> bool:
        return (await ledger.counts()).get(State.QUARANTINED) == 6

    await until(done, 30, "all are advanced")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_the_stop_lets_things_finish_and_gives_the_rest_back(ledger: SqlLedger) -> None:
    await arrive(ledger, 2)
    worker = Worker(ledger)
    worker.gate.clear()
    running = asyncio.create_task(dispatcher(ledger, worker, stop_seconds=0.5).run())

    async def holding() -> bool:
        return worker.holding == 2

    await until(holding, 30, "two in hand")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    items = await ledger.items()
    assert [item.lease_until for item in items] == [None, None]
    assert [item.attempts for item in items] == [0, 0]
    assert {item.state for item in items} == {State.RECEIVED}

    running = asyncio.create_task(dispatcher(ledger, worker).run())
    await until(holding, 30, "two in hand again")
    running.cancel()
    await asyncio.sleep(0.05)
    worker.gate.set()
    await asyncio.gather(running, return_exceptions=True)
    assert {item.state for item in await ledger.items()} == {State.QUARANTINED}
