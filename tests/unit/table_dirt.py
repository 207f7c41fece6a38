"""Every way in which a delimited file gets dirty, by kind, made from a clean table: the dirty text and the tables that were meant.

The kinds follow Vitagliano et al., "Pollock: A Data Loading Benchmark" (VLDB 2023); texts and tables are our own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.unit.table_pollution import Grid
from tests.unit.table_shapes import Shape

_INVENTED = re.compile(r"col_\d+|column\d+|Unnamed: \d+")
"""Names that mailbot, DuckDB and pandas give to columns without one."""


@dataclass(frozen=True, kw_only=True)
class Dirty:
    """One dirty file: its kind, what exactly was done, its text, and the main table meant."""

    kind: str
    what: str
    text: str
    meant: Grid


@dataclass(frozen=True, kw_only=True)
class Score:
    """How near a loaded table is to the one meant: mean F1 of header, rows and cells, and whether it is the same."""

    f1: float
    exact: bool


class Pen:
    """Writes rows of a shape in one dialect."""

    def __init__(self, shape: Shape, *, delimiter: str = "", quote: str = '"', escape: str = "", end: str = "\r\n") -> None:
        self.shape = shape
        self.delimiter = delimiter or shape.delimiter
        self.quote = quote
        self.escape = escape or quote
        self.end = end

    def cell(self, text: str, column: int) -> str:
        """Return a cell as written: quoted where the shape always does and where it must be."""
        if column in self.shape.quoted or any(sign in text for sign in (self.delimiter, self.quote, "\n", "\r")):
            return self.quote + text.replace(self.quote, self.escape + self.quote) + self.quote
        return text

    def cells(self, row: Sequence[str]) -> list[str]:
        """Return a row's cells as written."""
        return [self.cell(text, column) for column, text in enumerate(row)]

    def line(self, row: Sequence[str]) -> str:
        """Return a row as written, without its end."""
        return self.delimiter.join(self.cells(row))

    def write(self, grid: Grid) -> str:
        """Return a table as written."""
        return "".join(self.line(row) + self.end for row in grid)

    def with_line(self, number: int, line: str) -> str:
        """Return the shape's table with one row (0 is the header) written otherwise."""
        return "".join((line if n == number else self.line(row)) + self.end for n, row in enumerate(self.shape.grid))


def _delimiters(shape: Shape, step: int) -> Iterator[Dirty]:
    for delimiter in (",", ";", "\t", "|", " ", ", ", "; ", "||", "^", "~"):
        yield Dirty(
            kind="delimiter", what=repr(delimiter), text=Pen(shape, delimiter=delimiter).write(shape.grid), meant=shape.grid
        )


def _quotes(shape: Shape, step: int) -> Iterator[Dirty]:
    everything = Shape(name=shape.name, grid=shape.grid, delimiter=shape.delimiter, quoted=tuple(range(len(shape.grid[0]))))
    nothing = Shape(name=shape.name, grid=shape.grid, delimiter=shape.delimiter)
    for quote in ('"', "'"):
        for what, one in (("all", everything), ("as usual", shape), ("where needed", nothing)):
            yield Dirty(kind="quote", what=f"{quote} {what}", text=Pen(one, quote=quote).write(shape.grid), meant=shape.grid)


def _escapes(shape: Shape, step: int) -> Iterator[Dirty]:
    said = [list(row) for row in shape.grid]
    column = _wordiest(shape)
    for row in said[1::3]:
        row[column] = f'the "{row[column]}" kind'
    for quote in ('"', "'"):
        for escape in ("", "\\", "\0"):
            what = f"{quote} escaped by {escape or quote!r}"
            yield Dirty(kind="escape", what=what, text=Pen(shape, quote=quote, escape=escape).write(said), meant=said)


def _ends(shape: Shape, step: int) -> Iterator[Dirty]:
    for end in ("\n", "\r", "\r\n"):
        yield Dirty(kind="record separator", what=repr(end), text=Pen(shape, end=end).write(shape.grid), meant=shape.grid)
    pen = Pen(shape, end="")
    mixed = "".join(pen.line(row) + ("\n", "\r\n", "\r")[n % 3] for n, row in enumerate(shape.grid))
    yield Dirty(kind="record separator", what="mixed", text=mixed, meant=shape.grid)
    yield Dirty(kind="record separator", what="none at the end", text=Pen(shape).write(shape.grid).rstrip("\r\n"), meant=shape.grid)
    yield Dirty(kind="record separator", what="doubled", text=Pen(shape, end="\n\n").write(shape.grid), meant=shape.grid)


def _headers(shape: Shape, step: int) -> Iterator[Dirty]:
    pen, (header, *rows) = Pen(shape), shape.grid
    none = [[f"col_{n}" for n in range(1, len(header) + 1)], *rows]
    yield Dirty(kind="header rows", what="none", text=pen.write(rows), meant=none)
    below = ["", *("in full" if n % 2 else "in short" for n in range(1, len(header)))]
    two = [[f"{a} {b}".strip() for a, b in zip(header, below, strict=True)], *rows]
    yield Dirty(kind="header rows", what="two", text=pen.write([header, below, *rows]), meant=two)
    groups = [["Key", *[""] * (len(header) - 2), "Rest"], header]
    names = [f"{'Key' if n < len(header) - 1 else 'Rest'} {name}" for n, name in enumerate(header)]
    yield Dirty(kind="header rows", what="groups above", text=pen.write([*groups, *rows]), meant=[names, *rows])
    for column in range(0, len(header), step):
        unnamed = [("" if n == column else name) for n, name in enumerate(header)]
        meant = [(name or f"col_{column + 1}") for name in unnamed]
        yield Dirty(kind="header rows", what=f"no name {column}", text=pen.write([unnamed, *rows]), meant=[meant, *rows])


def _preambles(shape: Shape, step: int) -> Iterator[Dirty]:
    pen = Pen(shape)
    body, gap = pen.write(shape.grid), pen.delimiter * (len(shape.grid[0]) - 1) + "\r\n"
    texts = {
        "title": "List of May\r\n",
        "title and gap": "List of May\r\n\r\n",
        "padded title": "List of May" + gap,
        "padded title and gap": "LIST" + gap + gap,
        "three lines": "Sample & Sons Ltd\r\nPrinted: 3 May 2026\r\nPage 1 of 1\r\n\r\n",
        "key and value": f"Customer:{pen.delimiter}4711\r\nDate:{pen.delimiter}2026-05-03\r\n\r\n",
        "sep line": f"sep={pen.delimiter}\r\n",
        "comment": "# made by export 3.1\r\n",
    }
    for what, text in texts.items():
        if what != "sep line" or len(pen.delimiter) == 1:
            yield Dirty(kind="preamble", what=what, text=text + body, meant=shape.grid)
    notes = {"note": "\r\nNote: without tax\r\n", "mark": "* without tax\r\n", "padded note": gap + "Source: own list" + gap}
    for what, text in notes.items():
        yield Dirty(kind="footnote", what=what, text=body + text, meant=shape.grid)


def _several(shape: Shape, step: int) -> Iterator[Dirty]:
    pen = Pen(shape)
    other = [["Code", "Weight", "Depth"], *([f"K{n * 7 + 100}", f"{n}.{n * 3 % 10}", str(n * 11)] for n in range(1, 8))]
    for what, gap in (("gap", "\r\n"), ("title", "\r\nFurther list\r\n"), ("no gap", "")):
        yield Dirty(
            kind="several tables",
            what=f"another after a {what}",
            text=pen.write(shape.grid) + gap + pen.write(other),
            meant=shape.grid,
        )
        yield Dirty(
            kind="several tables",
            what=f"the same after a {what}",
            text=pen.write(shape.grid) + gap + pen.write(shape.grid),
            meant=shape.grid,
        )


def _rows(shape: Shape, step: int) -> Iterator[tuple[int, list[str]]]:
    """Yield every `step`-th row with its number, the header and the last one among them."""
    for number in sorted({*range(0, len(shape.grid), step), 1, len(shape.grid) - 1}):
        yield number, shape.grid[number]


def _extra(shape: Shape, step: int) -> Iterator[Dirty]:
    pen = Pen(shape)
    for number, row in _rows(shape, step):
        for column in range(len(row)):
            cells = pen.cells(row)
            text = pen.with_line(number, pen.delimiter.join([*cells[:column], "", *cells[column:]]))
            yield Dirty(kind="extra delimiter", what=f"row {number} column {column}", text=text, meant=shape.grid)


def _missing(shape: Shape, step: int) -> Iterator[Dirty]:
    pen = Pen(shape)
    for number, row in _rows(shape, step):
        for column in range(1, len(row)):
            cells = pen.cells(row)
            text = pen.with_line(
                number, pen.delimiter.join([*cells[: column - 1], cells[column - 1] + cells[column], *cells[column + 1 :]])
            )
            yield Dirty(kind="missing delimiter", what=f"row {number} column {column}", text=text, meant=shape.grid)


def _stray(shape: Shape, step: int) -> Iterator[Dirty]:
    pen = Pen(shape)
    for number, row in _rows(shape, step):
        for column in range(len(row)):
            cells = pen.cells(row)
            meant = [list(one) for one in shape.grid]
            meant[number][column] = '"' + row[column]
            text = pen.with_line(number, pen.delimiter.join([*cells[:column], '"' + cells[column], *cells[column + 1 :]]))
            yield Dirty(kind="stray quote", what=f"row {number} column {column}", text=text, meant=meant)


def _otherwise(shape: Shape, step: int) -> Iterator[Dirty]:
    pen = Pen(shape)
    for number, row in _rows(shape, step):
        for delimiter in (",", ";", "\t", "|", " "):
            if delimiter != pen.delimiter:
                text = pen.with_line(number, Pen(shape, delimiter=delimiter).line(row))
                yield Dirty(kind="row delimited otherwise", what=f"row {number} by {delimiter!r}", text=text, meant=shape.grid)


def _bare(shape: Shape, step: int) -> Iterator[Dirty]:
    """A quote or a delimiter inside the wordiest cell, written bare."""
    pen, column = Pen(shape), _wordiest(shape)
    for number, row in _rows(shape, step):
        if not number:
            continue
        for what, mark in (("quote", '"'), ("delimiter", pen.delimiter)):
            head, _, tail = row[column].partition(" ")
            said = f"{head} 4{mark} {tail}".strip() if what == "quote" else f"{head}{mark}{' ' if mark != ' ' else ''}{tail or 'x'}"
            cells = pen.cells(row)
            cells[column] = f'"{said}"' if column in shape.quoted and what == "quote" else said
            meant = [list(one) for one in shape.grid]
            meant[number][column] = said
            text = pen.with_line(number, pen.delimiter.join(cells))
            yield Dirty(kind=f"bare {what}", what=f"row {number}", text=text, meant=meant)


def _wordiest(shape: Shape) -> int:
    """Return the column with the longest cells of words."""

    def words(column: int) -> int:
        return sum(row[column].count(" ") for row in shape.grid[1:] if not any(sign.isdigit() for sign in row[column][:4]))

    return max(range(len(shape.grid[0])), key=words)


KINDS: tuple[Callable[[Shape, int], Iterator[Dirty]], ...] = (
    _delimiters, _quotes, _escapes, _ends, _headers, _preambles, _several, _extra, _missing, _stray, _otherwise, _bare,
)  # fmt: skip


def dirty(shape: Shape, *, step: int = 1) -> Iterator[Dirty]:
    """Yield every dirty file made from a clean table; those with one bad row for every `step`-th row."""
    for kind in KINDS:
        yield from kind(shape, step)


def score(meant: Grid, loaded: Grid) -> Score:
    """Return how near a loaded table is to the one meant; trailing empty cells, empty rows and invented names do not count."""
    want, got = (_bare_rows(grid) for grid in (meant, loaded))
    header, rows = _f1(want[:1], got[:1]), _f1(want[1:], got[1:])
    cells = _f1([cell for row in want for cell in row], [cell for row in got for cell in row])
    return Score(f1=(header + rows + cells) / 3, exact=want == got)


def _bare_rows(grid: Grid) -> list[tuple[str, ...]]:
    rows = []
    for number, row in enumerate(grid):
        cells = ["" if not number and _INVENTED.fullmatch(cell) else cell.strip() for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells or not rows:
            rows.append(tuple(cells))
    return rows


def _f1(want: Sequence[object], got: Sequence[object]) -> float:
    one, other = Counter(want), Counter(got)
    both = sum((one & other).values())
    return 1.0 if not one and not other else 2 * both / max(1, one.total() + other.total())
