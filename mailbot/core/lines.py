"""A page's lines as text in which every stretch knows its box: what labels and values are looked up in.

Words that stand apart by more than a letter or so are put apart by a tab: cells of a table, a label and its value.
"""

from __future__ import annotations

from bisect import bisect, bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from operator import sub
from typing import NamedTuple

from mailbot.core.document import Box
from mailbot.core.labels import Label, find_labels
from mailbot.core.words import PageWords, Word, is_ideographic, line_text

APART = 0.9
"""Gap between two words, in heights of a line, from which on they are cells of their own."""

LONGEST_WORD = 100
"""Letters of a word that are looked at; no value is longer, and patterns must not be fed a megabyte without a space."""

MOST_WORDS = 200
"""Words of a line that are looked at, for the same reason."""


class Piece(NamedTuple):
    """A cell of one line: words that stand close together, where they begin and end, and what they say."""

    words: tuple[Word, ...]
    x0: float
    x1: float
    text: str


def piece_of(words: Sequence[Word]) -> Piece:
    """Return the cell that some words make."""
    return Piece(tuple(words), words[0].box[0], max([word.box[2] for word in words]), line_text(words))


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a page. `starts` holds where each word begins in `text`.

    What is asked of the same lines again and again, as tables grow, is worked out once.
    """

    page: int
    number: int
    text: str
    words: tuple[Word, ...]
    starts: tuple[int, ...]
    top: float = field(init=False, repr=False, compare=False)
    """The upper edge of the line."""
    bottom: float = field(init=False, repr=False, compare=False)
    """The lower edge of the line."""
    height: float = field(init=False, repr=False, compare=False)
    """The height of its words (the middle one's)."""

    def __post_init__(self) -> None:
        _, tops, _, bottoms = zip(*[word.box for word in self.words], strict=True)
        heights = sorted(map(sub, bottoms, tops))
        self.__dict__.update(top=min(tops), bottom=max(bottoms), height=heights[len(heights) // 2])

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The cells of the line from left to right."""
        groups: list[list[Word]] = []
        for word, start in zip(self.words, self.starts, strict=True):
            if not groups or self.text[start - 1] == "\t":
                groups.append([word])
            else:
                groups[-1].append(word)
        return tuple(map(piece_of, groups))

    @cached_property
    def labels(self) -> tuple[Label, ...]:
        """The labels in the line from left to right."""
        return tuple(find_labels(self.text))

    def box(self, start: int, end: int) -> Box:
        """Return the box around text[start:end]; parts of a word are taken to be as wide as their share of its letters."""
        edges: list[Box] = []
        for place in range(max(0, bisect(self.starts, start) - 1), bisect_left(self.starts, end)):
            word, at = self.words[place], self.starts[place]
            first, last = max(start, at), min(end, at + len(word.text))
            if first < last:
                unit = (word.box[2] - word.box[0]) / len(word.text)
                edges.append((word.box[0] + (first - at) * unit, word.box[1], word.box[0] + (last - at) * unit, word.box[3]))
        if not edges:
            return self.words[0].box
        return box_around(edges)

    def cells(self) -> list[tuple[int, int]]:
        """Return (start, end) of each cell of the line."""
        found, start = [], 0
        for cell in self.text.split("\t"):
            found.append((start, start + len(cell)))
            start += len(cell) + 1
        return found

    def cell_at(self, place: int) -> tuple[int, int]:
        """Return (start, end) of the cell that holds a place of the text."""
        return next(cell for cell in self.cells() if cell[0] <= place <= cell[1])


def box_around(boxes: Sequence[Box]) -> Box:
    """Return the box around some others."""
    if len(boxes) == 1:
        return boxes[0]
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def lines_of(page: PageWords) -> list[Line]:
    """Return the lines of a page, numbered from 0."""
    return [_line(page.number, number, words) for number, words in enumerate(page.lines) if words]


def _line(page: int, number: int, words: Sequence[Word]) -> Line:
    words = [
        word if len(word.text) <= LONGEST_WORD else Word(text=word.text[:LONGEST_WORD], box=word.box) for word in words[:MOST_WORDS]
    ]
    text, starts = words[0].text, [0]
    _, top, end, bottom = words[0].box
    for last, word in pairwise(words):
        before = bottom - top
        start, top, right, bottom = word.box
        height, gap, end = min(before, bottom - top), start - end, right
        if gap > APART * height:
            text += "\t"
        elif word.text.isascii() or not (gap < 0.5 * height and is_ideographic(last.text[-1:]) and is_ideographic(word.text[:1])):
            text += " "
        starts.append(len(text))
        text += word.text
    return Line(page=page, number=number, text=text, words=tuple(words), starts=tuple(starts))
