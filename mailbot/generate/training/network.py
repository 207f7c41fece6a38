"""The transformer as training runs it, with its gradients: products by TensorFlow's kernels, the pieces between them by XLA.

Computes what `transformer` computes (a test compares them, for every family), on rows that hold several examples each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from mailbot.generate.architecture import Architecture
from mailbot.generate.checkpoint import Weights
from mailbot.generate.training import device, products
from mailbot.generate.training.attention import Attention
from mailbot.generate.training.norms import Norms
from mailbot.generate.training.pieces import Pieces
from mailbot.generate.training.rows import Shard
from mailbot.generate.training.spans import Spans

Array = Any


class Network:
    """The loss of an architecture; `adapted` scales what LoRA adds to a product. `staggered` None: as this processor likes it."""

    def __init__(
        self, shape: Architecture, compute: str, dropout: float = 0.0, adapted: float = 0.0, *, staggered: bool | None = None
    ) -> None:
        self._shape = shape
        self._compute = compute
        self._dropout = dropout
        self._adapted = adapted
        self._pieces = Pieces(shape, compute, dropout)
        self._norms = Norms(shape, compute, dropout)
        self._attention = Attention(shape, compute)
        staggered = device.staggers() if staggered is None else staggered
        self._times = products.staggered if staggered else products.plain

    def loss(self, weights: Weights, shard: Shard, seed: Array) -> Array:
        """Return the cross entropy of a shard, summed over what is learnt of it (nats). `seed` [2] decides what is dropped."""
        stream = self.stream(weights, shard.tokens, shard.positions, shard.spans, seed, shard.picked)
        output = weights["embed" if self._shape.tied else "head"]
        logits = self._times(stream, tf.cast(output, self._compute), turned=True)
        return self._pieces.loss(logits, shard.targets, shard.counts)

    def stream(
        self, weights: Weights, tokens: Array, positions: Array, spans: Spans, seed: Array, picked: Array | None = None
    ) -> Array:
        """Return the normed stream [N, D] of tokens [N] that see the earlier ones of their own example, or [P, D] of those picked.

        What is not picked leaves the last layer once it has been looked up.
        """
        shape, pieces = self._shape, self._pieces
        stream = _rows_of(weights["embed"], tokens)
        cosine = sine = None
        if pieces.angles is None:
            stream = stream + _rows_of(weights["positions"], positions)
        else:
            cosine, sine = pieces.angles(positions)
        stream = pieces.drop(stream, seed) if self._dropout else stream
        normed = pieces.norm(stream)
        for number, layer in enumerate(weights["layers"]):
            last = number + 1 == shape.layers
            [joined] = self._products(normed, layer, "qkv", 1, "norm1")
            query, key, value = pieces.heads(joined, layer.get("query_norm"), layer.get("key_norm"), cosine, sine)
            mixed = self._attention.mixed(query, key, value, spans)
            if last and picked is not None:
                stream, mixed = _rows_of(stream, picked), _rows_of(mixed, picked)
            [part] = self._products(mixed, layer, "out", 1)
            stream, normed = self._norms.add(stream, part, seed + (2 * number + 1))
            [part] = self._products(self._inner(normed, layer), layer, "down", 1)
            stream, normed = self._norms.add(stream, part, seed + (2 * number + 2))
        return pieces.scaled(normed, weights["norm"], weights.get("norm_bias"))

    def _inner(self, normed: Array, layer: Weights) -> Array:
        """Return the inside [N, F] of the feed-forward part. Gates have a product of their own: joining gradients takes longer."""
        if self._shape.gated:
            return self._pieces.active(*self._products(normed, layer, "up", 2, "norm2"))
        return self._pieces.active(*self._products(normed, layer, "up", 1, "norm2"), None)

    def _products(self, rows: Array, layer: Weights, name: str, many: int, norm: str | None = None) -> list[Array]:
        """Return what a layer's matrix and bias make of rows, in so many parts; a `norm` before has its gain and bias done here."""
        gain, shift = (layer[norm], layer.get(f"{norm}_bias")) if norm else (None, None)
        bias = layer.get(f"{name}_bias")
        biases = [None] * many if bias is None else _split(bias, many)
        if shift is not None:
            shifts = self._changed(tf.cast(shift[None], self._compute), layer, name, None, biases)
            biases = [tf.cast(one[0], "float32") for one in shifts]
        return self._changed(rows, layer, name, gain, biases)

    def _changed(self, rows: Array, layer: Weights, name: str, gain: Array | None, biases: Sequence[Array | None]) -> list[Array]:
        """Return the products of rows, their columns scaled by `gain`, and a matrix as LoRA changes it, with these biases."""
        products = [
            self._times(rows, part, bias) for part, bias in zip(self._parts(layer[name], gain, len(biases)), biases, strict=True)
        ]
        down = layer.get(f"{name}_lora_a")
        if down is None:
            return products
        inner = tf.matmul(rows, *self._parts(down, gain, 1))
        beside = self._parts(layer[f"{name}_lora_b"], None, len(biases))
        return [product + self._adapted * tf.matmul(inner, part) for product, part in zip(products, beside, strict=True)]

    def _parts(self, matrix: Array, gain: Array | None, many: int) -> list[Array]:
        matrix = matrix if gain is None else gain[:, None] * matrix
        return _split(tf.cast(matrix, self._compute), many)


def _split(array: Array, many: int) -> list[Array]:
    return [array] if many == 1 else tf.split(array, many, axis=-1)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _rows_of(table: Array, places: Array) -> Any:
    """Look rows up: places [P] of [V, D] become [P, D]. The gradient of each row is summed in the order of its places."""

    def gradient(upstream: Array) -> tuple[Array, None]:
        return tf.math.unsorted_segment_sum(upstream, places, tf.shape(table)[0]), None

    return tf.gather(table, places), gradient
