"""Who sent a business paper: who a label says, else the name that most on the paper speaks for, else nobody.

What speaks for a name: the web address is made of it, it heads the page in large letters, the sender's telephone, tax number or
bank stand with it, it stands in several places. What speaks against it: it stands in the recipient's address and nowhere else.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mailbot.core.blocks import Block, is_address, is_contact
from mailbot.core.company_names import BANK, as_name, company_names, is_form, is_no_name, letters_set_right
from mailbot.core.document import Box
from mailbot.core.labels import has_title
from mailbot.core.letters import bare_name
from mailbot.core.paper import Candidate, Paper, best
from mailbot.core.parties import beside_labels, in_customer_block, is_return_line, over_two_lines
from mailbot.core.words import is_ideographic

_SITE = re.compile(r"(?:www\.|@|https?://)(?:[\w\-]+\.)*?([\w\-]{2,})\.(?:co\.|com\.)?[a-z]{2,7}(?![\w\-])", re.IGNORECASE)
_FREE_MAIL = set("gmail outlook hotmail yahoo gmx web icloud aol qq 163 126 proton live free orange".split())
_NO_HEAD = re.compile(
    r"original|duplicate|duplikat|copy|kopie|copie|copia|page|seite|welcome|thank|danke|merci|gracias|grazie|total|amount|\d{3,}|[€£$¥]|收据|发票",
    re.IGNORECASE,
)
HEAD = 0.25
"""The share of the first page in which a letterhead stands."""

LARGE = 1.25
"""Height of a letterhead's letters in those of the page."""

MARGIN = 0.8
"""How much more must speak for the sender than for the next name."""

ENOUGH = 2.7
"""What must speak for a name that has no legal form; one that has has 2 by that alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a name stands: the line's place, the stretch of its text, and whether the name has a legal form."""

    name: str
    at: int
    start: int
    end: int
    box: Box
    formal: bool


def find_supplier(paper: Paper, customer: Candidate | None, frame: Block | None) -> Candidate | None:
    """Return who sent the paper, None when unsure; `frame` is the recipient's address without a label."""
    found = _supplier(paper, customer, frame)
    return _usual_spelling(paper, replace(found, value=letters_set_right(found.value))) if found else None


def _supplier(paper: Paper, customer: Candidate | None, frame: Block | None) -> Candidate | None:
    labelled = best(
        [one for one in beside_labels(paper, "supplier") if not customer or bare_name(one.value) != bare_name(customer.value)]
    )
    if labelled is not None and labelled.score >= 3:
        return labelled
    scored = sorted(_scored(paper, customer, frame), key=lambda one: -one.score)
    if scored:
        rivals = [one for one in scored[1:] if not _in_other_script(scored[0], one)]
        if not rivals or scored[0].score >= rivals[0].score + MARGIN:
            return scored[0]
        # a vague "from" is enough to tell between two that have as much for them
        return labelled if labelled and bare_name(labelled.value) in map(bare_name, (scored[0].value, rivals[0].value)) else None
    return labelled or best(_named_like_site(paper, customer))


def _in_other_script(one: Candidate, other: Candidate) -> bool:
    """Return whether two names stand right under each other, one in Chinese or Japanese: a letterhead in two scripts."""
    (_, top, _, bottom), (_, other_top, _, other_bottom) = one.box, other.box
    gap = max(other_top - bottom, top - other_bottom)
    near = one.page == other.page and gap < bottom - top
    return near and any(map(is_ideographic, one.value)) != any(map(is_ideographic, other.value))


def _scored(paper: Paper, customer: Candidate | None, frame: Block | None) -> list[Candidate]:
    """Return the names outside the recipient's address with what speaks for each being the sender."""
    seen: dict[str, list[_Place]] = defaultdict(list)
    blocked: set[str] = {bare_name(customer.value)} if customer else set()
    inside = {(cell.at, cell.start) for cell in frame.cells if not is_return_line(cell.text)} if frame else set()
    for place in (*_companies(paper), *_heads(paper)):
        cell = paper.lines[place.at].cell_at(place.start)
        if (place.at, cell[0]) in inside or in_customer_block(paper, place.at, place.box[0]):
            blocked.add(bare_name(place.name))
        else:
            seen[bare_name(place.name)].append(place)
    for key in sorted(seen, key=len):  # "Lumen Cloud" over "Lumen Cloud, Inc."
        longer = next((other for other in seen if key != other and other.startswith(key) and seen[other][0].formal), None)
        if longer is not None:
            seen[longer] += seen.pop(key)
    sites = _sites(paper)
    found = []
    for key, places in seen.items():
        if any(key in one or one in key for one in blocked):
            continue
        score = _evidence(paper, key, places, sites)
        if score >= (2.0 if places[0].formal else ENOUGH):
            page = paper.lines[places[0].at].page
            found.append(Candidate(value=places[0].name, score=score, page=page, box=places[0].box))
    return found


def _evidence(paper: Paper, key: str, places: list[_Place], sites: set[str]) -> float:
    """Return how much speaks for a name being the sender's, 1.0 for any name and 2.0 for a company."""
    blocks = [(_block_of(paper, place), place) for place in places]
    score = 2.0 if places[0].formal else 1.0
    score += 1.5 if any(len(site) >= 3 and (site in key or key.startswith(site)) for site in sites) else 0
    score += 0.5 if len({place.at for place in places}) > 1 else 0
    score += 1.0 if any(_with_contact(paper, block, place) for block, place in blocks) else 0
    score += 0.4 if any(_with_address(paper, block, place) for block, place in blocks) else 0
    score += 0.7 if any(_heads_page(paper, place) for place in places) else 0
    score += 0.7 if any(_is_large(paper, place) for place in places) else 0
    return score


def _sites(paper: Paper) -> set[str]:
    """Return the names in the web and mail addresses of a paper, without those of free mail."""
    return {bare_name(match[1]) for match in _SITE.finditer(paper.text)} - _FREE_MAIL


def _block_of(paper: Paper, place: _Place) -> Block | None:
    return next(
        (block for block in paper.blocks for cell in block.cells if cell.at == place.at and cell.start <= place.start < cell.end),
        None,
    )


def _with_contact(paper: Paper, block: Block | None, place: _Place) -> bool:
    """Return whether the sender's marks stand in a name's cell, or in its block under it."""
    line = paper.lines[place.at]
    start, end = line.cell_at(place.start)
    if is_contact(line.text[start : place.start] + " " + line.text[place.end : end]):
        return True
    return block is not None and any(is_contact(cell.text) for cell in block.cells if 0 < cell.at - place.at <= 7)


def _with_address(paper: Paper, block: Block | None, place: _Place) -> bool:
    line = paper.lines[place.at]
    rest = line.text[place.end : line.cell_at(place.start)[1]]
    return is_address(rest) or (
        block is not None and any(is_address(cell.text) for cell in block.cells if 0 < cell.at - place.at <= 3)
    )


def _heads_page(paper: Paper, place: _Place) -> bool:
    """Return whether a name stands in the first line of the first page, or the first after the paper's title."""
    for at, line in enumerate(paper.lines[:4]):
        if at == place.at:
            return line.page == paper.lines[0].page
        if not has_title(line.text):
            return False
    return False


def _is_large(paper: Paper, place: _Place) -> bool:
    _, top, _, bottom = paper.lines[place.at].box(place.start, place.end)
    return bottom - top >= LARGE * _usual_height(paper, paper.lines[place.at].page)


def _usual_height(paper: Paper, page: int) -> float:
    heights = sorted(line.height for line in paper.lines if line.page == page)
    return heights[len(heights) // 2]


def _companies(paper: Paper) -> Iterator[_Place]:
    """Yield the companies that the paper names by their legal form, on one line or on two; banks are on it for their accounts."""
    for at, line in enumerate(paper.lines):
        for start, end in line.cells():
            for name, begin in company_names(line.text[start:end]):
                if not BANK.search(name):
                    box = line.box(start + begin, start + begin + len(name))
                    yield _Place(name=name, at=at, start=start + begin, end=start + begin + len(name), box=box, formal=True)
            whole = over_two_lines(paper, at, start, line.text[start:end])
            if whole and not BANK.search(whole[0]):
                name, box = whole
                yield _Place(name=name, at=at, start=start, end=end, box=box, formal=True)


def _heads(paper: Paper) -> Iterator[_Place]:
    """Yield what may be the name in a letterhead: the first line, and large letters in the upper part of the first page."""
    first = paper.lines[0] if paper.lines else None
    for at, line in enumerate(paper.lines[:40]):
        if first is None or line.page != first.page or line.top > HEAD * paper.heights.get(line.page, 0):
            return
        for start, end in line.cells():
            text = line.text[start:end].strip()
            name = as_name(text.split(" · ")[0])
            if (
                name is None
                or len(bare_name(name)) < 4
                or len(name) > 45
                or _NO_HEAD.search(name)
                or is_address(name)
                or is_form(name)
                or has_title(name)
            ):
                continue
            if any(start <= label.start < end and label.grade >= 2 for label in paper.labels[at]) or any(company_names(text)):
                continue
            begin = line.text.find(name, start)
            if begin >= 0:
                box = line.box(begin, begin + len(name))
                place = _Place(name=name, at=at, start=begin, end=begin + len(name), box=box, formal=False)
                if _heads_page(paper, place) or _is_large(paper, place):
                    yield place


def _usual_spelling(paper: Paper, found: Candidate) -> Candidate:
    """Return the candidate as the paper mostly spells it; at a tie with the fewest accents, which OCR sees in specks."""
    key = bare_name(found.value)
    spellings = Counter(
        name
        for line in paper.lines
        for start, end in line.cells()
        for name, _ in company_names(line.text[start:end])
        if bare_name(name) == key
    )
    if not spellings:
        return found
    usual = max(spellings, key=lambda name: (spellings[name], -sum(not letter.isascii() for letter in name)))
    return replace(found, value=usual)


def _named_like_site(paper: Paper, customer: Candidate | None) -> list[Candidate]:
    """Return the cells whose text is the name in the paper's web address: "ACME Supplies" beside acme-supplies.com."""
    sites = _sites(paper)
    found = []
    for at, line in enumerate(paper.lines):
        for start, end in line.cells():
            key = bare_name(line.text[start:end])
            same = any(len(site) >= 4 and (key == site or (key.startswith(site) and len(key) < len(site) + 12)) for site in sites)
            if same and not in_customer_block(paper, at, line.box(start, end)[0]) and not is_no_name(line.text[start:end]):
                found.append(Candidate(value=line.text[start:end].strip(), score=2.0, page=line.page, box=line.box(start, end)))
    keys = {bare_name(one.value) for one in found if not customer or bare_name(one.value) != bare_name(customer.value)}
    return found[:1] if len(keys) == 1 else []
