"""A rule file as plain values with line numbers, and the findings about it: what compiling rules takes and gives besides rules."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from mailbot.errors import RuleError


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """One word or number, as text: the fact it is compared with says what type it has, so `NO` stays Norway."""

    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """A list."""

    line: int
    nodes: tuple[Tree, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """Keys and their values, in the file's order; keys are distinct."""

    line: int
    pairs: tuple[tuple[Scalar, Tree], ...]

    def get(self, key: str) -> Tree | None:
        """Return the value of a key, None when it is not there."""
        return next((value for name, value in self.pairs if name.text == key), None)


Tree = Scalar | Sequence | Entries


@dataclass(slots=True, kw_only=True)
class Findings:
    """Collects everything that is wrong with a set of rule files."""

    errors: list[RuleError] = field(default_factory=list)

    def add(self, file: str, line: int, message: str, remedy: str = "") -> None:
        """Note one finding."""
        self.errors.append(RuleError(message, file=file, line=line, remedy=remedy))

    def raise_any(self) -> None:
        """Raise one RuleError that carries all of them, in the order of file and line, if there are any."""
        if not self.errors:
            return
        found = sorted(self.errors, key=lambda one: (one.file, one.line))
        first, more = found[0], len(found) - 1
        message = first.args[0].removeprefix(f"{first.file}:{first.line}: ") + (f" (and {more} more)" if more else "")
        raise RuleError(message, file=first.file, line=first.line, remedy=first.remedy, findings=tuple(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads typed values out of the tree of one file; what does not fit becomes a finding and None."""

    file: str
    findings: Findings

    def wrong(self, node: Tree, message: str, remedy: str = "") -> None:
        """Note a finding about a node."""
        self.findings.add(self.file, node.line, message, remedy)

    def text(self, node: Tree, what: str) -> str | None:
        """Return a single, non-empty word or sentence."""
        if isinstance(node, Scalar) and node.text.strip():
            return node.text.strip()
        self.wrong(node, f"{what} is one word or sentence, not {shape(node)}")
        return None

    def texts(self, node: Tree, what: str) -> tuple[tuple[str, int], ...]:
        """Return one or several words with their lines; an empty result was noted as a finding."""
        nodes = node.nodes if isinstance(node, Sequence) else (node,)
        if not nodes:
            self.wrong(node, f"{what} is an empty list")
        read = [(self.text(one, what), one.line) for one in nodes]
        return tuple((text, line) for text, line in read if text is not None)

    def choice(self, node: Tree, what: str, known: Iterable[str]) -> str | None:
        """Return a word that is one of the known ones."""
        text = self.text(node, what)
        if text is None or text in (known := list(known)):
            return text
        self.wrong(node, f"{what}: unknown {text!r}{nearest(text, known)}")
        return None

    def entries(self, node: Tree, what: str) -> Entries | None:
        """Return a map."""
        if isinstance(node, Entries):
            return node
        self.wrong(node, f"{what} is a list of keys with values, not {shape(node)}")
        return None


def shape(node: Tree) -> str:
    """Return what a node is, for people."""
    if isinstance(node, Scalar):
        return repr(node.text[:60]) if node.text.strip() else "nothing"
    return "a list" if isinstance(node, Sequence) else "keys with values"


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a clause that names the known word that was probably meant, or the known words."""
    known = sorted(known)
    near = difflib.get_close_matches(word, known, 1, 0.5)
    if near:
        return f", did you mean {near[0]}?"
    return f" (known: {', '.join(known)})" if known else " (there are none)"
