"""Rows of training examples: none is lost or doubled, what is learnt is what was asked for, a step alone decides its batch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.errors import BadInput, UsageError
from mailbot.generate.training.examples import Example, fingerprint, parse_example, read_examples
from mailbot.generate.training.options import Options
from mailbot.generate.training.rows import Rows, Tokens, pack
from mailbot.generate.training.schedule import RateSchedule

LENGTHS = st.lists(st.integers(1, 20), min_size=1, max_size=40)


def some_tokens(lengths: list[int]) -> Tokens:
    """Example i is i·100, i·100 + 1, …, of which all but the first third is learnt."""
    tokens = [number * 100 + place for number, length in enumerate(lengths) for place in range(length)]
    return Tokens(tokens=np.array(tokens, np.uint16), ends=np.cumsum(lengths), learnt=np.array([length // 3 for length in lengths]))


@given(LENGTHS, st.integers(1, 20))
def test_packing_takes_each_example_that_fits_once(lengths: list[int], room: int) -> None:
    rows = pack(lengths, room)
    placed = sorted(number for row in rows for number in row)
    assert placed == [number for number, length in enumerate(lengths) if length <= room]
    assert all(0 < sum(lengths[number] for number in row) <= room for row in rows)


@given(LENGTHS)
def test_packing_fills_rows_tightly(lengths: list[int]) -> None:
    # best fit decreasing never leaves two rows that would both fit into one
    used = sorted(sum(lengths[number] for number in row) for row in pack(lengths, 20))
    assert len(used) < 2 or used[0] + used[1] > 20


@given(LENGTHS)
@settings(max_examples=50)
def test_a_batch_holds_each_example_whole_in_a_segment_of_its_own(lengths: list[int]) -> None:
    rows = Rows(some_tokens(lengths), 20, seed=3)
    batch = rows.of(range(len(rows)), len(rows))
    seen = []
    for tokens, segments, positions, targets, weights in zip(
        batch.tokens, batch.segments, batch.positions, batch.targets, batch.weights, strict=True
    ):
        for segment in range(1, segments.max() + 1):
            (places,) = np.nonzero(segments == segment)
            number = int(tokens[places[0]]) // 100
            length = lengths[number]
            seen.append(number)
            assert tokens[places].tolist() == [number * 100 + place for place in range(length)]
            assert positions[places].tolist() == list(range(length))
            # a place is learnt when the token after it is learnt; the last one foretells nothing
            learnt = [1.0 if place + 1 >= max(1, length // 3) and place + 1 < length else 0.0 for place in range(length)]
            assert weights[places].tolist() == learnt
            assert targets[places[:-1]].tolist() == tokens[places[1:]].tolist()
        assert not weights[segments == 0].any()
    assert sorted(seen) == list(range(len(lengths)))
    assert batch.many == sum(lengths)


@given(LENGTHS, st.sampled_from([1, 2, 4]))
@settings(max_examples=50)
def test_shards_pick_exactly_what_is_learnt(lengths: list[int], many: int) -> None:
    rows = Rows(some_tokens(lengths), 20, seed=3)
    batch = rows.batch(0, 4)
    wanted = sorted(batch.targets[batch.weights > 0].tolist())
    picked = []
    for flat, _positions, _spans, places, targets, counts in batch.shards(many):
        assert len(places) % max(1, flat.size // 16) == 0
        assert np.isin(counts, (0.0, 1.0)).all()
        picked += targets[counts > 0].tolist()
        # what follows a picked place in its row is its target
        assert flat[places[counts > 0] + 1].tolist() == targets[counts > 0].tolist()
    assert sorted(picked) == wanted


def test_every_epoch_takes_each_row_once_in_an_order_of_its_own() -> None:
    rows = Rows(some_tokens([20] * 12), 20, seed=5)
    firsts = [int(row[0]) for step in range(6) for row in rows.batch(step, 4).tokens]
    assert sorted(firsts[:12]) == sorted(firsts[12:]) == [number * 100 for number in range(12)]
    assert firsts[:12] != firsts[12:]
    again = Rows(some_tokens([20] * 12), 20, seed=5)
    assert (again.batch(4, 4).tokens == rows.batch(4, 4).tokens).all()


def test_examples_longer_than_a_row_are_counted() -> None:
    rows = Rows(some_tokens([5, 30, 8]), 20, seed=0)
    assert (len(rows), rows.examples, rows.left_out, rows.tokens) == (1, 2, 1, 13)


def test_tokens_are_the_same_from_their_files(tmp_path: Path) -> None:
    tokens = some_tokens([3, 9, 1])
    tokens.save(tmp_path / "learnt")
    again = Tokens.open(tmp_path / "learnt")
    assert again.lengths.tolist() == [3, 9, 1]
    assert (again.tokens == tokens.tokens).all()
    assert (again.learnt == tokens.learnt).all()


def test_a_thread_stands_on_one_side_only() -> None:
    threads = [f"t{number}" for number in range(4000)]
    held_out = [Example(thread=one, prompt="a", reply="b").is_held_out(0.1) for one in threads]
    assert held_out == [Example(thread=one, prompt="c", reply="d").is_held_out(0.1) for one in threads]
    assert 300 < sum(held_out) < 500
    # a larger share holds out what the smaller one did, and more
    assert all(
        Example(thread=one, prompt="", reply="b").is_held_out(0.2) for one, out in zip(threads, held_out, strict=True) if out
    )


def test_lines_of_every_form_are_read() -> None:
    brief = parse_example('{"thread":"t","prompt":"p","reply":"你好","kind":"k","language":"zh"}'.encode(), "f:1")
    assert brief == Example(thread="t", prompt="p", reply="你好", kind="k", language="zh")
    assert parse_example(b'{"text":"all of it"}', "f:1") == Example(thread="\nall of it", prompt="", reply="all of it")
    chat = b'{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}'
    assert parse_example(chat, "f:1").prompt == ({"role": "user", "content": "q"},)


@pytest.mark.parametrize(
    "line",
    [b"{", b"[]", b"7", b'{"prompt":"p"}', b'{"reply":"r"}', b'{"prompt":"p","reply":""}', b'{"text":5}', b'{"text":""}',
     b'{"messages":[]}', b'{"messages":[{"role":"user","content":"q"},{"role":"user","content":"a"}]}', b"\xff\xfe",
     b'{"thread":1,"text":"x"}', b"[" * 100_000],
)  # fmt: skip
def test_a_line_that_is_no_example_is_named(line: bytes) -> None:
    with pytest.raises(BadInput, match=r"f\.jsonl:12: .*JSON"):
        parse_example(line, "f.jsonl:12")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.jsonl: cannot be read"):
        list(read_examples([tmp_path / "none.jsonl"]))
    with pytest.raises(UsageError, match=r"none\.jsonl: cannot be read"):
        fingerprint([tmp_path / "none.jsonl"])


def test_the_rate_warms_up_and_falls() -> None:
    cosine = RateSchedule(kind="cosine", peak=2.0, steps=110, warmup=10, floor=0.1)
    assert [cosine.rate(step) for step in (0, 4, 9)] == [pytest.approx(rate) for rate in (0.2, 1.0, 2.0)]
    assert cosine.rate(60) == pytest.approx(1.1)
    assert cosine.rate(110) == cosine.rate(500) == pytest.approx(0.2)
    root = RateSchedule(kind="inverse-sqrt", peak=2.0, steps=1000, warmup=25)
    assert root.rate(24) == pytest.approx(2.0)
    assert root.rate(99) == pytest.approx(1.0)
    assert RateSchedule(kind="inverse-sqrt", peak=2.0, steps=9, warmup=0).rate(3) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "change",
    [{"steps": 0}, {"batch": 0}, {"held_out": 0.0}, {"held_out": 1.0}, {"dropout": 1.0}, {"length": 4}, {"rate": 0.0},
     {"batch": 8, "accumulate": 3}, {"lora": 4}, {"decay": -1.0}, {"eval_every": 0}],
)  # fmt: skip
def test_impossible_options_are_usage_errors(change: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Options(data=(Path("d"),), out=Path("o"), **change).check()  # type: ignore[arg-type]
