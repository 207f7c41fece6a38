"""Reads pictures (PNG, JPEG, TIFF with several pages, WebP, HEIC, AVIF, BMP, GIF) by OCR, and renders one for people.

The size is known before a pixel is decoded. EXIF orientation is applied, the page on a photo cut out, transparency laid on white,
16 bits and CMYK made RGB.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from mailbot.core.document import Document, Page, Problem
from mailbot.core.words import PageWords
from mailbot.errors import BadInput
from mailbot.extract.codes import find_codes, with_codes
from mailbot.extract.dewarp import flat_page
from mailbot.extract.ocr import Scan, scan, upright
from mailbot.extract.page_scans import ScansWanted
from mailbot.extract.pdf_tables import seen_tables
from mailbot.extract.reader import Found, Limits
from mailbot.extract.seen import Seen, fields_of, invoices_of, lines_of, problems_of, tables_of, wanted_for_fields

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "HEIF", "AVIF", "BMP", "GIF", "MPO")
"""What Pillow may decode here; MPO is what some phones call a JPEG."""

LARGEST = 20_000
"""Pixels of one side: longer ones are strips that no page is."""

_REMEDY = "ask the sender for the picture again"


class _TooLarge(Exception):
    """The picture has more pixels than the limit."""


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Read a picture.

    What cannot be read is a problem: broken_picture, too_many_pixels, too_many_pages, no_text, low_confidence.
    """
    problems: list[Problem] = []
    pages = pages_of(name, content, limits, problems)
    seen = [_read_page(image, number, limits) for number, image in enumerate(pages, start=1)]
    problems += problems_of(name, seen)
    problems += invoices_of(name, seen)
    tables = tables_of(seen)
    line_items, differs = lines_of(name, seen, tables)
    document = Document(
        name=name,
        media_type=media_type,
        pages=tuple(one.page for one in seen),
        tables=tuple(table.table() for table in tables),
        fields=fields_of(seen, limits.suppliers),
        line_items=line_items,
    )
    return with_codes(Found(documents=(document,), problems=(*problems, *differs)), seen)


def pages_of(name: str, content: bytes, limits: Limits, problems: list[Problem]) -> Iterator[np.ndarray]:
    """Decode one page after the other, and add what cannot be decoded to the problems."""
    try:
        with _opened(content) as picture:
            count = _frames(picture)
            if count > limits.max_pages:
                detail = f"{name}: {count} pages, the first {limits.max_pages} were read"
                problems.append(Problem(code="too_many_pages", detail=detail, remedy="raise extract.max_pages, or split the file"))
            count = min(count, limits.max_pages)
            if limits.defer and count > 1:
                raise ScansWanted(range(1, count + 1))
            for number in range(1, count + 1):
                yield _pixels(picture, number, limits.max_pixels)
    except _TooLarge as error:
        problems.append(Problem(code="too_many_pixels", detail=f"{name}: {error}", remedy="raise extract.max_pixels"))
    except BadInput as error:
        problems.append(Problem(code="broken_picture", detail=f"{name}: {error.args[0]}", remedy=error.remedy))


def _read_page(image: np.ndarray, number: int, limits: Limits) -> Seen:
    if not limits.ocr:
        return Seen(page=Page(number=number, text="", source="ocr", width=image.shape[1], height=image.shape[0]))
    image = flat_page(image)
    found = limits.scans.get(number) or scan(image, number=number, choice=limits.choice)
    words = found.words
    page = Page(number=number, text=found.text, source="ocr", confidence=found.confidence, width=words.width, height=words.height)
    plain = int(image.max()) - int(image.min()) < 24
    codes = find_codes(image, number, turned=found.turned)
    tables = tuple(seen_tables(found.grids, words))
    return Seen(page=page, words=words, skew=found.skew, tables=tables, no_text=not (found.text or codes or plain), codes=codes)


def words(content: bytes, limits: Limits) -> list[PageWords]:
    """Return the words of the pages that are looked at for fields, as they are looked at. Raises BadInput."""
    try:
        with _opened(content) as picture:
            count = min(_frames(picture), limits.max_pages)
            wanted = [number for number in range(1, count + 1) if wanted_for_fields(number, count)]
            seen = [_read_page(_pixels(picture, number, limits.max_pixels), number, limits).words for number in wanted]
            return [one for one in seen if one is not None]
    except _TooLarge as error:
        raise BadInput(f"the picture is too large: {error}", remedy=_REMEDY) from None


def scans(content: bytes, pages: Sequence[int], limits: Limits) -> dict[int, Scan]:
    """Read some pages by OCR, up to the first one that cannot be decoded."""
    found: dict[int, Scan] = {}
    with suppress(BadInput, _TooLarge), _opened(content) as picture:  # `read` says so when it comes to that page
        for number in pages:
            image = flat_page(_pixels(picture, number, limits.max_pixels))
            found[number] = scan(image, number=number, choice=limits.choice)
    return found


def render(content: bytes, page: int, width: int) -> tuple[bytes, int, int]:
    """Render page `page` (from 1), at most `width` pixels wide, upright as it was read; return PNG, width and height.

    Raises BadInput when the picture cannot be decoded or has no such page.
    """
    with _opened(content) as picture:
        if not 1 <= page <= _frames(picture):
            raise BadInput(f"the picture has {_frames(picture)} pages, no page {page}", remedy="ask for another page")
        try:
            image = _pixels(picture, page, Limits().max_pixels)
        except _TooLarge as error:
            raise BadInput(f"the picture is too large: {error}", remedy=_REMEDY) from None
    image = upright(flat_page(image))[0]
    shown = Image.fromarray(np.ascontiguousarray(image[:, :, ::-1]))
    shown.thumbnail((width, shown.height))
    out = io.BytesIO()
    shown.save(out, "PNG")
    return out.getvalue(), shown.width, shown.height


@contextmanager
def _opened(content: bytes) -> Iterator[Image.Image]:
    """Open a picture without decoding it, and let no decoder's failure out but as BadInput."""
    if content[4:8] == b"ftyp":
        _know_heif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged metadata, odd palettes: the pixels tell
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                yield picture
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise _TooLarge(str(error)) from None
    except UnidentifiedImageError:
        raise BadInput("the picture cannot be decoded: no known format", remedy=_REMEDY) from None
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, IndexError, KeyError, TypeError, OverflowError) as error:
        raise BadInput(f"the picture cannot be decoded: {error}", remedy=_REMEDY) from None


@cache
def _know_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener(thumbnails=False, decode_threads=1)


def _frames(picture: Image.Image) -> int:
    """Return the number of pages: the frames of a TIFF; one of anything that moves."""
    return int(getattr(picture, "n_frames", 1)) if picture.format == "TIFF" else 1


def _pixels(picture: Image.Image, number: int, most: int) -> np.ndarray:
    """Decode one page as [height, width, 3] BGR, 8 bits, upright by its EXIF note. Raises _TooLarge before decoding."""
    picture.seek(number - 1)
    width, height = picture.size
    if width * height > most or max(width, height) > LARGEST:
        raise _TooLarge(f"{width} x {height} pixels on page {number}")
    image = ImageOps.exif_transpose(picture)
    if image.mode.startswith(("I", "F")):
        deep = np.asarray(image, dtype=np.float64)
        low, high = float(deep.min()), float(deep.max())
        gray = ((deep - low) * (255.0 / max(1e-9, high - low))).astype(np.uint8)
        return np.repeat(gray[:, :, None], 3, axis=2)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])
