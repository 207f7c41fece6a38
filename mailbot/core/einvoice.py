"""What an electronic invoice says, by the business terms of EN 16931-1, and whether it keeps that standard's own sums.

An XML invoice is not read but stated: its values are sure, unless they contradict each other. Amounts of a credit note stay as
they are stated (positive, mostly), since the document's kind turns them round, not their sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mailbot.core.amounts import normal
from mailbot.core.document import FIELD_NAMES, Field, Table
from mailbot.core.identifiers import IBAN_LENGTHS, valid_iban

CENT = Decimal("0.01")
ROUNDING = Decimal("0.02")
"""How far a sum may be off: programs round lines and taxes one by one."""

DOUBTFUL = 0.5
"""Confidence of amounts that do not add up."""

CREDIT_NOTES = frozenset({"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "502", "503", "532"})
"""Document types (UNTDID 1001, BT-3) by which the supplier owes the customer."""

COLUMNS = ("line", "description", "quantity", "unit", "unit price", "tax rate", "amount")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line (BG-25): identifier BT-126, name BT-153, quantity BT-129, unit BT-130 (UN/ECE Recommendation 20), net price
    BT-146 of `basis` (BT-149) units, rate in percent BT-152, net amount BT-131. `surcharge` is its charges (BT-141) less its
    allowances (BT-136). `counts` is False for a line that only groups or explains others."""

    number: str = ""
    description: str = ""
    quantity: Decimal | None = None
    unit: str = ""
    price: Decimal | None = None
    basis: Decimal | None = None
    rate: Decimal | None = None
    amount: Decimal | None = None
    surcharge: Decimal = Decimal(0)
    counts: bool = True

    @property
    def unit_price(self) -> Decimal | None:
        """The net price of one unit, to six decimals where it has to be worked out."""
        if self.price is None or not self.basis or self.basis == 1:
            return self.price
        return Decimal(f"{self.price / self.basis:.6f}".rstrip("0").rstrip("."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """One row of the tax breakdown (BG-23): what is taxed BT-116, at how many percent BT-119, the tax BT-117."""

    basis: Decimal | None = None
    rate: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """An e-invoice. A term that is not stated, or stated empty, is "" or None; `faults` says what was stated and makes no sense.

    Amounts are in `currency` (BT-5), except `tax_accounted` (BT-111), which is in BT-6.
    """

    kind: str = ""  # BT-3
    number: str = ""  # BT-1
    issued: date | None = None  # BT-2
    due: date | None = None  # BT-9
    currency: str = ""  # BT-5
    order: str = ""  # BT-13
    seller: str = ""  # BT-27, else BT-28
    seller_vat_id: str = ""  # BT-31
    buyer: str = ""  # BT-44
    accounts: tuple[str, ...] = ()  # BT-84
    line_total: Decimal | None = None  # BT-106
    allowances: Decimal | None = None  # BT-107
    charges: Decimal | None = None  # BT-108
    net: Decimal | None = None  # BT-109
    tax: Decimal | None = None  # BT-110
    tax_accounted: Decimal | None = None  # BT-111
    gross: Decimal | None = None  # BT-112
    prepaid: Decimal | None = None  # BT-113
    rounding: Decimal | None = None  # BT-114
    payable: Decimal | None = None  # BT-115
    taxes: tuple[Tax, ...] = ()
    lines: tuple[Line, ...] = ()
    credit: bool = False
    faults: tuple[str, ...] = ()

    @property
    def iban(self) -> str:
        """The first account that is an IBAN with the right check digits, "" when there is none."""
        return next((one for one in self.accounts if is_iban(one)), "")

    @property
    def tax_due(self) -> Decimal | None:
        """The tax: stated (BT-110), else what the gross holds above the net, which BR-CO-15 makes the same."""
        if self.tax is None and self.gross is not None and self.net is not None:
            return self.gross - self.net
        return self.tax


def fields_of(invoice: Invoice) -> tuple[Field, ...]:
    """Return the fields that the invoice states, in the order of FIELD_NAMES; amounts in doubt when sums do not hold."""
    sure = DOUBTFUL if any(wrong_sums(invoice)) else 1.0
    values = {
        "supplier": invoice.seller,
        "customer": invoice.buyer,
        "invoice_number": invoice.number,
        "po_number": invoice.order,
        "invoice_date": invoice.issued.isoformat() if invoice.issued else "",
        "due_date": invoice.due.isoformat() if invoice.due else "",
        "currency": invoice.currency,
        "iban": invoice.iban,
        "vat_id": invoice.seller_vat_id,
    }
    amounts = {"subtotal": invoice.net, "tax": invoice.tax_due, "total": invoice.gross}
    fields = [Field(name=name, value=value, origin="xml") for name, value in values.items() if value]
    fields += [
        Field(name=name, value=normal(value), origin="xml", confidence=sure) for name, value in amounts.items() if value is not None
    ]
    return tuple(sorted(fields, key=lambda field: FIELD_NAMES.index(field.name)))


def table_of(invoice: Invoice) -> Table | None:
    """Return the lines as a table, None where the profile has none (MINIMUM, BASIC WL)."""
    rows = tuple(
        (
            *(line.number, line.description, _plain(line.quantity), line.unit),
            *(_plain(line.unit_price), _plain(line.rate), _plain(line.amount)),
        )
        for line in invoice.lines
    )
    return Table(columns=COLUMNS, rows=rows) if rows else None


def text_of(invoice: Invoice) -> str:
    """Return the invoice as a person would want to read it: what a file that is nothing but XML shows as its page."""
    head = "Credit note" if invoice.credit else "Invoice"
    labels = {"iban": "IBAN", "vat_id": "VAT id", "po_number": "Purchase order"}
    rows = [(labels.get(one.name, one.name.replace("_", " ").capitalize()), one.value) for one in fields_of(invoice)]
    further = (("Prepaid", invoice.prepaid), ("Rounding", invoice.rounding), ("Amount due", invoice.payable))
    rows += [(label, normal(value)) for label, value in further if value is not None]
    table = table_of(invoice)
    lines = [" ".join(cell for cell in row if cell) for row in table.rows] if table else []
    return "\n".join([head, *(f"{label}: {value}" for label, value in rows), *lines])


def problems_in(invoice: Invoice) -> list[str]:
    """Return, a sentence each, what the invoice breaks of its own standard: what makes no sense, is missing, or does not add up."""
    found = list(invoice.faults)
    wanted = {"number (BT-1)": invoice.number, "currency (BT-5)": invoice.currency, "total with tax (BT-112)": invoice.gross}
    found += [f"it has no {what}" for what, value in wanted.items() if value in ("", None)]
    found += [
        f"{one} is no IBAN: its length or its check digits are wrong"
        for one in invoice.accounts
        if looks_like_iban(one) and not is_iban(one)
    ]
    return found + list(wrong_sums(invoice))


def wrong_sums(invoice: Invoice) -> Iterator[str]:
    """Yield a sentence for each sum that does not hold (EN 16931-1, 6.4.2: BR-CO-10 and BR-CO-13 to 17). What is not stated is
    not checked."""
    amounts = [line.amount for line in invoice.lines if line.counts]
    yield from _differs("the lines", _sum(amounts), "the sum of the lines (BT-106)", invoice.line_total)
    if invoice.line_total is not None and invoice.net is not None:
        net = invoice.line_total - (invoice.allowances or 0) + (invoice.charges or 0)
        yield from _differs("lines, allowances and charges", net, "the total without tax (BT-109)", invoice.net)
    yield from _differs("the taxes by rate", _sum([one.amount for one in invoice.taxes]), "the tax (BT-110)", invoice.tax)
    if invoice.net is not None and invoice.tax is not None:
        yield from _differs("net and tax", invoice.net + invoice.tax, "the total with tax (BT-112)", invoice.gross)
    if invoice.gross is not None and (invoice.prepaid is not None or invoice.line_total is not None):
        # the profile MINIMUM, which has no line total, does not say what is prepaid
        due = invoice.gross - (invoice.prepaid or 0) + (invoice.rounding or 0)
        yield from _differs("total, prepaid and rounding", due, "the amount due (BT-115)", invoice.payable)
    for one in invoice.taxes:
        if one.basis is not None and one.rate is not None and one.amount is not None:
            tax = one.basis * one.rate / 100
            if abs(tax - one.amount) >= 1:  # the standard's own rules leave a whole unit for rounding
                yield f"{_plain(one.rate)} % of {normal(one.basis)} is {normal(tax)}, the tax (BT-117) {normal(one.amount)}"
    for line in invoice.lines:
        yield from _wrong_line(line)


def _wrong_line(line: Line) -> Iterator[str]:
    """Yield a sentence when quantity times price is not the line's amount, however the price was rounded (PEPPOL-EN16931-R120)."""
    if line.quantity is None or line.price is None or line.amount is None or not line.counts:
        return
    count = line.quantity / (line.basis or 1)
    amount = count * line.price + line.surcharge
    exponent = line.price.as_tuple().exponent
    step = min(CENT, Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0))
    if abs(amount - line.amount) > ROUNDING + abs(count) * step / 2:
        what = f"line {line.number or line.description}: {_plain(line.quantity)} times {_plain(line.unit_price)}"
        yield f"{what} is {normal(amount)}, its amount {normal(line.amount)}"


def _differs(of: str, value: Decimal | None, named: str, stated: Decimal | None) -> Iterator[str]:
    if value is not None and stated is not None and abs(value - stated) > ROUNDING:
        yield f"{of} make {normal(value)}, {named} is {normal(stated)}"


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    """Return the sum, None when there are none or one is not stated."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(amounts) else None


def _plain(value: Decimal | None) -> str:
    """Return a number as people write it, without an exponent; "" for none."""
    return "" if value is None else f"{value:f}"


def parse_decimal(written: str) -> Decimal | None:
    """Return an xs:decimal (XML Schema 2, 3.2.3), None for anything else or one too long to be business."""
    text = written.strip()
    return Decimal(text) if re.fullmatch(r"[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})", text, re.ASCII) else None


def parse_date(written: str) -> date | None:
    """Return a date written YYYYMMDD (UNTDID 2379, format 102) or as xs:date, whose time zone does not matter here."""
    match = re.match(r"(\d{4})-?(\d\d)-?(\d\d)(?!\d)", written.strip(), re.ASCII)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


def squeezed(identifier: str) -> str:
    """Return an identifier without spaces, points and dashes, in capitals."""
    return re.sub(r"[\s.\-]", "", identifier).upper()


def looks_like_iban(account: str) -> bool:
    """Return whether an account has the form of an IBAN, right or wrong: the country, two digits and a good many more."""
    return account[:2] in IBAN_LENGTHS and bool(re.fullmatch(r"[A-Z]{2}\d\d[A-Z0-9]{8,32}", account))


def is_iban(account: str) -> bool:
    """Return whether an account is an IBAN of the right length with the right check digits (ISO 13616)."""
    return len(account) == IBAN_LENGTHS.get(account[:2]) and valid_iban(account)
