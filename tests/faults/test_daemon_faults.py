"""What goes wrong around the daemon: parts that fail while they stop, a state directory taken away, a deaf server."""

from __future__ import annotations

import asyncio
import fcntl
import json
import shutil
import socket
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mailbot import checkup, daemon, summary
from mailbot.clock import is_running, now, only_daemon
from mailbot.config import Config
from mailbot.config_file import parse
from mailbot.core.item import Arrival, Change, Happening, Origin
from mailbot.core.lifecycle import Event, State
from mailbot.errors import ConfigError, DiskFull
from mailbot.ports import PartStatus
from tests.faults.desk_process import DeskProcess, until
from tests.faults.test_kill import question
from tests.servers.dovecot import Dovecot
from tests.servers.test_daemon import PEOPLE, account, states


def config(directory: Path) -> Config:
    return parse({"drops": {"scans": {"path": "drop"}}, "review": {"enabled": False}}, file=directory / "mailbot.toml")


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[daemon.Parts]:
    async with daemon.build(config(tmp_path)) as built:
        yield built


async def status_of(parts: daemon.Parts, name: str) -> PartStatus | None:
    return next((one for one in await parts.ledger.statuses() if one.part == name), None)


async def test_a_part_that_fails_while_it_stops_does_not_hold_up_the_stop(parts: daemon.Parts, tmp_path: Path) -> None:
    async def fails_at_the_stop() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise DiskFull("the disk takes no more")

    task = asyncio.create_task(daemon._supervised(parts, "dispatcher", fails_at_the_stop))
    await asyncio.sleep(0.1)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=20)
    assert done == {task}


async def test_a_part_that_works_again_says_so(parts: daemon.Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "RESTART_FIRST", 0.05)
    calls = 0

    async def fails_once() -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ValueError("by surprise")
        await asyncio.Event().wait()

    task = asyncio.create_task(daemon._supervised(parts, "dispatcher", fails_once))

    async def well() -> bool:
        status = await status_of(parts, "dispatcher")
        return status is not None and status.state == "ok" and "by surprise" in status.detail

    await until(well, 30, "the status says ok again")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_every_failed_file_is_moved_however_many_failed_since(parts: daemon.Parts, tmp_path: Path) -> None:
    done = tmp_path / "drop" / "done"
    done.mkdir(parents=True)
    (tmp_path / "drop" / "bad.zip").write_bytes(b"PK")
    (folder,) = parts.folders.values()
    for _ in range(3):
        await folder.look()
        await asyncio.sleep(0)
    later = asyncio.get_running_loop().time() + 30
    while not await parts.ledger.items() and asyncio.get_running_loop().time() < later:
        await folder.look()
        await asyncio.sleep(0.2)
    mails = [
        Arrival(
            origin=Origin(source="imap", account="scans", place="INBOX", uidvalidity=1, uid=uid),
            name="message.eml", content=b"x",
        )
        for uid in range(1, 250)
    ]  # fmt: skip
    numbers = [1, *(one for one in await parts.ledger.receive(mails) if one)]
    failed = (
        Happening(event=Event.READING_STARTED, actor="mailbot"),
        Happening(event=Event.FOUND_HOSTILE, actor="mailbot", cause="a bomb"),
    )
    changes = [Change(item=number, expected=State.RECEIVED, happenings=failed) for number in numbers]
    await asyncio.gather(*map(parts.ledger.record, changes))
    task = asyncio.create_task(daemon._sort_out_failed(parts))

    async def moved() -> bool:
        return (tmp_path / "drop" / "failed" / "bad.zip").exists()

    await until(moved, 30, "the file lies in failed/")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_to_ask_whether_a_daemon_runs_never_keeps_one_from_starting(tmp_path: Path) -> None:
    with only_daemon(tmp_path):
        assert is_running(tmp_path)
        with pytest.raises(ConfigError, match="runs on this state directory already"), only_daemon(tmp_path):
            pass
    assert not is_running(tmp_path)
    assert not is_running(tmp_path / "nowhere")
    with open(tmp_path / "daemon.lock") as asking:  # as is_running holds it for a moment
        fcntl.flock(asking, fcntl.LOCK_SH)
        assert not is_running(tmp_path)
        threading.Timer(0.1, lambda: fcntl.flock(asking, fcntl.LOCK_UN)).start()
        with only_daemon(tmp_path) as holds:
            assert holds()


async def test_the_daemon_ends_when_its_state_directory_is_taken_away(tmp_path: Path) -> None:
    desk = DeskProcess(tmp_path, PEOPLE)
    desk.start()

    async def running() -> bool:
        return "mailbot runs" in desk.log.read_text()

    await until(running, 60, "the daemon runs")
    shutil.move(tmp_path / "state", tmp_path / "elsewhere")
    assert await asyncio.to_thread(desk.ended, 60) == 5
    assert "was deleted or replaced" in desk.log.read_text()
    assert "Traceback" not in desk.log.read_text()


class Deaf:
    """An SMTP server that takes connections and never says a word."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]


async def test_sigterm_while_the_mail_server_hangs_gives_the_reply_back(tmp_path: Path) -> None:
    deaf = Deaf()
    with Dovecot({"payables": "one"}) as dovecot:
        dovecot.deliver("payables", question(1))
        desk = DeskProcess(tmp_path, PEOPLE + account("payables", dovecot, deaf.port))
        desk.start()
        try:

            async def counts(state: State) -> bool:
                return (await states(desk)).get(state, 0) == 1

            await until(lambda: counts(State.IN_REVIEW), 60, "it is drafted")
            accepted = await asyncio.to_thread(desk.call, "--as", "anna", "review", "accept", "1", "--acknowledge")
            assert accepted.returncode == 0, accepted.stderr
            await until(lambda: counts(State.SENDING), 60, "it is being sent")
            start = time.monotonic()
        finally:
            code = await asyncio.to_thread(desk.stop)
        took = time.monotonic() - start
        assert code == 0
        assert took < 20  # the promise is 10 s; the rest is this machine
        shown = json.loads(desk.call("show", "1", "--json").stdout)
        assert shown["state"] == "queued"
        assert shown["history"][-1]["cause"] == "mailbot was stopped before the content left"
        async with desk.parts() as parts:
            assert [item.lease_until for item in await parts.ledger.items()] == [None]
    deaf.listener.close()


async def test_an_account_taken_out_of_the_config_is_not_reported_any_more(parts: daemon.Parts) -> None:
    for name in ("imap:old", "folder:scans", "dispatcher"):
        await parts.ledger.set_status(PartStatus(part=name, state="ok", detail="", since=now()))
    shown = await summary.status(parts.config)
    assert [one["part"] for one in shown["parts"]] == ["dispatcher", "folder:scans"]


async def test_a_check_that_breaks_does_not_hide_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "_rules", lambda config: 1 / 0)
    results = {one.what: one for one in await checkup.check_all(config(tmp_path))}
    assert (results["rules"].ok, results["rules"].exit_code) == (False, 5)
    assert "ZeroDivisionError" in results["rules"].detail
    assert results["state directory"].ok
