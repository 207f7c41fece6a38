"""Finds amounts, percentages, numbers and references in a text, and says each as one key: 1.234,50 and 1234.50 are one figure.

Signs (a credit of -50.00) are not told apart. A figure that can be read in two ways has a key for each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from mailbot.core.checkable import Finder, Key, Span, span
from mailbot.core.numerals import NUMBER_WORDS, han_number

_SIGNS = {
    "€": "EUR", "euro": "EUR", "euros": "EUR", "欧元": "EUR", "$": "USD", "us$": "USD", "dollar": "USD", "dollars": "USD",
    "美元": "USD", "£": "GBP", "英镑": "GBP", "fr.": "CHF", "sfr.": "CHF", "sfr": "CHF", "元": "CNY", "人民币": "CNY", "rmb": "CNY",
    "¥": "¥", "円": "JPY", "日元": "JPY", "hk$": "HKD", "港币": "HKD", "港元": "HKD", "c$": "CAD", "ca$": "CAD", "a$": "AUD",
    "au$": "AUD", "zł": "PLN", "kč": "CZK", "₹": "INR", "₩": "KRW",
}  # fmt: skip
SAME_CURRENCY = {"¥": ("¥", "CNY", "JPY"), "CNY": ("CNY", "¥"), "JPY": ("JPY", "¥")}
"""¥ stands for two currencies."""
_CODES = "EUR|USD|GBP|CHF|CNY|RMB|JPY|SEK|NOK|DKK|PLN|CZK|HUF|CAD|AUD|NZD|HKD|SGD|INR|BRL|MXN|TWD|KRW|ZAR|TRY|eur|usd|chf|gbp|rmb"
_BEFORE = rf"(?:(?:{_CODES})(?![A-Za-z])|(?:US|HK|CA?|AU?)\$|S?Fr\.|SFr(?= )|人民币|[€$£¥₹₩])"
_AFTER = (
    rf"(?:(?:{_CODES})(?![A-Za-z])|[Ee]uros?\b|[Dd]ollars?\b|US\$|Fr\.|zł|Kč|[€$£¥₹₩元円]|人民币|美元|欧元|英镑|日元|港币|港元)"
)
_TIMES = {
    "k": 3, "tsd": 3, "thousand": 3, "m": 6, "mio": 6, "million": 6, "millions": 6, "millionen": 6, "bn": 9, "mrd": 9, "billion": 9,
    "milliarden": 9, "千": 3, "万": 4, "亿": 8,
}  # fmt: skip
_TIMES_WORD = r" ?(?:(?:Mio|Mrd|Tsd)\b\.?|(?:[Mm]illions?|Millionen|Milliarden|[Bb]illion|[Tt]housand|bn)\b|[千万亿])"
_MONEY_TIMES = rf"(?P<times>{_TIMES_WORD}|[kKmM](?!\w))?"
_MORE = r"(?:\d{0,2}(?:[.,' ]\d{3}){1,6}(?:[.,]\d{1,4})?(?!\d)|\d{0,39}(?:[.,]\d{1,20})?(?!\d))"
_DIGITS = rf"(?P<digits>\d{_MORE})"
_FREE_DIGITS = rf"(?P<digits>\d(?<![\w.,]\d){_MORE})"
"""A figure that begins here. It is looked at first, what stands before it then: re skips to the next figure at once."""
_PERCENT = r"(?:%|[Pp]er ?cent\b|[Pp]rozent\b|pour ?cent\b|por ciento\b|per cento\b|procent\b)"
_HAN = "[零一二两三四五六七八九十百千]"


def _amount(match: re.Match[str]) -> Span:
    sign = (match.groupdict().get("before") or match["after"]).strip()
    currency = _SIGNS.get(sign.casefold(), sign.upper())
    return span(match, "amount", _multiplied(match), currency=currency, says=_apart(match["digits"]))


def _percent(match: re.Match[str]) -> Span:
    keys = set(number_keys(match["digits"]))
    return span(match, "number", {("percent", value) for _, value in keys}, says=keys)


def _han_percent(match: re.Match[str]) -> Span:
    value = str(han_number(match["n"]))
    return span(match, "number", {("percent", value)}, says={("number", value)})


def _number(match: re.Match[str]) -> Span:
    keys = set(_multiplied(match))
    return span(match, "number", keys | ({("id", match[0])} if match[0].isdigit() else set()), says=_apart(match["digits"]))


def _ordinal(match: re.Match[str]) -> Span:
    return span(match, "number", {("ordinal", match["n"].lstrip("0")), ("number", match["n"].lstrip("0"))})


def _identifier(match: re.Match[str]) -> Span:
    """A reference such as INV-2026/001: compared without punctuation, whole or without the letters before it."""
    squeezed = re.sub(r"[\W_]", "", match[0].casefold())
    tail = squeezed.lstrip("abcdefghijklmnopqrstuvwxyz")
    return span(match, "number", {("id", squeezed), ("id", tail)} if len(tail) >= 4 else {("id", squeezed)})


def _in_words(match: re.Match[str]) -> Span | None:
    value = NUMBER_WORDS.get(match[0].casefold())
    return span(match, "number", {("number", str(value))}) if value else None


def _in_han(match: re.Match[str]) -> Span | None:
    value = han_number(match["n"])
    return span(match, "number", {("number", str(value))}) if value > 1 and match[0][0] != "第" else None


def _multiplied(match: re.Match[str]) -> Iterator[Key]:
    """Yield what the figure of a match can mean, with the million that stands after it."""
    times = (match["times"] or "").strip(" .").casefold()
    factor = Decimal(10) ** _TIMES.get(times, 0)
    for kind, value in number_keys(match["digits"]):
        yield kind, canonical(Decimal(value) * factor) if times else value


def _apart(digits: str) -> Iterator[Key]:
    """Yield each figure of a row of figures that could be one number: 2 100 250."""
    if " " in digits:
        for part in re.findall(r"\d+(?:[.,]\d+)*", digits):
            yield from number_keys(part)


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


AMOUNTS: tuple[Finder, ...] = (
    Finder(re.compile(rf"{_FREE_DIGITS} ?{_PERCENT}", re.A), _percent),
    Finder(re.compile(rf"百分之 ?{_DIGITS}", re.A), _percent, "百分之"),
    Finder(
        re.compile(rf"(?<!\w)(?P<before>{_BEFORE}) ?-?{_DIGITS}{_MONEY_TIMES}(?P<after> ?元)?", re.A),
        _amount,
    ),
    Finder(re.compile(rf"{_FREE_DIGITS}{_MONEY_TIMES} ?(?P<after>{_AFTER})", re.A), _amount),
)
"""Each holds a figure."""

NUMBERS: tuple[Finder, ...] = (
    Finder(re.compile(r"(?<!\w)[A-Z]{2} ?\d{3}[ .]\d{3}[ .]\d{3}(?![\w.,]\d|\w)", re.A), _identifier),
    Finder(re.compile(r"(?P<n>\d(?<![\w.,]\d)\d?)(?:st|nd|rd|th)\b", re.A), _ordinal),
    Finder(
        re.compile(
            r"(?<!\w)(?=[\w./-]{0,40}[A-Za-z_])(?=[\w./-]{0,40}\d)[A-Za-z0-9_]{1,60}(?:[./_-][A-Za-z0-9_]{1,60}){0,8}", re.A
        ),
        _identifier,
    ),
    Finder(re.compile(r"\d(?<![\w.,]\d)(?!\d?-\d{1,3}(?![\w/-]))\d{1,29}(?:[-/]\d{1,30}){1,6}(?!\w)", re.A), _identifier),
    Finder(re.compile(rf"{_FREE_DIGITS}(?P<times>{_TIMES_WORD})?", re.A), _number),
)
"""Each holds a figure. What nothing else claimed is a reference or a number."""

_UNITS = (
    "day week month hour year percent tag woche monat stunde jahr prozent jour semaine mois heure día semana mes hora giorn "
    "settiman dag uur"
).split()
"""The beginnings of the words for a stretch of time or a share."""
_IN_WORDS = re.compile(
    r"\b[^\W\d_]+(?:-[^\W\d_]+)?(?=[ -](?:\(\d+\) )?(?:(?:business|working|calendar|full|more|further|volle|weitere|weiteren) )?"
    rf"(?:[Ww]erk|[Aa]rbeits|[Kk]alender|[Bb]ank)?(?:{'|'.join(f'[{unit[0].upper()}{unit[0]}]{unit[1:]}' for unit in _UNITS)}"
    r"|per cent|pour cent|mesi\b|ore\b|jaar|maand))"
)
COUNTED_IN_WORDS = Finder(_IN_WORDS, _in_words)
COUNTED_IN_HAN: tuple[Finder, ...] = (
    Finder(re.compile(rf"百分之(?P<n>{_HAN}{{1,6}})"), _han_percent, "百分之"),
    Finder(re.compile(rf"第?(?P<n>{_HAN}{{1,6}})(?= ?个?(?:工作日|天|日内|周|星期|月|年|小时|件|箱|台|份|万|元))"), _in_han),
)
"""Those without any figure."""
