"""Reads page pictures, or the text layer of a PDF, with one reader in one process; prints the texts, CPU seconds and memory.

usage: python ocr_worker.py READER FILE...   (needs nothing of the tests, so that any environment can run it)
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Reader = Callable[[str], str]


def mailbot() -> Reader:
    """As a worker process reads: all that follows from the text (fields, codes) included."""
    from mailbot.extract.reader import Limits, reader_for

    def read(path: str) -> str:
        media_type = "application/pdf" if path.endswith(".pdf") else "image/png"
        reader = reader_for(media_type)
        assert reader is not None
        found = reader(Path(path).name, Path(path).read_bytes(), media_type, Limits())
        return "\n".join(page.text for document in found.documents for page in document.pages)

    return read


def rapidocr() -> Reader:
    """As it comes, one thread."""
    from rapidocr import RapidOCR

    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    engine = RapidOCR(params={"Global.log_level": "error", **threads})
    return lambda path: "\n".join(engine(path).txts or ())


def tesseract() -> Reader:
    """Its command, with its own page orientation (--psm 1), one thread."""
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}

    def read(path: str) -> str:
        return subprocess.run(
            ["tesseract", path, "-", "--psm", "1"], env=environment, check=True, capture_output=True, text=True
        ).stdout

    return read


def easyocr() -> Reader:
    """English, on the CPU, with weights that are already on this machine."""
    import easyocr
    import torch

    torch.set_num_threads(1)
    engine = easyocr.Reader(["en"], gpu=False, download_enabled=False, verbose=False)
    return lambda path: "\n".join(engine.readtext(path, detail=0))


def pdfplumber() -> Reader:
    import pdfplumber

    def read(path: str) -> str:
        with pdfplumber.open(path) as pdf:
            return "\n".join(page.extract_text() for page in pdf.pages)

    return read


def pdfplumber_tables() -> Reader:
    import pdfplumber

    unruled = {"vertical_strategy": "text", "horizontal_strategy": "text"}

    def read(path: str) -> str:
        texts = []
        with pdfplumber.open(path) as pdf:
            for page in pdf.pages:
                texts.append(page.extract_text())
                page.extract_tables(unruled)
        return "\n".join(texts)

    return read


READERS: dict[str, Callable[[], Reader]] = {
    "mailbot": mailbot, "rapidocr": rapidocr, "tesseract": tesseract, "easyocr": easyocr, "pdfplumber": pdfplumber,
    "pdfplumber_tables": pdfplumber_tables,
}  # fmt: skip


def main() -> None:
    """Read every file; the first is read once before the clock starts, so that models are loaded."""
    name, *paths = sys.argv[1:]
    read = READERS[name]()
    read(paths[0])
    begun, start = _cpu(), time.perf_counter()
    texts = [read(path) for path in paths]
    answer: dict[str, Any] = {"texts": texts, "cpu": _cpu() - begun, "wall": time.perf_counter() - start}
    answer["mb"] = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1e3
    print(json.dumps(answer))


def _cpu() -> float:
    """Return the CPU seconds of this process and those that it waited for."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


if __name__ == "__main__":
    main()
