"""A generator's process without any model: the real loop around an engine that does what the prompt says, well or badly.

Run as `fake_generator.py [--start FAULT] MARK FD`; MARK is a file that remembers, over processes, what was done once.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mailbot.errors import BadInput, ConfigError
from mailbot.generate import process, wire
from mailbot.generate.request import Piece, Request

READY = {"parameters": 7, "window": 64, "backend": "none", "dtype": "none", "bytes": 1 << 20, "seconds": 0.1}


@dataclass
class FakeEngine:
    """Writes "w0 w1 …" for the prompt "write N"; any other prompt names what it does wrong."""

    mark: Path
    slots: int
    send: Callable[[wire.Frame], None]
    begins: Callable[[Sequence[str]], None] = lambda names: None
    waiting: dict[str, Request] = field(default_factory=dict)
    running: dict[str, Request] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)
    warm: bool = False

    @property
    def idle(self) -> bool:
        return not (self.waiting or self.running)

    @property
    def cold(self) -> bool:
        return not self.warm

    def warm_one(self) -> tuple[int, int]:
        self.warm = True
        return 1, 1

    def submit(self, request: Request) -> None:
        if request.prompt == "refuse":
            raise BadInput("not this one", remedy="ask for another")
        if request.prompt == "template":
            raise KeyError("a chat template's bug")
        self.waiting[request.name] = request

    def cancel(self, name: str) -> None:
        if name in self.running:
            with self.mark.open("a") as mark:
                mark.write(f"cancelled after {self.written[name]}\n")
        self.waiting.pop(name, None)
        self.running.pop(name, None)

    def step(self, now: float) -> list[Piece]:
        time.sleep(0.002)
        while self.waiting and len(self.running) < self.slots:
            name = next(iter(self.waiting))
            self.running[name] = self.waiting.pop(name)
            self.written[name] = 0
            self.begins([name])
        return [self._piece(one) for one in list(self.running.values())]

    def _piece(self, request: Request) -> Piece:
        deed, _, rest = str(request.prompt).partition(" ")
        if deed == "once":
            if not self.mark.exists():
                self.mark.write_text("done\n")
                self._go_wrong(rest)
            deed, rest = "write", "3"
        if deed == "show":
            return self._end(request, repr(getattr(sys.modules["os"], rest)))
        if deed == "write":
            number = self.written[request.name]
            self.written[request.name] += 1
            if number + 1 < int(rest):
                return Piece(name=request.name, text=f"w{number} ", tokens=1)
            return self._end(request, f"w{number} ")
        if deed == "begin" and self.written[request.name] < 3:
            self.written[request.name] += 1
            return Piece(name=request.name, text="begun ", tokens=1)
        self._go_wrong(rest if deed == "begin" else deed)
        return self._end(request, "it did not go wrong")

    def _end(self, request: Request, text: str) -> Piece:
        del self.running[request.name]
        return Piece(name=request.name, text=text, tokens=1, end="stop", note=f"{self.slots} slots")

    def _go_wrong(self, how: str) -> None:
        if how == "die":
            os.kill(os.getpid(), 9)
        elif how == "crash":
            raise RuntimeError("the engine fell apart")
        elif how == "hang":
            time.sleep(600)
        elif how == "nonsense":
            self.send({"pieces": [["1", "two"]]})
            time.sleep(600)
        elif how == "leave":
            os._exit(0)


def build(setup: wire.Frame, send: Callable[[wire.Frame], None]) -> FakeEngine:
    fault = sys.argv[2] if sys.argv[1] == "--start" else ""
    mark = Path(sys.argv[-2])
    send({"loading": setup["model"]})
    with mark.with_suffix(".starts").open("a") as starts:
        starts.write(f"{os.getpid()}\n")
    if fault == "unusable":
        raise ConfigError("no such model", remedy="name another")
    if fault == "exit":
        sys.exit("there is no room")
    if fault == "hang":
        time.sleep(600)
    if fault == "slow":
        time.sleep(1)
    if fault == "twice" and len(mark.with_suffix(".starts").read_text().split()) <= 2:
        sys.exit("not yet")
    send({"ready": {**READY, "slots": setup["size"]["slots"]}})
    return FakeEngine(mark=mark, slots=setup["size"]["slots"], send=send)


if __name__ == "__main__":
    process.main(build)  # type: ignore[arg-type]
