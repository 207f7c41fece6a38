"""In charge of tables on the sheet: cleaned where they could be, each changed cell with what stood there before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailbot.core.document import Table
from mailbot.core.tables import Cleaned, CleanRow

MAX_ROWS = 100
"""Rows of one table that the page shows; the file itself can be downloaded."""

_RIGHT = frozenset({"integer", "decimal", "money", "percent"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell; `before` is what the file says where cleaning changed it, else None. `figure` stands on the right."""

    text: str
    before: str | None = None
    figure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """One column's name and, once cleaned, what it holds ("money, EUR") and what the file calls it, where that differs."""

    name: str
    kind: str = ""
    loaded: str = ""
    figure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table to show: `totals` were set apart, `notes` are for a person to look at, `more` rows are not shown."""

    heads: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]
    totals: tuple[tuple[Cell, ...], ...] = ()
    notes: tuple[str, ...] = ()
    changed: int = 0
    more: int = 0

    @property
    def first(self) -> tuple[int, int]:
        """The row (from 1, totals after the others) and cell (from 0) of the first changed cell shown, (0, 0) for none."""
        rows = enumerate((*self.rows, *self.totals), 1)
        return next(((number, place) for number, row in rows for place, cell in enumerate(row) if cell.before is not None), (0, 0))


def grid(table: Table, cleaned: Cleaned | None) -> Grid:
    """Return a table as the sheet shows it; as loaded where it was not cleaned."""
    if cleaned is None:
        return Grid(
            heads=tuple(Head(name=name) for name in table.columns),
            rows=tuple(tuple(Cell(text=cell) for cell in row) for row in table.rows[:MAX_ROWS]),
            more=max(0, len(table.rows) - MAX_ROWS),
        )
    before = {(change.row, change.column): change.before for change in cleaned.changes}
    right = [column.type in _RIGHT for column in cleaned.columns]
    return Grid(
        heads=tuple(
            Head(
                name=column.name,
                kind=", ".join(one for one in (column.type if column.type != "text" else "", column.currency, column.unit) if one),
                loaded=column.loaded,
                figure=figure,
            )
            for column, figure in zip(cleaned.columns, right, strict=True)
        ),
        rows=tuple(_row(row, before, right) for row in cleaned.rows[:MAX_ROWS]),
        totals=tuple(_row(row, before, right) for row in cleaned.totals),
        notes=_notes(cleaned),
        changed=len(cleaned.changes),
        more=max(0, len(cleaned.rows) - MAX_ROWS),
    )


def _row(row: CleanRow, before: dict[tuple[int, int], str], right: Sequence[bool]) -> tuple[Cell, ...]:
    return tuple(
        Cell(text=cell, before=before.get((row.source, place)), figure=right[place] if place < len(right) else False)
        for place, cell in enumerate(row.cells)
    )


def _notes(cleaned: Cleaned) -> tuple[str, ...]:
    """Return what a person should look at: columns that can be read in two ways, and sums that do not hold."""
    noted = []
    for note in cleaned.notes:
        column = cleaned.columns[note.column].name if note.column is not None else ""
        noted.append(f"{column}: {note.detail}" if column else note.detail)
    for check in cleaned.checks:
        if not check.agrees:
            column = cleaned.columns[check.column].name
            noted.append(f"{column}: the total says {check.printed}, the rows add up to {check.computed}")
    return tuple(noted)
