"""RapidOCR with the models in its wheel (Chinese, Japanese, English and 46 more languages in Latin script): finds and reads lines.

The lines are found on a reduced picture (detection is the expensive part and needs no detail), and each is read at full
resolution. Nothing is downloaded. One engine a process, one thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np

from mailbot.extract.engine import LEAST_SCORE, Read
from mailbot.extract.orientation import cut

DETECT_SIDE = 1760
"""Pixels of the longer side on which lines are looked for: 150 dpi of an A4 page. Less misses lone digits, more only costs."""

MOST_ENLARGED = 1.5
"""How far a small picture is enlarged towards DETECT_SIDE: at 100 dpi lone digits are missed otherwise."""


class Rapid:
    """See `engine.Engine`."""

    def read(self, image: np.ndarray, quads: np.ndarray) -> list[Read]:
        from rapidocr.ch_ppocr_rec import TextRecInput

        if not len(quads):
            return []
        read = _recognizer()(TextRecInput(img=[cut(image, quad) for quad in quads], return_word_box=True))
        found = []
        for text, score, info in zip(read.txts, read.scores, read.word_results, strict=True):
            columns = [column for word in info.word_cols for column in word]
            middles = [min(1.0, (column + 0.5) / max(1.0, info.line_txt_len)) for column in columns]
            found.append(Read(text, float(score), middles))
        return found


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


def share_read(quads: np.ndarray, reads: Sequence[Read]) -> float:
    """Return how much of the length of the lines came out as text.

    Of scripts that the models lack only the figures come out, and these with good scores.
    """
    wide = np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1)
    high = np.maximum(np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1), 1)
    characters = np.array([sum(map(str.isalnum, read.text)) if read.score >= LEAST_SCORE else 0 for read in reads])
    return float(np.sum(wide * np.minimum(1, characters / np.maximum(0.7 * wide / high, 1))) / max(1.0, float(np.sum(wide))))


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
