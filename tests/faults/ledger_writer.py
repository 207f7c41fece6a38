"""A process that writes to a ledger as fast as it can and says what was acknowledged, line by line, until it is killed.

`python -m tests.faults.ledger_writer DIR`: prints "got ID UID" after a receive and "set ID STATE" after a change.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from mailbot.core.item import HighWater
from mailbot.ledger.sql import SqlLedger
from tests.servers.ledger_way import Clock, mail, way


async def write(folder: Path) -> None:
    """Receive and walk items with twelve callers at once."""
    ledger = await SqlLedger.open(folder, clock=Clock())
    start = max(await ledger.known_uids("a", "INBOX", 1), default=0)

    async def caller(number: int) -> None:
        uid = start + number
        while True:
            mark = HighWater(account="a", place="INBOX", uidvalidity=1, uid=uid)
            (item,) = await ledger.receive([mail(uid, size=70_000 if uid % 5 == 0 else 0)], mark)
            print("got", item, uid, flush=True)
            for change in way(item or 0):
                print("set", item, (await ledger.record(change)).state, flush=True)
            uid += 12

    await asyncio.gather(*(caller(number) for number in range(1, 13)))


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1])))
