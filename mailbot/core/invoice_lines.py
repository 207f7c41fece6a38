"""The line items of a document as it holds them, and a sentence for each sum that does not hold."""

from __future__ import annotations

from collections.abc import Sequence

from mailbot.core.amounts import decimal_mark, normal
from mailbot.core.document import LineItem
from mailbot.core.labels import has_title
from mailbot.core.line_items import Item, find_items
from mailbot.core.line_sums import Differs, check_lines, check_sums, plain, price_text
from mailbot.core.page_tables import PageTable
from mailbot.core.paper import Paper


def read_lines(
    tables: Sequence[PageTable], paper: Paper, *, sure: bool, whole: bool
) -> tuple[tuple[LineItem, ...], tuple[str, ...]]:
    """Return the line items in the tables of a document, and what does not hold among its figures.

    Sums are looked for on `paper`; `sure` says that its words come from a text layer, `whole` that they are all there are.
    A paper that does not call itself an invoice, order or the like is not checked.
    """
    mark = decimal_mark(line.text for line in paper.lines)
    found = [one for table in tables if (one := find_items(table, mark))]
    if not found:
        return (), ()
    differs: list[Differs] = []
    if has_title(paper.text):
        first = 0
        for one in found:
            differs += check_lines(one, sure=sure, first=first)
            first += len(one.items)
        differs += check_sums(found, paper, sure=sure) if whole else []
    said = {one.item: one.said for one in differs if one.item is not None}
    every = [item for one in found for item in one.items]
    return tuple(_line_item(item, said.get(at, "")) for at, item in enumerate(every)), tuple(one.said for one in differs)


def _line_item(item: Item, differs: str) -> LineItem:
    quantity, price, tax = (item.value(role) for role in ("quantity", "unit_price", "tax_rate"))
    return LineItem(
        description=item.description,
        quantity=plain(quantity) if quantity is not None else None,
        unit=item.unit or None,
        unit_price=price_text(price) if price is not None else None,
        tax_rate=plain(tax) if tax is not None else None,
        amount=normal(item.figures["amount"].value),
        page=item.page,
        box=item.box,
        differs=differs,
    )
