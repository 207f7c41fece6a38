"""Dirty files by kind load as nearly as they did when they were last measured: a floor for each kind, over four shapes."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import pytest

from mailbot.core.table_load import load_tables
from tests.unit.table_dirt import KINDS, Dirty, dirty, score
from tests.unit.table_draws import drawn
from tests.unit.table_shapes import SEEN, UNSEEN, Shape, price_list, small, statement, stock

FLOORS = {"missing delimiter": (0.95, 0.85), "bare delimiter": (0.99, 0.75)}
"""Mean F1 and share loaded exactly; 1 and 1 for kinds that are not named. Two cells of words that met can seldom be told apart."""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__.strip("_"))
def test_floor(kind: Callable[..., object]) -> None:
    found: dict[str, list[Dirty]] = {}
    for shape in (price_list, statement, small, stock):
        for one in kind(shape(), 12):  # type: ignore[attr-defined]
            found.setdefault(one.kind, []).append(one)
    assert found
    for name, files in found.items():
        tables = [(one, load_tables(one.text).tables[0]) for one in files]
        scores = [score(one.meant, [list(table.columns), *map(list, table.rows)]) for one, table in tables]
        mean, exact = FLOORS.get(name, (1.0, 1.0))
        assert statistics.mean(one.f1 for one in scores) >= mean, name
        assert sum(one.exact for one in scores) >= exact * len(scores), name


@pytest.mark.parametrize("seed", [1, 10, 31])
def test_floor_on_drawn_tables(seed: int) -> None:
    found: dict[str, list[float]] = {}
    for one in dirty(drawn(seed), step=40):
        table = load_tables(one.text).tables[0]
        found.setdefault(one.kind, []).append(score(one.meant, [list(table.columns), *map(list, table.rows)]).f1)
    for name, scores in found.items():
        assert statistics.mean(scores) >= FLOORS.get(name, (1.0, 1.0))[0], name


@pytest.mark.parametrize("shape", [*SEEN, *UNSEEN], ids=lambda shape: shape.__name__)
def test_shapes_are_tables(shape: Callable[[], Shape]) -> None:
    grid = shape().grid
    assert {len(row) for row in grid} == {len(grid[0])}
    assert len({tuple(row) for row in grid}) == len(grid)


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("Order dateTime,Qty,Price", ["Order date", "Time", "Qty", "Price"]),
        ('"Day","Time""Qty","Price"', ["Day", "Time", "Qty", "Price"]),
        ("orderDate,endTimeQty,unitPrice", ["orderDate", "endTimeQty", "unitPrice", "col_4"]),  # told apart by nobody
        ("daytime,qty,price", ["daytime", "qty", "price", "col_4"]),
    ],
)
def test_two_names_that_met_are_parted_only_where_there_is_one_place(header: str, names: list[str]) -> None:
    text = header + "\n2026-05-01,08:00,3,1.50\n2026-05-02,09:30,12,0.25\n2026-05-03,10:15,7,3.00\n"
    assert list(load_tables(text).tables[0].columns) == names


def test_pairs_above_a_table_come_after_it() -> None:
    loaded = load_tables("Customer:;4711\nDate:;3.5.2026\n\nItem;Qty;Price\nBolt;1;2,50\nNut;2;3,50\nOil;1;9,00\n")
    assert [table.columns for table in loaded.tables] == [("Item", "Qty", "Price"), ("Customer:", "4711")]


def test_a_decimal_comma_that_was_taken_for_a_delimiter() -> None:
    loaded = load_tables("Item,Qty,UnitPrice,Sum\nBolt,3,1,50,4,50\nNut,4,2,75,11,00\nOil,5,10,00,50,00\n")
    assert loaded.tables[0].columns == ("Item", "Qty", "UnitPrice", "Sum")
    assert loaded.tables[0].rows[2] == ("Oil", "5", "10,00", "50,00")
    assert loaded.repaired == (2, 3, 4)


def test_which_column_has_the_decimals_is_not_guessed() -> None:
    loaded = load_tables("Item,Qty,Price\nBolt,13,10,50\nNut,14,12,75\nOil,25,10,00\n")
    assert loaded.tables[0].rows[0] == ("Bolt", "13", "10", "50")
