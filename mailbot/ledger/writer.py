"""The one task that writes: it takes everything that waits, puts it on disk in one durable commit, and answers each caller."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mailbot.errors import MailbotError, Unreachable
from mailbot.ledger import statements
from mailbot.ledger.blobs import BlobStore
from mailbot.ledger.database import LOOK, in_our_words, writing_engine
from mailbot.ledger.requests import Claim, Release, Request, contents
from mailbot.ledger.transaction import Work, carry_out

BATCH = 256
"""Requests in one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    request: Request
    answer: asyncio.Future[Any]


class Writer:
    """Owns the writing connection and the pack. A caller that is cancelled while it waits may or may not have been written."""

    def __init__(self, database: Path, blobs: BlobStore, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._engine = writing_engine(database)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger-writer")
        self._blobs = blobs
        self._clock = clock
        self._queue: asyncio.Queue[_Waiting | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def ask(self, request: Request) -> Any:
        """Have the request written; return its answer once it is durable. Raises the error that refused it."""
        if self._closed or (self._task and self._task.done()):
            raise Unreachable(f"{self._database}: the ledger was closed", remedy="open it again")
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="ledger writer")
        waiting = _Waiting(request=request, answer=asyncio.get_running_loop().create_future())
        self._queue.put_nowait(waiting)
        try:
            return await waiting.answer
        except asyncio.CancelledError:
            if waiting.answer.done() and not waiting.answer.cancelled() and not waiting.answer.exception():
                self._give_back(request, waiting.answer.result())
            raise

    async def close(self) -> None:
        """Write what waits, then let go of the connection and the pack."""
        self._closed = True
        try:
            if self._task:
                self._queue.put_nowait(None)
                await self._task
        finally:
            await asyncio.to_thread(self._let_go)

    def _let_go(self) -> None:
        self._thread.shutdown()
        self._engine.dispose()
        self._blobs.close()

    async def _run(self) -> None:
        batch: list[_Waiting] = []
        try:
            while not (self._closed and self._queue.empty()):
                batch = await self._waiting()
                if batch:
                    await self._write(batch)
        finally:
            for one in batch:
                one.answer.cancel()
            while not self._queue.empty():
                if left := self._queue.get_nowait():
                    left.answer.cancel()

    async def _waiting(self) -> list[_Waiting]:
        """Return everything that waits, but for the callers that gave up."""
        batch = [await self._queue.get()]
        while len(batch) < BATCH and not self._queue.empty():
            batch.append(self._queue.get_nowait())
        return [one for one in batch if one and not one.answer.done()]

    async def _write(self, batch: Sequence[_Waiting]) -> None:
        """Answer each of the batch; when the transaction as a whole fails, try each alone, so that one cannot harm the others."""
        try:
            requests = [one.request for one in batch]
            answers = await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, requests)
        except Exception as error:
            known = error if isinstance(error, MailbotError) else in_our_words(error, self._database)
            if len(batch) > 1 and not isinstance(known, Unreachable):  # each would wait as long again for the lock
                for one in batch:
                    await self._write([one])
                return
            known.__cause__ = error if known is not error else error.__cause__
            answers = [known] * len(batch)
        for one, answer in zip(batch, answers, strict=True):
            self._settle(one, answer)

    def _settle(self, one: _Waiting, answer: Any) -> None:
        if one.answer.done():
            self._give_back(one.request, answer)
        elif isinstance(answer, Exception):
            one.answer.set_exception(answer)
        else:
            one.answer.set_result(answer)

    def _give_back(self, request: Request, answer: Any) -> None:
        """Release what was claimed for a caller that was cancelled meanwhile, since nobody works on it."""
        if isinstance(request, Claim) and answer and not isinstance(answer, Exception):
            nobody: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            nobody.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._queue.put_nowait(_Waiting(request=Release(items=answer), answer=nobody))

    def _commit(self, requests: Sequence[Request]) -> list[Any]:
        """Carry the requests out in one transaction, after their contents are on disk. Runs in the writer's thread."""
        wanted = [contents(request) for request in requests]
        batch = [
            Work(request=request, digests=[hashlib.sha256(content).hexdigest() for content in some])
            for request, some in zip(requests, wanted, strict=True)
        ]
        new: dict[str, bytes] = {}
        for work, some in zip(batch, wanted, strict=True):
            new |= zip(work.digests, some, strict=True)
        if new:
            with self._engine.connect().execution_options(**LOOK) as connection:
                for sha256 in statements.stored(connection, new):
                    del new[sha256]
        places = self._blobs.put(new) if new else []
        with self._engine.begin() as connection:
            return carry_out(connection, batch, places, self._clock())
