"""Puts the cells of a broken row where they belong: the cheapest way to read it so that each cell fits its column.

A row breaks by a delimiter too many or too few, an unescaped quote or delimiter, or by being delimited otherwise than the rest.
Each such fault has a price; the search (dynamic programming over position and column) finds the reading whose faults cost least
against how well the cells then fit the columns' profiles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mailbot.core.table_dialect import DELIMITERS, Dialect, Record, unescape
from mailbot.core.table_types import Profile

_STRAY_QUOTE = 2.5
_MISSING_DELIMITER = 4.0
_MISSING_AT_QUOTE = 2.0  # a quote where a delimiter was lost says so
_EXTRA_DELIMITER = 3.0
_BARE_DELIMITER = 3.0
_NO_CELL = 5.0
_OTHER_DELIMITER = 3.0
_GAIN = 1.5  # a repair must be this much likelier than the row as it stands
_WIDEST = 100  # columns
_LONGEST = 20_000  # characters
_MOST_BARE = 12  # delimiters inside one cell
_MOST_FIELDS = 250  # delimiters in a row; each may cost two frames of recursion
_MOST_LOST = 3  # cells that a row may lack
_LONGEST_CUT = 60  # characters of a cell that may be cut anywhere
_HOPELESS = float("-inf")
_FEWEST_ROWS = 3
_WHOLE = re.compile(r"\s*-?\d{1,9}")
_CENTS = re.compile(r"\d\d")


@dataclass(slots=True)
class Effort:
    """How many readings of a field may still be weighed in a file: rows that come after it is used up stay as they are."""

    left: int = 2_000_000
    a_row: int = 100_000


@dataclass(frozen=True, slots=True)
class _Step:
    """One way to read the field at a position: its text, where the next begins, its price, and whether it uses up the one cut."""

    cell: str
    after: int
    price: float
    cuts: bool = False


def repair(
    record: Record, dialect: Dialect, columns: Sequence[Profile] | None, width: int, effort: Effort, *, usual: float = 0.0
) -> tuple[str, ...] | None:
    """Return the cells of a broken row aligned to `width` columns, or None when the row as it stands is no worse.

    Without `columns` (a header row) only the number of cells decides. `usual` is how badly whole rows fit at worst: a reading by
    the table's own delimiter that fits no worse is not compared with others.
    """
    if width < 2 or width > _WIDEST or len(record.raw) > _LONGEST:
        return None
    best_score, best = _HOPELESS, None
    may_cut = len(record.cells) < width or record.odd or record.loose
    longest_cut = 0 if len(record.cells) == width else _LONGEST_CUT  # as many cells as columns: only a quote may tell of a lost one
    for delimiter in _delimiters(record, dialect, width):
        other = delimiter != dialect.delimiter
        if other and columns is None and len(record.cells) > 1 and not (record.odd or record.loose):
            continue
        if other and columns is not None and best_score >= usual - _EXTRA_DELIMITER:
            break
        written = Dialect(delimiter=delimiter, quote=dialect.quote, escape=dialect.escape)
        search = _Alignment(
            record.raw, written, columns, width, min(effort.left, effort.a_row), may_cut=may_cut, longest_cut=longest_cut
        )
        score, cells = search.best()
        effort.left -= search.spent
        score -= _OTHER_DELIMITER if other else 0.0
        if score > best_score:
            best_score, best = score, cells
    if best is None or best_score < as_it_stands(record, columns, width) + _GAIN:
        return None
    return best


def parted_name(names: Sequence[str], quote: str) -> tuple[str, ...] | None:
    """Return the names of a header that lost one delimiter, when there is one place alone where two names can have met.

    That is a quote within a name, or a capital after a small letter or capitals ("EANText"); names written so throughout tell
    nothing.
    """
    seams = [
        (n, seam.start(), seam.end())
        for n, name in enumerate(names)
        for seam in re.finditer(rf"(?<=\S){quote or '$^'}(?=\w)", name)
    ]
    seams = seams or [
        (n, at, at)
        for n, name in enumerate(names)
        for at in range(1, len(name))
        if name[at].isupper()
        and (name[at - 1].islower() or name[at - 1] in ".)" or (name[at - 1].isupper() and name[at + 1 : at + 2].islower()))
    ]
    if len(seams) != 1:
        return None
    place, end, begin = seams[0]
    left, right = names[place][:end].removeprefix(quote), names[place][begin:].removesuffix(quote)
    return (*names[:place], left, right, *names[place + 1 :])


def split_decimals(rows: Sequence[Sequence[str]], names: int) -> tuple[int, ...]:
    """Return the columns whose decimal comma was taken for a delimiter throughout ("3,1,50" under "Qty,Price").

    As many as the rows have cells more than names: whole numbers each, and two figures right after. None where others would do too.
    """
    extra = len(rows[0]) - names if rows else 0
    if not 0 < extra <= names or len(rows) < _FEWEST_ROWS or len({len(row) for row in rows}) > 1:
        return ()
    whole = [all(_WHOLE.fullmatch(row[place]) for row in rows) for place in range(len(rows[0]))]
    cents = [all(_CENTS.fullmatch(row[place]) for row in rows) for place in range(len(rows[0]))]
    places = tuple(place for place in range(len(rows[0]) - 1) if whole[place] and cents[place + 1])
    return places if len(places) == extra and all(b - a > 1 for a, b in pairwise(places)) else ()


def as_it_stands(record: Record, columns: Sequence[Profile] | None, width: int) -> float:
    """Return how well a row fits when missing cells are taken as empty at its end and cells too many are kept."""
    padded = [*record.cells, *[""] * (width - len(record.cells))]
    fits = sum(columns[i].fit(padded[i]) for i in range(width)) if columns else -2.0 * padded.count("")
    fits -= _STRAY_QUOTE * sum(1 for cell in padded if '"' in cell) if record.loose else 0.0
    extra = sum(1 for cell in record.cells[width:] if cell.strip())
    return fits - 9.0 * extra - (_STRAY_QUOTE * 2 if record.odd else 0.0)


def _delimiters(record: Record, dialect: Dialect, width: int) -> Iterator[str]:
    """Yield the delimiters worth trying on a row: its own, and those that stand in it about as often as needed."""
    for delimiter in (dialect.delimiter, *(d for d in DELIMITERS if d != dialect.delimiter)):
        count = record.raw.count(delimiter)
        if count <= min(_MOST_FIELDS, 3 * width + 30) and (count >= max(1, width - 2) or delimiter == dialect.delimiter):
            yield delimiter


class _Alignment:
    """The search over one row: `_value[at, column, cut]` is the best score from there to the end."""

    def __init__(
        self,
        raw: str,
        dialect: Dialect,
        columns: Sequence[Profile] | None,
        width: int,
        effort: int,
        *,
        may_cut: bool,
        longest_cut: int,
    ) -> None:
        self._raw = raw
        self._dialect = dialect
        self._columns = columns
        self._width = width
        self._may_cut = may_cut
        self._longest_cut = longest_cut
        self._effort = effort
        self.spent = 0
        self._fits: dict[tuple[str, int], float] = {}
        self._end = len(raw) + len(dialect.delimiter)  # past a delimiter that would follow the last field
        self._steps: dict[tuple[int, bool], list[_Step]] = {}
        self._value: dict[tuple[int, int, bool], tuple[float, _Step | None]] = {}

    def best(self) -> tuple[float, tuple[str, ...]]:
        """Return the best score and its cells, as many as there are columns."""
        at, column, cut = 0, 0, not self._may_cut
        score, _ = self._from(at, column, cut)
        cells: list[str] = []
        while score > _HOPELESS and column < self._width:
            _, step = self._from(at, column, cut)
            if step is None:
                break
            if step.after != at + len(self._dialect.delimiter) or step.cell or step.price < _EXTRA_DELIMITER:
                cells.append(step.cell)
                column += 1
            at, cut = step.after, cut or step.cuts
        if self.spent > self._effort:
            return _HOPELESS, ()
        return score, (*cells, *[""] * (self._width - len(cells)))

    def _from(self, at: int, column: int, cut: bool) -> tuple[float, _Step | None]:
        """Return the best score from a field start and column on, and the step to take."""
        key = (at, column, cut)
        if key not in self._value:
            self._value[key] = (_HOPELESS, None)
            self._value[key] = self._search(at, column, cut)
        return self._value[key]

    def _search(self, at: int, column: int, cut: bool) -> tuple[float, _Step | None]:
        if at >= self._end:
            return sum(self._fit("", c) for c in range(column, self._width)) - 0.5 * (self._width - column), None
        if column == self._width:
            return self._left_over(at), None
        if self._width - column > self._raw.count(self._dialect.delimiter, at) + 1 + _MOST_LOST:
            return _HOPELESS, None
        steps = self._steps_from(at, cut)
        self.spent += len(steps)
        if self.spent > self._effort:
            return _HOPELESS, None
        best: tuple[float, _Step | None] = (_HOPELESS, None)
        for step in steps:
            rest, _ = self._from(step.after, column + 1, cut or step.cuts)
            score = rest + self._fit(step.cell, column) - step.price
            if score > best[0]:
                best = (score, step)
        if self._raw.startswith(self._dialect.delimiter, at) or at == len(self._raw):
            after = at + len(self._dialect.delimiter)
            skipped = self._from(after, column, cut)[0] - _EXTRA_DELIMITER
            if skipped > best[0]:
                best = (skipped, _Step("", after, _EXTRA_DELIMITER))
        absent = self._from(at, column + 1, cut)[0] + self._fit("", column) - _NO_CELL
        if absent > best[0]:
            best = (absent, _Step("", at, _NO_CELL))
        return best

    def _left_over(self, at: int) -> float:
        """Return the price of what stands after the last column: only empty fields may be dropped."""
        rest = self._raw[at:].replace(self._dialect.delimiter, "").strip()
        return _HOPELESS if rest else -0.5 * _EXTRA_DELIMITER

    def _fit(self, cell: str, column: int) -> float:
        key = (cell, column)
        if key not in self._fits:
            self._fits[key] = self._fit_of(cell, column)
        return self._fits[key]

    def _fit_of(self, cell: str, column: int) -> float:
        if self._columns is None:
            return -0.7 if not cell.strip() else 0.0
        if self._dialect.quote and len(cell) > 1:
            cell = cell.removeprefix(self._dialect.quote)  # a stray quote has its own price
        return self._columns[column].fit(cell.strip() if self._dialect.delimiter.endswith(" ") else cell)

    def _steps_from(self, at: int, cut: bool) -> list[_Step]:
        if (at, cut) not in self._steps:
            steps = list(self._plain(at, cut))
            if self._dialect.quote and self._raw.startswith(self._dialect.quote, at):
                steps += self._quoted(at, cut)
            self._steps[at, cut] = steps
        return self._steps[at, cut]

    def _plain(self, at: int, cut: bool) -> Iterator[_Step]:
        """Yield readings of an unquoted field: to the next delimiter, over delimiters that belong to it, or cut short."""
        raw, delimiter, quote = self._raw, self._dialect.delimiter, self._dialect.quote
        stray = _STRAY_QUOTE if quote and raw.startswith(quote, at) else 0.0
        bare = 0.6 if delimiter == " " else _BARE_DELIMITER
        end, price = at - len(delimiter), 0.0
        for merged in range(2 if cut and self._may_cut else _MOST_BARE if delimiter == " " else 5):
            begin = end + len(delimiter)
            end = raw.find(delimiter, begin)
            price += (bare if merged else 0.0) + (_EXTRA_DELIMITER if end == begin and delimiter != " " else 0.0)
            stop = len(raw) if end < 0 else end
            cell = raw[at:stop]
            inner = _STRAY_QUOTE if quote and quote in cell[1:] else 0.0
            yield _Step(cell, stop + len(delimiter), stray + inner + price)
            if end < 0:
                break
        if cut:
            return
        first = raw.find(delimiter, at)
        stop = len(raw) if first < 0 else first
        for place in range(at + 1, stop):
            opens = bool(quote) and raw.startswith(quote, place)
            if opens or stop - at <= self._longest_cut:
                yield _Step(raw[at:place], place, stray + (_MISSING_AT_QUOTE if opens else _MISSING_DELIMITER), cuts=True)

    def _quoted(self, at: int, cut: bool) -> Iterator[_Step]:
        """Yield readings of a quoted field: to each quote that could close it, with unescaped quotes inside at a price."""
        raw, delimiter, quote = self._raw, self._dialect.delimiter, self._dialect.quote
        place, strays, tried, doubled = at + 1, 0, 0, False
        while tried < _MOST_BARE and (place := raw.find(quote, place)) >= 0:
            tried += 1
            closes = place + 1 == len(raw) or raw.startswith(delimiter, place + 1)
            content = raw[at + 1 : place]
            if closes and not doubled:
                yield _Step(unescape(content, self._dialect), place + 1 + len(delimiter), _STRAY_QUOTE * strays)
            elif closes:
                yield _Step(unescape(content, self._dialect), place + 1 + len(delimiter), _STRAY_QUOTE * (strays + 1))
            elif not cut:
                yield _Step(unescape(content, self._dialect), place + 1, _MISSING_DELIMITER + _STRAY_QUOTE * strays, cuts=True)
            if raw.startswith(quote, place + 1) and not doubled:
                doubled = True
            else:
                beside = closes or raw.startswith(delimiter, place - len(delimiter))
                strays += 0 if doubled else 2 if beside else 1
                doubled = False
            place += 1
