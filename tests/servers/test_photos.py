"""Photos of pages are cut out and pulled straight; every resolution, skew and file format of a scan is read."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from mailbot.extract import dewarp, picture
from mailbot.extract.media_type import detect
from mailbot.extract.reader import Found, Limits
from tests.servers import papers

ROWS = tuple(
    (f"{row}. Machine part number {row * 7919 % 9973:04d} for press", f"{row * row * 37 % 900 + 10},50 EUR") for row in range(1, 26)
)
"""Rows whose two ends stand far apart: a page that is not pulled straight mixes them up."""


def price_list(dpi: int) -> np.ndarray:
    image = np.asarray(papers.scan([name for name, _ in ROWS], dpi=dpi, size=9, pitch=20)).copy()
    prices = np.asarray(papers.scan([price for _, price in ROWS], dpi=dpi, size=9, pitch=20))
    shift = round(380 * dpi / 72)
    image[:, shift:] = np.minimum(image[:, shift:], prices[:, : image.shape[1] - shift])
    return np.ascontiguousarray(image[:, :, ::-1])


def photo(page: np.ndarray, *, lean: float, shadow: float, turn: int = 0, desk: int = 70) -> np.ndarray:
    """Return a page photographed from the side, `lean` of its width being lost at the top, with a shadow over part of it."""
    random = np.random.default_rng(5)
    height, width = page.shape[:2]
    tall, wide = round(height * 1.3), round(width * 1.4)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    seen = np.array(
        [
            [(0.2 + lean) * width, 0.12 * height],
            [(1.2 - lean) * width, 0.17 * height],
            [1.22 * width, 1.1 * height],
            [0.15 * width, 1.19 * height],
        ],
        dtype=np.float32,
    )
    matrix = cv2.getPerspectiveTransform(corners, seen)
    image = random.normal(desk, 10, (tall, wide, 3))
    cover = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, (wide, tall))
    image = np.where(cover[:, :, None] > 127, cv2.warpPerspective(page, matrix, (wide, tall), flags=cv2.INTER_AREA), image)
    light = np.linspace(1 - shadow, 1, wide)[None, :, None] * np.ones((tall, 1, 1))
    light[:, : wide // 2] *= 0.7  # the edge of a hand
    image = np.clip(image * light + random.normal(0, 4, image.shape), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.rot90(image, -turn // 90))


def read(image: np.ndarray, kind: str = "PNG", **options: object) -> Found:
    content = papers.png(Image.fromarray(image[:, :, ::-1]), kind, **options)
    return picture.read("photo", content, "image/png", Limits())


def rows_read(found: Found) -> float:
    """Return the share of the rows that were read whole, as one line each."""
    lines = {line.replace(" ", "") for line in found.documents[0].pages[0].text.split("\n")}
    return sum((name + price).replace(" ", "") in lines for name, price in ROWS) / len(ROWS)


@pytest.mark.parametrize(("lean", "shadow", "turn"), [(0.0, 0.3, 0), (0.12, 0.5, 0), (0.2, 0.4, 180), (0.1, 0.7, 90)], ids=str)
def test_rows_on_a_photo_are_read_whole(lean: float, shadow: float, turn: int) -> None:
    image = photo(price_list(130), lean=lean, shadow=shadow, turn=turn)
    assert rows_read(read(image, "JPEG", quality=80)) >= 0.9


def test_the_corners_of_a_page_on_a_photo_are_found() -> None:
    quad = dewarp.page_quad(photo(price_list(100), lean=0.1, shadow=0.4))
    assert quad is not None
    height, width = price_list(100).shape[:2]
    wanted = np.array([[0.3, 0.12], [1.1, 0.17], [1.22, 1.1], [0.15, 1.19]]) * (width, height)
    assert np.abs(quad - wanted).max() < 0.015 * height


@pytest.mark.parametrize("skew", [0.0, 3.0])
def test_boxes_and_panels_of_a_scan_are_not_taken_for_a_page(skew: float) -> None:
    image = price_list(100)
    image[-200:] = 90  # a dark footer
    cv2.rectangle(image, (60, 90), (700, 900), (0, 0, 0), 3)
    image = np.asarray(Image.fromarray(image).rotate(skew, fillcolor=(255, 255, 255)))
    assert dewarp.page_quad(np.ascontiguousarray(image)) is None
    assert dewarp.flat_page(image) is image


def test_a_deep_shadow_is_evened_out() -> None:
    page = price_list(100)
    dark = (page * np.linspace(0.1, 1, page.shape[1])[None, :, None]).astype(np.uint8)
    even = dewarp.even_light(dark)
    paper = np.median(even[-100:, 20:-20], axis=(0, 2))
    assert paper.min() > 0.85 * paper.max()
    assert dewarp.even_light(page) is page


@pytest.mark.parametrize("dpi", [72, 300, 600])
def test_every_resolution_is_read(dpi: int) -> None:
    assert rows_read(read(price_list(dpi))) >= 0.9


@pytest.mark.parametrize("skew", [-10.0, 7.0])
def test_a_skewed_page_is_read_row_by_row(skew: float) -> None:
    image = Image.fromarray(price_list(130)).rotate(
        -skew, resample=Image.Resampling.BICUBIC, fillcolor=(255, 255, 255), expand=True
    )
    assert rows_read(read(np.asarray(image))) >= 0.9


@pytest.mark.parametrize(("kind", "media_type"), [("HEIF", "image/heic"), ("AVIF", "image/avif"), ("WEBP", "image/webp")])
def test_pictures_of_phones_are_read(kind: str, media_type: str) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    content = papers.png(papers.scan(papers.LETTER[:3], dpi=100), kind, quality=80)
    assert detect("scan.bin", content) == media_type
    found = picture.read("scan.bin", content, media_type, Limits())
    assert "Harbour Freight Services" in found.documents[0].pages[0].text
    assert found.problems == ()
    small = picture.read("scan.bin", content, media_type, Limits(max_pixels=10_000))
    assert [problem.code for problem in small.problems] == ["too_many_pixels"]
    broken = picture.read("scan.bin", content[: len(content) // 3], media_type, Limits())
    assert [problem.code for problem in broken.problems] == ["broken_picture"]
