"""Line items are read off invoices in many forms, and a figure that does not fit the others is found, and only then."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.document import LineItem
from mailbot.core.invoice_lines import read_lines
from mailbot.core.item_figures import Figure, figure, product_holds
from mailbot.core.item_words import role_of
from mailbot.core.page_joining import all_tables
from mailbot.core.paper import lay_out
from tests.unit import typed_invoices, typed_oddities
from tests.unit.placed_papers import misread, names, placed
from tests.unit.typed_page import typed

CENT = Decimal("0.01")
HEADERS = {
    "en": ("INVOICE", "Description", "Qty", "Unit price", "Amount", "Subtotal", "VAT {rate}%", "Total due"),
    "de": ("Rechnung", "Bezeichnung", "Menge", "Einzelpreis", "Gesamt", "Nettobetrag", "zzgl. {rate} % MwSt.", "Rechnungsbetrag"),
    "fr": ("FACTURE", "Désignation", "Qté", "Prix unitaire", "Montant", "Total HT", "TVA {rate} %", "Total TTC"),
    "nl": ("Factuur", "Omschrijving", "Aantal", "Prijs", "Bedrag", "Subtotaal", "BTW {rate}%", "Totaal incl. btw"),
    "es": ("FACTURA", "Concepto", "Cantidad", "Precio", "Importe", "Base imponible", "IVA {rate}%", "Total factura"),
    "it": ("Fattura", "Descrizione", "Quantità", "Prezzo", "Importo", "Totale imponibile", "IVA {rate}%", "Totale fattura"),
    "zh": ("发票", "项目名称", "数量", "单价", "金额", "不含税金额", "税额（{rate}%）", "价税合计"),
}
THINGS = (
    "Hex bolt M8",
    "Schrank Typ C",
    "Report",
    "Papier A4 weiss",
    "Delivery by van",
    "Filtre à huile",
    "压力表 Y-100",
)


@dataclass(frozen=True)
class Invoice:
    """An invoice's figures as printed: for each line quantity, price and amount, then subtotal, tax and total."""

    language: str
    rate: int
    lines: tuple[tuple[Decimal, Decimal, Decimal], ...]
    sums: tuple[Decimal, Decimal, Decimal]

    def text(self) -> str:
        """The invoice typed as text."""
        title, *heads, subtotal, tax, total = HEADERS[self.language]
        decimal = "." if self.language in ("en", "zh") else ","

        def written(value: Decimal) -> str:
            return f"{value:,.2f}".translate(str.maketrans(",.", ".,")) if decimal == "," else f"{value:,.2f}"

        def count(value: Decimal) -> str:
            return f"{value.normalize():f}".replace(".", decimal)

        def row(*cells: str) -> str:
            return "".join(
                _spaces(cell, width) + cell if width > 0 else cell + _spaces(cell, -width)
                for cell, width in zip(cells, (-24, 10, 16, 16), strict=True)
            )

        rows = [row(*heads)]
        for at, (quantity, price, amount) in enumerate(self.lines):
            rows.append(row(THINGS[at % len(THINGS)], count(quantity), written(price), written(amount)))
        sums = [(subtotal, self.sums[0]), (tax.format(rate=self.rate), self.sums[1]), (total, self.sums[2])]
        below = [
            row("", "", label, written(value)) if len(label) < 15 else f"{label:>45}{written(value):>21}" for label, value in sums
        ]
        return "\n".join([title, "Harbour Supplies Ltd", "", *rows, "", *below])


def _spaces(text: str, width: int) -> str:
    """Return what fills a cell; a Chinese letter is as wide as two."""
    return " " * (width - sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text))


quantities = st.one_of(st.integers(2, 60).map(Decimal), st.integers(3, 99).map(lambda n: Decimal(n) / 2))
lines = st.tuples(quantities, st.integers(110, 90_000).map(lambda cents: Decimal(cents) / 100))


@st.composite
def invoices(draw: st.DrawFn) -> Invoice:
    rate = draw(st.sampled_from([7, 19, 20, 21]))
    priced = draw(st.lists(lines, min_size=2, max_size=7))
    rows = tuple((q, p, _round(q * p)) for q, p in priced)
    net = sum((amount for _, _, amount in rows), Decimal(0))
    tax = _round(net * rate / 100)
    return Invoice(draw(st.sampled_from(sorted(HEADERS))), rate, rows, (net, tax, net + tax))


def _round(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def read(text: str, *, sure: bool = True) -> tuple[tuple[LineItem, ...], tuple[str, ...]]:
    pages = typed(text)
    return read_lines(all_tables(pages, {}), lay_out(pages), sure=sure, whole=True)


@settings(max_examples=150, deadline=None)
@given(invoices())
def test_what_adds_up_is_read_and_nothing_is_said(invoice: Invoice) -> None:
    items, differs = read(invoice.text())
    assert differs == ()
    figures = [tuple(Decimal(value or "0") for value in (item.quantity, item.unit_price, item.amount)) for item in items]
    assert figures == [*invoice.lines]
    assert [item.description for item in items] == [THINGS[at % len(THINGS)] for at in range(len(items))]


@settings(max_examples=300, deadline=None)
@given(invoices(), st.data())
def test_one_wrong_figure_is_found(invoice: Invoice, data: st.DataObject) -> None:
    """Any figure: of a line (which is named then) or of the sums. It is wrong by more than rounding explains."""
    line = data.draw(st.integers(0, len(invoice.lines)), label="line, or the sums")
    place = data.draw(st.integers(0, 2), label="figure")
    off = data.draw(st.sampled_from([Decimal("1.5"), Decimal("0.4"), Decimal("1.13"), Decimal(3)]), label="times")
    figures = [list(row) for row in (*invoice.lines, invoice.sums)]
    figures[line][place] = max(_round(figures[line][place] * off), figures[line][place] + 3 if off > 1 else CENT)
    wrong = replace(invoice, lines=tuple(map(tuple, figures[:-1])), sums=tuple(figures[-1]))
    items, differs = read(wrong.text())
    assert differs
    named = [at for at, item in enumerate(items) if item.differs]
    assert named == ([line] if line < len(invoice.lines) else [])


@pytest.mark.parametrize("name", names())
def test_no_false_alarm_on_papers(name: str) -> None:
    """Nor where OCR misread letters and digits."""
    pages = placed(name).pages
    _, differs = read_lines(all_tables(pages, {}), lay_out(pages), sure=True, whole=True)
    assert differs == ()
    for seed in range(4):
        some = misread(pages, f"{name}{seed}")
        _, differs = read_lines(all_tables(some, {}), lay_out(some), sure=False, whole=True)
        assert differs == (), seed


@pytest.mark.parametrize("module", [typed_invoices, typed_oddities])
def test_no_false_alarm_on_typed_papers(module: object) -> None:
    texts = [value for name, value in vars(module).items() if name.isupper() and isinstance(value, str)]
    assert len(texts) > 3
    for text in texts:
        assert read(text)[1] == ()


ACCEPTED = {
    "prices with tax": """
        INVOICE
        Item                 Qty      Price incl. VAT      Amount incl. VAT
        Kettle                 2                24.00                 48.00
        Toaster                3                36.00                108.00
                               Total net                             130.00
                               VAT 20%                                26.00
                               Total                                 156.00
    """,
    "a column of discounts": """
        INVOICE
        Item                 Qty      Price      Disc. %      Amount
        Kettle                 2      24.00         10         43.20
        Toaster                3      36.00          0        108.00
        Filters               12       2.50          5         28.50
                               Subtotal                       179.70
                               VAT 20%                         35.94
                               Total                          215.64
    """,
    "a discount said in the line": """
        INVOICE
        Item                          Qty      Price      Amount
        Kettle                          2      24.00       48.00
        Toaster, less 10 %              3      36.00       97.20
                               Total                      145.20
    """,
    "a discount and carriage below the lines": """
        INVOICE
        Item                 Qty      Price      Amount
        Kettle                 2      24.00       48.00
        Toaster                3      36.00      108.00
                               Goods              156.00
                               Discount           -16.00
                               Carriage            10.00
                               Subtotal           150.00
                               VAT 20%             30.00
                               Total              180.00
    """,
    "a discount and carriage among the lines": """
        INVOICE
        Item                 Qty      Price      Amount
        Kettle                 2      24.00       48.00
        Toaster                3      36.00      108.00
        Discount                                 -16.00
        Carriage                                  10.00

                               Subtotal           150.00
                               VAT 20%             30.00
                               Total              180.00
    """,
    "prices of a hundred": """
        INVOICE
        Item                 Qty      Price      Amount
        Hex bolt             250      12.40       31.00
        Washer               400       3.10       12.40
                               Subtotal            43.40
                               VAT 20%              8.68
                               Total               52.08
    """,
    "prices that were rounded": """
        INVOICE
        Item                 Qty      Price      Amount
        Hex bolt            1250       0.08      103.75
        Washer               400       0.03       12.40
        Repair, 1.33 h      1.33      75.00      100.00
                               Subtotal           216.15
                               VAT 20%             43.23
                               Total              259.38
    """,
    "cents that were rounded off in each line": """
        INVOICE
        Item                 Amount
        Line rental           10.33
        Calls                 10.33
        Data                  10.33
        Insurance             10.33
                               Subtotal            41.34
                               VAT 20%              8.27
                               Total               49.61
    """,
    "a credit note with its minus": """
        CREDIT NOTE
        Item                 Qty      Price      Amount
        Kettle                -2      24.00      -48.00
        Toaster               -3      36.00     -108.00
                               Subtotal          -156.00
                               VAT 20%            -31.20
                               Total             -187.20
    """,
    "a credit note that says minus but once": """
        CREDIT NOTE
        Item                 Qty      Price      Amount
        Kettle                 2      24.00       48.00
        Toaster                3      36.00      108.00
                               Subtotal          -156.00
                               VAT 20%            -31.20
                               Total             -187.20
    """,
    "a line that holds what another one includes": """
        INVOICE
        Item                 Qty      Price      Amount
        Tablet                 1     399.00      399.00
        incl. copying levy     1                   4.24
        Cover                  2      69.99      139.98
                               Subtotal           538.98
                               VAT 20%            107.80
                               Total              646.78
    """,
    "two rates of tax": """
        Rechnung
        Artikel              Menge      Preis      USt      Betrag
        Regal                    5     200,00      19%    1.000,00
        Fachbuch                 3      50,00       7%      150,00
                               Summe netto                1.150,00
                               19 % MwSt. auf 1.000,00      190,00
                               7 % MwSt. auf 150,00          10,50
                               Gesamtbetrag               1.350,50
    """,
    "two taxes of one amount": """
        TAX INVOICE
        Item                 Qty      Rate      Amount
        Cotton yarn           40    300.00   12,000.00
        Linen yarn             5    200.00    1,000.00
                               Subtotal      13,000.00
                               CGST 9%        1,170.00
                               SGST 9%        1,170.00
                               Total         15,340.00
    """,
    "a part is paid already": """
        INVOICE
        Item                 Qty      Price      Amount
        Kettle                 2      24.00       48.00
        Toaster                3      36.00      108.00
                               Subtotal           156.00
                               VAT 20%             31.20
                               Total              187.20
                               Paid               100.00
                               Balance due         87.20
    """,
    "tax that is kept back": """
        FACTURA
        Concepto             Cantidad      Precio      Importe
        Informe                     2      500,00     1.000,00
        Visita                      3      100,00       300,00
                               Base imponible         1.300,00
                               IVA 21%                  273,00
                               Retención IRPF 15%      -195,00
                               Total factura          1.378,00
    """,
    "tax that is but told": """
        Factuur
        Artikel              Aantal      Prijs      Bedrag
        Ketting                   2      29,95       59,90
        Remblok                   3      18,95       56,85
                               Subtotaal            116,75
                               Korting               -8,00
                               Verzendkosten          5,95
                               Totaal incl. btw     114,70
                               Waarvan 21% btw       19,91
    """,
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_a_careful_clerk_accepts_is_no_problem(name: str) -> None:
    items, differs = read(ACCEPTED[name])
    assert len(items) >= 2
    assert differs == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "48.00",
            "84.00",
            [
                "page 1, line 1 (Kettle): 2 x 24.00 is 48.00, the line says 84.00",
                "the 2 lines add up to 192.00, the subtotal says 156.00",
            ],
        ),
        ("     36.00", "     63.00", ["page 1, line 2 (Toaster): 3 x 63.00 is 189.00, the line says 108.00"]),
        ("187.20", "178.20", ["subtotal 156.00 and tax 31.20 are 187.20, the total says 178.20"]),
        ("31.20", "32.10", ["subtotal 156.00 and tax 32.10 are 188.10, the total says 187.20"]),
        ("156.00", "165.00", ["the 2 lines add up to 156.00, which with tax 31.20 is the total; the subtotal says 165.00"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_what_it_should_be(old: str, new: str, said: list[str]) -> None:
    paper = """
        INVOICE
        Item                 Qty      Price      Amount
        Kettle                 2      24.00       48.00
        Toaster                3      36.00      108.00
                               Subtotal           156.00
                               VAT 20%             31.20
                               Total              187.20
    """
    assert old in paper
    assert list(read(paper.replace(old, new))[1]) == said


def test_one_line_alone_is_told_from_a_hidden_discount() -> None:
    paper = (
        "INVOICE\nItem                 Qty      Price      Amount\nKettle                 7      24.00      {}\n\n    Total      {}"
    )
    assert read(paper.format("168.00", "168.00"))[1] == ()
    assert read(paper.format("151.20", "151.20"))[1] == ()  # 10 % off, which the paper need not say
    assert len(read(paper.format("181.57", "181.57"))[1]) == 1


def test_columns_without_a_header_are_proved_by_arithmetic() -> None:
    paper = """
        INVOICE 118
        Video editing        20      85.00      1,700.00
        Music licence         3     120.00        360.00

        Total                                   2,060.00
    """
    items, differs = read(paper)
    assert [(item.description, item.quantity, item.unit_price, item.amount) for item in items] == [
        ("Video editing", "20", "85.00", "1700.00"), ("Music licence", "3", "120.00", "360.00"),
    ]  # fmt: skip
    assert differs == ()


def test_a_letter_with_figures_has_no_items() -> None:
    assert read("Invoice 7\n\nDear Sir, we owe you 120.00 for 3 visits at 40.00 each.\nYours, A. Clerk") == ((), ())


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("1.234,50 €", ("1234.50", 2, "")),
        ("€ 399,00", ("399.00", 2, "")),
        ("-90,00 EUR", ("-90.00", 2, "")),
        ("(12.50)", ("-12.50", 2, "")),
        ("1'850.00", ("1850.00", 2, "")),
        ("20 h", ("20", 0, "h")),
        ("8 m³", ("8", 0, "m³")),
        ("19 %", ("19", 0, "%")),
        ("￥12600.00", ("12600.00", 2, "")),
        ("450,-", ("450", 0, "")),
        ("2 000,00", ("2000.00", 2, "")),
        ("twelve", None),
        ("12.05.2024", None),
        ("HX10-50", None),
        ("", None),
    ],
)
def test_figures_of_cells(cell: str, wanted: tuple[str, int, str] | None) -> None:
    found = figure(cell, ",")
    assert (found and (str(found.value), found.decimals, found.unit)) == wanted


@given(st.decimals(-9999, 9999, places=2), st.decimals(0, 9999, places=3), st.integers(1, 500))
def test_a_rounded_product_holds_and_a_wrong_one_does_not(price: Decimal, other: Decimal, count: int) -> None:
    quantity, unit = Figure(value=Decimal(count), decimals=0), Figure(value=price, decimals=2)
    exact = count * price
    assert product_holds(quantity, unit, Figure(value=exact, decimals=2))
    beyond = exact + count * Decimal("0.005") + Decimal("0.02") + other
    assert not product_holds(quantity, unit, Figure(value=beyond, decimals=2))


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Unit Price (USD)", "unit_price"), ("Zeilenbetrag Ohne MwSt.", "amount"), ("Prijs per stuk", "unit_price"),
        ("Qté / Aant.", "quantity"), ("Description / Omschrijving", "description"), ("貨品 Description", "description"),
        ("VAT %", "tax_rate"), ("Montant TVA", "tax"), ("Codice", "code"), ("Uds.", "quantity"),
        ("Menge", "quantity"), ("金额（元）", "amount"), ("Warehouse", None), ("", None),
    ],
)  # fmt: skip
def test_names_of_columns(name: str, role: str | None) -> None:
    assert role_of(name) == role
