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


def level(one: Word, other: Word) -> bool:
    heights = [word.box[3] - word.box[1] for word in (one, other)]
    middles = [(word.box[1] + word.box[3]) / 2 for word in (one, other)]
    return abs(middles[0] - middles[1]) < 0.5 * min(heights) + 1e-6


def in_lines_by_every_word(words: list[Word]) -> list[list[Word]]:
    """Return lines as `in_lines` describes them: each word looks at every other one of a line."""

    def middle(word: Word) -> float:
        return (word.box[1] + word.box[3]) / 2

    def apart(word: Word, other: Word) -> float:
        return max(other.box[0] - word.box[2], word.box[0] - other.box[2])

    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda one: (middle(one), one.box[0])):
        reach = middle(word) - (word.box[3] - word.box[1])
        near = [line for line in lines[-12:][::-1] if middle(line[-1]) >= reach]
        fit = [line for line in near if level(word, min(line[-100:], key=lambda other: apart(word, other)))]
        if fit:
            fit[0].append(word)
        else:
            lines.append([word])
    lines.sort(key=lambda line: sum(map(middle, line)) / len(line))
    return [sorted(line, key=lambda one: one.box[0]) for line in lines]


tops = st.sampled_from([0.0, 3.0, 4.0, 5.0, 12.0, 12.5, 24.0]) | st.floats(0, 60)
heights = st.sampled_from([9.0, 9.0, 10.0, 2.0]) | st.floats(0, 20)


@given(st.lists(st.tuples(st.integers(0, 40).map(lambda at: 12.5 * at), tops, st.floats(0, 60), heights), max_size=60))
@settings(max_examples=300, deadline=None)
def test_words_join_the_line_whose_nearest_word_is_level_with_them(places: list[tuple[float, float, float, float]]) -> None:
    words = [word(f"w{at}", *place) for at, place in enumerate(places)]
    assert [list(line) for line in in_lines(words)] == in_lines_by_every_word(words)


def test_a_long_line_is_one_whatever_stands_beside_it() -> None:
    row = [word(f"w{at}", 10 * at, 40, 8) for at in range(400)]
    note = [word("note", 4000, 36, 8, 6), word("mark", 4010, 33, 8, 6)]
    assert [list(line) for line in in_lines([*note, *row])] == in_lines_by_every_word([*note, *row])


@given(st.lists(st.text("ab1.é中עA ", max_size=4), max_size=6))
def test_the_text_of_a_line_has_its_words_apart_by_spaces_unless_chinese_runs_on(texts: list[str]) -> None:
    line = [word(text, 40 * at, 0) for at, text in enumerate(texts)]
    if any("ע" in text for text in texts):
        assert sorted(line_text(line)) == sorted(" ".join(texts))
    else:
        assert line_text(line) == " ".join(texts)


def test_a_line_knows_its_edges_and_pieces() -> None:
    row = (word("Total", 0, 10, 30), word("due", 33, 12, 20, 6), word("7", 200, 9, 5, 11))
    (line,) = lines_of(PageWords(number=2, width=300, height=100, lines=(row,)))
    assert (line.top, line.bottom, line.height) == (9, 20, 10)
    assert [(piece.text, piece.x0, piece.x1) for piece in line.pieces] == [("Total due", 0, 53), ("7", 200, 205)]
    assert [piece.words for piece in line.pieces] == [row[:2], row[2:]]


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
