"""The audit chain as arithmetic: how an entry is sealed, how the chain is followed, and what an item's own entries say it is.

Each entry's hash covers all its other values and the hash of the entry before, so that one changed, removed, inserted or moved
entry shows. Whoever can rewrite the whole chain and its head is not caught: for that, keep a copy of the head elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from mailbot.core.item import AuditEntry
from mailbot.core.lifecycle import TRANSITIONS, State

FIRST_PREVIOUS = "0" * 64
"""What the first entry carries as the hash of the one before."""

ARRIVED = "arrived"
"""The first entry of each item: from "" to received; its detail names the origin and the bytes."""
SEEN_AGAIN = "seen_again"
"""The same mail was met again (delivered twice, in two mailboxes, under a new UIDVALIDITY): no new item.

Its detail names the other origin and the bytes, which may differ in what servers wrote.
"""
KEPT = "kept"
"""Something lasting was written to the item without an event; the state stays."""

REMEMBERED = "remembered"
"""A person had written down how the supplier's next paper is read, from what was corrected on the item; the state stays."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical(value: Any) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, characters as they are."""
    return _ENCODER.encode(value)


def stamp(at: datetime) -> str:
    """Return a time as RFC 3339 in UTC with microseconds, of fixed width, so that text order is time order.

    Raises ValueError for a time without a zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def unstamp(text: str) -> datetime:
    """Return the time that `stamp` wrote."""
    return datetime.fromisoformat(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of the chain: how many entries it has and the hash of the last."""

    count: int = 0
    hash: str = FIRST_PREVIOUS


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An entry before it has its place in the chain."""

    item: int
    event: str
    before: str
    after: str
    actor: str
    cause: str = ""
    detail: str = "{}"


def digest(entry: AuditEntry) -> str:
    """Return the hash that the entry's other values give. Raises UnicodeEncodeError for a text with half a surrogate pair."""
    values = {
        "seq": entry.seq, "at": entry.at, "item": entry.item, "event": entry.event, "before": entry.before,
        "after": entry.after, "actor": entry.actor, "cause": entry.cause, "detail": entry.detail, "previous": entry.previous,
    }  # fmt: skip
    return hashlib.sha256(canonical(values).encode()).hexdigest()


def seal(head: Head, step: Step, at: str) -> AuditEntry:
    """Return the step as the entry that follows `head`. Raises UnicodeEncodeError as `digest` does."""
    entry = AuditEntry(
        seq=head.count + 1, at=at, item=step.item, event=step.event, before=step.before, after=step.after,
        actor=step.actor, cause=step.cause, detail=step.detail, previous=head.hash, hash="",
    )  # fmt: skip
    return replace(entry, hash=digest(entry))


def follow(head: Head, entry: AuditEntry) -> tuple[Head, str]:
    """Return the head after `entry`, and what is wrong with the link ("" when nothing)."""
    wrong = ""
    if entry.seq > head.count + 1:
        wrong = f"entries {head.count + 1} to {entry.seq - 1} before it are missing"
    elif entry.seq < head.count + 1:
        wrong = "its number comes twice"
    elif digest(entry) != entry.hash:
        wrong = "its values are not the ones it was sealed with"
    elif entry.previous != head.hash:
        wrong = "it does not follow the entry before it"
    return Head(count=entry.seq, hash=entry.hash), wrong


@dataclass(slots=True, kw_only=True)
class Told:
    """What an item's entries, replayed from the first, say that the ledger must hold of it."""

    state: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    """The item's lasting values by name: subject, sender, message_id, tags, reason, name, sha256, size."""
    origins: list[dict[str, Any]] = field(default_factory=list)
    """Its own origin, then each other one under which it was met again."""
    artifacts: dict[tuple[str, int], str] = field(default_factory=dict)
    """SHA-256 by kind and version."""
    outgoing: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Envelope of each reply put in the outbox, by the number of the entry."""
    wrong: list[str] = field(default_factory=list)
    """Entries that contradict each other or the lifecycle table."""


def replay(entries: Sequence[AuditEntry]) -> Told:
    """Return what the entries of one item, oldest first, say it is."""
    told = Told()
    for entry in entries:
        if entry.before != told.state or not _allowed(entry):
            told.wrong.append(f"entry {entry.seq}: {entry.event} cannot lead from {told.state or 'nothing'} to {entry.after}")
        told.state = entry.after
        try:
            detail = json.loads(entry.detail)
            _learn(told, detail, entry.seq)
        except (ValueError, KeyError, TypeError, AttributeError):
            told.wrong.append(f"entry {entry.seq}: its detail cannot be read")
    return told


def detail_of(
    *,
    values: Mapping[str, Any] | None = None,
    origin: Mapping[str, Any] | None = None,
    artifacts: Sequence[tuple[str, int, str]] = (),
    outgoing: Mapping[str, Any] | None = None,
    again: str = "",
) -> str:
    """Return the detail of an entry: everything lasting that was written with it.

    `artifacts` are kind, version, SHA-256; `again` is the SHA-256 of the bytes as they came another time.
    """
    detail: dict[str, Any] = {}
    if values:
        detail["values"] = dict(values)
    if origin:
        detail["origin"] = dict(origin)
    if artifacts:
        detail["artifacts"] = [list(one) for one in artifacts]
    if outgoing:
        detail["outgoing"] = dict(outgoing)
    if again:
        detail["again"] = again
    return canonical(detail) if detail else "{}"


def _learn(told: Told, detail: dict[str, Any], seq: int) -> None:
    told.values.update(detail.get("values", {}))
    if "origin" in detail:
        told.origins.append(detail["origin"])
    for kind, version, sha256 in detail.get("artifacts", []):
        told.artifacts[kind, version] = sha256
    if "outgoing" in detail:
        told.outgoing[seq] = detail["outgoing"]


def _allowed(entry: AuditEntry) -> bool:
    if entry.event == ARRIVED:
        return (entry.before, entry.after) == ("", State.RECEIVED)
    if entry.event in (SEEN_AGAIN, KEPT, REMEMBERED):
        return entry.before == entry.after != ""
    table: Mapping[Any, State] = TRANSITIONS
    return table.get((entry.before, entry.event)) == entry.after
