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
THINGS = ("Hex bolt M8", "Schrank Typ C", "Consulting, senior", "Papier A4 weiss", "Delivery by van", "Filtre à huile", "压力表 Y-100")


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
            return "".join(_spaces(cell, width) + cell if width > 0 else cell + _spaces(cell, -width) for cell, width in zip(cells, (-24, 10, 16, 16), strict=True))

        rows = [row(*heads)]
        for at, (quantity, price, amount) in enumerate(self.lines):
            rows.append(row(THINGS[at % len(THINGS)], count(quantity), written(price), written(amount)))
        sums = [(subtotal, self.sums[0]), (tax.format(rate=self.rate), self.sums[1]), (total, self.sums[2])]
        below = [row("", "", label, written(value)) if len(label) < 15 else f"{label:>45}{written(value):>21}" for label, value in sums]
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
    return read_lines(all_tables(pages, {}), pages, sure=sure, whole=True)


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
    _, differs = read_lines(all_tables(pages, {}), pages, sure=True, whole=True)
    assert differs == ()
    for seed in range(4):
        some = misread(pages, f"{name}{seed}")
        _, differs = read_lines(all_tables(some, {}), some, sure=False, whole=True)
        assert differs == (), seed


@pytest.mark.parametrize("module", [typed_invoices, typed_oddities])
def test_no_false_alarm_on_typed_papers(module: object) -> None:
    texts = [value for name, value in vars(module).items() if name.isupper() and isinstance(value, str)]
    assert len(texts) > 3
    for text in texts:
        assert read(text)[1] == ()
