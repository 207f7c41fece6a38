"""In charge of the page of one item: the original mail beside the draft, and what a person can do with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from mailbot.core import approval
from mailbot.core.document import FIELD_NAMES, Document, Field, Page
from mailbot.core.draft import Draft, Grounded, Kind, Source
from mailbot.core.lifecycle import ADVANCEABLE
from mailbot.core.view import View
from mailbot.review.deeds import SAID_AFTER, deeds_in
from mailbot.review.grids import Grid, grid
from mailbot.review.site import item_id, of_request
from mailbot.review.tabs import place_of, tab_of

MAX_PICTURES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What came with a decision. `version` is the draft that was on the screen, `seen` the spans that were acknowledged.

    Of corrected fields, `values` are what was written, `place` is the document's from 0, `version` the number of corrections.
    """

    why: str = ""
    text: str | None = None
    version: int | None = None
    seen: frozenset[str] = frozenset()
    tab: str = ""
    place: int | None = None
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What stood in the way of a decision: somebody was quicker (`stale`), the item moved on (`late`), or `not_allowed`."""

    kind: Literal["stale", "late", "not_allowed"]
    said: str
    deed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of a draft: plain text, or one checked span with the anchor of where it was read ("" for none)."""

    text: str
    mark: Grounded | None = None
    anchor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One page of a document as a picture, with the fields that stand on it; `key` is unique on the sheet."""

    page: Page
    boxes: tuple[Field, ...]
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A person's word on a field: who said it, and what it was before anybody did ("" for nothing)."""

    person: str
    was: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A document as the sheet shows it; `number` from 1. `corrected` is what people said last of each field that they corrected."""

    number: int
    document: Document
    sha256: str
    drawn: tuple[Drawn, ...]
    undrawn: int
    grids: tuple[Grid, ...]
    corrected: Mapping[str, Word]

    @property
    def learnable(self) -> bool:
        """Whether what was corrected on it may be remembered for its supplier: it has pages with places."""
        return bool(self.corrected and self.drawn)


async def sheet(request: Request) -> Response:
    """Show one item."""
    site = of_request(request)
    return await show_sheet(request, await site.desk.view(item_id(request)))


async def news(request: Request) -> Response:
    """Say whether the item has moved on since the browser (`seen`) got it: 204 when not.

    A page on which nothing can be typed (`quiet`) is told to reload.
    """
    site, item = of_request(request), item_id(request)
    history = await site.ledger.history(item)
    last = history[-1] if history else None
    if last is None or request.query_params.get("seen") == str(last.seq):
        return Response(status_code=204)
    if request.query_params.get("quiet"):
        return Response(status_code=200, headers={"HX-Refresh": "true"})
    return site.show(request, "news.html", last=last, item=item, tab=tab_of(request.query_params.get("tab", "")))


async def show_sheet(
    request: Request, view: View, *, trouble: Trouble | None = None, form: Form | None = None, status: int = 200
) -> Response:
    """Return the sheet; after trouble, with what the person had written (`form`)."""
    site = of_request(request)
    form = form or Form(tab=request.query_params.get("tab", ""))
    tab = tab_of(form.tab, state=view.item.state)
    draft = view.drafts[-1] if view.drafts else None
    documents = shown(view)
    asked = approval.missing(view.route, view.decisions) if view.route else ()
    deeds = {deed.name: deed for deed in deeds_in(view.item.state)}
    return site.show(
        request,
        "sheet.html",
        status=status,
        view=view,
        item=view.item,
        message=view.reading.message if view.reading else None,
        problems=view.reading.problems if view.reading else (),
        documents=documents,
        draft=draft,
        version=len(view.drafts),
        pieces=pieces(draft, documents) if draft else (),
        loose=loose_ends(draft) if draft else {},
        mine=_unsaved(view, form),
        deeds=deeds,
        asked=asked,
        may_answer=site.person(request) in asked,
        trouble=trouble,
        form=form,
        tab=tab,
        place=await place_of(site.ledger, tab, view.item.id),
        moving=view.item.state in ADVANCEABLE,
        done=_done(request, view.item.id),
        field_names=FIELD_NAMES,
    )


def pieces(draft: Draft, documents: Sequence[Shown]) -> tuple[Piece, ...]:
    """Cut a draft into plain text and checked spans; spans that overlap an earlier one or lie outside are left plain."""
    found: list[Piece] = []
    at = 0
    for mark in sorted(draft.grounding, key=lambda one: one.span):
        start, end = mark.span
        if start < at or end <= start or end > len(draft.text):
            continue
        found.append(Piece(text=draft.text[at:start]))
        found.append(Piece(text=draft.text[start:end], mark=mark, anchor=_anchor(mark.source, documents)))
        at = end
    found.append(Piece(text=draft.text[at:]))
    return tuple(piece for piece in found if piece.text)


def loose_ends(draft: Draft) -> dict[str, Kind]:
    """Return the distinct texts of a draft that stand in no source, in the order they appear, and what each is."""
    found: dict[str, Kind] = {}
    for one in draft.ungrounded:
        found.setdefault(draft.text[slice(*one.span)], one.kind)
    return found


def same_text(one: str, other: str) -> bool:
    """Return whether two texts differ only in line ends and trailing space, which a text box changes by itself."""
    return [line.rstrip() for line in one.strip().splitlines()] == [line.rstrip() for line in other.strip().splitlines()]


def shown(view: View) -> tuple[Shown, ...]:
    """Return the documents of an item with their pages and boxes."""
    documents = view.reading.documents if view.reading else ()
    cleaned = {(one.document, one.place): one.cleaned for one in view.tables}
    left = MAX_PICTURES
    result = []
    for number, document in enumerate(documents, 1):
        pages = document.pages if drawable(document.media_type) else ()
        drawn = tuple(
            Drawn(
                page=page,
                key=f"{number}-{page.number}",
                boxes=tuple(field for field in document.fields if field.box and (field.page or 1) == page.number),
            )
            for page in pages[: max(0, left)]
        )
        left -= len(drawn)
        result.append(
            Shown(
                number=number,
                document=document,
                sha256=document.sha256 or view.item.sha256,
                drawn=drawn,
                undrawn=len(pages) - len(drawn),
                corrected=_words_on(view, number - 1),
                grids=tuple(grid(table, cleaned.get((document.name, place))) for place, table in enumerate(document.tables)),
            )
        )
    return tuple(result)


def _words_on(view: View, place: int) -> dict[str, Word]:
    """Return what people said of the fields of a document."""
    said: dict[str, Word] = {}
    for correction in view.corrections:
        for change in correction.changes:
            if change.place == place:
                was = said[change.field].was if change.field in said else change.old
                said[change.field] = Word(person=correction.person, was=was, new=change.new)
    return said


def drawable(media_type: str) -> bool:
    """Return whether the worker can make a picture of such a file."""
    return media_type == "application/pdf" or media_type.startswith("image/")


def _anchor(source: Source | None, documents: Sequence[Shown]) -> str:
    """Return the place on the sheet where a source can be seen: a field's line, a page's picture, or the mail."""
    if source is None:
        return ""
    if source.place == "mail":
        return "mail"
    name, _, field = source.name.rpartition(": ")
    for one in documents:
        if source.place == "field" and one.document.name == name and one.document.field(field):
            return f"field-{one.number}-{field}"
        if source.place == "document" and source.name in ("", one.document.name):
            key = f"{one.number}-{source.page or 1}"
            return f"page-{key}" if any(drawn.key == key for drawn in one.drawn) else f"document-{one.number}"
    return ""


def _unsaved(view: View, form: Form) -> str | None:
    """Return the text that the person wrote and that no version of the draft holds, or None."""
    if form.text is None or any(same_text(form.text, draft.text) for draft in view.drafts):
        return None
    return form.text


def _done(request: Request, item: int) -> tuple[str, int] | None:
    """Return what was just decided about which item, when the URL says so."""
    said = SAID_AFTER.get(request.query_params.get("did", ""))
    number = request.query_params.get("item", "")
    return (said, int(number)) if said and number.isdecimal() and len(number) < 20 else None
