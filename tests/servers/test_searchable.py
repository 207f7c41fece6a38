"""A scan becomes a PDF in which its text is found: by PDFium, pdfplumber and pypdf, in Chinese too, where the ink is."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pdfplumber
import pypdf
import pypdfium2
import pytest

from mailbot.errors import BadInput
from mailbot.extract import searchable
from mailbot.extract.reader import Limits
from tests.servers import papers

LINES = (*papers.CHINESE[:2], *papers.LETTER[:3])


def by_pdfium(content: bytes, page: int = 0) -> str:
    return pypdfium2.PdfDocument(content)[page].get_textpage().get_text_bounded().replace("\r\n", "\n")


@pytest.fixture(scope="module")
def turned() -> bytes:
    """A scan that lies on its side and leans."""
    return searchable.write(papers.png(papers.scan(LINES, dpi=100, turn=90, skew=3.0)), "image/png", Limits())


def test_the_text_is_read_back_by_every_reader(turned: bytes) -> None:
    with pdfplumber.open(io.BytesIO(turned)) as pdf:
        told = [by_pdfium(turned), pdf.pages[0].extract_text(), pypdf.PdfReader(io.BytesIO(turned)).pages[0].extract_text()]
    for text in told:
        assert text.replace(":", "：").split("\n")[:2] == list(papers.CHINESE[:2])
        assert text.split("\n")[2:] == list(papers.LETTER[:3])


def test_chinese_is_found_by_search(turned: bytes) -> None:
    found = pypdfium2.PdfDocument(turned)[0].get_textpage().search("远航贸易")
    assert found.get_next() is not None


def test_the_page_stands_upright_and_the_words_lie_on_their_ink(turned: bytes) -> None:
    page = pypdfium2.PdfDocument(turned)[0]
    assert page.get_width() < page.get_height()
    with pdfplumber.open(io.BytesIO(turned)) as pdf:
        words = {word["text"]: word for word in pdf.pages[0].extract_words()}
    gray = page.render(scale=2, grayscale=True).to_numpy()
    for text in ("Harbour", "transport", "inquiry"):
        x0, x1, y0, y1 = (round(2 * words[text][edge]) for edge in ("x0", "x1", "top", "bottom"))
        assert gray[y0:y1, x0:x1].min() < 110
        assert gray[y0:y1, x0:x1].mean() > 150  # nothing is drawn over it


def test_pages_with_a_text_layer_stay_as_they_are() -> None:
    mixed = pypdfium2.PdfDocument.new()
    for content in (papers.text_pdf(["A page with a text layer of its own"]), papers.scanned_pdf(papers.scan(papers.LETTER[:2]))):
        mixed.import_pages(pypdfium2.PdfDocument(content))
    out = io.BytesIO()
    mixed.save(out)
    written = searchable.write(out.getvalue(), "application/pdf", Limits())
    assert by_pdfium(written) == "A page with a text layer of its own"
    assert by_pdfium(written, 1).split("\n") == list(papers.LETTER[:2])
    with pdfplumber.open(io.BytesIO(written)) as pdf:
        assert [len(page.images) for page in pdf.pages] == [0, 1]


@pytest.mark.parametrize("kind", ["application/pdf", "image/tiff"])
def test_no_page_is_left_out_unsaid(kind: str) -> None:
    sheet = papers.scan(papers.LETTER[:2], dpi=50)
    content = (
        papers.text_pdf(["one"], ["two"])
        if kind == "application/pdf"
        else papers.png(sheet, "TIFF", save_all=True, append_images=[sheet])
    )
    with pytest.raises(BadInput, match="2 pages"):
        searchable.write(content, kind, Limits(max_pages=1))


def test_an_encrypted_file_is_written_by_its_password_alone() -> None:
    locked = papers.text_pdf(["A page with a text layer of its own"], password="wharf-9")
    assert by_pdfium(searchable.write(locked, "application/pdf", Limits(passwords=("wharf-9",)))).startswith("A page with a text")
    with pytest.raises(BadInput, match="asks for a password"):
        searchable.write(locked, "application/pdf", Limits())


def test_the_command_writes_beside_its_json_and_says_what_it_cannot_write(tmp_path: Path) -> None:
    pages = [papers.scan([f"Sheet number {number}00{number}", papers.LETTER[number]], dpi=72) for number in (1, 2)]
    scan, text = tmp_path / "scan.tiff", tmp_path / "note.txt"
    scan.write_bytes(papers.png(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    text.write_text("hello")
    done = extract(scan, text, "--jsonl", "--searchable", tmp_path / "out")
    assert done.returncode == 1
    assert len(done.stdout.strip().split("\n")) == 2
    assert "note.txt" in done.stderr
    written = (tmp_path / "out" / "scan.tiff.pdf").read_bytes()
    assert "2002" in by_pdfium(written, 1)


def test_no_file_is_written_over(tmp_path: Path) -> None:
    text = tmp_path / "note.pdf"
    text.write_bytes(papers.text_pdf(["A page with a text layer of its own"]))
    for arguments in ((text, text, "--searchable", tmp_path / "out"), (text, "--searchable", tmp_path)):
        done = extract(*arguments)
        assert done.returncode == 2
        assert "write over" in done.stderr
    assert not (tmp_path / "out").exists()


def extract(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mailbot", "extract", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
