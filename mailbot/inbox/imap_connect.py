"""Opens a connection to an IMAP server: TLS, keepalive, greeting, login."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

from mailbot.config import Imap
from mailbot.errors import ConfigError, Unreachable
from mailbot.inbox.imap_client import ImapClient
from mailbot.inbox.imap_wire import Wire


@contextlib.asynccontextmanager
async def connect(imap: Imap) -> AsyncIterator[ImapClient]:
    """Open a connection, log in, and close it at the end.

    Raises Unreachable, LoginRefused, or ConfigError when the password or `ca_file` cannot be read.
    """
    loop = asyncio.get_running_loop()
    context = await asyncio.to_thread(_tls, imap.ca_file) if imap.security == "tls" else None
    password = await asyncio.to_thread(imap.resolve)
    wire = Wire(loop)
    client = ImapClient(wire, imap.timeout_seconds)
    where = f"{imap.host}:{imap.port}"
    try:
        try:
            async with asyncio.timeout(imap.timeout_seconds):
                transport, _ = await loop.create_connection(lambda: wire, imap.host, imap.port, ssl=context)
                _keep_alive(transport.get_extra_info("socket"))
                await wire.greeted.wait()
        except ssl.SSLCertVerificationError as error:
            raise Unreachable(
                f"{where}: its certificate is not trusted ({error.verify_message})", remedy="name your authority in imap.ca_file"
            ) from None
        except TimeoutError:
            raise Unreachable(f"{where} did not answer within {imap.timeout_seconds:g} s") from None
        except OSError as error:
            raise Unreachable(
                f"{where} cannot be reached ({error.strerror or error})", remedy="check imap.host and imap.port"
            ) from None
        client.check()
        await client.login(imap.user, password)
        yield client
        await client.logout()
    finally:
        if wire.transport is not None:
            await client.close()


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    """Build a context of its own for one connection. Reads files: call it off the loop."""
    try:
        return ssl.create_default_context(cafile=str(ca_file.expanduser()) if ca_file else None)
    except OSError as error:
        raise ConfigError(
            f"{ca_file}: no certificate authority ({error.strerror or error})", remedy="correct imap.ca_file"
        ) from None


def _keep_alive(sock: socket.socket) -> None:
    """Let the kernel notice a dead peer within about three minutes, also while nothing is said."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 90), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
