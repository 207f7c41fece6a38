"""In charge of writing a large table from its Arrow columns: RFC 4180 CSV block by block, or Parquet with types."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailbot.core.tables import Column, defused
from mailbot.extract.table_files import distinct, metadata

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 100_000


def to_csv(names: Sequence[str], columns: Sequence[pa.ChunkedArray | pa.DictionaryArray], *, safe: bool) -> bytes:
    """Return the table as CSV with the names first; `safe` defuses text that a spreadsheet program would take for a formula."""
    import pyarrow as pa
    import pyarrow.compute as pc

    out = io.BytesIO()
    heads = [_quoted(pa.array([defused(name) if safe else name])) for name in names]
    out.write(_line(heads)[0].as_py().encode() + b"\r\n")
    # What is coded is quoted once for each distinct value, what is not once for each row.
    coded = {place: _written(one.dictionary, safe=safe) for place, one in enumerate(columns) if isinstance(one, pa.DictionaryArray)}
    size = len(columns[0]) if columns else 0
    for start in range(0, size, _ROWS):
        lines = _line(
            [
                coded[place].take(one.slice(start, _ROWS).indices)
                if place in coded
                else _written(one.slice(start, _ROWS).combine_chunks(), safe=safe)
                for place, one in enumerate(columns)
            ]
        )
        whole = pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), pc.binary_join_element_wise(lines, "", "\r\n"))
        out.write(pc.binary_join(whole, "")[0].as_buffer())
    return out.getvalue()


def to_parquet(columns: Sequence[Column], cells: Sequence[pa.DictionaryArray]) -> bytes:
    """Return a cleaned table as Parquet, typed as `table_files.to_parquet` does."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = [_typed(column, one.dictionary).take(one.indices) for column, one in zip(columns, cells, strict=True)]
    names = distinct([column.name for column in columns])
    fields = [pa.field(name, a.type, metadata=metadata(column)) for name, a, column in zip(names, arrays, columns, strict=True)]
    out = io.BytesIO()
    pq.write_table(pa.table(arrays, schema=pa.schema(fields)), out)
    return out.getvalue()


def _typed(column: Column, cells: pa.Array) -> pa.Array:
    """Return a column's cells as values of its type; as text when one does not fit."""
    import pyarrow as pa
    import pyarrow.compute as pc

    filled = pc.if_else(pc.equal(cells, ""), None, cells)
    try:
        match column.type:
            case "integer":
                return pc.cast(filled, pa.int64())
            case "decimal" | "money" | "percent":
                scale = pc.max(pc.utf8_length(pc.replace_substring_regex(filled, r"^[^.]*\.?", ""))).as_py() or 0
                return pc.cast(filled, pa.decimal128(38, scale))
            case "date":
                return pc.cast(filled, pa.date32() if pc.max(pc.utf8_length(filled)).as_py() == 10 else pa.timestamp("s"))
            case "boolean":
                return pc.if_else(pc.is_null(filled), None, pc.equal(filled, "true"))
            case _:
                return filled
    except pa.ArrowException:
        return filled


def _line(cells: Sequence[pa.Array]) -> pa.Array:
    """Return rows as text."""
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(*cells, ",") if len(cells) > 1 else cells[0]


def _written(cells: pa.Array, *, safe: bool) -> pa.Array:
    """Return cells as they are written."""
    return _quoted(_defused(cells) if safe else cells)


def _quoted(cells: pa.Array) -> pa.Array:
    """Return cells as written; an only cell that is empty needs no quotes, since every line is one row."""
    import pyarrow.compute as pc

    needs = pc.match_substring_regex(cells, r'[",\r\n]')
    if not pc.any(needs).as_py():
        return cells
    inner = pc.replace_substring(cells, '"', '""')
    return pc.if_else(needs, pc.binary_join_element_wise('"', inner, '"', ""), cells)


def _defused(cells: pa.Array) -> pa.Array:
    """Return cells that no spreadsheet program takes for a formula (see `core.tables.defused`)."""
    import pyarrow.compute as pc

    formula = pc.and_(
        pc.match_substring_regex(cells, r"^[=+\-@\t\r]"), pc.invert(pc.match_substring_regex(cells, r"^[-+]?[0-9]+(\.[0-9]+)?$"))
    )
    return pc.if_else(formula, pc.binary_join_element_wise("'", cells, ""), cells) if pc.any(formula).as_py() else cells
