"""The figures of invoice lines: what a cell says as a number, to how many decimals, and whether a product holds within rounding."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from mailbot.core.amounts import CODES, GROUPING, SYMBOLS, Mark, parse_number

CENT = Decimal("0.01")

_SIGNS = sorted({*CODES, *SYMBOLS}, key=len, reverse=True)
_SIGN = (
    "(?:"
    + "|".join(rf"{re.escape(sign)}(?![A-Za-z])" if sign[-1].isalpha() and sign.isascii() else re.escape(sign) for sign in _SIGNS)
    + ")"
)
_FIGURE = re.compile(
    rf"(?P<open>\()?\s?(?P<minus>[-−–]?)\s?(?:{_SIGN}\s?)?(?P<again>[-−–]?)\s?"
    rf"(?P<number>\d[\d.,'’\u00a0\u202f ]*\d|\d|[.,]\d+)\s?(?:,[-–—]+)?(?P<tail>-)?\s?(?:{_SIGN})?\s?(?P<close>\))?"
    rf"\s?(?P<unit>%|[^\W\d_][^\W\d_²³/.]{{0,11}}[²³]?\.?)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number as a cell writes it: its value, the digits after its decimal mark, and the unit behind it ("h", "%", "")."""

    value: Decimal
    decimals: int
    unit: str = ""

    @property
    def half(self) -> Decimal:
        """Half a unit of the last digit: how far the true value may be from what is written; none for whole numbers."""
        return Decimal(5).scaleb(-self.decimals - 1) if self.decimals else Decimal(0)


def figure(text: str, mark: Mark | None = None) -> Figure | None:
    """Return what a cell says, None where it is no figure or may be read in two ways. `mark` is the paper's decimal mark."""
    match = _FIGURE.fullmatch(" ".join(text.split()))
    if match is None or bool(match["open"]) != bool(match["close"]):
        return None
    written = GROUPING.sub("", match["number"])
    value = parse_number("0" + written if written[0] in ".," else written, mark)
    if value is None and mark is not None and re.fullmatch(rf"\d{{1,3}}\{mark}\d{{3}}", written):
        value = Decimal(written.replace(mark, "."))  # three decimals: a weight or a price per piece, in a column of them
    if value is None:
        return None
    exponent = value.as_tuple().exponent
    negative = bool(match["minus"] or match["again"] or match["tail"] or match["open"])
    return Figure(
        value=-value if negative else value,
        decimals=max(0, -exponent) if isinstance(exponent, int) else 0,
        unit=match["unit"] or "",
    )


def product_holds(quantity: Figure, price: Figure, amount: Figure, factor: Decimal = Decimal(1)) -> bool:
    """Return whether quantity times price times factor is the amount, as far as the digits written of each can tell."""
    slack = abs(quantity.value) * price.half + abs(price.value) * quantity.half
    return abs(quantity.value * price.value * factor - amount.value) <= CENT + slack * abs(factor)


def multiplies(rows: Iterable[tuple[Figure | None, Figure | None, Figure | None]]) -> bool:
    """Return whether in each of several rows the first two figures multiply to the third, and not only because one of them is 1."""
    real = 0
    for quantity, price, amount in rows:
        if quantity is None or price is None or amount is None or not product_holds(quantity, price, amount):
            return False
        real += 1 not in (quantity.value, price.value) and amount.value != 0
    return real > 0
