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
from mailbot.generate.prefix import Use
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
        entries: int = 0,
        longest: int = 0,
    ) -> None:
        """`window` positions are kept for each slot; a chunk is the most tokens written between two looks at the queue.

        `rows` prompts are read at once; `spans` are the numbers of positions, besides the whole window, that a chunk may look at.
        `entries` beginnings of prompts are kept beside the slots, of up to `longest` tokens each.
        """
        self._shape = shape
        self._chunk = chunk
        self._rows = rows
        self._arrays = 2 * shape.layers
        self._entries, self._longest = entries, longest
        self._stop_ids = tuple(stop_ids)
        self.spans = (*sorted(one for one in spans if one < window), window)
        self._resident = Resident(transformer.turn_for_decoding(weights), self._state(slots), dtype)
        self._begin(slots)

    def shrink(self, slots: int) -> None:
        """Begin again with fewer slots, all of them empty: nothing of what the device held before is trusted or kept."""
        self._loops.clear()
        del self._fill, self._fill_after, self._keep
        gc.collect()  # what was compiled holds the old state, in cycles
        self._resident.renew(self._state(slots))
        self._begin(slots)

    def _state(self, slots: int) -> list[tuple[int, ...]]:
        heads, size = self._shape.kv_heads, self._shape.head_dim
        shapes: list[tuple[int, ...]] = [(slots, heads, self.spans[-1], size)] * self._arrays
        return shapes + [(self._entries, heads, self._longest, size)] * (self._arrays if self._entries else 0)

    def _begin(self, slots: int) -> None:
        self._fill = self._resident.compiled(self._read_prompts)
        self._fill_after = self._resident.compiled(self._read_after)
        self._keep = self._resident.compiled(self._copied)
        self._loops: dict[tuple[int, int], Callable[..., Any]] = {}
        self._token = np.zeros(slots, np.int32)
        self._position = np.zeros(slots, np.int32)
        self._left = np.zeros(slots, np.int32)
        self._temperature = np.zeros(slots, np.float32)
        self._top_k = np.zeros(slots, np.int32)
        self._top_p = np.ones(slots, np.float32)
        self._seed = np.zeros(slots, np.uint32)

    def fill(
        self,
        bucket: int,
        slots: Sequence[int],
        prompts: Sequence[Sequence[int]],
        most: Sequence[int],
        sampling: Sequence[Sampling],
        uses: Sequence[Use] = (),
    ) -> list[int]:
        """Read prompts, padded to `bucket`, into slots; return the first token of each. `most[i]` tokens in all may follow.

        With `uses`, one for each prompt, their beginnings are taken over, and the bucket holds the rest.
        """
        rests = [prompt[use.length :] for prompt, use in zip(prompts, uses, strict=True)] if uses else prompts
        tokens = np.zeros((self._rows, bucket), np.int32)
        # spare rows repeat the first prompt into its own slot, which changes nothing
        index = [row if row < len(slots) else 0 for row in range(self._rows)]
        where = np.array([slots[one] for one in index], np.int32)
        lengths = np.array([len(rests[one]) for one in index], np.int32)
        for row, one in enumerate(index):
            tokens[row, : lengths[row]] = rests[one]
        for slot, prompt, many, how in zip(slots, prompts, most, sampling, strict=True):
            self._position[slot] = len(prompt)
            self._left[slot] = many - 1
            self._temperature[slot], self._top_k[slot], self._top_p[slot] = how.temperature, how.top_k, how.top_p
            self._seed[slot] = how.seed
        if uses:
            taken = np.array([(uses[one].entry, uses[one].length) for one in index], np.int32)
            first = self._fill_after(tokens, where, lengths, taken, *self._sampling(where))
        else:
            first = self._fill(tokens, where, lengths, *self._sampling(where))
        found = [int(token) for token in ops.convert_to_numpy(first)[: len(slots)]]
        for slot, token in zip(slots, found, strict=True):
            self._token[slot] = token
            if token in self._stop_ids:
                self._left[slot] = 0
        return found

    def keep(self, entry: int, slot: int) -> None:
        """Keep the beginning of what stands in a slot as an entry."""
        self._keep(np.int32(entry), np.int32(slot))

    def advance(self, width: int, *, hurry: bool = False) -> dict[int, list[int]]:
        """Write up to a chunk of tokens in every slot below `width` that has some left; return what each wrote.

        In a hurry only until the first of them ends.
        """
        ends = (self._position + np.minimum(self._left, self._chunk))[:width][self._left[:width] > 0]
        needed = int(ends.max(initial=1))
        least = int(np.count_nonzero(self._left[:width] > 0)) if hurry else 1
        written = self.run(width, next(span for span in self.spans if span >= needed), least)
        found = {}
        for slot, row in enumerate(written):
            tokens = row[row != NOTHING].tolist()
            if tokens:
                found[slot] = tokens
                self._token[slot] = tokens[-1]
                self._position[slot] += len(tokens)
        return found

    def run(self, width: int, span: int, least: int = 1) -> np.ndarray:
        """Run the loop over the first `width` slots and `span` positions; return what each slot wrote, [width, chunk].

        It goes on while at least `least` slots have tokens left to write.
        """
        if (width, span) not in self._loops:
            self._loops[width, span] = self._resident.compiled(self._loop_over(width, span))
        here = np.arange(width)
        # a slot that writes nothing is computed all the same: at its first position, which every prompt writes over
        position = np.where(self._left[here] > 0, self._position[here], 0).astype(np.int32)
        state = self._token[here], position, self._left[here]
        written, left = self._loops[width, span](*state, np.int32(least), *self._sampling(here))
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
        for index, made in enumerate((*keys, *values)):
            for row in range(self._rows):
                cache[index] = _placed(cache[index], made[row : row + 1], slots[row])
        return cache, choose(logits, lengths, *sampling)

    def _read_after(
        self, weights: Weights, cache: list[Array], tokens: Array, slots: Array, lengths: Array, taken: Array, *sampling: Array
    ) -> tuple[list[Array], Array]:
        """Read what follows beginnings that were kept: `taken` [B, 2] names entry and length of each."""
        layers, counts = self._shape.layers, taken[:, 1]
        kept = [ops.take(one, taken[:, 0], axis=0) for one in cache[self._arrays :]]
        beginning = transformer.Beginning(keys=kept[:layers], values=kept[layers:], counts=counts)
        logits, keys, values = transformer.prefill(self._shape, weights, tokens, lengths, beginning)
        for index, (begin, made) in enumerate(zip(kept, (*keys, *values), strict=True)):
            for row in range(self._rows):
                # in this order: an entry holds more than the first `counts` of it
                cache[index] = _placed(cache[index], begin[row : row + 1], slots[row])
                cache[index] = _placed(cache[index], made[row : row + 1], slots[row], counts[row])
        return cache, choose(logits, counts + lengths, *sampling)

    def _copied(self, _: Weights, cache: list[Array], entry: Array, slot: Array) -> tuple[list[Array], Array]:
        zero = ops.zeros((), "int32")
        for index in range(self._arrays):
            kept = cache[self._arrays + index]
            begin = ops.slice(cache[index], ops.stack([slot, zero, zero, zero]), (1, *kept.shape[1:]))
            cache[self._arrays + index] = _placed(kept, begin, entry)
        return cache, entry

    def _loop_over(self, width: int, span: int) -> Callable[..., tuple[list[Array], Any]]:
        layers = self._shape.layers

        def run(
            weights: Weights, cache: list[Array], token: Array, position: Array, left: Array, least: Array, *sampling: Array
        ) -> tuple[list[Array], Any]:
            def goes_on(step: Array, token: Array, position: Array, left: Array, written: Array, *parts: Array) -> Array:
                return ops.logical_and(step < self._chunk, ops.sum(ops.cast(left > 0, "int32")) >= least)

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
            cache, kept = cache[: self._arrays], cache[self._arrays :]
            parts = [one[:width, :, :span] for one in cache]
            end = ops.while_loop(goes_on, write, (ops.zeros((), "int32"), token, position, left, begin, *parts))
            _, _, _, left, written, *parts = end
            if (width, span) == (cache[0].shape[0], cache[0].shape[2]):
                return [*parts, *kept], (written, left)
            whole = [_brought_back(one, part, position, self._chunk) for one, part in zip(cache, parts, strict=True)]
            return [*whole, *kept], (written, left)

        return run


def _placed(whole: Array, part: Array, row: Array, position: Array | None = None) -> Array:
    """Return [rows, K, T, E] with part [1, K, L, E] in a row, from a position on."""
    zero = ops.zeros((), "int32")
    return ops.slice_update(whole, ops.stack([row, zero, zero if position is None else position, zero]), part)


def _brought_back(cache: Array, part: Array, positions: Array, chunk: int) -> Array:
    """Return cache [slots, K, T, E] with what a chunk wrote into part [S, K, span, E], from each slot's position [S] on."""
    width, heads, span, size = part.shape
    slot, head, step = (ops.convert_to_tensor(one.ravel().astype(np.int32)) for one in np.indices((width, heads, chunk)))
    # past the span's end its last position is written as often as need be, with what stands there
    position = ops.minimum(ops.take(positions, slot) + step, span - 1)
    new = ops.take(ops.reshape(part, (-1, size)), (slot * heads + head) * span + position, axis=0)
    return ops.scatter_update(cache, ops.stack([slot, head, position], axis=1), new)


def cache_bytes(shape: Architecture, slots: int, window: int, dtype: str) -> int:
    """Return what the keys and values of all slots take on the device."""
    return slots * shape.cache_bytes(window, 4 if dtype == "float32" else 2)
