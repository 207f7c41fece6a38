"""How amounts, numbers and dates are written in a language: the filters `money`, `number` and `date` of reply templates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from mailbot.core.spans import MONTHS

_SEPARATORS = {"de": (".", ","), "es": (".", ","), "it": (".", ","), "nl": (".", ","), "fr": ("\u00a0", ",")}
"""(thousands, decimal); any other language writes 1,234.50."""


def number(value: Any, language: str, places: int | None = None) -> str:
    """Return a number with the language's separators, "" for an absent one. `places` fixes the decimals."""
    if value is None or value == "":
        return ""
    shown = format(Decimal(value), f",.{places}f" if places is not None else ",f")
    thousands, point = _SEPARATORS.get(language, (",", "."))
    return shown.translate({ord(","): thousands, ord("."): point})


def money(value: Any, language: str, currency: str = "") -> str:
    """Return an amount with two decimals and its currency code, "" for an absent one."""
    places = 2 if value in (None, "") else max(2, -int(Decimal(value).as_tuple().exponent))
    return f"{number(value, language, places)} {currency}".strip() if value not in (None, "") else ""


def day(value: Any, language: str) -> str:
    """Return a date as letters write it in the language, "" for an absent one; a text stays as it is."""
    if not isinstance(value, date):
        return str(value or "")
    if language == "zh":
        return f"{value.year}年{value.month}月{value.day}日"
    month = MONTHS.get(language, MONTHS["en"])[value.month - 1]
    if language == "de":
        return f"{value.day}. {month.capitalize()} {value.year}"
    if language == "es":
        return f"{value.day} de {month} de {value.year}"
    return f"{value.day} {month if language in MONTHS and language != 'en' else month.capitalize()} {value.year}"
