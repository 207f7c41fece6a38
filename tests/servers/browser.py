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
