"""The generator's own process: one thread owns the device and steps the engine, another reads what the daemon asks.

Started as `python -P -m mailbot.generate.process FD` by `mailbot.generate.child`, FD being one end of a socket pair (`wire`).
It ends when the daemon's end is closed, in whatever way the daemon ended: nothing here is worth keeping.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailbot.errors import ConfigError, MailbotError
from mailbot.generate import wire

if TYPE_CHECKING:
    from mailbot.generate.engine import Engine

ASKING_SECONDS = 0.05
"""How long new requests may be read in one go: tokenising a burst of them must not hold up the texts that are being written."""


class Inbox:
    """What the daemon asked and the engine was not told yet. Filled by one thread, emptied by another."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._asks: dict[str, wire.Frame] = {}
        self._cancelled: list[str] = []

    def put(self, frame: wire.Frame) -> None:
        """Take a frame of the daemon's."""
        with self._changed:
            if "ask" in frame:
                self._asks[frame["ask"]] = frame
            elif self._asks.pop(frame["cancel"], None) is None:
                self._cancelled.append(frame["cancel"])
            self._changed.notify()

    @property
    def empty(self) -> bool:
        """Whether there is nothing."""
        return not (self._asks or self._cancelled)

    def wait(self) -> None:
        """Wait until there is something."""
        with self._changed:
            self._changed.wait_for(lambda: not self.empty)

    def cancelled(self) -> list[str]:
        """Take the names that are to end."""
        with self._changed:
            names, self._cancelled = self._cancelled, []
        return names

    def ask(self) -> wire.Frame | None:
        """Take the oldest request, None when there is none."""
        with self._changed:
            return self._asks.pop(next(iter(self._asks))) if self._asks else None


def main(build: Callable[[wire.Frame, Callable[[wire.Frame], None]], Engine] | None = None) -> None:
    """Serve the daemon until it closes its end; `build` makes the engine out of the setup."""
    link = socket.socket(fileno=int(sys.argv[-1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    frames = wire.Splitter()
    setup, *early = _first(link, frames)
    os.nice(setup["nice"])
    inbox = Inbox()
    for frame in early:
        inbox.put(frame)
    threading.Thread(target=_listen, args=(link, frames, inbox), name="listener", daemon=True).start()

    def send(frame: wire.Frame) -> None:
        link.sendall(wire.pack(frame))

    try:
        serve((build or _engine)(setup, send), inbox, send)
    except MailbotError as error:
        send({"unusable": str(error.args[0]), "remedy": error.remedy})


def serve(engine: Engine, inbox: Inbox, send: Callable[[wire.Frame], None]) -> None:
    """Write what is asked, for ever; compile what may be asked while there is nothing. Raises ConfigError."""
    engine.begins = lambda names: send({"begun": list(names)})
    slots = engine.slots
    while True:
        while engine.idle and inbox.empty:
            # what a text needs is compiled when it needs it: none waits for steps that others may need one day
            if engine.cold:
                done, most = engine.warm_one()
                _give_back()
                send({"warming": done, "of": most})
            else:
                inbox.wait()
        for name in inbox.cancelled():
            engine.cancel(name)
        _submit(engine, inbox, send)
        if not engine.idle:
            send(wire.pieces(engine.step(time.monotonic())))
        if engine.slots != slots:
            slots = engine.slots
            print(f"the device has too little memory: {slots} slots are left", file=sys.stderr, flush=True)
            send({"slots": slots})


def _submit(engine: Engine, inbox: Inbox, send: Callable[[wire.Frame], None]) -> None:
    """Tell the engine of new requests; one that cannot be taken fails alone, whatever its prompt makes a tokenizer throw."""
    end = time.monotonic() + ASKING_SECONDS
    while (frame := inbox.ask()) is not None:
        try:
            engine.submit(wire.asked(frame))
        except Exception as error:
            send(wire.refusal(frame["ask"], error))
        if time.monotonic() > end:
            return


def _first(link: socket.socket, frames: wire.Splitter) -> list[wire.Frame]:
    """Return the setup, and what came with it."""
    while True:
        more = link.recv(1 << 16)
        if not more:
            sys.exit(0)
        if found := list(frames.feed(more)):
            return found


def _listen(link: socket.socket, frames: wire.Splitter, inbox: Inbox) -> None:
    """Read what the daemon asks; end this process at once when it has gone, even in the midst of a step."""
    try:
        while more := link.recv(1 << 16):
            for frame in frames.feed(more):
                inbox.put(frame)
        os._exit(0)
    except Exception:
        traceback.print_exc()
        os._exit(1)


def _engine(setup: wire.Frame, send: Callable[[wire.Frame], None]) -> Engine:
    """Load the model, and say what it is. Raises ConfigError."""
    began = time.monotonic()
    send({"loading": setup["model"]})
    from mailbot.generate import backend
    from mailbot.generate.checkpoint import open_checkpoint

    if setup["threads"]:
        backend.limit_threads(setup["threads"])
    from mailbot.generate.engine import Engine, Size

    checkpoint = open_checkpoint(Path(setup["model"]))
    try:
        engine = Engine(checkpoint, Size(**setup["size"]))
    except Exception as error:
        if not backend.is_exhausted(error):
            raise
        raise ConfigError(
            f"{setup['model']}: the model and {setup['size'].get('slots')} slots are larger than the memory there is",
            remedy="lower generate.slots or generate.window, or use a smaller model",
        ) from error
    about: dict[str, Any] = {
        "parameters": checkpoint.parameters,
        "window": engine.window,
        "slots": engine.slots,
        "backend": f"{backend.NAME} on {'an accelerator' if backend.on_accelerator() else 'the CPU'}",
        "dtype": engine.dtype,
        "bytes": _resident(),
        "seconds": round(time.monotonic() - began, 2),
    }
    send({"ready": about})
    return engine


def _give_back() -> None:
    """Let the system have what compiling used and freed: glibc keeps up to 70 MB of it."""
    with contextlib.suppress(AttributeError, OSError):  # other C libraries have no such call
        ctypes.CDLL(None).malloc_trim(0)


def _resident() -> int:
    """Return the bytes of memory this process has."""
    with open("/proc/self/statm", "rb") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    main()
