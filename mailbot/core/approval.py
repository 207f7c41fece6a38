"""Approvals: may we proceed? Decisions of named people, and what they amount to for a route."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mailbot.core.lifecycle import Event
from mailbot.core.route import Route

Standing = Literal["open", "approved", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One person's answer. `at` is RFC 3339 with offset."""

    approver: str
    approved: bool
    why: str = ""
    at: str = ""


def answers(decisions: Sequence[Decision], events: Iterable[str]) -> tuple[Decision, ...]:
    """Return the decisions that answer the latest request: those on an earlier route, or before a refusal was reconsidered, do not.

    `events` are all events of the item, oldest first; each decision was recorded with one `approved` or `refused`.
    """
    given = 0
    for event in events:
        if event in (Event.APPROVAL_NEEDED, Event.RECONSIDERED):
            given = 0
        given += event in (Event.APPROVED, Event.REFUSED)
    return tuple(decisions[len(decisions) - given :])


def standing(route: Route, decisions: Iterable[Decision]) -> Standing:
    """Return what the decisions amount to: one refusal refuses; `all` needs every approver, `any` one of them.

    A person's later decision replaces the earlier one; people whom the route does not name do not count.
    """
    latest = {one.approver: one for one in decisions if one.approver in route.approvers}
    if any(not one.approved for one in latest.values()):
        return "refused"
    if not route.approvers:
        return "approved"
    wanted = len(route.approvers) if route.approve == "all" else 1
    return "approved" if len(latest) >= wanted else "open"


def missing(route: Route, decisions: Iterable[Decision]) -> tuple[str, ...]:
    """Return the approvers of the route who have not answered, in the route's order."""
    answered = {one.approver for one in decisions}
    return tuple(name for name in route.approvers if name not in answered)


def decision_to_json(decision: Decision) -> dict[str, Any]:
    """Return a Decision as JSON for the ledger."""
    return {
        "approver": decision.approver,
        "approved": decision.approved,
        "why": decision.why,
        "at": decision.at,
    }


def decision_from_json(value: Mapping[str, Any]) -> Decision:
    """Rebuild a Decision from `decision_to_json`."""
    return Decision(**value)
