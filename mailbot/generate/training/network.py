"""The transformer as training runs it, with its gradients: products by TensorFlow's kernels, the pieces between them by XLA.

Computes what `transformer` computes (a test compares them, for every family), on rows that hold several examples each.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from mailbot.generate.architecture import Architecture
from mailbot.generate.checkpoint import Weights
from mailbot.generate.training import device, products
from mailbot.generate.training.pieces import Pieces

Array = Any

BLOCK = 128
"""Queries that are looked up together. They see no key after their own, so shorter blocks compute fewer scores for nothing."""


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
        staggered = device.staggers() if staggered is None else staggered
        self._times = products.staggered if staggered else products.plain

    def loss(self, weights: Weights, arrays: tuple[Array, ...], seed: Array) -> Array:
        """Return the cross entropy of rows, summed over what is learnt of them (nats).

        `arrays` are those of a `Batch`. `seed` [2] decides what is dropped.
        """
        tokens, segments, positions, picked, targets, counts = arrays
        stream = tf.gather(self.stream(weights, tokens, segments, positions, seed), picked)
        output = weights["embed" if self._shape.tied else "head"]
        logits = self._times(stream, tf.cast(output, self._compute), turned=True)
        return self._pieces.loss(logits, targets, counts)

    def stream(self, weights: Weights, tokens: Array, segments: Array, positions: Array, seed: Array) -> Array:
        """Return the normed stream [B·L, D] of tokens [B, L] that see the earlier ones of their own segment."""
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
            joined = self._product(normed, layer, "qkv")
            gains = layer.get("query_norm"), layer.get("key_norm")
            query, key, value = pieces.heads(joined, layer.get("qkv_bias"), *gains, cosine, sine, tokens)
            part = self._product(pieces.rows(self._mixed(query, key, value, segments)), layer, "out")
            stream, normed = pieces.add_norm(
                stream, part, layer.get("out_bias"), layer["norm2"], layer.get("norm2_bias"), seed + (2 * number + 1)
            )
            inner = pieces.active(self._product(normed, layer, "up"), layer.get("up_bias"))
            part = self._product(inner, layer, "down")
            last = number + 1 == shape.layers
            after, name = (weights, "norm") if last else (weights["layers"][number + 1], "norm1")
            stream, normed = pieces.add_norm(
                stream, part, layer.get("down_bias"), after[name], after.get(f"{name}_bias"), seed + (2 * number + 2)
            )
        return normed

    def _mixed(self, query: Array, key: Array, value: Array, segments: Array) -> Array:
        """Return the values [B, H, L, E] as queries match keys, block by block."""
        many, heads, length, size = query.shape
        kv_heads = key.shape[1]
        block = BLOCK if length % BLOCK == 0 else length
        mixed = []
        keys, values = _beginnings(key, length // block), _beginnings(value, length // block)
        for number, part in enumerate(tf.split(query, length // block, axis=2)):
            first, last = number * block, (number + 1) * block
            # the heads that share a key lie one after the other: [B, K, G·L, E] meets [B, K, L, E] in one product
            folded = tf.reshape(part, (many, kv_heads, -1, size))
            shares = self._pieces.look(first, last)(tf.matmul(folded, keys[number], transpose_b=True), segments)
            mixed.append(tf.reshape(tf.matmul(shares, values[number]), (many, heads, block, size)))
        return mixed[0] if len(mixed) == 1 else tf.concat(mixed, axis=2)

    def _product(self, rows: Array, weights: Weights, name: str) -> Array:
        product = self._times(rows, tf.cast(weights[name], self._compute))
        down = weights.get(f"{name}_lora_a")
        if down is None:
            return product
        inner = tf.matmul(rows, tf.cast(down, self._compute))
        return product + self._adapted * tf.matmul(inner, tf.cast(weights[f"{name}_lora_b"], self._compute))


def _beginnings(whole: Array, many: int) -> list[Array]:
    """Return the first block of [B, K, L, E], the first two, and so on up to all. The gradient of a slice would be mostly zeros."""
    blocks = tf.split(whole, many, axis=2)
    return [*(tf.concat(blocks[:end], axis=2) if end > 1 else blocks[0] for end in range(1, many)), whole]


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _rows_of(table: Array, places: Array) -> Any:
    """Look rows up: [B, L] places of [V, D] become [B·L, D]. The gradient of each row is summed in the order of its places."""
    flat = tf.reshape(places, [-1])

    def gradient(upstream: Array) -> tuple[Array, None]:
        return tf.math.unsorted_segment_sum(upstream, flat, table.shape[0]), None

    return tf.gather(table, flat), gradient
