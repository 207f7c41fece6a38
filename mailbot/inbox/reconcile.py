"""Compares a mailbox on the server with the ledger: does every mail that mailbot promised to take stand there?"""

from __future__ import annotations

from dataclasses import dataclass

from mailbot.ports import Ledger, Mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderCount:
    """One watched folder.

    `server` counts the mails that are on the server now and mailbot's to take: with `start = "new"` those that came since first
    contact, with a date those since that day, and all that came later. `ledger` counts those of them that are items. `missing`
    counts those at or below the high-water mark that are not: the mark said they were stored, so this is always 0. Mails above
    the mark are not fetched yet; they are in `server`, but not missing. A mail that was deleted or moved on the server is not
    counted at all.
    """

    account: str
    folder: str
    server: int
    ledger: int
    missing: int


async def reconcile(mailbox: Mailbox, ledger: Ledger, account: str) -> list[FolderCount]:
    """Count each watched folder of one account. Raises Unreachable, LoginRefused."""
    counts = []
    for folder, (uidvalidity, uids) in (await mailbox.server_uids()).items():
        known = await ledger.known_uids(account, folder, uidvalidity)
        mark = await ledger.high_water(account, folder)
        reached = mark.uid if mark is not None and mark.uidvalidity == uidvalidity else 0
        missing = {uid for uid in uids - known if uid <= reached}
        counts.append(FolderCount(account=account, folder=folder, server=len(uids), ledger=len(uids & known), missing=len(missing)))
    return counts
