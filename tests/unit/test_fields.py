"""Fields of invoices and orders in many layouts and languages: right or absent, never wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.fields import business_paper, find_fields, invoices_in, papers_in
from mailbot.core.paper import lay_out
from tests.unit.typed_invoices import CASES, ENGLISH_COLUMNS
from tests.unit.typed_oddities import ODD_CASES
from tests.unit.typed_page import typed

ALL_CASES = [*CASES, *ODD_CASES]


@pytest.mark.parametrize(("paper", "expected"), [case[1:] for case in ALL_CASES], ids=[case[0] for case in ALL_CASES])
def test_an_ordinary_invoice_is_read_whole(paper: str, expected: dict[str, str]) -> None:
    assert {field.name: field.value for field in find_fields(lay_out(typed(paper)))} == expected


def test_every_field_stands_where_its_value_is_printed() -> None:
    for field in find_fields(lay_out(typed(ENGLISH_COLUMNS))):
        assert field.page == 1
        assert field.box is not None
        x0, y0, x1, y1 = field.box
        assert 40 <= x0 < x1 <= 595
        assert 40 <= y0 < y1 <= 842
        assert 0.5 < field.confidence < 1
    total = next(field for field in find_fields(lay_out(typed(ENGLISH_COLUMNS))) if field.name == "total")
    row = next(at for at, line in enumerate(ENGLISH_COLUMNS.strip("\n").split("\n")) if "£168.00" in line)
    assert total.box is not None
    assert total.box[1] == 40 + 14 * row


def values(paper: str) -> dict[str, str]:
    return {field.name: field.value for field in find_fields(lay_out(typed(paper)))}


def test_small_faults_of_ocr_in_labels_do_no_harm() -> None:
    found = values(
        """
        lNV0ICE
        lnvoice Nurnber:  A-7781
        lnvoice Date:     5 May 2024
        T0tal Due:        $ 99.50
        """
    )
    assert found["invoice_number"] == "A-7781"
    assert found["invoice_date"] == "2024-05-05"
    assert found["total"] == "99.50"


@pytest.mark.parametrize(
    ("paper", "absent"),
    [
        ("Invoice\nInvoice No: 12345\nInvoice Date: 03/04/2024\nTotal: 10.00", "invoice_date"),
        ("Invoice\nInvoice No: 12345\nInvoice No: 54321\nTotal: 10.00", "invoice_number"),
        ("Invoice\nInvoice No: 12345\nTotal: 10.00\nTotal: 20.00", "total"),
        ("Invoice\nInvoice No: 12345\nIBAN: DE89 3704 0044 0532 0130 01", "iban"),
        ("Invoice\nInvoice No: 12345\nVAT ID: DE136695975", "vat_id"),
        ("Invoice\nInvoice No: 12345\nSubtotal: 80.00\nVAT: 20.00\nTotal: 150.00", "subtotal"),
        ("Invoice\nInvoice No: 12345\nInvoice date: 5 May 2024\nDue date: 5 April 2024", "due_date"),
        ("Invoice\nInvoice No: 12345\nFreight and Sons Ltd\nPaper and Daughters Ltd\nTotal: 10.00", "supplier"),
        ("Invoice\nInvoice No: 12345\nTotal: 10.00\nHong Kong, Canada\nAll prices in $", "currency"),
        ("Invoice\nInvoice No:\nTelephone: 555 123 4567\nTotal: 10.00", "invoice_number"),
        ("Invoice\nInvoice No: 12345\nOrder date: 5 May 2024\nDelivery date: 6 May 2024", "invoice_date"),
        ("Description   Qty   Price   Total\nInvoice paper   2   10.00   20.00\nInvoice No: 12345", "total"),
    ],
)
def test_what_is_not_sure_is_absent(paper: str, absent: str) -> None:
    found = values(paper)
    assert found
    assert absent not in found


@pytest.mark.parametrize(
    "text",
    [
        "Dear Sir or Madam,\n\nplease find our offer attached. Call 030 1234567.\n\nKind regards",
        "The invoice was discussed on 5 May 2024 at length.",
        "",
        "Meeting notes\nBudget 2024: total 5 people",
    ],
)
def test_other_papers_have_no_fields(text: str) -> None:
    assert values(text) == {}


def test_several_tax_rates_add_up() -> None:
    found = values(
        """
        Rechnung Nr. 2024-77
        Netto             200,00 EUR
        MwSt. 19 %         19,00 EUR
        MwSt. 7 %           7,00 EUR
        Gesamtbetrag      226,00 EUR
        """
    )
    assert (found["subtotal"], found["total"]) == ("200.00", "226.00")


def test_a_paid_invoice_keeps_its_total() -> None:
    found = values(
        """
        Invoice No: 881-22
        Total                  150.00
        Amount paid            150.00
        Balance due              0.00
        """
    )
    assert found["total"] == "150.00"


def test_totals_on_a_later_page_are_found() -> None:
    first = "Rechnung Nr. 4711\nRechnungsdatum 01.02.2024\nÜbertrag 300,00"
    second = "Rechnung Nr. 4711\nGesamtbetrag 500,00 EUR"
    found = {field.name: (field.value, field.page) for field in find_fields(lay_out(typed(first, second)))}
    assert found["total"] == ("500.00", 2)
    assert found["invoice_number"] == ("4711", 1)


@given(st.text(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_text_is_survived(text: str) -> None:
    business_paper(text)
    assert len({field.name for field in find_fields(lay_out(typed(text)))}) == len(find_fields(lay_out(typed(text))))


@given(net=st.integers(1, 5_000_000), rate=st.sampled_from([5, 7, 19, 20, 21]), comma=st.booleans())
@settings(max_examples=40, deadline=None)
def test_sums_that_add_up_are_read_as_printed(net: int, rate: int, comma: bool) -> None:
    tax = round(net * rate / 100)
    swap = str.maketrans(",.", ".,") if comma else {}
    shown = {name: f"{cents / 100:,.2f}".translate(swap) for name, cents in (("net", net), ("tax", tax), ("sum", net + tax))}
    found = values(
        f"Invoice No: 77-1\nNet amount   {shown['net']} EUR\nVAT {rate}%   {shown['tax']} EUR\nGrand total   {shown['sum']} EUR"
    )
    assert found["total"] == f"{(net + tax) / 100:.2f}"
    assert found["subtotal"] == f"{net / 100:.2f}"
    assert found["tax"] == f"{tax / 100:.2f}"


FIRST = """
Van Dijk Transport B.V.
Factuurnummer: 20260913
Factuurdatum: 14-11-2026
Vervaldatum: 28-11-2026
Subtotaal   EUR 1.376,00
BTW 21%   EUR 288,96
Totaal te betalen   EUR 1.664,96
"""
SECOND = """
Ceramiche Rossi S.p.A.
Fattura n. 2026/1402
Data: 28/10/2026
Imponibile   EUR 1.691,50
IVA 22%   EUR 372,13
Totale documento   EUR 2.063,63
"""


def test_of_several_invoices_in_one_file_only_what_all_of_them_state_is_taken() -> None:
    """The date of one beside the total of another is no invoice that anybody wrote."""
    pages = [*typed(FIRST), *(replace(page, number=2) for page in typed(SECOND))]
    assert list(invoices_in(papers_in(pages))) == ["20260913", "2026/1402"]
    both = find_fields(lay_out(pages), list(invoices_in(papers_in(pages)).values()))
    assert {field.name: field.value for field in both} == {"currency": "EUR"}
    for paper in (FIRST, SECOND):
        assert {"invoice_number", "invoice_date", "total"} <= values(paper).keys()


def test_an_invoice_that_goes_on_overleaf_is_one() -> None:
    pages = [*typed(FIRST), *(replace(page, number=2) for page in typed(FIRST))]
    assert list(invoices_in(papers_in(pages))) == ["20260913"]
    assert {
        field.name: field.value for field in find_fields(lay_out(pages), list(invoices_in(papers_in(pages)).values()))
    } == values(FIRST)
    assert invoices_in(papers_in(typed(FIRST))) == {}


@pytest.mark.parametrize(
    ("terms", "due"),
    [
        ("Zahlbar bis 03.12.2026 mit 2 % Skonto, bis 19.12.2026 netto.", ""),
        ("Zahlbar bis 03.12.2026 abzgl. 2,5 % Skonto", ""),
        ("Bitte zahlen Sie bis zum 19.12.2026 ohne Abzug, bis 03.12.2026 mit 2 % Skonto.", "2026-12-19"),
        ("Bei 3 % Skonto zahlbar bis 03.12.2026", ""),
        ("Zahlbar bis 19.12.2026 ohne Skonto", "2026-12-19"),
        ("Zahlbar bis 19.12.2026. Bei Zahlung in 10 Tagen 2 % Skonto.", "2026-12-19"),
    ],
)
def test_the_day_until_which_a_discount_is_given_is_not_when_it_is_due(terms: str, due: str) -> None:
    paper = f"""
Farben Vogel OHG
Rechnung Nr.: V-20991
Datum: 19.11.2026
Gesamtbetrag   641,31 EUR
{terms}
"""
    assert values(paper).get("due_date", "") == due


@pytest.mark.parametrize(("title", "number"), [("INVOICE", "Q-881"), ("CREDIT NOTE", "CN-4")])
def test_the_number_of_a_credit_note_is_that_of_the_paper_only_where_it_is_one(title: str, number: str) -> None:
    paper = f"""
Acme Ltd
{title}
Invoice number: Q-881
Invoice date: 01 Nov 2026
Credit note no. CN-4
Total   GBP 54.00
"""
    assert values(paper)["invoice_number"] == number


BILL = """
    Northwind Energy Ltd                                        INVOICE
    12 Harbour Road, Bristol BS1 4ST

    Bill To:                                     Invoice Number:   NT-2024-0117
    Acme Industries plc                          Invoice Date:     03/14/2024

"""


@pytest.mark.parametrize(
    ("rows", "total"),
    [
        ("Previous balance  220.00|Payments received  -100.00|This invoice  168.00|Amount due  288.00", "168.00"),
        ("Previous balance  220.00|Current charges  168.00|Total amount due  388.00", "168.00"),
        ("Previous balance  220.00|Payment received  -220.00|New charges  168.00|Amount due  168.00", "168.00"),
        (
            "Energy  140.00|VAT 20%  28.00|Total charges  168.00|Previous balance  220.00|Less payments  100.00|Due  288.00",
            "168.00",
        ),
        ("Previous balance  220.00|Paid  100.00|Balance forward  120.00|New charges  168.00|Total due  288.00", "168.00"),
        ("Previous balance  -20.00|Invoice total  168.00|Balance due  148.00", "168.00"),
        ("Alter Saldo  220,00|Zahlungen  -100,00|Rechnungsbetrag  168,00|Zu zahlen  288,00", "168.00"),
        ("Ancien solde  220,00|Consommation  168,00|Net à payer  388,00", "168.00"),
    ],
)
def test_the_total_of_a_bill_is_without_what_was_owed_before(rows: str, total: str) -> None:
    assert values(BILL + "\n".join(f"    {row}" for row in rows.split("|"))).get("total") == total


@pytest.mark.parametrize(
    "rows",
    [
        "Previous balance  220.00|This invoice  168.00|Amount due  300.00",
        "Previous balance  220.00|Paid  100.00|Amount due  320.00",
        "Previous balance  220.00|Amount due  388.00",
        "Previous balance  220.00|Other balance forward  100.00|Heat  168.00|Water  288.00|Amount due  388.00",
    ],
)
def test_what_is_due_with_an_earlier_balance_in_it_is_no_total(rows: str) -> None:
    assert "total" not in values(BILL + "\n".join(f"    {row}" for row in rows.split("|")))
