"""The conditions of rules: `when` compiled to one closure, kept as a tree so that it can be explained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mailbot.core.facts import FACTS, Fact
from mailbot.core.rule_matchers import Check, CompileRegex, Test, View, compile_check
from mailbot.core.rule_tree import Entries, Reader, Scalar, Sequence, Tree, nearest, shape

How = Literal["all", "any", "not"]
GROUPS: tuple[How, ...] = ("all", "any", "not")
MAX_DEPTH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Conditions taken together: `all` hold, `any` holds, or `not` (not all of them hold)."""

    line: int
    how: How
    parts: tuple[Group | Check, ...]
    test: Test


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """How one condition fared: what was compared with what. Groups have no fact; `depth` is how deep they nest."""

    line: int
    depth: int
    fact: str
    matcher: str
    wanted: str
    actual: str
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Compiles `when` trees of one file."""

    reader: Reader
    regex: CompileRegex

    def when(self, node: Tree) -> Group | None:
        """Compile a rule's `when`: keys with values, or the word `always`. None after a finding."""
        if isinstance(node, Scalar) and node.text == "always":
            return _group(node.line, "all", ())
        if isinstance(node, Scalar):
            self.reader.wrong(
                node, f"when: facts to compare, not {shape(node)}", "write `when: always` for a rule without conditions"
            )
            return None
        return self._group(node, "all", 0)

    def _group(self, node: Tree, how: How, depth: int) -> Group | None:
        """Compile the entries of a map, or the maps of a list, taken together in one way."""
        if depth > MAX_DEPTH:
            self.reader.wrong(node, f"conditions nest more than {MAX_DEPTH} deep")
            return None
        parts: list[Group | Check | None] = []
        if isinstance(node, Entries) and node.pairs:
            for key, value in node.pairs:
                parts += self._entry(key, value, depth)
        elif isinstance(node, Sequence) and node.nodes:
            parts = [self._group(one, "all", depth + 1) for one in node.nodes]
        else:
            self.reader.wrong(node, f"{how}: conditions are facts to compare, not {shape(node)}")
            return None
        compiled = tuple(part for part in parts if part is not None)
        return _group(node.line, how, compiled) if len(compiled) == len(parts) else None

    def _entry(self, key: Scalar, value: Tree, depth: int) -> list[Group | Check | None]:
        """Compile one key: a nested group, or a fact with a value, several, or matchers."""
        for how in GROUPS:
            if key.text == how:
                return [self._group(value, how, depth + 1)]
        fact = FACTS.get(key.text)
        if fact is None:
            self.reader.wrong(key, f"unknown fact {key.text!r}{nearest(key.text, (*FACTS, *GROUPS))}")
            return [None]
        if not isinstance(value, Entries):
            word = Scalar(line=key.line, text=_plain_matcher(fact, value))
            return [compile_check(fact, word, value, self.reader, self.regex)]
        if not value.pairs:
            self.reader.wrong(value, f"{fact.name}: nothing to compare with")
            return [None]
        return [compile_check(fact, matcher, wanted, self.reader, self.regex) for matcher, wanted in value.pairs]


def _plain_matcher(fact: Fact, value: Tree) -> str:
    """Return the matcher that a bare value means: equal to it, or to one of several."""
    return ("has_any" if isinstance(value, Sequence) else "has") if fact.many else "is"


def _group(line: int, how: How, parts: tuple[Group | Check, ...]) -> Group:
    """Return a group with its closure."""
    tests = tuple(part.test for part in parts)
    every = tests[0] if len(tests) == 1 else _every(tests)
    test: Test = {"all": every, "any": _some(tests), "not": lambda view: not every(view)}[how]
    return Group(line=line, how=how, parts=parts, test=test)


def _every(tests: tuple[Test, ...]) -> Test:
    """Return whether all hold. Plain loops: they take half the time of `all(...)`, and every item passes every rule."""

    def test(view: View) -> bool:
        for one in tests:  # noqa: SIM110
            if not one(view):
                return False
        return True

    return test


def _some(tests: tuple[Test, ...]) -> Test:
    """Return whether any holds."""

    def test(view: View) -> bool:
        for one in tests:  # noqa: SIM110
            if one(view):
                return True
        return False

    return test


def trace(part: Group | Check, view: View, depth: int = 0) -> Iterator[Traced]:
    """Yield how each condition fares, none left out, groups before their parts."""
    holds = part.test(view)
    if isinstance(part, Check):
        actual = _short(view.values[part.fact])
        yield Traced(
            line=part.line, depth=depth, fact=part.fact, matcher=part.matcher, wanted=part.wanted, actual=actual, holds=holds
        )
        return
    if depth or part.how != "all":
        yield Traced(line=part.line, depth=depth, fact="", matcher=part.how, wanted="", actual="", holds=holds)
        depth += 1
    for inner in part.parts:
        yield from trace(inner, view, depth)


def _short(value: object) -> str:
    """Return a fact's value on one line, cut where it is long."""
    if value is None or value in ("", ()):
        return ""
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= 120 else text[:117] + "…"
