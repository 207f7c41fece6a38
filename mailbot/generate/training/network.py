"""The transformer as training runs it, with its gradients: products by TensorFlow's kernels, the pieces between them by XLA.

Computes what `transformer` computes (a test compares them, for every family), on rows that hold several examples each.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from mailbot.generate.architecture import Architecture
from mailbot.generate.checkpoint import Weights
from mailbot.generate.training import device, products
from mailbot.generate.training.attention import Attention
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
        normed = pieces.norm(stream, weights["layers"][0]["norm1"], weights["layers"][0].get("norm1_bias"))
        for number, layer in enumerate(weights["layers"]):
            last = number + 1 == shape.layers
            joined = self._product(normed, layer, "qkv")
            gains = layer.get("query_norm"), layer.get("key_norm")
            query, key, value = pieces.heads(joined, layer.get("qkv_bias"), *gains, cosine, sine)
            mixed = self._attention.mixed(query, key, value, spans)
            if last and picked is not None:
                stream, mixed = _rows_of(stream, picked), _rows_of(mixed, picked)
            stream, normed = pieces.add_norm(
                stream, self._product(mixed, layer, "out"), layer.get("out_bias"), layer["norm2"], layer.get("norm2_bias"),
                seed + (2 * number + 1),
            )  # fmt: skip
            part = self._product(self._inner(normed, layer), layer, "down")
            after, name = (weights, "norm") if last else (weights["layers"][number + 1], "norm1")
            stream, normed = pieces.add_norm(
                stream, part, layer.get("down_bias"), after[name], after.get(f"{name}_bias"), seed + (2 * number + 2)
            )
        return normed

    def _inner(self, normed: Array, layer: Weights) -> Array:
        """Return the inside [N, F] of the feed-forward part. Gates have a product of their own: joining gradients takes longer."""
        bias = layer.get("up_bias")
        if not self._shape.gated:
            return self._pieces.active(self._product(normed, layer, "up"), None, bias, None)
        biases = (None, None) if bias is None else tf.split(bias, 2)
        return self._pieces.active(*self._products(normed, layer, "up", 2), *biases)

    def _product(self, rows: Array, weights: Weights, name: str) -> Array:
        return self._products(rows, weights, name, 1)[0]

    def _products(self, rows: Array, weights: Weights, name: str, many: int) -> list[Array]:
        """Return the product of rows and a matrix in so many parts, side by side."""
        products = [self._times(rows, part) for part in self._parts(weights[name], many)]
        down = weights.get(f"{name}_lora_a")
        if down is None:
            return products
        inner = tf.matmul(rows, tf.cast(down, self._compute))
        beside = self._parts(weights[f"{name}_lora_b"], many)
        return [product + self._adapted * tf.matmul(inner, part) for product, part in zip(products, beside, strict=True)]

    def _parts(self, matrix: Array, many: int) -> list[Array]:
        matrix = tf.cast(matrix, self._compute)
        return [matrix] if many == 1 else tf.split(matrix, many, axis=1)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _rows_of(table: Array, places: Array) -> Any:
    """Look rows up: places [P] of [V, D] become [P, D]. The gradient of each row is summed in the order of its places."""

    def gradient(upstream: Array) -> tuple[Array, None]:
        return tf.math.unsorted_segment_sum(upstream, places, tf.shape(table)[0]), None

    return tf.gather(table, places), gradient
