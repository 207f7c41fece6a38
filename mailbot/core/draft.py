"""A draft: the text proposed as reply, who made it, and for each figure, date, name or address in it where it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["amount", "number", "date", "iban", "link", "address", "name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a grounded span was read: `place` is "mail", "document", "template", "field" or "desk"; `name` which one.

    `by` is who corrected the field that it stands in, "" for one as it was read.
    """

    place: str
    name: str = ""
    page: int | None = None
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounded:
    """One checkable span of a draft, as half-open offsets into its text. `source` is None when it stands nowhere."""

    span: tuple[int, int]
    kind: Kind
    source: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The text a person reviews. `made_by` says what wrote it; `release` which model; `confidence` is 0..1.

    `note` tells the reviewer what went wrong on the way ("the model server did not answer: this is the template alone").
    """

    text: str
    made_by: Literal["model", "template", "remote", "person"]
    release: str = ""
    grounding: tuple[Grounded, ...] = ()
    confidence: float = 0.0
    note: str = ""

    @property
    def ungrounded(self) -> tuple[Grounded, ...]:
        """The spans that stand nowhere: the reviewer must acknowledge each before Send."""
        return tuple(one for one in self.grounding if one.source is None)


def draft_to_json(draft: Draft) -> dict[str, Any]:
    """Return the contract's `draft` object, plus `note`."""
    return {
        "text": draft.text,
        "made_by": draft.made_by,
        "release": draft.release,
        "grounding": [
            {
                "span": list(one.span),
                "kind": one.kind,
                "source": _source_to_json(one.source) if one.source else None,
            }
            for one in draft.grounding
        ],
        "confidence": draft.confidence,
        "note": draft.note,
    }


def _source_to_json(source: Source) -> dict[str, Any]:
    by = {"by": source.by} if source.by else {}
    return {"place": source.place, "name": source.name, "page": source.page, **by}


def draft_from_json(value: Mapping[str, Any]) -> Draft:
    """Rebuild a Draft from `draft_to_json`."""
    return Draft(
        text=value["text"],
        made_by=value["made_by"],
        release=value["release"],
        grounding=tuple(
            Grounded(
                span=(one["span"][0], one["span"][1]),
                kind=one["kind"],
                source=Source(**one["source"]) if one["source"] else None,
            )
            for one in value["grounding"]
        ),
        confidence=value["confidence"],
        note=value.get("note", ""),
    )
