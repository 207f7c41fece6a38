"""An account against a server that lies, hangs and breaks off: nothing hangs, nothing is lost, nothing comes twice."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mailbot.config import Account
from mailbot.core.item import Arrival, HighWater
from mailbot.errors import DiskFull, LoginRefused, Unreachable
from mailbot.inbox import imap, imap_intake
from mailbot.inbox.reconcile import reconcile
from mailbot.ledger.sql import SqlLedger
from tests.faults.imap_script import ScriptedServer
from tests.servers.imap_desk import account, mail, now, until, watching

MAILS = {uid: mail(uid) for uid in range(1, 6)}

PASSING = [
    "no greeting",
    "bye at once",
    "another protocol",
    *(
        f"{what} {name}"
        for what in ("silence in", "eof in", "bye in")
        for name in ("CAPABILITY", "LOGIN", "SELECT", "SEARCH", "FETCH", "BODY")
    ),
    "silence in STORE",
    "eof in STORE",
    "silence in IDLE",
    "eof in IDLE",
    "eof while idling",
    "bye while idling",
    "idle ends by itself",
    "silence after DONE",
    "NO to LOGIN",
    "NO to SELECT",
    "NO to SEARCH",
    "NO to FETCH",
    "NO to BODY",
    "NO to STORE",
    "NO to IDLE",
    "garbage in SEARCH",
    "garbage in FETCH",
    "garbage in BODY",
    "garbage in IDLE",
    "another tag in BODY",
    "unbalanced answer to BODY",
    "half a literal",
    "a literal larger than memory",
    "slow drip",
    "1,500 lines",
    "one mail cuts the connection",
    "one mail is refused",
    "one mail is NIL",
    "one mail is empty",
    "one mail is left out",
]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "FIRST_DELAY", 0.02)
    monkeypatch.setattr(imap, "LONGEST_DELAY", 0.2)


def desk(server: ScriptedServer, **options: Any) -> Account:
    options = {"timeout_seconds": 0.4, "poll_seconds": 0.5} | options
    base = {"host": "127.0.0.1", "port": server.port, "security": "none", "user": "desk", "password": "top secret"}
    return account(base | options, start="all")


@pytest.mark.parametrize("fault", PASSING)
async def test_a_passing_fault_loses_nothing(fault: str, tmp_path: Path) -> None:
    async with ScriptedServer(MAILS, fault).running() as server, watching(desk(server), tmp_path) as one:
        await one.arrived(5)
        server.push(6, mail(6))
        await one.arrived(6)
        await one.state("ok")
        assert sorted(await one.contents()) == sorted(mail(uid) for uid in range(1, 7))
        assert {item.origin.uid for item in await one.items()} == set(range(1, 7))

        async def reached() -> bool:
            mark = await one.ledger.high_water("desk", "INBOX")
            return mark is not None and mark.uid == 6

        await until(reached, what="the mark stands at the last mail")
        assert [count.missing for count in await reconcile(one.mailbox, one.ledger, "desk")] == [0]


@pytest.mark.parametrize(
    "fault", ["one mail cuts the connection", "one mail is refused", "one mail is NIL", "one mail is empty", "one mail is left out"]
)
async def test_one_bad_mail_neither_blocks_nor_is_passed_over(fault: str, tmp_path: Path) -> None:
    later = datetime.timedelta()
    async with (
        ScriptedServer(MAILS, fault, times=None).running() as server,
        watching(desk(server), tmp_path, clock=lambda: now() + later) as one,
    ):
        await one.arrived(4)

        async def given_up() -> bool:
            status = await one.status()
            # after the third try it is left alone for an hour, so the connection holds and the status is about this mail
            return status is not None and "UID 3 of INBOX" in status.detail and status.state == "trouble"

        await until(given_up, what="the status names the mail")
        server.push(6, mail(6))
        await one.arrived(5)
        assert [item.origin.uid for item in await one.items()].count(3) == 0
        mark = await one.ledger.high_water("desk", "INBOX")
        assert mark is not None
        assert mark.uid == 2
        server.fault = ""
        later = imap_intake.RETRY_AFTER
        await one.arrived(6)
        await one.state("ok")
        assert {item.origin.uid for item in await one.items()} == {1, 2, 3, 4, 5, 6}


async def test_mails_above_a_bad_one_are_not_taken_twice_after_a_restart(tmp_path: Path) -> None:
    async with ScriptedServer(MAILS, "one mail is refused", times=None).running() as server:
        async with watching(desk(server), tmp_path) as one:
            await one.arrived(4)
        server.commands.clear()
        server.fault = ""
        async with watching(desk(server), tmp_path) as one:
            await one.arrived(5)
            await one.state("ok")
        fetched = [command for command in server.commands if "BODY.PEEK" in command]
        assert fetched == ["UID FETCH 3 (UID BODY.PEEK[])"]


async def test_a_bad_mail_that_is_moved_away_is_forgotten(tmp_path: Path) -> None:
    async with (
        ScriptedServer(MAILS, "one mail is NIL", times=None).running() as server,
        watching(desk(server), tmp_path) as one,
    ):
        await one.arrived(4)
        await one.state("trouble")
        del server.mails[3]
        await one.state("ok")
        mark = await one.ledger.high_water("desk", "INBOX")
        assert mark is not None
        assert mark.uid == 5


async def test_a_new_uidvalidity_ends_what_was_known_to_fail(tmp_path: Path) -> None:
    async with (
        ScriptedServer(MAILS, "one mail is NIL", times=None).running() as server,
        watching(desk(server), tmp_path) as one,
    ):
        await one.arrived(4)
        await one.state("trouble")
        server.fault, server.uidvalidity = "", 8
        await one.arrived(5)
        await one.state("ok")
        assert len(await one.items()) == 5
        assert [count.missing for count in await reconcile(one.mailbox, one.ledger, "desk")] == [0]


async def test_a_server_that_gives_less_than_asked_for(tmp_path: Path) -> None:
    large = mail("large", "0123456789abcde\r\n" * 100_000)
    async with (
        ScriptedServer({1: large, 3: mail(3)}, "pieces come short", times=None).running() as server,
        watching(desk(server, timeout_seconds=30), tmp_path) as one,
    ):
        await one.arrived(2)
        assert await one.contents() == [large, mail(3)]


async def test_three_thousand_fetch_lines(tmp_path: Path) -> None:
    mails = {uid: mail(uid) for uid in range(1, 1501)}
    async with (
        ScriptedServer(mails, "1,500 lines").running() as server,
        watching(desk(server, timeout_seconds=30), tmp_path) as one,
    ):
        await one.arrived(1500)
        assert server.seen == 1


async def test_without_idle_it_polls(tmp_path: Path) -> None:
    async with ScriptedServer(MAILS).running() as server:
        server.capabilities = "IMAP4rev1"
        async with watching(desk(server), tmp_path) as one:
            await one.arrived(5)
            server.mails[6] = mail(6)
            await one.arrived(6)
            assert not [command for command in server.commands if command == "IDLE"]


async def test_nothing_is_marked_where_keywords_are_not_kept(tmp_path: Path) -> None:
    async with ScriptedServer(MAILS).running() as server:
        server.permanent_flags = "\\Seen"
        async with watching(desk(server), tmp_path) as one:
            await one.arrived(5)
            assert "keywords" in (await one.state("ok")).detail
            assert not [command for command in server.commands if "STORE" in command]


async def test_moving_without_move_deletes_only_these(tmp_path: Path) -> None:
    async with ScriptedServer(MAILS).running() as server, watching(desk(server, mark="move"), tmp_path) as one:
        await one.arrived(5)
        await one.state("ok")
        assert server.commands.count("UID EXPUNGE 1:5") == 1
        assert not [command for command in server.commands if command.startswith("EXPUNGE")]


async def test_a_passing_refusal_to_log_in_is_tried_again_and_a_lasting_one_is_not(tmp_path: Path) -> None:
    class Refusing(ScriptedServer):
        word = "[UNAVAILABLE] try later"

        async def _fault_before(self, name: str, tag: str, rest: str, writer: Any) -> bool:
            if name == "LOGIN" and self.word:
                writer.write(f"{tag} NO {self.word}\r\n".encode())
                return True
            return False

    async with Refusing(MAILS).running() as server, watching(desk(server), tmp_path) as one:
        assert "try later" in (await one.state("trouble")).detail
        server.word = "[AUTHENTICATIONFAILED] no"
        status = await one.state("stopped")
        await one.task
        assert "top secret" not in status.detail
        with pytest.raises(LoginRefused):
            await one.mailbox.server_uids()


async def test_calls_beside_the_watch_raise_and_do_not_hang(tmp_path: Path) -> None:
    async with ScriptedServer(MAILS).running() as server, watching(desk(server), tmp_path) as one:
        await one.arrived(5)
        await one.state("ok")
        server.times = None
        for fault in ("silence in LIST", "eof in LIST", "NO to LIST", "bye in LIST", "garbage in LIST"):
            server.fault = fault
            with pytest.raises(Unreachable):
                await one.mailbox.find_sent("<a@b>")
            with pytest.raises(Unreachable):
                await one.mailbox.save_sent(mail("reply"))


async def test_a_full_disk_delays_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored, full = SqlLedger.receive, True

    async def receive(self: SqlLedger, arrivals: Sequence[Arrival], mark: HighWater | None = None) -> list[int | None]:
        if full:
            raise DiskFull("no space left", remedy="make some")
        return await stored(self, arrivals, mark)

    monkeypatch.setattr(SqlLedger, "receive", receive)
    async with ScriptedServer(MAILS).running() as server, watching(desk(server), tmp_path) as one:
        assert "no space left" in (await one.state("trouble")).detail
        assert not [command for command in server.commands if "STORE" in command]
        full = False
        await one.arrived(5)
        await one.state("ok")


async def test_a_status_that_cannot_be_kept_stops_no_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def set_status(self: SqlLedger, status: object) -> None:
        raise RuntimeError("the status table is gone")

    monkeypatch.setattr(SqlLedger, "set_status", set_status)
    async with ScriptedServer(MAILS).running() as server, watching(desk(server), tmp_path) as one:
        await one.arrived(5)
        server.push(6, mail(6))
        await one.arrived(6)


async def test_stopping_at_any_moment_leaves_a_ledger_to_go_on_from(tmp_path: Path) -> None:
    mails = {uid: mail(uid) for uid in range(1, 201)}
    async with ScriptedServer(mails).running() as server:
        for count in range(1, 20):
            server.commands.clear()
            async with watching(desk(server, timeout_seconds=30), tmp_path), asyncio.timeout(60):
                while len(server.commands) < count and "IDLE" not in server.commands:
                    await asyncio.sleep(0)
        async with watching(desk(server, timeout_seconds=30), tmp_path) as one:
            await one.arrived(200)
            await one.state("ok")
            assert sorted(item.origin.uid for item in await one.items()) == list(range(1, 201))


async def test_one_mail_under_two_labels_of_gmail_is_one_item(tmp_path: Path) -> None:
    async with ScriptedServer(MAILS).running() as server:
        server.capabilities = "IMAP4rev1 IDLE X-GM-EXT-1"
        async with watching(desk(server, folders=("INBOX", "Invoices")), tmp_path) as one:
            await one.state("ok")
            assert len(await one.items()) == 5


async def test_gmail_files_sent_mail_itself(tmp_path: Path) -> None:
    async with ScriptedServer(MAILS).running() as server:
        server.capabilities = "IMAP4rev1 IDLE X-GM-EXT-1"
        async with watching(desk(server), tmp_path) as one:
            await one.mailbox.save_sent(mail("reply"))
            assert not [command for command in server.commands if command.startswith("APPEND")]


def test_the_delays_grow_and_end() -> None:
    delays = [imap.backoff("desk", number) for number in range(40)]
    assert delays[0] < 0.03
    assert max(delays) <= imap.LONGEST_DELAY * 1.25
    assert delays == [imap.backoff("desk", number) for number in range(40)]
    assert imap.backoff("desk", 3) != imap.backoff("another", 3)
