"""What printed codes say: the payment in a Swiss QR bill or a SEPA QR code, and how it goes together with what the page says.

An IBAN whose check digits hold is taken from the code, which no OCR can misread. An amount has no check digits, and what is to be
paid now need not be the total: the page's own total stays. What the code asks for and the page nowhere says is told to a person,
since a code pasted over an invoice is how payments are led astray.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from mailbot.core.amounts import find_amounts, normal
from mailbot.core.document import FIELD_NAMES, Box, Field
from mailbot.core.identifiers import IBAN_LENGTHS, find_ibans, valid_iban

SURE = 0.98
"""Confidence in what a payment code says: it has its own error correction, and the IBAN its check digits."""

_AMOUNT = re.compile(r"\d{1,9}(?:\.\d{1,2})?")
_SWISS_LINES = 31
"""Lines up to the trailer, which every Swiss payload has (Swiss Implementation Guidelines QR-bill 2.3, 4.2.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One code printed on page `page`: its kind ("QR code", "Code 128"), its text, and where it stands."""

    kind: str
    text: str
    page: int
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What a payment code asks for. `amount` is None where the payer fills it in; `currency` is ISO 4217."""

    iban: str
    currency: str
    creditor: str
    amount: Decimal | None = None
    reference: str = ""
    message: str = ""


def find_payment(text: str) -> Payment | None:
    """Return the payment of a code's text, None when it is no payment code or its IBAN is not right."""
    lines = [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    payment = _swiss(lines) if lines[0] == "SPC" else _sepa(lines) if lines[0] == "BCD" else None
    return payment if payment and _right_iban(payment.iban) else None


def _swiss(lines: list[str]) -> Payment | None:
    """Read a Swiss QR bill (Swiss Implementation Guidelines QR-bill 2.3, table 5)."""
    if len(lines) < _SWISS_LINES or not lines[1].startswith("02") or lines[30] != "EPD" or lines[19] not in ("CHF", "EUR"):
        return None
    return Payment(
        iban=lines[3].replace(" ", ""),
        currency=lines[19],
        creditor=lines[5],
        amount=_amount(lines[18]),
        reference=lines[28],
        message=lines[29],
    )


def _sepa(lines: list[str]) -> Payment | None:
    """Read a SEPA credit transfer code (EPC069-12 3.0, table 1)."""
    lines = lines + [""] * (12 - len(lines))
    if lines[1] not in ("001", "002") or lines[3] not in ("SCT", "INST") or (lines[7] and not lines[7].startswith("EUR")):
        return None
    return Payment(
        iban=lines[6].replace(" ", ""),
        currency="EUR",
        creditor=lines[5],
        amount=_amount(lines[7].removeprefix("EUR")),
        reference=lines[9],
        message=lines[10],
    )


def _amount(written: str) -> Decimal | None:
    """Return an amount as codes write it, None where there is none or zero."""
    value = Decimal(written) if _AMOUNT.fullmatch(written) else Decimal(0)
    return value if value > 0 else None


def _right_iban(iban: str) -> bool:
    return len(iban) == IBAN_LENGTHS.get(iban[:2], 0) and valid_iban(iban)


def settle(fields: Sequence[Field], codes: Sequence[Code], printed: str) -> tuple[tuple[Field, ...], tuple[str, ...]]:
    """Return a document's fields together with what its payment codes say, and a sentence for each thing that does not agree.

    `printed` is the text of its pages without the codes. Codes that ask for different payments (instalments) give only what they
    have in common.
    """
    payments = [(code, payment) for code in codes if (payment := find_payment(code.text))]
    if not payments:
        return tuple(fields), ()
    code, first = payments[0]
    every = [payment for _, payment in payments]
    found = {field.name: field for field in fields}
    differences: list[str] = []
    said: dict[str, str] = {}
    if all(one.iban == first.iban for one in every):
        said["iban"] = first.iban
        shown = {iban for _, _, iban in find_ibans(printed)}
        if shown and first.iban not in shown:
            differences.append(f"the {code.kind} pays to {first.iban}, the page says {', '.join(sorted(shown))}")
    if all(one.amount == first.amount and one.currency == first.currency for one in every) and first.amount is not None:
        amounts = {one.value for one in find_amounts(printed)}
        if not amounts or first.amount in amounts:
            said["total"] = normal(first.amount)
        else:
            total = found["total"].value if "total" in found else "other amounts"
            differences.append(f"the {code.kind} asks for {first.currency} {normal(first.amount)}, the page says {total}")
    said["currency"], said["supplier"] = first.currency, first.creditor
    for name, value in said.items():
        own = found.get(name)
        if value and (own is None or name == "iban" or own.value == value):
            sure = replace(own, confidence=max(own.confidence, SURE)) if own and own.value == value else None
            found[name] = sure or Field(name=name, value=value, page=code.page, box=code.box, confidence=SURE)
    return tuple(sorted(found.values(), key=lambda field: FIELD_NAMES.index(field.name))), tuple(differences)
