"""One writing transaction: many requests planned one after the other against what they need to know, then written together.

A request that fails its own check gets its error and leaves no trace; the others go on.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from mailbot.core.audit import KEPT, SEEN_AGAIN, Head, Step, detail_of, seal, stamp
from mailbot.core.item import Arrival, Change, HighWater, Item
from mailbot.core.lifecycle import REASON_WANTED, State, step
from mailbot.errors import BadInput, IllegalEvent, MailbotError, NotFound, Stale
from mailbot.ledger import statements
from mailbot.ledger.blobs import Place
from mailbot.ledger.requests import BreakLeases, Claim, Note, Receive, Record, Release, Report, Request
from mailbot.ledger.rows import (
    OriginKey,
    arrived,
    entry_row,
    envelope_values,
    new_item_row,
    origin_key,
    origin_values,
    same_mail,
)

_LASTING = ("subject", "sender", "message_id", "tags", "reason")
"""What of an item the chain vouches for, besides its state and origin; leases and attempts come and go unrecorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A request and the SHA-256 of each of its contents, which are on disk already."""

    request: Request
    digests: Sequence[str] = ()


def carry_out(connection: Connection, batch: Sequence[Work], places: Sequence[Place], at: datetime) -> list[Any]:
    """Plan and write a batch inside the transaction that `connection` is in; return each request's answer or MailbotError.

    `places` are blobs that no committed row names yet. Raises what the database raises: then nothing of the batch may stand.
    """
    plan = Plan(statements.load(connection, [work.request for work in batch]), at)
    later = (Claim, BreakLeases)  # what looks at every item does so once the others' changes stand
    answers = [None if isinstance(work.request, later) else plan.answer(work) for work in batch]
    statements.write(connection, plan.known, plan.pending, places)
    for place, work in enumerate(batch):
        if isinstance(work.request, Claim):
            answers[place] = _claim(connection, work.request)
        elif isinstance(work.request, BreakLeases):
            answers[place] = statements.break_leases(connection)
    return answers


def _claim(connection: Connection, claim: Claim) -> list[Item]:
    until = claim.now + claim.lease
    leased = [
        replace(item, attempts=item.attempts + 1, fence=item.fence + 1, lease_until=until)
        for item in statements.claimed_now(connection, claim)
    ]
    statements.update_items(connection, leased, lease_owner=claim.owner)
    return leased


class Plan:
    """What a batch will write; grows with each answered request, untouched by a refused one."""

    def __init__(self, known: statements.Known, at: datetime) -> None:
        self.known = known
        self.pending = statements.Pending()
        self._now = at
        self._at = stamp(at)

    def answer(self, work: Work) -> Any:
        """Return the request's answer, or the error that refuses it."""
        try:
            match work.request:
                case Receive(arrivals=arrivals, mark=mark):
                    return self._receive(arrivals, work.digests, mark)
                case Record(change=change):
                    return self._record(change, work.digests)
                case Note():
                    return self._note(work.request)
                case Release(items=items):
                    return self._release(items)
                case Report(status=status):
                    self.pending.statuses[status.part] = status
                    return None
                case _:
                    return list(work.digests)
        except MailbotError as error:
            return error
        except UnicodeEncodeError as error:
            return BadInput(f"a text holds half of a surrogate pair: {error.object[:40]!r}", remedy="decode it before storing it")

    def _receive(self, arrivals: Sequence[Arrival], digests: Sequence[str], mark: HighWater | None) -> list[int | None]:
        new: list[tuple[Item, Arrival]] = []
        again: list[tuple[int, Arrival]] = []
        origins: dict[OriginKey, int] = {}
        mails: dict[tuple[str, str], int] = {}
        steps: list[Step] = []
        answers: list[int | None] = []
        for arrival, sha256 in zip(arrivals, digests, strict=True):
            key, mail = origin_key(arrival.origin), (arrival.origin.account, same_mail(arrival))
            answers.append(None)
            if key in origins or key in self.known.origins:
                continue
            same = mails.get(mail) or self.known.same_mails.get(mail)
            if arrival.repeatable and mail[1] and same:
                origins[key] = same
                again.append((same, arrival))
                steps.append(self._seen_again(same, arrival, sha256))
                continue
            item = self._new_item(self.known.last_item + len(new) + 1, arrival, sha256)
            answers[-1] = origins[key] = mails[mail] = item.id
            new.append((item, arrival))
            steps.append(arrived(item))
        self._append(steps)
        self.known.last_item += len(new)
        self.known.origins |= origins
        self.known.same_mails |= mails
        self.known.items |= {item.id: item for item, _ in new}
        self.pending.items += [new_item_row(item, arrival) for item, arrival in new]
        self.pending.aliases += [origin_values(arrival.origin) | {"item": which} for which, arrival in again]
        self._move_mark(mark)
        return answers

    def _new_item(self, number: int, arrival: Arrival, sha256: str) -> Item:
        return Item(
            id=number,
            origin=arrival.origin,
            name=arrival.name,
            sha256=sha256,
            size=len(arrival.content),
            state=State.RECEIVED,
            since=self._now,
            received_at=self._now,
            message_id=arrival.message_id,
        )

    def _seen_again(self, which: int, arrival: Arrival, sha256: str) -> Step:
        known = self.known.items.get(which)
        state = known.state if known else State.RECEIVED
        detail = detail_of(origin=origin_values(arrival.origin), again=sha256)
        where = f"{arrival.origin.place}, UID {arrival.origin.uid}"
        return Step(item=which, event=SEEN_AGAIN, before=state, after=state, actor="mailbot", cause=where, detail=detail)

    def _move_mark(self, mark: HighWater | None) -> None:
        if mark is None:
            return
        key = (mark.account, mark.place)
        old = self.known.marks.get(key)
        if old is None or old.uidvalidity != mark.uidvalidity or old.uid < mark.uid:
            self.known.marks[key] = mark
            self.pending.marks.add(key)

    def _record(self, change: Change, digests: Sequence[str]) -> Item:
        old = self._checked(change)
        artifacts = self._artifacts(change, digests)
        steps = _steps(old, change)
        new = _changed(old, change, self._now, State(steps[-1].after) if steps else old.state)
        detail = detail_of(
            values={name: getattr(new, name) for name in _LASTING if getattr(new, name) != getattr(old, name)},
            artifacts=artifacts,
            outgoing=envelope_values(change.outgoing) if change.outgoing else None,
        )
        if detail != "{}" and not steps:
            steps = [Step(item=old.id, event=KEPT, before=old.state, after=old.state, actor="mailbot")]
        if steps:
            steps[-1] = replace(steps[-1], detail=detail)
        self._append(steps)
        self.known.items[old.id] = new
        self.pending.changed.add(old.id)
        self._keep(new, change, artifacts)
        return new

    def _note(self, note: Note) -> None:
        state = self._known_item(note.item).state
        self._append([Step(item=note.item, event=note.event, before=state, after=state, actor=note.actor, cause=note.cause)])

    def _known_item(self, number: int) -> Item:
        item = self.known.items.get(number)
        if item is None:
            raise NotFound(f"no item {number}", remedy="`mailbot items` lists them")
        return item

    def _checked(self, change: Change) -> Item:
        item = self._known_item(change.item)
        if item.state is not change.expected:
            raise Stale(f"item {item.id} is {item.state}, no longer {change.expected}", remedy="look at it again")
        if change.fence is not None and change.fence != item.fence:
            raise Stale(f"the lease on item {item.id} was lost (fence {change.fence}, now {item.fence})", remedy="claim it again")
        for kind, number in change.seen:
            if number != (now := self.known.versions.get((item.id, kind), 0)):
                raise Stale(f"item {item.id} has {now} {kind}s by now, not {number}", remedy="look at it again")
        return item

    def _artifacts(self, change: Change, digests: Sequence[str]) -> list[tuple[str, int, str]]:
        """Return kind, version and SHA-256 of each artifact of the change."""
        added: Counter[str] = Counter()
        found = []
        for artifact, sha256 in zip(change.artifacts, digests, strict=True):
            added[artifact.kind] += 1
            found.append(
                (str(artifact.kind), self.known.versions.get((change.item, artifact.kind), 0) + added[artifact.kind], sha256)
            )
        return found

    def _keep(self, item: Item, change: Change, artifacts: Sequence[tuple[str, int, str]]) -> None:
        for kind, version, sha256 in artifacts:
            self.known.versions[item.id, kind] = version
            self.pending.artifacts.append({"item": item.id, "kind": kind, "version": version, "sha256": sha256})
        if change.outgoing is None:
            return
        row = {"seq": self.known.head.count, "item": item.id, "at": self._at}
        envelope = envelope_values(change.outgoing)
        recipients = json.dumps(envelope["recipients"], ensure_ascii=False)
        self.pending.outbox.append(row | envelope | {"recipients": recipients})
        addresses = dict.fromkeys(address.casefold() for address in change.outgoing.recipients)
        self.pending.recipients += [row | {"account": item.origin.account, "address": address} for address in addresses]

    def _release(self, items: Sequence[Item]) -> None:
        for held in items:
            item = self.known.items.get(held.id)
            if item and item.fence == held.fence and item.lease_until:
                self.known.items[item.id] = replace(item, lease_until=None, attempts=max(0, item.attempts - 1))
                self.pending.changed.add(item.id)

    def _append(self, steps: Sequence[Step]) -> None:
        """Seal the steps and append them: all, or on an error none."""
        entries, head = [], self.known.head
        for one in steps:
            entry = seal(head, one, self._at)
            entries.append(entry_row(entry))
            head = Head(count=entry.seq, hash=entry.hash)
        self.pending.entries += entries
        self.known.head = head


def _steps(item: Item, change: Change) -> list[Step]:
    """Return the happenings as steps through the lifecycle table. Raises IllegalEvent."""
    state, steps = item.state, []
    for happening in change.happenings:
        try:
            after = step(state, happening.event)
        except IllegalEvent as error:
            raise IllegalEvent(f"item {item.id}: {error.args[0]}", remedy=error.remedy) from None
        if after in REASON_WANTED and not (happening.cause or change.reason):
            raise IllegalEvent(f"item {item.id}: {happening.event} leads to {after} without a reason", remedy="say why")
        steps.append(
            Step(item=item.id, event=happening.event, before=state, after=after, actor=happening.actor, cause=happening.cause)
        )
        state = after
    return steps


def _changed(item: Item, change: Change, now: datetime, state: State) -> Item:
    """Return the item as the change leaves it."""
    reason = change.reason
    if reason is None and state in REASON_WANTED and change.happenings:
        reason = change.happenings[-1].cause
    # A person decided without a lease: a worker that holds one on the old view must not be able to go on.
    overruled = change.fence is None and item.lease_until is not None
    return replace(
        item,
        state=state,
        since=item.since if state is item.state else now,
        subject=item.subject if change.subject is None else change.subject,
        sender=item.sender if change.sender is None else change.sender,
        message_id=item.message_id if change.message_id is None else change.message_id,
        tags=item.tags if change.tags is None else tuple(change.tags),
        reason=item.reason if reason is None else reason,
        attempts=0 if change.reset_attempts else item.attempts,
        not_before=item.not_before if change.not_before is None else change.not_before,
        lease_until=None if change.release else item.lease_until,
        fence=item.fence + 1 if overruled else item.fence,
    )
