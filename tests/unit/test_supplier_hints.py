"""What a desk writes down about a supplier is read line by line, finds its fields, and is learnt from a corrected value."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.core.document import Field
from mailbot.core.fields import find_fields
from mailbot.core.paper import lay_out
from mailbot.core.rule_tree import Findings
from mailbot.core.supplier_files import compile_hints, hints_from_json, hints_to_json, to_yaml
from mailbot.core.supplier_hints import Hint, SupplierHints, learn, look_up, recognise, with_hints
from mailbot.errors import RuleError
from mailbot.rulebook import read_yaml
from mailbot.suppliers import HEADER, load_suppliers, save_supplier
from tests.unit.typed_page import typed

PAPER = """
    Nordwind Technik GmbH                         www.nordwind.example
    Lieferung und Berechnung
    Vorgang 2026-118      Kennung NW 7715         Stand 03/04/2026
    Kupferrohr            3 Stk    10,00           30,00
    Wert der Lieferung                             30,00
    Abgabe                                          5,70
    Zusammen                                       35,70
    Konto 4711            Steuer DE136695976
"""
NORDWIND = SupplierHints(supplier="Nordwind Technik GmbH", domains=("nordwind.example",))
FILE = """\
supplier: Nordwind Technik GmbH
recognise:
  vat_id: DE 136 695 976
  domain: www.nordwind.example
  words: [Nordwind, Technik]
style: {numbers: "1.234,56", dates: day}
fields:
  invoice_number: {label: [Vorgang, Beleg]}
  total: {label: Zusammen, place: right}
  invoice_date: {label: Stand}
  po_number: {region: [0.35, 0.0, 0.5, 0.2], page: 1}
  currency: {value: EUR}
"""


def write(folder: Path, text: str, name: str = "nordwind.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def found(suppliers: tuple[SupplierHints, ...], paper: str = PAPER) -> dict[str, str]:
    pages = typed(paper)
    return {field.name: field.value for field in with_hints(find_fields(lay_out(pages)), suppliers, pages)}


def test_a_file_of_a_few_lines_makes_a_strange_paper_readable(tmp_path: Path) -> None:
    assert found(()) == {}
    suppliers = load_suppliers(write(tmp_path, FILE))
    assert found(suppliers) == {
        "invoice_number": "2026-118", "po_number": "NW 7715", "invoice_date": "2026-04-03", "total": "35.70", "currency": "EUR",
    }  # fmt: skip
    total = look_up(suppliers[0].hints[1], suppliers[0], typed(PAPER))
    assert total is not None
    assert (total.page, total.box) == (1, (40 + 6 * 47, 40 + 14 * 6, 40 + 6 * 52, 50 + 14 * 6))


def test_hints_win_over_what_was_read_and_leave_the_rest() -> None:
    hints = replace(NORDWIND, hints=(Hint(field="invoice_number", labels=("Vorgang",)), Hint(field="due_date", labels=("Fällig",))))
    read = (
        Field(name="invoice_number", value="7715"),
        Field(name="due_date", value="2026-05-01"),
        Field(name="total", value="9.00"),
    )
    merged = with_hints(read, (hints,), typed(PAPER))
    assert [(field.name, field.value) for field in merged] == [
        ("invoice_number", "2026-118"), ("due_date", "2026-05-01"), ("total", "9.00"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("supplier", "known"),
    [
        (SupplierHints(supplier="x", vat_ids=("DE136695976",)), True),
        (SupplierHints(supplier="x", vat_ids=("DE811128135",)), False),
        (SupplierHints(supplier="x", domains=("nordwind.example",)), True),
        (SupplierHints(supplier="x", domains=("wind.example",)), False),
        (SupplierHints(supplier="x", words=("nordwind", "TECHNIK")), True),
        (SupplierHints(supplier="x", words=("Nordwind", "Logistik")), False),
        (SupplierHints(supplier="x"), False),
    ],
)
def test_a_supplier_is_recognised_by_an_identifier_or_all_its_words(supplier: SupplierHints, known: bool) -> None:
    assert (recognise((supplier,), typed(PAPER)) is supplier) is known


def test_a_paper_that_fits_two_suppliers_is_nobodys() -> None:
    assert recognise((NORDWIND, replace(NORDWIND, supplier="another")), typed(PAPER)) is None


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (Hint(field="total", labels=("zusammen",)), "35.70"),
        (Hint(field="total", labels=("Summe", "Zusammen")), "35.70"),
        (Hint(field="total", labels=("Lieferung",)), "30.00"),
        (Hint(field="total", labels=("Zusam",)), None),
        (Hint(field="total", labels=("Kennung",)), None),
        (Hint(field="tax", labels=("Abgabe",), place="below"), None),
        (Hint(field="subtotal", labels=("Stand",), place="below"), "30.00"),
        (Hint(field="vat_id", labels=("Steuer",)), "DE136695976"),
        (Hint(field="iban", labels=("Konto",)), None),
        (Hint(field="invoice_date", labels=("Stand",)), None),  # the day or the month first?
        (Hint(field="supplier", region=(0.0, 0.0, 0.4, 0.06)), "Nordwind Technik GmbH"),
        (Hint(field="total", labels=("Zusammen",), page=2), None),
        (Hint(field="total", labels=("Zusammen",), page=-1), "35.70"),
        (Hint(field="total", region=(0.5, 0.1, 0.7, 0.12)), "30.00"),
        (Hint(field="currency", value="CHF"), "CHF"),
    ],
)
def test_what_stands_at_a_hint_must_be_of_the_field_s_kind(hint: Hint, value: str | None) -> None:
    field = look_up(hint, NORDWIND, typed(PAPER))
    assert (field.value if field else None) == value


def test_a_label_with_two_different_values_gives_none() -> None:
    pages = typed(PAPER + "    Zusammen   99,00\n")
    assert look_up(Hint(field="total", labels=("Zusammen",)), NORDWIND, pages) is None
    same = typed(PAPER, "    Zusammen   35,70")
    assert look_up(Hint(field="total", labels=("Zusammen",)), NORDWIND, same) is not None


@pytest.mark.parametrize(
    ("field", "value", "hint"),
    [
        ("invoice_number", "2026-118", Hint(field="invoice_number", labels=("Vorgang",))),
        ("po_number", "NW 7715", Hint(field="po_number", labels=("Kennung",))),
        ("total", "35.70", Hint(field="total", labels=("Zusammen",))),
        ("tax", "5.70", Hint(field="tax", labels=("Abgabe",))),
        ("subtotal", "30.00", Hint(field="subtotal", labels=("Wert der Lieferung",))),
        ("invoice_date", "2026-04-03", Hint(field="invoice_date", labels=("Stand",))),
        ("vat_id", "DE136695976", Hint(field="vat_id", labels=("Steuer",))),
    ],
)
def test_a_corrected_value_teaches_where_it_stands(field: str, value: str, hint: Hint) -> None:
    learnt = learn(NORDWIND, typed(PAPER), field, value)
    assert learnt is not None
    assert learnt.hints == (hint,)
    assert learnt.order == ("day" if field == "invoice_date" else None)
    later = (
        PAPER.replace("2026-118", "2026-204").replace("NW 7715", "NW 9023").replace("35,70", "1.235,70").replace("03/04", "06/05")
    )
    expected = {"invoice_number": "2026-204", "po_number": "NW 9023", "total": "1235.70", "invoice_date": "2026-05-06"}
    assert found((learnt,), later)[field] == expected.get(field, value)


def test_the_same_correction_twice_leaves_one_hint() -> None:
    once = learn(NORDWIND, typed(PAPER), "total", "35.70")
    assert once is not None
    assert learn(once, typed(PAPER), "total", "35.70") == once


def test_a_value_above_which_its_label_stands_is_learnt_so() -> None:
    paper = "Muster AG\nVorgang     Stand        Betreff\nA-7781      1. Mai 2026  Rohre\n"
    learnt = learn(SupplierHints(supplier="Muster AG", words=("Muster AG",)), typed(paper), "invoice_number", "A-7781")
    assert learnt is not None
    assert learnt.hints == (Hint(field="invoice_number", labels=("Vorgang",), place="below"),)
    assert found((learnt,), paper.replace("A-7781", "B-9"))["invoice_number"] == "B-9"


def test_a_value_without_a_label_is_learnt_by_its_region() -> None:
    paper = "Muster AG\n\n\n\n          2026 118 77\n"
    learnt = learn(SupplierHints(supplier="Muster AG", words=("Muster AG",)), typed(paper), "invoice_number", "2026 118 77")
    assert learnt is not None
    (hint,) = learnt.hints
    assert hint.region is not None
    assert hint.page == 1
    assert found((learnt,), paper.replace("118 77", "119 02"))["invoice_number"] == "2026 119 02"


def test_a_value_that_is_not_on_the_paper_teaches_nothing() -> None:
    assert learn(NORDWIND, typed(PAPER), "total", "77.77") is None
    assert learn(NORDWIND, typed(PAPER), "iban", "DE89370400440532013000") is None


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("supplier: Nordwind Technik GmbH\n", "", "nordwind.yaml:1: no supplier: write its name"),
        ("fields:", "feilds:", "nordwind.yaml:7: a supplier's file: unknown 'feilds', did you mean fields?"),
        ("  vat_id:", "  vatid:", "nordwind.yaml:3: recognise: unknown 'vatid', did you mean vat_id?"),
        ("total:", "totals:", "nordwind.yaml:9: fields: unknown 'totals', did you mean total?"),
        ("place: right", "place: left", "nordwind.yaml:9: place: unknown 'left'"),
        ("label: Stand", "labels: Stand", "nordwind.yaml:10: invoice_date: unknown 'labels', did you mean label?"),
        ("{label: Stand}", "{label: Stand, value: x}", "nordwind.yaml:10: invoice_date: one of label, region,"),
        ("[0.35, 0.0, 0.5, 0.2]", "[0.5, 0.0, 0.35, 0.2]", "nordwind.yaml:11: region is four numbers from 0 to 1"),
        ("[0.35, 0.0, 0.5, 0.2]", "[20, 0, 50, 20]", "nordwind.yaml:11: region is four numbers from 0 to 1"),
        ("page: 1", "page: first", "nordwind.yaml:11: page is a number from 1, or last, not 'first'"),
        ("value: EUR", "value: Euro", "nordwind.yaml:12: currency: unknown 'Euro'"),
        ("currency: {value: EUR}", "total: {value: 9.00}", "nordwind.yaml:12: the key 'total' stands already in line 9"),
        (
            "currency: {value: EUR}",
            "due_date: {value: 2026-05-01}",
            "nordwind.yaml:12: due_date: a value that is always the same is for",
        ),
        ("currency: {value: EUR}", "iban: {value: DE89 3704}", "nordwind.yaml:12: iban: 'DE89 3704' is none"),
        ('"1.234,56"', "german", "nordwind.yaml:6: numbers: unknown 'german'"),
        ("dates: day", "dates: [", "nordwind.yaml:"),
    ],
)
def test_an_error_names_file_and_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in FILE
    with pytest.raises(RuleError) as error:
        load_suppliers(write(tmp_path, FILE.replace(old, new)))
    assert any(str(one).startswith(says) for one in error.value.findings), [str(one) for one in error.value.findings]


def test_a_file_that_recognises_by_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"nordwind.yaml:1: nothing to recognise the supplier by"):
        load_suppliers(write(tmp_path, "supplier: Nordwind\nfields: {currency: {value: EUR}}\n"))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    (read,) = load_suppliers(write(tmp_path, FILE))
    assert hints_from_json(hints_to_json((read,))) == (read,)
    odd = replace(
        read,
        file="müller.learnt.yaml",
        supplier='Müller: "Söhne" #1',
        words=("a: b", "[c]"),
        hints=(*read.hints, Hint(field="tax", labels=("- x: {",)), Hint(field="vat_id", absent=True)),
    )
    again = tmp_path / "again"
    again.mkdir()
    path = save_supplier(again, odd)
    assert load_suppliers(again) == (odd,)
    assert path.read_text(encoding="utf-8") == HEADER + to_yaml(odd)
    assert [one.name for one in again.iterdir()] == [path.name]


@given(st.text(min_size=1).filter(str.strip))
def test_any_name_is_read_back_as_it_was_written(name: str) -> None:
    one = SupplierHints(supplier=name.strip(), file="a.yaml", words=(name.strip(),))
    findings = Findings()
    tree = read_yaml("a.yaml", to_yaml(one).encode("utf-8", "replace"), findings)
    assert findings.errors == []
    assert tree is not None
    (read,) = compile_hints([("a.yaml", tree)], findings)
    assert read == one


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="No such file"):
        load_suppliers(tmp_path / "none")
