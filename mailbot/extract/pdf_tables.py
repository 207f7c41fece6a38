"""Reads the ruled tables of pages: whole grids from the words in their cells, others with pdfplumber, which is slow.

pdfplumber reads the page anew and takes about ten times as long as everything else, but copes with joined cells.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from mailbot.core.page_grids import grid_table, rows_between
from mailbot.core.page_rows import PageRow
from mailbot.core.page_tables import PageTable
from mailbot.core.words import PageWords
from mailbot.extract.pdf_layout import Grid

_SETTINGS = {"vertical_strategy": "lines", "horizontal_strategy": "lines", "intersection_tolerance": 5}


def ruled_tables(grids: Sequence[Grid], words: PageWords) -> Iterator[PageTable]:
    """Yield the tables in whole grids: each word is in the cell that its middle lies in."""
    for grid in grids:
        table = grid_table(rows_between(words, grid.xs, grid.ys), list(pairwise(grid.xs)), words.number)
        if table:
            yield table


def seen_tables(grids: Sequence[Grid], words: PageWords) -> Iterator[PageTable]:
    """Yield the tables in grids that were seen on a picture; where cells are joined, the words alone tell as much."""
    yield from ruled_tables([grid for grid in grids if grid.whole and words_in(grid, words) >= 4], words)


def words_in(grid: Grid, words: PageWords) -> int:
    """Return how many words begin inside a grid."""
    return sum(
        grid.xs[0] <= word.box[0] <= grid.xs[-1] and grid.ys[0] <= word.box[1] <= grid.ys[-1]
        for line in words.lines
        for word in line
    )


def tables_with_joined_cells(content: bytes, pages: Sequence[int]) -> tuple[PageTable, ...]:
    """Return the tables that pdfplumber finds on the given pages (from 1), in the order of the pages.

    A page that pdfplumber cannot read has none: its text was read already, by the better reader.
    """
    import pdfplumber

    tables: list[PageTable] = []
    try:
        document = pdfplumber.open(io.BytesIO(content), pages=list(pages))
    except Exception:  # pdfminer raises whatever a hostile file makes it raise
        return ()
    with document:
        for page in document.pages:
            try:
                found = [_placed(one, page.page_number) for one in page.find_tables(_SETTINGS)]
            except Exception:  # as above; the other pages may be fine
                found = []
            finally:
                page.close()
            tables += [table for table in found if table]
    return tuple(tables)


def _placed(found: Any, page: int) -> PageTable | None:
    """Return a table as pdfplumber found it."""
    rows = [
        PageRow(cells=tuple(" ".join((cell or "").split()) for cell in cells), page=page, box=row.bbox)
        for row, cells in zip(found.rows, found.extract(), strict=True)
    ]
    edges = sorted({edge for row in found.rows for cell in row.cells if cell for edge in (cell[0], cell[2])})
    return grid_table(rows, list(pairwise(edges)), page)
