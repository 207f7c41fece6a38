"""QR codes and barcodes as they stand on real pages: pictures, vectors, forms, scans, turned; and pages without any."""

from __future__ import annotations

import io
from unittest import mock

import numpy as np
import pytest
import zxingcpp
from PIL import Image
from reportlab.graphics import renderPDF
from reportlab.graphics.barcode import code128, qr
from reportlab.graphics.shapes import Drawing
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from mailbot.core.words import PageWords
from mailbot.extract import codes, pdf, picture
from mailbot.extract.ocr import Scan
from mailbot.extract.reader import Found, Limits
from tests.unit.test_payment_code import SWISS

SIDE = 600
LINES = (
    "Robert Schneider AG", "Invoice No. 4711", "Invoice date 15 June 2026", "Total CHF 1'949.75",
    "IBAN CH44 3199 9123 0008 8901 2",
    "Words enough that nobody takes this text layer for a stamp on somebody's picture of a page.",
    "And a few more of them, since a page with a picture that covers half of it would be read by OCR otherwise.",
)  # fmt: skip


def qr_picture(text: str = SWISS, scale: int = 4) -> Image.Image:
    return Image.fromarray(np.array(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode).to_image(scale=scale)))


def page(form: str, lines: tuple[str, ...] = LINES, rotation: int = 0) -> bytes:
    """Return a page with text and a code of 130 points, its left lower corner at 200, 100."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(SIDE, SIDE))
    canvas.setPageRotation(rotation)
    for row, line in enumerate(lines):
        canvas.drawString(40, SIDE - 40 - 20 * row, line)
    if form == "picture":
        canvas.drawImage(ImageReader(qr_picture()), 200, 100, 130, 130)
    elif form == "bars":
        code128.Code128("ORDER-4711-99", barHeight=40, barWidth=1.1).drawOn(canvas, 200, 100)
    elif form in ("vector", "form"):
        if form == "form":
            canvas.beginForm("code")
        widget = qr.QrCodeWidget(SWISS)
        scale = 130 / widget.getBounds()[2]
        drawing = Drawing(130, 130, transform=[scale, 0, 0, scale, 0, 0])
        drawing.add(widget)
        renderPDF.draw(drawing, canvas, 200, 100)
        if form == "form":
            canvas.endForm()
            canvas.doForm("code")
    canvas.save()
    return out.getvalue()


def read(content: bytes) -> Found:
    return pdf.read("a.pdf", content, "application/pdf", Limits())


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("form", ["picture", "vector", "form"])
def test_a_code_on_a_text_page_is_read_where_it_stands(form: str, rotation: int) -> None:
    lines = tuple(line for line in LINES if "IBAN" not in line)
    found = read(page(form, lines, rotation))
    (document,) = found.documents
    assert document.pages[0].text.endswith(f"[QR code] {SWISS}")
    assert document.pages[0].source == "text"
    iban = document.field("iban")
    assert iban is not None
    assert (iban.value, iban.origin) == ("CH4431999123000889012", "text")
    assert iban.box == pytest.approx((200, SIDE - 230, 330, SIDE - 100), abs=12)
    assert found.problems == ()


def test_bars_on_a_text_page_are_read() -> None:
    assert read(page("bars")).documents[0].pages[0].text.endswith("\n\n[Code 128] ORDER-4711-99")


def test_a_code_pasted_over_an_invoice_is_told() -> None:
    lines = (*LINES[:3], "Total CHF 1'000.00", "IBAN DE89 3704 0044 0532 0130 00", *LINES[5:])
    found = read(page("picture", lines))
    assert [problem.code for problem in found.problems] == ["payment_code_differs"] * 2
    assert "CH4431999123000889012" in found.problems[0].detail


def test_a_page_with_nothing_that_may_be_a_code_is_not_rendered() -> None:
    with mock.patch.object(codes, "find_codes", side_effect=AssertionError("no code here")):
        assert "4711" in read(page("none")).documents[0].pages[0].text


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_code_on_a_picture_is_read_where_it_stands_upright(turn: int) -> None:
    sheet = Image.new("RGB", (500, 700), "white")
    code = qr_picture(scale=3)
    sheet.paste(code, (40, 60))
    image = np.ascontiguousarray(np.asarray(sheet.rotate(turn, expand=True))[:, :, ::-1])
    (found,) = codes.find_codes(image, 2, turned=turn)  # rotate() turns the other way round
    assert (found.kind, found.text, found.page) == ("QR code", SWISS, 2)
    assert found.box == pytest.approx((40, 60, 40 + code.width, 60 + code.height), abs=20)


def test_a_picture_of_a_slip_has_its_fields() -> None:
    out = io.BytesIO()
    qr_picture().save(out, "PNG")
    words = PageWords(number=1, width=700, height=700, lines=())
    with mock.patch("mailbot.extract.ocr.scan", return_value=Scan(words=words, text="", confidence=None, turned=0, skew=0.0)):
        found = picture.read("slip.png", out.getvalue(), "image/png", Limits())
    (document,) = found.documents
    assert {field.name: field.value for field in document.fields}["total"] == "1949.75"
    assert SWISS in document.pages[0].text
    assert found.problems == ()
