"""kill -9 in the middle of writes, a full disk, cancelled callers: what was acknowledged is there, the rest is not."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import resource
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from mailbot.core.item import HighWater
from mailbot.core.lifecycle import ADVANCEABLE, State
from mailbot.errors import DiskFull
from mailbot.ledger.sql import SqlLedger
from tests.servers.ledger_way import START, Clock, mail, walk, way

ORDER = [State.RECEIVED, *(change.expected for change in way(1)[1:]), State.SENT]


async def killed(folder: Path, lines: int) -> list[list[str]]:
    """Run the writer until it has acknowledged `lines` things, kill it, and return all it acknowledged."""
    program = [sys.executable, "-m", "tests.faults.ledger_writer", str(folder)]
    process = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    heard = []
    async with asyncio.timeout(60):
        for _ in range(lines):
            heard.append(await process.stdout.readline())
        process.kill()
        heard.append(await process.stdout.read())
        await process.wait()
    whole = b"".join(heard)
    return [line.decode().split() for line in whole[: whole.rfind(b"\n")].split(b"\n")]


async def test_killed_in_the_middle_of_writes_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    dice = random.Random(7)
    received: dict[int, int] = {}
    states: dict[int, str] = {}
    for _ in range(6):
        for word, item, value in await killed(tmp_path, dice.randrange(1, 400)):
            if word == "got":
                received[int(item)] = int(value)
            else:
                states[int(item)] = value
        ledger = await SqlLedger.open(tmp_path, clock=Clock())
        assert await ledger.verify() == []
        for item, uid in received.items():
            stored = await ledger.item(item)
            assert stored.origin.uid == uid
            assert ORDER.index(stored.state) >= ORDER.index(State(states.get(item, State.RECEIVED)))
        uids = [one.origin.uid for one in await ledger.items(limit=100_000)]
        assert len(uids) == len(set(uids))
        mark = await ledger.high_water("a", "INBOX")
        assert mark
        assert mark.uid == max(uids)
        await ledger.close()
    assert len(list((tmp_path / "packs").iterdir())) == 1


async def test_a_disk_that_takes_no_blob_acknowledges_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = await SqlLedger.open(tmp_path, clock=Clock())
    assert await ledger.receive([mail(1)]) == [1]
    real = os.pwrite
    written = 0

    def full(fd: int, content: bytes, start: int) -> int:
        nonlocal written
        if written >= 50:
            raise OSError(errno.ENOSPC, "No space left on device")
        written += 50
        return real(fd, content[:50], start)

    monkeypatch.setattr(os, "pwrite", full)
    high = HighWater(account="a", place="INBOX", uidvalidity=1, uid=9)
    for arrival in (mail(2, size=1000), mail(3, size=100_000)):
        written = 0
        with pytest.raises(DiskFull, match="free some space"):
            await ledger.receive([arrival], high)
    assert await ledger.high_water("a", "INBOX") is None
    assert await ledger.known_uids("a", "INBOX", 1) == {1}
    assert (await ledger.record(way(1)[0])).state is State.READING  # what needs no room goes on
    monkeypatch.undo()
    assert await ledger.receive([mail(2, size=1000), mail(3, size=100_000)], high) == [2, 3]
    assert await ledger.verify() == []
    assert [path.stat().st_size for path in (tmp_path / "packs").iterdir()] == [6 + 1000]
    assert not [name for _, _, names in os.walk(tmp_path / "blobs") for name in names if name.endswith(".part")]
    await ledger.close()


async def test_a_full_disk_harms_only_the_request_that_needs_the_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = await SqlLedger.open(tmp_path, clock=Clock())
    await ledger.receive([mail(1), mail(2)])
    monkeypatch.setattr(os, "fsync", refuse_files(os.fsync))
    results = await asyncio.gather(
        ledger.record(way(1)[0]), ledger.receive([mail(3, size=100_000)]), ledger.receive([mail(4)]), return_exceptions=True
    )
    monkeypatch.undo()
    assert isinstance(results[1], DiskFull)
    assert results[2] == [3]
    assert await ledger.counts() == {State.READING: 1, State.RECEIVED: 2}
    assert await ledger.verify() == []
    await ledger.close()


def refuse_files(real: Callable[[int], None]) -> Callable[[int], None]:
    """Return an fsync that says ENOSPC for files, as network file systems do, and works for folders."""

    def fsync(fd: int) -> None:
        if os.path.isfile(f"/proc/self/fd/{fd}"):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(fd)

    return fsync


async def test_a_database_that_cannot_grow_is_a_full_disk(tmp_path: Path) -> None:
    """With a limit on file size the kernel refuses SQLite's own writes, as a quota would."""
    ledger = await SqlLedger.open(tmp_path, clock=Clock())
    await ledger.receive([mail(1)])
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    acknowledged = {1}
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, old[1]))
    try:
        for uid in range(2, 400):
            try:
                await ledger.receive([mail(uid)])
            except DiskFull:
                break
            acknowledged.add(uid)
        assert 2 <= len(acknowledged) < 390
        assert await ledger.known_uids("a", "INBOX", 1) == acknowledged
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert await ledger.receive([mail(1000)]) == [len(acknowledged) + 1]
    assert await ledger.verify() == []
    await ledger.close()
    again = await SqlLedger.open(tmp_path, clock=Clock())
    assert await again.known_uids("a", "INBOX", 1) == acknowledged | {1000}
    assert await again.verify() == []
    await again.close()


async def test_callers_that_are_cancelled_at_any_moment_leave_the_ledger_whole(tmp_path: Path) -> None:
    dice = random.Random(3)
    ledger = await SqlLedger.open(tmp_path, clock=Clock())
    await ledger.receive([mail(uid) for uid in range(1, 31)])

    async def work(item: int) -> None:
        await walk(ledger, item)
        await ledger.items(search="invoice")
        await ledger.claim(ADVANCEABLE, limit=2, owner="w", lease=timedelta(hours=1), now=START)
        await ledger.verify()

    tasks = [asyncio.create_task(work(item)) for item in range(1, 31)]
    for task in tasks:
        await asyncio.sleep(dice.random() / 100)
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(result is None or isinstance(result, asyncio.CancelledError) for result in results)
    await ledger.store_blobs([b"behind whatever was in hand"])
    for item in range(1, 31):
        assert (await walk(ledger, item)).state is State.SENT
    assert await ledger.verify() == []
    await ledger.close()


async def test_cancelled_while_it_closes_it_lets_go_of_everything(tmp_path: Path) -> None:
    ledger = await SqlLedger.open(tmp_path, clock=Clock())
    waiting = [asyncio.create_task(ledger.receive([mail(uid)])) for uid in range(1, 20)]
    await asyncio.sleep(0)
    closing = asyncio.create_task(ledger.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.gather(closing, *waiting, return_exceptions=True)
    again = await SqlLedger.open(tmp_path, clock=Clock())
    answers = [task.result() for task in waiting if not task.cancelled()]
    assert await again.known_uids("a", "INBOX", 1) >= {item for answer in answers for item in answer}
    assert await again.verify() == []
    await again.close()
