"""In charge of cleaning a large table: each column by its distinct values, usual ones by Arrow, the others one by one.

The rules are those of `mailbot.extract.clean`. The type is proposed by a sample that holds the telling values, and held against
every value: one that does not fit makes the column text, as there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mailbot.core.table_columns import Customs, Typing, typing_of
from mailbot.core.table_types import MISSING_WORDS
from mailbot.core.table_values import CURRENCIES, number, plain
from mailbot.core.tables import CellChange, ChangeKind, Cleaned, CleanRow, Column, Note, TotalCheck
from mailbot.extract.bulk import BulkTable
from mailbot.extract.clean import change_kind, mend, total_rows

if TYPE_CHECKING:
    import pyarrow as pa

_SAFE = "€£äöüÄÖÜßéèêëàáíóúñç"
_PLAIN_TEXT = rf"^([!-~{_SAFE}]+( [!-~{_SAFE}]+)*)?$"
_NOT_SURE = rf"[{_SAFE}]{{2}}"
"""Text that `mend` leaves as it is: a single letter beyond ASCII is never broken UTF-8, which takes two."""
_ISO_DATE = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$"
_TELLING = (
    r"[.,][0-9]{1,2}$", r"[.,][0-9]{4,}", r"[.,].*[.,]", r"^0[0-9]", r"^(1[3-9]|2[0-9]|3[01])[-/]",
    r"^[0-9]{1,2}[-/](1[3-9]|2[0-9]|3[01])[-/]", r"[^0-9.,]", r"^[^0-9]",
)  # fmt: skip
"""What tells one reading of a value from another: examples of each are in the sample."""
_SAMPLE = 500
_MOST_TRIES = 3
_LOOKED_AT = 50_000
_EXAMPLES = 20
_TAIL = 50
_SHOWN = 3


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
    finals: list[pa.DictionaryArray] = []
    columns: list[Column] = []
    notes: list[Note] = []
    changes: list[CellChange] = []
    changed: Counter[str] = Counter()
    cells: list[list[str]] = []
    distinct = False
    for place, (name, loaded) in enumerate(zip(map(mend, table.names), table.columns, strict=True)):
        one = _Column(loaded.slice(0, size))
        typing = one.typing(name, customs)
        finals.append(one.converted(typing))
        distinct = distinct or (one.all_distinct and finals[-1].dictionary.equals(one.before))
        columns.append(Column(name=name, type=typing.type, currency=typing.currency, unit=typing.unit))
        notes += [Note(column=place, kind=kind, detail=detail) for kind, detail in typing.notes]
        examples, counts = one.changes(typing, place)
        changes += examples
        changed += counts
        cells.append([typing.convert(row[place]) for row in totals])
    rows = tuple(CleanRow(source=size + n, cells=tuple(column[n] for column in cells)) for n in range(len(totals)))
    checks = tuple(_checks(finals, columns, rows))
    notes += [] if distinct else _repeated(finals)
    about = Cleaned(columns=tuple(columns), rows=(), totals=rows, changes=tuple(changes), notes=tuple(notes), checks=checks)
    return BulkCleaned(columns=tuple(finals), about=about, changed=dict(changed))


class _Column:
    """One column as its distinct values and, for each row, which of them it is."""

    def __init__(self, loaded: pa.ChunkedArray) -> None:
        import pyarrow.compute as pc

        self._coded = loaded.combine_chunks().dictionary_encode()
        self.before = self._coded.dictionary
        tidy = pc.match_substring_regex(self.before, _PLAIN_TEXT)
        untidy = pc.or_(pc.invert(tidy), pc.match_substring_regex(self.before, _NOT_SURE))
        self._mended = _replaced(self.before, untidy, mend)
        missing = pc.is_in(pc.utf8_lower(self._mended), value_set=_words())
        self._values = pc.if_else(missing, "", self._mended)
        self._present = pc.invert(missing)
        self._filled = self._values.filter(self._present)
        self._seen: tuple[Typing, pa.Array] | None = None
        self._after = self._values

    @property
    def all_distinct(self) -> bool:
        """Whether no value of the column comes twice."""
        return len(self.before) == len(self._coded)

    def typing(self, name: str, customs: Customs) -> Typing:
        """Return the type that all values have."""
        import pyarrow.compute as pc

        sample = list(dict.fromkeys(self._telling()))
        typing = (typing_of(sample, name, customs) if sample else None) or self._nearly(sample, name, customs)
        for _ in range(_MOST_TRIES):
            if typing.type == "text":
                return typing
            others = self._values.filter(pc.and_not(self._present, self._usual(typing)))
            unlike = [text for text in others.to_pylist() if typing.read(text) is None]
            if not unlike:
                return typing
            sample += unlike[:_EXAMPLES]
            typing = typing_of(sample, name, customs) or self._nearly(sample, name, customs)
        return Typing()

    def _nearly(self, sample: Sequence[str], name: str, customs: Customs) -> Typing:
        """Return the typing of a column of text, with a note when all but a few rows are of one type: those may be mistakes."""
        import pyarrow as pa
        import pyarrow.compute as pc

        each = replace(customs, language="en-GB")
        readable = [text for text in sample if (one := typing_of([text], name, each)) and one.type != "text"]
        typing = typing_of(readable, name, customs) if readable else None
        if typing is None or typing.type == "text":
            return Typing()
        others = self._values.filter(pc.and_not(self._present, self._usual(typing))).to_pylist()
        unlike = [text for text in others if typing.read(text) is None]
        rows = pc.sum(pc.is_in(self._values, value_set=pa.array(unlike, pa.string())).take(self._coded.indices)).as_py()
        if not rows or rows > 0.1 * len(self._coded):
            return Typing()
        shown = ", ".join(map(repr, unlike[:_SHOWN]))
        return Typing(notes=[("mixed_values", f"all but {rows} values are of one type, {typing.type} ({shown})")])

    def _usual(self, typing: Typing) -> pa.Array:
        """Return which values are written as `_rewritten` reads them."""
        if self._seen is None or self._seen[0] is not typing:
            self._seen = typing, _usual(self._values, typing)
        return self._seen[1]

    def _telling(self) -> Iterator[str]:
        """Yield a sample of the values: some spread evenly, and those that tell readings apart."""
        import pyarrow.compute as pc

        spread = _every(self._filled, len(self._filled) // _LOOKED_AT + 1)
        yield from _every(spread, len(spread) // _SAMPLE + 1).to_pylist()
        for pattern in _TELLING:
            yield from spread.filter(pc.match_substring_regex(spread, pattern)).slice(0, _EXAMPLES).to_pylist()

    def converted(self, typing: Typing) -> pa.DictionaryArray:
        """Return the column as it is after cleaning."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if typing.type != "text":
            usual = self._usual(typing)
            self._after = _replaced(
                pc.if_else(usual, _rewritten(self._values, typing), self._values), pc.invert(usual), typing.convert
            )
        return pa.DictionaryArray.from_arrays(self._coded.indices, self._after)

    def changes(self, typing: Typing, place: int) -> tuple[list[CellChange], Counter[str]]:
        """Return the first changes of each kind, and how many cells changed, by kind."""
        import numpy as np
        import pyarrow.compute as pc

        codes = np.flatnonzero(pc.not_equal(self.before, self._after).to_numpy(zero_copy_only=False))
        indices = self._coded.indices.to_numpy()
        weights = np.bincount(indices, minlength=len(self.before))
        # A usual value that needed no mending changed by its column's type alone; the others are few, or had to be read one by one.
        tidy = pc.equal(self.before, self._mended)
        usual = pc.and_(tidy, self._usual(typing)).to_numpy(zero_copy_only=False)
        plain = usual & ~_with_unit(self._mended, typing) if typing.kind == "unit" else usual
        by_type: ChangeKind = "number" if typing.kind == "unit" else typing.kind
        counts: Counter[str] = Counter()
        if total := int(weights[codes[plain[codes]]].sum()):
            counts[by_type] += total
        examples = [(int(code), by_type) for code in codes[plain[codes]][:_SHOWN]]
        seen: Counter[str] = Counter()
        for code in codes[~plain[codes]].tolist():
            before, middle, after = (array[code].as_py() for array in (self.before, self._mended, self._after))
            kind = change_kind(before, middle, after, typing.kind)
            counts[kind] += int(weights[code])
            seen[kind] += 1
            examples += [(code, kind)] if seen[kind] <= _SHOWN else []
        return [self._change(code, kind, place, int(np.argmax(indices == code))) for code, kind in examples], counts

    def _change(self, code: int, kind: ChangeKind, place: int, row: int) -> CellChange:
        before, after = self.before[code].as_py(), self._after[code].as_py()
        return CellChange(row=row, column=place, before=before, after=after, kind=kind)


def _every(values: pa.Array, step: int) -> pa.Array:
    """Return every n-th value."""
    return values.take(list(range(0, len(values), step))) if step > 1 else values


def _with_unit(values: pa.Array, typing: Typing) -> Any:
    """Return which values carry the column's unit."""
    import pyarrow.compute as pc

    return pc.match_substring_regex(values, rf"{re.escape(typing.unit)}$", ignore_case=True).to_numpy(zero_copy_only=False)


def _usual(values: pa.Array, typing: Typing) -> pa.Array:
    """Return which values are written so usually that `_rewritten` reads them as `typing.read` does."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if typing.type == "date":
        return pc.match_substring_regex(values, _ISO_DATE)
    if typing.type not in ("integer", "decimal", "money"):
        return pa.array([False] * len(values), pa.bool_())
    mark, group = _marks(typing)
    whole = rf"(0|[1-9][0-9]{{0,17}}|[1-9][0-9]{{0,2}}(\{group}[0-9]{{3}})+)"
    return pc.match_substring_regex(values, rf"^-?{whole}(\{mark}[0-9]+)?{_suffix(typing)}$", ignore_case=True)


def _rewritten(values: pa.Array, typing: Typing) -> pa.Array:
    """Return usual values as a cleaned table has them: no suffix, no thousands, a decimal point."""
    import pyarrow.compute as pc

    if typing.type == "date":
        return values
    mark, group = _marks(typing)
    bare = pc.replace_substring_regex(values, rf"(?i){_suffix(typing)}$", "")
    return pc.replace_substring(pc.replace_substring(bare, group, ""), mark, ".")


def _marks(typing: Typing) -> tuple[str, str]:
    """Return a column's decimal mark and the other one, which parts thousands."""
    return (",", ".") if typing.read("1,5") == "1.5" else (".", ",")


def _suffix(typing: Typing) -> str:
    """Return the pattern of what stands after a column's figures."""
    words = [sign for sign, currency in CURRENCIES.items() if currency == typing.currency and typing.currency]
    words += [typing.unit] if typing.unit else []
    return rf"( ?({'|'.join(map(re.escape, words))}))?" if words else ""


def _replaced(values: pa.Array, where: pa.Array, change: Any) -> pa.Array:
    """Return the values with some of them changed one by one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    changed = [change(text) for text in values.filter(where).to_pylist()]
    return pc.replace_with_mask(values, where, pa.array(changed, pa.string())) if changed else values


def _words() -> pa.Array:
    import pyarrow as pa

    return pa.array(sorted(MISSING_WORDS))


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
    return (Note(column=None, kind="repeated_rows", detail=f"{again} rows repeat an earlier one"),) if again else ()
