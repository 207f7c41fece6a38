"""Norms of the stream and what is added to it are what their definitions state, and so are the gradients written by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from mailbot.generate.architecture import Architecture
from mailbot.generate.checkpoint import open_checkpoint
from mailbot.generate.training.norms import Norms, dropped
from mailbot.generate.training.pieces import Pieces

CHECKPOINTS = Path(__file__).parents[1] / "fixtures" / "checkpoints"
SEED = np.array([3, 7], np.int64)
SHAPE = (13, 24)


def shape_of(rms: bool) -> Architecture:
    return replace(open_checkpoint(CHECKPOINTS / ("llama3" if rms else "gpt2")).architecture, epsilon=1e-5)


def stated(rows: tf.Tensor, rms: bool) -> tf.Tensor:
    if rms:
        return rows / tf.sqrt(tf.reduce_mean(rows**2, axis=-1, keepdims=True) + 1e-5)
    middle, spread = tf.nn.moments(rows, axes=[-1], keepdims=True)
    return (rows - middle) / tf.sqrt(spread + 1e-5)


def drawn(many: int) -> list[tf.Tensor]:
    numbers = np.random.default_rng(many)
    return [tf.constant((3 * numbers.normal(size=SHAPE) + 1).astype(np.float32)) for _ in range(many)]


@pytest.mark.parametrize("rms", [True, False], ids=["rms", "layer norm"])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_a_part_is_added_and_the_sum_normed(rms: bool, dropout: float) -> None:
    stream, part, by_stream, by_normed = drawn(4)
    # outside XLA the same seed draws other numbers
    kept = tf.function(dropped, jit_compile=True)(tf.ones(SHAPE), SEED, dropout)
    found = []
    for norms in (Norms(shape_of(rms), "float32", dropout), None):
        with tf.GradientTape() as tape:
            tape.watch((stream, part))
            if norms:
                sums, normed = norms.add(stream, part, SEED)
            else:
                sums = stream + part * kept
                normed = stated(sums, rms)
        found.append((sums, normed, *tape.gradient((sums, normed), (stream, part), (by_stream, by_normed))))
    for made, defined in zip(*found, strict=True):
        np.testing.assert_allclose(made, defined, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("rms", [True, False], ids=["rms", "layer norm"])
def test_the_first_norm_adds_nothing(rms: bool) -> None:
    stream, upstream = drawn(2)
    found = []
    for norm in (Pieces(shape_of(rms), "float32", 0.3).norm, lambda rows: stated(rows, rms)):
        with tf.GradientTape() as tape:
            tape.watch(stream)
            normed = norm(stream)
        found.append((normed, tape.gradient(normed, stream, upstream)))
    for made, defined in zip(*found, strict=True):
        np.testing.assert_allclose(made, defined, rtol=1e-4, atol=1e-5)


def test_in_bfloat16_the_stream_stays_exact() -> None:
    stream, part, upstream = drawn(3)
    rounded = tf.cast(part, "bfloat16")
    with tf.GradientTape() as tape:
        tape.watch((stream, rounded))
        sums, normed = Norms(shape_of(True), "bfloat16", 0.0).add(stream, rounded, SEED)
    by_stream, by_part = tape.gradient((sums, normed), (stream, rounded), (upstream, tf.cast(upstream, "bfloat16")))
    assert [one.dtype.name for one in (sums, normed, by_stream, by_part)] == ["float32", "bfloat16", "float32", "bfloat16"]
    np.testing.assert_array_equal(sums, stream + tf.cast(rounded, "float32"))
    np.testing.assert_array_equal(by_part, tf.cast(by_stream, "bfloat16"))


def test_so_large_a_share_is_dropped_and_the_mean_stays() -> None:
    kept = dropped(tf.ones((400, 500)), SEED, 0.3).numpy()
    assert set(np.unique(kept)) == {0.0, np.float32(1 / 0.7)}
    # four standard deviations of a share of 200,000
    assert (kept == 0).mean() == pytest.approx(0.3, abs=4 * (0.3 * 0.7 / kept.size) ** 0.5)
    np.testing.assert_array_equal(kept, dropped(tf.ones((400, 500)), SEED, 0.3))
    assert (kept != dropped(tf.ones((400, 500)), SEED + 1, 0.3).numpy()).any()
