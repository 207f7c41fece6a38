"""Draws the papers of the samples: invoices as PDF, scan and photo, order sheets; the same bytes at every run.

Everybody named here is invented; check digits are right and sums add up.
"""

from __future__ import annotations

import csv
import io
import random
import re
import zipfile
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from openpyxl import Workbook
from openpyxl.styles import Font
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

CJK_FONT = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of an invoice or order."""

    text: str
    quantity: int
    price: Decimal
    article: str = ""

    @property
    def total(self) -> Decimal:
        return self.quantity * self.price


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """What an invoice says. `tax` is a percentage."""

    supplier: str
    address: tuple[str, ...]
    vat_id: str
    number: str
    order: str
    day: date
    currency: str
    iban: str
    bank: str
    tax: int
    lines: tuple[Line, ...]
    days: int = 30

    @property
    def subtotal(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal(0))

    @property
    def tax_amount(self) -> Decimal:
        return (self.subtotal * self.tax / 100).quantize(CENT)

    @property
    def total(self) -> Decimal:
        return self.subtotal + self.tax_amount

    @property
    def due(self) -> date:
        return self.day + timedelta(days=self.days)


def iban(country: str, account: str) -> str:
    """Return the IBAN of an account number with its check digits (ISO 13616, mod 97), in groups of four."""
    digits = "".join(str(int(character, 36)) for character in f"{account}{country}00")
    whole = f"{country}{98 - int(digits) % 97:02}{account}"
    return " ".join(re.findall(".{1,4}", whole))


def invoice_pdf(one: Invoice) -> bytes:
    """A one-page invoice with a text layer, addressed to the desk."""
    out = io.BytesIO()
    page = Canvas(out, pagesize=A4, invariant=1)
    page.setTitle(f"Invoice {one.number}")
    page.setFont("Helvetica-Bold", 17)
    page.drawString(56, 780, one.supplier)
    page.setFont("Helvetica", 9)
    for row, text in enumerate((*one.address, f"VAT ID: {one.vat_id}")):
        page.drawString(56, 764 - 12 * row, text)
    page.setFont("Helvetica-Bold", 22)
    page.drawRightString(540, 780, "INVOICE")
    facts = [
        ("Invoice number", one.number), ("Invoice date", f"{one.day:%d %B %Y}"), ("Due date", f"{one.due:%d %B %Y}"),
        ("Purchase order", one.order), ("Currency", one.currency),
    ]  # fmt: skip
    page.setFont("Helvetica", 10)
    for row, (name, value) in enumerate(facts):
        page.drawString(350, 750 - 15 * row, f"{name}:")
        page.drawRightString(540, 750 - 15 * row, value)
    page.setFont("Helvetica-Bold", 10)
    page.drawString(56, 684, "Bill to")
    page.setFont("Helvetica", 10)
    for row, text in enumerate(("Harbour Lane Trading Ltd", "14 Harbour Lane", "Bristol BS1 6QF", "United Kingdom")):
        page.drawString(56, 669 - 13 * row, text)
    _lines_of(page, one)
    page.showPage()
    page.save()
    return out.getvalue()


def _lines_of(page: Canvas, one: Invoice) -> None:
    """Draw the ruled table, the sums and how to pay."""
    y = 590
    page.setFont("Helvetica-Bold", 10)
    for x, text in ((62, "Description"), (368, "Quantity"), (452, "Unit price"), (534, "Amount")):
        page.drawString(x, y, text) if x == 62 else page.drawRightString(x, y, text)
    page.line(56, y - 6, 540, y - 6)
    page.line(56, y + 14, 540, y + 14)
    page.setFont("Helvetica", 10)
    for line in one.lines:
        y -= 22
        page.drawString(62, y, line.text)
        for x, text in ((368, str(line.quantity)), (452, f"{line.price:,.2f}"), (534, f"{line.total:,.2f}")):
            page.drawRightString(x, y, text)
        page.line(56, y - 6, 540, y - 6)
    for x in (56, 312, 376, 460, 540):
        page.line(x, 604, x, y - 6)
    y -= 10
    sums = [("Subtotal", one.subtotal), (f"VAT {one.tax} %", one.tax_amount), (f"Total {one.currency}", one.total)]
    for row, (name, value) in enumerate(sums):
        y -= 18
        page.setFont("Helvetica-Bold" if row == 2 else "Helvetica", 11 if row == 2 else 10)
        page.drawString(368, y, name)
        page.drawRightString(534, y, f"{value:,.2f}")
    page.setFont("Helvetica", 9)
    for row, text in enumerate(
        (f"Please pay within {one.days} days to {one.bank}", f"IBAN: {one.iban}", f"Reference: {one.number}")
    ):
        page.drawString(56, 120 - 13 * row, text)


def scan_of(pdf: bytes, *, degrees: float, dpi: int = 130, seed: int = 1) -> bytes:
    """The first page as a scanner would give it: turned a little, grey, speckled; a PDF that holds one picture and no text."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    picture = document[0].render(scale=dpi / 72).to_pil().convert("L")
    document.close()
    picture = picture.rotate(degrees, expand=False, fillcolor=246, resample=Image.Resampling.BICUBIC)
    pixels = np.asarray(picture, dtype=np.float32)
    noise = np.random.default_rng(seed)
    pixels = np.clip(pixels * 0.93 + 8 + noise.normal(0, 3.0, pixels.shape), 0, 255)
    jpeg = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.4)).save(jpeg, "JPEG", quality=42)
    out = io.BytesIO()
    page = Canvas(out, pagesize=A4, invariant=1)
    page.drawImage(ImageReader(io.BytesIO(jpeg.getvalue())), 0, 0, *A4)
    page.showPage()
    page.save()
    return out.getvalue()


def chinese_invoice(one: Invoice) -> Image.Image:
    """An invoice in Chinese on white paper."""
    picture = Image.new("RGB", (1000, 1300), (252, 251, 247))
    draw = ImageDraw.Draw(picture)
    fonts = {size: ImageFont.truetype(CJK_FONT, size, index=2) for size in (24, 28, 44)}

    def write(x: int, y: int, text: str, size: int = 24, anchor: str = "la") -> None:
        draw.text((x, y), text, font=fonts[size], fill=(28, 28, 40), anchor=anchor)

    write(500, 60, one.supplier, 28, "ma")
    write(500, 110, "销售发票", 44, "ma")
    facts = (
        ("发票号码", one.number), ("开票日期", f"{one.day.year}年{one.day.month}月{one.day.day}日"), ("订单号", one.order),
        ("销售方纳税人识别号", one.vat_id), ("购买方", "海港路贸易有限公司"),
    )  # fmt: skip
    for row, (name, value) in enumerate(facts):
        write(90, 210 + 44 * row, f"{name}：{value}")
    columns = (90, 520, 640, 780, 910)
    top = 450
    rows = [
        ("货物名称", "数量", "单价", "金额"),
        *((ln.text, str(ln.quantity), f"{ln.price:.2f}", f"{ln.total:.2f}") for ln in one.lines),
    ]
    for number, cells in enumerate(rows):
        y = top + 56 * number
        draw.rectangle((columns[0], y, columns[-1], y + 56), outline=(60, 60, 70), width=2)
        for place, text in enumerate(cells):
            write(columns[place] + 12, y + 12, text)
    for x in columns[1:-1]:
        draw.line((x, top, x, top + 56 * len(rows)), fill=(60, 60, 70), width=2)
    y = top + 56 * len(rows) + 30
    for name, amount in (("不含税金额", one.subtotal), (f"税额（{one.tax}%）", one.tax_amount), ("价税合计", one.total)):
        write(560, y, f"{name}：¥{amount:.2f}")
        y += 48
    for row, text in enumerate(
        (f"开户行：{one.bank}", f"账号：{one.iban}", f"付款期限：{one.due.year}年{one.due.month}月{one.due.day}日")
    ):
        write(90, y + 40 + 44 * row, text)
    return picture


def photo_of(paper: Image.Image) -> bytes:
    """A paper as a telephone sees it lying on a desk: in perspective, unevenly lit; PNG."""
    width, height = 1120, 1420
    corners = [(88, 70), (1048, 112), (1010, 1362), (52, 1330)]
    source = [(0, 0), (paper.width, 0), (paper.width, paper.height), (0, paper.height)]
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(corners, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    bend = np.linalg.solve(np.array(rows, dtype=float), np.array(source, dtype=float).reshape(8))
    size = (width, height)
    laid = paper.transform(size, Image.Transform.PERSPECTIVE, tuple(bend), Image.Resampling.BICUBIC)
    mask = Image.new("L", paper.size, 255).transform(size, Image.Transform.PERSPECTIVE, tuple(bend))
    desk = Image.new("RGB", size, (116, 86, 58))
    dice = random.Random(7)
    grain = ImageDraw.Draw(desk)
    for y in range(0, height, 6):
        shade = dice.randint(-10, 10)
        grain.rectangle((0, y, width, y + 5), fill=(116 + shade, 86 + shade, 58 + shade))
    desk.paste(laid, mask=mask)
    light = 1.0 - 0.22 * np.linspace(0, 1, width)[None, :] - 0.12 * np.linspace(1, 0, height)[:, None]
    lit = np.clip(np.asarray(desk, dtype=np.float32) * light[:, :, None], 0, 255).astype(np.uint8)
    small = Image.fromarray(lit).filter(ImageFilter.GaussianBlur(0.6)).quantize(40, dither=Image.Dither.NONE)
    out = io.BytesIO()
    small.save(out, "PNG", optimize=True)
    return out.getvalue()


def german(value: Decimal) -> str:
    """1234.5 as 1.234,50."""
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def order_csv(order: str, day: date, customer: str, lines: tuple[Line, ...]) -> bytes:
    """An order as an old merchandise system exports it: preamble, Windows-1252, semicolons, decimal commas, a totals row."""
    out = io.StringIO()
    write = csv.writer(out, delimiter=";", lineterminator="\r\n")
    write.writerows([[customer], [f"Bestellung {order} vom {day:%d.%m.%Y}"], ["Lieferung frei Haus, Preise in EUR ohne MwSt."], []])
    write.writerow(["Pos.", "Artikel-Nr.", "Bezeichnung", "Menge", "Einzelpreis", "Gesamt €"])
    for number, line in enumerate(lines, 1):
        write.writerow([number, line.article, line.text, line.quantity, german(line.price), german(line.total)])
    write.writerow(
        ["", "", "Summe", sum(line.quantity for line in lines), "", german(sum((one.total for one in lines), Decimal(0)))]
    )
    return out.getvalue().encode("cp1252")


def order_xlsx(order: str, day: date, lines: tuple[Line, ...]) -> bytes:
    """An order with two header rows, the upper one in merged cells."""
    book = Workbook()
    sheet: Any = book.active
    sheet.title = "Order"
    sheet.append(["Article", None, "Quantity", None, "Price EUR", None])
    sheet.append(["No.", "Description", "Ordered", "Delivery week", "Unit", "Total"])
    for merged in ("A1:B1", "C1:D1", "E1:F1"):
        sheet.merge_cells(merged)
    for row in (1, 2):
        for cell in sheet[row]:
            cell.font = Font(bold=True)
    for number, line in enumerate(lines):
        sheet.append([line.article, line.text, line.quantity, f"2026-W{49 + number % 3}", float(line.price), float(line.total)])
    notes = book.create_sheet("Notes")
    notes.append(["Order", order])
    notes.append(["Date", day])
    out = io.BytesIO()
    book.save(out)
    return _same_every_time(out.getvalue())


def _same_every_time(packed: bytes) -> bytes:
    """Rewrite a zip with one fixed date, inside and out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2026-11-16T09:00:00Z", old.read(name))
            new.writestr(zipfile.ZipInfo(name, (2026, 11, 16, 9, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def zip_bomb() -> bytes:
    """A small archive whose one member unpacks to 64 MB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        member = zipfile.ZipInfo("statement-2026-10.csv", (2026, 11, 16, 9, 0, 0))
        archive.writestr(member, b"0" * 64_000_000, zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()
