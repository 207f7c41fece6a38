"""A cleaned table as CSV, Parquet and xlsx: types kept, nothing taken for a formula, changed cells marked; and its report."""

from __future__ import annotations

import datetime
import io
from decimal import Decimal

import openpyxl
import pyarrow.parquet as pq
import pytest

from mailbot.core.document import Table
from mailbot.core.table_report import report_text, report_to_json
from mailbot.core.tables import Cleaned, CleanRow, Column
from mailbot.extract.clean import clean
from mailbot.extract.table_files import encoded, to_parquet, to_xlsx

LOADED = Table(
    columns=("Item", "Qty", "Price", "Day", "Paid", "Weight"),
    rows=(
        ("=1+1", "3", "1.234,50 €", "13.05.2026", "ja", "2 kg"),
        ("+49 30", "1.000.000", "2,00 €", "1.6.2026", "nein", "n/a"),
        ("Summe", "1.000.003", "1.236,50 €", "", "", ""),
    ),
)


def single(kind: str, *texts: str) -> Cleaned:
    column = Column(name="c", type=kind)  # type: ignore[arg-type]
    return Cleaned(columns=(column,), rows=tuple(CleanRow(source=n, cells=(text,)) for n, text in enumerate(texts)))


def test_parquet_keeps_types_exactly_and_says_currency_and_unit() -> None:
    read = pq.read_table(io.BytesIO(encoded(clean(LOADED), ".parquet")))
    assert [str(field.type) for field in read.schema] == ["string", "int64", "decimal128(6, 2)", "date32[day]", "bool", "int64"]
    assert read.to_pylist() == [
        {"Item": "=1+1", "Qty": 3, "Price": Decimal("1234.50"), "Day": datetime.date(2026, 5, 13), "Paid": True, "Weight": 2},
        {
            "Item": "+49 30",
            "Qty": 1000000,
            "Price": Decimal("2.00"),
            "Day": datetime.date(2026, 6, 1),
            "Paid": False,
            "Weight": None,
        },
    ]
    assert read.schema.field("Price").metadata == {b"type": b"money", b"currency": b"EUR"}
    assert read.schema.field("Weight").metadata == {b"type": b"integer", b"unit": b"kg"}


@pytest.mark.parametrize(
    ("kind", "texts", "values"),
    [
        ("integer", ("3", "about 7"), ["3", "about 7"]),
        ("integer", ("9" * 30, "1"), ["9" * 30, "1"]),
        ("date", ("2026-05-03", "2026-05-03T08:00:00"), [datetime.datetime(2026, 5, 3), datetime.datetime(2026, 5, 3, 8)]),
        ("date", ("2026-05-03", "2026-05-03T08:00:00Z"), ["2026-05-03", "2026-05-03T08:00:00Z"]),
        ("boolean", ("true", "maybe"), ["true", "maybe"]),
        ("text", ("", ""), [None, None]),
    ],
)
def test_a_parquet_column_that_a_value_does_not_fit_is_text(kind: str, texts: tuple[str, ...], values: list[object]) -> None:
    assert pq.read_table(io.BytesIO(to_parquet(single(kind, *texts)))).column("c").to_pylist() == values


def test_columns_of_one_name_are_told_apart_in_parquet() -> None:
    cleaned = clean(Table(columns=("a", "a", "a (2)", "a"), rows=(("1", "2", "3", "4"),)))
    assert pq.read_table(io.BytesIO(to_parquet(cleaned))).column_names == ["a", "a (3)", "a (2)", "a (4)"]


def test_xlsx_keeps_types_marks_changes_and_holds_no_formula() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(encoded(clean(LOADED), ".xlsx"))).worksheets[0]
    first, second = list(sheet.iter_rows(min_row=2))
    assert [cell.value for cell in first] == ["=1+1", 3, 1234.5, datetime.datetime(2026, 5, 13), True, 2]
    assert (first[0].data_type, first[0].quotePrefix) == ("s", True)
    assert first[2].comment is not None
    assert first[2].comment.text == "was: 1.234,50 €"
    assert (first[0].comment, first[1].comment) == (None, None)
    assert second[5].comment is not None
    assert (second[5].value, second[5].comment.text) == (None, "was: n/a")


def test_xlsx_loses_no_digit_and_no_row_for_a_character_that_xml_lacks() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(to_xlsx(single("integer", "1234567890123456789", "5")))).worksheets[0]
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == ["1234567890123456789", 5]
    sheet = openpyxl.load_workbook(io.BytesIO(to_xlsx(single("text", "a\x00b\x1f", "@x")))).worksheets[0]
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == ["ab", "@x"]


def test_csv_is_defused_in_text_cells_alone() -> None:
    assert (
        encoded(clean(Table(columns=("a", "b"), rows=(("=x", "-0.008"), ("-y", "-5")))), ".csv")
        == b"a,b\r\n'=x,-0.008\r\n'-y,-5\r\n"
    )


def test_the_report_counts_changes_by_kind_with_examples_and_traces_each() -> None:
    report = report_to_json(clean(LOADED))
    counts = {one["kind"]: one["count"] for one in report["summary"]}
    assert counts == {"money": 3, "number": 2, "date": 2, "boolean": 2, "unit": 1, "missing": 1}
    (unit,) = (one for one in report["summary"] if one["kind"] == "unit")
    assert unit["examples"] == [{"row": 0, "column": "Weight", "before": "2 kg", "after": "2"}]
    for change in report["changes"]:
        assert LOADED.rows[change["row"]][change["column"]] == change["before"]
    text = report_text(clean(LOADED))
    assert "2 rows, 1 of totals set apart, 11 cells changed" in text
    assert "row 1, Price: '1.234,50 €' → '1234.50'" in text
    assert "agrees" in text
