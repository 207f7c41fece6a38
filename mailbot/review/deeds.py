"""In charge of what a person may do to an item in each state, as the lifecycle table has it, and how the page says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mailbot.core.lifecycle import Event, State, events_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something a person can do to an item: `event` says in which states, `after` what the page says when it is done.

    `why` is the question that must be answered with it; `stays` shows the same item again instead of the next one.
    """

    name: str
    event: Event
    label: str
    after: str
    why: str = ""
    look: Literal["yes", "no", "plain"] = "plain"
    stays: bool = False


DEEDS = {
    deed.name: deed
    for deed in (
        Deed(name="approve", event=Event.APPROVED, label="Approve", after="Approved", look="yes"),
        Deed(name="refuse", event=Event.REFUSED, label="Refuse", after="Refused", why="Why not?", look="no"),
        Deed(name="accept", event=Event.ACCEPTED, label="Accept", after="Accepted", look="yes"),
        Deed(name="edit", event=Event.EDITED, label="Save my changes", after="Changes saved as a new version", stays=True),
        Deed(
            name="reject", event=Event.REJECTED, label="Reject the draft", after="Rejected", why="What is wrong with it?", look="no"
        ),
        Deed(name="redraft", event=Event.DRAFT_WANTED, label="Ask for a new draft", after="A new draft was asked for"),
        Deed(name="withdraw", event=Event.WITHDRAWN, label="Take the reply back", after="Taken back into review", stays=True),
        Deed(name="retry", event=Event.RETRIED, label="Try again", after="Started again", look="yes"),
        Deed(name="release", event=Event.RELEASED, label="Release and read again", after="Released from quarantine"),
        Deed(name="reconsider", event=Event.RECONSIDERED, label="Put up for approval again", after="Up for approval again"),
        Deed(name="reroute", event=Event.REROUTED, label="Ask the rules again", after="The rules were asked again"),
        Deed(name="correct", event=Event.CORRECTED, label="Correct", after="Corrected; the rules are asked again", stays=True),
        Deed(name="delivered", event=Event.DELIVERY_CONFIRMED, label="It arrived", after="Recorded as delivered", look="yes"),
        Deed(name="resend", event=Event.RESEND_ORDERED, label="Send the same bytes again", after="Queued again", look="no"),
        Deed(name="close", event=Event.CLOSED, label="Close", after="Closed", why="Why?", look="no"),
    )
}
SAID_AFTER = {deed.name: deed.after for deed in DEEDS.values()} | {"remember": "Remembered for the supplier's next papers"}

_NOT_ASKED = frozenset({State.ROUTED, State.AWAITING_APPROVAL})
"""States in which the rules, not a person, want the draft."""


def deeds_in(state: State) -> tuple[Deed, ...]:
    """Return what a person may do in a state, as the lifecycle table has it."""
    allowed = set(events_from(state))
    if state in _NOT_ASKED:
        allowed.discard(Event.DRAFT_WANTED)
    return tuple(deed for deed in DEEDS.values() if deed.event in allowed)
