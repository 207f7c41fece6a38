"""The page in headless Chromium: a person's ways through it. A console error or a request to elsewhere fails each test."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from mailbot.core.lifecycle import State
from mailbot.review.server import serve
from tests.servers.browser import FAINT, PATIENCE, UNNAMED, Watched, be, chromium
from tests.servers.review_desk import SeededDesk, put
from tests.servers.review_samples import Sample, cleaned_sample, hostile_sample

expect.set_options(timeout=PATIENCE)


async def test_from_the_queue_through_an_edit_to_accepted(desk: SeededDesk, home: str, browser: Watched) -> None:
    page = await browser.open(home)
    await be(page, "mei")
    await page.get_by_role("link", name="Invoice NP-2026-0418").click()
    await expect(page.get_by_role("heading", name="Invoice NP-2026-0418", level=1)).to_be_visible()
    picture = page.get_by_alt_text("Page 1 of NP-2026-0418.pdf")
    await picture.scroll_into_view_if_needed()
    await expect(picture).to_have_js_property("naturalWidth", 1000)
    await page.locator("mark a", has_text="3,927.00").hover()
    await expect(page.locator("rect.lit")).to_have_count(1)

    await page.get_by_text("Edit", exact=True).click()
    box = page.get_by_label("The text of the reply")
    await box.fill((await box.input_value()).replace("Dear Jonas Brandt", "Hello Jonas Brandt"))
    await page.get_by_role("button", name="Save my changes").click()
    await expect(page.get_by_text("Changes saved as a new version")).to_be_visible()
    await expect(page.locator("#draft")).to_contain_text("Hello Jonas Brandt")

    loose = page.locator(".loose-ends input")
    assert await loose.count() > 0
    await page.get_by_role("button", name="Accept and send").click()
    assert await page.evaluate("document.querySelector('.loose-ends input').validity.valueMissing")
    assert await desk.state("invoice") is State.IN_REVIEW
    for one in await loose.all():
        await one.check()
    await page.get_by_role("button", name="Accept and send").click()
    await expect(page.get_by_role("status")).to_contain_text(f"Accepted: item {desk.items['invoice']}")
    assert f"/items/{desk.items['chinese']}" in page.url
    view = await desk.desk.view(desk.items["invoice"])
    assert view.item.state is State.QUEUED
    assert view.drafts[-1].text.startswith("Hello Jonas Brandt")


async def test_a_cleaned_cell_says_what_the_file_says_by_mouse_and_keyboard(desk: SeededDesk, home: str, browser: Watched) -> None:
    item = await put(desk.ledger, cleaned_sample(), uid=800)
    page = await browser.open(f"{home}items/{item}")
    first, none, last = (page.locator(".cleaned").nth(place) for place in range(3))
    tips = page.locator(".was")
    await expect(page.get_by_role("columnheader", name="article in the file Artikel")).to_be_visible()
    await expect(first).to_have_accessible_description("the file says 1.234,50 €")
    await expect(none).to_have_accessible_description("the file says n/a")
    await first.hover()
    await expect(tips.nth(0)).to_be_visible()
    await page.locator("h1").hover()
    await expect(tips.nth(0)).to_be_hidden()
    await page.locator(".scroll").focus()
    await page.keyboard.press("Tab")
    await expect(first).to_be_focused()
    await expect(tips.nth(0)).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowRight")
    await expect(last).to_be_focused()
    await expect(tips.nth(2)).to_have_text("the file says 3,00 €")
    await expect(tips.nth(2)).to_be_in_viewport(ratio=1)
    await page.keyboard.press("Escape")
    await expect(tips.nth(2)).to_be_hidden()
    await page.keyboard.press("Shift+Tab")
    await expect(page.locator(".scroll")).to_be_focused()


async def test_a_cleaned_cell_says_what_the_file_says_by_touch(desk: SeededDesk, home: str) -> None:
    item = await put(desk.ledger, cleaned_sample(), uid=801)
    async with chromium(has_touch=True, viewport={"width": 390, "height": 844}) as browser:
        page = await browser.open(f"{home}items/{item}")
        await page.locator(".cleaned").nth(2).tap()
        await expect(page.locator(".was").nth(2)).to_be_visible()
        await page.locator(".cleaned").nth(0).tap()
        await expect(page.locator(".was").nth(2)).to_be_hidden()
        await expect(page.locator(".was").nth(0)).to_have_text("the file says 1.234,50 €")


async def test_what_folds_up_has_no_frame_and_a_columns_type_stands_below_its_name(
    desk: SeededDesk, home: str, browser: Watched
) -> None:
    page = await browser.open(f"{home}items/{desk.items['invoice']}")
    frames = await page.locator("article details").evaluate_all("all => all.map((one) => getComputedStyle(one).borderTopWidth)")
    assert set(frames) == {"0px"}
    item = await put(desk.ledger, cleaned_sample(), uid=801)
    page = await browser.open(f"{home}items/{item}")
    below = """all => all.map((kind) => {
      const name = document.createRange(); name.selectNode(kind.parentElement.firstChild);
      return kind.getBoundingClientRect().top >= name.getBoundingClientRect().bottom - 1; })"""
    kinds = await page.locator(".scroll th .kind").evaluate_all(below)
    assert kinds
    assert all(kinds)


async def test_every_figure_tells_where_it_stands(desk: SeededDesk, home: str, browser: Watched) -> None:
    page = await browser.open(f"{home}items/{desk.items['invoice']}")
    await be(page, "mei")
    amount = page.locator("mark.grounded a", has_text="3,927.00 EUR")
    tip = page.get_by_role("tooltip").filter(has_text="stands in the field Total of NP-2026-0418.pdf, page 1")
    await expect(amount).to_have_accessible_description("amount, stands in the field Total of NP-2026-0418.pdf, page 1")
    await expect(tip).to_be_hidden()
    await amount.hover()
    await expect(tip).to_be_visible()
    await tip.hover()
    await expect(tip).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(tip).to_be_hidden()
    await page.locator("h1").hover()

    described = "nowhere in the mail, its documents or the template: tick it below if it is right"
    loose = page.locator("mark.loose a")
    await expect(loose).to_have_accessible_description(f"date, stands {described}")
    await page.locator("mark.grounded a").first.focus()
    for _ in range(await page.locator("#draft a").count() - 1):
        await page.keyboard.press("Tab")
    await expect(loose).to_be_focused()
    await expect(page.get_by_role("tooltip").filter(has_text=described)).to_be_visible()
    box = page.get_by_label("2026-11-28")
    await page.keyboard.press("Enter")
    await expect(box).to_be_focused()
    await page.keyboard.press("Space")
    await expect(box).to_be_checked()
    side = await page.locator(".side").evaluate("(one) => one.scrollWidth <= one.clientWidth")
    assert side, "a tip makes the panel scroll sideways"


async def test_each_loose_end_is_ticked_by_itself(desk: SeededDesk, home: str, browser: Watched) -> None:
    item = desk.items["invoice"]
    await desk.desk.edit(item, "anna", "We pay 4,812.55 EUR on 2027-01-15, says Mr Miller. Total: 3,927.00 EUR.")
    page = await browser.open(f"{home}items/{item}")
    await be(page, "mei")
    boxes = page.locator(".loose-ends input")
    await expect(boxes).to_have_count(3)
    labels = [" ".join(one.split()) for one in await page.locator(".loose-ends label").all_inner_texts()]
    assert labels == ["4,812.55 EUR amount", "2027-01-15 date", "Miller name"]
    for at in range(3):
        await page.get_by_role("button", name="Accept and send").click()
        assert await boxes.nth(at).evaluate("(box) => box.validity.valueMissing && box.matches(':focus')")
        assert await desk.state("invoice") is State.IN_REVIEW
        await boxes.nth(at).check()
    await page.get_by_role("button", name="Accept and send").click()
    await expect(page.get_by_role("status")).to_contain_text("Accepted")
    assert await desk.state("invoice") is State.QUEUED


async def test_two_people_approve(desk: SeededDesk, home: str, browser: Watched) -> None:
    page = await browser.open(f"{home}items/{desk.items['approve']}?tab=approve")
    await expect(page.get_by_text("Choose who you are")).to_be_visible()
    await be(page, "anna")
    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_role("status")).to_contain_text("Approved")
    await page.goto(f"{home}items/{desk.items['approve']}")
    await be(page, "ben")
    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_role("status")).to_contain_text("Approved")
    assert await desk.state("approve") is State.DRAFTING


async def test_refuse_and_reject_with_a_reason_by_keys(desk: SeededDesk, home: str, browser: Watched) -> None:
    page = await browser.open(f"{home}items/{desk.items['approve']}")
    await be(page, "ben")
    await page.keyboard.press("r")
    await page.keyboard.type("We never ordered this")
    await page.get_by_role("button", name="Refuse", exact=True).click()
    await expect(page.get_by_role("status")).to_contain_text("Refused")
    assert (await desk.ledger.item(desk.items["approve"])).reason.endswith("We never ordered this")

    await be(page, "mei")
    await page.goto(f"{home}?tab=review")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(rf"/items/{desk.items['chinese']}\b"))
    await page.keyboard.press("r")
    await page.keyboard.type("too short")
    await page.get_by_role("button", name="Reject the draft", exact=True).click()
    await expect(page.get_by_role("status")).to_contain_text("Rejected")
    assert await desk.state("chinese") is State.REJECTED


async def test_somebody_was_quicker(desk: SeededDesk, home: str, browser: Watched) -> None:
    browser.expected_statuses = {409}
    page = await browser.open(f"{home}items/{desk.items['chinese']}")
    await page.keyboard.press("e")
    await page.get_by_label("The text of the reply").fill("My careful text.")
    await desk.desk.edit(desk.items["chinese"], "anna", "Anna's text.")
    await expect(page.get_by_text("This item has moved on")).to_be_visible()
    await expect(page.get_by_label("The text of the reply")).to_have_value("My careful text.")
    await page.get_by_role("button", name="Accept and send").click()
    await expect(page.get_by_role("alert").filter(has_text="Somebody was quicker")).to_be_visible()
    await expect(page.locator("#draft")).to_have_text("Anna's text.")
    await expect(page.get_by_label("The text of the reply")).to_have_value("My careful text.")
    await page.get_by_role("button", name="Accept and send").click()
    await expect(page.get_by_role("status")).to_contain_text("Accepted")
    assert (await desk.desk.view(desk.items["chinese"])).drafts[-1].text == "My careful text."


async def test_the_queue_renews_itself_and_keeps_the_place(desk: SeededDesk, home: str, browser: Watched) -> None:
    page = await browser.open(home)
    line = page.locator(f"#item-{desk.items['chinese']}")
    await line.focus()
    await put(desk.ledger, Sample(name="new", state=State.IN_REVIEW, subject="Fresh in", sender="x@y.example"), uid=700)
    await expect(page.get_by_text("Fresh in")).to_be_visible()
    await expect(line).to_be_focused()
    await expect(page.locator("#live")).to_have_text("To review: 4")

    await page.get_by_role("searchbox").fill("opened box")
    await expect(page.locator(".line")).to_have_count(1)
    await expect(page.get_by_role("searchbox")).to_be_focused()


async def test_a_hostile_mail_does_nothing_and_asks_for_nothing(desk: SeededDesk, home: str, browser: Watched) -> None:
    item = await put(desk.ledger, hostile_sample(), uid=900)
    page = await browser.open(home)
    page.on("dialog", lambda dialog: browser.wrong.append(f"dialog: {dialog.message}"))
    await page.get_by_role("link", name="alert(1)").click()
    await page.get_by_text("As formatted by the sender").click()
    frame = page.frame_locator("iframe")
    await expect(frame.get_by_text("Hello")).to_be_visible()
    await frame.get_by_text("click").click()
    await page.keyboard.press("e")
    await expect(page.get_by_label("The text of the reply")).to_have_value(re.compile("^</textarea>"))
    assert f"/items/{item}" in page.url
    assert len(page.frames) == 2


async def test_a_remote_picture_is_never_asked_for(desk: SeededDesk, home: str, browser: Watched) -> None:
    page = await browser.open(f"{home}items/{desk.items['invoice']}")
    await page.get_by_text("As formatted by the sender").click()
    await expect(page.frame_locator("iframe").get_by_text("our site")).to_be_visible()
    assert browser.strangers(home) == []


async def test_a_link_from_another_site_keeps_the_session(desk: SeededDesk, home: str) -> None:
    async def elsewhere(scope: dict[str, str], receive: object, send: object) -> None:
        body = f'<link rel="icon" href="data:,"><a href="{home}items/{desk.items["chinese"]}">go</a>'.encode()
        headers = [(b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": body})  # type: ignore[operator]

    async with chromium() as browser, serve(elsewhere, "127.0.0.1", 0) as other:  # type: ignore[arg-type]
        page = await browser.open(home)
        await be(page, "mei")
        token = await page.locator("input[name=token]").first.input_value()
        stranger = await browser.open(other.replace("127.0.0.1", "localhost"))
        await stranger.get_by_text("go").click()
        await expect(stranger.get_by_role("heading", level=1)).to_contain_text("发票")
        assert await stranger.locator("input[name=token]").first.input_value() == token
        await expect(stranger.get_by_label("You are")).to_have_value("mei")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_page_fits_a_phone_and_its_text_can_be_read(desk: SeededDesk, home: str, scheme: str) -> None:
    async with chromium(viewport={"width": 390, "height": 844}, color_scheme=scheme) as browser:
        page = await browser.open(home)
        for path in ("", "?tab=decide", f"items/{desk.items['invoice']}", f"items/{desk.items['unknown']}", "status"):
            await page.goto(home + path)
            assert await page.evaluate("document.documentElement.scrollWidth") <= 390, path
            assert await page.evaluate(FAINT) == [], path
            assert await page.evaluate(UNNAMED) == [], path
