"""In charge of writing a cleaned table as a file: CSV, Parquet or xlsx, types kept where the format has them, safe to open.

Parquet: https://github.com/apache/parquet-format (logical types); xlsx: ECMA-376, through openpyxl.
"""

from __future__ import annotations

import datetime
import io
import itertools
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from mailbot.core.tables import Cleaned, Column, to_csv

_FIGURES = ("integer", "decimal", "money", "percent")
_MOST_DIGITS = 15
"""Digits of a figure that a spreadsheet program keeps (IEEE 754 double): longer ones are written as text."""
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_MARKED = "FFF2CC"
_MOST_COMMENTS = 2000
_MOST_SHEET_ROWS = 1_048_575
_LONGEST_CELL = 32_767


def encoded(cleaned: Cleaned, ending: str) -> bytes:
    """Return the table in the format of a file name's ending (".parquet", ".xlsx", else CSV). Raises ValueError when it cannot."""
    if ending.lower() == ".parquet":
        return to_parquet(cleaned)
    return to_xlsx(cleaned) if ending.lower() == ".xlsx" else to_csv(cleaned).encode()


def to_parquet(cleaned: Cleaned) -> bytes:
    """Return the rows as Parquet: int64, decimal128, date32 or timestamp, bool, string; an empty cell is null.

    A column with a value that its type cannot hold is text throughout. Currency, unit and loaded name are the fields' metadata.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays, fields = [], []
    for place, (column, name) in enumerate(zip(cleaned.columns, distinct([c.name for c in cleaned.columns]), strict=True)):
        texts = [row.cells[place] or None for row in cleaned.rows]
        try:
            array = pa.array(_values(texts, column))
        except (ValueError, ArithmeticError, LookupError, TypeError, pa.ArrowException):
            array = pa.array(texts, pa.string())
        array = array.cast(pa.string()) if pa.types.is_null(array.type) else array
        fields.append(pa.field(name, array.type, metadata=metadata(column)))
        arrays.append(array)
    out = io.BytesIO()
    pq.write_table(pa.table(arrays, schema=pa.schema(fields)), out)
    return out.getvalue()


def _values(texts: Sequence[str | None], column: Column) -> list[Any]:
    """Return a column's values; of days and moments among each other, all as moments.

    Raises what `value_of` does, and ValueError when some moments have a time zone and others none.
    """
    values = [None if text is None else value_of(text, column) for text in texts]
    if any(isinstance(value, datetime.datetime) for value in values):
        if len({getattr(value, "tzinfo", None) is None for value in values if value is not None}) > 1:
            raise ValueError("moments with a time zone and without")
        midnight = datetime.time()
        return [v if v is None or isinstance(v, datetime.datetime) else datetime.datetime.combine(v, midnight) for v in values]
    return values


def to_xlsx(cleaned: Cleaned) -> bytes:
    """Return the rows as one sheet: figures and dates as such, text as text whatever it begins with, changed cells marked.

    Raises ValueError when there are more rows than a sheet holds.
    """
    import openpyxl
    from openpyxl.comments import Comment
    from openpyxl.styles import Font, PatternFill

    if len(cleaned.rows) > _MOST_SHEET_ROWS:
        raise ValueError(f"{len(cleaned.rows):,} rows; a sheet holds {_MOST_SHEET_ROWS:,}")
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    before = {(change.row, change.column): change.before for change in cleaned.changes}
    for place, column in enumerate(cleaned.columns, 1):
        _put(sheet.cell(row=1, column=place), column.name).font = Font(bold=True)
    sheet.freeze_panes = "A2"
    mark, comments = PatternFill("solid", fgColor=_MARKED), 0
    for number, row in enumerate(cleaned.rows, 2):
        for place, (text, column) in enumerate(zip(row.cells, cleaned.columns, strict=True)):
            changed = before.get((row.source, place))
            if not text and changed is None:
                continue
            cell = _put(sheet.cell(row=number, column=place + 1), _sheet_value(text, column))
            if changed is not None:
                cell.fill = mark
                comments += 1
                if comments <= _MOST_COMMENTS:
                    cell.comment = Comment(f"was: {_printable(changed)[:500]}", "mailbot")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def value_of(text: str, column: Column) -> Any:
    """Return a cell of a cleaned table as a value of its column's type. Raises ValueError, ArithmeticError, LookupError."""
    match column.type:
        case "integer":
            return int(text)
        case "decimal" | "money" | "percent":
            return Decimal(text)
        case "date":
            return datetime.datetime.fromisoformat(text) if "T" in text else datetime.date.fromisoformat(text)
        case "boolean":
            return {"true": True, "false": False}[text]
        case _:
            return text


def _sheet_value(text: str, column: Column) -> Any:
    """Return a cell's value as a sheet can hold it; text where it would lose digits, or what makes it a value."""
    if column.type in _FIGURES and sum(c.isdigit() for c in text) > _MOST_DIGITS:
        return text
    try:
        value = value_of(text, column)
    except (ValueError, ArithmeticError, LookupError):
        return text
    # A sheet has no time zones.
    return text if isinstance(value, datetime.datetime) and value.tzinfo is not None else value


def _put(cell: Any, value: Any) -> Any:
    """Put a value into a cell; text stays text, so that no formula can be smuggled in. Returns the cell."""
    if isinstance(value, str):
        cell.value = _printable(value)[:_LONGEST_CELL]
        cell.data_type = "s"
        cell.quotePrefix = value[:1] in tuple("=+-@")
    else:
        cell.value = value
    return cell


def _printable(text: str) -> str:
    """Return text without the control characters that XML cannot hold."""
    return _CONTROL.sub("", text)


def metadata(column: Column) -> dict[bytes | str, bytes | str]:
    """Return what a Parquet field says of a column beside its type."""
    about = {"type": column.type, "currency": column.currency, "unit": column.unit, "loaded": column.loaded}
    return {key: value for key, value in about.items() if value}


def distinct(names: Sequence[str]) -> list[str]:
    """Return column names made distinct, since a Parquet file has one column of a name."""
    found: list[str] = []
    for name in names:
        again = (f"{name} ({number})" for number in itertools.count(2))
        found.append(name if name not in found else next(one for one in again if one not in found and one not in names))
    return found
