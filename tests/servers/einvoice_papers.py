"""Draws the visible page of a sale in several layouts, languages and number formats, and puts XML into the PDF."""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Decimal

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from tests.servers.einvoice_sales import Sale

WORDS = {
    "en": """Invoice|Credit note|Invoice No|Invoice date|Due date|Purchase order|Bill to|Net amount|VAT|Total incl. VAT|Amount paid|
             Amount due|Discount|Description|Qty|Unit price|Amount""",
    "de": """Rechnung|Gutschrift|Rechnungsnummer|Rechnungsdatum|Fällig am|Ihre Bestellung|Rechnungsempfänger|Nettobetrag|MwSt|
             Gesamtbetrag|Anzahlung|Zahlbetrag|Rabatt|Bezeichnung|Menge|Einzelpreis|Betrag""",
    "fr": """Facture|Avoir|Numéro de facture|Date de facture|Date d'échéance|Bon de commande|Facturé à|Total HT|TVA|Total TTC|
             Acompte|Net à payer|Remise|Désignation|Quantité|Prix unitaire|Montant HT""",
    "nl": """Factuur|Creditfactuur|Factuurnummer|Factuurdatum|Vervaldatum|Inkooporder|Klant|Totaal excl. btw|Btw|
             Totaal incl. btw|Aanbetaling|Te betalen|Korting|Omschrijving|Aantal|Stukprijs|Bedrag""",
    "es": """Factura|Factura rectificativa|Número de factura|Fecha de factura|Fecha de vencimiento|Orden de compra|Cliente|
             Base imponible|IVA|Total factura|Anticipo|Total a pagar|Descuento|Descripción|Cantidad|Precio unitario|Importe""",
    "it": """Fattura|Nota di credito|Numero fattura|Data fattura|Data scadenza|Ordine di acquisto|Cliente|Imponibile|IVA|
             Totale fattura|Acconto|Totale da pagare|Sconto|Descrizione|Quantità|Prezzo unitario|Importo""",
}
"""What a page calls: the paper, a credit note, number, date, due date, order, customer, net, tax, total, what is prepaid and due,
a discount, and the columns of the items."""

LANGUAGES = {"DE": "de", "FR": "fr", "NL": "nl", "GB": "en", "ES": "es", "IT": "it"}
LEFT, RIGHT = 60, 535


def money(value: Decimal, style: str) -> str:
    """Return an amount as "1,234.56", "1.234,56", "1 234,56" or "1'234.56": the style is the two marks."""
    return f"{value:,.2f}".replace(",", "\0").replace(".", style[1]).replace("\0", style[0])


def page(one: Sale, *, layout: int, style: str = "", language: str = "", show: Sequence[str] = ("iban",)) -> bytes:
    """Return a one-page PDF of the sale. `layout` 0: labels in two columns; 1: labels above their values; 2: a letter."""
    words = [word.strip() for word in WORDS[language or LANGUAGES[one.seller[2]]].split("|")]
    style = style or {"en": ",.", "fr": " ,"}.get(language or LANGUAGES[one.seller[2]], ".,")
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    sign = -1 if one.credit and layout == 1 else 1
    text = _Text(canvas, lambda value: money(sign * value, style), "£" if one.currency == "GBP" else "EUR")
    text.line(one.seller[0], size=14)
    text.line("Harbour Street 12, 20457 Hamburg" if layout else "Quay 4, 80331 Port", size=8)
    text.skip()
    head = words[1] if one.credit else words[0]
    day = ".".join(reversed(one.issued.split("-"))) if style != ",." else "17 March 2026"
    due = ".".join(reversed(one.due.split("-"))) if style != ",." else "16 April 2026"
    facts = [(words[2], one.number), (words[3], day), (words[4], due), (words[5], one.order)]
    if layout == 0:
        text.pair(f"{words[6]}:", "", f"{facts[0][0]}:", facts[0][1])
        text.pair(one.buyer, "", f"{facts[1][0]}:", facts[1][1])
        text.pair("Kaistraße 9", "", f"{facts[2][0]}:", facts[2][1])
        text.pair("28195 Bremen", "", f"{facts[3][0]}:", facts[3][1])
        text.skip()
        text.line(head.upper(), size=16)
    elif layout == 1:
        text.line(head, size=18)
        text.line(f"{words[6]}: {one.buyer}")
        text.skip()
        text.row([label for label, _ in facts])
        text.row([value for _, value in facts])
    else:
        text.line(f"{words[6]}: {one.buyer}")
        text.skip()
        text.line(f"{facts[0][0]} {one.number}", size=13)
        for label, value in facts[1:]:
            text.line(f"{label}: {value}")
    text.skip()
    text.items(words[13:17], one)
    text.skip()
    text.sums(one, words, layout)
    text.skip()
    for shown in show:
        text.line({"iban": f"IBAN: {' '.join(one.account[at : at + 4] for at in range(0, len(one.account), 4))}"}.get(shown, shown))
    text.line(f"{words[8]} ID: {one.seller[1]}", size=8)
    canvas.save()
    return out.getvalue()


class _Text:
    """Writes lines from the top of the page down."""

    def __init__(self, canvas: Canvas, written: object, currency: str) -> None:
        self.canvas, self.written, self.currency, self.y = canvas, written, currency, 790.0

    def skip(self) -> None:
        self.y -= 16

    def line(self, text: str, size: float = 10) -> None:
        self.canvas.setFont("Helvetica", size)
        self.canvas.drawString(LEFT, self.y, text)
        self.y -= size + 5

    def pair(self, left: str, middle: str, label: str, value: str) -> None:
        self.canvas.setFont("Helvetica", 10)
        for x, text in ((LEFT, left), (200, middle), (320, label), (430, value)):
            self.canvas.drawString(x, self.y, text)
        self.y -= 15

    def row(self, cells: Sequence[str]) -> None:
        self.canvas.setFont("Helvetica", 10)
        for at, cell in enumerate(cells):
            self.canvas.drawString(LEFT + 120 * at, self.y, cell)
        self.y -= 15

    def items(self, heads: Sequence[str], one: Sale) -> None:
        self.canvas.setFont("Helvetica", 9)
        rows = [tuple(heads)]
        for (name, quantity, price, _), amount in zip(one.lines, one.amounts(), strict=True):
            rows.append((name, str(quantity), self.written(price), self.written(amount)))
        for name, quantity, price, amount in rows:
            self.canvas.drawString(LEFT, self.y, name)
            for x, text in ((330, quantity), (430, price), (RIGHT, amount)):
                self.canvas.drawRightString(x, self.y, text)
            self.y -= 14

    def sums(self, one: Sale, words: Sequence[str], layout: int) -> None:
        rows = [(words[12], -one.allowance)] if one.allowance else []
        rows += [(words[7], one.net)]
        if "tax" in one.stated or len(one.taxes) == 1:
            rate = next(iter(one.taxes))
            rows += [(f"{words[8]} {rate} %", one.tax)] if rate else [("Reverse charge", Decimal(0))] if layout == 0 else []
        else:
            rows += [(f"{words[8]} {rate} %", tax) for rate, tax in one.taxes.items()]
        rows += [(words[9], one.gross)]
        rows += [(words[10], -one.prepaid), (words[11], one.payable)] if one.prepaid else []
        self.canvas.setFont("Helvetica", 10)
        for label, value in rows:
            self.canvas.drawString(330 if layout != 2 else LEFT, self.y, label + (":" if layout else ""))
            amount = self.written(value)
            amount = f"{self.currency}{amount}" if self.currency == "£" else f"{amount} {self.currency}"
            self.canvas.drawRightString(RIGHT if layout != 2 else 300, self.y, amount)
            self.y -= 15


def hybrid(pdf: bytes, xml: bytes, name: str = "factur-x.xml", *others: tuple[str, bytes], listed: bool = True) -> bytes:
    """Return a PDF with files inside: in the list of embedded files and associated with the document, or only associated."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    files = [writer.add_attachment(inner, content) for inner, content in ((name, xml), *others)]
    writer.root_object[NameObject("/AF")] = ArrayObject([one.pdf_object.indirect_reference or one.pdf_object for one in files])
    if not listed:
        names = writer.root_object["/Names"].get_object()
        assert isinstance(names, DictionaryObject)
        del names["/EmbeddedFiles"]
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
