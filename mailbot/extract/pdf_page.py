"""Reads one page of a PDF: its text layer where that is good, else what OCR sees on the rendered page, or both together.

A page needs OCR when its text layer is garbage (a font without a usable encoding), or when it shows something and has next to no
text. A picture over most of the page under a full text layer is a scan that somebody's OCR has read already: that text is kept.
"""

from __future__ import annotations

import ctypes
import math
import unicodedata
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium

from mailbot.core.document import Box, Page
from mailbot.core.words import PageWords, Word, in_lines, line_text
from mailbot.extract.reader import Limits
from mailbot.extract.seen import Seen

GARBAGE = 0.1
"""Share of characters without a meaning (unassigned, private, control, U+FFFD) above which a text layer is not used."""

TOO_LITTLE = 10
"""Fewer visible characters than this are no text layer: a page number, a stamp."""

MOSTLY_PICTURE = 0.5
"""Share of the page covered by pictures from which on a short text layer may be only a stamp on a scan."""

A_SCAN = 0.8
"""Share of the page covered by pictures from which on a full text layer was put there by somebody's OCR."""

STAMP = 200
"""Visible characters below which a text layer on such a page is taken for a stamp."""

OBJECTS_SEEN = 5_000
"""Page objects looked at for pictures and ruling lines; a map or drawing can have millions."""

LEAST_DPI = 72
"""A page that would have too many pixels is rendered coarser, down to this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What is drawn on a page besides text: the share of it under pictures, and how many ruling lines run each way."""

    pictures: float
    across: int
    down: int

    @property
    def ruled(self) -> bool:
        """Whether the lines may be those of a table."""
        return self.across >= 2 and self.down >= 2


def read_page(page: Any, number: int, limits: Limits, *, boxes: bool) -> Seen:
    """Read page `number` (from 1) of an open PDF; `boxes` asks for the words of a text layer too (a scan has them anyway)."""
    textpage = page.get_textpage()
    text = tidy(textpage.get_text_bounded())
    drawn = layout(page)
    need = _need_of_ocr(page, text, drawn) if limits.ocr else "no"
    if need != "no":
        image = picture(page, limits)
        if image is not None:
            return _read_picture(image, page, number, layer_words(page, textpage, number) if need == "beside" and text else None)
    width, height = page.get_size()
    scanned = drawn.pictures > A_SCAN and len(text) >= TOO_LITTLE
    shown = Page(number=number, text=text, source="ocr" if scanned else "text", width=round(width, 2), height=round(height, 2))
    layer = layer_words(page, textpage, number) if boxes else None
    return Seen(page=shown, words=layer, ruled=drawn.ruled and bool(text), too_large=need != "no")


def _read_picture(image: np.ndarray, page: Any, number: int, layer: PageWords | None) -> Seen:
    """Read a rendered page by OCR; `layer` holds the page's own good but few words, which are taken where they stand."""
    from mailbot.extract.ocr import scan

    found = scan(image, number=number)
    unit = page.get_size()[0] / image.shape[1]
    width, height = found.words.width * unit, found.words.height * unit
    words = PageWords(number=number, width=width, height=height, lines=scaled(found.words.lines, unit))
    text, source = found.text, "ocr"
    if layer is not None and not found.turned and not found.skew:
        words = _merged(words, layer)
        text, source = "\n".join(line_text(line) for line in words.lines), "mixed"
    return Seen(
        page=Page(
            number=number,
            text=text,
            source="mixed" if source == "mixed" else "ocr",
            confidence=found.confidence,
            width=round(width, 2),
            height=round(height, 2),
        ),
        words=words,
        skew=found.skew,
        no_text=not text,
    )


def _need_of_ocr(page: Any, text: str, drawn: Layout) -> Literal["no", "instead", "beside"]:
    """Say whether the page must be read by OCR, instead of its text layer or beside it."""
    visible = sum(not character.isspace() for character in text)
    if visible and garbage_share(text) > GARBAGE:
        return "instead"
    if visible < TOO_LITTLE:
        return "no" if blank(page) else "beside"
    return "beside" if visible < STAMP and drawn.pictures > MOSTLY_PICTURE else "no"


def garbage_share(text: str) -> float:
    """Return the share of visible characters that mean nothing: U+FFFD and the Unicode categories Co, Cn and Cc."""
    visible = [character for character in text if not character.isspace()]
    bad = sum(character == "\ufffd" or unicodedata.category(character) in ("Co", "Cn", "Cc") for character in visible)
    return bad / max(1, len(visible))


def tidy(text: str) -> str:
    """Return a text layer's text with plain line ends, its marks for hyphens at line ends as hyphens, and no blank tail."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\ufffe", "-").replace("\x02", "-").replace("\x00", "")
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


def blank(page: Any) -> bool:
    """Return whether the page shows nothing, judged on a small picture of it."""
    width, height = page.get_size()
    scale = min(1.0, 600 / max(width, height, 1.0))
    if not page_objects(page, 1):
        return True
    pixels = page.render(scale=scale, grayscale=True).to_numpy()
    return bool(int(pixels.max()) - int(pixels.min()) < 24)


def picture(page: Any, limits: Limits) -> np.ndarray | None:
    """Render the page for OCR, [height, width, 3] BGR: coarser if it would be too large, None if even that does not do."""
    width, height = page.get_size()
    dpi = min(float(limits.ocr_dpi), math.sqrt(limits.max_pixels / max(1.0, width / 72 * height / 72)))
    if dpi < LEAST_DPI:
        return None
    pixels: np.ndarray = page.render(scale=dpi / 72, rev_byteorder=False, prefer_bgrx=False).to_numpy()
    return np.ascontiguousarray(pixels[:, :, :3]) if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)


def layout(page: Any) -> Layout:
    """Look at the page's pictures and ruling lines."""
    left, bottom, right, top = page.get_bbox()
    area = max(1.0, (right - left) * (top - bottom))
    pictures, across, down = 0.0, 0, 0
    edges = [ctypes.c_float() for _ in range(4)]
    for item in page_objects(page, OBJECTS_SEEN):
        kind = pdfium.FPDFPageObj_GetType(item)
        if kind not in (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_PATH):
            continue
        if not pdfium.FPDFPageObj_GetBounds(item, *edges):
            continue
        x0, y0, x1, y1 = (edge.value for edge in edges)
        wide, high = min(x1, right) - max(x0, left), min(y1, top) - max(y0, bottom)
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            pictures += max(0.0, wide) * max(0.0, high)
        else:
            across += wide > 20
            down += high > 8
    return Layout(pictures=pictures / area, across=across, down=down)


def page_objects(page: Any, most: int) -> list[Any]:
    """Return the first objects of a page as PDFium handles."""
    count = min(most, pdfium.FPDFPage_CountObjects(page))
    return [pdfium.FPDFPage_GetObject(page, index) for index in range(count)]


def layer_words(page: Any, textpage: Any, number: int) -> PageWords:
    """Return the words of the text layer; each word's box spans its first and last character's."""
    width, height = page.get_size()
    shown = _to_shown(page)
    words: list[Word] = []
    run: list[str] = []
    start = 0
    count = textpage.count_chars()
    for index in range(count + 1):
        character = chr(pdfium.FPDFText_GetUnicode(textpage, index)) if index < count else " "
        if not character.isspace() and character not in "\x00\ufeff":
            if not run:
                start = index
            run.append("-" if character in "\x02\ufffe" else character)
        elif run:
            box = _box_of(textpage, start, index - 1, shown)
            if box:
                words.append(Word(text="".join(run), box=box))
            run = []
    return PageWords(number=number, width=width, height=height, lines=in_lines(words))


def _to_shown(page: Any) -> tuple[float, float, float, float, float, float]:
    """Return a, b, c, d, e, f of x' = ax + by + c, y' = dx + ey + f: from PDF space to points on the upright page, y down."""
    width, height = page.get_size()
    fine = 100  # PageToDevice speaks whole pixels

    def place(x: float, y: float) -> tuple[float, float]:
        across, down = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(page, 0, 0, round(width * fine), round(height * fine), 0, x, y, across, down)
        return across.value / fine, down.value / fine

    (x0, y0), (x1, y1), (x2, y2) = place(0, 0), place(1000, 0), place(0, 1000)
    return (x1 - x0) / 1000, (x2 - x0) / 1000, x0, (y1 - y0) / 1000, (y2 - y0) / 1000, y0


def _box_of(textpage: Any, first: int, last: int, shown: tuple[float, float, float, float, float, float]) -> Box | None:
    a, b, c, d, e, f = shown
    rect = pdfium.FS_RECTF()
    xs, ys = [], []
    for index in {first, last}:
        if not pdfium.FPDFText_GetLooseCharBox(textpage, index, rect):
            return None
        for x, y in ((rect.left, rect.top), (rect.right, rect.bottom)):
            xs.append(a * x + b * y + c)
            ys.append(d * x + e * y + f)
    return min(xs), min(ys), max(xs), max(ys)


def scaled(lines: tuple[tuple[Word, ...], ...], unit: float) -> tuple[tuple[Word, ...], ...]:
    """Return lines of words with their boxes multiplied by `unit`."""

    def smaller(box: Box) -> Box:
        return box[0] * unit, box[1] * unit, box[2] * unit, box[3] * unit

    return tuple(tuple(Word(text=word.text, box=smaller(word.box)) for word in line) for line in lines)


def _merged(seen: PageWords, layer: PageWords) -> PageWords:
    """Return the words of the text layer and those of OCR that stand elsewhere."""
    known = [word for line in layer.lines for word in line]
    fresh = [word for line in seen.lines for word in line if not any(_over(word.box, other.box) for other in known)]
    return PageWords(number=seen.number, width=seen.width, height=seen.height, lines=in_lines([*known, *fresh]))


def _over(one: Box, other: Box) -> bool:
    """Return whether the middle of either box lies in the other."""
    return _holds(one, other) or _holds(other, one)


def _holds(outer: Box, inner: Box) -> bool:
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def open_pdf(content: bytes) -> Any:
    """Open a PDF. Raises pypdfium2.PdfiumError; `encrypted` tells a password from a fault."""
    return pypdfium2.PdfDocument(content)


def encrypted(error: pypdfium2.PdfiumError) -> bool:
    """Return whether opening failed for want of a password."""
    return bool(getattr(error, "err_code", None) == pdfium.FPDF_ERR_PASSWORD)
