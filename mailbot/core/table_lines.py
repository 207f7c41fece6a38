"""In charge of texts in which a table is drawn for the eye: rows quoted whole, ruled by bars and dashes, or aligned by spaces.

Such lines are written anew with a delimiter between their cells, one for each that was there; all others stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailbot.core.table_dialect import find_dialect, records_of

Line = tuple[str, str]
"""A line and its ending."""

_WHOLE = re.compile(r'\s*"(?:[^"]|"")*"\s*')
_RULE = re.compile(r"(?=.*(?:--|==))[-=+|: ]{3,}")
_PARTED = re.compile(r"\S {2,}\S")
_PHRASE = re.compile(r"\S+(?: \S+)*")
_LEAST_ROWS = 3
_LEAST_GAP = 2
_MOST_TOTALS = 2  # rows at the end whose label may stand across a gap
_SAMPLE = 3000


def redrawn(lines: Sequence[Line]) -> Sequence[Line]:
    """Return the lines with their cells delimited, where they are drawn otherwise."""
    return _unwrapped(lines) or _unruled(lines) or _unaligned(lines) or lines


def _unwrapped(lines: Sequence[Line]) -> list[Line] | None:
    """Return the lines without the quotes around each of them, when rows and not cells were quoted: "a,""b"",c"."""
    if not all(_WHOLE.fullmatch(line) for line, _ in lines if line.strip()):
        return None
    bare = [(line.strip()[1:-1].replace('""', '"'), end) for line, end in lines]
    dialect = find_dialect(bare)
    widths = {len(record.cells) for record in records_of(bare, dialect) if record.filled}
    # One column of text may well hold commas; a row quoted whole has them without spaces.
    return bare if len(widths) == 1 and max(widths) > 2 and not dialect.delimiter.endswith(" ") else None


def _unruled(lines: Sequence[Line]) -> list[Line] | None:
    """Return the rows of a table drawn with bars and a rule of dashes (Markdown, database clients) as cells between bars."""
    if not any("|" in line and _RULE.fullmatch(line) for line, _ in lines) and not (
        any(_RULE.fullmatch(line) and "+" in line for line, _ in lines) and any("|" in line for line, _ in lines)
    ):
        return None
    return [(_between_bars(line), end) for line, end in lines]


def _between_bars(line: str) -> str:
    if _RULE.fullmatch(line):
        return ""
    if "|" not in line:
        return line
    body = line.strip()
    body = body.removeprefix("|").removesuffix("|") if body.startswith("|") else body
    return "|".join(cell.strip() for cell in body.split("|"))


def _unaligned(lines: Sequence[Line]) -> list[Line] | None:
    """Return the rows of a table whose columns are told by blanks that run down all of it (a printer's list)."""
    written = [line for line, _ in lines[:_SAMPLE] if line.strip() and not _RULE.fullmatch(line)]
    rows = [line for line in written if _PARTED.search(line)]
    if len(rows) < max(_LEAST_ROWS, 0.7 * len(written)) or any("\t" in line for line in rows):
        return None
    if any(all(sign in line for line in rows) for sign in ",;|"):
        return None
    inked = [False] * max(map(len, rows))
    for line in rows[:-_MOST_TOTALS] if len(rows) > _LEAST_ROWS + _MOST_TOTALS else rows:
        for place, sign in enumerate(line):
            inked[place] = inked[place] or sign != " "
    columns = _columns(inked)
    if len(columns) < 2:
        return None
    return [(_cut(line, columns), end) for line, end in lines]


def _columns(inked: Sequence[bool]) -> list[tuple[int, int]]:
    """Return where each column begins and the next one does: parted by at least two blanks."""
    starts: list[int] = []
    gap = _LEAST_GAP
    for place, ink in enumerate(inked):
        if ink and gap >= _LEAST_GAP:
            starts.append(place)
        gap = 0 if ink else gap + 1
    return list(zip(starts, [*starts[1:], 1 << 30], strict=True))


def _cut(line: str, columns: Sequence[tuple[int, int]]) -> str:
    """Return a row as cells, each of its phrases in the column where it ends; a title or note stays one."""
    if _RULE.fullmatch(line):
        return ""
    across = any(line[start - _LEAST_GAP : start].strip() for start, _ in columns[1:])
    if across and not _PARTED.search(line):
        return line
    if not across:
        return "\x1f".join(line[start:end].strip() for start, end in columns)
    cells = [""] * len(columns)
    for phrase in _PHRASE.finditer(line):
        place = next(n for n, (_, end) in enumerate(columns) if phrase.end() <= end)
        cells[place] = f"{cells[place]} {phrase[0]}".strip()
    return "\x1f".join(cells)
