"""A table that can be read in two ways: its text stays, it is marked, and the item goes to a person, whatever the rules say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from mailbot.config_file import parse
from mailbot.core.document import Table
from mailbot.core.facts import Facts
from mailbot.core.lifecycle import State
from mailbot.core.route import Route
from mailbot.core.table_schema import TableSchema, Wanted
from mailbot.core.tables import Cleaned
from mailbot.extract import csv_file
from mailbot.extract.clean import clean
from mailbot.extract.reader import Limits
from mailbot.ledger.sql import SqlLedger
from mailbot.ports import Extracted
from tests.faults.test_kill import question
from tests.servers.test_desk import DESK, PEOPLE, Clock, InProcessExtractor, Office, OneRoute

UNSURE = "Article;Due\nA-1;01/02/2026\nA-2;03/04/2026\n"
SURE = UNSURE.replace("03/04", "23/04")


@dataclass
class TableExtractor(InProcessExtractor):
    """Every mail has this table as its attachment."""

    text: str = UNSURE
    schema: TableSchema | None = None

    async def read(self, name: str, content: bytes, *, media_type: str = "") -> Extracted:
        extracted = await super().read(name, content)
        found = csv_file.read("list.csv", self.text.encode(), "text/csv", Limits())
        return replace(extracted, reading=replace(extracted.reading, documents=found.documents))

    async def clean(self, table: Table, *, language: str = "") -> Cleaned:
        return clean(table, schema=self.schema)


@dataclass
class Watching(OneRoute):
    """One route for all; keeps the facts it was asked with."""

    seen: list[Facts] = field(default_factory=list)

    def route(self, facts: Facts) -> Route:
        self.seen.append(facts)
        return self.one


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    clock = Clock()
    config = parse({"accounts": {"desk": DESK}, "people": PEOPLE}, file=tmp_path / "mailbot.toml")
    ledger = await SqlLedger.open(tmp_path / "state", clock=clock)
    try:
        one = Office(config, ledger, clock)
        rules = Watching()
        one.rules = rules
        answers = replace(one.pipeline.answers, rules=rules)
        one.pipeline = replace(one.pipeline, extractor=TableExtractor(), answers=answers)
        yield one
    finally:
        assert await ledger.verify() == []
        await ledger.close()


def table_of(office: Office) -> TableExtractor:
    assert isinstance(office.pipeline.extractor, TableExtractor)
    return office.pipeline.extractor


async def test_without_a_reply_it_still_goes_to_a_person(office: Office) -> None:
    office.rules.one = replace(office.rules.one, reply="none")
    item = await office.arrive(question(1))
    assert item.state is State.FAILED
    assert "list.csv: Due: day and month cannot be told apart" in item.reason
    assert "rule 'only' wants no reply" in item.reason
    assert (await office.desk.close(item.id, "anna", "day first, says the sender")).state is State.FINISHED


async def test_its_text_stays_and_it_is_marked(office: Office) -> None:
    item = await office.arrive(question(1))
    assert item.state is State.IN_REVIEW
    view = await office.desk.view(item.id)
    (one,) = view.tables
    assert [row.cells[1] for row in one.cleaned.rows] == ["01/02/2026", "03/04/2026"]
    assert [(note.column, note.kind) for note in one.cleaned.notes] == [(1, "ambiguous_date")]
    assert view.reading is not None
    assert [problem.code for problem in view.reading.problems] == ["ambiguous_table"]


async def test_rules_see_it(office: Office) -> None:
    await office.arrive(question(1))
    assert isinstance(office.rules, Watching)
    assert office.rules.seen[-1].values["problems"] == ("ambiguous_table",)


async def test_a_table_that_can_be_read_in_one_way_ends_as_the_rule_says(office: Office) -> None:
    table_of(office).text = SURE
    office.rules.one = replace(office.rules.one, reply="none")
    item = await office.arrive(question(1))
    assert (item.state, item.reason) == (State.FINISHED, "rule 'only' wants no reply")


async def test_once_the_schema_settles_it_trying_again_ends_it(office: Office) -> None:
    office.rules.one = replace(office.rules.one, reply="none")
    item = await office.arrive(question(1))
    table_of(office).schema = TableSchema(file="desk.yaml", columns=(Wanted(name="Due", type="date", order="dmy", line=2),))
    await office.desk.retry(item.id, "anna")
    assert (await office.work(item.id)).state is State.FINISHED
    (one,) = (await office.desk.view(item.id)).tables
    assert [row.cells[1] for row in one.cleaned.rows] == ["2026-02-01", "2026-04-03"]


async def test_a_table_unlike_the_schema_goes_to_a_person(office: Office) -> None:
    table_of(office).text = SURE
    table_of(office).schema = TableSchema(file="desk.yaml", columns=(Wanted(name="Price", required=True, line=2),))
    office.rules.one = replace(office.rules.one, reply="none")
    item = await office.arrive(question(1))
    assert item.state is State.FAILED
    assert "no column is `Price`" in item.reason
