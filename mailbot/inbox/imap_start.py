"""Decides which mails of a mailbox are mailbot's to take: first contact by `account.start`, and what a new UIDVALIDITY changes.

What was decided is kept in the ledger beside the high-water mark, as marks of places that no mailbox can be called (a name has no
line break): the base, one mark for each way to treat the mails up to it, and the day from which on old mail counts. So a crash in
the middle of a backlog, or a later change of `start`, changes nothing.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from mailbot.core.item import HighWater
from mailbot.inbox.imap_client import ImapClient, Selected
from mailbot.inbox.imap_syntax import search_date
from mailbot.ports import Ledger

_AFTER = "\nafter"
_BACKLOG = "\nbacklog"
_RESCAN = "\nrescan"
_DAY = "\nday"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Mails with a UID above `base` are mailbot's. Those up to it only with `backlog`, and then since `day` (None: all).

    `rescan` says that mails up to `base` may be in the ledger under an earlier UIDVALIDITY.
    """

    base: int
    backlog: bool
    rescan: bool = False
    day: datetime.date | None = None


async def resume(client: ImapClient, ledger: Ledger, account: str, start: str, box: Selected, today: datetime.date) -> HighWater:
    """Return the high-water mark of the open mailbox, making first contact or beginning a rescan where due.

    A rescan of an account with `start = "new"` goes back to the day before first contact, by the server's arrival dates.
    """
    mark = await ledger.high_water(account, box.name)
    if mark is not None and mark.uidvalidity == box.uidvalidity:
        return mark
    base = await _base(client, box)
    if mark is None:
        kind = _AFTER if start == "new" else _BACKLOG
        await _set(ledger, account, box.name + _DAY, 0, _number(start, today))
    else:
        kind = _RESCAN
    await _set(ledger, account, box.name + kind, box.uidvalidity, base)
    return await _set(ledger, account, box.name, box.uidvalidity, base if kind == _AFTER else 0)


async def decided(ledger: Ledger, account: str, box: Selected) -> Start | None:
    """Return what was decided for the open mailbox, None before first contact or before a rescan began."""
    day = await ledger.high_water(account, box.name + _DAY)
    for kind in (_RESCAN, _BACKLOG, _AFTER):
        base = await ledger.high_water(account, box.name + kind)
        if base is not None and base.uidvalidity == box.uidvalidity:
            return Start(base=base.uid, backlog=kind != _AFTER, rescan=kind == _RESCAN, day=_day(day.uid if day else 0))
    return None


def planned(start: str) -> Start:
    """Return what first contact would take of the mails that are there now."""
    return Start(base=2**32, backlog=start != "new", day=_day(_number(start, datetime.date.min)))


async def wanted(client: ImapClient, start: Start, above: int) -> set[int]:
    """Return the UIDs above `above` of the open mailbox that are mailbot's to take."""
    found: set[int] = set()
    if start.backlog and above < start.base:
        since = f" SINCE {search_date(start.day)}" if start.day else ""
        found = await client.search(f"UID {above + 1}:{min(start.base, 2**32 - 1)}{since}")
    first = max(above, start.base) + 1
    if first < 2**32:
        # "n:*" always finds the last mail, also one below n (RFC 3501 6.4.8)
        found |= {uid for uid in await client.search(f"UID {first}:*") if uid >= first}
    return {uid for uid in found if uid > above}


async def _base(client: ImapClient, box: Selected) -> int:
    if box.uidnext is not None:
        return box.uidnext - 1
    return max(await client.search("ALL"), default=0) if box.exists else 0


async def _set(ledger: Ledger, account: str, place: str, uidvalidity: int, uid: int) -> HighWater:
    mark = HighWater(account=account, place=place, uidvalidity=uidvalidity, uid=uid)
    await ledger.set_high_water(mark)
    return mark


def _number(start: str, today: datetime.date) -> int:
    if start == "all":
        return 0
    if start == "new":
        return max(today.toordinal() - 1, 1)
    return datetime.date.fromisoformat(start).toordinal()


def _day(number: int) -> datetime.date | None:
    return datetime.date.fromordinal(number) if number else None
