"""A lane: worker processes of one kind, the queue of jobs before them, and what happens when a worker dies.

Each worker is owned by one task. It keeps up to `depth` jobs in the worker's pipe and reads the answers in order, so the job that
is answered next is the one a dead worker died of; those behind it are given to the next worker. Workers start when there is work
and end after `IDLE_SECONDS` without.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from mailbot.errors import MailbotError, WorkerUnavailable
from mailbot.extract import frames
from mailbot.extract.spawn import COMMAND, Confinement, WorkerDied, WorkerProcess

IDLE_SECONDS = 60.0

log = logging.getLogger(__name__)

Answer = tuple[frames.Header, bytes]


@dataclass(eq=False)
class _Ticket:
    """One job on its way. The future is done when it is answered, failed or given up."""

    header: frames.Header
    content: bytes
    answer: asyncio.Future[Answer]
    worker: WorkerProcess | None = field(default=None)


class Lane:
    """See the module. Use from one event loop; `close` it."""

    def __init__(
        self,
        name: str,
        limits: Confinement,
        *,
        size: int,
        depth: int = 1,
        keep: int = 0,
        idle_seconds: float = IDLE_SECONDS,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self.name = name
        self.isolation = ""
        self._limits = limits
        self._size, self._depth, self._keep, self._idle_seconds, self._command = size, depth, keep, idle_seconds, command
        self._waiting: deque[_Ticket] = deque()
        self._idlers: list[asyncio.Future[None]] = []
        self._owners: set[asyncio.Task[None]] = set()
        self._leaving: set[asyncio.Task[None] | None] = set()
        self._closed = False

    async def run(self, header: frames.Header, content: bytes) -> Answer:
        """Do one job. Raises WorkerDied when its worker had to die of it, WorkerUnavailable when none can be had.

        Cancelling gives the job up: its worker is killed when the job has it for itself, else its answer is dropped.
        """
        if self._closed:
            raise MailbotError(f"the {self.name} lane is closed")
        ticket = _Ticket(header, content, asyncio.get_running_loop().create_future())
        self._waiting.append(ticket)
        self._call_worker()
        try:
            return await ticket.answer
        except asyncio.CancelledError:
            # The future is cancelled with its waiter, unless the answer had just come: then the worker has another job by now.
            if ticket.answer.cancelled() and ticket.worker is not None and self._depth == 1:
                ticket.worker.kill()
            raise

    async def start(self) -> None:
        """Start one worker now and leave it waiting, so that `isolation` is known."""
        if not self.isolation:
            await self.run({"kind": "hello"}, b"")

    async def close(self) -> None:
        """End every worker; jobs still here fail."""
        self._closed = True
        for owner in self._owners:
            owner.cancel()
        await asyncio.gather(*self._owners, return_exceptions=True)
        self._fail_waiting(MailbotError(f"the {self.name} lane was closed"))

    def _call_worker(self) -> None:
        """Wake an idle worker for a job that waits, else start one if there may be more."""
        while self._idlers:
            idler = self._idlers.pop()
            if not idler.done():
                idler.set_result(None)
                return
        if len(self._owners) < self._size:
            owner = asyncio.create_task(self._own(), name=f"mailbot {self.name} worker")
            self._owners.add(owner)
            owner.add_done_callback(self._gone)

    def _gone(self, owner: asyncio.Task[None]) -> None:
        self._owners.discard(owner)
        self._leaving.discard(owner)
        if owner.cancelled():
            return
        error = owner.exception()
        if error is not None and not (isinstance(error, WorkerUnavailable) and self._owners):
            self._fail_waiting(
                error if isinstance(error, MailbotError) else MailbotError(f"the {self.name} lane failed: {error!r}")
            )
        elif self._waiting and not self._owners and not self._closed:
            self._call_worker()

    def _fail_waiting(self, error: MailbotError) -> None:
        while self._waiting:
            ticket = self._waiting.popleft()
            if not ticket.answer.done():
                ticket.answer.set_exception(error)

    async def _own(self) -> None:
        """Own one worker after the other until there has been nothing to do for long."""
        stays = True
        while stays and (self._waiting or await self._wait_for_work()):
            worker = await WorkerProcess.start(self._limits, self._command)
            self.isolation = worker.isolation
            sent: deque[_Ticket] = deque()
            try:
                stays = await self._serve(worker, sent)
            finally:
                self._waiting.extendleft(reversed(sent))
                await worker.stop()

    async def _wait_for_work(self) -> bool:
        """Return True when a job waits, False after the idle time, but for the workers that are kept."""
        while not self._waiting:
            idler = asyncio.get_running_loop().create_future()
            self._idlers.append(idler)
            try:
                async with asyncio.timeout(self._idle_seconds):
                    await idler
            except TimeoutError:
                if not self._waiting and len(self._owners) - len(self._leaving) > self._keep:
                    self._leaving.add(asyncio.current_task())
                    return False
            finally:
                with contextlib.suppress(ValueError):
                    self._idlers.remove(idler)
        return True

    async def _serve(self, worker: WorkerProcess, sent: deque[_Ticket]) -> bool:
        """Feed one worker until it dies or is spent (True: another one is wanted) or was idle for long (False).

        What is left in `sent` was not answered.
        """
        fresh = True
        while True:
            if fresh:
                self._fill(worker, sent)
            if not sent:
                if not fresh:
                    return True
                if not await self._wait_for_work():
                    return False
                continue
            try:
                header, body = await worker.receive(self._limits.wall_seconds)
            except WorkerDied as error:
                ticket = sent.popleft()
                if not ticket.answer.done():  # else it was killed because nobody waits for its answer any more
                    log.warning("a worker of the %s lane died reading %s: %s", self.name, ticket.header.get("name", ""), error)
                    ticket.answer.set_exception(error)
                return True
            ticket = sent.popleft()
            if not ticket.answer.done():
                ticket.answer.set_result((header, body))
            fresh = fresh and not header.get("spent")

    def _fill(self, worker: WorkerProcess, sent: deque[_Ticket]) -> None:
        """Give the worker as many waiting jobs as its pipe should hold."""
        while self._waiting and len(sent) < self._depth:
            ticket = self._waiting.popleft()
            if ticket.answer.done():
                continue
            try:
                worker.send(ticket.header, ticket.content)
            except MailbotError as error:
                ticket.answer.set_exception(error)
                continue
            ticket.worker = worker
            sent.append(ticket)
