"""Which way up a scanned page lies: from the boxes of its text lines, the quarter turn and the skew; and turning the page so.

The boxes tell lying from standing lines and the skew, but not up from down: that is tried by reading (`ocr.upside_down`).
A quad is an array [4, 2] of x, y in pixels: top left, top right, bottom right, bottom left of a text line, before any turn.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np

MAX_SKEW = 15.0
"""Degrees; lines that lean more are not what the page is about (stamps, watermarks)."""


def standing(quads: np.ndarray) -> bool:
    """Return whether most of the text runs up or down the page (the page lies on its side), however the quads are numbered."""
    wide, high = _extent(quads)
    long = np.where((wide >= high)[:, None], quads[:, 1] - quads[:, 0], quads[:, 2] - quads[:, 1])
    steep = np.abs(long[:, 1]) - np.abs(long[:, 0])
    return bool(np.sum(steep[np.maximum(wide, high) > 2 * np.minimum(wide, high)]) > 0)


def skew(quads: np.ndarray) -> float:
    """Return the angle in degrees by which lying lines fall to the right (the median, long lines count more); 0 if unsure."""
    wide, high = _extent(quads)
    top = quads[:, 1] - quads[:, 0]
    angles = np.degrees(np.arctan2(top[:, 1], top[:, 0]))
    useful = (wide > 3 * high) & (np.abs(angles) <= MAX_SKEW)
    if np.count_nonzero(useful) < 3:
        return 0.0
    order = np.argsort(angles[useful])
    weights = np.cumsum(wide[useful][order])
    return float(angles[useful][order][np.searchsorted(weights, weights[-1] / 2)])


def turn(image: np.ndarray, degrees: int) -> np.ndarray:
    """Return the picture turned clockwise by a multiple of 90 degrees."""
    return np.ascontiguousarray(np.rot90(image, -(degrees // 90) % 4))


def straighten(image: np.ndarray, degrees: float) -> np.ndarray:
    """Return the picture turned by -`degrees` about its middle, its size kept, so that lines that fall by that run level."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    straight: np.ndarray = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return straight


def lean(box: tuple[float, float, float, float], degrees: float, width: float, height: float) -> tuple[float, float, float, float]:
    """Return where a box of the straightened page stands on the page before: the box around it, cut at the page's edges."""
    angle = math.radians(degrees)
    corners = [(x - width / 2, y - height / 2) for x in (box[0], box[2]) for y in (box[1], box[3])]
    xs = [x * math.cos(angle) - y * math.sin(angle) + width / 2 for x, y in corners]
    ys = [x * math.sin(angle) + y * math.cos(angle) + height / 2 for x, y in corners]
    return max(0.0, min(xs)), max(0.0, min(ys)), min(width, max(xs)), min(height, max(ys))


def cut(image: np.ndarray, quad: np.ndarray) -> np.ndarray:
    """Return a text line cut out of the page and pulled straight."""
    wide, high = (max(1, round(float(extent[0]))) for extent in _extent(quad[None]))
    corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], dtype=np.float32)
    matrix: Any = cv2.getPerspectiveTransform(quad.astype(np.float32), corners)
    line: np.ndarray = cv2.warpPerspective(image, matrix, (wide, high), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return line


def _extent(quads: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the width and height of each quad, the longer of opposite edges."""
    edges = np.linalg.norm(quads - np.roll(quads, -1, axis=1), axis=2)
    return np.maximum(edges[:, 0], edges[:, 2]), np.maximum(edges[:, 1], edges[:, 3])
