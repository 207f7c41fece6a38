"""Tables of PDFs and pictures come out cell by cell, over pages as one; where there is none, none is found."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from mailbot.core.document import document_from_json, document_to_json
from mailbot.extract import pdf, picture
from mailbot.extract.reader import Found, Limits
from tests.servers.table_papers import FIVE, GOODS, PAPERS, STAFF, Rows, cell_f1, drawn, pictures, text_at, write_rows


def tables_of(found: Found) -> list[Rows]:
    return [[list(table.columns), *map(list, table.rows)] for table in found.documents[0].tables]


def scanned(images: list[Image.Image]) -> Found:
    out = io.BytesIO()
    images[0].save(out, "TIFF", save_all=True, append_images=images[1:])
    return picture.read("a.tif", out.getvalue(), "image/tiff", Limits())


@pytest.mark.parametrize("name", PAPERS)
def test_every_cell_of_a_pdf(name: str) -> None:
    paper = PAPERS[name]()
    assert tables_of(pdf.read("a.pdf", paper.content, "application/pdf", Limits())) == list(paper.tables)


@pytest.mark.parametrize("name", ["ruled", "columns ruled", "empty cells", "wrapped", "Chinese", "addresses"])
def test_every_cell_of_a_scan(name: str) -> None:
    paper = PAPERS[name]()
    assert cell_f1(paper.tables, tables_of(scanned(pictures(paper.content)))) >= 0.97


def test_a_leaning_scan() -> None:
    paper = PAPERS["invoice"]()
    leaning = [image.rotate(-1.7, resample=Image.Resampling.BICUBIC, fillcolor="white") for image in pictures(paper.content)]
    found = scanned(leaning)
    assert cell_f1(paper.tables, tables_of(found)) >= 0.97
    (document,) = found.documents
    assert [item.amount for item in document.line_items] == ["24.00", "15.00", "54.00", "40.00"]
    tops = [item.box[1] for item in document.line_items]
    assert tops == sorted(tops)
    assert all(item.differs == "" for item in document.line_items)


def test_what_goes_on_overleaf_stands_on_its_first_page() -> None:
    found = pdf.read("a.pdf", PAPERS["over pages"]().content, "application/pdf", Limits())
    assert len(found.documents[0].pages) > 1
    assert [table.page for table in found.documents[0].tables] == [1]


def test_two_invoices_in_one_file_are_two_tables() -> None:
    def draw(canvas: Canvas) -> None:
        for number in (1, 2):
            canvas.setFont("Helvetica", 10)
            text_at(canvas, 60, 80, f"Invoice number 2024-{number}")
            write_rows(canvas, GOODS, FIVE, 160)
            text_at(canvas, 430, 300, "Total", "r")
            text_at(canvas, 530, 300, "133.00", "r")
            canvas.showPage()

    found = pdf.read("a.pdf", drawn(draw).content, "application/pdf", Limits())
    assert tables_of(found) == [GOODS, GOODS]
    assert [problem.code for problem in found.problems] == ["several_invoices"]


@pytest.mark.parametrize(
    ("title", "told"), [("Pro forma invoice", ["pro_forma"]), ("Invoice", []), ("Credit note", ["credit_note"])]
)
def test_what_is_no_invoice_to_be_paid_says_so(title: str, told: list[str]) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 20)
        text_at(canvas, 60, 60, title)
        canvas.setFont("Helvetica", 10)
        text_at(canvas, 60, 90, "No. 2024-1")
        write_rows(canvas, GOODS, FIVE, 160)
        text_at(canvas, 430, 300, "Total", "r")
        text_at(canvas, 530, 300, "133.00", "r")

    found = pdf.read("a.pdf", drawn(draw).content, "application/pdf", Limits())
    assert [problem.code for problem in found.problems] == told


def test_the_lines_of_an_invoice_and_of_its_copy_are_not_added_up() -> None:
    def draw(canvas: Canvas) -> None:
        for title in ("Invoice number 2024-1", "Copy of invoice number 2024-1"):
            canvas.setFont("Helvetica", 10)
            text_at(canvas, 60, 80, title)
            write_rows(canvas, GOODS, FIVE, 160)
            text_at(canvas, 430, 300, "Total", "r")
            text_at(canvas, 530, 300, "133.00", "r")
            canvas.showPage()

    assert pdf.read("a.pdf", drawn(draw).content, "application/pdf", Limits()).problems == ()


def invoice(amount: str) -> bytes:
    """Return an invoice over 133.00, one line of which may say another amount."""

    def draw(canvas: Canvas) -> None:
        text_at(canvas, 60, 60, "Harbour Hardware Ltd")
        text_at(canvas, 60, 90, "INVOICE 2024-118")
        rows = [*GOODS[:3], [*GOODS[3][:4], amount], GOODS[4]]
        write_rows(canvas, rows, FIVE, 200)
        for at, (label, value) in enumerate((("Subtotal", "133.00"), ("VAT 20 %", "26.60"), ("Total", "159.60"))):
            text_at(canvas, 430, 300 + 16 * at, label, "r")
            text_at(canvas, 530, 300 + 16 * at, value, "r")

    return drawn(draw).content


def test_line_items_are_read_and_kept() -> None:
    found = pdf.read("a.pdf", invoice("54.00"), "application/pdf", Limits())
    (document,) = found.documents
    assert [(item.description, item.quantity, item.unit_price, item.amount) for item in document.line_items] == [
        ("Hex bolt M8 zinc", "200", "0.12", "24.00"),
        ("Washer, large", "50", "0.30", "15.00"),
        ("Angle bracket 90 mm", "12", "4.50", "54.00"),
        ("Wall plug, grey", "1000", "0.04", "40.00"),
    ]
    x0, top, x1, bottom = document.line_items[0].box
    assert (x0 + 1 >= 60, x1 <= 531, top + 15 > 205, bottom < 225) == (True, True, True, True)
    assert found.problems == ()
    assert document_from_json(json.loads(json.dumps(document_to_json(document, full=True)))) == document


def test_a_wrong_amount_is_a_problem_that_names_the_line_and_what_it_should_be() -> None:
    found = pdf.read("a.pdf", invoice("45.00"), "application/pdf", Limits())
    assert [(problem.code, problem.severity, problem.detail) for problem in found.problems] == [
        (
            "line_sum_differs",
            "error",
            "a.pdf, page 1, line 3 (Angle bracket 90 mm): 12 x 4.50 is 54.00, the line says 45.00",
        ),
        ("line_sum_differs", "error", "a.pdf, the 4 lines add up to 124.00, the subtotal says 133.00"),
    ]
    assert [bool(item.differs) for item in found.documents[0].line_items] == [False, False, True, False]


def test_the_main_table_is_the_largest(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        write_rows(canvas, STAFF[:3], ((60, "l"), (200, "l"), (310, "l"), (470, "r")), 100)
        text_at(canvas, 60, 250, "The people above look after you and send you all that stands below with each van:")
        write_rows(canvas, GOODS, FIVE, 300)

    (tmp_path / "x.pdf").write_bytes(drawn(draw).content)
    command = "from mailbot.cli import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", command, "table", "load", str(tmp_path / "x.pdf"), "--out-dir", str(tmp_path / "out"), "--all"],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["x.pdf", "x.pdf.2.csv"]
    with (tmp_path / "out" / "x.pdf").open(newline="", encoding="utf-8") as main:
        assert list(csv.reader(main)) == GOODS
    with (tmp_path / "out" / "x.pdf.2.csv").open(newline="", encoding="utf-8") as further:
        assert list(csv.reader(further)) == STAFF[:3]
