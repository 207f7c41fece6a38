"""Packs examples into rows of one fixed length, and hands out batches of rows in an order that the step number alone decides.

Examples lie one after the other in a row, each a segment of its own that sees no other. Tokens are kept in a file that is mapped
into memory, so that a corpus may be larger than it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mailbot.generate.training.spans import Spans, spans_of

Ints = np.ndarray


class Shard(NamedTuple):
    """Some rows of a batch as the network takes them, laid flat: `tokens` and `positions` [N], and the `spans` of their examples.

    `picked` [P] are the places that foretell a learnt token, with its target and 1.0. P is a multiple of a sixteenth of N, since
    each size is compiled; the rest of it counts 0.0.
    """

    tokens: Ints
    positions: Ints
    spans: Spans
    picked: Ints
    targets: Ints
    counts: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows [B, L]: `tokens`, the `segments` they belong to (0 is padding), and their `positions` within them, all int32.

    `targets` are the tokens to come next, `weights` (float32) 1 where that is learnt and 0 elsewhere.
    """

    tokens: Ints
    segments: Ints
    positions: Ints
    targets: Ints
    weights: Ints

    @property
    def many(self) -> int:
        """How many tokens it has; padding is none."""
        return int(np.count_nonzero(self.segments))

    def shards(self, many: int) -> list[Shard]:
        """Return the rows in so many equal parts."""
        cut = zip(*(np.split(array, many) for array in (self.tokens, self.segments, self.positions, self.targets, self.weights)),
                  strict=True)  # fmt: skip
        return [
            Shard(tokens.reshape(-1), positions.reshape(-1), spans_of(segments), *_picked(targets, weights))
            for tokens, segments, positions, targets, weights in cut
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Tokenised examples: example i is `tokens[ends[i - 1] : ends[i]]`, of which all from place `learnt[i]` on is learnt."""

    tokens: Ints
    ends: Ints
    learnt: Ints

    @property
    def lengths(self) -> Ints:
        """How many tokens each example has."""
        return np.diff(self.ends, prepend=0)

    def save(self, stem: Path) -> None:
        """Write STEM.tokens.npy, STEM.ends.npy and STEM.learnt.npy."""
        for name in ("tokens", "ends", "learnt"):
            np.save(stem.with_name(f"{stem.name}.{name}.npy"), getattr(self, name))

    @staticmethod
    def open(stem: Path) -> Tokens:
        """Map what `save` wrote."""
        parts = (np.load(stem.with_name(f"{stem.name}.{name}.npy"), mmap_mode="r") for name in ("tokens", "ends", "learnt"))
        tokens, ends, learnt = parts
        return Tokens(tokens=tokens, ends=ends, learnt=learnt)


def pack(lengths: Sequence[int], room: int) -> list[list[int]]:
    """Return rows of example numbers, each of at most `room` tokens in all: the longest first, each where it fits tightest.

    Examples longer than a row are left out.
    """
    rows: list[list[int]] = []
    with_room: list[list[int]] = [[] for _ in range(room + 1)]
    order = sorted((number for number, length in enumerate(lengths) if 0 < length <= room), key=lambda n: (-lengths[n], n))
    for number in order:
        length = lengths[number]
        left = next((left for left in range(length, room + 1) if with_room[left]), None)
        if left is None:
            row, left = len(rows), room
            rows.append([])
        else:
            row = with_room[left].pop()
        rows[row].append(number)
        with_room[left - length].append(row)
    return rows


class Rows:
    """The rows of one side (learnt from, or held out)."""

    def __init__(self, tokens: Tokens, length: int, seed: int) -> None:
        self._tokens = tokens
        self.length = length
        self._seed = seed
        lengths = tokens.lengths
        self._rows = pack(lengths.tolist(), length)
        self.examples = sum(map(len, self._rows))
        self.left_out = len(lengths) - self.examples
        self.tokens = int(lengths[lengths <= length].sum())
        self._order: tuple[int, Ints] = (-1, np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self._rows)

    def batch(self, step: int, size: int) -> Batch:
        """Return the batch of a step (from 0): the rows in a new order each epoch, batches running on from epoch to epoch."""
        return self._batch([self._at(place) for place in range(step * size, (step + 1) * size)])

    def spread(self, most: int) -> list[int]:
        """Return at most so many row numbers, evenly spread over all."""
        many = min(most, len(self._rows))
        return [number * len(self._rows) // many for number in range(many)]

    def of(self, rows: Sequence[int], size: int) -> Batch:
        """Return these rows, and empty ones up to `size`."""
        return self._batch([*rows, *[len(self._rows)] * (size - len(rows))])

    def _at(self, place: int) -> int:
        epoch, index = divmod(place, len(self._rows))
        if self._order[0] != epoch:
            self._order = (epoch, np.random.default_rng([self._seed, epoch]).permutation(len(self._rows)))
        return int(self._order[1][index])

    def _batch(self, rows: Sequence[int]) -> Batch:
        shape = (len(rows), self.length)
        tokens, segments, positions, targets = (np.zeros(shape, np.int32) for _ in range(4))
        weights = np.zeros(shape, np.float32)
        for index, row in enumerate(rows):
            start = 0
            for segment, number in enumerate(self._rows[row] if row < len(self._rows) else (), 1):
                last = int(self._tokens.ends[number])
                first = int(self._tokens.ends[number - 1]) if number else 0
                text = self._tokens.tokens[first:last]
                end = start + len(text)
                tokens[index, start:end] = text
                segments[index, start:end] = segment
                positions[index, start:end] = np.arange(len(text))
                targets[index, start : end - 1] = text[1:]
                # what stands before a learnt token is what must foretell it; an example's first token is foretold by nothing
                weights[index, start + max(0, int(self._tokens.learnt[number]) - 1) : end - 1] = 1.0
                start = end
        return Batch(tokens=tokens, segments=segments, positions=positions, targets=targets, weights=weights)


def _picked(targets: Ints, weights: Ints) -> tuple[Ints, Ints, Ints]:
    places = np.flatnonzero(weights)
    size = max(1, weights.size // 16)
    room = max(1, -(-len(places) // size)) * size
    picked = np.zeros(room, np.int32)
    picked[: len(places)] = places
    counts = np.zeros(room, np.float32)
    counts[: len(places)] = weights.reshape(-1)[places]
    return picked, targets.reshape(-1)[picked], counts


def token_dtype(vocabulary: int) -> Any:
    """Return the smallest dtype that holds every token."""
    return np.uint16 if vocabulary <= 1 << 16 else np.int32
