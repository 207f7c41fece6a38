"""The fields of a document in headless Chromium: a person corrects them, sees the lines to remember, and saves those."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from mailbot.core.lifecycle import State
from tests.servers.browser import FAINT, PATIENCE, UNNAMED, Watched, be, chromium
from tests.servers.review_desk import SeededDesk, config_in

expect.set_options(timeout=PATIENCE)


async def test_a_field_is_corrected_and_remembered(desk: SeededDesk, home: str, browser: Watched, tmp_path: Path) -> None:
    browser.expected_statuses = {422}
    page = await browser.open(f"{home}items/{desk.items['invoice']}?tab=review")
    await be(page, "mei")
    await page.get_by_text("Correct the fields").click()
    await page.get_by_label("Subtotal", exact=True).fill("3.300")
    await page.get_by_label("Due date", exact=True).fill("")
    await page.get_by_role("button", name="Correct", exact=True).click()
    await expect(page.get_by_role("alert").filter(has_text="may be 3300 or 3.300")).to_be_visible()
    await expect(page.get_by_label("Due date", exact=True)).to_have_value("")
    assert await desk.state("invoice") is State.IN_REVIEW

    await page.get_by_label("Subtotal", exact=True).fill("3.300,00")
    await page.get_by_label("Subtotal", exact=True).press("Enter")
    await expect(page.get_by_text("Corrected; the rules are asked again")).to_be_visible()
    assert await desk.state("invoice") is State.READ
    subtotal = page.locator("#field-1-subtotal")
    await expect(subtotal).to_contain_text("3300.00")
    await expect(subtotal).to_contain_text("corrected by mei, was not read")
    await expect(page.get_by_text("Due date: there is none, says mei; 2026-12-03 was read.")).to_be_visible()

    await page.get_by_role("link", name="Remember for this supplier").click()
    await expect(page.get_by_role("heading", name="Remember for Nordlicht Papier GmbH")).to_be_visible()
    shown = await page.locator(".lines-to-save").inner_text()
    assert 'subtotal: {label: ["Net"]}' in shown
    assert "due_date: {absent: true}" in shown
    assert not config_in(tmp_path).suppliers_dir.exists()
    await page.keyboard.press("a")
    await expect(page.get_by_role("button", name="Save these lines")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Remembered for the supplier's next papers")).to_be_visible()
    (file,) = config_in(tmp_path).suppliers_dir.iterdir()
    assert file.read_text(encoding="utf-8").split() == shown.split()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_forms_and_lines_fit_and_can_be_read(desk: SeededDesk, home: str, scheme: str, width: int) -> None:
    item = desk.items["invoice"]
    async with chromium(viewport={"width": width, "height": 844}, color_scheme=scheme) as browser:
        page = await browser.open(f"{home}items/{item}")
        await page.get_by_text("Correct the fields").click()
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await page.evaluate(FAINT) == []
        assert await page.evaluate(UNNAMED) == []
        values = {"subtotal": "3300", "po_number": "PO 77", "supplier": "Nordlicht Papier und Bürobedarf Handelsgesellschaft mbH"}
        await desk.desk.correct(item, "mei", 0, values)
        for path in (f"items/{item}", f"items/{item}/remember/0"):
            await page.goto(home + path)
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
            assert await page.evaluate(FAINT) == [], path
            assert await page.evaluate(UNNAMED) == [], path
