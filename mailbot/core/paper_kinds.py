"""What a paper is that names an invoice and is none: an offer, a return, a delivery, an account's statement, a credit note,
a pro forma invoice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from mailbot.core.labels import fold
from mailbot.core.lines import Line
from mailbot.core.paper import Paper

Kind = Literal["", "offer", "return", "delivery", "account"]

HEAD = 0.45
"""The share of the first page in which a title stands."""

LARGE = 1.15
"""Height of a title's letters in those of the page; one in capitals may be smaller."""

_OFFER = re.compile(
    r"\W*(?:devis|offerte|angebot|kostenvoranschiag|presupuesto|preventivo|offerta|quotation|quote|estimate|cost estimate|oferta"
    r"|(?:saies )?order confirmation|auftragsbestatigung|confirmation de commande|orderbevestiging|confirmacion de pedido"
    r"|conferma d.ordine|订单确认|报 ?价 ?单|報 ?價 ?單)(?![a-z])(?:\s*\W*(?:n\W|nr|no|num|#|\d|[a-z]{1,3}-?\d)|\s*$)"
)
"""Folded: the title of an offer or of its acceptance, alone or with its number."""

_TITLES: dict[Kind, re.Pattern[str]] = {
    "return": re.compile(
        r"retum(?:s|ed goods)? (?:authori[sz]ation|note|form)|rma|retouren?(?:schein|bon)?|bon de retour|aibaran de devoiucion"
        r"|buono di reso|退货单"
    ),
    "delivery": re.compile(
        r"packing (?:iist|siip)|deiivery note|despatch note|dispatch note|waybiii|iieferschein|packiiste|bon de iivraison"
        r"|iiste de coiisage|pakbon|paklijst|vrachtbrief|aibaran|iista de empaque|documento di trasporto|装箱单|送货单"
    ),
    "account": re.compile(
        r"(?:bank )?statement|account statement|kontoauszug|reieve de compte|rekeningafschrift|estratto conto"
        r"|extracto (?:de cuenta|bancario)|银行对账单"
    ),
}
"""Folded (an rn is an m, an l an i): titles that stand alone, or with a number or date after them."""

_CREDIT = re.compile(
    r"\W*(?:credit (?:note|memo|invoice)|gutschrift|rechnungskorrektur|stomorechnung|facture d.avoir|avoir|creditnota"
    r"|creditfactuur|factura rectificativa|factura de abono|nota de (?:credito|abono)|abono|nota di credito"
    r"|贷项通知单|红字(?:增值税)?发票)(?![a-z])"
)
"""Folded: the title of a credit note."""

_PRO_FORMA = re.compile(
    r"\W*(?:pro[\s\-]?forma(?:[\s\-]?(?:invoice|rechnung|factuur|faktura))?|(?:invoice|facture|factura|fattura|factuur|rechnung)"
    r"\W{1,3}pro[\s\-]?forma|形式发票)(?![a-z])"
)
"""Folded: the title of a paper that announces an invoice."""

_INVOICE = re.compile(
    r"\W*(?:(?:tax|vat|saies|commerciai) )?(?:invoice|rechnung|facture|factura|factuur|fattura|faktura|发票)(?![a-z])"
)
"""Folded: the title of an invoice."""

_NO_INVOICE = re.compile(
    r"is not an invoice|(?:das|dies|schreiben) ist keine rechnung|n.est pas une facture|no es una factura|is geen factuur"
    r"|non e una fattura|不是发票"
)
"""Folded: a paper that says itself that it is none."""


def kind_of(paper: Paper) -> Kind:
    """Return what a paper calls itself at its head, "" for an invoice, an order, or what cannot be told."""
    for line, start, end in _head_cells(paper):
        text = fold(line.text[start:end])[0].strip(" :.-–*")
        if _OFFER.match(text):
            return "offer"
        for kind, title in _TITLES.items():
            match = title.match(text)
            rest = text[match.end() :] if match else ""
            if match and not re.search(r"[a-z]{3}", rest) and _stands_out(paper, line, start, end):
                return kind
    return ""


def is_credit(paper: Paper) -> bool:
    """Return whether a paper is titled as a credit note at its head; one that an invoice names below its own title is none."""
    return title_of(paper) == "credit_note"


def title_of(paper: Paper) -> str:
    """Return what the first title at the head of a paper says: "credit_note", "pro_forma" or "invoice"; "" for none of these.

    A pro forma invoice asks for a payment, and the invoice to book follows.
    """
    for line, start, end in _head_cells(paper):
        text = fold(line.text[start:end])[0].strip(" :.-–*")
        match = _CREDIT.match(text) or _PRO_FORMA.match(text) or _INVOICE.match(text)
        if match and not re.search(r"[a-z]{3}", text[match.end() :]) and _stands_out(paper, line, start, end):
            return "credit_note" if match.re is _CREDIT else "pro_forma" if match.re is _PRO_FORMA else "invoice"
    return ""


def is_none(paper: Paper) -> bool:
    """Return whether a paper says that it is no invoice."""
    return bool(_NO_INVOICE.search(fold(paper.text)[0]))


def _head_cells(paper: Paper) -> Iterator[tuple[Line, int, int]]:
    for line in paper.lines:
        if line.page == paper.lines[0].page and line.top < HEAD * paper.heights.get(line.page, 0):
            for start, end in line.cells():
                yield line, start, end


def _stands_out(paper: Paper, line: Line, start: int, end: int) -> bool:
    """Return whether a cell looks like a title: large or in capitals, and no label with its value right of it."""
    heights = sorted(one.height for one in paper.lines if one.page == line.page)
    text = line.text[start:end]
    large = line.height >= LARGE * heights[len(heights) // 2] or (text.upper() == text and text.lower() != text)
    return large and not any(character.isdigit() for character in line.text[end:])
