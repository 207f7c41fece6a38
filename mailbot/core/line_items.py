"""The line items of an invoice: which columns of a table hold description, quantity, price and amount, and what each line says.

Column names propose, arithmetic decides: where quantity times price is the amount in several lines, the columns are proved, with
or without a header. A table whose columns stay open has no items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import permutations

from mailbot.core.amounts import Mark
from mailbot.core.document import Box
from mailbot.core.item_figures import Figure, figure, product_holds
from mailbot.core.item_words import Role, is_carried, roles_of
from mailbot.core.labels import find_labels
from mailbot.core.page_body import SUMS
from mailbot.core.page_rows import PageRow
from mailbot.core.page_tables import PageTable

MOST_ROWS = 5_000
"""Rows of one table that are looked at."""

MOST_COLUMNS = 12

_PROOF = 200
"""Rows that are multiplied to prove columns."""

_MULTIPLIED: tuple[Role, ...] = ("quantity", "unit_price")
_FURTHER: tuple[Role, ...] = ("unit", "tax_rate", "discount", "per", "position")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of an invoice: what it is for, and its figures by what they are ("quantity", "unit_price", "amount", …)."""

    description: str
    figures: Mapping[Role, Figure] = field(default_factory=dict)
    unit: str = ""
    text: str = ""
    page: int = 1
    box: Box = (0.0, 0.0, 0.0, 0.0)

    @property
    def multiplied(self) -> bool:
        """Whether the line states a quantity, a price and an amount."""
        return {*_MULTIPLIED, "amount"} <= self.figures.keys()

    def value(self, role: Role) -> Decimal | None:
        """Return a figure's value, None where the line has none."""
        return self.figures[role].value if role in self.figures else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemTable:
    """The items of one table. `named` says that its header names quantity, price and amount; `whole` that every figure was read.

    `others` are the roles of further columns of figures, "" for ones of which nothing is known.
    """

    items: tuple[Item, ...]
    named: bool
    whole: bool
    others: tuple[str, ...]
    table: PageTable


def find_items(table: PageTable, mark: Mark | None) -> ItemTable | None:
    """Return the items of a table, None when it is none of items or its columns stay open. `mark` is the paper's decimal mark."""
    rows = [row for row in table.rows[:MOST_ROWS] if sum(map(bool, row.cells)) > 2 or not any(map(is_carried, row.cells))]
    if not rows or len(table.names) > MOST_COLUMNS:
        return None
    roles = roles_of(table.names)
    figures = [[figure(cell, mark) for cell in row.cells] for row in rows[:_PROOF]]
    if not any(roles) and not _proved(roles, figures):
        return None
    figures += [[figure(cell, mark) for cell in row.cells] for row in rows[_PROOF:]]
    columns = _columns(roles, figures, [row.cells for row in rows])
    if columns is None:
        return None
    amount = columns["amount"]
    kept = [at for at, row in enumerate(rows) if not _is_sum(row, figures[at], columns)]
    rows, figures = [rows[at] for at in kept], [figures[at] for at in kept]
    items = [_item(row, cells, columns) for row, cells in zip(rows, figures, strict=True) if cells[amount] or row.cells[amount]]
    whole = all(item.figures.get("amount") for item in items) and not any(
        _priced(cells, columns) and cells[amount] is None for cells in figures
    )
    used = set(columns.values())
    others = [roles[at] or "" for at in range(len(roles)) if at not in used and any(cells[at] for cells in figures)]
    return ItemTable(
        items=tuple(item for item in items if "amount" in item.figures),
        named={"quantity", "unit_price", "amount"} <= {role for role in roles if role},
        whole=whole,
        others=tuple(others),
        table=table,
    )


def _priced(cells: Sequence[Figure | None], columns: Mapping[Role, int]) -> bool:
    return "unit_price" in columns and cells[columns["unit_price"]] is not None


def _is_sum(row: PageRow, cells: Sequence[Figure | None], columns: Mapping[Role, int]) -> bool:
    """Return whether a row states a sum rather than an item: it begins with such a label, and nothing in it is multiplied."""
    if all(role in columns and cells[columns[role]] for role in _MULTIPLIED):
        return False
    first = next((cell for cell in row.cells if cell), "")
    labels = find_labels(first)
    return any(label.name in SUMS and label.start == 0 and 2 * (label.end - label.start) >= len(first) for label in labels)


def _columns(
    roles: Sequence[Role | None], figures: Sequence[Sequence[Figure | None]], cells: Sequence[Sequence[str]]
) -> dict[Role, int] | None:
    """Return which column holds what; at least the amount and the description, or None."""
    triple = _proved(roles, figures) or _named(roles, figures)
    columns: dict[Role, int] = {}
    if triple:
        columns = {"quantity": triple[0], "unit_price": triple[1], "amount": triple[2]}
    else:
        amounts = [at for at, role in enumerate(roles) if role == "amount"] or [at for at, r in enumerate(roles) if r == "gross"]
        if len(amounts) != 1 or any(
            roles[at] is None and any(row[at] for row in figures) for at in range(amounts[0] + 1, len(roles))
        ):
            return None  # figures that nobody names right of the amount may be the amounts proper, in another currency
        columns = {"amount": amounts[0]}
        columns |= _named_once(roles, _MULTIPLIED, columns)
    text = _text_column(roles, cells, set(columns.values()), known=triple is not None)
    if text is None:
        return None
    columns["description"] = text
    return columns | _named_once(roles, _FURTHER, columns)


def _named_once(roles: Sequence[Role | None], wanted: Sequence[Role], taken: Mapping[Role, int]) -> dict[Role, int]:
    """Return the columns of some roles that are named once, and not taken."""
    places = {role: [at for at, one in enumerate(roles) if one == role and at not in taken.values()] for role in wanted}
    return {role: found[0] for role, found in places.items() if len(found) == 1}


def _text_column(roles: Sequence[Role | None], cells: Sequence[Sequence[str]], taken: set[int], *, known: bool) -> int | None:
    """Return the column of descriptions: the one so named, else the one with most words where nothing else speaks against it."""
    named = [at for at, role in enumerate(roles) if role == "description" and at not in taken]
    letters = {
        at: sum(character.isalpha() for row in cells for character in row[at]) for at in range(len(roles)) if at not in taken
    }
    if named:
        return max(named, key=lambda at: letters[at])
    best = max(letters, key=lambda at: letters[at], default=None)
    if best is None or letters[best] < 2 * len(cells) or not (known or roles[best] is None):
        return None
    return best


_MAY_BE: dict[str, tuple[Role | None, ...]] = {
    "quantity": ("quantity", None, "unit"),
    "unit_price": ("unit_price", "amount", "gross", None),
    "amount": ("amount", "gross", None),
}


def _proved(roles: Sequence[Role | None], figures: Sequence[Sequence[Figure | None]]) -> tuple[int, int, int] | None:
    """Return the columns of quantity, price and amount that multiply in most rows, those whose names agree first."""
    width = len(roles)
    some = figures[:_PROOF]
    filled = [at for at in range(width) if sum(row[at] is not None for row in some) >= 0.5 * len(some)]
    best: tuple[float, tuple[int, int, int]] | None = None
    for triple in permutations(filled, 3):
        if any(roles[at] not in _MAY_BE[name] for at, name in zip(triple, _MAY_BE, strict=True)):
            continue
        agree = sum(roles[at] == name for at, name in zip(triple, _MAY_BE, strict=True))
        if agree < 2 and not triple[0] < triple[1] < triple[2]:
            continue
        rows = [(row[triple[0]], row[triple[1]], row[triple[2]]) for row in some]
        whole = [(q, p, a) for q, p, a in rows if q and p and a]
        held = [(q, p, a) for q, p, a in whole if product_holds(q, p, a)]
        real = sum(q.value not in (0, 1) and p.value not in (0, 1) for q, p, _ in held)
        if len(held) < 0.6 * len(whole) or (agree < 3 and real < (1 if agree == 2 else 2)):
            continue
        score = agree + len(held) / len(whole) + 0.01 * (triple[2] / width) if whole else 0.0
        if best is None or score > best[0]:
            best = score, triple
    return best[1] if best else None


def _named(roles: Sequence[Role | None], figures: Sequence[Sequence[Figure | None]]) -> tuple[int, int, int] | None:
    """Return the columns of quantity, price and amount by their names alone, where each is named once."""
    found = []
    for name in ("quantity", "unit_price", "amount"):
        places = [at for at, role in enumerate(roles) if role == name and any(row[at] for row in figures)]
        if name == "amount" and not places:
            places = [at for at, role in enumerate(roles) if role == "gross"]
        if len(places) != 1:
            return None
        found.append(places[0])
    return found[0], found[1], found[2]


def _item(row: PageRow, cells: Sequence[Figure | None], columns: Mapping[Role, int]) -> Item:
    figures: dict[Role, Figure] = {
        role: one for role, at in columns.items() if role != "description" and (one := cells[at]) is not None
    }
    quantity = figures.get("quantity")
    unit = row.cells[columns["unit"]] if "unit" in columns else quantity.unit if quantity else ""
    return Item(
        description=row.cells[columns["description"]],
        figures=figures,
        unit=unit,
        text=" ".join(row.cells),
        page=row.page,
        box=row.box,
    )
