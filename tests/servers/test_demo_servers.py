"""The demo's servers, asked with the standard library's own clients."""

from __future__ import annotations

import asyncio
import imaplib
import smtplib
from collections.abc import AsyncIterator

import pytest

from mailbot.demo.servers import DemoServers

MAIL = b"From: a@shop.example\r\nTo: payables@harbourlane.example\r\nSubject: Hello\r\nMessage-ID: <1@shop.example>\r\n\r\nHi\r\n"


@pytest.fixture
async def servers() -> AsyncIterator[DemoServers]:
    both = DemoServers()
    await both.start()
    yield both
    await both.stop()


async def test_mail_goes_in_is_pushed_and_comes_out(servers: DemoServers) -> None:
    await servers.deliver(MAIL)

    def read_over_imap() -> list[bytes]:
        with imaplib.IMAP4("127.0.0.1", servers.imap_port, timeout=20) as client:
            client.login(servers.user, servers.password)
            assert client.select("INBOX") == ("OK", [b"1"])
            assert b"IDLE" in client.capability()[1][0]
            found = client.uid("FETCH", "1:*", "(BODY.PEEK[])")[1]
            assert client.append("Sent", "", imaplib.Time2Internaldate(0), MAIL)[0] == "OK"
            return [part[1] for part in found if isinstance(part, tuple)]

    def send_over_smtp() -> None:
        with smtplib.SMTP("127.0.0.1", servers.smtp_port, timeout=20) as client:
            client.sendmail(servers.address, ["a@shop.example"], MAIL)

    assert await asyncio.to_thread(read_over_imap) == [MAIL]
    await asyncio.to_thread(send_over_smtp)
    assert servers.sent == [MAIL]
    await servers.stop()
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection("127.0.0.1", servers.imap_port)


async def test_mail_to_the_desk_arrives_in_its_inbox(servers: DemoServers) -> None:
    def send_and_read() -> bytes:
        with smtplib.SMTP("127.0.0.1", servers.smtp_port, timeout=20) as client:
            client.sendmail("a@shop.example", [servers.address.upper()], MAIL)
        with imaplib.IMAP4("127.0.0.1", servers.imap_port, timeout=20) as client:
            client.login(servers.user, servers.password)
            client.select("INBOX")
            return client.uid("FETCH", "1:*", "(BODY.PEEK[])")[1][0][1]

    assert await asyncio.to_thread(send_and_read) == MAIL
    assert servers.sent == []


async def test_a_waiting_client_is_told_of_new_mail_and_does_not_hold_up_the_stop(servers: DemoServers) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", servers.imap_port)

    async def until(text: bytes) -> bytes:
        async with asyncio.timeout(30):
            while text not in (line := await reader.readline()):
                assert line, "the server closed"
        return line

    for command, answer in ((b"a LOGIN payables demo", b"a OK"), (b"b SELECT INBOX", b"b OK"), (b"c IDLE", b"+ ")):
        writer.write(command + b"\r\n")
        await until(answer)
    await servers.deliver(MAIL)
    assert await until(b"EXISTS") == b"* 1 EXISTS\r\n"
    async with asyncio.timeout(30):
        await servers.stop()
    writer.close()


async def test_a_wrong_password_does_not_get_in(servers: DemoServers) -> None:
    def login() -> None:
        with imaplib.IMAP4("127.0.0.1", servers.imap_port, timeout=20) as client:
            client.login(servers.user, "wrong")

    with pytest.raises(imaplib.IMAP4.error, match="Invalid"):
        await asyncio.to_thread(login)
