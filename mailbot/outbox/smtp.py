"""Sends the exact bytes of a reply once, over a few open connections to each account's SMTP server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from mailbot.config import Account, Smtp
from mailbot.core.item import Outgoing
from mailbot.core.mime import routable
from mailbot.errors import LoginRefused, NotFound, NotSent
from mailbot.outbox.connection import Connection

KEEP_IDLE = 30.0
"""Seconds after which an idle connection is not used any more: servers and firewalls forget them without a word."""
LOGIN_PAUSE = 600.0
"""Seconds in which a refused password is not shown to the server again: it would lock the mailbox."""


class SmtpOutbox:
    """Implements `ports.Outbox`. A connection is owned by one send at a time; no send is ever tried twice in here."""

    def __init__(self, accounts: Mapping[str, Account]) -> None:
        self._servers = {name: _Server(account, account.smtp) for name, account in accounts.items() if account.smtp}
        self._unsettled: set[str] = set()

    async def send(self, account: str, outgoing: Outgoing, content: bytes) -> str:
        """Hand the bytes to the account's server; return its answer, which names recipients that it refused.

        Raises NotSent, DeliveryUnknown, LoginRefused and ConfigError (the password could not be had) as `ports.Outbox` says;
        after the last two nothing was sent either. When cancelled, `may_have_sent` says whether content had begun to leave.
        """
        server = self._servers.get(account)
        if server is None:
            raise NotFound(f"account {account!r} has no smtp section", remedy="add one to the configuration")
        async with server.free:
            connection = await server.connection()
            self._unsettled.discard(outgoing.message_id)
            try:
                answer = await connection.deliver(outgoing, content, began=lambda: self._unsettled.add(outgoing.message_id))
            except NotSent:
                self._unsettled.discard(outgoing.message_id)
                connection.abort()
                raise
            except BaseException:
                connection.abort()
                raise
            self._unsettled.discard(outgoing.message_id)
            server.give_back(connection)
            return answer

    def may_have_sent(self, message_id: str) -> bool:
        """Return whether content of this mail left without a clear answer; False means that it certainly was not sent."""
        return message_id in self._unsettled

    async def check(self, account: str) -> None:
        """Connect, log in and leave. Raises NotSent, LoginRefused, ConfigError, NotFound with the reason."""
        server = self._servers.get(account)
        if server is None:
            raise NotFound(f"account {account!r} has no smtp section", remedy="add one to the configuration")
        await (await server.open()).close()

    async def close(self) -> None:
        """Close the idle connections."""
        idle = [connection for server in self._servers.values() for connection in server.take_all()]
        await asyncio.gather(*(connection.close() for connection in idle))


class _Server:
    """The connections of one account; `free` counts those that a send may own."""

    def __init__(self, account: Account, smtp: Smtp) -> None:
        self._smtp = smtp
        self._domain = routable(account.address).rpartition("@")[2] or "localhost"
        self._idle: list[Connection] = []
        self._refused: tuple[str, float, LoginRefused] | None = None
        self.free = asyncio.Semaphore(smtp.connections)

    async def connection(self) -> Connection:
        """Return a connection that has just answered: an idle one, or a new one."""
        now = asyncio.get_running_loop().time()
        while self._idle:
            idle = self._idle.pop()
            try:
                if now - idle.idle_since < KEEP_IDLE and await idle.alive():
                    return idle
            except asyncio.CancelledError:
                idle.abort()
                raise
            idle.abort()
        return await self.open()

    async def open(self) -> Connection:
        """Return a new connection. Raises NotSent, LoginRefused, ConfigError."""
        password = await asyncio.to_thread(self._smtp.resolve)
        now = asyncio.get_running_loop().time()
        if self._refused and self._refused[0] == password and now < self._refused[1]:
            raise LoginRefused(str(self._refused[2]))
        try:
            connection = await Connection.open(self._smtp, password, self._domain)
        except LoginRefused as error:
            self._refused = (password, now + LOGIN_PAUSE, error)
            raise
        self._refused = None
        return connection

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next send."""
        connection.idle_since = asyncio.get_running_loop().time()
        self._idle.append(connection)

    def take_all(self) -> list[Connection]:
        """Return the idle connections and forget them."""
        idle, self._idle = self._idle, []
        return idle
