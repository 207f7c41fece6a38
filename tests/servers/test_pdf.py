"""PDF files of every kind are read, and what cannot be read is a problem with a remedy, never an exception."""

from __future__ import annotations

import io
from collections.abc import Sequence
from unittest import mock

import pytest
from PIL import Image
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import SimpleDocTemplate, Table, TableStyle

from mailbot.config import Extract
from mailbot.core.supplier_hints import Hint, SupplierHints
from mailbot.core.words import PageWords
from mailbot.errors import BadInput
from mailbot.extract import ocr, pdf, pdf_page
from mailbot.extract.reader import Found, Limits
from mailbot.extract.sandbox import Sandbox
from tests.servers import papers

INVOICE = (
    "Harbour Freight Services Ltd",
    "INVOICE",
    "Invoice Number: HF-20871",
    "Invoice Date: 14 June 2024",
    "Net amount 400.00 EUR",
    "VAT 20% 80.00 EUR",
    "Grand total 480.00 EUR",
)


def read(content: bytes, limits: Limits | None = None) -> Found:
    return pdf.read("a.pdf", content, "application/pdf", limits or Limits())


def codes(found: Found) -> list[str]:
    return [problem.code for problem in found.problems]


def test_a_text_layer_is_read_without_ocr() -> None:
    with mock.patch("mailbot.extract.ocr.scan", side_effect=AssertionError("no OCR here")):
        found = read(papers.text_pdf(INVOICE, papers.LETTER))
    first, second = found.documents[0].pages
    assert first.text.split("\n") == list(INVOICE)
    assert second.text.split("\n") == list(papers.LETTER)
    assert (first.number, first.source, first.confidence) == (1, "text", None)
    assert (first.width, first.height) == (pytest.approx(A4[0], abs=0.1), pytest.approx(A4[1], abs=0.1))
    assert found.problems == ()


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_page_displayed_the_wrong_way_is_turned_by_its_text(rotation: int) -> None:
    content = papers.text_pdf(INVOICE, size=(600, 600), rotation=rotation)
    straight = read(papers.text_pdf(INVOICE, size=(600, 600))).documents[0]
    turned = read(content).documents[0]
    assert turned.pages[0].text == straight.pages[0].text
    assert [(field.name, field.value) for field in turned.fields] == [(field.name, field.value) for field in straight.fields]
    for field, same in zip(turned.fields, straight.fields, strict=True):
        assert field.box == pytest.approx(same.box, abs=0.3)
    assert _pixels(pdf.render(content, 1, 300, Limits())[0]) == pytest.approx(
        _pixels(pdf.render(papers.text_pdf(INVOICE, size=(600, 600)), 1, 300, Limits())[0]), abs=8
    )


def test_the_box_of_a_field_holds_its_ink() -> None:
    content = papers.text_pdf(INVOICE)
    field = next(one for one in read(content).documents[0].fields if one.name == "invoice_number")
    picture, width, _ = pdf.render(content, 1, 1190, Limits())
    image = Image.open(io.BytesIO(picture)).convert("L")
    unit = width / A4[0]
    assert field.box is not None
    x0, y0, x1, y1 = (round(edge * unit) for edge in field.box)
    assert image.crop((x0, y0, x1, y1)).getextrema()[0] < 100
    assert image.crop((x0, y0 - (y1 - y0), x1, y0 - 4)).getextrema()[0] > 100


def test_a_scan_is_read_by_ocr() -> None:
    found = read(papers.scanned_pdf(papers.scan(INVOICE)))
    page = found.documents[0].pages[0]
    values = {field.name: (field.value, field.origin) for field in found.documents[0].fields}
    assert page.source == "ocr"
    assert page.confidence is not None
    assert page.confidence > 0.9
    assert values["total"] == ("480.00", "ocr")
    assert values["invoice_number"] == ("HF-20871", "ocr")


def test_a_skewed_scan_upside_down_is_shown_upright_with_boxes_on_it() -> None:
    content = papers.scanned_pdf(papers.scan(INVOICE, turn=180, skew=4))
    document = read(content).documents[0]
    total = next(field for field in document.fields if field.name == "total")
    picture, width, height = pdf.render(content, 1, 1190, Limits())
    image = Image.open(io.BytesIO(picture)).convert("L")
    assert total.box is not None
    assert document.pages[0].width is not None
    unit = width / document.pages[0].width
    box = tuple(round(edge * unit) for edge in total.box)
    assert box[1] < height / 2  # upside down it would be in the lower half
    assert image.crop(box).getextrema()[0] < 100  # type: ignore[arg-type]


def test_the_ocr_that_somebody_did_already_is_kept() -> None:
    with mock.patch("mailbot.extract.ocr.scan", side_effect=AssertionError("no OCR here")):
        found = read(papers.scanned_pdf(papers.scan(papers.LETTER, dpi=50), hidden=papers.LETTER))
    page = found.documents[0].pages[0]
    assert page.source == "ocr"
    assert page.text.split("\n") == list(papers.LETTER)


def test_a_stamp_on_a_scan_is_read_beside_it() -> None:
    found = read(papers.scanned_pdf(papers.scan(papers.LETTER[:4]), stamp="Received 2024-06-17 by desk four"))
    page = found.documents[0].pages[0]
    assert page.source == "mixed"
    assert "Received 2024-06-17 by desk four" in page.text
    assert "machine parts" in page.text


def test_text_drawn_as_outlines_is_read_from_the_rendered_page() -> None:
    page = (
        read(papers.outlined_pdf(papers.scan(papers.LETTER, dpi=150), footer="Harbour Freight, page 1 of 1")).documents[0].pages[0]
    )
    assert page.source == "mixed"
    assert "Container 20 ft Hamburg to Valencia 1,840.00 EUR" in page.text
    assert "Harbour Freight, page 1 of 1" in page.text


def test_what_was_filled_into_a_scanned_form_is_read_with_it() -> None:
    filled = "Harbour Freight Services, berth 12, from 14 June 2024 to 17 June 2024, with a crew of eleven. " * 3
    assert 200 < len(filled.replace(" ", "")) < 600
    page = read(papers.scanned_pdf(papers.scan(papers.LETTER[:4]), stamp=filled)).documents[0].pages[0]
    assert page.source == "mixed"
    assert "machine parts" in page.text


def test_text_over_a_background_is_text() -> None:
    with mock.patch("mailbot.extract.ocr.scan", side_effect=AssertionError("no OCR here")):
        page = read(_over_background(papers.LETTER * 3)).documents[0].pages[0]
    assert page.source == "text"
    assert page.text.split("\n") == list(papers.LETTER * 3)


def _over_background(lines: Sequence[str]) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    canvas.drawImage(ImageReader(Image.new("RGB", (60, 84), (250, 250, 240))), 0, 0, *A4)
    for row, line in enumerate(lines):
        canvas.drawString(60, A4[1] - 60 - 22 * row, line)
    canvas.save()
    return out.getvalue()


def test_a_garbage_text_layer_is_not_believed() -> None:
    with mock.patch.object(pdf_page, "tidy", return_value="\ue001\ue002\ue003 \ue004\ufffd\ue005 \ue006\ue007\ue008\ue009\ue00a"):
        page = read(papers.text_pdf(papers.LETTER[:3])).documents[0].pages[0]
    assert page.source == "ocr"
    assert "Harbour Freight Services" in page.text


@pytest.mark.parametrize(
    ("text", "share"),
    [("plain text", 0.0), ("\ufffd\ufffdab", 0.5), ("", 0.0), ("\ue000", 1.0), ("中文 good", 0.0), ("a\x01", 0.5)],
)
def test_the_share_of_garbage(text: str, share: float) -> None:
    assert pdf_page.garbage_share(text) == share


def test_blank_pages_are_blank() -> None:
    with mock.patch("mailbot.extract.ocr.scan", side_effect=AssertionError("no OCR here")):
        found = read(papers.text_pdf([], papers.LETTER, []))
    assert [page.text != "" for page in found.documents[0].pages] == [False, True, False]
    assert found.problems == ()


def test_an_encrypted_pdf_is_a_problem_with_a_remedy() -> None:
    found = read(papers.text_pdf(INVOICE, password="secret"))
    assert codes(found) == ["encrypted_pdf"]
    assert "without" in found.problems[0].remedy
    assert found.documents[0].pages == ()


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"not a pdf at all", b"%PDF-1.4\n" + b"\x00" * 5000])
def test_a_broken_pdf_is_a_problem(content: bytes) -> None:
    assert codes(read(content)) == ["broken_pdf"]


def test_a_truncated_pdf_raises_nothing() -> None:
    content = papers.text_pdf(INVOICE, papers.LETTER)
    for share in (0.2, 0.5, 0.8, 0.95):
        found = read(content[: int(len(content) * share)])
        assert found.documents or codes(found)


def test_only_so_many_pages_are_read() -> None:
    found = read(papers.text_pdf(*[papers.LETTER] * 5), Limits(max_pages=3))
    assert len(found.documents[0].pages) == 3
    assert codes(found) == ["too_many_pages"]
    assert "5 pages" in found.problems[0].detail


def test_only_so_many_scans_are_read_and_the_last_pages_among_them() -> None:
    words = PageWords(number=1, width=100, height=100, lines=())
    seen = ocr.Scan(words=words, text="Harbour", confidence=0.9, turned=0, skew=0.0)
    with mock.patch("mailbot.extract.ocr.scan", return_value=seen):
        found = read(papers.scanned_pdf(*[papers.scan(papers.LETTER[:2], dpi=50)] * 9), Limits(ocr_pages=6))
    assert [page.number for page in found.documents[0].pages if page.text == "Harbour"] == [1, 5, 6, 7, 8, 9]
    assert codes(found) == ["too_many_scans"]
    assert "3 scanned pages were not read, from page 2 to 4" in found.problems[0].detail


def test_a_huge_page_is_not_rendered() -> None:
    content = _page_with_drawing((14_000, 14_000))
    found = read(content)
    assert codes(found) == ["too_many_pixels"]
    assert found.documents[0].pages[0].text == ""


def test_a_large_page_is_rendered_coarser() -> None:
    found = read(papers.text_pdf(["x"], size=(2_000, 2_000)), Limits(max_pixels=5_000_000))
    assert "too_many_pixels" not in codes(found)


def test_without_ocr_a_scan_stays_unread() -> None:
    with mock.patch("mailbot.extract.ocr.scan", side_effect=AssertionError("no OCR here")):
        found = read(papers.scanned_pdf(papers.scan(INVOICE)), Limits(ocr=False))
    assert found.documents[0].pages[0].text == ""


def test_ruled_tables_come_out_cell_by_cell() -> None:
    rows = [
        ["Article", "Quantity", "Price"],
        ["Bolt M8", "200", "0.12"],
        ["Washer, large", "50", "0.30"],
        ["Nut M8", "200", "0.08"],
    ]
    with mock.patch("pdfplumber.open", side_effect=AssertionError("whole grids need no pdfplumber")):
        found = read(_table(rows))
    (table,) = found.documents[0].tables
    assert [list(table.columns), *map(list, table.rows)] == rows
    assert table.page == 1


def test_joined_cells_are_read_too() -> None:
    rows = [["Article", "Delivery", ""], ["", "Quantity", "Date"], ["Bolt M8", "200", "14 June"], ["Nut M8", "150", "15 June"]]
    found = read(_table(rows, ("SPAN", (1, 0), (2, 0))))
    (table,) = found.documents[0].tables
    assert [list(row) for row in table.rows[-2:]] == rows[-2:]


def test_a_frame_is_no_table() -> None:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    canvas.rect(50, 600, 400, 150)
    canvas.drawString(60, 700, "Only a frame around a sentence of text")
    canvas.save()
    assert read(out.getvalue()).documents[0].tables == ()


def test_render_is_at_most_as_wide_as_asked() -> None:
    for content in (papers.text_pdf(INVOICE), papers.text_pdf(INVOICE, rotation=90), papers.text_pdf(INVOICE, size=(100, 5_000))):
        picture, width, height = pdf.render(content, 1, 640, Limits())
        image = Image.open(io.BytesIO(picture))
        assert image.size == (width, height)
        assert width <= 640


@pytest.mark.parametrize(("content", "page"), [(papers.text_pdf(INVOICE), 2), (papers.text_pdf(INVOICE), 0), (b"junk", 1)])
def test_what_cannot_be_rendered_is_bad_input(content: bytes, page: int) -> None:
    with pytest.raises(BadInput) as caught:
        pdf.render(content, page, 500, Limits())
    assert caught.value.remedy


def _pixels(picture: bytes) -> list[int]:
    """Return how dark the page is in a grid of 10 x 10."""
    return list(Image.open(io.BytesIO(picture)).convert("L").resize((10, 10), Image.Resampling.BOX).tobytes())


def _page_with_drawing(size: tuple[float, float]) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=size)
    canvas.rect(size[0] / 4, size[1] / 4, size[0] / 2, size[1] / 2, fill=1)
    canvas.save()
    return out.getvalue()


def _table(rows: list[list[str]], *style: object) -> bytes:
    out = io.BytesIO()
    table = Table(rows)
    table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black), *style]))
    SimpleDocTemplate(out, pagesize=A4).build([table])
    return out.getvalue()


async def test_a_supplier_s_file_says_where_its_fields_stand() -> None:
    """Through the real worker process: the paper alone gives nothing, since it names nothing as others do."""
    paper = papers.text_pdf(("Nordwind Technik", "Vorgang 2026-118", "Kupferrohr 3 Stk", "Zusammen 35,70", "www.nordwind.example"))
    hints = (
        Hint(field="invoice_number", labels=("Vorgang",)),
        Hint(field="total", labels=("Zusammen",)),
        Hint(field="currency", value="EUR"),
    )
    known = SupplierHints(supplier="Nordwind", domains=("nordwind.example",), hints=hints)
    sandbox = Sandbox(Extract(workers=1))
    try:
        (without,) = (await sandbox.read("a.pdf", paper)).reading.documents
        sandbox.suppliers = lambda: (known,)
        (document,) = (await sandbox.read("a.pdf", paper)).reading.documents
    finally:
        await sandbox.close()
    assert without.fields == ()
    assert [(field.name, field.value, field.page) for field in document.fields] == [
        ("invoice_number", "2026-118", 1), ("total", "35.70", 1), ("currency", "EUR", None),
    ]  # fmt: skip
