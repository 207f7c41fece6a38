"""The SMTP outbox against a real server: exact bytes, TLS, login, connections used again."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtplib.email import parse_address
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.config import Account, Smtp
from mailbot.core import reply
from mailbot.core.item import Outgoing
from mailbot.core.message import Address
from mailbot.core.mime import routable
from mailbot.errors import ConfigError, LoginRefused, NotFound, NotSent
from mailbot.outbox.smtp import SmtpOutbox
from tests.servers.sink import PASSWORD, USER, Sink

MAIL = Outgoing(message_id="<1@desk.example>", sender="desk@desk.example", recipients=("customer@shop.example",))
PLAIN = b"Subject: hello\r\n\r\nDear customer\r\n"
ROOT = Path(__file__).parents[2]


def outbox(sink: Sink, **smtp: Any) -> SmtpOutbox:
    """An outbox with one account, `desk`, that sends to the sink."""
    values = {"host": "127.0.0.1", "port": sink.port, "security": "none", "timeout_seconds": 20, "connections": 1}
    account = Account(address="desk@desk.example", smtp=Smtp.model_validate(values | smtp))
    return SmtpOutbox({"desk": account, "no smtp": Account(address="x@desk.example")})


@pytest.mark.parametrize(
    "body",
    [
        b".\r\n..\r\n.hidden\r\n\r\n.\r\n",
        b"Trailing space \r\n\r\n\r\n",
        b"From the start\r\n\x00\x01\x7f\r\n",
        b"",
        b"x" * 990 + b"\r\n",
        b"." * 700_000 + b"\r\n",
        b"0123456789\r\n" * 200_000,
    ],
)
async def test_the_exact_bytes_arrive(body: bytes) -> None:
    content = b"Subject: hello\r\n\r\n" + body
    async with Sink() as sink:
        box = outbox(sink)
        long = max(map(len, body.split(b"\r\n"))) > 998
        if long:
            with pytest.raises(NotSent, match="500 Line too long"):
                await box.send("desk", MAIL, content)
        else:
            assert await box.send("desk", MAIL, content) == "250 2.0.0 kept as 1"
            assert [one.content for one in sink.mails] == [content]
            assert sink.mails[0].sender == MAIL.sender
            assert sink.mails[0].recipients == MAIL.recipients
        await box.close()


async def test_eight_bit_content_and_foreign_addresses_are_announced() -> None:
    async with Sink() as sink:
        box = outbox(sink)
        await box.send("desk", MAIL, "Subject: x\r\n\r\nGrüße\r\n".encode())
        foreign = Outgoing(message_id="<2@desk.example>", sender=MAIL.sender, recipients=("jürgen@müller.example",))
        await box.send("desk", foreign, PLAIN)
        await box.send("desk", MAIL, "Subject: Grüße\r\n\r\nx\r\n".encode())
        await box.send("desk", MAIL, PLAIN)
        await box.close()
    said = [{one.partition("=")[0].upper() for one in mail.options} for mail in sink.mails]
    assert said == [{"SIZE", "BODY"}, {"SIZE", "SMTPUTF8"}, {"SIZE", "BODY", "SMTPUTF8"}, {"SIZE"}]
    assert sink.mails[1].recipients == ("jürgen@xn--mller-kva.example",)


async def test_what_the_server_cannot_carry_is_not_sent() -> None:
    async with Sink(fault="no 8BITMIME") as sink:
        box = outbox(sink)
        for recipient, body in (("a@shop.example", "Grüße"), ("jürgen@shop.example", "x")):
            outgoing = Outgoing(message_id="<1@desk.example>", sender=MAIL.sender, recipients=(recipient,))
            with pytest.raises(NotSent, match="cannot carry") as caught:
                await box.send("desk", outgoing, f"Subject: x\r\n\r\n{body}\r\n".encode())
            assert not caught.value.retry
        await box.close()
        assert sink.mails == []


@pytest.mark.parametrize("content", [b"a\nb\r\n", b"a\rb\r\n", b"no end"])
async def test_other_line_ends_are_a_bug_not_a_mail(content: bytes) -> None:
    async with Sink() as sink:
        box = outbox(sink)
        with pytest.raises(NotSent, match="CRLF"):
            await box.send("desk", MAIL, content)
        await box.close()
        assert sink.mails == []


@pytest.mark.parametrize("address", ["", "a@b> SIZE=1", "a@b\r\nDATA", "nobody"])
async def test_an_envelope_cannot_smuggle_commands(address: str) -> None:
    async with Sink() as sink:
        box = outbox(sink)
        for outgoing in (
            Outgoing(message_id="<1@a>", sender=MAIL.sender, recipients=(address,)),
            Outgoing(message_id="<1@a>", sender=address, recipients=MAIL.recipients),
            Outgoing(message_id="<1@a>", sender=MAIL.sender, recipients=()),
        ):
            with pytest.raises(NotSent, match="cannot be used"):
                await box.send("desk", outgoing, PLAIN)
        await box.close()
        assert set(sink.commands) == {"EHLO desk.example"}


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.sampled_from("ab.é中'+-_=/?#%{}~ \u3000\u2003－．＠<>"), max_size=9),
    st.text(st.sampled_from("ab.é中-－．＠ "), max_size=9),
)
def test_the_library_sends_every_usable_address_as_it_stands(local: str, domain: str) -> None:
    address = routable(f"{local}@{domain}")
    if address:
        assert parse_address(address) == address


async def test_a_composed_reply_arrives_byte_for_byte() -> None:
    content = reply.compose(
        sender=Address(name="Rechnungsprüfung", address="desk@desk.example"), recipients=MAIL.recipients, subject="Re: 发票",
        text=".\n收到\n", message=None, message_id=MAIL.message_id, date=datetime(2026, 11, 3, tzinfo=UTC),
        attachments=[("a.pdf", "application/pdf", bytes(range(256)) * 300)],
    )  # fmt: skip
    async with Sink(fault="no 8BITMIME") as sink:
        box = outbox(sink)
        await box.send("desk", MAIL, content)
        await box.close()
    assert sink.mails[0].content == content


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_encrypted_with_login(tmp_path: Path, security: str) -> None:
    async with Sink(security=security, login=True, certificate=tmp_path / "cert.pem") as sink:  # type: ignore[arg-type]
        box = outbox(sink, security=security, ca_file=sink.ca_file, user=USER, password=PASSWORD)
        for _ in range(2):
            await box.send("desk", MAIL, PLAIN)
        await box.check("desk")
        await box.close()
    assert len(sink.mails) == 2
    assert sink.logins == [(USER, PASSWORD)] * 2
    assert sink.connections >= 2


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_stranger_with_a_certificate_of_his_own_gets_nothing(tmp_path: Path, security: str) -> None:
    async with Sink(security=security, login=True, certificate=tmp_path / "cert.pem") as sink:  # type: ignore[arg-type]
        box = outbox(sink, security=security, user=USER, password=PASSWORD)
        with pytest.raises(NotSent, match="set ca_file to the authority") as caught:
            await box.send("desk", MAIL, PLAIN)
        await box.close()
    assert caught.value.retry
    assert sink.logins == []
    assert sink.mails == []


async def test_a_ca_file_or_password_that_is_none_says_so(tmp_path: Path) -> None:
    async with Sink() as sink:
        with pytest.raises(ConfigError, match="ca_file"):
            await outbox(sink, security="tls", ca_file=tmp_path / "none.pem").send("desk", MAIL, PLAIN)
        with pytest.raises(ConfigError, match="password_file"):
            await outbox(sink, user=USER, password_file=tmp_path / "none").send("desk", MAIL, PLAIN)


async def test_an_open_connection_is_used_again_after_it_answered() -> None:
    async with Sink() as sink:
        box = outbox(sink)
        for _ in range(3):
            await box.send("desk", MAIL, PLAIN)
        assert sink.connections == 1
        assert sink.commands.count("NOOP") == 2
        await box.close()


async def test_no_more_connections_than_the_account_allows() -> None:
    async with Sink() as sink:
        box = outbox(sink, connections=3)
        await asyncio.gather(*(box.send("desk", MAIL, PLAIN) for _ in range(30)))
        assert len(sink.mails) == 30
        assert sink.connections <= 3
        await box.close()


async def test_a_refused_login_is_not_repeated() -> None:
    async with Sink(fault="refuses login", login=True) as sink:
        box = outbox(sink, user=USER, password=PASSWORD)
        for _ in range(3):
            with pytest.raises(LoginRefused, match=r"535 5.7.8"):
                await box.send("desk", MAIL, PLAIN)
        assert sink.logins == [(USER, PASSWORD)]
        await box.close()


async def test_a_new_password_is_tried_at_once(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("wrong\n")
    async with Sink(login=True) as sink:
        box = outbox(sink, user=USER, password_file=secret)
        with pytest.raises(LoginRefused):
            await box.send("desk", MAIL, PLAIN)
        secret.write_text(PASSWORD + "\n")
        await box.send("desk", MAIL, PLAIN)
        await box.close()
    assert [password for _, password in sink.logins] == ["wrong", PASSWORD]


async def test_an_account_without_smtp_cannot_send() -> None:
    async with Sink() as sink:
        box = outbox(sink)
        for account in ("no smtp", "unknown"):
            with pytest.raises(NotFound, match="no smtp section"):
                await box.send(account, MAIL, PLAIN)
            with pytest.raises(NotFound, match="no smtp section"):
                await box.check(account)


async def test_the_sink_as_a_process_keeps_mails_in_a_directory(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.servers.sink", "--dir", tmp_path, "--port-file", port_file, cwd=ROOT, stderr=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(60):
            while not port_file.exists():
                await asyncio.sleep(0.05)
        sink = Sink()
        sink.port = int(port_file.read_text())
        box = outbox(sink)
        for _ in range(2):
            await box.send("desk", MAIL, PLAIN)
        await box.close()
        assert sorted(one.name for one in tmp_path.glob("*.eml")) == ["000001.eml", "000002.eml"]
        assert (tmp_path / "000001.eml").read_bytes() == PLAIN
    finally:
        process.terminate()
        await process.communicate()
