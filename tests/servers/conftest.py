"""Fixtures of the review page's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from mailbot.review.server import serve
from tests.servers.browser import Watched, chromium
from tests.servers.review_desk import HOME, SeededDesk, seeded_desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[SeededDesk]:
    """A desk with an item of every kind."""
    async with seeded_desk(tmp_path) as seeded:
        yield seeded


@pytest.fixture
async def client(desk: SeededDesk) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without scripts."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(desk.app), base_url=HOME) as one:
        yield one


@pytest.fixture
async def home(desk: SeededDesk) -> AsyncIterator[str]:
    async with serve(desk.app, "127.0.0.1", 0) as url:
        yield url


@pytest.fixture
async def browser(home: str) -> AsyncIterator[Watched]:
    async with chromium() as watched:
        yield watched
        assert watched.strangers(home) == []
