"""The large products of training with their gradients, as this processor computes them fastest. TensorFlow only."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

Array = Any

FAR = 4096
"""Bytes. Rows a multiple of it apart share their places in a cache of the first level (8 ways of 4 KiB in 32)."""

LINES = 64
"""Bytes by which such rows are moved apart."""


def plain(rows: Array, matrix: Array, *, turned: bool = False) -> Array:
    """Return the product of rows [N, I] and a matrix [I, O], or [O, I] where it is `turned`."""
    return tf.matmul(rows, matrix, transpose_b=turned)


def staggered(rows: Array, matrix: Array, *, turned: bool = False) -> Array:
    """Return what `plain` does. The matrix's gradient is that of operands whose rows lie at other places of the cache.

    The numbers are the same up to rounding.
    """

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def product(rows: Array, matrix: Array) -> Any:
        def gradient(upstream: Array) -> tuple[Array, Array]:
            left, right = (upstream, rows) if turned else (rows, upstream)
            learnt = tf.matmul(_apart(left), _apart(right), transpose_a=True)
            return tf.matmul(upstream, matrix, transpose_b=not turned), learnt[: matrix.shape[0], : matrix.shape[1]]

        return plain(rows, matrix, turned=turned), gradient

    return product(rows, matrix)


def _apart(rows: Array) -> Array:
    """Return rows with zeros at their ends where they would share their places in the cache."""
    size = rows.dtype.size
    return tf.pad(rows, [[0, 0], [0, LINES // size]]) if rows.shape[1] * size % FAR == 0 else rows
