"""What a caller may ask the writer for, as values that can wait in a queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailbot.core.item import Arrival, Change, HighWater, Item
from mailbot.core.lifecycle import State
from mailbot.ports import PartStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Receive:
    """Store arrivals and move the mark; answers ids, None for what is known."""

    arrivals: Sequence[Arrival] = ()
    mark: HighWater | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Apply a change; answers the item."""

    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Give leases back; answers None."""

    items: Sequence[Item]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Lease items; answers them."""

    states: Sequence[State]
    limit: int
    owner: str
    lease: timedelta
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakLeases:
    """Free every lease; answers how many there were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Store blobs; answers their SHA-256."""

    contents: Sequence[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Append an entry to an item's history that changes nothing of it; answers None."""

    item: int
    event: str
    actor: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Keep how a part fares; answers None."""

    status: PartStatus


Request = Receive | Record | Release | Claim | BreakLeases | Store | Note | Report


def contents(request: Request) -> list[bytes]:
    """Return the bytes that must be on disk before the request is carried out."""
    match request:
        case Receive():
            return [arrival.content for arrival in request.arrivals]
        case Record():
            return [artifact.content for artifact in request.change.artifacts]
        case Store():
            return list(request.contents)
    return []
