"""Reads pictures (PNG, JPEG, TIFF with several pages, WebP, HEIC, AVIF, BMP, GIF) by OCR, and renders one for people.

The size is known before a pixel is decoded. EXIF orientation is applied, the page on a photo cut out, transparency laid on white,
16 bits and CMYK made RGB.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from mailbot.core.document import Page, Problem
from mailbot.core.words import PageWords
from mailbot.errors import BadInput
from mailbot.extract import ocr
from mailbot.extract.codes import find_codes, with_codes
from mailbot.extract.dewarp import flat_page
from mailbot.extract.page_scans import ScansWanted
from mailbot.extract.pdf_tables import seen_tables
from mailbot.extract.reader import Found, Limits
from mailbot.extract.seen import Seen, found_on, most_scans, wanted_for_fields

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "MPO")
"""What Pillow may decode here; MPO is what some phones call a JPEG."""

PHONE_FORMATS = ("HEIF", "AVIF")
"""What it may decode of files that begin as these do; HEIF is known to it once pillow-heif is loaded."""

LARGEST = 20_000
"""Pixels of one side: longer ones are strips that no page is."""

_REMEDY = "ask the sender for the picture again"


class _TooLarge(Exception):
    """The picture has more pixels than the limit."""


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Read a picture.

    What cannot be read is a problem: broken_picture, too_many_pixels, too_many_pages, too_many_scans, no_text,
    low_confidence.
    """
    problems: list[Problem] = []
    pages = pages_of(name, content, limits, problems)
    seen = [_read_page(image, number, limits, scan=scan) for number, (image, scan) in enumerate(pages, start=1)]
    found = found_on(name, media_type, seen, limits.suppliers)
    return with_codes(replace(found, problems=(*problems, *found.problems)), seen)


def pages_of(name: str, content: bytes, limits: Limits, problems: list[Problem]) -> Iterator[tuple[np.ndarray, bool]]:
    """Decode one page after the other, with whether OCR is to read it, and add what cannot be decoded to the problems.

    Raises ScansWanted.
    """
    try:
        with _opened(content) as picture:
            count = _frames(picture)
            if count > limits.max_pages:
                detail = f"{name}: {count} pages, the first {limits.max_pages} were read"
                problems.append(Problem(code="too_many_pages", detail=detail, remedy="raise extract.max_pages, or split the file"))
            count = min(count, limits.max_pages)
            scanned = _scanned(count, limits)
            if limits.defer and len(scanned) > 1:
                raise ScansWanted(scanned)
            for number in range(1, count + 1):
                yield _pixels(picture, number, limits.max_pixels), number in scanned
    except _TooLarge as error:
        problems.append(Problem(code="too_many_pixels", detail=f"{name}: {error}", remedy="raise extract.max_pixels"))
    except BadInput as error:
        problems.append(Problem(code="broken_picture", detail=f"{name}: {error.args[0]}", remedy=error.remedy))


def _scanned(count: int, limits: Limits) -> list[int]:
    """Return the numbers of the pages that OCR is to read."""
    scanned: list[int] = []
    for number in range(1, count + 1 if limits.ocr else 0):
        if len(scanned) < most_scans(number, count, limits.ocr_pages):
            scanned.append(number)
    return scanned


def _read_page(image: np.ndarray, number: int, limits: Limits, *, scan: bool) -> Seen:
    if not scan:
        page = Page(number=number, text="", source="ocr", width=image.shape[1], height=image.shape[0])
        return Seen(page=page, unscanned=limits.ocr)
    image = flat_page(image)
    found = limits.scans.get(number) or ocr.scan(image, number=number, choice=limits.choice)
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
            images = ((number, _pixels(picture, number, limits.max_pixels)) for number in wanted)
            seen = [_read_page(image, number, limits, scan=limits.ocr).words for number, image in images]
            return [one for one in seen if one is not None]
    except _TooLarge as error:
        raise BadInput(f"the picture is too large: {error}", remedy=_REMEDY) from None


def scans(content: bytes, pages: Sequence[int], limits: Limits) -> dict[int, ocr.Scan]:
    """Read some pages by OCR, up to the first one that cannot be decoded."""
    found: dict[int, ocr.Scan] = {}
    with suppress(BadInput, _TooLarge), _opened(content) as picture:  # `read` says so when it comes to that page
        for number in pages:
            image = flat_page(_pixels(picture, number, limits.max_pixels))
            found[number] = ocr.scan(image, number=number, choice=limits.choice)
    return found


def render(content: bytes, page: int, width: int, limits: Limits) -> tuple[bytes, int, int]:
    """Render page `page` (from 1), at most `width` pixels wide, upright as it was read; return PNG, width and height.

    Raises BadInput when the picture cannot be decoded or has no such page.
    """
    with _opened(content) as picture:
        if not 1 <= page <= _frames(picture):
            raise BadInput(f"the picture has {_frames(picture)} pages, no page {page}", remedy="ask for another page")
        try:
            image = _pixels(picture, page, limits.max_pixels)
        except _TooLarge as error:
            raise BadInput(f"the picture is too large: {error}", remedy=_REMEDY) from None
    image = ocr.upright(flat_page(image))[0]
    shown = Image.fromarray(np.ascontiguousarray(image[:, :, ::-1]))
    shown.thumbnail((width, shown.height))
    out = io.BytesIO()
    shown.save(out, "PNG")
    return out.getvalue(), shown.width, shown.height


@contextmanager
def _opened(content: bytes) -> Iterator[Image.Image]:
    """Open a picture without decoding it, and let no decoder's failure out but as BadInput."""
    formats: tuple[str, ...] = FORMATS
    if content[4:8] == b"ftyp":
        _know_heif()
        formats = PHONE_FORMATS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged metadata, odd palettes: the pixels tell
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=formats) as picture:
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
