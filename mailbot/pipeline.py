"""The recipe: one item from received to sent, in terms of core and ports only.

`Pipeline.advance` takes a leased item as far as it goes without a person. It may be called again at any point after a crash:
each step either committed or did not happen, and the one step that must not be repeated (sending) is never repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from mailbot.answers import Answers
from mailbot.cleaning import clean_tables, open_questions
from mailbot.config import Config
from mailbot.core import reply
from mailbot.core.corrections import corrected, corrections_from
from mailbot.core.document import QUARANTINE_CODES, Reading, reading_from_json, reading_to_json
from mailbot.core.draft import Draft, draft_to_json
from mailbot.core.item import Artifact, Change, Happening, Item
from mailbot.core.lifecycle import Event, State
from mailbot.core.route import Route, route_from_json, route_to_json
from mailbot.core.tables import table_of_to_json
from mailbot.delivery import Delivery
from mailbot.errors import BadInput, MailbotError, Stale
from mailbot.ports import Extracted, Extractor, Ledger
from mailbot.steps import BOT, RETRY_MOST, backoff, by_holder, canonical

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Known:
    """What one call of `advance` has just stored, so that it need not read it back."""

    reading: Reading | None = None
    route: Route | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Everything the recipe needs, handed in by the daemon."""

    config: Config
    ledger: Ledger
    extractor: Extractor
    answers: Answers
    delivery: Delivery
    clock: Callable[[], datetime]

    async def advance(self, item: Item) -> None:
        """Take a leased item on until it waits for a person or has ended; keep failures with the item.

        Raises CancelledError, and MailbotError when a failure could not even be recorded (a full disk): the lease is then still
        held, and the caller gives it back.
        """
        try:
            known = _Known()
            while item.lease_until is not None and (step := self._step(item.state)):
                item = await step(item, known)
        except Stale:
            log.info("item %d moved on meanwhile", item.id)
        except MailbotError as error:
            await self._fail(item, error)
        except Exception as error:
            log.exception("item %d: internal error in state %s", item.id, item.state)
            await self._fail(item, MailbotError(f"internal error: {type(error).__name__}: {error}", remedy="see the log"))

    def _step(self, state: State) -> Callable[[Item, _Known], Awaitable[Item]] | None:
        """Return what is to be done in a state, None where a person is awaited."""
        return {
            State.RECEIVED: self._read,
            State.READING: self._read,
            State.READ: self._route,
            State.ROUTED: self._route,
            State.DRAFTING: self._draft,
            State.QUEUED: lambda item, _: self.delivery.send(item),
            State.SENDING: lambda item, _: self.delivery.outcome_lost(item),
        }.get(state)

    async def _read(self, item: Item, known: _Known) -> Item:
        """Read the bytes in the sandbox; keep the reading and each attachment; route at once, in the same commit."""
        content = await self.ledger.blob(item.sha256)
        if item.state is State.RECEIVED:
            started = by_holder(item, Happening(event=Event.READING_STARTED, actor=BOT))
            # both at once: the commit says what is going on while the worker is at it
            item, extracted = await _both(self.ledger.record(started), self.extractor.read(item.name, content))
        else:
            extracted = await self.extractor.read(item.name, content)
        reading = extracted.reading
        kept = [data for sha256, data in extracted.contents.items() if sha256 != item.sha256]
        if kept:
            await self.ledger.store_blobs(kept)
        described = self._describe(item, reading)
        hostile = [problem for problem in reading.problems if problem.code in QUARANTINE_CODES]
        if hostile:
            artifacts = [Artifact(kind="reading", content=canonical(reading_to_json(reading, full=True)))]
            reason = "; ".join(f"{problem.code}: {problem.detail}" for problem in hostile)
            found = Happening(event=Event.FOUND_HOSTILE, actor=BOT, cause=reason)
            return await self.ledger.record(by_holder(item, found, artifacts=tuple(artifacts), reason=reason, **described))
        reading, tables = await clean_tables(self.extractor, reading)
        artifacts = [Artifact(kind="reading", content=canonical(reading_to_json(reading, full=True)))]
        if tables:
            artifacts.append(Artifact(kind="tables", content=canonical([table_of_to_json(one) for one in tables])))
        read = Happening(event=Event.EXTRACTED, actor=BOT)
        reading = await self._corrected(item, reading)
        route, events, more = self._routed(item, reading)
        known.reading, known.route = reading, route
        return await self.ledger.record(
            by_holder(item, read, *events, artifacts=(*artifacts, self._route_artifact(route)), **(described | more))
        )

    def _describe(self, item: Item, reading: Reading) -> dict[str, Any]:
        """Return what the lists show of an item."""
        message = reading.message
        if message is None:
            return {"subject": item.name}
        sender = message.sender
        return {
            "subject": message.subject[:500],
            "sender": sender.address if sender else "",
            "message_id": message.message_id or "",
        }

    async def _route(self, item: Item, known: _Known) -> Item:
        """Route an item that was read before (released, reconsidered, or stopped in between)."""
        reading = await self.reading(item)
        if item.state is State.ROUTED:
            events, more = self._after_route(item, reading, await self.route(item))
            return await self.ledger.record(by_holder(item, *events, **more))
        route, events, more = self._routed(item, reading)
        return await self.ledger.record(by_holder(item, *events, artifacts=(self._route_artifact(route),), **more))

    def _routed(self, item: Item, reading: Reading) -> tuple[Route, tuple[Happening, ...], dict[str, Any]]:
        """Return the route by the rules in force, the events that follow, and what changes on the item."""
        route = self.answers.rules.route(self.answers.facts(item, reading))
        chosen = Happening(event=Event.ROUTE_CHOSEN, actor=f"rule:{route.rule}" if route.rule else BOT, cause=route.reason)
        events, more = self._after_route(item, reading, route)
        return route, (chosen, *events), more | {"tags": route.tags}

    def _after_route(self, item: Item, reading: Reading, route: Route) -> tuple[tuple[Happening, ...], dict[str, Any]]:
        """Return what follows from a route: an approval, a draft, a person's look at its tables, or no reply with the reason."""
        if route.approvers:
            cause = f"{route.approve} of {', '.join(route.approvers)}"
            return (Happening(event=Event.APPROVAL_NEEDED, actor=BOT, cause=cause),), {"reason": ""}
        events, more = self.answers.reply_or_not(item, reading, route)
        asked = open_questions(reading.problems)
        if asked and any(one.event is Event.NO_REPLY_WANTED for one in events):
            # nobody would see it: without a draft to review the item would end here
            reason = f"a person has to look: {asked} ({more['reason']}); close the item when that is settled"
            return (Happening(event=Event.GAVE_UP, actor=BOT, cause=reason),), {"reason": reason}
        return events, more

    async def _draft(self, item: Item, known: _Known) -> Item:
        """Draft the reply, link its figures to their sources, and put it before a reviewer."""
        reading = known.reading or await self.reading(item)
        route = known.route or await self.route(item)
        draft = await self.answers.make_draft(item, reading, route)
        draft = await self._with_limit_note(item, reading, route, draft)
        artifact = Artifact(kind="draft", content=canonical(draft_to_json(draft)))
        drafted = Happening(event=Event.DRAFTED, actor=BOT, cause=f"{draft.made_by} {draft.release}".strip())
        return await self.ledger.record(by_holder(item, drafted, artifacts=(artifact,), reason="", reset_attempts=True))

    async def _with_limit_note(self, item: Item, reading: Reading, route: Route, draft: Draft) -> Draft:
        """Say on the draft when this sender had as many replies as the account allows in a day (RFC 3834 2)."""
        name, account = self.answers.account(item)
        if account is None:
            return draft
        for recipient in reply.recipients(reading.message, route, self.config.own_addresses()):
            sent = await self.ledger.replies_since(name, recipient, self.clock() - timedelta(days=1))
            if sent >= account.max_replies_per_sender:
                note = f"{recipient} already had {sent} replies in 24 hours: is this a loop?"
                return replace(draft, note=f"{draft.note} {note}".strip())
        return draft

    async def _fail(self, held: Item, error: MailbotError) -> None:
        """Keep a failure with its item: later again when that may help, else a person decides."""
        reason = str(error).encode("utf-8", "replace").decode()
        log.warning("item %d (%s): %s", held.id, held.state, reason)
        item = await self.ledger.item(held.id)
        if item.fence == held.fence and item.lease_until is not None:  # else somebody decided, or the step had ended before
            with contextlib.suppress(Stale):
                await self.ledger.record(self._failure(item, error, reason))

    def _failure(self, item: Item, error: MailbotError, reason: str) -> Change:
        """Return what a failure does to the item. What only the machine is to blame for (a full disk) waits as long as it takes."""
        if isinstance(error, BadInput) and item.state is State.READING:
            return by_holder(item, Happening(event=Event.FOUND_HOSTILE, actor=BOT, cause=reason), reason=reason)
        if item.state is State.SENDING:
            return by_holder(item, Happening(event=Event.OUTCOME_LOST, actor=BOT, cause=reason), reason=reason)
        if error.retry or (error.fault == BOT and item.attempts < self.config.max_attempts):
            return by_holder(item, reason=reason, not_before=self.clock() + backoff(item.attempts))
        if item.state is State.QUEUED:
            return by_holder(item, reason=reason, not_before=self.clock() + RETRY_MOST, reset_attempts=True)
        return by_holder(item, Happening(event=Event.GAVE_UP, actor=BOT, cause=reason), reason=reason)

    async def reading(self, item: Item) -> Reading:
        """Return the stored reading of an item, with what people corrected."""
        stored = await self.ledger.artifact(item.id, "reading")
        if stored is None:
            return Reading(file=item.name, media_type="")
        return await self._corrected(item, reading_from_json(json.loads(stored)))

    async def _corrected(self, item: Item, reading: Reading) -> Reading:
        """Return a reading with what people corrected; of an item that nobody had in hand before, there is nothing."""
        if item.fence <= 1:
            return reading
        return corrected(reading, corrections_from(await self.ledger.artifacts(item.id, "correction")))

    async def route(self, item: Item) -> Route:
        """Return the stored route of an item."""
        stored = await self.ledger.artifact(item.id, "route")
        return route_from_json(json.loads(stored)) if stored else Route()

    def _route_artifact(self, route: Route) -> Artifact:
        return Artifact(kind="route", content=canonical(route_to_json(route, full=True)))


async def _both(commit: Awaitable[Item], read: Awaitable[Extracted]) -> tuple[Item, Extracted]:
    """Await the commit and the worker at once; the commit always ends first, so that a failed worker leaves no doubt about it."""
    reading = asyncio.ensure_future(read)
    try:
        return await commit, await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
