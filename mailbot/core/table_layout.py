"""Where the tables stand on a sheet of rows: what is preamble, header, body and footnote, and where the next table begins."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mailbot.core.table_types import Profile, kind, profiles

Row = Sequence[str]

_MOST_HEADERS = 6
_MOST_PAIRS = 8
_FOOTNOTE = re.compile(
    r"\s*(?:[*†‡¹²³]|\(?\d{1,2}[).:]\s|notes?\b|source\b|footnote|anmerkung|quelle|hinweis|remark|注|备注|说明|来源)", re.I
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One table among the rows: the indices of its header rows (none, one or several) and of its body rows."""

    headers: tuple[int, ...]
    body: tuple[int, ...]


def filled(row: Row) -> int:
    """Return how many cells of a row hold something."""
    return sum(1 for cell in row if cell.strip())


def lay_out(rows: Sequence[Row]) -> list[Part]:
    """Return the tables among the rows, first to last; rows that belong to none are titles, notes or blank."""
    starts = [0, *_table_starts(rows), len(rows)]
    parts = [_part(rows, start, end) for start, end in pairwise(starts)]
    return [part for part in parts if part]


def pairs_after(rows: Sequence[Row], parts: Sequence[Part]) -> Sequence[Part]:
    """Return the parts with a short list of pairs ("Customer: 4711") that stands over a real table put after it."""
    if len(parts) < 2:
        return parts
    pairs, table, *rest = parts
    lines = (*pairs.headers, *pairs.body)
    pair_width, width = (max((filled(rows[i]) for i in part.body), default=0) for part in (pairs, table))
    if len(lines) <= _MOST_PAIRS and pair_width <= 2 < width and len(table.body) > len(pairs.body):
        return [table, pairs, *rest]
    return parts


def _table_starts(rows: Sequence[Row]) -> list[int]:
    """Return where a further table begins: a row of labels over typed columns that stood over typed columns of another one."""
    starts: list[int] = []
    begin = 0
    for index in range(2, len(rows)):
        if index - begin >= 2 and _new_header(rows, begin, index):
            starts.append(index)
            begin = index
    return starts


def _new_header(rows: Sequence[Row], begin: int, index: int) -> bool:
    """Return whether `rows[index]` heads another table than the one that began at `begin`."""
    row = rows[index]
    count = filled(row)
    if count < 2 or not _labels(row):
        return False
    after_gap = filled(rows[index - 1]) <= 1
    repeated = any(list(r) == list(row) for r in rows[begin : begin + 3]) and list(rows[index - 1]) != list(row)
    if not after_gap and not repeated and _labels(rows[index - 1]):
        return False
    below = _following(rows, index)
    above = [r for r in rows[max(begin + 1, index - 30) : index] if filled(r) > 1]
    if not below or not above or (not after_gap and len(above) < 2):
        return False
    width = max(len(row), *(len(r) for r in below), *(len(r) for r in above))
    before, after = profiles(above, width), profiles(below, width)
    unlike_before = _votes(row, before, strict=True)
    unlike_after = _votes(row, after, strict=True)
    if after_gap:
        fresh = filled(rows[begin]) != count or list(rows[begin]) == list(row) or unlike_before > 0
        return (unlike_after > 0 or unlike_before > 0) and fresh and count >= 0.6 * max(filled(r) for r in below)
    other_width = len(row) not in {len(r) for r in above[-3:]} and len(below) > 1 and {len(r) for r in below[:3]} == {len(row)}
    same_header = repeated and list(row) not in [list(r) for r in (*above, *below)]
    enough = max(1, sum(1 for p in after if p.typed) // 2)
    whole = count >= 0.8 * len(row) and count >= 0.8 * max(filled(r) for r in below)
    return whole and unlike_after > 0 and (same_header or other_width or (unlike_before >= enough and unlike_after >= enough))


def _following(rows: Sequence[Row], index: int) -> list[Row]:
    """Return the rows of a table right under a header row, to the next gap."""
    below: list[Row] = []
    for row in rows[index + 1 : index + 20]:
        if not filled(row):
            break
        below.append(row)
    return below


def _labels(row: Row) -> bool:
    """Return whether a row could be a header: words, each different from the others, no values."""
    cells = [bare for cell in row if (bare := cell.strip().strip('"'))]  # a stray quote makes no value a label
    wordy = [cell for cell in cells if kind(cell) in ("text", "code", "flag")]
    return len(wordy) == len(cells) and len(cells) > 0


def _votes(row: Row, columns: Sequence[Profile], *, strict: bool = False) -> int:
    """Return how many cells are not of their typed column's kind, less twice those that are.

    `strict` also counts against it what is of another kind, but comes in that column now and then.
    """
    votes = 0
    for cell, column in zip((cell.strip().strip('"') for cell in row), columns, strict=False):
        if cell and column.typed and kind(cell) != "missing":
            votes += -2 if kind(cell) == column.typed or (strict and column.conforms(cell)) else 1
    return votes


def _part(rows: Sequence[Row], start: int, end: int) -> Part | None:
    """Return the table among `rows[start:end]`, or None when there is only text around."""
    lines = [i for i in range(start, end) if filled(rows[i])]
    if not lines:
        return None
    widest = max(filled(rows[i]) for i in lines)
    if widest == 1:
        return _single_column(rows, lines)
    first = _first_full(rows, lines, widest)
    above = [i for i in lines if i < first]
    body = [i for i in lines if i >= first]
    body = body[: len(body) - _footnotes(rows, body)] if len(body) > 2 else body
    headers = _headers(rows, body)
    if headers:
        headers = _group_rows(rows, above, headers) + headers
    return Part(headers=tuple(headers), body=tuple(i for i in body if i not in headers))


def _single_column(rows: Sequence[Row], lines: list[int]) -> Part:
    """Return a table of one column: its first row is the header when the others are values of another kind."""
    cells = [next(cell for cell in rows[i] if cell.strip()) for i in lines]
    column = profiles([[cell] for cell in cells[1:]], 1)[0]
    headed = len(lines) > 1 and column.typed is not None and not column.conforms(cells[0])
    return Part(headers=tuple(lines[:1]) if headed else (), body=tuple(lines[1:] if headed else lines))


def _first_full(rows: Sequence[Row], lines: list[int], widest: int) -> int:
    """Return the first row that fills at least half of what rows of this table usually fill."""
    counts = sorted(filled(rows[i]) for i in lines)
    usual = counts[len(counts) * 3 // 4] if len(counts) > 3 else widest
    return next(i for i in lines if filled(rows[i]) >= min(widest, max(2, usual / 2)))


def _headers(rows: Sequence[Row], body: list[int]) -> list[int]:
    """Return the header rows at the head of the body."""
    if len(body) == 1:
        return body if _labels(rows[body[0]]) else []
    width = max(len(rows[i]) for i in body)
    tail = body[min(_MOST_HEADERS, len(body) // 2) :]
    columns = profiles([rows[i] for i in tail], width)
    first = rows[body[0]]
    votes = _votes(first, columns)
    if votes < 0 and not _years(first):
        return []
    if votes == 0 and not _worded_header(rows, body):
        return []
    headers = [body[0]]
    for index in body[1 : min(_MOST_HEADERS, len(body) - 1)]:
        row = rows[index]
        likely = filled(row) >= 0.6 * filled(first) or not row[0].strip()
        if list(row) != list(rows[headers[-1]]) and not (likely and _labels(row) and _votes(row, columns, strict=True) > 0):
            break
        headers.append(index)
    return headers


def _years(row: Row) -> bool:
    """Return whether a row's values are years over columns of numbers ("", 2013, 2014), which look like numbers themselves."""
    cells = [cell.strip() for cell in row[1:] if cell.strip()]
    years = [cell for cell in cells if re.fullmatch(r"(?:19|20)\d\d", cell)]
    return len(cells) > 1 and len(years) == len(cells) and kind(row[0]) in ("text", "missing") and len(set(years)) == len(years)


def _worded_header(rows: Sequence[Row], body: list[int]) -> bool:
    """Return whether the first row heads a table in which no column has a type: short words that do not come again below."""
    first = [cell.strip() for cell in rows[body[0]] if cell.strip()]
    if not _labels(rows[body[0]]) or any(len(cell) > 80 for cell in first):
        return False
    below = [{rows[i][c].strip() for i in body[1:] if c < len(rows[i])} for c in range(len(rows[body[0]]))]
    again = sum(1 for c, cell in enumerate(rows[body[0]]) if cell.strip() and cell.strip() in below[c])
    return again <= len(first) // 3 and not any(kind(cell) == "code" for cell in first[:1])


def _group_rows(rows: Sequence[Row], above: list[int], headers: list[int]) -> list[int]:
    """Return the rows right above a header that group its columns: at least two labels, no values."""
    groups: list[int] = []
    for index in reversed(above):
        if index != (groups or headers)[0] - 1 or filled(rows[index]) < 2 or not _group_labels(rows[index]):
            break
        groups.insert(0, index)
    return groups if len(groups) < _MOST_HEADERS else []


def _group_labels(row: Row) -> bool:
    """Return whether a row could group columns: words, or years and dates as one finds them over columns, no pair ("Date:", …)."""
    cells = [cell.strip() for cell in row if cell.strip()]
    return not cells[0].endswith((":", "：")) and all(
        kind(cell) in ("text", "code", "date") or re.fullmatch(r"(?:19|20)\d\d", cell) for cell in cells
    )


def _footnotes(rows: Sequence[Row], body: list[int]) -> int:
    """Return how many rows at the end are notes: one cell, set off by a gap, a mark, or more words than that column holds."""
    count = 0
    while count < len(body) - 1:
        index = body[-1 - count]
        if filled(rows[index]) != 1:
            break
        count += 1
    while count:
        index = body[len(body) - count]
        cell = next(c for c in rows[index] if c.strip())
        place = next(p for p, c in enumerate(rows[index]) if c.strip())
        longest = max((len(rows[i][place]) for i in body[: len(body) - count] if place < len(rows[i])), default=0)
        if index - 1 not in body or _FOOTNOTE.match(cell) or len(cell) > 1.5 * longest:
            return count
        count -= 1
    return count


def names_of(rows: Sequence[Row] | Mapping[int, Row], headers: Sequence[int], width: int) -> tuple[str, ...]:
    """Return the column names: header rows joined by a space, group labels spread to the right, col_N where there is none."""
    lines = [[rows[i][c].strip() if c < len(rows[i]) else "" for c in range(width)] for i in headers]
    for above, line in enumerate(lines[:-1]):
        if filled(line) > 1:
            _spread(line, lines[above + 1 :])
    names = [" ".join(line[c] for line in lines if line[c]) for c in range(width)]
    return tuple(name or f"col_{number}" for number, name in enumerate(names, 1))


def _spread(line: list[str], below: list[list[str]]) -> None:
    """Carry each label of a group row to the empty cells on its right that have a label of their own below."""
    for c in range(1, len(line)):
        if not line[c] and line[c - 1] and any(under[c] for under in below):
            line[c] = line[c - 1]
