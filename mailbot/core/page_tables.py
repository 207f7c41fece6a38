"""Finds the tables among the words of a page: rows of cells that stand under one another, below the labels of their columns.

A wrong table is worse than none. Lines make a table only with figures in a column that stands straight, and with a header over it,
or in so many rows that chance is out of the question: columns of prose, addresses and lists of "Date: 3 May" are none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from mailbot.core.document import Box, Table
from mailbot.core.item_words import roles_of
from mailbot.core.labels import find_labels
from mailbot.core.lines import Line, lines_of
from mailbot.core.page_columns import (
    LEVEL,
    Gutters,
    Piece,
    Span,
    aligned,
    around,
    first_gutters,
    is_figure,
    pieces_of,
    split_row,
)
from mailbot.core.page_evidence import BARE_ROWS, is_filled, is_table, multiply, value_columns
from mailbot.core.page_headers import is_label, may_head, name_columns
from mailbot.core.page_rows import WRAPPED, PageRow, continues, rows_of, text_column
from mailbot.core.paper import starts_cell
from mailbot.core.words import PageWords, Word, line_text

APART = 3.2
"""Heights of a line between two rows of one table at most."""

MOST_HEADERS = 4
MOST_LINES = 2000
"""Lines of a page that are looked at."""

MOST_HEADINGS = 2
"""Lines of text alone between a header and the first row at most."""

MOST_WRAPPED = 12
"""Lines of text alone between two rows at most."""

FIRST_LINES = 12
"""Lines that are looked at for the row to begin with."""

_FIGURE = re.compile(r"(?<!\S)\D{0,3}\d[\d.,:/'-]*\D{0,3}(?!\S)")

SUMS = frozenset({"subtotal", "tax", "total", "payable", "paid", "withheld"})


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
    at = 0
    while at < len(lines):
        body = _headed(lines, at) or _bare(lines, at, before if not found else None)
        if body is None:
            at += 1
            continue
        table, at = body
        closed = any(_is_sum(line) for line in lines[at:])
        found.append(replace(table, open=table.open and not closed))
    return found


def _without(page: PageWords, taken: Sequence[Box]) -> PageWords:
    def free(word: Word) -> bool:
        x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
        return not any(box[0] <= x <= box[2] and box[1] <= y <= box[3] for box in taken)

    kept = (tuple(word for word in line if free(word)) for line in page.lines)
    return replace(page, lines=tuple(line for line in kept if line))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Body:
    """The lines of a table's body: `core` ones begin rows, `last` is the place after its last line, `open` as in PageTable."""

    gutters: Gutters
    core: tuple[int, ...]
    last: int
    open: bool


def _headed(lines: Sequence[Line], at: int) -> tuple[PageTable, int] | None:
    """Return the table whose header begins at a line, and the place after it."""
    head = pieces_of(lines[at])
    if len(head) < 2 or not may_head(head):
        return None
    height = lines[at].height
    start = at + 1
    while start < len(lines) and start - at < MOST_HEADERS and _near(lines[start - 1], lines[start], 1.0):
        if not all(is_label(piece.text) for piece in pieces_of(lines[start])):
            break
        start += 1
    body = _body(lines, start, height)
    if body is None:
        return None
    bands = body.gutters.bands()
    if len(bands) < 2:
        return None
    words = [split_row(lines[place].words, bands) for place in body.core]
    main = text_column(words)
    first = min(start, body.core[0])
    while first > at + 1 and _begins_row(lines, first - 1, at, bands[main]):
        first -= 1
    wordy = _wordy_rows(lines, at, first, body, bands, height)
    first = min([first, *wordy])
    body = replace(body, core=(*wordy, *body.core))
    words = [split_row(lines[place].words, bands) for place in body.core]
    names, columns = name_columns(lines[at:first], bands, height)
    above = _group_line(lines, at, columns, height)
    if above:
        names, columns = name_columns(lines[at - 1 : first], bands, height)
    if not is_table(names, bands, words, height) or not is_filled(names, columns, words):
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


def _wordy_rows(lines: Sequence[Line], header: int, end: int, body: _Body, bands: Sequence[Span], height: float) -> list[int]:
    """Return the lines below a header that names all columns which are rows without figures, not further lines of the header."""
    names, columns = name_columns(lines[header : header + 1], bands, height)
    if len(bands) < 3 or not all(names) or len(columns) > len(bands):
        return []
    found = []
    for at in range(end - 1, header, -1):
        texts = [piece.text for piece in pieces_of(lines[at])]
        small = sum(text[0].islower() or text[0] in "(（[" for text in texts)
        if not _fills(lines[at], bands) or 2 * small >= len(texts) or not _row_apart(lines, at + 1, body.core, height):
            break
        found.insert(0, at)
    return found


def _group_line(lines: Sequence[Line], at: int, columns: Sequence[Span], height: float) -> bool:
    """Return whether the line above a header is a label that is centred over several of its columns."""
    if not at or not _near(lines[at - 1], lines[at], 0.9):
        return False
    pieces = pieces_of(lines[at - 1])
    if not may_head(pieces) or pieces[0].x0 < columns[0][1]:
        return False
    for piece in pieces:
        over = [band for band in columns if piece.x0 < band[1] + 2 * height and band[0] - 2 * height < piece.x1]
        middle = (piece.x0 + piece.x1) / 2
        ranges = [(over[a][0] + over[b][1]) / 2 for a in range(len(over)) for b in range(a + 1, len(over))]
        if not any(abs(one - middle) < height for one in ranges):
            return False
    return True


def _body(lines: Sequence[Line], start: int, height: float) -> _Body | None:
    """Return the body that begins at a line: rows with values that share their gutters, and lines of text between them."""
    seed = _seed(lines, start)
    if seed is None:
        return None
    gutters = first_gutters(lines[seed])
    core: list[int] = []
    last = text = astray = 0
    is_open = True
    for at in range(start, len(lines)):
        line = lines[at]
        pieces = pieces_of(line)
        if at and not _near(lines[at - 1], line, APART):
            break
        figures = [piece for piece in pieces if is_figure(piece.text)]
        if (len(pieces) < 2 or not figures) and not (core and _is_wordy_row(lines, at, core, gutters, height)):
            text += 1
            if not core and (len(pieces) > 1 or text > MOST_HEADINGS):
                break
            astray = astray + 1 if core and len(pieces) < 2 and gutters.with_row(line, height) is None else 0
            if astray > 1 or text > MOST_WRAPPED or (_heads_items(pieces) if not core else len(pieces) > 2 and may_head(pieces)):
                break
            continue
        if core and len(pieces) < 3 and pieces[0].x0 > _text_edge(lines, core, gutters, height):
            is_open = not _is_sum(line) and is_open
            break
        wider = gutters.with_row(line, height) if at != seed else gutters
        if _is_sum(line) and not (wider and core and _in_line(line, lines, core, wider, height)):
            is_open = False
            break
        if wider is None:
            break
        gutters, last, text = wider, at, 0
        core.append(at)
    if not core:
        return None
    last = _with_tail(lines, core, gutters, last)
    return _Body(gutters=gutters, core=tuple(core), last=last + 1, open=is_open)


def _seed(lines: Sequence[Line], start: int) -> int | None:
    """Return the row that shows the gutters best: of the first ones, that with most cells standing apart."""
    best, most = None, 1
    for at in range(start, min(len(lines), start + FIRST_LINES)):
        pieces = pieces_of(lines[at])
        if (at > start and not _near(lines[at - 1], lines[at], APART)) or (
            best is not None and len(pieces) > 1 and may_head(pieces)
        ):
            break
        if len(pieces) > most and any(is_figure(piece.text) for piece in pieces) and not _is_sum(lines[at]):
            best, most = at, len(pieces)
    return best


def _heads_items(pieces: Sequence[Piece]) -> bool:
    """Return whether the cells of a line head the columns of items, whatever stands above them."""
    return len(pieces) > 2 and len(set(roles_of([piece.text for piece in pieces])) - {None}) > 2


def _is_wordy_row(lines: Sequence[Line], at: int, core: Sequence[int], gutters: Gutters, height: float) -> bool:
    """Return whether a line without figures is a row of its own: it begins where rows do, fills most columns, and is no nearer."""
    line = lines[at]
    pieces = pieces_of(line)
    if len(pieces) < 2 or len(gutters.spans) < 4 or _heads_items(pieces) or _is_sum(line) or gutters.with_row(line, height) is None:
        return False
    if not _row_apart(lines, at, core, height):
        return False
    return _fills(line, gutters.bands())


def _fills(line: Line, bands: Sequence[Span]) -> bool:
    cells = split_row(line.words, bands)
    return bool(cells[0]) and sum(map(bool, cells)) >= max(2, len(cells) / 2)


def _row_apart(lines: Sequence[Line], at: int, core: Sequence[int], height: float) -> bool:
    """Return whether a line stands as far from the one above it as rows do."""
    gaps = sorted(lines[b].top - lines[a].bottom for a, b in pairwise(core) if b == a + 1)
    gap = lines[at].top - lines[at - 1].bottom
    usual = gaps[len(gaps) // 2] if gaps else gap
    return usual - 0.3 * height <= gap <= usual + 0.5 * height


def _text_edge(lines: Sequence[Line], core: Sequence[int], gutters: Gutters, height: float) -> float:
    """Return how far right a row may begin: where text that stands on the left does, or where text ends that is centred."""
    bands = gutters.bands()
    rows = [split_row(lines[place].words, bands) for place in core[:FIRST_LINES]]
    main = text_column(rows)
    lefts = [row[main][0].box[0] for row in rows if row[main]]
    return bands[main][0] + 2 * height if max(lefts) - min(lefts) < 2 * height else bands[main][1]


def _with_tail(lines: Sequence[Line], core: Sequence[int], gutters: Gutters, last: int) -> int:
    """Return the place of the last line with the wrapped parts of the last row."""
    bands = gutters.bands()
    words = [split_row(lines[place].words, bands) for place in core]
    main = text_column(words)
    limit = bands[main + 1][0] if main + 1 < len(bands) else bands[main][1]
    inner = [lines[at].top - lines[at - 1].bottom for at in range(core[0] + 1, core[-1] + 1)]
    apart = max(inner) + 0.1 * lines[last].height if inner else WRAPPED * lines[last].height
    apart = min(apart, WRAPPED * lines[last].height)
    while last + 1 < len(lines):
        line = lines[last + 1]
        if line.top - lines[last].bottom > apart or not continues(line, bands[main], limit, line.height):
            break
        last += 1
    return last


def _near(one: Line, other: Line, heights: float) -> bool:
    """Return whether a line follows another one on the page with little between them."""
    return other.top - one.bottom <= heights * min(one.height, other.height)


def _is_sum(line: Line) -> bool:
    """Return whether a line states a sum: a cell begins with such a label and says little else."""
    for label in find_labels(line.text):
        if label.name not in SUMS or not starts_cell(line, label.start):
            continue
        start, end = line.cell_at(label.start)
        said = sum(character.isalpha() for character in line.text[label.start : label.end])
        if 2 * said >= sum(character.isalpha() for character in line.text[start:end]):
            return True
    return False


def _in_line(line: Line, lines: Sequence[Line], core: Sequence[int], gutters: Gutters, height: float) -> bool:
    """Return whether a line of sums stands in the table like its rows: beginning where they do, figures under figures, no gap."""
    first, last = lines[core[0]], lines[core[-1]]
    usual = min((lines[b].top - lines[a].bottom for a, b in pairwise(core)), default=height)
    if line.top - last.bottom > usual + 0.7 * height:
        return False
    starts = [piece.x0 for piece in pieces_of(first)[:2]]
    if min(abs(line.words[0].box[0] - x) for x in starts) > LEVEL * height:
        return False
    bands = gutters.bands()
    rows = [split_row(row.words, bands) for row in (*(lines[at] for at in core), line)]
    filled = [place for place, cell in enumerate(rows[-1]) if cell and is_figure(line_text(cell))]
    typed = value_columns(rows[:-1], height)
    return 2 * len(filled) >= len(typed) > 0 and all(
        aligned([row[place] for row in rows if row[place]], height) for place in filled
    )


def _made(lines: Sequence[Line], top: int, first: int, body: _Body, columns: Sequence[Span], names: tuple[str, ...]) -> PageTable:
    """Return the table whose header begins at `top` and whose rows begin at `first`."""
    rows = rows_of(lines[first : body.last], frozenset(place - first for place in body.core), columns)
    box = around([word for line in lines[top : body.last] for word in line.words])
    return PageTable(
        page=lines[first].page, names=names, columns=tuple(columns), rows=tuple(rows), box=box, headed=any(names), open=body.open
    )


def _bare(lines: Sequence[Line], at: int, before: PageTable | None) -> tuple[PageTable, int] | None:
    """Return the table without a header that begins at a line: it goes on from the page before, or its rows leave no doubt."""
    pieces = pieces_of(lines[at])
    if len(pieces) < 3 or not any(is_figure(piece.text) for piece in pieces) or _is_sum(lines[at]):
        return None
    height = lines[at].height
    body = _body(lines, at, height)
    if body is None or body.core[0] != at:
        return None
    bands = body.gutters.bands()
    words = [split_row(lines[place].words, bands) for place in body.core]
    typed = value_columns(words, height)
    columns: Sequence[Span] = bands
    names = ("",) * len(bands)
    goes_on = before is not None and before.open and same_columns(bands, before.columns)
    full = all(sum(map(bool, row)) == len(bands) for row in words)
    if not goes_on and not multiply(words) and (len(bands) < 3 or len(typed) < 2 or len(words) < BARE_ROWS or not full):
        return None
    if goes_on and before is not None:
        columns = before.columns
    return _made(lines, at, at, body, columns, names), body.last


def same_columns(bands: Sequence[Span], others: Sequence[Span]) -> bool:
    """Return whether each column stands where one of the others does, and most of the others are met."""
    met = {next((at for at, other in enumerate(others) if band[0] < other[1] and other[0] < band[1]), None) for band in bands}
    return None not in met and len(met) == len(bands) >= max(2, 0.7 * len(others))
