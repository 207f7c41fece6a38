"""Finds the tables among the words of a page: rows of cells that stand under one another, below the labels of their columns.

A wrong table is worse than none. Lines make a table only with figures in a column that stands straight, and with a header over it,
or in so many rows that chance is out of the question: columns of prose, addresses and lists of "Date: 3 May" are none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailbot.core.document import Box, Table
from mailbot.core.lines import Line, lines_of
from mailbot.core.page_body import APART, Body, fills, find_body, near, row_apart, states_sum
from mailbot.core.page_columns import LEVEL, Span, around, is_figure, split_row
from mailbot.core.page_evidence import BARE_ROWS, is_filled, is_table, multiply, value_columns
from mailbot.core.page_headers import is_label, may_head, name_columns
from mailbot.core.page_rows import PageRow, rows_of, text_column
from mailbot.core.words import PageWords, Word

MOST_HEADERS = 4
"""Lines of a header at most."""

MOST_LINES, MOST_TRIES = 1000, 150
"""Lines of a page that are looked at, and lines at which a table is looked for in vain: a page has some dozens of either."""

_FIGURE = re.compile(r"(?<!\S)\D{0,3}\d[\d.,:/'-]*\D{0,3}(?!\S)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTable:
    """A table on pages: its columns' names ("" for none) and places, its rows, and the box around it on `page`, its first.

    `headed` says that it has a header of its own, `open` that no line of sums closes it, so that it may go on overleaf.
    """

    page: int
    names: tuple[str, ...]
    columns: tuple[Span, ...]
    rows: tuple[PageRow, ...]
    box: Box
    headed: bool = True
    open: bool = True

    def table(self) -> Table:
        """Return the table as documents hold it."""
        names = tuple(name or f"col_{number}" for number, name in enumerate(self.names, 1))
        return Table(columns=names, rows=tuple(row.cells for row in self.rows), page=self.page)


def may_hold_table(text: str) -> bool:
    """Return whether a page's text is worth a closer look: every fourth line has a figure, as rows do and prose does not."""
    lines = text.splitlines()
    figures = sum(bool(_FIGURE.search(line)) for line in lines)
    return figures >= 3 and 4 * figures >= len(lines)


def find_tables(page: PageWords, taken: Sequence[Box] = (), before: PageTable | None = None) -> list[PageTable]:
    """Return the tables of a page from top to bottom; words in `taken` (ruled tables) are left out.

    `before` is the last table of the page before, where it may go on without a header.
    """
    lines = lines_of(_without(page, taken) if taken else page)[:MOST_LINES]
    found: list[PageTable] = []
    at = tries = 0
    while at < len(lines) and tries < MOST_TRIES:
        pieces = lines[at].pieces
        if len(pieces) < 2 or not (may_head(pieces) or any(is_figure(piece.text) for piece in pieces)):
            at += 1
            continue
        body = _headed(lines, at) or _bare(lines, at, before if not found else None)
        if body is None:
            at, tries = at + 1, tries + 1
            continue
        table, at = body
        found.append(replace(table, open=table.open and not any(states_sum(line) for line in lines[at:])))
    return found


def _without(page: PageWords, taken: Sequence[Box]) -> PageWords:
    def free(word: Word) -> bool:
        x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
        return not any(box[0] <= x <= box[2] and box[1] <= y <= box[3] for box in taken)

    kept = (tuple(word for word in line if free(word)) for line in page.lines)
    return replace(page, lines=tuple(line for line in kept if line))


def _headed(lines: Sequence[Line], at: int) -> tuple[PageTable, int] | None:
    """Return the table whose header begins at a line, and the place after it."""
    head = lines[at].pieces
    if len(head) < 2 or not may_head(head):
        return None
    height = lines[at].height
    start = at + 1
    while start < len(lines) and start - at < MOST_HEADERS and near(lines[start - 1], lines[start], 1.0):
        if not all(is_label(piece.text) for piece in lines[start].pieces):
            break
        start += 1
    if start == len(lines) or not near(lines[start - 1], lines[start], APART):
        return None
    body = find_body(lines, start, height)
    if body is None:
        return None
    bands = body.bands
    if len(bands) < 2:
        return None
    main = text_column(body.rows)
    first = min(start, body.core[0])
    while first > at + 1 and _begins_row(lines, first - 1, at, bands[main]):
        first -= 1
    wordy = _wordy_rows(lines, at, first, body, bands, height)
    first = min([first, *wordy])
    rows = (*(split_row(lines[place].words, bands) for place in wordy), *body.rows)
    body = replace(body, core=(*wordy, *body.core), rows=rows)
    names, columns = name_columns(lines[at:first], bands, height)
    above = _group_line(lines, at, columns, height)
    if above:
        names, columns = name_columns(lines[at - 1 : first], bands, height)
    if not is_table(names, bands, rows, height) or not is_filled(names, columns, rows):
        return None
    return _made(lines, at - 1 if above else at, first, body, columns, tuple(names)), body.last


def _begins_row(lines: Sequence[Line], at: int, header: int, column: tuple[float, float]) -> bool:
    """Return whether a line between header and first row is text of that row (or a heading of rows), not of the header."""
    line = lines[at]
    if "\t" in line.text or abs(line.words[0].box[0] - column[0]) > LEVEL * line.height:
        return False
    above = line.top - lines[at - 1].bottom
    below = lines[at + 1].top - line.bottom
    return at - 1 > header or above > below - 0.2 * line.height or above > 0.6 * line.height


def _wordy_rows(lines: Sequence[Line], header: int, end: int, body: Body, bands: Sequence[Span], height: float) -> list[int]:
    """Return the lines below a header that names all columns which are rows without figures, not further lines of the header."""
    names, columns = name_columns(lines[header : header + 1], bands, height)
    if len(bands) < 3 or not all(names) or len(columns) > len(bands):
        return []
    found: list[int] = []
    for at in range(end - 1, header, -1):
        texts = [piece.text for piece in lines[at].pieces]
        small = sum(text[0].islower() or text[0] in "(（[" for text in texts)
        if not fills(lines[at], bands) or 2 * small >= len(texts) or not row_apart(lines, at + 1, body.core, height):
            break
        found.insert(0, at)
    return found


def _group_line(lines: Sequence[Line], at: int, columns: Sequence[Span], height: float) -> bool:
    """Return whether the line above a header is a label that is centred over several of its columns."""
    if not at or not near(lines[at - 1], lines[at], 0.9):
        return False
    pieces = lines[at - 1].pieces
    if not may_head(pieces) or pieces[0].x0 < columns[0][1]:
        return False
    for piece in pieces:
        over = [band for band in columns if piece.x0 < band[1] + 2 * height and band[0] - 2 * height < piece.x1]
        middle = (piece.x0 + piece.x1) / 2
        ranges = [(over[a][0] + over[b][1]) / 2 for a in range(len(over)) for b in range(a + 1, len(over))]
        if not any(abs(one - middle) < height for one in ranges):
            return False
    return True


def _made(lines: Sequence[Line], top: int, first: int, body: Body, columns: Sequence[Span], names: tuple[str, ...]) -> PageTable:
    """Return the table whose header begins at `top` and whose rows begin at `first`."""
    rows = rows_of(lines[first : body.last], frozenset(place - first for place in body.core), columns)
    box = around([word for line in lines[top : body.last] for word in line.words])
    return PageTable(
        page=lines[first].page, names=names, columns=tuple(columns), rows=tuple(rows), box=box, headed=any(names), open=body.open
    )


def _bare(lines: Sequence[Line], at: int, before: PageTable | None) -> tuple[PageTable, int] | None:
    """Return the table without a header that begins at a line: it goes on from the page before, or its rows leave no doubt."""
    pieces = lines[at].pieces
    if len(pieces) < 3 or not any(is_figure(piece.text) for piece in pieces) or states_sum(lines[at]):
        return None
    height = lines[at].height
    body = find_body(lines, at, height)
    if body is None or body.core[0] != at:
        return None
    names = ("",) * len(body.bands)
    if before is not None and before.open and same_columns(body.bands, before.columns):
        return _made(lines, at, at, body, before.columns, names), body.last
    if not _speaks_for_itself(body, height) and not multiply(body.rows):
        return None
    return _made(lines, at, at, body, body.bands, names), body.last


def _speaks_for_itself(body: Body, height: float) -> bool:
    """Return whether rows leave no doubt that they are a table's: several, with every cell filled and two columns of values."""
    width = len(body.bands)
    full = all(sum(map(bool, row)) == width for row in body.rows)
    return width > 2 and len(body.rows) >= BARE_ROWS and full and len(value_columns(body.rows, height)) > 1


def same_columns(bands: Sequence[Span], others: Sequence[Span]) -> bool:
    """Return whether each column stands where one of the others does, and most of the others are met."""
    met = {next((at for at, other in enumerate(others) if band[0] < other[1] and other[0] < band[1]), None) for band in bands}
    return None not in met and len(met) == len(bands) >= max(2, 0.7 * len(others))
