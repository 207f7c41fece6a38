"""The order a person reads a page in: blocks that stand side by side one after the other, tables and lists row by row.

Where a white gutter runs down between two parts of the page, these are blocks when each makes sense by itself: their lines do
not stand level with each other (an address beside a letterhead), both hold words and figures of their own (bill to, ship to), or
both run on as prose. Labels with their values and the columns of a table fail that, and stay rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mailbot.core.bidi import runs_right_to_left
from mailbot.core.words import PageWords, Word, in_lines, line_text

GUTTER = 1.5
"""Width of the narrowest gutter, in heights of a line; the spaces of justified text are narrower."""

BREAK = 2.0
"""Blank space in heights of a line that ends a gutter."""

LEVEL = 0.7
"""Share of the shorter side's lines that have a partner level with them, from which on the two sides are rows."""

PROSE = 30
"""Characters of a usual line from which on a side is taken for prose."""

MOST_LINES, MOST_WORDS = 300, 5_000
"""Pages of more are printed lists, or were made to cost time: they are read row by row."""

MOST_GUTTERS = 200
"""Gutters that are looked at closely; a page of dense print has some dozens."""

Line = Sequence[Word]


@dataclass(frozen=True, slots=True)
class _Band:
    """Lines `first` to `last` (exclusive) with a gutter from `left` to `right` between their parts."""

    first: int
    last: int
    left: float
    right: float


def block_text(page: PageWords) -> str:
    """Return the text of a page in the order of reading, a line for each of its lines."""
    backwards = runs_right_to_left("".join(word.text for line in page.lines for word in line))
    many = len(page.lines) > MOST_LINES or sum(map(len, page.lines)) > MOST_WORDS
    lines = page.lines if many else _ordered(page.lines, backwards)
    return "\n".join(line_text(line, right_to_left=backwards) for line in lines)


def _ordered(lines: Sequence[Line], backwards: bool) -> Iterator[Line]:
    """Yield the lines, those on both sides of the widest gutter that parts blocks first left, then right; Hebrew the other way."""
    band = max(_bands(lines), key=lambda one: (one.right - one.left) * (one.last - one.first), default=None)
    if band is None:
        yield from lines
        return
    left, right = _sides(lines[band.first : band.last], band)
    yield from _ordered(lines[: band.first], backwards)
    yield from _ordered(right if backwards else left, backwards)
    yield from _ordered(left if backwards else right, backwards)
    yield from _ordered(lines[band.last :], backwards)


def _bands(lines: Sequence[Line]) -> Iterator[_Band]:
    """Yield every gutter that parts blocks."""
    seen: list[_Band] = []
    for at, line in enumerate(lines):
        wide = GUTTER * _height(line)
        for one, other in pairwise(line):
            gap = _Band(at, at + 1, one.box[2], other.box[0])
            if gap.right - gap.left < wide:
                continue
            if any(band.first <= at < band.last and gap.left <= band.left and band.right <= gap.right for band in seen):
                continue
            if any(_figures(row, gap.left, gap.right) for row in lines[at : at + 2]):  # a row of a table, or its head
                continue
            band = _trimmed(lines, _grown(lines, gap))
            if band.last - band.first < 2:  # no blocks
                continue
            seen.append(band)
            if len(seen) > MOST_GUTTERS:
                return
            if _blocks(*_sides(lines[band.first : band.last], band)):
                yield band


def _grown(lines: Sequence[Line], band: _Band) -> _Band:
    """Return the gutter followed up and down for as long as it stays wide enough and no blank space or row of figures ends it."""
    first, last, left, right = band.first, band.last, band.left, band.right
    for step in (-1, 1):
        at = first - 1 if step < 0 else last
        while 0 <= at < len(lines):
            narrow = _narrowed(lines[at], left, right)
            if narrow is None or _blank_between(lines[min(at, at - step)], lines[max(at, at - step)]) > BREAK * _height(lines[at]):
                break
            if _figures(lines[at], *narrow):
                last -= step > 0 and last > band.last and _on_both(lines[last - 1], left, right)  # the table's head
                break
            left, right = narrow
            first, last = min(first, at), max(last, at + 1)
            at += step
    return _Band(first, last, left, right)


def _on_both(line: Line, left: float, right: float) -> bool:
    """Return whether a line has words on both sides of a gutter."""
    return line[0].box[0] < left and line[-1].box[2] > right


def _narrowed(line: Line, left: float, right: float) -> tuple[float, float] | None:
    """Return what a line leaves free of a gutter: the widest piece, or None when that is too narrow."""
    pieces, at = [], left
    for word in line:
        if word.box[2] > left and word.box[0] < right:
            pieces.append((at, word.box[0]))
            at = max(at, word.box[2])
    pieces.append((at, right))
    widest = max(pieces, key=lambda piece: piece[1] - piece[0])
    return widest if widest[1] - widest[0] >= GUTTER * _height(line) else None


def _trimmed(lines: Sequence[Line], band: _Band) -> _Band:
    """Return the band without lines at its ends that stand on one side only and away from the rest of that side."""
    first, last = band.first, band.last
    both = [at for at in range(first, last) if _on_both(lines[at], band.left, band.right)]
    if not both:  # words without any width
        return band
    for at in range(both[0] - 1, first - 1, -1):
        if not _runs_on(lines, at, range(at + 1, last), band):
            first = at + 1
            break
    for at in range(both[-1] + 1, last):
        if not _runs_on(lines, at, range(at - 1, first - 1, -1), band):
            last = at
            break
    return _Band(first, last, band.left, band.right)


def _runs_on(lines: Sequence[Line], at: int, inwards: range, band: _Band) -> bool:
    """Return whether a one-sided line stands close to the next line inwards that has words on its side."""
    on_left = lines[at][0].box[0] < band.left
    for other in inwards:
        side = [word for word in lines[other] if (word.box[2] <= band.left + 1) == on_left]
        if side:
            upper, lower = (lines[at], side) if at < other else (side, lines[at])
            return _blank_between(upper, lower) <= 1.5 * _height(lines[at])
    return False


def _sides(lines: Sequence[Line], band: _Band) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """Return the lines on the left and on the right of a gutter, each grouped anew."""
    words = [word for line in lines for word in line]
    middle = (band.left + band.right) / 2
    left = in_lines([word for word in words if (word.box[0] + word.box[2]) / 2 < middle])
    right = in_lines([word for word in words if (word.box[0] + word.box[2]) / 2 >= middle])
    return left, right


def _blocks(left: Sequence[Line], right: Sequence[Line]) -> bool:
    """Return whether the two sides of a gutter are blocks to be read one after the other."""
    if min(len(left), len(right)) < 2:
        return False
    texts = [[line_text(line) for line in side] for side in (left, right)]
    if not all(_share(side, r"[^\W\d_]{3}") > 0.5 for side in texts):
        return False  # a column of figures
    if _level_share(left, right) < LEVEL or all(sorted(map(len, side))[len(side) // 2] >= PROSE for side in texts):
        return True
    return all(0.25 <= _share(side, r"[\d@]") <= 0.75 for side in texts)


def _figures(line: Line, left: float, right: float) -> bool:
    """Return whether what stands right of a gutter are the figures of a table's row."""
    text = " ".join(word.text for word in line if word.box[0] + word.box[2] > left + right)
    return bool(text) and not re.search(r"[^\W\d_]{4}", text) and bool(re.search(r"\d[.,]\d\d\b|^[^a-zA-Z]+$", text))


def _share(texts: Sequence[str], pattern: str) -> float:
    return sum(bool(re.search(pattern, text)) for text in texts) / len(texts)


def _level_share(left: Sequence[Line], right: Sequence[Line]) -> float:
    """Return the share of the shorter side's lines that have a line level with them on the other side."""
    fewer, more = sorted((left, right), key=len)
    level = sum(any(abs(_middle(one) - _middle(other)) < 0.3 * _height(one) for other in more) for one in fewer)
    return level / len(fewer)


def _blank_between(upper: Line, lower: Line) -> float:
    return min(word.box[1] for word in lower) - max(word.box[3] for word in upper)


def _height(line: Line) -> float:
    heights = sorted(word.box[3] - word.box[1] for word in line)
    return heights[len(heights) // 2]


def _middle(line: Line) -> float:
    return sum((word.box[1] + word.box[3]) / 2 for word in line) / len(line)
