"""Puts a text layer into the order in which it is read where PDFium's is another: columns written line by line, scripts that run
from right to left, and lines that run from top to bottom.

What costs is done only on pages that look like one of these; PDFium's own order follows the file's, which mostly is right.
"""

from __future__ import annotations

import re
import statistics
import unicodedata
from collections.abc import Sequence
from itertools import islice, pairwise
from typing import Any

from mailbot.core.bidi import as_read, runs_right_to_left
from mailbot.core.document import Box
from mailbot.core.words import PageWords, Word, in_lines
from mailbot.extract.pdf_chars import Matrix, char_boxes, characters, text_rects
from mailbot.extract.pdf_layout import Shown

WIDE = 0.15
"""Share of the page's width from which on a piece of a line may belong to a column of prose."""

BLANK = 0.12
"""Heights of a line from which on a gap between two glyphs is a blank."""

_MOST_PIECES = 2_000

_SIGNS = re.compile("[\u3000-\u9fff\uf900-\ufaff\uff00-\uff60]")
_FORMS = ("\ufb1d", "\ufefc")
"""First and last of the forms that letters of Hebrew and Arabic have in print; they are read as the letters."""


def may_have_columns(textpage: Any, shown: Shown) -> bool:
    """Return whether PDFium put pieces into one line that may belong to two columns, as told by the rectangles it writes."""
    lines: list[list[tuple[float, float]]] = []
    base = None
    for left, top, right, bottom in text_rects(textpage, _MOST_PIECES):
        high = top - bottom
        if lines and base is not None and abs(bottom - base) < 0.5 * high and left >= lines[-1][-1][1] - high:
            if left - lines[-1][-1][1] < 0.8 * high:
                lines[-1][-1] = lines[-1][-1][0], right
            else:
                lines[-1].append((left, right))
        else:
            lines.append([(left, right)])
        base = bottom
    wide = WIDE * shown.width
    parted = [line for line in lines if len(line) > 1 and all(stop - start > wide for start, stop in line)]
    return len(parted) >= 5


def runs_down(textpage: Any, text: str, matrix: Matrix) -> bool:
    """Return whether the text runs from top to bottom, as Chinese and Japanese may; judged on neighbours among the signs."""
    if 2 * len(_SIGNS.findall(text)) < len("".join(text.split())):
        return False
    text = textpage.get_text_range()
    signs = [sign.start() for sign in _SIGNS.finditer(text)]
    if len(text) != textpage.count_chars():
        return False
    down = across = 0
    pairs = list(islice((pair for pair in pairwise(signs) if pair[1] == pair[0] + 1), 200))
    boxes = _boxes(textpage, [at for pair in pairs for at in pair], matrix)
    for first, second in zip(boxes[::2], boxes[1::2], strict=True):
        size = max(first[2] - first[0], first[3] - first[1])
        side, drop = abs(_middle(second)[0] - _middle(first)[0]), _middle(second)[1] - _middle(first)[1]
        down += side < 0.6 * size and 0.3 * size < abs(drop) < 2.5 * size
        across += side > 0.6 * size and abs(drop) < 0.6 * size
    return down > 5 and down > 2 * across


def words_from_right(textpage: Any, number: int, shown: Shown) -> PageWords:
    """Return the words of a page that has Hebrew or Arabic on it, each word in reading order whatever order the file has."""
    runs = _glyphs_in_runs(textpage, shown.matrix)
    rows = in_lines([Word(text=str(at), box=_around(run)) for at, run in enumerate(runs)])
    whole = runs_right_to_left("".join(glyph.text for run in runs for glyph in run))
    lines = []
    for row in rows:
        glyphs = sorted((glyph for word in row for glyph in runs[int(word.text)]), key=lambda one: _middle(one.box)[0])
        glyphs = _brackets_facing(glyphs)
        high = statistics.median(glyph.box[3] - glyph.box[1] for glyph in glyphs)
        pieces = [[glyphs[0]]]
        for one, other in pairwise(glyphs):
            if other.box[0] - one.box[2] > BLANK * high:
                pieces.append([])
            pieces[-1].append(other)
        lines.append(tuple(_read(piece, right_to_left=whole) for piece in pieces))
    return PageWords(number=number, width=shown.width, height=shown.height, lines=tuple(lines))


def text_from_top(textpage: Any, matrix: Matrix) -> str:
    """Return text whose lines run down the page, the rightmost first; what stands alone in them (a page number) comes last."""
    glyphs = [glyph for run in _glyphs_in_runs(textpage, matrix) for glyph in run]
    size = statistics.median(max(glyph.box[2] - glyph.box[0], glyph.box[3] - glyph.box[1]) for glyph in glyphs)
    columns: list[list[Word]] = []
    for glyph in sorted(glyphs, key=lambda one: -_middle(one.box)[0]):
        if columns and _middle(columns[-1][0].box)[0] - _middle(glyph.box)[0] < 0.7 * size:
            columns[-1].append(glyph)
        else:
            columns.append([glyph])
    lines, alone = [], []
    for column in columns:
        column.sort(key=lambda one: one.box[1])
        parts: list[list[Word]] = [[column[0]]]
        for one, other in pairwise(column):
            if other.box[1] - one.box[3] > 2 * size:
                parts.append([])
            parts[-1].append(other)
        lines += ["".join(glyph.text for glyph in part) for part in parts if len(part) > 1]
        alone += [part[0] for part in parts if len(part) == 1]
    return "\n".join([*lines, *("".join(word.text for word in line) for line in in_lines(alone))])


def _glyphs_in_runs(textpage: Any, matrix: Matrix) -> list[list[Word]]:
    """Return the glyphs of each run without blanks; letters that one glyph stands for are one of them."""
    runs: list[list[Word]] = [[]]
    text = characters(textpage)
    for character, box in zip(text, _boxes(textpage, range(len(text)), matrix), strict=True):
        if character.isspace() or not character.isprintable():
            if runs[-1]:
                runs.append([])
            continue
        read = unicodedata.normalize("NFKC", character) if _FORMS[0] <= character <= _FORMS[1] else character
        if runs[-1] and runs[-1][-1].box == box:
            runs[-1][-1] = Word(text=runs[-1][-1].text + read, box=box)
        else:
            runs[-1].append(Word(text=read, box=box))
    return [run for run in runs if run]


def _brackets_facing(glyphs: list[Word]) -> list[Word]:
    """Return the glyphs of a line with brackets as they look: PDFium turns some of those that stand beside Hebrew or Arabic."""
    places = [at for at, glyph in enumerate(glyphs) if glyph.text in ("(", ")")]
    looks = "".join(glyphs[at].text for at in places)
    if len(looks) % 2 or looks == "()" * (len(looks) // 2):
        return glyphs
    turned = list(glyphs)
    for at, bracket in zip(places, "()" * (len(places) // 2), strict=True):
        turned[at] = Word(text=bracket, box=glyphs[at].box)
    return turned


def _read(piece: Sequence[Word], *, right_to_left: bool) -> Word:
    glyphs = [glyph.text for glyph in piece]
    return Word(text=as_read(glyphs, right_to_left=right_to_left), box=_around(piece))


def _around(piece: Sequence[Word]) -> Box:
    boxes = [glyph.box for glyph in piece]
    return min(box[0] for box in boxes), min(box[1] for box in boxes), max(box[2] for box in boxes), max(box[3] for box in boxes)


def _boxes(textpage: Any, places: Sequence[int], matrix: Matrix) -> list[Box]:
    return [(x0, y0, x1, y1) for x0, y0, x1, y1 in char_boxes(textpage, places, matrix).tolist()]


def _middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
