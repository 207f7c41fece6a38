"""How mailbot answers an item: what rules and templates see of it, whether it gets a reply at all, and the draft of it.

Nothing is stored here, so a file can be tried (`mailbot process`) exactly as an item is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from mailbot.config import Account, Config
from mailbot.core import grounding, reply
from mailbot.core.document import Reading
from mailbot.core.draft import Draft
from mailbot.core.facts import Facts, facts_of
from mailbot.core.item import Happening, Item
from mailbot.core.lifecycle import Event
from mailbot.core.route import Route
from mailbot.ports import DraftRequest, Generator, Rules, Templates
from mailbot.steps import BOT

DEFAULT_TEMPLATE = "default"
"""Used when no rule names a template: the item goes to a person with this to start from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The rules, templates and generator of a config, handed in."""

    config: Config
    rules: Rules
    templates: Templates
    generator: Generator

    def account(self, item: Item) -> tuple[str, Account | None]:
        """Return the name and settings of the account that a reply would use."""
        return self.config.reply_account(item.origin.source, item.origin.account)

    def facts(self, item: Item, reading: Reading) -> Facts:
        """Return what rules and templates see of an item."""
        _, account = self.account(item)
        return facts_of(
            reading=reading,
            account=item.origin.account,
            place=item.origin.place,
            source=item.origin.source,
            name=item.name,
            size=item.size,
            received_at=item.received_at,
            language=account.language if account else "en",
            desk=(account.name if account else "") or self.config.desk,
            authserv_id=account.authserv_id if account else "",
        )

    def reply_or_not(self, item: Item, reading: Reading, route: Route) -> tuple[tuple[Happening, ...], dict[str, Any]]:
        """Return the event that asks for a draft, or the one that ends the item without a reply and why."""
        why = self.no_reply_reason(item, reading, route)
        if why:
            return (Happening(event=Event.NO_REPLY_WANTED, actor=BOT, cause=why),), {"reason": why}
        return (Happening(event=Event.DRAFT_WANTED, actor=BOT),), {"reason": ""}

    def no_reply_reason(self, item: Item, reading: Reading, route: Route) -> str:
        """Return why no reply may or need be written, "" when one is wanted."""
        own = self.config.own_addresses()
        if route.reply == "none":
            return f"rule {route.rule!r} wants no reply"
        if reading.message and (why := reply.why_never(reading.message, own)):
            return f"never answered: {why}"
        if self.account(item)[1] is None:
            return "no account to reply from"
        if not reply.recipients(reading.message, route, own):
            return "nobody to reply to"
        return ""

    def request(self, item: Item, reading: Reading, route: Route) -> DraftRequest:
        """Return what a draft of an item is made from, by the templates in force now. Raises TemplateProblem."""
        facts = self.facts(item, reading)
        template = route.template or DEFAULT_TEMPLATE
        language = str(facts.values["language"])
        return DraftRequest(
            account=item.origin.account,
            language=language,
            template=template,
            skeleton=self.templates.render(template, language, facts),
            facts=facts.values,
            instructions=self.templates.instructions(template),
            mail=reading.message.text if reading.message else "",
        )

    async def make_draft(self, item: Item, reading: Reading, route: Route) -> Draft:
        """Return a draft with its grounding; nothing is stored. Raises TemplateProblem."""
        request = self.request(item, reading, route)
        draft = await self.generator.draft(request)
        grounded = grounding.ground(draft.text, reading=reading, skeleton=request.skeleton, knowledge="")
        return replace(draft, grounding=grounded, confidence=grounding.share(grounded))
