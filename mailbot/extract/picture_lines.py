"""Finds the ruling lines of a picture, and the grids that they make: long straight strokes, which no letter has (OpenCV)."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from mailbot.core.document import Box
from mailbot.extract.pdf_layout import Grid, find_grids

_PAGE = 595.0
"""Points that a picture is taken to be wide: what a line is and what is near is the same on paper and on pictures of it."""

_LONG = 22.0
"""Points of the shortest stroke that is a line: more than the highest letters, less than two rows."""

_THICK = 5.0
"""Points that a line may be thick, and fall over its whole length."""


def grids_in(image: np.ndarray) -> tuple[Grid, ...]:
    """Return the grids ruled on a picture [height, width, 3] (BGR, 8 bits) that stands upright, in its pixels."""
    unit = _PAGE / image.shape[1]
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    side = max(15, round(12 / unit)) | 1
    dark = cv2.adaptiveThreshold(gray, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, side, 12)
    strokes = [
        tuple(edge * unit for edge in box) for box in (*_strokes(dark, unit, across=True), *_strokes(dark, unit, across=False))
    ]
    return tuple(scaled(grid, 1 / unit) for grid in find_grids(strokes))


def _strokes(dark: np.ndarray, unit: float, *, across: bool) -> Iterator[Box]:
    """Yield the lines across or down, each as a box without thickness."""
    long = max(10, round(_LONG / unit))
    size = (long, 1) if across else (1, long)
    opened = cv2.morphologyEx(dark, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_RECT, size))
    joined = cv2.dilate(opened, np.ones((3, 3), dtype=np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    for x, y, wide, high, _ in stats[1:]:
        if across and high * unit <= _THICK and wide > 3 * high:
            yield float(x), y + high / 2, float(x + wide), y + high / 2
        elif not across and wide * unit <= _THICK and high > 3 * wide:
            yield x + wide / 2, float(y), x + wide / 2, float(y + high)


def scaled(grid: Grid, unit: float) -> Grid:
    """Return a grid with its lines multiplied by `unit`."""
    return Grid(xs=tuple(x * unit for x in grid.xs), ys=tuple(y * unit for y in grid.ys), whole=grid.whole)
