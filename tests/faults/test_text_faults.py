"""Text, pages and tables made to cost time or memory: each is read within bounds, and says no more than it holds."""

from __future__ import annotations

import pytest

from mailbot.extract import calendar_file, csv_file, html, rich_text, vcard
from mailbot.extract.reader import Found, Limits


def codes(found: Found) -> list[str]:
    return [problem.code for problem in found.problems]


TEXTS = {
    "open groups": b"{\\rtf1" + b"{" * 400_000,
    "open fonts": b"{\\rtf1{\\fonttbl" + b"{\\f0\\fnil\\fcharset0 " * 30_000,
    "binary to the end": b"{\\rtf1 a\\bin999999999 b",
    "code points": b"{\\rtf1 " + b"\\u999999999 \\u-999999999 \\'zz\\u" * 20_000,
    "open lines": b"BEGIN:VCALENDAR\r\n" + b'X;A="' * 50_000,
    "nested events": b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 5_000,
    "many events": b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\nSUMMARY:x\r\nEND:VEVENT\r\n" * 1_000 + b"END:VCALENDAR\r\n",
    "many cards": b"BEGIN:VCARD\nFN:x\nEND:VCARD\n" * 3_000,
    "parameters": b"BEGIN:VCARD\nFN" + b";" * 300_000 + b"\n",
    "noise": bytes(range(256)) * 400,
}


@pytest.mark.parametrize("content", TEXTS.values(), ids=TEXTS)
def test_hostile_text_is_read_within_bounds(content: bytes) -> None:
    for reader in (rich_text, calendar_file, vcard):
        found = reader.read("a", content, "", Limits())
        assert len(found.documents[0].pages) <= 200
        assert set(codes(found)) <= {"too_many_pages", "charset_unknown"}


PAGES = {
    "open scripts": b"<script>" * 200_000,
    "open tables": b"<table><tr><td>" * 100_000,
    "open quotes": b"<a href='" * 200_000,
    "wide cells": b"<table>" + b"<tr><td colspan=999999999>x<td>y" * 2_000,
    "many tables": b"<table><tr><td>a<td>b<tr><td>1<td>2</table>" * 5_000,
    "less than": b"<" * 1_000_000,
    "deep": b"<div>" * 50_000 + b"words" + b"</div>" * 50_000,
}


@pytest.mark.parametrize("content", PAGES.values(), ids=PAGES)
def test_hostile_pages_are_read_within_bounds(content: bytes) -> None:
    found = html.read("a", content, "", Limits())
    assert len(found.documents[0].tables) <= html.MOST_TABLES
    assert all(len(table.columns) <= 200 for table in found.documents[0].tables)
    assert ("words" in found.documents[0].pages[0].text) == (b"words" in content)


SHEETS = {
    "commas": b"," * 1_000_000,
    "quotes": b'"' * 500_001,
    "open quote": b'a,b\n"' + b"x,y\n" * 20_000,
    "rows that grow": b"\n".join(b"1," * count for count in range(500)),
    "formulas": b"=cmd|'/c calc'!A0,@SUM(1)\n" * 5_000,
    "delimiters": b",;\t|" * 50_000,
    "nothing": b"\0," * 100_000,
}


@pytest.mark.parametrize("content", SHEETS.values(), ids=SHEETS)
def test_hostile_tables_are_read_within_bounds(content: bytes) -> None:
    found = csv_file.read("a", content, "", Limits())
    assert set(codes(found)) <= {"repaired_rows", "charset_unknown"}
    for table in found.documents[0].tables:
        assert all(len(row) == len(table.columns) for row in table.rows)
