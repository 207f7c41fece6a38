"""What a person says a field is: taken as it is meant, or refused with what is wrong; and the reading as it stands after it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mailbot.core import grounding
from mailbot.core.corrections import (
    Corrected,
    Correction,
    changes_of,
    corrected,
    correction_from_json,
    correction_to_json,
    corrections_from,
)
from mailbot.core.document import Document, Field, Page, Reading, reading_from_json, reading_to_json
from mailbot.core.draft import Draft, draft_from_json, draft_to_json
from mailbot.core.field_values import settled
from mailbot.errors import NotAllowed
from mailbot.review import words

READ = Reading(
    file="message.eml",
    media_type="message/rfc822",
    documents=(
        Document(name="logo.png", media_type="image/png"),
        Document(
            name="i.pdf",
            media_type="application/pdf",
            pages=(Page(number=1, text="invoice 7 over 12.00"),),
            fields=(
                Field(name="total", value="12.00", page=1, box=(1, 2, 3, 4), confidence=0.9),
                Field(name="currency", value="EUR"),
            ),
        ),
    ),
)


def said(*changes: Corrected, person: str = "anna", drafts: int = 0) -> Correction:
    return Correction(person=person, at="2026-11-30T09:00:00+00:00", drafts=drafts, changes=changes)


def change(**values: Any) -> Corrected:
    return Corrected(**({"place": 1, "document": "i.pdf", "field": "total", "old": "12.00", "new": "21.00"} | values))


@pytest.mark.parametrize(
    ("field", "written", "value"),
    [
        ("total", "1.234,56", "1234.56"),
        ("total", "1,234.56 EUR", "1234.56"),
        ("tax", "€ 35", "35.00"),
        ("subtotal", "1 234,5", "1234.50"),
        ("total", "−12", "-12.00"),
        ("total", "CHF 1'200.00", "1200.00"),
        ("due_date", "30.11.2026", "2026-11-30"),
        ("due_date", "30 November 2026", "2026-11-30"),
        ("invoice_date", "2026年11月30日", "2026-11-30"),
        ("iban", "de02 1203 0000 0000 2020 51", "DE02120300000000202051"),
        ("vat_id", "DE 136.695.976", "DE136695976"),
        ("vat_id", "91330106MA2B3C4D56", None),
        ("currency", "€", "EUR"),
        ("currency", "rmb", "CNY"),
        ("invoice_number", "  A  7 \n", "A 7"),
        ("total", " ", ""),
    ],
)
def test_a_value_is_taken_as_it_is_meant(field: str, written: str, value: str | None) -> None:
    if value is None:
        with pytest.raises(NotAllowed):
            settled(field, written)
    else:
        assert settled(field, written) == value


@pytest.mark.parametrize(
    ("field", "written", "says"),
    [
        ("total", "1.234", "'1.234' may be 1234 or 1.234; write 1234.00"),
        ("total", "about 12", "is no amount; write it like 1234.56"),
        ("total", "12.00 13.00", "is no amount"),
        ("total", "1000000000000000", "is no amount"),
        ("due_date", "03/04/2026", "may be 2026-04-03 or 2026-03-04"),
        ("due_date", "31.02.2026", "is no date; write it like 2026-11-30"),
        ("invoice_date", "30.11.2026 or so", "is no date"),
        ("iban", "DE03 1203 0000 0000 2020 51", "check digits that do not fit"),
        ("iban", "DE02 1203 0000", "has 12 characters, not 22"),
        ("iban", "12 34", "does not begin with a country"),
        ("vat_id", "DE136695977", "check digit does not fit"),
        ("currency", "$", "is not one currency"),
        ("currency", "EUX", "did you mean EUR"),
        ("supplier", "x" * 201, "201 characters are too many"),
        ("totl", "12", "no field is called 'totl', did you mean total"),
    ],
)
def test_what_is_wrong_with_a_value_is_said(field: str, written: str, says: str) -> None:
    with pytest.raises(NotAllowed) as error:
        settled(field, written)
    assert says in str(error.value)


def test_only_what_differs_is_a_change() -> None:
    changes = changes_of(READ, 1, {"total": "21.00", "currency": "EUR", "due_date": "2026-12-01", "iban": ""})
    assert [(one.field, one.old, one.new) for one in changes] == [("due_date", "", "2026-12-01"), ("total", "12.00", "21.00")]
    assert str(changes[0]) == "due date of i.pdf: nothing → 2026-12-01"


def test_corrections_win_over_what_was_read_in_their_order() -> None:
    kept = [said(change()), said(change(old="21.00", new="22.00"), change(field="currency", old="EUR", new=""), person="mei")]
    after = corrected(READ, kept)
    assert after.documents[0] == READ.documents[0]
    (total,) = after.documents[1].fields
    assert (total.value, total.origin, total.by, total.box, total.page) == ("22.00", "person", "mei", None, None)
    assert reading_from_json(reading_to_json(after, full=True)) == after
    assert corrected(READ, []) is READ


def test_a_correction_of_a_document_that_is_not_there_any_more_changes_nothing() -> None:
    assert corrected(READ, [said(change(document="other.pdf"), change(place=7))]).documents == READ.documents


def test_the_ledger_gives_back_what_it_was_given() -> None:
    one = said(change(), drafts=2)
    assert correction_from_json(correction_to_json(one)) == one
    assert corrections_from([json.dumps(correction_to_json(one)).encode()]) == (one,)


def test_a_corrected_figure_stands_in_what_a_person_said() -> None:
    after = corrected(READ, [said(change())])
    text = "we pay 21.00 EUR, not 12.00"
    right, wrong = grounding.ground(text, reading=after, skeleton="")
    assert right.source is not None
    assert wrong.source is not None
    assert words.source(right.source) == "the field Total of i.pdf, corrected by anna"
    assert (wrong.source.place, wrong.source.by) == ("document", "")
    draft = Draft(text=text, made_by="template", grounding=(right, wrong))
    assert draft_from_json(draft_to_json(draft)) == draft
    assert "by" not in draft_to_json(draft)["grounding"][1]["source"]
