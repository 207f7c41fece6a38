"""Watches one IMAP account: one task owns one connection, and brings every new mail into the ledger, once.

A push is only a hint: what is new is always found by searching above the high-water mark, on connecting, after each push, and at
least every `poll_seconds`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import zlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from mailbot.config import Account, Imap
from mailbot.errors import ConfigError, LoginRefused, MailbotError, Unreachable
from mailbot.inbox import imap_sent, imap_start
from mailbot.inbox.imap_client import CommandRefused, ImapClient
from mailbot.inbox.imap_connect import connect
from mailbot.inbox.imap_intake import Folder, Intake
from mailbot.inbox.imap_mark import Marker
from mailbot.ports import Ledger, PartStatus

log = logging.getLogger(__name__)

FIRST_DELAY = 1.0
LONGEST_DELAY = 300.0
"""Seconds before the first try to reconnect, doubled at each further one up to the longest."""

SETTLED = 60.0
"""A connection that held for so many seconds, or brought mail, starts the delays over."""


class ImapMailbox:
    """One IMAP account (see `mailbot.ports.Mailbox`), called `name`; `on_arrival` is called when items were stored."""

    def __init__(
        self,
        name: str,
        account: Account,
        ledger: Ledger,
        *,
        on_arrival: Callable[[], None],
        clock: Callable[[], datetime],
    ) -> None:
        if account.imap is None:
            raise ConfigError(f"account {name} has no imap section", remedy=f"add [accounts.{name}.imap]")
        if not account.imap.folders:
            raise ConfigError(f"accounts.{name}.imap.folders names no mailbox", remedy='name at least one, such as "INBOX"')
        if account.imap.mark == "move" and account.imap.move_to in account.imap.folders:
            raise ConfigError(
                f"accounts.{name}.imap.move_to: {account.imap.move_to} is watched too",
                remedy="move mails to a mailbox not in folders",
            )
        self._name = name
        self._account = account
        self._imap: Imap = account.imap
        self._ledger = ledger
        self._clock = clock
        self._marker = Marker(name, account.imap)
        self._intake = Intake(name, account.imap, ledger, self._marker, on_arrival=on_arrival, clock=clock)
        self._closed: dict[str, str] = {}
        self._said = ("", "")
        self._since = clock()
        self._side = asyncio.Lock()

    async def run(self) -> None:
        """Watch until cancelled; return only when the login is refused, after the status says so."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began, taken = loop.time(), self._intake.taken
            try:
                async with connect(self._imap) as client:
                    await self._watch(client)
            except LoginRefused as error:
                log.error("account %s stopped: %s", self._name, error)
                await self._say("stopped", str(error))
                return
            except MailbotError as error:
                why = str(error)
            except Exception as error:
                log.exception("account %s: unexpected failure", self._name)
                why = f"unexpected failure ({type(error).__name__}: {error})"
            if loop.time() - began > SETTLED or self._intake.taken > taken:
                failures = 0
            delay = backoff(self._name, failures)
            failures += 1
            log.warning("account %s: %s; next try in %.0f s", self._name, why, delay)
            await self._say("trouble", why)
            await asyncio.sleep(delay)

    async def save_sent(self, content: bytes) -> None:
        """Append a sent reply to the Sent mailbox, unless the server (Gmail files it itself) or the config says not to."""
        if self._account.save_sent == "never":
            return
        async with self._second() as client:
            if self._account.save_sent == "always" or "X-GM-EXT-1" not in client.capabilities:
                await imap_sent.save(client, content)

    async def find_sent(self, message_id: str) -> bool:
        """Return whether the Sent mailbox holds that Message-ID."""
        async with self._second() as client:
            return await imap_sent.find(client, message_id)

    async def server_uids(self) -> dict[str, tuple[int, set[int]]]:
        """Return, for each watched folder, its UIDVALIDITY and the UIDs that are mailbot's to take by `start`."""
        found = {}
        async with self._second() as client:
            for folder in self._imap.folders:
                box = await client.select(folder, read_only=True)
                start = await imap_start.decided(self._ledger, self._name, box) or imap_start.planned(self._account.start)
                found[folder] = (box.uidvalidity, await imap_start.wanted(client, start, 0))
        return found

    @contextlib.asynccontextmanager
    async def _second(self) -> AsyncIterator[ImapClient]:
        """A short-lived connection beside the one that `run` idles on; one at a time."""
        async with self._side, connect(self._imap) as client:
            yield client

    async def _watch(self, client: ImapClient) -> None:
        """Take what is new for as long as the connection holds."""
        loop = asyncio.get_running_loop()
        folders: dict[str, Folder] = {}
        idle = "IDLE" in client.capabilities
        next_round = loop.time()
        while True:
            if loop.time() >= next_round:
                current = await self._round(client, folders)
                next_round = loop.time() + self._period()
            else:
                await self._intake.take(client, current)
            await self._say_how()
            if client.news:
                continue
            seconds = max(next_round - loop.time(), 0)
            if idle:
                began = loop.time()
                idle = await client.idle(seconds) or loop.time() - began > SETTLED
            else:
                await client.pause(seconds)

    async def _round(self, client: ImapClient, folders: dict[str, Folder]) -> Folder:
        """Visit every watched mailbox, the first one last, and return the one that is open then: pushes come for that one."""
        for name in reversed(self._imap.folders):
            try:
                await self._visit(client, name, folders)
                self._closed.pop(name, None)
            except CommandRefused as error:
                folders.pop(name, None)
                self._closed[name] = str(error)
        if not folders:
            raise Unreachable("; ".join(self._closed.values()), remedy="check imap.folders")
        first = next(name for name in self._imap.folders if name in folders)
        if first != self._imap.folders[0]:
            await self._visit(client, first, folders)
        return folders[first]

    async def _visit(self, client: ImapClient, name: str, folders: dict[str, Folder]) -> None:
        box = await client.select(name, read_only=self._imap.mark == "none")
        folder = folders.get(name)
        if folder is None or folder.box.uidvalidity != box.uidvalidity:
            mark = await imap_start.resume(client, self._ledger, self._name, self._account.start, box, self._clock().date())
            start = await imap_start.decided(self._ledger, self._name, box) or imap_start.Start(base=0, backlog=False)
            known = await self._ledger.known_uids(self._name, name, box.uidvalidity)
            folder = Folder(
                box=box,
                start=start,
                mark=mark,
                stored={uid for uid in known if uid > mark.uid},
                labels="X-GM-EXT-1" in client.capabilities and len(self._imap.folders) > 1,
            )
            folders[name] = folder
            await self._marker.repair(client, box, known)
        folder.box = box
        await self._intake.take(client, folder)

    def _period(self) -> float:
        """Seconds between two rounds: `poll_seconds`, but IDLE is renewed every 5 to 9 minutes, not by all accounts at once."""
        return min(self._imap.poll_seconds, 300 + 240 * _fraction(self._name))

    async def _say_how(self) -> None:
        troubles = [one for one in (*self._closed.values(), self._intake.trouble()) if one]
        await self._say("trouble" if troubles else "ok", "; ".join([*troubles, *self._marker.notes.values()]))

    async def _say(self, state: str, detail: str) -> None:
        """Keep the status where it changed. It is only told: when the ledger cannot take it, mail goes on."""
        if (state, detail) == self._said:
            return
        if state != self._said[0]:
            self._since = self._clock()
        try:
            await self._ledger.set_status(PartStatus(part=f"imap:{self._name}", state=state, detail=detail, since=self._since))
            self._said = (state, detail)
        except Exception:
            log.exception("account %s: its status could not be kept", self._name)


def backoff(name: str, failures: int) -> float:
    """Return the seconds to wait after so many failures in a row: doubled each time, up to a quarter more by name and number."""
    delay = min(FIRST_DELAY * (1 << min(failures, 20)), LONGEST_DELAY)
    return delay * (1 + _fraction(f"{name} {failures}") / 4)


def _fraction(text: str) -> float:
    """Return a number from 0 to 1 that is always the same for a text and differs between texts."""
    return zlib.crc32(text.encode()) / 0xFFFFFFFF
