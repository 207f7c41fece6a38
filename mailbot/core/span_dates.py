"""Finds dates, months and times of the day in a text, and says each as one key: 3 May, 3.5. and 5月3日 are one day.

A day without a year is a day of any year. Not read: weekdays and relative days ("tomorrow", "next week"), quarters as months.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from mailbot.core.checkable import Finder, Key, Span, span, word_before
from mailbot.core.numerals import HAN_DIGITS, han_number

MONTHS = {
    "en": "january february march april may june july august september october november december".split(),
    "de": "januar februar märz april mai juni juli august september oktober november dezember".split(),
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(),
    "nl": "januari februari maart april mei juni juli augustus september oktober november december".split(),
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split(),
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre".split(),
}
"""Month names in lower case, January first."""

_SHORT = {"jan": 1, "feb": 2, "mar": 3, "mrz": 3, "apr": 4, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "sept": 9, "oct": 10, "okt": 10,
          "nov": 11, "dec": 12, "dez": 12}  # fmt: skip
_NUMBER = {name: number for names in MONTHS.values() for number, name in enumerate(names, 1)} | _SHORT
_SHOWN = {name.capitalize() if language in ("en", "de") else name for language, names in MONTHS.items() for name in names}
"""Whole month names as their language writes them: "may" is no month, "May" and "mai" are."""

_BEFORE_DAY = frozenset(
    "am vom bis zum seit ab den dem nach vor on by until before due from since till le du au el del al il op per".split()
)
_BEFORE_MONTH = frozenset(
    "in im by until since before after for of from to bis seit ab en fin début de nel di a mid early late end anfang mitte ende "
    "during für vom last next this tot om".split()
)
"""Words between which a bare 3.5., 5/3 or May is a date."""


def _day(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _dated(match: re.Match[str], days: set[str], *, says: Iterator[Key] | set[Key] = frozenset(), **where: str) -> Span | None:  # type: ignore[assignment]
    """Return the span of one day that may be any of `days` ("2026-05-03", or "05-03" of any year)."""
    if not days:
        return None
    more = {key for day in days for key in _says(day)}
    return span(match, "date", {("date", day) for day in days}, says=more | set(says), **where)


def _says(day: str) -> Iterator[Key]:
    """Yield what a source says that gives a day: the day of the year, the year, the month, the day of the month."""
    month_day = day[-5:]
    yield "month", month_day[:2]
    yield "ordinal", month_day[3:].lstrip("0")
    if len(day) == 10:
        yield "date", month_day
        yield "month", day[:7]
        yield "number", day[:4]


def _figures(match: re.Match[str]) -> Span | None:
    """A date in figures; 3/4/2026 is read both ways."""
    year = int(match["year"]) + (2000 if len(match["year"]) == 2 else 0)
    first, second = int(match["a"]), int(match["b"])
    orders = [(first, second)] if match["iso"] else [(second, first), (first, second)]
    return _dated(match, {day for month, number in orders if (day := _day(year, month, number))})


def _compact(match: re.Match[str]) -> Span | None:
    """Eight figures that may be a date or a number: 20260503."""
    day = _day(int(match[1]), int(match[2]), int(match[3]))
    keys = {("number", match[0]), ("id", match[0])}
    return span(match, "number", keys | {("date", day)}, says=_says(day)) if day else None


def _short_point(match: re.Match[str]) -> Span | None:
    """A day and month with points, after a word such as "am" or with leading zeros: 3.5. and 03.05."""
    if len(match["a"] + match["b"]) < 4 and word_before(match) not in _BEFORE_DAY:
        return None
    day = _day(2024, int(match["b"]), int(match["a"]))
    says = {("number", f"{int(match['a'])}.{match['b']}".rstrip("0").rstrip("."))}
    return _dated(match, {day[5:]} if day else set(), says=says)


def _short_slash(match: re.Match[str]) -> Span | None:
    """A day and month with a slash after "on" or "by", read both ways: 5/3."""
    if word_before(match) not in _BEFORE_DAY:
        return None
    a, b = int(match["a"]), int(match["b"])
    days = {day[5:] for month, number in ((a, b), (b, a)) if (day := _day(2024, month, number))}
    return _dated(match, days, says={("number", str(a)), ("number", str(b))})


def _worded(match: re.Match[str]) -> Span | None:
    """A date with the month's name."""
    month = _NUMBER.get(match["month"].casefold())
    year = int("20" + match["year"][1:] if match["year"][0] == "'" else match["year"]) if match["year"] else 0
    day = _day(year or 2024, month, int(match["day"])) if month else None
    return _dated(match, {day if year else day[5:]}) if day else None


def _chinese(match: re.Match[str]) -> Span | None:
    """A date with 年, 月, 日, in figures or in words."""
    written, month, number = match["year"], han_number(match["month"]), han_number(match["day"])
    year = int("".join(str(HAN_DIGITS.get(one, one)) for one in written)) if written else 0
    day = _day(year or 2024, month, number) if month and number else None
    return _dated(match, {day if year else day[5:]}) if day else None


def _month(match: re.Match[str]) -> Span | None:
    """A month in figures, of a year or of any: 11/2026, 2026年11月, 11月."""
    year, month = match.groupdict().get("year"), han_number(match["month"])
    if not month or month > 12:
        return None
    says = {("month", f"{month:02}")} | ({("number", year)} if year else set())
    keys = {("month", f"{year}-{month:02}" if year else f"{month:02}")}
    if "/" in match[0]:
        keys.add(("id", re.sub(r"\D", "", match[0])))
    return span(match, "date", keys, says=says)


def _month_first(match: re.Match[str]) -> Span | None:
    """A month's name before its day or its year: May 3, May 3, 2026, May 2026."""
    if match["day"]:
        return _worded(match)
    month = _NUMBER.get(match["month"].casefold())
    said = {("month", f"{match['alone']}-{month:02}")} if month else set()
    return span(match, "date", said, says={("month", f"{month:02}"), ("number", match["alone"])}) if month else None


def _bare_month(match: re.Match[str]) -> Span | None:
    """A month after a word such as "in"."""
    month = f"{_NUMBER[match[0].casefold()]:02}"
    return span(match, "date", {("month", month)}) if word_before(match) in _BEFORE_MONTH else None


_PARTS = {"凌晨": 0, "早上": 0, "上午": 0, "中午": 12, "下午": 12, "晚上": 12}


def _time(match: re.Match[str]) -> Span | None:
    """A time of the day on the clock of 24 hours; without a.m. or p.m. it is read as written."""
    groups = match.groupdict()
    hour, minute = int(groups["hour"]), groups.get("minute") or "0"
    minutes = 30 if groups.get("half") else int(minute)
    if part := groups.get("part"):
        hour += _PARTS[part] if hour < 12 else 0
    elif part := groups.get("noon"):
        hour = hour % 12 + (12 if part[0] in "pP" else 0)
    return span(match, "number", {("time", f"{hour}:{minutes:02}")}) if hour <= 24 and minutes < 60 else None


_YEAR = r"(?P<year>\d{4}|\d{2})"
_LONG_YEAR = r"(?P<year>(?:19|20)\d\d)"
_HAN = "[〇零一二三四五六七八九十]"
_MINUTES = r"(?: ?(?P<minute>\d{1,2}) ?分?|(?P<half>半))"
_WORD = r"(?P<month>[^\W\d_]{3,10})"
# Where a pattern begins with a plain figure, re skips to the next one at once; what must not stand before it is asked after it.
DATES: tuple[Finder, ...] = (
    Finder(
        re.compile(r"(?P<iso>(?P<year>\d(?<![\w.,/-]\d)\d{3})[-/.])(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})(?![\w/-])", re.A), _figures
    ),
    Finder(
        re.compile(rf"(?P<a>\d(?<![\w.,/-]\d)\d?)(?P<mark>[-/.])\s?(?P<b>\d{{1,2}})(?P=mark)\s?{_YEAR}(?![\w/-])(?P<iso>)", re.A),
        _figures,
    ),
    Finder(re.compile(r"(?:(?P<year>\d{4}) ?年 ?)?(?P<month>\d{1,2}) ?月 ?(?P<day>\d{1,2}) ?[日号]"), _chinese, "月"),
    Finder(
        re.compile(
            rf"(?P<day>\d(?<![A-Za-z0-9_.,]\d)\d?)(?:st|nd|rd|th|er|º|\.)?[ -](?:of |de )?{_WORD}\b"
            r"(?:\.?,?[ -](?:de |del )?(?P<year>\d{4}|'\d\d)\b)?"
        ),
        _worded,
    ),
    Finder(
        re.compile(
            rf"\b{_WORD}\.?,? (?:de |del )?"
            rf"(?:(?P<alone>(?:19|20)\d\d)\b|(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?!:\d)(?:,? (?P<year>\d{{4}})\b)?)"
        ),
        _month_first,
    ),
    Finder(re.compile(rf"{_LONG_YEAR} ?年 ?(?P<month>\d{{1,2}}) ?月"), _month, "月"),
    Finder(re.compile(rf"(?<![\w.,/-])(?P<month>0?[1-9]|1[0-2])/{_LONG_YEAR}(?![\w/-])", re.A), _month, "/"),
    Finder(re.compile(r"(?<![\d年])(?P<month>\d{1,2}) ?月(?!\d)"), _month, "月"),
    Finder(re.compile(r"([12](?<![\w.,/-]\d)[09]\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?![\w/-])", re.A), _compact),
    Finder(re.compile(r"(?P<a>\d(?<![\w.,/-]\d)\d?)\.(?P<b>\d{1,2})\.(?!\d)", re.A), _short_point),
    Finder(re.compile(r"(?P<a>\d(?<![\w.,/-]\d)\d?)/(?P<b>\d{1,2})(?![\w/]|-\d)", re.A), _short_slash, "/"),
)
"""Each holds a figure."""

TIMES: tuple[Finder, ...] = (
    Finder(re.compile(r"(?P<hour>\d(?<![\w.,:]\d)\d?)(?:[:.](?P<minute>\d\d))? ?(?P<noon>[ap]\.? ?m\b\.?)", re.I | re.A), _time),
    Finder(re.compile(r"(?P<hour>\d(?<![\w.,:]\d)\d?)(?:[:.](?P<minute>\d\d))? ?Uhr\b", re.A), _time, "Uhr"),
    Finder(re.compile(r"(?P<hour>\d(?<!\w\d)\d?) ?h ?(?P<minute>\d\d)(?!\w)", re.A), _time),
    *(
        Finder(re.compile(rf"(?P<part>{'|'.join(_PARTS)}) ?(?P<hour>\d{{1,2}}) ?{sign}{_MINUTES}?"), _time, sign)
        for sign in ":点點时時"
    ),
    *(Finder(re.compile(rf"(?<!\d)(?P<hour>\d{{1,2}}) ?{sign}{_MINUTES}"), _time, sign) for sign in "点點时時"),
    Finder(re.compile(r"(?<![\w:])(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::\d\d)?(?![\w:])", re.A), _time, ":"),
)
"""Each holds a figure."""

WORDED_DATES: tuple[Finder, ...] = (
    Finder(
        re.compile(rf"(?:(?P<year>[〇零一二三四五六七八九]{{4}})年)?(?P<month>{_HAN}{{1,2}})月(?P<day>{_HAN}{{1,3}})[日号]"),
        _chinese,
        "月",
    ),
    *(Finder(re.compile(rf"{month}(?![^\W_]| ?\d)"), _bare_month, month) for month in sorted(_SHOWN)),
)
"""Those without any figure."""
