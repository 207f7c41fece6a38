"""csv and tsv files in the encodings that desks receive, and what `mailbot table` makes of them."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mailbot.core.document import Problem
from mailbot.extract.csv_file import read
from mailbot.extract.reader import Found, Limits
from tests.unit.table_pollution import base, extra_delimiter, with_line, write

GERMAN = (
    "Bestellung vom 3.5.2026;;;\n;;;\nArtikel;Menge;Preis;Summe\n"
    "Schraube groß;10;12,50 €;125,00 €\nÖlkanne;2;3,20 €;6,40 €\nGesamt;;;131,40 €\n"
)


def load(content: bytes, name: str = "a.csv") -> Found:
    return read(name, content, "text/csv", Limits())


def codes(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.code for problem in problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "mac_roman", "cp1250"])
def test_encodings_of_the_west(encoding: str) -> None:
    text = GERMAN.replace("€", "EUR") if encoding == "mac_roman" else GERMAN
    table = load(text.encode(encoding)).documents[0].tables[0]
    assert table.columns == ("Artikel", "Menge", "Preis", "Summe")
    assert [row[0] for row in table.rows] == ["Schraube groß", "Ölkanne", "Gesamt"]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", "订单号,产品名称,数量,单价\nA-1,螺丝钉,3,12.50\nA-2,垫圈,10,0.30\nA-3,扳手,1,45.00\n"),
        ("cp932", "注文番号,商品名,数量\nA-1,ボルト,3\nA-2,ねじ,10\nA-3,カタログ,1\n"),
        ("cp949", "주문번호,품목,수량\nA-1,볼트,3\nA-2,너트,10\nA-3,와셔,1\n"),
    ],
)
def test_encodings_of_the_east(encoding: str, text: str) -> None:
    found = load(text.encode(encoding))
    assert list(found.documents[0].tables[0].columns) == text.splitlines()[0].split(",")
    assert found.documents[0].tables[0].rows[1] == tuple(text.splitlines()[2].split(","))
    assert codes(found.problems) == ["charset_unknown"]


def test_windows_1252_that_was_called_latin_1_and_re_encoded() -> None:
    found = load("Name,Ref\nCos d\x92Estournel,1\nTea \x96 black,2\n".encode())
    assert [row[0] for row in found.documents[0].tables[0].rows] == ["Cos d’Estournel", "Tea – black"]


def test_an_empty_file_has_no_table_and_says_so() -> None:
    found = load(b"")
    assert found.documents[0].tables == ()
    assert codes(found.problems) == ["empty_file"]


def test_repaired_rows_are_named_by_line() -> None:
    found = load(with_line(base(), 7, lambda cells: extra_delimiter(cells, 3)).encode())
    assert codes(found.problems) == ["repaired_rows"]
    assert "1 row was aligned to the columns of the others (line 8)" in found.problems[0].detail


@pytest.mark.parametrize(
    "content",
    [
        b"\x00" * 5000, bytes(range(256)) * 20, b'"' * 20_000, b'"a\n' * 5000, b"," * 50_000, b'a,"' * 5000,
        b"\xff\xfe\x00", b"\xef\xbb\xbf",
        (b'"x,' * 30 + b"\n") * 400, b"a;b\n" + b'1;"2\n' * 3000,
    ],
    ids=["nul", "binary", "quotes", "open", "commas", "stray", "half", "mark", "wide", "neverclosed"],
)  # fmt: skip
def test_rubbish_ends_and_raises_nothing(content: bytes) -> None:
    found = load(content)
    assert len(found.documents) == 1


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "mailbot", *arguments], capture_output=True, text=True, timeout=100, check=False)


def rows_of(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8"), newline="")))


def test_table_load_writes_each_file_under_its_name_and_goes_on_after_a_bad_one(tmp_path: Path) -> None:
    (tmp_path / "order.CSV").write_bytes(GERMAN.encode("cp1252"))
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "list.txt").write_bytes(write(base(), delimiter="|").encode())
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04nothing")
    (tmp_path / "two.csv").write_bytes((write(base()) + "\r\nOther\r\n" + "Code,Weight\r\nA1,2.5\r\nA2,3.5\r\n").encode())
    files = [str(tmp_path / name) for name in ("order.CSV", "empty.csv", "missing.csv", "broken.xlsx", "list.txt", "two.csv")]
    out = tmp_path / "out"
    done = run("table", "load", *files, "--out-dir", str(out), "--all")
    assert done.returncode == 1, done.stderr
    assert rows_of(out / "order.CSV")[0] == ["Artikel", "Menge", "Preis", "Summe"]
    assert rows_of(out / "order.CSV")[2] == ["Ölkanne", "2", "3,20 €", "6,40 €"]
    assert (out / "empty.csv").read_bytes() == b""
    assert rows_of(out / "list.txt") == base()
    assert rows_of(out / "two.csv") == base()
    assert rows_of(out / "two.csv.2.csv") == [["Code", "Weight"], ["A1", "2.5"], ["A2", "3.5"]]
    assert not (out / "missing.csv").exists()
    assert "missing.csv" in done.stderr
    assert "broken.xlsx" in done.stderr
    assert "Traceback" not in done.stderr


def test_table_load_refuses_two_files_of_one_name_and_overwriting_its_input(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for folder in (tmp_path, tmp_path / "sub"):
        (folder / "a.csv").write_text("a,b\n1,2\n")
    done = run("table", "load", str(tmp_path / "a.csv"), str(tmp_path / "sub" / "a.csv"), "--out-dir", str(tmp_path / "out"))
    assert (done.returncode, (tmp_path / "out").exists()) == (2, False)
    done = run("table", "load", str(tmp_path / "a.csv"), "--out-dir", str(tmp_path))
    assert done.returncode == 2
    assert (tmp_path / "a.csv").read_text() == "a,b\n1,2\n"


def test_table_clean_types_the_table_sets_totals_apart_and_reports(tmp_path: Path) -> None:
    (tmp_path / "order.csv").write_bytes(GERMAN.encode("cp1252"))
    done = run("table", "clean", str(tmp_path / "order.csv"), "-o", str(tmp_path / "clean.csv"), "--report")
    assert done.returncode == 0, done.stderr
    assert rows_of(tmp_path / "clean.csv") == [
        ["Artikel", "Menge", "Preis", "Summe"],
        ["Schraube groß", "10", "12.50", "125.00"],
        ["Ölkanne", "2", "3.20", "6.40"],
    ]
    report = json.loads(done.stdout)
    assert [column["type"] for column in report["columns"]] == ["text", "integer", "money", "money"]
    assert report["checks"] == [{"row": 2, "column": 3, "printed": "131.40", "computed": "131.40", "agrees": True}]


def test_table_clean_exits_1_on_a_wrong_total_and_without_a_table(tmp_path: Path) -> None:
    (tmp_path / "order.csv").write_text("Item,Qty,Sum\nBolt,1,10.00\nNut,2,20.00\nTotal,,35.00\n")
    (tmp_path / "empty.csv").write_text("")
    done = run("table", "clean", str(tmp_path / "order.csv"), "-o", str(tmp_path / "clean.csv"))
    assert done.returncode == 1
    assert "the total says 35.00, its rows sum to 30.00" in done.stderr
    done = run("table", "clean", str(tmp_path / "order.csv"), "-o", str(tmp_path / "clean.json"))
    assert (done.returncode, (tmp_path / "clean.json").exists()) == (2, False)
    assert "write .csv, .parquet or .xlsx" in done.stderr
    done = run("table", "clean", str(tmp_path / "empty.csv"), "-o", str(tmp_path / "none.csv"))
    assert (done.returncode, (tmp_path / "none.csv").exists()) == (1, False)
