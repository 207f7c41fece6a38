"""In charge of the desk's own columns: what a schema file says of them, and which column of a loaded table is which of them.

A file has one list, `columns`; of each: `name`, `synonyms` (in any language), `type`, `required`, `values` (those allowed), `unit`,
and where the desk knows how its senders write: `order` (dmy, mdy, ymd) and `decimal` ("," or ".").
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast, get_args

from mailbot.core.letters import bare_name
from mailbot.core.rule_tree import Entries, Findings, Scalar, Tree
from mailbot.core.rule_tree import Sequence as TreeSequence
from mailbot.core.table_values import DateOrder, DecimalMark
from mailbot.core.tables import ColumnType, NoteKind

_KEYS = ("name", "synonyms", "type", "required", "values", "unit", "order", "decimal")
_FITS: dict[str, tuple[ColumnType, ...]] = {
    "decimal": ("integer", "decimal"), "money": ("integer", "decimal", "money"), "percent": ("integer", "decimal", "percent"),
}  # fmt: skip
"""Wanted type → the types whose values it holds as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One column of the desk's own. `required`: it is there, with a value in every row. `line` is where the file says so."""

    name: str
    synonyms: tuple[str, ...] = ()
    type: ColumnType | None = None
    required: bool = False
    values: tuple[str, ...] = ()
    unit: str = ""
    order: DateOrder | None = None
    mark: DecimalMark | None = None
    line: int = 0

    def holds(self, found: ColumnType) -> bool:
        """Return whether values of a type are values of this column."""
        return self.type in (None, "text", found) or found in _FITS.get(self.type or "", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSchema:
    """The desk's columns as one file states them."""

    file: str
    columns: tuple[Wanted, ...]

    def named(self, column: Wanted) -> str:
        """Return where a column stands, for a person to find it."""
        return f"{self.file}:{column.line}"


def schema_of(file: str, tree: Tree, findings: Findings) -> TableSchema:
    """Return the schema that a YAML tree states; whatever is wrong with it goes to `findings`, by line and with the remedy."""
    columns = tree.get("columns") if isinstance(tree, Entries) else None
    if not isinstance(tree, Entries) or not isinstance(columns, TreeSequence):
        findings.add(file, tree.line, "the file has no list `columns`", "write `columns:` and below it `- name: …` for each")
        return TableSchema(file=file, columns=())
    for key, _ in tree.pairs:
        if key.text != "columns":
            findings.add(file, key.line, f"`{key.text}` is not known here", "a schema has `columns` alone")
    wanted = [_wanted(file, node, findings) for node in columns.nodes]
    seen: dict[str, Wanted] = {}
    for one in wanted:
        for word in dict.fromkeys(map(bare_name, (one.name, *one.synonyms))):
            if word in seen and word:
                detail = f"`{one.name}` and `{seen[word].name}` (line {seen[word].line}) are called the same"
                findings.add(file, one.line, detail, "take the synonym out of one of them")
            seen.setdefault(word, one)
    return TableSchema(file=file, columns=tuple(wanted))


def _wanted(file: str, node: Tree, findings: Findings) -> Wanted:
    """Return one column of the list."""
    if not isinstance(node, Entries):
        findings.add(file, node.line, "a column is a list of keys", "write `- name: …`")
        return Wanted(name="", line=node.line)
    for key, _ in node.pairs:
        if key.text not in _KEYS:
            near = difflib.get_close_matches(key.text, _KEYS, 1)
            findings.add(file, key.line, f"`{key.text}` is not known here", f"did you mean `{near[0]}`?" if near else "remove it")
    name = _word(file, node, "name", findings)
    if not bare_name(name):
        findings.add(file, node.line, "a column without a name", "write `name: …`")
    required = _one_of(file, node, "required", ("true", "false", "yes", "no"), findings)
    return Wanted(
        name=name,
        synonyms=_words(file, node, "synonyms", findings),
        type=cast(ColumnType | None, _one_of(file, node, "type", get_args(ColumnType), findings) or None),
        required=required in ("true", "yes"),
        values=_words(file, node, "values", findings),
        unit=_word(file, node, "unit", findings),
        order=cast(DateOrder | None, _one_of(file, node, "order", get_args(DateOrder), findings) or None),
        mark=cast(DecimalMark | None, _one_of(file, node, "decimal", get_args(DecimalMark), findings) or None),
        line=node.line,
    )


def _word(file: str, node: Entries, key: str, findings: Findings) -> str:
    value = node.get(key)
    if value is None or isinstance(value, Scalar):
        return value.text.strip() if value else ""
    findings.add(file, value.line, f"`{key}` is one word", f"write `{key}: …`")
    return ""


def _words(file: str, node: Entries, key: str, findings: Findings) -> tuple[str, ...]:
    value = node.get(key)
    if value is None:
        return ()
    nodes = value.nodes if isinstance(value, TreeSequence) else (value,)
    words = tuple(one.text.strip() for one in nodes if isinstance(one, Scalar) and one.text.strip())
    if len(words) < len(nodes):
        findings.add(file, value.line, f"`{key}` is a list of words", f"write `{key}: [one, another]`")
    return words


def _one_of(file: str, node: Entries, key: str, known: Sequence[str], findings: Findings) -> str:
    word = _word(file, node, key, findings)
    if word and word.lower() not in known:
        findings.add(file, (node.get(key) or node).line, f"`{key}: {word}` is not known", f"use one of {', '.join(known)}")
        return ""
    return word.lower()


def by_name(schema: TableSchema, names: Sequence[str]) -> tuple[dict[int, Wanted], list[tuple[int, NoteKind, str]]]:
    """Return which loaded columns are called like which of the desk's, and notes on those that several are called like."""
    found: dict[int, Wanted] = {}
    notes: list[tuple[int, NoteKind, str]] = []
    for wanted in schema.columns:
        words = {bare_name(word) for word in (wanted.name, *wanted.synonyms)}
        places = [place for place, name in enumerate(names) if bare_name(name) in words or bare_name(_plain(name)) in words]
        if len(places) == 1:
            found.setdefault(places[0], wanted)
            continue
        others = ", ".join(names[place] for place in places)
        notes += [
            (
                place,
                "ambiguous_name",
                f"could be `{wanted.name}` like {others}; name one of them otherwise ({schema.named(wanted)})",
            )
            for place in places
        ]
    return found, notes


def _plain(name: str) -> str:
    """Return a name without the unit or currency in brackets at its end."""
    return name[: name.rfind("(")] if name.rstrip().endswith(")") and "(" in name[1:] else name


def by_values(
    schema: TableSchema, known: Mapping[int, Wanted], types: Sequence[ColumnType], values: Sequence[frozenset[str]]
) -> dict[int, Wanted]:
    """Return which further columns are which by their values: only where one column and one of the desk's fit nobody else.

    A type of its own must speak for it (date, money, percent, boolean) or the allowed values; "figures" or "text" tell nothing.
    """
    left = [
        one
        for one in schema.columns
        if one not in known.values() and (one.values or one.type not in (None, "text", "integer", "decimal"))
    ]
    fits: dict[int, list[Wanted]] = {}
    for place, kind in enumerate(types):
        if place not in known and values[place]:
            fits[place] = [one for one in left if _speaks(one, kind, values[place])]
    return {
        place: ones[0] for place, ones in fits.items() if len(ones) == 1 and sum(ones[0] in others for others in fits.values()) == 1
    }


def _speaks(wanted: Wanted, kind: ColumnType, values: frozenset[str]) -> bool:
    if wanted.values:
        return values <= {value.casefold() for value in wanted.values}
    return wanted.type == kind


def schema_to_json(schema: TableSchema) -> dict[str, Any]:
    """Return the schema as one JSON object; `schema_from_json` reads it back."""
    return asdict(schema)


def schema_from_json(value: Mapping[str, Any]) -> TableSchema:
    """Rebuild a TableSchema from `schema_to_json`."""
    columns = [{**one, "synonyms": tuple(one["synonyms"]), "values": tuple(one["values"])} for one in value["columns"]]
    return TableSchema(file=value["file"], columns=tuple(Wanted(**one) for one in columns))
