"""Changes one value of a sale as a fraud or a slip would: the page and the XML of one invoice then differ in it."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

from tests.servers.einvoice_sales import Sale, iban

KINDS = ("total", "total digit", "tax", "number", "number digit", "iban", "iban digit", "all sums")
FIELD = {"total": "total", "total digit": "total", "tax": "tax", "number": "number", "number digit": "number", "iban": "IBAN",
         "iban digit": "IBAN", "all sums": "total"}  # fmt: skip
"""What the problem must name, by kind."""


def tampered(one: Sale, kind: str, seed: int) -> Sale:
    """Return the sale with one value changed: another one, or a single digit of it."""
    dice = random.Random(seed)
    if kind in ("total", "total digit"):
        gross = one.gross + 1000 if kind == "total" else Decimal(_digit(str(one.gross), dice))
        return replace(one, stated={"gross": gross, "payable": gross - one.prepaid})
    if kind == "tax":
        return replace(one, stated={"tax": Decimal(_digit(f"{one.tax:.2f}", dice))})
    if kind == "number":
        return replace(one, number=f"{one.number[:-3]}{dice.randint(100, 999)}X")
    if kind == "number digit":
        return replace(one, number=_digit(one.number, dice))
    if kind == "iban":
        return replace(one, account=iban(one.seller[2], int(one.account[-3:]) + 7 if one.account[-3:].isdigit() else 5))
    if kind == "iban digit":
        return replace(one, account=one.account[:4] + _digit(one.account[4:], dice))
    name, quantity, price, rate = one.lines[0]
    return replace(one, lines=((name, quantity, price + 11, rate), *one.lines[1:]))


def _digit(text: str, dice: random.Random) -> str:
    """Return text with one of its digits turned into another; the first one never becomes 0."""
    places = [at for at, character in enumerate(text) if character.isdigit()]
    at = dice.choice(places)
    choices = [digit for digit in "123456789" if digit != text[at]]
    return text[:at] + dice.choice(choices) + text[at + 1 :]
