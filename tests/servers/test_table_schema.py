"""The desk's own columns: the file read or refused by line, loaded columns named and checked by it, what breaks it told by row."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mailbot.config import Extract
from mailbot.core.document import Table
from mailbot.core.letters import bare_name
from mailbot.core.table_schema import TableSchema, by_name, schema_from_json, schema_to_json
from mailbot.core.tables import Cleaned
from mailbot.errors import ConfigError, RuleError
from mailbot.extract.clean import clean
from mailbot.extract.sandbox import Sandbox
from mailbot.table_schema_file import load_schema

DESK = """\
columns:
  - name: article
    synonyms: [Artikelnr., SKU, 编号]
    type: text
    required: true
  - name: quantity
    synonyms: [Menge, Qty]
    type: integer
    required: true
  - name: weight
    synonyms: Gewicht
    type: decimal
    unit: kg
  - name: status
    values: [Open, Paid]
  - name: due
    synonyms: [fällig]
    type: date
    order: dmy
"""


@pytest.fixture
def schema(tmp_path: Path) -> TableSchema:
    return written(tmp_path, DESK)


def written(folder: Path, text: str) -> TableSchema:
    (folder / "desk.yaml").write_text(text)
    return load_schema(folder / "desk.yaml")


def table(columns: str, *rows: str) -> Table:
    return Table(columns=tuple(columns.split("|")), rows=tuple(tuple(row.split("|")) for row in rows))


def column(cleaned: Cleaned, name: str) -> list[str]:
    place = [one.name for one in cleaned.columns].index(name)
    return [row.cells[place] for row in cleaned.rows]


def test_columns_go_by_the_desks_names_and_types(schema: TableSchema) -> None:
    cleaned = clean(
        table("ARTIKELNR|Menge |Gewicht (kg)|Fällig|Note", "0012|3|1,5|01/02/2026|x", "0013|4|2|03/04/2026|y"), schema=schema
    )
    assert [one.name for one in cleaned.columns] == ["article", "quantity", "weight", "due", "Note"]
    assert [one.loaded for one in cleaned.columns] == ["ARTIKELNR", "Menge", "Gewicht (kg)", "Fällig", ""]
    assert [one.type for one in cleaned.columns] == ["text", "integer", "decimal", "date", "text"]
    assert cleaned.columns[2].unit == "kg"
    assert cleaned.rows[0].cells == ("0012", "3", "1.5", "2026-02-01", "x")  # dmy, because the desk says so
    assert cleaned.notes == ()


def test_text_stays_as_it_stands_though_all_of_it_are_figures(schema: TableSchema) -> None:
    cleaned = clean(table("SKU|Qty", "1.200|3", "1.300|4"), schema=schema)
    assert (column(cleaned, "article"), cleaned.columns[0].type) == (["1.200", "1.300"], "text")


def test_what_breaks_the_schema_is_told_by_row_with_the_line_of_the_file(schema: TableSchema) -> None:
    cleaned = clean(table("Artikelnr.|Menge|Status", "1|3|open", "2||Paid", "3|about 7|gone"), schema=schema)
    assert column(cleaned, "quantity") == ["3", "", "about 7"]
    assert column(cleaned, "status") == ["Open", "Paid", "gone"]
    told = {(note.column, note.kind): note.detail for note in cleaned.notes}
    assert told[1, "missing_values"].startswith("no value in 1 of 3 rows, which is required (row 2)")
    assert told[1, "invalid_values"].startswith("not an integer: 1 of 3 values (row 3: 'about 7')")
    assert told[2, "invalid_values"].startswith("not one of Open, Paid: 1 of 3 values (row 3: 'gone')")
    assert "desk.yaml:6" in told[1, "invalid_values"]
    assert [(change.before, change.after, change.kind) for change in cleaned.changes] == [("open", "Open", "value")]


def test_a_missing_column_is_told_and_named(schema: TableSchema) -> None:
    (note,) = clean(table("SKU|Note", "1|a", "2|b"), schema=schema).notes
    assert (note.column, note.kind) == (None, "missing_column")
    assert "`quantity`" in note.detail
    assert "desk.yaml:6" in note.detail


def test_another_unit_is_told_and_not_converted(schema: TableSchema) -> None:
    cleaned = clean(table("SKU|Qty|Gewicht", "1|3|500 g", "2|4|20 g"), schema=schema)
    assert (column(cleaned, "weight"), cleaned.columns[2].unit) == (["500", "20"], "g")
    assert [note.kind for note in cleaned.notes] == ["invalid_values"]


def test_two_columns_of_one_name_are_left_alone(schema: TableSchema) -> None:
    cleaned = clean(table("SKU|Artikelnr.|Qty", "1|x1|3", "2|x2|4"), schema=schema)
    assert [one.name for one in cleaned.columns] == ["SKU", "Artikelnr.", "quantity"]
    assert [note.kind for note in cleaned.notes] == ["ambiguous_name", "ambiguous_name", "missing_column"]


def test_values_alone_name_a_column_only_where_one_fits(schema: TableSchema) -> None:
    cleaned = clean(table("SKU|Qty|Zustand", "1|3|OPEN", "2|4|paid"), schema=schema)
    assert cleaned.columns[2].name == "status"
    assert [note.kind for note in cleaned.notes] == ["by_values"]
    cleaned = clean(table("SKU|Qty|Zustand|Vorher", "1|3|OPEN|paid", "2|4|paid|paid"), schema=schema)
    assert [one.name for one in cleaned.columns[2:]] == ["Zustand", "Vorher"]


def test_an_ambiguous_column_keeps_its_text_and_is_marked(tmp_path: Path) -> None:
    schema = written(tmp_path, "columns:\n  - name: due\n    type: date\n")
    cleaned = clean(table("due|x", "01/02/2026|1", "03/04/2026|2"), schema=schema)
    assert column(cleaned, "due") == ["01/02/2026", "03/04/2026"]
    assert [note.kind for note in cleaned.notes] == ["ambiguous_date", "invalid_values"]


def test_a_column_of_integers_tells_which_mark_parts_thousands(tmp_path: Path) -> None:
    wanted = written(tmp_path, "columns:\n  - name: qty\n    type: integer\n  - name: weight\n    type: decimal\n")
    cleaned = clean(table("qty|weight", "1.200|1.200", "3.000|0.750"), schema=wanted)
    assert (column(cleaned, "qty"), cleaned.columns[0].type) == (["1200", "3000"], "integer")
    assert (column(cleaned, "weight"), cleaned.columns[1].type) == (["1.200", "0.750"], "decimal")
    assert [note for note in cleaned.notes if note.column == 0] == []


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("columns:\n  - name: a\n    tpye: text\n", 3, "did you mean `type`"),
        ("columns:\n  - name: a\n    type: texxt\n", 3, "use one of text, integer"),
        ("columns:\n  - name: a\n  - name: b\n    synonyms: [A.]\n", 3, "are called the same"),
        ("columns:\n  - type: text\n", 2, "without a name"),
        ("columns:\n  - a\n", 2, "write `- name"),
        ("columns:\n  - name: [a, b]\n", 2, "is one word"),
        ("columns:\n  - name: a\n    values: {x: 1}\n", 3, "is a list of words"),
        ("columns:\n  - name: a\nrows: 3\n", 3, "a schema has `columns` alone"),
        ("tables: []\n", 1, "no list `columns`"),
        ("columns: [\n", 2, "not YAML"),
    ],
)
def test_a_faulty_file_is_refused_by_line_with_the_remedy(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(RuleError) as caught:
        written(tmp_path, text)
    told = [str(one) for one in caught.value.findings]
    assert any(one.startswith(f"desk.yaml:{line}: ") and words in one for one in told), told


def test_no_file_and_an_empty_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_schema(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="the file is empty"):
        written(tmp_path, " \n")


def test_names_are_compared_by_their_letters_and_the_schema_round_trips(schema: TableSchema) -> None:
    assert bare_name("Größe, Ｎｏ. ") == bare_name("GROSSE NO")
    assert bare_name("Größe №") == bare_name("GROSSE NO")
    assert by_name(schema, ["编号", "x"])[0] == {0: schema.columns[0]}
    assert schema_from_json(json.loads(json.dumps(schema_to_json(schema)))) == schema


async def test_the_sandbox_uses_its_schema_where_a_table_has_any_of_its_columns(schema: TableSchema) -> None:
    sandbox = Sandbox(Extract(truth_languages=("de",)), schema=schema)
    try:
        ours, other = table("SKU|ok", "1|ja", "2|nein"), table("x|ok", "1|yes", "2|no")
        cleaned = await sandbox.clean(ours)
        assert cleaned == clean(ours, schema=schema, truths=("de",))
        assert [one.name for one in cleaned.columns] == ["article", "ok"]
        cleaned = await sandbox.clean(other)
        assert (cleaned.notes, cleaned.columns[1].type) == ((), "text")  # "yes" is not German
        insisted = await sandbox.clean(other, schema=dataclasses.replace(schema, columns=schema.columns[:1]))
        assert [note.kind for note in insisted.notes] == ["missing_column"]
    finally:
        await sandbox.close()


def test_table_clean_with_a_schema(tmp_path: Path) -> None:
    (tmp_path / "desk.yaml").write_text(DESK)
    (tmp_path / "in.csv").write_text("Artikelnr.;Menge\n0012;3\n0013;about 7\n")
    command = [sys.executable, "-m", "mailbot", "table", "clean", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv")]
    done = subprocess.run(
        [*command, "--schema", str(tmp_path / "desk.yaml"), "--report"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert (tmp_path / "out.csv").read_text() == "article,quantity\n0012,3\n0013,about 7\n"
    assert json.loads(done.stdout)["columns"][0]["loaded"] == "Artikelnr."
    assert "not an integer: 1 of 2 values (row 2: 'about 7')" in done.stderr
    (tmp_path / "desk.yaml").write_text("columns:\n  - nmae: a\n  - type: b\n")
    done = subprocess.run([*command, "--schema", str(tmp_path / "desk.yaml")], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert len([line for line in done.stderr.splitlines() if "desk.yaml:" in line]) == 4
