"""Whom a business paper is addressed to: the name beside a label of the recipient, else the address in the letter's window.

The names beside labels of the sender are found here too; who the sender is, is settled in `senders`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailbot.core.blocks import Block, is_address, is_contact
from mailbot.core.company_names import as_name, goes_on, letters_set_right
from mailbot.core.document import Box
from mailbot.core.identifiers import find_vat_ids
from mailbot.core.labels import Label, fold, has_title
from mailbot.core.letters import bare_name
from mailbot.core.paper import Candidate, Paper, best, starts_cell

_SALUTATION = re.compile(
    r"^(?:(?:an|die|to|à|l'|herrn?|frau|firma|fa|eheleute|familie|mrs?|ms|messrs|monsieur|madame|mme?|gent(?:\.?m[oa])?|egr|sig(?:\.?ra)?|"
    r"spett(?:\.? ?le)?|sra?|de heer|mevrouw|t\.a\.v)[ .,]*)+$",
    re.IGNORECASE,
)
"""What stands above a name in an address."""

_ADDRESS_TO = re.compile(r"spett\.? ?ie\.?|spettabiie|messrs\.?")
"""Folded: what stands before a name in an address, as a label without a colon."""

_UPRIGHT = {"购": "customer", "销": "supplier", "購": "customer", "銷": "supplier"}
"""The first character of what Chinese invoices write downwards beside the parties' names."""

_NAMED = re.compile(r"^(?:名\s*)?称\s*[:：]\s*(?P<name>\S.*)$")

BLOCK = 7
"""Lines of an address block under its label."""

UPPER = 0.45
"""The share of the first page in which the recipient's address stands."""


def find_customer(paper: Paper, frame: Block | None) -> Candidate | None:
    """Return who the paper is addressed to: who a label names, else whose address `frame`, the window, shows."""
    labelled = list(beside_labels(paper, "customer"))
    if labelled:
        return best(labelled)
    return _first_name(paper, frame) if frame else None


def window(paper: Paper) -> Block | None:
    """Return the one block that is an address and nothing else, without a label, in the upper part of the first page.

    None where a label names the recipient, where there are several, and for the block that begins the page: a letterhead.
    """
    if not paper.lines or any(True for _ in _party_labels(paper, "customer")):
        return None
    found = [block for block in paper.blocks if _is_window(paper, block)]
    names = {bare_name(name.value) for name in (_first_name(paper, block) for block in found) if name}
    return found[0] if found and len(names) == 1 else None


def _is_window(paper: Paper, block: Block) -> bool:
    first = paper.lines[0]
    if block.page != first.page or not 2 <= len(block.cells) <= 8 or not block.town:
        return False
    top = block.cells[0].box[1]
    if top > UPPER * paper.heights.get(block.page, 0) or (top < first.bottom and not is_return_line(block.cells[0].text)):
        return False
    rest = [cell for cell in block.cells if not find_vat_ids(cell.text)]  # the recipient's own may stand in his address
    labelled = any(one.grade >= 2 for cell in rest for one in paper.labels[cell.at] if cell.start <= one.start < cell.end)
    if labelled or any(is_contact(cell.text) or has_title(cell.text) for cell in rest if not is_return_line(cell.text)):
        return False
    return _first_name(paper, block) is not None


def is_return_line(text: str) -> bool:
    """Return whether a cell is the sender's whole address in one line, as it stands above the recipient's in a window."""
    return is_address(text) and len(text) > 30


def _first_name(paper: Paper, block: Block) -> Candidate | None:
    """Return the first line of a block that is a name: no salutation, and not the sender's address in one small line."""
    for cell in block.cells[:3]:
        if _SALUTATION.match(cell.text) or is_return_line(cell.text):
            continue
        return _name_in(paper, cell.at, cell.start, cell.text, 2.0)
    return None


def in_customer_block(paper: Paper, at: int, x: float) -> bool:
    """Return whether a place (line, horizontal position) belongs to the address block under a customer's label."""
    line = paper.lines[at]
    for place, label in _party_labels(paper, "customer"):
        head = paper.lines[place]
        if place <= at <= place + BLOCK and head.page == line.page and line.top - head.bottom < BLOCK * 1.8 * head.height:
            left, _, right, _ = head.box(label.start, label.end)
            if left - 2 * head.height <= x <= right + 25 * head.height and not _other_block_between(paper, place, label, x):
                return True
    return False


def _other_block_between(paper: Paper, at: int, label: Label, x: float) -> bool:
    """Return whether a label of something else stands in line `at` between a party's label and a horizontal position."""
    line = paper.lines[at]
    others = (one for one in paper.labels[at] if one.name in ("supplier", "invoice_number", "invoice_date", "other"))
    return any(one.start > label.start and line.box(one.start, one.end)[0] <= x + line.height for one in others)


def _party_labels(paper: Paper, name: str) -> Iterator[tuple[int, Label]]:
    """Yield the labels of a party that announce a name: not the same word inside a sentence."""
    for at, label in paper.labelled(name):
        line = paper.lines[at]
        rest = line.text[label.end : line.cell_at(label.start)[1]].strip(" )）")
        addressed = _ADDRESS_TO.fullmatch(fold(line.text[label.start : label.end])[0])
        if starts_cell(line, label.start) and (
            not rest or rest[0] in ":：" or (label.grade == 3 and rest[0] in ".,(") or (addressed and rest[0].isupper())
        ):
            yield at, label


def beside_labels(paper: Paper, name: str) -> Iterator[Candidate]:
    """Yield the names right of or below the labels of a party; also the company after "sold by" in a sentence."""
    for at, label in _party_labels(paper, name):
        line = paper.lines[at]
        cell_end = line.cell_at(label.start)[1]
        region = paper.right(at, label)
        inside = line.text[label.end : min(cell_end, region.end)]
        found = _name_in(paper, at, label.end, inside, label.grade + 0.5)
        if found is None and "," in inside:  # name and address in one line
            found = _name_in(paper, at, label.end, inside.partition(",")[0], label.grade + 0.5)
        if found is None and not inside.strip(" :："):
            following = [cell for cell in line.cells() if cell[0] >= cell_end and cell[1] <= region.end]
            if following and line.text[label.start : cell_end].rstrip().endswith((":", "：")):
                start, end = following[0]
                near = line.box(start, end)[0] - line.box(label.start, cell_end)[2] < 12 * line.height
                found = _name_in(paper, at, start, line.text[start:end], label.grade + 0.5) if near else None
        found = found or _name_below(paper, at, label)
        if found:
            yield found
    yield from _beside_uprights(paper, name)


def _beside_uprights(paper: Paper, name: str) -> Iterator[Candidate]:
    """Yield the names that Chinese invoices put beside the parties written downwards: 购买方 or 销售方, a character a line."""
    cells = [(at, line, start, end) for at, line in enumerate(paper.lines) for start, end in line.cells()]
    marks = [
        (line, line.box(start, end), _UPRIGHT[line.text[start]])
        for _, line, start, end in cells
        if end - start <= 3 and line.text[start:end][:1] in _UPRIGHT
    ]
    for at, line, start, end in cells if marks else ():
        match = _NAMED.match(line.text[start:end])
        if not match:
            continue
        x0 = line.box(start, end)[0]
        near = [
            (x0 - box[2] + 0.5 * abs(mark.top - line.top), party)
            for mark, box, party in marks
            if mark.page == line.page and box[2] <= x0 + line.height and abs(mark.top - line.top) <= 8 * line.height
        ]
        if near and min(near)[1] == name:
            found = _name_in(paper, at, start + match.start("name"), match["name"], 3.5)
            if found:
                yield found


def _name_below(paper: Paper, at: int, label: Label) -> Candidate | None:
    """Return the first name under a label; a line in brackets or one that cannot be a name is passed over."""
    line = paper.lines[at]
    x0, _, _, bottom = line.box(label.start, label.end)
    for below, other in enumerate(paper.lines[at + 1 : at + 5], at + 1):
        if other.page != line.page or other.top - bottom > 4 * line.height:
            return None
        for start, end in other.cells():
            if start < end and abs(other.box(start, end)[0] - x0) < 3 * line.height:
                found = _name_in(paper, below, start, other.text[start:end], label.grade + 0.3)
                if found:
                    return found
    return None


def _name_in(paper: Paper, at: int, start: int, text: str, score: float) -> Candidate | None:
    line, name = paper.lines[at], as_name(text)
    if name is None:
        return None
    begin = start + max(0, text.find(name))
    name, box = over_two_lines(paper, at, begin, text[begin - start :]) or (name, line.box(begin, begin + len(name)))
    return Candidate(value=letters_set_right(name), score=score, page=line.page, box=box)


def over_two_lines(paper: Paper, at: int, start: int, text: str) -> tuple[str, Box] | None:
    """Return the name that a cell's end makes with the legal form right under it, and the box of both; None when it does not go on.

    `text` begins at `start` of line `at` and must end where its cell does.
    """
    line, text = paper.lines[at], text.strip()
    _, end = line.cell_at(start)
    if line.text[start:end].strip() != text:
        return None
    left, top, right, bottom = line.box(start, end)
    for other in paper.lines[at + 1 : at + 4]:
        if other.page != line.page or other.top - bottom > line.height:
            return None
        for first, last in other.cells():
            x0, _, x1, low = other.box(first, last)
            aligned = min(abs(x0 - left), abs(x1 - right), abs(x0 + x1 - left - right) / 2) < line.height
            name = goes_on(text, other.text[first:last]) if first < last and aligned else None
            if name:
                return name, (min(left, x0), top, max(right, x1), low)
    return None
