"""The remote maker against servers that hang up, stall, lie and come back: a draft in every case, and it says whose."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from mailbot.config import Generate
from mailbot.core.draft import Draft
from mailbot.errors import MailbotError, Unreachable
from mailbot.generate.remote import RemoteGenerator
from mailbot.ports import DraftRequest
from tests.faults import model_script as fake
from tests.faults.model_script import Line, Script, scripted_server

REQUEST = DraftRequest(
    account="a", language="en", template="t", skeleton="The skeleton.\n", facts={}, instructions="", mail="Where is it?"
)
ALONE = "this is the reply template alone."


@dataclass
class Local:
    """A fallback that is no template."""

    note: str = ""
    error: MailbotError | None = None
    closed: bool = False
    asked: list[DraftRequest] = field(default_factory=list)

    async def draft(self, request: DraftRequest) -> Draft:
        self.asked.append(request)
        if self.error:
            raise self.error
        return Draft(text="Local words.\n", made_by="model", release="tiny", note=self.note)

    async def probe(self) -> str:
        return "tiny"

    async def close(self) -> None:
        self.closed = True


@dataclass
class Clock:
    """Seconds that only pass when told to."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def made(url: str, *, fallback: Local | None = None, clock: Clock | None = None, **more: object) -> RemoteGenerator:
    settings = Generate.model_validate({"maker": "remote", "url": url, "model": "m", "timeout_seconds": 60, **more})
    return RemoteGenerator(settings, "", fallback=fallback, clock=clock or Clock())


@pytest.mark.parametrize("script", [fake.good, fake.good_without_done, fake.good_and_hold])
async def test_streams_that_say_how_they_ended_are_taken(script: Script) -> None:
    async with scripted_server(script) as server:
        generator = made(server.url)
        draft = await generator.draft(REQUEST)
        await generator.close()
    assert (draft.text, draft.made_by, draft.release, draft.note) == ("Dear Eva,\n\nsoon.\n", "remote", "small-1", "")


@pytest.mark.parametrize(
    ("script", "reason", "tries"),
    [
        (fake.hang_up, "cannot be reached (RemoteProtocolError) (3 tries)", 3),
        (fake.half_a_head, "cannot be reached (RemoteProtocolError) (3 tries)", 3),
        (fake.cut_short, "broke off (RemoteProtocolError) in the middle of its answer", 1),
        (fake.end_early, "ended its answer in the middle", 1),
        (fake.stall, "said nothing for 0.3 seconds in the middle of its answer", 1),
        (fake.error_inside, "reported an error (slot 3 was lost)", 1),
        (fake.flood, "sent more than 16000000 bytes", 1),
    ],
)
async def test_what_breaks_once_words_have_come_is_not_tried_again(script: Script, reason: str, tries: int) -> None:
    async with scripted_server(script) as server:
        generator = made(server.url, stall_seconds=0.3 if script is fake.stall else 30)
        draft = await generator.draft(REQUEST)
        await generator.close()
    assert (draft.text, draft.made_by, draft.note) == ("The skeleton.\n", "template", f"The model server {reason}: {ALONE}")
    assert server.asked == tries


async def test_signs_of_life_are_no_answer() -> None:
    async with scripted_server(fake.drip_comments) as server:
        generator = made(server.url, timeout_seconds=0.7)
        draft = await generator.draft(REQUEST)
        await generator.close()
    assert draft.note == f"The model server did not answer within 0.7 seconds: {ALONE}"


async def test_a_hang_up_before_any_word_is_tried_again() -> None:
    async with scripted_server(fake.hang_up, fake.good) as server:
        generator = made(server.url)
        assert (await generator.draft(REQUEST)).made_by == "remote"
        await generator.close()
    assert server.asked == 2


@pytest.mark.parametrize(
    ("local", "made_by", "note"),
    [
        (Local(), "model", "The model server ended its answer in the middle: the local model wrote this instead."),
        (
            Local(note="It was cut."),
            "model",
            "The model server ended its answer in the middle: the local model wrote this instead. It was cut.",
        ),
        (Local(error=Unreachable("no model")), "template", f"The model server ended its answer in the middle: {ALONE}"),
    ],
)
async def test_the_fallback_drafts_and_the_draft_says_so(local: Local, made_by: str, note: str) -> None:
    async with scripted_server(fake.end_early) as server:
        generator = made(server.url, fallback=local)
        draft = await generator.draft(REQUEST)
        await generator.close()
    assert (draft.made_by, draft.note) == (made_by, note)
    assert local.asked == [REQUEST]
    assert local.closed


async def test_a_failing_server_is_left_alone_and_then_tried_by_one_request() -> None:
    clock, waiting = Clock(), asyncio.Event()

    async def slow(line: Line) -> None:
        await waiting.wait()
        await fake.good(line)

    async with scripted_server(fake.end_early, fake.end_early, slow, fake.good) as server:
        generator = made(server.url, clock=clock, breaker_failures=2, breaker_seconds=30)
        for _ in range(2):
            assert "ended its answer" in (await generator.draft(REQUEST)).note
        drafts = [await generator.draft(REQUEST) for _ in range(3)]
        assert {draft.note for draft in drafts} == {
            "The model server is left alone for 30 more seconds, since it failed 2 times in a row "
            f"(it ended its answer in the middle): {ALONE}"
        }
        assert server.asked == 2

        clock.now = 30
        trial = asyncio.create_task(generator.draft(REQUEST))
        async with asyncio.timeout(30):
            while server.asked < 3:
                await asyncio.sleep(0.01)
        assert "only just being tried again" in (await generator.draft(REQUEST)).note
        waiting.set()
        assert (await trial).made_by == "remote"
        assert (await generator.draft(REQUEST)).made_by == "remote"
        await generator.close()


async def test_a_trial_that_was_cancelled_leaves_the_next_one_to_try() -> None:
    clock = Clock()
    async with scripted_server(fake.end_early, fake.stall, fake.good) as server:
        generator = made(server.url, clock=clock, breaker_failures=1, breaker_seconds=5, stall_seconds=60)
        await generator.draft(REQUEST)
        clock.now = 5
        trial = asyncio.create_task(generator.draft(REQUEST))
        async with asyncio.timeout(30):
            while server.asked < 2:
                await asyncio.sleep(0.01)
        trial.cancel()
        with pytest.raises(asyncio.CancelledError):
            await trial
        assert (await generator.draft(REQUEST)).made_by == "remote"
        await generator.close()


async def test_a_server_that_hangs_costs_its_time_only_a_few_times() -> None:
    async def never(line: Line) -> None:
        await line.gone()

    async with scripted_server(never) as server:
        generator = made(server.url, timeout_seconds=0.2, concurrency=2, breaker_failures=2)
        drafts = await asyncio.gather(*(generator.draft(REQUEST) for _ in range(40)))
        await generator.close()
    assert all(draft.made_by == "template" and draft.note for draft in drafts)
    assert server.asked <= 4


async def test_an_answer_of_no_use_does_not_count_against_the_server() -> None:
    async def long(line: Line) -> None:
        await line.say(b"HTTP/1.1 400 Bad\r\ncontent-length: 37\r\n\r\n" + b'{"error": {"message": "too many tok"}}'[:37])

    async with scripted_server(long) as server:
        generator = made(server.url, breaker_failures=1)
        for _ in range(3):
            assert "answered HTTP 400" in (await generator.draft(REQUEST)).note
        await generator.close()
    assert server.asked == 3
