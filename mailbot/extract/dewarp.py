"""A photo of a page: the page's four edges are found, the page is cut out and pulled rectangular, and its shadows are evened out.

Only a page that is brighter than what it lies on along all four edges, and that does not lie straight in the picture, is taken
for a photo: a scan is left as it is, whatever boxes and panels are printed on it. A quad is as in `orientation`.
"""

from __future__ import annotations

from itertools import product

import cv2
import numpy as np

from mailbot.extract.orientation import cut

SIDE = 480
"""Pixels of the longer side of the small picture on which the edges are looked for."""

LEAST_AREA = 0.2
"""Share of the picture that a page covers at least."""

STRAIGHT = 0.6
"""Degrees: edges that all lie closer to the picture's own need no pulling."""

BRIGHTER = 1.12
"""How much brighter the page is than what lies beside it, just across an edge."""

MOST_TILT = 40.0
"""Degrees by which an edge may lean."""

EDGES_TRIED = 7
"""Candidates for each edge of the page, the longest ones."""

SHADED = 0.75
"""Brightness of a page's darkest part against its brightest from which on its shadows are evened out."""


def flat_page(image: np.ndarray) -> np.ndarray:
    """Return the page on a photo, cut out, rectangular and evenly lit; any other picture as it is."""
    quad = page_quad(image)
    return image if quad is None else even_light(cut(image, quad))


def page_quad(image: np.ndarray) -> np.ndarray | None:
    """Return the corners of the page on a photo, in pixels of `image`, or None when there is none to be cut out."""
    scale = SIDE / max(image.shape[:2])
    if scale >= 1:
        return None
    small = cv2.cvtColor(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    paper = cv2.GaussianBlur(cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8)), (0, 0), 1.5)  # without its ink
    lines = _edges(paper)
    best, most = None, 0.0
    for top, bottom, left, right in product(*lines):
        corners = [_crossing(top, left), _crossing(top, right), _crossing(bottom, right), _crossing(bottom, left)]
        quad = np.array(corners, dtype=np.float32)
        if not _page_like(quad, paper.shape):
            continue
        weight = _support(paper, quad) * _area(quad)  # the edge of a hard shadow makes a smaller quad
        if weight > most:
            best, most = quad, weight
    if best is None or _lies_straight(best):
        return None
    found: np.ndarray = best / scale
    return found


def even_light(image: np.ndarray) -> np.ndarray:
    """Return the picture of a page without shadows: each part divided by the brightness of the paper there."""
    scale = min(1.0, SIDE / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    paper = cv2.GaussianBlur(cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8)), (0, 0), 4)
    dark, bright = np.percentile(paper.max(axis=2), (5, 95))
    if dark > SHADED * bright:
        return image
    light = cv2.resize(paper, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    even: np.ndarray = cv2.divide(image, np.maximum(light, 8), scale=240)
    return even


Edge = tuple[float, float]
"""A straight line as its angle and distance from the origin: x cos + y sin = distance."""


def _edges(paper: np.ndarray) -> tuple[list[Edge], list[Edge], list[Edge], list[Edge]]:
    """Return the candidates for the top, bottom, left and right edge of the page."""
    # Shadows multiply: on a logarithmic scale an edge is as strong in the shade as in the light.
    logs = np.log1p(paper.astype(np.float32))
    logs = ((logs - logs.min()) * (255 / max(1e-6, float(np.ptp(logs))))).astype(np.uint8)
    found = cv2.HoughLines(cv2.Canny(logs, 15, 40), 1, np.pi / 360, SIDE // 8)
    height, width = paper.shape
    sides: tuple[list[Edge], list[Edge], list[Edge], list[Edge]] = ([], [], [], [])
    for rho, theta in found[:400, 0] if found is not None else ():
        angle = np.degrees(theta)
        lying = abs(angle - 90) <= MOST_TILT
        if not lying and min(angle, 180 - angle) > MOST_TILT:
            continue
        middle = (
            (rho - width / 2 * np.cos(theta)) / np.sin(theta) < height / 2
            if lying
            else (rho - height / 2 * np.sin(theta)) / np.cos(theta) < width / 2
        )
        side = sides[(0 if middle else 1) if lying else (2 if middle else 3)]
        if len(side) < EDGES_TRIED and all(abs(rho - one[0]) > 8 or abs(theta - one[1]) > 0.05 for one in side):
            side.append((float(rho), float(theta)))
    top, bottom, left, right = ([(theta, rho) for rho, theta in side] for side in sides)
    return top, bottom, left, right


def _crossing(one: Edge, other: Edge) -> tuple[float, float]:
    (a, r), (b, s) = one, other
    across = np.sin(b - a)
    if abs(across) < 0.2:
        return float("inf"), float("inf")
    return float((r * np.sin(b) - s * np.sin(a)) / across), float((s * np.cos(a) - r * np.cos(b)) / across)


def _page_like(quad: np.ndarray, shape: tuple[int, ...]) -> bool:
    """Return whether four corners make a page: inside the picture, convex, large, its corners near enough to right angles."""
    height, width = shape[:2]
    if not np.isfinite(quad).all() or quad.min() < -2 or quad[:, 0].max() > width + 2 or quad[:, 1].max() > height + 2:
        return False
    ahead, behind = np.roll(quad, -1, axis=0) - quad, np.roll(quad, 1, axis=0) - quad
    cosines = (ahead * behind).sum(axis=1) / np.maximum(np.linalg.norm(ahead, axis=1) * np.linalg.norm(behind, axis=1), 1e-6)
    turns = ahead[:, 0] * behind[:, 1] - ahead[:, 1] * behind[:, 0]
    return bool((turns > 0).all() and np.abs(cosines).max() < 0.6 and _area(quad) > LEAST_AREA * height * width)


def _area(quad: np.ndarray) -> float:
    return 0.5 * abs(float(np.sum(quad[:, 0] * np.roll(quad[:, 1], -1) - np.roll(quad[:, 0], -1) * quad[:, 1])))


def _support(paper: np.ndarray, quad: np.ndarray) -> float:
    """Return for how much of its four edges the page is brighter than what lies beside it; 0 when one edge is not borne out."""
    height, width = paper.shape
    steps = np.linspace(0.04, 0.96, 40)[:, None]
    shares = []
    for start, end in zip(quad, np.roll(quad, -1, axis=0), strict=True):
        along = (end - start) / max(1e-6, float(np.linalg.norm(end - start)))
        inwards = np.array([-along[1], along[0]])
        points = start + steps * (end - start)
        levels = []
        for offset in (5, -5):
            x, y = np.rint(points + offset * inwards).astype(int).T
            there = (x >= 0) & (x < width) & (y >= 0) & (y < height)
            levels.append(np.where(there, paper[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)], 255).astype(np.float32))
        shares.append(float(np.mean(levels[0] >= BRIGHTER * levels[1] + 2)))
    return sum(shares) / 4 if min(shares) > 0.6 else 0.0


def _lies_straight(quad: np.ndarray) -> bool:
    edges = np.roll(quad, -1, axis=0) - quad
    lean = np.degrees(np.arctan2(edges[:, 1], edges[:, 0])) % 90
    return bool(np.minimum(lean, 90 - lean).max() < STRAIGHT)
