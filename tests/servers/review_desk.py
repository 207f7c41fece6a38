"""A desk with mail in every state, on the real ledger and the real desk, for the tests of the review page."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from mailbot.answers import Answers
from mailbot.config import Config
from mailbot.config_file import parse
from mailbot.core.approval import Decision, decision_to_json
from mailbot.core.document import reading_to_json
from mailbot.core.draft import draft_to_json
from mailbot.core.item import Arrival, Artifact, ArtifactKind, Change, Happening, Origin, Outgoing
from mailbot.core.lifecycle import Event, State
from mailbot.core.route import route_to_json
from mailbot.core.tables import table_of_to_json
from mailbot.desk import PeopleDesk
from mailbot.extract.sandbox import Sandbox
from mailbot.learner import SupplierLearner
from mailbot.ledger.sql import SqlLedger
from mailbot.ports import PartStatus
from mailbot.review.app import create_app
from mailbot.suppliers import Supplierbook
from tests.servers.review_samples import Sample, address, invoice_pdf, samples

E = Event
WAY: Mapping[State, tuple[Event, ...]] = {
    State.RECEIVED: (),
    State.READING: (E.READING_STARTED,),
    State.QUARANTINED: (E.READING_STARTED, E.FOUND_HOSTILE),
    State.FAILED: (E.READING_STARTED, E.EXTRACTED, E.GAVE_UP),
    State.AWAITING_APPROVAL: (E.READING_STARTED, E.EXTRACTED, E.ROUTE_CHOSEN, E.APPROVAL_NEEDED),
    State.DRAFTING: (E.READING_STARTED, E.EXTRACTED, E.ROUTE_CHOSEN, E.DRAFT_WANTED),
    State.FINISHED: (E.READING_STARTED, E.EXTRACTED, E.ROUTE_CHOSEN, E.NO_REPLY_WANTED),
}
WAY = {**WAY, State.REFUSED: (*WAY[State.AWAITING_APPROVAL], E.REFUSED), State.IN_REVIEW: (*WAY[State.DRAFTING], E.DRAFTED)}
WAY = {**WAY, State.REJECTED: (*WAY[State.IN_REVIEW], E.REJECTED), State.QUEUED: (*WAY[State.IN_REVIEW], E.ACCEPTED)}
WAY = {**WAY, State.SENDING: (*WAY[State.QUEUED], E.SEND_STARTED)}
WAY = {**WAY, State.SENT: (*WAY[State.SENDING], E.SERVER_ACCEPTED), State.DELIVERY_UNKNOWN: (*WAY[State.SENDING], E.OUTCOME_LOST)}
"""How an item gets to a state."""

CONFIG = {
    "desk": "Accounts payable",
    "accounts": {
        "payables": {"address": "payables@desk.example", "mode": "live", "smtp": {"host": "127.0.0.1", "security": "none"}},
        "support": {"address": "support@desk.example"},
    },
    "people": {
        "anna": {"name": "Anna Keller", "roles": ["approver", "reviewer"]},
        "ben": {"name": "Ben Okafor", "roles": ["approver"]},
        "mei": {"name": "陈美 Chen Mei", "roles": ["reviewer"]},
    },
}

HOME = "http://127.0.0.1:8025"
"""The address that the page is asked by where no socket is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededDesk:
    """The parts of a running desk. `items` maps a short name to an item's number."""

    app: Starlette
    ledger: SqlLedger
    desk: PeopleDesk
    items: dict[str, int]

    async def state(self, name: str) -> State:
        """Return where an item stands."""
        return (await self.ledger.item(self.items[name])).state

    async def fingerprint(self) -> str:
        """Return everything the ledger holds that a decision could change."""
        rows = await self.ledger.items(limit=500)
        parts: list[Any] = [rows, await self.ledger.statuses()]
        for row in rows:
            parts += [await self.ledger.history(row.id), await self.ledger.outgoing(row.id)]
            parts += [
                await self.ledger.artifacts(row.id, kind)
                for kind in ("reading", "route", "decision", "draft", "reply", "correction")
            ]
        return repr(parts)


def now() -> datetime:
    """Return the present time."""
    return datetime.now(UTC)


def config_in(folder: Path) -> Config:
    """Return the configuration of the seeded desk."""
    return parse({**CONFIG, "state_dir": str(folder / "state")}, file=folder / "mailbot.toml")


@asynccontextmanager
async def seeded_desk(folder: Path, *, empty: bool = False) -> AsyncIterator[SeededDesk]:
    """Open a ledger in `folder`, fill it, and make the page's app."""
    config = config_in(folder)
    ledger = await SqlLedger.open(config.state_dir, clock=now)
    book = Supplierbook(config.suppliers_dir)
    extractor = Sandbox(config.extract, suppliers=lambda: book.suppliers)
    try:
        answers = Answers(config=config, rules=None, templates=None, generator=None)  # type: ignore[arg-type]  nothing is drafted here
        desk = PeopleDesk(
            config=config,
            ledger=ledger,
            answers=answers,
            clock=now,
            message_id=lambda domain: f"<{now().timestamp()}@{domain}>",
            wake=lambda: None,
        )
        learner = SupplierLearner(ledger=ledger, extractor=extractor, book=book, may=desk.may_review)
        app = create_app(desk=desk, learner=learner, ledger=ledger, extractor=extractor, config=config, secret=b"s" * 32, clock=now)
        yield SeededDesk(app=app, ledger=ledger, desk=desk, items={} if empty else await _fill(ledger))
    finally:
        await extractor.close()
        await ledger.close()


async def _fill(ledger: SqlLedger) -> dict[str, int]:
    pdf = invoice_pdf()
    (digest,) = await ledger.store_blobs([pdf])
    items = {}
    for number, sample in enumerate(samples(digest, len(pdf)), 1):
        items[sample.name] = await put(ledger, sample, uid=number)
    for part, state, detail in (
        ("imap:payables", "ok", "watching INBOX, last mail 2 min ago"),
        ("imap:support", "trouble", "the server does not answer; next try in 30 s"),
        ("folder:scans", "ok", "watching"),
    ):
        await ledger.set_status(PartStatus(part=part, state=state, detail=detail, since=now() - timedelta(hours=3)))
    return items


async def put(ledger: SqlLedger, sample: Sample, *, uid: int) -> int:
    """Store one sample and bring it to its state; return the item's number."""
    origin = Origin(source="imap", account=sample.account, place="INBOX", uidvalidity=7, uid=uid)
    content = f"From: {sample.sender}\r\nSubject: {uid}\r\n\r\n{sample.name}\r\n".encode("utf-8", "replace")
    (item,) = await ledger.receive([Arrival(origin=origin, name="message.eml", content=content)])
    assert item is not None
    kept: list[tuple[ArtifactKind, Any]] = []
    if sample.reading:
        kept.append(("reading", reading_to_json(sample.reading, full=True)))
    if sample.route:
        kept.append(("route", route_to_json(sample.route, full=True)))
    if sample.draft:
        kept.append(("draft", draft_to_json(sample.draft)))
    if sample.tables:
        kept.append(("tables", [table_of_to_json(one) for one in sample.tables]))
    for name in sample.approved_by:
        kept.append(("decision", decision_to_json(Decision(approver=name, approved=True, at=now().isoformat()))))
    artifacts = tuple(Artifact(kind=kind, content=json.dumps(value).encode()) for kind, value in kept)
    happenings = tuple(Happening(event=event, actor=actor, cause=_cause(event, sample)) for event, actor in _way(sample))
    queued = E.ACCEPTED in WAY[sample.state]
    outgoing = Outgoing(message_id=f"<r{uid}@desk.example>", sender="payables@desk.example", recipients=(address(sample.sender),))
    await ledger.record(
        Change(
            item=item,
            expected=State.RECEIVED,
            happenings=happenings,
            artifacts=(*artifacts, Artifact(kind="reply", content=b"Subject: x\r\n\r\nx\r\n")) if queued else artifacts,
            outgoing=outgoing if queued else None,
            subject=sample.subject,
            sender=sample.sender,
            tags=sample.tags,
            reason=sample.reason,
        )
    )
    return item


def _way(sample: Sample) -> list[tuple[Event, str]]:
    """Return the events that bring a sample to its state, each with who caused it."""
    people = {E.REFUSED: "ben", E.REJECTED: "mei", E.ACCEPTED: "mei"}
    way = [(event, people.get(event, "mailbot")) for event in WAY[sample.state]]
    if sample.approved_by:
        at = way.index((E.DRAFT_WANTED, "mailbot"))
        way[at:at] = [(E.APPROVAL_NEEDED, "mailbot"), *((E.APPROVED, name) for name in sample.approved_by)]
    return way


def _cause(event: Event, sample: Sample) -> str:
    if event is E.ROUTE_CHOSEN and sample.route:
        return sample.route.reason
    return sample.reason if event in (E.REFUSED, E.REJECTED, E.GAVE_UP, E.FOUND_HOSTILE, E.OUTCOME_LOST) else ""
