"""The dates of a business paper: of the invoice and due, by their labels, by a sentence that asks for payment, by their place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from mailbot.core.dates import Order, find_dates, order_of
from mailbot.core.labels import Label, fold
from mailbot.core.lines import Line
from mailbot.core.paper import Candidate, Paper, Region, best, regions, starts_cell

_LETTER_DATE = re.compile(
    r"(?:[^\W\d_][\w.\- ]{1,30}, ?(?:den |le |li |the |am |il |el |a )?|(?:le|den|datum|date) ?:? ?)?$", re.IGNORECASE
)
"""What may stand before the date of a letter in its cell: nothing, or the place."""

_ASKS = re.compile(
    r"(?:uberweis|zahi|begieich|voidoe|betaa|betaie|te maken|pay|remit|regier|regiement|abonar|pago|pagamento|saidare|versare)"
    r"[^.!?]{0,60}?(?:bis(?: zum| spatestens)?|by|before|no iater than|vor dem|voor|avant ie|au pius tard ie|antes dei|hasta ei"
    r"|entro(?: ii)?) ?$"
)
"""Folded: a sentence that asks for payment until the date that follows."""

_LISTS = re.compile(
    r"statement of account|account statement|reminder|mahnung|zahlungserinnerung|rappel|aanmaning|herinnering|sollecito"
    r"|recordatorio|remittance advice|lieferschein n|delivery note n|quotation|对账单|催款"
    r"|\brelance\b|mise en demeure|past due notice",
    re.IGNORECASE,
)
"""A paper about invoices, or before one: its date is that of none of them."""

_TERM = re.compile(
    r"\d ?(?:gg|giorni|days?|jours?|tagen?|dagen|d[ií]as|months?|monaten?|天|日内)[^\t\d]{0,20}$",
    re.IGNORECASE,
)
"""What stands before a date's label that is part of a term of payment: "60 gg data fattura", "30 days from invoice date"."""

_DISCOUNTED = r"\d ?%[^.;\t\d]{0,20}(?:skonto|rabatt|discount|escompte|sconto|korting|descuento)"
_EARLY_AFTER = re.compile(r"[ ,:=(]*(?:[a-z]+\.? ){0,3}(?:\d{1,2}[.,])?\d?" + _DISCOUNTED)
_EARLY_BEFORE = re.compile(_DISCOUNTED + r"[^.,;\t\d]{0,25}$")
"""Folded: what stands after or before the day until which a discount is given: "bis 03.12. mit 2 % Skonto"."""

_US = re.compile(
    r"\bUSA\b|\bU\.S\.A?\b|United States|\bUS Dollars?\b|sales tax|\b(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|"
    r"N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]),? \d{5}(?:-\d{4})?\b"
)

_DAY_FIRST = re.compile(
    r"rechnung|facture|factuur|fattura|factura|bestellung|commande|pedido|ordine|\bvat\b|mwst|\btva\b|\bbtw\b|\biva\b|€|£|\bgst\b",
    re.IGNORECASE,
)


def date_order(paper: Paper) -> Order | None:
    """Return whether the paper writes the day or the month first: by its own dates, else by its language and country."""
    shown = order_of(line.text for line in paper.lines)
    if shown:
        return shown
    american, other = bool(_US.search(paper.text)), bool(_DAY_FIRST.search(paper.text))
    if american == other:
        return None
    return "month" if american else "day"


def labelled_date(paper: Paper, name: str, order: Order | None) -> Candidate | None:
    """Return the date that labels of a name announce; a bare "date" counts at the start of a cell or after the paper's number."""
    found = list(_asked(paper, order)) if name == "due_date" else []
    for at, label in paper.labelled(name):
        line = paper.lines[at]
        numbered = _numbered(paper, at, label)
        if label.grade == 2 and _LISTS.search(paper.text):
            continue
        if name == "invoice_date" and _TERM.search(line.text[: label.start]):
            continue
        if label.grade == 1 and _of_another(paper, at, label):
            continue
        if label.grade == 1 and not numbered and not (starts_cell(line, label.start) and _says_date(paper, at, label)):
            continue
        for region in regions(paper, at, label):
            dates = find_dates(region.text)
            before = region.text[: dates[0].start] if dates else ""
            if dates and len(before.split()) <= (3 if region.place == 1 else 0):
                value = dates[0].settled(order)
                first, last = region.start + dates[0].start, region.start + dates[0].end
                early = name == "due_date" and _of_discount(region.line.text, first, last)
                if value and not early:
                    found.append(_dated(region, dates[0].start, dates[0].end, value, label.grade + region.place))
                break
    return best(found)


def _numbered(paper: Paper, at: int, label: Label) -> bool:
    """Return whether a label follows the paper's number in its line: "facture n° 2026-0312 du"."""
    text = paper.lines[at].text
    before = [one for one in paper.labels[at] if one.name == "invoice_number" and one.grade and one.end <= label.start]
    return bool(before) and "," not in text[before[-1].end : label.start]


def _says_date(paper: Paper, at: int, label: Label) -> bool:
    """Return whether a label is the word "date" itself, not a "du" or "le" that mostly is none, but right below the number."""
    text = paper.lines[at].text
    if label.end - label.start > 3 or not text[label.start : label.end].isascii():
        return True
    rest = text[label.end : paper.lines[at].cell_at(label.start)[1]].strip()
    dates = find_dates(rest)
    alone = len(dates) == 1 and (dates[0].start, dates[0].end) == (0, len(rest))
    return alone and any(one.name == "invoice_number" and one.grade for above in paper.labels[max(0, at - 3) : at] for one in above)


def _of_another(paper: Paper, at: int, label: Label) -> bool:
    """Return whether a bare "dated" or "vom" follows the label of another paper's number: an order, a delivery note."""
    before = [one for one in paper.labels[at] if one.end <= label.start]
    bare = fold(paper.lines[at].text[label.start : label.end])[0] in ("dated", "vom", "du", "dei", "ie")
    return bare and bool(before) and before[-1].name in ("po_number", "other")


def _dated(region: Region, start: int, end: int, value: date, score: float) -> Candidate:
    return Candidate(value=value.isoformat(), score=score, page=region.line.page, box=region.box(start, end))


def _asked(paper: Paper, order: Order | None) -> Iterator[Candidate]:
    """Yield the dates until which a sentence asks for payment: "Bitte überweisen Sie den Betrag bis zum 17.12.2024"."""
    for line in paper.lines:
        for one in find_dates(line.text):
            value = one.settled(order)
            if value and _asks_before(line.text, one.start) and not _of_discount(line.text, one.start, one.end):
                region = Region(line=line, start=0, end=len(line.text), place=0.0)
                yield _dated(region, one.start, one.end, value, 3.0)


def _of_discount(text: str, start: int, end: int) -> bool:
    """Return whether the date at a place is the day until which less may be paid: the invoice is due later."""
    before, after = fold(text[:start])[0], fold(text[end:])[0]
    return bool(_EARLY_AFTER.match(after) or _EARLY_BEFORE.search(before))


def only_date(paper: Paper, order: Order | None) -> Candidate | None:
    """Return the one date without a meaning of its own: the only one of the paper, or else where a letter has its date.

    Where a label announces the date but none could be read beside it, another date is not it.
    """
    if _LISTS.search(paper.text):
        return None
    if any(
        label.grade > 1 or starts_cell(paper.lines[at], label.start) or _numbered(paper, at, label)
        for at, label in paper.labelled("invoice_date")
    ):
        return None
    found, alone = [], True
    for at, line in enumerate(paper.lines):
        for one in find_dates(line.text):
            value = one.settled(order)
            if value is None:
                return None
            named = any(label.grade >= 2 and label.start < one.start for label in paper.labels[at]) or _asks_before(
                line.text, one.start
            )
            start, end = line.cell_at(one.start)
            heads = line.page == paper.lines[0].page and line.top < 0.45 * paper.heights.get(line.page, 0)
            letter = heads and _LETTER_DATE.match(line.text[start : one.start]) and not line.text[one.end : end].strip(" .")
            letter = letter and not _captioned(line, start)
            alone = alone and not named
            if not named:
                region = Region(line=line, start=0, end=len(line.text), place=0.0)
                found.append((bool(letter), _dated(region, one.start, one.end, value, 1.5)))
    letters = [candidate for letter, candidate in found if letter]
    return best(letters or [candidate for _, candidate in found if alone])


def _captioned(line: Line, start: int) -> bool:
    """Return whether the cell left of one says in a word or two what stands in it, though not in words that are known here."""
    before = line.text[:start].rstrip("\t").rpartition("\t")[2].strip()
    return 0 < len(before.split()) <= 2 and not any(character.isdigit() for character in before)


def _asks_before(text: str, start: int) -> bool:
    return bool(_ASKS.search(fold(text[:start])[0]))
