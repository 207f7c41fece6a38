"""The type of a column from all its distinct values, and how to write a value of it: nothing is guessed.

A type holds only where every value can be read so. Where two readings differ, the values decide together; what they leave open
the sender's language may settle, else the column stays text with a note.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial

from mailbot.core.table_types import MISSING_WORDS, UNKNOWN_WORDS
from mailbot.core.table_values import (
    TRUTH_WORDS,
    UNITS,
    DateOrder,
    DecimalMark,
    date,
    from_serial,
    number,
    plain,
    same_unit,
    split_currency,
    split_percent,
    split_unit,
)
from mailbot.core.tables import ChangeKind, ColumnType, NoteKind

_COMMA_LANGUAGES = frozenset("de fr es it nl pt pl cs sk sv da nb no fi hu ro bg ru uk tr el sl hr lt lv et".split())
_POINT_LANGUAGES = frozenset(("en", "zh", "ja", "ko"))
_DAY_FIRST = frozenset(("en-gb", "en-ie", "en-au", "en-nz", "en-in"))
_FIRST_DAY, _LAST_DAY = 32874, 55153
"""1990-01-01 and 2051-01-01 as a spreadsheet counts days: what may be dates in a column called so."""
_FIRST_STATED, _LAST_STATED = 10000, 73050
"""1927-05-18 and 2099-12-31: what five figures may be in a column that the desk's schema says holds dates."""
_DATE_NAME = re.compile(r"date|datum|日期|fecha|data\b", re.IGNORECASE)
_PHONE_NAME = re.compile(
    r"(?:\b|_)(?:tele|phone|fon\b|tel\b|tél|fax|mobil|handy|cell\b|whatsapp)|telefon|telephone|phone|电话|手机|電話|传真",
    re.IGNORECASE,
)
_PHONE = re.compile(r"\+\d{1,3}(?:[ /-]\d+)+")
_LIKE_POWER = re.compile(r"\d+E\d+", re.IGNORECASE)
_ID_NAME = re.compile(r"(?:nummer|number|nr\.?|\bno\.?|编号|號碼|号码|番号)$|(?:^|[\W_])(?:id|sku|ean|gtin|code)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Customs:
    """What decides where the values leave something open: the sender's language (a BCP 47 tag), or what the desk states.

    `truths` are the languages whose words for yes and no count; `order`, `mark`, `unit` (of figures without one), `whole` (figures
    are integers) and `dated` (the column holds dates) are stated by the desk's schema; `beside` is the decimal mark that the
    table's other columns settle.
    """

    language: str = ""
    truths: tuple[str, ...] = tuple(TRUTH_WORDS)
    order: DateOrder | None = None
    mark: DecimalMark | None = None
    unit: str = ""
    whole: bool = False
    dated: bool = False
    beside: DecimalMark | None = None


@dataclass(frozen=True, slots=True)
class Typing:
    """The type of a column and how to write a value of it; `convert` leaves alone what it cannot read.

    `mark` is the decimal mark where the column's own values settle it.
    """

    type: ColumnType = "text"
    currency: str = ""
    unit: str = ""
    read: Callable[[str], str | None] = lambda text: None
    notes: list[tuple[NoteKind, str]] = field(default_factory=list)
    kind_of_change: ChangeKind = "space"
    mark: DecimalMark | None = None

    @property
    def kind(self) -> ChangeKind:
        """What a change of a value's text is called in this column."""
        match self.type:
            case "money" | "percent" | "date" | "boolean":
                return self.type
            case "text":
                return self.kind_of_change
            case _:
                return "unit" if self.unit else "number"

    def convert(self, text: str) -> str:
        """Return a value normalised."""
        if text.lower() in MISSING_WORDS:
            return ""
        value = self.read(text)
        return text if value is None else value


def typing_of(values: Sequence[str], name: str, customs: Customs) -> Typing | None:
    """Return the typing of a column of these values (none of them missing) and this name, or None when it is plain text."""
    if truth := _boolean(values, name, customs):
        return truth
    known = [value for value in values if value.lower() not in UNKNOWN_WORDS]
    for reader in (_boolean, _dates, _numbers):
        if known and (typing := reader(known, name, customs)):
            return replace(typing, read=partial(_known, typing.read)) if typing.type != "text" else typing
    return None


def _known(read: Callable[[str], str | None], text: str) -> str | None:
    """Return a value of a typed column, "" for words that stand for none in it."""
    return "" if text.lower() in UNKNOWN_WORDS else read(text)


def unsettled(typing: Typing) -> bool:
    """Return whether what decides a column's decimal mark is not its own values, but the sender's language or nothing."""
    return any(kind == "ambiguous_number" or (kind == "by_language" and typing.type != "date") for kind, _ in typing.notes)


def settled_mark(typings: Iterable[Typing]) -> DecimalMark | None:
    """Return the decimal mark that the columns of a table agree on, None where they do not or none settles it."""
    marks = {typing.mark for typing in typings if typing.mark}
    return marks.pop() if len(marks) == 1 else None


def _boolean(values: Sequence[str], name: str, customs: Customs) -> Typing | None:
    """Return the typing of a column of two opposite words. Both must stand in it: "NO" alone may be Norway."""
    words = {value.lower() for value in values}
    for language in customs.truths:
        for pair in TRUTH_WORDS.get(language, ()):
            if words == set(pair.split()):
                return Typing("boolean", read=partial(_truth, *pair.split()))
    return None


def _truth(yes: str, no: str, text: str) -> str | None:
    """Return "true" or "false" for the one word or the other."""
    return {yes: "true", no: "false"}.get(text.lower())


def _dates(values: Sequence[str], name: str, customs: Customs) -> Typing | None:
    """Return the typing of a column of dates; day and month in the one order under which all values are dates."""
    if all(re.fullmatch(r"(?:19|20)\d{6}", value) for value in values) and _DATE_NAME.search(name):
        values = [f"{value[:4]}-{value[4:6]}-{value[6:]}" for value in values]
        if all(date(value, "ymd") for value in values):
            return Typing("date", read=lambda text: date(f"{text[:4]}-{text[4:6]}-{text[6:]}", "ymd"))
        return None
    first, last = (_FIRST_STATED, _LAST_STATED) if customs.dated else (_FIRST_DAY, _LAST_DAY)
    called_so = customs.dated or _DATE_NAME.search(name)
    if called_so and all(re.fullmatch(r"\d{5}(?:\.0)?", value) and first <= float(value) <= last for value in values):
        example = f"{values[0]} is {from_serial(values[0])}"
        return Typing("date", read=from_serial, notes=[("by_serial", f"taken for days as spreadsheets count them: {example}")])
    orders: list[DateOrder] = ["ymd", "dmy", "mdy"]
    readings = {order: {value: date(value, order) for value in values} for order in orders}
    whole = [order for order in orders if all(readings[order].values())]
    if not whole:
        if all(any(readings[order][value] for order in orders) for value in values):
            detail = f"day first in some values, month first in others, for example {_first_of_each(readings, values)}"
            return Typing(notes=[("ambiguous_date", detail)])
        return None
    chosen = whole[0]
    notes: list[tuple[NoteKind, str]] = []
    if customs.order in whole:
        chosen = customs.order
    elif any(readings[order] != readings[chosen] for order in whole):
        lower = customs.language.lower()
        if lower in _DAY_FIRST or lower.partition("-")[0] in _COMMA_LANGUAGES:
            chosen = "dmy"
        elif lower == "en-us":
            chosen = "mdy"
        else:
            detail = f"day and month cannot be told apart in any value, for example {values[0]}"
            return Typing(notes=[("ambiguous_date", detail)])
        notes.append(("by_language", f"day and month as usual in {customs.language}: {values[0]} is {date(values[0], chosen)}"))
    return Typing("date", read=lambda text: date(text, chosen), notes=notes)


def _dialled(values: Sequence[str], name: str) -> bool:
    """Return whether values are telephone numbers: their blanks part no thousands."""
    if _PHONE_NAME.search(name) and not all(value.isdigit() for value in values):
        return True
    return any(_PHONE.fullmatch(value) for value in values)


def _first_of_each(readings: Mapping[DateOrder, Mapping[str, str | None]], values: Sequence[str]) -> str:
    """Return a value that is a date only day first, and one that is only month first."""
    ways: tuple[tuple[DateOrder, DateOrder], ...] = (("dmy", "mdy"), ("mdy", "dmy"))
    found = [next((v for v in values if readings[one][v] and not readings[other][v]), "") for one, other in ways]
    return " and ".join(filter(None, found))


def _numbers(values: Sequence[str], name: str, customs: Customs) -> Typing | None:
    """Return the typing of a column of numbers, money or percentages, decimal mark as all values allow."""
    if _dialled(values, name):
        return None
    split = {value: split_currency(value) for value in values}
    currencies = {currency for currency, _ in split.values() if currency}
    percents = [split_percent(value) for value in values]
    is_percent = all(percent is not None for percent in percents)

    def bare(text: str) -> str:
        return (split_percent(text) or text) if is_percent else split_currency(split_unit(text)[1])[1].strip()

    marks: list[DecimalMark] = [".", ","]
    readings = {mark: {value: number(bare(value), mark) for value in values} for mark in marks}
    whole = [mark for mark in marks if all(reading is not None for reading in readings[mark].values())]
    mixed = not whole and all(any(readings[mark][value] is not None for mark in marks) for value in values)
    if not whole and not mixed:
        return None
    if codes := [value for value in values if _LIKE_POWER.fullmatch(value)]:
        return Typing(notes=[("ambiguous_number", f"{codes[0]} may be a code, or a figure with a power of ten")])
    if len(whole) > 1 and readings["."] != readings[","] and _ID_NAME.search(name):
        return None  # "12.345" under "Article no." is what it is called by, not how many
    if len(currencies) > 1:
        return Typing(notes=[("mixed_currency", f"amounts in {', '.join(sorted(currencies))}: not one column of money")])
    if (unit := _unit_of(values, name, customs)) is None:
        return Typing(notes=[("mixed_unit", "figures in several units: not one column of figures")])
    mark, notes = _either(readings) if mixed else _mark_of(readings, whole, customs)
    if mark is None:
        return Typing(notes=notes)
    currency = next(iter(currencies), "") or _named_currency(name)
    whole_numbers = not mixed and all(v is not None and "." not in plain(v) for v in readings[mark].values())
    kind: ColumnType = "percent" if is_percent else "money" if currency else "integer" if whole_numbers else "decimal"

    def read(text: str) -> str | None:
        found = {value for one in (marks if mixed else [mark]) if (value := number(bare(text), one)) is not None}
        return plain(found.pop()) if len(found) == 1 else None

    unit = unit if kind in ("integer", "decimal") else ""
    told = mark if not mixed and not notes and (len(whole) == 1 and readings["."] != readings[","]) else None
    return Typing(kind, currency if kind == "money" else "", unit, read, notes, mark=told)


def _either(
    readings: Mapping[DecimalMark, Mapping[str, Decimal | None]],
) -> tuple[DecimalMark | None, list[tuple[NoteKind, str]]]:
    """Return a mark (either does) where some values have a decimal comma, others a point, and each can be read in one way only."""
    pairs = {value: (reading, readings[","][value]) for value, reading in readings["."].items()}
    unsure = [value for value, (one, other) in pairs.items() if one is not None and other is not None and one != other]
    point = next(value for value, (_, other) in pairs.items() if other is None)
    comma = next(value for value, (one, _) in pairs.items() if one is None)
    if unsure:
        return None, [("ambiguous_number", f"decimal point in {point}, comma in {comma}: {unsure[0]} can be read in two ways")]
    return ".", [("mixed_marks", f"decimal point in {point}, comma in {comma}: each value can be read in one way only")]


def _mark_of(
    readings: Mapping[DecimalMark, Mapping[str, Decimal | None]], whole: Sequence[DecimalMark], customs: Customs
) -> tuple[DecimalMark | None, list[tuple[NoteKind, str]]]:
    """Return the decimal mark of a column by the readings under which it is whole, or None when both are and differ."""
    if customs.mark in whole:
        return customs.mark, []
    if len(whole) == 1 or readings["."] == readings[","]:
        return whole[0], []
    integers = [mark for mark in whole if all(value == int(value) for value in readings[mark].values() if value is not None)]
    if customs.whole and len(integers) == 1:
        return integers[0], []
    example = next(value for value in readings["."] if readings["."][value] != readings[","][value])
    if customs.beside:
        read = plain(readings[customs.beside][example] or Decimal())
        return customs.beside, [("by_table", f"decimal mark as in the other columns: {example} is {read}")]
    short = customs.language.lower().partition("-")[0]
    if short not in _COMMA_LANGUAGES and short not in _POINT_LANGUAGES:
        detail = f"comma and point may each be the decimal mark in every value, for example {example}"
        return None, [("ambiguous_number", detail)]
    mark: DecimalMark = "," if short in _COMMA_LANGUAGES else "."
    read = plain(readings[mark][example] or Decimal())
    return mark, [("by_language", f"decimal mark as usual in {customs.language}: {example} is {read}")]


def _unit_of(values: Sequence[str], name: str, customs: Customs) -> str | None:
    """Return the one unit of a column, "" for none, or None when there are several (or figures without one among them)."""
    written = dict.fromkeys(split_unit(value)[0] for value in values)
    named = _named_unit(name) or (customs.unit if "" in written else "")
    others = {same_unit(unit) for unit in written} - ({"", same_unit(named)} if named else set())
    if len(others) > (0 if named else 1):
        return None
    return named or next(iter(written))


def _named_unit(name: str) -> str:
    """Return the unit that a column's name states: "Weight (kg)", "Length in mm", or ""."""
    found = re.search(r"[(\[]([^()\[\]]{1,7})[)\]]\s*$|\bin\s(\S{1,7})$", name)
    unit = (found[1] or found[2]).strip() if found else ""
    return unit if unit.lower() in UNITS else ""


def _named_currency(name: str) -> str:
    """Return the currency that a column's name states: "Price (€)", "Amount in EUR", or ""."""
    found = re.search(r"\(([^()]{1,4})\)\s*$|(?:\bin\s|[\s/])([€£¥$]|[A-Z]{3})$", name)
    return split_currency(f"{found[1] or found[2]} 1")[0] if found else ""
