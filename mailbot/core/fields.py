"""Reads the fields of an invoice or order off its words: each value with where it stands, or nothing when it is not sure.

A wrong value is much worse than an absent one: candidates that contradict each other cancel out, identifiers must have the right
check digits, sums are borne out by arithmetic where the paper allows, and a date that may be two dates is none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

from mailbot.core.amounts import CODES, SYMBOLS, normal
from mailbot.core.company_names import squeeze
from mailbot.core.dates import Order, find_dates, order_of
from mailbot.core.document import FIELD_NAMES, Field
from mailbot.core.identifiers import find_ibans, find_vat_ids
from mailbot.core.labels import Label, fold, has_title
from mailbot.core.paper import Candidate, Paper, Region, best, lay_out, starts_cell
from mailbot.core.parties import find_customer, in_customer_block, window
from mailbot.core.senders import find_supplier
from mailbot.core.sums import Sums, find_sums
from mailbot.core.words import PageWords

_REFERENCE = re.compile(r"[\s:：.#№°º\-–]*((?:[A-Z]{1,5} (?=\d))?(?=[A-Za-z\-/._]*\d)[A-Za-z0-9][A-Za-z0-9\-/._]*)")
_GROUPS = re.compile(r"\d{1,5}(?: \d{2,5}){1,6}(?![\w.,/\-]|[ ]\w)")
"""A number printed in groups: "10 084 552 319"."""

_COUNTRY_MONEY = dict.fromkeys("AT BE CY DE EE EL ES FI FR HR IE IT LT LU LV MT NL PT SI SK".split(), "EUR") | {
    "GB": "GBP", "CH": "CHF", "DK": "DKK", "SE": "SEK", "PL": "PLN", "CZ": "CZK", "HU": "HUF", "RO": "RON", "NO": "NOK",
}  # fmt: skip
"""The currency of the countries whose VAT numbers and accounts are known."""

_MIXED_UP = str.maketrans("OoIl|SBZ", "00111582")
"""Letters and the digits that OCR takes them for."""

_LETTER_DATE = re.compile(r"(?:[^\W\d_][\w.\- ]{1,30}, ?(?:den |le |li |the |am |il |el |a )?|(?:le|den|datum|date) ?:? ?)?$", re.IGNORECASE)
"""What may stand before the date of a letter in its cell: nothing, or the place."""

_ASKS = re.compile(
    r"(?:uberweis|zahi|zahibar|begieich|voidoe|betaai|betaien|over te maken|te maken|pay|payment|remit|regier|regiement|payer|abonar|pagar|pago|pagare"
    r"|pagamento|saidare|versare)[^.!?]{0,60}?(?:bis zum|bis spatestens|bis|by|before|on or before|no iater than|vor dem|voor|avant ie|au pius tard ie"
    r"|antes dei|hasta ei|entro ii|entro) ?$"
)
"""Folded: a sentence that asks for payment until the date that follows."""

_DEBITED = re.compile(
    r"(?:ihrem|ihr|your|votre|vos|uw|su|vostro|tu) (?:[a-z]+ )?(?:konto|bankkonto|account|compte|rekening|cuenta|conto)|abgebucht|eingezogen"
    r"|debited|direct debit|preieve|geincasseerd|domiciiia|addebit|schrijven[^.]*\baf\b|afgeschreven"
)
"""Folded: a sentence about money that the sender takes from the recipient's account."""

_YOURS = re.compile(r"your|ihre|votre|uw |su |vostr|customer|kunden|client|klant|vs ")
"""Folded: what stands before a number that is the recipient's."""

_LISTS = re.compile(
    r"statement of account|account statement|reminder|mahnung|zahlungserinnerung|rappel|aanmaning|herinnering|sollecito|recordatorio"
    r"|remittance advice|lieferschein n|delivery note n|quotation|对账单|催款",
    re.IGNORECASE,
)
"""A paper about invoices, or before one: its date is that of none of them."""

_ORDER = re.compile(r"order|besteii|auftrag|commande|pedido|orden|ordine|订单|訂單|采购")
"""Folded: the title of an order."""

_US = re.compile(
    r"\bUSA\b|\bU\.S\.A?\b|United States|\bUS Dollars?\b|sales tax|\b(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|"
    r"N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]),? \d{5}(?:-\d{4})?\b"
)
_DAY_FIRST = re.compile(
    r"rechnung|facture|factuur|fattura|factura|bestellung|commande|pedido|ordine|\bvat\b|mwst|\btva\b|\bbtw\b|\biva\b|€|£|\bgst\b",
    re.IGNORECASE,
)


def business_paper(text: str) -> bool:
    """Return whether a text calls itself an invoice, order or the like and has figures, so that it is worth a closer look."""
    return any(character.isdigit() for character in text) and has_title(text)


def find_fields(pages: Sequence[PageWords]) -> tuple[Field, ...]:
    """Return the fields of a business paper, at most one of a name, in the order of FIELD_NAMES; none for other papers.

    Boxes are in the units of `pages`. An invoice or order shows at least a total or a number of its own; a letter does not.
    """
    paper = lay_out(pages)
    sums = find_sums(paper)
    order = _order(paper)
    number = _number(paper, "invoice_number")
    purchase = _number(paper, "po_number")
    if purchase and number and purchase.value == number.value:
        purchase = None
    if not has_title(paper.text) or (sums.total is None and number is None and purchase is None):
        return ()
    customer = find_customer(paper)
    invoiced = _date(paper, "invoice_date", order) or _only_date(paper, order)
    if purchase and not number and invoiced and invoiced.score < 3:
        invoiced = None  # the bare date of an order is not that of an invoice
    due = _date(paper, "due_date", order)
    if due and invoiced and due.value < invoiced.value:
        due = None
    supplier = find_supplier(paper, customer)
    account, tax_number = _iban(paper), _vat_id(paper, supplier)
    found = {
        "supplier": supplier,
        "customer": customer,
        "invoice_number": number,
        "po_number": purchase,
        "invoice_date": invoiced,
        "due_date": due,
        "iban": account,
        "vat_id": tax_number,
        "currency": _currency(paper, sums, (account, tax_number)),
    }
    fields = [_field(name, candidate) for name, candidate in found.items() if candidate]
    fields += [
        Field(name=name, value=normal(money.value), page=money.page, box=money.box, confidence=sums.confidence)
        for name, money in (("subtotal", sums.subtotal), ("tax", sums.tax), ("total", sums.total))
        if money is not None
    ]
    return tuple(sorted(fields, key=lambda field: FIELD_NAMES.index(field.name)))


def _field(name: str, candidate: Candidate) -> Field:
    confidence = round(min(0.97, 0.5 + candidate.score / 8), 2)
    return Field(name=name, value=candidate.value, page=candidate.page, box=candidate.box, confidence=confidence)


def _regions(paper: Paper, at: int, label: Label) -> Iterator[Region]:
    yield paper.right(at, label)
    below = paper.below(at, label)
    if below:
        yield below


def _number(paper: Paper, name: str) -> Candidate | None:
    """Return the number that labels of a name announce."""
    found = []
    for at, label in [*paper.labelled(name, 1), *_bare(paper, name)]:
        if label.grade < 3 and not starts_cell(paper.lines[at], label.start):
            continue
        for region in _regions(paper, at, label):
            candidate = _reference(region, label)
            if candidate:
                found.append(candidate)
                break
            if label.grade == 0 or any(character.isdigit() for character in region.text):
                break  # what stands there was not understood: what stands below it is something else
    number = best(found)
    return None if number is None or _contested(paper, number.value) else number


def _bare(paper: Paper, name: str) -> Iterator[tuple[int, Label]]:
    """Yield the labels that say "No." alone, beside a title that says whose: the invoice's own, or the order's."""
    for at, label in paper.labelled("invoice_number", 0):
        title = _title_near(paper, at, label) if label.grade == 0 else ""
        if title and bool(_ORDER.search(fold(title)[0])) == (name == "po_number"):
            yield at, label


def _title_near(paper: Paper, at: int, label: Label) -> str:
    """Return the paper's title where it stands in a label's line or close above it, else ""."""
    line = paper.lines[at]
    x0, _, x1, _ = line.box(label.start, label.end)
    for other in reversed(paper.lines[max(0, at - 4) : at + 1]):
        if other.page != line.page or line.top - other.bottom > 5 * line.height:
            continue
        for start, end in other.cells():
            left, _, right, _ = other.box(start, max(end, start + 1))
            near = other is line or (left < x1 + 10 * line.height and right > x0 - 2 * line.height)
            if near and end - start <= 40 and has_title(other.text[start:end]):
                return other.text[start:end]
    return ""


def _reference(region: Region, label: Label) -> Candidate | None:
    """Return the number that begins a region: digits in it, no date, no amount; more digits where the label is vague."""
    match = _REFERENCE.match(region.text)
    if not match:
        return None
    groups = _GROUPS.match(region.text, match.start(1))
    value = re.sub(" ", "", groups[0]) if groups else match[1].rstrip("./-_")
    start, end = match.start(1), groups.end() if groups else match.start(1) + len(value)
    digits = sum(character.isdigit() for character in value)
    if any(one.start < end and start < one.end for one in find_dates(region.text)):
        return None
    if re.match(r"\s?%|[.,]\d|\s?[€$£¥]| ?/ ?\w| \d", region.text[end:]) or re.fullmatch(r"\d+[.,]\d\d|(?:19|20)\d\d", value):
        return None
    if label.grade == 0 and re.match(r" *[^\W\d_]{2}", region.text[end:]):
        return None  # "No 10 High Street"
    value = _as_printed(value)
    if value is None or len(value) < 2 or digits < (2, 4, 3, 1, 1)[label.grade]:
        return None
    return Candidate(value=value, score=label.grade + region.place, page=region.line.page, box=region.box(start, end))


def _as_printed(value: str) -> str | None:
    """Return a number with the letters that OCR puts for digits set right; None where it is open which was printed.

    A small l among digits and capitals is a one, between capitals an I. A capital O or I between digits alone may be either.
    """
    if not re.search(r"[a-km-z]", value):
        value = re.sub(r"l(?=[A-Z])", "I", re.sub(r"(?<=\d)l|l(?=\d)", "1", value))
    return None if re.search(r"(?<=\d)[OIS](?=[\d./\-]|$)|(?<=[\d/\-])[OS](?=\d)|^P0\d", value) else value


def _contested(paper: Paper, value: str) -> bool:
    """Return whether the paper prints a number once more, and letters that OCR mixes up with digits differ."""
    key = value.translate(_MIXED_UP)
    return any(key == word.translate(_MIXED_UP) and word != value for word in re.findall(r"[\w\-/]+", paper.text))


def _order(paper: Paper) -> Order | None:
    """Return whether the paper writes the day or the month first: by its own dates, else by its language and country."""
    shown = order_of(line.text for line in paper.lines)
    if shown:
        return shown
    american, other = bool(_US.search(paper.text)), bool(_DAY_FIRST.search(paper.text))
    if american == other:
        return None
    return "month" if american else "day"


def _date(paper: Paper, name: str, order: Order | None) -> Candidate | None:
    """Return the date that labels of a name announce; a bare "date" counts at the start of a cell or after the paper's number."""
    found = list(_asked(paper, order)) if name == "due_date" else []
    for at, label in paper.labelled(name):
        line = paper.lines[at]
        numbered = any(one.name == "invoice_number" and one.grade and one.end <= label.start for one in paper.labels[at])
        if label.grade == 2 and _LISTS.search(paper.text):
            continue
        if label.grade == 1 and _of_another(paper, at, label):
            continue
        if label.grade == 1 and not numbered and not (starts_cell(line, label.start) and label.end - label.start > 3):
            continue
        for region in _regions(paper, at, label):
            dates = find_dates(region.text)
            before = region.text[: dates[0].start] if dates else ""
            if dates and len(before.split()) <= (3 if region.place == 1 else 0):
                value = dates[0].settled(order)
                if value:
                    found.append(_dated(region, dates[0].start, dates[0].end, value, label.grade + region.place))
                break
    return best(found)


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
            if value and _asks_before(line.text, one.start):
                region = Region(line=line, start=0, end=len(line.text), place=0.0)
                yield _dated(region, one.start, one.end, value, 3.0)


def _only_date(paper: Paper, order: Order | None) -> Candidate | None:
    """Return the one date without a meaning of its own: the only one of the paper, or else where a letter has its date.

    Where a label announces the date but none could be read beside it, another date is not it.
    """
    if _LISTS.search(paper.text):
        return None
    if any(label.grade > 1 or starts_cell(paper.lines[at], label.start) for at, label in paper.labelled("invoice_date")):
        return None
    found, alone = [], True
    for at, line in enumerate(paper.lines):
        for one in find_dates(line.text):
            value = one.settled(order)
            if value is None:
                return None
            named = any(label.grade >= 2 and label.start < one.start for label in paper.labels[at]) or _asks_before(line.text, one.start)
            start, end = line.cell_at(one.start)
            heads = line.page == paper.lines[0].page and line.top < 0.45 * paper.heights.get(line.page, 0)
            letter = heads and _LETTER_DATE.match(line.text[start : one.start]) and not line.text[one.end : end].strip(" .")
            alone = alone and not named
            if not named:
                region = Region(line=line, start=0, end=len(line.text), place=0.0)
                found.append((bool(letter), _dated(region, one.start, one.end, value, 1.5)))
    return best([candidate for letter, candidate in found if alone or letter])


def _asks_before(text: str, start: int) -> bool:
    return bool(_ASKS.search(fold(text[:start])[0]))


def _iban(paper: Paper) -> Candidate | None:
    """Return the account to pay to: not the recipient's, from which the sender takes the money himself."""
    found = []
    for at, line in enumerate(paper.lines):
        before = paper.lines[at - 1].text if at else ""
        for start, end, iban in find_ibans(line.text.replace("\t", " ")):
            if not _DEBITED.search(fold(f"{before} {line.text}")[0]):
                found.append(Candidate(value=iban, score=3.5, page=line.page, box=line.box(start, end)))
    return best(found)


def _vat_id(paper: Paper, supplier: Candidate | None) -> Candidate | None:
    """Return the sender's VAT number: one with a label in its line or the line above, and not in the recipient's address.

    Of several, the one that stands with the sender's name or company register number.
    """
    found = []
    frame = window(paper)
    inside = {cell.at: cell.start for cell in frame.cells} if frame else {}
    for at, line in enumerate(paper.lines):
        for start, end, number in find_vat_ids(line.text.replace("\t", " ")):
            labels = [one for near in paper.labels[max(0, at - 1) : at + 1] for one in near]
            box = line.box(start, end)
            cell = line.cell_at(start)
            if inside.get(at) == cell[0] or in_customer_block(paper, at, box[0]):
                continue
            if any(one.name in ("vat_id", "tax") for one in labels) and not _YOURS.search(fold(line.text[cell[0] : start])[0]):
                score = 3.0 + 0.5 * _stands_with(paper, at, number, supplier)
                found.append(Candidate(value=number, score=score, page=line.page, box=box))
    return best(found)


def _stands_with(paper: Paper, at: int, number: str, supplier: Candidate | None) -> bool:
    """Return whether a VAT number stands with the sender's name, or the French SIREN within it with a register number."""
    if number.startswith("FR") and re.search(number[4:] + r"\d{5}|(?:RCS|SIREN)\D{0,20}" + number[4:], re.sub(r"(?<=\d) (?=\d)", "", paper.text)):
        return True
    near = "".join(line.text for line in paper.lines[max(0, at - 3) : at + 1] if line.page == paper.lines[at].page)
    return supplier is not None and squeeze(supplier.value) in squeeze(near)


def _currency(paper: Paper, sums: Sums, known: Sequence[Candidate | None]) -> Candidate | None:
    """Return the currency: beside the total, else the only one on the paper; a bare $ or ¥ needs the country's word.

    Where the paper shows none at all, it is that of the country of the sender's VAT number or account (`known`).
    """
    said = Counter(match for match in re.findall(r"(?<![A-Za-z])(?:" + "|".join(CODES) + r")(?![A-Za-z])", paper.text))
    for sign, code in SYMBOLS.items():
        if code and not sign.isalpha():
            said[code] += paper.text.count(sign)
    codes = {"CNY" if code == "RMB" else code for code, count in said.items() if count}
    total = sums.total
    code = (total.currency if total else "") or _meant(paper.text, codes) or (codes.pop() if len(codes) == 1 else "")
    if not code and total and not codes and not re.search(r"[$¥￥]|\bkr\b", paper.text):
        countries = {_COUNTRY_MONEY.get(one.value[:2], "") for one in known if one}
        code = countries.pop() if len(countries) == 1 else ""
    if not code:
        return None
    page, box = (total.page, total.box) if total else (paper.lines[0].page, paper.lines[0].box(0, len(paper.lines[0].text)))
    return Candidate(value=code, score=3.0 if total and total.currency else 2.0, page=page, box=box)


def _meant(text: str, codes: set[str]) -> str:
    """Return what a bare $ or ¥ means on this paper, "" when that is open."""
    if "$" in text:
        dollars = {code for code in codes if code in ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN")}
        if len(dollars) == 1:
            return dollars.pop()
        elsewhere = re.search(r"Canada|Australia|New Zealand|Singapore|Hong Kong|\bGST\b|\bHST\b|\bABN\b|México|Mexico", text)
        return "USD" if re.search(r"US Dollars?|U\.S\. Dollars?", text) or (not dollars and not elsewhere) else ""
    if re.search("[¥￥元]", text):
        if re.search("[\u3040-\u30ff]|円|JPY", text):
            return "JPY"
        return "CNY" if re.search("[\u4e00-\u9fff]", text) else ""
    return ""
