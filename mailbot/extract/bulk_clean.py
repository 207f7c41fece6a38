"""In charge of cleaning a large table: each column by its distinct values, usual ones by Arrow, the others one by one.

The rules are those of `mailbot.extract.clean`. The type is proposed by a sample that holds the telling values, and held against
every value: one that does not fit makes the column text, as there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from mailbot.core.table_columns import Customs, Typing, settled_mark, unsettled
from mailbot.core.table_report import repeats
from mailbot.core.table_values import number, plain
from mailbot.core.tables import CellChange, Cleaned, CleanRow, Column, Note, TotalCheck
from mailbot.extract.bulk import BulkTable
from mailbot.extract.bulk_column import BulkColumn
from mailbot.extract.clean import mend, total_rows

if TYPE_CHECKING:
    import pyarrow as pa

_TAIL = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkCleaned:
    """A large table after cleaning: each column as its distinct strings and which of them each row has.

    `about` is what a Cleaned says of it, without its rows; `about.changes` are the first few of each kind in each column, `changed`
    counts them all by kind.
    """

    columns: tuple[pa.DictionaryArray, ...]
    about: Cleaned
    changed: dict[str, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many rows it has, without those of totals."""
        return len(self.columns[0]) if self.columns else 0


def clean(table: BulkTable, *, language: str = "", truths: Sequence[str]) -> BulkCleaned:
    """Return the table cleaned (see `mailbot.extract.clean.clean`)."""
    customs = Customs(language=language, truths=tuple(truths))
    totals = _totals(table)
    size = table.size - len(totals)
    names = list(map(mend, table.names))
    done = [_done(one, name, size, customs) for one, name in zip(table.columns, names, strict=True)]
    if beside := settled_mark(one.typing for one in done):
        by_table = replace(customs, beside=beside)
        done = [
            _done(loaded, name, size, by_table) if unsettled(one.typing) else one
            for loaded, name, one in zip(table.columns, names, done, strict=True)
        ]
    columns = [
        Column(name=name, type=one.typing.type, currency=one.typing.currency, unit=one.typing.unit)
        for name, one in zip(names, done, strict=True)
    ]
    rows = tuple(
        CleanRow(source=size + n, cells=tuple(one.typing.convert(cell) for one, cell in zip(done, row, strict=True)))
        for n, row in enumerate(totals)
    )
    finals = tuple(one.final for one in done)
    notes = [Note(column=place, kind=kind, detail=detail) for place, one in enumerate(done) for kind, detail in one.typing.notes]
    notes += [] if any(one.distinct for one in done) else _repeated(finals)
    about = Cleaned(
        columns=tuple(columns),
        rows=(),
        totals=rows,
        changes=tuple(replace(change, column=place) for place, one in enumerate(done) for change in one.changes),
        notes=tuple(notes),
        checks=tuple(_checks(finals, columns, rows)),
    )
    return BulkCleaned(columns=finals, about=about, changed=dict(sum((one.changed for one in done), Counter())))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """One cleaned column; `distinct` when each of its values differs from the others, as loaded and as cleaned."""

    typing: Typing
    final: pa.DictionaryArray
    distinct: bool
    changes: tuple[CellChange, ...]
    changed: Counter[str]


def _done(loaded: pa.ChunkedArray, name: str, size: int, customs: Customs) -> _Done:
    """Return the first `size` cells of a column cleaned."""
    column = BulkColumn(loaded.slice(0, size))
    typing = column.typing(name, customs)
    final = column.converted(typing)
    changes, changed = column.changes(typing)
    distinct = column.all_distinct and final.dictionary.equals(column.before)
    return _Done(typing=typing, final=final, distinct=distinct, changes=tuple(changes), changed=changed)


def _totals(table: BulkTable) -> list[list[str]]:
    """Return the rows of totals at the very end, their text mended."""
    import pandas as pd

    tail = [column.slice(max(0, table.size - _TAIL)).to_pylist() for column in table.columns]
    frame = pd.DataFrame([list(map(mend, row)) for row in zip(*tail, strict=True)], dtype="object")
    if frame.empty:
        return []
    at_end = total_rows(frame)[::-1].cummin()[::-1]
    return [list(map(str, row)) for row in frame[at_end].itertuples(index=False, name=None)]


def _checks(finals: Sequence[pa.DictionaryArray], columns: Sequence[Column], totals: Sequence[CleanRow]) -> Iterator[TotalCheck]:
    """Yield each printed total beside the sum of all rows."""
    for row in totals:
        for place, column in enumerate(columns):
            printed = number(row.cells[place], ".") if column.type in ("integer", "decimal", "money") else None
            if printed is not None:
                computed = _sum(finals[place])
                agrees = computed == printed
                yield TotalCheck(row=row.source, column=place, printed=plain(printed), computed=plain(computed), agrees=agrees)


def _sum(cells: pa.DictionaryArray) -> Decimal:
    """Return the sum of a column's figures, exactly."""
    import numpy as np

    times = np.bincount(cells.indices.to_numpy(), minlength=len(cells.dictionary)).tolist()
    return sum(
        ((number(text, ".") or Decimal()) * n for text, n in zip(cells.dictionary.to_pylist(), times, strict=True) if n), Decimal()
    )


def _repeated(finals: Sequence[pa.DictionaryArray]) -> tuple[Note, ...]:
    """Return a note on how many rows stand in the table more than once."""
    import pyarrow as pa

    codes: list[pa.Array] = []
    for one in finals:
        merged = one.dictionary.dictionary_encode()  # values that were written in several ways are one now
        if len(merged.dictionary) == len(one):
            return ()
        codes.append(merged.indices.take(one.indices))
    if not codes or not len(codes[0]):
        return ()
    table = pa.table(codes, names=[f"f{number}" for number in range(len(codes))])
    again = table.num_rows - table.group_by(table.column_names, use_threads=False).aggregate([]).num_rows
    return (Note(column=None, kind="repeated_rows", detail=repeats(again)),) if again else ()
