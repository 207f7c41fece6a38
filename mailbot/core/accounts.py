"""The sender's account and VAT number on a business paper, told from the recipient's."""

from __future__ import annotations

import re

from mailbot.core.blocks import Block
from mailbot.core.identifiers import find_ibans, find_vat_ids
from mailbot.core.labels import fold
from mailbot.core.letters import bare_name
from mailbot.core.paper import Candidate, Paper, best
from mailbot.core.parties import in_customer_block

_DEBITED = re.compile(
    r"(?:ihrem|ihr|your|votre|vos|uw|su|vostro|tu) (?:[a-z]+ )?(?:konto|bankkonto|account|compte|rekening|cuenta|conto)|abgebucht"
    r"|eingezogen|debited|direct debit|preieve|geincasseerd|domiciiia|addebit|schrijven[^.]*\baf\b|afgeschreven"
)
"""Folded: a sentence about money that the sender takes from the recipient's account."""

_YOURS = re.compile(r"your|ihre|votre|uw |su |vostr|customer|kunden|client|klant|vs ")
"""Folded: what stands before a number that is the recipient's."""


def find_account(paper: Paper) -> Candidate | None:
    """Return the account to pay to: not the recipient's, from which the sender takes the money himself."""
    found = []
    for at, line in enumerate(paper.lines):
        before = paper.lines[at - 1].text if at else ""
        for start, end, iban in find_ibans(line.text.replace("\t", " ")):
            if not _DEBITED.search(fold(f"{before} {line.text}")[0]):
                found.append(Candidate(value=iban, score=3.5, page=line.page, box=line.box(start, end)))
    return best(found)


def find_tax_number(paper: Paper, supplier: Candidate | None, frame: Block | None) -> Candidate | None:
    """Return the sender's VAT number: one with a label in its line or the line above, and not in the recipient's address.

    Of several, the one that stands with the sender's name or company register number.
    """
    found = []
    inside = {cell.at: cell.start for cell in frame.cells} if frame else {}
    for at, line in enumerate(paper.lines):
        for start, end, number in find_vat_ids(line.text.replace("\t", " ")):
            labels = [one for near in paper.labels[max(0, at - 1) : at + 1] for one in near]
            box = line.box(start, end)
            cell = line.cell_at(start)
            if inside.get(at) == cell[0] or in_customer_block(paper, at, box[0]):
                continue
            if any(one.name in ("vat_id", "tax") for one in labels) and not _YOURS.search(fold(line.text[cell[0] : start])[0]):
                score = 3.0 + 0.5 * _stands_with(paper, at, number, supplier)
                found.append(Candidate(value=number, score=score, page=line.page, box=box))
    return best(found)


def _stands_with(paper: Paper, at: int, number: str, supplier: Candidate | None) -> bool:
    """Return whether a VAT number stands with the sender's name, or the French SIREN within it with a register number."""
    if number.startswith("FR") and re.search(
        number[4:] + r"\d{5}|(?:RCS|SIREN)\D{0,20}" + number[4:], re.sub(r"(?<=\d) (?=\d)", "", paper.text)
    ):
        return True
    near = "".join(line.text for line in paper.lines[max(0, at - 3) : at + 1] if line.page == paper.lines[at].page)
    return supplier is not None and bare_name(supplier.value) in bare_name(near)
