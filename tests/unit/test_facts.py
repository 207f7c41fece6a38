"""Facts: what rules and templates see of a reading."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.document import FIELD_NAMES, Document, Field, Page, Problem, Reading, Table
from mailbot.core.facts import FACTS, fact_rows, facts_from, facts_of, greeting_name
from mailbot.core.language import guess
from mailbot.core.message import Address, Attachment, Message

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)


def document(name: str, **fields: str) -> Document:
    return Document(
        name=name,
        media_type="application/pdf",
        pages=(Page(number=1, text=f"page of {name}"),),
        fields=tuple(Field(name=key, value=value, confidence=0.9) for key, value in fields.items()),
    )


def values(reading: Reading, **more: Any) -> dict[str, Any]:
    return dict(facts_of(reading=reading, source="imap", received_at=AT, **more).values)


def mail(**given: Any) -> Reading:
    return Reading(file="message.eml", media_type="message/rfc822", message=Message(**given))


def test_a_mail_with_documents() -> None:
    reading = Reading(
        file="message.eml",
        media_type="message/rfc822",
        message=Message(
            subject="Invoice\r\n 7",
            from_=(Address(name="Weber, Eva", address="Eva@Supplier.Example"),),
            to=(Address(address="desk@us.example"),),
            new_text="Please find attached our invoice.",
            in_reply_to="<x@y>",
            attachments=(Attachment(filename="7.pdf", media_type="application/pdf", size=5, sha256="0"),),
        ),
        documents=(
            document("other.pdf", total="5.00"),
            document("7.pdf", total="1200.50", currency="EUR", due_date="2026-12-01", invoice_number="7"),
        ),
        problems=(Problem(code="no_text"), Problem(code="broken_pdf", detail="x.pdf: broken")),
    )
    found = values(reading, account="payables", size=9)
    assert found["from"] == "Eva@Supplier.Example"
    assert (found["from_domain"], found["greeting_name"], found["subject"]) == ("supplier.example", "Eva Weber", "Invoice 7")
    assert (found["total"], found["any_total"]) == (Decimal("1200.50"), (Decimal("5.00"), Decimal("1200.50")))
    assert (found["due_date"], found["received"]) == (date(2026, 12, 1), date(2026, 11, 20))
    assert (found["attachments"], found["attachment_count"], found["document_count"]) == (("7.pdf",), 1, 2)
    assert (found["problems"], found["error_count"]) == (("no_text", "broken_pdf"), 1)
    assert found["problem_details"][1] == "x.pdf: broken"
    assert (found["language"], found["is_reply"], found["source"]) == ("en", True, "mail")
    assert found["confidence"] == Decimal("0.9")


def test_a_dropped_file() -> None:
    table = Table(columns=("Artikel", "Menge"), rows=(("a", "1"), ("b", "2")))
    reading = Reading(
        file="o.csv", media_type="text/csv", documents=(Document(name="o.csv", media_type="text/csv", tables=(table,)),)
    )
    found = facts_of(reading=reading, source="folder", received_at=AT, name="o.csv", language="de").values
    assert (found["source"], found["attachments"], found["attachment_count"]) == ("folder", ("o.csv",), 1)
    assert (found["row_count"], found["columns"], found["media_types"]) == (2, ("Artikel", "Menge"), ("text/csv",))
    assert (found["from"], found["total"], found["language"]) == ("", None, "de")


def test_every_fact_is_always_there_and_described() -> None:
    found = values(Reading(file="x", media_type=""))
    assert list(found) == list(FACTS)
    assert all(description for _, _, description in fact_rows())
    assert {f"any_{name}" for name in FIELD_NAMES} <= set(FACTS)
    with pytest.raises(KeyError):
        facts_from({"totl": 1})


@pytest.mark.parametrize(
    ("headers", "authserv_id", "verdict"),
    [
        (("mx.us.example; dkim=pass; dmarc=pass header.from=x.example",), "mx.us.example", True),
        (("mx.us.example; dmarc=fail",), "MX.us.example", False),
        (("mx.us.example; dmarc=fail", "mx.us.example; dmarc=pass"), "mx.us.example", False),
        (("evil.example; dmarc=pass",), "mx.us.example", None),
        (("mx.us.example; dmarc=pass",), "", None),
        (("mx.us.example; x=dmarc=pass",), "mx.us.example", False),
        (("",), "mx.us.example", None),
    ],
)
def test_only_the_own_servers_topmost_verdict_counts(headers: tuple[str, ...], authserv_id: str, verdict: bool | None) -> None:
    assert values(mail(authentication=headers), authserv_id=authserv_id)["authenticated"] is verdict


@pytest.mark.parametrize(
    ("display", "name"),
    [
        ("Eva Weber", "Eva Weber"),
        ("Weber, Eva", "Eva Weber"),
        ("张伟", "张伟"),
        ("J. R. O'Neil-Smith", "J. R. O'Neil-Smith"),
        ("see https://evil.example", ""),
        ("eva@supplier.example", ""),
        ("Pay 100 now", ""),
        ("a b c d e f", ""),
        ("x" * 51, ""),
        ("", ""),
    ],
)
def test_only_a_name_is_greeted(display: str, name: str) -> None:
    assert greeting_name(display) == name


@pytest.mark.parametrize(
    ("subject", "about"),
    [
        ("Re: AW: Fwd: Invoice 7", "Invoice 7"),
        ("RE[2]: x", "x"),
        ("回复：发票", "发票"),
        ("Regarding: x", "Regarding: x"),
        ("Re:", ""),
    ],
)
def test_the_topic_is_the_subject_without_answering_marks(subject: str, about: str) -> None:
    assert values(mail(subject=subject))["topic"] == about


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Please find attached our invoice for October.", "en"),
        ("When will my order ship?", "en"),
        ("Anbei erhalten Sie die Rechnung für Oktober.", "de"),
        ("您好，请问订单 ABC-1234 Model XPS Laptop 什么时候发货？", "zh"),
        ("Bonjour, veuillez trouver ci-joint la facture.", "fr"),
        ("Geachte heer, bijgevoegd vindt u de factuur van oktober.", "nl"),
        ("Adjunto la factura de octubre, gracias por su pedido.", "es"),
        ("In allegato la fattura di ottobre, grazie.", "it"),
        ("請求書を送付いたします", ""),
        ("Invoice 7", ""),
        ("", ""),
    ],
)
def test_languages(text: str, language: str) -> None:
    assert guess(text) == language


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.text(max_size=60), st.text(max_size=60))
def test_hostile_texts_become_encodable_facts(text: str, subject: str, name: str) -> None:
    found = values(mail(text=text + "\ud800", subject=subject, from_=(Address(name=name, address=name),)), name=name)
    "".join(str(value) for value in found.values()).encode("utf-8")
    assert "\n" not in found["subject"]
    assert "\n" not in found["greeting_name"]
