"""The rules: compiled from the trees of rule files, they decide the route of an item and can explain how they came to it.

Rules are looked at from top to bottom. For tags and approvers all matching rules count; every other outcome comes from the first
matching rule that sets it; `stop` ends the walk. Approval is the exception, on the safe side: when matching rules that name
approvers differ, `all` beats `any`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mailbot.core.facts import Facts
from mailbot.core.route import Because, Route
from mailbot.core.rule_conditions import Conditions, Group, Traced, trace
from mailbot.core.rule_matchers import CompileRegex, View
from mailbot.core.rule_outcomes import Outcome, filled, read_outcome
from mailbot.core.rule_tests import Example, read_examples
from mailbot.core.rule_tree import Entries, Findings, Reader, Tree, nearest, shape
from mailbot.core.rule_tree import Sequence as SequenceNode

NO_MATCH = "no rule matched: a person decides"
RULE_KEYS = ("name", "when", "then")
FILE_KEYS = ("rules", "tests")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: where it stands, its condition and its outcome."""

    name: str
    file: str
    line: int
    condition: Group
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTrace:
    """How one rule fared on an item; `reached` is False when a rule above stopped the walk."""

    rule: str
    file: str
    line: int
    reached: bool
    matched: bool
    conditions: tuple[Traced, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The rules of all files in order, and their tests. `version` is the hash of the files' contents."""

    rules: tuple[Rule, ...]
    examples: tuple[Example, ...] = ()
    version: str = ""

    def route(self, facts: Facts) -> Route:
        """Return the route of an item. Raises nothing: what is absent matches nothing."""
        view = View(facts.values)
        matched: list[Rule] = []
        tags: tuple[str, ...] = tuple(view.values["tags"])
        for rule in self.rules:
            if rule.condition.test(view):
                matched.append(rule)
                if rule.outcome.tags:
                    tags = tuple(dict.fromkeys((*tags, *rule.outcome.tags)))
                    view.tag(tags)
                if rule.outcome.stop:
                    break
        return _route(matched, tags, facts, self.version)

    def explain(self, facts: Facts) -> tuple[RuleTrace, ...]:
        """Return how every rule and condition fared: what was compared with what, and the result."""
        view, reached, traces = View(facts.values), True, []
        tags: tuple[str, ...] = tuple(view.values["tags"])
        for rule in self.rules:
            conditions = tuple(trace(rule.condition, view))
            matched = reached and rule.condition.test(view)
            traces.append(
                RuleTrace(rule=rule.name, file=rule.file, line=rule.line, reached=reached, matched=matched, conditions=conditions)
            )
            if matched:
                tags = tuple(dict.fromkeys((*tags, *rule.outcome.tags)))
                view.tag(tags)
                reached = not rule.outcome.stop
        return tuple(traces)


def _route(matched: Sequence[Rule], tags: tuple[str, ...], facts: Facts, version: str) -> Route:
    """Put the outcomes of the matching rules together."""
    if not matched:
        return Route(tags=tags, reason=NO_MATCH, rules_version=version)
    because: list[Because] = []
    single: dict[str, str] = {}
    approvers: dict[str, None] = {}
    strict = False
    chooser = matched[0]
    for rule in matched:
        sets = []
        for key, value in rule.outcome.singles:
            if key not in single:
                single[key] = value
                sets.append(key)
                chooser = rule if key == "template" else chooser
        if rule.outcome.approvers:
            approvers |= dict.fromkeys(rule.outcome.approvers)
            strict |= rule.outcome.approve == "all"
            sets.append("approvers")
        sets += ["tags"] if rule.outcome.tags else []
        because.append(Because(rule=rule.name, file=rule.file, line=rule.line, sets=tuple(sets)))
    names = tuple(approvers)
    return Route(
        rule=chooser.name,
        file=chooser.file,
        line=chooser.line,
        tags=tags,
        approvers=names,
        approve="all" if strict or not names else "any",
        template=single.get("template", ""),
        reply="none" if single.get("reply") == "none" else "draft",
        reply_to=single.get("reply_to", ""),
        subject=filled(single.get("subject", ""), facts),
        because=tuple(because),
        reason=_reason(because),
        rules_version=version,
    )


def _reason(because: Sequence[Because]) -> str:
    """Return why the route is as it is, as one sentence for people."""
    parts = [f"{one.rule!r} ({one.file}:{one.line}) set {', '.join(one.sets) or 'nothing new'}" for one in because]
    return ("rule " if len(parts) == 1 else "rules ") + "; ".join(parts)


def compile_rules(
    files: Sequence[tuple[str, Tree]],
    *,
    regex: CompileRegex,
    people: Collection[str] | None = None,
    templates: Collection[str] | None = None,
    version: str = "",
    findings: Findings | None = None,
) -> RuleSet:
    """Compile the trees of (file name, tree), in that order.

    `people` and `templates` are the names that exist (None: not checked); `findings` what reading the files already found.
    Raises RuleError that carries every finding.
    """
    findings = findings or Findings()
    rules: list[Rule] = []
    examples: list[Example] = []
    for file, tree in files:
        reader = Reader(file=file, findings=findings)
        entries = reader.entries(tree, "a rule file")
        if entries is None:
            continue
        _known_keys(reader, entries, FILE_KEYS, "a rule file has")
        compiler = _Compiler(reader=reader, conditions=Conditions(reader=reader, regex=regex), people=people, templates=templates)
        rules += compiler.rules(entries)
        examples += read_examples(reader, entries.get("tests"))
    _distinct(rules, findings)
    _expected_exist(rules, examples, findings)
    findings.raise_any()
    return RuleSet(rules=tuple(rules), examples=tuple(examples), version=version)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compiler:
    """Compiles the rules of one file."""

    reader: Reader
    conditions: Conditions
    people: Collection[str] | None
    templates: Collection[str] | None

    def rules(self, entries: Entries) -> list[Rule]:
        node = entries.get("rules")
        if node is None:
            self.reader.wrong(entries, "no `rules:` in this file", "add it, or `rules: []` for none")
            return []
        if not isinstance(node, SequenceNode):
            self.reader.wrong(node, f"rules: a list of rules, each begun with a dash, not {shape(node)}")
            return []
        return [rule for one in node.nodes if (rule := self._rule(one))]

    def _rule(self, node: Tree) -> Rule | None:
        entries = self.reader.entries(node, "a rule")
        if entries is None:
            return None
        _known_keys(self.reader, entries, RULE_KEYS, "a rule has")
        if absent := [key for key in RULE_KEYS if entries.get(key) is None]:
            remedy = "add it; `when: always` for a rule without conditions" if "when" in absent else "add it"
            self.reader.wrong(entries, f"this rule has no {' and no '.join(absent)}", remedy)
        name, when, then = (entries.get(key) for key in RULE_KEYS)
        text = self.reader.text(name, "name") if name else None
        condition = self.conditions.when(when) if when else None
        outcome = read_outcome(self.reader, then, people=self.people, templates=self.templates) if then else None
        if text is None or condition is None or outcome is None:
            return None
        return Rule(name=text, file=self.reader.file, line=entries.line, condition=condition, outcome=outcome)


def _known_keys(reader: Reader, entries: Entries, known: Collection[str], what: str) -> None:
    for key, _ in entries.pairs:
        if key.text not in known:
            reader.wrong(key, f"{what} {', '.join(known)}: unknown key {key.text!r}{nearest(key.text, known)}")


def _distinct(rules: Sequence[Rule], findings: Findings) -> None:
    """Find rules of one name: a reason must point at one rule."""
    first: dict[str, Rule] = {}
    for rule in rules:
        other = first.setdefault(rule.name, rule)
        if other is not rule:
            findings.add(
                rule.file, rule.line, f"a rule named {rule.name!r} stands already at {other.file}:{other.line}", "rename one"
            )


def _expected_exist(rules: Sequence[Rule], examples: Sequence[Example], findings: Findings) -> None:
    """Find tests that expect a rule that does not exist; only when every rule compiled, else it may be one that did not."""
    names = {rule.name for rule in rules}
    for example in examples if not findings.errors else ():
        wanted = example.expect.get("rule")
        if isinstance(wanted, str) and wanted and wanted not in names:
            findings.add(
                example.file, example.line, f"test {example.name!r} expects unknown rule {wanted!r}{nearest(wanted, names)}"
            )
