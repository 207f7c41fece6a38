"""The ledger on SQLite, for real: what comes in, what is recorded of it, and what is read back."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mailbot.core.item import Arrival, Change, HighWater
from mailbot.core.lifecycle import ADVANCEABLE, Event, State
from mailbot.errors import BadInput, IllegalEvent, MailbotError, NotFound, Stale
from mailbot.ledger.sql import SqlLedger
from mailbot.ports import PartStatus
from tests.servers.ledger_way import START, Clock, file, happened, kept, mail, reply_to, walk, way


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[SqlLedger]:
    opened = await SqlLedger.open(tmp_path / "state", clock=Clock())
    yield opened
    assert await opened.verify() == []
    await opened.close()


def mark(uid: int, uidvalidity: int = 1) -> HighWater:
    return HighWater(account="a", place="INBOX", uidvalidity=uidvalidity, uid=uid)


async def test_an_item_goes_all_the_way(ledger: SqlLedger) -> None:
    assert await ledger.receive([mail(1), file("t1")]) == [1, 2]
    sent = await walk(ledger, 1)
    assert sent.state is State.SENT
    assert (sent.subject, sent.tags, sent.message_id) == ("Invoice 1", ("invoice", "Übersee"), "<1@shop.example>")
    history = await ledger.history(1)
    assert [entry.event for entry in history] == ["arrived", *(change.happenings[0].event for change in way(1))]
    assert [entry.actor for entry in history if entry.actor != "mailbot"] == ["rule:invoices", "ann"]
    assert history[-1].cause == "250 ok"
    assert await ledger.artifact(1, "draft") == b"draft 1"
    assert await ledger.outgoing(1) == reply_to(1)
    assert await ledger.blob(sent.sha256) == b"mail 1"
    assert await ledger.counts() == {State.SENT: 1, State.RECEIVED: 1}
    assert await ledger.head() == (len(history) + 1, history[-1].hash)


async def test_an_origin_is_received_once(ledger: SqlLedger) -> None:
    assert await ledger.receive([mail(1), mail(2), mail(1)]) == [1, 2, None]
    assert await ledger.receive([mail(2), mail(3), file("t1"), file("t1")]) == [None, 3, 4, None]
    assert await ledger.receive([mail(1, uidvalidity=2), file("t2")]) == [5, 6]
    assert await ledger.known_uids("a", "INBOX", 1) == {1, 2, 3}
    assert len(await ledger.items()) == 6


async def test_received_at_the_same_time_an_origin_is_still_one(ledger: SqlLedger) -> None:
    answers = await asyncio.gather(*(ledger.receive([mail(1), mail(2)]) for _ in range(10)))
    assert sorted(answers, key=str) == [[1, 2]] + [[None, None]] * 9


async def test_a_rescan_knows_a_mail_by_message_id_and_body(ledger: SqlLedger) -> None:
    await ledger.receive([mail(1, body="same", message_id="<m>"), mail(2, body="bare"), mail(3)])
    rescan = [
        mail(7, uidvalidity=2, body="same", message_id="<m>", dedupe=True),
        mail(8, uidvalidity=2, body="bare", dedupe=True),
        mail(9, uidvalidity=2, body="other", message_id="<m>", dedupe=True),
        mail(10, uidvalidity=2, body="same", message_id="<n>", dedupe=True),
        mail(11, uidvalidity=2, dedupe=True),
        mail(12, uidvalidity=2, body="other", message_id="<m>", dedupe=True),
    ]
    assert await ledger.receive(rescan) == [None, None, 4, 5, 6, None]
    assert await ledger.receive(rescan) == [None] * 6
    assert await ledger.known_uids("a", "INBOX", 2) == {7, 8, 9, 10, 11, 12}
    assert [entry.event for entry in await ledger.history(1)] == ["arrived", "seen_again"]
    assert await ledger.receive([mail(20, uidvalidity=3, body="same", message_id="<m>")]) == [7]


async def test_a_mail_is_known_again_after_its_item_moved_on(ledger: SqlLedger) -> None:
    await ledger.receive([mail(1, body="same", message_id="<as it arrived>")])
    await walk(ledger, 1)
    again = mail(7, uidvalidity=2, body="same", message_id="<as it arrived>", dedupe=True)
    assert await ledger.receive([again]) == [None]
    assert (await ledger.history(1))[-1].after == State.SENT


async def test_a_mail_delivered_twice_is_one_item(ledger: SqlLedger) -> None:
    first = mail(1, body="same", header="from ann", message_id="<m>")
    twice = replace(mail(2, body="same", header="from ann", message_id="<m>", place="Orders"), content=b"Received: later\n\nsame")
    assert await ledger.receive([first, twice]) == [1, None]
    await walk(ledger, 1)
    again = mail(3, body="same", header="from ann", message_id="<m>")
    assert await ledger.receive([again], mark(3)) == [None]
    assert await ledger.receive([again], mark(3)) == [None]
    history = await ledger.history(1)
    assert [(entry.event, entry.cause) for entry in history if entry.event == "seen_again"] == [
        ("seen_again", "Orders, UID 2"),
        ("seen_again", "INBOX, UID 3"),
    ]
    assert history[-1].after == State.SENT, "it is not answered again"
    assert await ledger.blob(json.loads(history[1].detail)["again"]) == b"Received: later\n\nsame"
    assert await ledger.known_uids("a", "INBOX", 1) == {1, 3}
    assert await ledger.known_uids("a", "Orders", 1) == {2}
    assert await ledger.high_water("a", "INBOX") == mark(3)


@pytest.mark.parametrize(
    "other",
    [
        mail(2, body="other", header="from ann", message_id="<m>"),
        mail(2, body="same", header="from ben", message_id="<m>"),
        mail(2, body="same", header="from ann", message_id="<n>"),
        mail(2, body="same", header="from ann", message_id="<m>", account="b"),
    ],
)
async def test_a_message_id_that_comes_with_something_else_is_another_mail(ledger: SqlLedger, other: Arrival) -> None:
    assert await ledger.receive([mail(1, body="same", header="from ann", message_id="<m>")]) == [1]
    assert await ledger.receive([other]) == [2]


async def test_mails_without_a_message_id_are_never_taken_for_one(ledger: SqlLedger) -> None:
    assert await ledger.receive([mail(number, body="same", header="from ann") for number in (1, 2)]) == [1, 2]


async def test_what_is_remembered_is_an_entry_and_no_change(ledger: SqlLedger) -> None:
    await ledger.receive([mail(1)])
    (held,) = await ledger.claim([State.RECEIVED], limit=1, owner="w", lease=timedelta(minutes=1), now=START)
    await ledger.remembered(1, "ann (unauthenticated)", "total of Nordwind, in nordwind.learnt.yaml")
    last = (await ledger.history(1))[-1]
    assert (last.event, last.actor, last.before, last.after) == ("remembered", "ann (unauthenticated)", "received", "received")
    assert await ledger.item(1) == held, "whoever works on it goes on"
    with pytest.raises(NotFound):
        await ledger.remembered(2, "ann", "nothing")


async def test_the_mark_moves_with_the_mail_and_never_back(ledger: SqlLedger) -> None:
    assert await ledger.high_water("a", "INBOX") is None
    await ledger.set_high_water(mark(5))
    await ledger.receive([mail(6)], mark(6))
    await asyncio.gather(ledger.receive([mail(8)], mark(8)), ledger.receive([mail(7)], mark(7)), ledger.set_high_water(mark(2)))
    assert await ledger.high_water("a", "INBOX") == mark(8)
    await ledger.set_high_water(mark(1, uidvalidity=2))
    assert await ledger.high_water("a", "INBOX") == mark(1, uidvalidity=2)


async def test_a_change_that_does_not_fit_writes_nothing(ledger: SqlLedger) -> None:
    await ledger.receive([mail(1)])
    before = await ledger.item(1)
    start = happened(Event.READING_STARTED)
    for change, error in [
        (Change(item=1, expected=State.READ, happenings=start), Stale),
        (Change(item=1, expected=State.RECEIVED, happenings=start, fence=3), Stale),
        (Change(item=1, expected=State.RECEIVED, happenings=start, seen=(("draft", 1),)), Stale),
        (Change(item=1, expected=State.RECEIVED, happenings=happened(Event.READING_STARTED, Event.ACCEPTED)), IllegalEvent),
        (Change(item=1, expected=State.RECEIVED, happenings=happened(Event.GAVE_UP)), IllegalEvent),
        (Change(item=9, expected=State.RECEIVED), NotFound),
        (Change(item=2**70, expected=State.RECEIVED), BadInput),
        (Change(item=1, expected=State.RECEIVED, happenings=start, subject="half \ud83d"), BadInput),
    ]:
        with pytest.raises(error):
            await ledger.record(change)
    assert await ledger.item(1) == before
    assert len(await ledger.history(1)) == 1


async def test_a_reason_is_wanted_and_kept(ledger: SqlLedger) -> None:
    await ledger.receive([mail(1), mail(2)])
    by_cause = await ledger.record(Change(item=1, expected=State.RECEIVED, happenings=happened(Event.GAVE_UP, cause="too big")))
    by_reason = await ledger.record(Change(item=2, expected=State.RECEIVED, happenings=happened(Event.GAVE_UP), reason="no disk"))
    assert (by_cause.reason, by_reason.reason) == ("too big", "no disk")
    assert await ledger.item(1) == by_cause


async def test_versions_of_an_artifact_and_the_ones_a_decision_was_taken_on(ledger: SqlLedger) -> None:
    await ledger.receive([mail(1)])
    await walk(ledger, 1, State.IN_REVIEW)
    edit = Change(
        item=1, expected=State.IN_REVIEW, happenings=happened(Event.EDITED, actor="ann"), artifacts=(kept("draft", "mine"),)
    )
    await ledger.record(edit)
    with pytest.raises(Stale, match="2 drafts"):
        await ledger.record(Change(item=1, expected=State.IN_REVIEW, happenings=happened(Event.ACCEPTED), seen=(("draft", 1),)))
    await ledger.record(Change(item=1, expected=State.IN_REVIEW, seen=(("draft", 2),), artifacts=(kept("draft", "quiet"),)))
    assert await ledger.artifacts(1, "draft") == [b"draft 1", b"mine", b"quiet"]
    assert await ledger.artifact(1, "decision") is None
    assert (await ledger.history(1))[-1].event == "kept"


async def test_changes_of_one_item_in_one_batch_see_each_other(ledger: SqlLedger) -> None:
    await ledger.receive([mail(1)])
    await walk(ledger, 1, State.IN_REVIEW)
    accept = way(1)[5]
    results = await asyncio.gather(*(ledger.record(accept) for _ in range(20)), return_exceptions=True)
    assert sum(not isinstance(result, Exception) for result in results) == 1
    assert sum(isinstance(result, Stale) for result in results) == 19
    assert len([entry for entry in await ledger.history(1) if entry.event == "accepted"]) == 1


async def test_one_bad_request_does_not_harm_those_committed_with_it(ledger: SqlLedger) -> None:
    """A status with half a surrogate pair fails in the driver, so the transaction of the whole batch does; each is then alone."""
    await ledger.receive([mail(uid) for uid in range(1, 9)])
    bad = PartStatus(part="imap:\ud800", state="ok", detail="", since=START)
    results = await asyncio.gather(
        *(ledger.record(way(item)[0]) for item in range(1, 9)),
        ledger.set_status(bad),
        ledger.receive([mail(2**70)]),
        ledger.receive([mail(9)]),
        return_exceptions=True,
    )
    assert [type(result) for result in results[8:10]] == [BadInput, BadInput]
    assert results[10] == [9]
    assert await ledger.counts() == {State.READING: 8, State.RECEIVED: 1}
    assert await ledger.statuses() == []


async def test_claims_lease_the_oldest_that_are_free(ledger: SqlLedger) -> None:
    await ledger.receive([mail(uid) for uid in range(1, 6)])
    lease, now = timedelta(minutes=1), START
    first = await ledger.claim(ADVANCEABLE, limit=2, owner="w1", lease=lease, now=now)
    second = await ledger.claim(ADVANCEABLE, limit=9, owner="w2", lease=lease, now=now)
    assert [item.id for item in first + second] == [1, 2, 3, 4, 5]
    assert {(item.attempts, item.fence) for item in first} == {(1, 1)}
    assert await ledger.claim(ADVANCEABLE, limit=9, owner="w3", lease=lease, now=now) == []
    assert await ledger.claim([State.QUEUED], limit=9, owner="w3", lease=lease, now=now + 2 * lease) == []
    late = await ledger.claim(ADVANCEABLE, limit=1, owner="w3", lease=lease, now=now + lease)
    assert [(item.id, item.attempts, item.fence) for item in late] == [(1, 2, 2)]
    with pytest.raises(Stale, match="lease"):
        await ledger.record(
            Change(item=1, expected=State.RECEIVED, happenings=happened(Event.READING_STARTED), fence=first[0].fence)
        )


async def test_a_released_item_has_its_attempt_back_but_not_by_one_who_lost_it(ledger: SqlLedger) -> None:
    await ledger.receive([mail(1)])
    claim = {"limit": 1, "owner": "w", "lease": timedelta(seconds=1)}
    (lost,) = await ledger.claim(ADVANCEABLE, **claim, now=START)
    (held,) = await ledger.claim(ADVANCEABLE, **claim, now=START + timedelta(seconds=5))
    await ledger.release([lost])
    assert (await ledger.item(1)).lease_until == held.lease_until
    await ledger.release([held])
    assert (await ledger.item(1)).lease_until is None
    assert (await ledger.item(1)).attempts == 1


async def test_not_before_keeps_an_item_from_being_claimed(ledger: SqlLedger) -> None:
    await ledger.receive([mail(1)])
    later = START + timedelta(hours=1)
    (held,) = await ledger.claim(ADVANCEABLE, limit=1, owner="w", lease=timedelta(minutes=1), now=START)
    await ledger.record(Change(item=1, expected=State.RECEIVED, fence=held.fence, not_before=later))
    assert len(await ledger.history(1)) == 1
    assert await ledger.claim(ADVANCEABLE, limit=1, owner="w", lease=timedelta(minutes=1), now=later - timedelta(seconds=1)) == []
    (held,) = await ledger.claim(ADVANCEABLE, limit=1, owner="w", lease=timedelta(minutes=1), now=later)
    assert held.attempts == 2
    done = Change(item=1, expected=State.RECEIVED, fence=held.fence, reset_attempts=True)
    assert (await ledger.record(done)).attempts == 0


async def test_a_person_decides_over_the_head_of_a_lease(ledger: SqlLedger) -> None:
    """Withdrawn and accepted again while a worker is about to send: the state is the same, but the worker's bytes are old."""
    await ledger.receive([mail(1)])
    await walk(ledger, 1, State.QUEUED)
    (held,) = await ledger.claim([State.QUEUED], limit=1, owner="w", lease=timedelta(minutes=1), now=START)
    await ledger.record(Change(item=1, expected=State.QUEUED, happenings=happened(Event.WITHDRAWN, actor="ann")))
    again = reply_to(1, "other@shop.example")
    await ledger.record(Change(item=1, expected=State.IN_REVIEW, happenings=happened(Event.ACCEPTED, actor="ann"), outgoing=again))
    with pytest.raises(Stale):
        await ledger.record(Change(item=1, expected=State.QUEUED, happenings=happened(Event.SEND_STARTED), fence=held.fence))
    assert await ledger.outgoing(1) == again
    assert [outgoing for _, outgoing in await ledger.outbox()] == [again]


async def test_leases_of_a_dead_daemon_are_broken(ledger: SqlLedger) -> None:
    await ledger.receive([mail(1), mail(2), mail(3)])
    (held, _) = await ledger.claim(ADVANCEABLE, limit=2, owner="dead", lease=timedelta(hours=1), now=START)
    assert await ledger.break_leases() == 2
    assert await ledger.break_leases() == 0
    with pytest.raises(Stale):
        await ledger.record(Change(item=1, expected=State.RECEIVED, happenings=happened(Event.READING_STARTED), fence=held.fence))
    assert len(await ledger.claim(ADVANCEABLE, limit=9, owner="new", lease=timedelta(hours=1), now=START)) == 3


async def test_a_claim_whose_caller_went_away_is_given_back(ledger: SqlLedger) -> None:
    await ledger.receive([mail(uid) for uid in range(1, 30)])
    for yields in range(12):
        claim = asyncio.create_task(ledger.claim(ADVANCEABLE, limit=2, owner="w", lease=timedelta(hours=1), now=START))
        for _ in range(yields):
            await asyncio.sleep(0.001)
        claim.cancel()
        taken = await asyncio.gather(claim, return_exceptions=True)
        if isinstance(taken[0], list):
            await ledger.release(taken[0])
    await ledger.set_status(PartStatus(part="x", state="ok", detail="", since=START))  # behind what was given back
    await ledger.set_status(PartStatus(part="x", state="ok", detail="", since=START))
    assert all(item.lease_until is None and item.attempts == 0 for item in await ledger.items())


async def test_search_looks_in_subject_sender_name_and_tags_whatever_the_case(ledger: SqlLedger) -> None:
    await ledger.receive([mail(1), file("t1", name="RECHNUNG_100%.pdf")])
    await walk(ledger, 1, State.IN_REVIEW)
    for search, found in [
        ("INVOICE 1", [1]),
        ("KÄTHE", [1]),
        ("übersee", [1]),
        ("rechnung", [2]),
        ("100%", [2]),
        ("0_%", []),
        ("%", [2]),
    ]:
        assert [item.id for item in await ledger.items(search=search)] == found, search
    assert await ledger.items(search="x" * 100_000) == []
    assert [item.id for item in await ledger.items(account="scans")] == [2]
    assert [item.id for item in await ledger.items(states=[State.IN_REVIEW, State.SENT])] == [1]
    assert [item.id for item in await ledger.items(limit=1)] == [2]
    assert [item.id for item in await ledger.items(before=2)] == [1]


async def test_replies_to_a_person_are_counted_once_for_each_item(ledger: SqlLedger) -> None:
    await ledger.receive([mail(uid) for uid in (1, 2, 3)])
    for item in (1, 2, 3):
        await walk(ledger, item, State.IN_REVIEW)
    outgoing = {
        1: reply_to(1, "C@Shop.example", "c@shop.example"),
        2: reply_to(2, "c@shop.example"),
        3: reply_to(3, "d@shop.example"),
    }
    for item, reply in outgoing.items():
        await ledger.record(Change(item=item, expected=State.IN_REVIEW, happenings=happened(Event.ACCEPTED), outgoing=reply))
    assert await ledger.replies_since("a", "c@SHOP.example", START) == 2
    assert await ledger.replies_since("b", "c@shop.example", START) == 0
    assert await ledger.replies_since("a", "c@shop.example", START + timedelta(days=1)) == 0


async def test_blobs_of_all_sizes_come_back(ledger: SqlLedger, tmp_path: Path) -> None:
    contents = [b"", b"x", b"y" * 65535, b"z" * 65536, b"w" * 300_000, b"x"]
    digests = await ledger.store_blobs(contents)
    assert digests == [hashlib.sha256(content).hexdigest() for content in contents]
    assert [await ledger.blob(digest) for digest in digests] == contents
    pack = sum(path.stat().st_size for path in (tmp_path / "state" / "packs").iterdir())
    assert pack == 1 + 65535
    await ledger.store_blobs(contents)
    assert sum(path.stat().st_size for path in (tmp_path / "state" / "packs").iterdir()) == pack
    with pytest.raises(NotFound):
        await ledger.blob("0" * 64)


async def test_statuses_are_the_last_of_each_part(ledger: SqlLedger) -> None:
    for state in ("ok", "trouble"):
        await ledger.set_status(PartStatus(part="imap:a", state=state, detail="d", since=START))
    assert await ledger.statuses() == [PartStatus(part="imap:a", state="trouble", detail="d", since=START)]


async def test_questions_about_what_is_not_there(ledger: SqlLedger) -> None:
    for number in (0, -1, 7, 2**80):
        with pytest.raises(NotFound, match="no item"):
            await ledger.item(number)
    assert await ledger.outgoing(7) is None
    assert await ledger.history(7) == []
    assert await ledger.receive([]) == []
    assert await ledger.claim([], limit=5, owner="w", lease=timedelta(1), now=START) == []
    with pytest.raises(ValueError, match="no time zone"):
        await ledger.replies_since("a", "b", START.replace(tzinfo=None))


async def test_a_closed_ledger_says_so(tmp_path: Path) -> None:
    ledger = await SqlLedger.open(tmp_path, clock=Clock())
    last = asyncio.create_task(ledger.receive([mail(1)]))
    await asyncio.sleep(0)
    await ledger.close()
    assert await last == [1]
    with pytest.raises(MailbotError, match="closed"):
        await ledger.receive([mail(2)])
    with sqlite3.connect(tmp_path / "ledger.sqlite3") as raw:
        assert raw.execute("SELECT count(*) FROM item").fetchone() == (1,)
    raw.close()
