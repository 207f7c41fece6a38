"""The columns of a table among placed words: the gutters that stay clear of words in every row, and the bands between them.

Gutters are grown row by row, so that a line which does not belong to the table is told by the gutter that it would fill.
"""

from __future__ import annotations

import math
import re
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from mailbot.core.document import Box
from mailbot.core.lines import Line, box_around
from mailbot.core.table_types import kind
from mailbot.core.words import Word

Span = tuple[float, float]
"""A stretch of the page from left to right."""

CLEAR = 0.3
"""Heights of a line that a gutter must be wide."""

LEVEL = 0.5
"""Heights of a line within which edges are taken to be aligned."""

_FIGURES = ("number", "money", "percent", "date", "time")
_ORDINAL = re.compile(r"\(?\d{1,3}[.)]")
_MEASURE = re.compile(r"[-+−]?\d[\d.,'’]*\s?[^\W\d_]{1,6}[²³]?\.?")


def is_figure(text: str) -> bool:
    """Return whether a cell holds a value as columns of figures do: a number, amount, percentage, date, or a measure ("20 h").

    The numbering of a list ("1.") is none.
    """
    return not is_ordinal(text) and (kind(text) in _FIGURES or bool(_MEASURE.fullmatch(text)))


def is_ordinal(text: str) -> bool:
    """Return whether a cell numbers the lines of a list: "1.", "(2)"."""
    return bool(_ORDINAL.fullmatch(text))


def around(words: Sequence[Word]) -> Box:
    """Return the box around some words."""
    return box_around([word.box for word in words])


@dataclass(frozen=True, slots=True, kw_only=True)
class Gutters:
    """The stretches that no word of the rows so far touches, left to right; the first and the last have no outer edge."""

    spans: tuple[Span, ...]
    rows: tuple[Line, ...]

    def with_row(self, line: Line, height: float) -> Gutters | None:
        """Return the gutters that are left beside one more row, None when it fills one: it is no row of this table."""
        cells = line.pieces
        holes = [
            (-math.inf, cells[0].x0),
            *((a.x1, b.x0) for a, b in pairwise(cells)),
            (cells[-1].x1, math.inf),
        ]
        spans: list[Span] = []
        boxes = [word.box for word in line.words]
        ends = [-math.inf, *accumulate([cell.x1 for cell in cells], max)]
        starts = [*(cell.x0 for cell in cells), math.inf]
        for left, right in self.spans:
            if right <= starts[bisect(ends, left) - 1] and right - left >= CLEAR * height:  # no word comes near it
                spans.append((left, right))
                continue
            clear = [part for part in _clear(left, right, boxes) if part[1] - part[0] >= CLEAR * height]
            wide = [part for part in clear if any(a <= part[0] and part[1] <= b for a, b in holes)]
            if not wide and clear and self._aligned(clear[-1][1], line, height):
                wide = clear[-1:]
            if not wide:
                return None
            spans += wide
        return Gutters(spans=tuple(spans), rows=(*self.rows, line))

    def _aligned(self, edge: float, line: Line, height: float) -> bool:
        """Return whether the words of a line right of an edge stand as those of an earlier row do."""
        word = next((word for word in line.words if word.box[0] >= edge - 1e-6), None)
        others = [next((w for w in row.words if w.box[0] >= edge - 1e-6), None) for row in self.rows]
        return word is not None and any(
            other and min(abs(word.box[0] - other.box[0]), abs(word.box[2] - other.box[2])) < LEVEL * height for other in others
        )

    def bands(self) -> list[Span]:
        """Return the columns: from where to where words stand between the gutters."""
        return [(a[1], b[0]) for a, b in pairwise(self.spans)]


def first_gutters(line: Line) -> Gutters:
    """Return the gutters of a table's first row: the gaps between its cells."""
    cells = line.pieces
    inner = ((a.x1, b.x0) for a, b in pairwise(cells))
    return Gutters(spans=((-math.inf, cells[0].x0), *inner, (cells[-1].x1, math.inf)), rows=(line,))


def _clear(left: float, right: float, boxes: Sequence[Box]) -> list[Span]:
    """Return the parts of a stretch that no word of a line touches."""
    parts: list[Span] = []
    for x0, _, x1, _ in boxes:
        if x1 <= left or x0 >= right:
            continue
        if x0 > left:
            parts.append((left, x0))
        left = max(left, x1)
    if right > left:
        parts.append((left, right))
    return parts


def middles(bands: Sequence[Span]) -> list[float]:
    """Return the lines between columns: the middles of the gutters."""
    return [(a[1] + b[0]) / 2 for a, b in pairwise(bands)]


def column_at(x: float, bounds: Sequence[float]) -> int:
    """Return the number of the column that a place falls in."""
    return bisect(bounds, x)


def split_row(words: Sequence[Word], bands: Sequence[Span]) -> list[list[Word]]:
    """Return the words of a row by column."""
    bounds = middles(bands)
    cells: list[list[Word]] = [[] for _ in bands]
    for word in words:
        left, _, right, _ = word.box
        cells[bisect(bounds, (left + right) / 2)].append(word)
    return cells


def aligned(cells: Sequence[Sequence[Word]], height: float) -> bool:
    """Return whether the cells of a column stand under one another: at their left edges, their right ones, or centred."""
    boxes = [around(cell) for cell in cells if cell]
    return (
        _level([box[0] for box in boxes], height)
        or _level([box[2] for box in boxes], height)
        or _level([(box[0] + box[2]) / 2 for box in boxes], height)
    )


def _level(places: Sequence[float], height: float) -> bool:
    middle = sorted(places)[len(places) // 2]
    near = LEVEL * height
    return len([place for place in places if abs(place - middle) < near]) >= 0.8 * len(places)
