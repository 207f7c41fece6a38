"""A text layer is read in the order in which a person reads the page, whatever order the file has it in."""

from __future__ import annotations

import io
from collections.abc import Sequence
from unittest import mock

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from mailbot.extract import pdf
from mailbot.extract.reader import Limits
from tests.servers import papers

HARBOUR = (
    "The harbour office has moved to a", "new building near the old lighthouse", "and opens at eight. All ships must",
    "announce their arrival two days", "before by mail or by telephone,", "stating their cargo, draught and",
    "length. Whoever comes without notice", "waits outside until a berth is free.",
)  # fmt: skip
FEES = (
    "Fees are due on the day of", "departure. They are counted by", "length and by hours at the quay,",
    "with a discount for ships that take", "shore power. Bills are sent by mail;", "questions about them go to the",
    "cashier on the first floor, room", "twelve.",
)  # fmt: skip
TITLE = "Notice of the harbour office to all ships that call here this summer"


def text_of(content: bytes) -> str:
    with mock.patch("mailbot.extract.ocr.scan", side_effect=AssertionError("no OCR here")):
        found = pdf.read("a.pdf", content, "application/pdf", Limits())
    assert found.problems == ()
    return found.documents[0].pages[0].text


def across(left: Sequence[str], right: Sequence[str], *, apart: float = 250, shift: float = 0) -> bytes:
    """Return a PDF of two columns that are written line by line, the right one `apart` points away and `shift` lower."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    canvas.drawString(60, 780, TITLE)
    canvas.setFont("Helvetica", 10)
    for row in range(max(len(left), len(right))):
        for x, y, lines in ((60, 740 - 14 * row, left), (60 + apart, 740 - 14 * row - shift, right)):
            if row < len(lines):
                canvas.drawString(x, y, lines[row])
    canvas.drawString(60, 600, "The harbour master")
    canvas.save()
    return out.getvalue()


def test_columns_of_prose_are_read_one_after_the_other() -> None:
    assert text_of(across(HARBOUR, FEES)).split("\n") == [TITLE, *HARBOUR, *FEES, "The harbour master"]


def test_labels_and_values_are_read_line_by_line() -> None:
    labels = ("Name of the ship", "Port of departure", "Day of arrival", "Length over all", "Draught", "Master of the ship")
    values = ("Nordwind", "Valencia", "14 June 2024", "128.40 m", "6.20 m", "Anna Thompson")
    lines = text_of(across(labels, values)).split("\n")
    assert lines[1:-1] == [f"{label} {value}" for label, value in zip(labels, values, strict=True)]


def test_rows_of_a_table_stay_together() -> None:
    articles = [f"Bolt with a hexagon head, galvanised, M{size}" for size in range(4, 12)]
    prices = [f"{size * 100} pieces in stock at 0.{size:02} EUR for 100" for size in range(4, 12)]
    lines = text_of(across(articles, [" ".join(price.split()[::2]) + " 1,250.00 2,418.75" for price in prices])).split("\n")
    assert all(line.startswith("Bolt") and line.endswith("2,418.75") for line in lines[1:-1])


HEBREW = "חשבונית מספר 4711 מיום 14.06.2024 מאת Harbour Freight Ltd"
ARABIC = "فاتورة رقم 4711 (بتاريخ 14.06.2024)"


def _placed(line: str, right: float, y: float) -> list[tuple[float, float, str]]:
    """Return a line that runs from right to left, as a writer of PDFs places it: Latin words and numbers as runs of their own."""
    pieces, x, run = [], right, ""
    mirrored = {"(": ")", ")": "("}
    words = line.replace("Harbour Freight Ltd", "Harbour\u2007Freight\u2007Ltd").split(" ")
    for word in words:
        inner = word.strip("()")
        left_to_right = inner.isascii() or "\u2007" in inner
        for sign in word:
            if left_to_right and sign not in "()":
                run += sign
                continue
            if run:
                x -= 7.2 * len(run)
                pieces.append((x, y, run))
                run = ""
            x -= 7.2
            pieces.append((x, y, mirrored.get(sign, sign)))
        if run:
            x -= 7.2 * len(run)
            pieces += [(x + 7.2 * at, y, part) for at, part in _words(run)]
            run = ""
        x -= 7.2
    return pieces


def _words(run: str) -> list[tuple[int, str]]:
    places, at = [], 0
    for part in run.split("\u2007"):
        places.append((at, part))
        at += len(part) + 1
    return places


@pytest.mark.parametrize("line", [HEBREW, ARABIC])
@pytest.mark.parametrize("turned", [False, True])
def test_what_runs_from_right_to_left_is_read_so(line: str, turned: bool) -> None:
    """`turned`: the file has the pieces of the line from left to right."""
    pieces = _placed(line, 540, 700) + _placed(line[:12], 540, 660)
    assert text_of(papers.placed_pdf(sorted(pieces) if turned else pieces)).split("\n")[0] == line


def test_columns_of_hebrew_are_read_from_the_right() -> None:
    right = [f"הודעה של משרד הנמל לכל הספינות שורה {row}" for row in range(1, 8)]
    left = [f"התשלום ביום ההפלגה לפי אורך הספינה שורה {row}" for row in range(1, 8)]
    pieces = []
    for row, (one, other) in enumerate(zip(right, left, strict=True)):
        pieces += _placed(one, 585, 740 - 16 * row) + _placed(other, 290, 740 - 16 * row)
    assert text_of(papers.placed_pdf(pieces)).split("\n") == right + left


def test_latin_pages_keep_their_order_around_a_hebrew_name() -> None:
    name = "שלום"
    line = [(60.0, 700.0, "Name:"), *((60 + 7.2 * (6 + at), 700.0, sign) for at, sign in enumerate(reversed(name)))]
    line += [(60 + 7.2 * 11, 700.0, "of"), (60 + 7.2 * 14, 700.0, "Haifa")]
    assert text_of(papers.placed_pdf(line)) == f"Name: {name} of Haifa"


def test_lines_that_run_down_the_page_are_read_from_the_right() -> None:
    columns = ("請求書番号四七一一", "東京都千代田区一丁目", "合計金額一万円")
    signs = [(500.0 - 30 * at, 750.0 - 13 * row, sign) for at, line in enumerate(columns) for row, sign in enumerate(line)]
    assert text_of(papers.placed_pdf([*signs, (300.0, 40.0, "3")])).split("\n") == [*columns, "3"]
    assert text_of(papers.placed_pdf(sorted(signs))).split("\n") == list(columns)
