"""Reads the ruled tables of PDF pages with pdfplumber, which is slow: only pages with ruling lines both ways are given to it."""

from __future__ import annotations

import io
from collections.abc import Sequence

from mailbot.core.document import Table

_SETTINGS = {"vertical_strategy": "lines", "horizontal_strategy": "lines", "intersection_tolerance": 5}


def ruled_tables(content: bytes, pages: Sequence[int]) -> tuple[Table, ...]:
    """Return the tables of the given pages (from 1), in the order of the pages.

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
