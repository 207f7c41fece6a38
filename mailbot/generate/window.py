"""Makes a prompt fit the model's window: what is too much goes from the middle, at paragraph boundaries where there are any."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mailbot.errors import BadInput

LEFT_OUT = "[…]"
"""Stands where something was left out."""

_LEVELS = (re.compile(r"\n[ \t]*\n+"), re.compile(r"\n"), re.compile(r"[\s。！？，；]+"), re.compile(r"(?s:.)"))
"""After what a text may be cut: paragraphs, else lines, else words and clauses, else any character."""

_LONGEST_TOKEN = 32
"""Characters that a token of ordinary text has at most: what lies beyond is left out without counting it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A text that fits; `left_out` is how many characters of it went."""

    text: str
    left_out: int = 0


def fit_text(text: str, most: int, count: Callable[[str], int]) -> Fitted:
    """Return `text` with as little as possible left out of its middle, so that `count` of it is at most `most`.

    Its beginning and its end stay: the opening of a mail says what it is about, the end of a prompt what to do with it. Raises
    BadInput when not even the mark of the gap fits.
    """
    if len(text) <= most * _LONGEST_TOKEN and count(text) <= most:
        return Fitted(text=text)
    kept = _shortened(text, most * _LONGEST_TOKEN)
    for level in _LEVELS:
        units = _units(kept, level)
        if len(units) > 2 and count(_without(units, len(units) - 2)) <= most:
            fewest = _fewest(units, most, count)
            fitted = _without(units, fewest)
            return Fitted(text=fitted, left_out=len(text) - len(fitted) + len(_gap(units, fewest)))
    raise BadInput(
        f"nothing of a prompt fits into {most} tokens", remedy="ask for fewer tokens, or use a model with a longer window"
    )


def fit_messages(
    messages: Sequence[Mapping[str, str]], most: int, count: Callable[[Sequence[Mapping[str, str]]], int]
) -> tuple[tuple[Mapping[str, str], ...], int]:
    """Return chat messages of which the longest was cut as `fit_text` does, and how many characters went.

    Only contents are cut, never what the model's chat template puts between them. Raises BadInput.
    """
    longest = max(range(len(messages)), key=lambda index: len(messages[index]["content"]))

    def with_content(text: str) -> tuple[Mapping[str, str], ...]:
        return tuple({**one, "content": text} if index == longest else one for index, one in enumerate(messages))

    fitted = fit_text(messages[longest]["content"], most, lambda text: count(with_content(text)))
    return with_content(fitted.text), fitted.left_out


def _shortened(text: str, most: int) -> str:
    """Bound the work on a text without end: its middle goes unread."""
    if len(text) <= 2 * most:
        return text
    return text[:most] + text[-most:]


def _units(text: str, after: re.Pattern[str]) -> list[str]:
    """Cut a text after each match."""
    ends = [match.end() for match in after.finditer(text)]
    return [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True) if start < end]


def _fewest(units: Sequence[str], most: int, count: Callable[[str], int]) -> int:
    """Return the fewest units to leave out; all but the first and the last are known to be enough."""
    low, high = 1, len(units) - 2
    while low < high:
        middle = (low + high) // 2
        if count(_without(units, middle)) <= most:
            high = middle
        else:
            low = middle + 1
    return high


def _without(units: Sequence[str], many: int) -> str:
    """Return the text with so many units left out of its middle."""
    first = (len(units) - many + 1) // 2
    return "".join(units[:first]) + _gap(units, many) + "".join(units[first + many :])


def _gap(units: Sequence[str], many: int) -> str:
    """Return the mark of the gap, set apart as its neighbours are."""
    before = units[(len(units) - many + 1) // 2 - 1]
    return f"{LEFT_OUT}\n\n" if before.endswith("\n\n") else f"{LEFT_OUT}\n" if before.endswith("\n") else f" {LEFT_OUT} "
