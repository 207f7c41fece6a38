"""The demo's two servers on free loopback ports: an IMAP server for the desk's mailbox and an SMTP server for its customers.

mailbot speaks to them over sockets as to any server. Both forget everything when they stop. Nothing but the demo loads this.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from argparse import Namespace
from datetime import UTC, datetime
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import Config, Identity, Login
from pymap.concurrent import Subsystem
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pymap.user import UserMetadata
from pysasl.hashing import Cleartext

HOST = "127.0.0.1"
MOST_BYTES = 50_000_000


class DemoServers:
    """Both servers, in the running loop. `sent` is what arrived at the customers, oldest first, byte for byte."""

    address = "payables@harbourlane.example"
    user = "payables"
    password = "demo"  # noqa: S105  the demo's own server, on loopback, for its lifetime

    def __init__(self) -> None:
        self.imap_port = 0
        self.smtp_port = 0
        self.sent: list[bytes] = []
        self._servers: list[asyncio.Server] = []
        self._clients: set[asyncio.Task[Any]] = set()
        self._customers: set[asyncio.BaseTransport] = set()
        self._settings = _ImapSettings(self.user, self.password)
        self._login = Login(self._settings)

    async def start(self) -> None:
        """Listen; from then on `imap_port` and `smtp_port` say where. Raises OSError."""
        await self._mailbox_owner().set(UserMetadata(self._settings, self.user, password=self.password))
        async with self._mailbox_owner().new_session() as session:
            await session.create_mailbox("Sent")
        answer = ProxyProtocolReader(self._settings.proxy_protocol).get_callback(IMAPServer(self._login, self._settings))

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if task := asyncio.current_task():
                self._clients.add(task)
                task.add_done_callback(self._clients.discard)
            await answer(reader, writer)

        loop = asyncio.get_running_loop()
        imap = await asyncio.start_server(serve, HOST, 0)
        self._servers.append(imap)
        smtp = await loop.create_server(lambda: _CustomerServer(self, loop), HOST, 0)
        self._servers.append(smtp)
        self.imap_port = imap.sockets[0].getsockname()[1]
        self.smtp_port = smtp.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close both servers and every connection to them."""
        for server in self._servers:
            server.close()
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        for transport in list(self._customers):
            transport.close()
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()

    async def deliver(self, raw: bytes) -> None:
        """Put a mail into the desk's INBOX; whoever waits there with IDLE is told."""
        async with self._mailbox_owner().new_session() as session:
            await session.append_messages("INBOX", [AppendMessage(raw, datetime.now(UTC), frozenset())])

    def _mailbox_owner(self) -> Identity:
        return Identity(self.user, self._login, None, frozenset())


class _ImapSettings(Config):
    """pymap's in-memory mailboxes with one login, without TLS (loopback only), and without a look-up of this host's name."""

    def __init__(self, user: str, password: str) -> None:
        super().__init__(
            Namespace(passlib_cfg=None, proxy_protocol=None),
            host=HOST,
            port=0,
            demo_data=False,
            demo_user=user,
            demo_password=password,
            tls_enabled=False,
            ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
            hash_context=Cleartext(),
            cpu_subsystem=Subsystem.for_asyncio(),
            max_append_len=MOST_BYTES,
        )

    @property
    def greeting(self) -> bytes:
        return b"mailbot demo"


class _CustomerServer(SMTP):
    """One connection of the SMTP server: takes every mail, for anybody."""

    def __init__(self, servers: DemoServers, loop: asyncio.AbstractEventLoop) -> None:
        self._servers = servers
        super().__init__(_Keep(servers), data_size_limit=MOST_BYTES, enable_SMTPUTF8=True, hostname="demo", loop=loop)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._servers._customers.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.transport is not None:
            self._servers._customers.discard(self.transport)
        with contextlib.suppress(ConnectionError):
            super().connection_lost(error)


class _Keep:
    """aiosmtpd's hook for a whole mail: what is for the desk goes into its INBOX, the rest is kept as sent."""

    def __init__(self, servers: DemoServers) -> None:
        self._servers = servers

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        if self._servers.address in (str(recipient).casefold() for recipient in envelope.rcpt_tos):
            await self._servers.deliver(content)
            return "250 2.0.0 delivered to the desk"
        self._servers.sent.append(content)
        return f"250 2.0.0 kept as {len(self._servers.sent)}"
