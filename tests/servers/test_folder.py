"""A drop folder on a real file system: what people do with files, and where each ends."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailbot.config import Drop
from mailbot.core.item import Item, Origin
from mailbot.core.lifecycle import State
from mailbot.inbox.folder import DropFolder
from tests.servers.drop_ledger import JournalLedger, drop_folder

STAND = 0.05
DEADLINE = 30.0


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    (tmp_path / "drop").mkdir()
    return Drop(path=tmp_path / "drop", stable_seconds=STAND, poll_seconds=0.1, max_file_bytes=5000)


@pytest.fixture
def ledger(tmp_path: Path) -> JournalLedger:
    return JournalLedger(tmp_path / "journal")


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition, long enough for a loaded machine."""
    async with asyncio.timeout(DEADLINE):
        while not condition():
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def watching(folder: DropFolder) -> AsyncIterator[None]:
    task = asyncio.create_task(folder.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def look_twice(folder: DropFolder) -> None:
    """One look that sees what is there and one after it has stood still."""
    await folder.look()
    await asyncio.sleep(STAND * 1.5)
    await folder.look()


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path there."""
    return {str(one.relative_to(folder)): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}


def item_of(ledger: JournalLedger, row: int) -> Item:
    stored = ledger.rows[row]
    origin = Origin(source="folder", account="scans", place=stored["place"], token=stored["token"])
    return Item(
        id=row, origin=origin, name=stored["name"], sha256=stored["sha256"], size=stored["size"],
        state=State.QUARANTINED, since=datetime.now(UTC), received_at=datetime.now(UTC),
    )  # fmt: skip


@pytest.mark.parametrize("poll", [False, True])
async def test_files_are_stored_then_lie_in_done(drop: Drop, ledger: JournalLedger, poll: bool) -> None:
    drop = drop.model_copy(update={"poll": poll})
    (drop.path / "before.pdf").write_bytes(b"before")
    async with watching(drop_folder(drop, ledger)):
        await until(lambda: len(ledger.rows) == 1)
        (drop.path / "march" / "week 1").mkdir(parents=True)
        (drop.path / "march" / "week 1" / "发票.pdf").write_bytes(b"later")
        (drop.path / "empty.txt").touch()
        await until(lambda: len(files(drop.path / "done")) == 3)
    assert files(drop.path / "done") == {"before.pdf": b"before", "empty.txt": b"", "march/week 1/发票.pdf": b"later"}
    assert sorted(ledger.places) == ["before.pdf", "empty.txt", "march/week 1/发票.pdf"]
    assert {row["name"] for row in ledger.rows} == {"before.pdf", "empty.txt", "发票.pdf"}
    assert list((drop.path / ".taking").iterdir()) == []
    assert ledger.statuses[-1].state == "ok"
    assert ledger.statuses[-1].part == "folder:scans"


async def test_events_bring_a_file_in_long_before_the_next_regular_look(drop: Drop, ledger: JournalLedger) -> None:
    drop = drop.model_copy(update={"poll_seconds": 3600})
    async with watching(drop_folder(drop, ledger)):
        await until(lambda: (drop.path / "done").is_dir())
        number = 0
        # The watch begins at some moment after the first look; a file that came before it would wait for the next look.
        while not ledger.rows:
            number += 1
            (drop.path / f"{number}.txt").write_text("x")
            await asyncio.sleep(0.2)
    assert ledger.rows


async def test_a_file_still_growing_or_open_is_left_alone(drop: Drop, ledger: JournalLedger) -> None:
    folder = drop_folder(drop, ledger)
    with open(drop.path / "slow.pdf", "wb") as writer:
        writer.write(b"first half")
        writer.flush()
        await look_twice(folder)
        await look_twice(folder)
        assert ledger.rows == []
        writer.write(b", second half")
    await look_twice(folder)
    assert files(drop.path / "done") == {"slow.pdf": b"first half, second half"}


async def test_a_file_that_changes_between_looks_is_not_whole(drop: Drop, ledger: JournalLedger) -> None:
    folder = drop_folder(drop, ledger)
    for size in range(1, 4):
        (drop.path / "growing.pdf").write_bytes(b"x" * size)
        await folder.look()
        await asyncio.sleep(STAND * 1.5)
        (drop.path / "growing.pdf").write_bytes(b"x" * size * 10)
        await folder.look()
        assert ledger.rows == []


async def test_same_names_do_not_overwrite(drop: Drop, ledger: JournalLedger) -> None:
    folder = drop_folder(drop, ledger)
    for content in (b"1", b"2", b"3"):
        (drop.path / "scan.pdf").write_bytes(content)
        await look_twice(folder)
    assert files(drop.path / "done") == {"scan.pdf": b"1", "scan (2).pdf": b"2", "scan (3).pdf": b"3"}
    assert len(ledger.rows) == 3


async def test_unfinished_and_hidden_files_are_left_alone(drop: Drop, ledger: JournalLedger) -> None:
    names = [".hidden", "a.pdf.part", "b.CRDOWNLOAD", "~$order.xlsx", ".~lock.order.ods#", "c.filepart", "Thumbs.db", "desktop.ini"]
    for name in names:
        (drop.path / name).write_bytes(b"x")
    (drop.path / ".git").mkdir()
    (drop.path / ".git" / "config").write_bytes(b"x")
    folder = drop_folder(drop, ledger)
    await look_twice(folder)
    assert ledger.rows == []
    (drop.path / "a.pdf.part").rename(drop.path / "a.pdf")
    await look_twice(folder)
    assert ledger.places == ["a.pdf"]


async def test_odd_names(drop: Drop, ledger: JournalLedger) -> None:
    names = [b"latin-\xe4\xf6.pdf", b"two\nlines.pdf", "ü".encode() * 125 + b".pdf", b"n" * 255, b"x." + b"y" * 253, b" ", b"-rf"]
    for _ in range(2):
        for name in names:
            with open(os.fsencode(drop.path) + b"/" + name, "wb") as handle:
                handle.write(name)
        await look_twice(drop_folder(drop, ledger))
    done = files(drop.path / "done")
    assert sorted(done.values()) == sorted(names * 2)
    assert {os.fsencode(name) for name in done} >= set(names)
    assert "two_lines.pdf" in ledger.places
    assert "latin-��.pdf" in ledger.places
    assert all(place.isprintable() for place in ledger.places)


async def test_a_folder_named_like_a_file_in_done(drop: Drop, ledger: JournalLedger) -> None:
    folder = drop_folder(drop, ledger)
    (drop.path / "march").write_bytes(b"file")
    await look_twice(folder)
    (drop.path / "march").mkdir()
    (drop.path / "march" / "a.pdf").write_bytes(b"inside")
    await look_twice(folder)
    assert sorted(files(drop.path / "done").values()) == [b"file", b"inside"]
    assert await folder.mark_failed(item_of(ledger, 1), "broken")
    assert b"inside" in files(drop.path / "failed").values()


async def test_what_cannot_be_an_item_goes_to_failed_with_the_reason(drop: Drop, ledger: JournalLedger, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"not yours")
    (drop.path / "sub").mkdir()
    (drop.path / "sub" / "link.pdf").symlink_to(secret)
    os.mkfifo(drop.path / "pipe")
    (drop.path / "large.pdf").write_bytes(b"x" * 5001)
    (drop.path / "largest.pdf").write_bytes(b"x" * 5000)
    await look_twice(drop_folder(drop, ledger))
    failed = drop.path / "failed"
    assert (failed / "sub" / "link.pdf").is_symlink()
    assert "a link or a device" in (failed / "sub" / "link.pdf.reason.txt").read_text()
    assert (failed / "pipe").is_fifo()
    assert "5,001 bytes" in (failed / "large.pdf.reason.txt").read_text()
    assert ledger.places == ["largest.pdf"]
    assert secret.read_bytes() == b"not yours"


async def test_a_done_file_moves_to_failed_when_its_item_failed(drop: Drop, ledger: JournalLedger) -> None:
    folder = drop_folder(drop, ledger)
    for content in (b"good", b"evil"):
        (drop.path / "sub").mkdir(exist_ok=True)
        (drop.path / "sub" / "scan.pdf").write_bytes(content)
        (drop.path / "sub" / "copy.pdf").write_bytes(content)
        await look_twice(folder)
    evil = next(
        row
        for row, one in enumerate(ledger.rows)
        if one["sha256"] == hashlib.sha256(b"evil").hexdigest() and "scan" in one["place"]
    )
    assert await folder.mark_failed(item_of(ledger, evil), "a zip bomb")
    assert files(drop.path / "failed") == {
        "sub/scan (2).pdf": b"evil",
        "sub/scan (2).pdf.reason.txt": b"sub/scan (2).pdf: a zip bomb\n",
    }
    assert files(drop.path / "done") == {"sub/scan.pdf": b"good", "sub/copy.pdf": b"good", "sub/copy (2).pdf": b"evil"}
    (drop.path / "done" / "sub" / "copy (2).pdf").unlink()
    assert not await folder.mark_failed(item_of(ledger, evil), "a zip bomb")


async def test_a_missing_drop_folder_is_trouble_until_it_is_there(drop: Drop, ledger: JournalLedger, tmp_path: Path) -> None:
    drop = drop.model_copy(update={"path": tmp_path / "share" / "drop"})
    async with watching(drop_folder(drop, ledger)):
        await until(lambda: ledger.statuses and ledger.statuses[-1].state == "trouble")
        (tmp_path / "share").mkdir()
        await until(lambda: ledger.statuses[-1].state == "ok")
        (drop.path / "a.pdf").write_bytes(b"x")
        await until(lambda: ledger.places == ["a.pdf"])
