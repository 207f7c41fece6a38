"""Marks mails on the server once they are in the ledger: a mirror for people, never the truth, so a failure loses nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from mailbot.config import Imap
from mailbot.inbox.imap_client import CommandRefused, ImapClient, Selected

log = logging.getLogger(__name__)

KEYWORD = "mailbot"


class Marker:
    """Marks as `imap.mark` says. `notes` tells, by mailbox, why its mails are not marked; "" is never in it."""

    def __init__(self, account: str, imap: Imap) -> None:
        self.notes: dict[str, str] = {}
        self._account = account
        self._imap = imap

    async def mark(self, client: ImapClient, box: Selected, uids: Iterable[int]) -> None:
        """Mark mails of the open mailbox, or note why not. Raises Unreachable when the connection is gone."""
        chosen = list(uids)
        if not chosen or not self._possible(box):
            return
        try:
            if self._imap.mark == "move":
                await self._move(client, chosen)
            else:
                await client.add_flag(chosen, KEYWORD if self._imap.mark == "keyword" else "\\Seen")
            self.notes.pop(box.name, None)
        except CommandRefused as error:
            self._note(box, f"mails are in the ledger but not marked: {error}")

    async def repair(self, client: ImapClient, box: Selected, known: set[int]) -> None:
        """Mark what a crash left unmarked, once a connection; with `seen` not, since a person may have set a mail unread."""
        if not known or self._imap.mark not in ("keyword", "move") or not self._possible(box):
            return
        unmarked = f"UNKEYWORD {KEYWORD}" if self._imap.mark == "keyword" else "ALL"
        try:
            left = sorted(await client.search(unmarked) & known)
        except CommandRefused as error:
            self._note(box, f"marks cannot be looked up: {error}")
            return
        for start in range(0, len(left), 500):
            await self.mark(client, box, left[start : start + 500])

    def _possible(self, box: Selected) -> bool:
        if self._imap.mark == "none":
            return False
        if box.read_only:
            self._note(box, "mails are not marked: the mailbox is read-only")
        elif self._imap.mark == "keyword" and not box.keywords:
            self._note(box, 'mails are not marked: the server keeps no keywords; imap.mark = "seen" or "move" would work')
        else:
            return True
        return False

    async def _move(self, client: ImapClient, uids: list[int]) -> None:
        try:
            await client.move(uids, self._imap.move_to)
        except CommandRefused as error:
            if error.code not in ("TRYCREATE", ""):
                raise
            try:
                await client.create(self._imap.move_to)
            except CommandRefused:
                raise error from None
            await client.move(uids, self._imap.move_to)

    def _note(self, box: Selected, why: str) -> None:
        if self.notes.get(box.name) != why:
            log.warning("account %s, mailbox %s: %s", self._account, box.name, why)
        self.notes[box.name] = why
