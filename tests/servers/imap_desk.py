"""One account watched for a test: a real ledger in a folder, the mailbox's task, and waits with a generous end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mailbot.config import Account
from mailbot.core.item import Item
from mailbot.inbox.imap import ImapMailbox
from mailbot.ledger.sql import SqlLedger
from mailbot.ports import PartStatus


def now() -> datetime:
    return datetime.now(UTC)


def account(imap: dict[str, Any], **more: Any) -> Account:
    return Account.model_validate({"address": "desk@example.org", "imap": imap, **more})


def mail(number: int | str, body: str = "hello") -> bytes:
    lines = [
        f"Message-ID: <{number}@test.example>",
        "From: Ann <ann@example.net>",
        "To: desk@example.org",
        f"Subject: mail {number}",
        "",
        body,
        "",
    ]
    return "\r\n".join(lines).encode()


async def until(condition: Callable[[], Awaitable[Any]], *, what: str, seconds: float = 60) -> Any:
    """Return what `condition` returns once it is true."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                if found := await condition():
                    return found
                await asyncio.sleep(0.05)
    raise AssertionError(f"did not happen within {seconds:g} s: {what}")


@dataclass
class ImapDesk:
    """`wakes` counts the calls of on_arrival."""

    ledger: SqlLedger
    mailbox: ImapMailbox
    task: asyncio.Task[None]
    wakes: list[int]

    async def items(self) -> list[Item]:
        return sorted(await self.ledger.items(limit=5000), key=lambda item: item.id)

    async def contents(self) -> list[bytes]:
        return [await self.ledger.blob(item.sha256) for item in await self.items()]

    async def arrived(self, count: int) -> list[Item]:
        """Return the items once there are `count` of them or more."""

        async def enough() -> list[Item] | None:
            items = await self.items()
            return items if len(items) >= count else None

        try:
            return await until(enough, what=f"{count} items")
        except AssertionError as error:
            raise AssertionError(f"{error}; {len(await self.items())} items, {await self.ledger.statuses()}") from None

    async def status(self) -> PartStatus | None:
        return next((one for one in await self.ledger.statuses() if one.part == "imap:desk"), None)

    async def state(self, state: str) -> PartStatus:
        """Return the status once it is `state`."""

        async def reached() -> PartStatus | None:
            status = await self.status()
            return status if status is not None and status.state == state else None

        try:
            return await until(reached, what=f"state {state}")
        except AssertionError as error:
            raise AssertionError(f"{error}; {await self.ledger.statuses()}") from None


@contextlib.asynccontextmanager
async def watching(account: Account, folder: Path, *, clock: Callable[[], datetime] = now) -> AsyncIterator[ImapDesk]:
    """Run the account as `desk` against the ledger in `folder`, and stop it at the end."""
    ledger = await SqlLedger.open(folder, clock=now)
    wakes: list[int] = []
    mailbox = ImapMailbox("desk", account, ledger, on_arrival=lambda: wakes.append(1), clock=clock)
    task = asyncio.create_task(mailbox.run(), name="watching")
    try:
        yield ImapDesk(ledger, mailbox, task, wakes)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await ledger.close()
