"""Is aioimaplib's connection with its hangs cured: whatever the server does, every waiter wakes.

aioimaplib 2.0.3 parses by recursion (1,500 lines end in RecursionError), tells nobody when the connection is lost or its parser
failed, and loses characters of untagged lines. So its framing is replaced here by a loop over complete answers, and every way a
connection can end goes through `fail`, which wakes whoever waits. Tags, command states and IDLE remain the library's.
"""

from __future__ import annotations

import asyncio
import collections
import re
from typing import Any

import aioimaplib
from aioimaplib.aioimaplib import AUTH, CONNECTED, NONAUTH, Command, IdleCommand

from mailbot.errors import Unreachable
from mailbot.inbox.imap_syntax import Answer, code

ANSWER_BYTES = 64 * 1024 * 1024
"""The most that the answer to one command may hold in memory; large mails are fetched in pieces far smaller than this."""

_LITERAL = re.compile(rb"\{(\d{1,18})\+?\}$")
_STATUS = re.compile(rb"\* (?:OK|NO|BAD|BYE|PREAUTH)\b", re.IGNORECASE)
_COUNT = re.compile(rb"\* (\d{1,10}) (EXISTS|EXPUNGE)\b", re.IGNORECASE)


class Wire(aioimaplib.IMAP4ClientProtocol):  # type: ignore[misc]  # the library has no types
    """One connection. One command at a time: the owner sees to it.

    `answers` holds the untagged answers since `begin`; `exists` counts the mails of the open mailbox; `news` is set when they
    become more, and by the end of the connection; `lost` when the transport is closed; `failure` says why the connection is of
    no use any more, "" while it is.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.answers: list[Answer] = []
        self.exists = 0
        self.news = asyncio.Event()
        self.greeted = asyncio.Event()
        self.lost = asyncio.Event()
        self.failure = ""
        self.pending_sync_command: Any = None
        self._follow: collections.deque[bytes] = collections.deque()
        self._timeout: asyncio.Timeout | None = None
        self._silence = 0.0
        self._until = 0.0
        self._buffer = bytearray()
        self._parts: list[bytes] = []
        self._literal: int | None = None
        self._held = 0

    # what the owner calls

    def begin(self, follow: tuple[bytes, ...] = ()) -> None:
        """Forget the answers so far; `follow` is what to send at each continuation request of the next command."""
        self.answers = []
        self._held = 0
        self._follow = collections.deque(follow)

    def begin_idle(self) -> Command:
        """Send IDLE and return its command; `_idle_event` is set when the server agrees, refuses, or is gone."""
        self.begin()
        self._idle_event.clear()
        self.pending_sync_command = IdleCommand(self.new_tag(), self.idle_queue, loop=self.loop)
        self.send(str(self.pending_sync_command))
        return self.pending_sync_command

    def watch(self, timeout: asyncio.Timeout | None, *, silence: float = 0, until: float = 0) -> None:
        """Move the end of `timeout` to `silence` seconds after each byte received, but not beyond the loop time `until`."""
        self._timeout, self._silence, self._until = timeout, silence, until

    def fail(self, why: str) -> None:
        """Give the connection up: wake every waiter with `why` and close the socket. Calling it again changes nothing."""
        if not self.failure:
            self.failure = why
            for command in self._waiting():
                command._exception = Unreachable(why)
                command.close(b"", "KO")
            self.pending_sync_command = None
            self.pending_async_commands.clear()
        for event in (self.greeted, self.news, self._idle_event):
            event.set()
        self._buffer.clear()
        if self.transport is not None:
            self.transport.abort()

    # what asyncio calls

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self.fail(f"the connection broke ({exc})" if exc else "the server closed the connection")
        self.lost.set()

    def data_received(self, d: bytes) -> None:
        """Take bytes in; no exception leaves here, since asyncio would only log it and nobody would wake."""
        if self.failure:
            return
        if self._timeout is not None and not self._timeout.expired():
            self._timeout.reschedule(min(self.loop.time() + self._silence, self._until))
        self._buffer += d
        try:
            self._split()
        except Unreachable as error:
            self.fail(str(error))
        except Exception as error:
            self.fail(f"the server's answer was not understood ({type(error).__name__})")

    # framing (RFC 3501 section 2.2)

    def _split(self) -> None:
        buffer, start = self._buffer, 0
        while not self.failure:
            if self._literal is not None:
                if len(buffer) - start < self._literal:
                    break
                self._parts.append(bytes(buffer[start : start + self._literal]))
                start += self._literal
                self._literal = None
            end = buffer.find(b"\r\n", start)
            if end < 0:
                self._hold(len(buffer) - start, keep=False)
                break
            line = bytes(buffer[start:end])
            start = end + 2
            self._parts.append(line)
            self._hold(len(line))
            first = self._parts[0]
            literal = _LITERAL.search(line) if first.startswith(b"* ") and not _STATUS.match(first) else None
            if literal:
                self._literal = int(literal[1])
                self._hold(self._literal)
                continue
            answer, self._parts = tuple(self._parts), []
            self._take(answer)
        del buffer[:start]

    def _hold(self, size: int, *, keep: bool = True) -> None:
        if self._held + size > ANSWER_BYTES:
            raise Unreachable(f"the server announced or sent more than {ANSWER_BYTES} bytes in one answer")
        if keep and not self.has_pending_idle_command():
            self._held += size

    def _take(self, answer: Answer) -> None:
        line = answer[0]
        if self.state == CONNECTED:
            self._greet(line)
        elif line.startswith(b"* "):
            self._untagged(answer)
        elif line.startswith(b"+"):
            self._continuation(line)
        elif line:
            self._tagged(line)

    def _greet(self, line: bytes) -> None:
        word = line[2:].split(b" ", 1)[0].upper() if line.startswith(b"* ") else b""
        if word not in (b"OK", b"PREAUTH"):
            said = line.decode("utf-8", "replace")[:200]
            raise Unreachable(
                f"the server turned the connection away: {said}" if word == b"BYE" else "no IMAP server answers there"
            )
        self.state = AUTH if word == b"PREAUTH" else NONAUTH
        self.greeted.set()

    def _untagged(self, answer: Answer) -> None:
        line = answer[0]
        self._count(line)
        pending = self.pending_sync_command
        if line[:6].upper() == b"* BYE " and not (pending is not None and pending.name == "LOGOUT"):
            raise Unreachable(f"the server said BYE: {line[6:].decode('utf-8', 'replace')[:200]}")
        if not self.has_pending_idle_command():
            self.answers.append(answer)

    def _count(self, line: bytes) -> None:
        match = _COUNT.match(line)
        if match and match[2].upper() == b"EXPUNGE":
            self.exists -= 1
        elif match:
            if int(match[1]) > self.exists:
                self.news.set()
            self.exists = int(match[1])

    def _continuation(self, line: bytes) -> None:
        if self._follow:
            self.transport.write(self._follow.popleft())
        elif self.has_pending_idle_command():
            self._idle_event.set()

    def _tagged(self, line: bytes) -> None:
        tag = line.split(b" ", 1)[0]
        command = next((one for one in self._waiting() if one.tag.encode() == tag), None)
        if command is None:
            raise Unreachable("the server sent a line that answers nothing")
        self._response_done(line)
        if command.name == "IDLE":
            self._idle_event.set()
            self.news.set()

    def _waiting(self) -> list[Command]:
        return [one for one in (self.pending_sync_command, *self.pending_async_commands.values()) if one is not None]


def alert(text: bytes) -> str:
    """Return what a server said, for a person: without the response code, cut to 200 characters."""
    name, _ = code(text)
    plain = text.split(b"]", 1)[1] if name and b"]" in text else text
    return plain.decode("utf-8", "replace").strip()[:200] or name or "nothing"
