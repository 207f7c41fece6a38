"""Which rows of a table are no items of it, but their totals and taxes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from mailbot.core.table_values import number, split_currency

_TOTAL = re.compile(
    r"(?:grand\s+|sub[\s-]?|net\s+|gross\s+|invoice\s+|order\s+)?total\w*\b.{0,40}|(?:amount|balance)\s+due|sum|summe|gesamt\w*(?:\s.{0,30})?"
    r"|(?:zwischen|end|netto|brutto|rechnungs)(?:summe|betrag)|(?:sous-)?total\s.{0,30}|totale?|totaal|suma|razem|итого|всего"
    r"|合\s*[计計]|[总總]\s*[计計]|小\s*[计計]|[总總][额額]|合計金額|(?:net|netto|brutto|gross)",
    re.IGNORECASE,
)
_BARE_TOTAL = re.compile(
    r"(?:grand )?totals?|summe|gesamt(?:summe|betrag)?|total general|итого|合\s*[计計]|[总總]\s*[计計]", re.IGNORECASE
)
TAX = re.compile(
    r"(?:(?:vat|tax|sales tax|gst|mwst\.?|ust\.?|umsatzsteuer|tva|iva|btw|税额|稅額|消費税|增值税)\b.{0,30})", re.IGNORECASE
)
"""What a row of tax is called."""


def are_totals(rows: Sequence[Sequence[str]]) -> list[bool]:
    """Return for each row whether it is a total or a tax: labelled so, with a figure, and little else.

    A row that fills as many cells as others is a total only by its bare name ("Total", not "Total Wine Ltd") at the end. A tax
    row counts only among totals at the end, not as a cost line of its own.
    """
    filled = [sum(cell != "" for cell in row) for row in rows]
    usual = _upper_quartile(filled)
    totals, at_end = [False] * len(rows), True
    for place in range(len(rows) - 1, -1, -1):
        words = sum(bool(cell) and not _figure(cell) for cell in rows[place])
        terse = words <= 2 and filled[place] > words
        names = [cell.rstrip(": ") for cell in rows[place]] if terse else []
        sparse = filled[place] < usual
        total = sparse and any(map(_TOTAL.fullmatch, names))
        at_end = at_end and (total or any(map(_BARE_TOTAL.fullmatch, names)) or (sparse and any(map(TAX.fullmatch, names))))
        totals[place] = total or at_end
    return totals


def _upper_quartile(counts: Sequence[int]) -> float:
    """Return the value that a quarter of the counts lie above, between two of them in proportion."""
    if not counts:
        return 0.0
    ordered = sorted(counts)
    place, part = divmod(0.75 * (len(ordered) - 1), 1)
    low, high = ordered[int(place)], ordered[min(int(place) + 1, len(ordered) - 1)]
    return low + (high - low) * part


@lru_cache(maxsize=65536)
def _figure(cell: str) -> bool:
    """Return whether a cell is a number, whatever its currency or decimal mark."""
    bare = split_currency(cell)[1].rstrip("% ")
    return number(bare, ".") is not None or number(bare, ",") is not None
