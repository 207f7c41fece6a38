"""One checkable part of a text: where it stands and what it means, however it is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from mailbot.core.draft import Kind

Key = tuple[str, str]
"""What a span means: ("number", "1234.5"), ("date", "2026-11-01"), ("id", "inv7"), ("time", "14:30"), …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A checkable part of a text, as half-open offsets.

    `keys` are what it may mean. `says` is what else a source says that holds it: a date its year, a percentage its bare figure; a
    draft does not stand on those of its own. `currency` is an amount's ISO 4217 code, "" when it is not said.
    """

    start: int
    end: int
    kind: Kind
    keys: frozenset[Key]
    says: frozenset[Key] = frozenset()
    currency: str = ""


class Finder(NamedTuple):
    """What finds one way of writing something, and what reads a match of it: None when it is something else after all.

    A text without `hint` in it need not be searched.
    """

    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], Span | None]
    hint: str = ""


_KEPT = "，：；！？（）"
"""Chinese punctuation, which parts sentences and no figures; between figures two of them are looked at again."""
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code) not in _KEPT}
_SPACES = dict.fromkeys((0x3000, 0xA0, 0x202F, 0x2009), 0x20)
_SIGNS = {0x2019: "'", 0x2212: "-", 0x2011: "-", 0xFFE5: "¥"}
_PLAIN = str.maketrans({code: chr(shown) for code, shown in (_WIDE | _SPACES).items()} | _SIGNS)
_BETWEEN_FIGURES = re.compile(r"(?<=\d)(?:(，)(?=\d{3}(?!\d))|：(?=\d\d(?!\d)))")


def plain(text: str) -> str:
    """Return the text with look-alikes made one, character for character: full-width forms, spaces of thousands, dashes."""
    if text.isascii():
        return text
    text = text.translate(_PLAIN)
    return _BETWEEN_FIGURES.sub(lambda match: "," if match[1] else ":", text) if "，" in text or "：" in text else text


def span(
    match: re.Match[str],
    kind: Kind,
    keys: Iterable[Key],
    *,
    says: Iterable[Key] = (),
    currency: str = "",
    first: str | int = 0,
    last: str | int = 0,
) -> Span:
    """Return the span of a match, from the start of its group `first` to the end of its group `last`."""
    return Span(
        start=match.start(first),
        end=match.end(last),
        kind=kind,
        keys=frozenset(keys),
        says=frozenset(says),
        currency=currency,
    )


def word_before(match: re.Match[str]) -> str:
    """Return the word that stands right before a match, in lower case, "" when none does."""
    before = _LAST_WORD.search(match.string, max(0, match.start() - 12), match.start())
    return before[1].casefold() if before else ""


_LAST_WORD = re.compile(r"([^\W\d_]+)[ -]\Z")
