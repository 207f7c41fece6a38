"""What a corrected paper teaches about its supplier: by what it is recognised, and hints by which the right values are found.

A hint is kept only when it finds the corrected value on this very paper, and a supplier only when the paper is recognised as its.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mailbot.core.corrections import Correction
from mailbot.core.document import FIELD_NAMES, Document
from mailbot.core.letters import bare_name
from mailbot.core.supplier_hints import Hint, SupplierHints, fitting, learn
from mailbot.core.words import PageWords

_NOWHERE = ("currency",)
"""Fields that may stand nowhere on a supplier's papers and still always be the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """The supplier with its new hints, the fields that they are for, and why nothing was learnt for others (field, sentence)."""

    supplier: SupplierHints
    fields: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What would be written down about a supplier: `lines` of the whole file, each with whether it is new; `digest` names it."""

    supplier: str
    file: str
    lines: tuple[tuple[str, bool], ...]
    fields: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]
    digest: str


def to_learn(corrections: Sequence[Correction], place: int) -> dict[str, str]:
    """Return the last word of people on each corrected field of a document, "" for one that has no value."""
    return {change.field: change.new for one in corrections for change in one.changes if change.place == place}


def identity(document: Document) -> SupplierHints | None:
    """Return the supplier of a paper by its fields, with what its next paper is recognised by; None when it has no name.

    Its VAT number and its account; its name only where it has neither, since others may name it on their papers.
    """
    name = document.field("supplier")
    if name is None:
        return None
    vat_id, iban = document.field("vat_id"), document.field("iban")
    return SupplierHints(
        supplier=name.value,
        vat_ids=(vat_id.value,) if vat_id else (),
        ibans=(iban.value,) if iban else (),
        words=(name.value,) if not (vat_id or iban) else (),
    )


def teach(
    suppliers: Sequence[SupplierHints], stranger: SupplierHints | None, pages: Sequence[PageWords], values: Mapping[str, str]
) -> Taught:
    """Return what corrected values teach on their paper; `stranger` is who sent it by its fields, should no file know it."""
    known = fitting(suppliers, pages)
    if len(known) > 1:
        names = " and ".join(one.supplier for one in known)
        return _nothing(known[0], values, f"the paper fits several suppliers: {names}")
    if known and not _same_name(known[0].supplier, values.get("supplier") or known[0].supplier):
        return _nothing(known[0], values, f"the paper is taken for one of {known[0].supplier}: mend what it is recognised by")
    if not known and stranger is None:
        return _nothing(SupplierHints(supplier=""), values, "the supplier's name is not known: correct that too")
    taught = known[0] if known else _joined(suppliers, stranger or SupplierHints(supplier=""))
    if not fitting([taught], pages):
        return _nothing(taught, values, f"nothing on the paper says that it is from {taught.supplier}: no VAT id, IBAN or name")
    fields, refused = [], []
    for name in (name for name in FIELD_NAMES if name in values):
        better = _with(taught, pages, name, values[name])
        if better is None:
            refused.append((name, f"{values[name]} does not stand on the paper where a label or a place would lead to it"))
        else:
            taught = better
            fields.append(name)
    return Taught(supplier=taught, fields=tuple(fields), refused=tuple(refused))


def _same_name(one: str, other: str) -> bool:
    """Return whether one name is the other or a part of it, whatever the spelling."""
    shorter, longer = sorted((bare_name(one), bare_name(other)), key=len)
    return bool(shorter) and shorter in longer


def _with(supplier: SupplierHints, pages: Sequence[PageWords], name: str, value: str) -> SupplierHints | None:
    """Return the supplier with a hint for one field, None when there is none that finds it."""
    if not value:
        return _hinted(supplier, Hint(field=name, absent=True))
    if name == "supplier":
        return _hinted(supplier, Hint(field=name, value=value))
    found = learn(supplier, pages, name, value)
    return _hinted(supplier, Hint(field=name, value=value)) if found is None and name in _NOWHERE else found


def _hinted(supplier: SupplierHints, hint: Hint) -> SupplierHints:
    return replace(supplier, hints=(*(one for one in supplier.hints if one.field != hint.field), hint))


def _joined(suppliers: Sequence[SupplierHints], stranger: SupplierHints) -> SupplierHints:
    """Return a supplier that is known by name but was not recognised, with what it is recognised by from now on."""
    namesake = next((one for one in suppliers if one.supplier.casefold() == stranger.supplier.casefold()), None)
    if namesake is None:
        return stranger
    return replace(
        namesake,
        vat_ids=tuple(dict.fromkeys((*namesake.vat_ids, *stranger.vat_ids))),
        ibans=tuple(dict.fromkeys((*namesake.ibans, *stranger.ibans))),
        words=namesake.words or stranger.words,
    )


def _nothing(supplier: SupplierHints, values: Mapping[str, str], why: str) -> Taught:
    return Taught(supplier=supplier, refused=tuple((name, why) for name in FIELD_NAMES if name in values))


def kept_apart(before: SupplierHints, taught: Taught, known: SupplierHints | None) -> SupplierHints:
    """Return the file of what was learnt of a supplier, with what it was taught now.

    `before` is that file so far, `known` the supplier as all its files together say it: of a style that it knows, none is learnt.
    """
    whole = taught.supplier
    new = tuple(hint for hint in whole.hints if hint.field in taught.fields)
    return replace(
        before,
        supplier=whole.supplier,
        vat_ids=whole.vat_ids,
        ibans=whole.ibans,
        domains=whole.domains,
        words=whole.words,
        mark=before.mark if known and known.mark else whole.mark,
        order=before.order if known and known.order else whole.order,
        hints=(*(hint for hint in before.hints if hint.field not in taught.fields), *new),
    )
