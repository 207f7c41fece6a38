"""Reads one page of a PDF: its text layer where that is good, else what OCR sees on the rendered page, or both together.

A page needs OCR when its text layer is garbage (a font without a usable encoding), or when it shows something and has next to no
text. A picture over most of the page with a full text layer hidden in it is a scan that somebody's OCR has read already: that text
is kept. Text written over such a picture for all to see is a letterhead's or a form's.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pypdfium2.raw as pdfium

from mailbot.core.bidi import RIGHT_TO_LEFT
from mailbot.core.document import Box, Page
from mailbot.core.page_tables import may_hold_table
from mailbot.core.reading_order import block_text
from mailbot.core.words import PageWords, Word, in_lines, page_text
from mailbot.extract.codes import codes_on, find_codes
from mailbot.extract.pdf_careful import CarefulReader, loses_text
from mailbot.extract.pdf_chars import char_boxes, characters
from mailbot.extract.pdf_form import filled_in
from mailbot.extract.pdf_layout import Layout, Shown, layout, page_objects, shown_upright
from mailbot.extract.pdf_order import may_have_columns, runs_down, text_from_top, words_from_right
from mailbot.extract.pdf_tables import ruled_tables, seen_tables, words_in
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

FORM = 600
"""Visible characters below which text written over a picture of the whole page may be what somebody filled into a scanned form."""

OUTLINES = 1_500
"""Segments of paths on a page with little text, from which on they may be letters drawn as outlines."""

LEAST_DPI = 72
"""A page that would have too many pixels is rendered coarser, down to this."""

_WORD = re.compile(r"[^\s\x00\ufeff]+")


def read_page(page: Any, number: int, limits: Limits, careful: CarefulReader, *, boxes: bool, scan: bool = True) -> Seen:
    """Read page `number` (from 1) of an open PDF; `boxes` asks for the words of a text layer too (a scan has them anyway).

    Without `scan` a page that needs OCR is read as far as its text layer goes.
    """
    textpage = page.get_textpage()
    text = tidy(textpage.get_text_bounded())
    shown = shown_upright(page, textpage)
    objects = page_objects(page)
    drawn = layout(objects, shown)
    layer: PageWords | None = None
    if loses_text(objects, textpage) and (more := careful.read(number)) and _visible(more[0]) > _visible(text):
        text, layer = more
    if filled := filled_in(page, shown):
        written = layer or layer_words(textpage, number, shown)
        layer = replace(written, lines=in_lines([*(word for line in written.lines for word in line), *filled]))
        text = block_text(layer) if may_have_columns(textpage, shown) else page_text(layer)
    need = need_of_ocr(page, text, drawn) if limits.ocr else "no"
    if need != "no" and scan and limits.defer:
        return Seen(page=Page(number=number, text=""), deferred=True)
    if need != "no" and scan:
        image = picture(page, limits)
        if image is not None:
            beside = layer or layer_words(textpage, number, shown) if need == "beside" and text else None
            return _read_picture(image, page, number, beside, limits)
    if need == "instead":
        text = ""
    scanned = drawn.pictures > A_SCAN and not drawn.over_picture and len(text) >= TOO_LITTLE
    size = round(shown.width, 2), round(shown.height, 2)
    if layer is None:
        needed = boxes or shown.turned or (drawn.grids and text) or may_hold_table(text)
        layer = layer_words(textpage, number, shown) if needed else None
        text, layer = _as_read(textpage, text, number, shown, layer)
    grids = [grid for grid in drawn.grids if layer and words_in(grid, layer) >= 4]  # others are drawings
    whole = all(grid.whole for grid in grids)
    return Seen(
        page=Page(number=number, text=text, source="ocr" if scanned else "text", width=size[0], height=size[1]),
        words=layer,
        tables=tuple(ruled_tables(grids, layer)) if layer and whole else (),
        joined_cells=not whole,
        too_large=need != "no" and scan,
        unscanned=need != "no" and not scan,
        codes=codes_on(page, objects, number, shown),
    )


def _as_read(textpage: Any, text: str, number: int, shown: Shown, layer: PageWords | None) -> tuple[str, PageWords | None]:
    """Return a text layer's text in reading order, and its words, if any."""
    if RIGHT_TO_LEFT.search(text):
        layer = words_from_right(textpage, number, shown)
        return block_text(layer), layer
    if runs_down(textpage, text, shown.matrix):
        return text_from_top(textpage, shown.matrix), layer
    if layer and shown.turned:  # PDFium orders lines as if the page stood upright
        return page_text(layer), layer
    if may_have_columns(textpage, shown):
        layer = layer or layer_words(textpage, number, shown)
        if (ordered := block_text(layer)) != page_text(layer):
            return ordered, layer
    return text, layer


def _read_picture(image: np.ndarray, page: Any, number: int, layer: PageWords | None, limits: Limits) -> Seen:
    """Read a rendered page by OCR; `layer` holds the page's own good but few words, which are taken where they stand."""
    from mailbot.extract.ocr import scan
    from mailbot.extract.picture_lines import scaled as scaled_grid

    found = limits.scans.get(number) or scan(image, number=number, choice=limits.choice)
    unit = page.get_size()[0] / image.shape[1]
    width, height = found.words.width * unit, found.words.height * unit
    words = PageWords(number=number, width=width, height=height, lines=scaled(found.words.lines, unit))
    codes = find_codes(image, number, unit=unit, turned=found.turned)
    text, source = found.text, "ocr"
    if layer is not None and not found.turned and not found.skew:
        words = _merged(words, layer)
        text, source = block_text(words), "mixed"
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
        tables=tuple(seen_tables([scaled_grid(grid, unit) for grid in found.grids], words)),
        no_text=not (text or codes),
        by_ocr=True,
        codes=codes,
    )


def need_of_ocr(page: Any, text: str, drawn: Layout) -> Literal["no", "instead", "beside"]:
    """Say whether the page must be read by OCR, instead of its text layer or beside it."""
    visible = _visible(text)
    if visible and garbage_share(text) > GARBAGE:
        return "instead"
    if visible < TOO_LITTLE:
        return "no" if blank(page) else "beside"
    if visible < STAMP and (drawn.pictures > MOSTLY_PICTURE or drawn.segments > OUTLINES):
        return "beside"
    return "beside" if visible < FORM and drawn.pictures > A_SCAN and drawn.over_picture else "no"


def _visible(text: str) -> int:
    """Return how many characters of a text can be seen."""
    return len("".join(text.split()))


def garbage_share(text: str) -> float:
    """Return the share of visible characters that mean nothing: U+FFFD and the Unicode categories Co, Cn and Cc."""
    visible = "".join(text.split())
    if visible.isprintable() and "\ufffd" not in visible:
        return 0.0
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
    if pdfium.FPDFPage_CountObjects(page) < 1:
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


def layer_words(textpage: Any, number: int, shown: Shown) -> PageWords:
    """Return the words of the text layer; each word's box spans its first and last character's."""
    text = characters(textpage).replace("\x02", "-").replace("\ufffe", "-")
    spans = [one.span() for one in _WORD.finditer(text)]
    ends = [*(start for start, _ in spans), *(end - 1 for _, end in spans)]
    first, last = np.split(char_boxes(textpage, ends, shown.matrix), 2)
    boxes = np.hstack([np.minimum(first[:, :2], last[:, :2]), np.maximum(first[:, 2:], last[:, 2:])])
    words = [Word(text=text[start:end], box=box) for (start, end), box in zip(spans, _tuples(boxes), strict=True)]
    return PageWords(number=number, width=shown.width, height=shown.height, lines=in_lines(words))


def _tuples(boxes: np.ndarray) -> Iterator[Box]:
    x0, y0, x1, y1 = boxes.T.tolist()
    return zip(x0, y0, x1, y1, strict=True)


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
