"""Words with boxes, and how they fall into the lines of a page as a person reads it: top to bottom, left to right.

Coordinates have their origin top left of the upright, straightened page, in any unit (points of a PDF, pixels of a picture).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import bidirectional

from mailbot.core.document import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A run of text without spaces (Chinese: a phrase) and its box."""

    text: str
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWords:
    """The words of one page, already in lines: each line from left to right, the lines from top to bottom."""

    number: int
    width: float
    height: float
    lines: tuple[tuple[Word, ...], ...]


def in_lines(words: Sequence[Word]) -> tuple[tuple[Word, ...], ...]:
    """Group words into lines: two words share one when their middles lie within half the smaller one's height.

    A word joins the line whose nearest word to its left or right is level with it, so that lines may bend a little (photos).
    """
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda one: (_middle(one), one.box[0])):
        reach = _middle(word) - _height(word)
        near = (line for line in reversed(lines[-12:]) if _middle(line[-1]) >= reach)
        line = next((line for line in near if _level(word, _nearest(word, line[-100:]))), None)
        if line is None:
            lines.append([word])
        else:
            line.append(word)
    ordered = sorted(lines, key=lambda line: sum(_middle(word) for word in line) / len(line))
    return tuple(tuple(sorted(line, key=lambda word: word.box[0])) for line in ordered)


def line_text(line: Sequence[Word]) -> str:
    """Return the text of a line: one space between words, none inside Chinese or Japanese that runs on."""
    if any(_from_right(word) for word in line):
        return " ".join(word.text for word in _as_read_from_right(line))
    text = ""
    last: Word | None = None
    for word in line:
        if last is not None:
            gap = word.box[0] - last.box[2]
            runs_on = gap < 0.5 * _height(word) and is_ideographic(last.text[-1:]) and is_ideographic(word.text[:1])
            text += "" if runs_on else " "
        text += word.text
        last = word
    return text


def page_text(page: PageWords) -> str:
    """Return the text of a page, a line for each of its lines."""
    return "\n".join(line_text(line) for line in page.lines)


def _as_read_from_right(line: Sequence[Word]) -> list[Word]:
    """Return the words of a line of Arabic or Hebrew in the order of reading; others among them keep theirs, side by side."""
    ordered: list[Word] = []
    others = 0
    for word in reversed(line):
        others = 0 if _from_right(word) else others + 1
        ordered.insert(len(ordered) - max(0, others - 1), word)
    return ordered


def _from_right(word: Word) -> bool:
    return any(bidirectional(character) in ("R", "AL") for character in word.text)


def is_ideographic(character: str) -> bool:
    """Return whether a character belongs to a script written without spaces (Han, kana) or to its punctuation."""
    return bool(character) and (
        "\u3000" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff" or "\uff00" <= character <= "\uff60"
    )


def _middle(word: Word) -> float:
    return (word.box[1] + word.box[3]) / 2


def _height(word: Word) -> float:
    return word.box[3] - word.box[1]


def _level(one: Word, other: Word) -> bool:
    return abs(_middle(one) - _middle(other)) < 0.5 * min(_height(one), _height(other)) + 1e-6


def _nearest(word: Word, line: Sequence[Word]) -> Word:
    """Return the word of a line that stands closest to `word` from left to right."""
    return min(line, key=lambda other: max(other.box[0] - word.box[2], word.box[0] - other.box[2]))
