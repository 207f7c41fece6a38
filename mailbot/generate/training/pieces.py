"""What lies between the large products of a transformer, as small functions over `keras.ops`, each one XLA program.

A CPU has the fastest products in TensorFlow's own kernels (oneDNN; in bfloat16 twice as fast as in float32 where the machine knows
that type), and the fastest of everything else in XLA, which fuses it. So training runs products by the one and these pieces by the
other. Of a piece only its inputs are kept for its gradient; the rest is computed again, which costs less than to write and read it.

Letters as in `transformer`; C is the dtype of products. Slices are splits throughout: the gradient of a split is one concatenation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import tensorflow as tf

from mailbot.generate.architecture import Architecture, Rope
from mailbot.generate.backend import ops
from mailbot.generate.training.norms import dropped, unit
from mailbot.generate.transformer import frequencies

Array = Any


def fused(function: Callable[..., Any], learnt: int) -> Callable[..., Any]:
    """Compile a piece and its gradient by the first `learnt` of its inputs; inputs that are None stay out."""

    def backward(inputs: Sequence[Array], upstream: Sequence[Array]) -> Any:
        sources = [one for one in inputs[:learnt] if one is not None]
        with tf.GradientTape() as tape:
            tape.watch(sources)
            outputs = function(*inputs)
        return tape.gradient(outputs, sources, upstream if isinstance(outputs, tuple) else upstream[0])

    forward_program = tf.function(function, jit_compile=True, autograph=False)
    backward_program = tf.function(backward, jit_compile=True, autograph=False)

    def call(*inputs: Array) -> Any:
        given = [one is not None for one in inputs]

        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def whole(*present: Array) -> Any:
            rest = iter(present)
            filled = [next(rest) if one else None for one in given]

            def gradient(*upstream: Array) -> list[Array]:
                found = backward_program(filled, list(upstream))
                return [*found, *[None] * (len(present) - len(found))]

            return forward_program(*filled), gradient

        return whole(*(one for one in inputs if one is not None))

    return call


class Pieces:
    """The pieces of one architecture; `compute` is C, `dropout` the share of the embedded tokens that is dropped."""

    def __init__(self, shape: Architecture, compute: str, dropout: float = 0.0) -> None:
        self._shape = shape
        self._compute = compute
        rope = shape.rope
        self.angles = tf.function(partial(self._angles, rope), jit_compile=True, autograph=False) if rope else None
        self.drop = fused(partial(dropped, share=dropout), 1)
        self.norm = fused(self._normed, 1)
        self.scaled = fused(self._scaled, 3)
        self.heads = fused(self._as_heads, 3)
        self.active = fused(self._activated, 2)
        self.loss = fused(self._loss, 1)

    def _angles(self, rope: Rope, positions: Array) -> tuple[Array, Array]:
        """Return cosine and sine [N, 1, E / 2] of positions [N]."""
        turns = ops.convert_to_tensor(frequencies(rope, self._shape.head_dim))
        angles = ops.cast(positions, "float32")[:, None, None] * turns
        return ops.cos(angles), ops.sin(angles)

    def _normed(self, rows: Array) -> Array:
        return ops.cast(unit(rows, self._shape)[0], self._compute)

    def _scaled(self, rows: Array, gain: Array, bias: Array | None) -> Array:
        """Return what the last norm made of rows with its gain and bias, which no matrix of a layer takes."""
        rows = ops.cast(rows, "float32") * gain
        return ops.cast(rows if bias is None else rows + bias, self._compute)

    def _as_heads(
        self, joined: Array, query_gain: Array | None, key_gain: Array | None, cosine: Array | None, sine: Array | None
    ) -> tuple[Array, Array, Array]:
        """Return queries [N, H·E], scaled, and keys and values [N, K·E] of joined rows."""
        shape = self._shape
        joined = ops.cast(joined, "float32")
        wide = shape.kv_heads * shape.head_dim
        query, key, value = ops.split(joined, [shape.heads * shape.head_dim, shape.heads * shape.head_dim + wide], axis=-1)
        query, key = ops.reshape(query, (-1, shape.heads, shape.head_dim)), ops.reshape(key, (-1, shape.kv_heads, shape.head_dim))
        if query_gain is not None:
            query, key = unit(query, shape)[0] * query_gain, unit(key, shape)[0] * key_gain
        if cosine is not None:
            query, key = _turned(query, cosine, sine), _turned(key, cosine, sine)
        query = ops.reshape(query * shape.head_dim**-0.5, (-1, shape.heads * shape.head_dim))
        return ops.cast(query, self._compute), ops.cast(ops.reshape(key, (-1, wide)), self._compute), ops.cast(value, self._compute)

    def _activated(self, gate: Array, rest: Array | None) -> Array:
        """The middle of the feed-forward part: SwiGLU of a gate and the rest, or one activation."""
        gate = ops.cast(gate, "float32")
        if self._shape.activation in ("gelu", "gelu_tanh"):
            active = ops.gelu(gate, approximate=self._shape.activation == "gelu_tanh")
        else:
            active = ops.silu(gate) if self._shape.activation == "silu" else ops.relu(gate)
        if rest is not None:
            active = active * ops.cast(rest, "float32")
        return ops.cast(active, self._compute)

    def _loss(self, logits: Array, targets: Array, counts: Array) -> Array:
        """Return the cross entropy of logits [rows, V], each row counted so often, summed (nats)."""
        logits = ops.cast(logits, "float32")
        # a comparison instead of a look-up, so that its gradient is no scatter
        wanted = ops.equal(ops.arange(logits.shape[-1], dtype="int32")[None, :], targets[:, None])
        losses = ops.logsumexp(logits, axis=-1) - ops.sum(ops.where(wanted, logits, 0.0), axis=-1)
        return ops.sum(losses * counts)


def _turned(rows: Array, cosine: Array, sine: Array) -> Array:
    """Turn heads by their positions, as `transformer` does."""
    left, right = ops.split(rows, 2, axis=-1)
    return ops.concatenate([left * cosine - right * sine, right * cosine + left * sine], axis=-1)
