"""The desk's own answered mails as examples, and the prompts that models of both forms get of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from mailbot import answered as precedents
from mailbot.answered import Answered, answered
from mailbot.config_file import parse
from mailbot.core.brief import MARKS
from mailbot.core.lifecycle import State
from mailbot.errors import TemplateProblem
from mailbot.generate.briefing import brief_of, messages_of
from mailbot.generate.evaluate import prompt_for, words_of
from mailbot.generate.release import open_model
from mailbot.ledger.sql import SqlLedger
from mailbot.ports import DraftRequest
from tests.faults.test_kill import question
from tests.servers.model_folders import CHAT, brief_model
from tests.servers.test_desk import DESK, PEOPLE, Clock, Office

REQUEST = DraftRequest(
    account="desk",
    language="en",
    template="invoice_received",
    skeleton="Dear Anna Berg,\n\nthank you for invoice INV-7.\n",
    facts={
        "desk": "Payables", "greeting_name": "Anna Berg", "invoice_number": "INV-7", "po_number": "", "total": Decimal("1939.00"),
        "currency": "EUR", "subtotal": None, "due_date": date(2026, 5, 3), "attachments": ("a.pdf", "b.csv"), "row_count": 12,
        "problem_details": (), "topic": "Invoice", "text": "Please pay.\n\nAnna", "supplier": "Muster GmbH",
    },
    instructions="",
    mail="Please pay.\n\nAnna",
)  # fmt: skip
KNOWS = {"kinds": ["invoice_received"], "languages": ["en", "zh"]}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    config = parse({"accounts": {"desk": DESK}, "people": PEOPLE}, file=tmp_path / "mailbot.toml")
    clock = Clock()
    ledger = await SqlLedger.open(tmp_path / "state", clock=clock)
    yield Office(config, ledger, clock)
    await ledger.close()


async def found(office: Office, limit: int = 0) -> list[Answered]:
    return [one async for one in answered(office.ledger, office.desk.answers, limit=limit)]


async def test_what_was_sent_is_found(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precedents, "PAGE", 2)
    assert await found(office) == []
    for number in range(1, 5):
        item = await office.arrive(question(number), uid=number)
        if number == 2:
            await office.desk.edit(item.id, "anna", "Dear customer,\n\nit comes on Monday.\n")
        if number < 4:
            await office.desk.accept(item.id, "anna", acknowledged=True)
            assert (await office.work(item.id)).state is State.SENT
    three, two, one = await found(office)
    assert (one.reply, one.edited) == (office.templates.text, False)
    assert (two.reply, two.edited) == ("Dear customer,\n\nit comes on Monday.\n", True)
    assert [each.thread for each in (three, two, one)] == [f"<question-{number}@shop.example>" for number in (3, 2, 1)]
    assert (one.request.template, one.request.language, one.request.skeleton) == ("default", "en", office.templates.text)
    assert "when will order 10001 arrive?" in one.request.mail
    assert await found(office, limit=1) == [three]

    def gone(*_: object) -> str:
        raise TemplateProblem("no template 'default'")

    monkeypatch.setattr(office.templates, "render", gone)
    assert await found(office) == []


def test_a_brief_by_hand() -> None:
    brief, mail, reply, _ = MARKS
    assert brief_of(REQUEST, KNOWS) == (
        f"{brief}language: en\nkind: invoice_received\ndesk: Payables\nname: Anna Berg\ninvoice: INV-7\ndue date: 3 May 2026\n"
        f"total: 1,939.00 EUR\nsupplier: Muster GmbH\nrows: 12\nattachments: a.pdf, b.csv{mail}subject: Invoice\n"
        f"Please pay.\nAnna{reply}"
    )


def test_what_a_model_was_not_trained_for_has_no_brief() -> None:
    assert "kind: open\n" in str(brief_of(replace(REQUEST, template="default"), KNOWS))
    assert "total: 1,939.00 EUR\n" in str(brief_of(replace(REQUEST, language="zh"), KNOWS))
    assert brief_of(replace(REQUEST, template="reminder"), KNOWS) is None
    assert brief_of(replace(REQUEST, language="de"), KNOWS) is None
    assert brief_of(REQUEST, {}) is None


def test_each_model_gets_its_own_prompt(tmp_path: Path) -> None:
    own, chat = open_model(brief_model(tmp_path / "own")), open_model(CHAT)
    assert prompt_for(own, REQUEST) == brief_of(REQUEST, KNOWS)
    assert prompt_for(own, replace(REQUEST, language="de")) is None
    assert prompt_for(chat, REQUEST) == messages_of(REQUEST)
    words = words_of(REQUEST)
    assert "thank you for invoice INV-7" in words
    assert "Please pay." in words
