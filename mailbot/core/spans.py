"""What can be checked in a text: finds amounts, numbers, dates, times, accounts, links and addresses, and says what each means.

The same finders read a draft and its sources, so two ways of writing one thing meet in one key: 1.234,50 and 1234.50, 2026-11-01
and 1 November 2026, 2:30 pm and 14:30, an IBAN with and without spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailbot.core.checkable import Finder, Key, Span, plain
from mailbot.core.numerals import NUMBER_WORDS
from mailbot.core.span_dates import DATES, MONTHS, TIMES, WORDED_DATES
from mailbot.core.span_figures import AMOUNTS, COUNTED_IN_HAN, COUNTED_IN_WORDS, NUMBERS
from mailbot.core.span_places import ADDRESSES, FILE_HINT, FILES, LINKS, PLACES, SITE_HINT, SITES

__all__ = ["MAX_TEXT", "MONTHS", "Key", "Span", "plain", "spans_of"]

MAX_TEXT = 200_000

_FIGURED = (*DATES[:2], *PLACES, *DATES[2:], *TIMES, *AMOUNTS, *NUMBERS)
"""Finders of what holds a figure, in the order in which they claim their part of the text. Every repetition is bounded or cannot
fail late: texts are hostile."""
_FIGURE = re.compile(r"\d")


def spans_of(text: str) -> list[Span]:
    """Return what can be checked in a text, in its order, without overlaps. Only the first MAX_TEXT characters are looked at."""
    text = plain(text[:MAX_TEXT])
    taken = bytearray(len(text))
    found: list[Span] = []
    whole, lines = [(0, len(text))], list(_lines_with_figures(text))
    for finders, stretches in ((_first(text), whole), (_FIGURED, lines), (_last(text), whole)):
        for pattern, read, hint in finders:
            if hint not in text:
                continue
            for start, end in stretches:
                for match in pattern.finditer(text, start, end):
                    if taken.find(1, *match.span()) < 0 and (one := read(match)):
                        found.append(one)
                        taken[one.start : one.end] = b"\1" * (one.end - one.start)
    return sorted(found, key=lambda one: one.start)


def _lines_with_figures(text: str) -> Iterator[tuple[int, int]]:
    """Yield the stretches of lines that hold a figure: the others need not be looked at for any."""
    start = end = -1
    at = _FIGURE.search(text)
    while at:
        first = text.rfind("\n", max(end, 0), at.start()) + 1 or max(end, 0)
        last = text.find("\n", at.end())
        last = len(text) if last < 0 else last + 1
        if first > end:
            if end > 0:
                yield start, end
            start = first
        end = last
        at = _FIGURE.search(text, last)
    if end > 0:
        yield start, end


def _first(text: str) -> Iterator[Finder]:
    """Yield the finders of links, mail addresses and files that a text needs: what they claim is nothing else."""
    if "://" in text or "www." in text or "WWW." in text:
        yield LINKS
    yield ADDRESSES
    if SITE_HINT.search(text):
        yield SITES
    if FILE_HINT.search(text):
        yield FILES


def _last(text: str) -> Iterator[Finder]:
    """Yield the finders of what is said without any figure that a text needs."""
    yield from WORDED_DATES
    if not text.isascii():
        yield from COUNTED_IN_HAN
    if not NUMBER_WORDS.keys().isdisjoint(text.lower().replace("-", " ").split()):
        yield COUNTED_IN_WORDS
