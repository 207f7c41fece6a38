"""The large products of training with their gradients, as this processor computes them fastest. TensorFlow only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

Array = Any

FAR = 4096
"""Bytes. Rows a multiple of it apart share their places in a cache of the first level (8 ways of 4 KiB in 32)."""

LINES = 64
"""Bytes by which such rows are moved apart."""


def product(*, staggered: bool) -> Callable[..., Array]:
    """Return the product of rows [N, I] and a matrix [I, O], or [O, I] with `turned`.

    Where `staggered`, its gradients are those of operands whose rows lie at other places of the cache; the numbers are the same up
    to rounding.
    """
    if not staggered:
        return lambda rows, matrix, turned=False: tf.matmul(rows, matrix, transpose_b=turned)
    return lambda rows, matrix, turned=False: (_turned if turned else _plain)(rows, matrix)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _plain(rows: Array, matrix: Array) -> Any:
    def gradient(upstream: Array) -> tuple[Array, Array]:
        learnt = tf.matmul(_apart(rows), _apart(upstream), transpose_a=True)
        return tf.matmul(upstream, matrix, transpose_b=True), learnt[: matrix.shape[0], : matrix.shape[1]]

    return tf.matmul(rows, matrix), gradient


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _turned(rows: Array, matrix: Array) -> Any:
    def gradient(upstream: Array) -> tuple[Array, Array]:
        learnt = tf.matmul(_apart(upstream), _apart(rows), transpose_a=True)
        return tf.matmul(upstream, matrix), learnt[: matrix.shape[0], : matrix.shape[1]]

    return tf.matmul(rows, matrix, transpose_b=True), gradient


def _apart(rows: Array) -> Array:
    """Return rows with zeros at their ends where they would share their places in the cache."""
    size = rows.dtype.size
    return tf.pad(rows, [[0, 0], [0, LINES // size]]) if rows.shape[1] * size % FAR == 0 else rows
