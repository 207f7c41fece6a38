"""Attention of packed rows with its gradient, example by example, by TensorFlow's kernels: how many there are of a width is open.

The gradient keeps the shares and takes what each query's row of them sums to from the output (Dao et al. 2022, arXiv:2205.14135,
appendix B.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from mailbot.generate.architecture import Architecture
from mailbot.generate.training.spans import Spans
from mailbot.generate.transformer import NEVER

Array = Any


class Attention:
    """Attention of an architecture. H heads of E numbers; G of them share each of K keys and values; C is the dtype of products."""

    def __init__(self, shape: Architecture, compute: str) -> None:
        self._kv_heads = shape.kv_heads
        self._shared = shape.heads // shape.kv_heads
        self._size = shape.head_dim
        self._compute = compute
        # written out once for all layers
        self._forward = tf.function(self._looked_up, autograph=False)
        self._backward = tf.function(self._gradients, autograph=False)

    def mixed(self, query: Array, key: Array, value: Array, spans: Spans) -> Array:
        """Return the values [N, H·E] as queries [N, H·E] match keys [N, K·E] at and before them in their own example."""

        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def whole(query: Array, key: Array, value: Array) -> Any:
            mixed, kept = self._forward(query, key, value, spans)
            return mixed, lambda upstream: self._backward(upstream, kept, spans)

        return whole(query, key, value)

    def _looked_up(self, query: Array, key: Array, value: Array, spans: Spans) -> tuple[Array, Any]:
        """Return the mixed values, and for each width what the gradient needs: keys, values, and of each block asking queries,
        shares and mixed values."""
        kept, rows = [], []
        last = tf.shape(query)[0] - 1
        for places in spans.places:
            # what is beyond an example's end is seen by none of its queries, whatever it is
            places = tf.minimum(places, last)
            keys, values = (self._keys(tf.gather(one, places)) for one in (key, value))
            blocks = []
            for number, here in enumerate(tf.split(places, self._blocks(spans, places), axis=1), 1):
                until = number * here.shape[1]
                asked = self._queries(tf.gather(query, here))
                shares = self._shares(tf.matmul(asked, keys[:, :, :until], transpose_b=True))
                mixed = tf.matmul(shares, values[:, :, :until])
                rows.append(self._query_rows(mixed))
                blocks.append((asked, shares, mixed))
            kept.append((keys, values, blocks))
        return self._gathered(rows, spans), kept

    def _gradients(self, upstream: Array, kept: Any, spans: Spans) -> tuple[Array, Array, Array]:
        """Return the gradients by query, key and value."""
        # no gradient comes from beyond an example's end
        upstream = _with_zeros(upstream)
        of_query, of_key, of_value = [], [], []
        for places, (keys, values, blocks) in zip(spans.places, kept, strict=True):
            by_key, by_value = [], []
            heres = tf.split(places, len(blocks), axis=1)
            for number, (here, (asked, shares, mixed)) in enumerate(zip(heres, blocks, strict=True), 1):
                until = number * here.shape[1]
                wanted = self._queries(tf.gather(upstream, here))
                by_value.append(tf.matmul(shares, wanted, transpose_a=True))
                by_share = tf.matmul(wanted, values[:, :, :until], transpose_b=True)
                by_score = self._through_shares(shares, by_share, wanted, mixed)
                of_query.append(self._query_rows(tf.matmul(by_score, keys[:, :, :until])))
                by_key.append(tf.matmul(by_score, asked, transpose_a=True))
            of_key += [self._key_rows(one) for one in _summed(by_key)]
            of_value += [self._key_rows(one) for one in _summed(by_value)]
        query, key, value = (self._gathered(rows, spans) for rows in (of_query, of_key, of_value))
        return query, key, value

    def _shares(self, scores: Array) -> Array:
        """Softmax of scores [n, K, G·U, k] of the last U of k places, over those not after each."""
        seen = scores.shape[-1]
        unit = scores.shape[-2] // self._shared
        later = np.arange(seen)[None, :] > np.arange(seen - unit, seen)[:, None]
        bar = np.tile(np.where(later, NEVER, 0.0).astype(np.float32), (self._shared, 1)).reshape(1, -1)
        exact = tf.reshape(tf.cast(scores, "float32"), (-1, bar.size)) + bar
        return tf.cast(tf.nn.softmax(tf.reshape(exact, tf.shape(scores))), self._compute)

    def _through_shares(self, shares: Array, by_share: Array, wanted: Array, mixed: Array) -> Array:
        """Return the gradient by scores."""
        exact = tf.reduce_sum(tf.cast(wanted, "float32") * tf.cast(mixed, "float32"), axis=-1, keepdims=True)
        return tf.cast(tf.cast(shares, "float32") * (tf.cast(by_share, "float32") - exact), self._compute)

    def _queries(self, rows: Array) -> Array:
        """Turn rows [n, U, H·E] into [n, K, G·U, E]: heads that share a key lie one after the other, and meet it in one product."""
        unit = rows.shape[1]
        apart = tf.reshape(rows, (-1, unit, self._kv_heads, self._shared, self._size))
        return tf.reshape(tf.transpose(apart, (0, 2, 3, 1, 4)), (-1, self._kv_heads, self._shared * unit, self._size))

    def _query_rows(self, queries: Array) -> Array:
        """Turn [n, K, G·U, E] back into rows [n·U, H·E]."""
        unit = queries.shape[2] // self._shared
        apart = tf.reshape(queries, (-1, self._kv_heads, self._shared, unit, self._size))
        return tf.reshape(tf.transpose(apart, (0, 3, 1, 2, 4)), (-1, self._kv_heads * self._shared * self._size))

    def _keys(self, rows: Array) -> Array:
        """Turn rows [n, W, K·E] into [n, K, W, E]."""
        return tf.transpose(tf.reshape(rows, (-1, rows.shape[1], self._kv_heads, self._size)), (0, 2, 1, 3))

    def _key_rows(self, keys: Array) -> Array:
        """Turn [n, K, U, E] into rows [n·U, K·E]."""
        return tf.reshape(tf.transpose(keys, (0, 2, 1, 3)), (-1, self._kv_heads * self._size))

    @staticmethod
    def _blocks(spans: Spans, places: Array) -> int:
        return int(places.shape[1] // spans.places[0].shape[1])

    @staticmethod
    def _gathered(rows: Sequence[Array], spans: Spans) -> Array:
        return tf.gather(_with_zeros(*rows), spans.back)


def _with_zeros(*rows: Array) -> Array:
    """Return all these rows, and one of zeros."""
    return tf.concat([*rows, tf.zeros((1, rows[0].shape[1]), rows[0].dtype)], axis=0)


def _summed(beginnings: Sequence[Array]) -> list[Array]:
    """Return the blocks of the sum of the first block [n, K, U, E], the first two, and so on."""
    blocks = [tf.split(one, number, axis=2) for number, one in enumerate(beginnings, 1)]
    return [tf.add_n([one[place] for one in blocks[place:]]) for place in range(len(blocks))]
