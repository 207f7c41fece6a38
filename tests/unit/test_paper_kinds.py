"""What a paper is that is no invoice to be paid: credit notes and pro forma invoices are known by their titles alone."""

from __future__ import annotations

import pytest

from mailbot.core.paper import lay_out
from mailbot.core.paper_kinds import is_credit, title_of
from mailbot.core.words import PageWords, Word, in_lines

SMALL, LARGE = 9.0, 18.0


def page(title: str, *others: str, size: float = LARGE) -> PageWords:
    """Return a page with a title at its head and small lines below it."""
    words = []
    for at, (text, height) in enumerate([(title, size), *((other, SMALL) for other in others)]):
        left, top = 50.0, 80.0 + 30 * at
        for part in text.split():
            width = len(part) * height * 0.5
            words.append(Word(text=part, box=(left, top, left + width, top + height)))
            left += width + height * 0.3
    return PageWords(number=1, width=595, height=842, lines=in_lines(words))


REST = ("Example Ltd, 400 Main St", "Date 11/20/2026", "Goods returned 88.00", "Total USD 88.00")


@pytest.mark.parametrize(
    "title",
    [
        "Credit Note", "CREDIT MEMO", "Credit note CN-1180", "Gutschrift", "Gutschrift Nr. 31", "Stornorechnung", "Avoir",
        "Facture d'avoir", "Creditnota", "Factura rectificativa", "Nota di credito", "Nota de crédito 12", "贷项通知单", "红字发票",
    ],
)  # fmt: skip
def test_a_credit_note_is_known_by_its_title(title: str) -> None:
    assert is_credit(lay_out([page(title, *REST)]))


@pytest.mark.parametrize(
    ("title", "others"),
    [
        ("Invoice", REST),
        ("Rechnung", ("Gutschrift GS-31 wurde verrechnet", *REST)),
        ("Invoice", ("Credit note no. CN-1180", *REST)),
        ("Invoice", ("CREDIT NOTE CN-4", *REST)),
        ("Invoice", ("Credit notes are sent on request", *REST)),
        ("Gutschriftsanzeige für Kunden", REST),
        ("Avoirdupois weights", REST),
    ],
)
def test_a_paper_that_only_names_one_is_none(title: str, others: tuple[str, ...]) -> None:
    assert not is_credit(lay_out([page(title, *others)]))


@pytest.mark.parametrize(
    "title",
    [
        "Pro Forma Invoice", "PROFORMA INVOICE", "Pro-forma invoice PI-7", "Proforma", "Proforma-Rechnung", "Proformarechnung 12",
        "Facture pro forma", "Factura proforma", "Fattura pro-forma n. 7", "Pro forma factuur", "形式发票",
    ],
)  # fmt: skip
def test_a_pro_forma_invoice_is_known_by_its_title(title: str) -> None:
    paper = lay_out([page(title, *REST)])
    assert title_of(paper) == "pro_forma"
    assert not is_credit(paper)


@pytest.mark.parametrize(
    ("title", "others"),
    [
        ("Invoice", ("Pro forma invoice PI-7 was paid", *REST)),
        ("INVOICE", ("PROFORMA INVOICE PI-7", *REST)),
        ("Credit note", ("Pro forma", *REST)),
        ("Pro forma invoices are no invoices", REST),
    ],
)
def test_a_paper_that_only_names_a_pro_forma_invoice_is_none(title: str, others: tuple[str, ...]) -> None:
    assert title_of(lay_out([page(title, *others)])) != "pro_forma"
