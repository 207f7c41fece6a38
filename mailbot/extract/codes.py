"""Finds QR codes and barcodes on pages and pictures (zxing-cpp), and puts what they say into the document.

A page that is a picture is searched whole. A page with a text layer is searched only where something is drawn that may be a code,
which costs a page without one next to nothing.
"""

from __future__ import annotations

import ctypes
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pypdfium2.raw as pdfium

from mailbot.core.document import Box, Problem
from mailbot.core.payment_code import Code, settle
from mailbot.extract import charset
from mailbot.extract.pdf_chars import moved
from mailbot.extract.pdf_layout import PageObject, Shown
from mailbot.extract.reader import Found
from mailbot.extract.seen import Seen

KINDS = {
    "QRCode": "QR code", "MicroQRCode": "QR code", "DataMatrix": "Data Matrix", "Aztec": "Aztec code", "PDF417": "PDF417",
    "Code128": "Code 128", "Code39": "Code 39", "EAN13": "EAN-13",
}  # fmt: skip
"""Formats that are looked for. Others have so little of their own that ruled tables are taken for them."""

MOST = 20
"""Codes of one page that are kept."""
SHORTEST = 5
"""Characters: bars that say less are a misread grating."""
DPI = 200
MOST_PIXELS = 4_000_000

_SMALL, _LOW, _HIGH = 12.0, 20.0, 260.0
"""Points: the most that one module of a code measures; the least and the most that a code does."""
_MODULES = 60
"""Small things drawn, or corners of one thing, from which on they may be a code."""
_BARS = 25
"""Upright strokes side by side and of one height, from which on they may be one."""
_PLACES = 6
"""Places of one page that are looked at."""


def find_codes(image: np.ndarray, number: int, *, unit: float = 1.0, turned: int = 0) -> tuple[Code, ...]:
    """Return the codes in a picture [height, width, 3] or [height, width] of page `number`.

    Boxes are in pixels times `unit`, on the picture turned clockwise by `turned` degrees.
    """
    import zxingcpp

    formats: Any = [getattr(zxingcpp.BarcodeFormat, name) for name in KINDS]
    height, width = image.shape[0] * unit, image.shape[1] * unit
    found: dict[tuple[str, str], Code] = {}
    for one in zxingcpp.read_barcodes(image, formats, text_mode=zxingcpp.TextMode.Plain)[: 5 * MOST]:
        text = charset.clean(one.text).strip()
        kind = KINDS.get(one.format.name, one.format.name)
        if len(text) < SHORTEST or one.content_type == zxingcpp.ContentType.Binary:
            continue
        at = one.position
        corners = (at.top_left, at.top_right, at.bottom_left, at.bottom_right)
        xs, ys = [corner.x * unit for corner in corners], [corner.y * unit for corner in corners]
        box = turned_box((min(xs), min(ys), max(xs), max(ys)), turned, width, height)
        found.setdefault((kind, text), Code(kind=kind, text=text, page=number, box=box))
    return tuple(sorted(found.values(), key=lambda code: (code.box[1], code.box[0]))[:MOST])


def turned_box(box: Box, turned: int, width: float, height: float) -> Box:
    """Return where a box of a page of that size stands when the page is turned clockwise by a multiple of 90 degrees."""
    x0, y0, x1, y1 = box
    if turned == 90:
        return height - y1, x0, height - y0, x1
    if turned == 180:
        return width - x1, height - y1, width - x0, height - y0
    if turned == 270:
        return y0, width - x1, y1, width - x0
    return box


def codes_on(page: Any, objects: Sequence[PageObject], number: int, shown: Shown) -> tuple[Code, ...]:
    """Return the codes on a PDF page that has a text layer; `objects` are all on it."""
    found: list[Code] = []
    for place in _places(page, objects, shown):
        wide, high = page.get_size()
        x0, y0, x1, y1 = turned_box(place, -shown.turned % 360, shown.width, shown.height)
        x0, y0, x1, y1 = max(0.0, x0 - 8), max(0.0, y0 - 8), min(wide, x1 + 8), min(high, y1 + 8)
        if x1 - x0 < 1 or y1 - y0 < 1:
            continue
        scale = min(DPI / 72, (MOST_PIXELS / ((x1 - x0) * (y1 - y0))) ** 0.5)
        pixels = page.render(scale=scale, grayscale=True, crop=(x0, high - y1, wide - x1, y0)).to_numpy()
        for code in find_codes(np.ascontiguousarray(pixels.squeeze()), number, unit=1 / scale):
            a, b, c, d = code.box
            box = turned_box((a + x0, b + y0, c + x0, d + y0), shown.turned, wide, high)
            found.append(replace(code, box=box))
    return tuple({(code.kind, code.text): code for code in reversed(found)}.values())[::-1]


def _places(page: Any, objects: Sequence[PageObject], shown: Shown) -> list[Box]:
    """Return where on the upright page something is drawn that may be a code: a picture, or very many small things."""
    places: list[Box] = []
    small: list[Box] = []
    bars: dict[tuple[int, int], list[Box]] = defaultdict(list)
    edges = [ctypes.c_float() for _ in range(4)]
    for kind, item in objects:
        if kind == pdfium.FPDF_PAGEOBJ_TEXT or not pdfium.FPDFPageObj_GetBounds(item, *edges):
            continue
        box = moved(shown.matrix, edges[0].value, edges[1].value, edges[2].value, edges[3].value)
        wide, high = box[2] - box[0], box[3] - box[1]
        if max(wide, high) < _SMALL:
            small.append(box)
        elif min(wide, high) < _SMALL:
            bars[(round(box[1]), round(box[3])) if high > wide else (round(box[0]), -round(box[2]))].append(box)
        elif kind == pdfium.FPDF_PAGEOBJ_FORM or (
            min(wide, high) >= _LOW and max(wide, high) <= _HIGH and _dense(page, item, kind, wide / high)
        ):
            places.append(box)
    groups = [small] if len(small) >= _MODULES else []
    groups += [group for group in bars.values() if len(group) >= _BARS]
    return [*places, *map(_around, groups)][:_PLACES]


def _dense(page: Any, item: Any, kind: int, aspect: float) -> bool:
    """Return whether a thing of a code's size may be one: a path of many corners, a picture unless wide and in colour (a logo)."""
    if kind == pdfium.FPDF_PAGEOBJ_PATH:
        return bool(pdfium.FPDFPath_CountSegments(item) >= 4 * _MODULES)
    facts = pdfium.FPDF_IMAGEOBJ_METADATA()
    if 0.75 < aspect < 1.33 or not pdfium.FPDFImageObj_GetImageMetadata(item, page, facts):
        return True
    return bool(facts.bits_per_pixel <= 8)


def _around(boxes: Sequence[Box]) -> Box:
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


def with_codes(found: Found, seen: Sequence[Seen]) -> Found:
    """Return what was found in a document with what its codes say: at the end of each page's text, and in the fields.

    A payment code that contradicts its page is the problem payment_code_differs.
    """
    codes = [code for one in seen for code in one.codes]
    if not codes:
        return found
    (document,) = found.documents
    fields, differences = settle(document.fields, codes, "\n".join(page.text for page in document.pages))
    pages = []
    for page in document.pages:
        lines = [f"[{code.kind}] {code.text}" for code in codes if code.page == page.number]
        pages.append(replace(page, text="\n\n".join(filter(None, (page.text, *lines)))))
    problems = tuple(
        Problem(
            code="payment_code_differs",
            detail=f"{document.name}: {difference}",
            remedy="ask the supplier by another way before paying",
        )
        for difference in differences
    )
    rounded = tuple(replace(f, box=tuple(round(x, 1) for x in f.box)) if f.box else f for f in fields)  # type: ignore[arg-type]
    return replace(found, documents=(replace(document, pages=tuple(pages), fields=rounded),), problems=found.problems + problems)
