"""Words with boxes, and how they fall into the lines of a page as a person reads it: top to bottom, left to right.

Coordinates have their origin top left of the upright, straightened page, in any unit (points of a PDF, pixels of a picture).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

from mailbot.core.bidi import RIGHT_TO_LEFT, as_read, runs_right_to_left
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
    lines: list[_Growing] = []
    placed = [((one.box[1] + one.box[3]) / 2, one.box[0], one) for one in words]
    for middle, _, word in sorted(placed, key=itemgetter(0, 1)):
        edges = word.box[1::2]
        line = lines[-1] if lines and lines[-1].edges == edges else _joined(lines[-12:], word, middle)
        if line is None:
            lines.append(_Growing([word], [middle], edges))
            continue
        line.words.append(word)
        line.middles.append(middle)
        if line.edges != edges:
            line.edges = None
    lines.sort(key=lambda line: sum(line.middles) / len(line.middles))
    return tuple(tuple(sorted(line.words, key=lambda word: word.box[0])) for line in lines)


@dataclass(slots=True)
class _Growing:
    """A line while words join it, with their middles, and with the upper and lower edge that all share as long as they do."""

    words: list[Word]
    middles: list[float]
    edges: tuple[float, ...] | None


def _joined(lines: Sequence[_Growing], word: Word, middle: float) -> _Growing | None:
    """Return the last of some lines whose nearest word is level with a word; one of words that share their edges tells by any."""
    reach = middle - _height(word)
    for line in reversed(lines):
        if line.middles[-1] >= reach and _level(word, line.words[0] if line.edges else _nearest(word, line.words[-100:])):
            return line
    return None


def line_text(line: Sequence[Word], *, right_to_left: bool = False) -> str:
    """Return the text of a line: one space between words, none inside Chinese or Japanese that runs on.

    The words of a line that has Hebrew or Arabic in it are put into the order in which they are read; `right_to_left` is the
    direction of the page.
    """
    plain = " ".join([word.text for word in line])
    if plain.isascii():
        return plain
    if RIGHT_TO_LEFT.search(plain):
        units = [unit for word in line for unit in (word.text, " ")][:-1]
        return as_read(units, right_to_left=right_to_left)
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
    whole = runs_right_to_left("".join(word.text for line in page.lines for word in line))
    return "\n".join(line_text(line, right_to_left=whole) for line in page.lines)


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
