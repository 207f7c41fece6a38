"""Keeps copies of sent replies in the account's Sent mailbox, and looks for one there."""

from __future__ import annotations

from mailbot.inbox.imap_arrival import message_id_of
from mailbot.inbox.imap_client import CommandRefused, ImapClient, Listed
from mailbot.inbox.imap_syntax import quoted

_NAMES = ("sent", "sent items", "sent messages", "sent mail", "gesendet", "gesendete elemente", "gesendete objekte", "envoyés",
          "éléments envoyés", "enviados", "elementos enviados", "posta inviata", "verzonden",
          "已发送", "已发送邮件", "寄件备份", "送信済み")  # fmt: skip
"""What servers and mail programs call the mailbox where special use is not told, best first."""


async def save(client: ImapClient, content: bytes) -> None:
    """Append a reply to the Sent mailbox, made when missing, unless it holds that Message-ID already."""
    mailboxes = await client.mailboxes()
    name = _sent(mailboxes) or await _make(client, mailboxes)
    message_id = message_id_of(content)
    if not message_id or not await _holds(client, name, message_id):
        await client.append(name, content)


async def find(client: ImapClient, message_id: str) -> bool:
    """Return whether the Sent mailbox holds that Message-ID; False when there is no such mailbox."""
    name = _sent(await client.mailboxes())
    return name is not None and await _holds(client, name, message_id)


async def _holds(client: ImapClient, name: str, message_id: str) -> bool:
    try:
        criterion = f"HEADER Message-ID {quoted(message_id)}"
    except ValueError:
        return False  # no mail can carry such an id in its header
    await client.select(name, read_only=True)
    return bool(await client.search(criterion))


def _sent(mailboxes: list[Listed]) -> str | None:
    for one in mailboxes:
        if "\\sent" in one.flags:
            return one.name
    usable = [one for one in mailboxes if not one.flags & {"\\noselect", "\\nonexistent"}]
    by_name = {(one.name.rsplit(one.delimiter, 1)[-1] if one.delimiter else one.name).casefold(): one.name for one in usable}
    return next((by_name[name] for name in _NAMES if name in by_name), None)


async def _make(client: ImapClient, mailboxes: list[Listed]) -> str:
    try:
        await client.create("Sent")
    except CommandRefused:
        # some servers keep every mailbox below INBOX
        delimiter = next((one.delimiter for one in mailboxes if one.delimiter), ".")
        await client.create(f"INBOX{delimiter}Sent")
        return f"INBOX{delimiter}Sent"
    return "Sent"
