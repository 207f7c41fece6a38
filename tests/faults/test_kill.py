"""kill -9 at 20 random moments of a 300-mail run on a real IMAP server: nothing lost, nothing doubled, nothing sent twice."""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from mailbot.core.lifecycle import State
from tests.faults.desk_process import DeskProcess, accept_everything, until
from tests.servers.dovecot import Dovecot

MAILS = 300
KILLS = 20
SETTLED = {State.SENT, State.FINISHED, State.DELIVERY_UNKNOWN}


def question(number: int) -> bytes:
    return (
        f"From: Customer {number} <customer{number}@shop.example>\r\nTo: desk@example.org\r\n"
        f"Subject: Question {number}\r\nMessage-ID: <question-{number}@shop.example>\r\n"
        "Date: Mon, 02 Nov 2026 10:00:00 +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        f"Dear team,\r\n\r\nwhen will order {10_000 + number} arrive?\r\n\r\nKind regards\r\n"
    ).encode()


@contextlib.contextmanager
def sink_process(directory: Path):
    """The SMTP sink as a process of its own: it outlives every kill, as a customer's server does."""
    mails, port_file = directory / "delivered", directory / "port"
    mails.mkdir()
    running = subprocess.Popen([sys.executable, "-m", "tests.servers.sink", "--dir", str(mails), "--port-file", str(port_file)])
    try:
        yield mails, port_file
    finally:
        running.terminate()
        running.wait(10)


@pytest.mark.timeout(400)
async def test_kill_anywhere_loses_nothing_and_sends_nothing_twice(dovecot: Dovecot, tmp_path: Path) -> None:
    dice = random.Random(20261123)
    with sink_process(tmp_path) as (mails, port_file):
        await until(lambda: asyncio.to_thread(lambda: port_file.exists() and port_file.read_text().strip()), 30, "the sink listens")
        desk = DeskProcess(tmp_path, desk_config(dovecot, int(port_file.read_text())))
        async with desk.parts() as parts:
            reviewer = asyncio.create_task(accept_everything(parts))
            try:
                for kill in range(KILLS):
                    desk.start()
                    for number in range(kill * MAILS // KILLS, (kill + 1) * MAILS // KILLS):
                        await asyncio.to_thread(dovecot.deliver, "desk", question(number))
                    await until(desk.runs, 60, "the daemon runs")
                    await asyncio.sleep(dice.uniform(0.0, 1.0))
                    await asyncio.to_thread(desk.kill)
                desk.start()
                await until(desk.runs, 60, "the daemon runs")

                async def settled() -> bool:
                    counts = await parts.ledger.counts()
                    return sum(counts.get(state, 0) for state in SETTLED) >= MAILS

                await until(settled, 200, "every mail has settled")
            finally:
                reviewer.cancel()
                await asyncio.gather(reviewer, return_exceptions=True)
            items = await parts.ledger.items(limit=10 * MAILS)
            assert await parts.ledger.verify() == []
        assert desk.stop() == 0
        delivered = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in mails.glob("*.eml")]

    assert Counter(item.message_id for item in items) == Counter(f"<question-{number}@shop.example>" for number in range(MAILS))
    answered = Counter(str(mail["In-Reply-To"]) for mail in delivered)
    assert not {mail: times for mail, times in answered.items() if times > 1}
    sent = {item.message_id for item in items if item.state is State.SENT}
    unknown = {item.message_id for item in items if item.state is State.DELIVERY_UNKNOWN}
    assert sent <= set(answered) <= sent | unknown
    assert {item.state for item in items} <= SETTLED
    assert "missing 0" in desk.call("reconcile").stdout


def desk_config(dovecot: Dovecot, smtp_port: int) -> str:
    return f"""
[people.anna]
roles = ["approver", "reviewer"]
[people.ben]
roles = ["approver"]
[review]
port = 0
[accounts.desk]
address = "desk@example.org"
mode = "live"
start = "all"
save_sent = "never"
smtp = {{ host = "127.0.0.1", port = {smtp_port}, security = "none" }}
[accounts.desk.imap]
host = "127.0.0.1"
port = {dovecot.imaps_port}
ca_file = "{dovecot.ca_file}"
user = "desk"
password = "{dovecot.users["desk"]}"
"""
