"""Loads the tables of a delimited text as they stand: dialect, broken rows, preamble, header, footnotes, further tables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from mailbot.core.document import Table
from mailbot.core.table_dialect import DELIMITERS, Dialect, Record, find_dialect, lines_of, records_of, split_line, usual_width
from mailbot.core.table_layout import Part, lay_out, names_of, pairs_after
from mailbot.core.table_lines import redrawn
from mailbot.core.table_repair import Effort, parted_name, repair, split_decimals
from mailbot.core.table_types import profiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The tables of a text, first the main one; `repaired` are the lines (from 1) of rows that were aligned to the others."""

    tables: tuple[Table, ...] = ()
    dialect: Dialect = field(default_factory=Dialect)
    repaired: tuple[int, ...] = ()


def load_tables(text: str) -> Loaded:
    """Return the tables of a csv or tsv text; cells are untouched, rows of a table are all as long as its columns."""
    lines: Sequence[tuple[str, str]] = lines_of(text)
    hint = re.fullmatch(r'"?sep=(.)"?[\s,;]*', lines[0][0], re.IGNORECASE) if lines else None
    if hint:
        lines = lines[1:]
    if not any(line.strip() for line, _ in lines):
        return Loaded()
    lines = redrawn(lines)
    dialect = replace(find_dialect(lines), delimiter=hint[1]) if hint else find_dialect(lines)
    records = records_of(lines, dialect, usual_width(records_of(lines, dialect)))
    effort = Effort()
    tables: list[Table] = []
    repaired: list[int] = []
    parts = lay_out([record.cells for record in records])
    head = parts[0].body[0] - 1 if parts and parts[0].body and not parts[0].headers else -1
    if head >= 0 and (header := _written_otherwise(records[head], dialect, len(records[head + 1].cells))):
        records[head] = header
        repaired.append(header.line + (1 if hint else 0))
        parts = lay_out([record.cells for record in records])
    for part in pairs_after([record.cells for record in records], [_with_last_rows(records, part, dialect) for part in parts]):
        table, mended = _table(records, part, dialect, effort)
        tables.append(table)
        repaired += [line + (1 if hint else 0) for line in mended]
    return Loaded(tables=tuple(tables), dialect=dialect, repaired=tuple(repaired))


def _written_otherwise(record: Record, dialect: Dialect, width: int) -> Record | None:
    """Return the row above a table without header when, split by another delimiter, it has a name for each column."""
    for delimiter in DELIMITERS:
        cells, state = split_line(record.raw, replace(dialect, delimiter=delimiter))
        if width > 2 and len(cells) == width and state == "whole" and sum(1 for cell in cells if cell.strip()) >= width - 1:
            return replace(record, cells=tuple(cells))
    return None


def _with_last_rows(records: Sequence[Record], part: Part, dialect: Dialect) -> Part:
    """Return the part with the rows right below it that look like a note of one cell, but are rows by another delimiter."""
    body = list(part.body)
    width = usual_width([records[index] for index in body])
    columns = profiles([records[index].cells for index in body if len(records[index].cells) == width], width)
    typed = [(place, column) for place, column in enumerate(columns) if column.typed]
    while body and typed and body[-1] + 1 < len(records):
        cells = _written_otherwise(records[body[-1] + 1], dialect, width)
        if cells is None or not all(column.conforms(cell) for place, column in typed if (cell := cells.cells[place].strip())):
            break
        body.append(body[-1] + 1)
    return replace(part, body=tuple(body))


def table_of(rows: Sequence[Sequence[str]] | Mapping[int, Sequence[str]], part: Part, page: int | None = None) -> Table:
    """Return the table that stands in some rows (by index), each row as long as the widest."""
    body = [rows[index] for index in part.body]
    width = max((_length(row) for row in [*body, *(rows[index] for index in part.headers)]), default=0)
    columns = names_of(rows, part.headers, width)
    return Table(columns=columns, rows=tuple((*row[:width], *[""] * (width - len(row))) for row in map(tuple, body)), page=page)


def _length(row: Sequence[str]) -> int:
    """Return a row's length without trailing empty cells."""
    return next((len(row) - back for back, cell in enumerate(reversed(row)) if cell.strip()), 0)


def _table(records: list[Record], part: Part, dialect: Dialect, effort: Effort) -> tuple[Table, list[int]]:
    """Return the table of a part with its broken rows mended, and their lines."""
    width = usual_width([records[index] for index in part.body] or [records[index] for index in part.headers])
    whole = [records[i].cells for i in part.body if len(records[i].cells) == width and not records[i].odd]
    broken = [i for i in part.body if len(records[i].cells) != width or records[i].odd or records[i].loose]
    rows = {index: list(records[index].cells) for index in (*part.headers, *part.body)}
    mended: list[int] = []
    names = len(records[part.headers[0]].cells) if len(part.headers) == 1 else width
    if dialect.delimiter == "," and (places := split_decimals([rows[index] for index in part.body], names)):
        for index in part.body:
            for place in reversed(places):
                rows[index][place : place + 2] = [",".join(rows[index][place : place + 2])]
        return table_of(rows, part), [records[index].line for index in part.body]
    if whole and len(broken) <= max(3, len(part.body) // 3):
        columns = profiles(whole, width)
        usual = min(sum(column.fit(cell) for column, cell in zip(columns, row, strict=True)) for row in whole[:200])
        for index in broken:
            cells = repair(records[index], dialect, columns, width, effort, usual=usual)
            if cells is not None:
                rows[index] = list(cells)
                mended.append(records[index].line)
    for index in part.headers:
        unsound = records[index].odd or records[index].loose
        cells = parted_name(records[index].cells, dialect.quote) if len(records[index].cells) == width - 1 > 1 else None
        if cells is not None:
            rows[index] = list(cells)
            mended.append(records[index].line)
        elif unsound or len(records[index].cells) > width >= records[index].filled:
            cells = repair(records[index], dialect, None, width, effort)
            if cells is not None:
                rows[index] = list(cells)
                mended.append(records[index].line)
    return table_of(rows, part), sorted(mended)
