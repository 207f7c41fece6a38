"""Attention of spans is the attention that its definition states, and its gradient is that of the definition."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from mailbot.generate.architecture import Architecture
from mailbot.generate.checkpoint import open_checkpoint
from mailbot.generate.training.attention import Attention
from mailbot.generate.training.spans import spans_of
from tests.unit.test_training_spans import rows_of

CHECKPOINTS = Path(__file__).parents[1] / "fixtures" / "checkpoints"
SIZE = 8


def shape_of(heads: int, kv_heads: int) -> Architecture:
    return replace(open_checkpoint(CHECKPOINTS / "llama3").architecture, heads=heads, kv_heads=kv_heads, head_dim=SIZE)


def stated(shape: Architecture, query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, segments: np.ndarray) -> tf.Tensor:
    """Attention over all places at once, of which each sees those of its own example up to itself."""
    rows, length = segments.shape
    shared = shape.heads // shape.kv_heads
    queries = tf.reshape(query, (rows, length, shape.kv_heads, shared, SIZE))
    keys, values = (tf.reshape(one, (rows, length, shape.kv_heads, SIZE)) for one in (key, value))
    scores = tf.einsum("bqkge,bske->bkgqs", queries, keys)
    seen = (segments[:, :, None] == segments[:, None, :]) & np.tri(length, dtype=np.bool_) & (segments > 0)[:, :, None]
    shares = tf.nn.softmax(tf.where(seen[:, None, None], scores, -1e30))
    mixed = tf.reshape(tf.einsum("bkgqs,bske->bqkge", shares, values), (rows * length, -1))
    return tf.where((segments > 0).reshape(-1, 1), mixed, 0.0)


@pytest.mark.parametrize(("heads", "kv_heads"), [(2, 2), (4, 2), (3, 1)])
@pytest.mark.parametrize(
    "segments",
    [
        rows_of([[24], [9, 6, 5]], 24),
        rows_of([[256], [64, 65, 127], [1, 1, 200, 50], []], 256),
        rows_of([[30, 600], [129, 128, 258]], 640),
        rows_of([[]], 64),
    ],
    ids=["one width", "four widths", "eight widths", "nothing"],
)
def test_it_is_what_its_definition_states(segments: np.ndarray, heads: int, kv_heads: int) -> None:
    shape = shape_of(heads, kv_heads)
    numbers = np.random.default_rng(heads)
    sizes = [(segments.size, many * SIZE) for many in (heads, kv_heads, kv_heads, heads)]
    query, key, value, upstream = (tf.constant(numbers.normal(size=size).astype(np.float32)) for size in sizes)
    attention, spans = Attention(shape, "float32"), spans_of(segments)
    found = []
    for defined in (False, True):
        with tf.GradientTape() as tape:
            tape.watch((query, key, value))
            mixed = stated(shape, query, key, value, segments) if defined else attention.mixed(query, key, value, spans)
        found.append((mixed, *tape.gradient(mixed, (query, key, value), upstream)))
    for made, wanted in zip(*found, strict=True):
        np.testing.assert_allclose(made, wanted, atol=2e-5)


def test_half_as_exact_products_come_close() -> None:
    segments = rows_of([[100, 80], [20, 140]], 192)
    shape = shape_of(4, 2)
    numbers = np.random.default_rng(5)
    arrays = [tf.constant(numbers.normal(size=(segments.size, many * SIZE)).astype(np.float32)) for many in (4, 2, 2)]
    half = [tf.cast(one, tf.bfloat16) for one in arrays]
    with tf.GradientTape() as tape:
        tape.watch(half)
        made = Attention(shape, "bfloat16").mixed(*half, spans_of(segments))
    with tf.GradientTape() as other:
        other.watch(arrays)
        wanted = stated(shape, *arrays, segments)
    assert made.dtype == tf.bfloat16
    for close, exact in zip((made, *tape.gradient(made, half)), (wanted, *other.gradient(wanted, arrays)), strict=True):
        error = tf.norm(tf.cast(close, tf.float32) - exact) / tf.norm(exact)
        assert error < 0.02
