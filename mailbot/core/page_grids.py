"""A grid of cells between ruling lines as a table: which rows are its title, its header, its body."""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from mailbot.core.lines import Line, lines_of
from mailbot.core.page_columns import Span, is_figure, split_row
from mailbot.core.page_headers import is_label
from mailbot.core.page_rows import PageRow, rows_of
from mailbot.core.page_tables import PageTable
from mailbot.core.table_layout import filled, lay_out, names_of
from mailbot.core.words import PageWords, Word, line_text


def grid_table(rows: Sequence[PageRow], columns: Sequence[Span], page: int) -> PageTable | None:
    """Return the table in a grid, None when it is but a frame around text; empty rows and columns are left out.

    Rows of one cell above the header are titles; a header of several rows is joined; what lacks a header has "" as names.
    """
    width = max((len(row.cells) for row in rows), default=0)
    full = [row for row in rows if any(row.cells)]
    kept = [at for at in range(width) if any(at < len(row.cells) and row.cells[at] for row in full)]
    if len(full) < 2 or len(kept) < 2:
        return None
    cells = [tuple(row.cells[at] if at < len(row.cells) else "" for at in kept) for row in full]
    headers, body = _laid_out(cells)
    if not headers and len(body) < 2:
        return None
    names = names_of(cells, headers, len(kept)) if headers else ("",) * len(kept)
    names = tuple("" if name == f"col_{at}" else name for at, name in enumerate(names, 1))
    spans = tuple(columns[at] if at < len(columns) else columns[-1] for at in kept)
    return PageTable(
        page=page,
        names=names,
        columns=spans,
        rows=tuple(PageRow(cells=cells[at], page=page, box=full[at].box) for at in body),
        box=(
            min(row.box[0] for row in rows),
            min(row.box[1] for row in rows),
            max(row.box[2] for row in rows),
            max(row.box[3] for row in rows),
        ),
        headed=bool(headers),
    )


def rows_between(words: PageWords, xs: Sequence[float], ys: Sequence[float]) -> list[PageRow]:
    """Return the rows of a grid whose lines stand at `xs` and `ys`: each word is in the cell that its middle lies in.

    Where only columns are ruled, all items stand in one cell under one another: each of their lines is a row then.
    """
    columns = list(pairwise(xs))
    inside: list[list[tuple[Word, ...]]] = [[] for _ in ys[1:]]
    for line in words.lines:
        by_row: dict[int, list[Word]] = defaultdict(list)
        for word in line:
            row = bisect(ys, (word.box[1] + word.box[3]) / 2) - 1
            if 0 <= row < len(inside) and xs[0] <= (word.box[0] + word.box[2]) / 2 < xs[-1]:
                by_row[row].append(word)
        for row, some in by_row.items():
            inside[row].append(tuple(some))
    found: list[PageRow] = []
    for some_lines, (top, bottom) in zip(inside, pairwise(ys), strict=True):
        lines = lines_of(replace(words, lines=tuple(some_lines)))
        items = frozenset(at for at, line in enumerate(lines) if _figures(line, columns) > 1)
        if len(items) > 1:
            found += rows_of(lines, items, columns)
        else:
            cells = [line_text_of(lines, place, columns) for place in range(len(columns))]
            found.append(PageRow(cells=tuple(cells), page=words.number, box=(xs[0], top, xs[-1], bottom)))
    return found


def line_text_of(lines: Sequence[Line], place: int, columns: Sequence[Span]) -> str:
    """Return the text of one column of some lines."""
    cells = (split_row(line.words, columns)[place] for line in lines)
    return " ".join(line_text(cell) for cell in cells if cell)


def _figures(line: Line, columns: Sequence[Span]) -> int:
    """Return how many cells of a line hold figures."""
    return sum(is_figure(line_text(cell)) for cell in split_row(line.words, columns) if cell)


def _laid_out(cells: Sequence[Sequence[str]]) -> tuple[Sequence[int], Sequence[int]]:
    """Return the header rows and the body rows of a grid: lines were ruled around one table, so that nothing below is left out."""
    parts = lay_out(cells)
    titles = next((at for at, row in enumerate(cells) if filled(row) > 1), 0)
    if len(parts) == 1 and parts[0].headers and parts[0].headers[0] in (titles, titles + 1):
        first = parts[0].headers[-1] + 1
        if first < len(cells):
            return range(titles, first), range(first, len(cells))
    if all(is_label(cell) for cell in cells[titles]):
        return range(titles, titles + 1), range(titles + 1, len(cells))
    return (), range(titles, len(cells))
