"""An account against a real Dovecot: first contact, pushes, folders, marks, a new UIDVALIDITY, restarts, Sent, reconcile."""

from __future__ import annotations

import asyncio
import datetime
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailbot.config import Account
from mailbot.errors import ConfigError, LoginRefused, Unreachable
from mailbot.inbox import imap
from mailbot.inbox.imap import ImapMailbox
from mailbot.inbox.imap_syntax import encode_name
from mailbot.inbox.reconcile import FolderCount, reconcile
from tests.servers.dovecot import Dovecot
from tests.servers.imap_desk import ImapDesk, account, mail, until, watching

DAY = 86400


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with Dovecot() as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "FIRST_DELAY", 0.05)
    monkeypatch.setattr(imap, "LONGEST_DELAY", 0.5)


def desk(server: Dovecot, *, start: str = "all", save_sent: str = "auto", **options: Any) -> Account:
    imap = {
        "host": server.host,
        "port": server.imap_port,
        "security": "none",
        "user": "desk",
        "password": "secret",
        "poll_seconds": 600,
        **options,
    }
    return account(imap, start=start, save_sent=save_sent)


async def counts(one: ImapDesk) -> list[FolderCount]:
    return await reconcile(one.mailbox, one.ledger, "desk")


def subjects(contents: list[bytes]) -> list[str]:
    return sorted(line[9:].decode() for content in contents for line in content.split(b"\r\n") if line.startswith(b"Subject: "))


async def test_push_brings_exact_bytes_once_over_tls(server: Dovecot, tmp_path: Path) -> None:
    settings = desk(server, security="tls", port=server.imaps_port, ca_file=server.ca_file)
    async with watching(settings, tmp_path) as one:
        await one.state("ok")
        server.deliver("desk", mail(1))
        await one.arrived(1)
        for number in range(2, 6):
            server.deliver("desk", mail(number))
        items = await one.arrived(5)
        assert await one.contents() == [mail(number) for number in range(1, 6)]
        assert [item.origin.uid for item in items] == [1, 2, 3, 4, 5]
        assert one.wakes
        assert await counts(one) == [FolderCount(account="desk", folder="INBOX", server=5, ledger=5, missing=0)]
    async with watching(settings, tmp_path) as one:
        await one.state("ok")
        assert len(await one.items()) == 5


async def test_start_new_leaves_old_mail_alone_even_when_uidvalidity_changes(server: Dovecot, tmp_path: Path) -> None:
    long_ago = time.time() - 9 * DAY
    server.create("desk", "Orders")
    for number in range(3):
        server.deliver("desk", mail(f"old {number}"), "Orders", when=long_ago)
    settings = desk(server, start="new", folders=("Orders",))
    async with watching(settings, tmp_path) as one:
        await one.state("ok")
        server.deliver("desk", mail("new 1"), "Orders")
        await one.arrived(1)
        assert await counts(one) == [FolderCount(account="desk", folder="Orders", server=1, ledger=1, missing=0)]
    server.delete("desk", "Orders")
    await asyncio.sleep(1.1)  # a UIDVALIDITY of Dovecot is a time in seconds
    server.create("desk", "Orders")
    for number in range(3):
        server.deliver("desk", mail(f"old {number}"), "Orders", when=long_ago)
    server.deliver("desk", mail("new 1"), "Orders")
    server.deliver("desk", mail("new 2"), "Orders")
    async with watching(settings, tmp_path) as one:
        await one.arrived(2)
        await one.state("ok")
        assert subjects(await one.contents()) == ["mail new 1", "mail new 2"]
        assert await counts(one) == [FolderCount(account="desk", folder="Orders", server=2, ledger=2, missing=0)]


async def test_start_at_a_date(server: Dovecot, tmp_path: Path) -> None:
    today = time.time()
    server.deliver("desk", mail("older"), when=today - 20 * DAY)
    server.deliver("desk", mail("recent"), when=today - 3 * DAY)
    server.deliver("desk", mail("older, put there later"), when=today - 30 * DAY)
    start = (datetime.date.today() - datetime.timedelta(days=10)).isoformat()
    async with watching(desk(server, start=start), tmp_path) as one:
        await one.state("ok")
        server.deliver("desk", mail("old, but it came after first contact"), when=today - 40 * DAY)
        await one.arrived(2)
        assert subjects(await one.contents()) == ["mail old, but it came after first contact", "mail recent"]
        assert await counts(one) == [FolderCount(account="desk", folder="INBOX", server=2, ledger=2, missing=0)]


async def test_reconcile_before_first_contact_and_with_mail_waiting(server: Dovecot, tmp_path: Path) -> None:
    settings = desk(server)
    server.deliver("desk", mail(1))
    async with watching(settings, tmp_path) as one:
        await one.arrived(1)
        await one.state("ok")
    server.deliver("desk", mail(2))
    async with watching(settings, tmp_path) as one:
        one.task.cancel()
        assert await counts(one) == [FolderCount(account="desk", folder="INBOX", server=2, ledger=1, missing=0)]
    async with watching(settings, tmp_path / "another") as one:
        one.task.cancel()
        assert await counts(one) == [FolderCount(account="desk", folder="INBOX", server=2, ledger=0, missing=0)]


async def test_folders_with_odd_names(server: Dovecot, tmp_path: Path) -> None:
    names = ("INBOX", "a* b", "Prüfung & Co", "收件箱", 'quo"te\\d')
    for number, name in enumerate(names):
        if number:
            server.create("desk", encode_name(name))
        server.deliver("desk", mail(name.encode().hex()), encode_name(name))
    async with watching(desk(server, folders=names, poll_seconds=1), tmp_path) as one:
        items = await one.arrived(5)
        assert {item.origin.place for item in items} == set(names)
        server.deliver("desk", mail("polled"), encode_name("收件箱"))
        items = await one.arrived(6)
        assert items[-1].origin.place == "收件箱"
        assert {count.missing for count in await counts(one)} == {0}


async def test_one_mail_in_two_folders_and_one_delivered_again_are_one_item(server: Dovecot, tmp_path: Path) -> None:
    server.create("desk", "Orders")
    settings = desk(server, folders=("INBOX", "Orders"), poll_seconds=1)
    async with watching(settings, tmp_path) as one:
        server.deliver("desk", b"Received: by mx1\r\n" + mail(1))
        await one.arrived(1)
        server.deliver("desk", b"Received: by mx1\r\n" + mail(1), "Orders")
        server.deliver("desk", b"Received: by mx2,\r\n a second try\r\nX-Spam-Score: 3\r\n" + mail(1))
        server.deliver("desk", mail(1, body="another order by a sender that always has the same Message-ID"))
        server.deliver("desk", mail(1).replace(b"Subject: mail 1", b"Subject: mail 2"))
        await one.arrived(3)

        async def all_known() -> bool:
            known = {(count.folder, count.server, count.ledger, count.missing) for count in await counts(one)}
            return known == {("INBOX", 4, 4, 0), ("Orders", 1, 1, 0)}

        await until(all_known, what="each of the five mails is in the ledger")
        assert subjects(await one.contents()) == ["mail 1", "mail 1", "mail 2"]
        first = (await one.items())[0]
        assert [entry.event for entry in await one.ledger.history(first.id)] == ["arrived", "seen_again", "seen_again"]


async def test_a_missing_folder_does_not_stop_the_others(server: Dovecot, tmp_path: Path) -> None:
    async with watching(desk(server, folders=("Nowhere", "INBOX"), poll_seconds=1), tmp_path) as one:
        status = await one.state("trouble")
        assert "Nowhere" in status.detail
        server.deliver("desk", mail(1))
        await one.arrived(1)
        server.create("desk", "Nowhere")
        await one.state("ok")
    async with watching(desk(server, folders=("Nothing",)), tmp_path) as one:
        assert "imap.folders" in (await one.state("trouble")).detail


@pytest.mark.parametrize(("mark", "flag"), [("keyword", "mailbot"), ("seen", "\\Seen"), ("none", None)])
async def test_marks(server: Dovecot, tmp_path: Path, mark: str, flag: str | None) -> None:
    async with watching(desk(server, mark=mark), tmp_path) as one:
        for number in range(3):
            server.deliver("desk", mail(number))
        await one.arrived(3)
        await one.state("ok")

        async def marked() -> bool:
            flags = [flags - {"\\Recent"} for _, flags, _ in server.messages("desk")]
            return flags == [frozenset({flag} if flag else ())] * 3

        await until(marked, what=f"{flag} on each mail")


async def test_moves_and_repairs_moves_after_a_crash(server: Dovecot, tmp_path: Path) -> None:
    for number in range(3):
        server.deliver("desk", mail(number))
    async with watching(desk(server, mark="none"), tmp_path) as one:
        await one.arrived(3)
    async with watching(desk(server, mark="move", move_to="Done/by mailbot"), tmp_path) as one:
        server.deliver("desk", mail(3))
        await one.arrived(4)

        async def moved() -> bool:
            return not server.messages("desk") and len(server.messages("desk", "Done/by mailbot")) == 4

        await until(moved, what="all moved")
        await one.state("ok")
        assert len(await one.items()) == 4


async def test_a_failing_mark_loses_nothing(server: Dovecot, tmp_path: Path) -> None:
    async with watching(desk(server, mark="move", move_to="no//such"), tmp_path) as one:
        server.deliver("desk", mail(1))
        server.deliver("desk", mail(2))
        await one.arrived(2)

        async def noted() -> bool:
            status = await one.status()
            return status is not None and "not marked" in status.detail

        await until(noted, what="a note in the status")
        assert len(server.messages("desk")) == 2
        server.deliver("desk", mail(3))
        await one.arrived(3)


async def test_a_new_uidvalidity_while_watching(server: Dovecot, tmp_path: Path) -> None:
    server.create("desk", "Orders")
    for number in range(60):
        server.deliver("desk", mail(number), "Orders")
    async with watching(desk(server, folders=("Orders",), poll_seconds=1), tmp_path) as one:
        await one.arrived(60)
        server.delete("desk", "Orders")
        await asyncio.sleep(1.1)
        server.create("desk", "Orders")
        for number in range(50, 120):
            server.deliver("desk", mail(number), "Orders")
        await one.arrived(120)

        async def all_there() -> bool:
            return await counts(one) == [FolderCount(account="desk", folder="Orders", server=70, ledger=70, missing=0)]

        await until(all_there, what="the whole new mailbox reconciles")
        assert len(await one.items()) == 120


async def test_the_server_restarts_and_stays_away_a_while(server: Dovecot, tmp_path: Path) -> None:
    async with watching(desk(server), tmp_path) as one:
        server.deliver("desk", mail(1))
        await one.arrived(1)
        await one.state("ok")
        server.stop()
        assert (await one.state("trouble")).detail
        server.start()
        server.deliver("desk", mail(2))
        await one.arrived(2)
        await one.state("ok")
        assert await one.contents() == [mail(1), mail(2)]


async def test_a_refused_login_stops_the_account(server: Dovecot, tmp_path: Path) -> None:
    async with watching(desk(server, password="wrong"), tmp_path) as one:
        async with asyncio.timeout(60):
            await one.task
        status = await one.state("stopped")
        assert "desk" in status.detail
        assert "wrong" not in status.detail
        with pytest.raises(LoginRefused):
            await one.mailbox.find_sent("<x@y>")


async def test_a_password_outside_ascii(tmp_path: Path) -> None:
    with Dovecot({"desk": "geheim"}) as server:
        (server.home / "users").write_text('desk:{PLAIN}päss"wört\\\n')
        async with watching(desk(server, password='päss"wört\\'), tmp_path) as one:
            await one.state("ok")


async def test_an_untrusted_certificate_and_a_missing_authority(server: Dovecot, tmp_path: Path) -> None:
    async with watching(desk(server, security="tls", port=server.imaps_port), tmp_path / "a") as one:
        assert "imap.ca_file" in (await one.state("trouble")).detail
    settings = desk(server, security="tls", port=server.imaps_port, ca_file=tmp_path / "none.pem")
    async with watching(settings, tmp_path / "b") as one:
        assert "imap.ca_file" in (await one.state("trouble")).detail


async def test_large_mail_in_pieces_and_too_large_mail_by_its_header(server: Dovecot, tmp_path: Path) -> None:
    large = mail("large", "0123456789abcde\r\n" * 190_000)
    exact = mail("exact", "")
    exact += b"x" * (2 * 1024 * 1024 - len(exact))
    huge = mail("huge", "0123456789abcde\r\n" * 300_000)
    async with watching(desk(server, max_message_bytes=4_000_000), tmp_path) as one:
        for content in (mail(1), large, huge, exact, mail(2)):
            server.deliver("desk", content)
        await one.arrived(5)
        first, got, cut, whole, last = await one.contents()
        assert (first, last) == (mail(1), mail(2))
        assert got == large
        assert whole == exact
        assert cut == b"X-Mailbot-Truncated: %d\r\n" % len(huge) + huge.split(b"\r\n\r\n")[0] + b"\r\n\r\n"


async def test_many_mails(server: Dovecot, tmp_path: Path) -> None:
    for number in range(450):
        server.deliver("desk", mail(number))
    async with watching(desk(server), tmp_path) as one:
        items = await one.arrived(450)
        assert sorted(item.origin.uid for item in items) == list(range(1, 451))


@pytest.mark.parametrize("sent", [True, False])
async def test_sent(sent: bool, tmp_path: Path) -> None:
    with Dovecot(sent=sent) as server:
        async with watching(desk(server), tmp_path) as one:
            assert not await one.mailbox.find_sent("<reply@test.example>")
            await one.mailbox.save_sent(mail("reply"))
            await one.mailbox.save_sent(mail("reply"))
            assert await one.mailbox.find_sent("<reply@test.example>")
            assert not await one.mailbox.find_sent("<other@test.example>")
            assert not await one.mailbox.find_sent("<bad\r\nid@test.example>")
            ((_, flags, content),) = server.messages("desk", "Sent")
            assert content == mail("reply")
            assert "\\Seen" in flags


async def test_never_saved_when_the_config_says_so(server: Dovecot, tmp_path: Path) -> None:
    async with watching(desk(server, save_sent="never"), tmp_path) as one:
        await one.mailbox.save_sent(mail("reply"))
        assert server.messages("desk", "Sent") == []


async def test_sent_by_name_where_special_use_is_unknown(tmp_path: Path) -> None:
    with Dovecot(sent=False) as server:
        conf = server.home / "dovecot.conf"
        conf.write_text(conf.read_text().replace("    special_use = \\Sent\n", ""))
        server.stop()
        server.start()
        server.create("desk", encode_name("Gesendete Elemente"))
        async with watching(desk(server), tmp_path) as one:
            await one.mailbox.save_sent(mail("reply"))
            assert len(server.messages("desk", "Gesendete Elemente")) == 1


async def test_nobody_there(server: Dovecot, tmp_path: Path) -> None:
    settings = desk(server)
    server.stop()
    async with watching(settings, tmp_path) as one:
        assert "imap.host" in (await one.state("trouble")).detail
        with pytest.raises(Unreachable):
            await one.mailbox.server_uids()


async def test_settings_that_cannot_work(tmp_path: Path) -> None:
    base = {"host": "127.0.0.1", "user": "desk"}
    for options, word in (({"mark": "move", "move_to": "INBOX"}, "move_to"), ({"folders": ()}, "folders"), (None, "imap")):
        settings = account(base | options) if options else Account(address="desk@example.org")
        with pytest.raises(ConfigError, match=word):
            ImapMailbox("desk", settings, None, on_arrival=lambda: None, clock=datetime.datetime.now)  # type: ignore[arg-type]
