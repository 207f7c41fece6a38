"""Puts the tables of a document together: those of each page, and parts of one table on pages that follow one another as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mailbot.core.item_words import is_carried
from mailbot.core.labels import fold
from mailbot.core.page_rows import PageRow
from mailbot.core.page_tables import PageTable, find_tables, same_columns
from mailbot.core.words import PageWords


def all_tables(pages: Sequence[PageWords], ruled: Mapping[int, Sequence[PageTable]]) -> list[PageTable]:
    """Return the tables of a document in the order they stand in; `ruled` are those between ruling lines, by page.

    A table that goes on overleaf is one: its header is not repeated, and what is carried over to the next page is no row.
    """
    words = {page.number: page for page in pages}
    found: list[PageTable] = []
    for number in sorted({*words, *ruled}):
        before = found[-1] if found and found[-1].open and _last_page(found[-1]) == number - 1 else None
        own = ruled.get(number, ())
        free = find_tables(words[number], [table.box for table in own], before) if number in words else []
        here = sorted([*own, *free], key=lambda table: (table.box[1], table.box[0]))
        if before and here and _goes_on(before, here[0]):
            found[-1] = _joined(before, here.pop(0))
        found += here
    return found


def _last_page(table: PageTable) -> int:
    return table.rows[-1].page if table.rows else table.page


def _goes_on(before: PageTable, table: PageTable) -> bool:
    """Return whether a table is the rest of the one on the page before: the same header, or none and the same columns."""
    if len(before.names) != len(table.names):
        return False
    if table.headed:
        return [fold(name)[0] for name in before.names] == [fold(name)[0] for name in table.names]
    return same_columns(table.columns, before.columns)


def _joined(before: PageTable, table: PageTable) -> PageTable:
    first, second = before.rows, table.rows
    while first and _is_carried(first[-1]):
        first = first[:-1]
    while second and _is_carried(second[0]):
        second = second[1:]
    return replace(before, rows=first + second, open=table.open)


def _is_carried(row: PageRow) -> bool:
    return sum(map(bool, row.cells)) < 3 and any(is_carried(cell, seam=True) for cell in row.cells)
