"""Cleaning with pandas: columns typed by all their values, totals checked, nothing guessed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.config import Extract
from mailbot.core.document import Table
from mailbot.core.tables import Cleaned, to_csv
from mailbot.errors import BadInput
from mailbot.extract.clean import clean
from mailbot.extract.sandbox import Sandbox


def table(columns: str, *rows: str) -> Table:
    """Return a table from lines with | between cells."""
    return Table(columns=tuple(columns.split("|")), rows=tuple(tuple(row.split("|")) for row in rows))


def column(*values: str, name: str = "c", language: str = "") -> tuple[str, list[str], Cleaned]:
    """Return the type, the values and all of a column cleaned by itself."""
    cleaned = clean(Table(columns=(name,), rows=tuple((value,) for value in values)), language=language)
    return cleaned.columns[0].type, [row.cells[0] for row in cleaned.rows], cleaned


@pytest.mark.parametrize(
    ("values", "kind", "after"),
    [
        (["1", "-2", "n/a", "1,000,000"], "integer", ["1", "-2", "", "1000000"]),
        (["1.234,50", "3,5", "12"], "decimal", ["1234.50", "3.5", "12"]),
        (["1'234.50", "3.5"], "decimal", ["1234.50", "3.5"]),
        (["1\u202f234,5", "2"], "decimal", ["1234.5", "2"]),
        (["12,50 €", "€ 3,20", "1.000,00 €"], "money", ["12.50", "3.20", "1000.00"]),
        (["5 %", "12.5%"], "percent", ["5", "12.5"]),
        (["13/05/2026", "01/02/2026"], "date", ["2026-05-13", "2026-02-01"]),
        (["05/13/2026", "01/02/2026"], "date", ["2026-05-13", "2026-01-02"]),
        (["03.05.2026", "1.2.26"], "date", ["2026-05-03", "2026-02-01"]),
        (["yes", "No"], "boolean", ["true", "false"]),
        (["NO", "NO"], "text", ["NO", "NO"]),
        (["007", "012"], "text", ["007", "012"]),
        (["１２３", "４５"], "integer", ["123", "45"]),
        (["+49 30 123", "0049 30"], "text", ["+49 30 123", "0049 30"]),
        (["KÃ¶ln", "  a \u00a0 b "], "text", ["Köln", "a b"]),
        (["-0.008", "0.5"], "decimal", ["-0.008", "0.5"]),
        (["1\u2009234", "1\u00a0000\u00a0000"], "integer", ["1234", "1000000"]),
        (["1’234.50", "2’000.00"], "decimal", ["1234.50", "2000.00"]),
        (["(12.50)", "3-", "−4"], "decimal", ["-12.50", "-3", "-4"]),
        (["12,5 kg", "3 KG", "1.000,0kg"], "decimal", ["12.5", "3", "1000.0"]),
        (["3 Stk.", "12 Stk."], "integer", ["3", "12"]),
        (["12a", "7b"], "text", ["12a", "7b"]),
        (["5 m²", "12 m2"], "integer", ["5", "12"]),
        (["12.5％", "３％"], "percent", ["12.5", "3"]),
        (["Ja", "nein"], "boolean", ["true", "false"]),
        (["Tak", "NIE"], "boolean", ["true", "false"]),
        (["да", "нет", "n/a"], "boolean", ["true", "false", ""]),
        (["是", "否"], "boolean", ["true", "false"]),
        (["ja", "no"], "text", ["ja", "no"]),
        (["3. März 2026", "1. Mai 2026"], "date", ["2026-03-03", "2026-05-01"]),
        (["2026年5月3日", "2026/5/4"], "date", ["2026-05-03", "2026-05-04"]),
        (["13/05/26", "05/13/26"], "text", ["13/05/26", "05/13/26"]),
        (["ＡＢ－１２", "ｃｄ"], "text", ["AB-12", "cd"]),
        (["Ａ社", "（株）"], "text", ["A社", "（株）"]),
        (["Ã¼ber", "MÃ¼ller â€“ Söhne"], "text", ["über", "Müller – Söhne"]),
        (["a\u200bb", "x\ty"], "text", ["ab", "x y"]),
        (["", "-", "n/a"], "text", ["", "", ""]),
        (["CHF 1'200.-", "CHF 30.—"], "money", ["1200", "30"]),
        (["5,-", "7,50", "3.000,--"], "decimal", ["5", "7.50", "3000"]),
        (["R$ 1.234,50", "R$ 2,00"], "money", ["1234.50", "2.00"]),
        (["12 Prozent", "5,5 %", "%3"], "percent", ["12", "5.5", "3"]),
        (["-0.008", "+5"], "decimal", ["-0.008", "5"]),
        (["0.5", "1,25", "3"], "decimal", ["0.5", "1.25", "3"]),
        (["0.5", "1,25", "1.234"], "text", ["0.5", "1,25", "1.234"]),
        (["12E5", "13E2"], "text", ["12E5", "13E2"]),
        (["1.5e3", "2e-1"], "decimal", ["1500", "0.2"]),
        (["+49 421 555", "+44 20 7946"], "text", ["+49 421 555", "+44 20 7946"]),
        (["1", "unbekannt", "3"], "integer", ["1", "", "3"]),
        (["ja", "nein", "keine Angabe"], "boolean", ["true", "false", ""]),
        (["open", "unknown"], "text", ["open", "unknown"]),
        (["1", "#DIV/0!"], "integer", ["1", ""]),
        (["Mon, 3 May 2026", "Dienstag, 5. Mai 2026"], "date", ["2026-05-03", "2026-05-05"]),
        (["3 maggio 2026", "4 czerwca 2026", "5 de junio de 2026"], "date", ["2026-05-03", "2026-06-04", "2026-06-05"]),
        (["1. 2. 2026", "13. 2. 2026"], "date", ["2026-02-01", "2026-02-13"]),
        (['="00123"', "'00124"], "text", ["00123", "00124"]),
        (['=""', "x"], "text", ["", "x"]),
        (["有", "无"], "boolean", ["true", "false"]),
        (["'s-Hertogenbosch", "M&uuml;ller &amp; Co"], "text", ["'s-Hertogenbosch", "Müller & Co"]),
        (["Zu\u0308rich", "ﾔﾏﾀﾞ"], "text", ["Zürich", "ヤマダ"]),
    ],
)
def test_types(values: list[str], kind: str, after: list[str]) -> None:
    assert column(*values)[:2] == (kind, after)


def test_what_can_be_read_in_two_ways_keeps_its_text_and_is_noted() -> None:
    kind, after, cleaned = column("01/02/2026", "03/04/2026")
    assert (kind, after) == ("text", ["01/02/2026", "03/04/2026"])
    assert [note.kind for note in cleaned.notes] == ["ambiguous_date"]
    kind, after, cleaned = column("1.234", "5.678")
    assert (kind, after) == ("text", ["1.234", "5.678"])
    assert [note.kind for note in cleaned.notes] == ["ambiguous_number"]
    assert cleaned.changes == ()


def test_days_and_months_that_contradict_each_other_are_noted() -> None:
    _, after, cleaned = column("13/05/26", "05/14/26", "01/02/26")
    assert after == ["13/05/26", "05/14/26", "01/02/26"]
    assert [(note.kind, note.detail) for note in cleaned.notes] == [
        ("ambiguous_date", "day first in some values, month first in others, for example 13/05/26 and 05/14/26")
    ]


def test_other_columns_settle_the_decimal_mark_and_say_so() -> None:
    rows = tuple((f"{n}.200", f"{n},50", f"{n}") for n in range(1, 4))
    cleaned = clean(Table(columns=("Menge", "Preis", "Pos"), rows=rows), language="en")
    assert [one.type for one in cleaned.columns] == ["integer", "decimal", "integer"]
    assert [row.cells[0] for row in cleaned.rows] == ["1200", "2200", "3200"]
    assert [(note.column, note.kind) for note in cleaned.notes] == [(0, "by_table")]
    at_odds = clean(Table(columns=("a", "b", "c"), rows=tuple((*row[:2], f"{n}.5") for n, row in enumerate(rows))))
    assert [(note.column, note.kind) for note in at_odds.notes] == [(0, "ambiguous_number")]


def test_telephone_numbers_are_no_figures() -> None:
    assert column("176 555 123", "30 901 820", name="Tel.")[0] == "text"
    assert column("176 555 123", "30 901 820", name="Units")[0] == "integer"


def test_numbers_by_which_a_thing_is_called_are_kept() -> None:
    for name in ("Artikelnr.", "Order number", "Customer no.", "item_id", "编号"):
        kind, after, cleaned = column("12.345", "12.346", name=name, language="de")
        assert (kind, after, cleaned.notes) == ("text", ["12.345", "12.346"], ())
    assert column("12.345", "12.346", name="Menge", language="de")[1] == ["12345", "12346"]
    assert [note.kind for note in column("12E5", "1234")[2].notes] == ["ambiguous_number"]


def test_what_was_text_by_force_is_said_so() -> None:
    assert [(one.before, one.after, one.kind) for one in column('="007"', "1")[2].changes] == [('="007"', "007", "wrapped")]


@pytest.mark.parametrize(
    ("language", "day", "figure"),
    [("de", "2026-02-01", "1234"), ("en-US", "2026-01-02", "1.234"), ("en-GB", "2026-02-01", "1.234")],
)
def test_the_language_settles_what_the_values_leave_open(language: str, day: str, figure: str) -> None:
    assert column("01/02/2026", language=language)[1] == [day]
    _, after, cleaned = column("1.234", language=language)
    assert (after, [note.kind for note in cleaned.notes]) == ([figure], ["by_language"])
    assert column("1.234,5", "1.000", language="en")[1] == ["1234.5", "1000"]  # never against the values


def test_currencies_are_not_mixed_and_not_guessed() -> None:
    kind, after, cleaned = column("12 €", "£ 3")
    assert (kind, after, cleaned.notes[0].kind) == ("text", ["12 €", "£ 3"], "mixed_currency")
    assert column("$5", "$6.10")[2].columns[0].currency == "$"
    assert column("5", "6", name="Price (€)")[2].columns[0].currency == "EUR"


def test_units_are_split_off_only_when_there_is_one() -> None:
    assert column("3 kg", "4 kg")[2].columns[0].unit == "kg"
    assert column("3", "4", name="Weight (kg)")[2].columns[0].unit == "kg"
    assert column("3", "4", name="Length in mm")[2].columns[0].unit == "mm"
    for values in (["3 kg", "500 g"], ["3 kg", "4"]):
        kind, after, cleaned = column(*values)
        assert (kind, after, cleaned.notes[0].kind) == ("text", values, "mixed_unit")
    assert column("3 g", "4", name="Weight (kg)")[2].notes[0].kind == "mixed_unit"
    assert [(change.before, change.kind) for change in column("1,5 kg", "2 kg")[2].changes] == [
        ("1,5 kg", "unit"),
        ("2 kg", "unit"),
    ]


def test_truth_words_count_only_in_the_configured_languages() -> None:
    words = Table(columns=("c",), rows=(("oui",), ("non",)))
    assert clean(words, truths=("fr",)).columns[0].type == "boolean"
    assert clean(words, truths=("en", "de")).columns[0].type == "text"


def test_one_value_of_another_kind_makes_the_column_text_and_is_named() -> None:
    kind, after, cleaned = column(*[str(n) for n in range(20)], "about 7")
    assert kind == "text"
    assert after[-1] == "about 7"
    assert "row 21: 'about 7'" in cleaned.notes[0].detail


def test_totals_stand_apart_and_are_checked() -> None:
    cleaned = clean(
        table(
            "Item|Qty|Sum",
            "Bolt|1|10.00", "Nut|2|20.00", "Subtotal||30.00", "Oil|3|5.00", "Can|1|2.00", "Subtotal||7.00",
            "Net total||37.00", "VAT 20 %||7.40", "Total||44.40",
        )
    )  # fmt: skip
    assert [row.cells[0] for row in cleaned.rows] == ["Bolt", "Nut", "Oil", "Can"]
    assert [row.source for row in cleaned.totals] == [2, 5, 6, 7, 8]
    assert [(check.printed, check.agrees) for check in cleaned.checks] == [
        ("30.00", True), ("7.00", True), ("37.00", True), ("44.40", True),
    ]  # fmt: skip


def test_a_wrong_total_is_told_with_the_sum() -> None:
    (check,) = clean(table("Item|Sum|Qty", "Bolt|10.10|1", "Nut|20.20|2", "Total|31.00|")).checks
    assert (check.row, check.column, check.printed, check.computed, check.agrees) == (2, 1, "31.00", "30.30", False)


def test_a_supplier_called_total_is_a_row() -> None:
    cleaned = clean(table("Supplier|Sum", "Total Wine|5", "Other|6", "Total Energies|7"))
    assert len(cleaned.rows) == 3
    assert cleaned.totals == ()


def test_changes_name_cell_and_kind() -> None:
    cleaned = clean(table("Name|Price|Left", "KÃ¶ln |1,50 €|n/a", "Ｂonn|2,50 €|3"))
    assert [(c.row, c.column, c.before, c.after, c.kind) for c in cleaned.changes] == [
        (0, 0, "KÃ¶ln ", "Köln", "mojibake"),
        (0, 1, "1,50 €", "1.50", "money"),
        (0, 2, "n/a", "", "missing"),
        (1, 0, "Ｂonn", "Bonn", "width"),
        (1, 1, "2,50 €", "2.50", "money"),
    ]


def test_repeated_rows_are_kept_and_noted() -> None:
    cleaned = clean(table("a|b", "x|1", "y|2", "x|1"))
    assert len(cleaned.rows) == 3
    assert cleaned.notes[0].kind == "repeated_rows"
    assert cleaned.notes[0].detail == "1 row repeats an earlier one (row 3)"
    assert clean(table("a|b", "x|1", "x|1", "x|1")).notes[0].detail == "2 rows repeat an earlier one (rows 2, 3)"


def test_formulas_are_defused_on_export_only() -> None:
    cleaned = clean(table("a|b", "=1+1|-0.5", "@x|2"))
    assert cleaned.rows[0].cells == ("=1+1", "-0.5")
    assert to_csv(cleaned) == "a,b\r\n'=1+1,-0.5\r\n'@x,2\r\n"


@pytest.mark.parametrize("columns", [(), ("a",), ("a", "b")])
def test_tables_without_rows(columns: tuple[str, ...]) -> None:
    cleaned = clean(Table(columns=columns, rows=()))
    assert (len(cleaned.columns), cleaned.rows, cleaned.notes) == (len(columns), (), ())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=12), st.from_regex(r"[-+(]?[0-9.,' ]{0,8}[)%€$]?", fullmatch=True)), max_size=8))
def test_every_row_comes_out_once_and_every_change_is_told(rows: list[tuple[str, str]]) -> None:
    cleaned = clean(Table(columns=("a", "b"), rows=tuple(rows)))
    out = {row.source: row.cells for row in (*cleaned.rows, *cleaned.totals)}
    assert sorted(out) == list(range(len(rows)))
    changed = {(change.row, change.column): (change.before, change.after) for change in cleaned.changes}
    for number, row in enumerate(rows):
        for place, before in enumerate(row):
            after = out[number][place]
            assert changed.get((number, place), (before, before)) == (before, after)


async def test_cleaning_in_a_worker_gives_the_same() -> None:
    loaded = table("Tag|Preis", "13.05.2026|1,50 €", "01.06.2026|2,50 €", "Summe|4,00 €")
    sandbox = Sandbox(Extract())
    try:
        assert await sandbox.clean(loaded, language="de") == clean(loaded, language="de")
        with pytest.raises(BadInput):
            await sandbox.clean(Table(columns=("a",), rows=(("1", "2"),)))
    finally:
        await sandbox.close()
