"""The audit chain as arithmetic: any change of any value of any entry shows."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.core.audit import ARRIVED, FIRST_PREVIOUS, Head, Step, canonical, detail_of, follow, replay, seal, stamp, unstamp
from mailbot.core.item import AuditEntry
from mailbot.core.lifecycle import State

AT = "2026-11-23T10:00:00.000000Z"
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
steps = st.builds(
    Step, item=st.integers(1, 5), event=texts, before=texts, after=texts, actor=texts, cause=texts, detail=st.just("{}")
)


def chain(some: list[Step]) -> list[AuditEntry]:
    entries, head = [], Head()
    for one in some:
        entries.append(seal(head, one, AT))
        head = Head(count=entries[-1].seq, hash=entries[-1].hash)
    return entries


def wrongs(entries: list[AuditEntry]) -> list[str]:
    head, found = Head(), []
    for entry in entries:
        head, wrong = follow(head, entry)
        found += [wrong] if wrong else []
    return found


@given(st.lists(steps, max_size=8))
def test_a_chain_as_it_was_sealed_is_in_order(some: list[Step]) -> None:
    entries = chain(some)
    assert wrongs(entries) == []
    assert [entry.previous for entry in entries] == [FIRST_PREVIOUS, *(entry.hash for entry in entries)][: len(entries)]


@given(st.lists(steps, min_size=1, max_size=6), st.data())
def test_any_changed_value_shows(some: list[Step], data: st.DataObject) -> None:
    entries = chain(some)
    place = data.draw(st.integers(0, len(entries) - 1))
    name = data.draw(st.sampled_from([field.name for field in fields(AuditEntry)]))
    old = getattr(entries[place], name)
    new = old + 1 if isinstance(old, int) else old + "x"
    entries[place] = replace(entries[place], **{name: new})
    assert wrongs(entries)


@given(st.lists(steps, min_size=3, max_size=6), st.data())
def test_a_removed_moved_or_doubled_entry_shows(some: list[Step], data: st.DataObject) -> None:
    entries = chain(some)
    place = data.draw(st.integers(0, len(entries) - 2))
    assert wrongs(entries[:place] + entries[place + 1 :])
    assert wrongs([*entries[:place], entries[place + 1], entries[place], *entries[place + 2 :]])
    assert wrongs([*entries[: place + 1], *entries[place:]])


def test_an_entry_sealed_anew_without_its_followers_shows() -> None:
    entries = chain([Step(item=1, event=ARRIVED, before="", after="received", actor="mailbot")] * 3)
    forged = seal(Head(count=1, hash=entries[0].hash), Step(item=1, event="x", before="", after="", actor="eve"), AT)
    assert wrongs([entries[0], forged, entries[2]]) == ["it does not follow the entry before it"]


def test_replay_tells_what_the_item_must_be() -> None:
    told = replay(
        chain([
            Step(item=1, event="arrived", before="", after="received", actor="mailbot", detail=detail_of(values={"name": "a"})),
            Step(item=1, event="reading_started", before="received", after="reading", actor="mailbot"),
            Step(
                item=1, event="extracted", before="reading", after="read", actor="mailbot",
                detail=detail_of(values={"subject": "S"}, artifacts=[("reading", 1, "ab")]),
            ),
        ])
    )  # fmt: skip
    assert told.wrong == []
    assert told.state == State.READ
    assert told.values == {"name": "a", "subject": "S"}
    assert told.artifacts == {("reading", 1): "ab"}


@pytest.mark.parametrize(
    ("before", "event", "after"),
    [("", "arrived", "sent"), ("received", "accepted", "queued"), ("", "kept", ""), ("sent", "read", "read")],
)
def test_replay_refuses_what_the_table_does_not_have(before: str, event: str, after: str) -> None:
    assert replay(chain([Step(item=1, event=event, before=before, after=after, actor="mailbot")])).wrong


@pytest.mark.parametrize("detail", ["", "[1]", "nonsense", '{"artifacts":[1]}', '{"values":3}'])
def test_replay_survives_a_detail_that_is_none(detail: str) -> None:
    told = replay(chain([Step(item=1, event="arrived", before="", after="received", actor="m", detail=detail)]))
    assert told.wrong == ["entry 1: its detail cannot be read"]


def test_canonical_text_is_one_for_one_value() -> None:
    assert canonical({"b": "ü", "a": [1, None]}) == '{"a":[1,null],"b":"ü"}' == canonical({"a": [1, None], "b": "ü"})


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_stamps_sort_as_times_and_come_back(one: datetime, other: datetime) -> None:
    assert unstamp(stamp(one)) == one
    assert (stamp(one) < stamp(other)) == (one < other)


def test_a_stamp_is_in_utc_and_needs_a_zone() -> None:
    assert stamp(datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))) == "2026-01-02T01:00:00.000000Z"
    with pytest.raises(ValueError, match="no time zone"):
        stamp(datetime(2026, 1, 2, 3))
