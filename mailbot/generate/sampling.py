"""Chooses the next token of every slot from its logits, each slot by its own settings, without sorting the vocabulary.

What a request draws depends on its seed and the position alone, never on its slot, on the others, or on the backend.
"""

from __future__ import annotations

from typing import Any

from mailbot.generate.backend import ops

Array = Any

LOWEST = -80.0
"""Scores are logits below the highest, divided by the temperature; e to this is as good as nothing in float32."""

HALVINGS = 26
"""Of the range of scores, to find a threshold: to about a millionth, so that likelier differences than that are ties."""

GOLDEN = 0x9E3779B9


def choose(logits: Array, positions: Array, temperature: Array, top_k: Array, top_p: Array, seeds: Array) -> Array:
    """Return the tokens [S] (int32) that follow logits [S, V]; `positions` are those that the tokens will stand at.

    `temperature` and `top_p` are float32, `top_k` and `positions` int32, `seeds` uint32, each [S].
    """
    # looked at as columns, as the output layer makes them: XLA's CPU code turns the layer's matrix round else, at each step
    columns = ops.transpose(logits)
    likeliest = ops.cast(ops.argmax(columns, axis=0), "int32")
    drawing = temperature > 0

    def drawn() -> Array:
        logits = ops.transpose(columns)
        scores = ops.maximum(
            (logits - ops.max(logits, axis=-1, keepdims=True)) / ops.where(drawing, temperature, 1.0)[:, None], LOWEST
        )
        kept = kept_tokens(scores, top_k, top_p)
        return ops.cast(
            ops.argmax(ops.where(kept, scores + noise(seeds, positions, logits.shape[1]), 4 * LOWEST), axis=-1), "int32"
        )

    sampled = ops.cond(ops.any(drawing), drawn, lambda: likeliest)
    return ops.where(drawing, sampled, likeliest)


def kept_tokens(scores: Array, top_k: Array, top_p: Array) -> Array:
    """Return which tokens [S, V] may be drawn: the top_k likeliest, and of those the fewest that hold top_p of the probability."""
    some = top_k > 0
    kept = ops.cond(
        ops.any(some),
        lambda: scores >= ops.where(some, _threshold(scores, ops.ones_like(scores), ops.cast(top_k, "float32")), LOWEST)[:, None],
        lambda: ops.ones_like(scores, dtype="bool"),
    )

    def fewest() -> Array:
        mass = ops.where(kept, ops.exp(scores), 0.0)
        threshold = _threshold(scores, mass, top_p * ops.sum(mass, axis=-1))
        return ops.logical_and(kept, scores >= ops.where(top_p < 1, threshold, LOWEST)[:, None])

    return ops.cond(ops.any(top_p < 1), fewest, lambda: kept)


def _threshold(scores: Array, weights: Array, wanted: Array) -> Array:
    """Return the highest score [S] such that the weights of tokens at or above it sum to at least `wanted` [S]."""
    low = ops.full_like(wanted, LOWEST)
    high = ops.full_like(wanted, 1e-6)

    def halve(_: Array, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bounds
        middle = (low + high) / 2
        enough = ops.sum(ops.where(scores >= middle[:, None], weights, 0.0), axis=-1) >= wanted
        return ops.where(enough, middle, low), ops.where(enough, high, middle)

    return ops.fori_loop(0, HALVINGS, halve, (low, high))[0]


def noise(seeds: Array, positions: Array, vocabulary: int) -> Array:
    """Return Gumbel noise [S, V]: the highest score with it added is a draw from the scores' softmax (Gumbel 1954)."""
    row = _mixed(_mixed(seeds + _word(GOLDEN)) ^ ops.cast(positions, "uint32"))
    column = ops.cast(ops.arange(vocabulary, dtype="int32"), "uint32") * _word(GOLDEN)
    bits = ops.right_shift(_mixed(_mixed(row)[:, None] ^ column[None, :]), _word(8))
    even = (ops.cast(bits, "float32") + 0.5) * 2.0**-24
    return -ops.log(-ops.log(even))


def _mixed(words: Array) -> Array:
    """Mix 32-bit words so that near ones come out far apart (the multipliers are C. Wellons' lowbias32, public domain)."""
    words = words ^ ops.right_shift(words, _word(16))
    words = words * _word(0x7FEB352D)
    words = words ^ ops.right_shift(words, _word(15))
    words = words * _word(0x846CA68B)
    return words ^ ops.right_shift(words, _word(16))


def _word(value: int) -> Array:
    return ops.convert_to_tensor(value, dtype="uint32")
