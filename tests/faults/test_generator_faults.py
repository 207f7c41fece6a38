"""The generator when things go wrong: a device out of memory, a process that dies, hangs or lies, and a parent that is killed."""

from __future__ import annotations

from typing import Any

import pytest

from mailbot.errors import ConfigError
from mailbot.generate import engine as engine_module
from mailbot.generate.checkpoint import open_checkpoint
from mailbot.generate.engine import Engine, Size
from mailbot.generate.request import Piece, Request, Sampling
from mailbot.generate.slots import Slots
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

    def run(self, width: int, span: int) -> Any:
        self._maybe()
        found = super().run(width, span)
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
    size = Size(slots=slots, window=48, buckets=(24,), widths=(), spans=(), rows=2, chunk=3, budget=48)
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
    one = engine()
    submit_all(one)
    wanted = written(one)
    exhausted.calls, exhausted.fails = 0, frozenset({0, 9})  # reading a prompt, and later in the midst of writing
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
    with pytest.raises(ConfigError, match=r"no room for one text; lower generate.window"):
        one.warm_up()


def test_any_other_error_of_the_device_is_not_taken_for_a_lack_of_memory(exhausted: type[ExhaustedSlots]) -> None:
    one = engine(slots=1)
    one.submit(asked("x", "x"))
    exhausted.fails, exhausted.error = frozenset({exhausted.calls}), XlaRuntimeError("INTERNAL: the device fell off the bus")
    with pytest.raises(XlaRuntimeError, match="fell off the bus"):
        one.step(0.0)
