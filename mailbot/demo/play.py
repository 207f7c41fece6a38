"""The demo: a whole desk on this machine, with servers on loopback, sample mails and a reviewer who may be played.

mailbot is built and run here exactly as the daemon does it; only the two servers and the samples are the demo's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import json
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailbot import daemon, shipped
from mailbot.config_file import load
from mailbot.core.approval import missing
from mailbot.core.item import Item
from mailbot.core.lifecycle import State
from mailbot.demo.servers import DemoServers
from mailbot.errors import MailbotError
from mailbot.generate.release import can_write_here

SAMPLES = Path(__file__).parent / "samples"
SETTLED = {State.SENT, State.FINISHED, State.QUARANTINED, State.FAILED, State.REFUSED, State.REJECTED, State.DELIVERY_UNKNOWN}
HEADLESS_SECONDS = 180.0
LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One sample as `samples/expected.json` names it: a mail to deliver or a file to drop, and where it should end."""

    name: str
    file: Path
    kind: str
    expected_state: str
    message_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The running demo."""

    parts: daemon.Parts
    servers: DemoServers
    url: str
    drop: Path


def samples() -> list[Sample]:
    """Return the samples in the order they are sent."""
    found = []
    for row in json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8")):
        file = SAMPLES / row["file"]
        message_id = ""
        if row["kind"] == "mail":
            parsed = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            message_id = str(parsed["Message-ID"] or "").strip()
        found.append(
            Sample(name=row["name"], file=file, kind=row["kind"], expected_state=row["expected_state"], message_id=message_id)
        )
    return found


CONFIG = """\
# The demo's desk. While the demo runs, every command works on it: mailbot --config THIS_FILE items
desk = "Payables, Harbour Lane Trading"

[generate]
maker = "{maker}"                     # "model" where TensorFlow is installed, else "template"
timeout_seconds = 150                 # the first draft waits for the model, on a slow machine too

[review]
port = {page_port}

[accounts.payables]
address = "{address}"
name = "Payables, Harbour Lane Trading"
mode = "live"
start = "all"
smtp = {{ host = "127.0.0.1", port = {smtp_port}, security = "none" }}

[accounts.payables.imap]
host = "127.0.0.1"
port = {imap_port}
security = "none"
user = "{user}"
password = "{password}"
mark = "seen"                       # the demo's server keeps no keywords

[drops.scans]
path = "drop"
account = "payables"
stable_seconds = 0.5

[people.anna]
name = "Anna Berg"
address = "anna@harbourlane.example"
roles = ["approver", "reviewer"]

[people.ben]
name = "Ben Okafor"
address = "ben@harbourlane.example"
roles = ["approver"]
"""


def write_config(directory: Path, servers: DemoServers, port: int) -> Path:
    """Write the config of the demo's desk: a live account on the two servers, a drop folder, two people."""
    file = directory / "mailbot.toml"
    text = CONFIG.format(
        maker="model" if can_write_here() else "template",
        page_port=port,
        address=servers.address,
        smtp_port=servers.smtp_port,
        imap_port=servers.imap_port,
        user=servers.user,
        password=servers.password,
    )
    file.write_text(text, encoding="utf-8")
    return file


@asynccontextmanager
async def stage(directory: Path, port: int) -> AsyncIterator[Stage]:
    """Set everything up in an empty directory, run it, and take it down again."""
    for name in ("rules", "templates"):
        shutil.copytree(shipped.folder("rules" if name == "rules" else "templates"), directory / name)
    servers = DemoServers()
    await servers.start()
    try:
        config = load(await asyncio.to_thread(write_config, directory, servers, port))
        async with daemon.build(config) as parts, daemon.running(parts) as url:
            yield Stage(parts=parts, servers=servers, url=url, drop=config.drops["scans"].path)
    finally:
        await servers.stop()


async def send_samples(on: Stage) -> None:
    """Deliver each sample mail and drop each file."""
    for sample in samples():
        if sample.kind == "mail":
            await on.servers.deliver(sample.file.read_bytes())
        else:
            on.drop.mkdir(parents=True, exist_ok=True)
            await asyncio.to_thread(shutil.copyfile, sample.file, on.drop / sample.file.name)


async def play_reviewer(on: Stage) -> None:
    """Approve and accept everything, as the people whom the rules ask, until each sample has settled or time is up."""
    wanted = len(samples())
    until = time.monotonic() + HEADLESS_SECONDS
    while time.monotonic() < until:
        items = await on.parts.ledger.items(limit=10 * wanted)
        if len(items) >= wanted and all(item.state in SETTLED for item in items):
            return
        for item in items:
            with contextlib.suppress(MailbotError):
                await _decide(on, item)
        await asyncio.sleep(LOOK_SECONDS)


async def _decide(on: Stage, item: Item) -> None:
    """Do what the person would whom the item waits for, if it waits for one."""
    desk = on.parts.desk
    if item.state is State.AWAITING_APPROVAL:
        view = await desk.view(item.id)
        for approver in missing(view.route, view.decisions) if view.route else ():
            await desk.approve(item.id, approver, why="demo")
    elif item.state is State.IN_REVIEW:
        await desk.accept(item.id, "anna", acknowledged=True)


async def summary(on: Stage, seconds: float) -> dict[str, Any]:
    """Return the summary that `--headless` prints; `ok` only when each sample ended as expected and each reply arrived once."""
    items = await on.parts.ledger.items(limit=1000)
    arrived = [
        str(email.message_from_bytes(raw, policy=email.policy.default)["Message-ID"] or "").strip() for raw in on.servers.sent
    ]
    rows = [await _row(on, sample, items, arrived) for sample in samples()]
    ok = all(row.pop("ok") for row in rows)
    return {"ok": ok and not await on.parts.ledger.verify(), "seconds": round(seconds, 1), "samples": rows}


async def _row(on: Stage, sample: Sample, items: list[Item], arrived: list[str]) -> dict[str, Any]:
    """Return what became of one sample."""
    row: dict[str, Any] = {
        "name": sample.name, "item": "", "state": "missing", "expected_state": sample.expected_state,
        "route": "", "approved_by": [], "reply_message_id": None, "reason": "no item was made of it", "ok": False,
    }  # fmt: skip
    mine = [item for item in items if _is(item, sample)]
    if len(mine) != 1:
        return row | ({"reason": f"{len(mine)} items were made of it"} if mine else {})
    view = await on.parts.desk.view(mine[0].id)
    reply = view.outgoing.message_id if view.outgoing and mine[0].state is State.SENT else None
    copies = arrived.count(reply) if reply else 0
    once = copies == 1 if mine[0].state is State.SENT else copies == 0
    return row | {
        "item": str(mine[0].id),
        "state": str(mine[0].state),
        "route": view.route.rule if view.route else "",
        "approved_by": [one.approver for one in view.decisions if one.approved],
        "reply_message_id": reply,
        "reason": mine[0].reason if once else f"its reply arrived {copies} times",
        "ok": once and str(mine[0].state) == sample.expected_state,
    }


def _is(item: Item, sample: Sample) -> bool:
    """Return whether an item was made of a sample."""
    if sample.kind == "drop":
        return item.origin.source == "folder" and item.name == sample.file.name
    return item.origin.source == "imap" and item.message_id == sample.message_id and bool(sample.message_id)
