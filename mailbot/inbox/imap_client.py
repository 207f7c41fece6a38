"""Speaks IMAP on one connection: typed calls that return plain values, raise on NO and BAD, and cannot hang.

One owner calls it, one call at a time. After a timeout, a cancellation or Unreachable the connection is closed and of no further
use; CommandRefused (the server said NO or BAD) leaves it usable.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from aioimaplib.aioimaplib import AUTH, SELECTED, Command

from mailbot.errors import LoginRefused, Unreachable
from mailbot.inbox.imap_syntax import Answer, code, decode_name, fetched, mailbox, quoted, tokens, uid_set
from mailbot.inbox.imap_wire import Wire, alert

BYTES_PER_SECOND = 16 * 1024
"""The slowest transfer that still counts as an answer; with the bytes expected it bounds each command."""

_PASSING = {"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "OVERQUOTA"}
_PASSING_WORDS = re.compile(r"too many|temporar|try again|unavailable|limit", re.IGNORECASE)


class CommandRefused(Unreachable):
    """The server answered NO or BAD. `code` is the response code (RFC 5530) or ""."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """A mailbox as SELECT or EXAMINE described it. `uidnext` is None where the server does not say."""

    name: str
    uidvalidity: int
    uidnext: int | None
    exists: int
    keywords: bool
    """True when a client may make keywords (PERMANENTFLAGS has `\\*`, RFC 3501 7.1) or `mailbot` is one already."""
    read_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A mailbox as LIST described it: `flags` in lower case with their backslash, `delimiter` "" for a flat name."""

    name: str
    flags: frozenset[str]
    delimiter: str


class ImapClient:
    """One logged-in connection; made by `imap_connect.connect`."""

    def __init__(self, wire: Wire, timeout: float) -> None:
        self.capabilities: frozenset[str] = frozenset()
        self._wire = wire
        self._timeout = timeout

    @property
    def news(self) -> bool:
        """Whether the server told of new messages since `forget_news` or `select`."""
        return self._wire.news.is_set()

    def forget_news(self) -> None:
        """Start to wait for the next EXISTS: call it before the search, so that none is missed."""
        if not self._wire.failure:
            self._wire.news.clear()

    # commands

    async def login(self, user: str, password: str) -> None:
        """Log in, in quoted strings or (for what they cannot carry) literals. Raises LoginRefused, Unreachable."""
        await self._capability()
        if self._wire.state == AUTH:
            return  # the greeting was PREAUTH
        if "LOGINDISABLED" in self.capabilities:
            raise LoginRefused("the server allows no password on this connection", remedy='use security = "tls"')
        try:
            said = [quoted(user), quoted(password)]
            follow: tuple[bytes, ...] = ()
        except ValueError:
            first, second = user.encode(), password.encode()
            said, follow = [f"{{{len(first)}}}"], (first + b" {%d}\r\n" % len(second), second + b"\r\n")
        try:
            await self._command("LOGIN", *said, follow=follow, secret=said[-1])
        except CommandRefused as error:
            if error.code in _PASSING or (error.code in ("", "ALERT") and _PASSING_WORDS.search(str(error))):
                raise
            raise LoginRefused(
                f"login as {user} was refused: {error}", remedy="correct imap.user or the password, then restart"
            ) from None
        self._wire.state = AUTH
        await self._capability()
        if "ID" in self.capabilities:
            with contextlib.suppress(CommandRefused):
                await self._command("ID", '("name" "mailbot")')

    async def select(self, name: str, *, read_only: bool = False) -> Selected:
        """Open a mailbox. Raises CommandRefused (there is none), Unreachable."""
        self._wire.exists = 0
        try:
            answers, done = await self._command("EXAMINE" if read_only else "SELECT", mailbox(name))
        except CommandRefused as error:
            raise CommandRefused(f"mailbox {name}: {error}", code=error.code) from None
        self._wire.state = SELECTED
        self.forget_news()
        said = dict(code(answer[0][5:]) for answer in answers if answer[0][:5].upper() == b"* OK ")
        if not said.get("UIDVALIDITY", "").isdigit():
            raise CommandRefused(f"mailbox {name}: the server gives no UIDVALIDITY, so mails cannot be told apart")
        flags = said.get("PERMANENTFLAGS", "").casefold().strip("()").split()
        return Selected(
            name=name,
            uidvalidity=int(said["UIDVALIDITY"]),
            uidnext=int(said["UIDNEXT"]) if said.get("UIDNEXT", "").isdigit() else None,
            exists=self._wire.exists,
            keywords="\\*" in flags or "mailbot" in flags,
            read_only=code(done)[0] == "READ-ONLY",
        )

    async def search(self, criteria: str) -> set[int]:
        """Return the UIDs that fit, in the open mailbox."""
        answers, _ = await self._command("SEARCH", criteria, prefix="UID", expect=4 * 1024 * 1024)
        lines = [answer[0][8:] for answer in answers if answer[0][:8].upper() == b"* SEARCH"]
        return {int(number) for line in lines for number in line.split() if number.isdigit()}

    async def sizes(self, uids: Iterable[int]) -> dict[int, int]:
        """Return the sizes in bytes (RFC822.SIZE) of those mails that are still there."""
        answers, _ = await self._command("FETCH", uid_set(uids), "(UID RFC822.SIZE)", prefix="UID", expect=1024 * 1024)
        return {uid: int(size) for uid, size in self._by_uid(answers, b"RFC822.SIZE").items() if size.isdigit()}

    async def bodies(self, uids: Iterable[int], *, expect: int) -> dict[int, bytes]:
        """Return whole mails, exact bytes, without setting \\Seen; a mail that the server leaves out or gives as NIL is missing."""
        answers, _ = await self._command("FETCH", uid_set(uids), "(UID BODY.PEEK[])", prefix="UID", expect=expect)
        return self._by_uid(answers, b"BODY[]")

    async def piece(self, uid: int, start: int, size: int, *, section: str = "") -> bytes | None:
        """Return up to `size` bytes of a mail from `start` on (of its `section`, such as HEADER); None when there is none."""
        part = f"(UID BODY.PEEK[{section}]<{start}.{size}>)"
        answers, _ = await self._command("FETCH", str(uid), part, prefix="UID", expect=size)
        return self._by_uid(answers, f"BODY[{section}]<{start}>".encode()).get(uid)

    async def add_flag(self, uids: Iterable[int], flag: str) -> None:
        """Set a flag or keyword."""
        await self._command("STORE", uid_set(uids), "+FLAGS.SILENT", f"({flag})", prefix="UID")

    async def move(self, uids: Iterable[int], target: str) -> None:
        """Move mails (RFC 6851), else copy them and delete exactly these (RFC 4315), else copy them and set \\Deleted."""
        chosen = uid_set(uids)
        if "MOVE" in self.capabilities:
            await self._command("MOVE", chosen, mailbox(target), prefix="UID", expect=1024 * 1024)
            return
        await self._command("COPY", chosen, mailbox(target), prefix="UID", expect=1024 * 1024)
        await self._command("STORE", chosen, "+FLAGS.SILENT", "(\\Deleted)", prefix="UID")
        if "UIDPLUS" in self.capabilities:
            await self._command("EXPUNGE", chosen, prefix="UID")

    async def create(self, name: str) -> None:
        """Make a mailbox."""
        await self._command("CREATE", mailbox(name))

    async def append(self, name: str, content: bytes) -> None:
        """Put a mail into a mailbox, marked as read."""
        await self._command("APPEND", mailbox(name), "(\\Seen)", f"{{{len(content)}}}", follow=(content + b"\r\n",))

    async def mailboxes(self) -> list[Listed]:
        """Return all mailboxes, with their special use where the server knows it (RFC 6154)."""
        extended = {"SPECIAL-USE", "LIST-EXTENDED"} <= self.capabilities
        answers, _ = await self._command(
            "LIST", '""', '"*"', *(["RETURN", "(SPECIAL-USE)"] if extended else []), expect=1024 * 1024
        )
        found = []
        for answer in answers:
            if answer[0][:7].upper() == b"* LIST ":
                _, _, flags, delimiter, name = tokens(answer)[:5]
                if not isinstance(flags, list) or not isinstance(name, bytes) or isinstance(delimiter, list):
                    raise Unreachable("the server's LIST answer was not understood")
                words = frozenset(flag.decode("ascii", "replace").lower() for flag in flags if isinstance(flag, bytes))
                found.append(Listed(name=decode_name(name), flags=words, delimiter=(delimiter or b"").decode("ascii", "replace")))
        return found

    async def idle(self, seconds: float) -> bool:
        """Wait for news in the open mailbox (RFC 2177), at most so long. Return False when the server ended the IDLE by itself."""
        self.check()
        wire = self._wire
        try:
            async with asyncio.timeout(self._timeout):
                command = wire.begin_idle()
                await wire.wait_for_idle_response()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await wire.news.wait()
            self.check()
            if not wire.has_pending_idle_command():
                return False
            async with asyncio.timeout(self._timeout):
                wire.idle_done()
                await command.wait()
            return True
        except TimeoutError:
            raise self._given_up("IDLE") from None
        except asyncio.CancelledError:
            wire.fail("the wait was given up")
            raise

    async def pause(self, seconds: float) -> None:
        """Wait without IDLE, at most so long; the end of the connection or an unasked EXISTS ends it early. Raises Unreachable."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wire.news.wait()
        self.check()

    async def logout(self) -> None:
        """Say goodbye, if the server listens, and close."""
        with contextlib.suppress(Unreachable):
            await self._command("LOGOUT")
        await self.close()

    async def close(self) -> None:
        """Close the connection at once."""
        self._wire.fail("the connection was closed")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                await self._wire.lost.wait()

    # one command

    async def _capability(self) -> None:
        answers, _ = await self._command("CAPABILITY")
        words = [answer[0].split()[2:] for answer in answers if answer[0][:13].upper() == b"* CAPABILITY "]
        self.capabilities = frozenset(word.decode("ascii", "replace").upper() for line in words for word in line)
        self._wire.capabilities = set(self.capabilities)

    async def _command(
        self, name: str, *arguments: str, prefix: str = "", follow: tuple[bytes, ...] = (), expect: int = 0, secret: str = ""
    ) -> tuple[list[Answer], bytes]:
        """Return the untagged answers and the text of the tagged one.

        Gives up after `timeout` seconds without a byte (and what sending `follow` takes at the slowest rate), or when the whole
        takes longer than twice that and `expect` bytes at the slowest rate. Raises CommandRefused, Unreachable.
        """
        self.check()
        wire, clock = self._wire, asyncio.get_running_loop().time
        wire.begin(follow)
        command = Command(name, wire.new_tag(), *arguments, prefix=prefix, loop=wire.loop)
        silence = self._timeout + sum(map(len, follow)) / BYTES_PER_SECOND
        until = clock() + 2 * silence + expect / BYTES_PER_SECOND
        try:
            async with asyncio.timeout(silence) as limit:
                wire.watch(limit, silence=silence, until=until)
                response = await wire.execute(command, scrub=secret)
        except TimeoutError:
            raise self._given_up(name) from None
        except asyncio.CancelledError:
            wire.fail("the command was given up")
            raise
        finally:
            wire.watch(None)
        self.check()
        answers, wire.answers = wire.answers, []
        text = bytes(response.lines[-1])
        if response.result != "OK":
            raise CommandRefused(f"the server said {response.result} to {name}: {alert(text)}", code=code(text)[0])
        return answers, text

    def _by_uid(self, answers: Iterable[Answer], item: bytes) -> dict[int, bytes]:
        """Return one item of FETCH answers by UID; answers without it (a flag changed meanwhile) are passed over."""
        found = {}
        for answer in answers:
            try:
                pairs = fetched(answer)
            except ValueError as error:
                self._wire.fail(f"the server's FETCH answer was not understood ({error})")
                raise Unreachable(self._wire.failure) from None
            uid, value = pairs.get(b"UID"), pairs.get(item)
            if isinstance(uid, bytes) and uid.isdigit() and isinstance(value, bytes):
                found[int(uid)] = value
        return found

    def check(self) -> None:
        """Raise Unreachable when the connection is of no use any more."""
        if self._wire.failure:
            raise Unreachable(self._wire.failure)

    def _given_up(self, name: str) -> Unreachable:
        self._wire.fail(f"the server did not answer {name} within {self._timeout:g} s")
        return Unreachable(self._wire.failure)
