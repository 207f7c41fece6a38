"""Fields of papers in many layouts and languages, clean and as a bad scan gives them: what is read is right."""

from __future__ import annotations

import re
import unicodedata

import pytest

from mailbot.core.document import Field
from mailbot.core.fields import find_fields
from mailbot.core.paper import lay_out
from tests.unit.placed_papers import PlacedPaper, misread, names, placed

PAPERS = {name: placed(name) for name in names()}
AMOUNTS = {"subtotal", "tax", "total"}
UNFINISHED = {"en_au_bpay", "en_hotel", "en_receipt", "es_linea_totales", "fr_autoliq", "fr_ticket", "zh_xiaopiao"}
"""Papers of which a field is not found yet; none of theirs is wrong either."""


def letters(value: str) -> str:
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", value).casefold())


def right(paper: PlacedPaper, field: Field) -> bool:
    """Return whether a value is one that a clerk may read; of a name, a part will do."""
    values = {letters(value) for value in paper.allowed[field.name]}
    if field.name in ("supplier", "customer"):
        return any(letters(field.value) in value or value in letters(field.value) for value in values)
    return field.value in paper.allowed[field.name] or (field.name not in AMOUNTS and letters(field.value) in values)


@pytest.mark.parametrize("name", PAPERS)
def test_a_paper_gives_what_a_clerk_reads_and_nothing_else(name: str) -> None:
    paper = PAPERS[name]
    found = find_fields(lay_out(paper.pages))
    assert [field for field in found if not right(paper, field)] == []
    if name not in UNFINISHED:
        assert set(paper.wanted) <= {field.name for field in found}


@pytest.mark.parametrize("name", PAPERS)
def test_misread_figures_are_absent_rather_than_wrong(name: str) -> None:
    """Amounts, dates and currencies bear being misread: sums must add up, dates must be whole."""
    paper = PAPERS[name]
    for seed in range(3):
        for field in find_fields(lay_out(misread(paper.pages, f"{name}{seed}"))):
            if field.name in ("subtotal", "tax", "total", "currency", "invoice_date", "due_date"):
                assert right(paper, field), (seed, field)


def test_every_value_stands_on_its_page() -> None:
    paper = PAPERS["de_uebertrag"]
    fields = {field.name: field for field in find_fields(lay_out(paper.pages))}
    assert fields["total"].page == 2
    assert fields["customer"].page == 1
    for field in fields.values():
        assert field.box is not None
        assert 0 <= field.box[0] < field.box[2] <= 595
        assert 0 <= field.box[1] < field.box[3] <= 842
        assert 0.5 < field.confidence < 1
