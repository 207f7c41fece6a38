"""In charge of the queue and of the status page, and of the fragments that keep them fresh."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from mailbot.core.item import Item
from mailbot.core.lifecycle import State
from mailbot.review.deeds import SAID_AFTER
from mailbot.review.glance import Glance
from mailbot.review.site import LARGEST_ID, Site, of_request
from mailbot.review.tabs import TABS, tab_of, total

PAGE = 50
MAX_SEARCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the queue."""

    item: Item
    glance: Glance


async def queue(request: Request) -> Response:
    """Show the queue."""
    site = of_request(request)
    shown = await _look(site, request)
    return site.show(request, "queue.html", **shown, fragment=False, done=_done(request))


async def queue_fragment(request: Request) -> Response:
    """Return the tabs and lines alone, or 204 when they are what the browser (`seen`) has."""
    site = of_request(request)
    shown = await _look(site, request)
    if request.query_params.get("seen") == shown["seen"]:
        return Response(status_code=204)
    return site.show(request, "lines.html", **shown, fragment=True)


async def status(request: Request) -> Response:
    """Show how the parts of the daemon fare and how many items stand where."""
    site = of_request(request)
    return site.show(request, "status.html", **await _fares(site))


async def status_fragment(request: Request) -> Response:
    """Return the status tables alone."""
    site = of_request(request)
    return site.show(request, "parts.html", **await _fares(site))


async def _fares(site: Site) -> dict[str, Any]:
    counts = await site.ledger.counts()
    return {
        "parts": sorted(
            await site.ledger.statuses(), key=lambda part: ({"stopped": 0, "trouble": 1}.get(part.state, 2), part.part)
        ),
        "counts": {state: counts[state] for state in _in_tab_order() if counts.get(state)},
        "total": sum(counts.values()),
    }


def _in_tab_order() -> list[State]:
    """Return the states in the order of the tabs."""
    return [state for tab in TABS for state in tab.states]


async def _look(site: Site, request: Request) -> dict[str, Any]:
    """Return what the queue's templates show for the tab, search and page in the URL."""
    asked = request.query_params
    tab = tab_of(asked.get("tab", ""))
    search = asked.get("q", "").replace("\x00", "").strip()[:MAX_SEARCH]
    before = int(asked["before"]) if asked.get("before", "").isdecimal() and int(asked["before"]) <= LARGEST_ID else None
    counts = await site.ledger.counts()
    found = await site.ledger.items(states=tab.states, search=search, limit=PAGE + 1, before=before)
    lines = [Line(item=item, glance=await site.glances.of(item)) for item in found[:PAGE]]
    totals = {one.key: total(one, counts) for one in TABS}
    now = site.clock()
    seen = sha256(repr((tab.key, search, before, totals, lines, now.date(), now.hour, now.minute // 5)).encode()).hexdigest()[:16]
    return {
        "tab": tab,
        "tabs": TABS,
        "totals": totals,
        "lines": lines,
        "search": search,
        "older": found[PAGE - 1].id if len(found) > PAGE else None,
        "before": before,
        "seen": seen,
        "link": lambda path="/", **changes: _link(path, {"tab": tab.key, "q": search, "before": before} | changes),
        "everything": sum(counts.values()),
    }


def _link(path: str, values: dict[str, Any]) -> str:
    """Return a URL of the queue; values that are empty are left out."""
    return path + "?" + urlencode({name: value for name, value in values.items() if value})


def _done(request: Request) -> tuple[str, int] | None:
    """Return what was just decided about which item, when the URL says so."""
    said = SAID_AFTER.get(request.query_params.get("did", ""))
    item = request.query_params.get("item", "")
    return (said, int(item)) if said and item.isdecimal() and len(item) < 20 else None
