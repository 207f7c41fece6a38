"""What the generator's process runs, and how patient the daemon is with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

FEW = {"prefixes": 0, "buckets": (384,), "widths": (1,)}
"""The sizes of the engine for briefs. Each step that is compiled costs about 40 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """`model` is a Hugging Face directory; `slots`, `window`, `threads` (0: as the library likes) and `nice` are the process's.

    At most `waiting` requests are there at once. The process is killed after `hang_seconds` without a word while there is work
    (`start_seconds` while it loads), ended after `idle_seconds` without work (0: never), and started again
    `first_wait` seconds after a death, doubled for each further one up to `most_wait`.
    `shared` says that prompts begin with much in common, as chats do. Where they do not, the model is mailbot's own, small one, for
    which fewer steps are compiled: that saves 300 MB.
    """

    model: Path
    slots: int = 8
    window: int = 0
    threads: int = 0
    shared: bool = True
    nice: int = 5
    waiting: int = 4000
    hang_seconds: float = 120.0
    start_seconds: float = 600.0
    idle_seconds: float = 600.0
    first_wait: float = 1.0
    most_wait: float = 60.0

    def setup(self) -> dict[str, Any]:
        """Return the first frame that the process is sent."""
        size: dict[str, Any] = {"slots": self.slots, "window": self.window, "waiting": self.waiting + self.slots}
        if not self.shared:
            size |= FEW
        return {"model": str(self.model), "threads": self.threads, "nice": self.nice, "size": size}
