"""Turns a line as it is displayed into the order in which it is read: the way back from the bidirectional algorithm (UAX #9).

A page of a PDF or a scan holds glyphs by place, from left to right; Hebrew and Arabic among them run the other way.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
"""A letter or mark of Hebrew, Arabic, Syriac, Thaana or their presentation forms."""

_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")


def runs_right_to_left(text: str) -> bool:
    """Return whether most letters of a text belong to scripts that run from right to left."""
    if not RIGHT_TO_LEFT.search(text):
        return False
    letters = [character for character in text if character.isalpha()]
    return 2 * sum(bool(RIGHT_TO_LEFT.match(character)) for character in letters) > len(letters)


def as_read(units: Sequence[str], *, right_to_left: bool) -> str:
    """Return a line in reading order. `units` are its glyphs, or its words each in reading order, and blanks, from left to right.

    `right_to_left` is the direction of the paragraph. A number that follows a Latin name is read with it, since both
    orders of the two are displayed alike.
    """
    kinds = [_kind(unit) for unit in units]
    if right_to_left:
        return _backwards(units, kinds)
    pieces, at = [], 0
    while at < len(units):
        if kinds[at] != "R":
            pieces.append(units[at])
            at += 1
            continue
        stop = at + 1
        for ahead in range(at + 1, len(units)):
            if kinds[ahead] == "L":
                break
            if kinds[ahead] == "R":
                stop = ahead + 1
        pieces.append(_backwards(units[at:stop], kinds[at:stop]))
        at = stop
    return "".join(pieces)


def _backwards(units: Sequence[str], kinds: Sequence[str]) -> str:
    """Return units from right to left, Latin words and numbers among them from left to right."""
    pieces, stop, latin = [], len(units), _latin(kinds)
    while stop:
        start = _start_of_run(kinds, stop, latin)
        if start < stop - 1 or kinds[stop - 1] in "L1":
            pieces.append("".join(units[start:stop]))
        else:
            pieces.append(units[start].translate(_MIRRORED) if kinds[start] == " " else units[start])
        stop = start
    return "".join(pieces)


def _latin(kinds: Sequence[str]) -> list[int | None]:
    """Return for each unit where the Latin words and numbers begin that reach up to it, None where no such word stands there."""
    found: list[int | None] = []
    first, word = None, False
    for at, kind in enumerate(kinds):
        if kind == "R":
            first, word = None, False
        elif kind in "L1":
            first, word = at if first is None else first, word or kind == "L"
        found.append(first if word else None)
    return found


def _start_of_run(kinds: Sequence[str], stop: int, latin: Sequence[int | None]) -> int:
    """Return where the run that ends before `stop` begins: Latin words with what stands between them, one number, or one unit."""
    if kinds[stop - 1] not in "L1%":
        return stop - 1
    begins = latin[stop - 1]
    if begins is not None:
        return begins
    number = stop
    while number and (
        kinds[number - 1] in "1%" or (kinds[number - 1] == "." and number > 1 and kinds[number - 2] == "1" and number < stop)
    ):
        number -= 1
    return number if "1" in kinds[number:stop] else stop - 1


def _kind(unit: str) -> str:
    """Return R or L for letters, 1 for digits, "." for what may stand inside a number, "%" for what may stand at it, else " "."""
    classes = {unicodedata.bidirectional(character) for character in unit}
    if classes & {"R", "AL"}:
        return "R"
    if "L" in classes:
        return "L"
    if classes & {"EN", "AN"}:
        return "1"
    return "." if classes <= {"CS", "ES"} and classes else "%" if classes <= {"ET"} and classes else " "
