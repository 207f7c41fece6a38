"""Amounts of money in running text: finding them, telling decimal mark from thousands, and the currency beside them.

"1.234" alone may be one thousand or one and a bit: what stays open after a look at the whole paper is not an amount here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Mark = Literal[".", ","]

CODES = (
    "EUR", "USD", "GBP", "CHF", "CNY", "RMB", "JPY", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "SEK", "NOK", "DKK",
    "PLN", "CZK", "HUF", "RON", "BGN", "TRY", "INR", "KRW", "MXN", "BRL", "ZAR", "AED", "ILS", "THB", "MYR", "IDR",
    "PHP", "CLP", "COP", "ARS", "SAR",
)  # fmt: skip

SYMBOLS: dict[str, str] = {
    "€": "EUR", "£": "GBP", "US$": "USD", "U$": "USD", "C$": "CAD", "CA$": "CAD", "A$": "AUD", "AU$": "AUD",
    "NZ$": "NZD", "S$": "SGD", "HK$": "HKD", "NT$": "TWD", "MX$": "MXN", "R$": "BRL", "₹": "INR", "₩": "KRW",
    "zł": "PLN", "Kč": "CZK", "₺": "TRY", "₪": "ILS", "฿": "THB", "₫": "VND", "Fr.": "CHF", "RMB": "CNY",
    "元": "CNY", "圆": "CNY", "円": "JPY", "$": "", "¥": "", "￥": "", "kr": "", "kr.": "",
    "euro": "EUR", "Euro": "EUR", "euros": "EUR",
}  # fmt: skip
"""What a currency is written as; "" where several countries write theirs so."""

_CURRENCY = (
    "(?:"
    + rf"(?<![A-Za-z])(?:{'|'.join(CODES)})(?![A-Za-z])"
    + "|"
    + "|".join(
        (r"(?<![A-Za-z])" if symbol[0].isalpha() and symbol.isascii() else "")
        + re.escape(symbol)
        + (r"(?![A-Za-zł])" if symbol[-1].isalpha() and symbol[-1] not in "元圆円" else "")
        for symbol in sorted(SYMBOLS, key=len, reverse=True)
    )
    + ")"
)
_NUMBER = (
    r"\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d\d)?(?!\d)"  # 1,41,600.00, as in India
    r"|\d{1,3}(?:[.,'’\u00a0\u202f ]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d{1,4})?(?!\d)"
)
GROUPING = re.compile(r"[ '’\u00a0\u202f]")
"""What groups the digits of a number besides points and commas."""

_MARKED = re.compile(r"\d+(?:[.,]\d+)+")
_AMOUNT = re.compile(
    rf"(?:(?P<before>{_CURRENCY})[ \t]*|(?<![\w.,/\-]))(?P<minus>[-−–(]?)[ ]?(?P<again>[$€£¥￥])?[ ]?(?P<number>{_NUMBER})"
    rf"(?:,[-–—]+)?(?P<tail>[)]|-(?![\d\w]))?(?![\w/°]|[.,:]\w|-\d|[ ]?%)(?:[ \t]*(?P<after>{_CURRENCY})(?![ \t]*-?\d))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """One amount in a text: where it stands, its value, and the currency written beside it ("" when none or several).

    `sign` is the currency as written; `exact` is True when it has two decimals, so that it is money even without a sign.
    """

    start: int
    end: int
    value: Decimal
    sign: str = ""
    exact: bool = True

    @property
    def currency(self) -> str:
        """The ISO 4217 code that the sign stands for, "" when it stands for several or is not there."""
        code = SYMBOLS.get(self.sign, self.sign if self.sign in CODES else "")
        return "CNY" if code == "RMB" else code


def find_amounts(text: str, mark: Mark | None = None) -> list[Amount]:
    """Return the amounts of a text from left to right; `mark` is the paper's decimal mark where it is known.

    Percentages, dates, times, phone numbers and references are left out as far as their form tells.
    """
    found: list[Amount] = []
    if not any(character.isdigit() for character in text):
        return found
    for match in _AMOUNT.finditer(text):
        sign = (match["before"] or match["again"] or match["after"] or "").strip()
        if match["before"] and match["after"] and SYMBOLS.get(match["before"]) == "":
            sign = match["after"]
        value = parse_number(match["number"], mark or (_thousands_only(match["number"]) if sign else None))
        if value is None:
            continue
        negative = match["minus"] in ("-", "−", "–") or (match["minus"] == "(" and match["tail"] == ")") or match["tail"] == "-"
        exact = bool(re.search(r"[.,]\d\d$", match["number"]))
        if not exact and not sign:
            continue
        start, end = match.span("number")
        found.append(Amount(start=start, end=end, value=-value if negative else value, sign=sign, exact=exact))
    return found


def parse_number(written: str, mark: Mark | None = None) -> Decimal | None:
    """Return the value of a written number, or None when its form does not say whether a mark is decimal or thousands.

    Two different marks: the last is decimal. One mark once, with one, two or four digits after it: decimal. With three: thousands
    when `mark` is the other one, decimal never (money has no three decimals), open without `mark`.
    """
    digits = GROUPING.sub("", written)
    if digits.isdecimal():
        return Decimal(digits)
    if not _MARKED.fullmatch(digits):
        return None
    marks = [character for character in digits if character in ".,"]
    last = marks[-1]
    whole, _, part = digits.rpartition(last)
    if len(set(marks)) == 2:
        return Decimal(re.sub(r"[.,]", "", whole) + "." + part) if marks.count(last) == 1 and _grouped(whole) else None
    if len(marks) > 1:
        return Decimal(re.sub(r"[.,]", "", digits)) if _grouped(digits) else None
    if len(part) != 3:
        return Decimal(f"{whole}.{part}")
    if mark is None or mark == last or len(whole) > 3 or whole.startswith("0"):
        return None
    return Decimal(whole + part)


def decimal_mark(texts: Iterable[str]) -> Mark | None:
    """Return the decimal mark that the amounts of a paper agree on, None when they do not or none shows it."""
    points = commas = 0
    for text in texts:
        for match in re.finditer(r"(?<![\w.,/])\d[\d.,' ]*([.,])\d\d(?![\d.,/%\w])", text):
            if match[1] == ".":
                points += 1
            else:
                commas += 1
    if points > 4 * commas:
        return "."
    return "," if commas > 4 * points else None


def normal(value: Decimal) -> str:
    """Return an amount as fields hold it: decimal point, two decimals, no thousands."""
    return f"{value:.2f}"


def _thousands_only(written: str) -> Mark | None:
    """Return the decimal mark under which "1.234" beside a currency sign is whole: money has no three decimals."""
    return {",": ".", ".": ","}.get(next((mark for mark in written if mark in ".,"), ""))  # type: ignore[return-value]


def _grouped(digits: str) -> bool:
    """Return whether a whole number is written in thousands as it should be, or as in India: 1,41,600."""
    return bool(re.fullmatch(r"\d{1,3}(?:[.,]\d{3})*|\d+|\d{1,2}(?:,\d\d)+,\d{3}", digits))
