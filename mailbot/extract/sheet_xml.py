"""Reads the workbooks in one XML file that many ERP programs write and call .xls (SpreadsheetML of Excel 2003)."""

from __future__ import annotations

from typing import Any

from mailbot.core.document import Document, Page, Problem
from mailbot.extract import text_file
from mailbot.extract.office_package import MAX_PART, kind_of, own, parse, tables_of
from mailbot.extract.reader import Found, Limits

MOST_CELLS = 2_000_000
MOST_COLUMNS = 16_384
"""What Excel has; an index past it is a lie."""

_REMEDY = "ask for the table as xlsx or CSV"


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Return one document: a page of text a sheet, and their tables. Problems: broken_spreadsheet, too_large."""
    try:
        if len(content) > MAX_PART:
            raise _TooLarge(f"more than {MAX_PART:,} bytes")
        sheets = _sheets(parse(content), limits)
    except _TooLarge as error:
        document = Document(name=name, media_type=media_type)
        return Found(documents=(document,), problems=(Problem(code="too_large", detail=f"{name}: {error}", remedy=_REMEDY),))
    except (SyntaxError, ValueError) as error:
        found = text_file.read(name, content, media_type, limits)
        detail = f"{name}: {' '.join(str(error).split())[:200]}"
        broken = Problem(code="broken_spreadsheet", detail=detail, remedy="ask the sender to save it again")
        return Found(documents=found.documents, problems=(*found.problems, broken))
    pages = tuple(
        Page(number=at, text="\n".join([title, *("\t".join(row).rstrip() for row in rows)]))
        for at, (title, rows) in enumerate(sheets, 1)
    )
    tables = tuple(table for _, rows in sheets for table in tables_of(rows, None))
    return Found(documents=(Document(name=name, media_type=media_type, pages=pages, tables=tables),))


class _TooLarge(Exception):
    """The sheets hold more than is read."""


def _sheets(root: Any, limits: Limits) -> list[tuple[str, list[list[str]]]]:
    """Return the name and the rows of each sheet that holds anything."""
    sheets: list[tuple[str, list[list[str]]]] = []
    cells = 0
    for sheet in [one for one in root.iterchildren() if kind_of(one) == "Worksheet"][: limits.max_pages]:
        rows: list[list[str]] = []
        for row in (one for one in sheet.iter() if kind_of(one) == "Row"):
            before = len(rows)
            _fill(rows, _place(own(row, "Index"), before), MOST_CELLS)
            rows.append(_cells(row))
            cells += len(rows) - before + len(rows[-1])
            if cells > MOST_CELLS:
                raise _TooLarge(f"more than {MOST_CELLS:,} cells")
        if any(any(row) for row in rows):
            sheets.append((own(sheet, "Name"), rows))
    return sheets


def _cells(row: Any) -> list[str]:
    cells: list[str] = []
    for cell in (one for one in row.iterchildren() if kind_of(one) == "Cell"):
        _fill(cells, _place(own(cell, "Index"), len(cells)), MOST_COLUMNS)
        cells.append(next((_value(one) for one in cell.iterchildren() if kind_of(one) == "Data"), ""))
        across = own(cell, "MergeAcross")
        _fill(cells, len(cells) + (int(across) if across.isdigit() else 0), MOST_COLUMNS)
    return cells


def _fill(cells: list[Any], upto: int, most: int) -> None:
    """Lengthen a row, or the rows, with empty ones. Raises _TooLarge."""
    if upto > most:
        raise _TooLarge(f"a cell at place {upto:,}")
    cells += [[] if most == MOST_CELLS else "" for _ in range(upto - len(cells))]


def _place(index: str, at: int) -> int:
    """Return where a row or cell stands, counted from 0: by its own index, else behind the last."""
    return int(index) - 1 if index.isdigit() and int(index) > at else at


def _value(element: Any) -> str:
    """Return a value as text: dates without the midnight that they are stored with, truths as TRUE and FALSE."""
    text = "".join(element.itertext())
    kind = own(element, "Type")
    if kind == "DateTime":
        return text.removesuffix(".000").removesuffix("T00:00:00").replace("T", " ")
    if kind == "Boolean":
        return {"1": "TRUE", "0": "FALSE"}.get(text, text)
    return text
