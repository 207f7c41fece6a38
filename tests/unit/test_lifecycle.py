"""The one table of states and events: what it promises about every way through it."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.core.lifecycle import (
    ADVANCEABLE,
    ENDS,
    PERSON_EVENTS,
    REASON_WANTED,
    TRANSITIONS,
    Event,
    State,
    events_from,
    mermaid,
    step,
)
from mailbot.errors import IllegalEvent


def reachable(start: State, *, without: Collection[Event] = ()) -> set[State]:
    """Return the states that some sequence of events leads to, `start` included."""
    found, waiting = {start}, [start]
    while waiting:
        state = waiting.pop()
        for event in events_from(state):
            after = TRANSITIONS[state, event]
            if event not in without and after not in found:
                found.add(after)
                waiting.append(after)
    return found


@pytest.mark.parametrize("state", list(State))
def test_every_state_is_reached_and_can_reach_an_end(state: State) -> None:
    assert state in reachable(State.RECEIVED)
    assert reachable(state) & ENDS


def test_nothing_leaves_an_end() -> None:
    assert {state for state in State if not events_from(state)} == ENDS


def test_sent_cannot_be_reached_without_an_accepted_draft() -> None:
    unaccepted = reachable(State.RECEIVED, without={Event.ACCEPTED})
    assert not unaccepted & {State.QUEUED, State.SENDING, State.SENT, State.DELIVERY_UNKNOWN}


@given(st.lists(st.sampled_from(Event), max_size=60))
def test_no_walk_sends_without_acceptance_and_a_start_of_sending_for_each(events: list[Event]) -> None:
    state, accepted = State.RECEIVED, False
    for event in events:
        if event in events_from(state):
            state = step(state, event)
            accepted = accepted or event is Event.ACCEPTED
        else:
            with pytest.raises(IllegalEvent):
                step(state, event)
    assert accepted or state not in {State.QUEUED, State.SENDING, State.SENT, State.DELIVERY_UNKNOWN}


def test_an_unknown_delivery_is_settled_by_a_person_or_by_the_sent_folder_only() -> None:
    assert set(events_from(State.DELIVERY_UNKNOWN)) <= PERSON_EVENTS | {Event.FOUND_IN_SENT}
    back = [event for event in events_from(State.DELIVERY_UNKNOWN) if step(State.DELIVERY_UNKNOWN, event) is State.QUEUED]
    assert set(back) <= PERSON_EVENTS


def test_the_dispatcher_alone_goes_from_sending_to_queued_only_when_the_server_refused_for_now() -> None:
    assert [event for event in events_from(State.SENDING) if step(State.SENDING, event) is State.QUEUED] == [Event.TRY_LATER]


def test_only_states_that_wait_for_the_dispatcher_have_events_of_its_own() -> None:
    waiting_for_people = set(State) - set(ADVANCEABLE) - ENDS - {State.AWAITING_APPROVAL, State.DELIVERY_UNKNOWN}
    own = {(state, event) for state in waiting_for_people for event in events_from(state)} - {
        (state, event) for state in State for event in PERSON_EVENTS
    }
    assert {event for _, event in own} <= {Event.DRAFT_WANTED}  # asked for by a person, or by the last approval


def test_reasons_are_wanted_where_a_person_must_understand() -> None:
    assert REASON_WANTED.isdisjoint(ADVANCEABLE)
    assert {State.QUARANTINED, State.FAILED, State.DELIVERY_UNKNOWN} <= REASON_WANTED


def test_a_correction_is_for_items_that_wait_and_leads_back_to_the_rules() -> None:
    rows = {source: target for (source, event), target in TRANSITIONS.items() if event is Event.CORRECTED}
    assert set(rows) == {State.AWAITING_APPROVAL, State.REFUSED, State.IN_REVIEW, State.REJECTED}
    assert set(rows.values()) == {State.READ}
    assert not set(rows) & set(ADVANCEABLE)


def test_an_illegal_event_says_what_is_possible() -> None:
    with pytest.raises(IllegalEvent, match="for an item that is received; possible now: reading_started, gave_up"):
        step(State.RECEIVED, Event.ACCEPTED)
    with pytest.raises(IllegalEvent, match="nothing more can happen"):
        step(State.SENT, Event.CLOSED)


def test_the_diagram_has_each_row_of_the_table() -> None:
    lines = mermaid().splitlines()
    for (source, event), target in TRANSITIONS.items():
        assert f"    {source} --> {target}: {event}" in lines
    assert len(lines) == 2 + len(TRANSITIONS) + len(ENDS)
