"""The body of a table among the lines of a page: which lines begin its rows, which are wrapped text, and where it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from mailbot.core.item_words import roles_of
from mailbot.core.labels import may_begin_cell
from mailbot.core.lines import Line, Piece
from mailbot.core.page_columns import LEVEL, Gutters, Span, aligned, first_gutters, is_figure, split_row
from mailbot.core.page_evidence import Cells, value_columns
from mailbot.core.page_headers import may_head
from mailbot.core.page_rows import WRAPPED, continues, text_column
from mailbot.core.paper import starts_cell
from mailbot.core.words import line_text

APART = 3.2
"""Heights of a line between two rows of one table at most."""

MOST_HEADINGS = 2
"""Lines of text alone between a header and the first row at most."""

MOST_WRAPPED = 12
"""Lines of text alone between two rows at most."""

FIRST_LINES = 12
"""Lines that are looked at for the row to begin with."""

MOST_COLUMNS = 40
"""Cells of a row at most; more are a drawing made of letters."""

SUMS = frozenset({"subtotal", "tax", "total", "payable", "paid", "withheld"})
"""Labels of what stands below the rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The lines of a table's body: `core` ones begin rows, `last` is the place after its last line.

    `bands` are its columns, `rows` the words of the core lines in each. `open` says that no line of sums closes it.
    """

    bands: tuple[Span, ...]
    core: tuple[int, ...]
    rows: tuple[Cells, ...]
    last: int
    open: bool


def find_body(lines: Sequence[Line], start: int, height: float) -> Body | None:
    """Return the body that begins at a line: rows with values that share their gutters, and lines of text between them."""
    seed = _seed(lines, start)
    if seed is None:
        return None
    growing = _Growing(lines=lines, seed=seed, height=height, gutters=first_gutters(lines[seed]))
    for at in range(start, len(lines)):
        if (at > start and not near(lines[at - 1], lines[at], APART)) or not growing.takes(at):
            break
    if not growing.core:
        return None
    bands = tuple(growing.gutters.bands())
    rows = tuple(split_row(lines[place].words, bands) for place in growing.core)
    last = _with_tail(lines, growing.core, bands, text_column(rows))
    return Body(bands=bands, core=tuple(growing.core), rows=rows, last=last + 1, open=growing.open)


@dataclass(slots=True, kw_only=True)
class _Growing:
    """A body while it grows: `text` counts the lines of text since the last row, `astray` those in a row that fill a gutter."""

    lines: Sequence[Line]
    seed: int
    height: float
    gutters: Gutters
    core: list[int] = field(default_factory=list)
    open: bool = True
    text: int = 0
    astray: int = 0

    def takes(self, at: int) -> bool:
        """Take the next line as a row or as text; return False where the body ends before it."""
        pieces = self.lines[at].pieces
        figures = any(is_figure(piece.text) for piece in pieces)
        if (len(pieces) > 1 and figures) or (self.core and _is_wordy_row(self.lines, at, self.core, self.gutters, self.height)):
            return self._takes_row(at, pieces)
        return self._takes_text(at, pieces)

    def _takes_text(self, at: int, pieces: Sequence[Piece]) -> bool:
        self.text += 1
        if not self.core:
            return len(pieces) < 2 and self.text <= MOST_HEADINGS
        astray = len(pieces) < 2 and self.gutters.with_row(self.lines[at], self.height) is None
        self.astray = self.astray + 1 if astray else 0
        return self.astray < 2 and self.text <= MOST_WRAPPED and not (len(pieces) > 2 and may_head(pieces))

    def _takes_row(self, at: int, pieces: Sequence[Piece]) -> bool:
        line = self.lines[at]
        is_sum = states_sum(line)
        if self.core and len(pieces) < 3 and pieces[0].x0 > _text_edge(self.lines, self.core, self.gutters, self.height):
            self.open = self.open and not is_sum
            return False
        wider = self.gutters.with_row(line, self.height) if at != self.seed else self.gutters
        if is_sum and not (wider and self.core and _in_line(line, self.lines, self.core, wider, self.height)):
            self.open = False
            return False
        if wider is None:
            return False
        self.gutters, self.text, self.astray = wider, 0, 0
        self.core.append(at)
        return True


def _seed(lines: Sequence[Line], start: int) -> int | None:
    """Return the row that shows the gutters best: of the first ones, that with most cells standing apart."""
    best, most = None, 1
    for at in range(start, min(len(lines), start + FIRST_LINES)):
        pieces = lines[at].pieces
        if (at > start and not near(lines[at - 1], lines[at], APART)) or (
            best is not None and len(pieces) > 1 and may_head(pieces)
        ):
            break
        if most < len(pieces) <= MOST_COLUMNS and any(is_figure(piece.text) for piece in pieces) and not states_sum(lines[at]):
            best, most = at, len(pieces)
    return best


def _heads_items(pieces: Sequence[Piece]) -> bool:
    """Return whether the cells of a line head the columns of items, whatever stands above them."""
    return len(pieces) > 2 and len(set(roles_of([piece.text for piece in pieces])) - {None}) > 2


def _is_wordy_row(lines: Sequence[Line], at: int, core: Sequence[int], gutters: Gutters, height: float) -> bool:
    """Return whether a line without figures is a row of its own: it begins where rows do, fills most columns, and is no nearer."""
    line = lines[at]
    pieces = line.pieces
    if (
        len(pieces) < 2
        or len(gutters.spans) < 4
        or _heads_items(pieces)
        or states_sum(line)
        or gutters.with_row(line, height) is None
    ):
        return False
    if not row_apart(lines, at, core, height):
        return False
    return fills(line, gutters.bands())


def fills(line: Line, bands: Sequence[Span]) -> bool:
    """Return whether a line has a cell in the first column and in half of all."""
    cells = split_row(line.words, bands)
    return bool(cells[0]) and sum(map(bool, cells)) >= max(2, len(cells) / 2)


def row_apart(lines: Sequence[Line], at: int, core: Sequence[int], height: float) -> bool:
    """Return whether a line stands as far from the one above it as rows do."""
    gaps = sorted(lines[b].top - lines[a].bottom for a, b in pairwise(core) if b == a + 1)
    gap = lines[at].top - lines[at - 1].bottom
    usual = gaps[len(gaps) // 2] if gaps else gap
    return usual - 0.3 * height <= gap <= usual + 0.5 * height


def _text_edge(lines: Sequence[Line], core: Sequence[int], gutters: Gutters, height: float) -> float:
    """Return how far right a row may begin: where text that stands on the left does, or where text ends that is centred."""
    bands = gutters.bands()
    rows = [split_row(lines[place].words, bands) for place in core[:FIRST_LINES]]
    main = text_column(rows)
    lefts = [row[main][0].box[0] for row in rows if row[main]] or [bands[main][0]]
    return bands[main][0] + 2 * height if max(lefts) - min(lefts) < 2 * height else bands[main][1]


def _with_tail(lines: Sequence[Line], core: Sequence[int], bands: Sequence[Span], main: int) -> int:
    """Return the place of the last line with the wrapped parts of the last row, which stand in the column `main`."""
    last = core[-1]
    limit = bands[main + 1][0] if main + 1 < len(bands) else bands[main][1]
    inner = [lines[at].top - lines[at - 1].bottom for at in range(core[0] + 1, core[-1] + 1)]
    apart = max(inner) + 0.1 * lines[last].height if inner else WRAPPED * lines[last].height
    apart = min(apart, WRAPPED * lines[last].height)
    while last + 1 < len(lines):
        line = lines[last + 1]
        if line.top - lines[last].bottom > apart or not continues(line, bands[main], limit, line.height):
            break
        last += 1
    return last


def _in_line(line: Line, lines: Sequence[Line], core: Sequence[int], gutters: Gutters, height: float) -> bool:
    """Return whether a line of sums stands in the table like its rows: beginning where they do, figures under figures, no gap."""
    first, last = lines[core[0]], lines[core[-1]]
    usual = min((lines[b].top - lines[a].bottom for a, b in pairwise(core)), default=height)
    if line.top - last.bottom > usual + 0.7 * height:
        return False
    starts = [piece.x0 for piece in first.pieces[:2]]
    if min(abs(line.words[0].box[0] - x) for x in starts) > LEVEL * height:
        return False
    bands = gutters.bands()
    rows = [split_row(row.words, bands) for row in (*(lines[at] for at in core), line)]
    filled = [place for place, cell in enumerate(rows[-1]) if cell and is_figure(line_text(cell))]
    typed = value_columns(rows[:-1], height)
    return 2 * len(filled) >= len(typed) > 0 and all(
        aligned([row[place] for row in rows if row[place]], height) for place in filled
    )


def states_sum(line: Line) -> bool:
    """Return whether a line states a sum: a cell begins with such a label and says little else."""
    if not any(map(str.isdigit, line.text)) or not may_begin_cell(line.text):
        return False
    for label in line.labels:
        if label.name not in SUMS or not starts_cell(line, label.start):
            continue
        start, end = line.cell_at(label.start)
        said = sum(character.isalpha() for character in line.text[label.start : label.end])
        if 2 * said >= sum(character.isalpha() for character in line.text[start:end]):
            return True
    return False


def near(one: Line, other: Line, heights: float) -> bool:
    """Return whether a line follows another one on the page with little between them."""
    return other.top - one.bottom <= heights * min(one.height, other.height)
