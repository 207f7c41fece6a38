"""Finds columns of prose on a page, so that one is read after the other and not each line across all of them.

A table or a list of labels and values has a gap down the page as well, and is read line by line: columns are told from it by their
lines, which fill them with words.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from mailbot.core.bidi import runs_right_to_left

if TYPE_CHECKING:
    from mailbot.core.words import Word

    Line = tuple[Word, ...]

LEAST_LINES = 5
"""Lines that each column has at least."""

FILLED = 0.6
"""Share of its column's width that a line of prose fills on the average."""

WORDY = 14
"""Letters and signs, without blanks, that a line of a column has on the average."""

FIGURES = 0.3
"""Share of digits from which on a column holds figures and no prose."""

_MOST_CANDIDATES = 40


def in_columns(lines: Sequence[Line]) -> list[Line]:
    """Return the lines of a page (each from left to right) with those that run across columns cut, column after column."""
    found = _best(lines)
    if found is None:
        return list(lines)
    start, stop, gutter = found
    left, right = _cut(lines[start:stop], gutter)
    words = "".join(word.text for line in lines[start:stop] for word in line)
    sides = (right, left) if runs_right_to_left(words) else (left, right)
    columns = [line for side in sides for line in in_columns(side)]
    return [*in_columns(lines[:start]), *columns, *in_columns(lines[stop:])]


def _best(lines: Sequence[Line]) -> tuple[int, int, float] | None:
    """Return the longest run of lines that a gutter parts into two columns of prose: its start and end, and where the gutter is."""
    best: tuple[int, int, float] | None = None
    for gutter in _candidates(lines):
        start = 0
        for at in range(len(lines) + 1):
            if at < len(lines) and not _crosses(lines[at], gutter):
                continue
            first, last = _without_ends(lines, start, at, gutter)
            if last - first > (best[1] - best[0] if best else LEAST_LINES - 1) and _prose(lines[first:last], gutter):
                best = first, last, gutter
            start = at + 1
    return best


def _without_ends(lines: Sequence[Line], start: int, stop: int, gutter: float) -> tuple[int, int]:
    """Return a run of lines without what stands apart at its ends and beside nothing: a short heading, a signature."""
    while stop - start > 1 and _apart(lines[start], lines[start + 1]) and _one_sided(lines[start], gutter):
        start += 1
    for at in range(stop - 1, start, -1):
        if not _one_sided(lines[at], gutter):
            break
        if _apart(lines[at - 1], lines[at]):
            stop = at
    return start, stop


def _apart(upper: Line, lower: Line) -> bool:
    height = lower[0].box[3] - lower[0].box[1]
    return lower[0].box[1] - max(word.box[3] for word in upper) > 1.5 * height


def _one_sided(line: Line, gutter: float) -> bool:
    return line[-1].box[2] <= gutter or line[0].box[0] >= gutter


def _candidates(lines: Sequence[Line]) -> list[float]:
    """Return where gutters may be: in the middle of gaps that many lines have, most of them first."""
    counts: dict[int, list[float]] = {}
    for line in lines:
        for one, other in pairwise(line):
            height = one.box[3] - one.box[1]
            if other.box[0] - one.box[2] > 0.8 * height:
                middle = (one.box[2] + other.box[0]) / 2
                counts.setdefault(round(middle / max(height, 1.0)), []).append(one.box[2] + (other.box[0] - one.box[2]) * 0.9)
    if not counts:  # lines that are level with none of the other column
        edges = sorted({round(line[0].box[0]) for line in lines if line})
        return [edge - 1.0 for edge in edges[1:_MOST_CANDIDATES]]
    often = sorted(counts.values(), key=len, reverse=True)[:_MOST_CANDIDATES]
    return [min(ends) for ends in often]


def _crosses(line: Line, gutter: float) -> bool:
    return any(word.box[0] < gutter < word.box[2] for word in line)


def _cut(lines: Sequence[Line], gutter: float) -> tuple[list[Line], list[Line]]:
    left = [tuple(word for word in line if word.box[2] <= gutter) for line in lines]
    right = [tuple(word for word in line if word.box[2] > gutter) for line in lines]
    return [line for line in left if line], [line for line in right if line]


def _prose(lines: Sequence[Line], gutter: float) -> bool:
    """Return whether a gutter parts these lines into two columns that are written full."""
    left, right = _cut(lines, gutter)
    if min(len(left), len(right)) < LEAST_LINES or len(left) > 3 * len(right) + 3 or len(right) > 3 * len(left) + 3:
        return False
    return _written(left) and _written(right)


def _written(side: Sequence[Line]) -> bool:
    start, stop = min(line[0].box[0] for line in side), max(line[-1].box[2] for line in side)
    filled = sum(sum(word.box[2] - word.box[0] for word in line) + _blanks(line) for line in side) / len(side)
    text = "".join(word.text for line in side for word in line)
    digits = sum(character.isdigit() for character in text)
    return filled >= FILLED * (stop - start) and len(text) >= WORDY * len(side) and digits < FIGURES * len(text)


def _blanks(line: Line) -> float:
    """Return the width of the blanks between the words of a line, but for those too wide to stand inside a sentence."""
    gaps = ((other.box[0] - one.box[2], one.box[3] - one.box[1]) for one, other in pairwise(line))
    return sum(gap for gap, height in gaps if 0 < gap < 1.5 * height)
