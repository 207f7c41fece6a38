"""Pages typed as text for tests: a letter is 6 wide (Chinese 12) and a line 14 high, two spaces or more part two cells."""

from __future__ import annotations

import re
import unicodedata
from textwrap import dedent

from mailbot.core.words import PageWords, Word


def typed(*pages: str) -> list[PageWords]:
    """Return pages of words as they would come from a PDF."""
    return [_page(number, dedent(page).strip("\n").split("\n")) for number, page in enumerate(pages, 1)]


def _page(number: int, rows: list[str]) -> PageWords:
    lines = tuple(
        tuple(
            Word(text=match[0], box=(_x(text[: match.start()]), 40 + 14 * row, _x(text[: match.end()]), 50 + 14 * row))
            for match in re.finditer(r"\S+", text)
        )
        for row, text in enumerate(rows)
    )
    return PageWords(number=number, width=595, height=842, lines=tuple(line for line in lines if line))


def _x(before: str) -> float:
    return 40 + 6 * sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in before)
