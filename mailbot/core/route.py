"""A route: the outcome of the rules for one item, with the rule, file and line that decided each part of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Because:
    """One rule that matched and what it contributed (`sets` names the outcome keys)."""

    rule: str
    file: str
    line: int
    sets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What happens to an item. Single values come from the first matching rule that sets them, lists from all.

    `rule`, `file`, `line` name the rule that chose the template (or, without one, the first match); "" when none matched,
    and then the item goes to a person. `reply`: "draft" asks for a reply, "none" ends the item without one. `approvers`
    are names from the config; `approve` says whether all of them or any one must agree. `reply_to` overrides the recipient
    (a dropped file has no sender). `subject` overrides "Re: …". `reason` is a sentence for people.
    """

    rule: str = ""
    file: str = ""
    line: int = 0
    tags: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()
    approve: Literal["all", "any"] = "all"
    template: str = ""
    reply: Literal["draft", "none"] = "draft"
    reply_to: str = ""
    subject: str = ""
    attach: tuple[str, ...] = ()
    because: tuple[Because, ...] = ()
    reason: str = ""
    rules_version: str = ""


def route_to_json(route: Route, *, full: bool = False) -> dict[str, Any]:
    """Return the contract's `route` object; `full` adds what only the ledger keeps."""
    value: dict[str, Any] = {
        "rule": route.rule,
        "file": route.file,
        "line": route.line,
        "tags": list(route.tags),
        "approvers": list(route.approvers),
        "template": route.template,
    }
    if full:
        value |= {
            "approve": route.approve,
            "reply": route.reply,
            "reply_to": route.reply_to,
            "subject": route.subject,
            "attach": list(route.attach),
            "because": [{"rule": one.rule, "file": one.file, "line": one.line, "sets": list(one.sets)} for one in route.because],
            "reason": route.reason,
            "rules_version": route.rules_version,
        }
    return value


def route_from_json(value: Mapping[str, Any]) -> Route:
    """Rebuild a Route from `route_to_json(..., full=True)`."""
    return Route(
        rule=value["rule"],
        file=value["file"],
        line=value["line"],
        tags=tuple(value["tags"]),
        approvers=tuple(value["approvers"]),
        template=value["template"],
        approve=value["approve"],
        reply=value["reply"],
        reply_to=value["reply_to"],
        subject=value["subject"],
        attach=tuple(value["attach"]),
        because=tuple(
            Because(rule=one["rule"], file=one["file"], line=one["line"], sets=tuple(one["sets"])) for one in value["because"]
        ),
        reason=value["reason"],
        rules_version=value["rules_version"],
    )
