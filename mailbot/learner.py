"""Learning from corrections: proposes what to write down about a supplier, and writes exactly what a person was shown."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from mailbot.core.field_values import in_words
from mailbot.core.supplier_hints import SupplierHints
from mailbot.core.supplier_learning import Proposal, identity, kept_apart, to_learn
from mailbot.core.view import View
from mailbot.errors import NotAllowed, NotFound, Stale
from mailbot.ports import Extractor, Ledger
from mailbot.steps import actor_of
from mailbot.suppliers import Supplierbook, learnt_text

log = logging.getLogger(__name__)

KEPT = 50
"""Proposals that are kept until somebody takes them; an older one is made again."""


class SupplierLearner:
    """Implements `ports.Learner`. `may` raises NotAllowed for a person who may not write anything down."""

    def __init__(self, *, ledger: Ledger, extractor: Extractor, book: Supplierbook, may: Callable[[str], None]) -> None:
        self._ledger = ledger
        self._extractor = extractor
        self._book = book
        self._may = may
        self._proposed: OrderedDict[str, tuple[int, Proposal, SupplierHints, SupplierHints]] = OrderedDict()
        """By digest: the item, what was shown, the file that it makes, and the file as it was then."""

    async def propose(self, view: View, place: int) -> Proposal:
        """Look at the document once more, for the places of the corrected values."""
        documents = view.reading.documents if view.reading else ()
        values = to_learn(view.corrections, place)
        if not values or not 0 <= place < len(documents):
            raise NotFound("nothing was corrected on that document", remedy="correct a field first")
        document = documents[place]
        if document.media_type != "application/pdf" and not document.media_type.startswith("image/"):
            raise NotAllowed(f"{document.name} has no places that could be learnt ({document.media_type})", remedy="correct each")
        content = await self._ledger.blob(document.sha256 or view.item.sha256)
        stranger, sender = identity(document), view.item.sender
        taught = await self._extractor.learn(document.name, content, document.media_type, stranger, values, sender=sender)
        name = taught.supplier.supplier
        before = await asyncio.to_thread(self._book.learnt, name)
        known = next((one for one in self._book.suppliers if one.supplier.casefold() == name.casefold()), None)
        after = kept_apart(before, taught, known) if taught.fields else before
        text = learnt_text(after)
        old = set(learnt_text(before).splitlines()) if before.hints else set()
        proposal = Proposal(
            supplier=name,
            file=before.file,
            lines=tuple((line, line not in old) for line in text.splitlines()) if taught.fields else (),
            fields=taught.fields,
            refused=taught.refused,
            digest=hashlib.sha256(f"{view.item.id} {place} {before.file}\n{text}".encode()).hexdigest(),
        )
        self._proposed[proposal.digest] = (view.item.id, proposal, after, before)
        if len(self._proposed) > KEPT:
            self._proposed.popitem(last=False)
        return proposal

    async def remember(self, digest: str, person: str) -> Proposal:
        """Write the file, if it still is what it was when the person was shown what it becomes; then the item's history says so."""
        self._may(person)
        found = self._proposed.pop(digest, None)
        if found is None:
            raise Stale("these lines were shown too long ago", remedy="look at them again")
        item, proposal, after, before = found
        if not proposal.fields:
            raise NotAllowed("there is nothing to write down", remedy="correct a value that stands on the paper")
        if await asyncio.to_thread(self._book.learnt, after.supplier) != before:
            raise Stale(f"{before.file} was changed meanwhile", remedy="look at the lines again")
        path = await asyncio.to_thread(self._book.save, replace(after, file=before.file))
        names = ", ".join(in_words(field) for field in proposal.fields)
        await self._ledger.remembered(item, actor_of(person), f"{names} of {after.supplier}, in {path.name}")
        log.info("%s had %s of %s remembered in %s", person, names, after.supplier, path)
        return proposal
