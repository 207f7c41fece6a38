"""Headless Chromium for the tests of the page: every console error, page error or request to elsewhere fails the test."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Page, async_playwright

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
PATIENCE = 30_000
"""Milliseconds that one step in the browser may take on a loaded machine."""


class Watched:
    """A browser context that keeps account of what went wrong in it and of what it asked for."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.wrong: list[str] = []
        self.asked: list[str] = []
        self.expected_statuses: set[int] = set()
        context.on("console", self._console)
        context.on("weberror", lambda error: self.wrong.append(f"page error: {error.error}"))
        context.on("request", lambda request: self.asked.append(request.url))

    async def open(self, url: str) -> Page:
        """Open a page and wait until its scripts have run."""
        page = await self.context.new_page()
        await page.goto(url, wait_until="load")
        return page

    def strangers(self, home: str) -> list[str]:
        """Return the requests that went anywhere but to `home`."""
        return [url for url in self.asked if urlsplit(url).netloc != urlsplit(home).netloc]

    def _console(self, message: Any) -> None:
        if message.type not in ("error", "warning"):
            return
        answered = any(f"status of {status}" in message.text for status in self.expected_statuses)
        if not answered:
            self.wrong.append(f"console {message.type}: {message.text}")


@asynccontextmanager
async def chromium(**options: Any) -> AsyncIterator[Watched]:
    """Start the installed Chromium with one fresh context; afterwards nothing may have gone wrong in it."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "Chromium is not installed: `make test` installs it"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS, headless=True, timeout=60_000)
        try:
            context = await browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
            context.set_default_timeout(PATIENCE)
            watched = Watched(context)
            yield watched
            assert watched.wrong == [], watched.wrong
        finally:
            await browser.close()


async def be(page: Page, person: str) -> None:
    """Choose who acts, by the list at the top."""
    async with page.expect_navigation():
        await page.get_by_label("You are").select_option(person)


FAINT = """() => {
  const paint = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = (color) => {
    paint.clearRect(0, 0, 1, 1); paint.fillStyle = color; paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (one) => { for (; one; one = one.parentElement) {
    const color = rgb(getComputedStyle(one).backgroundColor); if (color[3] === 255) return color; } return [255, 255, 255, 255]; };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const one = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !one.checkVisibility() || one.closest('.unseen, .skip, script')) continue;
    const [a, b] = [light(rgb(getComputedStyle(one).color)), light(ground(one))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) found.push(walk.currentNode.data.trim() + ' ' + contrast.toFixed(2));
  }
  return found;
}"""
"""Visible texts whose contrast is below 4.5 : 1 (WCAG 2.2, 1.4.3)."""

UNNAMED = """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a')]
  .filter((one) => one.checkVisibility())
  .filter((one) => !(one.labels?.length || one.textContent.trim() || one.getAttribute('aria-label')))
  .map((one) => one.outerHTML)"""
"""Controls that a screen reader could not name."""
