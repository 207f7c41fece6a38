"""In charge of telling what cleaning did to a table: every kind of change with its count and examples, notes, and sums checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from mailbot.core.document import Problem
from mailbot.core.tables import CellChange, ChangeKind, Cleaned, Note, NoteKind, TableOf, cleaned_to_json

_EXAMPLES = 3
_WIDEST = 48
_NUMBERS = 10
_QUESTIONS: tuple[tuple[str, frozenset[NoteKind]], ...] = (
    ("ambiguous_table", frozenset(("ambiguous_date", "ambiguous_number", "ambiguous_name"))),
    ("unlike_schema", frozenset(("missing_column", "missing_values", "invalid_values"))),
)
QUESTION_CODES = frozenset(code for code, _ in _QUESTIONS)
"""Problems of a table that wait for a person, whatever the rules say of its item."""
_REMEDIES = {
    "ambiguous_table": "read it yourself or ask the sender; `order` or `decimal` in the desk's table schema settles it for good",
    "unlike_schema": "correct these values or ask the sender; the desk's table schema says what is wanted",
}

KIND_WORDS: dict[ChangeKind, str] = {
    "space": "spaces made single", "width": "full-width characters", "mojibake": "broken encoding mended",
    "wrapped": "taken out of =\"…\" or from behind '",
    "missing": "words for no value", "number": "numbers", "money": "amounts without their currency", "percent": "percentages",
    "unit": "figures without their unit",
    "date": "dates", "boolean": "yes and no", "value": "spelled as the schema does",
}  # fmt: skip


def questions(tables: Sequence[TableOf]) -> tuple[Problem, ...]:
    """Return a problem for each table that can be read in two ways, or that does not keep to the desk's schema."""
    found: list[Problem] = []
    for one in tables:
        where = one.document + (f", table {one.place + 1}" if one.place else "")
        for code, kinds in _QUESTIONS:
            told = [_noted(one.cleaned, note) for note in one.cleaned.notes if note.kind in kinds]
            if told:
                more = f" (and {len(told) - _EXAMPLES} more)" if len(told) > _EXAMPLES else ""
                found.append(Problem(code=code, detail=f"{where}: {'; '.join(told[:_EXAMPLES])}{more}", remedy=_REMEDIES[code]))
    return tuple(found)


def aligned(lines: Sequence[int], *, about: bool = False) -> str:
    """Return in words that rows were aligned; `about` where their lines (from 1) are known about."""
    where = f"{'about ' if about else ''}line{'s' if len(lines) > 1 else ''} {_first(lines)}"
    return f"{len(lines)} row{'s were' if len(lines) > 1 else ' was'} aligned to the columns of the others ({where})"


def repeats(count: int, rows: Sequence[int] = ()) -> str:
    """Return in words that so many rows repeat an earlier one; `rows` (from 1) where they are known."""
    where = f" (row{'s' if len(rows) > 1 else ''} {_first(rows)})" if rows else ""
    return f"{count} row{'s repeat' if count > 1 else ' repeats'} an earlier one{where}"


def _first(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:_NUMBERS])) + (" …" if len(numbers) > _NUMBERS else "")


def _noted(cleaned: Cleaned, note: Note) -> str:
    return f"{cleaned.columns[note.column].name}: {note.detail}" if note.column is not None else note.detail


def report_to_json(cleaned: Cleaned, *, counts: Mapping[str, int] | None = None, rows: int | None = None) -> dict[str, Any]:
    """Return the cleaned table as JSON with a `summary`: for each kind of change its count and first examples.

    Of a large table, which is not held whole, `counts` and `rows` say how many there are.
    """
    return {
        "row_count": len(cleaned.rows) if rows is None else rows,
        "summary": [
            {"kind": kind, "count": count, "examples": [_change_to_json(cleaned, one) for one in examples]}
            for kind, count, examples in _by_kind(cleaned.changes, counts)
        ],
        **cleaned_to_json(cleaned),
    }


def report_text(cleaned: Cleaned, *, counts: Mapping[str, int] | None = None, rows: int | None = None) -> str:
    """Return the report as lines for a person: columns, changes by kind, notes, and printed totals beside their sums."""
    columns = [
        (column.name, column.loaded, " ".join(filter(None, (column.type, column.currency, column.unit))))
        for column in cleaned.columns
    ]
    changes = [
        (KIND_WORDS[kind], str(count), "; ".join(_told(cleaned, one) for one in examples))
        for kind, count, examples in _by_kind(cleaned.changes, counts)
    ]
    checks = [
        (
            f"row {check.row + 1}",
            cleaned.columns[check.column].name,
            check.printed,
            check.computed,
            "agrees" if check.agrees else "DIFFERS",
        )
        for check in cleaned.checks
    ]
    notes = [_noted(cleaned, note) for note in cleaned.notes]
    size, changed = len(cleaned.rows) if rows is None else rows, sum(counts.values()) if counts else len(cleaned.changes)
    rows_said, cells_said = f"{size} row{'' if size == 1 else 's'}", f"{changed} cell{'' if changed == 1 else 's'}"
    parts = [f"{rows_said}, {len(cleaned.totals)} of totals set apart, {cells_said} changed"]
    parts += _aligned(("column", "loaded as", "type"), columns)
    parts += _aligned(("change", "cells", "examples"), changes) if changes else []
    parts += _aligned(("total", "column", "printed", "sum of rows", ""), checks) if checks else []
    parts += ["", "to look at", *(f"  {note}" for note in notes)] if notes else []
    return "\n".join(parts)


def _by_kind(changes: Sequence[CellChange], counts: Mapping[str, int] | None) -> list[tuple[ChangeKind, int, list[CellChange]]]:
    """Return the kinds, the most frequent first, with count and the first few of different text."""
    found = []
    for kind, count in Counter(change.kind for change in changes).most_common():
        examples: dict[str, CellChange] = {}
        for change in changes:
            if change.kind == kind and len(examples) < _EXAMPLES:
                examples.setdefault(change.before, change)
        found.append((kind, counts.get(kind, count) if counts else count, list(examples.values())))
    return found


def _change_to_json(cleaned: Cleaned, change: CellChange) -> dict[str, Any]:
    return {"row": change.row, "column": cleaned.columns[change.column].name, "before": change.before, "after": change.after}


def _told(cleaned: Cleaned, change: CellChange) -> str:
    before, after = (text if len(text) <= _WIDEST else text[:_WIDEST] + "…" for text in (change.before, change.after))
    return f"row {change.row + 1}, {cleaned.columns[change.column].name}: {before!r} → {after!r}"


def _aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table of text, columns as wide as their widest cell, after an empty line."""
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    lines = [head, *rows]
    return ["", *("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)]
