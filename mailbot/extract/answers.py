"""Turns a worker's answer into core values and believes nothing: names, digests and sizes are the daemon's own, types are checked.

A worker that hostile bytes took over can lie about what the file says, but not break whoever reads the lie.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Callable, Collection
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from hashlib import sha256
from typing import Any, Literal, TypeVar, Union

from mailbot.core.document import PROBLEM_CODES, Document, Problem, Table, document_from_json, problem_from_json
from mailbot.core.message import Message, message_from_json
from mailbot.core.supplier_files import hints_from_json
from mailbot.core.supplier_learning import Taught
from mailbot.core.tables import Cleaned, cleaned_from_json
from mailbot.extract.frames import Header
from mailbot.extract.reader import Found, Member

MAX_NAME = 1000

T = TypeVar("T")


class BadAnswer(Exception):
    """The worker answered what no reader says."""


def mail(header: Header, body: bytes) -> tuple[Message, tuple[Member, ...], tuple[Problem, ...]]:
    """Return the message, its attachments as members, and the problems. Raises BadAnswer."""
    try:
        message = _checked(message_from_json(header["message"]), Message)
        contents = _cut(body, header["sizes"])
        problems = _problems(header["problems"])
        attachments = tuple(
            replace(stated, size=len(content), sha256=sha256(content).hexdigest())
            for stated, content in zip(message.attachments, contents, strict=True)
        )
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise BadAnswer(f"{type(error).__name__}: {error}") from error
    members = tuple(
        Member(name=one.filename[:MAX_NAME], media_type=one.media_type, content=content)
        for one, content in zip(attachments, contents, strict=True)
    )
    return replace(message, attachments=attachments), members, problems


def file(header: Header, body: bytes, *, name: str, digest: str) -> Found:
    """Return what a reader found. Raises BadAnswer."""
    try:
        documents = tuple(_checked(document_from_json(one), Document) for one in header["documents"])
        contents = _cut(body, [one["size"] for one in header["members"]])
        members = tuple(
            _checked(Member(name=one["name"][:MAX_NAME], media_type=one["media_type"], content=content), Member)
            for one, content in zip(header["members"], contents, strict=True)
        )
        problems = _problems(header["problems"])
        if any(field.origin == "person" or field.by for document in documents for field in document.fields):
            raise ValueError("a worker is no person")
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise BadAnswer(f"{type(error).__name__}: {error}") from error
    return Found(
        documents=tuple(replace(document, name=name, sha256=digest) for document in documents),
        members=members,
        problems=problems,
    )


def cleaned(header: Header, table: Table) -> Cleaned:
    """Return a table as cleaned. Raises BadAnswer, also when it speaks of rows or columns that the table has not."""
    try:
        value = _checked(cleaned_from_json(header["cleaned"]), Cleaned)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise BadAnswer(f"{type(error).__name__}: {error}") from error
    width = len(table.columns)
    rows = [row.source for row in (*value.rows, *value.totals)]
    places = [(one.row, one.column) for one in value.changes] + [(one.row, one.column) for one in value.checks]
    if (
        sorted(rows) != list(range(len(table.rows)))
        or len(value.columns) != width
        or any(len(row.cells) != width for row in (*value.rows, *value.totals))
        or any(not (0 <= row < len(table.rows) and 0 <= column < width) for row, column in places)
        or any(note.column is not None and not 0 <= note.column < width for note in value.notes)
    ):
        raise BadAnswer("it cleaned another table")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """What is said of a large table that was written at once: `about` (of a cleaned one) has no rows and only examples of changes.

    `changed` counts the changed cells by kind, `repaired` are the rows that were aligned, about by line.
    """

    rows: int
    repaired: tuple[int, ...]
    about: Cleaned | None
    changed: tuple[tuple[str, int], ...]


def bulk(header: Header) -> Bulk | None:
    """Return what is said of a large table; None when it was not written plainly enough. Raises BadAnswer."""
    try:
        if header["plain"] is False:
            return None
        about = _checked(cleaned_from_json(header["about"]), Cleaned) if header["about"] is not None else None
        changed = tuple((kind, count) for kind, count in header["changed"].items())
        value = _checked(Bulk(rows=header["rows"], repaired=tuple(header["repaired"]), about=about, changed=changed), Bulk)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise BadAnswer(f"{type(error).__name__}: {error}") from error
    places = [one.column for one in about.changes] + [one.column for one in about.checks] if about else []
    places += [one.column for one in about.notes if one.column is not None] if about else []
    if about and not all(0 <= place < len(about.columns) for place in places):
        raise BadAnswer("it speaks of columns that the table has not")
    return value


def taught(header: Header, asked: Collection[str]) -> Taught:
    """Return what a paper taught about its supplier. Raises BadAnswer, also when it speaks of fields that were not asked about."""
    try:
        (supplier,) = hints_from_json([header["supplier"]])
        refused = tuple((name, why) for name, why in header["refused"])
        value = _checked(Taught(supplier=supplier, fields=tuple(header["fields"]), refused=refused), Taught)
        hinted = {hint.field for hint in supplier.hints}
        told = [*value.fields, *(name for name, _ in value.refused)]
        if sorted(told) != sorted(asked) or not hinted >= set(value.fields):
            raise ValueError("it speaks of other fields")
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise BadAnswer(f"{type(error).__name__}: {error}") from error
    return value


def _problems(values: list[Any]) -> tuple[Problem, ...]:
    problems = tuple(_checked(problem_from_json(value), Problem) for value in values)
    for problem in problems:
        if problem.code not in PROBLEM_CODES:
            raise ValueError(f"no problem is called {problem.code[:40]!r}")
    return problems


def _cut(body: bytes, sizes: list[Any]) -> list[bytes]:
    """Cut the body into pieces of these sizes, all of it."""
    if any(type(size) is not int or size < 0 for size in sizes) or sum(sizes) != len(body):
        raise ValueError("the sizes of the parts are not the size of the whole")
    pieces, at = [], 0
    for size in sizes:
        pieces.append(body[at : at + size])
        at += size
    return pieces


def _checked(value: T, kind: type[T]) -> T:
    """Return a value whose fields have the types that its class states. Raises TypeError."""
    hint: Any = kind
    if not _check_of(hint)(value):
        raise TypeError(f"a {kind.__name__} with a field of another type")
    return value


@cache
def _check_of(hint: Any) -> Callable[[Any], bool]:
    """Return the test for one type hint of the core's values."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return lambda value: type(value) is str and value in arguments
    if origin in (Union, types.UnionType):
        choices = [_check_of(argument) for argument in arguments]
        return lambda value: any(choice(value) for choice in choices)
    if origin is tuple and arguments[-1] is Ellipsis:
        each = _check_of(arguments[0])
        return lambda value: type(value) is tuple and all(map(each, value))
    if origin is tuple:
        checks = [_check_of(argument) for argument in arguments]
        return lambda value: (
            type(value) is tuple and len(value) == len(checks) and all(c(v) for c, v in zip(checks, value, strict=True))
        )
    if is_dataclass(hint) and isinstance(hint, type):
        hints = typing.get_type_hints(hint)
        named = [(one.name, _check_of(hints[one.name])) for one in fields(hint)]
        return lambda value: type(value) is hint and all(check(getattr(value, name)) for name, check in named)
    if hint is float:
        return lambda value: type(value) in (int, float) and math.isfinite(value)
    return lambda value: type(value) is hint
