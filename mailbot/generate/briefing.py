"""Turns what a draft is made from into the prompt that a model reads: a brief, or chat messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailbot.core import brief, prompt
from mailbot.generate.formats import day, money
from mailbot.ports import DraftRequest

UNREADABLE = "document_unreadable"
"""The template that asks for files again."""

OPEN_TEMPLATES = frozenset({"default", "question_received"})
"""Templates that say nothing of what the mail asks: a model of briefs is to find that out itself."""


def brief_of(request: DraftRequest, about: Mapping[str, Any]) -> str | None:
    """Return the brief for a model, None when it was not trained for this template or language.

    `about` is the model's mailbot.json: `kinds` are the templates that it knows by name, `languages` those it writes.
    """
    kind = request.template if request.template in about.get("kinds", ()) else brief.OPEN
    if request.language not in about.get("languages", ()) or (kind == brief.OPEN and request.template not in OPEN_TEMPLATES):
        return None
    facts = request.facts
    return brief.brief(
        kind=kind,
        language=request.language,
        desk=str(facts.get("desk") or ""),
        facts=shown(facts, request.language),
        subject=str(facts.get("topic") or ""),
        mail=str(facts.get("text") or ""),
    )


def messages_of(request: DraftRequest) -> list[dict[str, str]]:
    """Return the chat messages for a draft."""
    return prompt.messages(
        desk=str(request.facts.get("desk") or ""),
        language=request.language,
        instructions=request.instructions,
        skeleton=request.skeleton,
        facts=request.facts,
        mail=request.mail,
        knowledge=request.knowledge,
    )


def shown(facts: Mapping[str, Any], language: str) -> dict[str, str]:
    """Return the facts of a brief as the reply is to write them."""
    currency = str(facts.get("currency") or "")
    amounts = {key: money(facts.get(key), language, currency) for key in ("subtotal", "tax", "total")}
    dates = {key: day(facts.get(key.replace(" ", "_")), language) for key in ("invoice date", "due date")}
    named = {"name": "greeting_name", "invoice": "invoice_number", "order": "po_number"}
    texts = {key: str(facts.get(named.get(key, key)) or "") for key in ("name", "invoice", "order", "supplier", "customer", "iban")}
    lists = {"attachments": ", ".join(facts.get("attachments") or ()), "problem": " ".join(facts.get("problem_details") or ())}
    return amounts | dates | texts | lists | {"rows": str(facts.get("row_count") or "")}
