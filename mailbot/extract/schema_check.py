"""In charge of holding a cleaned table against the desk's schema, with pandera: every value that breaks it is named by its row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mailbot.core.table_columns import Typing
from mailbot.core.table_schema import TableSchema, Wanted
from mailbot.core.table_values import same_unit
from mailbot.core.tables import Note

if TYPE_CHECKING:
    import pandas as pd

_READABLE = {
    "integer": re.compile(r"-?\d+"), "decimal": re.compile(r"-?\d+(?:\.\d+)?"), "money": re.compile(r"-?\d+(?:\.\d+)?"),
    "percent": re.compile(r"-?\d+(?:\.\d+)?"), "date": re.compile(r"\d{4}-\d{2}-\d{2}(?:T\S+)?"),
    "boolean": re.compile("true|false"),
}  # fmt: skip
"""How a value of a type is written in a cleaned table (see `core.tables`)."""

_WORDS = {
    "integer": "an integer", "decimal": "a number", "money": "an amount", "percent": "a percentage", "date": "a date in one way",
    "boolean": "yes or no",
}  # fmt: skip
_SHOWN = 5


def check(body: pd.DataFrame, typings: Sequence[Typing], wanted: Mapping[int, Wanted], schema: TableSchema) -> tuple[Note, ...]:
    """Return a note on each of the desk's columns that is missing, of another unit, or holds what the schema does not allow."""
    import os

    os.environ.setdefault("DISABLE_PANDERA_IMPORT_WARNING", "True")
    import pandera.pandas as pa
    from pandera.errors import SchemaErrors

    place_of = {one.name: place for place, one in wanted.items()}
    frame = body[list(wanted)].rename(columns={place: one.name for place, one in wanted.items()}).replace("", None).astype("object")
    columns = {
        one.name: pa.Column(
            checks=_checks(pa, one, typings[place_of[one.name]].type if one.name in place_of else "text"),
            nullable=not one.required,
            required=one.required,
        )
        for one in schema.columns
    }
    notes = [_other_unit(place, typings[place].unit, one, schema) for place, one in wanted.items()]
    try:
        pa.DataFrameSchema(columns).validate(frame, lazy=True)
    except SchemaErrors as error:
        notes += _notes(error.failure_cases, place_of, schema, len(body))
    return tuple(note for note in notes if note)


def _checks(pa: Any, wanted: Wanted, found: str) -> list[Any]:
    """Return what each value of a column must keep to; its name says what it is then not."""
    checks = []
    if wanted.values:
        allowed = ", ".join(wanted.values[:8]) + (" …" if len(wanted.values) > 8 else "")
        checks.append(pa.Check.isin(wanted.values, error=f"not one of {allowed}"))
    pattern = _READABLE.get(wanted.type or "")
    if pattern and not wanted.values:
        kind = f"not {_WORDS[wanted.type or '']}"
        checks.append(pa.Check(lambda text: pattern.fullmatch(str(text)) is not None, element_wise=True, error=kind))
    return checks


def _other_unit(place: int, unit: str, wanted: Wanted, schema: TableSchema) -> Note | None:
    """Return a note when figures come in another unit than the desk's; nothing is converted."""
    if not wanted.unit or not unit or same_unit(unit) == same_unit(wanted.unit):
        return None
    detail = (
        f"the figures are in {unit}, the desk's unit is {wanted.unit} ({schema.named(wanted)}): convert them, or ask the sender"
    )
    return Note(column=place, kind="invalid_values", detail=detail)


def _notes(cases: pd.DataFrame, place_of: Mapping[str, int], schema: TableSchema, size: int) -> list[Note | None]:
    """Return one note for each column and broken check, with the rows."""
    named = {one.name: one for one in schema.columns}
    notes: list[Note | None] = []
    for (column, broken), group in cases.assign(
        column=cases["column"].fillna(cases["failure_case"]), check=cases["check"].astype(str)
    ).groupby(["column", "check"], sort=False):
        wanted = named[str(column)]
        where = schema.named(wanted)
        if broken == "column_in_dataframe":
            detail = f"no column is `{wanted.name}`, which is required: add what the sender calls it to its synonyms ({where})"
            notes.append(Note(column=None, kind="missing_column", detail=detail))
            continue
        pairs = list(zip(group["index"], group["failure_case"], strict=True))
        rows = ", ".join(f"row {int(row) + 1}" + (f": {value!r}" if value is not None else "") for row, value in pairs[:_SHOWN])
        rows += " …" if len(pairs) > _SHOWN else ""
        if broken == "not_nullable":
            detail = f"no value in {len(pairs)} of {size} rows, which is required ({rows}): ask the sender, or see {where}"
            notes.append(Note(column=place_of[wanted.name], kind="missing_values", detail=detail))
        else:
            detail = f"{broken}: {len(pairs)} of {size} values ({rows}); correct them, or see {where}"
            notes.append(Note(column=place_of[wanted.name], kind="invalid_values", detail=detail))
    return notes
