"""Compares an e-invoice's XML with the page that carries it: what a person sees must be what the machine books.

Only what the page shows can contradict. A page may show several totals (with what is prepaid, or in a second currency) and several
accounts: the XML's value is found among them, or there is a mismatch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from mailbot.core.amounts import Amount, Mark, decimal_mark, find_amounts, normal
from mailbot.core.dates import find_dates
from mailbot.core.document import Field
from mailbot.core.einvoice import Invoice, looks_like_iban
from mailbot.core.identifiers import IBAN_LENGTHS
from mailbot.core.paper import Paper
from mailbot.core.sums import CENT

_ACCOUNT = re.compile(r"(?<![A-Za-z0-9])(?=([A-Z]{2}[ ]?[0-9OIl]{2}(?:[ ]?[A-Za-z0-9]){8,30}))")
_MISREAD = str.maketrans({"o": "0", "i": "1", "l": "1", "s": "5", "b": "8"})
"""What OCR takes for each other, in a number in small letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """A field whose value on the page is another than in the XML: both as they are stated, and the page."""

    name: str
    xml: str
    shown: str
    page: int

    def __str__(self) -> str:
        words = {"invoice_number": "number", "iban": "IBAN"}.get(self.name, self.name)
        return f"{words}: the XML says {self.xml}, page {self.page} shows {self.shown}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """Something that stands on a page, as it is written there."""

    value: str
    page: int


def compare(invoice: Invoice, paper: Paper, visible: Sequence[Field]) -> list[Mismatch]:
    """Return where a paper contradicts the XML in number, tax, total or IBAN. `visible` are the fields read off it."""
    fields = {field.name: field for field in visible}
    found = (
        _number(invoice, paper, fields.get("invoice_number")),
        _tax(invoice, paper, fields.get("tax")),
        _total(invoice, paper, fields.get("total")),
        _iban(invoice, paper),
    )
    return [one for one in found if one]


def with_places(fields: Sequence[Field], paper: Paper, visible: Sequence[Field]) -> tuple[Field, ...]:
    """Return the XML's fields, each with the place where the paper shows the same value, where it does."""
    shown = {(field.name, _same(field.value)): field for field in visible}
    placed = []
    for field in fields:
        seen = shown.get((field.name, _same(field.value)))
        if seen is None and field.name in ("supplier", "customer", "invoice_number", "po_number", "iban", "vat_id"):
            seen = _written(paper, field)
        placed.append(replace(field, page=seen.page, box=seen.box) if seen else field)
    return tuple(placed)


def _written(paper: Paper, field: Field) -> Field | None:
    """Return a field at the first place where a page has its value in so many letters."""
    parts = [re.escape(part) for part in (field.value if field.name in ("iban", "vat_id") else field.value.split())]
    pattern = re.compile(r"(?<!\w)" + r"\s{0,2}".join(parts) + r"(?!\w)", re.IGNORECASE)
    for line in paper.lines:
        match = pattern.search(line.text)
        if match:
            return replace(field, page=line.page, box=line.box(*match.span()))
    return None


def _number(invoice: Invoice, paper: Paper, seen: Field | None) -> Mismatch | None:
    """Compare the number (BT-1) with the one that the page announces; spaces, dashes, points and leading zeros do not matter."""
    announced = list(_announced(paper))
    misread = _MISREAD if seen and seen.origin == "ocr" else {}
    stated, *shown = (_same(one).translate(misread).lstrip("0") for one in (invoice.number, *(one.value for one in announced)))
    if not stated or stated in shown:
        return None
    if seen is not None:
        same = _same(seen.value).translate(misread).lstrip("0") == stated
        return None if same else Mismatch(name="invoice_number", xml=invoice.number, shown=seen.value, page=seen.page or 1)
    if not announced or stated in _same(paper.text):
        return None
    return Mismatch(name="invoice_number", xml=invoice.number, shown=announced[0].value, page=announced[0].page)


def _announced(paper: Paper) -> Iterator[_Shown]:
    """Yield what plain labels of an invoice's number announce: the next words that hold a digit, as far as a number may go on."""
    for at, label in paper.labelled("invoice_number", 2):
        for region in (paper.right(at, label), paper.below(at, label)):
            words = list(re.finditer(r"[^\s,;:：#№]+", region.text))[:4] if region else []
            for last in words:
                value = region.text[words[0].start() : last.end()] if region else ""
                if region and sum(character.isdigit() for character in value) >= 2 and not find_dates(value):
                    yield _Shown(value=value, page=region.line.page)


def _total(invoice: Invoice, paper: Paper, seen: Field | None) -> Mismatch | None:
    """Compare the total with tax (BT-112), or what of it is due (BT-115), with the totals that the page announces.

    What it calls a total and is neither of them, nor any other sum of the invoice, contradicts even where the amount due agrees.
    """
    known = _bare(invoice, invoice.gross, invoice.payable)
    if not known:
        return None
    others = _bare(
        invoice, invoice.net, invoice.line_total, invoice.prepaid, *_parts(invoice), *(one.amount for one in invoice.lines)
    )
    totals, payable = (list(_labelled(paper, name, invoice)) for name in ("total", "payable"))
    if any(_is(one.value, known, invoice) for one in totals):
        return None
    strange = [one for one in totals if not _is(one.value, others, invoice)]
    if not strange and (any(_is(one.value, known, invoice) for one in payable) or (seen and _is(seen.value, known, invoice))):
        return None
    if not strange and seen is None and any(_near(_bare(invoice, one.value)[0], known) for one in _everywhere(paper)):
        return None
    shown = strange[-1:] or ([_Shown(value=seen.value, page=seen.page or 1)] if seen else payable[-1:])
    return Mismatch(name="total", xml=normal(known[0]), shown=shown[0].value, page=shown[0].page) if shown else None


def _tax(invoice: Invoice, paper: Paper, seen: Field | None) -> Mismatch | None:
    """Compare the tax (BT-110) with the page: it may show the tax in another currency, or that of each rate by itself."""
    taxes = _bare(invoice, *(one.amount for one in invoice.taxes))
    known = _bare(invoice, invoice.tax_due, invoice.tax_accounted)
    if not known:
        return None
    everywhere = [_bare(invoice, one.value)[0] for one in _everywhere(paper)]
    adds_up = _near(sum(taxes, Decimal(0)), known[:1])
    if len(taxes) > 1 and adds_up and all(_near(tax, everywhere) for tax in taxes):
        known += taxes
    # "incl. VAT 119.00" and "VAT on 100.00" announce other amounts than the tax
    others = [
        one
        for one in _bare(invoice, invoice.gross, invoice.payable, invoice.net, invoice.line_total, *_parts(invoice)[::2])
        if not _near(one, [*known, *taxes])
    ]
    shown = [one for one in _labelled(paper, "tax", invoice) if not _is(one.value, others, invoice)]
    if any(_is(one.value, known, invoice) for one in shown) or (seen and _is(seen.value, known, invoice)):
        return None
    if seen is None and (not shown or any(_near(one, known) for one in everywhere)):
        return None
    value, page = (seen.value, seen.page or 1) if seen else (shown[-1].value, shown[-1].page)
    return Mismatch(name="tax", xml=normal(known[0]), shown=value, page=page)


def _parts(invoice: Invoice) -> list[Decimal | None]:
    """Return what is taxed and the tax, by rate, one after the other."""
    return [amount for one in invoice.taxes for amount in (one.basis, one.amount)]


def _is(written: str, amounts: Sequence[Decimal], invoice: Invoice) -> bool:
    """Return whether a normalised amount is one of several."""
    return _near(_bare(invoice, Decimal(written))[0], amounts)


def _labelled(paper: Paper, name: str, invoice: Invoice) -> Iterator[_Shown]:
    """Yield the amounts that labels of a name announce, but for those in another currency than the invoice's.

    They stand right of the label, or below it unless it heads a table of items.
    """
    mark = decimal_mark(line.text for line in paper.lines)
    for at, label in paper.labelled(name, 2):
        heading = len(paper.labels[at]) > 2 and any(one.name == "other" for one in paper.labels[at])
        for region in (paper.right(at, label), None if heading else paper.below(at, label)):
            found = _amounts(region.text, mark) if region else []
            if region and found:
                if not found[-1].currency or found[-1].currency == invoice.currency:
                    yield _Shown(value=normal(found[-1].value), page=region.line.page)
                break


def _everywhere(paper: Paper) -> list[Amount]:
    mark = decimal_mark(line.text for line in paper.lines)
    return [amount for line in paper.lines for amount in _amounts(line.text, mark)]


def _amounts(text: str, mark: Mark | None) -> list[Amount]:
    for one in find_dates(text):
        text = text[: one.start] + "~" * (one.end - one.start) + text[one.end :]
    return find_amounts(text, mark)


def _iban(invoice: Invoice, paper: Paper) -> Mismatch | None:
    """Compare the accounts (BT-84) with those on the page: one of them must be there where the page shows any.

    A wrong check digit does not hide an account here: a changed digit is what is looked for.
    """
    stated = [one for one in invoice.accounts if looks_like_iban(one)]
    shown = list(_accounts_on(paper))
    known = {_same(one).translate(_MISREAD) for one in stated}
    if not stated or not shown or any(_same(one.value).translate(_MISREAD) in known for one in shown):
        return None
    return Mismatch(name="iban", xml=stated[0], shown=shown[0].value, page=shown[0].page)


def _accounts_on(paper: Paper) -> Iterator[_Shown]:
    """Yield what has the form of an IBAN: a country, and as many letters and digits as IBANs have there."""
    for line in paper.lines:
        text = line.text.replace("\t", " ").replace("\u00a0", " ")
        for match in _ACCOUNT.finditer(text):
            written = match[1].replace(" ", "")
            length = IBAN_LENGTHS.get(written[:2], 0)
            account = written[:length].upper()
            digits = sum(character.isdigit() for character in account)
            if length and len(account) == length and digits >= min(12, length - 6):
                yield _Shown(value=account, page=line.page)


def _bare(invoice: Invoice, *values: Decimal | None) -> list[Decimal]:
    """Return the amounts that are there as they are compared: a credit note may be printed with minus signs or without."""
    return [abs(value) if invoice.credit else value for value in values if value is not None]


def _near(value: Decimal, others: Sequence[Decimal]) -> bool:
    return any(abs(value - other) < CENT for other in others)


def _same(text: str) -> str:
    """Return text as it is compared: letters and digits in small letters."""
    return "".join(character for character in text.casefold() if character.isalnum())
