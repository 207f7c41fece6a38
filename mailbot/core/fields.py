"""Reads the fields of an invoice or order off its words: each value with where it stands, or nothing when it is not sure.

A wrong value is much worse than an absent one: candidates that contradict each other cancel out, identifiers must have the right
check digits, sums are borne out by arithmetic where the paper allows, and a date that may be two dates is none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from mailbot.core.accounts import find_account, find_tax_number
from mailbot.core.amounts import CODES, SYMBOLS, normal
from mailbot.core.document import FIELD_NAMES, Field
from mailbot.core.labels import has_title
from mailbot.core.paper import Candidate, Paper, lay_out
from mailbot.core.paper_dates import date_order, labelled_date, only_date
from mailbot.core.paper_kinds import is_none, kind_of
from mailbot.core.parties import find_customer, window
from mailbot.core.reference import find_number
from mailbot.core.senders import find_supplier
from mailbot.core.sums import Sums, find_sums
from mailbot.core.words import PageWords

_NAMED_MONEY = {
    "美元": "USD",
    "美金": "USD",
    "欧元": "EUR",
    "歐元": "EUR",
    "港元": "HKD",
    "港币": "HKD",
    "港幣": "HKD",
    "日元": "JPY",
}
"""Currencies whose Chinese names end like the yuan's."""

_COUNTRY_MONEY = dict.fromkeys("AT BE CY DE EE EL ES FI FR HR IE IT LT LU LV MT NL PT SI SK".split(), "EUR") | {
    "GB": "GBP", "CH": "CHF", "DK": "DKK", "SE": "SEK", "PL": "PLN", "CZ": "CZK", "HU": "HUF", "RO": "RON", "NO": "NOK",
}  # fmt: skip
"""The currency of the countries whose VAT numbers and accounts are known."""


_EURO_WORDS = re.compile(r"(?i:\bp\.? ?iva\b|\bpartita iva\b|\bsiret\b|\bkvk\b|\bust-id)|\bC\.?I\.?F\.? ?[A-Z]-?\d{8}\b")
"""Numbers that only firms in Italy, France, the Netherlands, Germany and Spain print, written without their country."""


def business_paper(text: str) -> bool:
    """Return whether a text calls itself an invoice, order or the like and has figures, so that it is worth a closer look."""
    return any(character.isdigit() for character in text) and has_title(text)


def find_fields(paper: Paper, invoices: Sequence[Paper] = ()) -> tuple[Field, ...]:
    """Return the fields of a business paper, at most one of a name, in the order of FIELD_NAMES; none for other papers.

    Boxes are in the units of its pages. An invoice or order shows at least a total or a number of its own; a letter does not.
    Where it holds several `invoices`, only what all of them state is taken: the date of one beside the total of another is wrong.
    """
    found = _found(paper)
    if len(invoices) < 2:
        return found
    agreed = set.intersection(*({(field.name, field.value) for field in _found(one)} for one in invoices))
    return tuple(field for field in found if (field.name, field.value) in agreed)


def papers_in(pages: Sequence[PageWords]) -> list[Paper]:
    """Return the pages of several that are a paper by themselves: they show a title and a total. One that goes on has none yet."""
    alone = [lay_out([page]) for page in pages] if len(pages) > 1 else []
    return [paper for paper in alone if has_title(paper.text) and find_sums(paper).total]


def invoices_in(papers: Sequence[Paper]) -> dict[str, Paper]:
    """Return the papers that are invoices by their numbers, each number's first."""
    found: dict[str, Paper] = {}
    for paper in papers:
        number = None if kind_of(paper) else find_number(paper, "invoice_number")
        if number:
            found.setdefault(number.value, paper)
    return found


def _found(paper: Paper) -> tuple[Field, ...]:
    sums = find_sums(paper)
    order = date_order(paper)
    number = find_number(paper, "invoice_number")
    purchase = find_number(paper, "po_number")
    if purchase and number and purchase.value == number.value:
        purchase = None
    if not has_title(paper.text) or is_none(paper) or (sums.total is None and number is None and purchase is None):
        return ()
    frame = window(paper)
    customer = find_customer(paper, frame)
    invoiced = labelled_date(paper, "invoice_date", order) or only_date(paper, order)
    if purchase and not number and invoiced and invoiced.score < 3:
        invoiced = None  # the bare date of an order is not that of an invoice
    kind = kind_of(paper)
    if kind in ("return", "account") or (kind == "offer" and not number):
        invoiced = None  # such a paper is dated, but no invoice of that day exists
    if kind == "account":
        number = None  # it lists several
    due = labelled_date(paper, "due_date", order)
    if due and invoiced and due.value < invoiced.value:
        due = None
    supplier = find_supplier(paper, customer, frame)
    account, tax_number = find_account(paper), find_tax_number(paper, supplier, frame)
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
        if money is not None and kind != "delivery"  # pieces and weights
    ]
    return tuple(sorted(fields, key=lambda field: FIELD_NAMES.index(field.name)))


def _field(name: str, candidate: Candidate) -> Field:
    confidence = round(min(0.97, 0.5 + candidate.score / 8), 2)
    return Field(name=name, value=candidate.value, page=candidate.page, box=candidate.box, confidence=confidence)


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
        if not countries and _EURO_WORDS.search(paper.text):
            countries = {"EUR"}
        code = countries.pop() if len(countries) == 1 else ""
    if not code:
        return None
    page, box = (total.page, total.box) if total else (paper.lines[0].page, paper.lines[0].box(0, len(paper.lines[0].text)))
    return Candidate(value=code, score=3.0 if total and total.currency else 2.0, page=page, box=box)


def _meant(text: str, codes: set[str]) -> str:
    """Return what a bare $ or ¥ means on this paper, "" when that is open."""
    for name, code in _NAMED_MONEY.items():
        if name in text:
            return code if codes <= {code} else ""
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
