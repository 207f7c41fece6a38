"""The tests that stand in rule files beside the rules: an item as facts, and what the route must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mailbot.core.document import FIELD_NAMES
from mailbot.core.facts import FACTS, Facts, Value, facts_from, topic, typed
from mailbot.core.route import Route
from mailbot.core.rule_tree import Entries, Reader, Scalar, Tree, nearest, shape
from mailbot.core.rule_tree import Sequence as SequenceNode

TEST_KEYS = ("name", "item", "expect")
EXPECTABLE = ("rule", "tags", "approvers", "approve", "template", "reply", "reply_to", "subject")
NONE = "none"
"""`rule: none` expects that no rule matches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One test: `expect` holds what is compared, a text or a set of texts for each outcome."""

    name: str
    file: str
    line: int
    facts: Facts
    expect: Mapping[str, str | frozenset[str]]


def differences(example: Example, route: Route) -> tuple[str, ...]:
    """Return one line for each way in which a route is not what the test expects; () when it passes."""
    lines = []
    for key, wanted in example.expect.items():
        value = getattr(route, key)
        actual = frozenset(value) if isinstance(value, tuple) else value
        if actual != wanted:
            lines.append(f"{key}: expected {_shown(wanted)}, got {_shown(actual)}")
    return tuple(lines)


def _shown(value: str | frozenset[str]) -> str:
    if isinstance(value, frozenset):
        return "[" + ", ".join(sorted(value)) + "]"
    return repr(value) if value else NONE


def read_examples(reader: Reader, node: Tree | None) -> list[Example]:
    """Read the `tests` of one file; what is wrong becomes a finding."""
    if node is None:
        return []
    if not isinstance(node, SequenceNode):
        reader.wrong(node, f"tests: a list of tests, each begun with a dash, not {shape(node)}")
        return []
    return [example for one in node.nodes if (example := _example(reader, one))]


def _example(reader: Reader, node: Tree) -> Example | None:
    entries = reader.entries(node, "a test")
    if entries is None:
        return None
    for key, _ in entries.pairs:
        if key.text not in TEST_KEYS:
            reader.wrong(key, f"a test has {', '.join(TEST_KEYS)}: unknown key {key.text!r}{nearest(key.text, TEST_KEYS)}")
    parts = [entries.get(key) for key in TEST_KEYS]
    if None in parts:
        absent = [key for key, part in zip(TEST_KEYS, parts, strict=True) if part is None]
        reader.wrong(entries, f"this test has no {' and no '.join(absent)}", "add it")
    name, item, expect = parts
    text = reader.text(name, "name") if name else None
    facts = _item(reader, item) if item else None
    expected = _expect(reader, expect) if expect else None
    if text is None or facts is None or expected is None:
        return None
    return Example(name=text, file=reader.file, line=entries.line, facts=facts, expect=expected)


def _item(reader: Reader, node: Tree) -> Facts | None:
    """Read facts; `fields` groups those of the main document."""
    entries = reader.entries(node, "item")
    if entries is None:
        return None
    given: dict[str, Value] = {"source": "mail", "language": "en", "desk": "Desk", "error_count": 0, "page_count": 0}
    for key, value in entries.pairs:
        if key.text == "fields":
            _fields(reader, value, given)
        elif key.text in FACTS:
            _fact(reader, key.text, value, given)
        else:
            reader.wrong(key, f"unknown fact {key.text!r}{nearest(key.text, (*FACTS, 'fields'))}")
    given.setdefault("from_domain", str(given.get("from", "")).rpartition("@")[2].lower())
    given.setdefault("topic", topic(str(given.get("subject", ""))))
    for name in ("attachment", "document"):
        files = given.get(f"{name}s")
        given.setdefault(f"{name}_count", len(files) if isinstance(files, tuple) else 0)
    return facts_from(given)


def _fields(reader: Reader, node: Tree, given: dict[str, Value]) -> None:
    for key, value in (reader.entries(node, "fields") or Entries(line=node.line, pairs=())).pairs:
        if key.text in FIELD_NAMES:
            _fact(reader, key.text, value, given)
            given[f"any_{key.text}"] = (given[key.text],) if key.text in given else ()  # type: ignore[assignment]
        else:
            reader.wrong(key, f"unknown field {key.text!r}{nearest(key.text, FIELD_NAMES)}")


def _fact(reader: Reader, name: str, node: Tree, given: dict[str, Value]) -> None:
    """Read one fact's value or values in its type."""
    fact = FACTS[name]
    values = []
    if isinstance(node, Scalar) and not node.text:
        return
    for text, line in reader.texts(node, name):
        value = typed(fact.kind, text)
        if value is None:
            reader.wrong(Scalar(line=line, text=text), f"{name}: {text!r} is not a {fact.kind}")
        else:
            values.append(value)
    if fact.many:
        given[name] = tuple(values)  # type: ignore[assignment]
    elif len(values) == 1:
        given[name] = values[0]
    elif values:
        reader.wrong(node, f"{name} is one {fact.kind}, not a list")


def _expect(reader: Reader, node: Tree) -> dict[str, str | frozenset[str]] | None:
    entries = reader.entries(node, "expect")
    if entries is None:
        return None
    expected: dict[str, str | frozenset[str]] = {}
    for key, value in entries.pairs:
        if key.text not in EXPECTABLE:
            reader.wrong(key, f"a test cannot expect {key.text!r}{nearest(key.text, EXPECTABLE)}")
        elif key.text in ("tags", "approvers"):
            nodes = value.nodes if isinstance(value, SequenceNode) else (value,)
            expected[key.text] = frozenset(text for one in nodes if (text := reader.text(one, key.text)))
        elif (text := reader.text(value, key.text)) is not None:
            expected[key.text] = "" if text == NONE and key.text in ("rule", "template") else text
    if not entries.pairs:
        reader.wrong(node, "expect: nothing is expected", f"add one of {', '.join(EXPECTABLE)}")
    return expected
