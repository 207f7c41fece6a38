"""How a delimited text is written (delimiter, quote, escape), found by trying each way on the whole file, and its records.

RFC 4180 is the base; what real files add: any line ending, other delimiters and quotes, backslash or NUL escapes, and quotes
that were never closed. A record whose quotes do not work out is still returned, marked `odd`, for `table_repair`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mailbot.core.table_types import TYPED, kind

DELIMITERS = (
    ",", ";", "\t", "|", ", ", "; ", " ", "||", "::", "^", "~", ":", "¦", "\x1f", "§", "#", "/", "*",
    " | ", " ; ", " , ", "\t\t", "|;|", ";;", "~|~", "@@", " -> ", "=>",
)  # fmt: skip
"""What may separate cells. The rarer ones must fit better to be chosen: see `_PRIOR`."""

_PRIOR = {" ": 0.7, ":": 0.55, "^": 0.9, "~": 0.9, "#": 0.6, "/": 0.45, "*": 0.6, "§": 0.9, "::": 0.9}
_SAMPLE_LINES = 3000
_BLOCKS = 15
_LONGEST_RECORD = 200  # lines that one record may span
_MOST_TRIES = 40
_BLANK = re.compile(r"\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """`quote` is "" when cells are never quoted; `escape` is "" when a quote inside a cell is doubled (RFC 4180, 2.7)."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One row as read: its cells, their text, and the line it starts on (from 1).

    `odd` when its quotes broke the rules, `loose` when an unquoted cell holds a quote (an inch sign, or a lost delimiter).
    """

    cells: tuple[str, ...]
    raw: str
    line: int
    odd: bool = False
    loose: bool = False

    @property
    def filled(self) -> int:
        """How many cells hold something."""
        return sum(1 for cell in self.cells if cell.strip())


def lines_of(text: str) -> list[tuple[str, str]]:
    """Return each line with its ending: CRLF, LF, CR or the record separator of ASCII, mixed as they come."""
    parts = re.split(r"(\r\n|\n|\r|\x1e\n?)", text)
    pairs = list(zip(parts[::2], [*parts[1::2], ""], strict=True))
    return pairs if pairs and pairs[-1][0] else pairs[:-1]


def split_line(raw: str, dialect: Dialect) -> tuple[list[str], str]:
    """Return the cells of one record and how it went.

    "whole"; "loose" (a quote inside an unquoted cell); "odd" (a quote out of place); or "open" (a quote never closed).
    """
    delimiter, quote = dialect.delimiter, dialect.quote
    if not quote or quote not in raw:
        return raw.split(delimiter), "whole"
    cells: list[str] = []
    at, state = 0, "whole"
    while True:
        if raw.startswith(quote, at):
            end = closing_quote(raw, at + 1, dialect)
            if end is None:
                state = "open" if state != "odd" else state
            elif raw.startswith(delimiter, end + 1) or _BLANK.fullmatch(raw, end + 1):
                cells.append(unescape(raw[at + 1 : end], dialect))
                at = end + 1 + len(delimiter)
                if at > len(raw) or not raw.startswith(delimiter, end + 1):
                    return cells, state
                continue
            else:
                state = "odd"
        end = raw.find(delimiter, at)
        cell = raw[at:] if end < 0 else raw[at:end]
        cells.append(cell)
        state = "loose" if state == "whole" and quote in cell else state
        if end < 0:
            return cells, state
        at = end + len(delimiter)


def closing_quote(raw: str, at: int, dialect: Dialect) -> int | None:
    """Return where the quoted cell that begins at `at` ends: the first quote that is neither doubled nor escaped."""
    quote, escape = dialect.quote, dialect.escape
    while (found := raw.find(quote, at)) >= 0:
        if escape and raw.startswith(escape, found - 1) and found > 0:
            at = found + 1
        elif raw.startswith(quote, found + 1):
            at = found + 2
        else:
            return found
    return None


def unescape(content: str, dialect: Dialect) -> str:
    """Return a quoted cell's text: doubled or escaped quotes become one."""
    if dialect.escape:
        quote = re.escape(dialect.quote)  # in one go: two escaped quotes that meet are two
        return re.sub(f"(?:{re.escape(dialect.escape)}|{quote}){quote}", dialect.quote, content)
    return content.replace(dialect.quote * 2, dialect.quote)


def records_of(lines: Sequence[tuple[str, str]], dialect: Dialect, width: int | None = None) -> list[Record]:
    """Return the records of a text. A quote left open takes in the next lines only where that gives `width` cells, when known."""
    records: list[Record] = []
    at = 0
    while at < len(lines):
        raw = lines[at][0]
        cells, state = split_line(raw, dialect)
        taken = 1
        if len(cells) == 1 and width and width > 2 and state == "whole" and raw != cells[0]:
            inside, how = split_line(cells[0], dialect)  # a row that was quoted whole
            cells, state = (inside, how) if len(inside) == width else (cells, state)
        if state == "open":
            joined = _join(lines, at, dialect)
            if joined and (width is None or len(joined[0]) == width or (len(joined[0]) > len(cells) and len(cells) != width)):
                cells, raw, taken = joined
                state = "whole"
        odd = state in ("odd", "open")
        records.append(Record(cells=tuple(cells), raw=raw, line=at + 1, odd=odd, loose=state == "loose"))
        at += taken
    return records


def _join(lines: Sequence[tuple[str, str]], at: int, dialect: Dialect) -> tuple[list[str], str, int] | None:
    """Return the record that starts on line `at` and spans several, or None when no end is found that keeps the rules."""
    pieces = [lines[at][0]]
    tries = 0
    for number in range(at + 1, min(at + _LONGEST_RECORD, len(lines))):
        pieces += [lines[number - 1][1], lines[number][0]]
        # An open cell ends on a line with an odd number of quotes: doubled ones and whole cells come in pairs.
        if not lines[number][0].count(dialect.quote) % 2 and not dialect.escape:
            continue
        raw = "".join(pieces)
        tries += 1
        if len(raw) > 200_000 or tries > _MOST_TRIES:
            return None
        cells, state = split_line(raw, dialect)
        if state in ("whole", "loose"):
            return cells, raw, number - at + 1
        if state == "odd":
            return None
    return None


def usual_width(records: Sequence[Record]) -> int:
    """Return the number of cells that most rows have, rows of one cell counting only when there is nothing else."""
    widths = Counter(len(record.cells) for record in records if record.filled)
    wide = {width: count * (1.0 if width > 1 else 0.2) for width, count in widths.items()}
    return max(wide, key=lambda width: (wide[width], width), default=0)


def find_dialect(lines: Sequence[tuple[str, str]]) -> Dialect:
    """Return the way of writing under which the whole text makes the most regular table of the best-typed cells."""
    sample = _sample(lines)
    text = "\n".join(line for line, _ in sample)
    candidates = [
        Dialect(delimiter=delimiter, quote=quote, escape=escape)
        for delimiter in _delimiters(text)
        for quote in _quotes(text, delimiter)
        for escape in (["", "\\", "\0"] if quote else [""])
        if not escape or escape + quote in text
    ]
    scored = [(score(records_of(sample, dialect), dialect), dialect) for dialect in candidates]
    best = max((s for s, _ in scored), default=0.0)
    return next((dialect for s, dialect in scored if s == best and s > 0.05), Dialect(quote='"' if '"' in text else ""))


def _delimiters(text: str) -> list[str]:
    """Return the delimiters worth trying: those that stand in the text, and not only as a part of a longer one."""
    counts = {delimiter: count for delimiter in DELIMITERS if (count := text.count(delimiter))}
    return [
        one for one in counts if not any(one in other != one and counts[one] == n * other.count(one) for other, n in counts.items())
    ]


def _quotes(text: str, delimiter: str) -> list[str]:
    """Return the quotes worth trying: those that stand at a cell's edge somewhere, and none."""
    d = re.escape(delimiter)
    found = [quote for quote in ('"', "'") if re.search(rf"(?:^|{d}){quote}|{quote}(?:{d}|$)", text, re.MULTILINE)]
    return found if '"' in found else [*found, '"']


def _sample(lines: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    """Return all lines, or for a long file blocks of lines spread evenly over it."""
    if len(lines) <= _SAMPLE_LINES:
        return lines
    size = _SAMPLE_LINES // _BLOCKS
    starts = [round(block * (len(lines) - size) / (_BLOCKS - 1)) for block in range(_BLOCKS)]
    return [line for start in starts for line in lines[start : start + size]]


def score(records: Sequence[Record], dialect: Dialect) -> float:
    """Return how much like one table the records are, 0..1: same number of cells, and columns of one kind each."""
    rows = [record for record in records if record.filled]
    width = usual_width(rows)
    if not rows or not width:
        return 0.0
    regular = [record for record in rows if len(record.cells) == width]
    share = sum(0.3 if record.odd else 1.0 for record in regular) / len(rows)
    columns = [_likeness([record.cells[column] for record in regular], dialect) for column in range(min(width, 400))]
    spread = (width - 1) / width if width > 1 else 0.1
    likeness = sum(columns) / len(columns)
    return share * likeness * (0.5 + 0.5 * spread) * math.pow(spread, 0.25) * _PRIOR.get(dialect.delimiter, 1.0)


def _likeness(cells: list[str], dialect: Dialect) -> float:
    """Return how much a column's cells are of one kind, 0..1; text counts less than a type, and left-over quotes count against."""
    filled = [cell for cell in cells if cell.strip()]
    if not filled:
        return 0.5
    kinds = Counter(kind(cell) for cell in filled)
    values = sum(count for name, count in kinds.items() if name != "missing")
    typed = max((count for name, count in kinds.items() if name in TYPED), default=0) / max(1, values)
    likeness = 0.6 + 0.4 * typed if typed > 0.8 else 0.6 - 0.2 * min(typed, 1 - typed)
    clumsy = sum(
        (0.6 if cell[0] in "\"'" or cell[-1] in '"' else 0.0)
        + (0.25 if cell[0] == " " else 0.05 if cell[-1] == " " else 0.0)
        + (0.5 if "\0" in cell else 0.0)
        for cell in filled
    )
    return likeness * max(0.0, 1 - clumsy / len(filled))
