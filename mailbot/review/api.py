"""In charge of the same queue and sheet as JSON, for the desk's own scripts: reading only."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mailbot.core.approval import decision_to_json
from mailbot.core.document import reading_to_json
from mailbot.core.draft import draft_to_json
from mailbot.core.item import AuditEntry, Item
from mailbot.core.lifecycle import State
from mailbot.core.route import route_to_json
from mailbot.errors import UsageError
from mailbot.review.site import LARGEST_ID, item_id, of_request

MAX_ITEMS = 500


async def items(request: Request) -> Response:
    """`GET /api/items?state=&account=&search=&limit=&before=`: items, newest first; `state` may be repeated."""
    asked = request.query_params
    try:
        states = tuple(State(name) for name in asked.getlist("state"))
    except ValueError as error:
        raise UsageError(str(error), remedy=f"states are {', '.join(State)}") from None
    found = await of_request(request).ledger.items(
        states=states,
        account=asked.get("account", ""),
        search=asked.get("search", "").replace("\x00", "")[:200],
        limit=_number(asked.get("limit"), "limit", MAX_ITEMS) or 100,
        before=_number(asked.get("before"), "before", LARGEST_ID),
    )
    return JSONResponse([_item(one) for one in found])


async def item(request: Request) -> Response:
    """`GET /api/items/N`: everything about one item."""
    view = await of_request(request).desk.view(item_id(request))
    return JSONResponse(
        _item(view.item)
        | {
            "reading": reading_to_json(view.reading, full=True) if view.reading else None,
            "route": route_to_json(view.route, full=True) if view.route else None,
            "decisions": [decision_to_json(one) for one in view.decisions],
            "drafts": [draft_to_json(one) for one in view.drafts],
            "reply_message_id": view.outgoing.message_id if view.outgoing else None,
            "recipients": list(view.recipients),
            "never_answer": view.never_answer,
            "shadow": view.shadow,
            "history": [_entry(one) for one in view.history],
        }
    )


def _item(one: Item) -> dict[str, Any]:
    return {
        "id": one.id,
        "source": one.origin.source,
        "account": one.origin.account,
        "place": one.origin.place,
        "name": one.name,
        "size": one.size,
        "sha256": one.sha256,
        "state": one.state.value,
        "since": one.since.isoformat(),
        "received_at": one.received_at.isoformat(),
        "subject": one.subject,
        "sender": one.sender,
        "message_id": one.message_id,
        "tags": list(one.tags),
        "reason": one.reason,
    }


def _entry(one: AuditEntry) -> dict[str, Any]:
    return {
        "seq": one.seq,
        "at": one.at,
        "event": one.event,
        "before": one.before,
        "after": one.after,
        "actor": one.actor,
        "cause": one.cause,
    }


def _number(text: str | None, name: str, largest: int) -> int | None:
    """Return a whole number of the query, None when it is not there. Raises UsageError."""
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and 0 < int(text) <= largest):
        raise UsageError(f"{name}={text[:30]} is not a number from 1 to {largest}", remedy="mend the query")
    return int(text)
