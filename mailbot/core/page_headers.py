"""The header of a table among placed words: which lines may be one, and which of their labels stands over which column.

Labels may be centred, stand left of figures that stand on the right, run over two or three lines, or group several columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations, pairwise

from mailbot.core.lines import Line, Piece, piece_of
from mailbot.core.page_columns import Span, is_figure
from mailbot.core.table_types import kind
from mailbot.core.words import Word, line_text

LONGEST_LABEL, MOST_WORDS = 48, 6
"""Characters and words of a column's label on one line; what is longer is prose."""

_MOST_PARTS = 4


def may_head(pieces: Sequence[Piece]) -> bool:
    """Return whether the cells of a line may be the labels of columns: short words, no values, no "Date:" of a list."""
    texts = [piece.text for piece in pieces]
    return all(is_label(text) for text in texts) and sum(text.endswith((":", "：")) for text in texts) in (0, len(texts))


def is_label(text: str) -> bool:
    """Return whether a cell may be the label of a column, or a part of one."""
    digits = sum(character.isdigit() for character in text)
    if re.search(r"[:：].*\w", text):  # "Date: 3 May"
        return False
    return (
        len(text) <= LONGEST_LABEL
        and text.count(" ") < MOST_WORDS
        and digits <= 2
        and not is_figure(text)
        and kind(text) not in ("web", "missing")
    )


def name_columns(lines: Sequence[Line], bands: Sequence[Span], height: float) -> tuple[list[str], list[Span]]:
    """Return the names of the columns, "" where a column has none, and the columns: one more for each label over no words."""
    rows = [line.pieces for line in lines]
    main = max(range(len(rows)), key=lambda at: (len(rows[at]), at))
    labels, columns = _placed(rows[main], bands)
    wide = _with_labels(rows[main], labels, columns)
    parts: list[list[str]] = [[] for _ in columns]
    for at, pieces in enumerate(rows):
        texts = labels if at == main else _stacked(pieces, wide, labels, height, above=at < main)
        for place, text in enumerate(texts):
            if text:
                parts[place].append(text)
    return [" ".join(part) for part in parts], columns


def _with_labels(pieces: Sequence[Piece], labels: Sequence[str], columns: Sequence[Span]) -> list[Span]:
    """Return the columns, each as wide as its words and its label."""
    found = list(columns)
    for piece in pieces:
        if piece.text in labels:
            near = [at for at, label in enumerate(labels) if label == piece.text]
            at = min(near, key=lambda place: _distance(piece, columns[place]))
            found[at] = min(found[at][0], piece.x0), max(found[at][1], piece.x1)
    return found


def _placed(pieces: Sequence[Piece], bands: Sequence[Span]) -> tuple[list[str], list[Span]]:
    """Return each column's label on the main line of the header; labels over nothing take the column beside them, or a new one."""
    over = [[at for at, band in enumerate(bands) if _overlap(piece, band)] for piece in pieces]
    owner: dict[int, list[Word]] = {}
    for piece, under in zip(pieces, over, strict=True):
        if len(under) == 1:
            owner.setdefault(under[0], []).extend(piece.words)
    for piece, under in zip(pieces, over, strict=True):
        if len(under) > 1:
            _share_out(piece, under, bands, owner)
    columns = list(bands)
    fresh: list[Piece] = []
    for at, (piece, under) in enumerate(zip(pieces, over, strict=True)):
        if under:
            continue
        left, right = pieces[at - 1].x1 if at else float("-inf"), pieces[at + 1].x0 if at + 1 < len(pieces) else float("inf")
        free = [band for band in range(len(bands)) if band not in owner and left < bands[band][1] and bands[band][0] < right]
        near = min(free, key=lambda band: _distance(piece, bands[band]), default=None)
        if near is not None and not _between(piece, bands[near], bands):
            owner[near] = list(piece.words)
        else:
            fresh.append(piece)
    named = [(band, line_text(owner.get(at, ()))) for at, band in enumerate(columns)]
    named += [((piece.x0, piece.x1), piece.text) for piece in fresh]
    named.sort(key=lambda one: one[0])
    return [name for _, name in named], [band for band, _ in named]


def _share_out(piece: Piece, under: Sequence[int], bands: Sequence[Span], owner: dict[int, list[Word]]) -> None:
    """Give a label over several columns to the one that has none, or its words to those that have none."""
    free = [at for at in under if at not in owner]
    if len(free) <= 1:
        best = free[0] if free else min(under, key=lambda at: _misaligned(piece, bands[at]))
        owner.setdefault(best, []).extend(piece.words)
        return
    for place, words in zip(free, _parted(piece.words, [bands[at] for at in free]), strict=False):
        owner.setdefault(place, []).extend(words)


def _parted(words: Sequence[Word], bands: Sequence[Span]) -> list[tuple[Word, ...]]:
    """Return the words of a label in as many parts as there are columns below it, cut where the parts stand best over them."""

    def parts(cuts: tuple[int, ...]) -> list[tuple[Word, ...]]:
        return [tuple(words[a:b]) for a, b in pairwise((0, *cuts, len(words)))]

    def misaligned(cuts: tuple[int, ...]) -> float:
        pieces = [piece_of(part) for part in parts(cuts)]
        astray = sum(max(0.0, a.x1 - band[0]) for a, band in zip(pieces, bands[1:], strict=False))
        gaps = sum(b.x0 - a.x1 for a, b in pairwise(pieces))
        return astray - gaps + sum(_misaligned(piece, band) for piece, band in zip(pieces, bands, strict=True))

    count = min(len(bands), len(words), _MOST_PARTS)
    bands = bands[:count]
    return parts(min(combinations(range(1, min(len(words), 2 * MOST_WORDS)), count - 1), key=misaligned, default=()))


def _stacked(pieces: Sequence[Piece], columns: Sequence[Span], labels: Sequence[str], height: float, *, above: bool) -> list[str]:
    """Return each column's label on a further line of the header; what is centred over several columns names them all."""
    found = [""] * len(columns)
    for at, piece in enumerate(pieces):
        right = pieces[at + 1].x0 if at + 1 < len(pieces) else float("inf")
        under = [place for place, band in enumerate(columns) if _overlap(piece, band)]
        under = under or [min(range(len(columns)), key=lambda place: _distance(piece, columns[place]))]
        group = _group(piece, columns, right, height) if above else []
        if not group and len(under) > 1:
            under = [min(under, key=lambda place: _misaligned(piece, columns[place]))]
        for place in group or under:
            found[place] = f"{found[place]} {piece.text}".strip()
    if above and any(text and not labels[at] for at, text in enumerate(found)):
        for at in range(1, len(found)):  # labels that stand over nothing but their own column show that others are groups
            if not found[at] and found[at - 1] and labels[at] and labels[at - 1]:
                found[at] = found[at - 1]
    return found


def _group(piece: Piece, columns: Sequence[Span], right: float, height: float) -> list[int]:
    """Return the columns that a label is centred over, [] when it stands over one."""
    middle = (piece.x0 + piece.x1) / 2
    for first in range(len(columns)):
        for last in range(len(columns) - 1, first, -1):
            left, end = columns[first][0], columns[last][1]
            if end <= right and left <= piece.x0 and piece.x1 <= end and abs((left + end) / 2 - middle) < height:
                if any(_misaligned(piece, columns[at]) < 0.3 * height for at in range(first, last + 1)):
                    return []
                return list(range(first, last + 1))
    return []


def _overlap(piece: Piece, band: Span) -> bool:
    return piece.x0 < band[1] and band[0] < piece.x1


def _distance(piece: Piece, band: Span) -> float:
    return max(band[0] - piece.x1, piece.x0 - band[1], 0.0)


def _between(piece: Piece, band: Span, bands: Sequence[Span]) -> bool:
    """Return whether another column stands between a label and a column."""
    left, right = min(piece.x1, band[1]), max(piece.x0, band[0])
    return any(left <= other[0] and other[1] <= right for other in bands)


def _misaligned(piece: Piece, band: Span) -> float:
    """Return how far a label is from standing over a column: at its left edge, its right one, or centred."""
    return min(abs(piece.x0 - band[0]), abs(piece.x1 - band[1]), abs(piece.x0 + piece.x1 - band[0] - band[1]) / 2)
