"""Damaged PDFs give what is left of them, portfolios what is in them, and fonts that nobody has are read all the same."""

from __future__ import annotations

import io
import random
import re
from dataclasses import replace
from typing import Any
from unittest import mock

import pypdf
import pypdfium2
import pytest
from pypdf.generic import DictionaryObject, NameObject, TextStringObject
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from mailbot.config import Extract
from mailbot.core.document import Page
from mailbot.core.words import PageWords, line_text
from mailbot.extract import ocr, pdf, pdf_page, searchable
from mailbot.extract.pdf_careful import CarefulReader, loses_text
from mailbot.extract.pdf_layout import page_objects
from mailbot.extract.pdf_rescue import rescued
from mailbot.extract.reader import Found, Limits
from mailbot.extract.sandbox import Sandbox
from mailbot.extract.seen import Seen, found_on
from tests.servers import papers

PAGES = (papers.LETTER, papers.LETTER[:3])
WHOLE = papers.text_pdf(*PAGES)


def read(content: bytes) -> Found:
    with mock.patch("mailbot.extract.ocr.scan", side_effect=AssertionError("no OCR here")):
        return pdf.read("a.pdf", content, "application/pdf", Limits())


def texts(found: Found) -> list[list[str]]:
    return [page.text.split("\n") for document in found.documents for page in document.pages]


REPAIRED = {
    "no cross-reference where it should be": re.sub(rb"startxref\s+\d+", b"startxref\n0", WHOLE),
    "cross-reference past the end": re.sub(rb"startxref\s+\d+", b"startxref\n99999999", WHOLE),
    "everything moved": b"%PDF-1.4\n% a line that somebody put in\n" + WHOLE[9:],
    "line ends changed": WHOLE.replace(b"\n", b"\r\n"),
    "a header of HTTP before it": b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n" + WHOLE,
    "zeros after it": WHOLE + bytes(3000),
    "sent twice": WHOLE + WHOLE,
    "the mail's own tail": WHOLE + b"\r\n------=_Part_12--\r\n",
}


@pytest.mark.parametrize("content", REPAIRED.values(), ids=REPAIRED)
def test_a_wrong_cross_reference_costs_nothing(content: bytes) -> None:
    found = read(content)
    assert texts(found) == [list(lines) for lines in PAGES]
    assert found.problems == ()


CUT = {
    "the trailer": WHOLE[: WHOLE.rindex(b"trailer")],
    "the cross-reference": WHOLE[: WHOLE.rindex(b"xref\n0")],
    "the way to the pages": re.sub(rb"/Root \d+ 0 R", b"", WHOLE),
    "the catalog": re.sub(rb"/Type /Catalog", b"/Type /Nothing", WHOLE[: WHOLE.rindex(b"xref\n0")]),
}


@pytest.mark.parametrize("content", CUT.values(), ids=CUT)
def test_what_is_left_of_a_file_is_read_and_told(content: bytes) -> None:
    found = read(content)
    assert texts(found) == [list(lines) for lines in PAGES]
    assert [(problem.code, "what is left of it" in problem.detail) for problem in found.problems] == [("broken_pdf", True)]


def test_what_is_left_of_a_file_is_drawn_learnt_from_and_written_too() -> None:
    content = CUT["the trailer"]
    assert pdf.render(content, 2, 300, Limits())[1] == 300
    assert [line_text(page.lines[0]) for page in pdf.words(content, Limits())] == [lines[0] for lines in PAGES]
    written = pypdfium2.PdfDocument(searchable.write(content, "application/pdf", Limits()))
    assert [page.get_textpage().get_text_bounded().split("\r\n")[0] for page in written] == [lines[0] for lines in PAGES]


def test_blank_lines_without_end_are_no_objects() -> None:
    assert rescued(b"%PDF-1.4" + b"\n" * 2_000_000) is None


def test_a_scan_that_fails_when_it_is_its_turn_costs_that_page_alone() -> None:
    whole, part = pypdfium2.PdfDocument.new(), papers.scanned_pdf(papers.scan(papers.LETTER[:2], dpi=50))
    for content in (part, WHOLE):
        whole.import_pages(pypdfium2.PdfDocument(content))
    out = io.BytesIO()
    whole.save(out)
    with mock.patch.object(pdf_page, "picture", side_effect=pypdfium2.PdfiumError("it cannot be rendered")):
        found = pdf.read("a.pdf", out.getvalue(), "application/pdf", Limits(defer=True))
    assert texts(found) == [[""], *(list(lines) for lines in PAGES)]
    assert [problem.detail for problem in found.problems] == ["a.pdf: page 1 cannot be read"]


def test_pages_that_are_not_there_are_one_problem() -> None:
    found = read(re.sub(rb"/Count 2", b"/Count 9", WHOLE))
    assert texts(found)[:2] == [list(lines) for lines in PAGES]
    assert [problem.detail for problem in found.problems] == ["a.pdf: 7 pages, from 3 to 9, cannot be read"]


async def test_a_portfolio_is_its_cover_and_the_files_in_it() -> None:
    writer, out = pypdf.PdfWriter(clone_from=io.BytesIO(papers.text_pdf(["Open this portfolio in a newer reader"]))), io.BytesIO()
    writer.add_attachment("rates.csv", b"item;price\nbolt;1,50\n")
    writer.add_attachment("letter.pdf", papers.text_pdf(papers.LETTER))
    collection = {NameObject("/Type"): NameObject("/Collection"), NameObject("/D"): TextStringObject("letter.pdf")}
    writer.root_object[NameObject("/Collection")] = DictionaryObject(collection)
    writer.write(out)
    sandbox = Sandbox(Extract(workers=1))
    try:
        reading = (await sandbox.read("a.pdf", out.getvalue())).reading
    finally:
        await sandbox.close()
    assert reading.problems == ()
    assert {document.name: document.media_type for document in reading.documents} == {
        "a.pdf": "application/pdf", "a.pdf/rates.csv": "text/csv", "a.pdf/letter.pdf": "application/pdf",
    }  # fmt: skip
    assert next(one for one in reading.documents if one.name == "a.pdf/letter.pdf").pages[0].text.split("\n") == list(papers.LETTER)


def _without_fonts(vertical: bool) -> bytes:
    """Return a PDF in a Japanese font that it does not carry."""
    font, out = UnicodeCIDFont("HeiseiMin-W3", isVertical=vertical), io.BytesIO()
    pdfmetrics.registerFont(font)
    canvas = Canvas(out)
    canvas.setFont(font.fontName, 14)
    for row, line in enumerate(("請求書番号四七一一", "東京都千代田区一丁目", "合計金額一万円")):
        canvas.drawString(500 - 30 * row if vertical else 60, 750 if vertical else 750 - 20 * row, line)
    canvas.save()
    return out.getvalue()


@pytest.mark.parametrize("vertical", [False, True])
def test_text_that_pdfium_loses_for_want_of_a_font_is_read_with_care(vertical: bool) -> None:
    """What this machine has for fonts does not matter: what PDFium would say without any is put in its place."""
    content = _without_fonts(vertical)
    with mock.patch.object(pdf_page, "tidy", return_value=""), mock.patch.object(pdf_page, "loses_text", return_value=True):
        found = read(content)
    assert texts(found) == [["請求書番号四七一一", "東京都千代田区一丁目", "合計金額一万円"]]
    assert found.documents[0].pages[0].source == "text"


def test_lost_text_is_noticed_by_its_font() -> None:
    content = papers.pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length 34>>stream\nBT /F 12 Tf 60 700 Td <e000> Tj ET\nendstream",
        b"<</Type/Font/Subtype/Type0/BaseFont/Nobodys/Encoding/Identity-H/DescendantFonts[6 0 R]>>",
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/Nobodys/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>",
    )  # fmt: skip
    lost, kept = pypdfium2.PdfDocument(content)[0], pypdfium2.PdfDocument(WHOLE)[0]
    assert loses_text(page_objects(lost), lost.get_textpage())
    assert not loses_text(page_objects(kept), kept.get_textpage())


def test_the_careful_reader_goes_from_page_to_page_and_answers_for_broken_files_too() -> None:
    careful = CarefulReader(WHOLE)
    for number, lines in enumerate(PAGES, 1):
        read_page = careful.read(number)
        assert read_page is not None
        text, words = read_page
        assert text.split("\n") == list(lines)
        assert [word.text for line in words.lines for word in line] == " ".join(lines).split()
    assert careful.read(3) is None
    assert CarefulReader(b"%PDF-1.4 rubbish").read(1) is None


def test_damaged_bytes_raise_nothing() -> None:
    """The readers' own code alone is judged here: what brings PDFium itself down costs its worker."""
    dice = random.Random(3)
    wholes = (WHOLE, _without_fonts(True), papers.placed_pdf([(60 + 7.2 * at, 700, sign) for at, sign in enumerate("חשבונית 12")]))
    nothing = ocr.Scan(words=PageWords(number=1, width=100, height=100, lines=()), text="", confidence=None, turned=0, skew=0.0)
    with mock.patch("mailbot.extract.ocr.scan", return_value=nothing):
        for _ in range(300):
            content = bytearray(dice.choice(wholes))
            for _ in range(dice.choice((1, 5, 30))):
                content[dice.randrange(len(content))] = dice.randrange(256)
            found = pdf.read("a.pdf", bytes(content[: dice.randrange(len(content) // 2, len(content) + 1)]), "", Limits())
            assert {problem.code for problem in found.problems} <= {
                "broken_pdf", "encrypted_pdf", "too_many_pages", "too_many_pixels", "no_text", "low_confidence",
            }  # fmt: skip


@pytest.mark.parametrize("lack", [{"unscanned": True}, {"too_large": True}, {"no_text": True}, {"broken": True}, {"words": None}])
def test_sums_are_checked_only_where_every_page_was_read(lack: dict[str, Any]) -> None:
    words = PageWords(number=1, width=100, height=100, lines=())
    page = Page(number=1, text="invoice 1", width=100, height=100)
    pages = [Seen(page=replace(page, number=number), words=replace(words, number=number)) for number in (1, 2)]
    with mock.patch("mailbot.extract.seen.read_lines", return_value=((), ())) as asked:
        found_on("a.pdf", "application/pdf", pages)
        found_on("a.pdf", "application/pdf", [pages[0], replace(pages[1], **lack)])
    assert [call.kwargs["whole"] for call in asked.call_args_list] == [True, False]
