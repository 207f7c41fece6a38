"""Who sent a business paper and to whom: names beside labels, companies by their legal form, and the web address they share.

The sender is whoever a label says, else the one company that is not in the recipient's block; where two remain, nobody.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace

from mailbot.core.labels import Label
from mailbot.core.lines import Line
from mailbot.core.paper import Candidate, Paper, best, starts_cell

_FORMS = (
    r"GmbH(?: ?& ?Co\.? ?KG(?:aA)?)?|UG(?: \(haftungsbeschränkt\))?|AG(?: ?& ?Co\.? ?KG)?|SE|KGaA|OHG|e\.? ?K\.?|e\.? ?V\.?|eG|KG|"
    r"Ltd\.?|Limited|LLC|L\.L\.C\.|LLP|PLC|plc|Inc\.?|Incorporated|Corp\.?|Corporation|Co\., ?Ltd\.?|Pty\.? Ltd\.?|Pte\.? Ltd\.?|"
    r"S\.?A\.?S\.?U?|S\.?A\.?R\.?L\.?|EURL|SASU|SNC|SCI|S\.?A\.?|B\.?V\.?B\.?A\.?|B\.?V\.?|N\.?V\.?|V\.?O\.?F\.?|"
    r"S\.?L\.?U?\.?|S\.? ?r\.? ?l\.?s?|S\.?p\.?A\.?|S\.?n\.?c\.?|A/S|ApS|AB|Oy|AS|Sp\. z o\.o\.|s\.r\.o\.|a\.s\.|Kft\.?|d\.o\.o\."
)
_COMPANY = re.compile(rf"(?P<name>(?:[\w&'’.\-]+,? ){{1,6}}?)(?P<form>{_FORMS})(?![\w])")
_FORM_FIRST = re.compile(
    r"^(?P<name>(?:S\.?A\.?R\.?L\.?|S\.?A\.?S\.?U?|EURL|SASU|SCI|SNC|Ets|Fa\.|Firma) (?:[A-ZÀ-Þ][\w&'’.\-]*[ ]?){1,5})$"
)
_CHINESE = re.compile(r"[\u4e00-\u9fff（）()A-Za-z0-9]{2,40}?(?:有限责任公司|股份有限公司|有限公司|集团公司|公司|商行|工厂|事务所)")
_SITE = re.compile(r"(?:www\.|@|https?://)(?:[\w\-]+\.)*?([\w\-]{2,})\.(?:co\.|com\.)?[a-z]{2,6}(?![\w\-])", re.IGNORECASE)
_FREE_MAIL = set("gmail outlook hotmail yahoo gmx web icloud aol qq 163 126 proton live free orange".split())
_NOT_A_NAME = re.compile(r"\d{4,}|[@:]|www\.|http|^\W*$|^(?:page|tel|fax)\b", re.IGNORECASE)
_ADDRESSED = re.compile(r"^(?:attn|attention|z\.? ?hd\.?|t\.a\.v\.|à l'attention de|fao|c/o)\b[.: ]*", re.IGNORECASE)
BLOCK = 7
"""Lines of an address block under its label."""


def find_customer(paper: Paper) -> Candidate | None:
    """Return who the paper is addressed to: only where a label says so."""
    return best(list(_beside_labels(paper, "customer")))


def find_supplier(paper: Paper, customer: Candidate | None) -> Candidate | None:
    """Return who sent the paper, None when unsure."""
    found = _supplier(paper, customer)
    return _usual_spelling(paper, found) if found else None


def _supplier(paper: Paper, customer: Candidate | None) -> Candidate | None:
    labelled = best(
        [one for one in _beside_labels(paper, "supplier") if not customer or squeeze(one.value) != squeeze(customer.value)]
    )
    if labelled is not None and labelled.score >= 3:
        return labelled
    companies = _companies(paper, customer)
    if companies:
        return best(companies)
    return labelled or best(_named_like_site(paper, customer))


def _usual_spelling(paper: Paper, found: Candidate) -> Candidate:
    """Return the candidate as the paper mostly spells it; at a tie with the fewest accents, which OCR sees in specks."""
    key = squeeze(found.value)
    spellings = Counter(
        name
        for line in paper.lines
        for start, end in line.cells()
        for name, _ in _company_names(line.text[start:end])
        if squeeze(name) == key
    )
    if not spellings:
        return found
    usual = max(spellings, key=lambda name: (spellings[name], -sum(not letter.isascii() for letter in name)))
    return replace(found, value=usual)


def squeeze(name: str) -> str:
    """Return the letters and digits of a name alone, for comparing."""
    folded = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in folded if letter.isalnum())


def in_customer_block(paper: Paper, at: int, x: float) -> bool:
    """Return whether a place (line, horizontal position) belongs to the address block under a customer's label."""
    line = paper.lines[at]
    for place, label in _party_labels(paper, "customer"):
        head = paper.lines[place]
        if place <= at <= place + BLOCK and head.page == line.page and line.top - head.bottom < BLOCK * 1.8 * head.height:
            left, _, right, _ = head.box(label.start, label.end)
            if left - 2 * head.height <= x <= right + 25 * head.height and not _other_block_between(paper, place, label, x):
                return True
    return False


def _other_block_between(paper: Paper, at: int, label: Label, x: float) -> bool:
    """Return whether a label of something else stands in line `at` between a party's label and a horizontal position."""
    line = paper.lines[at]
    others = (one for one in paper.labels[at] if one.name in ("supplier", "invoice_number", "invoice_date", "other"))
    return any(one.start > label.start and line.box(one.start, one.end)[0] <= x + line.height for one in others)


def _party_labels(paper: Paper, name: str) -> Iterator[tuple[int, Label]]:
    """Yield the labels of a party that announce a name: not the same word inside a sentence."""
    for at, label in paper.labelled(name):
        line = paper.lines[at]
        rest = line.text[label.end : line.cell_at(label.start)[1]].strip()
        if starts_cell(line, label.start) and (not rest or rest[0] in ":：" or (label.grade == 3 and rest[0] in ".,(")):
            yield at, label


def _beside_labels(paper: Paper, name: str) -> Iterator[Candidate]:
    """Yield the names right of or below the labels of a party; also the company after "sold by" in a sentence."""
    for at, label in _party_labels(paper, name):
        line = paper.lines[at]
        cell_end = line.cell_at(label.start)[1]
        region = paper.right(at, label)
        inside = line.text[label.end : min(cell_end, region.end)]
        found = _name_in(line, label.end, inside, label.grade + 0.5)
        if found is None and not inside.strip(" :："):
            following = [cell for cell in line.cells() if cell[0] >= cell_end and cell[1] <= region.end]
            if following and line.text[label.start : cell_end].rstrip().endswith((":", "：")):
                start, end = following[0]
                near = line.box(start, end)[0] - line.box(label.start, cell_end)[2] < 12 * line.height
                found = _name_in(line, start, line.text[start:end], label.grade + 0.5) if near else None
        found = found or _name_below(paper, at, label)
        if found:
            yield found


def _name_below(paper: Paper, at: int, label: Label) -> Candidate | None:
    """Return the first name under a label; a line in brackets or one that cannot be a name is passed over."""
    line = paper.lines[at]
    x0, _, _, bottom = line.box(label.start, label.end)
    for other in paper.lines[at + 1 : at + 5]:
        if other.page != line.page or other.top - bottom > 4 * line.height:
            return None
        for start, end in other.cells():
            if start < end and abs(other.box(start, end)[0] - x0) < 3 * line.height:
                found = _name_in(other, start, other.text[start:end], label.grade + 0.3)
                if found:
                    return found
    return None


def _name_in(line: Line, start: int, text: str, score: float) -> Candidate | None:
    name = text.strip(" \t:：,;-–.") if not text.rstrip().endswith(".") else text.strip(" \t:：,;-–")
    name = re.sub(r"^(?:名称|name|nom|naam|nombre|nome)[:： ]+", "", name, flags=re.IGNORECASE)
    name = _ADDRESSED.sub("", name).strip()
    if (
        len(squeeze(name)) < 2
        or len(name) > 70
        or name.startswith("(")
        or _NOT_A_NAME.search(name)
        or not re.search(r"[^\W\d_]{2}", name)
    ):
        return None
    begin = start + max(0, text.find(name))
    return Candidate(value=name, score=score, page=line.page, box=line.box(begin, begin + len(name)))


def _companies(paper: Paper, customer: Candidate | None) -> list[Candidate]:
    """Return the companies named on the paper outside the recipient's block, with what speaks for each being the sender."""
    sites = {squeeze(match[1]) for match in _SITE.finditer(paper.text)} - _FREE_MAIL
    seen: dict[str, list[Candidate]] = defaultdict(list)
    blocked: set[str] = {squeeze(customer.value)} if customer else set()
    for at, line in enumerate(paper.lines):
        for start, end in line.cells():
            for name, begin in _company_names(line.text[start:end]):
                box = line.box(start + begin, start + begin + len(name))
                if in_customer_block(paper, at, box[0]):
                    blocked.add(squeeze(name))
                else:
                    seen[squeeze(name)].append(Candidate(value=name, score=0, page=line.page, box=box))
    scored = []
    for key, places in seen.items():
        if key in blocked or any(key in one or one in key for one in blocked):
            continue
        on_site = any(len(site) >= 3 and (site in key or key.startswith(site)) for site in sites)
        score = 2.0 + (1.5 if on_site else 0) + (0.5 if len(places) > 1 else 0)
        scored += [Candidate(value=places[0].value, score=score, page=places[0].page, box=places[0].box)]
    return scored


def _company_names(text: str) -> Iterator[tuple[str, int]]:
    """Yield (name, place) of the companies in a cell, by their legal form."""
    for match in _COMPANY.finditer(text):
        words = match["name"].split()
        if words and all(not word[0].islower() for word in words[:1]) and not _NOT_A_NAME.search(match[0]):
            kept = _capitalised(match[0])
            yield kept, match.start() + match[0].find(kept)
    first = _FORM_FIRST.match(text.strip())
    if first and not _NOT_A_NAME.search(first[0]):
        yield first[0], text.find(first[0])
    for match in _CHINESE.finditer(text):
        yield match[0], match.start()


def _capitalised(name: str) -> str:
    """Return a company's name without the sentence before it: from the first word after the last small one."""
    words = name.split()
    small = [
        at
        for at, word in enumerate(words[:-1])
        if word[0].islower() and word not in ("of", "and", "und", "et", "en", "y", "e", "de", "van", "von")
    ]
    return " ".join(words[small[-1] + 1 :]) if small else name.strip()


def _named_like_site(paper: Paper, customer: Candidate | None) -> list[Candidate]:
    """Return the cells whose text is the name in the paper's web address: "ACME Supplies" beside acme-supplies.com."""
    sites = {squeeze(match[1]) for match in _SITE.finditer(paper.text)} - _FREE_MAIL
    found = []
    for at, line in enumerate(paper.lines):
        for start, end in line.cells():
            key = squeeze(line.text[start:end])
            same = any(len(site) >= 4 and (key == site or (key.startswith(site) and len(key) < len(site) + 12)) for site in sites)
            if same and not in_customer_block(paper, at, line.box(start, end)[0]) and not _NOT_A_NAME.search(line.text[start:end]):
                found.append(Candidate(value=line.text[start:end].strip(), score=2.0, page=line.page, box=line.box(start, end)))
    keys = {squeeze(one.value) for one in found if not customer or squeeze(one.value) != squeeze(customer.value)}
    return found[:1] if len(keys) == 1 else []
