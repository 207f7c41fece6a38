"""The SMTP outbox when the server refuses, hangs, vanishes or talks nonsense: taken, not taken or unknown, nothing between."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mailbot.core.item import Outgoing
from mailbot.errors import DeliveryUnknown, LoginRefused, NotSent
from mailbot.outbox.smtp import SmtpOutbox
from tests.servers.sink import PASSWORD, USER, Fault, Sink
from tests.servers.test_smtp import MAIL, PLAIN, outbox

LARGE = b"Subject: large\r\n\r\n" + b"0123456789abcdef\r\n" * 1_000_000
SHORT = {"timeout_seconds": 0.5}


async def send(box: SmtpOutbox, content: bytes = PLAIN) -> str:
    try:
        return await box.send("desk", MAIL, content)
    finally:
        await box.close()


@pytest.mark.parametrize(
    ("fault", "retry", "says"),
    [
        ("421 greeting", True, "421 4.3.2 too busy"),
        ("drops at greeting", True, "lost|EOF|reset"),
        ("no greeting", True, "Timed out"),
        ("421 at MAIL", True, "421 4.3.2 shutting down"),
        ("drops at MAIL", True, "lost|EOF|reset"),
        ("450 at RCPT", True, "450 4.2.0 greylisted"),
        ("550 at RCPT", False, "550 5.1.1 no such user"),
        ("drops at RCPT", True, "lost|EOF|reset"),
        ("451 at DATA", True, "451 4.3.0 not now"),
        ("drops at DATA", True, "lost|EOF|reset"),
        ("silent at DATA", True, "Timed out"),
        ("552 in content", False, "552 5.3.4 too large"),
        ("451 after content", True, "451 4.3.0 try later"),
        ("554 after content", False, "554 5.6.0 no"),
    ],
)
async def test_certainly_not_sent(fault: Fault, retry: bool, says: str) -> None:
    async with Sink(fault=fault) as sink:
        box = outbox(sink, **(SHORT if says == "Timed out" else {}))
        with pytest.raises(NotSent, match=says) as caught:
            await send(box, LARGE if fault == "552 in content" else PLAIN)
        assert caught.value.retry is retry
        assert not box.may_have_sent(MAIL.message_id)
        assert sink.mails == []


@pytest.mark.parametrize(
    ("fault", "taken", "smtp"),
    [
        ("drops after content", 1, {}),
        ("slow 250", 1, SHORT),
        ("nonsense after content", 1, {}),
        ("drops in content", 0, {}),
        ("stops reading content", 0, SHORT),
    ],
)
async def test_nobody_knows_whether_it_was_sent(fault: Fault, taken: int, smtp: dict[str, Any]) -> None:
    async with Sink(fault=fault) as sink:
        box = outbox(sink, **smtp)
        with pytest.raises(DeliveryUnknown):
            await send(box, LARGE if fault == "stops reading content" else PLAIN)
        assert box.may_have_sent(MAIL.message_id)
        assert len(sink.mails) == taken
        assert sink.connections == 1


async def test_recipients_refused_in_part_are_named() -> None:
    both = Outgoing(message_id="<1@desk.example>", sender=MAIL.sender, recipients=("one@shop.example", "two@shop.example"))
    async with Sink(fault="550 for one of two") as sink:
        box = outbox(sink)
        answer = await box.send("desk", both, PLAIN)
        await box.close()
    assert answer == "250 2.0.0 kept as 1; refused two@shop.example: 550 5.1.1 no such user"
    assert sink.mails[0].recipients == ("one@shop.example",)


async def test_all_refused_is_worth_a_retry_when_one_of_them_said_later() -> None:
    both = Outgoing(message_id="<1@desk.example>", sender=MAIL.sender, recipients=("never@shop.example", "later@shop.example"))
    async with Sink(fault="mixed at RCPT") as sink:
        box = outbox(sink)
        with pytest.raises(NotSent, match=r"never@shop.example: 550.*later@shop.example: 450") as caught:
            await box.send("desk", both, PLAIN)
        await box.close()
    assert caught.value.retry


async def test_no_encryption_no_mail(tmp_path: Any) -> None:
    async with Sink(fault="STARTTLS stripped", security="starttls", login=True, certificate=tmp_path / "cert.pem") as sink:
        with pytest.raises(NotSent, match="never goes on without encryption"):
            await send(outbox(sink, security="starttls", ca_file=sink.ca_file, user=USER, password=PASSWORD))
    assert sink.logins == []
    assert sink.mails == []


async def test_logins() -> None:
    async with Sink(fault="login later", login=True) as sink:
        with pytest.raises(NotSent, match=r"454 4.7.0 later") as caught:
            await send(outbox(sink, user=USER, password=PASSWORD))
        assert caught.value.retry
    async with Sink(fault="no login", login=True) as sink:
        with pytest.raises(LoginRefused, match="no login by password"):
            await send(outbox(sink, user=USER, password=PASSWORD))


async def test_nobody_listens() -> None:
    async with Sink() as sink:
        box = outbox(sink)
    with pytest.raises(NotSent, match=f"127.0.0.1:{sink.port}.*") as caught:
        await send(box)
    assert caught.value.retry


async def test_a_dead_idle_connection_is_replaced_before_anything_is_sent() -> None:
    async with Sink() as sink:
        box = outbox(sink)
        await box.send("desk", MAIL, PLAIN)
        sink.drop_connections()
        await box.send("desk", MAIL, PLAIN)
        assert sink.connections == 2
        assert len(sink.mails) == 2
        await box.close()


async def test_after_a_failure_the_next_send_goes_through() -> None:
    async with Sink() as sink:
        box = outbox(sink, connections=1)
        for fault in ("550 at RCPT", "drops at MAIL", "554 after content"):
            sink.fault = fault
            with pytest.raises(NotSent):
                await box.send("desk", MAIL, PLAIN)
            sink.fault = ""
            await box.send("desk", MAIL, PLAIN)
        await box.close()
        assert len(sink.mails) == 3


async def test_cancelled_says_whether_content_had_begun() -> None:
    for fault, unknown in (("silent at DATA", False), ("no greeting", False), ("slow 250", True)):
        async with Sink(fault=fault) as sink:  # type: ignore[arg-type]
            box = outbox(sink)
            sending = asyncio.create_task(box.send("desk", MAIL, PLAIN))
            async with asyncio.timeout(30):
                while not (sink.mails if unknown else sink.connections and (fault == "no greeting" or "RCPT" in sink.commands)):
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            assert box.may_have_sent(MAIL.message_id) is unknown
            sink.fault = ""
            await box.send("desk", MAIL, PLAIN)
            assert not box.may_have_sent(MAIL.message_id)
            await box.close()


async def test_one_slow_account_does_not_hold_up_another() -> None:
    async with Sink(fault="no greeting") as slow, Sink() as quick:
        box = outbox(slow)
        waiting = asyncio.create_task(box.send("desk", MAIL, PLAIN))
        other = outbox(quick)
        await other.send("desk", MAIL, PLAIN)
        await other.close()
        assert not waiting.done()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
