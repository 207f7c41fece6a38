"""What a GPT computes, as plain functions over `keras.ops`: GPT-2 and the Llama family, for a whole prompt or one token more.

Letters in shapes: B prompts, L tokens of each, S slots, T positions kept, D width, H heads, K key/value heads, G = H / K heads that
share one, E head_dim, V vocabulary. The residual stream is [rows, D] with B·L or S rows, so that every product with a weight is one
plain matrix product. Norms, scores and logits are float32 whatever the weights are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mailbot.generate.architecture import Architecture, Rope
from mailbot.generate.backend import ops
from mailbot.generate.checkpoint import Weights
from mailbot.generate.memory import placed_array

Array = Any
"""A tensor of the backend."""

NEVER = -1e30
"""The score of a position that is not looked at: finite, so that a row of nothing else stays a number."""


def forward(shape: Architecture, weights: Weights, tokens: Array) -> Array:
    """Return the logits [B, L, V] of every position of tokens [B, L]."""
    stream, _, _ = _read(shape, weights, tokens)
    return ops.reshape(_logits(shape, weights, stream), (*tokens.shape, shape.vocabulary))


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What was read before: keys and values of each layer, [B, K, P, E], of which the first `counts` [B] positions count."""

    keys: Sequence[Array]
    values: Sequence[Array]
    counts: Array


def turn_for_decoding(weights: Weights) -> Weights:
    """Turn the matrices that write into the stream to [out, in], in place, and return the weights.

    With them on the left of a product of few rows, XLA's CPU code takes about two thirds of the time. Each gets a bias, of zeros
    where there is none: it stands between the product and its transpose, which XLA would else make one, in the slow form again.
    """
    for layer in weights["layers"]:
        for name in ("out", "down"):
            layer[f"{name}_turned"] = turned = placed_array(layer.pop(name).T)
            layer.setdefault(f"{name}_bias", np.zeros(turned.shape[0], turned.dtype))
    return weights


def prefill(
    shape: Architecture, weights: Weights, tokens: Array, lengths: Array, beginning: Beginning | None = None
) -> tuple[Array, list[Array], list[Array]]:
    """Read prompts, or what follows their beginning: tokens [B, L], padded on the right, of which the first `lengths` [B] count.

    Returns the logits [B, V] after each prompt's last token, and keys and values of each layer, [B, K, L, E], for these tokens.
    """
    many, longest = tokens.shape
    positions = None if beginning is None else beginning.counts[:, None] + ops.arange(longest, dtype="int32")[None, :]
    stream, keys, values = _read(shape, weights, tokens, positions, beginning=beginning)
    last = ops.arange(many, dtype="int32") * longest + lengths - 1
    return _logits(shape, weights, ops.take(stream, last, axis=0)), keys, values


def decode(
    shape: Architecture, weights: Weights, keys: Sequence[Array], values: Sequence[Array], tokens: Array, positions: Array
) -> tuple[Array, list[Array], list[Array]]:
    """Read one more token in every slot: tokens [S] stand at positions [S].

    Keys and values of each layer are [S, K, T, E]; they come back with this token's written, and nothing else of them touched.
    Returns the logits [S, V] of what follows.
    """
    slots, room = keys[0].shape[0], keys[0].shape[2]
    seen = ops.arange(room, dtype="int32")[None, None, None, :] <= positions[:, None, None, None]
    new_keys, new_values = [], []

    def attend(number: int, query: Array, key: Array, value: Array) -> Array:
        new_keys.append(_written(keys[number], positions, key[:, 0]))
        new_values.append(_written(values[number], positions, value[:, 0]))
        grouped = ops.reshape(query, (slots, shape.kv_heads, -1, shape.head_dim))
        return _attention(grouped, new_keys[-1], new_values[-1], seen)

    stream = _stack(shape, weights, tokens[:, None], positions[:, None], attend)
    return _logits(shape, weights, stream), new_keys, new_values


def _read(
    shape: Architecture, weights: Weights, tokens: Array, positions: Array | None = None, beginning: Beginning | None = None
) -> tuple[Array, list[Array], list[Array]]:
    """Run every token of tokens [B, L] with those before it; return the stream [B·L, D], and keys and values [B, K, L, E]."""
    many, length = tokens.shape
    steps = np.arange(length, dtype=np.int32)
    earlier = ops.convert_to_tensor((steps[None, :] <= steps[:, None])[None, None, None])
    if beginning is not None:
        before = ops.arange(beginning.keys[0].shape[2], dtype="int32")[None, :] < beginning.counts[:, None]
        earlier = ops.concatenate(
            [ops.broadcast_to(one, (many, 1, 1, length, one.shape[-1])) for one in (before[:, None, None, None], earlier)], axis=-1
        )
    keys, values = [], []

    def attend(number: int, query: Array, key: Array, value: Array) -> Array:
        keys.append(ops.transpose(key, (0, 2, 1, 3)))
        values.append(ops.transpose(value, (0, 2, 1, 3)))
        seen_keys, seen_values = keys[-1], values[-1]
        if beginning is not None:
            seen_keys = ops.concatenate([beginning.keys[number], seen_keys], axis=2)
            seen_values = ops.concatenate([beginning.values[number], seen_values], axis=2)
        # the heads that share a key lie one after the other: [B, K, G·L, E] meets [B, K, L, E] in one product
        folded = ops.reshape(ops.transpose(query, (0, 2, 1, 3)), (many, shape.kv_heads, -1, shape.head_dim))
        mixed = _attention(folded, seen_keys, seen_values, earlier, length)
        return ops.transpose(ops.reshape(mixed, (many, shape.heads, length, shape.head_dim)), (0, 2, 1, 3))

    if positions is None:
        positions = ops.convert_to_tensor(np.broadcast_to(steps, (many, length)))
    return _stack(shape, weights, tokens, positions, attend), keys, values


def _stack(
    shape: Architecture, weights: Weights, tokens: Array, positions: Array, attend: Callable[[int, Array, Array, Array], Array]
) -> Array:
    """Run all layers on tokens [B, L] at positions [B, L]; return the normed stream [B·L, D].

    `attend(layer, query, key, value)` gets [B, L, H or K, E] and returns the mixed values, in the order of the queries.
    """
    many, length = tokens.shape
    stream = ops.take(weights["embed"], ops.reshape(tokens, (-1,)), axis=0)
    turn = _turn(shape, positions)
    if shape.rope is None:
        stream = stream + ops.take(weights["positions"], ops.reshape(positions, (-1,)), axis=0)
    for number, layer in enumerate(weights["layers"]):
        joined = _linear(_norm(shape, stream, layer, "norm1"), layer, "qkv")
        joined = ops.reshape(joined, (many, length, shape.heads + 2 * shape.kv_heads, shape.head_dim))
        query = joined[:, :, : shape.heads]
        key = joined[:, :, shape.heads : shape.heads + shape.kv_heads]
        value = joined[:, :, shape.heads + shape.kv_heads :]
        if shape.query_norm:
            query, key = _norm(shape, query, layer, "query_norm"), _norm(shape, key, layer, "key_norm")
        mixed = attend(number, turn(query), turn(key), value)
        stream = _added(stream, ops.reshape(mixed, (many * length, shape.heads * shape.head_dim)), layer, "out")
        stream = _added(stream, _inner(shape, _norm(shape, stream, layer, "norm2"), layer), layer, "down")
    return _norm(shape, stream, weights, "norm")


def _attention(query: Array, keys: Array, values: Array, seen: Array, length: int = 1) -> Array:
    """Mix values [B, K, T, E] as queries [B, K, G·length, E] match keys; `seen` [B or 1, 1, length, T] says who may look where."""
    many, kv_heads, rows, size = query.shape
    scores = ops.cast(ops.matmul(query, ops.transpose(keys, (0, 1, 3, 2))), "float32") * size**-0.5
    scores = ops.reshape(scores, (many, kv_heads, rows // length, length, -1))
    weights = ops.softmax(ops.where(ops.reshape(seen, (-1, 1, 1, length, keys.shape[2])), scores, NEVER), axis=-1)
    return ops.matmul(ops.cast(ops.reshape(weights, (many, kv_heads, rows, -1)), values.dtype), values)


def _written(cache: Array, positions: Array, news: Array) -> Array:
    """Return cache [S, K, T, E] with news [S, K, E] at each slot's position."""
    slots, kv_heads = news.shape[0], news.shape[1]
    slot = np.repeat(np.arange(slots, dtype=np.int32), kv_heads)
    head = np.tile(np.arange(kv_heads, dtype=np.int32), slots)
    where = ops.stack([ops.convert_to_tensor(slot), ops.convert_to_tensor(head), ops.repeat(positions, kv_heads)], axis=1)
    return ops.scatter_update(cache, where, ops.reshape(news, (slots * kv_heads, -1)))


def _linear(rows: Array, weights: Weights, name: str) -> Array:
    product = ops.matmul(rows, weights[name])
    bias = weights.get(f"{name}_bias")
    return product if bias is None else product + bias


def _added(stream: Array, rows: Array, layer: Weights, name: str) -> Array:
    """Return the stream with a linear layer's output added."""
    turned = layer.get(f"{name}_turned")
    if turned is None:
        return stream + _linear(rows, layer, name)
    columns = ops.matmul(turned, ops.transpose(rows)) + layer[f"{name}_bias"][:, None]
    return stream + ops.transpose(columns)


def _norm(shape: Architecture, rows: Array, weights: Weights, name: str) -> Array:
    """RMSNorm or LayerNorm over the last axis, in float32."""
    exact = ops.cast(rows, "float32")
    if not shape.rms:
        exact = exact - ops.mean(exact, axis=-1, keepdims=True)
    exact = exact * ops.rsqrt(ops.mean(exact * exact, axis=-1, keepdims=True) + shape.epsilon)
    scaled = ops.cast(exact, rows.dtype) * weights[name]
    bias = weights.get(f"{name}_bias")
    return scaled if bias is None else scaled + bias


def _inner(shape: Architecture, rows: Array, layer: Weights) -> Array:
    """The feed-forward part but its last layer: SwiGLU (gate and up in one product) or one activation."""
    inner = _linear(rows, layer, "up")
    active = _activation(shape, inner[:, : shape.inner])
    return active * inner[:, shape.inner :] if shape.gated else active


def _activation(shape: Architecture, rows: Array) -> Array:
    if shape.activation in ("gelu", "gelu_tanh"):
        return ops.gelu(rows, approximate=shape.activation == "gelu_tanh")
    return ops.silu(rows) if shape.activation == "silu" else ops.relu(rows)


def _logits(shape: Architecture, weights: Weights, rows: Array) -> Array:
    """Return the logits [rows, V] in float32; the output layer is kept as the embedding is, [V, D]."""
    output = weights["embed" if shape.tied else "head"]
    # the large matrix stands left: turned round (rows times its transpose), XLA's CPU code takes 6 to 9 times as long
    return ops.transpose(ops.cast(ops.matmul(output, ops.transpose(rows)), "float32"))


def _turn(shape: Architecture, positions: Array) -> Callable[[Array], Array]:
    """Return what turns queries and keys [B, L, heads, E] by their positions [B, L].

    RoPE: Su et al. 2021, arXiv:2104.09864; pairs are the two halves of a head, as Llama has them.
    """
    if shape.rope is None:
        return lambda rows: rows
    angles = ops.cast(positions, "float32")[:, :, None, None] * ops.convert_to_tensor(frequencies(shape.rope, shape.head_dim))
    cosine, sine = ops.cos(angles), ops.sin(angles)
    half = shape.head_dim // 2

    def turned(rows: Array) -> Array:
        exact = ops.cast(rows, "float32")
        left, right = exact[..., :half], exact[..., half:]
        both = ops.concatenate([left * cosine - right * sine, right * cosine + left * sine], axis=-1)
        return ops.cast(both, rows.dtype)

    return turned


def frequencies(rope: Rope, head_dim: int) -> np.ndarray:
    """Return the angle that each pair of a head turns by from one position to the next: [E / 2], float32.

    Scaled as Llama 3.1 does: waves longer than the trained window by `factor`, short ones not, those between in proportion.
    """
    plain = (1.0 / rope.theta ** (np.arange(0, head_dim, 2, dtype=np.float32) / head_dim)).astype(np.float32)
    if rope.scaling == "none":
        return plain
    slowed = plain / np.float32(rope.factor)
    if rope.scaling == "linear":
        return slowed
    wavelength = 2 * np.pi / plain
    kept = (rope.trained_window / wavelength - rope.low_frequency) / (rope.high_frequency - rope.low_frequency)
    kept = np.clip(kept, 0.0, 1.0).astype(np.float32)
    return (1 - kept) * slowed + kept * plain
