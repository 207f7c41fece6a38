"""PDFs with tables of every kind, drawn for tests, each with the tables that a person sees on it; and pages that have none."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

Rows = list[list[str]]
"""A table: the columns' names, then the rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePaper:
    """A PDF and the tables on it."""

    content: bytes
    tables: tuple[Rows, ...]


GOODS = [
    ["Item", "Description", "Qty", "Unit price", "Amount"],
    ["A-100", "Hex bolt M8 zinc", "200", "0.12", "24.00"],
    ["A-240", "Washer, large", "50", "0.30", "15.00"],
    ["B-7", "Angle bracket 90 mm", "12", "4.50", "54.00"],
    ["B-19", "Wall plug, grey", "1,000", "0.04", "40.00"],
]
STAFF = [
    ["Name", "Office", "Started", "Hours"],
    ["Ines Carvalho", "Lisbon", "2019-04-01", "38"],
    ["Tom Baker", "Leeds", "2021-11-15", "40"],
    ["Mei Lin", "Shanghai", "2020-02-03", "40"],
    ["Ola Nordmann", "Bergen", "2018-09-17", "24"],
]
PROSE = (
    "The committee met on the third of May to look at the figures of the last year and to "
    "decide how the work shall go on. It was agreed that the costs of the new building, which "
    "had risen by 12 % since the spring, could be borne from the reserve. Members asked for a "
    "further report in the autumn, together with the views of the engineers who had visited "
    "the site in 2023 and again in 2024. The chair thanked all who had taken part in the long "
    "discussion and closed the meeting shortly after noon."
).split()


def text_at(canvas: Canvas, x: float, y: float, text: str, align: str = "l") -> None:
    """Write a text whose left edge ("l"), right edge ("r") or middle ("c") is at x; y is down from the top of an A4 page."""
    {"l": canvas.drawString, "r": canvas.drawRightString, "c": canvas.drawCentredString}[align](x, A4[1] - y, text)


def write_rows(canvas: Canvas, rows: Rows, at: Sequence[tuple[float, str]], y: float, pitch: float = 18.0) -> float:
    """Write rows with their cells at (x, alignment); return where the next row would stand."""
    for row in rows:
        for (x, align), cell in zip(at, row, strict=True):
            text_at(canvas, x, y, cell, align)
        y += pitch
    return y


def drawn(draw: Callable[[Canvas], None], *tables: Rows, font: str = "Helvetica", size: float = 10) -> TablePaper:
    """Return a paper of one page, or more where `draw` begins them."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    canvas.setFont(font, size)
    draw(canvas)
    canvas.save()
    return TablePaper(content=out.getvalue(), tables=tables)


def built(table: Table, *tables: Rows) -> TablePaper:
    """Return a paper with a table that reportlab lays out."""
    out = io.BytesIO()
    SimpleDocTemplate(out, pagesize=A4).build([table])
    return TablePaper(content=out.getvalue(), tables=tables)


FIVE = ((60, "l"), (110, "l"), (350, "r"), (430, "r"), (530, "r"))


def _unruled(canvas: Canvas) -> None:
    text_at(canvas, 60, 80, "Harbour Hardware Ltd")
    text_at(canvas, 60, 110, "Delivery of 14 June 2024, as ordered by telephone last week")
    write_rows(canvas, GOODS, FIVE, 160)
    text_at(canvas, 60, 320, "Goods remain ours until they are paid for in full.")


def _invoice(canvas: Canvas) -> None:
    for at, line in enumerate(("Harbour Hardware Ltd", "12 Quay Street", "Bristol BS1 4AA")):
        text_at(canvas, 60, 60 + 14 * at, line)
    for at, (label, value) in enumerate((("Invoice no.", "2024-118"), ("Date", "14/06/2024"), ("Customer", "10388"))):
        text_at(canvas, 360, 60 + 14 * at, label)
        text_at(canvas, 450, 60 + 14 * at, value)
    write_rows(canvas, GOODS, FIVE, 200)
    for at, (label, value) in enumerate((("Subtotal", "133.00"), ("VAT 20 %", "26.60"), ("Total", "159.60"))):
        text_at(canvas, 430, 300 + 16 * at, label, "r")
        text_at(canvas, 530, 300 + 16 * at, value, "r")


def _rules_across(canvas: Canvas) -> None:
    write_rows(canvas, STAFF, ((70, "l"), (220, "l"), (330, "l"), (500, "r")), 150)
    for y in (136, 155, 230):
        canvas.line(60, A4[1] - y, 510, A4[1] - y)


def _far_headers(canvas: Canvas) -> None:
    """Labels on the left of wide columns whose figures stand on the right."""
    rows = [
        ["Region", "Orders", "Turnover", "Share"],
        ["North", "7", "812.40", "8 %"],
        ["Midlands", "1,204", "96,310.00", "61 %"],
        ["South", "96", "48,110.75", "31 %"],
    ]
    write_rows(canvas, rows[:1], ((60, "l"), (200, "l"), (320, "l"), (470, "l")), 120)
    write_rows(canvas, rows[1:], ((60, "l"), (270, "r"), (420, "r"), (540, "r")), 138)


def _centred(canvas: Canvas) -> None:
    write_rows(canvas, STAFF, ((120, "c"), (250, "c"), (370, "c"), (480, "c")), 120)


WRAPPED = [
    ["Pos", "Description", "Qty", "Price", "Total"],
    ["1", "Maintenance of the cooling plant, spring visit, with report", "1", "480.00", "480.00"],
    ["2", "Filter set", "4", "22.50", "90.00"],
    ["3", "Travel from Bristol to Bath and back, two fitters, by van", "2", "35.00", "70.00"],
]


def _wrapped(canvas: Canvas) -> None:
    at = ((60, "l"), (100, "l"), (360, "r"), (440, "r"), (530, "r"))
    y = write_rows(canvas, WRAPPED[:1], at, 120, 20)
    for position, text, *figures in WRAPPED[1:]:
        words = text.split()
        lines = [" ".join(words[start : start + 5]) for start in range(0, len(words), 5)]
        write_rows(canvas, [[position, lines[0], *figures]], at, y)
        for line in lines[1:]:
            y += 12
            text_at(canvas, 100, y, line)
        y += 20


def _group_header(canvas: Canvas) -> None:
    at = ((60, "l"), (260, "r"), (340, "r"), (430, "r"), (510, "r"))
    text_at(canvas, 277, 100, "First half", "c")
    text_at(canvas, 447, 100, "Second half", "c")
    write_rows(canvas, [["Branch", "Budget", "Actual", "Budget", "Actual"]], at, 113)
    write_rows(
        canvas,
        [["Leeds", "1,200", "1,318", "1,250", "1,301"], ["York", "900", "874", "910", "933"], ["Hull", "450", "512", "480", "476"]],
        at,
        132,
    )


GROUPED = [
    ["Branch", "First half Budget", "First half Actual", "Second half Budget", "Second half Actual"],
    ["Leeds", "1,200", "1,318", "1,250", "1,301"],
    ["York", "900", "874", "910", "933"],
    ["Hull", "450", "512", "480", "476"],
]


def _stacked_header(canvas: Canvas) -> None:
    at = ((60, "l"), (300, "r"), (400, "r"), (520, "r"))
    write_rows(canvas, [["", "Units", "Price per", "Amount"], ["Service", "sold", "unit EUR", "excl. VAT"]], at, 120, 12)
    write_rows(
        canvas,
        [["Hosting", "3", "12.00", "36.00"], ["Backup", "2", "5.50", "11.00"], ["Mailboxes", "40", "1.25", "50.00"]],
        at,
        150,
    )


STACKED = [
    ["Service", "Units sold", "Price per unit EUR", "Amount excl. VAT"],
    ["Hosting", "3", "12.00", "36.00"],
    ["Backup", "2", "5.50", "11.00"],
    ["Mailboxes", "40", "1.25", "50.00"],
]


def _two(canvas: Canvas) -> None:
    write_rows(canvas, GOODS, FIVE, 100)
    text_at(canvas, 60, 250, "The people who look after you are, with the hours in which they can be reached:")
    write_rows(canvas, STAFF, ((60, "l"), (200, "l"), (310, "l"), (470, "r")), 300)


def _mixed(canvas: Canvas) -> None:
    table = Table(STAFF, colWidths=[130, 100, 100, 60])
    table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black)]))
    table.wrapOn(canvas, 400, 400)
    table.drawOn(canvas, 60, A4[1] - 200)
    canvas.setFont("Helvetica", 10)
    write_rows(canvas, GOODS, FIVE, 280)


def _gaps(canvas: Canvas) -> None:
    write_rows(canvas, HOLES, ((60, "l"), (180, "l"), (380, "r"), (500, "r")), 120)


HOLES = [
    ["Date", "Text", "Debit", "Credit"],
    ["03.05.2024", "Rent May", "1.450,00", ""],
    ["07.05.2024", "Invoice 2024-118", "", "2.310,40"],
    ["09.05.2024", "Telephone", "48,20", ""],
    ["21.05.2024", "Invoice 2024-121", "", "980,00"],
]


def _column_lines(canvas: Canvas) -> None:
    """Only the columns and the header are ruled, so that all items stand in one cell."""
    write_rows(canvas, GOODS, FIVE, 120, 16)
    for x in (55, 105, 310, 370, 440, 540):
        canvas.line(x, A4[1] - 105, x, A4[1] - 320)
    for y in (105, 126, 320):
        canvas.line(55, A4[1] - y, 540, A4[1] - y)


CHINESE = [
    ["项目名称", "规格型号", "单位", "数量", "单价", "金额"],
    ["压力表", "Y-100", "只", "50", "88.50", "4425.00"],
    ["流量计", "DN50", "台", "4", "4424.80", "17699.20"],
    ["不锈钢阀门", "DN25", "个", "12", "63.00", "756.00"],
]


def _chinese(canvas: Canvas) -> None:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    canvas.setFont("STSong-Light", 10)
    text_at(canvas, 297, 80, "销售清单", "c")
    write_rows(canvas, CHINESE, ((60, "l"), (200, "l"), (280, "l"), (370, "r"), (450, "r"), (540, "r")), 120)


def _prose(canvas: Canvas) -> None:
    for column in (60, 320):
        y, line = 100, ""
        for word in PROSE * 3:
            if canvas.stringWidth(f"{line} {word}") > 215:
                text_at(canvas, column, y, line)
                y, line = y + 13, word
            else:
                line = f"{line} {word}".strip()
        text_at(canvas, column, y, line)


def _addresses(canvas: Canvas) -> None:
    blocks = {
        60: ["Bill to", "Okafor & Sons Ltd", "88 Canal Street", "York YO1 9TT", "Account 20417"],
        230: ["Deliver to", "Depot 2", "14 Market Row", "Leeds LS1 4PR", "Gate 7"],
        400: ["Invoice", "Number: 5512", "Date: 9 May 2024", "Due: 8 June 2024", "Terms: 30 days"],
    }
    for x, lines in blocks.items():
        for at, line in enumerate(lines):
            text_at(canvas, x, 120 + 14 * at, line)
            text_at(canvas, x, 740 + 11 * at, line.upper())


def _letter(canvas: Canvas) -> None:
    lines = [
        "Dear Mrs Thompson,",
        "thank you for your letter of 3 May 2024. The 12 pallets left our warehouse on 14 May 2024",
        "and should reach you within 5 days. The goods are worth EUR 1,250.00; the invoice follows.",
        "Our account has changed to DE89 3704 0044 0532 0130 00.",
        "Kind regards",
        "Otto Weiss          Kessel & Rohr GmbH          Telephone 0421 555010",
    ]
    for at, line in enumerate(lines):
        text_at(canvas, 60, 120 + 20 * at, line)


LONG = [
    ["No", "Article", "Pieces", "Weight kg"],
    *([str(n), f"Crate number {n}", str(n * 7 % 90 + 10), f"{n * 1.25:.2f}"] for n in range(1, 91)),
]
SPANNED = [["Article", "Delivery", ""], ["", "Quantity", "Date"], ["Bolt M8", "200", "14 June"], ["Nut M8", "150", "15 June"]]
TITLED = [
    ["Stock on 30 June", "", ""],
    ["Article", "Shelf", "Pieces"],
    ["Bolt M8", "A4", "200"],
    ["Nut M8", "A5", "150"],
    ["Screw 4x40", "B1", "75"],
]


def _middle() -> TablePaper:
    style = getSampleStyleSheet()["BodyText"]
    cells = [[Paragraph(text, style) if at == 1 else text for at, text in enumerate(row)] for row in WRAPPED]
    table = Table(cells, colWidths=[40, 150, 60, 80, 80])
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "MIDDLE"), ("ALIGN", (2, 0), (-1, -1), "RIGHT")]))
    return built(table, WRAPPED)


def _ruled(rows: Rows, *style: object, repeat: int = 0) -> Table:
    table = Table(rows, repeatRows=repeat)
    table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black), *style]))
    return table


def _plain(rows: Rows, repeat: int = 0) -> Table:
    table = Table(rows, repeatRows=repeat, colWidths=[50, 180, 80, 90])
    table.setStyle(TableStyle([("ALIGN", (2, 0), (-1, -1), "RIGHT")]))
    return table


PAPERS: dict[str, Callable[[], TablePaper]] = {
    "ruled": lambda: built(_ruled(GOODS), GOODS),
    "ruled over pages": lambda: built(_ruled(LONG, repeat=1), LONG),
    "ruled over pages, header once": lambda: built(_ruled(LONG), LONG),
    "ruled, joined header": lambda: built(
        _ruled(SPANNED, ("SPAN", (1, 0), (2, 0)), ("SPAN", (0, 0), (0, 1))),
        [["Article", "Delivery Quantity", "Delivery Date"], *SPANNED[2:]],
    ),
    "ruled, title row": lambda: built(_ruled(TITLED, ("SPAN", (0, 0), (2, 0))), TITLED[1:]),
    "columns ruled": lambda: drawn(_column_lines, GOODS),
    "unruled": lambda: drawn(_unruled, GOODS),
    "rules across": lambda: drawn(_rules_across, STAFF),
    "invoice": lambda: drawn(_invoice, GOODS),
    "wrapped": lambda: drawn(_wrapped, WRAPPED),
    "wrapped, figures in the middle": _middle,
    "over pages": lambda: built(_plain(LONG, repeat=1), LONG),
    "over pages, header once": lambda: built(_plain(LONG), LONG),
    "labels left, figures right": lambda: drawn(
        _far_headers,
        [
            ["Region", "Orders", "Turnover", "Share"],
            ["North", "7", "812.40", "8 %"],
            ["Midlands", "1,204", "96,310.00", "61 %"],
            ["South", "96", "48,110.75", "31 %"],
        ],
    ),
    "centred": lambda: drawn(_centred, STAFF),
    "grouped header": lambda: drawn(_group_header, GROUPED),
    "stacked header": lambda: drawn(_stacked_header, STACKED),
    "two tables": lambda: drawn(_two, GOODS, STAFF),
    "ruled and unruled": lambda: drawn(_mixed, STAFF, GOODS),
    "empty cells": lambda: drawn(_gaps, HOLES),
    "Chinese": lambda: drawn(_chinese, CHINESE),
    "prose in two columns": lambda: drawn(_prose),
    "addresses": lambda: drawn(_addresses),
    "letter": lambda: drawn(_letter),
}


def pictures(content: bytes, dpi: int = 150) -> list[Image.Image]:
    """Return the pages of a PDF as pictures."""
    import pypdfium2

    pdf = pypdfium2.PdfDocument(content)
    try:
        return [page.render(scale=dpi / 72).to_pil().convert("RGB") for page in pdf]
    finally:
        pdf.close()


def cell_f1(wanted: Sequence[Rows], found: Sequence[Rows]) -> float:
    """Return how well tables agree, 0 to 1: cells by column and text, each table with the one at its place."""
    right = total = 0
    for at in range(max(len(wanted), len(found))):
        want, got = (
            Counter((column, cell) for row in side[at] for column, cell in enumerate(row)) if at < len(side) else Counter()
            for side in (wanted, found)
        )
        right += 2 * sum((want & got).values())
        total += sum(want.values()) + sum(got.values())
    return right / total if total else 1.0
