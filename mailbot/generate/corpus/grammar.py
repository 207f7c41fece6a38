"""Phrase grammars: reads tables of wordings and writes one of their many sentences.

A table is a text file. `= name` begins a section of lines, each one wording. `= name if due date, -total` is looked at only when
the value `due date` is there and `total` is not; the first section of a name that fits is taken. In a line `{value}` copies a
value, `<section>` goes on with a wording of that section, and `[a|b|]` takes one of its parts. Wordings and parts whose values are
missing drop out, and of a reply's parts those that copy the most values win: `[ of {date}|]` always names a known date, while
`[[ of {date}]|]` does so now and then. `\\n` is a line break, `# ` begins a comment, a wording after `~` is held out of training.
The lines of a section `= name*` are words, each of them a wording.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from mailbot.errors import MailbotError

_TOKEN = re.compile(r"\{([^{}]+)\}|<([^<>]+)>|([\[|\]])|\\n")


@dataclass(frozen=True, slots=True)
class Copy:
    """Copies a value."""

    name: str


@dataclass(frozen=True, slots=True)
class Follow:
    """Goes on with a wording of a section."""

    section: str


@dataclass(frozen=True, slots=True)
class Line:
    """A wording: its nodes in order. `needs` are the values without which it cannot be said."""

    nodes: tuple[str | Copy | Follow | Choice, ...]
    needs: frozenset[str]
    held_out: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several parts. `telling` says whether any copies a value."""

    parts: tuple[Line, ...]
    telling: bool

    def fullest(self, there: Collection[str]) -> Sequence[Line]:
        """Return the parts that copy the most of the values that are there."""
        if not self.telling:
            return self.parts
        usable = [part for part in self.parts if all(name in there for name in part.needs)]
        most = max((len(part.needs) for part in usable), default=0)
        return [part for part in usable if len(part.needs) == most]


@dataclass(slots=True)
class Section:
    """Wordings that say one thing. `wanted` and `unwanted` are values that must and must not be there."""

    wanted: frozenset[str]
    unwanted: frozenset[str]
    lines: list[Line] = field(default_factory=list)
    usable: dict[tuple[frozenset[str], bool | None], list[Line]] = field(default_factory=dict)

    def choose(self, there: Collection[str] | None, held_out: bool | None) -> list[Line]:
        """Return the wordings that can be said; where no wording is held out, `held_out` asks for nothing."""
        key = (frozenset(name for one in self.lines for name in one.needs if there is None or name in there), held_out)
        if (found := self.usable.get(key)) is None:
            found = [one for one in self.lines if one.needs <= key[0] and (held_out or not one.held_out)]
            if held_out and any(one.held_out for one in found):
                found = [one for one in found if one.held_out]
            self.usable[key] = found
        return found


@dataclass(slots=True)
class Written:
    """A text in the making: its pieces, where values stand among them, and the values copied."""

    pieces: list[str] = field(default_factory=list)
    copied: dict[str, str] = field(default_factory=dict)
    places: set[int] = field(default_factory=set)

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self.pieces)


class Grammar:
    """The sections of one or several tables."""

    def __init__(self, *tables: str) -> None:
        self.sections: dict[str, list[Section]] = {}
        for table in tables:
            self._read(table)

    def _read(self, table: str) -> None:
        section: Section | None = None
        words = False
        for number, line in enumerate(table.splitlines(), 1):
            if not line.strip() or line.startswith("# "):
                continue
            if line.startswith("= "):
                name, _, conditions = line[2:].partition(" if ")
                told = [one.strip() for one in conditions.split(",") if one.strip()]
                words = name.endswith("*")
                section = Section(
                    wanted=frozenset(one for one in told if one[0] != "-"),
                    unwanted=frozenset(one[1:] for one in told if one[0] == "-"),
                )
                self.sections.setdefault(name.strip(" *"), []).append(section)
            elif section is None:
                raise MailbotError(f"line {number} of a phrase table stands before its first section: {line!r}")
            else:
                section.lines += [_line(one) for one in (line.split() if words else [line])]

    def names(self, section: str) -> tuple[str, ...]:
        """Return the first wording of a section as a list: its words, which commas part; () for no such section."""
        found = self.sections.get(section)
        return tuple(one.strip() for one in str(found[0].lines[0].nodes[0]).split(",")) if found else ()

    def loose_ends(self, values: Collection[str]) -> set[str]:
        """Return the sections and values that the tables name but that neither they nor `values` have."""
        named: set[str] = set()
        nodes: list[str | Copy | Follow | Choice | Line] = [
            line for sections in self.sections.values() for one in sections for line in one.lines
        ]
        while nodes:
            node = nodes.pop()
            if isinstance(node, Line):
                nodes += node.nodes
            elif isinstance(node, Choice):
                nodes += node.parts
            elif isinstance(node, Copy):
                named |= {node.name} - set(values)
            elif isinstance(node, Follow):
                named |= {node.section} - self.sections.keys()
        conditions = {name for sections in self.sections.values() for one in sections for name in one.wanted | one.unwanted}
        return named | conditions - set(values)

    def write(
        self,
        section: str,
        values: Mapping[str, str],
        rng: random.Random,
        *,
        there: Collection[str] | None = None,
        held_out: bool = False,
        into: Written | None = None,
    ) -> Written:
        """Write one wording of a section; nothing where no wording can be said.

        `there` are the names of the values that may be copied (None: any that `values` answers); `held_out` prefers reserved
        wordings. Raises MailbotError for a section that no table has.
        """
        written = into if into is not None else Written()
        sections = self.sections.get(section)
        if sections is None:
            raise MailbotError(f"no section {section!r} in the phrase tables")
        for one in sections:
            told: Collection[str] = values if there is None else there
            if all(name in told for name in one.wanted) and not any(name in told for name in one.unwanted):
                if usable := one.choose(there, held_out):
                    self._say(usable[int(rng.random() * len(usable))], values, rng, there, held_out, written)
                break
        return written

    def _say(
        self,
        line: Line,
        values: Mapping[str, str],
        rng: random.Random,
        there: Collection[str] | None,
        held_out: bool,
        written: Written,
    ) -> None:
        for node in line.nodes:
            if isinstance(node, str):
                written.pieces.append(node)
            elif isinstance(node, Copy):
                written.copied[node.name] = values[node.name]
                written.places.add(len(written.pieces))
                written.pieces.append(values[node.name])
            elif isinstance(node, Follow):
                self.write(node.section, values, rng, there=there, held_out=held_out, into=written)
            else:
                parts = node.parts if there is None else node.fullest(there)
                if parts:
                    self._say(parts[int(rng.random() * len(parts))], values, rng, there, held_out, written)


def _line(text: str) -> Line:
    held_out = text.startswith("~")
    nodes, end = _nodes(text[1:] if held_out else text, 0, nested=False)
    if end != len(text) - held_out:
        raise MailbotError(f"a bracket of a phrase is not balanced: {text!r}")
    return Line(nodes=nodes, needs=_needs(nodes), held_out=held_out)


def _needs(nodes: tuple[str | Copy | Follow | Choice, ...]) -> frozenset[str]:
    return frozenset(node.name for node in nodes if isinstance(node, Copy))


def _nodes(text: str, start: int, *, nested: bool) -> tuple[tuple[str | Copy | Follow | Choice, ...], int]:
    """Return the nodes up to the bracket or bar that ends them, and where that stands."""
    nodes: list[str | Copy | Follow | Choice] = []
    at = start
    while match := _TOKEN.search(text, at):
        if match.start() > at:
            nodes.append(text[at : match.start()])
        at = match.end()
        if match[1]:
            nodes.append(Copy(match[1]))
        elif match[2]:
            nodes.append(Follow(match[2]))
        elif match[0] == "\\n":
            nodes.append("\n")
        elif match[0] == "[":
            choice, at = _choice(text, at)
            nodes.append(choice)
        elif nested:
            return tuple(nodes), match.start()
        elif match[0] == "|":
            nodes.append("|")
        else:
            raise MailbotError(f"a bracket of a phrase is not balanced: {text!r}")
    if at < len(text):
        nodes.append(text[at:])
    return tuple(nodes), len(text)


def _choice(text: str, at: int) -> tuple[Choice, int]:
    parts: list[Line] = []
    while True:
        nodes, end = _nodes(text, at, nested=True)
        parts.append(Line(nodes=nodes, needs=_needs(nodes)))
        if end >= len(text):
            raise MailbotError(f"a bracket of a phrase is not balanced: {text!r}")
        at = end + 1
        if text[end] == "]":
            return Choice(parts=tuple(parts), telling=any(part.needs for part in parts)), at
