"""The outcomes of rules: what `then` may say, read and checked."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, cast

from mailbot.core.facts import FACTS, Facts
from mailbot.core.rule_tree import Reader, Scalar, Tree, nearest

OUTCOMES = {
    "tags": "labels for lists and searches; every matching rule adds its own",
    "approvers": "people of the config who are asked before a reply is drafted; every matching rule adds its own",
    "approve": "`all` approvers must agree (so it is unless said otherwise), or `any` one of them",
    "template": "reply template",
    "reply": "`draft` a reply, or `none`",
    "reply_to": "address a reply goes to instead of the sender; a dropped file has no other",
    "subject": "subject of the reply instead of `Re: …`; `{invoice_number}` stands for that fact",
    "stop": "`true`: no rule below is looked at",
}
"""Every key of `then` with its meaning: the README lists them from here."""

MAX_SUBJECT = 200
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+\.[^\s@<>,;:\"()\[\]\\.]+")
_PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one rule contributes when it matches. `singles` are the outcomes of which the first rule's counts."""

    tags: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()
    approve: Literal["all", "any"] = "all"
    singles: tuple[tuple[str, str], ...] = ()
    stop: bool = False


def read_outcome(
    reader: Reader, node: Tree, *, people: Collection[str] | None, templates: Collection[str] | None
) -> Outcome | None:
    """Read a rule's `then`; None after a finding."""
    entries = reader.entries(node, "then")
    if entries is None:
        return None
    before = len(reader.findings.errors)
    if not entries.pairs:
        reader.wrong(node, "then: no outcome", f"add one of {', '.join(OUTCOMES)}")
    for key, _ in entries.pairs:
        if key.text not in OUTCOMES:
            reader.wrong(key, f"unknown outcome {key.text!r}{nearest(key.text, OUTCOMES)}")
    given = {key.text: value for key, value in entries.pairs}
    singles = {
        "template": _known(reader, given.get("template"), "template", templates),
        "reply": reader.choice(given["reply"], "reply", ("draft", "none")) if "reply" in given else None,
        "reply_to": _address(reader, given.get("reply_to")),
        "subject": _subject(reader, given.get("subject")),
    }
    approve = reader.choice(given["approve"], "approve", ("all", "any")) if "approve" in given else "all"
    if "approve" in given and "approvers" not in given:
        reader.wrong(given["approve"], "approve: this rule names no approvers", "put it in the rule that does")
    stop = reader.choice(given["stop"], "stop", ("true", "false")) if "stop" in given else "false"
    tags = reader.texts(given["tags"], "tags") if "tags" in given else ()
    outcome = Outcome(
        tags=tuple(text for text, _ in tags),
        approvers=_approvers(reader, given.get("approvers"), people),
        approve=cast(Literal["all", "any"], approve or "all"),
        singles=tuple((key, value) for key, value in singles.items() if value is not None),
        stop=stop == "true",
    )
    return outcome if len(reader.findings.errors) == before else None


def _known(reader: Reader, node: Tree | None, what: str, known: Collection[str] | None) -> str | None:
    """Return a name that exists."""
    text = reader.text(node, what) if node else None
    if text is not None and node and known is not None and text not in known:
        reader.wrong(node, f"unknown {what} {text!r}{nearest(text, known)}")
    return text


def _approvers(reader: Reader, node: Tree | None, people: Collection[str] | None) -> tuple[str, ...]:
    if node is None:
        return ()
    named = reader.texts(node, "approvers")
    for name, line in named:
        _known(reader, Scalar(line=line, text=name), "approver", people)
    return tuple(dict.fromkeys(name for name, _ in named))


def _address(reader: Reader, node: Tree | None) -> str | None:
    text = reader.text(node, "reply_to") if node else None
    if text is not None and node and (len(text) > 254 or not _ADDRESS.fullmatch(text)):
        reader.wrong(node, f"reply_to: {text[:80]!r} is not one mail address", "write it as name@example.org")
    return text


def _subject(reader: Reader, node: Tree | None) -> str | None:
    text = reader.text(node, "subject") if node else None
    if text is not None and node:
        for name in _PLACE.findall(text):
            if name not in FACTS:
                reader.wrong(node, f"subject: unknown fact {{{name}}}{nearest(name, FACTS)}")
    return text


def filled(subject: str, facts: Facts) -> str:
    """Return a rule's subject with each {fact} in its place, on one line and no longer than 200 characters."""

    def value(match: re.Match[str]) -> str:
        found = facts.values[match[1]]
        if isinstance(found, tuple):
            return ", ".join(map(str, found))
        return "" if found is None else str(found)

    return " ".join(_PLACE.sub(value, subject).split())[:MAX_SUBJECT]
