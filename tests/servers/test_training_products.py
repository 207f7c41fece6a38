"""Products whose operands are moved apart in the cache are the same products, with the same gradients; so are those with a bias."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from mailbot.generate.training import device, products
from mailbot.generate.training.network import Network
from tests.servers.test_training_step import SETTINGS, TORCH, Tried, learner


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("rows", "inner", "outer"), [(64, 1024, 2048), (48, 96, 1024), (48, 1024, 96), (5, 7, 3)])
def test_gradients_are_those_of_a_plain_product(rows: int, inner: int, outer: int, turned: bool) -> None:
    rng = np.random.default_rng(rows + inner + outer)
    left = tf.constant(rng.normal(size=(rows, inner)).astype(np.float32))
    right = tf.constant(rng.normal(size=(outer, inner) if turned else (inner, outer)).astype(np.float32))
    upstream = tf.constant(rng.normal(size=(rows, outer)).astype(np.float32))
    found = []
    for product in (products.plain, products.staggered):
        with tf.GradientTape() as tape:
            tape.watch((left, right))
            value = product(left, right, turned=turned)
        found.append((value, *tape.gradient(value, (left, right), upstream)))
    for plain, moved in zip(*found, strict=True):
        assert moved.shape == plain.shape
        # sums of as many products as are wide or many, in another order
        np.testing.assert_allclose(moved, plain, rtol=1e-4, atol=1e-6 * max(rows, inner, outer))
    wide = outer * 4 % products.FAR == 0 or inner * 4 % products.FAR == 0
    assert wide or all(np.array_equal(moved, plain) for plain, moved in zip(*found, strict=True))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("product", [products.plain, products.staggered])
def test_a_bias_is_on_each_row_and_its_gradient_is_their_sum(product: Callable[..., tf.Tensor], turned: bool) -> None:
    rng = np.random.default_rng(5)
    sizes = ((9, 32), (1024, 32) if turned else (32, 1024), 1024, (9, 1024))
    rows, matrix, bias, upstream = (tf.constant(rng.normal(size=size).astype(np.float32)) for size in sizes)
    with tf.GradientTape() as tape:
        tape.watch((rows, matrix, bias))
        value = product(rows, matrix, bias, turned=turned)
    by_rows, by_matrix, by_bias = tape.gradient(value, (rows, matrix, bias), upstream)
    whole = tf.transpose(matrix) if turned else matrix
    learnt = tf.transpose(rows) @ upstream
    for made, defined in (
        (value, rows @ whole + bias),
        (by_rows, upstream @ tf.transpose(whole)),
        (by_matrix, tf.transpose(learnt) if turned else learnt),
        (by_bias, tf.reduce_sum(upstream, axis=0)),
    ):
        np.testing.assert_allclose(made, defined, rtol=1e-4, atol=1e-4)


def test_a_step_of_moved_operands_is_that_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    # of so narrow a model every operand is moved then
    monkeypatch.setattr(products, "FAR", 32)
    monkeypatch.setattr(products, "LINES", 32)
    tried = Tried("gpt2")
    tried.learner.close()
    moved = learner(Network(tried.architecture, "float32", staggered=True), tried.weights)
    for number in (1, 2):
        loss, norm = moved.step([tried.batch], rate=SETTINGS["rate"], number=number)
        assert loss == pytest.approx(TORCH["models"]["gpt2"]["losses"][number - 1], rel=2e-5)
        assert norm == pytest.approx(TORCH["models"]["gpt2"]["norms"][number - 1], rel=2e-4)
    moved.close()


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [("fpu avx2 fma", True), ("fpu avx2 avx512f avx512_bf16", False), ("fp asimd bf16", False), ("", False)],
)
def test_the_processor_decides(flags: str, wanted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_flags", lambda: frozenset(flags.split()))
    assert device.staggers() is wanted
    assert device.fast_dtype() == ("bfloat16" if "avx512_bf16" in flags else "float32")
