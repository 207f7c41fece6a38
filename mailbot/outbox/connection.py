"""One connection to an account's SMTP server, and what each answer or silence of it means for a mail: taken, not taken, unknown.

aiosmtplib speaks the protocol up to DATA. The content is written here, because its `sendmail` answers a refusal and a lost
connection alike and changes line ends, and because whether content began is what decides between NotSent and DeliveryUnknown.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Callable

import aiosmtplib
from aiosmtplib.protocol import SMTPProtocol

from mailbot.config import Smtp
from mailbot.core.item import Outgoing
from mailbot.core.mime import clean, routable
from mailbot.errors import ConfigError, DeliveryUnknown, LoginRefused, NotSent

CHUNK = 64 * 1024
"""Bytes of content handed to the socket at a time."""
FINAL_PATIENCE = 10
"""Times `timeout_seconds` that the answer after the content may take: servers look for viruses then, and RFC 5321 4.5.3.2.6
allows them ten minutes."""
QUIT_SECONDS = 5.0

_NO_SUCH_LOGIN = (504, 534)
"""Answers that mean "not this way" rather than "not with this password" (RFC 4954 4 and 6)."""


class Connection:
    """An open, logged-in connection; owned by one send at a time."""

    def __init__(self, client: aiosmtplib.SMTP, where: str, timeout: float) -> None:
        self._client = client
        self._where = where
        self._timeout = timeout
        self.idle_since = 0.0

    @classmethod
    async def open(cls, server: Smtp, password: str, domain: str) -> Connection:
        """Connect and log in; `domain` is how we name ourselves. Raises NotSent, LoginRefused, ConfigError."""
        where = f"{server.host}:{server.port}"
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            timeout=server.timeout_seconds,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=await asyncio.to_thread(_tls_context, server) if server.security != "none" else None,
            local_hostname=domain,
        )
        self = cls(client, where, server.timeout_seconds)
        try:
            await client.connect()
            await self._greet()
            if server.user:
                await self._login(server.user, password)
        except aiosmtplib.SMTPAuthenticationError as error:
            self.abort()
            said = f"{where}: the login of {server.user} was refused: {_said(error)}"
            if _is_permanent(error.code):
                raise LoginRefused(said, remedy="check user and password of the account's smtp section") from error
            raise NotSent(said, retry=True) from error
        except aiosmtplib.SMTPResponseException as error:
            self.abort()
            raise NotSent(f"{where}: refused the connection: {_said(error)}", retry=not _is_permanent(error.code)) from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            self.abort()
            raise NotSent(f"{where}: {_words(error)}", retry=True, remedy=_remedy(error)) from error
        except BaseException:
            self.abort()
            raise
        return self

    async def alive(self) -> bool:
        """Return whether the server still answers."""
        try:
            return (await self._client.noop()).code == 250
        except (aiosmtplib.SMTPException, OSError):
            return False

    async def deliver(self, outgoing: Outgoing, content: bytes, *, began: Callable[[], None]) -> str:
        """Hand over one mail and return the server's answer, with who was refused.

        `began` is called before the first byte of content leaves. Raises NotSent, DeliveryUnknown; after either, or when cancelled,
        the connection is good for nothing but `abort`.
        """
        try:
            refused = await self._envelope(outgoing, content)
            code, text = await self._client.execute_command(b"DATA")
        except aiosmtplib.SMTPResponseException as error:
            raise self._not_sent(error.code, error.message) from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise NotSent(f"{self._where}: {_words(error)}", retry=True) from error
        protocol = self._client.protocol
        if code != 354 or protocol is None:
            raise self._not_sent(code, text)
        began()
        try:
            code, text, whole = await self._pour(protocol, re.sub(rb"(?m)^\.", b"..", content) + b".\r\n")
        except (aiosmtplib.SMTPException, OSError) as error:
            raise DeliveryUnknown(f"{self._where}: {_words(error)} after the content began") from error
        if 400 <= code < 600:
            raise self._not_sent(code, text)
        if not whole or not 200 <= code < 300:
            raise DeliveryUnknown(f"{self._where}: answered {_answer(code, text)} to the content")
        return _answer(code, text) + "".join(f"; refused {who}: {why}" for who, why in refused.items())

    def abort(self) -> None:
        """Drop the connection with all that is not yet sent."""
        transport = self._client.transport
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()
        self._client.close()

    async def close(self) -> None:
        """Say QUIT and close."""
        try:
            async with asyncio.timeout(QUIT_SECONDS):
                await self._client.quit()
        except (aiosmtplib.SMTPException, OSError):
            pass
        finally:
            self.abort()

    async def _greet(self) -> None:
        try:
            await self._client.ehlo()
        except aiosmtplib.SMTPHeloError:
            if not self._client.is_connected:
                raise
            await self._client.helo()

    async def _login(self, user: str, password: str) -> None:
        """Log in by the first way both know; only one wrong password is shown to the server, not one for each way."""
        ways = {"plain": self._client.auth_plain, "login": self._client.auth_login, "cram-md5": self._client.auth_crammd5}
        for name, way in ways.items():
            if name not in self._client.server_auth_methods:
                continue
            try:
                await way(user, password)
                return
            except aiosmtplib.SMTPAuthenticationError as error:
                if error.code not in _NO_SUCH_LOGIN:
                    raise
        raise LoginRefused(
            f"{self._where}: offers no login by password", remedy="check host, port and security, or leave user empty"
        )

    async def _envelope(self, outgoing: Outgoing, content: bytes) -> dict[str, str]:
        """Give sender and recipients; return those refused, with the answer. Raises NotSent when none was taken."""
        sender, recipients = routable(outgoing.sender), [routable(one) for one in outgoing.recipients]
        if not sender or not recipients or not all(recipients):
            raise NotSent(f"an address of the envelope cannot be used: {outgoing.sender!r} to {outgoing.recipients!r}", retry=False)
        options, encoding = self._options(sender, recipients, content)
        await self._client.mail(sender, options=options, encoding=encoding)
        refused: dict[str, str] = {}
        codes: list[int] = []
        for one in recipients:
            try:
                await self._client.rcpt(one, encoding=encoding)
            except aiosmtplib.SMTPRecipientRefused as error:
                refused[one] = _said(error)
                codes.append(error.code)
        if len(refused) == len(recipients):
            why = "; ".join(f"{who}: {said}" for who, said in refused.items())
            raise NotSent(f"{self._where}: refused every recipient: {why}", retry=not all(map(_is_permanent, codes)))
        return refused

    def _options(self, sender: str, recipients: list[str], content: bytes) -> tuple[list[str], str]:
        """Return the options of MAIL and the encoding of addresses. Raises NotSent for what this server cannot carry unchanged."""
        if re.search(rb"\r(?!\n)|(?<!\r)\n", content) or not content.endswith(b"\r\n"):
            raise NotSent("the reply's line ends are not CRLF (RFC 5322 2.3)", retry=False, remedy="report this as a bug")
        can = self._client.supports_extension
        options = [f"SIZE={len(content)}"] if can("size") else []
        international = not "".join([sender, *recipients]).isascii() or not content.partition(b"\r\n\r\n")[0].isascii()
        for wanted, extension, option in (
            (not content.isascii(), "8bitmime", "BODY=8BITMIME"),
            (international, "smtputf8", "SMTPUTF8"),
        ):
            if wanted and not can(extension):
                raise NotSent(f"{self._where}: cannot carry this mail unchanged (no {extension.upper()})", retry=False)
            options += [option] if wanted else []
        return options, "utf-8" if international else "ascii"

    async def _pour(self, protocol: SMTPProtocol, content: bytes) -> tuple[int, str, bool]:
        """Write the content; return the server's answer and whether all was written before it came."""
        reading = asyncio.create_task(protocol.read_response())
        written = 0
        try:
            # The library drops an answer that comes before somebody waits for it.
            await asyncio.sleep(0)
            with contextlib.suppress(aiosmtplib.SMTPServerDisconnected):
                while written < len(content) and not reading.done():
                    protocol.write(content[written : written + CHUNK])
                    written += CHUNK
                    await self._drained(protocol, reading)
            if not (await asyncio.wait({reading}, timeout=self._timeout * FINAL_PATIENCE))[0]:
                raise TimeoutError("no answer to the content")
            return *reading.result(), written >= len(content)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _drained(self, protocol: SMTPProtocol, reading: asyncio.Task[aiosmtplib.SMTPResponse]) -> None:
        """Wait until the socket took most of what was written. Raises TimeoutError when it takes nothing for a while."""
        clock = asyncio.get_running_loop().time
        least, since = CHUNK * 2 + 1, clock()
        while isinstance(protocol.transport, asyncio.WriteTransport) and not reading.done():
            waiting = protocol.transport.get_write_buffer_size()
            if waiting < CHUNK:
                return
            if waiting < least:
                least, since = waiting, clock()
            elif clock() - since > self._timeout:
                raise TimeoutError("the server takes no more content")
            await asyncio.sleep(0.01)

    def _not_sent(self, code: int, text: str) -> NotSent:
        return NotSent(f"{self._where}: refused: {_answer(code, text)}", retry=not _is_permanent(code))


def _tls_context(server: Smtp) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=server.ca_file.expanduser() if server.ca_file else None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"ca_file {server.ca_file} cannot be used: {error}", remedy="name a PEM file of certificates") from error


def _is_permanent(code: int) -> bool:
    """5yz: the same mail will never be taken (RFC 5321 4.2.1)."""
    return 500 <= code < 600


def _answer(code: int, text: str) -> str:
    return clean(f"{code} {text}")[:500]


def _said(error: aiosmtplib.SMTPResponseException) -> str:
    return _answer(error.code, error.message)


def _words(error: BaseException) -> str:
    return clean(str(error))[:500] or type(error).__name__


def _remedy(error: BaseException) -> str:
    """Return what to do about a connection that could not be opened."""
    text = f"{error} {error.__cause__}"
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return "set ca_file to the authority of the server's certificate, and host to the name in it"
    if "STARTTLS" in text:
        return 'use security = "tls" if the server has it; mailbot never goes on without encryption'
    return "check smtp.host, smtp.port and smtp.security"
