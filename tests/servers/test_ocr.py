"""Scans and pictures are read whichever way they lie; what cannot be decoded is a problem."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from unittest import mock

import numpy as np
import pytest
from PIL import Image, ImageFilter

from mailbot.core.words import PageWords
from mailbot.errors import BadInput
from mailbot.extract import ocr, orientation, picture
from mailbot.extract.page_scans import ScansWanted
from mailbot.extract.reader import Found, Limits
from tests.servers import papers


def read(content: bytes, limits: Limits | None = None) -> Found:
    return picture.read("scan.png", content, "image/png", limits or Limits())


def codes(found: Found) -> list[str]:
    return [problem.code for problem in found.problems]


def words(text: str) -> set[str]:
    return set(text.split())


def share_read(text: str, lines: Sequence[str] = papers.LETTER) -> float:
    """Return the share of the words of some lines that were read right."""
    wanted = words(" ".join(lines))
    return len(wanted & words(text)) / len(wanted)


@pytest.mark.parametrize(("turn", "skew"), [(0, 0.0), (90, 0.0), (180, 0.0), (270, 0.0), (0, 3.0), (180, -5.0), (90, 8.0)])
def test_a_page_is_read_whichever_way_it_lies(turn: int, skew: float) -> None:
    some = papers.LETTER[:5]
    found = read(papers.png(papers.scan(some, turn=turn, skew=skew)))
    (page,) = found.documents[0].pages
    assert share_read(page.text, some) > 0.9
    lines = page.text.split("\n")
    assert len(lines) == len(some)
    assert lines[0].startswith("Harbour")
    assert page.width is not None
    assert page.height is not None
    assert page.width < page.height
    assert found.problems == ()


def test_chinese_is_read_without_spaces_in_it() -> None:
    (page,) = read(papers.png(papers.scan(papers.CHINESE, dpi=120))).documents[0].pages
    lines = page.text.replace(":", "：").split("\n")
    assert lines[0] == papers.CHINESE[0]
    assert lines[1] == papers.CHINESE[1]
    assert "3560.00" in lines[3]


def test_the_skew_is_told_from_the_lines() -> None:
    image = np.asarray(papers.scan(papers.LETTER, skew=6.0))[:, :, ::-1]
    _, _, turned, fall = ocr.upright(np.ascontiguousarray(image))
    assert turned == 0
    assert fall == pytest.approx(6.0, abs=0.7)


def test_boxes_of_words_stand_on_their_ink() -> None:
    image = papers.scan(["Alpha", "Beta gamma 4711"])
    found = ocr.scan(np.ascontiguousarray(np.asarray(image)[:, :, ::-1]))
    boxes = {word.text: word.box for line in found.words.lines for word in line}
    assert set(boxes) == {"Alpha", "Beta", "gamma", "4711"}
    gray = np.asarray(image.convert("L"))
    for x0, y0, x1, y1 in boxes.values():
        assert gray[round(y0) : round(y1), round(x0) : round(x1)].min() < 100
    assert boxes["Beta"][2] <= boxes["gamma"][0] + 6
    assert boxes["gamma"][2] <= boxes["4711"][0] + 6


def test_straightened_boxes_are_found_back_on_the_leaning_page() -> None:
    box = (400.0, 100.0, 440.0, 120.0)
    assert orientation.lean(box, 0.0, 800, 1000) == pytest.approx(box)
    x0, y0, x1, y1 = orientation.lean(box, 90.0, 800, 800)
    assert (x0, y0, x1, y1) == pytest.approx((680, 400, 700, 440))


def test_photo_of_a_page_is_read() -> None:
    image = papers.scan(papers.LETTER, dpi=130, skew=2.0).convert("RGB")
    shade = np.linspace(0.55, 1.0, image.width)[None, :, None]
    shadowed = Image.fromarray((np.asarray(image) * shade).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.6))
    found = picture.read("photo.jpg", papers.png(shadowed, "JPEG", quality=60), "image/jpeg", Limits())
    assert share_read(found.documents[0].pages[0].text) > 0.85


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "I;16", "CMYK"])
def test_every_kind_of_pixel_is_read(mode: str) -> None:
    image = papers.scan(["Reference 88213764"], dpi=72)
    kind = "TIFF" if mode == "CMYK" else "PNG"
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 200)
    elif mode in ("RGBA", "LA"):
        ink = Image.eval(image.convert("L"), lambda value: 255 - value)
        image = Image.new("RGBA", image.size, (0, 0, 0, 0))
        image.putalpha(ink)  # black ink on nothing
        image = image.convert(mode)
    else:
        image = image.convert(mode)
    assert "88213764" in read(papers.png(image, kind)).documents[0].pages[0].text


def test_exif_turns_the_picture() -> None:
    image = papers.scan(papers.LETTER[:3], dpi=72).rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn 90 degrees clockwise to see it upright
    content = papers.png(image, "JPEG", exif=exif, quality=90)
    with mock.patch.object(ocr, "upside_down", return_value=False):
        (page,) = read(content).documents[0].pages
    assert page.width is not None
    assert page.height is not None
    assert page.width < page.height
    assert "Harbour Freight Services" in page.text


def test_each_page_of_a_tiff_is_read_up_to_the_limit() -> None:
    pages = [papers.scan([f"Sheet number {number}00{number}"], dpi=72) for number in (1, 2, 3)]
    content = papers.png(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    found = read(content, Limits(max_pages=2))
    assert [page.number for page in found.documents[0].pages] == [1, 2]
    assert "2002" in found.documents[0].pages[1].text
    assert codes(found) == ["too_many_pages"]


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\x00" * 100, b"\xff\xd8\xff\xe0junk", b"BM" + b"\x01" * 60]
)
def test_a_broken_picture_is_a_problem(content: bytes) -> None:
    found = read(content)
    assert codes(found) == ["broken_picture"]
    assert found.problems[0].remedy


def test_a_truncated_picture_is_a_problem() -> None:
    content = papers.png(papers.scan(papers.LETTER))
    assert codes(read(content[: len(content) // 2])) == ["broken_picture"]


@pytest.mark.parametrize("side", [9_000, 60_000])
def test_a_picture_bomb_is_not_decoded(side: int) -> None:
    found = read(_bomb(side))
    assert codes(found) == ["too_many_pixels"]
    assert found.documents[0].pages == ()


def test_an_empty_picture_has_no_text_and_no_problem() -> None:
    found = read(papers.png(Image.new("RGB", (400, 300), "white")))
    assert found.documents[0].pages[0].text == ""
    assert found.problems == ()


def test_a_picture_without_words_says_so() -> None:
    image = Image.new("RGB", (400, 300), "white")
    image.paste((200, 30, 30), (100, 80, 300, 220))
    assert codes(read(papers.png(image))) == ["no_text"]


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (400, 2), (5_000, 20)])
def test_odd_sizes_are_survived(size: tuple[int, int]) -> None:
    image = Image.effect_noise(size, 80).convert("RGB")
    assert len(read(papers.png(image)).documents[0].pages) == 1


def test_without_ocr_only_the_size_is_known() -> None:
    with mock.patch("mailbot.extract.ocr.scan", side_effect=AssertionError("no OCR here")):
        (page,) = read(papers.png(Image.new("RGB", (40, 30))), Limits(ocr=False)).documents[0].pages
    assert (page.text, page.width, page.height) == ("", 40, 30)


SHEETS = papers.png(Image.new("L", (40, 30), 255), "TIFF", save_all=True, append_images=[Image.new("L", (40, 30), 255)] * 8)


def test_only_so_many_pages_of_a_tiff_are_read_and_the_last_ones_among_them() -> None:
    seen = ocr.Scan(words=PageWords(number=1, width=40, height=30, lines=()), text="Harbour", confidence=0.9, turned=0, skew=0.0)
    with mock.patch("mailbot.extract.ocr.scan", return_value=seen):
        found = read(SHEETS, Limits(ocr_pages=3))
    assert [page.number for page in found.documents[0].pages if page.text == "Harbour"] == [1, 8, 9]
    assert len(found.documents[0].pages) == 9
    assert codes(found) == ["too_many_scans"]
    assert "6 scanned pages were not read, from page 2 to 7" in found.problems[0].detail
    with pytest.raises(ScansWanted) as wanted:
        read(SHEETS, Limits(ocr_pages=3, defer=True))
    assert wanted.value.pages == [1, 8, 9]


def test_no_other_worker_is_asked_for_scans_where_ocr_is_off() -> None:
    found = read(SHEETS, Limits(ocr=False, defer=True))
    assert [page.text for page in found.documents[0].pages] == [""] * 9
    assert found.problems == ()


def test_render_shows_the_picture_upright() -> None:
    png, width, height = picture.render(papers.png(papers.scan(papers.LETTER, turn=90)), 1, 500, Limits())
    assert Image.open(io.BytesIO(png)).size == (width, height)
    assert width == 500
    assert height > width


def test_a_picture_that_cannot_be_rendered_is_bad_input() -> None:
    for content, page in ((b"junk", 1), (papers.png(Image.new("RGB", (40, 30))), 2), (_bomb(9_000), 1)):
        with pytest.raises(BadInput):
            picture.render(content, page, 500, Limits())


def _bomb(side: int) -> bytes:
    """Return a PNG of that many pixels each way whose pixels are not even there."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\x00" * 100)) + chunk(b"IEND", b"")
