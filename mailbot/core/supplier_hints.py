"""What a desk knows about one supplier's papers, and reading fields by it: a label, a place on the page, or a fixed value.

A hint says where to look, not what to believe: what stands there must still be a date, an amount or a number with the right check
digits, and where two places contradict each other nothing is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from mailbot.core.amounts import CODES, SYMBOLS, Mark, decimal_mark, find_amounts, normal, parse_number
from mailbot.core.dates import Order, find_dates, order_of
from mailbot.core.document import FIELD_NAMES, Box, Field
from mailbot.core.identifiers import find_ibans, find_vat_ids
from mailbot.core.labels import fold
from mailbot.core.lines import Line, lines_of
from mailbot.core.words import PageWords

Place = Literal["right", "below"]
Region = tuple[float, float, float, float]
"""x0, y0, x1, y1 as fractions of the page's width and height, origin top left."""

CONFIDENCE = 0.96
"""Of a value found where a hint says; people wrote it, but the paper may have changed."""

FAR_BELOW = 4.0
"""How far below a label its value may begin, in heights of the label's line."""

AMOUNTS = ("subtotal", "tax", "total")
DATES = ("invoice_date", "due_date")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """Where one field stands: beside any of some labels, in a region of a page, or nowhere but always the same `value`.

    `place` is "" for right of the label, else below it. `page` counts from 1; 0 is any page, -1 the last. `absent`: their papers
    never say it.
    """

    field: str
    labels: tuple[str, ...] = ()
    place: Place | Literal[""] = ""
    region: Region | None = None
    page: int = 0
    value: str = ""
    absent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierHints:
    """One supplier: how it is recognised, how it writes numbers and dates, and where its fields stand.

    Any one of its identifiers on a paper is enough, or all of `words` together. `file` is where it was read from.
    """

    supplier: str
    file: str = ""
    vat_ids: tuple[str, ...] = ()
    ibans: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    mark: Mark | None = None
    order: Order | None = None
    hints: tuple[Hint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spot:
    """A stretch of a line in which a value may stand."""

    line: Line
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.line.text[self.start : self.end]


def recognise(suppliers: Sequence[SupplierHints], pages: Sequence[PageWords]) -> SupplierHints | None:
    """Return the supplier whose papers these pages are by what it is recognised by; None for nobody's, or for several's."""
    found = fitting(suppliers, pages)
    return found[0] if len(found) == 1 else None


def fitting(suppliers: Sequence[SupplierHints], pages: Sequence[PageWords]) -> list[SupplierHints]:
    """Return every supplier that something on these pages is recognised by."""
    text = "\n".join(line.text.replace("\t", " ") for page in pages for line in lines_of(page))
    return [one for one in suppliers if _is_from(one, text)]


def with_hints(fields: Sequence[Field], suppliers: Sequence[SupplierHints], pages: Sequence[PageWords]) -> tuple[Field, ...]:
    """Return the fields of a paper, those that its supplier's hints find in place of what was read without them."""
    supplier = recognise(suppliers, pages)
    if supplier is None:
        return tuple(fields)
    never = {hint.field for hint in supplier.hints if hint.absent}
    known = {field.name: field for field in fields if field.name not in never}
    known |= {field.name: field for hint in supplier.hints if (field := look_up(hint, supplier, pages)) is not None}
    return tuple(known[name] for name in FIELD_NAMES if name in known)


def look_up(hint: Hint, supplier: SupplierHints, pages: Sequence[PageWords]) -> Field | None:
    """Return the field that a hint finds; None when there is none, or when the hint fits several places that differ."""
    if hint.absent:
        return None
    if hint.value:
        return Field(name=hint.field, value=hint.value, confidence=CONFIDENCE)
    wanted = _pages(hint, pages)
    mark = supplier.mark or decimal_mark(line.text for page in pages for line in lines_of(page))
    order = supplier.order or order_of(line.text for page in pages for line in lines_of(page))
    found: list[Field] = []
    for spots in _in_region(hint, wanted) if hint.region else _beside_labels(hint, wanted):
        first = next((field for spot in spots if (field := _value(hint.field, spot, mark, order))), None)
        found += [first] if first else []
    return found[0] if len({field.value for field in found}) == 1 else None


def learn(supplier: SupplierHints, pages: Sequence[PageWords], field: str, value: str) -> SupplierHints | None:
    """Return the supplier with a hint by which the corrected value of a field is found on these pages.

    The label left of the value is tried first, then the one above it, then its region; the way that dates and numbers are written
    is learnt too, where the value shows it. None when the value does not stand on the pages, or no hint singles it out.
    """
    styles = [supplier]
    if field in DATES and supplier.order is None:
        styles += [replace(supplier, order="day"), replace(supplier, order="month")]
    if field in AMOUNTS and supplier.mark is None:
        styles += [replace(supplier, mark=","), replace(supplier, mark=".")]
    for style in styles:
        for hint in _proposed(style, pages, field, value):
            seen = look_up(hint, style, pages)
            if seen is not None and seen.value == value:
                return replace(style, hints=(*(one for one in style.hints if one.field != field), hint))
    return None


def _is_from(one: SupplierHints, text: str) -> bool:
    bare = re.sub(r"[\s.\-]", "", text).upper()
    if any(number in bare for number in (*one.vat_ids, *one.ibans)):
        return True
    if any(re.search(rf"(?:@|www\.|//|(?<![\w.\-])){re.escape(domain)}(?![\w\-])", text.lower()) for domain in one.domains):
        return True
    folded = fold(text)[0]
    return bool(one.words) and all(_of_words(word).search(folded) for word in one.words)


def _pages(hint: Hint, pages: Sequence[PageWords]) -> list[PageWords]:
    if hint.page < 0:
        return list(pages[-1:])
    return [page for page in pages if hint.page in (0, page.number)]


def _of_words(phrase: str) -> re.Pattern[str]:
    """Return the pattern of a phrase in folded text: as whole words, whatever stands between them."""
    words = [re.escape(word) for word in fold(phrase)[0].split()]
    return re.compile(r"(?<![^\W_])" + r"[\s.\-_/'’]{0,3}".join(words) + r"(?![^\W_])")


def _beside_labels(hint: Hint, pages: Sequence[PageWords]) -> Iterator[list[_Spot]]:
    """Yield, for each place where a label stands, the spots in which its value may be, the nearest first."""
    patterns = [_of_words(label) for label in hint.labels]
    for page in pages:
        lines = lines_of(page)
        for at, line in enumerate(lines):
            folded, places = fold(line.text)
            for pattern in patterns:
                for match in pattern.finditer(folded):
                    start, end = places[match.start()], places[match.end() - 1] + 1
                    yield (
                        [_Spot(line=line, start=end, end=len(line.text))]
                        if hint.place != "below"
                        else list(_below(lines, at, start, end))
                    )


def _below(lines: Sequence[Line], at: int, start: int, end: int) -> Iterator[_Spot]:
    """Yield the cells under a stretch of line `at`, from top to bottom."""
    head = lines[at]
    x0, _, x1, bottom = head.box(start, end)
    for line in lines[at + 1 :]:
        if line.top - bottom > FAR_BELOW * head.height:
            return
        for first, last in line.cells():
            left, _, right, _ = line.box(first, max(last, first + 1))
            if first < last and line.top > bottom - 0.5 * head.height and left < x1 + head.height and right > x0 - head.height:
                yield _Spot(line=line, start=first, end=last)


def _in_region(hint: Hint, pages: Sequence[PageWords]) -> Iterator[list[_Spot]]:
    """Yield the lines that the words in a region of a page make."""
    x0, y0, x1, y1 = hint.region or (0.0, 0.0, 0.0, 0.0)
    for page in pages:
        inside = tuple(
            tuple(
                word
                for word in line
                if x0 <= (word.box[0] + word.box[2]) / 2 / page.width <= x1
                and y0 <= (word.box[1] + word.box[3]) / 2 / page.height <= y1
            )
            for line in page.lines
        )
        yield [_Spot(line=line, start=0, end=len(line.text)) for line in lines_of(replace(page, lines=inside))]


def _value(field: str, spot: _Spot, mark: Mark | None, order: Order | None) -> Field | None:
    """Return the first value in a spot that the field can have, None where nothing of its kind stands there."""
    found = next(_values(field, spot.text, mark, order), None)
    if found is None:
        return None
    start, end, value = found
    box = spot.line.box(spot.start + start, spot.start + end)
    return Field(name=field, value=value, page=spot.line.page, box=box, confidence=CONFIDENCE)


def _values(field: str, text: str, mark: Mark | None, order: Order | None) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, normalised value) of whatever in a text can be the value of a field, from left to right."""
    if field in AMOUNTS:
        yield from ((one.start, one.end, normal(one.value)) for one in find_amounts(text, mark))
        whole = re.match(r"[\s:]*(\d[\d.,' ]*)(?![\w%])", text)
        value = parse_number(whole[1].strip(), mark) if whole else None
        if whole and value is not None:
            yield whole.start(1), whole.end(1), normal(value)
    elif field in DATES:
        for one in find_dates(text):
            settled = one.settled(order)
            if settled:
                yield one.start, one.end, settled.isoformat()
    elif field in ("iban", "vat_id"):
        yield from (find_ibans if field == "iban" else find_vat_ids)(text.replace("\t", " "))
    elif field == "currency":
        codes = [*CODES, *(sign for sign, code in SYMBOLS.items() if code)]
        for match in re.finditer("|".join(re.escape(code) for code in sorted(codes, key=len, reverse=True)), text):
            yield match.start(), match.end(), {"RMB": "CNY"}.get(match[0], SYMBOLS.get(match[0]) or match[0])
    else:
        yield from _cells(field, text)


def _cells(field: str, text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the cells of a text as they stand; a number ends where words without a digit follow it, and has a digit."""
    for match in re.finditer(r"[^\t]+", text):
        start = match.start() + len(match[0]) - len(match[0].lstrip(" :：.#№°-–"))
        value = text[start : match.end()].rstrip(" .,;:")
        if field.endswith("_number"):
            words = re.match(r"\S*\d\S*(?: \S*\d\S*)*|[A-Z]{1,5} \S*\d\S*", value)
            value = words[0].rstrip(".,;:") if words else ""
        if value:
            yield start, start + len(value), value


def _proposed(supplier: SupplierHints, pages: Sequence[PageWords], field: str, value: str) -> Iterator[Hint]:
    """Yield the hints that may lead to a value, the best kind first: by the label left of it, above it, by its region."""
    mark = supplier.mark or decimal_mark(line.text for page in pages for line in lines_of(page))
    order = supplier.order or order_of(line.text for page in pages for line in lines_of(page))
    places: list[tuple[PageWords, list[Line], int, int, int]] = []
    for page in pages:
        lines = lines_of(page)
        for at, line in enumerate(lines):
            for start in [0, *(match.end() for match in re.finditer(r"[\t :]", line.text))]:
                for first, last, found in _values(field, line.text[start:], mark, order):
                    if found == value:
                        places.append((page, lines, at, start + first, start + last))
    places = list({(page.number, at, start): (page, lines, at, start, end) for page, lines, at, start, end in places}.values())
    for _, lines, at, start, _ in places:
        if label := _label_left(lines[at], start):
            yield Hint(field=field, labels=(label,))
    for _, lines, at, start, end in places:
        for label in _labels_above(lines, at, start, end):
            yield Hint(field=field, labels=(label,), place="below")
    for page, lines, at, start, end in places:
        yield Hint(field=field, region=_around(lines[at].box(start, end), page), page=page.number)


def _label_left(line: Line, start: int) -> str:
    """Return the words just left of a value, "" when there are none: its own cell's, else those of the cell before."""
    cells = [cell for cell in re.split(r"\t", line.text[:start]) if re.search(r"[^\W\d_]{2}", cell)]
    return _as_label(cells[-1]) if cells else ""


def _labels_above(lines: Sequence[Line], at: int, start: int, end: int) -> Iterator[str]:
    x0, top, x1, _ = lines[at].box(start, end)
    for line in reversed(lines[:at]):
        if top - line.bottom > FAR_BELOW * line.height:
            return
        for first, last in line.cells():
            left, _, right, _ = line.box(first, max(last, first + 1))
            label = _as_label(line.text[first:last])
            if label and left < x1 + line.height and right > x0 - line.height:
                yield label


def _as_label(text: str) -> str:
    """Return the words of a label: the last four before the value, without signs around them; "" when one is a number."""
    words = " ".join(text.split()[-4:]).strip(" :：.,;#№°-–()")
    return words if re.search(r"[^\W\d_]{2}", words) and not re.search(r"\d{2}", words) else ""


def _around(box: Box, page: PageWords) -> Region:
    """Return the region of a box with the space of about a line around it, so that a longer value fits too."""
    x0, y0, x1, y1 = box
    room = y1 - y0
    edges = ((x0 - room) / page.width, (y0 - room / 2) / page.height, (x1 + 4 * room) / page.width, (y1 + room / 2) / page.height)
    left, top, right, bottom = (round(min(1.0, max(0.0, edge)), 3) for edge in edges)
    return left, top, right, bottom
