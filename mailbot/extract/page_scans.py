"""The scanned pages of one document, read by several workers: each reads some of them, and one puts the document together.

A reader that is told to `defer` and finds two or more pages for OCR raises ScansWanted; the daemon has these read a few at a time
and asks again with what was read. So the limits on a job hold for a few pages each, however long the document is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from mailbot.extract import frames

if TYPE_CHECKING:
    from mailbot.extract.ocr import Scan
    from mailbot.extract.reader import Limits

PAGES_AT_ONCE = 2
"""Pages of one job: enough that opening the file again costs little beside them."""


class ScansWanted(Exception):
    """These pages are to be read by OCR first."""

    def __init__(self, pages: Sequence[int]) -> None:
        super().__init__(f"{len(pages)} pages for OCR")
        self.pages = list(pages)


class Ask(Protocol):
    """Does one job in a worker of the right lane. Raises WorkerDied, WorkerUnavailable."""

    async def __call__(self, header: frames.Header, content: bytes) -> tuple[frames.Header, bytes]: ...


async def ask_with_scans(ask: Ask, header: frames.Header, content: bytes, *, workers: int) -> tuple[frames.Header, bytes]:
    """Do a job on one file, its pages for OCR read by up to so many workers at once. Raises as `ask` does.

    Returns the answer of the first job that did not read its pages, if one did not.
    """
    answer, body = await ask(header | {"defer": True}, content)
    wanted = answer.get("wanted")
    if not isinstance(wanted, list) or len(wanted) > header["limits"]["max_pages"]:  # no reader wants more
        return answer, body
    pages = iter([wanted[at : at + PAGES_AT_ONCE] for at in range(0, len(wanted), PAGES_AT_ONCE)])
    scans: dict[str, Any] = {}
    unread: list[tuple[frames.Header, bytes]] = []

    async def take() -> None:
        for some in pages:
            found, rest = await ask(header | {"kind": "scans", "pages": some}, content)
            if not isinstance(found.get("scans"), dict):
                unread.append((found, rest))
            if unread:
                return
            scans.update(found["scans"])

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(workers, len(wanted))):
                group.create_task(take())
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return unread[0] if unread else await ask(header | {"scans": scans}, content)


def scan_pages(reader: str, content: bytes, pages: Sequence[int], limits: Limits) -> dict[str, Any]:
    """Read some pages of a PDF or picture by OCR; return them in their JSON form by their number."""
    from importlib import import_module

    found: Mapping[int, Scan] = import_module(
        "mailbot.extract.pdf" if reader == "application/pdf" else "mailbot.extract.picture"
    ).scans(content, pages, limits)
    return {str(number): scan_to_json(scan) for number, scan in found.items()}


def scan_to_json(scan: Scan) -> dict[str, Any]:
    return {
        "size": [scan.words.width, scan.words.height],
        "lines": [[[word.text, *word.box] for word in line] for line in scan.words.lines],
        "text": scan.text,
        "confidence": scan.confidence,
        "turned": scan.turned,
        "skew": scan.skew,
        "grids": [[grid.xs, grid.ys, grid.whole] for grid in scan.grids],
    }


def scans_from_json(scans: Mapping[str, Any]) -> dict[int, Scan]:
    """Return scans by page number, as another worker read them."""
    from mailbot.core.words import PageWords, Word
    from mailbot.extract.ocr import Scan
    from mailbot.extract.pdf_layout import Grid

    found = {}
    for number, one in scans.items():
        lines = tuple(tuple(Word(text=text, box=(x0, y0, x1, y1)) for text, x0, y0, x1, y1 in line) for line in one["lines"])
        width, height = one["size"]
        found[int(number)] = Scan(
            words=PageWords(number=int(number), width=width, height=height, lines=lines),
            text=one["text"],
            confidence=one["confidence"],
            turned=one["turned"],
            skew=one["skew"],
            grids=tuple(Grid(xs=tuple(xs), ys=tuple(ys), whole=whole) for xs, ys, whole in one["grids"]),
        )
    return found
