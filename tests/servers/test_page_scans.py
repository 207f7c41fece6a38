"""The scanned pages of one document are read by several workers at once, and come out as one worker would have read them."""

from __future__ import annotations

import asyncio

import pytest

from mailbot.config import Extract
from mailbot.extract import frames
from mailbot.extract.page_scans import ask_with_scans, scan_to_json, scans_from_json
from mailbot.extract.sandbox import Sandbox
from mailbot.extract.spawn import WorkerDied
from tests.servers import papers

JOB: frames.Header = {"kind": "file", "name": "scan.pdf", "reader": "application/pdf", "limits": {"max_pages": 20}}


class Workers:
    """Answers jobs as a worker does that finds `pages` pages for OCR; page `bad` kills it."""

    def __init__(self, pages: int, bad: int = 0) -> None:
        self.pages, self.bad = pages, bad
        self.jobs: list[frames.Header] = []
        self.busy = self.most = 0

    async def ask(self, header: frames.Header, content: bytes) -> tuple[frames.Header, bytes]:
        self.jobs.append(header)
        self.busy += 1
        self.most = max(self.most, self.busy)
        try:
            await asyncio.sleep(0.001)
            if header["kind"] == "scans":
                if self.bad in header["pages"]:
                    raise WorkerDied("it took too long")
                return {"scans": {str(number): f"page {number}" for number in header["pages"]}}, b""
            if header.get("defer") and self.pages > 1:
                return {"wanted": list(range(1, self.pages + 1))}, b""
            return {"found": "file", "scans seen": header.get("scans")}, b""
        finally:
            self.busy -= 1


async def test_pages_are_shared_out_and_no_more_workers_taken_than_there_are() -> None:
    workers = Workers(pages=9)
    answer, _ = await ask_with_scans(workers.ask, JOB, b"", workers=2)
    assert answer["scans seen"] == {str(number): f"page {number}" for number in range(1, 10)}
    assert workers.most == 2
    assert [len(job["pages"]) for job in workers.jobs if job["kind"] == "scans"] == [2, 2, 2, 2, 1]


async def test_one_page_is_one_job() -> None:
    alone = Workers(1)
    answer, _ = await ask_with_scans(alone.ask, JOB, b"", workers=2)
    assert answer == {"found": "file", "scans seen": None}
    assert len(alone.jobs) == 1


async def test_the_limits_hold_for_two_pages_each_where_one_worker_reads_them_all() -> None:
    alone = Workers(9)
    answer, _ = await ask_with_scans(alone.ask, JOB, b"", workers=1)
    assert list(answer["scans seen"]) == [str(number) for number in range(1, 10)]
    assert alone.most == 1
    assert max(len(job["pages"]) for job in alone.jobs if job["kind"] == "scans") == 2


async def test_a_page_that_kills_its_worker_is_the_documents_problem() -> None:
    workers = Workers(pages=6, bad=4)
    with pytest.raises(WorkerDied):
        await ask_with_scans(workers.ask, JOB, b"", workers=2)
    assert workers.busy == 0


async def test_an_answer_that_holds_no_pages_is_given_back() -> None:
    async def ask(header: frames.Header, content: bytes) -> tuple[frames.Header, bytes]:
        return ({"wanted": [1, 2, 3]} if header["kind"] == "file" else {"over": "memory"}), b""

    assert (await ask_with_scans(ask, JOB, b"", workers=2))[0] == {"over": "memory"}


async def test_a_worker_cannot_ask_for_more_pages_than_are_read() -> None:
    greedy = Workers(pages=21)
    answer, _ = await ask_with_scans(greedy.ask, JOB, b"", workers=2)
    assert len(greedy.jobs) == 1
    assert "found" not in answer


def test_a_scan_survives_its_way_between_workers() -> None:
    import json

    import numpy as np

    from mailbot.extract.ocr import scan

    found = scan(np.ascontiguousarray(np.asarray(papers.scan(papers.LETTER[:3], skew=4.0))[:, :, ::-1]), number=7)
    assert scans_from_json(json.loads(json.dumps({"7": scan_to_json(found)}))) == {7: found}


async def test_two_workers_read_what_one_reads() -> None:
    pages = [papers.scan([f"Sheet number {number}00{number}", *papers.LETTER[number : number + 2]], dpi=72) for number in (1, 2, 3)]
    files = {
        "scan.pdf": papers.scanned_pdf(*pages),
        "scan.tiff": papers.png(pages[0], "TIFF", save_all=True, append_images=pages[1:]),
    }
    found = []
    for workers in (1, 2):
        sandbox = Sandbox(Extract(workers=workers))
        try:
            found.append([(await sandbox.read(name, content)).reading for name, content in files.items()])
        finally:
            await sandbox.close()
    assert found[0] == found[1]
    for reading in found[1]:
        (document,) = reading.documents
        assert [f"{page.number}00{page.number}" in page.text for page in document.pages] == [True] * 3
