"""Reads with pdfminer the pages on which PDFium loses text: Chinese, Japanese or Korean in fonts that neither the file carries nor
this machine has. pdfminer needs no font for it, but many times as long.
"""

from __future__ import annotations

import ctypes
import io
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pypdfium2.raw as pdfium

from mailbot.core.words import PageWords, Word, in_lines
from mailbot.extract.pdf_layout import PageObject

_ALWAYS_THERE = (b"Helvetica", b"Times", b"Courier", b"Arial", b"Symbol", b"ZapfDingbats")
"""How the names of fonts begin that PDFium brings along or replaces by such (ISO 32000-1, 9.6.2.2)."""

_EMPTY = 2
"""Bytes of an empty text as PDFium returns it: the end mark alone."""


def loses_text(objects: Sequence[PageObject], textpage: Any) -> bool:
    """Return whether PDFium got no text of something written in a font that the file does not carry."""
    absent: dict[int, bool] = {}
    name = ctypes.create_string_buffer(64)
    for kind, item in objects:
        if kind != pdfium.FPDF_PAGEOBJ_TEXT:
            continue
        font = pdfium.FPDFTextObj_GetFont(item)
        key = ctypes.addressof(font.contents) if font else 0
        if key not in absent:
            pdfium.FPDFFont_GetBaseFontName(font, name, len(name))
            absent[key] = not pdfium.FPDFFont_GetIsEmbedded(font) and not name.value.startswith(_ALWAYS_THERE)
        if absent[key] and pdfium.FPDFTextObj_GetText(item, textpage, None, 0) <= _EMPTY:
            return True
    return False


class CarefulReader:
    """A PDF as pdfminer reads it, opened when first asked; it answers None for what it cannot read."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._pages: Iterator[Any] | None = None
        self._passed = 0
        self._device: Any = None
        self._interpreter: Any = None

    def read(self, number: int) -> tuple[str, PageWords] | None:
        """Return the text and the words of page `number` (from 1); pages are asked for in their order."""
        try:
            page = self._page(number)
            self._interpreter.process_page(page)
            return _text_and_words(self._device.get_result(), number)
        except (MemoryError, OSError):
            raise
        except Exception:  # pdfminer fails in many ways on broken files; what PDFium read is kept then
            return None

    def _page(self, number: int) -> Any:
        from pdfminer.converter import PDFPageAggregator
        from pdfminer.layout import LAParams
        from pdfminer.pdfdocument import PDFDocument
        from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
        from pdfminer.pdfpage import PDFPage
        from pdfminer.pdfparser import PDFParser

        if self._pages is None:
            resources = PDFResourceManager()
            self._device = PDFPageAggregator(resources, laparams=LAParams(detect_vertical=True))
            self._interpreter = PDFPageInterpreter(resources, self._device)
            self._pages = PDFPage.create_pages(PDFDocument(PDFParser(io.BytesIO(self._content))))
        while self._passed < number:
            page = next(self._pages)
            self._passed += 1
        return page


def _text_and_words(page: Any, number: int) -> tuple[str, PageWords]:
    from pdfminer.layout import LTTextBox, LTTextLine

    texts, words = [], []
    for box in (one for one in page if isinstance(one, LTTextBox)):
        lines = [line for line in box if isinstance(line, LTTextLine)]
        texts += [text for line in lines if (text := _text_of(line))]
        words += [word for line in lines for word in _words_of(line, page.height)]
    return "\n".join(texts), PageWords(number=number, width=page.width, height=page.height, lines=in_lines(words))


def _text_of(line: Any) -> str:
    """Return a line's text without the blanks that pdfminer sees between signs which stand apart, as in a line down the page."""
    return re.sub(
        r"(?<=[\u3000-\u9fff]) (?=[\u3000-\u9fff])", "", "".join(_without_unknown(one.get_text()) for one in line)
    ).strip()


def _words_of(line: Any, height: float) -> Iterator[Word]:
    """Yield the words of a line, with the boxes of their characters taken together."""
    text, box = "", (math.inf, math.inf, -math.inf, -math.inf)
    for one in [*line, None]:
        sign = _without_unknown(one.get_text()) if one is not None else " "
        if sign.strip() and hasattr(one, "bbox"):
            x0, y0, x1, y1 = one.bbox
            box = min(box[0], x0), min(box[1], height - y1), max(box[2], x1), max(box[3], height - y0)
            text += sign
        elif text:
            yield Word(text=text, box=box)
            text, box = "", (math.inf, math.inf, -math.inf, -math.inf)


def _without_unknown(text: str) -> str:
    """Return text without pdfminer's marks for signs that it knows only the numbers of."""
    return "" if text.startswith("(cid:") and len(text) < 12 else text
