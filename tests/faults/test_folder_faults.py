"""A drop folder when things go wrong: a full disk, a refused file, a file nobody may read, a killed process."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailbot.config import Drop
from mailbot.errors import DiskFull
from tests.servers.drop_ledger import JournalLedger, drop_folder
from tests.servers.test_folder import STAND, files, look_twice

NOBODY = 65534
ROOT = Path(__file__).parents[2]


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    (tmp_path / "drop").mkdir()
    return Drop(path=tmp_path / "drop", stable_seconds=STAND, poll_seconds=0.1)


@contextlib.contextmanager
def ordinary_user() -> Iterator[None]:
    """Root may read everything, so step down to somebody who may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("error", [DiskFull("no space left"), OSError(errno.ENOSPC, "No space left on device")])
async def test_a_full_disk_loses_nothing_and_is_said(drop: Drop, tmp_path: Path, error: Exception) -> None:
    ledger = JournalLedger(tmp_path / "journal")
    ledger.refusals = [error, error]
    folder = drop_folder(drop, ledger)
    for name in ("a.pdf", "b.pdf"):
        (drop.path / name).write_bytes(name.encode())
    await look_twice(folder)
    await folder.look()
    assert ledger.rows == []
    assert sorted(files(drop.path).values()) == [b"a.pdf", b"b.pdf"]
    assert files(drop.path / "done") == {}
    assert ledger.statuses[-1].state == "trouble"
    assert "no space left on the disk" in ledger.statuses[-1].detail
    await folder.look()
    assert sorted(ledger.places) == ["a.pdf", "b.pdf"]
    assert files(drop.path / "done") == {"a.pdf": b"a.pdf", "b.pdf": b"b.pdf"}
    assert ledger.statuses[-1].state == "ok"


async def test_one_file_that_the_ledger_refuses_does_not_hold_up_the_others(drop: Drop, tmp_path: Path) -> None:
    ledger = JournalLedger(tmp_path / "journal")
    ledger.refuse_names = {"bad.pdf"}
    folder = drop_folder(drop, ledger)
    for name in ("a.pdf", "bad.pdf", "c.pdf"):
        (drop.path / name).write_bytes(name.encode())
    await look_twice(folder)
    assert sorted(ledger.places) == ["a.pdf", "c.pdf"]
    assert "bad.pdf" in ledger.statuses[-1].detail
    ledger.refuse_names = set()
    await drop_folder(drop, ledger).look()
    assert sorted(files(drop.path / "done")) == ["a.pdf", "bad.pdf", "c.pdf"]


async def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        base = Path(place)
        drop = Drop(path=base / "drop", stable_seconds=STAND, poll_seconds=0.1)
        drop.path.mkdir()
        closed, fine = drop.path / "closed.pdf", drop.path / "fine.pdf"
        shut = drop.path / "shut"
        shut.mkdir()
        for file in (closed, fine, shut / "x.pdf"):
            file.write_bytes(b"x")
        if os.geteuid() == 0:
            for path in (base, drop.path, fine):
                os.chown(path, NOBODY, NOBODY)
        closed.chmod(0)
        shut.chmod(0)
        ledger = JournalLedger(base / "journal")
        with ordinary_user():
            await look_twice(drop_folder(drop, ledger))
            assert (drop.path / "failed" / "closed.pdf").exists()
            reason = (drop.path / "failed" / "closed.pdf.reason.txt").read_text()
        assert "mailbot may not read this file" in reason
        assert ledger.places == ["fine.pdf"]
        assert ledger.statuses[-1].state == "trouble"
        assert "shut" in ledger.statuses[-1].detail
        shut.chmod(0o700)


async def test_a_file_found_still_open_after_the_rename_goes_back(drop: Drop, tmp_path: Path) -> None:
    ledger = JournalLedger(tmp_path / "journal")
    folder = drop_folder(drop, ledger)
    await folder.look()
    slot = drop.path / ".taking" / "token" / "sub"
    slot.mkdir(parents=True)
    with open(slot / "a.pdf", "wb") as writer:
        writer.write(b"half")
        writer.flush()
        await folder.look()
        assert ledger.rows == []
        assert files(drop.path / "sub") == {"a.pdf": b"half"}
        writer.write(b" whole")
    await look_twice(folder)
    assert files(drop.path / "done") == {"sub/a.pdf": b"half whole"}


async def test_cancelled_in_the_middle_and_started_again(drop: Drop, tmp_path: Path) -> None:
    ledger = JournalLedger(tmp_path / "journal")
    for number in range(60):
        (drop.path / f"{number}.txt").write_text(str(number))
    while len(ledger.rows) < 60 or files(drop.path / ".taking"):
        task = asyncio.create_task(drop_folder(drop, ledger).run())
        await asyncio.sleep(random.uniform(0, STAND * 4))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert sorted(ledger.places) == sorted(f"{number}.txt" for number in range(60))
    assert len(files(drop.path / "done")) == 60


def test_killed_at_random_moments_each_file_is_one_item(tmp_path: Path) -> None:
    folder, journal = tmp_path / "drop", tmp_path / "journal"
    folder.mkdir()
    total = 120
    for number in range(total):
        (folder / f"sub{number % 3}").mkdir(exist_ok=True)
        (folder / f"sub{number % 3}" / f"{number}.txt").write_text(str(number))
    ledger = JournalLedger(journal)
    deadline = time.monotonic() + 90
    while len(files(folder / "done")) < total and time.monotonic() < deadline:
        child = subprocess.Popen([sys.executable, "-m", "tests.servers.drop_ledger", folder, journal], cwd=ROOT)
        before = len(ledger.rows)
        while len(ledger.rows) == before and child.poll() is None and time.monotonic() < deadline:
            if len(files(folder / "done")) == total:
                break
            time.sleep(0.005)
        time.sleep(random.uniform(0, 0.05))
        child.kill()
        child.wait()
    assert sorted(int(Path(row["place"]).stem) for row in ledger.rows) == list(range(total))
    kept = [content for name, content in files(folder / "done").items() if content]
    assert sorted(map(int, kept)) == list(range(total))
