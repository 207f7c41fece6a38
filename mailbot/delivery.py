"""The last leg: a queued reply goes out once, or the item says why not.

`sending` is committed before the connection opens and the outcome after it. What happened in between a crash is unknown by
design (RFC 5321 4.5.3.2.6 and 4.5.5): such an item becomes `delivery_unknown` and is never sent again by itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mailbot.config import Config
from mailbot.core.item import Change, Happening, Item, Outgoing
from mailbot.core.lifecycle import Event, State
from mailbot.errors import ConfigError, DeliveryUnknown, LoginRefused, MailbotError, NotFound, NotSent
from mailbot.ports import Ledger, Mailbox, Outbox
from mailbot.steps import BOT, by_holder, surely

log = logging.getLogger(__name__)

LOGIN_RETRY = timedelta(minutes=15)
"""Waiting time after a refused login: the password has to be mended first, and a mailbox must not be locked out."""

SEND_RETRY_FIRST = timedelta(seconds=30)
SEND_RETRY_MOST = timedelta(hours=4)
SEND_RETRY_GROWTH = 8
"""Five tries take more than four hours: a server may be away for that long before a person has to look (RFC 5321 4.5.4.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Sends what was accepted; each method takes a leased item and returns it as committed."""

    config: Config
    ledger: Ledger
    outbox: Outbox
    mailboxes: Mapping[str, Mailbox]
    clock: Callable[[], datetime]

    async def send(self, item: Item) -> Item:
        """Send the stored bytes of a `queued` item once. Raises ConfigError while its account may not send."""
        outgoing, content = await self.ledger.outgoing(item.id), await self.ledger.artifact(item.id, "reply")
        if outgoing is None or content is None:
            raise MailbotError(f"item {item.id} is queued without a reply", remedy="run `mailbot verify`")
        account = self._live_account(item)
        item = await self._begin(item, outgoing)
        try:
            answer = await self.outbox.send(account, outgoing, content)
        except asyncio.CancelledError:
            if not self.outbox.may_have_sent(outgoing.message_id):
                await self._take_back(item)
            raise
        except NotSent as error:
            return await surely(self.ledger.record(self._not_sent(item, error)))
        except (LoginRefused, ConfigError, NotFound) as error:  # nothing was sent, and the mail is not to blame
            later = Happening(event=Event.TRY_LATER, actor=BOT, cause=str(error))
            change = by_holder(item, later, reason=str(error), not_before=self.clock() + LOGIN_RETRY, reset_attempts=True)
            return await surely(self.ledger.record(change))
        except DeliveryUnknown as error:
            return await self._unknown(item, str(error))
        sent = Happening(event=Event.SERVER_ACCEPTED, actor=BOT, cause=answer)
        item = await surely(self.ledger.record(by_holder(item, sent, reason="", reset_attempts=True)))
        await self._save_sent(account, item, content)
        return item

    def _live_account(self, item: Item) -> str:
        """Return the account that the reply goes out by. Raises ConfigError when the config was changed since it was accepted."""
        name, account = self.config.reply_account(item.origin.source, item.origin.account)
        if account is None:
            gone = name or item.origin.account
            raise ConfigError(f"{gone!r} has no account to send by any more", remedy="put it back, or take the reply back")
        if account.mode == "shadow":
            remedy = f'set accounts.{name}.mode = "live", or take the reply back'
            raise ConfigError(f"account {name} is in shadow mode now and sends nothing", remedy=remedy)
        return name

    async def _begin(self, item: Item, outgoing: Outgoing) -> Item:
        """Commit `sending` before the connection opens."""
        starting = Happening(event=Event.SEND_STARTED, actor=BOT, cause=outgoing.message_id)
        try:
            return await surely(self.ledger.record(by_holder(item, starting)))
        except asyncio.CancelledError:
            await self._take_back(replace(item, state=State.SENDING))
            raise

    async def _take_back(self, item: Item) -> None:
        """Queue a reply again that was cut off at the stop before any of its content left: it certainly was not sent."""
        later = Happening(event=Event.TRY_LATER, actor=BOT, cause="mailbot was stopped before the content left")
        try:
            await surely(self.ledger.record(by_holder(item, later)))
        except MailbotError as error:
            log.warning("item %d: not sent, and not queued again: %s", item.id, error)

    async def outcome_lost(self, item: Item) -> Item:
        """Take an item found in `sending`: mailbot stopped there, so nobody knows whether the server has the mail."""
        return await self._unknown(item, "mailbot was stopped while sending")

    def _not_sent(self, item: Item, error: NotSent) -> Change:
        """Queue again for later, or give up: the server certainly has not taken the mail."""
        if error.retry and item.attempts < self.config.max_attempts:
            later = Happening(event=Event.TRY_LATER, actor=BOT, cause=str(error))
            wait = min(SEND_RETRY_MOST, SEND_RETRY_FIRST * float(SEND_RETRY_GROWTH ** min(item.attempts - 1, 9)))
            return by_holder(item, later, reason=str(error), not_before=self.clock() + wait)
        return by_holder(item, Happening(event=Event.GAVE_UP, actor=BOT, cause=str(error)), reason=str(error))

    async def _unknown(self, item: Item, reason: str) -> Item:
        """Record that the outcome is unknown, then look whether the server filed the mail in Sent; else a person decides."""
        lost = Happening(event=Event.OUTCOME_LOST, actor=BOT, cause=reason)
        item = await surely(self.ledger.record(by_holder(item, lost, reason=reason)))
        outgoing = await self.ledger.outgoing(item.id)
        mailbox = self.mailboxes.get(self._account(item))
        try:
            found = bool(outgoing and mailbox and await mailbox.find_sent(outgoing.message_id))
        except (MailbotError, OSError) as error:
            log.warning("item %d: the Sent mailbox could not be searched: %s", item.id, error)
            found = False
        if found:
            event = Happening(event=Event.FOUND_IN_SENT, actor=BOT, cause="its Message-ID stands in the Sent mailbox")
            item = await self.ledger.record(by_holder(item, event, reason=""))
        return item

    async def _save_sent(self, account: str, item: Item, content: bytes) -> None:
        """Copy to the Sent mailbox; a failure is logged and changes nothing, since the reply is out."""
        mailbox = self.mailboxes.get(account)
        try:
            if mailbox:
                await mailbox.save_sent(content)
        except (MailbotError, OSError) as error:
            log.warning("item %d: sent, but not copied to the Sent mailbox: %s", item.id, error)

    def _account(self, item: Item) -> str:
        return self.config.reply_account(item.origin.source, item.origin.account)[0]
