"""What people decide on the page, over HTTP, on the real ledger and desk."""

from __future__ import annotations

import re

import httpx
import pytest

from mailbot.core.draft import Source
from mailbot.core.lifecycle import PERSON_EVENTS, TRANSITIONS, Event, State
from mailbot.review.deeds import DEEDS, deeds_in
from tests.servers.review_desk import SeededDesk, put
from tests.servers.review_samples import Sample, marked


async def token(client: httpx.AsyncClient) -> str:
    """Return the form token of this client's session."""
    found = re.search(r'name="token" value="([0-9a-f]{64})"', (await client.get("/")).text)
    assert found
    return found[1]


async def act_as(client: httpx.AsyncClient, person: str) -> None:
    """Choose who acts."""
    answer = await client.post("/person", data={"token": await token(client), "person": person, "back": "/"})
    assert answer.status_code == 303


async def post(client: httpx.AsyncClient, desk: SeededDesk, item: str, deed: str, **values: str | list[str]) -> httpx.Response:
    """Send one decision's form."""
    return await client.post(f"/items/{desk.items[item]}/{deed}", data={"token": await token(client), **values})


async def drafts(desk: SeededDesk, item: str) -> list[str]:
    """Return the texts of an item's drafts, oldest first."""
    return [draft.text for draft in (await desk.desk.view(desk.items[item])).drafts]


@pytest.mark.parametrize("state", list(State))
def test_the_page_offers_what_the_table_allows_a_person(state: State) -> None:
    asked_by_rules = {(State.ROUTED, Event.DRAFT_WANTED), (State.AWAITING_APPROVAL, Event.DRAFT_WANTED)}
    allowed = {
        event
        for (source, event) in TRANSITIONS
        if source is state and (event in PERSON_EVENTS or event is Event.DRAFT_WANTED) and (source, event) not in asked_by_rules
    }
    assert {deed.event for deed in deeds_in(state)} == allowed


@pytest.mark.parametrize(
    ("item", "deed", "person", "values", "after"),
    [
        ("approve", "refuse", "ben", {"why": "we never ordered it"}, State.REFUSED),
        ("chinese", "accept", "mei", {"version": "1"}, State.QUEUED),
        ("chinese", "reject", "mei", {"why": "too short"}, State.REJECTED),
        ("chinese", "redraft", "mei", {}, State.DRAFTING),
        ("shadow", "accept", "mei", {"version": "1"}, State.FINISHED),
        ("queued", "withdraw", "mei", {}, State.IN_REVIEW),
        ("failed", "retry", "mei", {}, State.RECEIVED),
        ("quarantined", "release", "mei", {}, State.RECEIVED),
        ("quarantined", "close", "mei", {"why": "junk"}, State.FINISHED),
        ("refused", "reconsider", "mei", {}, State.AWAITING_APPROVAL),
        ("refused", "redraft", "mei", {}, State.DRAFTING),
        ("unknown", "delivered", "mei", {}, State.SENT),
        ("unknown", "resend", "mei", {}, State.QUEUED),
        ("rejected", "close", "mei", {"why": "settled by phone"}, State.FINISHED),
    ],
)
async def test_each_decision_leads_where_it_should(
    desk: SeededDesk, client: httpx.AsyncClient, item: str, deed: str, person: str, values: dict[str, str], after: State
) -> None:
    await act_as(client, person)
    answer = await post(client, desk, item, deed, tab="decide", **values)
    assert (answer.status_code, await desk.state(item)) == (303, after)
    last = [entry for entry in await desk.ledger.history(desk.items[item]) if entry.actor != "mailbot"][-1]
    assert person in last.actor
    page = await client.get(answer.headers["location"])
    assert page.status_code == 200
    assert DEEDS[deed].after in page.text


async def test_all_approvers_must_agree_and_then_a_draft_is_asked_for(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    await act_as(client, "anna")
    assert (await post(client, desk, "approve", "approve")).status_code == 303
    assert await desk.state("approve") is State.AWAITING_APPROVAL
    page = (await client.get(f"/items/{desk.items['approve']}")).text
    assert "You have answered" in page
    assert "/approve" not in page
    await act_as(client, "ben")
    assert (await post(client, desk, "approve", "approve")).status_code == 303
    assert await desk.state("approve") is State.DRAFTING


async def test_after_a_decision_comes_the_next_item_of_the_tab(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    first = await post(client, desk, "chinese", "reject", why="no", tab="review")
    assert first.headers["location"].startswith(f"/items/{desk.items['shadow']}?")
    second = await post(client, desk, "shadow", "reject", why="no", tab="review")
    assert second.headers["location"].startswith(f"/items/{desk.items['invoice']}?")
    third = await post(client, desk, "invoice", "reject", why="no", tab="review")
    assert third.headers["location"].startswith("/?tab=review&did=reject")


@pytest.mark.parametrize(("item", "deed"), [("chinese", "reject"), ("chinese", "close"), ("approve", "refuse")])
async def test_a_reason_is_asked_for(desk: SeededDesk, client: httpx.AsyncClient, item: str, deed: str) -> None:
    await act_as(client, "ben")
    before = await desk.fingerprint()
    answer = await post(client, desk, item, deed, why=" \n ")
    assert answer.status_code == 422
    assert "needs a reason" in answer.text
    assert await desk.fingerprint() == before


async def test_nobody_approves_without_being_asked(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    before = await desk.fingerprint()
    nobody = await post(client, desk, "approve", "approve")
    await act_as(client, "mei")
    not_asked = await post(client, desk, "approve", "approve")
    assert (nobody.status_code, not_asked.status_code) == (422, 422)
    assert "obody says who approves item" in nobody.text
    assert "is not asked to approve" in not_asked.text
    assert await desk.fingerprint() == before


async def test_a_figure_that_stands_nowhere_must_be_acknowledged(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    without = await post(client, desk, "invoice", "accept", version="1")
    assert without.status_code == 422
    assert "2026-11-28" in without.text
    assert await desk.state("invoice") is State.IN_REVIEW
    other = await post(client, desk, "invoice", "accept", version="1", seen="2026-11-29")
    assert other.status_code == 422
    answer = await post(client, desk, "invoice", "accept", version="1", seen=["2026-11-28"])
    assert (answer.status_code, await desk.state("invoice")) == (303, State.QUEUED)
    assert await desk.ledger.artifact(desk.items["invoice"], "reply")


async def test_accepting_an_edited_text_sends_that_text(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    answer = await post(client, desk, "chinese", "accept", version="1", text="王小明，您好：\r\n\r\n付款在周五。")
    assert (answer.status_code, await desk.state("chinese")) == (303, State.QUEUED)
    assert await drafts(desk, "chinese") == [(await drafts(desk, "chinese"))[0], "王小明，您好：\n\n付款在周五。"]
    assert (await desk.desk.view(desk.items["chinese"])).drafts[-1].made_by == "person"


async def test_a_new_figure_in_an_edited_text_is_checked_before_it_goes(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    text = "We will pay 4,812.55 EUR on 2027-01-15."
    answer = await post(client, desk, "invoice", "accept", version="1", text=text, seen="2026-11-28")
    assert answer.status_code == 422
    assert await desk.state("invoice") is State.IN_REVIEW
    assert (await drafts(desk, "invoice"))[-1] == text
    assert 'name="version" value="2"' in answer.text
    loose = re.findall(r'name="seen" value="([^"]+)"', answer.text)
    assert any("4,812.55" in one for one in loose)
    again = await post(client, desk, "invoice", "accept", version="2", text=text, seen=loose)
    assert (again.status_code, await desk.state("invoice")) == (303, State.QUEUED)


async def test_what_a_model_took_from_the_template_stays_known_after_an_edit(desk: SeededDesk) -> None:
    template = Source(place="template")
    draft = marked(
        "We answer within 14 days, on 2027-01-15.", ("14", "number", template), ("2027-01-15", "date", None), made_by="model"
    )
    sample = Sample(name="model", state=State.IN_REVIEW, subject="When?", sender="x@y.example", draft=draft)
    item = await put(desk.ledger, sample, uid=900)
    await desk.desk.edit(item, "anna", "We answer within 14 days, by 2027-01-15.")
    edited = (await desk.desk.view(item)).drafts[-1]
    assert [(edited.text[slice(*one.span)], one.source) for one in edited.grounding] == [("14", template), ("2027-01-15", None)]


async def test_unchanged_text_makes_no_new_version(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    (text,) = await drafts(desk, "chinese")
    answer = await post(client, desk, "chinese", "edit", version="1", text=text.replace("\n", "\r\n") + "\r\n")
    assert answer.status_code == 303
    assert len(await drafts(desk, "chinese")) == 1


@pytest.mark.parametrize("deed", ["accept", "edit"])
async def test_somebody_quicker_costs_no_text(desk: SeededDesk, client: httpx.AsyncClient, deed: str) -> None:
    await desk.desk.edit(desk.items["chinese"], "anna", "Anna was here first.")
    answer = await post(client, desk, "chinese", deed, version="1", text="My own long <answer>.")
    assert answer.status_code == 409
    assert "Somebody was quicker" in answer.text
    assert "Anna was here first." in answer.text
    assert "My own long &lt;answer&gt;." in answer.text
    assert 'name="version" value="2"' in answer.text
    assert await desk.state("chinese") is State.IN_REVIEW
    assert (await drafts(desk, "chinese"))[-1] == "Anna was here first."


async def test_an_item_that_moved_on_costs_no_text(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    await desk.desk.reject(desk.items["chinese"], "anna", "not like this")
    answer = await post(client, desk, "chinese", "accept", version="1", text="My own long answer.")
    assert answer.status_code == 409
    assert "The item has moved on" in answer.text
    assert "My own long answer." in answer.text
    assert await desk.state("chinese") is State.REJECTED


@pytest.mark.parametrize("deed", ["reject", "redraft", "withdraw", "retry", "delivered", "approve"])
async def test_an_event_that_the_table_forbids_is_a_page_and_no_change(
    desk: SeededDesk, client: httpx.AsyncClient, deed: str
) -> None:
    await act_as(client, "anna")
    before = await desk.fingerprint()
    answer = await post(client, desk, "sent", deed, why="because")
    assert answer.status_code in (409, 422)
    assert 'role="alert"' in answer.text
    assert await desk.fingerprint() == before


async def test_a_decision_that_does_not_exist(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    assert (await post(client, desk, "sent", "explode")).status_code == 404


@pytest.mark.parametrize(
    ("back", "safe"),
    [
        ("/items/3?tab=review", "/items/3?tab=review"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
    ],
)
async def test_choosing_a_person_leads_back_to_this_page_only(client: httpx.AsyncClient, back: str, safe: str) -> None:
    answer = await client.post("/person", data={"token": await token(client), "person": "anna", "back": back})
    assert answer.headers["location"] == safe
    assert 'value="anna" selected' in (await client.get("/")).text


async def test_a_person_whom_the_config_does_not_know_is_nobody(client: httpx.AsyncClient) -> None:
    await client.post("/person", data={"token": await token(client), "person": "anna", "back": "/"})
    await client.post("/person", data={"token": await token(client), "person": "mallory", "back": "/"})
    client.cookies.set("mailbot_person", "mallory", domain="127.0.0.1")
    assert "selected>nobody yet" in (await client.get("/")).text
