"""E-invoices by value: the standard's sums, what is missing or senseless, and what a page beside the XML contradicts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from mailbot.core.document import Field
from mailbot.core.einvoice import (
    DOUBTFUL,
    Invoice,
    Line,
    Tax,
    fields_of,
    parse_date,
    parse_decimal,
    problems_in,
    table_of,
    text_of,
    wrong_sums,
)
from mailbot.core.einvoice_page import compare, with_places
from mailbot.core.einvoice_syntax import CII, UBL_CREDIT_NOTE, UBL_INVOICE, Node, calls_itself_invoice, invoices_in
from mailbot.core.fields import find_fields
from mailbot.core.paper import lay_out
from tests.unit.typed_page import typed

D = Decimal
INVOICE = Invoice(
    kind="380",
    number="RE-2026/17",
    issued=date(2026, 3, 17),
    due=date(2026, 4, 16),
    currency="EUR",
    order="4711",
    seller="Nordwind Technik GmbH",
    seller_vat_id="DE136695976",
    buyer="Werft Ostmole AG",
    accounts=("DE89370400440532013000",),
    line_total=D("110.00"),
    allowances=D("10.00"),
    net=D("100.00"),
    tax=D("19.00"),
    gross=D("119.00"),
    prepaid=D("19.00"),
    payable=D("100.00"),
    taxes=(Tax(basis=D("100.00"), rate=D("19"), amount=D("19.00")),),
    lines=(
        Line(number="1", description="Pipe", quantity=D("10"), unit="MTR", price=D("5.00"), rate=D("19"), amount=D("50.00")),
        Line(number="2", description="Screws", quantity=D("400"), unit="C62", price=D("15.00"), basis=D("100"), amount=D("60.00")),
    ),
)
PAPER = """
    Nordwind Technik GmbH
    Rechnung
    Rechnungsnummer: RE-2026/17       Rechnungsdatum: 17.03.2026
    Bezeichnung        Menge     Einzelpreis     Betrag
    Pipe                  10            5,00      50,00
    Screws               400            0,15      60,00
    Rabatt                                       -10,00
    Nettobetrag                                  100,00 EUR
    MwSt 19 %                                     19,00 EUR
    Gesamtbetrag                                 119,00 EUR
    Anzahlung                                    -19,00 EUR
    Zahlbetrag                                   100,00 EUR
    IBAN: DE89 3704 0044 0532 0130 00
"""


def mismatches(invoice: Invoice, paper: str) -> list[str]:
    pages = typed(paper)
    return [str(one) for one in compare(invoice, lay_out(pages), find_fields(lay_out(pages)))]


def test_all_fields_are_stated_and_sure() -> None:
    fields = fields_of(INVOICE)
    assert {field.name: field.value for field in fields} == {
        "supplier": "Nordwind Technik GmbH", "customer": "Werft Ostmole AG", "invoice_number": "RE-2026/17", "po_number": "4711",
        "invoice_date": "2026-03-17", "due_date": "2026-04-16", "subtotal": "100.00", "tax": "19.00", "total": "119.00",
        "currency": "EUR", "iban": "DE89370400440532013000", "vat_id": "DE136695976",
    }  # fmt: skip
    assert {(field.origin, field.confidence) for field in fields} == {("xml", 1.0)}
    assert problems_in(INVOICE) == []


def test_the_lines_are_a_table_with_the_price_of_one_unit() -> None:
    table = table_of(INVOICE)
    assert table is not None
    assert table.columns == ("line", "description", "quantity", "unit", "unit price", "tax rate", "amount")
    assert table.rows == (("1", "Pipe", "10", "MTR", "5.00", "19", "50.00"), ("2", "Screws", "400", "C62", "0.15", "", "60.00"))
    assert table_of(replace(INVOICE, lines=())) is None
    assert "Total: 119.00" in text_of(INVOICE)
    assert text_of(replace(INVOICE, credit=True)).startswith("Credit note\n")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            {"line_total": D("111.00"), "net": D("101.00"), "tax": D("18.00")},
            "the lines make 110.00, the sum of the lines (BT-106)",
        ),
        ({"allowances": D("11.00")}, "lines, allowances and charges make 99.00, the total without tax (BT-109) is 100.00"),
        ({"tax": D("18.00"), "gross": D("118.00")}, "the taxes by rate make 19.00, the tax (BT-110) is 18.00"),
        ({"gross": D("919.00")}, "net and tax make 119.00, the total with tax (BT-112) is 919.00"),
        ({"payable": D("119.00")}, "total, prepaid and rounding make 100.00, the amount due (BT-115) is 119.00"),
        ({"taxes": (Tax(basis=D("100.00"), rate=D("7"), amount=D("19.00")),)}, "7 % of 100.00 is 7.00, the tax (BT-117) 19.00"),
        (
            {"lines": (replace(INVOICE.lines[0], quantity=D("11")), INVOICE.lines[1])},
            "line 1: 11 times 5.00 is 55.00, its amount 50.00",
        ),
    ],
)
def test_a_sum_that_does_not_hold_is_said_and_its_amounts_are_in_doubt(changed: dict[str, object], says: str) -> None:
    wrong = replace(INVOICE, **changed)  # type: ignore[arg-type]
    assert any(one.startswith(says) for one in problems_in(wrong)), problems_in(wrong)
    doubtful = {field.name for field in fields_of(wrong) if field.confidence == DOUBTFUL}
    assert doubtful == {"subtotal", "tax", "total"}


@pytest.mark.parametrize(
    "changed",
    [
        {"rounding": D("0.02"), "payable": D("100.02")},
        {"net": D("100.01"), "tax": D("19.00"), "gross": D("119.01"), "payable": D("100.01")},  # a cent of rounding
        {"lines": ()},
        {"line_total": None, "prepaid": None, "lines": (), "taxes": ()},  # MINIMUM says 100 are due, not what was paid
        {"lines": (*INVOICE.lines, Line(description="Subtotal", amount=D("110.00"), counts=False))},
        {"lines": (replace(INVOICE.lines[0], price=D("6"), surcharge=D("-10")), INVOICE.lines[1])},
        {"lines": (replace(INVOICE.lines[0], quantity=D("3"), price=D("16.67")), INVOICE.lines[1])},  # a price that was rounded
    ],
)
def test_rounding_and_what_is_not_stated_break_no_sum(changed: dict[str, object]) -> None:
    assert list(wrong_sums(replace(INVOICE, **changed))) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"number": ""}, "it has no number (BT-1)"),
        ({"currency": ""}, "it has no currency (BT-5)"),
        ({"gross": None, "payable": None}, "it has no total with tax (BT-112)"),
        ({"accounts": ("DE89370400440532013001",)}, "DE89370400440532013001 is no IBAN"),
        ({"accounts": ("DE893704004405320130",)}, "DE893704004405320130 is no IBAN"),
    ],
)
def test_what_is_missing_or_wrong_is_said_and_absent(changed: dict[str, object], says: str) -> None:
    wrong = replace(INVOICE, **changed)  # type: ignore[arg-type]
    assert any(one.startswith(says) for one in problems_in(wrong))
    assert len(fields_of(wrong)) == len(fields_of(INVOICE)) - 1


def test_an_account_of_another_kind_is_no_iban_and_no_problem() -> None:
    domestic = replace(INVOICE, accounts=("0532013000", "DE89370400440532013000"))
    assert problems_in(domestic) == []
    assert domestic.iban == "DE89370400440532013000"


@pytest.mark.parametrize(
    ("written", "value"),
    [("119.00", D("119.00")), (" -3 ", D(-3)), ("+.5", D("0.5")), ("119,00", None), ("1e5", None), ("NaN", None), ("9" * 30, None)],
)
def test_numbers_are_those_of_xml(written: str, value: Decimal | None) -> None:
    assert parse_decimal(written) == value


@pytest.mark.parametrize(
    ("written", "value"),
    [("20260317", date(2026, 3, 17)), ("2026-03-17", date(2026, 3, 17)), ("2026-03-17+01:00", date(2026, 3, 17)),
     ("20260230", None), ("17.03.2026", None), ("202603", None), ("", None)],
)  # fmt: skip
def test_dates_are_those_of_xml(written: str, value: date | None) -> None:
    assert parse_date(written) == value


def test_a_page_that_agrees_contradicts_nothing() -> None:
    assert mismatches(INVOICE, PAPER) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("119,00", "919,00", "total: the XML says 119.00, page 1 shows 919.00"),
        ("19,00 EUR\n    Gesamt", "18,00 EUR\n    Gesamt", "tax: the XML says 19.00, page 1 shows 18.00"),
        ("RE-2026/17", "RE-2026/71", "number: the XML says RE-2026/17, page 1 shows RE-2026/71"),
        ("0130 00", "0130 01", "IBAN: the XML says DE89370400440532013000, page 1 shows DE89370400440532013001"),
    ],
)
def test_each_difference_names_both_values_and_the_page(old: str, new: str, says: str) -> None:
    assert old in PAPER
    assert mismatches(INVOICE, PAPER.replace(old, new)) == [says]


@pytest.mark.parametrize(
    "paper",
    [
        PAPER.replace("    Gesamtbetrag                                 119,00 EUR\n", ""),  # only what is due
        "Nordwind Technik GmbH\nLieferschein und Rechnung",
        PAPER + "    Gesamtbetrag in USD     131,50 USD\n",
        PAPER + "    oder IBAN: FR76 3000 6000 0112 3456 7890 189\n",
        PAPER + "    Zahlbetrag bei Skonto     98,00 EUR\n",
        PAPER.replace("RE-2026/17 ", "RE 2026 / 17 "),
        PAPER.replace("Gesamtbetrag  ", "Inkl. MwSt "),
        PAPER.replace("IBAN: DE89 3704 0044 0532 0130 00", "IBAN: DE89 XXXX XXXX XXXX XX30 00"),
    ],
)
def test_what_a_page_leaves_out_or_shows_besides_is_no_mismatch(paper: str) -> None:
    assert mismatches(INVOICE, paper) == []


def test_several_rates_may_be_shown_each_by_itself() -> None:
    two = replace(INVOICE, taxes=(Tax(rate=D(19), amount=D("12.00")), Tax(rate=D(7), amount=D("7.00"))), lines=(), tax=D("19.00"))
    shown = PAPER.replace(
        "    MwSt 19 %                                     19,00 EUR\n", "    MwSt 19 %   12,00 EUR\n    MwSt 7 %   7,00 EUR\n"
    )
    assert mismatches(two, shown) == []
    assert mismatches(two, shown.replace("12,00", "13,00")) == ["tax: the XML says 19.00, page 1 shows 7.00"]


def test_a_credit_note_may_be_printed_with_minus_signs() -> None:
    credit = replace(INVOICE, credit=True)
    printed = PAPER.replace("119,00", "-119,00").replace(" 19,00 EUR\n    Ges", "-19,00 EUR\n    Ges").replace("100,00", "-100,00")
    assert mismatches(credit, printed) == []
    assert mismatches(credit, PAPER) == []
    assert len(mismatches(INVOICE, printed)) >= 1


def test_fields_stand_where_the_page_shows_them() -> None:
    pages = typed(PAPER)
    placed = {field.name: field for field in with_places(fields_of(INVOICE), lay_out(pages), find_fields(lay_out(pages)))}
    assert {name for name, field in placed.items() if field.page is None} == {"customer", "po_number", "due_date", "vat_id"}
    assert placed["total"].box == next(field.box for field in find_fields(lay_out(pages)) if field.name == "total")
    assert {field.origin for field in placed.values()} == {"xml"}


def tree(name: str, namespace: str, **children: str) -> Node:
    return Node(name=name, namespace=namespace, children=tuple(Node(name=key, text=value) for key, value in children.items()))


def test_only_known_roots_are_invoices() -> None:
    known = [("Invoice", UBL_INVOICE), ("CreditNote", UBL_CREDIT_NOTE), ("CrossIndustryInvoice", f"{CII}100")]
    for name, namespace in known:
        assert len(invoices_in(tree(name, namespace, ID="7"))) == 1
    for name, namespace in (
        ("Invoice", UBL_CREDIT_NOTE),
        ("Invoice", ""),
        ("CrossIndustryInvoice", "urn:other"),
        ("Order", UBL_INVOICE),
    ):
        assert invoices_in(tree(name, namespace)) == ()
    assert calls_itself_invoice(tree("Invoice", "urn:other"))
    assert calls_itself_invoice(tree("FinvoiceInvoice", ""))
    assert not calls_itself_invoice(tree("feed", "http://www.w3.org/2005/Atom"))
    envelope = Node(name="StandardBusinessDocument", children=(tree("Header", ""), tree("Invoice", UBL_INVOICE, ID="7")))
    assert [one.number for one in invoices_in(envelope)] == ["7"]


def test_senseless_values_are_faults_and_absent() -> None:
    (read,) = invoices_in(tree("Invoice", UBL_INVOICE, ID="7", IssueDate="17.3.26", DocumentCurrencyCode="eur", OrderReference=""))
    assert read.faults == ("IssueDate is '17.3.26', which is no date",)
    assert (read.issued, read.currency, read.order) == (None, "EUR", "")


def test_of_two_tax_totals_the_one_in_the_invoice_s_currency_counts() -> None:
    def total(currency: str, amount: str) -> Node:
        return Node(name="TaxTotal", children=(Node(name="TaxAmount", text=amount, attributes=(("currencyID", currency),)),))

    root = tree("Invoice", UBL_INVOICE, ID="7", DocumentCurrencyCode="EUR", TaxCurrencyCode="PLN")
    (read,) = invoices_in(replace(root, children=(*root.children, total("PLN", "81.70"), total("EUR", "19.00"))))
    assert (read.tax, read.tax_accounted) == (D("19.00"), D("81.70"))
    (read,) = invoices_in(replace(root, children=(*root.children, total("PLN", "81.70"))))
    assert (read.tax, read.tax_accounted) == (None, D("81.70"))
    (read,) = invoices_in(replace(root, children=(*root.children, total("", "19.00"))))
    assert (read.tax, read.tax_accounted) == (D("19.00"), None)


def test_a_field_of_the_page_is_not_needed_to_compare() -> None:
    pages = typed("Beleg\nGesamtbetrag   919,00 EUR")
    assert [str(one) for one in compare(INVOICE, lay_out(pages), ())] == ["total: the XML says 119.00, page 1 shows 919.00"]
    right = typed("Beleg\nGesamtbetrag   119,00 EUR")
    assert compare(INVOICE, lay_out(right), (Field(name="total", value="119.00", page=1),)) == []
