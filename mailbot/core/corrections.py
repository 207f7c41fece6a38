"""Corrections: what a person says a field of a document is, and the reading as it stands after them.

What the machine read stays as it was read, so that a replay can be compared; corrections are kept beside it and win over it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mailbot.core.document import FIELD_NAMES, Document, Field, Reading
from mailbot.core.field_values import in_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """One field of one document. `place` is the document's, from 0; "" as `old` or `new` is a value that is not there."""

    place: int
    document: str
    field: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{in_words(self.field)} of {self.document}: {self.old or 'nothing'} → {self.new or 'nothing'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What one person corrected at one time. `drafts` is how many drafts there were: those were made from the old values."""

    person: str
    at: str
    drafts: int
    changes: tuple[Corrected, ...]


def changes_of(reading: Reading, place: int, values: Mapping[str, str]) -> tuple[Corrected, ...]:
    """Return what new values change on a document, in the order of the fields; those that it has already change nothing."""
    document = reading.documents[place]
    read = {field.name: field.value for field in document.fields}
    return tuple(
        Corrected(place=place, document=document.name, field=name, old=read.get(name, ""), new=values[name])
        for name in FIELD_NAMES
        if name in values and values[name] != read.get(name, "")
    )


def corrected(reading: Reading, corrections: Sequence[Correction]) -> Reading:
    """Return the reading with all corrections, oldest first; one of a document that is no longer there changes nothing."""
    documents = list(reading.documents)
    for correction in corrections:
        for change in correction.changes:
            if change.place < len(documents) and documents[change.place].name == change.document:
                documents[change.place] = _with(documents[change.place], change, correction.person)
    return replace(reading, documents=tuple(documents)) if corrections else reading


def _with(document: Document, change: Corrected, person: str) -> Document:
    fields = {field.name: field for field in document.fields if field.name != change.field}
    if change.new:
        fields[change.field] = Field(name=change.field, value=change.new, origin="person", by=person)
    return replace(document, fields=tuple(fields[name] for name in FIELD_NAMES if name in fields))


def corrections_from(contents: Iterable[bytes]) -> tuple[Correction, ...]:
    """Return the corrections that the ledger kept, oldest first."""
    return tuple(correction_from_json(json.loads(content)) for content in contents)


def correction_to_json(correction: Correction) -> dict[str, Any]:
    """Return a correction as plain values, for the ledger."""
    return {
        "person": correction.person,
        "at": correction.at,
        "drafts": correction.drafts,
        "changes": [
            {"place": one.place, "document": one.document, "field": one.field, "old": one.old, "new": one.new}
            for one in correction.changes
        ],
    }


def correction_from_json(value: Mapping[str, Any]) -> Correction:
    """Rebuild a Correction from `correction_to_json`."""
    return Correction(
        person=value["person"],
        at=value["at"],
        drafts=value["drafts"],
        changes=tuple(Corrected(**one) for one in value["changes"]),
    )
