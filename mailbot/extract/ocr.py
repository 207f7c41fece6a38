"""Reads the text of a picture by OCR (RapidOCR with the models in its wheel): lines of words with boxes, whichever way it lies.

The lines are found on a reduced picture (detection is the expensive part and needs no detail), the page is turned and
straightened by them, and each line is read at full resolution. Nothing is downloaded. One engine a process, one thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np

from mailbot.core.reading_order import block_text
from mailbot.core.words import PageWords, Word, in_lines
from mailbot.extract import orientation
from mailbot.extract.pdf_layout import Grid
from mailbot.extract.picture_lines import grids_in

DETECT_SIDE = 1760
"""Pixels of the longer side on which lines are looked for: 150 dpi of an A4 page. Less misses lone digits, more only costs."""

MOST_ENLARGED = 1.5
"""How far a small picture is enlarged towards DETECT_SIDE: at 100 dpi lone digits are missed otherwise."""

SKEW_SEEN = 0.4
"""Degrees of skew from which on the page is straightened before it is read."""

SURE = 0.9
"""Mean confidence of a few lines from which on the page is taken to be the right way up without trying the other."""

LEAST_SCORE = 0.5
"""Lines that are read with less confidence are mostly pictures, stamps and noise."""


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


def scan(image: np.ndarray, *, number: int = 1) -> Scan:
    """Read a picture [height, width, 3] (BGR, 8 bits) as page `number`."""
    image, quads, turned, fall = upright(image)
    height, width = image.shape[:2]
    if fall:
        image = orientation.straighten(image, fall)
        quads = find_lines(image)
    words: list[Word] = []
    scores: list[tuple[float, int]] = []
    for quad, (text, score, spans) in zip(quads, read_lines(image, quads), strict=True):
        if score >= LEAST_SCORE and text.strip():
            words += _words(quad, text, spans)
            scores.append((score, len(text)))
    page = PageWords(number=number, width=width, height=height, lines=in_lines(words))
    characters = sum(length for _, length in scores)
    return Scan(
        words=page,
        text=block_text(page),
        confidence=round(sum(score * length for score, length in scores) / characters, 3) if characters else None,
        turned=turned,
        skew=fall,
        grids=grids_in(image),
    )


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
        quads = np.array(image.shape[1::-1], dtype=np.float32) - np.roll(quads, 2, axis=1)
    fall = orientation.skew(quads) if len(quads) else 0.0
    return image, quads, turned, fall if abs(fall) >= SKEW_SEEN else 0.0


def find_lines(image: np.ndarray) -> np.ndarray:
    """Return the quads [n, 4, 2] of the text lines, in pixels of `image`."""
    height, width = image.shape[:2]
    scale = min(MOST_ENLARGED, DETECT_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    sized = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    border = 16
    sized = cv2.copyMakeBorder(sized, border, border, border, border, cv2.BORDER_REPLICATE)
    boxes = _detector()(sized).boxes
    if boxes is None:
        return np.zeros((0, 4, 2), dtype=np.float32)
    quads: np.ndarray = (np.asarray(boxes, dtype=np.float32) - border) / scale
    inside: np.ndarray = np.clip(quads, 0, np.array([width, height], dtype=np.float32))
    return inside


def upside_down(image: np.ndarray, quads: np.ndarray) -> bool:
    """Return whether a few of the lines read better the other way up."""
    wide = np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1)
    high = np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)
    ratio = wide / np.maximum(high, 1)
    longer = [int(at) for at in np.flatnonzero(ratio > 2)] or list(range(len(quads)))
    some = sorted(longer, key=lambda at: abs(ratio[at] - 8))[:8]
    up = _mean_score(read_lines(image, quads[some]))
    if up >= SURE:
        return False
    down = np.array(image.shape[1::-1], dtype=np.float32) - np.roll(quads[some], 2, axis=1)
    return _mean_score(read_lines(orientation.turn(image, 180), down)) > up


def read_lines(image: np.ndarray, quads: np.ndarray) -> list[tuple[str, float, list[float]]]:
    """Return for each line its text, its score 0..1, and where each character other than a space has its middle (0..1)."""
    from rapidocr.ch_ppocr_rec import TextRecInput

    if not len(quads):
        return []
    read = _recognizer()(TextRecInput(img=[orientation.cut(image, quad) for quad in quads], return_word_box=True))
    found = []
    for text, score, info in zip(read.txts, read.scores, read.word_results, strict=True):
        columns = [column for word in info.word_cols for column in word]
        found.append((text, float(score), [min(1.0, (column + 0.5) / max(1.0, info.line_txt_len)) for column in columns]))
    return found


def _words(quad: np.ndarray, text: str, middles: list[float]) -> list[Word]:
    """Split a line at its spaces; each word's box follows from where its first and last characters stand."""
    left, right = float((quad[0, 0] + quad[3, 0]) / 2), float((quad[1, 0] + quad[2, 0]) / 2)
    top, bottom = float((quad[0, 1] + quad[1, 1]) / 2), float((quad[2, 1] + quad[3, 1]) / 2)
    pieces = text.split()
    half = 0.5 / max(1, len(text))
    words, at = [], 0
    for piece in pieces:
        start, end = middles[at] - half, middles[at + len(piece) - 1] + half
        at += len(piece)
        x0, x1 = (left + (right - left) * min(1.0, max(0.0, part)) for part in (start, end))
        words.append(Word(text=piece, box=(x0, top, max(x1, x0 + 1), max(bottom, top + 1))))
    return words


def _mean_score(lines: list[tuple[str, float, list[float]]]) -> float:
    return sum(score for text, score, _ in lines if text.strip()) / max(1, len(lines))


@cache
def _engine() -> Any:
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.use_cls": False,
            "Global.log_level": "error",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Det.limit_side_len": 64,  # its own resizing off: find_lines has sized the picture
            "Det.box_thresh": 0.35,
        }
    )


def _detector() -> Any:
    return _engine()._load_det_model()


def _recognizer() -> Any:
    return _engine()._load_rec_model()
