"""Reads PDF files: the text of each page (text layer or OCR), ruled tables and fields; renders a page for people.

PDFium reads and renders; it is not made for several threads, and a worker process has one.
"""

from __future__ import annotations

import io
import math
from dataclasses import replace
from typing import Any

import pypdfium2

from mailbot.core.document import Document, Field, Page, Problem, Table
from mailbot.core.fields import business_paper, find_fields
from mailbot.errors import BadInput
from mailbot.extract import pdf_page
from mailbot.extract.pdf_page import Seen
from mailbot.extract.reader import Found, Limits

FIELD_PAGES = 5
"""Pages at the beginning and at the end whose words are looked at for fields; figures of an invoice stand there."""

UNSURE = 0.75
"""Confidence of OCR below which a person should look at the page."""

MOST_RENDERED = 20_000_000
"""Pixels of a page rendered for people."""


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Read a PDF. What cannot be read is a problem: encrypted_pdf, broken_pdf, too_many_pages, too_many_pixels, no_text."""
    try:
        pdf = pdf_page.open_pdf(content)
    except pypdfium2.PdfiumError as error:
        return Found(documents=(Document(name=name, media_type=media_type),), problems=(_unopened(name, error),))
    try:
        return _read_open(name, content, media_type, pdf, limits)
    finally:
        pdf.close()


def _read_open(name: str, content: bytes, media_type: str, pdf: Any, limits: Limits) -> Found:
    count = min(len(pdf), limits.max_pages)
    problems: list[Problem] = []
    if len(pdf) > count:
        remedy = "raise extract.max_pages, or split the file"
        problems.append(
            Problem(code="too_many_pages", detail=f"{name}: {len(pdf)} pages, the first {count} were read", remedy=remedy)
        )
    seen: list[Seen] = []
    ruled: list[int] = []
    for number in range(1, count + 1):
        try:
            page = pdf[number - 1]
        except pypdfium2.PdfiumError:
            problems.append(Problem(code="broken_pdf", detail=f"{name}: page {number} cannot be read", remedy=_ASK_AGAIN))
            seen.append(Seen(page=Page(number=number, text="")))
            continue
        one = pdf_page.read_page(page, number, limits, boxes=number <= FIELD_PAGES or number > count - FIELD_PAGES)
        if one.page.source == "text" and one.page.text and pdf_page.layout(page).ruled:
            ruled.append(number)
        page.close()
        seen.append(one)
        problems += _page_problems(name, one)
    tables: tuple[Table, ...] = ()
    if ruled:
        from mailbot.extract.pdf_tables import ruled_tables

        tables = ruled_tables(content, ruled)
    document = Document(
        name=name, media_type=media_type, pages=tuple(one.page for one in seen), tables=tables, fields=_fields(seen)
    )
    return Found(documents=(document,), problems=tuple(problems))


def _fields(seen: list[Seen]) -> tuple[Field, ...]:
    """Return the fields of the pages that were read with boxes, each where a person will see it."""
    pages = {one.page.number: one for one in seen if one.words is not None}
    if not business_paper("\n".join(one.page.text for one in pages.values())):
        return ()
    found = find_fields([one.words for one in pages.values() if one.words is not None])
    fields = []
    for field in found:
        one = pages[field.page or 1]
        box = one.shown(field.box) if field.box else None
        fields.append(replace(field, box=box, origin="text" if one.page.source == "text" else "ocr"))
    return tuple(fields)


def render(content: bytes, page: int, width: int) -> tuple[bytes, int, int]:
    """Render page `page` (from 1), at most `width` pixels wide and upright as it was read; return PNG, width and height.

    Raises BadInput when the file or the page cannot be opened.
    """
    try:
        pdf = pdf_page.open_pdf(content)
    except pypdfium2.PdfiumError as error:
        problem = _unopened("the PDF", error)
        raise BadInput(problem.detail, remedy=problem.remedy) from None
    try:
        if not 1 <= page <= len(pdf):
            raise BadInput(f"the PDF has {len(pdf)} pages, no page {page}", remedy="ask for another page")
        return _rendered(pdf[page - 1], width)
    except pypdfium2.PdfiumError as error:
        raise BadInput(f"page {page} of the PDF cannot be rendered: {error}", remedy=_ASK_AGAIN) from None
    finally:
        pdf.close()


def _rendered(page: Any, width: int) -> tuple[bytes, int, int]:
    from PIL import Image

    wide, high = page.get_size()
    turned = _turn_of(page)
    scale = min(width / (high if turned % 180 else wide), math.sqrt(MOST_RENDERED / (wide * high)))
    image: Image.Image = page.render(scale=scale).to_pil().convert("RGB")
    if turned:
        image = image.rotate(-turned, expand=True)
    image.thumbnail((width, image.height))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue(), image.width, image.height


def _turn_of(page: Any) -> int:
    """Return by how many degrees clockwise a scanned page must be turned to stand upright, 0 for a page with text."""
    text = pdf_page.tidy(page.get_textpage().get_text_bounded())
    if len(text) >= pdf_page.STAMP or pdf_page.layout(page).pictures < pdf_page.MOSTLY_PICTURE:
        return 0
    from mailbot.extract.ocr import upright

    image = pdf_page.picture(page, Limits(ocr_dpi=150))
    return upright(image)[2] if image is not None else 0


_ASK_AGAIN = "ask the sender for the file again"


def _unopened(name: str, error: pypdfium2.PdfiumError) -> Problem:
    if pdf_page.encrypted(error):
        return Problem(code="encrypted_pdf", detail=f"{name} asks for a password", remedy="ask the sender for it without one")
    return Problem(code="broken_pdf", detail=f"{name} cannot be opened: {error}", remedy=_ASK_AGAIN)


def _page_problems(name: str, seen: Seen) -> list[Problem]:
    number, confidence = seen.page.number, seen.page.confidence
    where = f"{name}, page {number}"
    if seen.too_large:
        size = f"{seen.page.width:.0f} x {seen.page.height:.0f} points" if seen.page.width and seen.page.height else "too large"
        return [Problem(code="too_many_pixels", detail=f"{where}: {size}, not rendered", remedy="raise extract.max_pixels")]
    if seen.no_text:
        return [Problem(code="no_text", detail=f"{where}: nothing readable on it", remedy="look at the page")]
    if confidence is not None and confidence < UNSURE:
        return [Problem(code="low_confidence", detail=f"{where}: read with confidence {confidence:.2f}", remedy="look at the page")]
    return []
