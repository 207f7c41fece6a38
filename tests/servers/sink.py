"""An SMTP server that keeps what it gets and fails on demand: where the replies of a test arrive.

In process: `async with Sink(fault="slow 250") as sink: …; sink.mails`. As a process of its own, for tests that kill mailbot:
`python -m tests.servers.sink --dir DIR --port-file F` writes each mail as NUMBER.eml into DIR before it says 250.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.servers.dovecot import make_certificate

Fault = Literal[
    "",
    "421 greeting", "no greeting", "drops at greeting",
    "421 at MAIL", "drops at MAIL", "450 at RCPT", "550 at RCPT", "550 for one of two", "mixed at RCPT", "drops at RCPT",
    "451 at DATA", "drops at DATA", "silent at DATA",
    "drops in content", "552 in content", "stops reading content",
    "drops after content", "slow 250", "nonsense after content", "451 after content", "554 after content",
    "refuses login", "login later", "no login", "STARTTLS stripped", "no 8BITMIME",
]  # fmt: skip
"""What the server does wrong; "drops" closes the connection. Faults after content have the mail in `mails`: it was taken."""

USER, PASSWORD = "desk", "correct horse"
FOREVER = 3600.0

_AT_MAIL = {"421 at MAIL": "421 4.3.2 shutting down"}
_AT_RCPT = {"450 at RCPT": "450 4.2.0 greylisted", "550 at RCPT": "550 5.1.1 no such user"}
_AFTER_CONTENT = {
    "451 after content": "451 4.3.0 try later",
    "554 after content": "554 5.6.0 no\r\n",
    "nonsense after content": "hello?",
}


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """One mail as it arrived: the envelope, the exact bytes, and what the client said about them in MAIL."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    options: tuple[str, ...]


class Sink:
    """The server. `connections`, `logins` and `commands` count what clients did; `fault` may be changed while it runs."""

    def __init__(
        self,
        *,
        fault: Fault = "",
        security: Literal["none", "tls", "starttls"] = "none",
        login: bool = False,
        certificate: Path | None = None,
        directory: Path | None = None,
    ) -> None:
        self.fault = fault
        self.mails: list[Arrived] = []
        self.connections = 0
        self.logins: list[tuple[str, str]] = []
        self.commands: list[str] = []
        self.port = 0
        self.ca_file = certificate
        self._security = security
        self._login = login
        self._directory = directory
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.BaseTransport] = set()

    async def __aenter__(self) -> Sink:
        context = None
        if self._security != "none":
            assert self.ca_file is not None
            key = self.ca_file.with_suffix(".key")
            if not self.ca_file.exists():
                await asyncio.to_thread(make_certificate, self.ca_file, key)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.ca_file, key)
        loop = asyncio.get_running_loop()
        starttls = context if self._security == "starttls" and self.fault != "STARTTLS stripped" else None
        immediate = context if self._security == "tls" else None
        self._server = await loop.create_server(lambda: _Session(self, starttls, loop), "127.0.0.1", self.port, ssl=immediate)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.drop_connections()
        await self._server.wait_closed()
        # Sessions end in the next rounds of the loop.
        for _round in range(5):
            await asyncio.sleep(0.01)

    def drop_connections(self) -> None:
        """Close every connection without a word, as a restart of the server does."""
        for transport in list(self._open):
            transport.abort() if isinstance(transport, asyncio.WriteTransport) else transport.close()

    def take(self, envelope: Envelope) -> None:
        """Keep a mail, on disk before the client hears of it where there is a directory."""
        content = envelope.original_content or b""
        assert isinstance(content, bytes)
        sender, recipients = envelope.mail_from or "", tuple(envelope.rcpt_tos)
        self.mails.append(Arrived(sender=sender, recipients=recipients, content=content, options=tuple(envelope.mail_options)))
        if self._directory:
            unfinished = self._directory / f"{len(self.mails):06}.part"
            unfinished.write_bytes(content)
            unfinished.rename(unfinished.with_suffix(".eml"))


class _Session(SMTP):
    """One connection; asks the sink what to do wrong."""

    def __init__(self, sink: Sink, starttls: ssl.SSLContext | None, loop: asyncio.AbstractEventLoop) -> None:
        self.sink = sink
        # The base class reads its handler's hooks once, here.
        super().__init__(
            _Hooks(sink),
            hostname="sink.example",
            enable_SMTPUTF8=True,
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_require_tls=False,
            authenticator=sink_authenticator(sink),
            auth_exclude_mechanism=["LOGIN", "PLAIN"] if sink.fault == "no login" or not sink._login else [],
            loop=loop,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.sink.connections += 1
        self.sink._open.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.sink._open = {one for one in self.sink._open if not one.is_closing()}
        super().connection_lost(error)

    async def _handle_client(self) -> None:
        match self.sink.fault:
            case "421 greeting":
                await self.push("421 4.3.2 too busy")
                self.drop()
            case "no greeting":
                await asyncio.sleep(FOREVER)
            case "drops at greeting":
                self.drop()
            case _:
                await super()._handle_client()

    def drop(self) -> None:
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    async def push(self, status: Any) -> None:
        # A session that dropped its connection has nobody left to answer.
        if self.transport is not None and not self.transport.is_closing():
            with contextlib.suppress(ConnectionError):
                await super().push(status)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  the name is the base class's
        match self.sink.fault:
            case "451 at DATA":
                await self.push("451 4.3.0 not now")
            case "drops at DATA":
                self.drop()
            case "silent at DATA":
                await asyncio.sleep(FOREVER)
            case "drops in content":
                await self.push("354 go on")
                await self._reader.readuntil(b"\r\n")
                self.drop()
            case "552 in content":
                await self.push("354 go on")
                await self._reader.readuntil(b"\r\n")
                await self.push("552 5.3.4 too large")
                self.drop()
            case "stops reading content":
                await self.push("354 go on")
                assert isinstance(self.transport, asyncio.ReadTransport)
                self.transport.pause_reading()
                await asyncio.sleep(FOREVER)
            case _:
                await super().smtp_DATA(arg)


class _Hooks:
    """aiosmtpd's hooks, which answer instead of the server."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self._sink.commands.append(f"EHLO {hostname}")
        plain = self._sink.fault == "no 8BITMIME"
        return [one for one in responses if not (plain and one in ("250-8BITMIME", "250-SMTPUTF8"))]

    async def handle_NOOP(self, server: SMTP, session: Session, envelope: Envelope, arg: str) -> str:  # noqa: N802
        self._sink.commands.append("NOOP")
        return "250 OK"

    async def handle_MAIL(  # noqa: N802
        self, server: _Session, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._sink.commands.append("MAIL")
        if self._sink.fault == "drops at MAIL":
            server.drop()
        if refusal := _AT_MAIL.get(self._sink.fault):
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: _Session, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        fault = self._sink.fault
        self._sink.commands.append("RCPT")
        if fault == "drops at RCPT":
            server.drop()
        if fault == "550 for one of two" and envelope.rcpt_tos:
            return "550 5.1.1 no such user"
        if fault == "mixed at RCPT":
            return "450 4.2.0 later" if address.startswith("later") else "550 5.1.1 no such user"
        if refusal := _AT_RCPT.get(fault):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: _Session, session: Session, envelope: Envelope) -> str:  # noqa: N802
        fault = self._sink.fault
        if fault in ("451 after content", "554 after content"):
            return _AFTER_CONTENT[fault]
        self._sink.take(envelope)
        if fault == "drops after content":
            server.drop()
        if fault == "slow 250":
            await asyncio.sleep(FOREVER)
        return _AFTER_CONTENT.get(fault, f"250 2.0.0 kept as {len(self._sink.mails)}")


def sink_authenticator(sink: Sink) -> Any:
    """Return aiosmtpd's callback for logins."""

    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        user, password = data.login.decode(), data.password.decode()
        sink.logins.append((user, password))
        if sink.fault == "login later":
            return AuthResult(success=False, handled=False, message="454 4.7.0 later")
        good = (user, password) == (USER, PASSWORD) and sink.fault != "refuses login"
        return AuthResult(success=good, handled=False)

    return authenticate


async def _serve(directory: Path, port_file: Path) -> None:
    async with Sink(directory=directory) as sink:
        unfinished = port_file.with_name(port_file.name + ".part")
        unfinished.write_text(str(sink.port))
        os.replace(unfinished, port_file)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="where each mail is written as NUMBER.eml")
    parser.add_argument("--port-file", type=Path, required=True, help="file that gets the port once the server listens")
    chosen = parser.parse_args()
    asyncio.run(_serve(chosen.dir, chosen.port_file))
