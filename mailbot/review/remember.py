"""In charge of what is remembered about a supplier: the exact lines are shown, and saved only as they were shown."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mailbot.errors import NotAllowed, Stale
from mailbot.review.site import item_id, of_request
from mailbot.review.tabs import tab_of


async def proposal(request: Request) -> Response:
    """Show what would be written down about the supplier of a document."""
    return await _shown(request, request.query_params.get("tab", ""))


async def remember(request: Request) -> Response:
    """Write it down, then show the item again; or the lines as they would be by now."""
    site, item = of_request(request), item_id(request)
    tab = request.state.form.get("tab", [""])[0]
    try:
        await site.learner.remember(request.state.form.get("digest", [""])[0], site.person(request))
    except (Stale, NotAllowed) as error:
        return await _shown(request, tab, trouble=str(error), status=409 if isinstance(error, Stale) else 422)
    said = urlencode({"tab": tab_of(tab).key, "did": "remember", "item": item})
    return RedirectResponse(f"/items/{item}?{said}", status_code=303)


async def _shown(request: Request, tab: str, *, trouble: str = "", status: int = 200) -> Response:
    site = of_request(request)
    view = await site.desk.view(item_id(request))
    proposed = await site.learner.propose(view, int(request.path_params["place"]))
    return site.show(
        request,
        "remember.html",
        status=status,
        item=view.item,
        proposed=proposed,
        directory=site.config.suppliers_dir.name,
        tab=tab_of(tab, state=view.item.state),
        trouble=trouble,
    )
