"""Reads PDF files: the text of each page (text layer or OCR), tables and fields; renders a page for people.

PDFium reads and renders; it is not made for several threads, and a worker process has one.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pypdfium2

from mailbot.core.document import Document, Page, Problem
from mailbot.core.words import PageWords
from mailbot.errors import BadInput
from mailbot.extract import pdf_page
from mailbot.extract.codes import with_codes
from mailbot.extract.einvoice_hybrid import with_embedded
from mailbot.extract.page_scans import ScansWanted
from mailbot.extract.pdf_careful import CarefulReader
from mailbot.extract.pdf_file import ASK_AGAIN, open_pdf, opened, unopened
from mailbot.extract.pdf_layout import layout, page_objects, shown_upright
from mailbot.extract.pdf_tables import tables_with_joined_cells
from mailbot.extract.reader import Found, Limits
from mailbot.extract.seen import Seen, found_on, most_scans, wanted_for_fields

if TYPE_CHECKING:
    from mailbot.extract.ocr import Scan

MOST_RENDERED = 20_000_000
"""Pixels of a page rendered for people."""


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Read a PDF. What cannot be read is a problem: encrypted_pdf, broken_pdf, too_many_pages, too_many_pixels, no_text.

    Files inside it are members, but an e-invoice's XML gives the document its fields (`mailbot.extract.einvoice_hybrid`).
    """
    try:
        pdf, readable, mended = open_pdf(content, limits.passwords)
    except pypdfium2.PdfiumError as error:
        return Found(documents=(Document(name=name, media_type=media_type),), problems=(unopened(name, error, limits),))
    try:
        found = _read_open(name, readable, media_type, pdf, limits)
    finally:
        pdf.close()
    if not mended:
        return found
    broken = Problem(code="broken_pdf", detail=f"{name} is damaged or cut off: what is left of it was read", remedy=ASK_AGAIN)
    return replace(found, problems=(broken, *found.problems))


def _read_open(name: str, content: bytes, media_type: str, pdf: Any, limits: Limits) -> Found:
    count = min(len(pdf), limits.max_pages)
    problems: list[Problem] = []
    if len(pdf) > count:
        remedy = "raise extract.max_pages, or split the file"
        problems.append(
            Problem(code="too_many_pages", detail=f"{name}: {len(pdf)} pages, the first {count} were read", remedy=remedy)
        )
    seen: list[Seen] = []
    careful = CarefulReader(content)
    for number in range(1, count + 1):
        scans = sum(one.by_ocr or one.deferred for one in seen)
        scan = scans < most_scans(number, count, limits.ocr_pages)
        seen.append(_read_page(pdf, number, count, limits, careful, scan=scan))
    deferred = [one.page.number for one in seen if one.deferred]
    if len(deferred) > 1:
        raise ScansWanted(deferred)
    for number in deferred:
        seen[number - 1] = _read_page(pdf, number, count, replace(limits, defer=False), CarefulReader(content), scan=True)
    broken = [one.page.number for one in seen if one.broken]
    if broken:
        which = f"page {broken[0]}" if len(broken) == 1 else f"{len(broken)} pages, from {broken[0]} to {broken[-1]},"
        problems.append(Problem(code="broken_pdf", detail=f"{name}: {which} cannot be read", remedy=ASK_AGAIN))
    joined = [one.page.number for one in seen if one.joined_cells]
    found = found_on(name, media_type, seen, limits.suppliers, tables_with_joined_cells(content, joined) if joined else ())
    found = with_codes(replace(found, problems=(*problems, *found.problems)), seen)
    return with_embedded(found, pdf, content, seen, limits)  # last, since an invoice's XML is surer than its picture


def _read_page(pdf: Any, number: int, count: int, limits: Limits, careful: CarefulReader, *, scan: bool) -> Seen:
    """Read one page; one that PDFium cannot read is blank and `broken`."""
    try:
        with closing(pdf[number - 1]) as page:
            return pdf_page.read_page(page, number, limits, careful, boxes=wanted_for_fields(number, count), scan=scan)
    except pypdfium2.PdfiumError:
        return Seen(page=Page(number=number, text=""), broken=True)


def words(content: bytes, limits: Limits) -> list[PageWords]:
    """Return the words of the pages that are looked at for fields, as they are looked at. Raises BadInput."""
    with opened(content, limits) as (pdf, readable, _):
        count = min(len(pdf), limits.max_pages)
        careful = CarefulReader(readable)
        wanted = (number for number in range(1, count + 1) if wanted_for_fields(number, count))
        seen = [_read_page(pdf, number, count, limits, careful, scan=True).words for number in wanted]
        return [one for one in seen if one is not None]


def scans(content: bytes, pages: Sequence[int], limits: Limits) -> dict[int, Scan]:
    """Read some pages by OCR; those that cannot be rendered are left out. Raises BadInput where none can."""
    from mailbot.extract.ocr import scan

    found = {}
    with opened(content, limits) as (pdf, _, _):
        for number in pages:
            with suppress(pypdfium2.PdfiumError):  # `read` says so when it comes to that page
                image = pdf_page.picture(pdf[number - 1], limits)
                if image is not None:
                    found[number] = scan(image, number=number, choice=limits.choice)
    return found


def render(content: bytes, page: int, width: int, limits: Limits) -> tuple[bytes, int, int]:
    """Render page `page` (from 1), at most `width` pixels wide and upright as it was read; return PNG, width and height.

    Raises BadInput when the file or the page cannot be opened.
    """
    with opened(content, limits) as (pdf, _, _):
        if not 1 <= page <= len(pdf):
            raise BadInput(f"the PDF has {len(pdf)} pages, no page {page}", remedy="ask for another page")
        return _rendered(pdf[page - 1], width)


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
    if pdf_page.need_of_ocr(page, text, layout(page_objects(page), shown)) == "no":
        return shown.turned
    from mailbot.extract.ocr import upright

    image = pdf_page.picture(page, Limits(ocr_dpi=150))
    return upright(image)[2] if image is not None else 0
