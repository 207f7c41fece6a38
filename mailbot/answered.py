"""The desk's own answered mails: what each draft would be made from today, and the reply that a person sent."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

from mailbot.answers import Answers
from mailbot.core.corrections import corrected, corrections_from
from mailbot.core.document import Reading, reading_from_json
from mailbot.core.draft import draft_from_json
from mailbot.core.item import Item
from mailbot.core.lifecycle import State
from mailbot.core.route import route_from_json
from mailbot.errors import TemplateProblem
from mailbot.ports import DraftRequest, Ledger

log = logging.getLogger(__name__)

PAGE = 100
"""Items read from the ledger at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One mail and the reply to it that was sent. `edited` says that a person wrote or changed the reply's text."""

    item: int
    thread: str
    request: DraftRequest
    reply: str
    edited: bool


async def answered(ledger: Ledger, answers: Answers, *, limit: int = 0) -> AsyncIterator[Answered]:
    """Yield what was answered, newest first, at most `limit` (0: all). An item whose template cannot be rendered is passed over."""
    before: int | None = None
    many = 0
    while items := await ledger.items(states=[State.SENT], limit=PAGE, before=before):
        before = items[-1].id
        for item in items:
            if found := await _answered(ledger, answers, item):
                yield found
                many += 1
                if many == limit:
                    return


async def _answered(ledger: Ledger, answers: Answers, item: Item) -> Answered | None:
    kept = await ledger.dossier(item.id)
    reading, route, draft = kept.latest("reading"), kept.latest("route"), kept.latest("draft")
    if not (reading and route and draft):
        return None
    read = corrected(reading_from_json(json.loads(reading)), corrections_from(kept.all("correction")))
    sent = draft_from_json(json.loads(draft))
    try:
        request = answers.request(item, read, route_from_json(json.loads(route)))
    except TemplateProblem as problem:
        log.warning("item %s is passed over: %s", item.id, problem)
        return None
    return Answered(item=item.id, thread=_thread(item, read), request=request, reply=sent.text, edited=sent.made_by == "person")


def _thread(item: Item, reading: Reading) -> str:
    """Return what names the conversation: its first mail, as References says (RFC 5322 3.6.4)."""
    message = reading.message
    roots = (*message.references[:1], message.in_reply_to, message.message_id) if message else ()
    return next((one for one in roots if one), f"item {item.id}")
