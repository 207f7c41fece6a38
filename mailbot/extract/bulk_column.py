"""In charge of one column of a large table: its distinct values, usual ones read by Arrow, the others one by one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mailbot.core.table_columns import Customs, Typing, typing_of
from mailbot.core.table_types import MISSING_WORDS
from mailbot.core.table_values import CURRENCIES
from mailbot.core.tables import CellChange, ChangeKind
from mailbot.extract.clean import change_kind, mend

if TYPE_CHECKING:
    import pyarrow as pa

_SAFE = "€£äöüÄÖÜßéèêëàáíóúñç"
_PLAIN_TEXT = rf"^([!-~{_SAFE}]+( [!-~{_SAFE}]+)*)?$"
_NOT_SURE = rf"[{_SAFE}]{{2}}|^[=']|&"
"""Text that `mend` leaves as it is: a single letter beyond ASCII is never broken UTF-8, which takes two; nor is it unwrapped."""
_YEAR, _CLOCK = "((?:19|20)[0-9]{2})", "([ T](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?)?"
_SHORT, _LONG, _ANY = "(?:0[13-9]|1[0-2])", "(?:0[13578]|1[02])", "(?:0[1-9]|1[0-2])"
_DAYS = (("(?:0[1-9]|1[0-9]|2[0-8])", _ANY), ("(?:29|30)", _SHORT), ("31", _LONG))
"""Days and the months that have them, but for the 29th of February, which is read by itself."""
_TELLING = (
    r"[.,][0-9]{1,2}$", r"[.,][0-9]{4,}", r"[.,].*[.,]", r"^0[0-9]", r"^(1[3-9]|2[0-9]|3[01])[-/]",
    r"^[0-9]{1,2}[-/](1[3-9]|2[0-9]|3[01])[-/]", r"[^0-9.,]", r"^[^0-9]", r"^[+][0-9]+[ ./-]",
)  # fmt: skip
"""What tells one reading of a value from another: examples of each are in the sample."""
_FIGURES = ("integer", "decimal", "money")
_SAMPLE = 500
_ROWS = 2000
_MOST_TRIES = 3
_LOOKED_AT = 50_000
_EXAMPLES = 20
_SHOWN = 3


class BulkColumn:
    """One column as its distinct values and, for each row, which of them it is."""

    def __init__(self, loaded: pa.ChunkedArray) -> None:
        import pyarrow.compute as pc

        strings = loaded.combine_chunks()
        self._digits = _counted_up(strings)
        self._coded = _uncoded(strings) if self._digits else strings.dictionary_encode()
        self.before = self._coded.dictionary
        if self._digits:
            self._mended = self._values = self._filled = self.before
            self._present = _throughout(self.before, value=True)
        else:
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
        if typing is None or typing.type == "text" or self._seldom(typing):
            return Typing()
        others = self._values.filter(pc.and_not(self._present, self._usual(typing))).to_pylist()
        unlike = [text for text in others if typing.read(text) is None]
        rows = pc.sum(pc.is_in(self._values, value_set=pa.array(unlike, pa.string())).take(self._coded.indices)).as_py()
        if not rows or rows > 0.1 * len(self._coded):
            return Typing()
        shown = ", ".join(map(repr, unlike[:_SHOWN]))
        return Typing(notes=[("mixed_values", f"all but {rows} values are of one type, {typing.type} ({shown})")])

    def _seldom(self, typing: Typing) -> bool:
        """Return whether so many of some rows spread evenly are not of a type that no note is due, whatever the others are."""
        rows = _every(self._coded.indices, len(self._coded) // _ROWS + 1)
        texts = [text for text in self._values.take(rows).to_pylist() if text]
        return sum(1 for text in texts if typing.read(text) is None) > 0.25 * len(texts)

    def _usual(self, typing: Typing) -> pa.Array:
        """Return which values are written as `_rewritten` reads them."""
        if self._seen is None or self._seen[0] is not typing:
            plain = self._digits and typing.type in _FIGURES
            self._seen = typing, _throughout(self._values, value=True) if plain else _usual(self._values, typing)
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

        if typing.type != "text" and not (self._digits and typing.type in _FIGURES):
            usual = self._usual(typing)
            self._after = _replaced(
                pc.if_else(usual, _rewritten(self._values, typing), self._values), pc.invert(usual), typing.convert
            )
        return pa.DictionaryArray.from_arrays(self._coded.indices, self._after)

    def changes(self, typing: Typing) -> tuple[list[CellChange], Counter[str]]:
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
        return [self._change(code, kind, int(np.argmax(indices == code))) for code, kind in examples], counts

    def _change(self, code: int, kind: ChangeKind, row: int) -> CellChange:
        before, after = self.before[code].as_py(), self._after[code].as_py()
        return CellChange(row=row, column=0, before=before, after=after, kind=kind)


def _counted_up(strings: pa.Array) -> bool:
    """Return whether the strings are plain whole numbers, each greater than the one before (a running number, as most keys are)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(strings) < 2 or not pc.all(pc.utf8_is_digit(strings)).as_py() or pc.any(pc.starts_with(strings, "0")).as_py():
        return False
    try:
        numbers = pc.cast(strings, pa.int64())
    except pa.ArrowException:
        return False
    return bool(pc.all(pc.greater(numbers[1:], numbers[:-1])).as_py())


def _uncoded(strings: pa.Array) -> pa.DictionaryArray:
    """Return strings that all differ as a dictionary of themselves, which needs no hashing."""
    import numpy as np
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(pa.array(np.arange(len(strings), dtype=np.int32)), strings)


def _throughout(values: pa.Array, *, value: bool) -> pa.Array:
    """Return the same answer for every value."""
    import pyarrow as pa

    return pa.repeat(value, len(values))


def _every(values: pa.Array, step: int) -> pa.Array:
    """Return every n-th value."""
    return values.take(list(range(0, len(values), step))) if step > 1 else values


def _with_unit(values: pa.Array, typing: Typing) -> Any:
    """Return which values carry the column's unit."""
    import pyarrow.compute as pc

    return pc.match_substring_regex(values, rf"{re.escape(typing.unit)}$", ignore_case=True).to_numpy(zero_copy_only=False)


def _usual(values: pa.Array, typing: Typing) -> pa.Array:
    """Return which values are written so usually that `_rewritten` reads them as `typing.read` does."""
    import pyarrow.compute as pc

    if typing.type == "date":
        found = _throughout(values, value=False)
        for pattern, _ in _ways(values, typing):
            found = pc.or_(found, pc.match_substring_regex(values, pattern))
        return found
    if typing.type not in _FIGURES:
        return _throughout(values, value=False)
    if typing.read("1.5") == typing.read("1,5"):  # both marks stand in it: each value is read by itself
        return _throughout(values, value=False)
    mark, group = _marks(typing)
    whole = rf"(0|[1-9][0-9]{{0,17}}|[1-9][0-9]{{0,2}}(\{group}[0-9]{{3}})+)"
    return pc.match_substring_regex(values, rf"^-?{whole}(\{mark}[0-9]+)?{_suffix(typing)}$", ignore_case=True)


def _ways(values: pa.Array, typing: Typing) -> list[tuple[str, str]]:
    """Return how a column of dates is usually written, and for those that do not begin with the year how ISO 8601 has them.

    At most one way is not ISO 8601, since its rewriting goes by places alone.
    """
    import pyarrow.compute as pc

    dated = "|".join(f"{month}-{day}" for day, month in _DAYS)
    ways = [(f"^{_YEAR}-(?:{dated}){_CLOCK}$", "")]
    for sign in "./-":
        example = typing.read(f"02{sign}01{sign}2026")
        if len(ways) > 1 or not example or not pc.any(pc.match_substring_regex(values, f"^..[{sign}]..[{sign}]")).as_py():
            continue
        day_first = example == "2026-01-02"
        dated = "|".join(f"{day}[{sign}]{month}" if day_first else f"{month}[{sign}]{day}" for day, month in _DAYS)
        written = r"\3-\2-\1\4" if day_first else r"\3-\1-\2\4"
        ways.append((f"^(?:{dated})[{sign}]{_YEAR}{_CLOCK}$", written))
    return ways


def _rewritten(values: pa.Array, typing: Typing) -> pa.Array:
    """Return usual values as a cleaned table has them: no suffix, no thousands, a decimal point."""
    import pyarrow.compute as pc

    if typing.type == "date":
        for _, written in _ways(values, typing):
            values = pc.replace_substring_regex(values, "^(..)[./-](..)[./-](....)(.*)$", written) if written else values
        if not pc.any(pc.match_substring_regex(values, "[ T]")).as_py():
            return values
        values = pc.replace_substring_regex(values, "^(.{10}).(.{5})$", r"\1T\2:00")
        return pc.replace_substring(values, " ", "T")
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
