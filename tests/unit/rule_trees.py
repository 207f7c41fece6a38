"""Rule trees from plain Python values, each on a line of its own, so that rules are tested without any YAML."""

from __future__ import annotations

import re
from typing import Any

from mailbot.core.rule_tree import Entries, Scalar, Sequence, Tree
from mailbot.core.rules import RuleSet, compile_rules
from mailbot.errors import RuleError


def tree(value: Any, line: int = 1) -> Tree:
    if isinstance(value, dict):
        pairs = tuple((Scalar(line=line + at, text=key), tree(one, line + at)) for at, (key, one) in enumerate(value.items()))
        return Entries(line=line, pairs=pairs)
    if isinstance(value, list):
        return Sequence(line=line, nodes=tuple(tree(one, line + at * 10) for at, one in enumerate(value)))
    return Scalar(line=line, text=str(value))


def regex(pattern: str) -> Any:
    try:
        compiled = re.compile(pattern.replace(r"\z", r"\Z"), re.IGNORECASE)
    except re.error as error:
        raise ValueError(str(error)) from None
    return lambda text: compiled.search(text) is not None


def rules(*given: dict[str, Any], tests: list[Any] | None = None, **known: Any) -> RuleSet:
    content = {"rules": list(given)} | ({"tests": tests} if tests is not None else {})
    return compile_rules([("a.yaml", tree(content))], regex=regex, **known)


def wrong(*given: Any, tests: list[Any] | None = None, **known: Any) -> list[str]:
    """Return every finding about rules that cannot be compiled."""
    try:
        rules(*given, tests=tests, **known)
    except RuleError as error:
        return [str(one) for one in error.findings]
    raise AssertionError("these rules compiled")
