"""What is added to the stream, and its norm without the gain: one XLA program, and its gradient another. TensorFlow only.

A gain scales the columns of what comes after its norm, and a bias shifts them: the matrix there takes both, and needs no sum over
all rows for their gradients. What is left is the same for every row. Of a norm only the stream is kept for its gradient.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from mailbot.generate.architecture import Architecture
from mailbot.generate.backend import ops

Array = Any


class Norms:
    """RMSNorm or LayerNorm of an architecture; `compute` is the dtype of products, `dropout` the share dropped of a part."""

    def __init__(self, shape: Architecture, compute: str, dropout: float) -> None:
        self._shape = shape
        self._compute = compute
        self._dropout = dropout
        self._forward = tf.function(self._added, jit_compile=True, autograph=False)
        self._backward = tf.function(self._gradients, jit_compile=True, autograph=False)

    def add(self, stream: Array, part: Array, seed: Array) -> tuple[Array, Array]:
        """Add a residual part [N, D] to the stream; return it, and normed for the next part. `seed` decides what is dropped."""

        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def whole(stream: Array, part: Array) -> Any:
            stream, normed = self._forward(stream, part, seed)

            def gradient(by_stream: Array, by_normed: Array) -> tuple[Array, Array]:
                by_stream, *by_part = self._backward(stream, by_stream, by_normed, seed)
                return by_stream, by_part[0] if by_part else by_stream

            return (stream, normed), gradient

        stream, normed = whole(stream, part)
        return stream, normed

    def _added(self, stream: Array, part: Array, seed: Array) -> tuple[Array, Array]:
        stream = stream + dropped(ops.cast(part, "float32"), seed, self._dropout)
        return stream, ops.cast(unit(stream, self._shape)[0], self._compute)

    def _gradients(self, stream: Array, by_stream: Array, by_normed: Array, seed: Array) -> list[Array]:
        """Return the gradient by the stream before the part, and that by the part where it is not the same."""
        normed, scale = unit(stream, self._shape)
        upstream = ops.cast(by_normed, "float32")
        change = upstream - normed * mean(upstream * normed)
        total = by_stream + scale * (change if self._shape.rms else change - mean(upstream))
        if not self._dropout and self._compute == "float32":
            return [total]
        return [total, ops.cast(dropped(total, seed, self._dropout), self._compute)]


def unit(rows: Array, shape: Architecture) -> tuple[Array, Array]:
    """Return rows scaled to a mean square of one over the last axis (LayerNorm: moved to a mean of zero first), and their scale."""
    if not shape.rms:
        rows = rows - mean(rows)
    scale = ops.rsqrt(mean(rows * rows) + shape.epsilon)
    return rows * scale, scale


def mean(rows: Array) -> Array:
    """Return the mean over the last axis, which is kept. As a product, for which XLA has a fast program: for a sum it has none."""
    size = rows.shape[-1]
    return ops.matmul(rows, ops.full((size, 1), 1.0 / size, "float32"))


def dropped(rows: Array, seed: Array, share: float) -> Array:
    """Drop this share of numbers and scale up the others (Srivastava et al. 2014); the same seed drops the same."""
    if not share:
        return rows
    kept = tf.random.stateless_uniform(tf.shape(rows), seed) >= share
    return ops.where(kept, rows / (1 - share), ops.zeros_like(rows))
