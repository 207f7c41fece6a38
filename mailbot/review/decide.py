"""In charge of taking people's decisions: the only routes that change anything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mailbot.core.document import FIELD_NAMES
from mailbot.core.draft import Draft
from mailbot.core.item import Item
from mailbot.core.lifecycle import Event, events_from
from mailbot.core.view import View
from mailbot.errors import IllegalEvent, NotAllowed, NotFound, Stale
from mailbot.review.deeds import DEEDS, Deed
from mailbot.review.sheet import Form, Trouble, loose_ends, same_text, show_sheet
from mailbot.review.site import PERSON_COOKIE, Site, item_id, of_request
from mailbot.review.tabs import place_of, tab_of


async def decide(request: Request) -> Response:
    """Take one decision, then show the next item of the tab; or the same one with what stood in the way."""
    site, item = of_request(request), item_id(request)
    deed = DEEDS.get(request.path_params["deed"])
    if deed is None:
        raise NotFound("the page has no such decision", remedy="decide on the item's page")
    form, person = _form(request), site.person(request)
    try:
        if deed.why and not form.why.strip():
            raise NotAllowed(f"“{deed.label}” needs a reason", remedy="say why in a few words: the next person will want to know")
        await _TAKE[deed.name](site, item, person, form)
    except Stale as error:
        return await _again(request, item, form, Trouble(kind="stale", said=str(error), deed=deed.name), 409)
    except IllegalEvent as error:
        return await _again(request, item, form, Trouble(kind="late", said=str(error), deed=deed.name), 409)
    except NotAllowed as error:
        return await _again(request, item, form, Trouble(kind="not_allowed", said=str(error), deed=deed.name), 422)
    return await _onward(site, item, deed, form.tab)


async def choose_person(request: Request) -> Response:
    """Remember in this browser who acts. This names a person, it does not prove one."""
    site = of_request(request)
    name = request.state.form.get("person", [""])[0]
    back = request.state.form.get("back", ["/"])[0]
    safe = back if back.startswith("/") and not back.startswith("//") and "\\" not in back else "/"
    answer = RedirectResponse(safe, status_code=303)
    if name in site.config.people:
        answer.set_cookie(PERSON_COOKIE, name, path="/", httponly=True, samesite="strict", max_age=31_536_000)
    else:
        answer.delete_cookie(PERSON_COOKIE, path="/", httponly=True, samesite="strict")
    return answer


def _form(request: Request) -> Form:
    values: dict[str, list[str]] = request.state.form
    version, place = values.get("version", [""])[0], values.get("place", [""])[0]
    return Form(
        why=values.get("why", [""])[0].strip(),
        text=values["text"][0] if "text" in values else None,
        version=int(version) if version.isdecimal() and len(version) < 10 else None,
        seen=frozenset(values.get("seen", [])),
        tab=values.get("tab", [""])[0],
        place=int(place) if place.isdecimal() and len(place) < 10 else None,
        values={name: values[name][0] for name in FIELD_NAMES if name in values},
    )


async def _again(request: Request, item: int, form: Form, trouble: Trouble, status: int) -> Response:
    """Show the item as it is now, with what stood in the way and what the person had written."""
    site = of_request(request)
    return await show_sheet(request, await site.desk.view(item), trouble=trouble, form=form, status=status)


async def _onward(site: Site, item: int, deed: Deed, tab_key: str) -> Response:
    tab = tab_of(tab_key)
    place = await place_of(site.ledger, tab, item)
    following = item if deed.stays else place.older or place.newer
    said = urlencode({"tab": tab.key, "did": deed.name, "item": item})
    return RedirectResponse(f"/items/{following}?{said}" if following else f"/?{said}", status_code=303)


_Take = Callable[[Site, int, str, Form], Awaitable[object]]


async def _accept(site: Site, item: int, person: str, form: Form) -> Item:
    """Accept what is on the reviewer's screen: changes in the text box are saved first, and must pass the same check."""
    view = await site.desk.view(item)
    draft = _draft_on_screen(view, form)
    version = len(view.drafts)
    if form.text is not None and not same_text(form.text, draft.text):
        await site.desk.edit(item, person, form.text, version=version)
        view = await site.desk.view(item)
        draft, version = view.drafts[-1], version + 1
    left = [text for text in loose_ends(draft) if text not in form.seen]
    if left:
        listed = ", ".join(f"“{text}”" for text in left)
        raise NotAllowed(f"not found in the mail or its documents: {listed}", remedy="tick what is right, or change the text")
    return await site.desk.accept(item, person, version=version, acknowledged=True)


async def _edit(site: Site, item: int, person: str, form: Form) -> Item:
    view = await site.desk.view(item)
    draft = _draft_on_screen(view, form)
    if form.text is None or same_text(form.text, draft.text):
        return view.item
    return await site.desk.edit(item, person, form.text, version=form.version)


async def _correct(site: Site, item: int, person: str, form: Form) -> Item:
    """Correct the fields of one document; a form that names none corrects nothing."""
    if form.place is None or form.version is None:
        raise NotAllowed("the form does not say which document it corrects", remedy="reload the page")
    return await site.desk.correct(item, person, form.place, form.values, version=form.version)


def _draft_on_screen(view: View, form: Form) -> Draft:
    """Return the latest draft. Raises IllegalEvent or Stale when it is not what the reviewer looked at."""
    item = view.item
    if Event.EDITED not in events_from(item.state) or not view.drafts:
        raise IllegalEvent(f"item {item.id} is {item.state} by now", remedy="look at what it needs now")
    if form.version != len(view.drafts):
        raise Stale(
            f"you looked at version {form.version or '?'}, and there is a version {len(view.drafts)}", remedy="compare the two"
        )
    return view.drafts[-1]


_TAKE: dict[str, _Take] = {
    "approve": lambda site, item, person, form: site.desk.approve(item, person, why=form.why),
    "refuse": lambda site, item, person, form: site.desk.approve(item, person, approved=False, why=form.why),
    "accept": _accept,
    "edit": _edit,
    "reject": lambda site, item, person, form: site.desk.reject(item, person, form.why),
    "redraft": lambda site, item, person, form: site.desk.redraft(item, person),
    "withdraw": lambda site, item, person, form: site.desk.withdraw(item, person),
    "retry": lambda site, item, person, form: site.desk.retry(item, person),
    "release": lambda site, item, person, form: site.desk.retry(item, person),
    "reconsider": lambda site, item, person, form: site.desk.retry(item, person),
    "reroute": lambda site, item, person, form: site.desk.retry(item, person),
    "delivered": lambda site, item, person, form: site.desk.settle(item, person, delivered=True),
    "resend": lambda site, item, person, form: site.desk.settle(item, person, delivered=False),
    "correct": _correct,
    "close": lambda site, item, person, form: site.desk.close(item, person, form.why),
}
