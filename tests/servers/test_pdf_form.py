"""What somebody filled into a PDF is read as part of its page: form fields, ticks, and text typed onto it."""

from __future__ import annotations

import io
from unittest import mock

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from mailbot.extract import pdf
from mailbot.extract.reader import Found, Limits
from tests.servers.papers import pdf_of


def read(content: bytes) -> Found:
    with mock.patch("mailbot.extract.ocr.scan", side_effect=AssertionError("no OCR here")):
        return pdf.read("a.pdf", content, "application/pdf", Limits())


def form() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out)
    fields = canvas.acroForm
    for y, label in ((700, "Name of the ship"), (670, "Invoice Number:"), (640, "Express"), (610, "Port"), (580, "Berth")):
        canvas.drawString(60, y, label)
    canvas.drawString(260, 640, "Storage")
    fields.textfield(name="ship", value="Nordwind II", x=200, y=690, width=200, height=20)
    fields.textfield(name="number", value="HF-20871", x=200, y=660, width=200, height=20)
    fields.checkbox(name="express", checked=True, x=200, y=636)
    fields.checkbox(name="storage", checked=False, x=320, y=636)
    fields.choice(name="port", value="Valencia", options=["Hamburg", "Valencia"], x=200, y=600, width=200, height=20)
    fields.radio(name="berth", value="east", selected=False, x=200, y=576)
    fields.radio(name="berth", value="west", selected=True, x=240, y=576)
    fields.textfield(name="code", value="secret", x=200, y=520, width=200, height=20, fieldFlags="password")
    fields.textfield(name="remarks", value="two lines\nof remarks", x=60, y=400, width=200, height=60, fieldFlags="multiline")
    canvas.save()
    return out.getvalue()


def test_fields_stand_beside_their_labels() -> None:
    found = read(form())
    (document,) = found.documents
    assert found.problems == ()
    assert document.pages[0].text.split("\n") == [
        "Name of the ship Nordwind II", "Invoice Number: HF-20871", "Express [x] Storage [ ]", "Port Valencia", "Berth [ ] [x]",
        "two lines", "of remarks",
    ]  # fmt: skip
    (field,) = document.fields
    assert (field.name, field.value) == ("invoice_number", "HF-20871")
    assert field.box is not None
    assert 200 <= field.box[0] < field.box[2] <= 400


def without_appearance(flags: int = 0, *, note: str = "") -> bytes:
    """Return a form with a field and a typed note that carry nothing to show them by."""
    content = b"BT /F 12 Tf 60 700 Td (Delivery address of the buyer) Tj ET"
    return pdf_of(
        b"<</Type/Catalog/Pages 2 0 R" + (b"/AcroForm<</Fields[6 0 R]/NeedAppearances true/DR<</Font<</F 5 0 R>>>>>>>>"),
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Annots[6 0 R 7 0 R]/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(Quay 12, Valencia)/DA(/F 12 Tf 0 g)/F %d/Rect[240 690 450 715]>>" % flags,
        b"<</Type/Annot/Subtype/FreeText/Contents(%s)/DA(/F 12 Tf)/Rect[60 600 300 620]>>" % note.encode(),
    )


def test_fields_without_an_appearance_are_read_and_drawn() -> None:
    content = without_appearance(note="Approved, A. Thompson")
    lines = read(content).documents[0].pages[0].text.split("\n")
    assert lines == ["Delivery address of the buyer Quay 12, Valencia", "Approved, A. Thompson"]
    picture = Image.open(io.BytesIO(pdf.render(content, 1, 595, Limits())[0])).convert("L")
    assert picture.crop((240, 842 - 715, 450, 842 - 690)).getextrema()[0] < 100


@pytest.mark.parametrize("flags", [2, 32])
def test_hidden_fields_are_left_out(flags: int) -> None:
    assert read(without_appearance(flags)).documents[0].pages[0].text == "Delivery address of the buyer"
