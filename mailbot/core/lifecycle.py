"""The one table of an item's states and events: nothing changes an item's state except through `step`.

The README's diagram is drawn from `TRANSITIONS` by `mermaid`. States are re-entrant for the dispatcher: an item whose
worker died in `reading` or `drafting` is simply advanced again from there, because leases are kept apart from states.
`sending` is the exception: whoever finds an item there without a live lease records `outcome_lost`, never a second send.
"""

from __future__ import annotations

from enum import StrEnum

from mailbot.errors import IllegalEvent


class State(StrEnum):
    """Where an item stands."""

    RECEIVED = "received"
    READING = "reading"
    READ = "read"
    ROUTED = "routed"
    AWAITING_APPROVAL = "awaiting_approval"
    REFUSED = "refused"
    DRAFTING = "drafting"
    IN_REVIEW = "in_review"
    REJECTED = "rejected"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERY_UNKNOWN = "delivery_unknown"
    FINISHED = "finished"
    QUARANTINED = "quarantined"
    FAILED = "failed"


class Event(StrEnum):
    """What can happen to an item."""

    READING_STARTED = "reading_started"
    EXTRACTED = "extracted"
    FOUND_HOSTILE = "found_hostile"
    ROUTE_CHOSEN = "route_chosen"
    APPROVAL_NEEDED = "approval_needed"
    APPROVED = "approved"
    REFUSED = "refused"
    RECONSIDERED = "reconsidered"
    DRAFT_WANTED = "draft_wanted"
    NO_REPLY_WANTED = "no_reply_wanted"
    DRAFTED = "drafted"
    EDITED = "edited"
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    SEND_STARTED = "send_started"
    TRY_LATER = "try_later"
    SERVER_ACCEPTED = "server_accepted"
    OUTCOME_LOST = "outcome_lost"
    FOUND_IN_SENT = "found_in_sent"
    DELIVERY_CONFIRMED = "delivery_confirmed"
    RESEND_ORDERED = "resend_ordered"
    GAVE_UP = "gave_up"
    REROUTED = "rerouted"
    CORRECTED = "corrected"
    RELEASED = "released"
    RETRIED = "retried"
    CLOSED = "closed"


S, E = State, Event

TRANSITIONS: dict[tuple[State, Event], State] = {
    (S.RECEIVED, E.READING_STARTED): S.READING,
    (S.RECEIVED, E.GAVE_UP): S.FAILED,
    (S.READING, E.EXTRACTED): S.READ,
    (S.READING, E.FOUND_HOSTILE): S.QUARANTINED,
    (S.READING, E.GAVE_UP): S.FAILED,
    (S.READ, E.ROUTE_CHOSEN): S.ROUTED,
    (S.READ, E.GAVE_UP): S.FAILED,
    (S.ROUTED, E.APPROVAL_NEEDED): S.AWAITING_APPROVAL,
    (S.ROUTED, E.DRAFT_WANTED): S.DRAFTING,
    (S.ROUTED, E.NO_REPLY_WANTED): S.FINISHED,
    (S.ROUTED, E.GAVE_UP): S.FAILED,
    (S.AWAITING_APPROVAL, E.APPROVED): S.AWAITING_APPROVAL,
    (S.AWAITING_APPROVAL, E.DRAFT_WANTED): S.DRAFTING,
    (S.AWAITING_APPROVAL, E.NO_REPLY_WANTED): S.FINISHED,
    (S.AWAITING_APPROVAL, E.REFUSED): S.REFUSED,
    (S.AWAITING_APPROVAL, E.REROUTED): S.READ,
    (S.AWAITING_APPROVAL, E.CORRECTED): S.READ,
    (S.AWAITING_APPROVAL, E.CLOSED): S.FINISHED,
    (S.REFUSED, E.RECONSIDERED): S.AWAITING_APPROVAL,
    (S.REFUSED, E.DRAFT_WANTED): S.DRAFTING,
    (S.REFUSED, E.CORRECTED): S.READ,
    (S.REFUSED, E.CLOSED): S.FINISHED,
    (S.DRAFTING, E.DRAFTED): S.IN_REVIEW,
    (S.DRAFTING, E.GAVE_UP): S.FAILED,
    (S.IN_REVIEW, E.EDITED): S.IN_REVIEW,
    (S.IN_REVIEW, E.ACCEPTED): S.QUEUED,
    (S.IN_REVIEW, E.REJECTED): S.REJECTED,
    (S.IN_REVIEW, E.DRAFT_WANTED): S.DRAFTING,
    (S.IN_REVIEW, E.CORRECTED): S.READ,
    (S.IN_REVIEW, E.CLOSED): S.FINISHED,
    (S.REJECTED, E.DRAFT_WANTED): S.DRAFTING,
    (S.REJECTED, E.CORRECTED): S.READ,
    (S.REJECTED, E.CLOSED): S.FINISHED,
    (S.QUEUED, E.SEND_STARTED): S.SENDING,
    (S.QUEUED, E.WITHDRAWN): S.IN_REVIEW,
    (S.SENDING, E.SERVER_ACCEPTED): S.SENT,
    (S.SENDING, E.TRY_LATER): S.QUEUED,
    (S.SENDING, E.GAVE_UP): S.FAILED,
    (S.SENDING, E.OUTCOME_LOST): S.DELIVERY_UNKNOWN,
    (S.DELIVERY_UNKNOWN, E.FOUND_IN_SENT): S.SENT,
    (S.DELIVERY_UNKNOWN, E.DELIVERY_CONFIRMED): S.SENT,
    (S.DELIVERY_UNKNOWN, E.RESEND_ORDERED): S.QUEUED,
    (S.DELIVERY_UNKNOWN, E.CLOSED): S.FINISHED,
    (S.QUARANTINED, E.RELEASED): S.RECEIVED,
    (S.QUARANTINED, E.CLOSED): S.FINISHED,
    (S.FAILED, E.RETRIED): S.RECEIVED,
    (S.FAILED, E.CLOSED): S.FINISHED,
}

ENDS = frozenset({S.SENT, S.FINISHED})
"""States that nothing leaves."""

ADVANCEABLE = (S.RECEIVED, S.READING, S.READ, S.ROUTED, S.DRAFTING, S.QUEUED, S.SENDING)
"""States that the dispatcher moves on by itself; in every other state the item waits for a person or has ended."""

PERSON_EVENTS = frozenset({
    E.APPROVED, E.REFUSED, E.RECONSIDERED, E.EDITED, E.REJECTED, E.ACCEPTED, E.WITHDRAWN,
    E.DELIVERY_CONFIRMED, E.RESEND_ORDERED, E.REROUTED, E.CORRECTED, E.RELEASED, E.RETRIED, E.CLOSED,
})  # fmt: skip
"""Events that only a person may cause: the dispatcher never records one of these."""

REASON_WANTED = frozenset({S.QUARANTINED, S.FAILED, S.REFUSED, S.REJECTED, S.DELIVERY_UNKNOWN, S.FINISHED})
"""States that are entered only with a reason that a person can read."""


def step(state: State, event: Event) -> State:
    """Return the state that `event` leads to from `state`.

    Raises IllegalEvent when the table has no such row.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        allowed = ", ".join(events_from(state))
        remedy = f"possible now: {allowed}" if allowed else "that is an end, nothing more can happen to it"
        raise IllegalEvent(f"{event} is not possible for an item that is {state}", remedy=remedy) from None


def events_from(state: State) -> tuple[Event, ...]:
    """Return the events that the table allows in `state`, in table order."""
    return tuple(event for (source, event) in TRANSITIONS if source is state)


def mermaid() -> str:
    """Return the table as a Mermaid state diagram, one arrow a row."""
    lines = ["stateDiagram-v2", f"    [*] --> {S.RECEIVED}"]
    lines += [f"    {source} --> {target}: {event}" for (source, event), target in TRANSITIONS.items()]
    lines += [f"    {end} --> [*]" for end in State if end in ENDS]
    return "\n".join(lines) + "\n"
