"""An IMAP server that misbehaves as told: one named fault at a time, a number of times or for ever."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


class Cut(Exception):
    """Close this connection now."""


class ScriptedServer:
    """INBOX holds `mails` by UID. `fault` names what goes wrong, the first `times` times (None: always).

    `bad_uid` is the mail that the faults about one mail are about. `commands` records what was asked, `seen` counts connections.
    """

    def __init__(self, mails: dict[int, bytes], fault: str = "", *, times: int | None = 1, bad_uid: int = 3) -> None:
        self.mails = dict(mails)
        self.fault = fault
        self.times = times
        self.bad_uid = bad_uid
        self.capabilities = "IMAP4rev1 IDLE UIDPLUS"
        self.permanent_flags = "\\Seen \\*"
        self.uidvalidity = 7
        self.commands: list[str] = []
        self.seen = 0
        self.port = 0
        self._idling: set[Writer] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[ScriptedServer]:
        """Listen on a free loopback port until the end."""
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, limit=2**20)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def push(self, uid: int, content: bytes) -> None:
        """A mail comes in; whoever idles is told."""
        self.mails[uid] = content
        for writer in self._idling:
            writer.write(b"* %d EXISTS\r\n" % len(self.mails))

    async def _connection(self, reader: Reader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.seen += 1
        try:
            await self._serve(reader, writer)
        except (Cut, ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._tasks.discard(task)
            self._idling.discard(writer)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def _wrong(self, fault: str) -> bool:
        """Return whether this is what goes wrong now."""
        if fault != self.fault or self.times == 0:
            return False
        self.times = None if self.times is None else self.times - 1
        return True

    async def _serve(self, reader: Reader, writer: Writer) -> None:
        if self._wrong("no greeting"):
            await asyncio.Event().wait()
        if self._wrong("bye at once"):
            writer.write(b"* BYE too many connections\r\n")
        elif self._wrong("another protocol"):
            writer.write(b"220 mail.example ESMTP\r\n")
        else:
            writer.write(b"* OK ready\r\n")
        while line := (await reader.readline()).decode().strip():
            tag, _, rest = line.partition(" ")
            self.commands.append(rest)
            name = rest.removeprefix("UID ").split(" ", 1)[0].upper()
            if await self._fault_before(name, tag, rest, writer):
                continue
            if name == "IDLE":
                await self._idle(tag, reader, writer)
                continue
            for part in self._answer(name, rest):
                writer.write(part)
            writer.write(f"{tag} {self._done(name)}\r\n".encode())
            await writer.drain()
            if name == "LOGOUT":
                return

    async def _fault_before(self, name: str, tag: str, rest: str, writer: Writer) -> bool:
        """Do what goes wrong before the answer; return whether it was the answer. BODY is a FETCH of content."""
        if name == "FETCH" and "BODY" in rest:
            name = "BODY"
        if self._wrong(f"silence in {name}"):
            await asyncio.Event().wait()
        if self._wrong(f"eof in {name}"):
            raise Cut
        if self._wrong(f"bye in {name}"):
            writer.write(b"* BYE going down\r\n")
            raise Cut
        if self._wrong(f"garbage in {name}"):
            writer.write(b"\xff\xfe((( what\r\n")
        if self._wrong(f"another tag in {name}"):
            writer.write(b"ZZZ9 OK done\r\n")
        if self._wrong(f"unbalanced answer to {name}"):
            writer.write(b"* 1 FETCH (UID 1 BODY[] (((\r\n")
        if self._wrong(f"NO to {name}"):
            writer.write(f"{tag} NO [SERVERBUG] not now\r\n".encode())
            return True
        return name == "BODY" and await self._fault_in_body(tag, rest, writer)

    async def _fault_in_body(self, tag: str, rest: str, writer: Writer) -> bool:
        if self._wrong("half a literal"):
            writer.write(b"* 1 FETCH (UID 1 BODY[] {3000000}\r\nSubject: half")
            raise Cut
        if self._wrong("a literal larger than memory"):
            writer.write(b"* 1 FETCH (UID 1 BODY[] {4000000000000}\r\n" + b"x" * 100_000)
            await asyncio.Event().wait()
        if self._wrong("slow drip"):
            writer.write(b"* 1 FETCH (UID 1 BODY[] {3000000}\r\n")
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)
        if self.bad_uid in _uids(rest.split()[2], self.mails):
            if self._wrong("one mail cuts the connection"):
                raise Cut
            if self._wrong("one mail is refused"):
                writer.write(f"{tag} NO [SERVERBUG] cannot read that\r\n".encode())
                return True
        return False

    async def _idle(self, tag: str, reader: Reader, writer: Writer) -> None:
        writer.write(b"+ idling\r\n")
        if self._wrong("eof while idling"):
            await writer.drain()
            raise Cut
        if self._wrong("bye while idling"):
            writer.write(b"* BYE idle for too long\r\n")
            raise Cut
        if self._wrong("idle ends by itself"):
            writer.write(f"{tag} OK enough\r\n".encode())
            return
        self._idling.add(writer)
        await reader.readline()
        self._idling.discard(writer)
        if self._wrong("silence after DONE"):
            await asyncio.Event().wait()
        writer.write(f"{tag} OK done\r\n".encode())

    def _done(self, name: str) -> str:
        return "OK [READ-WRITE] done" if name == "SELECT" else "OK done"

    def _answer(self, name: str, rest: str) -> list[bytes]:
        if name == "CAPABILITY":
            return [f"* CAPABILITY {self.capabilities}\r\n".encode()]
        if name in ("SELECT", "EXAMINE"):
            uidnext = max(self.mails, default=0) + 1
            return [
                f"* {len(self.mails)} EXISTS\r\n* OK [PERMANENTFLAGS ({self.permanent_flags})] kept\r\n".encode(),
                f"* OK [UIDVALIDITY {self.uidvalidity}] ids\r\n* OK [UIDNEXT {uidnext}] next {{5}}\r\n".encode(),
            ]
        if name == "SEARCH":
            match = re.search(r"UID ([\d:,*]+)", rest.removeprefix("UID SEARCH"))
            found = _uids(match[1], self.mails) if match else sorted(self.mails)
            return [b"* SEARCH" + b"".join(b" %d" % uid for uid in found) + b"\r\n"]
        if name == "FETCH":
            return self._fetch(rest)
        if name == "LOGOUT":
            return [b"* BYE until next time\r\n"]
        return []

    def _fetch(self, rest: str) -> list[bytes]:
        parts = []
        if self._wrong("1,500 lines"):
            parts += [b"* %d FETCH (UID %d FLAGS (\\Seen))\r\n" % (number, number) for number in range(1, 1501)]
        for uid in _uids(rest.split()[2], self.mails):
            content = self.mails[uid]
            if "RFC822.SIZE" in rest:
                parts.append(b"* %d FETCH (UID %d RFC822.SIZE %d)\r\n" % (uid, uid, len(content)))
                continue
            section = re.search(r"BODY\.PEEK(\[\])(?:<(\d+)\.(\d+)>)?", rest)
            assert section is not None, rest
            name = b"BODY[]"
            if section[2]:
                name += b"<%s>" % section[2].encode()
                content = content[int(section[2]) : int(section[2]) + int(section[3])]
                if self._wrong("pieces come short"):
                    content = content[:300_000]
            if uid == self.bad_uid and self._wrong("one mail is empty"):
                parts.append(b"* %d FETCH (UID %d %s {0}\r\n)\r\n" % (uid, uid, name))
            elif uid == self.bad_uid and self._wrong("one mail is NIL"):
                parts.append(b"* %d FETCH (UID %d %s NIL)\r\n" % (uid, uid, name))
            elif not (uid == self.bad_uid and self._wrong("one mail is left out")):
                parts.append(b"* %d FETCH (%s {%d}\r\n%s UID %d)\r\n" % (uid, name, len(content), content, uid))
        return parts


def _uids(chosen: str, mails: dict[int, bytes]) -> list[int]:
    """Return the UIDs of a sequence-set that exist; `n:*` holds the last mail always (RFC 3501 6.4.8)."""
    found: set[int] = set()
    last = max(mails, default=0)
    for part in chosen.split(","):
        first, _, end = part.partition(":")
        low, high = int(first), last if end == "*" else int(end or first)
        low, high = (high, low) if end == "*" and low > high else (low, high)
        found |= {uid for uid in mails if low <= uid <= high}
    return sorted(found)
