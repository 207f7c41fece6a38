"""A table after cleaning: typed columns, normalised rows, totals set apart, and every change with what stood there before.

Normalised text: numbers have a decimal point and no thousands; money, percentages and figures with a unit are their number alone
(the column says the rest); dates are ISO 8601; truth values are "true" and "false"; a missing value is "". What could be read in
two ways is left as it stood and noted.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

ColumnType = Literal["text", "integer", "decimal", "money", "percent", "date", "boolean"]
ChangeKind = Literal[
    "space", "width", "mojibake", "wrapped", "missing", "number", "money", "percent", "unit", "date", "boolean", "value"
]  # fmt: skip
NoteKind = Literal[
    "ambiguous_date", "ambiguous_number", "ambiguous_name", "mixed_currency", "mixed_unit", "mixed_values", "by_language",
    "by_values", "by_serial", "by_table", "mixed_marks", "repeated_rows", "missing_column", "missing_values", "invalid_values",
]  # fmt: skip
WRONG_NOTES: frozenset[NoteKind] = frozenset(
    ("ambiguous_date", "ambiguous_number", "ambiguous_name", "missing_column", "missing_values", "invalid_values")
)
"""Notes that a person has to settle before the table can be relied on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its name, the type that all its values have, for money the currency (ISO 4217, or a sign as it stands), the unit
    of figures, and what it was called as loaded, when the desk's schema calls it otherwise."""

    name: str
    type: ColumnType
    currency: str = ""
    unit: str = ""
    loaded: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanRow:
    """One row: `source` is its place in the table as loaded, from 0; one cell a column."""

    source: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellChange:
    """One cell that reads otherwise than before; `row` is the place in the table as loaded, from 0."""

    row: int
    column: int
    before: str
    after: str
    kind: ChangeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something about a column (or, with `column` None, about rows) that a person should look at."""

    column: int | None
    kind: NoteKind
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalCheck:
    """A printed total against the sum of the rows it stands under; `row` is the place in the table as loaded."""

    row: int
    column: int
    printed: str
    computed: str
    agrees: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """A cleaned table; `totals` are the rows of totals and taxes, which `rows` leaves out."""

    columns: tuple[Column, ...]
    rows: tuple[CleanRow, ...]
    totals: tuple[CleanRow, ...] = ()
    changes: tuple[CellChange, ...] = ()
    notes: tuple[Note, ...] = ()
    checks: tuple[TotalCheck, ...] = ()
    page: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOf:
    """A cleaned table and where it came from: the document's name, and the table's place in the document, from 0."""

    document: str
    place: int
    cleaned: Cleaned


def to_csv(cleaned: Cleaned) -> str:
    """Return the rows as RFC 4180 CSV, the column names first, safe to open in a spreadsheet program (see `defused`)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([defused(column.name) for column in cleaned.columns])
    writer.writerows([defused(cell) for cell in row.cells] for row in cleaned.rows)
    return out.getvalue()


def defused(cell: str) -> str:
    """Return a cell that no spreadsheet program takes for a formula: a ' before = + - @ tab CR, unless it is a plain number.

    Source: OWASP, CSV Injection.
    """
    if cell.startswith(("=", "+", "-", "@", "\t", "\r")) and not re.fullmatch(r"[-+]?\d+(?:\.\d+)?", cell):
        return "'" + cell
    return cell


def cleaned_to_json(cleaned: Cleaned) -> dict[str, Any]:
    """Return the table as one JSON object; `cleaned_from_json` reads it back."""
    return {
        "page": cleaned.page,
        "columns": [
            {"name": c.name, "type": c.type, "currency": c.currency, "unit": c.unit, "loaded": c.loaded} for c in cleaned.columns
        ],
        "rows": [_row_to_json(row) for row in cleaned.rows],
        "totals": [_row_to_json(row) for row in cleaned.totals],
        "changes": [
            {"row": c.row, "column": c.column, "before": c.before, "after": c.after, "kind": c.kind} for c in cleaned.changes
        ],
        "notes": [{"column": n.column, "kind": n.kind, "detail": n.detail} for n in cleaned.notes],
        "checks": [
            {"row": c.row, "column": c.column, "printed": c.printed, "computed": c.computed, "agrees": c.agrees}
            for c in cleaned.checks
        ],
    }


def cleaned_from_json(value: Mapping[str, Any]) -> Cleaned:
    """Rebuild a Cleaned from `cleaned_to_json`."""
    return Cleaned(
        page=value["page"],
        columns=tuple(Column(**column) for column in value["columns"]),
        rows=tuple(CleanRow(source=row["source"], cells=tuple(row["cells"])) for row in value["rows"]),
        totals=tuple(CleanRow(source=row["source"], cells=tuple(row["cells"])) for row in value["totals"]),
        changes=tuple(CellChange(**change) for change in value["changes"]),
        notes=tuple(Note(**note) for note in value["notes"]),
        checks=tuple(TotalCheck(**check) for check in value["checks"]),
    )


def table_of_to_json(one: TableOf) -> dict[str, Any]:
    """Return a cleaned table with its place as JSON; `table_of_from_json` reads it back."""
    return {"document": one.document, "place": one.place, "cleaned": cleaned_to_json(one.cleaned)}


def table_of_from_json(value: Mapping[str, Any]) -> TableOf:
    """Rebuild a TableOf from `table_of_to_json`."""
    return TableOf(document=value["document"], place=value["place"], cleaned=cleaned_from_json(value["cleaned"]))


def _row_to_json(row: CleanRow) -> dict[str, Any]:
    return {"source": row.source, "cells": list(row.cells)}
