"""What a person reads about an item on the command line: words, not the names that programs use."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailbot.core.corrections import Corrected, Correction
from mailbot.core.document import Document, Field, Page, Problem, Reading
from mailbot.core.field_values import in_words
from mailbot.core.item import AuditEntry, Item, Origin
from mailbot.core.lifecycle import State
from mailbot.core.view import View
from mailbot.summary import view_text

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)


def seen(pages: int) -> View:
    """Return an item with one paper of so many pages."""
    document = Document(
        name="i.pdf",
        media_type="application/pdf",
        pages=tuple(Page(number=number, text="x") for number in range(1, pages + 1)),
        fields=(Field(name="due_date", value="2026-12-01"), Field(name="po_number", value="7"), Field(name="iban", value="DE1")),
    )
    problem = Problem(code="line_sum_differs", detail="i.pdf: 1 is not 2")
    history = [
        AuditEntry(
            seq=number, at="2026-11-23", item=1, event=event, before="received", after="reading", actor="mailbot", cause="",
            detail="{}", previous="", hash="",
        )
        for number, event in enumerate(("seen_again", "reading_started", "no_reply_wanted"), 1)
    ]  # fmt: skip
    changed = Corrected(place=0, document="i.pdf", field="invoice_number", old="", new="5")
    return View(
        item=Item(
            id=1, origin=Origin(source="imap", account="a", place="INBOX"), name="message.eml", sha256="", size=1,
            state=State.READING, since=AT, received_at=AT,
        ),
        reading=Reading(file="message.eml", media_type="message/rfc822", documents=(document,), problems=(problem,)),
        tables=(), route=None, decisions=(), drafts=(), outgoing=None, history=tuple(history), recipients=(), never_answer="",
        shadow=False, corrections=(Correction(person="anna", at="", drafts=0, changes=(changed,)),),
    )  # fmt: skip


def test_an_item_is_told_in_words() -> None:
    lines = view_text(seen(1)).splitlines()
    assert "  i.pdf: 1 page; due date 2026-12-01, PO number 7, IBAN DE1" in lines
    assert "  error, line sum differs: i.pdf: 1 is not 2" in lines
    assert "  anna corrected invoice number of i.pdf: nothing → 5" in lines
    assert "_" not in "".join(lines)


@pytest.mark.parametrize(("pages", "said"), [(0, "0 pages"), (1, "1 page;"), (2, "2 pages")])
def test_pages_are_counted_as_people_do(pages: int, said: str) -> None:
    assert f"i.pdf: {said}" in view_text(seen(pages))


@pytest.mark.parametrize(("name", "words"), [("total", "total"), ("vat_id", "VAT id"), ("invoice_date", "invoice date")])
def test_names_of_fields(name: str, words: str) -> None:
    assert in_words(name) == words
