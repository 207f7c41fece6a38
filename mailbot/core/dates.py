"""Dates in running text, in the languages of the desk: finding them and settling which of day and month comes first.

"03/04/2024" is two dates. It stays two (`Found.other`) until the paper shows its order elsewhere, or its language and country do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

Order = Literal["day", "month"]
"""Which comes first in a date written with three numbers and the year last."""

_MONTHS = (
    "january jan januar janvier janv januari enero ene gennaio gen jänner jaenner",
    "february feb februar février fevrier févr fevr fév februari febrero febbraio febr",
    "march mar märz maerz mrz mars maart mrt marzo",
    "april apr avril avr abril abr aprile",
    "may mai mei mayo maggio mag",
    "june jun juni juin junio giugno giu",
    "july jul juli juillet juil julio luglio lug",
    "august aug août aout augustus agosto ago",
    "september sep sept septembre settembre septiembre set setiembre",
    "october oct oktober okt octobre ottobre octubre ott",
    "november nov novembre noviembre",
    "december dec dezember dez décembre decembre déc diciembre dicembre dic",
)
_MONTH_OF = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_NAME = "(?:" + "|".join(sorted(_MONTH_OF, key=len, reverse=True)) + ")"

_FORMS = (
    re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)\s?[年.\-/]\s?(?P<m>\d{1,2})\s?[月.\-/]\s?(?P<d>\d{1,2})(?:\s?日|(?![\d]|[.\-/]\d))"),
    re.compile(
        rf"(?<![\d.,])(?<!\b[A-Za-z|])(?P<d>\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?[\s\-]*(?:of |de |d')?\s*(?P<name>{_NAME})\.?"
        r"(?:\s*,|\s+de[l]?\b|\s*-)?\s*(?P<y>(?:19|20)\d\d|['’]?\d\d)(?!\d|[.,]\d|[A-Za-z]\d?\b)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?<![^\W\d_])(?P<name>{_NAME})\.?\s*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s*,?\s*(?P<y>(?:19|20)\d\d)(?!\d)", re.IGNORECASE
    ),
    re.compile(
        r"(?<![\d.,/\-])(?<!\b[A-Za-z|])(?<!\d[A-Za-z|])(?P<a>\d{1,2})\s?(?P<sep>[./\-])\s?(?P<b>\d{1,2})\s?(?P=sep)\s?(?P<y>(?:19|20)\d\d|\d\d)"
        r"(?!\d|[.,/\-]\d|[A-Za-z]\d?\b)"
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One date in a text: where it stands, the date, and the other date it may be when day and month could change places.

    `order` is the order that its form alone shows, None when it shows none.
    """

    start: int
    end: int
    value: date
    other: date | None = None
    order: Order | None = None

    def settled(self, order: Order | None) -> date | None:
        """Return the date given the paper's order, None when it is still open."""
        if self.other is None:
            return self.value
        if order is None:
            return None
        return self.value if order == "day" else self.other


@lru_cache(maxsize=512)
def find_dates(text: str) -> tuple[Found, ...]:
    """Return the dates of a text from left to right; impossible ones (31 February, month 13) are not dates."""
    if not any(character.isdigit() for character in text):
        return ()
    found: list[Found] = []
    for form in _FORMS:
        for match in form.finditer(text):
            if any(match.start() < one.end and one.start < match.end() for one in found):
                continue
            one = _numbers(match) if "a" in match.groupdict() else _named(match)
            if one is not None:
                found.append(one)
    return tuple(sorted(found, key=lambda one: one.start))


def order_of(texts: Iterable[str]) -> Order | None:
    """Return the order of day and month that the dates of a paper show; None when none does or they differ."""
    orders = {one.order for text in texts for one in find_dates(text) if one.order}
    return orders.pop() if len(orders) == 1 else None


def _named(match: re.Match[str]) -> Found | None:
    groups = match.groupdict()
    month = _MONTH_OF[groups["name"].lower()] if groups.get("name") else int(groups["m"])
    day = _day(_year(groups["y"]), month, int(groups["d"]))
    return Found(start=match.start(), end=match.end(), value=day) if day else None


def _numbers(match: re.Match[str]) -> Found | None:
    year, first, second = _year(match["y"]), int(match["a"]), int(match["b"])
    by_day, by_month = _day(year, second, first), _day(year, first, second)
    start, end = match.span()
    if by_day and (not by_month or by_day == by_month):
        return Found(start=start, end=end, value=by_day, order=None if by_month else "day")
    if by_day and match["sep"] == ".":  # nobody writes the month first with points
        return Found(start=start, end=end, value=by_day, order="day")
    if by_day:
        return Found(start=start, end=end, value=by_day, other=by_month)
    return Found(start=start, end=end, value=by_month, order="month") if by_month else None


def _year(written: str) -> int:
    """Return a year; two digits are of this century up to 69, as POSIX has it."""
    year = int(written.strip("'’"))
    return year if year > 99 else year + (2000 if year < 70 else 1900)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found if 1970 <= year <= 2099 else None
