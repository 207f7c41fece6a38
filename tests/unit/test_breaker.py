"""The circuit breaker: closed, open, half open, by value."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.generate.breaker import MOST_SECONDS, Breaker


def opened(*, at: float = 0.0) -> Breaker:
    breaker = Breaker(failures=2, seconds=10)
    for _ in range(2):
        assert breaker.may_ask(at)
        breaker.failed(at)
    return breaker


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    breaker = Breaker(failures=2, seconds=10)
    breaker.failed(0)
    breaker.answered()
    breaker.failed(0)
    assert breaker.may_ask(0)
    assert breaker.closed
    breaker.failed(0)
    assert not breaker.closed
    assert (breaker.may_ask(9.9), breaker.left(4), breaker.failures) == (False, 6, 2)


def test_one_request_is_the_trial() -> None:
    breaker = opened()
    assert breaker.may_ask(10)
    assert not breaker.may_ask(10)
    breaker.answered()
    assert breaker.closed
    assert breaker.may_ask(10)
    assert breaker.left(10) == 0


def test_a_failed_trial_doubles_the_wait_up_to_a_bound() -> None:
    breaker, now, waits = opened(), 0.0, []
    for _ in range(9):
        now += breaker.left(now)
        assert breaker.may_ask(now)
        breaker.failed(now)
        waits.append(breaker.left(now))
    assert waits[:3] == [20, 40, 80]
    assert waits[-1] == MOST_SECONDS


def test_a_trial_given_up_leaves_the_next_one_to_try() -> None:
    breaker = opened()
    assert breaker.may_ask(10)
    breaker.abandoned()
    assert breaker.may_ask(10)


def test_who_asked_before_it_opened_changes_nothing_by_failing_later() -> None:
    breaker = opened()
    breaker.failed(5)
    assert breaker.left(5) == 5


def test_a_server_that_asks_to_be_left_alone_is_at_once_for_as_long_as_it_says() -> None:
    breaker = Breaker(failures=9, seconds=10)
    breaker.failed(0, asked_to_wait=3)
    assert breaker.left(0) == 3
    assert breaker.may_ask(3)
    breaker.failed(3, asked_to_wait=1e9)
    assert breaker.left(3) == MOST_SECONDS


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["ask", "answered", "failed", "abandoned", "wait"]), max_size=40))
def test_it_always_asks_again_in_the_end_and_never_tries_twice_at_once(deeds: list[str]) -> None:
    breaker, now, trials = Breaker(failures=2, seconds=1), 0.0, 0
    for deed in deeds:
        if deed == "ask" and breaker.may_ask(now):
            trials += not breaker.closed
        elif deed == "wait":
            now += 1
        elif deed == "failed":
            breaker.failed(now)
            trials = 0
        elif deed in ("answered", "abandoned"):
            getattr(breaker, deed)()
            trials = 0
        assert trials <= 1
    breaker.abandoned()
    assert breaker.may_ask(now + MOST_SECONDS)
