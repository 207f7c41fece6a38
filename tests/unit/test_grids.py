"""How cleaned tables are shown: what changed, what was set apart, what a person should look at."""

from __future__ import annotations

from mailbot.core.document import Table
from mailbot.core.tables import CellChange, Cleaned, CleanRow, Column, Note, TotalCheck
from mailbot.review.grids import MAX_ROWS, Cell, grid

LOADED = Table(columns=("Item", "Price"), rows=(("Bolt", "1.234,50 €"), ("Nut", "3,00 €"), ("Total", "1.240,00 €")))
CLEANED = Cleaned(
    columns=(Column(name="Item", type="text"), Column(name="Price", type="money", currency="EUR")),
    rows=(CleanRow(source=0, cells=("Bolt", "1234.50")), CleanRow(source=1, cells=("Nut", "3.00"))),
    totals=(CleanRow(source=2, cells=("Total", "1240.00")),),
    changes=(CellChange(row=0, column=1, before="1.234,50 €", after="1234.50", kind="money"),),
    notes=(Note(column=1, kind="by_language", detail="read as in German"),),
    checks=(TotalCheck(row=2, column=1, printed="1240.00", computed="1237.50", agrees=False),),
)


def test_a_changed_cell_keeps_what_stood_there() -> None:
    shown = grid(LOADED, CLEANED)
    assert shown.rows[0] == (Cell(text="Bolt"), Cell(text="1234.50", before="1.234,50 €", figure=True))
    assert shown.rows[1][1] == Cell(text="3.00", figure=True)
    assert [head.kind for head in shown.heads] == ["", "money, EUR"]
    assert shown.changed == 1
    assert shown.first == (1, 1)
    assert grid(LOADED, None).first == (0, 0)


def test_totals_are_set_apart_and_a_wrong_sum_is_said() -> None:
    shown = grid(LOADED, CLEANED)
    assert [cell.text for cell in shown.totals[0]] == ["Total", "1240.00"]
    assert shown.notes == ("Price: read as in German", "Price: the total says 1240.00, the rows add up to 1237.50")


def test_a_table_that_was_not_cleaned_is_shown_as_loaded() -> None:
    long = Table(columns=("n",), rows=tuple((str(number),) for number in range(MAX_ROWS + 5)))
    shown = grid(long, None)
    assert len(shown.rows) == MAX_ROWS
    assert shown.more == 5
    assert shown.rows[3] == (Cell(text="3"),)
