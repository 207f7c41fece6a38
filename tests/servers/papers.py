"""PDFs and pictures drawn for tests of extraction: text layers good and bad, scans straight, turned and skewed."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

CJK_FONT = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"

LETTER = (
    "Harbour Freight Services Ltd",
    "Quotation for the transport of machine parts",
    "Dear Mrs Thompson, thank you for your inquiry of last week.",
    "We can offer the following rates for the coming season:",
    "Container 20 ft Hamburg to Valencia 1,840.00 EUR",
    "Container 40 ft Hamburg to Valencia 2,975.00 EUR",
    "Handling and documents per shipment 125.50 EUR",
    "Reference number 88213764 valid for sixty days",
    "Please let us know whether this suits your plans.",
)
CHINESE = ("增值税电子普通发票", "购买方名称：上海远航贸易有限公司", "销售方名称：杭州明湖科技有限公司", "合计金额：¥3560.00")


def text_pdf(*pages: Sequence[str], rotation: int = 0, password: str = "", size: tuple[float, float] = A4) -> bytes:
    """Return a PDF with a text layer, a page for each list of lines."""
    out = io.BytesIO()
    encryption = StandardEncryption(password, canPrint=0) if password else None
    canvas = Canvas(out, pagesize=size, encrypt=encryption)
    for lines in pages:
        canvas.setPageRotation(rotation)
        canvas.setFont("Helvetica", 11)
        for row, line in enumerate(lines):
            canvas.drawString(60, size[1] - 80 - 22 * row, line)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def scanned_pdf(*images: Image.Image, stamp: str = "", hidden: Sequence[str] = ()) -> bytes:
    """Return a PDF whose pages are pictures; `stamp` is text over each, `hidden` the invisible text of somebody's OCR."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    for image in images:
        wide = image.width > image.height
        size = (A4[1], A4[0]) if wide else A4
        canvas.setPageSize(size)
        canvas.drawImage(ImageReader(image), 0, 0, *size)
        if stamp:
            canvas.setFont("Helvetica", 8)
            canvas.drawString(20, 12, stamp)
        if hidden:
            text = canvas.beginText(60, size[1] - 80)
            text.setTextRenderMode(3)
            for line in hidden:
                text.textLine(line)
            canvas.drawText(text)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def scan(
    lines: Sequence[str],
    *,
    dpi: int = 100,
    turn: int = 0,
    skew: float = 0.0,
    font: str = CJK_FONT,
    size: int = 13,
    pitch: int = 30,
) -> Image.Image:
    """Return lines of text as a scanned A4 page, turned clockwise by `turn` and leaning by `skew` degrees."""
    unit = dpi / 72
    image = Image.new("RGB", (round(A4[0] * unit), round(A4[1] * unit)), "white")
    draw = ImageDraw.Draw(image)
    face = ImageFont.truetype(font, round(size * unit))
    for row, line in enumerate(lines):
        draw.text((60 * unit, (80 + pitch * row) * unit), line, font=face, fill=(20, 20, 20))
    if skew:
        image = image.rotate(-skew, resample=Image.Resampling.BICUBIC, fillcolor="white")
    return image.rotate(-turn, expand=True) if turn else image


def png(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """Return a picture as a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()
