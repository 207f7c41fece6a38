"""Slides, OpenDocument texts, and the tables that programs write as HTML or XML and call .xls."""

from __future__ import annotations

import pytest

from mailbot.extract import html, open_document, sheet_xml, slides_file
from mailbot.extract.media_type import SHEET_XML, detect
from mailbot.extract.reader import READERS, Found, Limits, Reader
from tests.servers import office_files
from tests.servers.office_files import shape, slide_table


def read(reader: Reader, content: bytes, limits: Limits | None = None) -> Found:
    return reader("a", content, "", limits or Limits())


def texts(found: Found) -> list[str]:
    return [page.text for document in found.documents for page in document.pages]


def rows(found: Found) -> list[list[list[str]]]:
    return [[list(table.columns), *map(list, table.rows)] for document in found.documents for table in document.tables]


def test_slides_are_pages_in_the_order_they_are_shown() -> None:
    offer = [["Article", "Quantity", "Price"], ["Bolt M8", "200", "0.12"], ["Nut M8", "150", "0.08"]]
    content = office_files.slides(shape("Prices") + slide_table(offer), shape("Our offer", "valid to 14 June"), order=(2, 1))
    assert READERS[detect("a.bin", content)] == "mailbot.extract.slides_file"
    found = read(slides_file.read, content)
    assert texts(found) == [
        "Our offer\nvalid to 14 June",
        "Prices\nArticle\tQuantity\tPrice\nBolt M8\t200\t0.12\nNut M8\t150\t0.08",
    ]
    assert rows(found) == [offer]
    assert found.documents[0].tables[0].page == 2
    assert found.problems == ()


def test_only_so_many_slides_are_read() -> None:
    found = read(slides_file.read, office_files.slides(*[shape(f"slide {at}") for at in range(5)]), Limits(max_pages=3))
    assert texts(found) == ["slide 0", "slide 1", "slide 2"]
    assert [problem.code for problem in found.problems] == ["too_many_pages"]


TABLE = (
    "<table:table><table:table-header-rows><table:table-row>"
    "<table:table-cell><text:p>Article</text:p></table:table-cell><table:table-cell><text:p>Quantity</text:p></table:table-cell>"
    "</table:table-row></table:table-header-rows><table:table-row>"
    "<table:table-cell><text:p>Bolt</text:p><text:p>M8</text:p></table:table-cell>"
    "<table:table-cell><text:p>200</text:p></table:table-cell></table:table-row></table:table>"
)


def test_an_open_document_is_read_in_order_with_its_header_and_footer() -> None:
    body = (
        "<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes><text:h>Order  4711</text:h>"
        '<text:p>Dear<text:s text:c="3"/>Mrs <text:span>Thompson</text:span>,\n please<text:line-break/>deliver<text:tab/>soon'
        "<draw:frame><draw:text-box><text:p>in a box</text:p></draw:text-box></draw:frame>:"
        "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>a note</text:p></text:note-body></text:note>"
        f"</text:p>{TABLE}<text:list><text:list-item><text:p>point one</text:p></text:list-item></text:list>"
    )
    styles = "<style:header><text:p>Nordwind Ltd</text:p></style:header><style:footer><text:p>Page 1</text:p></style:footer>"
    content = office_files.open_document("text", body, styles=styles)
    assert READERS[detect("a.bin", content)] == "mailbot.extract.open_document"
    found = read(open_document.read, content)
    assert texts(found) == [
        "Nordwind Ltd\n\nOrder 4711\nDear   Mrs Thompson, please\ndeliver\tsoon:\nin a box\na note\n"
        "Article\tQuantity\nBolt M8\t200\npoint one\n\nPage 1"
    ]
    assert rows(found) == [[["Article", "Quantity"], ["Bolt M8", "200"]]]


def test_open_slides_are_pages() -> None:
    page = "<draw:page><draw:frame><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame></draw:page>"
    content = office_files.open_document("presentation", page.format("one") + page.format("two"))
    assert texts(read(open_document.read, content)) == ["one", "two"]


@pytest.mark.parametrize("reader", [slides_file.read, open_document.read])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04rubbish", office_files.package({"x.xml": "<x/>"})])
def test_a_broken_office_file_is_a_problem(reader: Reader, content: bytes) -> None:
    assert [problem.code for problem in read(reader, content).problems] == ["unreadable_file"]


def _cell(value: str, kind: str = "String", more: str = "") -> str:
    return f'<Cell {more}><Data ss:Type="{kind}">{value}</Data></Cell>'


def test_a_workbook_of_excel_2003_in_xml() -> None:
    content = office_files.workbook_xml(
        f"<Row>{_cell('Article')}{_cell('Ordered')}{_cell('Paid')}{_cell('Price')}</Row>"
        f"<Row>{_cell('Bolt')}{_cell('2024-06-14T00:00:00.000', 'DateTime')}{_cell('1', 'Boolean')}{_cell('0.12', 'Number')}</Row>"
        f"<Row>{_cell('Nut')}{_cell('0.08', 'Number', 'ss:Index=' + chr(34) + '4' + chr(34))}</Row>"
    )
    assert detect("a.xls", content) == SHEET_XML == detect("a.xml", content, "text/xml")
    found = read(sheet_xml.read, content)
    assert rows(found) == [
        [["Article", "Ordered", "Paid", "Price"], ["Bolt", "2024-06-14", "TRUE", "0.12"], ["Nut", "", "", "0.08"]]
    ]
    assert texts(found)[0].startswith("Orders\nArticle\tOrdered")


def test_tables_of_a_page_that_is_called_xls() -> None:
    content = (
        b"<html><body><table><tr><td>Orders<table><tr><th colspan=2>Article</th><th>Quantity</th></tr>"
        b"<tr><td>Bolt</td><td>M8</td><td>200</td></tr><tr><td>Nut</td><td>M8</td><td>150</td></tr></table></td></tr></table>"
    )
    assert detect("a.xls", content) == "text/html"
    (table,) = rows(read(html.read, content))
    assert [row[-1] for row in table] == ["Quantity", "200", "150"]
    assert [row[:2] for row in table[1:]] == [["Bolt", "M8"], ["Nut", "M8"]]


@pytest.mark.parametrize("content", [b"<p>only words</p>", b"<table><tr><td>a frame</td></tr></table>", b"<table>" * 3000, b""])
def test_pages_without_a_table_have_none(content: bytes) -> None:
    assert rows(read(html.read, content)) == []


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("disc.iso", bytes(9000), "application/octet-stream"),
        ("a.csv", "Name;Summe\r\nBolzen;1,50\r\n".encode("utf-16-le"), "text/csv"),
        ("drawing.ps", b"%!PS-Adobe-3.0\nshowpage\n", "application/postscript"),
        ("offer.doc", b"<html><body>Our offer</body></html>", "text/html"),
        ("offer.doc", b"Our offer", "text/plain"),
        ("orders.xls", b'<?xml version="1.0"?><orders/>', "application/xml"),
    ],
)
def test_files_that_are_not_what_they_are_called(name: str, content: bytes, kind: str) -> None:
    assert detect(name, content) == kind
