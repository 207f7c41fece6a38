"""The matchers of rules: each compares one fact, by the fact's type, with what the rule says.

Text is compared without regard to case, width or the amount of white space (Unicode NFKC, casefold). Everything is compiled once
to a closure over a View.
"""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from mailbot.core.facts import Fact, Kind, Value, typed
from mailbot.core.rule_tree import Reader, Scalar, Sequence, Tree, nearest

Search = Callable[[str], bool]
CompileRegex = Callable[[str], Search]
"""Takes a pattern, returns whether it is found somewhere in a text, in linear time. Raises ValueError for a bad pattern."""

Test = Callable[["View"], bool]


class View:
    """The facts of one item while rules look at them, with each text folded once."""

    __slots__ = ("_folded", "values")

    def __init__(self, values: Mapping[str, Value]) -> None:
        self.values: dict[str, Any] = dict(values)
        self._folded: dict[str, Any] = {}

    def folded(self, name: str) -> Any:
        """Return a text fact folded (a tuple of texts for a fact that has many)."""
        try:
            return self._folded[name]
        except KeyError:
            value = self.values[name]
            self._folded[name] = folded = tuple(map(fold, value)) if isinstance(value, tuple) else fold(value)
            return folded

    def tag(self, tags: tuple[str, ...]) -> None:
        """Set the tags given so far."""
        self.values["tags"] = tags
        self._folded.pop("tags", None)


def fold(text: str) -> str:
    """Return text as it is compared: NFKC, case folded, white space as single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One comparison of a fact: `test` is the compiled form, the rest is for explaining it."""

    line: int
    fact: str
    matcher: str
    wanted: str
    test: Test


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a matcher is compiled from: the fact, the node with the rule's value, and where findings and regexes go."""

    fact: Fact
    matcher: str
    node: Tree
    reader: Reader
    regex: CompileRegex

    @property
    def what(self) -> str:
        """The matcher, for messages."""
        return f"{self.fact.name}: {self.matcher}"


_TEXT = ("is", "contains", "word", "starts_with", "ends_with", "glob", "regex", "exists")
_NUMBER = ("is", "at_least", "above", "at_most", "below", "between", "exists")
_DATE = ("is", "before", "after", "within_days", "exists")
_FLAG = ("is", "exists")
_MANY = ("has", "has_any", "has_all")
MATCHERS: dict[Kind, tuple[str, ...]] = {"text": _TEXT, "number": _NUMBER, "date": _DATE, "flag": _FLAG}


def matchers_of(fact: Fact) -> tuple[str, ...]:
    """Return the matchers that fit a fact. On a list of values, the ones of its type hold when they hold for any value."""
    return (*_MANY, *MATCHERS[fact.kind]) if fact.many else MATCHERS[fact.kind]


def compile_check(fact: Fact, matcher: Scalar, node: Tree, reader: Reader, regex: CompileRegex) -> Check | None:
    """Compile one matcher of a fact; None after a finding."""
    if matcher.text not in (fits := matchers_of(fact)):
        kind = f"list of {fact.kind}" if fact.many else fact.kind
        reader.wrong(matcher, f"{fact.name} is a {kind}: unknown matcher {matcher.text!r}{nearest(matcher.text, fits)}")
        return None
    before = len(reader.findings.errors)
    wanted = Wanted(fact=fact, matcher=matcher.text, node=node, reader=reader, regex=regex)
    if matcher.text == "exists":
        test = _exists(wanted)
    elif matcher.text in _MANY:
        test = _has(wanted)
    else:
        test = {"text": _text, "number": _number, "date": _date, "flag": _flag}[fact.kind](wanted)
    if test is None or len(reader.findings.errors) > before:
        return None
    return Check(line=matcher.line, fact=fact.name, matcher=matcher.text, wanted=shown(node), test=test)


def _exists(wanted: Wanted) -> Test | None:
    text = wanted.reader.choice(wanted.node, wanted.what, ("true", "false"))
    name, there = wanted.fact.name, text == "true"
    return lambda view: (view.values[name] not in (None, "", ())) is there


def _has(wanted: Wanted) -> Test | None:
    """`has`, `has_any` and `has_all`: whole values of a list."""
    kind, name = wanted.fact.kind, wanted.fact.name
    looked_for = frozenset(_typed_values(wanted))
    values: Callable[[View], Any] = (lambda view: view.folded(name)) if kind == "text" else (lambda view: view.values[name])
    if wanted.matcher == "has_any":
        return lambda view: not looked_for.isdisjoint(values(view))
    return lambda view: looked_for.issubset(values(view))


def _typed_values(wanted: Wanted) -> list[Any]:
    """Return the rule's value or values in the type of the fact, texts folded."""
    kind = wanted.fact.kind
    values = []
    for text, line in wanted.reader.texts(wanted.node, wanted.what):
        value = fold(text) if kind == "text" else typed(kind, text)
        if value is None:
            remedy = {"number": "write it as 1000 or 1000.50", "date": "write it as 2026-11-30"}.get(kind, "write true or false")
            wanted.reader.wrong(Scalar(line=line, text=text), f"{wanted.what}: {text!r} is not a {kind}", remedy)
        else:
            values.append(value)
    return values


def _text(wanted: Wanted) -> Test | None:
    name = wanted.fact.name
    if wanted.matcher in ("regex", "glob"):
        return _pattern(wanted)
    words = [fold(text) for text, _ in wanted.reader.texts(wanted.node, wanted.what)]
    if not words:
        return None
    one = _on_text(wanted.matcher, words)
    if wanted.fact.many:
        return lambda view: any(map(one, view.folded(name)))
    return lambda view: one(view.folded(name))


def _on_text(matcher: str, words: list[str]) -> Search:
    """Return the test of one folded text."""
    if matcher == "is":
        return frozenset(words).__contains__
    if matcher == "starts_with":
        return lambda text, starts=tuple(words): text.startswith(starts)  # type: ignore[misc]
    if matcher == "ends_with":
        return lambda text, ends=tuple(words): text.endswith(ends)  # type: ignore[misc]
    if matcher == "word":
        return lambda text: any(_stands_alone(word, text) for word in words)
    if len(words) == 1:
        return lambda text, word=words[0]: word in text  # type: ignore[misc]
    return _holding_any(words)


def _holding_any(words: list[str]) -> Search:
    """Return the test whether any word is in a text. A plain loop takes half the time of `any(...)`, and rules do this most."""

    def search(text: str) -> bool:
        for word in words:  # noqa: SIM110
            if word in text:
                return True
        return False

    return search


def _stands_alone(word: str, text: str) -> bool:
    """Return whether a word stands in the text with no letter or digit glued to it (scripts without spaces have no such bounds)."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        glued_before = at > 0 and _glues(text[at - 1], word[0])
        glued_after = end < len(text) and _glues(text[end], word[-1])
        if not (glued_before or glued_after):
            return True
        at = text.find(word, at + 1)
    return False


def _glues(one: str, other: str) -> bool:
    return one.isalnum() and other.isalnum() and one < "\u2e80" and other < "\u2e80"


def _pattern(wanted: Wanted) -> Test | None:
    """`regex` searches the text as it stands (NFKC, lines kept, case ignored); `glob` matches the whole folded text."""
    name, many, is_glob = wanted.fact.name, wanted.fact.many, wanted.matcher == "glob"
    searches: list[Search] = []
    for text, line in wanted.reader.texts(wanted.node, wanted.what):
        try:
            searches.append(wanted.regex(glob_pattern(fold(text)) if is_glob else text))
        except ValueError as error:
            at = Scalar(line=line, text=text)
            wanted.reader.wrong(at, f"{wanted.what}: {text!r} is no regular expression: {error}", "see the RE2 syntax")
    if is_glob and not many:
        return lambda view: any(search(view.folded(name)) for search in searches)
    if is_glob:
        return lambda view: any(search(text) for text in view.folded(name) for search in searches)
    if many:
        return lambda view: any(search(_compatible(text)) for text in view.values[name] for search in searches)
    return lambda view: any(search(_compatible(view.values[name])) for search in searches)


def _compatible(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def glob_pattern(glob: str) -> str:
    """Return a glob (`*` any characters, `?` one) as a regular expression for the whole text."""
    return r"(?s)\A" + "".join({"*": ".*", "?": "."}.get(one) or re.escape(one) for one in glob) + r"\z"


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "at_least": operator.ge,
    "above": operator.gt,
    "at_most": operator.le,
    "below": operator.lt,
    "before": operator.lt,
    "after": operator.gt,
}


def _number(wanted: Wanted) -> Test | None:
    limits = _typed_values(wanted)
    if wanted.matcher == "between":
        if len(limits) != 2 or limits[0] > limits[1]:
            wanted.reader.wrong(wanted.node, f"{wanted.what}: two numbers, the smaller first", "write between: [100, 200]")
            return None
        low, high = limits
        return _on_values(wanted, lambda value: low <= value <= high)
    if wanted.matcher == "is":
        return _on_values(wanted, frozenset(limits).__contains__)
    return _compared(wanted, limits)


def _compared(wanted: Wanted, limits: list[Any]) -> Test | None:
    """Compare with one limit by the matcher's operator."""
    if not limits:
        return None
    if len(limits) != 1 or isinstance(wanted.node, Sequence):
        wanted.reader.wrong(wanted.node, f"{wanted.what}: one {wanted.fact.kind}, not {shown(wanted.node)}")
        return None
    compare, limit, name = _COMPARE[wanted.matcher], limits[0], wanted.fact.name
    if wanted.fact.many:
        return lambda view: any(compare(value, limit) for value in view.values[name])
    return lambda view: (value := view.values[name]) is not None and compare(value, limit)


def _on_values(wanted: Wanted, one: Callable[[Any], bool]) -> Test:
    """Test the fact's value, or any of its values; an absent one never matches."""
    name = wanted.fact.name
    if wanted.fact.many:
        return lambda view: any(map(one, view.values[name]))
    return lambda view: (value := view.values[name]) is not None and one(value)


def _date(wanted: Wanted) -> Test | None:
    """Dates; `received` stands for the day the item came in, and `within_days: 7` means from that day to seven days later."""
    if wanted.matcher == "within_days":
        return _within_days(wanted)
    node = wanted.node
    if wanted.matcher in ("before", "after") and isinstance(node, Scalar) and node.text == "received":
        compare, name, many = _COMPARE[wanted.matcher], wanted.fact.name, wanted.fact.many
        return lambda view: any(
            compare(value, view.values["received"])
            for value in (view.values[name] if many else (view.values[name],))
            if value is not None and view.values["received"] is not None
        )
    days = _typed_values(wanted)
    if wanted.matcher == "is":
        return _on_values(wanted, frozenset(days).__contains__)
    return _compared(wanted, days)


def _within_days(wanted: Wanted) -> Test | None:
    text = wanted.reader.text(wanted.node, wanted.what)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,4}", text):
        wanted.reader.wrong(wanted.node, f"{wanted.what}: {text!r} is not a number of days from 0 to 9999")
        return None
    span, name, many = timedelta(days=int(text)), wanted.fact.name, wanted.fact.many

    def test(view: View) -> bool:
        start: date | None = view.values["received"]
        values = view.values[name] if many else (view.values[name],)
        return start is not None and any(value is not None and timedelta(0) <= value - start <= span for value in values)

    return test


def _flag(wanted: Wanted) -> Test | None:
    values = _typed_values(wanted)
    return _on_values(wanted, frozenset(values).__contains__) if values else None


def shown(node: Tree) -> str:
    """Return a rule's value on one line, for explanations."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return "[" + ", ".join(map(shown, node.nodes)) + "]"
    return "{" + ", ".join(f"{key.text}: {shown(value)}" for key, value in node.pairs) + "}"
