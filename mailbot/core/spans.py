"""What can be checked in a text: finds amounts, numbers, dates, IBANs, links, addresses and names, and says what each means.

The same finders read a draft and its sources, so two ways of writing one thing meet in one key: 1.234,50 and 1234.50, 2026-11-01
and 1 November 2026, an IBAN with and without spaces. A span that can be read in two ways has a key for each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mailbot.core.draft import Kind

Key = tuple[str, str]
"""What a span means: ("number", "1234.5"), ("date", "2026-11-01"), ("id", "inv7"), …"""

MAX_TEXT = 200_000

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
_MONTH_NUMBER = {name: number for names in MONTHS.values() for number, name in enumerate(names, 1)} | _SHORT

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xA0: 0x20, 0x202F: 0x20, 0x2009: 0x20}
_PLAIN = str.maketrans({code: chr(plain) for code, plain in _WIDE.items()} | {0x2019: "'", 0x2212: "-", 0x2011: "-", 0xFFE5: "¥"})
"""One character to one, so that offsets stay: full-width forms, the spaces of thousands, typographic signs."""

_SYMBOLS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "CNY", "元": "CNY", "人民币": "CNY"}
_CODES = "EUR|USD|GBP|CHF|CNY|RMB|JPY|SEK|NOK|DKK|PLN|CZK|HUF|CAD|AUD|NZD|HKD|SGD|INR|BRL|MXN|TWD|KRW|ZAR|TRY"
_CURRENCY = rf"(?:(?:{_CODES})(?![A-Za-z])|US\$|[€$£¥])"
_DIGITS = r"\d{1,3}(?:[.,' ]\d{3}){1,6}(?:[.,]\d{1,4})?(?!\d)|\d{1,40}(?:[.,]\d{1,20})?(?!\d)"
_MONTH = "|".join(sorted(_MONTH_NUMBER, key=len, reverse=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A checkable part of a text, as half-open offsets. `currency` is an amount's ISO 4217 code, "" when it is not said."""

    start: int
    end: int
    kind: Kind
    keys: frozenset[Key]
    currency: str = ""


def plain(text: str) -> str:
    """Return the text with look-alikes made one, character for character."""
    return text.translate(_PLAIN)


def spans_of(text: str) -> list[Span]:
    """Return what can be checked in a text, in its order, without overlaps. Only the first MAX_TEXT characters are looked at."""
    text = plain(text[:MAX_TEXT])
    taken = bytearray(len(text))
    found: list[Span] = []
    for pattern, read in _FINDERS:
        for match in pattern.finditer(text):
            start, end = match.span()
            if not any(taken[start:end]) and (span := read(match)):
                found.append(span)
                taken[start:end] = b"\1" * (end - start)
    return sorted(found, key=lambda span: span.start)


def _span(match: re.Match[str], kind: Kind, keys: Iterator[Key] | set[Key], currency: str = "") -> Span:
    return Span(start=match.start(), end=match.end(), kind=kind, keys=frozenset(keys), currency=currency)


def _link(match: re.Match[str]) -> Span:
    end = match.end() - (len(match[0]) - len(match[0].rstrip(".,;:!?'\"")))
    address = re.sub(r"^https?://(www\.)?|^www\.", "", match.string[match.start() : end].casefold()).rstrip("/")
    return Span(start=match.start(), end=end, kind="link", keys=frozenset({("link", address)}))


def _address(match: re.Match[str]) -> Span:
    return _span(match, "address", {("address", match[0].casefold())})


def _iban(match: re.Match[str]) -> Span | None:
    """ISO 13616: two letters, two check digits, up to 30 letters and digits; no checksum, for a mistyped one must show up too."""
    squeezed = re.sub(r"[ -]", "", match[0]).upper()
    return _span(match, "iban", {("iban", squeezed)}) if 15 <= len(squeezed) <= 34 else None


def _date(match: re.Match[str]) -> Span | None:
    """A date in figures; 3/4/2026 is read both ways."""
    parts = match.groupdict()
    year = int(parts["year"]) + (2000 if len(parts["year"]) == 2 else 0)
    first, second = int(parts["a"]), int(parts["b"])
    orders = [(first, second)] if match["iso"] else [(second, first), (first, second)]
    days = {day for month, number in orders if (day := _day(year, month, number))}
    return _span(match, "date", {("date", day) for day in days}) if days else None


def _worded_date(match: re.Match[str]) -> Span | None:
    """A date with the month's name; without a year it is a day of any year."""
    number, month = int(match["day"]), _MONTH_NUMBER[match["month"].casefold()]
    if match["year"]:
        day = _day(int(match["year"]), month, number)
    else:
        day = f"{month:02}-{number:02}" if _day(2024, month, number) else None
    return _span(match, "date", {("date", day)}) if day else None


def _chinese_date(match: re.Match[str]) -> Span | None:
    month, number = int(match["month"]), int(match["day"])
    day = _day(int(match["year"] or 2024), month, number)
    return _span(match, "date", {("date", day if match["year"] else day[5:])}) if day else None


def _day(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _amount(match: re.Match[str]) -> Span:
    sign = match["before"] or match["after"] or ""
    currency = {"RMB": "CNY", "US$": "USD"}.get(sign, _SYMBOLS.get(sign, sign))
    return _span(match, "amount", number_keys(match["digits"]), currency)


def _identifier(match: re.Match[str]) -> Span:
    """A reference such as INV-2026/001: compared without punctuation, whole or without the letters before it."""
    squeezed = re.sub(r"[\W_]", "", match[0].casefold())
    tail = squeezed.lstrip("abcdefghijklmnopqrstuvwxyz")
    return _span(match, "number", {("id", squeezed), ("id", tail)} if len(tail) >= 4 else {("id", squeezed)})


def _time(match: re.Match[str]) -> Span:
    return _span(match, "number", {("time", match[0].lstrip("0"))})


def _number(match: re.Match[str]) -> Span:
    keys = set(number_keys(match["digits"]))
    return _span(match, "number", keys | ({("id", match[0])} if match[0].isdigit() else set()))


def number_keys(digits: str) -> Iterator[Key]:
    """Yield what a figure can mean: 1.234 is 1234 or 1.234; 1.234,50 and 1,234.50 are each one thing."""
    figure = digits.replace(" ", "").replace("'", "")
    marks = [mark for mark in figure if mark in ".,"]
    readings = {figure.replace(",", "").replace(".", "")} if len(marks) > 1 and len(set(marks)) == 1 else set()
    if len(set(marks)) == 2:
        point = marks[-1]
        readings = {figure.replace("," if point == "." else ".", "").replace(point, ".")}
    elif len(marks) == 1:
        whole, _, rest = figure.replace(",", ".").partition(".")
        readings = {f"{whole}.{rest}"} | ({whole + rest} if len(rest) == 3 and whole not in ("", "0") else set())
    elif not marks:
        readings = {figure}
    for reading in readings:
        yield "number", canonical(Decimal(reading))


def canonical(number: Decimal) -> str:
    """Return a number without needless zeros: 1234.50 and 1234.5 are one key."""
    shown = format(number, "f")
    return (shown.rstrip("0").rstrip(".") if "." in shown else shown).lstrip("0") or "0"


_YEAR = r"(?P<year>\d{4}|\d{2})"
_WORDED = (
    rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|º|\.)?[ -](?:of |de )?(?P<month>{_MONTH})\b"
    r"(?:\.?,?[ -](?:de |del )?(?P<year>\d{4})\b)?",
    rf"\b(?P<month>{_MONTH})\b\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<year>\d{{4}})\b)?",
)
_REFERENCE = r"(?<!\w)(?=[\w./-]{0,40}[A-Za-z_])(?=[\w./-]{0,40}\d)[A-Za-z0-9_]{1,60}(?:[./_-][A-Za-z0-9_]{1,60}){0,8}"
_PATTERNS: tuple[tuple[str, int, Callable[[re.Match[str]], Span | None]], ...] = (
    (r"(?:https?://|\bwww\.)[^\s<>\"'()\[\]{}，。；、）]+", re.I | re.A, _link),
    (r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}\b", re.A, _address),
    (r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?![A-Za-z0-9])", 0, _iban),
    (r"(?<![\w.,/-])(?P<iso>(?P<year>\d{4})[-/.])(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})(?![\w/-])", re.A, _date),
    (rf"(?<![\w.,/-])(?P<iso>)(?P<a>\d{{1,2}})(?P<mark>[-/.])\s?(?P<b>\d{{1,2}})(?P=mark)\s?{_YEAR}(?![\w/-])", re.A, _date),
    (r"(?:(?P<year>\d{4}) ?年 ?)?(?P<month>\d{1,2}) ?月 ?(?P<day>\d{1,2}) ?[日号]", 0, _chinese_date),
    (_WORDED[0], re.I, _worded_date),
    (_WORDED[1], re.I, _worded_date),
    (rf"(?<!\w)(?P<before>{_CURRENCY}) ?(?P<digits>{_DIGITS})(?P<after>(?!))?", re.A, _amount),
    (rf"(?<![\w.,])(?P<before>(?!))?(?P<digits>{_DIGITS}) ?(?P<after>{_CURRENCY}|元|人民币)", re.A, _amount),
    (r"(?<!\w)\d{1,2}:\d{2}(?::\d{2})?(?!\w)", re.A, _time),
    (_REFERENCE, re.A, _identifier),
    (r"(?<![\w.,])\d{2,30}(?:[-/]\d{1,30}){1,6}(?!\w)", re.A, _identifier),
    (rf"(?<![\w.,])(?P<digits>{_DIGITS})", re.A, _number),
)
"""In the order in which they claim their part of the text. Every repetition is bounded or cannot fail late: texts are hostile."""
_FINDERS = tuple((re.compile(pattern, flags), read) for pattern, flags, read in _PATTERNS)
