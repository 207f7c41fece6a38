"""Gutters between columns are those that the words of every row leave free."""

from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.lines import Line, lines_of
from mailbot.core.page_columns import CLEAR, Gutters, Span, around, first_gutters
from mailbot.core.words import PageWords, Word

HEIGHT = 10.0
ROW = st.lists(
    st.tuples(st.sampled_from([2.0, 3.0, 5.0, 12.0, 40.0]), st.sampled_from([0.0, 5.0, 20.0, 60.0])), min_size=1, max_size=8
)


def row_of(parts: list[tuple[float, float]]) -> Line:
    """Return a line of words, each a gap away from the one before it, and so wide."""
    words, x = [], 0.0
    for gap, width in parts:
        words.append(Word(text="w", box=(x + gap, 0.0, x + gap + width, HEIGHT)))
        x += gap + width
    return lines_of(PageWords(number=1, width=600, height=800, lines=(tuple(words),)))[0]


def free_of(span: Span, line: Line) -> list[Span]:
    """Return what the words of a line leave of a stretch and lies between two of its cells, wide enough for a gutter."""
    cuts = sorted({*span, *(edge for word in line.words for edge in word.box[::2] if span[0] < edge < span[1])})
    parts = [(a, b) for a, b in pairwise(cuts) if not any(word.box[0] < b and a < word.box[2] for word in line.words)]
    cells = line.pieces
    holes = [(-math.inf, cells[0].x0), *((a.x1, b.x0) for a, b in pairwise(cells)), (cells[-1].x1, math.inf)]
    return [part for part in parts if part[1] - part[0] >= CLEAR * HEIGHT and any(a <= part[0] and part[1] <= b for a, b in holes)]


@settings(max_examples=400, deadline=None)
@given(st.lists(ROW, min_size=2, max_size=4))
def test_a_gutter_stays_where_no_word_of_a_row_stands(rows: list[list[tuple[float, float]]]) -> None:
    first, *others = map(row_of, rows)
    gutters: Gutters | None = first_gutters(first)
    for line in others:
        assert gutters is not None
        expected = [free_of(span, line) for span in gutters.spans]
        gutters = gutters.with_row(line, HEIGHT)
        if gutters is None:
            assert not all(expected)
            return
        for parts in expected:
            assert set(parts) <= set(gutters.spans)
        assert len(gutters.spans) == sum(max(1, len(parts)) for parts in expected)


@given(ROW)
def test_a_part_of_a_line_is_as_large_as_its_words(parts: list[tuple[float, float]]) -> None:
    line = row_of(parts)
    ends = [start + 1 for start in line.starts]
    for at, start in enumerate(line.starts):
        for to in range(at, len(ends)):
            assert line.box(start, ends[to]) == around(line.words[at : to + 1])
    assert line.box(len(line.text), len(line.text)) == line.words[0].box
