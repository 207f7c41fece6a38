"""Reads xlsx, xls and ods: python-calamine for the cells, openpyxl for merged cells and number formats of xlsx.

Formulas come by their stored value, dates as ISO text, numbers as one would write them plainly ("3", not "3.0").
"""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Sequence
from typing import Any

from mailbot.core.document import Document, Page, Problem, Table
from mailbot.core.table_layout import lay_out
from mailbot.core.table_load import table_of
from mailbot.extract.office_package import attack
from mailbot.extract.reader import Found, Limits

Merged = tuple[int, int, int, int]
"""A merged range: first row, first column, last row, last column, from 0."""

_MOST_CELLS = 5_000_000
_SMALLER = "delete stray cells far from the table, or ask for the table as CSV"


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Return one document: a page of text a sheet, and the tables of all sheets in order. A broken file is a problem."""
    import python_calamine

    document = Document(name=name, media_type=media_type)
    if not content:
        return Found(documents=(document,), problems=(Problem(code="empty_file", detail=f"{name} has no bytes"),))
    try:
        if content.startswith(b"PK") and (too_much := attack(name, content, limits)):
            return Found(documents=(document,), problems=(too_much,))
        span, has_merged = _survey(content) if content.startswith(b"PK") else (0, False)
        if span > _MOST_CELLS:
            raise _TooLarge(f"a sheet spans {span:,} cells, the limit is {_MOST_CELLS:,}")
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = _sheets(book, limits)
    except _TooLarge as error:
        return Found(documents=(document,), problems=(Problem(code="too_large", detail=f"{name}: {error}", remedy=_SMALLER),))
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic of calamine's Rust code is no Exception
        return Found(documents=(document,), problems=(_broken(name, error),))
    pages = tuple(
        Page(number=number, text="\n".join([title, *("\t".join(row).rstrip() for row in rows)]))
        for number, (title, rows) in enumerate(sheets, 1)
    )
    return Found(
        documents=(Document(name=name, media_type=media_type, pages=pages, tables=_tables(content, sheets, has_merged=has_merged)),)
    )


class _TooLarge(Exception):
    """The sheets hold more cells than are read."""


def _sheets(book: Any, limits: Limits) -> list[tuple[str, list[list[str]]]]:
    """Return the name and the rows of text of each sheet that holds anything."""
    sheets: list[tuple[str, list[list[str]]]] = []
    cells = 0
    for title in book.sheet_names[: limits.max_pages]:
        sheet = book.get_sheet_by_name(title)
        cells += sheet.height * sheet.width
        if cells > _MOST_CELLS:
            raise _TooLarge(f"its sheets span more than {_MOST_CELLS:,} cells")
        rows = [[as_text(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
        if any(any(row) for row in rows):
            sheets.append((title, rows))
    return sheets


def _tables(content: bytes, sheets: list[tuple[str, list[list[str]]]], *, has_merged: bool) -> tuple[Table, ...]:
    """Return the tables of all sheets; in header rows a merged label counts for every column it spans."""
    merged = _merged(content) if has_merged else {}
    tables: list[Table] = []
    for title, rows in sheets:
        spread = _spread(rows, merged.get(title, ()))
        for part in lay_out(spread):
            headed = [spread[index] if index in part.headers else row for index, row in enumerate(rows)]
            tables.append(table_of(headed, part))
    return tuple(table for table in tables if table.columns)


def as_text(value: Any) -> str:
    """Return a cell's value as text: dates in ISO 8601, whole numbers without a point, floats without binary noise."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(value, ".15g")
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time(0)
        return value.date().isoformat() if midnight else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    return str(value)


def _spread(rows: list[list[str]], merged: Sequence[Merged]) -> list[list[str]]:
    """Return the rows with each merged label in every column it spans; a label alone in its row is a title and stays one cell."""
    width = max((len(row) for row in rows), default=0)
    spread = [row + [""] * (width - len(row)) for row in rows]
    for top, left, _, right in merged:
        if top < len(rows) and left < width and sum(1 for cell in rows[top] if cell) > 1:
            spread[top][left : right + 1] = [spread[top][left]] * (min(right + 1, width) - left)
    return spread


def _merged(content: bytes) -> dict[str, tuple[Merged, ...]]:
    """Return the merged ranges of each sheet of an xlsx by sheet name; none where openpyxl cannot read what calamine could."""
    import warnings

    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of every extension it does not know
            book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
            found = {
                sheet.title: tuple((r.min_row - 1, r.min_col - 1, r.max_row - 1, r.max_col - 1) for r in sheet.merged_cells.ranges)
                for sheet in book.worksheets
            }
            book.close()
            return found
    except MemoryError:
        raise
    except Exception:
        return {}


def _survey(content: bytes) -> tuple[int, bool]:
    """Return how many cells the widest and longest sheet of an xlsx spans, and whether any has merged cells.

    calamine makes room for the whole span at once, so one stray cell at the far end would ask for terabytes.
    """
    span, merged = 0, False
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
                    tail = text[-300:]
            span = max(span, last_row * last_column)
    return span, merged


_CELL = re.compile(rb'<(?:\w+:)?c\s[^<>]{0,200}?\br="([A-Z]{1,3})(\d{1,7})"')


def _column_number(letters: bytes) -> int:
    """Return the number of a column: A is 1, XFD 16,384 (ECMA-376 part 1, 18.3.1.4)."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _broken(name: str, error: BaseException) -> Problem:
    return Problem(
        code="broken_spreadsheet",
        detail=f"{name} cannot be opened: {' '.join(str(error).split())[:200]}",
        remedy="ask the sender to save it again, or to remove its password",
    )
