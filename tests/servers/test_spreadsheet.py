"""xlsx and ods as offices write them: titles, merged headers, several sheets, formulas, dates; broken and bombed ones."""

from __future__ import annotations

import datetime
import io
import struct
import zipfile

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from mailbot.core.document import Table
from mailbot.extract.clean import clean
from mailbot.extract.media_type import detect
from mailbot.extract.reader import Limits
from mailbot.extract.spreadsheet import as_text, read

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODS = "application/vnd.oasis.opendocument.spreadsheet"


def book(*sheets: list[list[object]]) -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for number, rows in enumerate(sheets, 1):
        sheet = made.create_sheet(f"Sheet {number}")
        for row in rows:
            sheet.append(row)
    return made


def saved(made: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def first_sheet(made: openpyxl.Workbook) -> Worksheet:
    return made.worksheets[0]


def tables(content: bytes, media_type: str = XLSX) -> tuple[Table, ...]:
    found = read("a.xlsx", content, media_type, Limits())
    assert found.problems == ()
    return found.documents[0].tables


def test_values_are_written_plainly() -> None:
    day = datetime.date(2026, 5, 3)
    rows: list[list[object]] = [
        ["Item", "Qty", "Price", "Day", "At", "Paid"],
        ["Bolt", 3, 12.5, day, datetime.datetime(2026, 5, 3, 14, 5), True],
        ["Nut", 3.0, 0.1 + 0.2, day, datetime.datetime(2026, 5, 4, 8, 0), False],
    ]
    (table,) = tables(saved(book(rows)))
    assert table.columns == ("Item", "Qty", "Price", "Day", "At", "Paid")
    assert table.rows[0] == ("Bolt", "3", "12.5", "2026-05-03", "2026-05-03 14:05:00", "TRUE")
    assert table.rows[1][:3] == ("Nut", "3", "0.3")
    assert table.page is None


def test_title_merged_header_rows_and_notes() -> None:
    made = book(
        [
            ["Orders of May 2026"],
            [],
            ["Item", "Quarter 1", None, "Quarter 2", None],
            [None, "Qty", "Sum", "Qty", "Sum"],
            ["Bolt", 1, 2.5, 3, 7.5],
            ["Nut", 2, 1.0, 4, 2.0],
            ["Washer", 7, 0.7, 9, 0.9],
            [],
            ["Note: sums without tax"],
        ]
    )
    for cells in ("A1:E1", "A3:A4", "B3:C3", "D3:E3"):
        first_sheet(made).merge_cells(cells)
    (table,) = tables(saved(made))
    assert table.columns == ("Item", "Quarter 1 Qty", "Quarter 1 Sum", "Quarter 2 Qty", "Quarter 2 Sum")
    assert [row[0] for row in table.rows] == ["Bolt", "Nut", "Washer"]


def test_merged_cells_in_the_body_are_not_multiplied() -> None:
    made = book([["Item", "Qty", "Sum"], ["Bolt", 1, 2], ["see below", None, 5], ["Nut", 2, 3]])
    first_sheet(made).merge_cells("A3:B3")
    (table,) = tables(saved(made))
    assert table.rows[1] == ("see below", "", "5")


def test_tables_side_by_side_are_told_apart() -> None:
    rows: list[list[object]] = [
        ["Orders", None, None, None, "Customers"],
        ["Code", "Qty", None, None, "Id", "Name"],
        ["A1", 3, None, None, 1, "Meyer"],
        ["A2", 4, None, None, 2, "Smith"],
        ["A3", 5],
    ]
    first, second = tables(saved(book(rows)))
    assert (first.columns, len(first.rows)) == (("Code", "Qty"), 3)
    assert (second.columns, second.rows) == (("Id", "Name"), (("1", "Meyer"), ("2", "Smith")))


def test_margins_and_gaps_for_the_eye_are_no_columns() -> None:
    rows: list[list[object]] = [[], [None, "Code", None, "Qty"], [None, "A1", None, 3], [None, "A2", None, 4]]
    (table,) = tables(saved(book(rows)))
    assert table == Table(columns=("Code", "Qty"), rows=(("A1", "3"), ("A2", "4")))


def test_pairs_over_the_real_table_come_after_it() -> None:
    """An order's number and customer above its lines: the lines are the main table, as in a CSV."""
    order = book(
        [["Purchase Order", "PO-8200"], ["Customer", "Kunde AG"], [], ["SKU", "Qty", "Price"], ["007", 4, 29.9], ["008", 50, 2.35]]
    )
    lines, pairs = tables(saved(order))
    assert lines.columns == ("SKU", "Qty", "Price")
    assert pairs.columns == ("Purchase Order", "PO-8200")


def test_each_sheet_is_a_table() -> None:
    made = book([["Item", "Qty"], ["Bolt", 1], ["Nut", 2]], [], [["Code", "Weight"], ["A1", 2.5], ["A2", 3.5]])
    first, second = tables(saved(made))
    assert first.rows == (("Bolt", "1"), ("Nut", "2"))
    assert second.columns == ("Code", "Weight")


def test_hidden_rows_and_columns_are_left_out_of_the_table_and_told() -> None:
    rows: list[list[object]] = [["Item", "Cost", "Qty"], ["Bolt", 9, 1], ["Nut", 8, 2], ["Oil", 7, 3], ["Can", 6, 4]]
    made = book(rows)
    first_sheet(made).row_dimensions[3].hidden = True
    first_sheet(made).column_dimensions["B"].hidden = True
    found = read("a.xlsx", saved(made), XLSX, Limits())
    (table,) = found.documents[0].tables
    assert table == Table(columns=("Item", "Qty"), rows=(("Bolt", "1"), ("Oil", "3"), ("Can", "4")))
    assert "Nut\t8\t2" in found.documents[0].pages[0].text  # nothing is lost
    assert [(problem.code, problem.severity) for problem in found.problems] == [("hidden_cells", "info")]
    assert "1 rows, 1 columns" in found.problems[0].detail


def test_tables_of_hidden_sheets_come_last() -> None:
    made = book([["Code", "Weight"], ["A1", 2.5], ["A2", 3.5]], [["Item", "Qty"], ["Bolt", 1], ["Nut", 2]])
    first_sheet(made).sheet_state = "hidden"
    made.active = 1
    found = read("a.xlsx", saved(made), XLSX, Limits())
    assert [table.columns for table in found.documents[0].tables] == [("Item", "Qty"), ("Code", "Weight")]
    assert "the sheet 'Sheet 1'" in found.problems[0].detail


def test_formulas_without_a_stored_value_are_told() -> None:
    found = read("a.xlsx", saved(book([["Item", "Sum"], ["Bolt", 2], ["Nut", "=B2*2"], ["Oil", "=B2"]])), XLSX, Limits())
    assert [row[1] for row in found.documents[0].tables[0].rows] == ["2", "", ""]
    assert [(problem.code, problem.severity) for problem in found.problems] == [("formulas_without_value", "warning")]
    assert "2 formulas have no stored value (sheet1!B3, sheet1!B4)" in found.problems[0].detail


def test_several_tables_of_one_sheet_and_numbers_stored_as_text() -> None:
    content = saved(
        book(
            [
                ["Item", "Qty", "Price"], ["Bolt", "1.000", "2,50 €"], ["Nut", "12", "0,30 €"], [None], ["Returned"],
                ["Code", "Weight"], ["A1", 2.5], ["A2", 3.5], ["A3", 4.0],
            ]
        )
    )  # fmt: skip
    first, second = tables(content)
    assert first.rows == (("Bolt", "1.000", "2,50 €"), ("Nut", "12", "0,30 €"))
    assert (second.columns[:2], [row[0] for row in second.rows]) == (("Code", "Weight"), ["A1", "A2", "A3"])
    assert [row.cells[2] for row in clean(first).rows] == ["2.50", "0.30"]


def test_serials_under_a_name_of_dates_are_days() -> None:
    (table,) = tables(saved(book([["Item", "Delivery date", "No."], ["Bolt", 46145, 46145], ["Nut", 46146, 46146]])))
    cleaned = clean(table)
    assert [row.cells[1:] for row in cleaned.rows] == [("2026-05-03", "46145"), ("2026-05-04", "46146")]
    assert [note.kind for note in cleaned.notes] == ["by_serial"]


def test_formulas_come_by_their_stored_value() -> None:
    content = saved(book([["Item", "Sum"], ["Bolt", 2], ["Total", "=SUM(B2:B2)"]]))
    parts = {name: zipfile.ZipFile(io.BytesIO(content)).read(name) for name in zipfile.ZipFile(io.BytesIO(content)).namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].replace(b"<v></v>", b"<v>2</v>").replace(b"<v />", b"<v>2</v>")
    assert b"<v>2</v>" in sheet
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, part in (parts | {"xl/worksheets/sheet1.xml": sheet}).items():
            archive.writestr(name, part)
    (table,) = tables(out.getvalue())
    assert table.rows[-1] == ("Total", "2")


def test_ods() -> None:
    def row(*cells: str) -> str:
        return "<table:table-row>" + "".join(cells) + "</table:table-row>"

    def text(value: str) -> str:
        return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'

    def figure(value: float) -> str:
        return f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>x</text:p></table:table-cell>'

    names = "urn:oasis:names:tc:opendocument:xmlns:"
    rows = row(text("Artikel"), text("Menge")) + row(text("Öl"), figure(3)) + row(text("Nut"), figure(2.5))
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
        f'xmlns:office="{names}office:1.0" xmlns:table="{names}table:1.0" xmlns:text="{names}text:1.0" '
        f'office:version="1.2"><office:body><office:spreadsheet><table:table table:name="S">{rows}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", ODS)
        archive.writestr("META-INF/manifest.xml", f'<manifest:manifest xmlns:manifest="{names}manifest:1.0"/>')
        archive.writestr("content.xml", xml)
    (table,) = tables(out.getvalue(), ODS)
    assert table == Table(columns=("Artikel", "Menge"), rows=(("Öl", "3"), ("Nut", "2.5")))


def binary_sheet(*rows: list[str | float], far: bool = False) -> bytes:
    """Return an xlsb ([MS-XLSB]) by hand, since no library writes one; `far` puts the last row into the last cell there is."""

    def record(kind: int, body: bytes = b"") -> bytes:
        return bytes([kind] if kind < 128 else [kind & 127 | 128, kind >> 7]) + bytes([len(body)]) + body

    def wide(text: str) -> bytes:
        return struct.pack("<I", len(text)) + text.encode("utf-16-le")

    cells = b""
    for number, row in enumerate(rows):
        last = far and number == len(rows) - 1
        cells += record(0, struct.pack("<IIHBBBI", 1_048_575 if last else number, 0, 300, 0, 0, 0, 0))
        for column, value in enumerate(row):
            place = struct.pack("<II", 16_383 if last else column, 0)
            cells += record(6, place + wide(value)) if isinstance(value, str) else record(5, place + struct.pack("<d", value))
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        bundle = record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("Sheet 1"))
        archive.writestr("xl/workbook.bin", record(131) + record(143) + bundle + record(144) + record(132))
        archive.writestr(
            "xl/_rels/workbook.bin.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="rId1" Type="{relation}" Target="worksheets/sheet1.bin"/></Relationships>',
        )
        sheet = record(129) + record(148, bytes(16)) + record(145) + cells + record(146) + record(130)
        archive.writestr("xl/worksheets/sheet1.bin", sheet)
    return out.getvalue()


def test_xlsb() -> None:
    content = binary_sheet(["Item", "Qty"], ["Bolt", 3.0], ["Nut", 2.5])
    assert detect("a.xlsb", content) == XLSX
    (table,) = tables(content)
    assert table == Table(columns=("Item", "Qty"), rows=(("Bolt", "3"), ("Nut", "2.5")))


@pytest.mark.parametrize("content", [b"PK\x03\x04broken", b"not a workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600])
def test_a_broken_one_is_a_problem(content: bytes) -> None:
    found = read("a.xlsx", content, XLSX, Limits())
    assert [problem.code for problem in found.problems] == ["broken_spreadsheet"]


def test_half_a_workbook_is_a_problem() -> None:
    content = saved(book([["Item", "Qty"], *[["Bolt", n] for n in range(500)]]))
    for cut in (100, len(content) // 2, len(content) - 10):
        found = read("a.xlsx", content[:cut], XLSX, Limits())
        assert [problem.code for problem in found.problems] == ["broken_spreadsheet"]


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    found = read("a.xlsx", out.getvalue(), XLSX, Limits())
    assert [problem.code for problem in found.problems] == ["archive_limits"]


def test_a_sheet_that_says_it_is_huge_is_refused() -> None:
    made = book([["Item", "Qty"], ["Bolt", 1]])
    first_sheet(made).cell(row=1_000_000, column=16_000, value=1)
    found = read("a.xlsx", saved(made), XLSX, Limits())
    assert [problem.code for problem in found.problems] == ["too_large"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (3.0, "3"),
        (1e20, "1e+20"),
        (datetime.timedelta(hours=30, minutes=5), "30:05:00"),
        (datetime.time(8, 5), "08:05:00"),
    ],
)
def test_as_text(value: object, text: str) -> None:
    assert as_text(value) == text
