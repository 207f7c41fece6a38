"""Checks the arithmetic of an invoice: quantity times price in each line, the lines against the subtotal, subtotal, tax and total.

Something is said only where the columns are sure and nothing on the paper explains the difference: a false alarm costs a clerk more
trust than a missed cent. Rounding is allowed for as far as the digits written can tell, cents for each line in a sum.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations, product

from mailbot.core.amounts import decimal_mark, normal
from mailbot.core.item_figures import CENT, product_holds
from mailbot.core.item_words import Role
from mailbot.core.labelled_amounts import Money, all_amounts, labelled_amounts
from mailbot.core.line_items import Item, ItemTable
from mailbot.core.paper import Paper
from mailbot.core.sums import Sums, find_sums

_MULTIPLIED: tuple[Role, ...] = ("quantity", "unit_price", "amount")
_SHARES: tuple[Role, ...] = ("discount", "tax_rate")
_FACTORS = (Decimal("0.01"), Decimal("0.001"), Decimal("0.1"))
"""A price may be that of a hundred, a thousand or ten pieces."""

PROVED = 0.95
"""Confidence from which on subtotal, tax and total prove each other."""

MOST_WRONG = 0.34
"""Share of lines from which on it is our reading that is wrong, not they."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Differs:
    """A sum that does not hold, as a sentence; `item` is the place of the line among all items, None for a sum of the paper."""

    said: str
    item: int | None = None


def check_lines(table: ItemTable, *, sure: bool, first: int = 0) -> list[Differs]:
    """Return the lines of a table whose quantity times price is not their amount.

    `sure` says that the figures come from a text layer: what OCR read needs more lines that hold. `first` is the place of the
    table's first item among all items.
    """
    lines = [(at, item) for at, item in enumerate(table.items) if item.multiplied]
    if not lines:
        return []
    factor = _factor([item for _, item in lines])
    wrong = [(at, item) for at, item in lines if not _line_holds(item, factor)]
    real = sum(_proves(item) for at, item in lines if (at, item) not in wrong)
    if not wrong or (len(wrong) > 1 and len(wrong) > MOST_WRONG * len(lines)):
        return []
    if real < (1 if sure else 2) and not (sure and table.named and not real and not _explained(table, wrong)):
        return []
    return [Differs(said=_line_said(at, item), item=first + at) for at, item in wrong]


def _proves(item: Item) -> bool:
    return item.value("quantity") not in (0, 1) and item.value("unit_price") not in (0, 1)


def _factor(items: Sequence[Item]) -> Decimal:
    """Return by what most lines multiply besides quantity and price: 1, or less where prices are those of several pieces."""
    counts = {
        factor: sum(product_holds(i.figures["quantity"], i.figures["unit_price"], i.figures["amount"], factor) for i in items)
        for factor in (Decimal(1), *_FACTORS)
    }
    best = max(counts, key=lambda factor: counts[factor])
    return best if counts[best] > counts[Decimal(1)] else Decimal(1)


def _line_holds(item: Item, factor: Decimal) -> bool:
    """Return whether a line's amount follows from its quantity and price, with the discounts and taxes that it names itself."""
    quantity, price, amount = item.figures["quantity"], item.figures["unit_price"], item.figures["amount"]
    factors = [factor]
    shares = {Decimal(match[1].replace(",", ".")) for match in re.finditer(r"(\d{1,2}(?:[.,]\d{1,2})?)\s?%", item.text)}
    shares |= {abs(value) for role in _SHARES if (value := item.value(role)) is not None}
    for share in shares:
        part = share / 100
        factors += [factor * (1 - part), factor * (1 + part), factor / (1 + part)]
    if (per := item.value("per")) and per > 1:
        factors.append(factor / per)
    if any(product_holds(quantity, price, amount, one) for one in factors):
        return True
    discount = item.value("discount")
    return discount is not None and abs(quantity.value * price.value - abs(discount) - amount.value) <= CENT


def _explained(table: ItemTable, wrong: Sequence[tuple[int, Item]]) -> bool:
    """Return whether something that the header does not say may explain lines: a round discount, a price of several, a tax."""
    if any(role not in ("position", "code", "date", "tax_rate", "tax") for role in table.others):
        return True
    for _, item in wrong:
        whole = item.figures["quantity"].value * item.figures["unit_price"].value
        if not whole:
            return True
        ratio = item.figures["amount"].value / whole
        percent = round((1 - ratio) * 100)
        if abs(whole * (100 - percent) / 100 - item.figures["amount"].value) <= CENT and -30 <= percent < 100:
            return True
    return False


def _line_said(at: int, item: Item) -> str:
    quantity, price, amount = (item.figures[role].value for role in _MULTIPLIED)
    name = f" ({item.description[:60]})" if item.description else ""
    return (
        f"page {item.page}, line {at + 1}{name}: {plain(quantity)} x {price_text(price)} is {normal(quantity * price)}, "
        f"the line says {normal(amount)}"
    )


def plain(value: Decimal) -> str:
    """Return a figure without trailing zeros beyond the cents, and never as a power of ten."""
    text = f"{value:f}"
    whole, _, part = text.partition(".")
    part = part.rstrip("0")
    return f"{whole}.{part:0<2}" if part else whole


def price_text(value: Decimal) -> str:
    """Return a price with two decimals, or as many more as it has."""
    text = plain(value)
    return text if "." in text else f"{text}.00"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Printed:
    """The sums that a paper prints by what their labels say, and its `others`: amounts beside labels of anything else.

    `taxes_together` is what the taxes are in all: each counted once, or as often as it stands there (CGST and SGST are alike).
    `kept` says that the customer keeps a part back, `exact` that all are written alike, so that no decimal mark was lost.
    """

    subtotals: frozenset[Decimal]
    taxes: frozenset[Decimal]
    taxes_together: frozenset[Decimal]
    totals: frozenset[Decimal]
    others: frozenset[Decimal]
    kept: bool
    exact: bool


def check_sums(tables: Sequence[ItemTable], paper: Paper, *, sure: bool) -> list[Differs]:
    """Return what does not hold among the sum of the lines, subtotal, tax and total of a paper."""
    if len(tables) != 1 or not tables[0].items or not tables[0].whole:
        return []
    (table,) = tables
    printed = _printed(paper, table)
    if printed.kept or not printed.totals | printed.subtotals:
        return []
    count = len(table.items)
    lines = sum((item.figures["amount"].value for item in table.items), Decimal(0))
    slack = CENT * max(1, (count + 1) // 2)
    adds_up, bound = _agree(lines, printed, slack)
    if not _settled(printed, adds_up=adds_up, bound=bound):
        printed = _as_proved(printed, find_sums(paper))
        adds_up, bound = _agree(lines, printed, slack)
    held = _held(table)
    unsure = not sure and (held < 2 or held < count or printed.others or not adds_up)
    if _settled(printed, adds_up=adds_up, bound=bound) or not _alone(printed) or not printed.exact or unsure:
        return []
    mended = lines + sum((_missing(item) for item in table.items), Decimal(0))
    return _said(lines, count, printed, mended, adds_up=adds_up, bound=bound, slack=slack, proved=held >= 2)


def _agree(lines: Decimal, printed: _Printed, slack: Decimal) -> tuple[bool, bool]:
    """Return whether the lines add up to a sum that is printed, and whether subtotal and tax do to the total."""
    adds_up = any(_near(lines, one, slack) for one in printed.subtotals | printed.totals)
    taxes = {*printed.taxes, *printed.taxes_together}
    return adds_up, any(_near(net + tax, total, CENT) for net, tax, total in product(printed.subtotals, taxes, printed.totals))


def _settled(printed: _Printed, *, adds_up: bool, bound: bool) -> bool:
    return adds_up and (bound or not printed.subtotals or not printed.taxes)


def _as_proved(printed: _Printed, sums: Sums) -> _Printed:
    """Return the sums with those that prove each other taken for the only ones, where they are labelled so."""
    if sums.subtotal is None or sums.confidence < PROVED:
        return printed
    subtotal, tax, total = ({money.value} if money is not None else set() for money in (sums.subtotal, sums.tax, sums.total))
    return replace(
        printed,
        subtotals=frozenset(subtotal & printed.subtotals or printed.subtotals),
        taxes=frozenset(tax or printed.taxes),
        totals=frozenset(total & printed.totals or printed.totals),
    )


def _held(table: ItemTable) -> int:
    """Return how many lines hold so that it is no chance: the columns are what they are taken for."""
    lines = [item for item in table.items if item.multiplied]
    return sum(_line_holds(item, Decimal(1)) for item in lines)


def _alone(printed: _Printed) -> bool:
    """Return whether each sum is printed with one value only, so that it is plain which figures are meant."""
    return len(printed.subtotals) <= 1 and len(printed.totals) == 1 and len(printed.taxes) <= 3


def _missing(item: Item) -> Decimal:
    """Return by how much the amount of a line is too small for its quantity and price, 0 where it holds."""
    if not item.multiplied or _line_holds(item, Decimal(1)):
        return Decimal(0)
    quantity, price, amount = (item.figures[role].value for role in _MULTIPLIED)
    return quantity * price - amount


def _said(
    lines: Decimal, count: int, printed: _Printed, mended: Decimal, *, adds_up: bool, bound: bool, slack: Decimal, proved: bool
) -> list[Differs]:
    (total,) = printed.totals
    net = next(iter(printed.subtotals), None)
    tax = sum(printed.taxes, Decimal(0))
    of = f"the {count} lines add up to" if count > 1 else "the only line is"
    if adds_up and net is not None:
        if _reached(net + tax, {total}, printed.others) or _reached(net, {total}, printed.others):
            return []
        said = f"subtotal {normal(net)} and tax {normal(tax)} are {normal(net + tax)}, the total says {normal(total)}"
        return [Differs(said=said)]
    with_tax = _near(lines + tax, total, slack)
    if net is not None and with_tax and not bound:
        return [Differs(said=f"{of} {normal(lines)}, which with tax {normal(tax)} is the total; the subtotal says {normal(net)}")]
    if with_tax or _reached(lines, {total, total - tax, *printed.subtotals}, printed.others):
        return []
    if net is not None and (bound or _near(net + tax, lines, slack)):
        gross = abs(mended - total) < abs(mended - net)
        name, value = ("total", total) if gross else ("subtotal", net)
        return [Differs(said=f"{of} {normal(lines)}, the {name} says {normal(value)}")]
    if net is None and proved:
        return [Differs(said=f"{of} {normal(lines)}, the total says {normal(total)}")]
    return []


def _near(one: Decimal, other: Decimal, slack: Decimal) -> bool:
    """Return whether two sums agree; a credit note may print one of them without its minus."""
    return abs(abs(one) - abs(other)) <= slack


def _reached(start: Decimal, ends: Iterable[Decimal], others: Iterable[Decimal]) -> bool:
    """Return whether one or two other amounts of the paper (carriage, a discount) lead from one sum to another."""
    steps = list(others)[:12]
    ways = [*((one,) for one in steps), *combinations(steps, 2)]
    gaps = [abs(abs(end) - abs(start)) for end in ends]
    return any(
        _near(sum((sign * one for sign, one in zip(signs, way, strict=True)), Decimal(0)), gap, CENT)
        for way in ways
        for signs in product((1, -1), repeat=len(way))
        for gap in gaps
    )


def _printed(paper: Paper, table: ItemTable) -> _Printed:
    """Return the sums that stand below the items, or on a later page."""
    mark = decimal_mark(line.text for line in paper.lines)
    last = table.items[-1]
    boxes = [(item.page, item.box) for item in table.items]

    def below(money: Money) -> bool:
        return (money.page, money.box[3]) > (last.page, last.box[3]) and not any(
            page == money.page and box[1] <= (money.box[1] + money.box[3]) / 2 <= box[3] for page, box in boxes
        )

    named = {
        name: [money for money in labelled_amounts(paper, name, mark) if below(money) and (money.firm or name != "tax")]
        for name in ("subtotal", "tax", "total", "payable", "paid", "withheld")
    }
    values = {name: {money.value for money in found} for name, found in named.items()}
    totals = values["total"] or values["payable"]
    known = values["subtotal"] | values["tax"] | totals
    others = {money.value for money in all_amounts(paper, mark) if below(money)} - known
    if _held(table):  # lines without a price among others may tell what another line includes
        others |= {item.figures["amount"].value for item in table.items if "unit_price" not in item.figures}
    return _Printed(
        subtotals=frozenset(values["subtotal"]),
        taxes=frozenset(values["tax"]),
        taxes_together=frozenset({sum(values["tax"], Decimal(0)), sum((money.value for money in named["tax"]), Decimal(0))}),
        totals=frozenset(totals),
        others=frozenset(others),
        kept=any(values["withheld"]),
        exact=len({money.exact for found in named.values() for money in found}) < 2,
    )
