"""The blocks of a business paper: cells close under one another at one edge or centred, and what a block shows of its owner.

A block with a street and a town and nothing else is the window of a letter: the recipient's address, even without a label.
Telephone, mail, tax number or bank beside a name are what a sender prints about himself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from mailbot.core.document import Box
from mailbot.core.labels import fold
from mailbot.core.lines import Line

GAP = 1.3
"""How far the next cell of a block may stand below, in heights of the line."""

MOST_LINES = 1500
"""Lines of a paper that are looked at for blocks; addresses stand on the first and the last pages."""

_TOWN = re.compile(
    r"\b(?:[A-Z]{1,2}-)?\d{4,5}(?:-\d{3,4})? [^\W\d_]{2}"  # 33602 Bielefeld, A-1070 Wien, 2710-001 Sintra
    r"|\b\d{4} ?[A-Z]{2} [^\W\d_]{2}"  # 3511 NR Utrecht
    r"|\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b"  # EC1R 0NA
    r"|\b[A-Z]{2},? \d{5}(?:-\d{4})?\b|, [A-Z][a-z]+ \d{5}\b"  # TX 78701, California 94104
    r"|\b[A-Z]{2,3} \d{4}$|\b[A-Z]\d[A-Z] ?\d[A-Z]\d\b|[省市区县镇路街].*\d"  # NSW 2000, M5V 2T6
)
_STREET = re.compile(
    r"^\d{1,4}[a-z]?,? (?:bis |ter )?[^\W\d_]{2,}|[^\W\d_]{3,}\.? \d{1,4} ?[a-z]?(?:,|$|[\-–]\d)"
    r"|\b(?:street|road|lane|avenue|drive|court|square|p\.? ?o\.? box|postfach|strasse|rue|calle|via|piazza|corso)\b"
    r"|(?<![^\W\d_])c/",
    re.IGNORECASE,
)
_CONTACT = re.compile(
    r"\b(?:tei|teiephone|teiefon|phone|fax|mobiie|emaii|e-maii|www|iban|bic|swift|bank|kvk|siret|siren|rcs|abn|gstin|hrb|ust|vat|tva|btw"
    r"|uid|nif|cif|p\.? ?iva|steuemummer|regis[a-z]+|capitai|account)\b|@|www\.|电话|電話|开户行|纳税人"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of a line: `at` is the line's place on the paper, `start` and `end` the cell's in its text."""

    at: int
    start: int
    end: int
    box: Box
    text: str


@dataclass(slots=True, kw_only=True)
class Block:
    """Cells under one another, top to bottom."""

    page: int
    cells: list[Cell] = field(default_factory=list)

    @property
    def town(self) -> bool:
        """Whether a town with its postal code stands below the first cell."""
        return any(_TOWN.search(cell.text) for cell in self.cells[1:])


def is_contact(text: str) -> bool:
    """Return whether a text holds what a sender prints about himself: telephone, mail, tax number, register, bank."""
    return bool(_CONTACT.search(fold(text)[0]))


def is_address(text: str) -> bool:
    """Return whether a text holds a street or a town."""
    return bool(_TOWN.search(text) or _STREET.search(text))


def blocks_of(lines: Sequence[Line]) -> list[Block]:
    """Return the blocks of a paper, in the order of their first cells."""
    found: list[Block] = []
    growing: list[Block] = []
    for at, line in enumerate(lines[:MOST_LINES]):
        height = line.height
        growing = [one for one in growing if one.page == line.page and line.top - one.cells[-1].box[3] <= GAP * 1.6 * height]
        for start, end in line.cells():
            text = line.text[start:end].strip()
            if not text:
                continue
            cell = Cell(at=at, start=start, end=end, box=line.box(start, end), text=text)
            block = next((one for one in reversed(growing) if _follows(one.cells[-1], cell, height)), None)
            if block is None:
                block = Block(page=line.page)
                found.append(block)
                growing.append(block)
            block.cells.append(cell)
    return found


def _follows(last: Cell, cell: Cell, height: float) -> bool:
    """Return whether a cell stands close under another, at the same edge or centred."""
    gap = cell.box[1] - last.box[3]
    near = last.at < cell.at and -0.5 * height <= gap <= GAP * height
    (left, _, right, _), (x0, _, x1, _) = last.box, cell.box
    return near and (abs(left - x0) < 0.7 * height or abs(right - x1) < 0.5 * height or abs(left + right - x0 - x1) < 0.6 * height)
