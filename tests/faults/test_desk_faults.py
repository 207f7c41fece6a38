"""What goes wrong around one item: a config that changed under it, a stop in the middle of sending, a ledger that cannot write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mailbot.config import Config
from mailbot.config_file import parse
from mailbot.core.item import Change, Item, Outgoing
from mailbot.core.lifecycle import Event, State
from mailbot.dispatch import local
from mailbot.errors import BadInput, ConfigError, DiskFull, LoginRefused, NotAllowed, NotFound, NotSent, WorkerUnavailable
from mailbot.ledger.sql import SqlLedger
from tests.faults.desk_process import until
from tests.faults.test_kill import question
from tests.servers.test_desk import DESK, PEOPLE, Clock, Office


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    clock = Clock()
    ledger = await SqlLedger.open(tmp_path / "state", clock=clock)
    try:
        yield Office(config(), ledger, clock)
    finally:
        assert await ledger.verify() == []
        await ledger.close()


def config(**changed: object) -> Config:
    tree = {"accounts": {"desk": DESK}, "people": PEOPLE, "max_attempts": 3} | changed
    return parse(tree, file=Path("mailbot.toml"))


def restarted(office: Office, changed: Config) -> Office:
    """Return the same office after its config was edited and the daemon started again."""
    return Office(changed, office.ledger, office.clock)


async def accepted(office: Office) -> Item:
    item = await office.arrive(question(1))
    return await office.desk.accept(item.id, "anna")


@pytest.mark.parametrize("accounts", [{"desk": DESK | {"mode": "shadow"}}, {}], ids=["shadow", "gone"])
async def test_a_reply_stays_queued_while_its_account_may_not_send(office: Office, accounts: dict[str, object]) -> None:
    item = await accepted(office)
    later = restarted(office, config(accounts=accounts))
    waiting = await later.work(item.id)
    assert (waiting.state, later.outbox.sent) == (State.QUEUED, [])
    assert "shadow mode" in waiting.reason or "no account" in waiting.reason
    assert (await later.desk.withdraw(item.id, "anna")).state is State.IN_REVIEW


@pytest.mark.parametrize("error", [ConfigError("password_command gave no password"), NotFound("account has no smtp section")])
async def test_a_reply_that_was_certainly_not_sent_is_never_called_unknown(office: Office, error: Exception) -> None:
    item = await accepted(office)
    office.outbox.faults = [error]
    assert (await office.work(item.id)).state is State.QUEUED
    office.clock.now += timedelta(hours=1)
    assert (await office.work(item.id)).state is State.SENT
    assert len(office.outbox.sent) == 1


async def test_a_mail_server_may_be_away_for_hours(office: Office) -> None:
    office = restarted(office, config(max_attempts=5))
    item = await accepted(office)
    back = office.clock.now + timedelta(hours=3)
    for _ in range(8 * 60):
        office.outbox.faults = [NotSent("connection refused", retry=True)] if office.clock.now < back else []
        assert (await office.work(item.id)).state in (State.QUEUED, State.SENT)
        office.clock.now += timedelta(minutes=1)
    assert (await office.ledger.item(item.id)).state is State.SENT


async def test_a_draft_of_an_account_that_is_gone_is_not_taken_for_done(office: Office) -> None:
    item = await office.arrive(question(1))
    with pytest.raises(NotAllowed, match="no account"):
        await restarted(office, config(accounts={})).desk.accept(item.id, "anna")
    assert (await office.ledger.item(item.id)).state is State.IN_REVIEW


class Hanging:
    """An outbox that hangs in `send`; `began` says whether content had left by then."""

    def __init__(self, *, began: bool) -> None:
        self.began = began
        self.entered = asyncio.Event()

    async def send(self, account: str, outgoing: Outgoing, content: bytes) -> str:
        self.entered.set()
        await asyncio.Event().wait()
        return ""

    def may_have_sent(self, message_id: str) -> bool:
        return self.began

    async def close(self) -> None:
        pass


def dispatcher(office: Office) -> local.LocalDispatcher:
    return local.LocalDispatcher(
        ledger=office.ledger, advance=office.pipeline.advance, at_once=4, stop_seconds=0.1, clock=office.clock
    )


async def stop(running: asyncio.Task[None]) -> None:
    running.cancel()
    async with asyncio.timeout(30):
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("began", [False, True])
async def test_a_stop_while_sending_gives_back_what_had_not_begun(office: Office, began: bool) -> None:
    item = await accepted(office)
    hanging = Hanging(began=began)
    office.pipeline = replace(office.pipeline, delivery=replace(office.pipeline.delivery, outbox=hanging))
    running = asyncio.create_task(dispatcher(office).run())
    async with asyncio.timeout(30):
        await hanging.entered.wait()
    await stop(running)
    found = await office.ledger.item(item.id)
    assert found.lease_until is None
    assert found.state is (State.SENDING if began else State.QUEUED)
    again = restarted(office, config())
    assert (await again.work(item.id)).state is (State.DELIVERY_UNKNOWN if began else State.SENT)
    assert len(again.outbox.sent) == (0 if began else 1)


async def test_a_stop_just_after_the_server_took_the_mail_is_written_down(office: Office) -> None:
    item = await accepted(office)
    record, reached = office.ledger.record, asyncio.Event()

    async def slow(change: Change) -> Item:
        if any(one.event is Event.SERVER_ACCEPTED for one in change.happenings):
            reached.set()
            await asyncio.sleep(0.5)
        return await record(change)

    office.ledger.record = slow  # type: ignore[method-assign]
    running = asyncio.create_task(dispatcher(office).run())
    async with asyncio.timeout(30):
        await reached.wait()
    await stop(running)
    assert (await office.ledger.item(item.id)).state is State.SENT


class Broken:
    """Makes methods of a ledger raise DiskFull while `full`."""

    def __init__(self, ledger: SqlLedger, *names: str) -> None:
        self.full = False
        self.refused = 0
        for name in names:
            setattr(ledger, name, self._wrapped(getattr(ledger, name)))

    def _wrapped(self, call: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        async def maybe(*arguments: object, **options: object) -> object:
            if self.full:
                self.refused += 1
                raise DiskFull("the disk takes no more")
            return await call(*arguments, **options)

        return maybe


async def test_items_go_on_when_a_full_disk_has_room_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "GIVE_BACK_SECONDS", 0.05)
    item = await office.arrive(question(1))
    disk = Broken(office.ledger, "record", "release")
    await office.desk.redraft(item.id, "anna")
    disk.full = True
    running = asyncio.create_task(dispatcher(office).run())

    async def refused() -> bool:
        return disk.refused > 3

    async def reviewed() -> bool:
        return (await office.ledger.item(item.id)).state is State.IN_REVIEW

    await until(refused, 30, "neither the draft nor its failure can be recorded")
    disk.full = False
    await until(reviewed, 30, "it is drafted once there is room")
    await stop(running)


async def test_a_full_disk_does_not_keep_the_dispatcher_from_stopping(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    item = await office.arrive(question(1))
    disk = Broken(office.ledger, "record", "release")
    await office.desk.redraft(item.id, "anna")
    disk.full = True
    running = asyncio.create_task(dispatcher(office).run())

    async def refused() -> bool:
        return disk.refused > 0

    await until(refused, 30, "the draft cannot be recorded")
    await stop(running)
    assert running.cancelled()
    disk.full = False
    assert await office.ledger.break_leases() == 1
    assert (await office.work(item.id)).state is State.IN_REVIEW


async def test_an_item_waits_for_the_machine_as_long_as_it_takes(office: Office) -> None:
    read = office.extractor.read

    async def no_worker(*_: object, **__: object) -> None:
        raise WorkerUnavailable("no memory for a worker")

    office.extractor.read = no_worker  # type: ignore[assignment, method-assign]
    item = await office.arrive(question(1))
    for _ in range(10):
        assert (await office.work(item.id)).state is State.READING
        office.clock.now += timedelta(hours=2)
    office.extractor.read = read  # type: ignore[method-assign]
    assert (await office.work(item.id)).state is State.IN_REVIEW


async def test_the_clock_may_jump_while_an_item_is_in_hand(office: Office) -> None:
    item = await accepted(office)
    hanging = Hanging(began=True)
    office.pipeline = replace(office.pipeline, delivery=replace(office.pipeline.delivery, outbox=hanging))
    one = dispatcher(office)
    running = asyncio.create_task(one.run())
    async with asyncio.timeout(30):
        await hanging.entered.wait()
    office.clock.now += timedelta(days=30)
    one.wake()
    await asyncio.sleep(0.2)
    assert (await office.ledger.item(item.id)).state is State.SENDING  # nobody else took it meanwhile
    await stop(running)


async def test_a_failure_of_a_worker_that_was_overruled_changes_nothing(office: Office) -> None:
    item = await accepted(office)
    (held,) = await office.ledger.claim([State.QUEUED], limit=1, owner="test", lease=timedelta(hours=1), now=office.clock())
    outgoing = office.ledger.outgoing

    async def overruled(number: int) -> Outgoing | None:
        office.ledger.outgoing = outgoing  # type: ignore[method-assign]
        await office.desk.withdraw(number, "anna")
        raise DiskFull("the disk takes no more")

    office.ledger.outgoing = overruled  # type: ignore[method-assign]
    await office.pipeline.advance(held)
    found = await office.ledger.item(item.id)
    assert (found.state, found.reason) == (State.IN_REVIEW, "")


async def test_a_start_ends_every_wait_also_of_a_clock_that_ran_ahead(office: Office) -> None:
    item = await accepted(office)
    now = office.clock.now
    office.clock.now += timedelta(days=20 * 365)
    office.outbox.faults = [LoginRefused("535 bad password")]
    assert (await office.work(item.id)).not_before is not None
    office.clock.now = now
    assert (await office.work(item.id)).state is State.QUEUED
    await office.ledger.break_leases()
    assert (await office.work(item.id)).state is State.SENT


async def test_a_desk_whose_domain_is_not_ascii_can_answer(office: Office) -> None:
    office = restarted(office, config(accounts={"desk": DESK | {"address": "info@bücher.example"}}))
    item = await accepted(office)
    assert (await office.work(item.id)).state is State.SENT
    assert office.outbox.sent[0][0].message_id.endswith("@xn--bcher-kva.example>")


async def test_words_that_are_not_unicode_change_nothing(office: Office) -> None:
    item = await office.arrive(question(1))
    for decision in (office.desk.edit(item.id, "anna", "half \udcff"), office.desk.reject(item.id, "anna", "half \udcff")):
        with pytest.raises(BadInput, match=r"Unicode|surrogate"):
            await decision
    assert (await office.ledger.item(item.id)).state is State.IN_REVIEW
