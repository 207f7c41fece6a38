"""What an OCR engine is to mailbot: it says what stands in the lines that were found on a page.

RapidOCR finds the lines and by them how the page lies, which needs no knowledge of the script. It reads by default; Tesseract
reads scripts that its models lack, EasyOCR where the config asks for it. An engine imports its library when it is first used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mailbot.core.words import Word

if TYPE_CHECKING:
    import numpy as np

LEAST_SCORE = 0.5
"""Lines that are read with less confidence are mostly pictures, stamps and noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which engines read, the meaning of each being on `mailbot.config.Extract`."""

    engine: str = "rapidocr"
    tesseract: str = "auto"
    languages: Sequence[str] = ()
    easyocr_folder: str = ""


class Read(NamedTuple):
    """What a line says: its text, the score 0..1, and where each character other than a space has its middle (0..1)."""

    text: str
    score: float
    middles: Sequence[float]


class Engine(Protocol):
    """Reads lines of an upright picture [height, width, 3] (BGR, 8 bits), given as quads [n, 4, 2] (see `orientation`).

    Raises BadInput, naming the remedy, where the engine or its weights are not on this machine.
    """

    def read(self, image: np.ndarray, quads: np.ndarray) -> list[Read]: ...


def good(reads: Sequence[Read]) -> list[Read]:
    """Return the lines that were read with enough confidence."""
    return [read for read in reads if read.score >= LEAST_SCORE and read.text.strip()]


def confidence(reads: Sequence[Read]) -> float | None:
    """Return the mean score over the characters of the good lines, None without any."""
    kept = good(reads)
    characters = sum(len(read.text) for read in kept)
    return round(sum(read.score * len(read.text) for read in kept) / characters, 3) if characters else None


def words(quads: np.ndarray, reads: Sequence[Read]) -> list[Word]:
    """Return the words of the good lines; each word's box follows from where its first and last characters stand."""
    found = []
    for quad, read in zip(quads, reads, strict=True):
        if not good([read]):
            continue
        left, right = float((quad[0, 0] + quad[3, 0]) / 2), float((quad[1, 0] + quad[2, 0]) / 2)
        top, bottom = float((quad[0, 1] + quad[1, 1]) / 2), float((quad[2, 1] + quad[3, 1]) / 2)
        half, at = 0.5 / max(1, len(read.text)), 0
        for piece in read.text.split():
            spots = sorted(read.middles[at : at + len(piece)])
            at += len(piece)
            x0, x1 = (left + (right - left) * min(1.0, max(0.0, part)) for part in (spots[0] - half, spots[-1] + half))
            found.append(Word(text=piece, box=(x0, top, max(x1, x0 + 1), max(bottom, top + 1))))
    return found
