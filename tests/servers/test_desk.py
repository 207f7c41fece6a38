"""The recipe and the desk on a real ledger: what people decide, who may, races, and how each kind of failed send ends."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailbot.answers import Answers
from mailbot.clock import new_message_id
from mailbot.config import Config
from mailbot.config_file import parse
from mailbot.core.document import Document, Field, Problem, Reading, Table
from mailbot.core.facts import Facts
from mailbot.core.item import Arrival, Change, Happening, Item, Origin, Outgoing
from mailbot.core.lifecycle import ADVANCEABLE, Event, State
from mailbot.core.route import Route
from mailbot.core.tables import Cleaned
from mailbot.delivery import Delivery
from mailbot.desk import PeopleDesk
from mailbot.errors import DeliveryUnknown, IllegalEvent, LoginRefused, NotAllowed, NotSent, Stale
from mailbot.extract import mail
from mailbot.generate.template import TemplateGenerator
from mailbot.ledger.sql import SqlLedger
from mailbot.pipeline import Pipeline
from mailbot.ports import Extracted, Page
from tests.faults.test_kill import question

DESK = {"address": "desk@example.org", "smtp": {"host": "127.0.0.1", "security": "none"}, "mode": "live"}
PEOPLE = {"anna": {"roles": ["approver", "reviewer"]}, "ben": {"roles": ["approver"]}}


@dataclass
class Clock:
    now: datetime = datetime(2026, 11, 23, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class InProcessExtractor:
    """Reads mail without a worker; `problems` are added to every reading."""

    problems: tuple[Problem, ...] = ()
    documents: tuple[Document, ...] = ()

    async def read(self, name: str, content: bytes, *, media_type: str = "") -> Extracted:
        return Extracted(
            reading=Reading(
                file=name,
                media_type="message/rfc822",
                message=mail.read(content).message,
                documents=self.documents,
                problems=self.problems,
            ),
            contents={},
        )

    async def clean(self, table: Table, *, language: str = "") -> Cleaned:
        raise AssertionError("there are no tables here")

    async def render(self, name: str, content: bytes, page: int, *, width: int = 1000, sender: str = "") -> Page:
        raise AssertionError("nothing is rendered here")

    async def close(self) -> None:
        pass


@dataclass
class OneRoute:
    """Rules that give every item the same route."""

    one: Route = field(default_factory=lambda: Route(rule="only", file="only.yaml", line=1, template="default"))

    def route(self, facts: Facts) -> Route:
        return self.one


class PlainTemplates:
    """A template that greets and repeats a figure of the mail; with `text` it says that instead. {total} is the document's."""

    text = "Dear customer,\n\nthank you for your question about order 10001.\n"

    def names(self) -> tuple[str, ...]:
        return ("default",)

    def render(self, name: str, language: str, facts: Facts) -> str:
        return self.text.replace("{total}", str(facts.values["total"]))

    def instructions(self, name: str) -> str:
        return ""


@dataclass
class RecordingOutbox:
    """Takes mail, or fails as `faults` say, one after the other."""

    faults: list[Exception] = field(default_factory=list)
    sent: list[tuple[Outgoing, bytes]] = field(default_factory=list)

    async def send(self, account: str, outgoing: Outgoing, content: bytes) -> str:
        if self.faults:
            raise self.faults.pop(0)
        self.sent.append((outgoing, content))
        return "250 taken"

    def may_have_sent(self, message_id: str) -> bool:
        return False

    async def close(self) -> None:
        pass


class SentMailbox:
    """A Sent mailbox that holds the Message-IDs in `holds`."""

    def __init__(self) -> None:
        self.holds: set[str] = set()
        self.saved: list[bytes] = []

    async def run(self) -> None:
        pass

    async def save_sent(self, content: bytes) -> None:
        self.saved.append(content)

    async def find_sent(self, message_id: str) -> bool:
        return message_id in self.holds

    async def server_uids(self) -> dict[str, tuple[int, set[int]]]:
        return {}


class Office:
    """A desk with everything real but the worker, the servers and the rules."""

    def __init__(self, config: Config, ledger: SqlLedger, clock: Clock) -> None:
        self.clock = clock
        self.ledger = ledger
        self.extractor = InProcessExtractor()
        self.rules = OneRoute()
        self.templates = PlainTemplates()
        self.outbox = RecordingOutbox()
        self.mailbox = SentMailbox()
        self.woken = 0
        answers = Answers(config=config, rules=self.rules, templates=self.templates, generator=TemplateGenerator())
        delivery = Delivery(config=config, ledger=ledger, outbox=self.outbox, mailboxes={"desk": self.mailbox}, clock=clock)
        self.pipeline = Pipeline(
            config=config, ledger=ledger, extractor=self.extractor, answers=answers, delivery=delivery, clock=clock
        )
        self.desk = PeopleDesk(
            config=config, ledger=ledger, answers=answers, clock=clock, message_id=new_message_id, wake=self.wake
        )

    def wake(self) -> None:
        self.woken += 1

    async def arrive(self, content: bytes, uid: int = 1) -> Item:
        origin = Origin(source="imap", account="desk", place="INBOX", uidvalidity=1, uid=uid)
        (number,) = await self.ledger.receive([Arrival(origin=origin, name="message.eml", content=content)])
        assert number is not None
        return await self.work(number)

    async def work(self, number: int) -> Item:
        """Advance whatever can be advanced, as the dispatcher does."""
        while claimed := await self.ledger.claim(ADVANCEABLE, limit=10, owner="test", lease=timedelta(hours=1), now=self.clock()):
            for item in claimed:
                await self.pipeline.advance(item)
        return await self.ledger.item(number)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    clock = Clock()
    config = parse({"accounts": {"desk": DESK}, "people": PEOPLE, "max_attempts": 3}, file=tmp_path / "mailbot.toml")
    ledger = await SqlLedger.open(tmp_path / "state", clock=clock)
    try:
        yield Office(config, ledger, clock)
    finally:
        assert await ledger.verify() == []
        await ledger.close()


async def test_a_question_is_answered_once(office: Office) -> None:
    item = await office.arrive(question(1))
    assert item.state is State.IN_REVIEW
    assert item.lease_until is None
    view = await office.desk.view(item.id)
    assert view.recipients == ("customer1@shop.example",)
    assert not view.drafts[-1].ungrounded
    await office.desk.accept(item.id, "anna", version=1)
    assert (await office.work(item.id)).state is State.SENT
    ((outgoing, content),) = office.outbox.sent
    reply = email.message_from_bytes(content, policy=email.policy.default)
    assert outgoing.message_id == reply["Message-ID"]
    assert reply["In-Reply-To"] == "<question-1@shop.example>"
    assert reply["Subject"] == "Re: Question 1"
    assert reply["To"] == "Customer 1 <customer1@shop.example>"
    assert "thank you for your question" in reply.get_content()
    assert "> when will order 10001 arrive?" in reply.get_content()
    assert office.mailbox.saved == [content]
    assert office.woken == 1
    with pytest.raises((Stale, IllegalEvent)):
        await office.desk.accept(item.id, "anna")


async def test_approvals_come_before_the_draft(office: Office) -> None:
    office.rules.one = replace(office.rules.one, approvers=("anna", "ben"))
    item = await office.arrive(question(1))
    assert item.state is State.AWAITING_APPROVAL
    with pytest.raises(NotAllowed, match="zoe is not asked"):
        await office.desk.approve(item.id, "zoe")
    with pytest.raises(NotAllowed, match="reason"):
        await office.desk.approve(item.id, "anna", approved=False)
    assert (await office.desk.approve(item.id, "anna")).state is State.AWAITING_APPROVAL
    assert (await office.desk.approve(item.id, "ben")).state is State.DRAFTING
    assert (await office.work(item.id)).state is State.IN_REVIEW


async def test_two_approvers_at_the_same_moment_do_not_get_it_stuck(office: Office) -> None:
    office.rules.one = replace(office.rules.one, approvers=("anna", "ben"))
    item = await office.arrive(question(1))
    results: Sequence[object] = await asyncio.gather(
        office.desk.approve(item.id, "anna"), office.desk.approve(item.id, "ben"), return_exceptions=True
    )
    for name, result in zip(("anna", "ben"), results, strict=True):
        if isinstance(result, Stale):
            await office.desk.approve(item.id, name)
    assert (await office.work(item.id)).state is State.IN_REVIEW


async def test_a_refusal_waits_for_a_person_and_can_be_reconsidered(office: Office) -> None:
    office.rules.one = replace(office.rules.one, approvers=("anna",))
    item = await office.arrive(question(1))
    refused = await office.desk.approve(item.id, "anna", approved=False, why="over budget")
    assert refused.state is State.REFUSED
    assert "over budget" in refused.reason
    assert (await office.desk.retry(item.id, "anna")).state is State.AWAITING_APPROVAL
    await office.desk.approve(item.id, "anna")
    assert (await office.work(item.id)).state is State.IN_REVIEW


async def test_a_reconsidered_item_is_asked_about_afresh(office: Office) -> None:
    office.rules.one = replace(office.rules.one, approvers=("anna", "ben"))
    item = await office.arrive(question(1))
    await office.desk.approve(item.id, "anna", approved=False, why="over budget")
    await office.desk.retry(item.id, "anna")
    assert (await office.desk.view(item.id)).decisions == ()
    assert (await office.desk.approve(item.id, "ben")).state is State.AWAITING_APPROVAL
    assert (await office.desk.approve(item.id, "anna")).state is State.DRAFTING


async def test_a_new_route_wants_new_approvals(office: Office) -> None:
    office.rules.one = replace(office.rules.one, approvers=("anna", "ben"))
    item = await office.arrive(question(1))
    await office.desk.approve(item.id, "anna")
    office.rules.one = replace(office.rules.one, approvers=("anna",))
    assert (await office.desk.retry(item.id, "anna")).state is State.READ
    assert (await office.work(item.id)).state is State.AWAITING_APPROVAL
    assert (await office.desk.view(item.id)).decisions == ()
    assert (await office.desk.approve(item.id, "anna")).state is State.DRAFTING


async def test_an_approver_who_left_is_replaced_by_asking_the_rules_again(office: Office) -> None:
    office.rules.one = replace(office.rules.one, approvers=("zoe",))
    item = await office.arrive(question(1))
    with pytest.raises(NotAllowed, match="zoe is no longer in the configuration"):
        await office.desk.approve(item.id, "zoe")
    office.rules.one = replace(office.rules.one, approvers=("anna",))
    await office.desk.retry(item.id, "anna")
    assert (await office.work(item.id)).state is State.AWAITING_APPROVAL
    assert (await office.desk.approve(item.id, "anna")).state is State.DRAFTING


async def test_an_item_that_waits_for_approval_may_be_closed(office: Office) -> None:
    office.rules.one = replace(office.rules.one, approvers=("anna",))
    item = await office.arrive(question(1))
    assert (await office.desk.close(item.id, "anna", "paid by phone")).state is State.FINISHED


async def test_a_decision_ends_the_wait_of_what_failed_before(office: Office) -> None:
    item = await office.arrive(question(1))
    office.outbox.faults = [LoginRefused("535 bad password")]
    await office.desk.accept(item.id, "anna")
    assert (await office.work(item.id)).state is State.QUEUED
    await office.desk.withdraw(item.id, "anna")
    await office.desk.accept(item.id, "anna")
    assert (await office.work(item.id)).state is State.SENT


async def test_a_figure_that_stands_nowhere_must_be_acknowledged(office: Office) -> None:
    item = await office.arrive(question(1))
    await office.desk.edit(item.id, "anna", "Dear customer,\n\nwe owe you EUR 9,999.00.\n")
    with pytest.raises(NotAllowed, match="9,999"):
        await office.desk.accept(item.id, "anna")
    assert (await office.desk.accept(item.id, "anna", acknowledged=True)).state is State.QUEUED


async def test_the_version_that_was_looked_at_is_the_one_that_is_sent(office: Office) -> None:
    item = await office.arrive(question(1))
    await office.desk.edit(item.id, "anna", "Dear customer,\n\nsoon.\n")
    with pytest.raises(Stale, match="replaced by draft 2"):
        await office.desk.accept(item.id, "anna", version=1)
    outcomes = await asyncio.gather(
        office.desk.accept(item.id, "anna", version=2),
        office.desk.edit(item.id, "anna", "Dear customer,\n\nlater.\n"),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Exception) for one in outcomes) == 1


def invoice(**fields: str) -> tuple[Document, ...]:
    found = tuple(Field(name=name, value=value) for name, value in fields.items())
    return (Document(name="i.pdf", media_type="application/pdf", fields=found),)


async def test_a_corrected_field_is_routed_drafted_and_grounded_afresh(office: Office) -> None:
    office.extractor.documents = invoice(total="12.34", currency="EUR")
    office.templates.text = "Dear customer,\n\nwe pay {total} EUR.\n"
    item = await office.arrive(question(1))
    assert (await office.desk.view(item.id)).drafts[-1].text == "Dear customer,\n\nwe pay 12.34 EUR.\n"
    office.rules.one = Route(rule="ask", file="only.yaml", line=9, template="default", approvers=("ben",))
    corrected = await office.desk.correct(item.id, "anna", 0, {"total": "43,21"}, version=0)
    assert (corrected.state, office.woken) == (State.READ, 1)
    assert (await office.work(item.id)).state is State.AWAITING_APPROVAL
    await office.desk.approve(item.id, "ben")
    assert (await office.work(item.id)).state is State.IN_REVIEW
    view = await office.desk.view(item.id)
    assert [draft.text for draft in view.drafts] == [f"Dear customer,\n\nwe pay {total} EUR.\n" for total in ("12.34", "43.21")]
    (figure,) = view.drafts[-1].grounding
    assert figure.source is not None
    assert (figure.source.name, figure.source.by) == ("i.pdf: total", "anna")

    await office.desk.edit(item.id, "anna", "Dear customer,\n\nwe pay 12.34 EUR, no, 43.21 EUR.\n")
    old, new = (await office.desk.view(item.id)).drafts[-1].grounding
    assert (old.source, new.source is not None) == (None, True)  # what the first draft said is no source any more


async def test_a_correction_survives_that_the_item_is_read_again(office: Office) -> None:
    office.extractor.documents = invoice(total="12.34")
    item = await office.arrive(question(1))
    office.templates.text = "broken {total}"
    await office.desk.correct(item.id, "anna", 0, {"total": "43.21"})
    await office.ledger.record(
        Change(item=item.id, expected=State.READ, happenings=(Happening(event=Event.GAVE_UP, actor="mailbot", cause="test"),))
    )
    await office.desk.retry(item.id, "anna")
    assert (await office.work(item.id)).state is State.IN_REVIEW
    view = await office.desk.view(item.id)
    assert view.drafts[-1].text.startswith("broken 43.21")
    assert len(await office.ledger.artifacts(item.id, "reading")) == 2


async def test_two_who_correct_the_same_item(office: Office) -> None:
    office.extractor.documents = invoice(total="12.34")
    item = await office.arrive(question(1))
    await office.desk.correct(item.id, "anna", 0, {"total": "43.21"}, version=0)
    await office.work(item.id)
    with pytest.raises(Stale, match="corrected meanwhile"):
        await office.desk.correct(item.id, "anna", 0, {"total": "1.00"}, version=0)
    with pytest.raises(NotAllowed, match="nothing is different"):
        await office.desk.correct(item.id, "anna", 0, {"total": "43.21"}, version=1)
    with pytest.raises(NotAllowed, match="ben is not a reviewer"):
        await office.desk.correct(item.id, "ben", 0, {"total": "1.00"})


async def test_who_may_review(office: Office) -> None:
    item = await office.arrive(question(1))
    with pytest.raises(NotAllowed, match="ben is not a reviewer"):
        await office.desk.accept(item.id, "ben")
    with pytest.raises(NotAllowed, match="nobody is called zoe"):
        await office.desk.accept(item.id, "zoe")
    with pytest.raises(NotAllowed, match="empty"):
        await office.desk.edit(item.id, "anna", "  \n")
    await office.desk.accept(item.id, "unauthenticated")
    history = await office.ledger.history(item.id)
    assert history[-1].actor == "unauthenticated"


async def test_reject_redraft_withdraw_close(office: Office) -> None:
    item = await office.arrive(question(1))
    with pytest.raises(NotAllowed, match="reason"):
        await office.desk.reject(item.id, "anna", " ")
    assert (await office.desk.reject(item.id, "anna", "too cold")).state is State.REJECTED
    await office.desk.redraft(item.id, "anna")
    assert (await office.work(item.id)).state is State.IN_REVIEW
    await office.desk.accept(item.id, "anna")
    assert (await office.desk.withdraw(item.id, "anna")).state is State.IN_REVIEW
    assert (await office.desk.close(item.id, "anna", "answered by phone")).state is State.FINISHED
    assert office.outbox.sent == []


async def test_mail_from_machines_is_never_answered(office: Office) -> None:
    item = await office.arrive(b"Auto-Submitted: auto-replied\r\n" + question(1))
    assert item.state is State.FINISHED
    assert "Auto-Submitted" in item.reason


async def test_our_own_mail_is_never_answered(office: Office) -> None:
    item = await office.arrive(question(1).replace(b"customer1@shop.example", b"desk@example.org"))
    assert item.state is State.FINISHED
    assert "desk itself" in item.reason


async def test_a_hostile_file_is_quarantined_and_may_be_released(office: Office) -> None:
    office.extractor.problems = (Problem(code="archive_limits", detail="a.zip unpacks to 10 GB"),)
    item = await office.arrive(question(1))
    assert item.state is State.QUARANTINED
    assert "10 GB" in item.reason
    office.extractor.problems = ()
    assert (await office.desk.retry(item.id, "anna")).state is State.RECEIVED
    assert (await office.work(item.id)).state is State.IN_REVIEW


async def test_a_mail_that_was_too_large_to_fetch_is_quarantined(office: Office) -> None:
    content = b"X-Mailbot-Truncated: 70000000\r\n" + question(1)
    office.extractor.problems = mail.read(content).problems
    item = await office.arrive(content)
    assert item.state is State.QUARANTINED
    assert "70000000 bytes" in item.reason


async def test_a_server_that_says_later_gets_it_later(office: Office) -> None:
    item = await office.arrive(question(1))
    office.outbox.faults = [NotSent("450 busy", retry=True)]
    await office.desk.accept(item.id, "anna")
    waiting = await office.work(item.id)
    assert waiting.state is State.QUEUED
    assert waiting.not_before is not None
    assert "450 busy" in waiting.reason
    office.clock.now += timedelta(minutes=5)
    assert (await office.work(item.id)).state is State.SENT


async def test_it_gives_up_after_its_attempts_and_a_person_decides(office: Office) -> None:
    item = await office.arrive(question(1))
    office.outbox.faults = [NotSent("450 busy", retry=True) for _ in range(9)]
    await office.desk.accept(item.id, "anna")
    for _ in range(4):
        last = await office.work(item.id)
        office.clock.now += timedelta(hours=2)
    assert last.state is State.FAILED
    assert (await office.desk.close(item.id, "anna", "called them")).state is State.FINISHED


async def test_a_refused_recipient_fails_at_once(office: Office) -> None:
    item = await office.arrive(question(1))
    office.outbox.faults = [NotSent("550 no such user", retry=False)]
    await office.desk.accept(item.id, "anna")
    assert (await office.work(item.id)).state is State.FAILED


async def test_a_refused_login_keeps_the_reply_waiting_for_ever(office: Office) -> None:
    item = await office.arrive(question(1))
    office.outbox.faults = [LoginRefused("535 bad password") for _ in range(6)]
    await office.desk.accept(item.id, "anna")
    for _ in range(6):
        assert (await office.work(item.id)).state is State.QUEUED
        office.clock.now += timedelta(hours=1)
    assert (await office.work(item.id)).state is State.SENT


async def test_a_lost_connection_after_the_content_is_never_sent_again(office: Office) -> None:
    item = await office.arrive(question(1))
    office.outbox.faults = [DeliveryUnknown("connection lost after DATA")]
    await office.desk.accept(item.id, "anna")
    assert (await office.work(item.id)).state is State.DELIVERY_UNKNOWN
    office.clock.now += timedelta(days=2)
    assert (await office.work(item.id)).state is State.DELIVERY_UNKNOWN
    assert office.outbox.sent == []
    assert (await office.desk.settle(item.id, "anna", delivered=True)).state is State.SENT


async def test_a_person_may_order_the_same_bytes_again(office: Office) -> None:
    item = await office.arrive(question(1))
    office.outbox.faults = [DeliveryUnknown("connection lost after DATA")]
    await office.desk.accept(item.id, "anna")
    await office.work(item.id)
    before = await office.ledger.outgoing(item.id)
    await office.desk.settle(item.id, "anna", delivered=False)
    assert (await office.work(item.id)).state is State.SENT
    assert office.outbox.sent[0][0] == before


async def test_the_sent_mailbox_settles_an_unknown_delivery(office: Office) -> None:
    item = await office.arrive(question(1))
    await office.desk.accept(item.id, "anna")
    outgoing = await office.ledger.outgoing(item.id)
    assert outgoing is not None
    office.mailbox.holds = {outgoing.message_id}
    office.outbox.faults = [DeliveryUnknown("connection lost after DATA")]
    assert (await office.work(item.id)).state is State.SENT
    assert [one.event for one in await office.ledger.history(item.id)][-1] == "found_in_sent"


async def test_an_item_found_in_sending_is_unknown_not_resent(office: Office) -> None:
    item = await office.arrive(question(1))
    await office.desk.accept(item.id, "anna")

    class PowerCut(BaseException):
        pass

    office.outbox.faults = [PowerCut()]  # type: ignore[list-item]
    with pytest.raises(PowerCut):
        await office.work(item.id)
    assert (await office.ledger.item(item.id)).state is State.SENDING
    assert await office.ledger.break_leases() == 1
    assert (await office.work(item.id)).state is State.DELIVERY_UNKNOWN
    assert office.outbox.sent == []


async def test_an_internal_error_is_kept_with_the_item_and_tried_again(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    office.templates.render = lambda *_: 1 / 0  # type: ignore[assignment, method-assign, return-value]
    item = await office.arrive(question(1))
    assert item.state is State.DRAFTING
    assert "ZeroDivisionError" in item.reason
    del office.templates.render
    office.clock.now += timedelta(minutes=5)
    assert (await office.work(item.id)).state is State.IN_REVIEW


async def test_a_sender_with_many_replies_is_pointed_out(office: Office) -> None:
    for uid in range(1, 22):
        item = await office.arrive(question(1).replace(b"question-1@", b"question-1-%d@" % uid), uid=uid)
        await office.desk.accept(item.id, "anna", acknowledged=True)
    item = await office.arrive(question(1), uid=99)
    view = await office.desk.view(item.id)
    assert "loop" in view.drafts[-1].note
