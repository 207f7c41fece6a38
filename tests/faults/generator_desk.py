"""A front before the fake process (`fake_generator`), and what tests of it share."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mailbot.generate.front import Front
from mailbot.generate.terms import Terms

FAKE = Path(__file__).parent / "fake_generator.py"


class GeneratorDesk:
    """A front before the fake process; what the process noted, and what the test waits for."""

    def __init__(self, directory: Path) -> None:
        self.mark = directory / "mark"

    def front(self, *start: str, **terms: Any) -> Front:
        command = (sys.executable, str(FAKE), *(("--start", *start) if start else ()), str(self.mark))
        return Front(Terms(**{"model": Path("model"), "slots": 2, "nice": 0, "first_wait": 0.01} | terms), command=command)

    @property
    def pids(self) -> list[int]:
        """The processes that were started, oldest first."""
        starts = self.mark.with_suffix(".starts")
        return [int(line) for line in starts.read_text().split()] if starts.exists() else []


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
