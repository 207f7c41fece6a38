"""The front in ordinary use: texts, streams, cancelling, deadlines and bounds before a fake process, then before a real model."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
import pytest_asyncio

from mailbot.errors import BadInput, MailbotError
from mailbot.generate.front import Front
from mailbot.generate.request import Piece, Sampling
from mailbot.generate.scheduler import Busy
from mailbot.generate.terms import Terms
from tests.faults.generator_desk import GeneratorDesk, is_alive, until
from tests.servers.test_engine import FIXTURES

LONG = "write 1000000"


@pytest.fixture
def desk(tmp_path: Path) -> GeneratorDesk:
    return GeneratorDesk(tmp_path)


async def test_nothing_is_started_before_it_is_needed_and_probing_does_not(desk: GeneratorDesk) -> None:
    async with desk.front() as front:
        assert await front.probe() == "not started"
        assert (front.pid, desk.pids) == (0, [])
        written = await front.text("write 2", max_tokens=2)
        assert (written.text, written.end, written.tokens, written.note) == ("w0 w1 ", "stop", 2, "2 slots")
        assert await front.probe() == "7 parameters, none, none, 1 MB, 2 slots of 64 tokens, 0 requests"
        assert desk.pids == [front.pid]


async def test_a_stream_gives_the_text_as_it_comes(desk: GeneratorDesk) -> None:
    async with desk.front() as front:
        pieces = [piece async for piece in front.stream("write 50", max_tokens=50)]
        assert "".join(piece.text for piece in pieces) == (await front.text("write 50", max_tokens=50)).text
        assert sum(piece.tokens for piece in pieces) == 50
        assert [piece.end for piece in pieces] == [""] * (len(pieces) - 1) + ["stop"]
        async with aclosing(front.stream(LONG, max_tokens=1_000_000)) as stream:
            assert (await anext(stream)).end == ""


async def test_a_reader_that_does_not_read_keeps_nobody_waiting(desk: GeneratorDesk) -> None:
    async with desk.front() as front:
        stream = front.stream("write 500", max_tokens=500)
        seen = (await anext(stream)).text
        for _ in range(30):
            await front.text("write 20", max_tokens=20)
        rest = [piece async for piece in stream]
        assert len(rest) == 1
        assert (seen + rest[0].text).split() == [f"w{number}" for number in range(500)]


async def test_a_cancelled_text_frees_its_slot(desk: GeneratorDesk) -> None:
    async with desk.front(slots=1) as front:
        await front.text("write 1", max_tokens=1)
        long = asyncio.create_task(front.text(LONG, max_tokens=1))
        waiting = asyncio.create_task(front.text(LONG, max_tokens=1))
        await asyncio.sleep(0.05)
        for task in (waiting, long):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert (await front.text("write 1", max_tokens=1)).text == "w0 "
        assert desk.mark.read_text().count("cancelled after") == 1
        assert len(desk.pids) == 1


async def test_a_stream_that_is_closed_frees_its_slot(desk: GeneratorDesk) -> None:
    async with desk.front(slots=1) as front:
        async with aclosing(front.stream(LONG, max_tokens=1)) as stream:
            async for _ in stream:
                break
        assert (await front.text("write 1", max_tokens=1)).text == "w0 "
        assert desk.mark.read_text().count("cancelled after") == 1


async def test_a_late_text_ends_with_what_there_is(desk: GeneratorDesk) -> None:
    async with desk.front(slots=1) as front:
        await front.text("write 1", max_tokens=1)
        first = front.text(LONG, max_tokens=1, deadline_seconds=0.3)
        behind = front.text(LONG, max_tokens=1, deadline_seconds=0.1)
        late, waited = await asyncio.gather(first, behind)
        assert (late.end, waited.end, waited.text) == ("late", "late", "")
        assert late.text.startswith("w0 w1 ")
        pieces = [piece async for piece in front.stream(LONG, max_tokens=1, deadline_seconds=0.2)]
        assert pieces[-1].end == "late"
        await until(lambda: desk.mark.read_text().count("cancelled after") == 2)


async def test_the_time_that_loading_takes_is_not_the_texts(desk: GeneratorDesk) -> None:
    async with desk.front("slow") as front:
        assert (await front.text("write 1", max_tokens=1, deadline_seconds=0.5)).end == "stop"


async def test_what_one_prompt_makes_go_wrong_fails_it_alone(desk: GeneratorDesk) -> None:
    async with desk.front() as front:
        with pytest.raises(BadInput, match="max_tokens is 0"):
            await front.text("write 1", max_tokens=0)
        beside = asyncio.create_task(front.text("write 100", max_tokens=1))
        with pytest.raises(BadInput, match="not this one; ask for another"):
            await front.text("refuse", max_tokens=1)
        with pytest.raises(MailbotError, match=r"KeyError: .a chat template's bug"):
            await front.text("template", max_tokens=1)
        with pytest.raises(BadInput, match="more than a prompt may have"):
            await front.text("x" * 17_000_000, max_tokens=1)
        assert (await beside).tokens == 100
        assert len(desk.pids) == 1


async def test_thousands_wait_and_no_more_than_that(desk: GeneratorDesk) -> None:
    async with desk.front(slots=64, waiting=2000) as front:
        texts = [asyncio.create_task(front.text("write 1", max_tokens=1)) for _ in range(2000)]
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="2000 drafts wait for the model already"):
            await front.text("write 1", max_tokens=1)
        assert {one.text for one in await asyncio.gather(*texts)} == {"w0 "}
        assert (await front.text("write 1", max_tokens=1)).text == "w0 "


async def test_a_process_without_work_is_ended_and_a_new_one_started_when_there_is_some(desk: GeneratorDesk) -> None:
    async with desk.front(idle_seconds=0.2) as front:
        for lives in (1, 2):
            assert (await front.text("write 1", max_tokens=1)).text == "w0 "
            assert len(desk.pids) == lives
            await until(lambda: front.pid == 0)
            await until(lambda: not is_alive(desk.pids[-1]))
        assert await front.probe() == "not running"


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def front() -> AsyncIterator[Front]:
    """A front before a process with a real, tiny GPT-2 that wrote its first text."""
    async with Front(Terms(model=FIXTURES / "gpt2-text", slots=2, window=64, threads=1, nice=0)) as real:
        await real.text("Dear Sir", max_tokens=1)
        yield real


async def test_a_real_model_says_what_it_is(front: Front) -> None:
    assert front.ready is not None
    assert (front.ready.parameters, front.ready.window, front.ready.slots, front.ready.dtype) == (18_880, 64, 2, "float32")
    assert 0 < front.ready.bytes < 1_200_000_000
    assert "tensorflow on the CPU" in await front.probe()


async def test_a_real_model_writes_the_same_alone_in_company_and_as_a_stream(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    prompts = [f"Dear Sir, invoice {number}" for number in range(6)]
    alone = [(await front.text(prompt, max_tokens=20)).text for prompt in prompts]
    together = await asyncio.gather(*(front.text(prompt, account=prompt, max_tokens=20) for prompt in prompts))
    assert [one.text for one in together] == alone
    assert len(set(alone)) > 1
    heard: list[Piece] = []
    taken = front._take
    monkeypatch.setattr(front, "_take", lambda piece: (heard.append(piece), taken(piece)))
    streams = [[piece async for piece in front.stream(prompt, max_tokens=20)] for prompt in prompts]
    assert ["".join(piece.text for piece in stream) for stream in streams] == alone
    # a reader that is late finds pieces joined, so what the process sent is what can be told for certain
    sent = Counter(piece.name for piece in heard)
    assert len(sent) == len(prompts)
    assert min(sent.values()) > 1
    hot = Sampling(temperature=2.0, seed=5)
    assert (await front.text(prompts[0], max_tokens=20, sampling=hot)).text != alone[0]
    stop = alone[0][4:6]
    stopped = await front.text(prompts[0], max_tokens=20, stop=(stop,))
    assert (stopped.text, stopped.end) == (alone[0][: alone[0].index(stop)], "stop")


async def test_a_real_model_takes_chat_messages_and_refuses_what_it_cannot_write(front: Front) -> None:
    chat = ({"role": "system", "content": "Be short."}, {"role": "user", "content": "When is it paid?"})
    written = await front.text(chat, max_tokens=4)
    assert (written.tokens, written.end) == (4, "length")
    with pytest.raises(BadInput, match="the prompt is empty"):
        await front.text("", max_tokens=4)
    with pytest.raises(MailbotError, match="KeyError"):
        await front.text(({"role": "user", "words": "?"},), max_tokens=4)
    cut = await front.text("An invoice over EUR 1,939.00 and much more.\n\n" * 40, max_tokens=4)
    assert cut.note.startswith("The prompt was too long for the model")


async def test_a_real_model_goes_on_after_texts_were_given_up(front: Front) -> None:
    tasks = [asyncio.create_task(front.text(f"Dear {number}", max_tokens=50)) for number in range(12)]
    await asyncio.sleep(0.01)
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [getattr(one, "end", one) for one in results[1::2]] == ["length"] * 6
    # a fast machine may have written some of these to their end before they were given up
    assert all(isinstance(one, asyncio.CancelledError) or one.end == "length" for one in results[::2])
    assert (await front.text("Dear Sir", max_tokens=3)).tokens == 3
