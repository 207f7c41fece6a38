"""The amounts of a business paper with what their labels say: right of a label, below it, or in capital numerals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from mailbot.core.amounts import CODES, Amount, Mark, find_amounts
from mailbot.core.dates import find_dates
from mailbot.core.document import Box
from mailbot.core.labels import Label, fold
from mailbot.core.lines import Line
from mailbot.core.numerals import CAPITAL_AMOUNT, capital_cents
from mailbot.core.paper import Paper, Region, starts_cell

_IN_BETWEEN = frozenset(
    "in eur euro euros us usd hk nt sgd zu the for of vat mwst ust tva btw iva gst tax inkl incl inc ttc rmb dollars due".split()
)
"""Words that may stand between the label of a sum and its amount without making it another sum."""


_RATE_HEAD = re.compile(r"(?:vat|tax) rate|steuersatz|taux(?: de)?(?: tva)?|btw tarief|tipo iva|aii[qc]uota(?: iva)?|税率")
"""Folded: the heading of the rate between those of sums; that of a quantity or a unit price would make it a table of items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount with a label: `score` grows with how plainly the label speaks and how near it stands.

    `kind` is the label as printed, so that two taxes of one rate are told apart; `exact` says that it has two decimals.
    What is not `firm` needs a proof: other words stand between label and amount, or the label may head a column.
    """

    value: Decimal
    score: float
    page: int
    box: Box
    currency: str
    rate: Decimal | None = None
    kind: str = ""
    exact: bool = True
    firm: bool = True


def in_capitals(paper: Paper) -> Money | None:
    """Return the total that a Chinese paper writes in capital numerals, None when it writes none or several."""
    found = []
    for line in paper.lines:
        for match in CAPITAL_AMOUNT.finditer(line.text.replace("\t", " ").replace(" ", "_")):
            cents = capital_cents(match[0])
            if cents:
                region = Region(line=line, start=0, end=len(line.text), place=0.0)
                found.append(money_of(region, Amount(start=match.start(), end=match.end(), value=Decimal(cents) / 100), 4.0))
    return found[0] if len({money.value for money in found}) == 1 else None


def amounts_of(line: Line, start: int, end: int, mark: Mark | None) -> list[Amount]:
    """Return the amounts in a stretch of a line; what belongs to a date is none."""
    text = line.text[start:end]
    for one in find_dates(text):
        text = text[: one.start] + "~" * (one.end - one.start) + text[one.end :]
    return find_amounts(text, mark)


def labelled_amounts(paper: Paper, name: str, mark: Mark | None) -> Iterator[Money]:
    """Yield the amounts that labels of a name announce."""
    for at, label in paper.labelled(name, 2):
        line = paper.lines[at]
        region = paper.right(at, label)
        found = amounts_of(line, region.start, region.end, mark)
        firm = bool(found) and _nothing_between(region.text[: found[-1].start])
        if not found:
            under = paper.below(at, label) if _may_look_below(paper, at, label) else None
            if under is None:
                continue
            region, found = under, amounts_of(under.line, under.start, under.end, mark)
            firm = len({one.name for one in paper.labels[at]} & {"subtotal", "tax", "total", "payable"}) < 2
        if found:
            said = label.grade + region.place - (0 if starts_cell(line, label.start) else 0.4)
            money = money_of(region, found[-1], said, _rate(line.text), fold(line.text[label.start : label.end])[0])
            yield money if firm else replace(money, firm=False)


def _nothing_between(text: str) -> bool:
    """Return whether no further words stand between a label and its amount: currencies, percentages and brackets do not count."""
    text = re.sub(r"\([^)]*\)|人民币|大写|小写|[壹贰叁肆伍陆柒捌玖拾佰仟万亿零圆元角分整]+", " ", text)
    words = re.findall(r"[^\W\d_]{2,}", text)
    return all(word.upper() in CODES or word.lower() in _IN_BETWEEN for word in words)


def _may_look_below(paper: Paper, at: int, label: Label) -> bool:
    """Return whether amounts under a label are its own: not in the header of a table of items, whose columns bear such names."""
    text = paper.lines[at].text
    names = [one.name for one in paper.labels[at] if not _RATE_HEAD.fullmatch(fold(text[one.start : one.end])[0])]
    if {"other", "carried"} & set(names) and len(names) > 2:
        return False
    sums = set(names) & {"subtotal", "tax", "total", "payable"}
    return len(sums) >= 2 or (label.name in ("total", "payable") and label.grade == 3)


def money_of(region: Region, amount: Amount, score: float, rate: Decimal | None = None, kind: str = "") -> Money:
    box = region.box(amount.start, amount.end)
    return Money(
        value=amount.value, score=score, page=region.line.page, box=box, currency=amount.currency, rate=rate, kind=kind,
        exact=amount.exact,
    )  # fmt: skip


def _rate(text: str) -> Decimal | None:
    """Return the only percentage in a text."""
    rates = {match[1].replace(",", ".") for match in re.finditer(r"(?<![\d.,])(\d{1,2}(?:[.,]\d{1,2})?)\s?%", text)}
    return Decimal(rates.pop()) if len(rates) == 1 else None


def all_amounts(paper: Paper, mark: Mark | None) -> Iterator[Money]:
    for line in paper.lines:
        region = Region(line=line, start=0, end=len(line.text), place=0.0)
        for amount in amounts_of(line, 0, len(line.text), mark):
            if amount.exact:
                yield money_of(region, amount, 0.0)


def amounts_beside(paper: Paper, name: str, mark: Mark | None) -> Iterator[Money]:
    """Yield the net amount, the tax or the gross of those three side by side after the label of a total, if they add up."""
    for at, label in paper.labelled("total", 2):
        line = paper.lines[at]
        region = Region(line=line, start=label.end, end=len(line.text), place=1.0)
        found = amounts_of(line, label.end, len(line.text), mark)[-3:]
        if len(found) == 3 and found[0].value + found[1].value == found[2].value and found[1].value <= found[0].value:
            yield money_of(region, found[("subtotal", "tax", "total").index(name)], label.grade + region.place)
