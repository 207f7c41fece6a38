"""The rows of a table among placed words: lines with values begin one, lines of text alone are wrapped parts of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailbot.core.document import Box
from mailbot.core.lines import Line
from mailbot.core.page_columns import LEVEL, Span, around, split_row
from mailbot.core.words import Word, line_text

WRAPPED = 1.1
"""Heights of a line that a wrapped part of a cell stands away at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRow:
    """One row of a table: its cells, and where it stands on page `page`."""

    cells: tuple[str, ...]
    page: int
    box: Box


def rows_of(lines: Sequence[Line], core: frozenset[int], columns: Sequence[Span]) -> list[PageRow]:
    """Return the rows that some lines make; `core` are the places of those that begin a row."""
    owner = _owners(lines, core)
    groups: dict[int, list[Line]] = {}
    for at, line in enumerate(lines):
        groups.setdefault(owner[at], []).append(line)
    return [_row(group, columns) for _, group in sorted(groups.items())]


def _owners(lines: Sequence[Line], core: frozenset[int]) -> list[int]:
    """Return for each line the place of the line that it belongs to: a core line, or itself."""
    owner = list(range(len(lines)))
    for at in range(len(lines) - 1, -1, -1):  # upwards, so that a chain of lines leads down to its row
        if at not in core and at + 1 < len(lines) and _nearer_below(lines, at) and (at + 1 in core or owner[at + 1] != at + 1):
            owner[at] = owner[at + 1]
    for at in range(1, len(lines)):
        if at in core or owner[at] != at:
            continue
        above = owner[at - 1]
        if above in core and _gap(lines, at - 1) < WRAPPED * lines[at].height:
            owner[at] = above
    return owner


def _nearer_below(lines: Sequence[Line], at: int) -> bool:
    """Return whether a line stands plainly closer to the next one than to the one above it."""
    below = _gap(lines, at)
    if below > WRAPPED * lines[at].height:
        return False
    return below + 0.4 * lines[at].height < (_gap(lines, at - 1) if at else float("inf"))


def _gap(lines: Sequence[Line], at: int) -> float:
    return lines[at + 1].top - lines[at].bottom


def _row(lines: Sequence[Line], columns: Sequence[Span]) -> PageRow:
    parts = zip(*[_split(line, columns) for line in lines], strict=True)
    cells = tuple(" ".join([line_text(words) for words in cell if words]) for cell in parts)
    every = [word for line in lines for word in line.words]
    return PageRow(cells=cells, page=lines[0].page, box=around(every))


def _split(line: Line, columns: Sequence[Span]) -> list[list[Word]]:
    """Return the words of a line by column; text alone that runs on beyond its column stays one cell."""
    cells = split_row(line.words, columns)
    if "\t" in line.text or sum(map(bool, cells)) < 2:
        return cells
    first = next(place for place, cell in enumerate(cells) if cell)
    return [list(line.words) if place == first else [] for place in range(len(columns))]


def text_column(rows: Sequence[Sequence[Sequence[Word]]]) -> int:
    """Return the column with most letters: where what is wrapped stands."""
    width = max(map(len, rows))
    texts = ["".join([word.text for row in rows if place < len(row) for word in row[place]]) for place in range(width)]
    letters = [sum(map(str.isalpha, text)) for text in texts]
    return letters.index(max(letters))


def continues(line: Line, column: Span, limit: float, height: float) -> bool:
    """Return whether a line of text may be a wrapped part of a cell in a column, which ends before `limit`."""
    left, right = line.words[0].box[0], max(word.box[2] for word in line.words)
    return "\t" not in line.text and column[0] - LEVEL * height <= left and right <= limit
