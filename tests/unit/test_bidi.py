"""Lines of Hebrew and Arabic come from the order of their glyphs on the page into the order in which they are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.core.bidi import as_read, runs_right_to_left
from mailbot.core.words import PageWords, Word, line_text, page_text

HEBREW = "אבגדהו"


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        ("םולש", "שלום"),
        ("4711 רפסמ", "מספר 4711"),
        ("12 34 רפסמ", "מספר 34 12"),
        ("14.06.2024 םוימ", "מיום 14.06.2024"),
        ("20% הנחה", "החנה 20%"),
        ("$1,250.00 כהס", "סהכ $1,250.00"),
        ("הפיחב Harbour Freight Ltd תאמ", "מאת Harbour Freight Ltd בחיפה"),
        ("Ltd 4711 תאמ", "מאת Ltd 4711"),
        ("(א) םולש", "שלום (א)"),
        ("5- רפסמ", "מספר -5"),
        ("", ""),
        ("only Latin words, 12", "only Latin words, 12"),
    ],
)
def test_lines_of_a_page_that_runs_from_the_right(shown: str, read: str) -> None:
    assert as_read(list(shown), right_to_left=True) == read


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        ("Name: םולש of Haifa", "Name: שלום of Haifa"),
        ("Name: םולש 12 םלוע end 5", "Name: עולם 12 שלום end 5"),
        ("plain words", "plain words"),
    ],
)
def test_lines_of_a_page_that_runs_from_the_left(shown: str, read: str) -> None:
    assert as_read(list(shown), right_to_left=False) == read


@pytest.mark.parametrize(("text", "backwards"), [("שלום abc", True), ("שלום Harbour", False), ("123", False), ("فاتورة", True)])
def test_the_direction_of_a_text_is_that_of_most_letters(text: str, backwards: bool) -> None:
    assert runs_right_to_left(text) is backwards


@given(st.lists(st.sampled_from([*HEBREW, *"abc12 .,()%-"]), max_size=30), st.booleans())
def test_nothing_is_lost_or_made_up(units: list[str], right_to_left: bool) -> None:
    read = as_read(units, right_to_left=right_to_left)
    plain = str.maketrans("()", "||")
    assert sorted(read.translate(plain)) == sorted("".join(units).translate(plain))


@given(st.lists(st.text(HEBREW, min_size=1, max_size=5), min_size=1, max_size=6))
def test_hebrew_alone_is_turned_round(words: list[str]) -> None:
    line = " ".join(words)
    assert as_read(list(reversed(line)), right_to_left=True) == line


def test_words_of_a_line_are_read_from_the_right_in_a_page_that_runs_so() -> None:
    line = tuple(Word(text=text, box=(at * 50.0, 0, at * 50.0 + 40, 10)) for at, text in enumerate(("4711", "מספר", "חשבונית")))
    page = PageWords(number=1, width=200, height=100, lines=(line,))
    assert page_text(page) == "חשבונית מספר 4711"
    assert line_text(line[:1]) == "4711"
