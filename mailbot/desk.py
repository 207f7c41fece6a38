"""What people decide about items: approvals, reviews and the ways out of the states that wait for a person.

The page and the command line both call this and nothing else changes an item on a person's behalf.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from mailbot.answers import Answers
from mailbot.config import Account, Config
from mailbot.core import grounding, reply
from mailbot.core.approval import Decision, answers, decision_from_json, decision_to_json, standing
from mailbot.core.corrections import Correction, changes_of, corrected, correction_to_json, corrections_from
from mailbot.core.document import Reading, reading_from_json
from mailbot.core.draft import Draft, draft_from_json, draft_to_json
from mailbot.core.field_values import settled
from mailbot.core.item import Artifact, ArtifactKind, Change, Happening, Item, Outgoing
from mailbot.core.language import guess
from mailbot.core.lifecycle import Event, State, step
from mailbot.core.message import Address
from mailbot.core.mime import routable
from mailbot.core.person import UNAUTHENTICATED
from mailbot.core.route import Route, route_from_json
from mailbot.core.tables import table_of_from_json
from mailbot.core.view import View
from mailbot.errors import IllegalEvent, NotAllowed, Stale
from mailbot.ports import Ledger
from mailbot.steps import actor_of, canonical

_AGAIN = {
    State.FAILED: Event.RETRIED,
    State.QUARANTINED: Event.RELEASED,
    State.REFUSED: Event.RECONSIDERED,
    State.AWAITING_APPROVAL: Event.REROUTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleDesk:
    """Implements `ports.Desk`. `wake` tells the dispatcher that there is something to do; `message_id` makes a new one
    for a sender's domain."""

    config: Config
    ledger: Ledger
    answers: Answers
    clock: Callable[[], datetime]
    message_id: Callable[[str], str]
    wake: Callable[[], None]

    async def view(self, item: int) -> View:
        """Return everything about one item."""
        kept = await self.ledger.dossier(item)
        row, reading, tables, route = kept.item, kept.latest("reading"), kept.latest("tables"), kept.latest("route")
        corrections = corrections_from(kept.all("correction"))
        read = corrected(reading_from_json(json.loads(reading)), corrections) if reading else None
        routed = route_from_json(json.loads(route)) if route else None
        own = self.config.own_addresses()
        account = self._account(row)
        return View(
            item=row,
            reading=read,
            tables=tuple(table_of_from_json(one) for one in json.loads(tables)) if tables else (),
            route=routed,
            decisions=answers(
                [decision_from_json(json.loads(one)) for one in kept.all("decision")], [one.event for one in kept.history]
            ),
            drafts=tuple(draft_from_json(json.loads(one)) for one in kept.all("draft")),
            corrections=corrections,
            outgoing=kept.outgoing,
            history=kept.history,
            recipients=reply.recipients(read.message, routed or Route(), own) if read else (),
            never_answer=reply.why_never(read.message, own) if read and read.message else "",
            shadow=account is None or account.mode == "shadow",
        )

    async def approve(self, item: int, person: str, *, approved: bool = True, why: str = "") -> Item:
        """Record an approver's answer; the answer that completes the approval moves the item on in the same commit."""
        view = await self.view(item)
        route = view.route or Route()
        if person not in route.approvers:
            asked = ", ".join(route.approvers) or "nobody"
            if person == UNAUTHENTICATED:
                raise NotAllowed(f"nobody says who approves item {item}", remedy=f"act as one of its approvers: {asked}")
            raise NotAllowed(f"{person} is not asked to approve item {item}", remedy=f"approvers are: {asked}")
        if person not in self.config.people:
            raise NotAllowed(f"{person} is no longer in the configuration", remedy="let the rules ask again (`mailbot retry`)")
        if not approved and not why.strip():
            raise NotAllowed("a refusal needs a reason", remedy="say why")
        answer = Decision(approver=person, approved=approved, why=why, at=self.clock().isoformat())
        artifact = Artifact(kind="decision", content=canonical(decision_to_json(answer)))
        actor = actor_of(person)
        outcome = standing(route, (*view.decisions, answer))
        seen: tuple[tuple[ArtifactKind, int], ...] = (
            ("decision", _count(view, Event.APPROVED, Event.REFUSED)),
            ("route", _count(view, Event.ROUTE_CHOSEN)),
        )
        if outcome == "refused":
            happening = Happening(event=Event.REFUSED, actor=actor, cause=why)
            return await self._record(view.item, happening, artifacts=(artifact,), reason=f"{person}: {why}", seen=seen)
        happenings = [Happening(event=Event.APPROVED, actor=actor, cause=why)]
        reason = ""
        if outcome == "approved":
            events, more = self.answers.reply_or_not(view.item, view.reading or Reading(file="", media_type=""), route)
            happenings += events
            reason = str(more["reason"])
        return await self._record(view.item, *happenings, artifacts=(artifact,), reason=reason, seen=seen)

    async def accept(self, item: int, person: str, *, version: int | None = None, acknowledged: bool = False) -> Item:
        """Accept a draft: the exact bytes, their Message-ID and the envelope are stored with the decision."""
        view = await self.view(item)
        self.may_review(person)
        draft, version = self._draft(view, version)
        if draft.ungrounded and not acknowledged:
            spans = ", ".join(repr(draft.text[slice(*one.span)]) for one in draft.ungrounded)
            raise NotAllowed(
                f"not found in the mail, its documents or the template: {spans}", remedy="acknowledge them or edit the draft"
            )
        seen: tuple[tuple[ArtifactKind, int], ...] = (("draft", version),)
        cause = f"draft {version}" + (", ungrounded spans acknowledged" if draft.ungrounded else "")
        if self._account(view.item) is None:
            raise NotAllowed(
                f"item {item} has no account to reply from any more", remedy="put it back in the config, or close the item"
            )
        if view.shadow:
            why = "shadow: accepted, and would have been sent"
            closed = Happening(event=Event.CLOSED, actor=actor_of(person), cause=why)
            return await self._record(view.item, closed, reason=why, seen=seen)
        content, outgoing = self._compose(view, draft)
        accepted = Happening(event=Event.ACCEPTED, actor=actor_of(person), cause=cause)
        stored = Artifact(kind="reply", content=content)
        return await self._record(view.item, accepted, artifacts=(stored,), outgoing=outgoing, reason="", seen=seen)

    def _compose(self, view: View, draft: Draft) -> tuple[bytes, Outgoing]:
        """Return the exact bytes of the reply and its envelope. Recipients and subject come from rules and mail only."""
        account = self._account(view.item)
        message = view.reading.message if view.reading else None
        if account is None or not view.recipients:
            raise NotAllowed(f"item {view.item.id} has nobody to reply to", remedy="close it, or give its rule a reply_to")
        if view.never_answer:
            raise NotAllowed(f"this mail is never answered: {view.never_answer}", remedy="close it")
        text = draft.text.rstrip() + "\n"
        if message and set(view.recipients) <= {one.address for one in (*message.from_, *message.reply_to)}:
            text += "\n" + reply.quote(message, guess(message.text))
        outgoing = Outgoing(
            message_id=self.message_id(routable(account.address).rpartition("@")[2]),
            sender=account.address,
            recipients=view.recipients,
        )
        content = reply.compose(
            sender=Address(name=account.name or self.config.desk, address=account.address),
            recipients=view.recipients,
            subject=reply.subject(message, view.route or Route()),
            text=text,
            message=message,
            message_id=outgoing.message_id,
            date=self.clock(),
        )
        return content, outgoing

    async def edit(self, item: int, person: str, text: str, *, version: int | None = None) -> Item:
        """Store a new version of the draft, with its grounding looked up afresh."""
        view = await self.view(item)
        self.may_review(person)
        if not text.strip():
            raise NotAllowed("a draft cannot be empty", remedy="write something, or reject the draft")
        last, version = self._draft(view, version)
        text = text.replace("\r\n", "\n")
        reading = view.reading or Reading(file="", media_type="")
        outdated = view.corrections[-1].drafts if view.corrections else 0
        grounded = grounding.ground(text, reading=reading, skeleton=_machine_text(view.drafts[outdated:]), knowledge="")
        edited = replace(
            last, text=text, made_by="person", release="", note="", grounding=grounded, confidence=grounding.share(grounded)
        )
        artifact = Artifact(kind="draft", content=canonical(draft_to_json(edited)))
        happening = Happening(event=Event.EDITED, actor=actor_of(person), cause=f"draft {version + 1}")
        return await self._record(view.item, happening, artifacts=(artifact,), seen=(("draft", version),))

    async def correct(self, item: int, person: str, place: int, values: Mapping[str, str], *, version: int | None = None) -> Item:
        """Keep what a person says fields of a document are; the rules, and then a draft, follow from that afresh."""
        view = await self.view(item)
        self.may_review(person)
        documents = view.reading.documents if view.reading else ()
        if not 0 <= place < len(documents) or view.reading is None:
            raise NotAllowed(f"item {item} has no document {place + 1}", remedy=f"it has {len(documents)}")
        seen = len(view.corrections)
        if version is not None and version != seen:
            raise Stale(f"the fields of item {item} were corrected meanwhile", remedy="look at them again")
        changes = changes_of(view.reading, place, {name: settled(name, written) for name, written in values.items()})
        if not changes:
            raise NotAllowed("nothing is different from what was read", remedy="write what a field should be")
        correction = Correction(person=person, at=self.clock().isoformat(), drafts=len(view.drafts), changes=changes)
        artifact = Artifact(kind="correction", content=canonical(correction_to_json(correction)))
        happening = Happening(event=Event.CORRECTED, actor=actor_of(person), cause="; ".join(map(str, changes)))
        return await self._record(view.item, happening, artifacts=(artifact,), reason="", seen=(("correction", seen),))

    async def reject(self, item: int, person: str, why: str) -> Item:
        """Reject the draft."""
        self.may_review(person)
        if not why.strip():
            raise NotAllowed("a rejection needs a reason", remedy="say why")
        return await self._simple(item, person, Event.REJECTED, why)

    async def redraft(self, item: int, person: str) -> Item:
        """Ask for a new draft."""
        self.may_review(person)
        return await self._simple(item, person, Event.DRAFT_WANTED, "asked for a new draft", reason="")

    async def withdraw(self, item: int, person: str) -> Item:
        """Take a queued reply back into review."""
        self.may_review(person)
        return await self._simple(item, person, Event.WITHDRAWN, "taken back before sending", reason="")

    async def close(self, item: int, person: str, why: str) -> Item:
        """End the item without a reply."""
        self.may_review(person)
        return await self._simple(item, person, Event.CLOSED, why or "closed without a reply")

    async def retry(self, item: int, person: str) -> Item:
        """Start a failed or quarantined item again, reconsider a refused one, or ask the rules again who must approve."""
        self.may_review(person)
        row = await self.ledger.item(item)
        event = _AGAIN.get(row.state)
        if event is None:
            raise IllegalEvent(f"item {item} is {row.state}", remedy=f"what may start again is {', '.join(_AGAIN)}")
        return await self._simple(item, person, event, "started again by a person", reason="")

    async def settle(self, item: int, person: str, *, delivered: bool) -> Item:
        """Settle `delivery_unknown` on a person's word."""
        self.may_review(person)
        event = Event.DELIVERY_CONFIRMED if delivered else Event.RESEND_ORDERED
        cause = "a person says it arrived" if delivered else "a person says it did not arrive: the same bytes again"
        return await self._simple(item, person, event, cause, reason="")

    def may_review(self, person: str) -> None:
        """Raise NotAllowed for a person whom the config gives other roles; without logins anybody else may."""
        known = self.config.people.get(person)
        if known and not {"reviewer", "admin"} & set(known.roles):
            raise NotAllowed(
                f"{person} is not a reviewer", remedy=f"give people.{person} the role reviewer, or act as somebody else"
            )
        if known is None and person != UNAUTHENTICATED:
            names = ", ".join(self.config.people) or "none"
            raise NotAllowed(f"nobody is called {person} here", remedy=f"people in the config: {names}")

    async def _simple(self, item: int, person: str, event: Event, cause: str, *, reason: str | None = None) -> Item:
        """Record one event with its cause; the cause is the item's reason unless one is given."""
        row = await self.ledger.item(item)
        happening = Happening(event=event, actor=actor_of(person), cause=cause)
        return await self._record(row, happening, reason=cause if reason is None else reason)

    async def _record(self, item: Item, *happenings: Happening, **values: object) -> Item:
        """Commit a person's decision on the item as it was looked at, and wake the dispatcher: what failed before, or had to
        wait, counts no more."""
        state = item.state
        for happening in happenings:
            state = step(state, happening.event)
        afresh = {"reset_attempts": True, "not_before": self.clock()}
        change = Change(item=item.id, expected=item.state, happenings=happenings, **afresh, **values)  # type: ignore[arg-type]
        recorded = await self.ledger.record(change)
        self.wake()
        return recorded

    def _draft(self, view: View, version: int | None) -> tuple[Draft, int]:
        """Return the draft under review and its version. Raises Stale when the reviewer saw an older one."""
        if not view.drafts:
            raise IllegalEvent(f"item {view.item.id} has no draft", remedy=f"it is {view.item.state}")
        latest = len(view.drafts)
        if version is not None and version != latest:
            raise Stale(f"draft {version} of item {view.item.id} was replaced by draft {latest}", remedy="look at the newer one")
        return view.drafts[-1], latest

    def _account(self, item: Item) -> Account | None:
        return self.config.reply_account(item.origin.source, item.origin.account)[1]


def _count(view: View, *events: Event) -> int:
    """Return how often such events happened: as often as what is stored with them has versions."""
    return sum(one.event in events for one in view.history)


def _machine_text(drafts: tuple[Draft, ...]) -> str:
    """Return what stood in the template or came from the desk: the words of the template drafts, and what others took from there.

    What else a model wrote does not count: an invented figure does not become true by being kept.
    """
    whole = [draft.text for draft in drafts if draft.made_by == "template"]
    taken = [
        draft.text[slice(*one.span)]
        for draft in drafts
        for one in draft.grounding
        if one.source and one.source.place in ("template", "desk")
    ]
    return "\n".join((*whole, *taken))
