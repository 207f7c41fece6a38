"""Fields of invoices and orders in many layouts and languages: right or absent, never wrong."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.fields import business_paper, find_fields
from tests.unit.typed_page import typed

ENGLISH_COLUMNS = """
    Northwind Traders Ltd                                        INVOICE
    12 Harbour Road
    Bristol BS1 4ST
    VAT Reg No: GB123456789

    Bill To:                                     Invoice Number:   NT-2024-0117
    Acme Industries plc                          Invoice Date:     03/04/2024
    4 Mill Lane                                  Due Date:         03/05/2024
    Leeds LS1 1AA                                PO Number:        4500012345

    Description                Qty      Unit Price      VAT      Amount
    Steel brackets             10          12.50       20%       125.00
    Delivery                    1          15.00       20%        15.00

                                              Subtotal:         £140.00
                                              VAT @ 20%:         £28.00
                                              Total:            £168.00

    Please pay by bank transfer. www.northwind-traders.co.uk
"""

AMERICAN_BELOW = """
    INVOICE

    From                                 Bill to
    Bright Ideas LLC                     Jane Customer
    500 Main Street                      12 Elm Street
    Austin, TX 78701                     Dallas, TX 75201

    Invoice #            Date               Due Date
    10482                04/03/2024         05/03/2024

    Item                                   Hours      Rate      Amount
    Consulting                                10    $100.00   $1,000.00
    Workshop                                   2    $250.00     $500.00

                                           Subtotal            $1,500.00
                                           Sales Tax (8.25%)     $123.75
                                           Amount Due          $1,623.75
"""

GERMAN = """
    Müller Werkzeugbau GmbH - Industriestr. 5 - 70565 Stuttgart

    Beispiel AG                                   Rechnungs-Nr.:     RE-20240815
    Einkauf                                       Rechnungsdatum:    15.08.2024
    Hauptstraße 1                                 Kundennummer:      12044
    10115 Berlin                                  Ihre Bestellnummer: B-77812

    Rechnung

    Pos  Bezeichnung                 Menge    Einzelpreis      Gesamt
    1    Fräsarbeiten                    4         250,00    1.000,00
    2    Material                        1         234,56      234,56

         Nettobetrag                                         1.234,56 €
         zzgl. 19 % MwSt.                                      234,57 €
         Rechnungsbetrag                                     1.469,13 €

    Zahlbar bis 14.09.2024 ohne Abzug.

    Müller Werkzeugbau GmbH     USt-IdNr. DE 136695976     IBAN DE89 3704 0044 0532 0130 00
"""

FRENCH = """
    SARL Dubois Menuiserie
    8 rue des Lilas
    33000 Bordeaux

    FACTURE N° F2024-0312
    Date de facture : 12 mars 2024
    Date d'échéance : 11 avril 2024

    Client :  Mairie de Pessac

    Désignation                            Qté     P.U. HT     Total HT
    Porte en chêne                           2      450,00       900,00

                                     Total HT                  900,00 €
                                     TVA 20 %                  180,00 €
                                     Total TTC               1 080,00 €
"""

SPANISH = """
    Talleres García S.L.
    CIF: ESB12345674
    Factura nº: 2024/118                 Fecha de emisión: 05/02/2024
    Fecha de vencimiento: 06/03/2024

    Cliente: Construcciones Pérez S.A.

    Concepto                                              Importe
    Reparación de maquinaria                               500,00

    Base imponible                                       500,00 €
    IVA 21%                                              105,00 €
    Total a pagar                                        605,00 €
"""

ITALIAN = """
    Officine Rossi S.r.l.
    Via Roma 10, 20121 Milano
    P. IVA IT00743110157

    Fattura n. 45/A del 10/03/2024
    Spett.le
    Bianchi S.p.A.

    Descrizione                                           Importo
    Lavorazione                                            200,00

    Imponibile                                             200,00
    IVA 22%                                                 44,00
    Totale fattura                                       € 244,00
"""

DUTCH = """
    Van Dijk Techniek B.V.
    Factuurnummer: 20240091
    Factuurdatum: 7 mei 2024
    Vervaldatum: 6 juni 2024

    Omschrijving                       Aantal     Prijs     Bedrag
    Onderhoud                               3     80,00     240,00

    Totaal excl. btw                                      € 240,00
    21% btw                                                € 50,40
    Totaal incl. btw                                      € 290,40
    IBAN: NL91 ABNA 0417 1643 00
"""

CHINESE = """
    电子发票（普通发票）                  发票号码：24312000000012345678
                                          开票日期：2024年03月18日
    购买方信息                            销售方信息
    名称：上海示例贸易有限公司            名称：北京样本科技有限公司
    项目名称        数量       单价        金额        税率      税额
    办公用品          10     100.00     1000.00        13%    130.00
    合  计                             ¥1000.00             ¥130.00
    价税合计（大写）  壹仟壹佰叁拾圆整          （小写）¥1130.00
"""

CASES: list[tuple[str, str, dict[str, str]]] = [
    (
        "english",
        ENGLISH_COLUMNS,
        {
            "supplier": "Northwind Traders Ltd",
            "customer": "Acme Industries plc",
            "invoice_number": "NT-2024-0117",
            "po_number": "4500012345",
            "invoice_date": "2024-04-03",
            "due_date": "2024-05-03",
            "subtotal": "140.00",
            "tax": "28.00",
            "total": "168.00",
            "currency": "GBP",
            "vat_id": "GB123456789",
        },
    ),
    (
        "american",
        AMERICAN_BELOW,
        {
            "supplier": "Bright Ideas LLC",
            "customer": "Jane Customer",
            "invoice_number": "10482",
            "invoice_date": "2024-04-03",
            "due_date": "2024-05-03",
            "subtotal": "1500.00",
            "tax": "123.75",
            "total": "1623.75",
            "currency": "USD",
        },
    ),
    (
        "german",
        GERMAN,
        {
            "supplier": "Müller Werkzeugbau GmbH",
            "invoice_number": "RE-20240815",
            "po_number": "B-77812",
            "invoice_date": "2024-08-15",
            "due_date": "2024-09-14",
            "subtotal": "1234.56",
            "tax": "234.57",
            "total": "1469.13",
            "currency": "EUR",
            "iban": "DE89370400440532013000",
            "vat_id": "DE136695976",
        },
    ),
    (
        "french",
        FRENCH,
        {
            "supplier": "SARL Dubois Menuiserie",
            "customer": "Mairie de Pessac",
            "invoice_number": "F2024-0312",
            "invoice_date": "2024-03-12",
            "due_date": "2024-04-11",
            "subtotal": "900.00",
            "tax": "180.00",
            "total": "1080.00",
            "currency": "EUR",
        },
    ),
    (
        "spanish",
        SPANISH,
        {
            "supplier": "Talleres García S.L.",
            "customer": "Construcciones Pérez S.A.",
            "invoice_number": "2024/118",
            "invoice_date": "2024-02-05",
            "due_date": "2024-03-06",
            "subtotal": "500.00",
            "tax": "105.00",
            "total": "605.00",
            "currency": "EUR",
            "vat_id": "ESB12345674",
        },
    ),
    (
        "italian",
        ITALIAN,
        {
            "supplier": "Officine Rossi S.r.l.",
            "customer": "Bianchi S.p.A.",
            "invoice_number": "45/A",
            "invoice_date": "2024-03-10",
            "subtotal": "200.00",
            "tax": "44.00",
            "total": "244.00",
            "currency": "EUR",
            "vat_id": "IT00743110157",
        },
    ),
    (
        "dutch",
        DUTCH,
        {
            "supplier": "Van Dijk Techniek B.V.",
            "invoice_number": "20240091",
            "invoice_date": "2024-05-07",
            "due_date": "2024-06-06",
            "subtotal": "240.00",
            "tax": "50.40",
            "total": "290.40",
            "currency": "EUR",
            "iban": "NL91ABNA0417164300",
        },
    ),
    (
        "chinese",
        CHINESE,
        {
            "supplier": "北京样本科技有限公司",
            "customer": "上海示例贸易有限公司",
            "invoice_number": "24312000000012345678",
            "invoice_date": "2024-03-18",
            "subtotal": "1000.00",
            "tax": "130.00",
            "total": "1130.00",
            "currency": "CNY",
        },
    ),
]


@pytest.mark.parametrize(("paper", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_an_ordinary_invoice_is_read_whole(paper: str, expected: dict[str, str]) -> None:
    assert {field.name: field.value for field in find_fields(typed(paper))} == expected


def test_every_field_stands_where_its_value_is_printed() -> None:
    for field in find_fields(typed(ENGLISH_COLUMNS)):
        assert field.page == 1
        assert field.box is not None
        x0, y0, x1, y1 = field.box
        assert 40 <= x0 < x1 <= 595
        assert 40 <= y0 < y1 <= 842
        assert 0.5 < field.confidence < 1
    total = next(field for field in find_fields(typed(ENGLISH_COLUMNS)) if field.name == "total")
    row = next(at for at, line in enumerate(ENGLISH_COLUMNS.strip("\n").split("\n")) if "£168.00" in line)
    assert total.box is not None
    assert total.box[1] == 40 + 14 * row


def values(paper: str) -> dict[str, str]:
    return {field.name: field.value for field in find_fields(typed(paper))}


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
    found = {field.name: (field.value, field.page) for field in find_fields(typed(first, second))}
    assert found["total"] == ("500.00", 2)
    assert found["invoice_number"] == ("4711", 1)


@given(st.text(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_text_is_survived(text: str) -> None:
    business_paper(text)
    assert len({field.name for field in find_fields(typed(text))}) == len(find_fields(typed(text)))


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
