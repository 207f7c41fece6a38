"""What the page and the command line may ask of the desk: people's decisions, and what is learnt from their corrections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from mailbot.core.item import Item
from mailbot.core.supplier_learning import Proposal
from mailbot.core.view import View


class Desk(Protocol):
    """What people decide about items. `person` is a name of the config, or "unauthenticated".

    Each raises NotFound, NotAllowed, IllegalEvent or Stale (somebody was quicker) and then nothing has changed.
    """

    async def view(self, item: int) -> View:
        """Return everything about one item. Raises NotFound."""

    async def approve(self, item: int, person: str, *, approved: bool = True, why: str = "") -> Item:
        """Record an approver's answer; a refusal needs `why`."""

    async def accept(self, item: int, person: str, *, version: int | None = None, acknowledged: bool = False) -> Item:
        """Accept the draft `version` (the latest when None; Stale when there is a newer one) and queue the reply.

        Ungrounded spans must be `acknowledged`, else NotAllowed names them. On a shadow account the item is finished instead.
        """

    async def edit(self, item: int, person: str, text: str, *, version: int | None = None) -> Item:
        """Store a new version of the draft, written by a person; `version` is the one it was made from, as in `accept`."""

    async def reject(self, item: int, person: str, why: str) -> Item:
        """Reject the draft."""

    async def redraft(self, item: int, person: str) -> Item:
        """Ask for a new draft (from in_review, rejected or refused)."""

    async def withdraw(self, item: int, person: str) -> Item:
        """Take a queued reply back into review, before it is sent."""

    async def correct(self, item: int, person: str, place: int, values: Mapping[str, str], *, version: int | None = None) -> Item:
        """Say what fields of a document (its `place` in the reading, from 0) are, "" for none: the rules are asked again.

        `version` is how many corrections the person saw. Raises NotAllowed for a value that its field cannot have.
        """

    async def close(self, item: int, person: str, why: str) -> Item:
        """End the item without a reply."""

    async def retry(self, item: int, person: str) -> Item:
        """Start a failed or quarantined item again, reconsider a refused one, or ask the rules again who must approve."""

    async def settle(self, item: int, person: str, *, delivered: bool) -> Item:
        """Settle `delivery_unknown`: it arrived after all, or send the same bytes again on this person's word."""


class Learner(Protocol):
    """Turns corrected values into hints by which the supplier's next paper is read."""

    async def propose(self, view: View, place: int) -> Proposal:
        """Return what would be written down about the supplier of a document. Raises NotFound, NotAllowed, BadInput."""

    async def remember(self, digest: str, person: str) -> Proposal:
        """Write down what was proposed, as it was shown. Raises Stale when something has changed since, BadInput."""
