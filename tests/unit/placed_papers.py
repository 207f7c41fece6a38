"""Papers whose lines stand where a PDF had them, all invented: what a clerk reads off each, what may be read too, and the lines.

A file of `papers/` begins with "= name value" for each field that must be read and "? name value" for what may be read as well,
and goes on with "x baseline width size text" in points for each run of text; "---" begins the next page.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from mailbot.core.words import PageWords, Word, in_lines

FOLDER = Path(__file__).parent / "papers"
MIXED_UP = {"O": "0", "0": "O", "1": "l", "l": "1", "I": "l", "5": "S", "8": "B", ".": "", ",": "", ":": ""}
"""What OCR takes for one another, and the marks that it drops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedPaper:
    """A paper's pages, the fields it must give, and for each name the values it may give."""

    pages: list[PageWords]
    wanted: dict[str, str]
    allowed: dict[str, set[str]]


def names() -> list[str]:
    """Return the names of all papers: language, then what is special about them."""
    return sorted(path.stem for path in FOLDER.glob("*.txt"))


def placed(name: str) -> PlacedPaper:
    """Read a paper."""
    wanted: dict[str, str] = {}
    allowed: dict[str, set[str]] = defaultdict(set)
    pages: list[list[Word]] = [[]]
    for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line == "---":
            pages.append([])
        elif line[0] in "=?":
            _, field, value = line.split(" ", 2)
            allowed[field].add(value)
            if line[0] == "=":
                wanted[field] = value
        else:
            pages[-1] += _words(line)
    found = [PageWords(number=at, width=595, height=842, lines=in_lines(words)) for at, words in enumerate(pages, 1)]
    return PlacedPaper(pages=found, wanted=wanted, allowed=allowed)


def misread(pages: list[PageWords], seed: str, share: float = 0.04) -> list[PageWords]:
    """Return the pages with that share of the letters that OCR mixes up mixed up, the same ones for the same seed."""
    chance = random.Random(seed)

    def word(one: Word) -> Word:
        letters = (MIXED_UP[letter] if letter in MIXED_UP and chance.random() < share else letter for letter in one.text)
        return Word(text="".join(letters) or one.text, box=one.box)

    return [
        PageWords(
            number=page.number, width=page.width, height=page.height, lines=tuple(tuple(map(word, line)) for line in page.lines)
        )
        for page in pages
    ]


def _words(line: str) -> list[Word]:
    x, baseline, width, size, text = line.split(" ", 4)
    left, unit = float(x), float(width) / len(text)
    top, bottom = float(baseline) - 0.75 * float(size), float(baseline) + 0.1 * float(size)
    return [
        Word(text=match[0], box=(left + match.start() * unit, top, left + match.end() * unit, bottom))
        for match in re.finditer(r"\S+", text)
    ]
