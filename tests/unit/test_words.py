"""Words fall into lines as a person reads them."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.lines import lines_of
from mailbot.core.words import PageWords, Word, in_lines, line_text
from tests.unit.typed_page import typed


def word(text: str, x: float, y: float, width: float = 30, height: float = 10) -> Word:
    return Word(text=text, box=(x, y, x + width, y + height))


def texts(words: list[Word]) -> list[str]:
    return [line_text(line) for line in in_lines(words)]


def test_lines_run_down_and_words_across() -> None:
    assert texts([word("d", 50, 20), word("a", 0, 0), word("c", 0, 20), word("b", 50, 1)]) == ["a b", "c d"]


def test_a_bent_line_stays_one() -> None:
    bent = [word(str(at), 40 * at, 30 + 8 * math.sin(at / 3)) for at in range(12)]
    below = [word("x", 40 * at, 62 + 8 * math.sin(at / 3)) for at in range(12)]
    assert len(in_lines([*below, *bent])) == 2


def test_no_space_inside_chinese_that_runs_on() -> None:
    assert texts([word("发票", 0, 0, 20), word("号码", 21, 0, 20)]) == ["发票号码"]
    assert texts([word("发票", 0, 0, 20), word("号码", 60, 0, 20)]) == ["发票 号码"]
    assert texts([word("HC", 0, 0, 20), word("号码", 21, 0, 20)]) == ["HC 号码"]


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500), st.floats(0, 60), st.floats(0, 20)), max_size=30))
@settings(max_examples=60, deadline=None)
def test_no_word_is_lost(places: list[tuple[float, float, float, float]]) -> None:
    words = [word(f"w{at}", *place) for at, place in enumerate(places)]
    lines = in_lines(words)
    assert sorted(one.text for line in lines for one in line) == sorted(one.text for one in words)
    assert all(line == tuple(sorted(line, key=lambda one: one.box[0])) for line in lines)


def test_a_line_knows_its_cells_and_boxes() -> None:
    (page,) = typed("Total due:      12.50 EUR")
    (line,) = lines_of(page)
    assert line.text == "Total due:\t12.50 EUR"
    assert [line.text[start:end] for start, end in line.cells()] == ["Total due:", "12.50 EUR"]
    assert line.box(11, 16) == (40 + 6 * 16, 40, 40 + 6 * 21, 50)
    assert line.box(0, 2) == (40, 40, 52, 50)
    assert line.cell_at(13) == (11, 20)


def test_a_page_without_words_has_no_lines() -> None:
    assert lines_of(PageWords(number=1, width=10, height=10, lines=())) == []


def test_a_word_without_end_is_looked_at_only_so_far() -> None:
    (page,) = typed("Invoice " + "a" * 3_000 + " b" * 600)
    (line,) = lines_of(page)
    assert len(line.text) < 1_000
    assert line.text.startswith("Invoice aaa")
