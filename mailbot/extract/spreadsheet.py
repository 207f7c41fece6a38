"""Reads xlsx, xls and ods: python-calamine for the cells, openpyxl for merged cells and number formats of xlsx.

Formulas come by their stored value, dates as ISO text, numbers as one would write them plainly ("3", not "3.0").
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Mapping, Sequence
from typing import Any

from mailbot.core.document import Document, Page, Problem, Table
from mailbot.core.table_layout import lay_out, pairs_after
from mailbot.core.table_load import table_of
from mailbot.extract.office_package import attack
from mailbot.extract.reader import Found, Limits
from mailbot.extract.sheet_layout import Layout, Merged, Survey, layouts_of
from mailbot.extract.sheet_layout import survey as _survey

_MOST_CELLS = 5_000_000
_LEAST_GAP = 2
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
        survey = _survey(content) if content.startswith(b"PK") else Survey()
        if survey.span > _MOST_CELLS:
            raise _TooLarge(f"a sheet spans {survey.span:,} cells, the limit is {_MOST_CELLS:,}")
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = _sheets(book, limits)
        unseen = {one.name for one in book.sheets_metadata if one.visible != python_calamine.SheetVisibleEnum.Visible}
    except _TooLarge as error:
        return Found(documents=(document,), problems=(Problem(code="too_large", detail=f"{name}: {error}", remedy=_SMALLER),))
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic of calamine's Rust code is no Exception
        return Found(documents=(document,), problems=(_broken(name, error),))
    layouts = layouts_of(content) if survey.merged or survey.hidden else {}
    pages = tuple(
        Page(number=number, text="\n".join([title, *("\t".join(row).rstrip() for row in rows)]))
        for number, (title, rows) in enumerate(sheets, 1)
    )
    seen = [one for one in sheets if one[0] not in unseen] + [one for one in sheets if one[0] in unseen]
    tables = tuple(table for title, rows in seen for table in _tables(rows, layouts.get(title, Layout())))
    problems = _problems(name, survey, {title for title, _ in sheets} & unseen, layouts)
    return Found(documents=(Document(name=name, media_type=media_type, pages=pages, tables=tables),), problems=problems)


def _problems(name: str, survey: Survey, unseen: set[str], layouts: Mapping[str, Layout]) -> tuple[Problem, ...]:
    """Return what a person may have to know of a workbook that was read."""
    rows, columns = sum(len(one.rows) for one in layouts.values()), sum(len(one.columns) for one in layouts.values())
    hidden = [f"{count} {what}" for count, what in ((rows, "rows"), (columns, "columns")) if count]
    hidden += [f"the sheet {title!r}" for title in sorted(unseen)]
    problems = []
    if hidden:
        detail = f"{name}: hidden: {', '.join(hidden)}; such rows and columns are left out of its tables"
        problems.append(Problem(code="hidden_cells", detail=detail, remedy="look at the original where they may matter"))
    if survey.unvalued:
        shown = ", ".join(survey.unvalued[:5]) + (" …" if len(survey.unvalued) > 5 else "")
        detail = f"{name}: {len(survey.unvalued)} formulas have no stored value ({shown})"
        problems.append(Problem(code="formulas_without_value", detail=detail, remedy="open and save it in a spreadsheet program"))
    return tuple(problems)


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


def _tables(rows: list[list[str]], layout: Layout) -> list[Table]:
    """Return the tables of a sheet as it shows; in header rows a merged label counts for every column it spans."""
    spread = _spread(rows, layout.merged)
    shown = [row for row in range(len(rows)) if row not in layout.rows]
    seen = [column for column in range(max(map(len, spread), default=0)) if column not in layout.columns]
    tables = []
    for columns in _blocks([spread[row] for row in shown], seen):
        block = [[spread[row][column] for column in columns] for row in shown]
        plain = [[rows[row][column] if column < len(rows[row]) else "" for column in columns] for row in shown]
        for part in pairs_after(block, lay_out(block)):
            lines = {index: block[index] if index in part.headers else plain[index] for index in (*part.headers, *part.body)}
            # a column with neither name nor cell is the sheet's margin, or a gap for the eye
            used = [place for place in range(len(columns)) if any(line[place].strip() for line in lines.values())]
            tables.append(table_of({index: [line[place] for place in used] for index, line in lines.items()}, part))
    return [table for table in tables if table.columns]


def _blocks(rows: Sequence[Sequence[str]], columns: Sequence[int]) -> list[list[int]]:
    """Return the columns of tables that stand side by side: two or more columns each, with two or more empty ones between."""
    used = [(place, column) for place, column in enumerate(columns) if any(row[column].strip() for row in rows)]
    runs: list[list[int]] = []
    last = -_LEAST_GAP - 1
    for place, column in used:
        if place - last > _LEAST_GAP:
            runs.append([])
        runs[-1].append(column)
        last = place
    return runs if all(len(run) > 1 for run in runs) else [[column for _, column in used]]


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


def _broken(name: str, error: BaseException) -> Problem:
    return Problem(
        code="broken_spreadsheet",
        detail=f"{name} cannot be opened: {' '.join(str(error).split())[:200]}",
        remedy="ask the sender to save it again, or to remove its password",
    )
