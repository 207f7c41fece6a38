"""Which amounts of a paper are its subtotal, tax and total: labels propose, arithmetic decides.

Where labelled amounts add up, they prove each other. Where they do not, only a total that no equal label contradicts is taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from mailbot.core.amounts import Mark, decimal_mark
from mailbot.core.labelled_amounts import (
    Money,
    all_amounts,
    amounts_beside,
    amounts_of,
    in_capitals,
    labelled_amounts,
    money_of,
)
from mailbot.core.labels import Label, fold
from mailbot.core.paper import Paper, Region, starts_cell

CENT = Decimal("0.01")
MOST = 40
"""Amounts looked at for each of the three; more labels of one kind are a list."""

HIGHEST_SHARE = Decimal("0.22")
"""Tax as a share of the total can hardly be more: 27 % on top is 21.3 % of the whole."""

_NET = re.compile(
    r"(?<![a-z])(ohne mwst|ohne ust|netto|exci|exciuding|exciusief|hors taxe|ht|sin iva|iva esciusa|net)(?![a-z])|不含税"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """The sums found, each None when unsure; `confidence` says how far arithmetic bears them out. `marks` is the decimal mark."""

    subtotal: Money | None = None
    tax: Money | None = None
    total: Money | None = None
    confidence: float = 0.0


def find_sums(paper: Paper) -> Sums:
    """Return the subtotal, tax and total of a paper as far as they are sure."""
    mark = decimal_mark(line.text for line in paper.lines)
    everything = list(all_amounts(paper, mark))
    named = {
        name: [*labelled_amounts(paper, name, mark), *amounts_beside(paper, name, mark)] for name in ("subtotal", "tax", "total")
    }
    named = {name: sorted(found, key=lambda money: -money.score)[:MOST] for name, found in named.items()}
    named["withheld"] = list(labelled_amounts(paper, "withheld", mark))
    carried = [money for money in labelled_amounts(paper, "carried", mark) if money.value]
    if carried:
        alone = _of_this_bill(named["total"], carried, paper, everything, mark)
        if alone is not None:
            named["total"] = [alone]
            return _proved(named) or _remainder(named["tax"], [alone], everything) or Sums(total=alone, confidence=0.9)
    else:
        named["total"] = _with_payable(named["total"], list(labelled_amounts(paper, "payable", mark)), paper, mark)
    written = in_capitals(paper)
    if written is not None:
        named["total"] = [money for money in named["total"] if money.value == written.value] or [written]
    proved = _proved(named)
    if proved is not None:
        return proved
    named["total"] = _believable(named["total"], everything)
    sums = _remainder(named["tax"], named["total"], everything) or _pair(named["total"], paper, mark) or _alone(named, paper)
    return sums if sums.total and _unopposed(sums, named, paper, everything, mark) else Sums()


def _believable(totals: list[Money], everything: Sequence[Money]) -> list[Money]:
    """Return the totals that need no proof, or have one in the column above them.

    One without decimals on a paper whose amounts have some does: a mark was lost.
    """
    return [money for money in totals if (money.firm and (money.exact or not everything)) or added_up(money, everything)]


def _unopposed(sums: Sums, named: dict[str, list[Money]], paper: Paper, everything: Sequence[Money], mark: Mark | None) -> bool:
    """Return whether nothing speaks against a total that no equation proves.

    A greater amount beside a label of a sum, or in the total's own column above it, makes it a part of something; a total that
    could not be read beside its label may be another one. What the column above adds up to is not opposed by either.
    """
    total = sums.total
    if total is None or added_up(total, everything):
        return total is not None
    if _unread(paper, mark):
        return False
    above = [money for money in everything if _in_column(money, total)]
    rivals = [*named["subtotal"], *named["total"], *above]
    return not any(abs(money.value) > abs(total.value) + CENT for money in rivals)


def added_up(total: Money, everything: Sequence[Money]) -> list[Money]:
    """Return the amounts right above a total in its column that add up to it, [] when they do not. At least two."""
    above = sorted((money for money in everything if _in_column(money, total)), key=lambda money: -money.box[1])
    value = Decimal(0)
    for count, money in enumerate(above[:MOST], 1):
        value += money.value
        if count > 1 and value == total.value:
            return above[:count]
    return []


def _in_column(money: Money, total: Money) -> bool:
    """Return whether an amount stands above a total, with its right edge below the total's."""
    height = total.box[3] - total.box[1]
    return (
        money.page == total.page and money.box[3] <= total.box[1] + 0.3 * height and abs(money.box[2] - total.box[2]) < 1.5 * height
    )


def _unread(paper: Paper, mark: Mark | None) -> bool:
    """Return whether a plain label of the total has something with digits beside it that is no amount: it was misread."""
    for name in ("total", "payable"):
        for at, label in paper.labelled(name, 3):
            region = paper.right(at, label)
            digits = sum(character.isdigit() for character in region.text)
            if digits > 2 and starts_cell(region.line, label.start) and not amounts_of(region.line, region.start, region.end, mark):
                return True
    return False


def _with_payable(totals: list[Money], payable: list[Money], paper: Paper, mark: Mark | None) -> list[Money]:
    """Return the totals, with what is to be paid as one more where it is the whole: not where a part is paid or kept back."""
    less = (
        amount.value
        for line, labels in zip(paper.lines, paper.labels, strict=True)
        for label in labels
        if label.name in ("paid", "withheld")
        for amount in amounts_of(line, label.end, len(line.text), mark)
    )
    return totals if any(less) else [*totals, *payable]


def _of_this_bill(
    totals: Sequence[Money], carried: Sequence[Money], paper: Paper, everything: Sequence[Money], mark: Mark | None
) -> Money | None:
    """Return what a bill asks for itself, where what is due has an earlier balance in it: due = earlier - paid + this bill.

    None when no amount on the paper makes that true, or several do.
    """
    payable = list(labelled_amounts(paper, "payable", mark))
    paid = list(labelled_amounts(paper, "paid", mark))
    less = {Decimal(0), *(abs(money.value) for money in paid), sum((abs(money.value) for money in paid), Decimal(0))}
    wanted = {due.value - earlier.value + one for due in (*payable, *totals) for earlier in carried for one in less if due.value}
    spoken_for = {money.box for money in (*carried, *paid)}
    found = [money for money in (*totals, *everything) if money.value in wanted and money.value and money.box not in spoken_for]
    return found[0] if len({money.value for money in found}) == 1 else None


def _proved(named: dict[str, list[Money]]) -> Sums | None:
    """Return the labelled three that add up and have the plainest labels; None when the best differ in their total.

    What the customer keeps back for the tax office (IRPF, ritenuta) may be missing from the total.
    """
    totals, taxes = named["total"], named["tax"]
    kept = [Decimal(0), *(abs(money.value) for money in named["withheld"][:4])]
    fits = [
        (subtotal.score + tax.score + total.score, subtotal, tax, total)
        for subtotal, tax, total in product(named["subtotal"], [*taxes, *_summed(taxes)], totals)
        if any(abs(subtotal.value + tax.value - less - total.value) <= CENT for less in kept)
        and _plausible(tax.value, subtotal.value + tax.value)
    ]
    if not fits:
        return None
    # an equation with a tax of zero proves little where another has a real one
    real = [fit for fit in fits if fit[2].value] or fits
    top = max(fit[0] for fit in real)
    leaders = [fit for fit in real if fit[0] >= top - 0.01]
    if len({fit[3].value for fit in leaders}) > 1:
        leaders = [max(leaders, key=lambda fit: abs(fit[3].value))]
    _, subtotal, tax, total = leaders[0]
    if any(other.score > total.score + 0.5 and abs(other.value) > abs(total.value) for other in totals):
        return None
    return Sums(subtotal=subtotal, tax=tax, total=total, confidence=0.98 if tax.value else 0.9)


def _summed(taxes: Sequence[Money]) -> list[Money]:
    """Return the sum of the taxes at different rates, or of different names, as one more candidate; it stands nowhere by itself."""
    surcharged = any(tax.kind.startswith("recargo") for tax in taxes)  # Spain's, beside the IVA; side by side they have no rate
    by_kind = {(tax.kind, tax.rate): tax for tax in taxes if (tax.rate is not None or surcharged) and tax.value}
    if len(by_kind) < 2:
        return []
    first = next(iter(by_kind.values()))
    value = sum((tax.value for tax in by_kind.values()), Decimal(0))
    return [Money(value=value, score=first.score - 0.5, page=first.page, box=first.box, currency=first.currency)]


def _remainder(taxes: Sequence[Money], totals: Sequence[Money], everything: Sequence[Money]) -> Sums | None:
    """Return tax and total, and as the subtotal the amount that remains and stands on the paper too, whatever it is called."""
    total = _agreed(totals)
    plausible = [tax for tax in taxes if total and _plausible(tax.value, total.value)]
    tax = next(iter(_summed(plausible)), None) or _agreed(plausible)
    if total is None or tax is None:
        return None
    rest = total.value - tax.value
    places = {money.box: money for money in everything if abs(money.value - rest) <= CENT and money.box != total.box}
    stated = tax.rate is not None and abs(rest * tax.rate / 100 - tax.value) <= 2 * CENT
    if not places:
        return Sums(tax=tax if stated else None, total=total, confidence=0.9 if stated else 0.75)
    return Sums(subtotal=next(iter(places.values())), tax=tax, total=total, confidence=0.95 if stated else 0.85)


def _pair(totals: Sequence[Money], paper: Paper, mark: Mark | None) -> Sums | None:
    """Return net and tax that stand side by side after a label of sums and add up to a plainly labelled total."""
    sure = [total for total in totals if total.score >= 3.5]
    for at, label in [*paper.labelled("total", 2), *paper.labelled("subtotal", 2)]:
        line = paper.lines[at]
        found = amounts_of(line, label.end, len(line.text), mark)
        if len(found) != 2:
            continue
        region = Region(line=line, start=label.end, end=len(line.text), place=1.0)
        net, tax = (money_of(region, amount, float(label.grade)) for amount in found)
        for total in sure:
            if net.value + tax.value == total.value and tax.value > 0 and _plausible(tax.value, total.value):
                return Sums(subtotal=net, tax=tax, total=total, confidence=0.97)
    return None


def _alone(named: dict[str, list[Money]], paper: Paper) -> Sums:
    """Return what can be said where nothing adds up: a total that nothing contradicts, and whether it is net."""
    total = _agreed(named["total"])
    if total is None:
        return Sums()
    taxed = any(tax.value for tax in named["tax"]) or any(_misread(paper, at, label) for at, label in paper.labelled("tax"))
    if not taxed and _under_net_heading(paper, total):
        return Sums(subtotal=total, total=total, confidence=0.8)
    net = _agreed([money for money in named["subtotal"] if money.score >= 3.5])
    if net is not None and not taxed and net.value == total.value:
        return Sums(subtotal=net, total=total, confidence=0.85)
    return Sums(total=total, confidence=0.8 if total.score >= 3.5 else 0.7)


def _misread(paper: Paper, at: int, label: Label) -> bool:
    """Return whether digits stand beside a label of tax, of which no amount was made."""
    return bool(re.search(r"\d.*\d", re.sub(r"[\d.,]+ ?%", "", paper.right(at, label).text)))


def _agreed(found: Sequence[Money]) -> Money | None:
    """Return the amount with the plainest label; None when equally plain ones differ, unless one is nothing (all is paid)."""
    some = [money for money in found if money.value] or list(found)
    if not some:
        return None
    top = max(money.score for money in some)
    leaders = [money for money in some if money.score >= top - 0.01]
    return leaders[-1] if len({money.value for money in leaders}) == 1 else None


def _plausible(tax: Decimal, total: Decimal) -> bool:
    return abs(tax) <= HIGHEST_SHARE * abs(total) and (tax == 0 or (tax > 0) == (total > 0))


def _under_net_heading(paper: Paper, money: Money) -> bool:
    """Return whether the column that an amount stands in has a heading that says "without tax"."""
    x0, top, x1, _ = money.box
    for line in paper.lines:
        if line.page != money.page or line.top >= top:
            continue
        for start, end in line.cells():
            left, _, right, _ = line.box(start, max(end, start + 1))
            if any(character.isdigit() for character in line.text[start:]):
                continue
            if left < x1 and right > x0 and _NET.search(fold(line.text[start:end])[0]):
                return True
    return False
