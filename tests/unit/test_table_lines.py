"""Tables drawn for the eye load like those with delimiters: bars and dashes, blanks, rows quoted whole."""

from __future__ import annotations

import pytest

from mailbot.core.table_lines import redrawn
from mailbot.core.table_load import load_tables

WANTED = [["Code", "Name", "Qty"], ["A-1", "Bolt M1, long", "4"], ["A-2", "Nut", "17"], ["A-3", "Oil", "1"], ["A-4", "Tin", "250"]]


def written(delimiter: str) -> str:
    return "".join(delimiter.join(row) + "\n" for row in WANTED)


def loaded(text: str) -> list[list[str]]:
    table = load_tables(text).tables[0]
    return [list(table.columns), *map(list, table.rows)]


BARS = "".join(f"| {row[0]:5} | {row[1]:14} | {row[2]:>4} |\n" for row in WANTED)
PSQL = "".join(f" {row[0]:5} | {row[1]:14} | {row[2]:>4} \n" for row in WANTED)
ALIGNED = "".join(f"{row[0]:8}{row[1]:16}{row[2]:>6}\n" for row in WANTED)
HEAD, REST = BARS.split("\n", 1)


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}\n|---|:---|---:|\n{REST}",
        f"+----+----+---+\n{HEAD}\n+----+----+---+\n{REST}+----+----+---+\n4 rows in set\n",
        PSQL.replace("\n", "\n-----+-----+----\n", 1) + "(4 rows)\n",
        ALIGNED,
        "      LIST OF MAY\n\n" + ALIGNED.replace("\n", "\n" + "-" * 30 + "\n", 1),
        "".join('"' + ",".join(f'""{cell}""' for cell in row) + '"\n' for row in WANTED),
    ],
    ids=["markdown", "boxed", "psql", "aligned", "titled", "quoted whole"],
)
def test_a_drawn_table(text: str) -> None:
    assert loaded(text) == WANTED


@pytest.mark.parametrize("delimiter", [" | ", " ; ", "\t\t", " -> ", "||", "\x1f", "|;|", "~|~"])
def test_delimiters_of_several_characters(delimiter: str) -> None:
    assert loaded(written(delimiter)) == WANTED


def test_one_row_quoted_whole() -> None:
    text = written(";").replace("A-2;Nut;17", '"A-2;Nut;17"')
    assert loaded(text) == WANTED


def test_a_total_across_a_gap() -> None:
    rows = loaded(ALIGNED + " " * 20 + "Total     272\n")
    assert rows == [*WANTED, ["", "Total", "272"]]


@pytest.mark.parametrize(
    "text", ["a,b\n1,2\n", '"Meyer, Anna"\n"Smith, Tom"\n"Roth, Lea"\n', "a  b\n", "note -- of one\n", "a|b\n1|2\n"]
)
def test_other_lines_stay(text: str) -> None:
    lines = [(line, "\n") for line in text.splitlines()]
    assert redrawn(lines) is lines
