"""Reads PDF files: the text of each page (text layer or OCR), ruled tables and fields; renders a page for people.

PDFium reads and renders; it is not made for several threads, and a worker process has one.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pypdfium2

from mailbot.core.document import Document, Page, Problem
from mailbot.errors import BadInput
from mailbot.extract import pdf_page
from mailbot.extract.codes import with_codes
from mailbot.extract.einvoice_hybrid import with_embedded
from mailbot.extract.page_scans import ScansWanted
from mailbot.extract.pdf_layout import layout, shown_upright
from mailbot.extract.reader import Found, Limits
from mailbot.extract.seen import Seen, fields_of, problems_of, wanted_for_fields

if TYPE_CHECKING:
    from mailbot.extract.ocr import Scan

MOST_RENDERED = 20_000_000
"""Pixels of a page rendered for people."""


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Read a PDF. What cannot be read is a problem: encrypted_pdf, broken_pdf, too_many_pages, too_many_pixels, no_text.

    Files inside it are members, but an e-invoice's XML gives the document its fields (`mailbot.extract.einvoice_hybrid`).
    """
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
    for number in range(1, count + 1):
        try:
            seen.append(_read_page(pdf, number, count, limits))
        except pypdfium2.PdfiumError:
            problems.append(Problem(code="broken_pdf", detail=f"{name}: page {number} cannot be read", remedy=_ASK_AGAIN))
            seen.append(Seen(page=Page(number=number, text="")))
    deferred = [one.page.number for one in seen if one.deferred]
    if len(deferred) > 1:
        raise ScansWanted(deferred)
    for number in deferred:
        seen[number - 1] = _read_page(pdf, number, count, replace(limits, defer=False))
    problems += problems_of(name, seen)
    tables = [table for one in seen for table in one.tables]
    joined = [one.page.number for one in seen if one.joined_cells]
    if joined:
        from mailbot.extract.pdf_tables import tables_with_joined_cells

        tables = sorted([*tables, *tables_with_joined_cells(content, joined)], key=lambda table: table.page or 0)
    document = Document(
        name=name,
        media_type=media_type,
        pages=tuple(one.page for one in seen),
        tables=tuple(tables),
        fields=fields_of(seen, limits.suppliers),
    )
    found = with_codes(Found(documents=(document,), problems=tuple(problems)), seen)
    return with_embedded(found, pdf, content, seen, limits)  # last, since an invoice's XML is surer than its picture


def _read_page(pdf: Any, number: int, count: int, limits: Limits) -> Seen:
    page = pdf[number - 1]
    try:
        return pdf_page.read_page(page, number, limits, boxes=wanted_for_fields(number, count))
    finally:
        page.close()


def scans(content: bytes, pages: Sequence[int], limits: Limits) -> dict[int, Scan]:
    """Read some pages by OCR; those that cannot be rendered are left out. Raises pypdfium2.PdfiumError where none can."""
    from mailbot.extract.ocr import scan

    found = {}
    pdf = pdf_page.open_pdf(content)
    try:
        for number in pages:
            with suppress(pypdfium2.PdfiumError):  # `read` says so when it comes to that page
                image = pdf_page.picture(pdf[number - 1], limits)
                if image is not None:
                    found[number] = scan(image, number=number, choice=limits.choice)
    finally:
        pdf.close()
    return found


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

    wide, high = (max(1.0, side) for side in page.get_size())
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
    """Return by how many degrees clockwise a page must be turned to stand upright: by its text, or by what OCR sees."""
    textpage = page.get_textpage()
    shown = shown_upright(page, textpage)
    text = pdf_page.tidy(textpage.get_text_bounded())
    if pdf_page.need_of_ocr(page, text, layout(page, shown)) == "no":
        return shown.turned
    from mailbot.extract.ocr import upright

    image = pdf_page.picture(page, Limits(ocr_dpi=150))
    return upright(image)[2] if image is not None else 0


_ASK_AGAIN = "ask the sender for the file again"


def _unopened(name: str, error: pypdfium2.PdfiumError) -> Problem:
    if pdf_page.encrypted(error):
        return Problem(code="encrypted_pdf", detail=f"{name} asks for a password", remedy="ask the sender for it without one")
    return Problem(code="broken_pdf", detail=f"{name} cannot be opened: {error}", remedy=_ASK_AGAIN)
