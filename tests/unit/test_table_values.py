"""Cells read exactly or not at all; the JSON and CSV of a cleaned table; encodings told by their letters."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.core.legacy_encoding import likely_encoding
from mailbot.core.table_types import kind
from mailbot.core.table_values import DateOrder, DecimalMark, date, number, plain, split_currency
from mailbot.core.tables import (
    CellChange,
    Cleaned,
    CleanRow,
    Column,
    Note,
    TotalCheck,
    cleaned_from_json,
    cleaned_to_json,
    defused,
    to_csv,
)


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        ("1,234.50", ".", "1234.50"), ("1.234,50", ",", "1234.50"), ("1'234.50", ".", "1234.50"), ("1’234,50", ",", "1234.50"),
        ("1\u202f234,5", ",", "1234.5"), ("1 234 567", ",", "1234567"), ("12,34,567.8", ".", "1234567.8"),
        ("-0.008", ".", "-0.008"),
        ("−3", ".", "-3"), ("3-", ".", "-3"), ("(1,000)", ".", "-1000"), (".5", ".", "0.5"), ("1e3", ".", "1000"), ("0", ".", "0"),
        ("0.10", ".", "0.10"),
    ],
)  # fmt: skip
def test_numbers(text: str, mark: DecimalMark, value: str) -> None:
    assert plain(number(text, mark) or Decimal(0)) == value


@pytest.mark.parametrize(
    "text", ["007", "1,23,4", "12.34.56", "1,2345.0", "abc", "", "-", "1..2", "+", "1'23", "2026-05-03", "9" * 70]
)
def test_not_numbers(text: str) -> None:
    assert number(text, ".") is None


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_numbers_round_trip_in_both_conventions(value: Decimal) -> None:
    grouped = f"{value:,}"
    assert number(grouped, ".") == value
    assert number(grouped.translate(str.maketrans(",.", ".,")), ",") == value


@pytest.mark.parametrize(
    ("text", "currency", "rest"),
    [
        ("12,50 €", "EUR", "12,50"), ("€ 12", "EUR", "12"), ("-$5", "$", "-5"), ("$-5", "$", "-5"), ("CHF 1'000", "CHF", "1'000"),
        ("£529.00", "GBP", "529.00"), ("100 kr", "kr", "100"), ("1.200,00 EUR", "EUR", "1.200,00"), ("12 pieces", "", "12 pieces"),
        ("US$ 3", "USD", "3"), ("100元", "CNY", "100"), ("(€5)", "EUR", "(5)"),
    ],
)  # fmt: skip
def test_currencies(text: str, currency: str, rest: str) -> None:
    assert split_currency(text) == (currency, rest)


@pytest.mark.parametrize(
    ("text", "order", "iso"),
    [
        ("2026-05-03", "dmy", "2026-05-03"), ("03/05/2026", "dmy", "2026-05-03"), ("03/05/2026", "mdy", "2026-03-05"),
        ("3.5.26", "dmy", "2026-05-03"), ("3.5.26", "mdy", None), ("31/02/2026", "dmy", None), ("13/13/2026", "mdy", None),
        ("3 May 2026", "ymd", "2026-05-03"), ("03-May-26", "ymd", "2026-05-03"), ("May 3, 2026", "ymd", "2026-05-03"),
        ("3. März 2026", "ymd", "2026-03-03"), ("2026年5月3日", "ymd", "2026-05-03"),
        ("03/05/2026 14:05", "dmy", "2026-05-03T14:05:00"),
        ("2026-05-03T08:00:01Z", "ymd", "2026-05-03T08:00:01Z"), ("3/5/2026 1:05 PM", "mdy", "2026-03-05T13:05:00"),
        ("12", "dmy", None), ("May 2026", "ymd", None), ("", "ymd", None), ("2026/05-03", "ymd", None),
    ],
)  # fmt: skip
def test_dates(text: str, order: DateOrder, iso: str | None) -> None:
    assert date(text, order) == iso


@given(st.text(max_size=80))
def test_any_text_is_something(text: str) -> None:
    assert kind(text) in ("missing", "number", "money", "percent", "date", "time", "flag", "web", "code", "text")
    assert all(date(text, order) is None or "-" in (date(text, order) or "") for order in ("ymd", "dmy", "mdy"))
    split_currency(text)


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"), ("+49 30 1234", "'+49 30 1234"), ("-0.008", "-0.008"), ("-5", "-5"), ("-a", "'-a"), ("@x", "'@x"),
        ("\tx", "'\tx"), ("\r=x", "'\r=x"), ("a=b", "a=b"), ("", ""), ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
    ],
)  # fmt: skip
def test_formulas_are_defused(cell: str, safe: str) -> None:
    assert defused(cell) == safe


def sample() -> Cleaned:
    return Cleaned(
        columns=(Column(name="Item", type="text"), Column(name="=Sum", type="money", currency="EUR")),
        rows=(CleanRow(source=0, cells=("a,b", "-1.50")), CleanRow(source=2, cells=("=x", "2.00"))),
        totals=(CleanRow(source=3, cells=("Total", "0.50")),),
        changes=(CellChange(row=0, column=1, before="-1,50 €", after="-1.50", kind="money"),),
        notes=(Note(column=None, kind="repeated_rows", detail="…"),),
        checks=(TotalCheck(row=3, column=1, printed="0.50", computed="0.50", agrees=True),),
        page=2,
    )


def test_cleaned_round_trips_through_json() -> None:
    import json

    assert cleaned_from_json(json.loads(json.dumps(cleaned_to_json(sample())))) == sample()


def test_cleaned_csv_is_rfc_4180_and_safe() -> None:
    assert to_csv(sample()) == "Item,'=Sum\r\n\"a,b\",-1.50\r\n'=x,2.00\r\n"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Artikel;Menge;Preis\nSchraube groß;10;12,50 €\nÖl für Köln;5;1,00 €\n"), ("cp1252", "Item,Price\nTea,£5.00\n"),
        ("gb18030", "订单号,日期,数量\nA-1,2026-05-03,3\n产品名称,备注,合计\n"), ("cp932", "商品名,数量\nボルト,3\nねじ,5\n"),
        ("cp1251", "Товар;Цена\nБолт;12,50\nГайка;1,20\n"), ("cp1250", "Položka;Cena\nŠroub;12,50\nžluť;1\n"),
        ("cp1253", "Είδος;Τιμή\nΒίδα;12,50\n"), ("cp949", "품목;수량\n볼트;3\n너트;5\n"),
        ("cp950", "訂單號,數量\n產品名稱,3\n備註,4\n"),
        ("mac_roman", "Artikel;Menge\nMüller;3\nGröße;4\n"),
    ],
)  # fmt: skip
def test_legacy_encodings_are_told_apart(encoding: str, text: str) -> None:
    found = likely_encoding(text.encode(encoding))
    assert text.encode(encoding).decode(found) == text
