"""The slots on the device: keys and values of every running text, prompts read into named slots, the decode loop over all of them.

The cache is static, [slots, K, T, E] for each layer; a write touches its position only. Steps are compiled once for each prompt
bucket, and for each width and span (the first so many slots and positions), so that few or short texts do not cost as much as many
or long ones.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mailbot.generate import transformer
from mailbot.generate.architecture import Architecture
from mailbot.generate.backend import Resident, ops
from mailbot.generate.checkpoint import Weights
from mailbot.generate.request import Sampling
from mailbot.generate.sampling import choose

Array = Any

NOTHING = -1
"""Stands in the output where a slot wrote no token."""


class Slots:
    """What runs on the device. One thread calls it."""

    def __init__(
        self,
        shape: Architecture,
        weights: Weights,
        *,
        slots: int,
        window: int,
        chunk: int,
        rows: int,
        spans: Sequence[int] = (),
        stop_ids: Sequence[int],
        dtype: str = "float32",
    ) -> None:
        """`window` positions are kept for each slot; a chunk is the most tokens written between two looks at the queue.

        `rows` prompts are read at once; `spans` are the numbers of positions, besides the whole window, that a chunk may look at.
        """
        self._shape = shape
        self._chunk = chunk
        self._rows = rows
        self._stop_ids = tuple(stop_ids)
        self.spans = (*sorted(one for one in spans if one < window), window)
        self._resident = Resident(weights, self._cache(slots, window), dtype)
        self._begin(slots)

    def shrink(self, slots: int) -> None:
        """Begin again with fewer slots, all of them empty: nothing of what the device held before is trusted or kept."""
        window = self.spans[-1]
        self._loops.clear()
        del self._fill
        gc.collect()  # what was compiled holds the old state, in cycles
        self._resident.renew(self._cache(slots, window))
        self._begin(slots)

    def _cache(self, slots: int, window: int) -> list[tuple[int, ...]]:
        return [(slots, self._shape.kv_heads, window, self._shape.head_dim)] * (2 * self._shape.layers)

    def _begin(self, slots: int) -> None:
        self._fill = self._resident.compiled(self._read_prompts)
        self._loops: dict[tuple[int, int], Callable[..., Any]] = {}
        self._token = np.zeros(slots, np.int32)
        self._position = np.zeros(slots, np.int32)
        self._left = np.zeros(slots, np.int32)
        self._temperature = np.zeros(slots, np.float32)
        self._top_k = np.zeros(slots, np.int32)
        self._top_p = np.ones(slots, np.float32)
        self._seed = np.zeros(slots, np.uint32)

    def fill(
        self, bucket: int, slots: Sequence[int], prompts: Sequence[Sequence[int]], most: Sequence[int], sampling: Sequence[Sampling]
    ) -> list[int]:
        """Read prompts, padded to `bucket`, into slots; return the first token of each. `most[i]` tokens in all may follow."""
        tokens = np.zeros((self._rows, bucket), np.int32)
        where = np.full(self._rows, slots[0], np.int32)
        for row in range(self._rows):
            # spare rows repeat the first prompt into its own slot, which changes nothing
            index = row if row < len(slots) else 0
            tokens[row, : len(prompts[index])] = prompts[index]
            where[row] = slots[index]
        for slot, prompt, many, how in zip(slots, prompts, most, sampling, strict=True):
            self._position[slot] = len(prompt)
            self._left[slot] = many - 1
            self._temperature[slot], self._top_k[slot], self._top_p[slot] = how.temperature, how.top_k, how.top_p
            self._seed[slot] = how.seed
        first = self._fill(tokens, where, self._position[where], *self._sampling(where))
        found = [int(token) for token in ops.convert_to_numpy(first)[: len(slots)]]
        for slot, token in zip(slots, found, strict=True):
            self._token[slot] = token
            if token in self._stop_ids:
                self._left[slot] = 0
        return found

    def advance(self, width: int) -> dict[int, list[int]]:
        """Write up to a chunk of tokens in every slot below `width` that has some left; return what each wrote."""
        ends = (self._position + np.minimum(self._left, self._chunk))[:width][self._left[:width] > 0]
        needed = int(ends.max(initial=1))
        written = self.run(width, next(span for span in self.spans if span >= needed))
        found = {}
        for slot, row in enumerate(written):
            tokens = row[row != NOTHING].tolist()
            if tokens:
                found[slot] = tokens
                self._token[slot] = tokens[-1]
                self._position[slot] += len(tokens)
        return found

    def run(self, width: int, span: int) -> np.ndarray:
        """Run the loop over the first `width` slots and `span` positions; return what each slot wrote, [width, chunk]."""
        if (width, span) not in self._loops:
            self._loops[width, span] = self._resident.compiled(self._loop_over(width, span))
        here = np.arange(width)
        # a slot that writes nothing is computed all the same: at its first position, which every prompt writes over
        position = np.where(self._left[here] > 0, self._position[here], 0).astype(np.int32)
        written, left = self._loops[width, span](self._token[here], position, self._left[here], *self._sampling(here))
        self._left[:width] = ops.convert_to_numpy(left)
        return np.asarray(ops.convert_to_numpy(written))

    def release(self, slot: int) -> None:
        """Write nothing more in a slot."""
        self._left[slot] = 0
        self._temperature[slot] = 0

    def going_on(self, slot: int) -> bool:
        """Return whether a slot has tokens left to write."""
        return bool(self._left[slot] > 0)

    def _sampling(self, here: np.ndarray) -> tuple[np.ndarray, ...]:
        return self._temperature[here], self._top_k[here], self._top_p[here], self._seed[here]

    def _read_prompts(
        self, weights: Weights, cache: list[Array], tokens: Array, slots: Array, lengths: Array, *sampling: Array
    ) -> tuple[list[Array], Array]:
        logits, keys, values = transformer.prefill(self._shape, weights, tokens, lengths)
        zero = ops.zeros((), "int32")
        for index, made in enumerate((*keys, *values)):
            for row in range(self._rows):
                start = ops.stack([slots[row], zero, zero, zero])
                cache[index] = ops.slice_update(cache[index], start, made[row : row + 1])
        return cache, choose(logits, lengths, *sampling)

    def _loop_over(self, width: int, span: int) -> Callable[..., tuple[list[Array], Any]]:
        layers = self._shape.layers

        def run(
            weights: Weights, cache: list[Array], token: Array, position: Array, left: Array, *sampling: Array
        ) -> tuple[list[Array], Any]:
            def goes_on(step: Array, token: Array, position: Array, left: Array, written: Array, *parts: Array) -> Array:
                return ops.logical_and(step < self._chunk, ops.any(left > 0))

            def write(step: Array, token: Array, position: Array, left: Array, written: Array, *parts: Array) -> tuple[Array, ...]:
                logits, keys, values = transformer.decode(self._shape, weights, parts[:layers], parts[layers:], token, position)
                active = left > 0
                following = ops.where(active, choose(logits, position + 1, *sampling), token)
                shown = ops.where(active, following, NOTHING)[:, None]
                written = ops.slice_update(written, ops.stack([ops.zeros((), "int32"), step]), shown)
                stopped = ops.zeros_like(active)
                for one in self._stop_ids:
                    stopped = ops.logical_or(stopped, following == one)
                left = ops.where(active, ops.where(stopped, 0, left - 1), left)
                return step + 1, following, ops.where(active, position + 1, position), left, written, *keys, *values

            begin = ops.full((width, self._chunk), NOTHING, "int32")
            parts = [one[:width, :, :span] for one in cache]
            end = ops.while_loop(goes_on, write, (ops.zeros((), "int32"), token, position, left, begin, *parts))
            _, _, _, left, written, *parts = end
            if (width, span) == (cache[0].shape[0], cache[0].shape[2]):
                return parts, (written, left)
            corner = np.zeros(4, np.int32)
            return [ops.slice_update(one, corner, part) for one, part in zip(cache, parts, strict=True)], (written, left)

        return run


def cache_bytes(shape: Architecture, slots: int, window: int, dtype: str) -> int:
    """Return what the keys and values of all slots take on the device."""
    return slots * shape.cache_bytes(window, 4 if dtype == "float32" else 2)
