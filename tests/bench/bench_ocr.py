"""Measures the reading of scans and of text layers beside other readers, in one run: `python -m tests.bench.bench_ocr`.

Markdown is printed. The pages are drawn here: invoices at 100 to 200 dpi, straight, skewed and upside down. `--pages DIR` takes
other pictures, with what they say in NAME.json as {"text": …} beside NAME.png.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import subprocess
import sys
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import pypdfium2
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from tests.bench.bench_generate import can, table

WORKER = Path(__file__).with_name("ocr_worker.py")
MADE = ((200, 0, 0.0), (100, 0, 0.0), (200, 0, 3.0), (150, 180, 0.0))
"""Resolution, turn and skew of the pictures made of each page."""

TEXT_PAGES = 120


def paper(number: int) -> bytes:
    """Return one invoice as PDF, with a text layer, which says what its pictures should be read as."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    canvas.setFont("Helvetica-Bold", 16)
    canvas.drawString(60, 780, f"Invoice 20{number:02}-{number * 7919 % 100000:05}")
    canvas.setFont("Helvetica", 9)
    for row, line in enumerate(("Harbour Freight Services Ltd", "7 Dock Road", "Portsmouth PO1 3AX", "VAT GB 123 4567 89")):
        canvas.drawString(400, 780 - 13 * row, line)
    for row in range(28 + number):
        price = row * row * 37 % 9000 + number
        cells = ((60, f"{row + 1}"), (90, f"Machine part {row * 7919 % 9973:04} for press {number}"), (430, f"{row % 9 + 1}"))
        for x, text in cells:
            canvas.drawString(x, 690 - 16 * row, text)
        canvas.drawRightString(535, 690 - 16 * row, f"{price:,}.{row * 7 % 100:02} EUR")
    canvas.drawString(60, 60, "Payable within thirty days to the account that is named overleaf, without any deduction.")
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def make_pages(folder: Path, papers: int) -> None:
    """Write the pictures of some papers, and beside each what it says."""
    for number in range(1, papers + 1):
        page = pypdfium2.PdfDocument(paper(number))[0]
        text = page.get_textpage().get_text_bounded()
        for dpi, turn, skew in MADE:
            image = page.render(scale=dpi / 72).to_pil().convert("RGB")
            image = image.rotate(-skew, resample=Image.Resampling.BICUBIC, fillcolor="white") if skew else image
            name = folder / f"paper{number}-{dpi}dpi-{turn}-{skew:g}"
            image.rotate(turn, expand=True).save(name.with_suffix(".png"))
            name.with_suffix(".json").write_text(json.dumps({"text": text}))


def read_by(reader: str, python: str, files: Sequence[Path], processes: int) -> dict[str, Any]:
    """Read the files by so many processes at once; return texts in order, CPU seconds in all, pages a second, memory of each."""
    shares = [files[start::processes] for start in range(processes)]
    running = [
        subprocess.Popen([python, str(WORKER), reader, *map(str, share)], stdout=subprocess.PIPE, text=True) for share in shares
    ]
    answers = [json.loads(one.communicate()[0].splitlines()[-1]) for one in running]
    texts = {file: text for share, one in zip(shares, answers, strict=True) for file, text in zip(share, one["texts"], strict=True)}
    return {
        "texts": [texts[file] for file in files],
        "cpu": sum(one["cpu"] for one in answers),
        "pages": len(files) / max(one["wall"] for one in answers),
        "mb": max(one["mb"] for one in answers),
    }


def f1(wanted: Sequence[str], got: Sequence[str]) -> float:
    both = sum((Counter(wanted) & Counter(got)).values())
    return 2 * both / max(1, len(wanted) + len(got))


def scores(files: Sequence[Path], texts: Sequence[str]) -> tuple[float, float, float] | None:
    """Return mean F1 of trigrams (blanks aside), mean F1 of numbers of three digits and more, and the worst page's F1."""
    found = []
    for file, text in zip(files, texts, strict=True):
        known = file.with_suffix(".json")
        if not known.exists():
            return None
        want, got = (_plain(one) for one in (json.loads(known.read_text())["text"], text))
        trigrams = [[one[at : at + 3] for at in range(len(one) - 2)] for one in (want, got)]
        found.append((f1(*trigrams), f1(*(re.findall(r"\d{3,}", one) for one in (want, got)))))
    return mean(one[0] for one in found), mean(one[1] for one in found), min(one[0] for one in found)


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def scans(files: Sequence[Path], python: str) -> None:
    """Print the table of readers of pictures; times against plain RapidOCR are of CPU seconds on one process."""
    chosen = {"mailbot": sys.executable, "rapidocr": sys.executable}
    chosen |= {"tesseract": sys.executable} if _has_tesseract() else {}
    chosen |= {"easyocr": python} if can(python, "easyocr") else {}
    alone = {name: read_by(name, python, files, 1) for name, python in chosen.items()}
    rows = []
    for name, python in chosen.items():
        one, two = alone[name], read_by(name, python, files, 2)
        scored = scores(files, one["texts"])
        told = [f"{score:.3f}" for score in scored] if scored else ["", "", ""]
        times = f"{one['cpu'] / alone['rapidocr']['cpu']:.2f}"
        rows.append([name, *told, f"{one['pages']:.2f}", f"{two['pages']:.2f}", times, f"{max(one['mb'], two['mb']):.0f}"])
    heads = ("reader", "trigram F1", "numbers F1", "worst page", "pages/s, 1 process", "2 processes", "CPU time", "MB a process")
    print(f"{len(files)} pictures of pages\n\n{table(heads, rows)}\n")


def letter(number: int) -> bytes:
    """Return one page of prose as PDF."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    canvas.setFont("Helvetica", 10)
    told = "we thank you for your letter and confirm that the goods which were ordered in spring will be ready as agreed"
    words = told.split()
    for row in range(46):
        line = " ".join(words[(row * 5 + number + place * 7) % len(words)] for place in range(14))
        canvas.drawString(60, 770 - 15 * row, line)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def text_layers() -> None:
    """Print pages a second of PDFs with a text layer: prose, and tables, which mailbot finds together with the fields."""
    for what, page, peers in (("prose", letter, ("pdfplumber",)), ("tables", paper, ("pdfplumber", "pdfplumber_tables"))):
        with tempfile.TemporaryDirectory() as folder:
            pdf = pypdfium2.PdfDocument.new()
            for number in range(TEXT_PAGES):
                pdf.import_pages(pypdfium2.PdfDocument(page(number % 12 + 1)))
            path = Path(folder, "text.pdf")
            pdf.save(path)
            found = {name: read_by(name, sys.executable, [path], 1) for name in ("mailbot", *peers)}
        rows = []
        for name, one in found.items():
            times = f"{one['cpu'] / found['mailbot']['cpu']:.1f}"
            rows.append([name, f"{TEXT_PAGES / one['cpu']:.0f}", times, str(len(_plain(one["texts"][0])))])
        heads = ("reader", "pages per CPU second", "mailbot is so many times as fast", "characters")
        print(f"{TEXT_PAGES} pages of {what} with a text layer\n\n{table(heads, rows)}\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, help="folder of NAME.png, and NAME.json where the text is known")
    parser.add_argument("--papers", type=int, default=3, help="papers that are drawn; each makes four pictures")
    parser.add_argument("--peers-python", default=sys.executable, help="an interpreter with easyocr and its weights")
    parser.add_argument("--only", choices=("scans", "text"), help="not both")
    chosen = parser.parse_args(arguments)
    if chosen.only != "text":
        _scans_of(chosen)
    if chosen.only != "scans":
        text_layers()


def _scans_of(chosen: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        if not chosen.pages:
            make_pages(Path(folder), chosen.papers)
        scans(sorted((chosen.pages or Path(folder)).glob("*.png")), chosen.peers_python)


def _has_tesseract() -> bool:
    try:
        return subprocess.run(["tesseract", "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


if __name__ == "__main__":
    main()
