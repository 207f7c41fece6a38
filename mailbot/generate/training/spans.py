"""Where the examples of packed rows lie, by their length, so that each is looked up alone and at little more than its length.

Rows are full whatever their examples' lengths, which is what large products want; attention wants every example apart. A span is an
example's place among the flat rows, widened to a multiple of one unit: spans of one width are computed together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

Ints = np.ndarray

UNIT = 64
"""Tokens. Shorter ones compute less for nothing, and smaller products run slower."""

WIDTHS = 8
"""So many widths at most, since each is written out in the program."""


class Spans(NamedTuple):
    """The examples of rows [B, L], laid flat to N = B·L places.

    `places` has for each width W = unit, 2·unit, … up to L the places [n, W] of n examples; N stands where a span is longer than
    its example. What is computed of them follows width by width, within that block of a unit by block, within that example by
    example: `back` [N] says where each place stands there. What is padding stands after all of them.
    """

    places: tuple[Ints, ...]
    back: Ints


def unit_of(length: int) -> int:
    """Return the unit of rows of so many tokens."""
    return max(min(UNIT, length), -(-length // WIDTHS))


def spans_of(segments: Ints) -> Spans:
    """Return the spans of rows [B, L] of segments (0 is padding). Those of one segment stand together in a row."""
    rows, length = segments.shape
    unit = unit_of(length)
    begins = np.ones((rows, length + 1), np.bool_)
    begins[:, 1:-1] = segments[:, 1:] != segments[:, :-1]
    ends = begins[:, 1:].reshape(-1)
    starts = np.flatnonzero(begins[:, :-1].reshape(-1))
    lengths = np.flatnonzero(ends) + 1 - starts
    real = segments.reshape(-1)[starts] > 0
    starts, lengths = starts[real], lengths[real]
    places = tuple(
        _places(starts[fits], lengths[fits], width, segments.size)
        for width in range(unit, length + unit, unit)
        for fits in [(lengths > width - unit) & (lengths <= width)]
    )
    blocks = [block.reshape(-1) for one in places for block in np.split(one, one.shape[1] // unit, axis=1)]
    order = np.concatenate(blocks)
    back = np.full(segments.size + 1, len(order), np.int32)
    back[order] = np.arange(len(order), dtype=np.int32)
    return Spans(places=places, back=back[:-1])


def _places(starts: Ints, lengths: Ints, width: int, beyond: int) -> Ints:
    steps = np.arange(width)
    return np.where(steps < lengths[:, None], starts[:, None] + steps, beyond).astype(np.int32)
