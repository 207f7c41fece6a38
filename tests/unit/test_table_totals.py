"""Which rows of a table are totals: by their name, their figure, and what little else stands in them."""

from __future__ import annotations

import pytest

from mailbot.core.table_totals import are_totals

ITEMS = (("10021", "Schraube", "1.000", "80,00"), ("10022", "Mutter", "500", "50,00"), ("10030", "Dübel", "250", "55,00"))


@pytest.mark.parametrize(
    "last",
    [("", "", "Summe", "185,00"), ("", "Total", "", "185,00"), ("Grand total:", "", "", "EUR 185,00"), ("合计", "", "", "¥185.00")],
)
def test_a_row_that_names_a_total_and_shows_one_is_no_item(last: tuple[str, ...]) -> None:
    assert are_totals([*ITEMS, last]) == [False, False, False, True]


def test_taxes_count_among_totals_at_the_end_only() -> None:
    end = [("", "", "Netto", "185,00"), ("", "", "MwSt. 19 %", "35,15"), ("", "", "Summe", "220,15")]
    assert are_totals([*ITEMS, *end]) == [False] * 3 + [True] * 3
    assert are_totals([ITEMS[0], ("", "", "Tax advice", "90,00"), *ITEMS[1:]]) == [False] * 4


@pytest.mark.parametrize("last", [("10040", "Total Wine Ltd", "1", "3,00"), ("", "", "Summe", ""), ("", "", "", "185,00")])
def test_what_is_only_called_so_is_an_item(last: tuple[str, ...]) -> None:
    assert are_totals([*ITEMS, last]) == [False] * 4


def test_no_rows_have_no_totals() -> None:
    assert are_totals([]) == []
