"""Amounts, dates and identifiers in running text."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.amounts import decimal_mark, find_amounts, normal, parse_number
from mailbot.core.dates import find_dates, order_of
from mailbot.core.identifiers import find_ibans, find_vat_ids, valid_iban, valid_uscc
from mailbot.core.labels import find_labels, fold, has_title


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Net € 1.234,56 and tax € 234,57", [("1234.56", "EUR"), ("234.57", "EUR")]),
        ("TOTAL $4.11", [("4.11", "")]),
        ("1 234,50 EUR", [("1234.50", "EUR")]),
        ("CHF 1'234.50", [("1234.50", "CHF")]),
        ("-$20.00", [("-20.00", "")]),
        ("GBP -120.00", [("-120.00", "GBP")]),
        ("(1,234.00)", [("-1234.00", "")]),
        ("100,00-", [("-100.00", "")]),
        ("¥3560.00", [("3560.00", "")]),
        ("US$ 1,200", [("1200", "USD")]),
        ("120,00 zł", [("120.00", "PLN")]),
        ("VAT 20.00% of 50.00", [("50.00", "")]),
        ("99,- EUR", [("99", "EUR")]),
        ("24.99\t5.00\t29.99", [("24.99", ""), ("5.00", ""), ("29.99", "")]),
        ("Tel. 030 123 45 67, page 3 of 12", []),
        ("12.05.2024", []),
        ("version 1.2.3", []),
        ("article 4711.22-8", []),
        ("", []),
    ],
)
def test_amounts_are_found_with_their_currency(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(str(one.value), one.currency) for one in find_amounts(text)] == expected


@pytest.mark.parametrize(
    ("written", "mark", "value"),
    [
        ("1.234", None, None),
        ("1.234", ",", "1234"),
        ("1.234", ".", None),
        ("0,125", ".", None),
        ("1.234.567", None, "1234567"),
        ("1.23.456", None, None),
        ("1,234.5", None, "1234.5"),
        ("12,34,567.00", None, "1234567.00"),
        ("12,3,567.00", None, None),
        ("007", None, "7"),
        ("", None, None),
    ],
)
def test_a_number_that_can_be_read_in_two_ways_is_none(written: str, mark: str | None, value: str | None) -> None:
    found = parse_number(written, mark)  # type: ignore[arg-type]
    assert (None if found is None else str(found)) == value


def test_the_paper_shows_its_decimal_mark() -> None:
    assert decimal_mark(["1.000,00", "12,50"]) == ","
    assert decimal_mark(["1,000.00", "12.50"]) == "."
    assert decimal_mark(["12,50", "12.50"]) is None
    assert decimal_mark(["nothing"]) is None


@given(st.integers(0, 10**11), st.sampled_from([",", ".", "'", " "]))
@settings(max_examples=80, deadline=None)
def test_every_way_to_write_an_amount_is_read_the_same(cents: int, thousands: str) -> None:
    decimal = "," if thousands == "." else "."
    written = f"{cents / 100:,.2f}".replace(".", "#").replace(",", thousands).replace("#", decimal)
    (found,) = find_amounts(f"{written} EUR")
    assert found.value == Decimal(cents) / 100
    assert normal(found.value) == f"{Decimal(cents) / 100:.2f}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("August 3 , 2014", "2014-08-03"),
        ("7. Mai 2014", "2014-05-07"),
        ("1er janvier 2024", "2024-01-01"),
        ("5 de marzo de 2024", "2024-03-05"),
        ("2024年3月5日", "2024-03-05"),
        ("2024-03-05T10:00", "2024-03-05"),
        ("12-MAR-24", "2024-03-12"),
        ("31.01.24", "2024-01-31"),
        ("15/08/2024", "2024-08-15"),
        ("08/15/2024", "2024-08-15"),
        ("05/05/2024", "2024-05-05"),
        ("22nd of June 2024", "2024-06-22"),
        ("3 luglio 2024", "2024-07-03"),
    ],
)
def test_dates_are_read_in_the_languages_of_the_desk(text: str, expected: str) -> None:
    (found,) = find_dates(f"on {text}")
    assert found.settled(None) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    "text", ["31/02/2024", "2024-13-01", "1.2.3.4", "10.5.20241", "99/99/99", "12:30", "5,39 5,39", "Small 2010"]
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert find_dates(text) == ()


def test_a_date_that_may_be_two_is_settled_by_the_order_alone() -> None:
    (found,) = find_dates("03/04/2024")
    assert found.settled(None) is None
    assert found.settled("day") == date(2024, 4, 3)
    assert found.settled("month") == date(2024, 3, 4)
    assert order_of(["03/04/2024", "15/04/2024"]) == "day"
    assert order_of(["03/04/2024", "04/15/2024"]) == "month"
    assert order_of(["15/04/2024", "04/15/2024"]) is None


@given(
    st.dates(date(1990, 1, 1), date(2099, 12, 31)),
    st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%d %B %Y", "%B %d, %Y", "%Y年%m月%d日"]),
)
@settings(max_examples=80, deadline=None)
def test_every_day_is_read_back(day: date, form: str) -> None:
    (found,) = find_dates(f"Datum: {day.strftime(form)} x")
    assert found.settled(None) == day


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_places_lie_in_the_text(text: str) -> None:
    spans = [(one.start, one.end) for one in (*find_dates(text), *find_amounts(text), *find_labels(text))]
    spans += [(start, end) for start, end, _ in (*find_ibans(text), *find_vat_ids(text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    folded, places = fold(text)
    assert len(folded) == len(places)


def test_ibans_need_their_check_digits() -> None:
    assert [found[2] for found in find_ibans("DE 12 IBAN NL91 ABNA 0417 1643 00 BIC ABNANL2A")] == ["NL91ABNA0417164300"]
    assert find_ibans("NL92 ABNA 0417 1643 00") == []
    assert find_ibans("XX91ABNA0417164300") == []
    assert valid_iban("GB82WEST12345698765432")
    assert not valid_iban("GB82WEST12345698765423")


@given(st.integers(4, 21), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_one_wrong_digit_spoils_an_iban(place: int, digit: int) -> None:
    good = "DE89370400440532013000"
    spoilt = good[:place] + str(digit) + good[place + 1 :]
    assert bool(find_ibans(spoilt)) == (spoilt == good)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("USt-IdNr. DE 136 695 976", ["DE136695976"]),
        ("USt-IdNr. DE136695975", []),
        ("BTW NL123456782B90", ["NL123456782B90"]),
        ("TVA FR40303265045", ["FR40303265045"]),
        ("TVA FR41303265045", []),
        ("P.IVA IT00743110157", ["IT00743110157"]),
        ("BE0428759497", ["BE0428759497"]),
        ("VAT GB123456789 and more", ["GB123456789"]),
        ("CHE-123.456.788 MWST", ["CHE123456788"]),
        ("DESK 136695976", []),
        ("纳税人识别号：91350100M000100Y43", ["91350100M000100Y43"]),
        ("纳税人识别号：91350100M000100Y44", []),
    ],
)
def test_vat_numbers_need_their_country_and_check_digits(text: str, expected: list[str]) -> None:
    assert [found[2] for found in find_vat_ids(text)] == expected


def test_the_taxpayer_number_has_its_own_check_digit() -> None:
    assert valid_uscc("91350100M000100Y43")
    assert not valid_uscc("91350100M000100Y4X")


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Invoice No.: 5", [("invoice_number", 3)]),
        ("lnvoice Nurnber", [("invoice_number", 3)]),
        ("RECHNUNGS-NR.", [("invoice_number", 3)]),
        ("Due Date", [("due_date", 3)]),
        ("Date\tDue Date", [("invoice_date", 1), ("due_date", 3)]),
        ("Total incl. VAT", [("total", 3)]),
        ("Purchase order: PO-7731", [("po_number", 3)]),
        ("合  计", [("total", 2)]),
        ("Bestandteil", []),
        ("Kundennr.", [("other", 3)]),
        ("", []),
    ],
)
def test_labels_are_found_whole(text: str, labels: list[tuple[str, int]]) -> None:
    assert [(one.name, one.grade) for one in find_labels(text)] == labels


def test_business_papers_name_themselves() -> None:
    assert has_title("lNVOICE 5")
    assert has_title("Factuurnummer: 5")
    assert has_title("增值税发票")
    assert not has_title("The ordering of terms")
