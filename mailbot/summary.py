"""What the command line prints about items and the daemon, as JSON values and as text."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mailbot.config import Config
from mailbot.core.approval import decision_to_json
from mailbot.core.corrections import correction_to_json
from mailbot.core.document import reading_to_json
from mailbot.core.draft import draft_to_json
from mailbot.core.field_values import in_words
from mailbot.core.item import Item
from mailbot.core.route import Route, route_from_json, route_to_json
from mailbot.core.rules import RuleTrace
from mailbot.core.tables import table_of_to_json
from mailbot.core.view import View
from mailbot.review.words import event

if TYPE_CHECKING:
    from mailbot.daemon import Parts


async def status(config: Config) -> dict[str, Any]:
    """Return whether the daemon runs, how each part fares, and the number of items in each state."""
    from mailbot import clock
    from mailbot.ledger.sql import SqlLedger

    ledger = await SqlLedger.open(config.state_dir, clock=clock.now)
    try:
        parts = await ledger.statuses()
        counts = await ledger.counts()
    finally:
        await ledger.close()
    return {
        "running": clock.is_running(config.state_dir),
        "parts": [
            {"part": one.part, "state": one.state, "detail": one.detail, "since": one.since.isoformat(timespec="seconds")}
            for one in parts
            if _is_configured(one.part, config)
        ],
        "items": {str(state): count for state, count in counts.items()},
    }


def _is_configured(part: str, config: Config) -> bool:
    """Return whether a part is of this config: the ledger remembers accounts and folders that were taken out of it."""
    kind, _, name = part.partition(":")
    return {"imap": name in config.accounts, "folder": name in config.drops}.get(kind, True)


def item_json(item: Item) -> dict[str, Any]:
    """Return one item as the lists show it."""
    return {
        "item": str(item.id),
        "state": str(item.state),
        "since": item.since.isoformat(),
        "received_at": item.received_at.isoformat(),
        "account": item.origin.account,
        "source": item.origin.source,
        "place": item.origin.place,
        "name": item.name,
        "sender": item.sender,
        "subject": item.subject,
        "message_id": item.message_id,
        "size": item.size,
        "sha256": item.sha256,
        "tags": list(item.tags),
        "reason": item.reason,
        "attempts": item.attempts,
    }


def view_json(view: View) -> dict[str, Any]:
    """Return everything about one item."""
    out = view.outgoing
    return {
        **item_json(view.item),
        "reading": reading_to_json(view.reading) if view.reading else None,
        "tables": [table_of_to_json(one) for one in view.tables],
        "route": route_to_json(view.route, full=True) if view.route else None,
        "approvals": [decision_to_json(one) for one in view.decisions],
        "corrections": [correction_to_json(one) for one in view.corrections],
        "drafts": [draft_to_json(one) for one in view.drafts],
        "recipients": list(view.recipients),
        "never_answer": view.never_answer,
        "shadow": view.shadow,
        "reply": {"message_id": out.message_id, "from": out.sender, "to": list(out.recipients)} if out else None,
        "history": [
            {"at": one.at, "event": one.event, "before": one.before, "after": one.after, "actor": one.actor, "cause": one.cause}
            for one in view.history
        ],
    }


def view_text(view: View) -> str:
    """Return everything about one item for people."""
    item = view.item
    lines = [f"item {item.id}: {item.subject}", f"  {item.state} since {item.since:%Y-%m-%d %H:%M:%S}"]
    if item.reason:
        lines.append(f"  {item.reason}")
    lines.append(f"  from {item.sender or item.origin.account}, {item.size} bytes, by {item.origin.source} {item.origin.place}")
    for document in view.reading.documents if view.reading else ():
        values = ", ".join(f"{in_words(field.name)} {field.value}" for field in document.fields)
        pages = len(document.pages)
        lines.append(f"  {document.name}: {pages} page{'' if pages == 1 else 's'}; {values or 'no fields'}")
    for problem in view.reading.problems if view.reading else ():
        lines.append(f"  {problem.severity}, {problem.code.replace('_', ' ')}: {problem.detail}")
    if view.route:
        lines.append(f"  route: {_rule(view.route)}; tags {', '.join(view.route.tags) or 'none'}")
    for correction in view.corrections:
        lines.append(f"  {correction.person} corrected {'; '.join(map(str, correction.changes))}")
    for decision in view.decisions:
        lines.append(f"  {decision.approver} {'approved' if decision.approved else 'refused'} {decision.why}".rstrip())
    if view.drafts:
        last = view.drafts[-1]
        lines.append(f"  draft {len(view.drafts)} by {last.made_by}, to {', '.join(view.recipients)}:")
        lines += [f"    {line}" for line in last.text.splitlines()]
    lines.append("  history:")
    for entry in view.history:
        lines.append(
            f"    {entry.at}  {entry.before or '-'} → {entry.after}  {event(entry.event)} by {entry.actor}  {entry.cause}".rstrip()
        )
    return "\n".join(lines)


async def explain(parts: Parts, item: int) -> dict[str, Any]:
    """Return why an item was routed as it was, and what the rules in force now would say, condition by condition."""
    row = await parts.ledger.item(item)
    stored = await parts.ledger.artifact(item, "route")
    then = route_from_json(json.loads(stored)) if stored else None
    facts = parts.answers.facts(row, await parts.pipeline.reading(row))
    now = parts.rulebook.route(facts)
    return {
        "item": str(item),
        "then": route_to_json(then, full=True) if then else None,
        "now": route_to_json(now, full=True),
        "same_rules": bool(then and then.rules_version == now.rules_version),
        "rules": [_trace(one) for one in parts.rulebook.rules.explain(facts)],
    }


def explain_text(value: dict[str, Any]) -> str:
    """Return an explanation for people."""
    then = route_from_json(value["then"]) if value["then"] else None
    lines = [f"item {value['item']}: {_rule(then) if then else 'not routed yet'}"]
    if then and not value["same_rules"]:
        lines.append(f"  the rules were edited since; now: {_rule(route_from_json(value['now']))}")
    for rule in value["rules"]:
        lines.append(f"  {'matched ' if rule['matched'] else 'no match'} {rule['rule']} ({rule['file']}:{rule['line']})")
        for one in rule["conditions"]:
            wanted = f"{one['fact']} {one['matcher']} {one['wanted']}".strip()
            saw = f": {one['actual'] or 'nothing'}" if one["fact"] else ""
            lines.append(f"    {'  ' * one['depth']}{'yes' if one['holds'] else 'no '} {wanted}{saw}")
    return "\n".join(lines)


def _trace(trace: RuleTrace) -> dict[str, Any]:
    """Return how one rule fared on an item."""
    return {
        "rule": trace.rule,
        "file": trace.file,
        "line": trace.line,
        "reached": trace.reached,
        "matched": trace.matched,
        "conditions": [asdict(one) for one in trace.conditions],
    }


def _rule(route: Route) -> str:
    """Return which rule decided, and where it stands."""
    return f"{route.rule} ({route.file}:{route.line})" if route.rule else route.reason or "no rule matched: a person decides"
