"""A desk as its own process, to be killed: config on disk, `mailbot run` under it, and a reviewer who accepts everything."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mailbot import daemon, shipped
from mailbot.config_file import load
from mailbot.core.lifecycle import State
from mailbot.errors import MailbotError


class DeskProcess:
    """`mailbot run` on a directory; may be killed and started again any number of times."""

    def __init__(self, directory: Path, toml: str) -> None:
        self.config_file = directory / "mailbot.toml"
        self.config_file.write_text(toml)
        self.log = directory / "daemon.log"
        for name in ("rules", "templates"):
            if not (directory / name).exists():
                (directory / name).symlink_to(shipped.folder("rules" if name == "rules" else "templates"))
        self._running: subprocess.Popen[bytes] | None = None
        self._begins = 0

    def start(self) -> None:
        """Start the daemon; its log is kept beside the config."""
        with open(self.log, "ab") as log:
            self._begins = log.tell()
            self._running = subprocess.Popen(self.command("run"), stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "mailbot", "--config", str(self.config_file), *words]

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*words), capture_output=True, text=True, timeout=60, check=False)

    @property
    def pid(self) -> int:
        assert self._running is not None
        return self._running.pid

    async def runs(self) -> bool:
        """Whether the daemon that was started last says that everything runs."""
        return b"mailbot runs" in await asyncio.to_thread(lambda: self.log.read_bytes()[self._begins :])

    def kill(self) -> None:
        """kill -9: nothing gets a chance to tidy up."""
        assert self._running is not None
        assert self._running.poll() is None, f"the daemon stopped by itself: {self.log.read_text()[-2000:]}"
        os.kill(self._running.pid, signal.SIGKILL)
        self._running.wait(10)

    def stop(self) -> int:
        """SIGTERM; return the exit status."""
        if self._running is None or self._running.poll() is not None:
            return -1
        self._running.terminate()
        return self._running.wait(30)

    def ended(self, seconds: float) -> int:
        """Wait until the daemon ends by itself; return the exit status."""
        assert self._running is not None
        return self._running.wait(seconds)

    @asynccontextmanager
    async def parts(self) -> AsyncIterator[daemon.Parts]:
        """The same ledger from this process, as the command line opens it."""
        async with daemon.build(load(self.config_file)) as parts:
            yield parts


async def accept_everything(parts: daemon.Parts, *, person: str = "anna") -> None:
    """Play a whole office of reviewers until cancelled."""

    async def accept(item: int) -> None:
        with contextlib.suppress(MailbotError):
            await parts.desk.accept(item, person, acknowledged=True)

    while True:
        waiting = await parts.ledger.items(states=[State.IN_REVIEW], limit=100)
        await asyncio.gather(*(accept(item.id) for item in waiting))
        if not waiting:
            await asyncio.sleep(0.05)


async def until(condition: Any, seconds: float, what: str) -> None:
    """Wait until an async condition holds; fail with `what` after a generous time."""
    async with asyncio.timeout(seconds):
        try:
            while not await condition():
                await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"not within {seconds} s: {what}") from None
