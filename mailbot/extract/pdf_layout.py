"""Looks at what is drawn on a PDF page besides text: how much of it is pictures, and which ruling lines make grids.

This costs a fraction of what pdfplumber does, reads whole grids as well, and says where pdfplumber is worth its cost.
Boxes and lines are in points of the upright page, y down.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from typing import Any

import pypdfium2.raw as pdfium

from mailbot.core.document import Box
from mailbot.extract.pdf_chars import Matrix, char_boxes, moved

OBJECTS_SEEN = 5_000
"""Page objects looked at; a map or drawing can have millions."""

_DEEPEST_FORM = 4

THIN = 3.0
"""Points; what is drawn thinner is a line, what is thicker a box with four."""

NEAR = 2.0
"""Points within which two lines meet or are one."""

BACKGROUND = 0.9
"""Share of the page from which on a box is its background or frame."""

MOST_LINES = 600
"""More lines than this are a drawing."""

PageObject = tuple[int, Any]
"""What PDFium calls the kind of an object on a page, and its handle."""

Rule = tuple[float, float, float]
"""A line: where it lies (y of one across, x of one down), and from where to where it goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Ruling lines that cross: at least three each way. `whole` when each goes all the way, so that no cells are joined."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How a page is shown: its size in points, how PDF space lies on it, and the degrees clockwise it was turned for that."""

    width: float
    height: float
    matrix: Matrix
    turned: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The share of the page under pictures, the grids on it, and of how many segments the paths on it are drawn.

    `over_picture` says that most of the text was written onto a picture for all to see, and not hidden under or in it.
    """

    pictures: float
    grids: tuple[Grid, ...]
    segments: int = 0
    over_picture: bool = False


def layout(objects: Sequence[PageObject], shown: Shown) -> Layout:
    """Look at the page's pictures and ruling lines."""
    width, height, matrix = shown.width, shown.height, shown.matrix
    pictures, segments, hidden, plain = 0.0, 0, 0, 0
    drawn: list[Box] = []
    edges = [ctypes.c_float() for _ in range(4)]
    for kind, item in objects:
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            if pictures and pdfium.FPDFTextObj_GetTextRenderMode(item) != pdfium.FPDF_TEXTRENDERMODE_INVISIBLE:
                plain += 1
            else:
                hidden += 1
        if kind == pdfium.FPDF_PAGEOBJ_FORM:
            inside, more = _inside(item)
            segments += more
            kind = pdfium.FPDF_PAGEOBJ_IMAGE if inside else kind
        if kind not in (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_PATH) or not pdfium.FPDFPageObj_GetBounds(item, *edges):
            continue
        x0, y0, x1, y1 = moved(matrix, edges[0].value, edges[1].value, edges[2].value, edges[3].value)
        x0, y0, x1, y1 = max(0.0, x0), max(0.0, y0), min(width, x1), min(height, y1)
        share = max(0.0, x1 - x0) * max(0.0, y1 - y0) / max(1.0, width * height)
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            pictures += share
            continue
        segments += max(0, pdfium.FPDFPath_CountSegments(item))
        if share < BACKGROUND:
            drawn.append((x0, y0, x1, y1))
    return Layout(pictures=pictures, grids=tuple(find_grids(drawn)), segments=segments, over_picture=plain > hidden)


def _inside(form: Any, depth: int = 0) -> tuple[bool, int]:
    """Return whether a form (a group of objects drawn as one) has a picture in it, and how many segments its paths have."""
    picture, segments = False, 0
    for index in range(min(pdfium.FPDFFormObj_CountObjects(form), OBJECTS_SEEN) if depth < _DEEPEST_FORM else 0):
        item = pdfium.FPDFFormObj_GetObject(form, index)
        kind = pdfium.FPDFPageObj_GetType(item)
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            picture = True
        elif kind == pdfium.FPDF_PAGEOBJ_PATH:
            segments += max(0, pdfium.FPDFPath_CountSegments(item))
        elif kind == pdfium.FPDF_PAGEOBJ_FORM:
            more = _inside(item, depth + 1)
            picture, segments = picture or more[0], segments + more[1]
    return picture, segments


def page_objects(page: Any) -> list[PageObject]:
    """Return the first objects of a page."""
    raw = page.raw
    count = min(OBJECTS_SEEN, pdfium.FPDFPage_CountObjects(raw))
    items = list(map(pdfium.FPDFPage_GetObject, repeat(raw), range(count)))
    return list(zip(map(pdfium.FPDFPageObj_GetType, items), items, strict=True))


def shown_upright(page: Any, textpage: Any) -> Shown:
    """Return how a page is shown with its text running from left to right: /Rotate is not always the whole truth."""
    shown = _as_displayed(page)
    turn = _turn_of_text(textpage, shown.matrix)
    a, b, c, d, e, f = shown.matrix
    width, height = shown.width, shown.height
    if turn == 90:
        return Shown(width=height, height=width, matrix=(-d, -e, height - f, a, b, c), turned=90)
    if turn == 180:
        return Shown(width=width, height=height, matrix=(-a, -b, width - c, -d, -e, height - f), turned=180)
    if turn == 270:
        return Shown(width=height, height=width, matrix=(d, e, f, -a, -b, width - c), turned=270)
    return shown


def _as_displayed(page: Any) -> Shown:
    width, height = page.get_size()
    fine = 100  # PageToDevice speaks whole pixels

    def place(x: float, y: float) -> tuple[float, float]:
        across, down = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(page, 0, 0, round(width * fine), round(height * fine), 0, x, y, across, down)
        return across.value / fine, down.value / fine

    (x0, y0), (x1, y1), (x2, y2) = place(0, 0), place(1000, 0), place(0, 1000)
    matrix = ((x1 - x0) / 1000, (x2 - x0) / 1000, x0, (y1 - y0) / 1000, (y2 - y0) / 1000, y0)
    return Shown(width=width, height=height, matrix=matrix)


def _turn_of_text(textpage: Any, matrix: Matrix) -> int:
    """Return by how many degrees clockwise a page must be turned for its text to run from left to right.

    Judged on a few runs of Latin letters or digits, which run that way in the company of every script.
    """
    text = textpage.get_text_range()
    if len(text) != textpage.count_chars():
        return 0
    runs = list(islice(re.finditer(r"[A-Za-z0-9]{4,}", text), 60))
    if runs and _lies_on_its_side(textpage, text, runs[0].start()):
        return 0
    ends = char_boxes(textpage, [at for run in runs for at in (run.start(), run.end() - 1)], matrix)
    middles = (ends[:, :2] + ends[:, 2:]) / 2
    right, down = (middles[1::2] - middles[::2]).sum(axis=0)
    if abs(right) >= abs(down):
        return 0 if right >= 0 else 180
    return 270 if down > 0 else 90


def _lies_on_its_side(textpage: Any, text: str, latin: int) -> bool:
    """Return whether Chinese or Japanese signs stand another way up than the Latin run at `latin`: their lines run down."""
    signs = islice(re.finditer("[\u3000-\u9fff]", text), 20)
    angle = pdfium.FPDFText_GetCharAngle(textpage, latin)
    return any(abs(math.sin(pdfium.FPDFText_GetCharAngle(textpage, sign.start()) - angle)) > 0.7 for sign in signs)


def find_grids(drawn: Iterable[Box]) -> list[Grid]:
    """Return the grids that the edges of what is drawn make, from the top of the page."""
    across: dict[int, list[tuple[float, float]]] = defaultdict(list)
    down: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for x0, y0, x1, y1 in drawn:
        for y in {y0, y1} if y1 - y0 > THIN else {(y0 + y1) / 2}:
            if x1 - x0 > THIN:
                across[round(y / NEAR)].append((x0, x1))
        for x in {x0, x1} if x1 - x0 > THIN else {(x0 + x1) / 2}:
            if y1 - y0 > THIN:
                down[round(x / NEAR)].append((y0, y1))
    rows = [(y * NEAR, *span) for y, spans in across.items() for span in _joined(spans)]
    columns = [(x * NEAR, *span) for x, spans in down.items() for span in _joined(spans)]
    if len(rows) + len(columns) > MOST_LINES:
        return []
    found = [grid for some_rows, some_columns in _crossing(rows, columns) if (grid := _grid(some_rows, some_columns))]
    return sorted(found, key=lambda grid: (grid.ys[0], grid.xs[0]))


def _crossing(rows: Sequence[Rule], columns: Sequence[Rule]) -> list[tuple[list[Rule], list[Rule]]]:
    """Return the lines in groups, each line with all that it crosses, and what those cross, and so on."""
    left = set(rows)
    groups = []
    while left:
        some_rows, some_columns, fresh = set[Rule](), set[Rule](), {left.pop()}
        while fresh:
            some_rows |= fresh
            met = {column for column in columns if column not in some_columns and any(_cross(row, column) for row in fresh)}
            some_columns |= met
            fresh = {row for row in left if any(_cross(row, column) for column in met)}
            left -= fresh
        groups.append((sorted(some_rows), sorted(some_columns)))
    return groups


def _cross(row: Rule, column: Rule) -> bool:
    return column[1] - NEAR <= row[0] <= column[2] + NEAR and row[1] - NEAR <= column[0] <= row[2] + NEAR


def _grid(rows: Sequence[Rule], columns: Sequence[Rule]) -> Grid | None:
    ys, xs = _apart(row[0] for row in rows), _apart(column[0] for column in columns)
    if len(ys) < 3 or len(xs) < 3:
        return None
    slack = 2 * NEAR
    whole = all(row[1] <= xs[0] + slack and row[2] >= xs[-1] - slack for row in rows)
    whole = whole and all(column[1] <= ys[0] + slack and column[2] >= ys[-1] - slack for column in columns)
    return Grid(xs=xs, ys=ys, whole=whole)


def _apart(places: Iterable[float]) -> tuple[float, ...]:
    """Return places in order, those that are near each other as one."""
    found: list[float] = []
    for place in sorted(places):
        if not found or place - found[-1] > 2 * NEAR:
            found.append(place)
    return tuple(found)


def _joined(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return spans on one line with those that touch made one."""
    found: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1] + NEAR:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found
