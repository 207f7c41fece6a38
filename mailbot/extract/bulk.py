"""In charge of large delimited files: the main table loaded with Arrow, column by column and block by block, in bounded memory.

Only what is written plainly is read here (one delimiter of one character, quotes doubled, one table): rows of another width are
aligned to the others as `core.table_repair` does. Whatever is less plain raises NotPlain and is read the careful way.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from mailbot.core.legacy_encoding import likely_encoding
from mailbot.core.table_dialect import Dialect, find_dialect, lines_of, records_of, usual_width
from mailbot.core.table_layout import lay_out, names_of
from mailbot.core.table_lines import redrawn
from mailbot.core.table_repair import Effort, repair
from mailbot.core.table_types import profiles

if TYPE_CHECKING:
    import pyarrow as pa

LEAST = 8 << 20
"""Bytes from which a file is read this way."""

_BLOCK = 4 << 20
_HEAD_LINES = 1000
_HEAD_BYTES = 1 << 20
_SAMPLES = 14
_SAMPLE_LINES = 140
_MOST_BROKEN = 5000
_LONGEST_CELL = 100_000


class NotPlain(Exception):
    """The file is not written so plainly that this way reads it rightly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkTable:
    """The main table: its column names, one Arrow column of strings for each, and the lines (from 1) of rows that were aligned."""

    names: tuple[str, ...]
    columns: tuple[pa.ChunkedArray, ...]
    repaired: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """How many rows it has."""
        return len(self.columns[0]) if self.columns else 0


def load(content: bytes) -> BulkTable:
    """Return the main table, cells as they stand. Raises NotPlain."""
    encoding = _encoding(content)
    head = _head(content, encoding)
    if redrawn(head) is not head:
        raise NotPlain("drawn for the eye")
    dialect = find_dialect([*head, *_samples(content, encoding)])
    if len(dialect.delimiter) != 1 or dialect.escape or not dialect.delimiter.isascii():
        raise NotPlain("its dialect")
    records = records_of(head, dialect, usual_width(records_of(head, dialect)))[:-1]
    parts = lay_out([record.cells for record in records])
    if len(parts) != 1 or len(parts[0].body) < len(records) // 2:
        raise NotPlain("several tables, or none")
    part = parts[0]
    rows = [records[index] for index in part.body]
    width = usual_width(rows)
    names = names_of([record.cells for record in records], part.headers, width)
    if len(names) != width or any(len(records[index].cells) != width for index in part.headers):
        raise NotPlain("a header of another width")
    first = rows[0].line
    skipped = sum(len((text + end).encode(encoding)) for text, end in head[: first - 1])
    start = skipped + _mark(content)
    table, broken = _read(content, start, encoding, dialect, width)
    table, repaired = _mended(table, broken, dialect, [r.cells for r in rows if len(r.cells) == width], width, first)
    return BulkTable(names=names, columns=tuple(table.columns), repaired=repaired)


def _mark(content: bytes) -> int:
    """Return the length of a UTF-8 byte order mark, when there is one."""
    return 3 if content.startswith(b"\xef\xbb\xbf") else 0


def _encoding(content: bytes) -> str:
    """Return the encoding of a large text that is ASCII or extends it. Raises NotPlain."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:_HEAD_BYTES]:
        raise NotPlain("its encoding")
    if content.isascii() or _is_utf8(content):
        return "utf8"
    lines = (line for line in content[: 8 * _BLOCK].split(b"\n") if not line.isascii())
    found = likely_encoding(b"\n".join(islice(lines, 1000)))
    if not found.startswith(("cp125", "iso", "mac")):
        raise NotPlain("its encoding")
    return found


def _is_utf8(content: bytes) -> bool:
    """Return whether the bytes are UTF-8, without a copy of them as text."""
    import pyarrow as pa

    ends = pa.py_buffer(bytes(8) + len(content).to_bytes(8, "little"))
    try:
        pa.Array.from_buffers(pa.large_binary(), 1, [None, ends, pa.py_buffer(content)]).cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True


def _head(content: bytes, encoding: str) -> list[tuple[str, str]]:
    """Return the first lines. Raises NotPlain."""
    start = _mark(content)
    piece = content[start : start + _HEAD_BYTES]
    piece = piece[: piece.rfind(b"\n") + 1]
    if not piece:
        raise NotPlain("its lines")
    return lines_of(piece.decode(encoding))[:_HEAD_LINES]


def _samples(content: bytes, encoding: str) -> list[tuple[str, str]]:
    """Return lines from places spread evenly over the file."""
    lines: list[tuple[str, str]] = []
    for number in range(1, _SAMPLES + 1):
        at = content.find(b"\n", len(content) * number // (_SAMPLES + 1)) + 1
        piece = content[at : at + _HEAD_BYTES // 8]
        lines += lines_of(piece[: piece.rfind(b"\n") + 1].decode(encoding, "replace"))[:_SAMPLE_LINES]
    return lines


def _read(content: bytes, start: int, encoding: str, dialect: Dialect, width: int) -> tuple[pa.Table, list[tuple[int, str]]]:
    """Return the rows of the usual width as strings, and the others as text with their place among all. Raises NotPlain."""
    import pyarrow as pa
    from pyarrow import csv

    broken: list[tuple[int, str]] = []

    def note(row: Any) -> str:
        broken.append((row.number, row.text))
        return "skip" if len(broken) <= _MOST_BROKEN else "error"

    quoted = bool(dialect.quote) and dialect.quote.encode() in content
    columns = [f"f{number}" for number in range(width)]
    try:
        table = csv.read_csv(
            pa.BufferReader(pa.py_buffer(content).slice(start)),
            csv.ReadOptions(column_names=columns, block_size=_BLOCK, use_threads=False, encoding=encoding),
            csv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote if quoted else False,
                newlines_in_values=quoted,
                invalid_row_handler=note,
            ),
            csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()), null_values=[], strings_can_be_null=False, check_utf8=True
            ),
        )
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise NotPlain(str(error)[:200]) from error
    return table, broken


def _mended(
    table: pa.Table, broken: list[tuple[int, str]], dialect: Dialect, whole: list[tuple[str, ...]], width: int, first: int
) -> tuple[pa.Table, tuple[int, ...]]:
    """Return the table with the broken rows aligned and put back in their places, and the lines of those. Raises NotPlain."""
    import pyarrow as pa
    import pyarrow.compute as pc

    longest = max((pc.max(pc.utf8_length(column)).as_py() or 0 for column in table.columns), default=0)
    if longest > _LONGEST_CELL:
        raise NotPlain("a quote that is never closed")
    if not broken:
        return table, ()
    columns, effort = profiles(whole, width), Effort()
    usual = min(sum(column.fit(cell) for column, cell in zip(columns, row, strict=True)) for row in whole[:200])
    pieces, done, lines = [], 0, []
    for place, (number, text) in enumerate(broken):
        record = records_of([(text, "")], dialect, width)[0]
        cells = repair(record, dialect, columns, width, effort, usual=usual) or (*record.cells, *[""] * (width - len(record.cells)))
        if any(cell.strip() for cell in cells[width:]):
            raise NotPlain("a row of more cells")
        if number == table.num_rows + len(broken) and sum(1 for cell in record.cells if cell.strip()) == 1 and width > 2:
            continue  # a note of one cell at the very end
        before = number - 1 - place
        pieces.append(table.slice(done, before - done))
        pieces.append(pa.table([pa.array([cell]) for cell in cells[:width]], schema=table.schema))
        done = before
        lines.append(first + number - 1)
    return pa.concat_tables([*pieces, table.slice(done)]), tuple(lines)
