"""The characters of a PDF page's text layer and their boxes, as PDFium numbers them, and where PDF space lies on the upright page.

A call of PDFium costs more here than what it does, so that text is asked for at once and boxes only where somebody needs them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from itertools import repeat
from typing import Any

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium

from mailbot.core.document import Box

Matrix = tuple[float, float, float, float, float, float]
"""a, b, c, d, e, f of x' = ax + by + c, y' = dx + ey + f."""


def _by_addresses(function: Any, pointers: int) -> Any:
    """Return a PDFium function of a text page, a number and pointers to fill, as one that takes addresses.

    To check pointers takes ctypes longer than the call.
    """
    kind = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, *[ctypes.c_void_p] * pointers)
    return kind(ctypes.cast(function, ctypes.c_void_p).value or 0)


_loose_box = _by_addresses(pdfium.FPDFText_GetLooseCharBox, 1)
_rect = _by_addresses(pdfium.FPDFText_GetRect, 4)


def characters(textpage: Any) -> str:
    """Return the characters of a page, each at its number: controls and what UTF-16 writes as two, or not at all, are among them.

    A hyphen at the end of a line may be U+0002 or U+FFFE.
    """
    count = textpage.count_chars()
    text: str = textpage.get_text_range()
    if len(text) == count:  # that text only leaves characters out
        return text
    return "".join(chr(pdfium.FPDFText_GetUnicode(textpage, place)) for place in range(count))


def char_boxes(textpage: Any, places: Sequence[int], matrix: Matrix) -> np.ndarray:
    """Return the boxes of some characters on the upright page, [place, (x0, y0, x1, y1)], each as high as its font.

    Raises pypdfium2.PdfiumError for a place that has no character.
    """
    read = np.empty((len(places), 4), np.float32)  # a row for each FS_RECTF
    page, start = ctypes.addressof(textpage.raw.contents), read.ctypes.data
    if not all(map(_loose_box, repeat(page), places, range(start, start + read.nbytes, read.itemsize * 4))):
        raise pypdfium2.PdfiumError("no such character on the page")
    left, top, right, bottom = read.T.astype(float)
    a, b, c, d, e, f = matrix
    with np.errstate(invalid="ignore", over="ignore"):  # a hostile file may have boxes without end
        x0, x1 = a * left + b * bottom + c, a * right + b * top + c
        y0, y1 = d * left + e * bottom + f, d * right + e * top + f
    return np.stack([*_in_order(x0, x1), *_in_order(y0, y1)])[[0, 2, 1, 3]].T


def text_rects(textpage: Any, most: int) -> list[list[float]]:
    """Return the first rectangles that PDFium writes text into: left, top, right and bottom in PDF space, y up."""
    read = np.empty((min(textpage.count_rects(), most), 4))
    page, start = ctypes.addressof(textpage.raw.contents), read.ctypes.data
    sides = (
        range(start + side, start + side + read.nbytes, 4 * read.itemsize) for side in range(0, 4 * read.itemsize, read.itemsize)
    )
    if not all(map(_rect, repeat(page), range(len(read)), *sides)):
        raise pypdfium2.PdfiumError("no such rectangle on the page")
    found: list[list[float]] = read.tolist()
    return found


def _in_order(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lesser of each pair and the greater, as `min` and `max` do."""
    return np.where(other < one, other, one), np.where(other > one, other, one)


def moved(matrix: Matrix, left: float, bottom: float, right: float, top: float) -> Box:
    """Return where a box of PDF space stands on the upright page."""
    a, b, c, d, e, f = matrix
    x0, x1 = a * left + b * bottom + c, a * right + b * top + c
    y0, y1 = d * left + e * bottom + f, d * right + e * top + f
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
