"""Fixtures of the review page's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

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
