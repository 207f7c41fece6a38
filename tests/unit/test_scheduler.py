"""Who runs in which slot, by value and by property; and that deciding so needs no tensor library."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.generate.scheduler import Admission, Ask, Busy, Scheduler, Tick

BUCKETS = (16, 64)


def ask(name: str, account: str = "a", length: int = 10, deadline: float | None = None) -> Ask:
    return Ask(name=name, account=account, length=length, deadline=deadline)


def scheduler(**options: Any) -> Scheduler:
    return Scheduler(**{"slots": 2, "buckets": BUCKETS} | options)


def names(tick: Tick) -> list[str]:
    return [name for admission in tick.admissions for name in admission.names]


def test_schedule_run_finish() -> None:
    one = scheduler(slots=3, rows=2, widths=(1, 2))
    assert one.schedule(0) == Tick(late=(), admissions=(), running=(), width=1, hurry=False)
    for wanted in (ask("x", length=16), ask("y", length=17), ask("z"), ask("w")):
        one.submit(wanted)
    tick = one.schedule(0)
    assert tick.admissions == (
        Admission(bucket=16, slots=(0, 2), names=("x", "z")),
        Admission(bucket=64, slots=(1,), names=("y",)),
    )
    assert tick.running == ((0, "x"), (1, "y"), (2, "z"))
    assert (tick.width, one.waiting, one.running) == (3, 1, 3)
    # w waits for whoever ends first
    assert one.schedule(1) == Tick(late=(), admissions=(), running=tick.running, width=3, hurry=True)
    for name in "yz":
        assert one.finish(name)
    assert one.schedule(2) == Tick(
        late=(), admissions=(Admission(bucket=16, slots=(1,), names=("w",)),), running=((0, "x"), (1, "w")), width=2, hurry=False
    )
    assert one.finish("w")
    assert one.schedule(3).width == 1


def test_accounts_take_turns() -> None:
    one = scheduler(slots=1)
    for name in ("a1", "a2", "a3", "b1", "b2", "c1"):
        one.submit(ask(name, account=name[0]))
    order = []
    while tick := one.schedule(0).admissions:
        order += tick[0].names
        one.finish(order[-1])
    assert order == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_a_tick_reads_no_more_than_its_budget_but_always_one() -> None:
    one = scheduler(slots=8, budget=40)
    for number, length in enumerate((64, 10, 10, 64, 10)):
        one.submit(ask(str(number), length=length))
    assert [names(one.schedule(0)) for _ in range(5)] == [["0"], ["1", "2"], ["3"], ["4"], []]


def test_late_ones_end_wherever_they_are() -> None:
    one = scheduler(slots=1)
    one.submit(ask("running", deadline=5))
    one.submit(ask("waiting", deadline=5))
    one.submit(ask("patient"))
    assert names(one.schedule(4.9)) == ["running"]
    tick = one.schedule(5)
    assert sorted(tick.late) == ["running", "waiting"]
    assert names(tick) == ["patient"]
    assert not one.finish("waiting")


def test_a_cancelled_one_frees_its_slot_or_its_place() -> None:
    one = scheduler(slots=1, waiting=2)
    one.submit(ask("x"))
    one.schedule(0)
    one.submit(ask("y"))
    one.submit(ask("z"))
    assert one.finish("y")
    one.submit(ask("y", length=20))
    assert one.finish("x")
    assert names(one.schedule(0)) == ["z"]
    one.finish("z")
    assert one.schedule(0).admissions == (Admission(bucket=64, slots=(0,), names=("y",)),)
    assert not one.finish("nobody")


def test_what_cannot_wait_is_refused() -> None:
    one = scheduler(waiting=1)
    one.submit(ask("x"))
    with pytest.raises(Busy, match="1 drafts wait"):
        one.submit(ask("y"))
    with pytest.raises(ValueError, match="there already"):
        one.submit(ask("x"))
    for length in (0, 65):
        with pytest.raises(ValueError, match="not 1 to 64"):
            one.submit(ask("z", length=length))


def test_fewer_slots_after_a_device_error() -> None:
    one = scheduler(slots=4, widths=(1, 2))
    for name in ("a1", "b1", "a2", "b2", "c1"):
        one.submit(ask(name, account=name[0]))
    before = names(one.schedule(0))
    assert one.shrink(2) == tuple(before)
    tick = one.schedule(0)
    assert (names(tick), tick.width, one.slots, one.waiting) == (before[:2], 2, 2, 3)
    for name in before[:2]:
        one.finish(name)
    assert sorted(names(one.schedule(0))) == sorted(before[2:])


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("submit"), st.sampled_from("abc"), st.integers(1, 64), st.one_of(st.none(), st.integers(0, 30))),
        st.tuples(st.just("tick")),
        st.tuples(st.just("finish"), st.integers(0, 5)),
        st.tuples(st.just("cancel"), st.integers(0, 40)),
        st.tuples(st.just("shrink"), st.integers(1, 3)),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(acts=ACTS, slots=st.integers(1, 5), rows=st.integers(1, 3), budget=st.integers(1, 200))
def test_whatever_happens_nothing_is_lost_doubled_or_overtaken(
    acts: list[tuple[Any, ...]], slots: int, rows: int, budget: int
) -> None:
    one = Scheduler(slots=slots, buckets=BUCKETS, rows=rows, budget=budget, widths=(1, 2))
    asked: dict[str, Ask] = {}
    waiting: list[str] = []
    running: dict[str, int] = {}
    ended: Counter[str] = Counter()

    def tick(now: float) -> None:
        result = one.schedule(now)
        for name in result.late:
            deadline = asked[name].deadline
            assert deadline is not None
            assert deadline <= now
            waiting[:] = [other for other in waiting if other != name]
            running.pop(name, None)
            ended[name] += 1
        free = one.slots - len(running)
        chosen = names(result)
        for admission in result.admissions:
            assert 1 <= len(admission.names) <= rows
            for slot, name in zip(admission.slots, admission.names, strict=True):
                assert slot not in running.values()
                assert admission.bucket == min(bucket for bucket in BUCKETS if bucket >= asked[name].length)
                waiting.remove(name)
                running[name] = slot
        # within an account nobody overtakes, and no account comes twice before another that waits
        taken = Counter(asked[name].account for name in chosen)
        for name in waiting:
            assert not any(asked[other].account == asked[name].account and int(other) > int(name) for other in chosen)
            assert max(taken.values(), default=0) <= taken[asked[name].account] + 1
        read = sum(admission.bucket * len(admission.names) for admission in result.admissions)
        assert read <= budget or len(chosen) == 1
        assert bool(chosen) == bool(free and (waiting or chosen))
        assert {name: slot for slot, name in result.running} == running
        assert len(running) <= one.slots
        assert all(slot < result.width for slot in running.values())

    now = 0
    for act in acts:
        now += 1
        if act[0] == "submit":
            name = str(len(asked))
            asked[name] = Ask(name=name, account=act[1], length=act[2], deadline=None if act[3] is None else now + act[3])
            waiting.append(name)
            one.submit(asked[name])
        elif act[0] == "tick":
            tick(now)
        elif act[0] == "finish" and running:
            name = sorted(running)[act[1] % len(running)]
            assert one.finish(name)
            del running[name]
            ended[name] += 1
        elif act[0] == "cancel":
            name = str(act[1])
            assert one.finish(name) == (name in waiting or name in running)
            if name in waiting or name in running:
                waiting[:] = [other for other in waiting if other != name]
                running.pop(name, None)
                ended[name] += 1
        elif act[0] == "shrink" and act[1] < one.slots:
            back = one.shrink(act[1])
            assert sorted(back) == sorted(running)
            waiting[:] = sorted([*waiting, *running], key=int)
            running.clear()
        assert (one.waiting, one.running) == (len(waiting), len(running))
    for _ in range(4 * len(asked) + 1):
        tick(now + 100)
        for name in list(running):
            assert one.finish(name)
            del running[name]
            ended[name] += 1
    assert ended == Counter(asked.keys())


def test_it_needs_no_tensor_library() -> None:
    code = "import mailbot.generate.scheduler, sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {name.split(".")[0] for name in run.stdout.split()} & {"numpy", "keras", "tensorflow", "jax", "transformers"}
