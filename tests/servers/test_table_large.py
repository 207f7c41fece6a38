"""Large delimited files: what Arrow reads is what the careful way reads, and what is not plain is left to that."""

from __future__ import annotations

import csv
import datetime
import io
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mailbot.cli.table_large import LEAST
from mailbot.core.document import Table
from mailbot.core.table_load import load_tables
from mailbot.core.table_values import TRUTH_WORDS
from mailbot.core.tables import to_csv
from mailbot.extract import bulk_clean, bulk_files
from mailbot.extract.answers import BadAnswer, bulk
from mailbot.extract.bulk import BulkTable, NotPlain, load
from mailbot.extract.clean import clean
from tests.unit.table_dirt import Pen
from tests.unit.table_shapes import people, price_list, readings, statement, timesheet

SHAPES = (price_list, people, readings, statement, timesheet)


def careful(content: bytes) -> Table:
    return load_tables(content.decode("utf-8-sig")).tables[0]


def cells(table: BulkTable) -> tuple[tuple[str, ...], ...]:
    return tuple(zip(*(column.to_pylist() for column in table.columns), strict=True))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_tables_are_loaded_and_cleaned_as_the_careful_way_does(shape) -> None:  # type: ignore[no-untyped-def]
    content = Pen(shape()).write(shape().grid).encode()
    loaded, table = load(content), careful(content)
    assert (loaded.names, cells(loaded)) == (table.columns, table.rows)
    fast, slow = bulk_clean.clean(loaded, truths=tuple(TRUTH_WORDS)), clean(table)
    assert fast.about.columns == slow.columns
    assert bulk_files.to_csv([one.name for one in fast.about.columns], fast.columns, safe=True).decode() == to_csv(slow)
    kinds = [change.kind for change in slow.changes]
    assert fast.changed == {kind: kinds.count(kind) for kind in set(kinds)}
    for change in fast.about.changes:
        assert change in slow.changes


ODD = """Pos;Tag;Betrag;Gewicht;Ort;Rabatt;Note
1;13.5.2026;1.234,50 €;2 kg;KÃ¶ln;5 %;=1+1
2;1.6.2026; 3,00 € ;3 kg; Bonn ;7,5 %;n/a
3;2.6.2026;n/a;4 kg;Ｂrüssel;1 %;"a ""b"" c"
4;30.6.2026;-12,00 €;5 KG;Köln;2 %;-5
Summe;;1.225,50 €;;;;
"""


def test_odd_cells_and_totals_are_cleaned_as_the_careful_way_does() -> None:
    fast, slow = bulk_clean.clean(load(ODD.encode()), truths=tuple(TRUTH_WORDS)), clean(careful(ODD.encode()))
    assert fast.about.columns == slow.columns
    assert bulk_files.to_csv([one.name for one in fast.about.columns], fast.columns, safe=True).decode() == to_csv(slow)
    assert (fast.about.totals, fast.about.checks) == (slow.totals, slow.checks)
    assert set(fast.about.changes) < set(slow.changes)
    assert {one.kind for one in fast.about.changes} == {one.kind for one in slow.changes}
    read = pq.read_table(io.BytesIO(bulk_files.to_parquet(fast.about.columns, fast.columns)))
    assert [str(field.type) for field in read.schema][:4] == ["int64", "date32[day]", "decimal128(38, 2)", "int64"]


DATES = {
    "day first": ("%d.%m.%Y", "%d.%m.%Y %H:%M", "%d/%m/%Y", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%d-%m-%Y %H:%M:%S"),
    "month first": ("%m/%d/%Y", "%m/%d/%Y %H:%M", "%m-%d-%Y", "%Y-%m-%d %H:%M"),
    "year first": ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y/%m/%d"),
    "dots": ("%d.%m.%Y", "%d.%m.%Y %H:%M:%S"),
}


@pytest.mark.parametrize("ways", DATES.values(), ids=DATES)
def test_dates_are_read_as_the_careful_way_does(ways: tuple[str, ...]) -> None:
    begin = datetime.datetime(2023, 12, 27, 5, 7, 9)
    days = [begin + datetime.timedelta(days=n, minutes=n * 17, seconds=n) for n in range(800)]
    text = "Id;Day\n" + "".join(f"{n};{day.strftime(ways[n % len(ways)])}\n" for n, day in enumerate(days))
    slow, fast = clean(careful(text.encode())), bulk_clean.clean(load(text.encode()), truths=())
    assert fast.about.columns[1].type == slow.columns[1].type == "date"
    assert fast.columns[1].to_pylist() == [row.cells[1] for row in slow.rows]


@pytest.mark.parametrize(
    "column",
    [
        [f"{n}" for n in range(1, 300)],
        [f"{n:04}" for n in range(1, 300)],
        [*(f"{n}" for n in range(1, 300)), "+49 421 555"],
        [*(f"{n}.5" for n in range(1, 300)), "7,25"],
        [*(f"{n}.5" for n in range(1, 300)), "7,25", "1.234"],
        [*(f"{n}" for n in range(1, 300)), "unbekannt", "#DIV/0!"],
        [f"{n}.200" for n in range(1, 300)],
        [f'="{n:03}"' for n in range(1, 300)],
        [f"CHF {n}.-" for n in range(1, 300)],
        [f"{n}E{n % 7}" for n in range(1, 300)],
        ["Müller &amp; Co", "Zu\u0308rich"] * 150,
        [f"{n:x}e{n}" for n in range(1, 300)],
        ["-0.008", "+5"] * 150,
    ],
    ids=lambda column: column[-1],
)
def test_columns_are_cleaned_as_the_careful_way_does(column: list[str]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([("Item", "Kilo", "Value"), *((f"i{n}", f"{n},5", value) for n, value in enumerate(column))])
    content = out.getvalue().encode()
    slow, fast = clean(careful(content)), bulk_clean.clean(load(content), truths=tuple(TRUTH_WORDS))
    assert fast.about.columns == slow.columns
    assert fast.columns[2].to_pylist() == [row.cells[2] for row in slow.rows]
    assert [(note.column, note.kind) for note in fast.about.notes] == [(note.column, note.kind) for note in slow.notes]


def test_one_value_among_many_makes_the_column_text_and_is_told() -> None:
    lines = [f"{n};{n % 28 + 1:02}/{n % 12 + 1:02}/2026;{n},50\n" for n in range(900)]
    lines[700] = "700;05/13/2026;about 7\n"
    cleaned = bulk_clean.clean(load(("Id;Day;Sum\n" + "".join(lines)).encode()), truths=("en",)).about
    assert [column.type for column in cleaned.columns] == ["integer", "text", "text"]
    assert {note.column: note.kind for note in cleaned.notes} == {1: "ambiguous_date", 2: "mixed_values"}


def test_rows_of_another_width_are_aligned_in_their_places() -> None:
    rows = [f"{n};Part {n};{n * 3};2026-05-{n % 28 + 1:02}" for n in range(1, 60)]
    rows[10], rows[40] = "11;;Part 11;33;2026-05-12", "41;Part 41123;2026-05-14"
    loaded = load(("No;Name;Qty;Day\n" + "\n".join(rows) + "\nNote: all in pieces\n").encode())
    assert loaded.size == 59
    assert [row[0] for row in cells(loaded)] == [str(n) for n in range(1, 60)]
    assert cells(loaded)[10] == ("11", "Part 11", "33", "2026-05-12")
    assert loaded.repaired == (12, 42)


def test_repeated_rows_are_counted() -> None:
    cleaned = bulk_clean.clean(load(b"a;b\n1;x\n2;y\n1;x\n1 ; x\n3;z\n"), truths=()).about
    assert [(note.kind, note.detail) for note in cleaned.notes] == [("repeated_rows", "2 rows repeat an earlier one")]


@pytest.mark.parametrize(
    "content",
    [
        "a;b\n1;2\n3;4\n".encode("utf-16"),
        b"PK\x03\x04\x00\x00",
        b"no line end",
        b"a||b\n1||2\n3||4\n5||6\n",
        b"Item,Qty\nBolt,1\nNut,2\n\nCode,Weight,Depth\nA,2.5,3\nB,3.5,4\n",
        "订单号,数量\nA-1,3\nA-2,4\n".encode("gb18030"),
    ],
    ids=["utf-16", "zip", "one line", "two characters", "two tables", "gb18030"],
)
def test_what_is_not_plain_is_left_alone(content: bytes) -> None:
    with pytest.raises(NotPlain):
        load(content)


def test_windows_1252_is_read() -> None:
    content = ("Artikel;Menge\n" + "Schraube groß;3\nÖlkanne für Köln;12\n" * 20).encode("cp1252")
    assert cells(load(content))[1] == ("Ölkanne für Köln", "12")


@pytest.mark.parametrize(
    "answer", [{}, {"plain": True}, {"plain": True, "rows": "3", "repaired": [], "about": None, "changed": {}}]
)
def test_an_answer_that_is_none_is_refused(answer: dict[str, object]) -> None:
    with pytest.raises(BadAnswer):
        bulk(answer)


def test_the_commands_take_that_way_for_a_large_file(tmp_path: Path) -> None:
    line = '4711;13.05.2026;1.234,50 €;"Schraube, groß und verzinkt, für Holz und Stahl"\r\n'
    count = LEAST // len(line.encode()) + 10
    (tmp_path / "in.csv").write_bytes(("Nr;Tag;Preis;Text\r\n" + line * count).encode())

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "mailbot", "table", *arguments], capture_output=True, text=True, check=False)

    done = run("clean", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv"), "--report")
    assert done.returncode == 0, done.stderr
    assert f'"row_count": {count}' in done.stdout
    assert f"{count - 1} rows repeat an earlier one" in done.stderr
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        assert next(reader) == ["Nr", "Tag", "Preis", "Text"]
        assert next(reader) == ["4711", "2026-05-13", "1234.50", "Schraube, groß und verzinkt, für Holz und Stahl"]
        assert sum(1 for _ in reader) == count - 1
    done = run("load", str(tmp_path / "in.csv"), "--out-dir", str(tmp_path / "loaded"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "loaded" / "in.csv").read_bytes().count(b'4711,13.05.2026,"1.234,50 \xe2\x82\xac"') == count
