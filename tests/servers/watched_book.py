"""A book of files (rules, suppliers) watched for a test, and the wait until it says what an edit made of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar


class Book(Protocol):
    """What watches its folder until cancelled."""

    async def watch(self) -> None: ...


B = TypeVar("B", bound=Book)


@asynccontextmanager
async def watching(book: B) -> AsyncIterator[B]:
    """Watch the book's folder, and stop at the end."""
    task = asyncio.create_task(book.watch())
    try:
        yield book
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], bool]) -> None:
    """Return once the condition holds. Raises TimeoutError after half a minute."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)
