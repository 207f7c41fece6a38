"""Cleans a loaded table with pandas: text mended, columns typed by all their values, totals set apart and checked.

Nothing is guessed: a column of which all values can be read in two ways that differ keeps its text, with a note, unless the
sender's language settles it. A column with even one value of another kind is text, with a note that names the rows.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from mailbot.core.document import Table
from mailbot.core.table_columns import Customs, Typing, settled_mark, typing_of, unsettled
from mailbot.core.table_report import repeats
from mailbot.core.table_schema import TableSchema, Wanted, by_name, by_values
from mailbot.core.table_totals import TAX, are_totals
from mailbot.core.table_types import MISSING_WORDS
from mailbot.core.table_values import TRUTH_WORDS, date, number, plain, split_currency, split_unit
from mailbot.core.tables import (
    WRONG_NOTES,
    CellChange,
    ChangeKind,
    Cleaned,
    CleanRow,
    Column,
    ColumnType,
    Note,
    NoteKind,
    TotalCheck,
)
from mailbot.extract.schema_check import check

if TYPE_CHECKING:
    import pandas as pd

_FULL_WIDTH = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
_FULL_WIDTH_SIGNS = {0xFF01 + n: 0x21 + n for n in range(94)} | {0x3000: 0x20, 0xFFE5: 0xA5, 0xFFE1: 0xA3}
_HALF_WIDTH = re.compile("[\uff66-\uff9f]+")
_FORCED = re.compile(r"""=\s?"([^"]*)"|'([-+]?\d[\d.,/ -]*)""")
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,6}|#x[0-9a-fA-F]{1,6});")
_INVISIBLE = re.compile("[\u200b\u200c\u200d\u2060\ufeff\u00ad]")


def clean(
    table: Table, *, language: str = "", truths: Sequence[str] = tuple(TRUTH_WORDS), schema: TableSchema | None = None
) -> Cleaned:
    """Return the table cleaned; `language` (a BCP 47 tag) decides only what the values leave open.

    `truths` are the languages whose words for yes and no are read. With a schema, columns go by the desk's names, its types count,
    and what does not keep to it is noted.
    """
    import pandas as pd

    loaded = pd.DataFrame([list(row) for row in table.rows], columns=range(len(table.columns)), dtype="object")
    mended = loaded.map(mend)
    names = [mend(name) for name in table.columns]
    is_total = total_rows(mended)
    body = mended[~is_total]
    wanted, name_notes = by_name(schema, names) if schema else ({}, [])
    customs = Customs(language=language, truths=tuple(truths))
    typings = [_typed(body[column], name, _customs(customs, wanted.get(column))) for column, name in enumerate(names)]
    if beside := settled_mark(typings):
        customs = replace(customs, beside=beside)
        typings = [
            _typed(body[c], names[c], _customs(customs, wanted.get(c))) if unsettled(t) else t for c, t in enumerate(typings)
        ]
    if schema:
        further = _by_values(schema, wanted, typings, body)
        name_notes += [(c, "by_values", f"taken for `{one.name}` by its values alone") for c, one in further.items()]
        wanted |= further
        typings = [_wanted_typing(t, wanted.get(c), body[c], names[c], customs) for c, t in enumerate(typings)]
    converted = {column: mended[column].map(typing.convert) for column, typing in enumerate(typings)}
    final = pd.DataFrame(converted, index=mended.index, columns=mended.columns, dtype="object")
    notes = [Note(column=column, kind=kind, detail=detail) for column, kind, detail in name_notes]
    notes += [Note(column=column, kind=kind, detail=detail) for column, t in enumerate(typings) for kind, detail in t.notes]
    return Cleaned(
        columns=tuple(_column(name, t, wanted.get(c)) for c, (name, t) in enumerate(zip(names, typings, strict=True))),
        rows=_rows(final[~is_total]),
        totals=_rows(final[is_total]),
        changes=_changes(loaded, mended, final, [t.kind for t in typings]),
        notes=(*notes, *(check(final[~is_total], typings, wanted, schema) if schema else ()), *_repeated(final[~is_total])),
        checks=_checks(final, is_total, typings),
        page=table.page,
    )


def _column(name: str, typing: Typing, wanted: Wanted | None) -> Column:
    """Return what is said of a column: the desk's name for it, when there is one."""
    called = wanted.name if wanted else name
    return Column(name=called, type=typing.type, currency=typing.currency, unit=typing.unit, loaded="" if called == name else name)


def mend(text: str) -> str:
    """Return a cell's text with mojibake undone, full-width figures and letters made plain, and spaces made single."""
    import ftfy

    text = _unwrapped(text)
    if text.isascii():
        return " ".join(text.split())
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", ftfy.fix_encoding(text)))
    text = _HALF_WIDTH.sub(lambda run: unicodedata.normalize("NFKC", run[0]), text)
    plain_width = text.translate(_FULL_WIDTH_SIGNS)
    text = plain_width if plain_width.isascii() or split_currency(plain_width)[0] else text.translate(_FULL_WIDTH)
    return " ".join(text.split())


def _unwrapped(text: str) -> str:
    """Return what a spreadsheet program would show of ="007" and '007 (text by force), and HTML's names of characters as such."""
    if found := _FORCED.fullmatch(text.strip()):
        return found[2] if found[1] is None else found[1]
    return html.unescape(text) if "&" in text and _ENTITY.search(text) else text


def _typed(cells: pd.Series[str], name: str, customs: Customs) -> Typing:
    """Return the type of a column from all its values."""
    values = _values(cells)
    if not values:
        return Typing()
    return typing_of(values, name, customs) or Typing(notes=_odd_ones(cells, values))


def _values(cells: pd.Series[str]) -> list[str]:
    """Return the distinct values of a column, the most frequent first, words for no value left out."""
    return [str(value) for value in cells[~cells.str.lower().isin(MISSING_WORDS)].value_counts().index]


def _customs(customs: Customs, wanted: Wanted | None) -> Customs:
    """Return the customs with what the schema states of a column."""
    if wanted is None:
        return customs
    whole, dated = wanted.type == "integer", wanted.type == "date"
    return replace(customs, order=wanted.order, mark=wanted.mark, unit=wanted.unit, whole=whole, dated=dated)


def _by_values(
    schema: TableSchema, known: Mapping[int, Wanted], typings: Sequence[Typing], body: pd.DataFrame
) -> dict[int, Wanted]:
    """Return which further columns are which of the desk's by type and values."""
    values = [frozenset(value.casefold() for value in _values(body[column])) for column in range(len(typings))]
    return by_values(schema, known, [typing.type for typing in typings], values)


def _wanted_typing(found: Typing, wanted: Wanted | None, cells: pd.Series[str], name: str, customs: Customs) -> Typing:
    """Return the typing of a column as the schema wants it, as far as its values allow."""
    if wanted is None:
        return found
    if wanted.values:
        spelled = {value.casefold(): value for value in wanted.values}
        return Typing(read=lambda text: spelled.get(text.casefold()), kind_of_change="value")
    if wanted.type == "text":
        return Typing()
    unsure = [note for note in found.notes if note[0] in WRONG_NOTES]
    if wanted.type in (None, found.type) or unsure:
        return found
    if wanted.holds(found.type):
        return replace(found, type=cast(ColumnType, wanted.type))
    readable = [value for value in _values(cells) if typing_of([value], name, replace(_customs(customs, wanted), language="en-GB"))]
    again = typing_of(readable, name, _customs(customs, wanted)) if readable else None
    return replace(again, type=cast(ColumnType, wanted.type)) if again and wanted.holds(again.type) else found


def _odd_ones(cells: pd.Series[str], values: list[str]) -> list[tuple[NoteKind, str]]:
    """Return a note when all but a few values of a text column are numbers or dates: those few are probably mistakes."""
    likely = {value: any(number(split_currency(value)[1], mark) is not None for mark in (".", ",")) for value in values}
    dated = {value: any(date(value, order) for order in ("ymd", "dmy", "mdy")) for value in values}
    for what, fits in (("numbers", likely), ("dates", dated)):
        unlike = cells[cells.map(lambda text, fits=fits: fits.get(str(text)) is False)]
        if len(cells) >= 5 and 0 < len(unlike) <= len(cells) * 0.1:
            shown = ", ".join(f"row {int(str(place)) + 1}: {text!r}" for place, text in list(unlike.items())[:5])
            return [("mixed_values", f"all but {len(unlike)} values are {what} ({shown})")]
    return []


def total_rows(cells: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows of a mended table are totals or taxes."""
    import pandas as pd

    return pd.Series(are_totals(list(cells.itertuples(index=False, name=None))), index=cells.index, dtype=bool)


def _rows(frame: pd.DataFrame) -> tuple[CleanRow, ...]:
    """Return a frame's rows as values."""
    return tuple(
        CleanRow(source=int(source), cells=tuple(cells))
        for source, cells in zip(frame.index, frame.itertuples(index=False, name=None), strict=True)
    )


def _changes(loaded: pd.DataFrame, mended: pd.DataFrame, final: pd.DataFrame, kinds: list[ChangeKind]) -> tuple[CellChange, ...]:
    """Return every cell that differs from what was loaded, row by row."""
    changes: list[CellChange] = []
    differs = loaded.to_numpy() != final.to_numpy()
    for row, column in zip(*differs.nonzero(), strict=True):
        before, middle, after = (str(frame.iat[row, column]) for frame in (loaded, mended, final))
        kind = change_kind(before, middle, after, kinds[column])
        changes.append(CellChange(row=int(row), column=int(column), before=before, after=after, kind=kind))
    return tuple(changes)


def change_kind(before: str, middle: str, after: str, typed: ChangeKind) -> ChangeKind:
    """Return what a change is called: `middle` is the text mended, `typed` what a change by the column's type is called."""
    if after == "" and middle:
        return "missing"
    if middle == after:
        return _mending(before, after)
    return "number" if typed == "unit" and not split_unit(middle)[0] else typed


def _mending(before: str, after: str) -> ChangeKind:
    """Return what `mend` did to a cell."""
    if " ".join(_INVISIBLE.sub("", before).split()) == after:
        return "space"
    if _FORCED.fullmatch(before.strip()):
        return "wrapped"
    return "width" if any(0xFF00 < ord(c) < 0xFFF0 for c in before) else "mojibake"


def _repeated(frame: pd.DataFrame) -> tuple[Note, ...]:
    """Return a note on rows that stand in the table more than once; they are kept."""
    again = [int(str(place)) for place in frame.index[frame.duplicated(keep="first")]] if len(frame.columns) else []
    if not again:
        return ()
    return (Note(column=None, kind="repeated_rows", detail=repeats(len(again), [place + 1 for place in again])),)


def _checks(final: pd.DataFrame, is_total: pd.Series[bool], typings: list[Typing]) -> tuple[TotalCheck, ...]:
    """Return each printed total beside the sum above it: of its group, of all rows, or of the totals and taxes just before."""
    summed = [column for column, typing in enumerate(typings) if typing.type in ("integer", "decimal", "money")]
    group = is_total.shift(fill_value=False).cumsum()
    checks: list[TotalCheck] = []
    for row in final.index[is_total]:
        if any(TAX.fullmatch(str(cell).rstrip(": ")) for cell in final.loc[row]):
            continue
        for column in summed:
            printed = number(str(final.at[row, column]), ".")
            if printed is None:
                continue
            above = final.loc[: row - 1, column] if row else final.loc[[], column]
            amounts = above.map(lambda text: number(str(text), ".") or Decimal())
            body = amounts[~is_total.loc[above.index]]
            block = amounts[(group.loc[above.index] == group.at[row]) & ~is_total.loc[above.index]]
            before = amounts[is_total.loc[above.index]]
            sums = [sum(body, Decimal())]
            sums += [sum(block, Decimal())] if len(block) else []
            sums += [sum(before.iloc[-count:], Decimal()) for count in range(2, min(4, len(before) + 1))]
            agreeing = [total for total in sums if total == printed]
            computed = agreeing[0] if agreeing else sums[0]
            checks.append(
                TotalCheck(
                    row=int(row), column=int(column), printed=plain(printed), computed=plain(computed), agrees=bool(agreeing)
                )
            )
    return tuple(checks)
