"""Identifiers with check digits: IBAN (ISO 13616), VAT numbers of the EU and its neighbours, the Chinese taxpayer number.

A number whose check digits do not fit was misread or is something else: it is no identifier here.
"""

from __future__ import annotations

import re
from collections.abc import Callable

IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "BR": 29, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
    "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27,
    "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "RS": 22,
    "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TN": 24, "TR": 26, "UA": 29,
}  # fmt: skip

_IBAN = re.compile(r"(?<![A-Za-z0-9])(?=([A-Z]{2}[ ]?\d{2}(?:[ ]?[A-Z0-9]){11,30}))")  # a lookahead: they may overlap

_VAT_FORMS = {
    "AT": r"U\d{8}", "BE": r"[01]\d{9}", "BG": r"\d{9,10}", "CY": r"\d{8}[A-Z]", "CZ": r"\d{8,10}", "DE": r"\d{9}",
    "DK": r"\d{8}", "EE": r"\d{9}", "EL": r"\d{9}", "ES": r"[A-Z0-9]\d{7}[A-Z0-9]", "FI": r"\d{8}",
    "FR": r"[A-HJ-NP-Z0-9]{2}\d{9}", "GB": r"\d{9}(?:\d{3})?", "HR": r"\d{11}", "HU": r"\d{8}",
    "IE": r"\d[A-Z0-9+*]\d{5}[A-Z]{1,2}", "IT": r"\d{11}", "LT": r"\d{9}(?:\d{3})?", "LU": r"\d{8}", "LV": r"\d{11}",
    "MT": r"\d{8}", "NL": r"\d{9}B\d{2}", "PL": r"\d{10}", "PT": r"\d{9}", "RO": r"\d{2,10}", "SE": r"\d{10}01",
    "SI": r"\d{8}", "SK": r"\d{10}",
}  # fmt: skip

_VAT = re.compile(r"(?<![A-Za-z0-9])(" + "|".join(_VAT_FORMS) + r"|CHE)((?:[ .\-]?[A-Z0-9]){2,13})(?![A-Za-z0-9])")

_USCC = re.compile(r"(?<![A-Za-z0-9])[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}(?![A-Za-z0-9])")
_USCC_DIGITS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def find_ibans(text: str) -> list[tuple[int, int, str]]:
    """Return (start, end, IBAN without spaces) of every IBAN in a text whose length and check digits are right."""
    found = []
    for match in _IBAN.finditer(text):
        length = IBAN_LENGTHS.get(match[1][:2], 0)
        end, taken = match.start(), 0
        while end < match.end(1) and taken < length:
            taken += text[end] != " "
            end += 1
        iban = text[match.start() : end].replace(" ", "")
        if length and len(iban) == length and valid_iban(iban):
            found.append((match.start(), end, iban))
    return found


def valid_iban(iban: str) -> bool:
    """Return whether the check digits of an IBAN fit (ISO 7064, mod 97-10)."""
    turned = iban[4:] + iban[:4]
    return turned.isascii() and turned.isalnum() and int("".join(str(int(digit, 36)) for digit in turned)) % 97 == 1


def find_vat_ids(text: str) -> list[tuple[int, int, str]]:
    """Return (start, end, number without spaces) of every VAT number with its country in a text; check digits must fit."""
    found = []
    for match in _VAT.finditer(text):
        country, end = match[1], match.end()
        while end > match.start(2):  # a word that follows may have been taken along
            body = re.sub(r"[ .\-]", "", text[match.start(2) : end])
            if _is_vat(country, body):
                found.append((match.start(), end, country + re.sub(r"(?:MWST|TVA|IVA)$", "", body)))
                break
            end = max(text.rfind(" ", match.start(2), end), match.start(2))
    for match in _USCC.finditer(text):
        if valid_uscc(match[0]):
            found.append((match.start(), match.end(), match[0]))
    return found


def valid_uscc(code: str) -> bool:
    """Return whether a Chinese unified social credit code (the taxpayer number) has the right check digit (GB 32100-2015)."""
    weighted = sum(_USCC_DIGITS.index(digit) * pow(3, place, 31) for place, digit in enumerate(code[:17]))
    return _USCC_DIGITS[(31 - weighted % 31) % 31] == code[17]


def _is_vat(country: str, body: str) -> bool:
    if country == "CHE":
        return bool(re.fullmatch(r"\d{9}(?:MWST|TVA|IVA)?", body))
    check = _VAT_CHECKS.get(country)
    return bool(re.fullmatch(_VAT_FORMS[country], body)) and (check is None or check(body))


def _germany(body: str) -> bool:
    """Check by ISO 7064, mod 11, 10."""
    product = 10
    for digit in body[:8]:
        product = (int(digit) + product) % 10 or 10
        product = product * 2 % 11
    return (11 - product) % 10 == int(body[8])


def _netherlands(body: str) -> bool:
    """Check the tax number by eleven, or, for the numbers of sole traders since 2020, the whole by mod 97."""
    eleven = sum(int(digit) * weight for digit, weight in zip(body[:8], range(9, 1, -1), strict=True)) % 11 == int(body[8])
    return eleven or int("".join(str(int(digit, 36)) for digit in "NL" + body)) % 97 == 1


def _france(body: str) -> bool:
    return not body[:2].isdigit() or (12 + 3 * (int(body[2:]) % 97)) % 97 == int(body[:2])


def _luhn(body: str) -> bool:
    digits = [int(digit) for digit in reversed(body)]
    return sum(sum(divmod(digit * 2, 10)) if place % 2 else digit for place, digit in enumerate(digits)) % 10 == 0


_VAT_CHECKS: dict[str, Callable[[str], bool]] = {
    "BE": lambda body: 97 - int(body[:8]) % 97 == int(body[8:]),
    "DE": _germany,
    "FR": _france,
    "IT": _luhn,
    "LU": lambda body: int(body[:6]) % 89 == int(body[6:]),
    "NL": _netherlands,
}
