"""The prefix cache changes what is read, never what is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from mailbot.generate import transformer
from mailbot.generate.backend import ops
from mailbot.generate.checkpoint import open_checkpoint
from mailbot.generate.engine import Engine, Size
from mailbot.generate.prefix import Use
from mailbot.generate.request import Sampling
from tests.servers.test_engine import FIXTURES, Driven, Letters, request

SYSTEM = "answer-as-the-desk-of-Meier-AG-does"
OWN = ("pay", "A", "8 day", "order")
SIZE = Size(slots=2, window=48, buckets=(8,), widths=(), spans=(), rows=2, chunk=4)


def reads(engine: Engine, into: list[tuple[int, list[Use]]]) -> None:
    """Let `into` hold the bucket and the uses of each later reading."""
    fill = engine._slots.fill

    def noted(bucket: int, *rest: object) -> list[int]:
        into.append((bucket, list(rest[-1])))  # type: ignore[call-overload]
        return fill(bucket, *rest)  # type: ignore[arg-type]

    engine._slots.fill = noted  # type: ignore[method-assign]


@pytest.mark.parametrize("name", ["gpt2", "llama3", "qwen2", "qwen3"])
def test_texts_are_the_same_with_and_without(name: str) -> None:
    driven = Driven(open_checkpoint(FIXTURES / name), SIZE, Letters())
    asked = [request(own, SYSTEM + own, most=8) for own in OWN]
    cold = []
    for one in asked:
        driven.engine._prefixes.clear()
        cold += driven.finish(one)
    assert len(set(cold)) > 1
    read: list[tuple[int, list[Use]]] = []
    reads(driven.engine, read)
    driven.engine._prefixes.clear()
    assert [driven.finish(one)[0] for one in asked] == cold
    assert read == [(48, []), (48, []), *[(8, [Use(entry=0, length=len(SYSTEM))])] * 2]
    # two at once, while others run, and one that is drawn
    drawn = request("drawn", SYSTEM + "draw", most=8, sampling=Sampling(temperature=1.0, seed=7))
    together = driven.finish(*asked, drawn)
    assert together[:-1] == cold
    assert all(uses for _, uses in read[4:])
    driven.engine._prefixes.clear()
    assert driven.finish(drawn) == together[-1:]


def test_nothing_is_taken_over_from_a_device_that_was_emptied() -> None:
    engine = Engine(open_checkpoint(FIXTURES / "qwen3"), SIZE, tokenizer=Letters())
    begin = list(range(35))
    for own in (40, 41):
        engine._prefixes.seen([*begin, own])
    assert engine._prefixes.serve([*begin, 42], (8, 48)) == Use(entry=0, length=35)
    engine._shrink(1)
    assert engine._prefixes.serve([*begin, 42], (8, 48)) is None


@pytest.mark.parametrize("name", sorted(path.name for path in Path(FIXTURES).iterdir()))
def test_the_rest_after_a_beginning_gives_the_logits_of_torch(name: str) -> None:
    checkpoint = open_checkpoint(FIXTURES / name)
    shape, weights = checkpoint.architecture, transformer.turn_for_decoding(checkpoint.load_weights())
    expected = load_file(FIXTURES / name / "expected.safetensors")
    tokens = expected["tokens"]
    lengths = np.array([9, 9], np.int32)
    _, keys, values = transformer.prefill(
        shape, weights, ops.convert_to_tensor(tokens[:, :9].astype(np.int32)), ops.convert_to_tensor(lengths)
    )
    counts = np.array([7, 4], np.int32)
    rest = np.zeros((2, 6), np.int32)
    for row, (count, length) in enumerate(zip(counts, (5, 2), strict=True)):
        rest[row, :length] = tokens[row, count : count + length]
    beginning = transformer.Beginning(keys=keys, values=values, counts=ops.convert_to_tensor(counts))
    logits, *_ = transformer.prefill(
        shape, weights, ops.convert_to_tensor(rest), ops.convert_to_tensor(np.array([5, 2], np.int32)), beginning
    )
    wanted = expected["logits"][[0, 1], [11, 5]]
    assert np.abs(ops.convert_to_numpy(logits) - wanted).max() < 1e-4
