"""In charge of what one line of the queue says beyond the ledger's row: route, amount, attachments."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from mailbot.core.corrections import corrected, corrections_from
from mailbot.core.document import Reading, reading_from_json
from mailbot.core.item import Item
from mailbot.core.lifecycle import State
from mailbot.core.route import route_from_json
from mailbot.errors import MailbotError
from mailbot.ports import Ledger
from mailbot.review import words

KEPT = 500
_Key = tuple[int, State, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """`route` is the rule's name, `template` the reply's, `amount` the first total; `trouble` why nothing could be read."""

    route: str = ""
    template: str = ""
    amount: str = ""
    supplier: str = ""
    attachments: int = 0
    trouble: str = ""


class Glances:
    """Keeps the glance of an item until the item moves on, so that a queue that is polled costs one query."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._kept: OrderedDict[_Key, Glance] = OrderedDict()

    async def of(self, item: Item) -> Glance:
        """Return the glance of an item; a damaged one is said on its line and does not take the queue down."""
        key = (item.id, item.state, item.since)
        if key not in self._kept:
            try:
                self._kept[key] = await self._look(item.id)
            except (MailbotError, ValueError, KeyError) as error:
                return Glance(trouble=str(error))
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]

    async def _look(self, item: int) -> Glance:
        kept_reading = await self._ledger.artifact(item, "reading")
        kept_route = await self._ledger.artifact(item, "route")
        reading = reading_from_json(json.loads(kept_reading)) if kept_reading else Reading(file="", media_type="")
        reading = corrected(reading, corrections_from(await self._ledger.artifacts(item, "correction")))
        route = route_from_json(json.loads(kept_route)) if kept_route else None
        suppliers = [field.value for document in reading.documents if (field := document.field("supplier"))]
        return Glance(
            route=route.rule if route else "",
            template=route.template if route else "",
            amount=next((text for document in reading.documents if (text := words.amount(document))), ""),
            supplier=suppliers[0] if suppliers else "",
            attachments=len(reading.message.attachments) if reading.message else 0,
        )
