"""The file in which a desk writes down what it knows of a supplier: checking it line by line, and writing it anew after learning.

supplier: Nordwind Technik GmbH
recognise:              # any one of the first three on a paper is enough, or all of the words together
  vat_id: DE136695976
  domain: nordwind.example
style: {numbers: "1.234,56", dates: day}
fields:
  invoice_number: {label: [Beleg, Belegnr.]}
  total: {label: Summe, place: below}
  due_date: {region: [0.6, 0.1, 1.0, 0.2], page: 1}
  currency: {value: EUR}
  po_number: {absent: true}     # what was read for it on other papers of theirs was something else
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from mailbot.core.amounts import CODES, Mark
from mailbot.core.document import FIELD_NAMES
from mailbot.core.identifiers import find_ibans
from mailbot.core.rule_tree import Entries, Findings, Reader, Scalar, Tree, nearest
from mailbot.core.rule_tree import Sequence as ListOf
from mailbot.core.supplier_hints import Hint, Region, SupplierHints

RECOGNISED_BY = ("vat_id", "iban", "domain", "words")
NUMBERS: dict[str, Mark] = {"1,234.56": ".", "1'234.56": ".", "1.234,56": ",", "1 234,56": ","}
"""How numbers are written → the decimal mark."""

_KEYS = ("supplier", "recognise", "style", "fields")
_ALWAYS_SO = ("supplier", "customer", "currency", "iban", "vat_id")
_HINT = ("label", "place", "region", "page", "value", "absent")

LEARNT = ".learnt.yaml"
"""How the files end that mailbot writes from corrected values; a desk's own files of the same supplier stay as they are."""


def compile_hints(files: Sequence[tuple[str, Tree]], findings: Findings) -> tuple[SupplierHints, ...]:
    """Return the suppliers of some files (name, tree). Raises RuleError with everything that is wrong, by file and line."""
    read = [_supplier(file, tree, Reader(file=file, findings=findings)) for file, tree in files]
    findings.raise_any()
    return tuple(one for one in read if one is not None)


def merged(parts: Sequence[SupplierHints]) -> tuple[SupplierHints, ...]:
    """Return one entry for each supplier: the files of one count together, and where they differ, what was learnt last counts."""
    groups: dict[str, list[SupplierHints]] = {}
    for one in sorted(parts, key=lambda part: (part.file.endswith(LEARNT), part.file)):
        groups.setdefault(one.supplier.casefold(), []).append(one)
    return tuple(group[0] if len(group) == 1 else _joined(group) for group in groups.values())


def _joined(group: Sequence[SupplierHints]) -> SupplierHints:
    hints = {hint.field: hint for one in group for hint in one.hints}
    return replace(
        group[0],
        vat_ids=tuple(dict.fromkeys(number for one in group for number in one.vat_ids)),
        ibans=tuple(dict.fromkeys(number for one in group for number in one.ibans)),
        domains=tuple(dict.fromkeys(domain for one in group for domain in one.domains)),
        words=next((one.words for one in group if one.words), ()),
        mark=next((one.mark for one in reversed(group) if one.mark), None),
        order=next((one.order for one in reversed(group) if one.order), None),
        hints=tuple(hints.values()),
    )


def _supplier(file: str, tree: Tree, reader: Reader) -> SupplierHints | None:
    top = _known(tree, "a supplier's file", _KEYS, reader)
    if top is None:
        return None
    name = _text(top, "supplier", reader)
    if not name:
        reader.wrong(tree, "no supplier: write its name", 'add "supplier: NAME"')
    by = _known(top.get("recognise"), "recognise", RECOGNISED_BY, reader)
    known = {key.text: tuple(text for text, _ in reader.texts(node, key.text)) for key, node in by.pairs} if by else {}
    if not any(known.values()):
        reader.wrong(tree, "nothing to recognise the supplier by", "add vat_id, iban, domain or words under recognise")
    style = _known(top.get("style"), "style", ("numbers", "dates"), reader)
    numbers = _choice(style, "numbers", tuple(NUMBERS), reader)
    order = _choice(style, "dates", ("day", "month"), reader)
    fields = _known(top.get("fields"), "fields", FIELD_NAMES, reader)
    hints = [_hint(key, node, reader) for key, node in fields.pairs] if fields else []
    return SupplierHints(
        supplier=name,
        file=file,
        vat_ids=tuple(map(_bare, known.get("vat_id", ()))),
        ibans=tuple(map(_bare, known.get("iban", ()))),
        domains=tuple(one.lower().removeprefix("www.").partition("@")[2] or one.lower() for one in known.get("domain", ())),
        words=known.get("words", ()),
        mark=NUMBERS.get(numbers),
        order="day" if order == "day" else "month" if order else None,
        hints=tuple(hint for hint in hints if hint),
    )


def _hint(name: Scalar, node: Tree, reader: Reader) -> Hint | None:
    hint = _known(node, name.text, _HINT, reader)
    if hint is None or name.text not in FIELD_NAMES:
        return None
    ways = [key for key in ("label", "region", "value", "absent") if hint.get(key) is not None]
    if len(ways) != 1:
        reader.wrong(name, f"{name.text}: one of label, region, value and absent, not {' and '.join(ways) or 'none'}")
        return None
    label, value = hint.get("label"), _text(hint, "value", reader)
    if value and name.text not in _ALWAYS_SO:
        reader.wrong(
            name, f"{name.text}: a value that is always the same is for {', '.join(_ALWAYS_SO)}", "write a label or a region"
        )
    elif value and name.text == "currency" and value not in CODES:
        reader.wrong(name, f"currency: unknown {value!r}{nearest(value, CODES)}")
    elif value and name.text == "iban" and not find_ibans(value):
        reader.wrong(name, f"iban: {value!r} is none: its length or its check digits are wrong")
    place = _choice(hint, "place", ("right", "below"), reader)
    return Hint(
        field=name.text,
        labels=tuple(text for text, _ in reader.texts(label, f"{name.text}: label")) if label is not None else (),
        place="below" if place == "below" else "",
        region=_region(hint, reader),
        page=_page(hint, reader),
        value=_bare(value) if name.text in ("iban", "vat_id") else value,
        absent=_choice(hint, "absent", ("true",), reader) == "true",
    )


def _region(hint: Entries, reader: Reader) -> Region | None:
    """Return the four edges, None after a finding or where there are none."""
    node = hint.get("region")
    if node is None:
        return None
    written = [text for text, _ in reader.texts(node, "region")] if isinstance(node, ListOf) else []
    edges = [float(one) for one in written if re.fullmatch(r"(?:0?\.\d{1,6}|[01](?:\.\d{1,6})?)", one)]
    if len(edges) != 4 or len(written) != 4 or not (0 <= edges[0] < edges[2] <= 1 and 0 <= edges[1] < edges[3] <= 1):
        remedy = "write [left, top, right, bottom] as parts of the page from 0 to 1, like [0.6, 0.1, 1.0, 0.2]"
        reader.wrong(node, "region is four numbers from 0 to 1", remedy)
        return None
    return edges[0], edges[1], edges[2], edges[3]


def _page(hint: Entries, reader: Reader) -> int:
    node = hint.get("page")
    text = _text(hint, "page", reader)
    if node is None or text == "last":
        return -1 if text else 0
    if not re.fullmatch(r"[1-9]\d{0,3}", text):
        reader.wrong(node, f"page is a number from 1, or last, not {text!r}")
        return 0
    return int(text)


def _known(node: Tree | None, what: str, keys: Sequence[str], reader: Reader) -> Entries | None:
    """Return a map whose keys are all known; every other key was noted as a finding."""
    entries = reader.entries(node, what) if node is not None else None
    for key, _ in entries.pairs if entries else ():
        if key.text not in keys:
            reader.wrong(key, f"{what}: unknown {key.text!r}{nearest(key.text, keys)}")
    return entries


def _text(entries: Entries, key: str, reader: Reader) -> str:
    node = entries.get(key)
    return (reader.text(node, key) or "") if node is not None else ""


def _choice(entries: Entries | None, key: str, known: Sequence[str], reader: Reader) -> str:
    node = entries.get(key) if entries else None
    return (reader.choice(node, key, known) or "") if node is not None else ""


def _bare(identifier: str) -> str:
    return re.sub(r"[\s.\-]", "", identifier).upper()


def hints_to_json(suppliers: Sequence[SupplierHints]) -> list[dict[str, Any]]:
    """Return suppliers as plain values, for the worker processes."""
    return [asdict(one) for one in suppliers]


def hints_from_json(values: Sequence[Mapping[str, Any]]) -> tuple[SupplierHints, ...]:
    """Rebuild what `hints_to_json` gave. Raises TypeError for values of another shape."""
    return tuple(
        SupplierHints(**{**_with_tuples(one), "hints": tuple(Hint(**_with_tuples(hint)) for hint in one["hints"])})
        for one in values
    )


def _with_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values whose lists are tuples again."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


def to_yaml(one: SupplierHints) -> str:
    """Return the file that says the same as these hints: `compile_hints` reads it back."""
    lines = [f"supplier: {_quoted(one.supplier)}", "recognise:"]
    for key, values in zip(RECOGNISED_BY, (one.vat_ids, one.ibans, one.domains, one.words), strict=True):
        lines += [f"  {key}: [{', '.join(map(_quoted, values))}]"] if values else []
    style = [f'numbers: "{"1,234.56" if one.mark == "." else "1.234,56"}"'] if one.mark else []
    style += [f"dates: {one.order}"] if one.order else []
    lines += [f"style: {{{', '.join(style)}}}"] if style else []
    lines += ["fields:"] if one.hints else []
    return "\n".join([*lines, *map(_written, one.hints)]) + "\n"


def _written(hint: Hint) -> str:
    said = [f"label: [{', '.join(map(_quoted, hint.labels))}]"] if hint.labels else []
    said += [f"place: {hint.place}"] if hint.place else []
    said += [f"region: [{', '.join(f'{edge:.6g}' for edge in hint.region)}]"] if hint.region else []
    said += [f"page: {hint.page if hint.page > 0 else 'last'}"] if hint.page else []
    said += [f"value: {_quoted(hint.value)}"] if hint.value else []
    said += ["absent: true"] if hint.absent else []
    return f"  {hint.field}: {{{', '.join(said)}}}"


def _quoted(text: str) -> str:
    """Return text as a double-quoted scalar: JSON's are YAML's (YAML 1.2, 1.3), but what YAML does not print is escaped."""
    return re.sub(r"[^\x20-\x7e]", _escaped, json.dumps(text, ensure_ascii=False))


def _escaped(match: re.Match[str]) -> str:
    return match[0] if match[0].isprintable() else f"\\U{ord(match[0]):08x}"
