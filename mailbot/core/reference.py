"""The numbers that name a business paper: the invoice's own and the order's, beside or below their labels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from mailbot.core.dates import find_dates
from mailbot.core.labels import Label, fold, has_title
from mailbot.core.paper import Candidate, Paper, Region, best, regions, starts_cell
from mailbot.core.paper_kinds import is_credit

_REFERENCE = re.compile(r"[\s:：.#№°º\-–]*((?:[A-Z]{1,5} (?=\d))?(?=[A-Za-z\-/._]*\d)[A-Za-z0-9][A-Za-z0-9\-/._]*)")

_GROUPS = re.compile(r"\d{1,5}(?: \d{2,5}){1,6}(?![\w.,/\-]|[ ]\w)")
"""A number printed in groups: "10 084 552 319"."""

_ORDER = re.compile(r"order|besteii|auftrag|commande|pedido|orden|ordine|订单|訂單|采购")
"""Folded: the title of an order."""

_CREDIT = re.compile(r"credit|gutschrift|.*avoir|factura rectificativa|abono|nota d[ie] (?:credito|abono)")
"""Folded: labels of a credit note's number, which an invoice that takes one into account names beside its own."""

_PURCHASE = re.compile(r"\W*(?:purchase order|bon de commande|orden de compra|ordine d.ac[qc]uisto|inkooporder|采购订单)\W*$")
"""Folded: the title of an order, as the one who buys writes it."""

_ORDER_NO = re.compile(r"order (?:no|nr|num|number|nummer|n|#)\.?|ordemummer|auftragsnummer")
"""Folded: the label of its number there."""

_KIND_HEAD = re.compile(r"(?:tipo|tipo (?:di )?documento|type de document|document type|documento|beiegart)\t")
"""Folded: the heading over the kind of a paper."""

_AFTER_DASH = re.compile(r"\w [-–|] $")
"""What stands before the second half of a title: "Minuta de honorarios - Factura 2026/088"."""

_MIXED_UP = str.maketrans("OoIl|SBZ", "00111582")
"""Letters and the digits that OCR takes them for."""


def find_number(paper: Paper, name: str) -> Candidate | None:
    """Return the number that labels of a name announce.

    Where something with digits stands beside a plain label and was not understood, a vaguer label's number is not it.
    """
    found: list[Candidate] = []
    credited: list[Candidate] = []
    unread = 0
    for at, label in [*paper.labelled(name, 1), *_bare(paper, name)]:
        if label.grade < 3 and not (
            starts_cell(paper.lines[at], label.start) or _AFTER_DASH.search(paper.lines[at].text[: label.start])
        ):
            continue
        for region in regions(paper, at, label):
            candidate = _reference(region, label)
            if candidate:
                named = fold(paper.lines[at].text[label.start : label.end])[0]
                (credited if _CREDIT.match(named) else found).append(candidate)
                break
            if (label.grade == 0 and region.text.strip(" \t:：.")) or any(character.isdigit() for character in region.text):
                unread = max(unread, label.grade)
                break  # what stands below it is something else
    number = best([*found, *credited] if is_credit(paper) else found or credited)
    if number is None or _contested(paper, number.value) or (unread >= 3 and number.score < 3):
        return None
    return number


def _bare(paper: Paper, name: str) -> Iterator[tuple[int, Label]]:
    """Yield the labels that say "No." alone, beside a title that says whose: the invoice's own, or the order's.

    On a purchase order its "Order no." is that too; on other papers that is the number under which the sender handles it.
    """
    if name == "po_number" and any(_PURCHASE.match(fold(cell)[0]) for line in paper.lines[:12] for cell in line.text.split("\t")):
        for at, label in paper.labelled("other"):
            if _ORDER_NO.fullmatch(fold(paper.lines[at].text[label.start : label.end])[0]):
                yield at, replace(label, grade=2)
    for at, label in paper.labelled("invoice_number", 0):
        title = _title_near(paper, at, label) if label.grade == 0 else ""
        if title and bool(_ORDER.search(fold(title)[0])) == (name == "po_number"):
            yield at, label


def _title_near(paper: Paper, at: int, label: Label) -> str:
    """Return the paper's title where it stands in a label's line or close above it, else "".

    In a row of headings that begins with the kind of the paper, it is what stands under that.
    """
    line = paper.lines[at]
    if at + 1 < len(paper.lines) and _KIND_HEAD.match(fold(line.text)[0]):
        kind = paper.lines[at + 1].text.partition("\t")[0]
        return kind if has_title(kind) else ""
    x0, _, x1, _ = line.box(label.start, label.end)
    for other in reversed(paper.lines[max(0, at - 4) : at + 1]):
        if other.page != line.page or line.top - other.bottom > 5 * line.height:
            continue
        for start, end in other.cells():
            left, _, right, _ = other.box(start, max(end, start + 1))
            near = other is line or (left < x1 + 10 * line.height and right > x0 - 2 * line.height)
            if near and end - start <= 40 and has_title(other.text[start:end]):
                return other.text[start:end]
    return ""


def _reference(region: Region, label: Label) -> Candidate | None:
    """Return the number that begins a region: digits in it, no date, no amount; more digits where the label is vague."""
    match = _REFERENCE.match(region.text)
    if not match:
        return None
    groups = _GROUPS.match(region.text, match.start(1))
    value = re.sub(" ", "", groups[0]) if groups else match[1].rstrip("./-_")
    start, end = match.start(1), groups.end() if groups else match.start(1) + len(value)
    digits = sum(character.isdigit() for character in value)
    if any(one.start < end and start < one.end for one in find_dates(region.text)):
        return None
    if re.match(r"\s?%|[.,]\d|\s?[€$£¥]| ?/ ?\w| \d", region.text[end:]) or re.fullmatch(r"\d+[.,]\d\d|(?:19|20)\d\d", value):
        return None
    if label.grade == 0 and re.match(r" *[^\W\d_]{2}", region.text[end:]):
        return None  # "No 10 High Street"
    value = _as_printed(value)
    if value is None or len(value) < 2 or digits < (2, 4, 3, 1, 1)[label.grade]:
        return None
    return Candidate(value=value, score=label.grade + region.place, page=region.line.page, box=region.box(start, end))


def _as_printed(value: str) -> str | None:
    """Return a number with the letters that OCR puts for digits set right; None where it is open which was printed.

    A small l among digits and capitals is a one, between capitals an I. A capital O or I between digits alone may be either.
    """
    if not re.search(r"[a-km-z]", value):
        value = re.sub(r"l(?=[A-Z])|(?<=[A-Z])l", "I", re.sub(r"(?<=\d)l|l(?=\d)", "1", value))
    if re.search(r"(?<!^[A-Z])O0|0O", value) or re.match(r"P0\d", value):  # PO00123 is usual
        return None
    # "3A7F-0B04" has letters anyway, a lone B among digits may be an 8
    doubtful = (part for part in re.split(r"[./_\-]", value) if re.fullmatch(r"[\dOISB]*[OISB][\dOISB]*", part))
    return None if any(re.search(r"\d[OIS]|\dB\d|^[OS]\d", part) for part in doubtful) else value


def _contested(paper: Paper, value: str) -> bool:
    """Return whether the paper prints a number once more, and letters that OCR mixes up with digits differ."""
    key = value.translate(_MIXED_UP)
    return any(key == word.translate(_MIXED_UP) and word != value for word in re.findall(r"[\w\-/]+", paper.text))
