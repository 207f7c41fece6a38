"""Grounding: what is checkable in a draft, however it is written, and where it stands."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.document import Document, Field, Page, Reading, Table
from mailbot.core.draft import Source
from mailbot.core.grounding import ground, share
from mailbot.core.message import Address, Message
from mailbot.core.spans import MONTHS, spans_of

READING = Reading(
    file="message.eml",
    media_type="message/rfc822",
    message=Message(
        subject="Invoice INV-2026/007",
        from_=(Address(name="Eva Weber", address="eva@supplier.example"),),
        date="2026-11-18T08:00:00+01:00",
        text="Please pay until 30 November 2026.\nSee https://supplier.example/pay?id=7. 12 pieces, USD 99.00, at 10:30.",
    ),
    documents=(
        Document(
            name="a.pdf",
            media_type="application/pdf",
            pages=(
                Page(number=1, text="nothing"),
                Page(number=2, text="IBAN DE89 3704 0044 0532 0130 00\n上海某某有限公司\nRow 2 100 250"),
            ),
            fields=(
                Field(name="total", value="1234.50", page=2),
                Field(name="currency", value="EUR"),
                Field(name="supplier", value="Weber GmbH", page=1),
                Field(name="invoice_date", value="2026-11-01", page=1),
            ),
        ),
        Document(name="b.csv", media_type="text/csv", tables=(Table(columns=("Menge", "Preis"), rows=(("17", "3,99"),)),)),
    ),
)


def sources(text: str, *, skeleton: str = "", knowledge: str = "") -> dict[str, Source | None]:
    return {
        text[one.span[0] : one.span[1]]: one.source for one in ground(text, reading=READING, skeleton=skeleton, knowledge=knowledge)
    }


MAIL = Source(place="mail", name="Invoice INV-2026/007")
TOTAL = Source(place="field", name="a.pdf: total", page=2)
PAGE = Source(place="document", name="a.pdf", page=2)
CELL = Source(place="document", name="b.csv", page=None)
DATE = Source(place="field", name="a.pdf: invoice_date", page=1)


@pytest.mark.parametrize(
    ("text", "span", "source"),
    [
        ("We pay EUR 1,234.50 now", "EUR 1,234.50", TOTAL),
        ("We pay 1.234,50 € now", "1.234,50 €", TOTAL),
        ("We pay 1 234,50 EUR now", "1 234,50 EUR", TOTAL),
        ("We pay 1'234.50 now", "1'234.50", TOTAL),
        ("金额１２３４．５０元", "１２３４．５０元", None),
        ("We pay USD 1,234.50 now", "USD 1,234.50", None),
        ("We pay EUR 1,234.51 now", "EUR 1,234.51", None),
        ("We pay $99", "$99", MAIL),
        ("We pay EUR 99", "EUR 99", None),
        ("dated 2026-11-01", "2026-11-01", DATE),
        ("dated 1 November 2026", "1 November 2026", DATE),
        ("dated November 1st, 2026", "November 1st, 2026", DATE),
        ("vom 01.11.2026", "01.11.2026", DATE),
        ("vom 1. November 2026", "1. November 2026", DATE),
        ("le 1er novembre 2026", "1er novembre 2026", DATE),
        ("del 1 de noviembre de 2026", "1 de noviembre de 2026", DATE),
        ("2026年11月1日开具", "2026年11月1日", DATE),
        ("on 1 November", "1 November", DATE),
        ("until 30.11.26", "30.11.26", MAIL),
        ("on 2 November 2026", "2 November 2026", None),
        ("in 2026", "2026", DATE),
        ("to DE89370400440532013000", "DE89370400440532013000", PAGE),
        ("to DE88 3704 0044 0532 0130 00", "DE88 3704 0044 0532 0130 00", None),
        ("invoice INV-2026-007", "INV-2026-007", MAIL),
        ("invoice 2026/007", "2026/007", MAIL),
        ("invoice INV-2026-008", "INV-2026-008", None),
        ("see http://www.supplier.example/pay?id=7.", "http://www.supplier.example/pay?id=7", MAIL),
        ("see https://evil.example/pay", "https://evil.example/pay", None),
        ("write to Eva@supplier.example.", "Eva@supplier.example", MAIL),
        ("write to bob@supplier.example", "bob@supplier.example", None),
        ("all 12 pieces", "12", MAIL),
        ("all 13 pieces", "13", None),
        ("at 10:30", "10:30", MAIL),
        ("a row of 250", "250", PAGE),
        ("17 at 3.99", "3.99", CELL),
        ("Dear Ms Weber,", "Weber", Source(place="field", name="a.pdf: supplier", page=1)),
        ("Dear Eva,\nthanks", "Eva", MAIL),
        ("Dear Mr Miller,", "Miller", None),
        ("Sehr geehrte Frau Weber,", "Weber", Source(place="field", name="a.pdf: supplier", page=1)),
        ("尊敬的张先生：", "张", None),
        ("We thank Weber GmbH", "Weber GmbH", Source(place="field", name="a.pdf: supplier", page=1)),
        ("We thank Acme Tools Ltd", "Acme Tools Ltd", None),
        ("感谢上海某某有限公司", "上海某某有限公司", PAGE),
    ],
)
def test_where_it_stands(text: str, span: str, source: Source | None) -> None:
    found = sources(text)
    assert span in found
    assert found[span] == source


@pytest.mark.parametrize(
    "text",
    ["Dear Sir or Madam,", "Dear team,", "Hello,", "Sehr geehrte Damen und Herren,", "尊敬的客户：", "1. Send it.\n2) Thanks"],
)
def test_nothing_to_check(text: str) -> None:
    assert sources(text) == {}
    assert share(ground(text, reading=READING, skeleton="")) == 1.0


def test_the_template_and_the_desks_knowledge_are_sources() -> None:
    assert sources("within 14 days", skeleton="We answer within 14 days") == {"14": Source(place="template")}
    assert sources("ask for room 5550", knowledge="room 5550") == {"5550": Source(place="desk")}


def test_share_is_that_of_grounded_spans() -> None:
    assert share(ground("12 pieces or 13", reading=READING, skeleton="")) == 0.5


def test_mail_without_documents_and_documents_without_mail() -> None:
    assert ground("7", reading=Reading(file="scan 7.pdf", media_type=""), skeleton="")[0].source == Source(
        place="document", name="file name"
    )


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
def test_spans_stay_inside_in_order_and_apart(text: str, mail: str) -> None:
    reading = Reading(file="x", media_type="", message=Message(text=mail))
    found = ground(text, reading=reading, skeleton="")
    ends = [0]
    for one in found:
        assert ends[-1] <= one.span[0] < one.span[1] <= len(text)
        ends.append(one.span[1])
    assert 0 <= share(found) <= 1


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet="0123456789 .,-/:€EUR年月日abINV@\n", max_size=120))
def test_what_was_copied_from_the_mail_is_grounded(text: str) -> None:
    reading = Reading(file="x", media_type="", message=Message(text=text))
    assert all(one.source for one in ground(text, reading=reading, skeleton="") if one.kind != "name")


@settings(max_examples=60, deadline=None)
@given(st.decimals(min_value=Decimal("0.01"), max_value=Decimal("9999999.99"), places=2))
def test_every_way_of_writing_an_amount_is_one(amount: Decimal) -> None:
    english = f"{amount:,.2f}"
    german = english.translate({ord(","): ".", ord("."): ","})
    keys = [spans_of(one)[0].keys for one in (f"EUR {english}", f"{german} EUR", f"{amount} €")]
    assert keys[0] & keys[1] & keys[2]


@settings(max_examples=60, deadline=None)
@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2060, 1, 1)), st.sampled_from(sorted(MONTHS)))
def test_every_way_of_writing_a_date_is_one(day: date, language: str) -> None:
    worded = f"{day.day} {MONTHS[language][day.month - 1]} {day.year}"
    for text in (worded, f"{day:%d.%m.%Y}", f"{day.year}年{day.month}月{day.day}日", f"{day:%d/%m/%y}"):
        (span,) = spans_of(text)
        assert ("date", day.isoformat()) in span.keys, text


@pytest.mark.parametrize(
    "piece",
    "1,|1 |111 |1.|11-|a1.|a.b-|www.|a@|AB12|EUR |1年|Dear a\n|A |十|0 1|+49 |12 Aa |Mr |[a|ten |rue de |Aa-|Aa.|a..|(0)|十月"
    "|l'A|A& |Dear Aa and |<a |Aastr.".split("|"),
)
def test_hostile_repetition_ends(piece: str) -> None:
    """Each with a figure at its end: lines without any are not searched for them."""
    reading = Reading(file="x", media_type="", message=Message(text=piece * 50_000 + " 7"))
    assert isinstance(ground(piece * 5_000 + " 7", reading=reading, skeleton=""), tuple)
