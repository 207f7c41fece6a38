"""Reads the text of a picture by OCR: lines of words with boxes, whichever way it lies.

RapidOCR finds the lines; by them the page is turned and straightened, then read. Where most of what stands there does not come
out as text, it is in a script that RapidOCR lacks, and Tesseract reads it, if it is on this machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mailbot.core.reading_order import block_text
from mailbot.core.words import PageWords, in_lines
from mailbot.extract import orientation
from mailbot.extract.engine import Choice, Engine, Read, confidence, good, words
from mailbot.extract.pdf_layout import Grid
from mailbot.extract.picture_lines import grids_in
from mailbot.extract.rapid import Rapid, find_lines, share_read

SKEW_SEEN = 0.4
"""Degrees of skew from which on the page is straightened before it is read."""

SURE = 0.9
"""Mean confidence of a few lines from which on the page is taken to be the right way up without trying the other."""

READABLE = 0.9
"""Share of the lines' length that comes out as text, below which the script may be one that RapidOCR lacks."""

SURE_OF_SCRIPT = 0.6
"""Confidence of Tesseract from which on its reading is taken instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What was read off a picture. `words` are in pixels of the upright, straightened picture.

    `turned` is how many degrees clockwise the picture was turned, `skew` how far its lines still fell to the right then.
    `grids` are the ruled ones on it, in pixels too. `confidence` is the mean over the characters, 0..1, None without text.
    """

    words: PageWords
    text: str
    confidence: float | None
    turned: int
    skew: float
    grids: tuple[Grid, ...] = ()


def scan(image: np.ndarray, *, number: int = 1, choice: Choice | None = None) -> Scan:
    """Read a picture [height, width, 3] (BGR, 8 bits) as page `number`. Raises BadInput when a chosen engine is not there."""
    choice = choice or Choice()
    image, quads, turned, fall = upright(image)
    if fall:
        image = orientation.straighten(image, fall)
        quads = find_lines(image)
    reads = _engine(choice).read(image, quads)
    if choice.tesseract == "auto" and len(quads) and share_read(quads, reads) * (confidence(reads) or 0.0) < READABLE:
        image, quads, reads, further = _by_tesseract(image, quads, reads, choice.languages)
        turned = (turned + further) % 360
    height, width = image.shape[:2]
    page = PageWords(number=number, width=width, height=height, lines=in_lines(words(quads, reads)))
    return Scan(words=page, text=block_text(page), confidence=confidence(reads), turned=turned, skew=fall, grids=grids_in(image))


def _engine(choice: Choice) -> Engine:
    if choice.engine == "easyocr":
        from mailbot.extract.easy import Easy

        return Easy(choice)
    return Rapid()


def _by_tesseract(
    image: np.ndarray, quads: np.ndarray, reads: list[Read], languages: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, list[Read], int]:
    """Have Tesseract read a page in a script it knows: picture and lines turned upright for that, and by how much.

    Everything comes back as it was when it cannot read the page better.
    """
    from mailbot.extract.tesseract import Tesseract, packs_for, script_of

    script, further = script_of(image)
    packs = packs_for(script, languages)
    if not packs or further % 180:
        return image, quads, reads, 0
    turned, turned_quads = (orientation.turn(image, 180), half_turned(image, quads)) if further else (image, quads)
    found = Tesseract(packs).read(turned, turned_quads)
    better = (confidence(found) or 0.0) >= SURE_OF_SCRIPT and _letters(found) > _letters(reads)
    return (turned, turned_quads, found, further) if better else (image, quads, reads, 0)


def upright(image: np.ndarray) -> tuple[np.ndarray, np.ndarray, int, float]:
    """Return the picture turned upright, the quads of its lines, the degrees clockwise it was turned, and the skew left."""
    quads = find_lines(image)
    turned = 0
    if len(quads) and orientation.standing(quads):
        turned = 90
        image = orientation.turn(image, 90)
        quads = find_lines(image)
    if len(quads) and upside_down(image, quads):
        turned += 180
        image = orientation.turn(image, 180)
        quads = half_turned(image, quads)
    fall = orientation.skew(quads) if len(quads) else 0.0
    return image, quads, turned, fall if abs(fall) >= SKEW_SEEN else 0.0


def upside_down(image: np.ndarray, quads: np.ndarray) -> bool:
    """Return whether a few of the lines read better the other way up."""
    wide = np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1)
    high = np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)
    ratio = wide / np.maximum(high, 1)
    longer = [int(at) for at in np.flatnonzero(ratio > 2)] or list(range(len(quads)))
    some = sorted(longer, key=lambda at: abs(ratio[at] - 8))[:8]
    up = _mean_score(Rapid().read(image, quads[some]))
    if up >= SURE:
        return False
    return _mean_score(Rapid().read(orientation.turn(image, 180), half_turned(image, quads[some]))) > up


def half_turned(image: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """Return the quads of a picture as they stand when it is turned by 180 degrees."""
    turned: np.ndarray = np.array(image.shape[1::-1], dtype=np.float32) - np.roll(quads, 2, axis=1)
    return turned


def _letters(reads: Sequence[Read]) -> int:
    return sum(character.isalpha() for read in good(reads) for character in read.text)


def _mean_score(reads: Sequence[Read]) -> float:
    return sum(read.score for read in reads if read.text.strip()) / max(1, len(reads))
