"""Tables of delimited text, whole and dirty: the table that was meant comes out, and no row is lost."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.table_load import load_tables
from tests.unit.table_pollution import (
    Grid,
    base,
    extra_delimiter,
    line,
    missing_delimiter,
    stray_quote,
    with_line,
    write,
)

ROWS = (1, 2, 3, 4, 7, 30, 60)


def main_table(text: str) -> Grid:
    """Return columns and rows of the main table, without trailing empty cells."""
    table = load_tables(text).tables[0]
    return [trimmed(list(row)) for row in (table.columns, *table.rows)]


def trimmed(row: list[str]) -> list[str]:
    while row and not row[-1].strip():
        row.pop()
    return row


def meant(grid: Grid) -> Grid:
    return [trimmed(list(row)) for row in grid]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", ", ", "; ", " ", "||", "^", "~"])
def test_delimiters(delimiter: str) -> None:
    assert main_table(write(base(), delimiter=delimiter)) == meant(base())


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("escape", ["", "\\", "\0"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_quotes_and_escapes(quote: str, escape: str, delimiter: str) -> None:
    assert main_table(write(base(), delimiter=delimiter, quote=quote, escape=escape or quote)) == meant(base())


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_record_separators(end: str) -> None:
    assert main_table(write(base(), end=end)) == meant(base())


def test_mixed_record_separators_and_no_last_one() -> None:
    ends = ["\n", "\r\n", "\r"]
    text = "".join(line(row) + ends[n % 3] for n, row in enumerate(base()))
    assert main_table(text) == meant(base())
    assert main_table(write(base()).rstrip()) == meant(base())


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_small_tables(rows: int) -> None:
    assert main_table(write(base(rows))) == meant(base(rows))


def test_no_header_gives_numbered_columns() -> None:
    table = load_tables(write(base()[1:])).tables[0]
    assert table.columns[:3] == ("col_1", "col_2", "col_3")
    assert len(table.rows) == 60


def test_a_column_without_a_name_is_numbered() -> None:
    grid = base()
    grid[0] = ["Order date", "", *grid[0][2:]]
    assert load_tables(write(grid)).tables[0].columns[:3] == ("Order date", "col_2", "Qty")


def test_header_rows_are_joined() -> None:
    text = "Item,Price,\n,net,gross\nBolt,1.20,1.43\nNut,0.40,0.48\nWasher,0.10,0.12\n"
    assert load_tables(text).tables[0].columns == ("Item", "Price net", "Price gross")


def test_years_over_numbers_are_a_header() -> None:
    assert load_tables("Region,2024,2025\nNorth,12,14\nSouth,7,9\nWest,3,2\n").tables[0].columns == ("Region", "2024", "2025")


@pytest.mark.parametrize(
    "preamble",
    ["PREAMBLE,,,,,,,,\r\n,,,,,,,,\r\n", "Orders of May\r\nPrinted: 3 May 2026\r\n\r\n", "LIST\r\n", "sep=,\r\n"],
)
def test_preamble_is_left_out(preamble: str) -> None:
    assert main_table(preamble + write(base())) == meant(base())


@pytest.mark.parametrize("note", ["\r\nNote: prices without tax\r\n", "* prices without tax,,,,,,,,\r\n"])
def test_footnotes_are_left_out(note: str) -> None:
    assert main_table(write(base()) + note) == meant(base())


@pytest.mark.parametrize("gap", ["", "\r\n", "\r\nReturned goods\r\n"])
@pytest.mark.parametrize("width", [7, 8, 9, 10, 12])
def test_tables_are_told_apart(width: int, gap: str) -> None:
    second = [row[:width] + ["x"] * (width - 9) for row in base()]
    second[0] = [*base()[0], "More", "And more", "Still more"][:width]
    loaded = load_tables(write(base()) + gap + write(second))
    assert [len(table.rows) for table in loaded.tables] == [60, 60]
    assert main_table(write(base()) + gap + write(second)) == meant(base())


@pytest.mark.parametrize("row", [0, *ROWS])
@pytest.mark.parametrize("column", range(9))
def test_extra_delimiter(row: int, column: int) -> None:
    assert main_table(with_line(base(), row, lambda cells: extra_delimiter(cells, column))) == meant(base())


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("column", range(1, 9))
def test_missing_delimiter(row: int, column: int) -> None:
    assert main_table(with_line(base(), row, lambda cells: missing_delimiter(cells, column))) == meant(base())


@pytest.mark.parametrize("row", [0, *ROWS])
@pytest.mark.parametrize("column", range(9))
def test_stray_quote_stays_in_its_cell(row: int, column: int) -> None:
    grid = base()
    grid[row] = [('"' + text) if place == column else text for place, text in enumerate(grid[row])]
    assert main_table(with_line(base(), row, lambda cells: stray_quote(cells, column))) == meant(grid)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("delimiter", [";", "\t", "|", " ", ", "])
def test_row_delimited_otherwise(row: int, delimiter: str) -> None:
    assert main_table(with_line(base(), row, lambda cells: line(cells, delimiter=delimiter))) == meant(base())


def test_repairs_are_reported_by_line() -> None:
    assert load_tables(with_line(base(), 7, lambda cells: extra_delimiter(cells, 2))).repaired == (8,)
    assert load_tables(write(base())).repaired == ()


def test_line_breaks_in_quoted_cells_stay() -> None:
    rows = [["Name", "Note"], ["Ada", "first\nsecond"], ["Bob", 'says "no"\n\nand goes'], ["Cy", "x"]]
    assert main_table(write(rows)) == rows


def test_blank_rows_and_section_rows_lose_nothing() -> None:
    text = "Part,Qty,Price\nBolt,1,2.50\n,,\nOf which:,,\nNut,2,3.50\nWasher,7,0.10\nTotal,10,6.10\n"
    table = load_tables(text).tables[0]
    assert [row[0] for row in table.rows] == ["Bolt", "Of which:", "Nut", "Washer", "Total"]


@pytest.mark.parametrize("text", ["", "\n\n\r\n", "   \n", "\ufeff"])
def test_nothing_gives_no_table(text: str) -> None:
    assert [table.rows for table in load_tables(text.lstrip("\ufeff")).tables] == []


def test_decimal_commas_are_not_delimiters() -> None:
    text = "Artikel;Preis;Menge\nSchraube;1,50;3\nMutter;0,25;10\nScheibe;0,10;100\n"
    assert load_tables(text).dialect.delimiter == ";"


def test_a_quote_that_is_never_closed_does_not_swallow_the_file() -> None:
    grid = base(200)
    text = with_line(grid, 5, lambda cells: ",".join([*cells[:5], '"' + cells[5], "plain", "x", ""]))
    assert len(load_tables(text).tables[0].rows) == 200


plain_cells = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\x85\u2028\u2029"), max_size=12
)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read_and_rows_are_as_long_as_columns(text: str) -> None:
    for table in load_tables(text).tables:
        assert all(len(row) == len(table.columns) for row in table.rows)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), plain_cells, plain_cells, st.dates()), min_size=6, max_size=20))
def test_rfc_4180_with_typed_columns_round_trips(rows: list[tuple[object, ...]]) -> None:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["Number", "First text", "Second text", "Day"])
    writer.writerows(rows)
    table = load_tables(out.getvalue()).tables[0]
    assert table.columns == ("Number", "First text", "Second text", "Day")
    assert [list(row) for row in table.rows] == [[str(cell) for cell in row] for row in rows]
