"""Writes a document as a PDF in which text can be searched: scanned pages as upright pictures, what was read laid invisibly over
them. Pages with a text layer stay as they are.

PDFium writes it. The invisible text is set in a font without any outlines (made here, 300 bytes), whose codes are UTF-16.
"""

from __future__ import annotations

import ctypes
import io
import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium

from mailbot.core.document import Problem
from mailbot.core.words import PageWords, Word, is_ideographic
from mailbot.errors import BadInput
from mailbot.extract import orientation, pdf_page, picture
from mailbot.extract.dewarp import flat_page
from mailbot.extract.ocr import Scan, scan
from mailbot.extract.page_scans import ScansWanted
from mailbot.extract.pdf_file import opened
from mailbot.extract.pdf_layout import layout, page_objects, shown_upright
from mailbot.extract.reader import Limits

LONGER_SIDE = 842.0
"""Points of the longer side of a page made of a picture: A4."""

JPEG_QUALITY = 80
EM = 1000


def write(content: bytes, media_type: str, limits: Limits) -> bytes:
    """Return the PDF. Raises BadInput where a page cannot be read or there are more than are read, ScansWanted."""
    out = pypdfium2.PdfDocument.new()
    try:
        pages = _pages_of_pdf(out, content, limits) if media_type == "application/pdf" else _pages_of_picture(content, limits)
        font = None
        for image, found, width in pages:
            font = font or _font(out)
            _add(out, font, image, found.words, width / image.shape[1])
        if not len(out):
            raise BadInput("there is no page to write")
        saved = io.BytesIO()
        out.save(saved)
        return saved.getvalue()
    finally:
        out.close()


Picture = tuple[np.ndarray, Scan, float]
"""A page as it was read, upright and straight; what was read; its width in points."""


def _pages_of_pdf(out: pypdfium2.PdfDocument, content: bytes, limits: Limits) -> Iterator[Picture]:
    """Yield the scanned pages, and copy the others into `out` in between."""
    with opened(content, limits) as (pdf, _, _):
        if len(pdf) > limits.max_pages:
            raise BadInput(f"it has {len(pdf)} pages, {limits.max_pages} are allowed", remedy="split the file")
        numbers = range(1, len(pdf) + 1)
        scanned = {number for number in numbers if _needs_ocr(pdf[number - 1])}
        if limits.defer and len(scanned) > 1:
            raise ScansWanted(sorted(scanned))
        for number in numbers:
            page = pdf[number - 1]
            image = pdf_page.picture(page, limits) if number in scanned else None
            if image is None:
                out.import_pages(pdf, [number - 1])
                continue
            found = limits.scans.get(number) or scan(image, number=number, choice=limits.choice)
            wide, high = page.get_size()
            yield _as_read(image, found), found, high if found.turned % 180 else wide


def _needs_ocr(page: Any) -> bool:
    textpage = page.get_textpage()
    text = pdf_page.tidy(textpage.get_text_bounded())
    return pdf_page.need_of_ocr(page, text, layout(page_objects(page), shown_upright(page, textpage))) != "no"


def _pages_of_picture(content: bytes, limits: Limits) -> Iterator[Picture]:
    problems: list[Problem] = []
    every = replace(limits, ocr_pages=limits.max_pages)
    for number, (image, _) in enumerate(picture.pages_of("the picture", content, every, problems), start=1):
        page = flat_page(image)
        found = limits.scans.get(number) or scan(page, number=number, choice=limits.choice)
        seen = _as_read(page, found)
        yield seen, found, LONGER_SIDE * seen.shape[1] / max(seen.shape[:2])
    if problems:
        raise BadInput(problems[0].detail, remedy=problems[0].remedy)


def _as_read(image: np.ndarray, found: Scan) -> np.ndarray:
    """Return a page turned and straightened as it was for reading."""
    image = orientation.turn(image, found.turned)
    return orientation.straighten(image, found.skew) if found.skew else image


def _add(out: pypdfium2.PdfDocument, font: Any, image: np.ndarray, words: PageWords, unit: float) -> None:
    """Add a page: the picture, and over it each word where it was read; `unit` is points a pixel."""
    height, width = image.shape[0] * unit, image.shape[1] * unit
    page = out.new_page(width, height)
    shown = pypdfium2.PdfImage.new(out)
    jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
    shown.load_jpeg(io.BytesIO(jpeg), inline=True)
    shown.set_matrix(pypdfium2.PdfMatrix().scale(width, height))
    page.insert_obj(shown)
    for line in words.lines:
        for word, following in zip(line, [*line[1:], None], strict=True):
            _write(out, page, font, word, following, unit)
    page.gen_content()
    page.close()


def _write(out: pypdfium2.PdfDocument, page: Any, font: Any, word: Word, following: Word | None, unit: float) -> None:
    """Lay a word over its box, with a blank up to the next one: each character is half an em wide, so the text is stretched."""
    x0, y0, x1, y1 = word.box
    apart = following is not None and not (is_ideographic(word.text[-1:]) and is_ideographic(following.text[:1]))
    coded = (word.text + " " * apart).encode("utf-16-le")
    codes = struct.unpack(f"<{len(coded) // 2}H", coded)
    close = following is not None and x0 < following.box[0] < x1 + y1 - y0
    right = following.box[0] if following is not None and apart and close else x1
    size = max(1.0, (y1 - y0) * unit)
    stretch = (right - x0) * unit / (size / 2 * len(codes))
    text = pdfium.FPDFPageObj_CreateTextObj(out, font, size)
    pdfium.FPDFText_SetCharcodes(text, (ctypes.c_uint32 * len(codes))(*codes), len(codes))
    pdfium.FPDFTextObj_SetTextRenderMode(text, pdfium.FPDF_TEXTRENDERMODE_INVISIBLE)
    pdfium.FPDFPageObj_Transform(text, stretch, 0, 0, 1, x0 * unit, page.get_height() - y1 * unit + size / 5)
    pdfium.FPDFPage_InsertObject(page, text)


def _font(out: pypdfium2.PdfDocument) -> Any:
    """Load the font into a document: every code is a character of UTF-16 and has the same empty glyph."""
    glyphs = b"\0\1" * 0x10000
    outlines = _font_file()
    ranges = [f"<{high:02x}00> <{high:02x}ff> <{high:02x}00>" for high in range(0x100)]
    blocks = "\n".join(f"64 beginbfrange\n{chr(10).join(ranges[at : at + 64])}\nendbfrange" for at in range(0, 0x100, 64))
    unicode_map = (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        f"1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n{blocks}\nendcmap\nend\nend\n"
    )
    font = pdfium.FPDFText_LoadCidType2Font(
        out,
        (ctypes.c_uint8 * len(outlines)).from_buffer_copy(outlines),
        len(outlines),
        unicode_map.encode(),
        (ctypes.c_uint8 * len(glyphs)).from_buffer_copy(glyphs),
        len(glyphs),
    )
    if not font:
        raise BadInput("the font of the invisible text cannot be loaded", remedy="this PDFium is too old")
    return font


def _font_file() -> bytes:
    """Return a TrueType font of two empty glyphs, half an em wide (OpenType 1.9, the tables that a PDF asks for)."""
    tables = {
        b"OS/2": struct.pack(">HhHHH", 0, EM // 2, 400, 5, 0) + bytes(68),
        b"cmap": struct.pack(">HHHHI", 0, 1, 3, 1, 12)
        + struct.pack(">HHHHHHHHHHHH", 4, 24, 0, 2, 2, 0, 0, 0xFFFF, 0, 0xFFFF, 1, 0),
        b"glyf": bytes(4),
        b"head": struct.pack(
            ">IIIIHHQQhhhhHHhhh", 0x10000, 0x10000, 0, 0x5F0F3CF5, 3, EM, 0, 0, 0, -200, EM // 2, 800, 0, 8, 2, 0, 0
        ),
        b"hhea": struct.pack(">IhhhHhhhhhh8xhH", 0x10000, 800, -200, 0, EM // 2, 0, 0, 0, 1, 0, 0, 0, 2),
        b"hmtx": struct.pack(">HhHh", EM // 2, 0, EM // 2, 0),
        b"loca": bytes(6),
        b"maxp": struct.pack(">IH26x", 0x10000, 2),
        b"name": struct.pack(">HHH", 0, 0, 6),
        b"post": struct.pack(">I28x", 0x30000),
    }
    at = 12 + 16 * len(tables)
    directory, body = struct.pack(">IHHHH", 0x10000, len(tables), 128, 3, 32), b""
    for tag, table in tables.items():
        padded = table + bytes(-len(table) % 4)
        checksum = sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFFFFFF
        directory += struct.pack(">4sIII", tag, checksum, at + len(body), len(table))
        body += padded
    return directory + body
