"""A business paper laid out for looking things up: its lines, the labels in them, and what stands right of or below a label."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from mailbot.core.blocks import Block, blocks_of
from mailbot.core.document import Box
from mailbot.core.labels import Label
from mailbot.core.lines import Line, lines_of
from mailbot.core.words import PageWords

BELOW = 2.6
"""How far below a label its value may begin, in heights of the label's line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A stretch of a line in which a label's value may stand. `place` is 1.0 right of the label, less below it."""

    line: Line
    start: int
    end: int
    place: float

    @property
    def text(self) -> str:
        """The text of the stretch."""
        return self.line.text[self.start : self.end]

    def box(self, start: int, end: int) -> Box:
        """Return the box of text[start:end] of this stretch."""
        return self.line.box(self.start + start, self.start + end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A value that a field may have: how much speaks for it (`score`, about 0..4), and where it stands."""

    value: str
    score: float
    page: int
    box: Box


@dataclass(frozen=True, kw_only=True)
class Paper:
    """The lines of all pages, for each its labels, and the height of each page."""

    text: str
    lines: tuple[Line, ...]
    labels: tuple[tuple[Label, ...], ...]
    heights: Mapping[int, float]

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks that the cells of the lines form; many papers are told apart without them."""
        return tuple(blocks_of(self.lines))

    def labelled(self, name: str, least: int = 1) -> Iterator[tuple[int, Label]]:
        """Yield (place of the line, label) for the labels of that name and at least that grade, top to bottom."""
        for at, labels in enumerate(self.labels):
            for label in labels:
                if label.name == name and label.grade >= least:
                    yield at, label

    def right(self, at: int, label: Label) -> Region:
        """Return what follows a label in its line, up to the next label."""
        line = self.lines[at]
        end = len(line.text)
        for other in self.labels[at]:
            plain = other.grade >= 2 or (other.name == "invoice_date" and starts_cell(line, other.start))
            together = re.fullmatch(r" ?[/&+] ?", line.text[label.end : other.start])  # "Rechnungsdatum/Lieferdatum"
            if other.start >= label.end and plain and not together:
                end = min(end, other.start)
        return Region(line=line, start=label.end, end=end, place=1.0)

    def below(self, at: int, label: Label) -> Region | None:
        """Return the cell under a label; None when none is near, when it begins with a label itself, or heads a column of more."""
        line = self.lines[at]
        under = self._under(at, line.box(*_own_cell(line, label)), line.height)
        if under is None:
            return None
        place, start, end = under
        if any(one.grade >= 2 and start <= one.start <= start + 1 for one in self.labels[place]):
            return None
        value = self.lines[place]
        more = self._under(place, value.box(start, end), value.height)
        if more is not None and _alike(value.text[start:end], self.lines[more[0]].text[more[1] : more[2]]):
            return None
        return Region(line=value, start=start, end=end, place=0.7)

    def _under(self, at: int, box: Box, height: float) -> tuple[int, int, int] | None:
        """Return line, start and end of the first cell under a box, None when there is none near."""
        x0, _, x1, bottom = box
        for place, other in enumerate(self.lines[at + 1 : at + 8], at + 1):
            if other.page != self.lines[at].page or other.top - bottom > BELOW * height:
                return None
            if other.top < bottom - 0.5 * height:
                continue
            for start, end in other.cells():
                left, _, right, _ = other.box(start, end)
                if start < end and left < x1 + height and right > x0 - height:
                    return place, start, end
        return None


def lay_out(pages: Sequence[PageWords]) -> Paper:
    """Return the paper of these pages."""
    lines = tuple(line for page in pages for line in lines_of(page))
    return Paper(
        text="\n".join(line.text for line in lines),
        lines=lines,
        labels=tuple(line.labels for line in lines),
        heights={page.number: page.height for page in pages},
    )


def regions(paper: Paper, at: int, label: Label) -> Iterator[Region]:
    """Yield where the value of a label may stand: right of it, then below it."""
    yield paper.right(at, label)
    below = paper.below(at, label)
    if below:
        yield below


def starts_cell(line: Line, place: int) -> bool:
    """Return whether a place of a line is where one of its cells begins."""
    return line.text[:place].rstrip(" •*-·").endswith("\t") or not line.text[:place].strip(" •*-·")


def _own_cell(line: Line, label: Label) -> tuple[int, int]:
    """Return the part of a label's cell that is the label's: a cell may hold several labels side by side."""
    start, end = line.cell_at(label.start)
    return max(start, label.start), min(end, max(label.end, label.start + 1)) if end - start > 3 * (
        label.end - label.start
    ) else end


def _alike(one: str, other: str) -> bool:
    """Return whether two cells are of one kind, like those of a column: the same pattern of letters and digits."""
    return any(character.isdigit() for character in one) and _pattern(one) == _pattern(other)


def _pattern(text: str) -> str:
    kinds = ("9" if character.isdigit() else "a" if character.isalpha() else character for character in text.strip())
    return "".join(kind for kind, _ in groupby(kinds))


def best(candidates: Sequence[Candidate]) -> Candidate | None:
    """Return the candidate with the highest score, None when two different values share it or there is none."""
    if not candidates:
        return None
    top = max(candidate.score for candidate in candidates)
    leaders = [candidate for candidate in candidates if candidate.score >= top - 0.01]
    return leaders[0] if len({candidate.value for candidate in leaders}) == 1 else None
