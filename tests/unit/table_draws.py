"""Clean tables drawn by a seed: any number of columns of any kinds, any delimiter, any quoting. Nothing was settled on them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from tests.unit.table_shapes import Shape

Draw = Callable[[random.Random, int], str]


def _one_of(*words: str) -> Draw:
    return lambda dice, row: dice.choice(words)


def _some(share: float, draw: Draw) -> Draw:
    """Return a draw of which only a share is there."""
    return lambda dice, row: draw(dice, row) if dice.random() < share else ""


def _phrase(least: int, most: int) -> Draw:
    """Return a draw of words, with a comma now and then where there are many."""
    words = "blue pump for the yard with two valves and a long hose by Meyer in steel or brass not sold since spring".split()

    def drawn(dice: random.Random, row: int) -> str:
        picked = [dice.choice(words) for _ in range(dice.randint(least, most))]
        if most > 4 and dice.random() < 0.4:
            picked[1] += ","
        return " ".join(picked).capitalize()

    return drawn


COLUMNS: dict[str, Draw] = {
    "Ref": lambda dice, row: f"{row + 7001}",
    "Order no.": lambda dice, row: f"PO-{dice.randint(10, 99)}/{row + 310}",
    "SKU": lambda dice, row: f"{dice.choice('ABCXYZ')}{dice.choice('DEF')}{dice.randint(100, 99999)}",
    "EAN": lambda dice, row: str(dice.randint(4_000_000_000_000, 4_999_999_999_999)),
    "Zip": lambda dice, row: f"{dice.randint(1000, 99999):05}",
    "Shipped": lambda dice, row: f"{dice.randint(2019, 2026)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}",
    "Due": lambda dice, row: f"{dice.randint(1, 28)}.{dice.randint(1, 12)}.{dice.randint(2024, 2026)}",
    "Seen": lambda dice, row: f"{dice.choice(['Jan', 'May', 'Oct'])} {dice.randint(1, 28)} 2026",
    "At": lambda dice, row: f"{dice.randint(0, 23):02}:{dice.randint(0, 59):02}",
    "Qty": lambda dice, row: str(dice.choice([1, 2, 5, 10, dice.randint(1, 900)])),
    "Net": lambda dice, row: f"{dice.randint(0, 4000)}.{dice.randint(0, 99):02}",
    "Brutto": lambda dice, row: f"{dice.randint(0, 40)}.{dice.randint(100, 999)},{dice.randint(0, 99):02}",
    "Fee": lambda dice, row: f"£{dice.randint(1, 90)}.{dice.randint(0, 99):02}",
    "Share": lambda dice, row: f"{dice.randint(0, 100)}%",
    "Delta": lambda dice, row: f"{dice.uniform(-3, 3):.4f}",
    "Kept": _one_of("yes", "no"),
    "Grade": _one_of("A", "B", "C", "n/a"),
    "Country": _one_of("DE", "FR", "GB", "PT", "NO"),
    "Port": _one_of("Rotterdam", "Le Havre", "Kiel", "Felixstowe", "Setúbal"),
    "Client": _one_of("Meyer & Co", "Lindqvist AB", "O'Neill Ltd", "Söhne GmbH", "Casa Verde, Lda"),
    "Agent": _one_of("Ruth", "Omar", "Jean-Luc", "Yuki", "Ana"),
    "Mail": lambda dice, row: f"{dice.choice(['ruth', 'omar', 'ana'])}{row}@desk.example",
    "Page": lambda dice, row: f"https://desk.example/p/{row * 31 + 5}?v={dice.randint(1, 9)}",
    "Memo": _some(0.5, _phrase(1, 3)),
    "Text": _phrase(5, 12),
    "Left": _some(0.6, lambda dice, row: str(dice.randint(1, 50))),
}  # fmt: skip


def drawn(seed: int) -> Shape:
    """Return the table of a seed; its rows differ, and no row is without any cell."""
    dice = random.Random(seed)
    names = dice.sample(list(COLUMNS), dice.randint(3, 10))
    delimiter = dice.choice([",", ",", ";", "\t", "|"])
    keyed: Sequence[str] = ["Ref", *(name for name in names if name != "Ref")] if dice.random() < 0.5 else names
    rows: dict[tuple[str, ...], None] = {}
    for row in range(dice.randint(8, 50)):
        cells = tuple(COLUMNS[name](dice, row) for name in keyed)
        if sum(map(bool, cells)) > 1:
            rows[cells] = None
    quoting = dice.choice([(), (), tuple(range(len(keyed))), tuple(c for c in range(len(keyed)) if dice.random() < 0.3)])
    return Shape(name=f"drawn {seed}", grid=[list(keyed), *map(list, rows)], delimiter=delimiter, quoted=quoting)
