"""Who reads a page: RapidOCR, Tesseract for the scripts it lacks, EasyOCR where the config says so; all in confined workers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from unittest import mock

import numpy as np
import pytest

from mailbot.config import Extract
from mailbot.extract import ocr, tesseract
from mailbot.extract.engine import Choice
from mailbot.extract.ocr import Scan
from mailbot.extract.sandbox import Sandbox
from tests.servers import papers

DEJAVU = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"

RUSSIAN = (
    "Счёт-фактура № 2417 от 12 марта 2026",
    "Поставщик: Общество «Северный путь»",
    "Доставка контейнера Гамбург 1840,00",
    "Итого к оплате 2208,00 рублей",
    "Просим оплатить в течение десяти дней",
)
ARABIC = (
    "فاتورة رقم 2417",
    "المورد شركة الميناء للشحن",
    "المشتري مصنع قطع الآلات",
    "المجموع المستحق 2208",
    "يرجى الدفع خلال عشرة أيام",
)
KOREAN = (
    "세금계산서 번호 2417",
    "공급자 부산항만운송 주식회사",
    "공급받는자 서울기계부품 공장",
    "열흘 이내에 지급하여 주시기 바랍니다",
)
PAGES = {"Cyrillic": (RUSSIAN, DEJAVU), "Arabic": (ARABIC, DEJAVU), "Korean": (KOREAN, papers.CJK_FONT)}


def pixels(lines: Sequence[str], font: str = papers.CJK_FONT, **how: int) -> np.ndarray:
    return np.ascontiguousarray(np.asarray(papers.scan(lines, font=font, **how))[:, :, ::-1])


def share(found: Scan, lines: Sequence[str]) -> float:
    wanted = set(" ".join(lines).split())
    return len(wanted & set(found.text.split())) / len(wanted)


@pytest.fixture
def no_tesseract() -> Iterator[None]:
    """A machine without Tesseract's library."""
    caches = (tesseract._library, tesseract._opened, tesseract._packs_here)
    with mock.patch.object(tesseract, "LIBRARIES", ("libtesseract.so.0",)):
        for one in caches:
            one.cache_clear()
        yield
    for one in caches:
        one.cache_clear()


@pytest.mark.parametrize("turn", [0, 180])
@pytest.mark.parametrize("script", PAGES)
def test_scripts_that_rapidocr_lacks_are_read_by_tesseract(script: str, turn: int) -> None:
    lines, font = PAGES[script]
    found = ocr.scan(pixels(lines, font, dpi=120, turn=turn))
    assert found.turned == turn
    assert share(found, lines) >= 0.75
    assert len(found.text.split("\n")) == len(lines)


def test_arabic_words_stand_where_their_ink_is_and_are_read_from_the_right() -> None:
    found = ocr.scan(pixels(ARABIC[:4], DEJAVU, dpi=120))
    (first, *_) = found.words.lines
    assert [word.text for word in sorted(first, key=lambda word: -word.box[0])] == ARABIC[0].split()
    assert found.text.split("\n")[0] == ARABIC[0]


def test_pages_that_rapidocr_reads_are_not_shown_to_tesseract() -> None:
    with mock.patch.object(ocr, "_by_tesseract", side_effect=AssertionError("not needed")):
        for lines in (papers.LETTER[:4], papers.CHINESE):
            assert share(ocr.scan(pixels(lines)), lines) > 0.6


def test_only_the_languages_of_the_config_are_used() -> None:
    assert tesseract.packs_for("Cyrillic", ()) == ["rus"]
    assert tesseract.packs_for("Cyrillic", ("ru", "ko", "en")) == ["rus"]
    assert tesseract.packs_for("Cyrillic", ("ko",)) == []
    assert tesseract.packs_for("", ("ko", "ar")) == ["kor", "ara"]
    assert tesseract.packs_for("Latin", ()) == []
    assert tesseract.packs_for("Thai", ()) == []  # its pack is not on this machine


def test_tesseract_can_be_forbidden() -> None:
    found = ocr.scan(pixels(RUSSIAN, DEJAVU, dpi=120), choice=Choice(tesseract="never"))
    assert share(found, RUSSIAN) < 0.3


@pytest.mark.parametrize(("turn", "skew"), [(0, 0.0), (180, 4.0), (270, 0.0)])
def test_everything_else_works_without_tesseract(no_tesseract: None, turn: int, skew: float) -> None:
    image = np.asarray(papers.scan(papers.LETTER[:5], turn=turn, skew=skew))[:, :, ::-1]
    found = ocr.scan(np.ascontiguousarray(image))
    assert found.turned == -turn % 360
    assert share(found, papers.LETTER[:5]) > 0.9
    assert share(ocr.scan(pixels(RUSSIAN, DEJAVU)), RUSSIAN) < 0.3
    assert tesseract.packs_for("Cyrillic", ()) == []


async def test_tesseract_reads_inside_a_confined_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker may start no process, and finds nothing on its PATH: the library is all that is needed."""
    monkeypatch.setenv("PATH", "")
    sandbox = Sandbox(Extract(workers=1))
    try:
        extracted = await sandbox.read("scan.png", papers.png(papers.scan(RUSSIAN, font=DEJAVU, dpi=120)))
    finally:
        await sandbox.close()
    (document,) = extracted.reading.documents
    assert "Поставщик" in document.pages[0].text
    assert extracted.reading.problems == ()


async def test_an_engine_that_is_not_installed_is_named_with_its_remedy() -> None:
    sandbox = Sandbox(Extract(workers=1, ocr_engine="easyocr"))
    try:
        extracted = await sandbox.read("scan.png", papers.png(papers.scan(papers.LETTER[:3])))
    finally:
        await sandbox.close()
    (problem,) = extracted.reading.problems
    assert problem.code == "unreadable_file"
    assert "EasyOCR" in problem.detail
    assert "mailbot[easyocr]" in problem.remedy
