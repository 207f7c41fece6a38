"""Spans hold each place of each example once, at its own width, and lead back to it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.generate.training.spans import UNIT, WIDTHS, spans_of, unit_of


def rows_of(lengths: list[list[int]], room: int) -> np.ndarray:
    """Segments of rows of examples of these lengths, as far as they fit; the rest is padding."""
    segments = np.zeros((len(lengths), room), np.int32)
    for row, several in zip(segments, lengths, strict=True):
        start = 0
        for number, length in enumerate(several, 1):
            if start + length <= room:
                row[start : start + length] = number
                start += length
    return segments


ROWS = st.lists(st.lists(st.integers(1, 200), max_size=5), min_size=1, max_size=4)


@given(ROWS, st.sampled_from([1, 7, 64, 200, 256, 700]))
def test_every_example_stands_whole_at_the_least_width_that_holds_it(lengths: list[list[int]], room: int) -> None:
    segments = rows_of(lengths, room)
    spans = spans_of(segments)
    unit = unit_of(room)
    widths = [one.shape[1] for one in spans.places]
    assert widths == [unit * number for number in range(1, len(widths) + 1)]
    assert widths[-1] - unit < room <= widths[-1]
    found = []
    for places in spans.places:
        for span in places:
            inside = span[span < segments.size]
            assert (span[: len(inside)] == inside).all()
            assert places.shape[1] - unit < len(inside)
            found.append(inside.tolist())
    wanted = [
        (np.flatnonzero(row == number) + index * room).tolist()
        for index, row in enumerate(segments)
        for number in np.unique(row[row > 0])
    ]
    assert sorted(found) == sorted(wanted)


@given(ROWS, st.sampled_from([1, 7, 64, 200, 256, 700]))
def test_every_place_is_found_again_and_padding_after_all(lengths: list[list[int]], room: int) -> None:
    segments = rows_of(lengths, room)
    spans = spans_of(segments)
    unit = spans.places[0].shape[1]
    computed = [place for places in spans.places for first in range(0, places.shape[1], unit)
                for span in places for place in span[first : first + unit]]  # fmt: skip
    for place, (back, segment) in enumerate(zip(spans.back, segments.reshape(-1), strict=True)):
        assert back == len(computed) if segment == 0 else computed[back] == place


@pytest.mark.parametrize(("length", "unit"), [(1, 1), (24, 24), (64, UNIT), (65, UNIT), (512, UNIT), (513, 65), (4096, 512)])
def test_there_are_few_widths(length: int, unit: int) -> None:
    assert unit_of(length) == unit
    assert -(-length // unit) <= WIDTHS
