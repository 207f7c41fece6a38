"""In charge of what a workbook says beside its cells: merged and hidden ones, formulas without a value, and how far it spans.

xlsx only (ECMA-376 part 1, 18.3.1); of xls and ods calamine tells no more than which sheets are hidden.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass

Merged = tuple[int, int, int, int]
"""A merged range: first row, first column, last row, last column, from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What the XML of all sheets shows at a glance: the span in cells of the largest, and the cells of formulas without value."""

    span: int = 0
    merged: bool = False
    hidden: bool = False
    unvalued: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The merged ranges of one sheet, and its hidden rows and columns, from 0."""

    merged: tuple[Merged, ...] = ()
    rows: frozenset[int] = frozenset()
    columns: frozenset[int] = frozenset()


_CELL = re.compile(rb'<(?:\w+:)?c\s[^<>]{0,200}?\br="([A-Z]{1,3})(\d{1,7})"')
_HIDDEN = re.compile(rb'<(?:\w+:)?(?:row|col)\s[^<>]{0,400}?\bhidden="(?:1|true)"')
_UNVALUED = re.compile(
    rb'<(?:\w+:)?c\s[^<>]{0,200}?\br="([A-Z]{1,3}\d{1,7})"[^<>]{0,200}><(?:\w+:)?f(?:\s[^<>]{0,400})?(?:/>|>[^<]{0,8192}</(?:\w+:)?f>)'
    rb"(?:<(?:\w+:)?v\s?/>|<(?:\w+:)?v></(?:\w+:)?v>|</(?:\w+:)?c>)"
)
_KEPT = 9000
"""Bytes of a piece that are looked at again with the next one: longer than any formula."""


def survey(content: bytes) -> Survey:
    """Return the survey of an xlsx. calamine makes room for the whole span at once, so one stray cell would ask for terabytes.

    Raises BadZipFile and what else zipfile raises.
    """
    span, merged, hidden = 0, False, False
    unvalued: dict[str, None] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            if not member.filename.startswith("xl/worksheets/") or member.is_dir():
                continue
            last_row = last_column = 0
            tail = b""
            with archive.open(member) as part:
                while piece := part.read(1 << 20):
                    text = tail + piece
                    for column, row in set(_CELL.findall(text)):
                        last_row, last_column = max(last_row, int(row)), max(last_column, _column_number(column))
                    merged = merged or b"mergeCell " in text
                    hidden = hidden or _HIDDEN.search(text) is not None
                    sheet = member.filename.rpartition("/")[2].removesuffix(".xml")
                    unvalued |= dict.fromkeys(f"{sheet}!{cell.decode()}" for cell in _UNVALUED.findall(text))
                    tail = text[-_KEPT:]
            span = max(span, last_row * last_column)
    return Survey(span=span, merged=merged, hidden=hidden, unvalued=tuple(unvalued))


def layouts_of(content: bytes) -> dict[str, Layout]:
    """Return the layout of each sheet of an xlsx by its name; none where openpyxl cannot read what calamine could."""
    import warnings

    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of every extension it does not know
            book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
            found = {
                sheet.title: Layout(
                    merged=tuple((r.min_row - 1, r.min_col - 1, r.max_row - 1, r.max_col - 1) for r in sheet.merged_cells.ranges),
                    rows=frozenset(number - 1 for number, row in sheet.row_dimensions.items() if row.hidden),
                    columns=frozenset(
                        number - 1
                        for column in sheet.column_dimensions.values()
                        if column.hidden
                        for number in range(column.min, min(column.max, sheet.max_column) + 1)
                    ),
                )
                for sheet in book.worksheets
            }
            book.close()
            return found
    except MemoryError:
        raise
    except Exception:
        return {}


def _column_number(letters: bytes) -> int:
    """Return the number of a column: A is 1, XFD 16,384 (ECMA-376 part 1, 18.3.1.4)."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
