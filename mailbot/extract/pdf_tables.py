"""Reads the ruled tables of PDF pages: whole grids from the words in their cells, others with pdfplumber, which is slow.

pdfplumber reads the page anew and takes about ten times as long as everything else, but copes with joined cells.
"""

from __future__ import annotations

import io
from bisect import bisect
from collections.abc import Iterator, Sequence

from mailbot.core.document import Table
from mailbot.core.words import PageWords
from mailbot.extract.pdf_layout import Grid

_SETTINGS = {"vertical_strategy": "lines", "horizontal_strategy": "lines", "intersection_tolerance": 5}


def ruled_tables(grids: Sequence[Grid], words: PageWords) -> Iterator[Table]:
    """Yield the tables in whole grids: each word is in the cell that its middle lies in."""
    for grid in grids:
        cells: list[list[list[str]]] = [[[] for _ in grid.xs[1:]] for _ in grid.ys[1:]]
        for line in words.lines:
            for word in line:
                row = bisect(grid.ys, (word.box[1] + word.box[3]) / 2) - 1
                column = bisect(grid.xs, (word.box[0] + word.box[2]) / 2) - 1
                if 0 <= row < len(cells) and 0 <= column < len(cells[0]):
                    cells[row][column].append(word.text)
        table = _table([[" ".join(texts) for texts in row] for row in cells], words.number)
        if table:
            yield table


def words_in(grid: Grid, words: PageWords) -> int:
    """Return how many words begin inside a grid."""
    return sum(
        grid.xs[0] <= word.box[0] <= grid.xs[-1] and grid.ys[0] <= word.box[1] <= grid.ys[-1]
        for line in words.lines
        for word in line
    )


def tables_with_joined_cells(content: bytes, pages: Sequence[int]) -> tuple[Table, ...]:
    """Return the tables that pdfplumber finds on the given pages (from 1), in the order of the pages.

    A page that pdfplumber cannot read has none: its text was read already, by the better reader.
    """
    import pdfplumber

    tables: list[Table] = []
    try:
        document = pdfplumber.open(io.BytesIO(content), pages=list(pages))
    except Exception:  # pdfminer raises whatever a hostile file makes it raise
        return ()
    with document:
        for page in document.pages:
            try:
                grids = page.extract_tables(_SETTINGS)
            except Exception:  # as above; the other pages may be fine
                grids = []
            finally:
                page.close()
            tables += [table for grid in grids if (table := _table(grid, page.page_number))]
    return tuple(tables)


def _table(grid: Sequence[Sequence[str | None]], page: int) -> Table | None:
    """Return a grid of cells as a table, its first row as the columns' names; None when it is but a frame around text."""
    rows = [tuple(" ".join((cell or "").split()) for cell in row) for row in grid]
    rows = [row for row in rows if any(row)]
    kept = [at for at in range(max(map(len, rows), default=0)) if any(at < len(row) and row[at] for row in rows)]
    if len(rows) < 2 or len(kept) < 2:
        return None
    rows = [tuple(row[at] if at < len(row) else "" for at in kept) for row in rows]
    return Table(columns=rows[0], rows=tuple(rows[1:]), page=page)
