"""The generator when things go wrong: a device out of memory, a process that dies, hangs or lies, and a parent that is killed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from mailbot.errors import ConfigError, MailbotError, Unreachable, WorkerUnavailable
from mailbot.generate import engine as engine_module
from mailbot.generate.checkpoint import open_checkpoint
from mailbot.generate.engine import Engine, Size
from mailbot.generate.front import Front
from mailbot.generate.request import Piece, Request, Sampling
from mailbot.generate.slots import Slots
from mailbot.generate.terms import Terms
from tests.faults.generator_desk import FAKE, GeneratorDesk, is_alive, until
from tests.servers.test_engine import FIXTURES, Letters

PROMPTS = ("A", "order", "please pay", "Invoice4711", "twenty-four-letters-long")


class ExhaustedSlots(Slots):
    """A device that runs out of memory at the calls (counted from 0) of `fails`, or whenever it has more than `room` slots."""

    fails: frozenset[int] = frozenset()
    room = 99
    error: Exception = MemoryError()
    calls = 0
    many = 0

    def _begin(self, slots: int) -> None:
        type(self).many = slots
        super()._begin(slots)

    def _maybe(self) -> None:
        one = type(self)
        one.calls += 1
        if one.calls - 1 in one.fails or one.many > one.room:
            raise one.error

    def fill(self, *arguments: Any) -> list[int]:
        self._maybe()
        found = super().fill(*arguments)
        self._maybe()
        return found

    def run(self, width: int, span: int, least: int = 1) -> Any:
        self._maybe()
        found = super().run(width, span, least)
        self._maybe()
        return found


class XlaRuntimeError(RuntimeError):
    """Named as the one of jaxlib is."""


@pytest.fixture
def exhausted(monkeypatch: pytest.MonkeyPatch) -> type[ExhaustedSlots]:
    fresh = type("ExhaustedSlots", (ExhaustedSlots,), {})
    monkeypatch.setattr(engine_module, "Slots", fresh)
    return fresh


def engine(slots: int = 4) -> Engine:
    size = Size(slots=slots, window=48, buckets=(), widths=(), spans=(), rows=2, chunk=3, budget=96)
    return Engine(open_checkpoint(FIXTURES / "qwen3"), size, tokenizer=Letters())


def asked(name: str, prompt: str, most: int = 14, **options: Any) -> Request:
    return Request(name=name, account="a", prompt=prompt, max_tokens=most, **options)


def written(one: Engine) -> dict[str, tuple[str, Piece]]:
    """Run to the end; return the text and the last piece of each request."""
    texts: dict[str, list[Piece]] = {}
    while not one.idle:
        for piece in one.step(0.0):
            texts.setdefault(piece.name, []).append(piece)
    return {name: ("".join(piece.text for piece in pieces), pieces[-1]) for name, pieces in texts.items()}


def submit_all(one: Engine) -> None:
    for number, prompt in enumerate(PROMPTS):
        hot = Sampling(temperature=1.0, seed=number) if number == 2 else Sampling()
        one.submit(asked(prompt, prompt, 10 + number, sampling=hot))


def test_texts_go_on_exactly_when_the_device_runs_out_of_memory(exhausted: type[ExhaustedSlots]) -> None:
    one = engine(slots=2)
    submit_all(one)
    wanted = written(one)
    exhausted.calls, exhausted.fails = 0, frozenset({9})  # in the midst of writing
    exhausted.error = XlaRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 4096 bytes.")
    submit_all(one)
    found = written(one)
    assert {name: (text, last.end) for name, (text, last) in found.items()} == {
        name: (text, last.end) for name, (text, last) in wanted.items()
    }
    assert one.slots == 1
    assert len({text for text, _ in found.values()}) == len(PROMPTS)


def test_what_does_not_fit_into_the_last_slot_fails_alone(exhausted: type[ExhaustedSlots]) -> None:
    one = engine(slots=2)
    for name in ("first", "second", "third"):
        one.submit(asked(name, name, 7))
    exhausted.fails = frozenset({exhausted.calls, exhausted.calls + 1})  # with two slots, then with one
    found = written(one)
    assert {name: last.end for name, (_, last) in found.items()} == {"first": "failed", "second": "length", "third": "length"}
    assert found["first"][1].note == "The device has too little memory for it (MemoryError)."
    assert one.slots == 1


def test_warming_up_keeps_as_many_slots_as_the_device_holds(exhausted: type[ExhaustedSlots]) -> None:
    exhausted.room = 2
    one = engine()
    one.warm_up()
    assert one.slots == 2
    exhausted.room = 0
    one = engine(slots=2)
    with pytest.raises(ConfigError, match=r"no room for one text; lower generate.window"):
        one.warm_up()


def test_any_other_error_of_the_device_is_not_taken_for_a_lack_of_memory(exhausted: type[ExhaustedSlots]) -> None:
    one = engine(slots=1)
    one.submit(asked("x", "x"))
    exhausted.fails, exhausted.error = frozenset({exhausted.calls}), XlaRuntimeError("INTERNAL: the device fell off the bus")
    with pytest.raises(XlaRuntimeError, match="fell off the bus"):
        one.step(0.0)


@pytest.fixture
def desk(tmp_path: Path) -> GeneratorDesk:
    return GeneratorDesk(tmp_path)


@pytest.mark.parametrize("how", ["die", "crash", "nonsense", "leave"])
async def test_a_text_is_written_by_the_next_process_when_one_dies(
    desk: GeneratorDesk, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk.front() as front:
        texts = await asyncio.gather(
            front.text(f"once {how}", max_tokens=9), *(front.text("write 9", max_tokens=9) for _ in range(5))
        )
        assert [one.text for one in texts] == ["w0 w1 w2 ", *["w0 w1 w2 w3 w4 w5 w6 w7 w8 "] * 5]
        assert [one.tokens for one in texts] == [3, 9, 9, 9, 9, 9]
        assert len(desk.pids) == 2
        assert not is_alive(desk.pids[0])
    reasons = {
        "die": "the system killed it, most likely for memory",
        "crash": "status 1: RuntimeError: the engine fell apart",
        "nonsense": "it answered nonsense",
        "leave": "it ended by itself with status 0",
    }
    assert reasons[how] in caplog.text


async def test_a_process_that_hangs_is_ended_and_its_text_written_by_the_next(
    desk: GeneratorDesk, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk.front(hang_seconds=1.5) as front:
        await front.text("write 1", max_tokens=1)
        assert (await front.text("once hang", max_tokens=3)).text == "w0 w1 w2 "
    assert "it said nothing for 1.5 seconds" in caplog.text


async def test_a_request_at_work_in_two_deaths_is_refused_and_its_neighbours_are_served(desk: GeneratorDesk) -> None:
    async with desk.front(slots=1) as front:
        poison = asyncio.create_task(front.text("die", max_tokens=3))
        others = [asyncio.create_task(front.text("write 2", max_tokens=3)) for _ in range(20)]
        with pytest.raises(MailbotError, match=r"ended twice while it wrote this: .*; write this one by hand") as refused:
            await poison
        assert not refused.value.retry
        assert {one.text for one in await asyncio.gather(*others)} == {"w0 w1 "}
        assert len(desk.pids) == 3


async def test_a_stream_that_was_seen_breaks_off_and_says_so(desk: GeneratorDesk) -> None:
    async with desk.front() as front:
        stream = front.stream("begin die", max_tokens=9)
        assert (await anext(stream)).text.startswith("begun")
        with pytest.raises(Unreachable, match="in the midst of this text") as broken:
            async for _ in stream:
                pass
        assert broken.value.retry
        assert (await front.text("write 1", max_tokens=1)).text == "w0 "


async def test_while_the_process_keeps_dying_calls_fail_at_once_until_it_is_back(desk: GeneratorDesk) -> None:
    async with desk.front("exit", first_wait=0.5) as front:
        with pytest.raises(Unreachable, match=r"ended twice: it ended by itself with status 1: there is no room") as first:
            await front.text("write 1", max_tokens=1)
        assert first.value.retry
        results = await asyncio.gather(*(front.text("write 1", max_tokens=1) for _ in range(50)), return_exceptions=True)
        assert {type(one) for one in results} == {Unreachable}
        assert all("keeps ending" in str(one) for one in results)
        with pytest.raises(Unreachable, match="keeps ending"):
            await front.probe()
        assert len(desk.pids) == 2

    async with desk.front("twice") as front:
        desk.mark.with_suffix(".starts").unlink()
        with pytest.raises(Unreachable):
            await front.text("write 1", max_tokens=1)
        await asyncio.sleep(0.05)
        assert (await front.text("write 1", max_tokens=1)).text == "w0 "
        assert len(desk.pids) == 3


async def test_a_model_that_cannot_be_used_is_told_to_everyone_who_waits(desk: GeneratorDesk) -> None:
    async with desk.front("unusable", first_wait=60) as front:
        results = await asyncio.gather(*(front.text("write 1", max_tokens=1) for _ in range(3)), return_exceptions=True)
        assert [(type(one), str(one)) for one in results] == [(ConfigError, "no such model; name another")] * 3
        with pytest.raises(ConfigError, match="no such model"):
            await front.text("write 1", max_tokens=1)
        with pytest.raises(ConfigError, match="no such model"):
            await front.probe()
        assert len(desk.pids) == 1


async def test_a_process_that_hangs_while_it_starts_is_ended(desk: GeneratorDesk) -> None:
    async with desk.front("hang", start_seconds=1.0) as front:
        with pytest.raises(Unreachable, match="it said nothing for 1 seconds"):
            await front.text("write 1", max_tokens=1)
    await until(lambda: not any(map(is_alive, desk.pids)))


async def test_a_program_that_cannot_be_started_is_the_machines_fault(desk: GeneratorDesk) -> None:
    async with Front(Terms(model=Path("m")), command=("/nonexistent/python",)) as front:
        with pytest.raises(WorkerUnavailable, match="cannot be started") as caught:
            await front.text("write 1", max_tokens=1)
        assert caught.value.retry


async def test_closing_ends_the_process_and_tells_everyone_who_waits(desk: GeneratorDesk) -> None:
    front = desk.front()
    waiting = [asyncio.create_task(front.text(prompt, max_tokens=1)) for prompt in ("write 100000", "hang", "write 1")]
    await until(lambda: front.ready is not None)
    await front.close()
    for one in waiting:
        with pytest.raises(Unreachable, match="the generator was closed"):
            await one
    assert not is_alive(desk.pids[0])
    with pytest.raises(MailbotError, match="is closed"):
        await front.text("write 1", max_tokens=1)


async def test_closing_while_the_process_starts_leaves_none_behind(desk: GeneratorDesk) -> None:
    front = desk.front("hang")
    waiting = asyncio.create_task(front.text("write 1", max_tokens=1))
    await until(lambda: bool(desk.pids))
    await front.close()
    with pytest.raises(Unreachable, match="closed"):
        await waiting
    assert not is_alive(desk.pids[0])
    early = desk.front()
    waiting = asyncio.create_task(early.text("write 1", max_tokens=1))
    await asyncio.sleep(0)
    await early.close()
    with pytest.raises(Unreachable, match="closed"):
        await waiting


@pytest.mark.parametrize("prompt", ["write 1000000", "hang"])
async def test_the_process_dies_with_the_daemon(desk: GeneratorDesk, prompt: str) -> None:
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from mailbot.generate.front import Front, Terms\n"
        "async def main():\n"
        "    front = Front(Terms(model=Path('m')), command=sys.argv[2:])\n"
        "    await front.text(sys.argv[1], max_tokens=1)\n"
        "asyncio.run(main())\n"
    )
    command = (sys.executable, str(FAKE), str(desk.mark))
    daemon = await asyncio.create_subprocess_exec(sys.executable, "-c", script, prompt, *command)
    await until(lambda: bool(desk.pids))
    await asyncio.sleep(0.2)
    assert is_alive(desk.pids[0])
    daemon.kill()
    await daemon.wait()
    await until(lambda: not is_alive(desk.pids[0]))


async def test_the_process_knows_nothing_of_the_daemons_secrets(desk: GeneratorDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_PASSWORD", "not for the model")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    async with desk.front(threads=3) as front:
        told = (await front.text("show environ", max_tokens=1)).text
    assert "DESK_PASSWORD" not in told
    assert "'CUDA_VISIBLE_DEVICES': '1'" in told
    assert "'OMP_NUM_THREADS': '3'" in told
