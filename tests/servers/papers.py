"""PDFs and pictures drawn for tests of extraction: text layers good and bad, scans straight, turned and skewed."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
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


def outlined_pdf(image: Image.Image, *, footer: str = "") -> bytes:
    """Return a PDF on which the ink of a picture is drawn as filled outlines, as design programs do; `footer` is plain text."""
    import cv2

    ink = (np.asarray(image.convert("L")) < 128).astype(np.uint8)
    shapes, _ = cv2.findContours(ink, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    out, unit = io.BytesIO(), A4[0] / image.width
    canvas = Canvas(out, pagesize=A4)
    path = canvas.beginPath()
    for shape in shapes:
        points = [(x * unit, A4[1] - y * unit) for x, y in shape[:, 0].tolist()]
        path.moveTo(*points[0])
        for point in points[1:]:
            path.lineTo(*point)
        path.close()
    canvas.drawPath(path, stroke=0, fill=1, fillMode=0)
    canvas.drawString(60, 20, footer)
    canvas.save()
    return out.getvalue()


def placed_pdf(pieces: Sequence[tuple[float, float, str]], *, size: float = 12) -> bytes:
    """Return a PDF of glyphs and runs of them, each at x and y from the lower left, that say they are any signs of Unicode.

    No font that has them is needed: the signs stand in the font's ToUnicode map, the glyphs are those of Courier.
    """
    signs = sorted({sign for _, _, text in pieces for sign in text})
    codes = {sign: 0x21 + at for at, sign in enumerate(signs)}
    mapped = "\n".join(f"<{code:02x}> <{sign.encode('utf-16-be').hex()}>" for sign, code in codes.items())
    cmap = (
        "/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <ff> endcodespacerange "
        f"{len(codes)} beginbfchar\n{mapped}\nendbfchar endcmap end"
    ).encode()
    drawn = "".join(f"1 0 0 1 {x:.2f} {y:.2f} Tm <{''.join(f'{codes[sign]:02x}' for sign in text)}> Tj\n" for x, y, text in pieces)
    content = f"BT /F {size} Tf {drawn}ET".encode()
    font = (
        f"<</Type/Font/Subtype/Type1/BaseFont/Courier/FirstChar 33/LastChar {32 + len(codes)}"
        f"/Widths[{' 600' * len(codes)}]/ToUnicode 5 0 R>>"
    ).encode()
    return pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 6 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Length %d>>stream\n%s\nendstream" % (len(cmap), cmap),
        font,
    )


def pdf_of(*objects: bytes) -> bytes:
    """Return a PDF file of these objects, numbered from 1, the first being its catalog."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start, count = len(out), len(places) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\n" % (count, table, count)
    return bytes(out + b"startxref\n%d\n%%%%EOF" % start)
