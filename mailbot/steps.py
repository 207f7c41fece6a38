"""What every step of the recipe shares: changes by the holder of a lease, commits that a stop cannot cut off, JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, TypeVar

from mailbot.core import audit
from mailbot.core.item import Change, Happening, Item
from mailbot.core.lifecycle import ADVANCEABLE, step
from mailbot.core.person import UNAUTHENTICATED
from mailbot.errors import BadInput

T = TypeVar("T")

BOT = "mailbot"
"""The actor of everything that no person and no rule caused."""

RETRY_FIRST = timedelta(seconds=10)
RETRY_MOST = timedelta(hours=1)


def actor_of(person: str) -> str:
    """Return how the audit chain names somebody."""
    return person if person in (UNAUTHENTICATED, BOT) else f"{person} ({UNAUTHENTICATED})"


def by_holder(item: Item, *happenings: Happening, **values: Any) -> Change:
    """Return a change by the worker that holds the item's lease.

    The lease is kept where the item can be advanced further at once, and given back where it waits or has ended.
    Raises IllegalEvent when the table does not allow the happenings.
    """
    after = item.state
    for happening in happenings:
        after = step(after, happening.event)
    waits = after not in ADVANCEABLE or values.get("not_before") is not None
    return Change(item=item.id, expected=item.state, happenings=happenings, fence=item.fence, release=waits, **values)


def backoff(attempt: int) -> timedelta:
    """Return how long to wait after the `attempt`-th try (from 1) failed: doubling, up to an hour."""
    return min(RETRY_MOST, RETRY_FIRST * float(2 ** min(max(0, attempt - 1), 16)))


async def surely(commit: Awaitable[T]) -> T:
    """Await a commit to its end, even when cancelled meanwhile: what has happened outside must not stay unwritten."""
    task = asyncio.ensure_future(commit)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


def canonical(value: Any) -> bytes:
    """Return JSON that is the same bytes for the same value, so that a replay can be compared.

    Raises BadInput for a text that is none (half of a surrogate pair, as a shell passes bytes that are not UTF-8).
    """
    try:
        return audit.canonical(value).encode()
    except UnicodeEncodeError as error:
        raise BadInput(
            f"a text is not Unicode near {error.object[error.start - 20 : error.end]!a}", remedy="write it in UTF-8"
        ) from error
