"""In charge of how the queue is divided: every state stands in exactly one tab."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mailbot.core.lifecycle import State
from mailbot.ports import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One tab: `key` in the URL, `empty` what the page says when nothing is there."""

    key: str
    label: str
    states: tuple[State, ...]
    empty: str
    hint: str


TABS = (
    Tab(
        key="review",
        label="To review",
        states=(State.IN_REVIEW,),
        empty="No draft waits for you.",
        hint="New drafts appear here by themselves.",
    ),
    Tab(
        key="approve",
        label="To approve",
        states=(State.AWAITING_APPROVAL,),
        empty="Nothing waits for approval.",
        hint="Requests appear here when a rule names approvers.",
    ),
    Tab(
        key="decide",
        label="Needs a decision",
        states=(State.FAILED, State.QUARANTINED, State.DELIVERY_UNKNOWN, State.REFUSED, State.REJECTED),
        empty="Nothing is stuck.",
        hint="What failed, was quarantined, refused or rejected, or may or may not have been delivered, would stand here.",
    ),
    Tab(
        key="moving",
        label="Under way",
        states=(State.RECEIVED, State.READING, State.READ, State.ROUTED, State.DRAFTING, State.QUEUED, State.SENDING),
        empty="Nothing is under way.",
        hint="Mail passes through here while mailbot reads, drafts and sends.",
    ),
    Tab(
        key="done",
        label="Done",
        states=(State.SENT, State.FINISHED),
        empty="Nothing is done yet.",
        hint="Sent replies and items that needed none end here.",
    ),
)

_BY_KEY = {tab.key: tab for tab in TABS}
_BY_STATE = {state: tab for tab in TABS for state in tab.states}
WALK = 200
"""How many items of a tab are looked through for the place of one."""


def tab_of(key: str, *, state: State | None = None) -> Tab:
    """Return the tab of that key, else the one that `state` stands in, else the first."""
    return _BY_KEY.get(key) or (_BY_STATE[state] if state else TABS[0])


def total(tab: Tab, counts: Mapping[State, int]) -> int:
    """Return how many items stand in a tab."""
    return sum(counts.get(state, 0) for state in tab.states)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an item stands among those of a tab, newest first: `position` from 1, 0 when it is not in it (any more)."""

    position: int
    of: int
    newer: int | None
    older: int | None


async def place_of(ledger: Ledger, tab: Tab, item: int) -> Place:
    """Return the place of an item in a tab; of an item that left it, between which it would stand."""
    ids = [one.id for one in await ledger.items(states=tab.states, limit=WALK)]
    newer = [one for one in ids if one > item]
    older = [one for one in ids if one < item]
    return Place(
        position=ids.index(item) + 1 if item in ids else 0,
        of=len(ids),
        newer=newer[-1] if newer else None,
        older=older[0] if older else None,
    )
