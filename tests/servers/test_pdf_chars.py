"""Characters, boxes and rectangles that are asked for at once are those that PDFium gives one by one."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium
import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from mailbot.extract.pdf_chars import Matrix, char_boxes, characters, moved, text_rects
from tests.servers import papers

UPRIGHT = (1.0, 0.0, 0.0, 0.0, -1.0, A4[1])
ASIDE = (0.0, 1.0, -12.5, 1.0, 0.0, 3.25)
UNPLAIN = "/CIDInit /ProcSet findresource begin 1 begincmap 1 begincodespacerange <00> <ff> endcodespacerange"


@contextmanager
def textpage_of(content: bytes) -> Iterator[Any]:
    pdf = pypdfium2.PdfDocument(content)
    try:
        yield pdf[0].get_textpage()
    finally:
        pdf.close()


def one_by_one(textpage: Any) -> str:
    return "".join(chr(pdfium.FPDFText_GetUnicode(textpage, at)) for at in range(textpage.count_chars()))


def one_box(textpage: Any, place: int, matrix: Matrix) -> list[float]:
    rect = pdfium.FS_RECTF()
    assert pdfium.FPDFText_GetLooseCharBox(textpage, place, rect)
    return list(moved(matrix, rect.left, rect.bottom, rect.right, rect.top))


def meaning(*signs: str) -> bytes:
    """Return a PDF whose letters a, b, … mean `signs`, as its ToUnicode map says."""
    to = "\n".join(f"<{ord('a') + at:02x}> <{sign.encode('utf-16-be').hex()}>" for at, sign in enumerate(signs))
    cmap = f"{UNPLAIN} {len(signs)} beginbfchar\n{to} endbfchar endcmap end end".encode()
    shown = f"BT /F1 20 Tf 50 700 Td (x{''.join(chr(ord('a') + at) for at in range(len(signs)))}x) Tj ET".encode()
    return papers.pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 5 0 R/Resources<</Font<</F1 4 0 R>>>>>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(shown), shown),
        b"<</Length %d>>stream\n%s\nendstream" % (len(cmap), cmap),
    )


@pytest.mark.parametrize("signs", [("A", "é"), ("中", "\U0001f600"), ("\u0001", "B"), ("\u0001", "\U0001d400", "C", "fi")])
def test_characters_keep_their_numbers_whatever_utf_16_makes_of_them(signs: tuple[str, ...]) -> None:
    with textpage_of(meaning(*signs)) as textpage:
        assert characters(textpage) == one_by_one(textpage)
        assert len(characters(textpage)) == textpage.count_chars()


def test_a_hyphen_at_the_end_of_a_line_is_one_character() -> None:
    with textpage_of(papers.text_pdf(("The mana-", "ger of the ware-", "house"))) as textpage:
        marks = str.maketrans("\ufffe\x02", "--")
        assert characters(textpage).translate(marks) == one_by_one(textpage).translate(marks)


@pytest.mark.parametrize("matrix", [UPRIGHT, ASIDE, (-0.5, 0.25, 7.0, 0.125, 2.0, -9.0)])
def test_boxes_are_those_of_each_character_moved_onto_the_page(matrix: Matrix) -> None:
    with textpage_of(papers.text_pdf(("Invoice 4711", "Total 12.50 EUR"), rotation=90)) as textpage:
        places = [3, 0, 7, 7, 11]
        assert char_boxes(textpage, places, matrix).tolist() == [one_box(textpage, at, matrix) for at in places]
        assert char_boxes(textpage, [], matrix).shape == (0, 4)


def test_a_character_that_is_not_there_has_no_box() -> None:
    with textpage_of(papers.text_pdf(("Invoice",))) as textpage, pytest.raises(pypdfium2.PdfiumError):
        char_boxes(textpage, [7], UPRIGHT)


def test_rectangles_are_those_that_pdfium_counts() -> None:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    for row in range(4):
        canvas.drawString(60, 700 - 20 * row, f"row {row}")
        canvas.drawString(300, 700 - 20 * row, "cell")
    canvas.save()
    with textpage_of(out.getvalue()) as textpage:
        every = [[one[0], one[3], one[2], one[1]] for one in map(textpage.get_rect, range(textpage.count_rects()))]
        assert len(every) == 8
        assert text_rects(textpage, 100) == every
        assert text_rects(textpage, 3) == every[:3]
