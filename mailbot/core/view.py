"""The view of an item: everything that a person who decides about it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from mailbot.core.approval import Decision
from mailbot.core.corrections import Correction
from mailbot.core.document import Reading
from mailbot.core.draft import Draft
from mailbot.core.item import AuditEntry, Item, Outgoing
from mailbot.core.route import Route
from mailbot.core.tables import TableOf


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything a person sees of an item. `drafts` oldest first: `version` of a draft is its place from 1.

    `reading` is what was read, with what people corrected (`corrections`, oldest first) in place of it.
    `decisions` are the answers to the latest request for approval; earlier ones stand in the history.
    """

    item: Item
    reading: Reading | None
    tables: tuple[TableOf, ...]
    route: Route | None
    decisions: tuple[Decision, ...]
    drafts: tuple[Draft, ...]
    corrections: tuple[Correction, ...]
    outgoing: Outgoing | None
    history: tuple[AuditEntry, ...]
    recipients: tuple[str, ...]
    """Where a reply would go, from the rules and the mail alone; empty when nowhere."""
    never_answer: str
    """Why no reply may be sent at all (RFC 3834), or ""."""
    shadow: bool
    """True when the account's mode does not let anything out."""
