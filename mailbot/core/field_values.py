"""Fields as people speak of them: their names in words, and what somebody may write as a value, normalised or refused."""

from __future__ import annotations

import re
from decimal import Decimal

from mailbot.core.amounts import CODES, SYMBOLS, normal, parse_number
from mailbot.core.dates import find_dates
from mailbot.core.document import FIELD_NAMES
from mailbot.core.identifiers import IBAN_LENGTHS, find_ibans, find_vat_ids
from mailbot.core.rule_tree import nearest
from mailbot.core.supplier_hints import AMOUNTS, DATES
from mailbot.errors import NotAllowed

LONGEST = 200
LARGEST = Decimal(10) ** 12
_MONEY_SIGN = re.compile("|".join(re.escape(sign) for sign in sorted((*CODES, *SYMBOLS), key=len, reverse=True)), re.IGNORECASE)
"""What may stand beside an amount and says nothing about it: the currency is a field of its own."""


_NAMES = {"iban": "IBAN", "vat_id": "VAT id", "po_number": "PO number"}


def in_words(field: str) -> str:
    """Return a field's name as it stands in a sentence."""
    return _NAMES.get(field, field.replace("_", " "))


def settled(field: str, written: str) -> str:
    """Return a field's value as it is kept (see `FIELD_NAMES`), "" for nothing. Raises NotAllowed with what to write instead."""
    if field not in FIELD_NAMES:
        raise NotAllowed(f"no field is called {field!r}{nearest(field, FIELD_NAMES)}", remedy="name one of the fields")
    text = " ".join(written.split())
    if not text:
        return ""
    if len(text) > LONGEST:
        raise NotAllowed(f"{in_words(field)}: {len(text)} characters are too many", remedy=f"write at most {LONGEST}")
    if field in AMOUNTS:
        return _amount(field, text)
    if field in DATES:
        return _date(field, text)
    if field == "iban":
        return _iban(text)
    if field == "vat_id":
        return _vat_id(text)
    return _currency(text) if field == "currency" else text


def _amount(field: str, text: str) -> str:
    bare = _MONEY_SIGN.sub("", text).strip()
    digits = bare.lstrip("-−–").strip()
    value = parse_number(digits)
    if value is None and re.fullmatch(r"\d{1,3}[.,]\d{3}", digits):
        figures = re.sub(r"[.,]", "", digits)
        raise NotAllowed(
            f"{in_words(field)}: {text!r} may be {figures} or {digits.replace(',', '.')}",
            remedy=f"write {figures}.00 if that is meant",
        )
    if value is None or abs(value) >= LARGEST:
        raise NotAllowed(f"{in_words(field)}: {text!r} is no amount", remedy="write it like 1234.56")
    return normal(-value if digits != bare else value)


def _date(field: str, text: str) -> str:
    found = find_dates(text)
    if len(found) != 1 or (found[0].start, found[0].end) != (0, len(text)):
        raise NotAllowed(f"{in_words(field)}: {text!r} is no date", remedy="write it like 2026-11-30")
    one = found[0]
    if one.other is not None:
        raise NotAllowed(f"{in_words(field)}: {text!r} may be {one.value} or {one.other}", remedy="write the one that is meant")
    return one.value.isoformat()


def _iban(text: str) -> str:
    iban = re.sub(r"[\s.\-]", "", text).upper()
    if [found for _, _, found in find_ibans(iban)] == [iban]:
        return iban
    length = IBAN_LENGTHS.get(iban[:2])
    if length is None:
        raise NotAllowed(
            f"IBAN: {text!r} does not begin with a country that has IBANs", remedy="write it as it stands on the paper"
        )
    why = f"has {len(iban)} characters, not {length}" if len(iban) != length else "has check digits that do not fit"
    raise NotAllowed(f"IBAN: {text!r} {why}", remedy="compare it with the paper, digit by digit")


def _vat_id(text: str) -> str:
    number = re.sub(r"[\s.\-]", "", text).upper()
    found = find_vat_ids(number)
    if len(found) != 1 or found[0][:2] != (0, len(number)):
        remedy = "write country and number, like DE136695976, and compare its digits with the paper"
        raise NotAllowed(f"VAT id: {text!r} is none, or its check digit does not fit", remedy=remedy)
    return found[0][2]


def _currency(text: str) -> str:
    known = {*CODES, *SYMBOLS.values()} - {"", "RMB"}
    code = text.upper()
    code = {"RMB": "CNY"}.get(code, code)
    if code not in known:
        code = SYMBOLS.get(text) or SYMBOLS.get(text.lower()) or ""
    if not code:
        raise NotAllowed(f"currency: {text!r} is not one currency{nearest(text.upper(), known)}", remedy="write its code, like EUR")
    return code
