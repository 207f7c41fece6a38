"""Whatever comes at the same moment is committed together, and is as if it had come one after the other."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.item import Change, Item
from mailbot.core.lifecycle import Event, State, step
from mailbot.errors import IllegalEvent, MailbotError, Stale
from mailbot.ledger.sql import SqlLedger
from tests.servers.ledger_way import Clock, happened, mail

ITEMS = 3
changes = st.builds(
    lambda item, expected, events: Change(
        item=item,
        expected=expected,
        happenings=happened(*events, cause="as drawn"),
        tags=tuple(event.value for event in events) or None,
    ),
    st.integers(1, ITEMS),
    st.sampled_from([State.RECEIVED, State.RECEIVED, State.READING, State.READ, State.FAILED]),
    st.lists(st.sampled_from([Event.READING_STARTED, Event.EXTRACTED, Event.GAVE_UP, Event.RETRIED]), max_size=3),
)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with ITEMS items, to be copied."""
    folder = tmp_path_factory.mktemp("empty")

    async def fill() -> None:
        ledger = await SqlLedger.open(folder, clock=Clock())
        await ledger.receive([mail(uid) for uid in range(1, ITEMS + 1)])
        await ledger.close()

    asyncio.run(fill())
    return folder


def one_after_the_other(drawn: list[Change]) -> tuple[list[State | type], dict[int, State]]:
    """Return what each change must lead to, and where each item stands at the end."""
    states = dict.fromkeys(range(1, ITEMS + 1), State.RECEIVED)
    outcomes: list[State | type] = []
    for change in drawn:
        state = states[change.item]
        if state is not change.expected:
            outcomes.append(Stale)
            continue
        try:
            for happening in change.happenings:
                state = step(state, happening.event)
        except IllegalEvent:
            outcomes.append(IllegalEvent)
            continue
        states[change.item] = state
        outcomes.append(state)
    return outcomes, states


@settings(max_examples=25, deadline=None)
@given(st.lists(changes, max_size=20))
def test_a_batch_is_as_if_one_came_after_the_other(
    empty: Path, tmp_path_factory: pytest.TempPathFactory, drawn: list[Change]
) -> None:
    folder = Path(shutil.copytree(empty, tmp_path_factory.mktemp("copy") / "state"))

    async def together() -> tuple[list[Item | BaseException], list[Item]]:
        ledger = await SqlLedger.open(folder, clock=Clock())
        try:
            answers = await asyncio.gather(*(ledger.record(change) for change in drawn), return_exceptions=True)
            assert await ledger.verify() == []
            return answers, await ledger.items()
        finally:
            await ledger.close()

    answers, items = asyncio.run(together())
    outcomes, states = one_after_the_other(drawn)
    assert [type(answer) if isinstance(answer, MailbotError) else answer.state for answer in answers] == outcomes
    assert {item.id: item.state for item in items} == states
    shutil.rmtree(folder)
