"""What a corrected paper teaches: how its supplier is recognised, hints that find the right values, and what cannot be learnt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mailbot.core.corrections import Corrected, Correction
from mailbot.core.document import Document, Field
from mailbot.core.fields import find_fields
from mailbot.core.paper import lay_out
from mailbot.core.supplier_files import merged, to_yaml
from mailbot.core.supplier_hints import Hint, SupplierHints, with_hints
from mailbot.core.supplier_learning import Taught, identity, kept_apart, teach, to_learn
from mailbot.suppliers import load_suppliers, save_supplier
from tests.unit.test_supplier_hints import PAPER
from tests.unit.typed_page import typed

NEXT = PAPER.replace("2026-118", "2026-131").replace("35,70", "1.071,00").replace("30,00", "900,00").replace("5,70", "171,00")
STRANGER = SupplierHints(supplier="Nordwind Technik GmbH", vat_ids=("DE136695976",))
OWN = replace(STRANGER, file="nordwind.yaml", domains=("nordwind.example",), hints=(Hint(field="tax", labels=("Abgabe",)),))


def read(supplier: SupplierHints, paper: str) -> dict[str, str]:
    pages = typed(paper)
    return {field.name: field.value for field in with_hints(find_fields(lay_out(pages)), (supplier,), pages)}


def test_what_is_learnt_from_one_paper_reads_the_next() -> None:
    values = {"total": "35.70", "invoice_number": "2026-118", "supplier": "Nordwind Technik GmbH", "currency": "EUR"}
    taught = teach((), STRANGER, typed(PAPER), values)
    assert (taught.fields, taught.refused) == (("supplier", "invoice_number", "total", "currency"), ())
    assert read(taught.supplier, NEXT) == {
        "supplier": "Nordwind Technik GmbH", "invoice_number": "2026-131", "total": "1071.00", "currency": "EUR",
    }  # fmt: skip


def test_a_value_that_their_papers_never_have_is_learnt_as_absent() -> None:
    taught = teach((), STRANGER, typed(PAPER), {"po_number": ""})
    pages = typed(PAPER)
    left = with_hints((Field(name="po_number", value="NW 7715"), Field(name="total", value="9.00")), (taught.supplier,), pages)
    assert [field.name for field in left] == ["total"]


@pytest.mark.parametrize(
    ("suppliers", "stranger", "values", "why"),
    [
        ((), None, {"total": "35.70"}, "the supplier's name is not known: correct that too"),
        ((), SupplierHints(supplier="Südwind", vat_ids=("DE811128135",)), {"total": "35.70"}, "nothing on the paper says that"),
        ((OWN, replace(OWN, supplier="Copy")), None, {"total": "35.70"}, "fits several suppliers: Nordwind Technik GmbH and Copy"),
        ((OWN,), STRANGER, {"supplier": "Südwind AG"}, "is taken for one of Nordwind Technik GmbH: mend what it is recognised by"),
        ((), STRANGER, {"total": "99.99"}, "99.99 does not stand on the paper"),
        ((), STRANGER, {"iban": "DE02120300000000202051"}, "does not stand on the paper"),
    ],
)
def test_why_nothing_is_learnt(
    suppliers: tuple[SupplierHints, ...], stranger: SupplierHints | None, values: dict[str, str], why: str
) -> None:
    taught = teach(suppliers, stranger, typed(PAPER), values)
    assert taught.fields == ()
    assert [(name, why in said) for name, said in taught.refused] == [(next(iter(values)), True)]


def test_a_known_supplier_is_taught_more_and_a_namesake_gets_what_it_is_recognised_by() -> None:
    assert teach((OWN,), None, typed(PAPER), {"total": "35.70"}).supplier.domains == ("nordwind.example",)
    namesake = SupplierHints(supplier="NORDWIND Technik GmbH", domains=("old.example",), hints=OWN.hints)
    taught = teach((namesake,), STRANGER, typed(PAPER), {"total": "35.70"}).supplier
    assert (taught.domains, taught.vat_ids, len(taught.hints)) == (("old.example",), ("DE136695976",), 2)


def test_what_is_learnt_is_kept_apart_from_what_the_desk_wrote(tmp_path: Path) -> None:
    before = SupplierHints(supplier=OWN.supplier, file="nordwind.learnt.yaml")
    taught = teach((OWN,), None, typed(PAPER), {"total": "35.70", "tax": "5.70"})
    apart = kept_apart(before, taught, OWN)
    assert [hint.field for hint in apart.hints] == ["tax", "total"]
    own = tmp_path / "nordwind.yaml"
    own.write_text("# ours\n" + to_yaml(OWN))
    save_supplier(tmp_path, apart)
    assert own.read_text() == "# ours\n" + to_yaml(OWN)
    (whole,) = load_suppliers(tmp_path)
    assert whole == replace(taught.supplier, hints=whole.hints)
    assert read(whole, NEXT) == {"tax": "171.00", "total": "1071.00"}


def test_a_style_that_the_desk_wrote_is_not_learnt_again() -> None:
    before = SupplierHints(supplier=OWN.supplier, file="nordwind.learnt.yaml")
    taught = Taught(supplier=replace(OWN, mark=",", order="month"), fields=("tax",))
    apart = kept_apart(before, taught, replace(OWN, mark=","))
    assert (apart.mark, apart.order) == (None, "month")


def test_files_of_one_supplier_count_together_and_what_was_learnt_counts_last() -> None:
    learnt = replace(
        OWN, file="nordwind.learnt.yaml", words=("Nordwind",), hints=(Hint(field="tax", labels=("Steuer",)),), mark=","
    )
    other = replace(OWN, supplier="Other", file="a.yaml")
    whole, apart = sorted(merged([learnt, other, OWN]), key=lambda one: one.supplier)
    assert apart == other
    assert (whole.hints, whole.words, whole.mark, whole.vat_ids) == (learnt.hints, ("Nordwind",), ",", OWN.vat_ids)


def test_a_paper_is_known_again_by_its_numbers_or_else_by_its_name() -> None:
    name = Field(name="supplier", value="Nordwind")
    numbers = (Field(name="vat_id", value="DE136695976"), Field(name="iban", value="DE02120300000000202051"))
    paper = Document(name="a.pdf", media_type="application/pdf", fields=(name,))
    assert identity(paper) == SupplierHints(supplier="Nordwind", words=("Nordwind",))
    both = identity(replace(paper, fields=(name, *numbers)))
    assert both == SupplierHints(supplier="Nordwind", vat_ids=("DE136695976",), ibans=("DE02120300000000202051",))
    assert identity(replace(paper, fields=numbers)) is None


def test_the_last_word_on_each_field_is_learnt() -> None:
    def said(place: int, field: str, new: str) -> Correction:
        change = Corrected(place=place, document="a.pdf", field=field, old="", new=new)
        return Correction(person="anna", at="", drafts=0, changes=(change,))

    kept = [said(0, "total", "1.00"), said(1, "tax", "9.00"), said(0, "total", "2.00"), said(0, "iban", "")]
    assert to_learn(kept, 0) == {"total": "2.00", "iban": ""}
