"""What shows that rows of cells are a table and no chance: straight columns of values, plain labels, products that hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

from mailbot.core.amounts import decimal_mark
from mailbot.core.item_figures import figure, multiplies
from mailbot.core.item_words import roles_of
from mailbot.core.labels import find_labels
from mailbot.core.page_columns import Span, aligned, is_figure, is_ordinal
from mailbot.core.table_types import kind, shape
from mailbot.core.words import Word, line_text

BARE_ROWS = 4
"""Rows that speak for themselves where labels do not."""

LONGEST_NAME = 72
"""Characters of a column's whole name."""

Cells = Sequence[Sequence[Word]]
"""The words of a row by column."""


def is_table(names: Sequence[str], bands: Sequence[Span], rows: Sequence[Cells], height: float) -> bool:
    """Return whether columns under a header are a table: straight columns of values, in several rows or under plain labels."""
    typed = value_columns(rows, height)
    roles = roles_of(names)
    worth = {"amount", "unit_price", "quantity"} & set(roles)
    if not typed or sum(not name for name in names) > len(bands) // 4 or any(map(is_figure, names)):
        return False
    if (
        _is_list_of_labels(rows)
        or (_is_numbered(rows) and len(set(roles) - {None}) < 2)
        or any(len(name) > LONGEST_NAME for name in names)
    ):
        return False
    if len(rows) == 1:
        return len(worth) >= 2 or (bool(worth) and "description" in roles)
    if len(bands) == 2:
        return ("amount" in worth and ("description" in roles or len(rows) > 2)) or len(rows) >= BARE_ROWS
    return True


def _is_list_of_labels(rows: Sequence[Cells]) -> bool:
    """Return whether a column holds labels, as lists of "Date  3 May" do, not names of things."""
    for place in range(len(rows[0])):
        cells = [line_text(row[place]) for row in rows if row[place]]
        if len(cells) > 1 and sum(map(_is_known_label, cells)) >= 0.6 * len(cells):
            return True
    return False


def _is_numbered(rows: Sequence[Cells]) -> bool:
    """Return whether rows are numbered "1.", "2.", as the lines of a list or of contents are."""
    firsts = [line_text(row[0]) for row in rows if row[0]]
    return 2 * sum(map(is_ordinal, firsts)) > len(rows)


def _is_known_label(text: str) -> bool:
    if text.endswith((":", "：")):
        return True
    said = sum(label.end - label.start for label in find_labels(text))
    return said >= 0.8 * len(text.rstrip(" :：."))


def is_filled(names: Sequence[str], columns: Sequence[Span], rows: Sequence[Cells]) -> bool:
    """Return whether the rows fill their columns as those of a table do."""
    width = len(rows[0])
    full = sum(bool(cell) for row in rows for cell in row) / (width * len(rows))
    return full >= 0.55 and len(columns) - width <= max(1, width // 3) and len(names) == len(columns)


def value_columns(rows: Sequence[Cells], height: float) -> list[int]:
    """Return the columns of values: filled nearly throughout with one kind of them, and straight."""
    found = []
    for place in range(len(rows[0])):
        cells = [row[place] for row in rows if row[place]]
        texts = [line_text(cell) for cell in cells]
        kinds = Counter(_sort(text) for text in texts)
        figures = max((count for sort, count in kinds.items() if sort in ("number", "date", "time")), default=0)
        codes = set(kinds) == {"code"} and len({shape(text) for text in texts}) == 1
        if len(cells) >= 0.75 * len(rows) and (figures >= 0.8 * len(cells) or codes) and aligned(cells, height):
            found.append(place)
    return found


def _sort(text: str) -> str:
    """Return what sort of value a cell holds: numbers of all kinds are one."""
    name = kind(text)
    if is_ordinal(text):
        return "ordinal"
    return "number" if name in ("money", "percent") or (name not in ("date", "time") and is_figure(text)) else name


def multiply(rows: Sequence[Cells]) -> bool:
    """Return whether two columns multiply to a third one in each of several rows, which chance does not do."""
    if len(rows) < 2:
        return False
    texts = [[line_text(cell) for cell in row] for row in rows]
    mark = decimal_mark(text for row in texts for text in row)
    figures = [[figure(text, mark) for text in row] for row in texts]
    return any(multiplies((row[a], row[b], row[c]) for row in figures) for a, b, c in combinations(range(len(rows[0])), 3))
