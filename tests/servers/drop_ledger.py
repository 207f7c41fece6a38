"""The two ledger methods that a drop folder calls, over one durable text file, so that a killed process leaves what it stored."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mailbot.config import Drop
from mailbot.core.item import Arrival, HighWater
from mailbot.inbox.folder import DropFolder
from mailbot.ports import PartStatus


class JournalLedger:
    """One line of JSON a file stored, fsynced; `refusals` are raised first, one a call to `receive`."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.refusals: list[Exception] = []
        self.refuse_names: set[str] = set()
        self.statuses: list[PartStatus] = []

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []

    @property
    def places(self) -> list[str]:
        return [row["place"] for row in self.rows]

    async def receive(self, arrivals: Sequence[Arrival], mark: HighWater | None = None) -> list[int | None]:
        if self.refusals:
            raise self.refusals.pop(0)
        if any(one.name in self.refuse_names for one in arrivals):
            raise OSError("this name cannot be stored")
        rows = self.rows
        known = {(row["place"], row["token"]) for row in rows}
        ids: list[int | None] = []
        lines: list[str] = []
        for one in arrivals:
            new = (one.origin.place, one.origin.token) not in known
            ids.append(len(rows) + len(lines) + 1 if new else None)
            row: dict[str, Any] = {"place": one.origin.place, "token": one.origin.token, "name": one.name}
            row |= {"sha256": hashlib.sha256(one.content).hexdigest(), "size": len(one.content)}
            lines += [json.dumps(row) + "\n"] if new else []
        with open(self.file, "a") as handle:
            handle.write("".join(lines))
            handle.flush()
            os.fsync(handle.fileno())
        return ids

    async def set_status(self, status: PartStatus) -> None:
        self.statuses.append(status)


def drop_folder(drop: Drop, ledger: JournalLedger) -> DropFolder:
    """Return the folder `scans` over that ledger, with random tokens."""
    return DropFolder(
        "scans",
        drop,
        ledger,  # type: ignore[arg-type]
        on_arrival=lambda: None,
        clock=lambda: datetime.now(UTC),
        token=lambda: os.urandom(8).hex(),
    )


if __name__ == "__main__":
    import asyncio
    import sys

    folder, journal = Path(sys.argv[1]), Path(sys.argv[2])
    settings = Drop(path=folder, stable_seconds=0.01, poll=True, poll_seconds=0.02)
    asyncio.run(drop_folder(settings, JournalLedger(journal)).run())
