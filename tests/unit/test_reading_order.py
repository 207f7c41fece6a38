"""Blocks side by side are read one after the other, lists and tables row by row."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from mailbot.core.reading_order import block_text
from mailbot.core.words import PageWords, Word, in_lines, page_text

Placed = tuple[float, float, str]
"""Left edge, top edge, text; a character is 5 wide and a line 10 high."""


def page(placed: Sequence[Placed]) -> PageWords:
    words = []
    for x, y, text in placed:
        for piece in text.split():
            words.append(Word(text=piece, box=(x, y, x + 5 * len(piece), y + 10)))
            x += 5 * len(piece) + 3
    return PageWords(number=1, width=600, height=800, lines=in_lines(words))


def read(placed: Sequence[Placed]) -> list[str]:
    return block_text(page(placed)).split("\n")


def columns(*sides: tuple[float, Sequence[str]], pitch: float = 14) -> list[Placed]:
    return [(x, pitch * row, text) for x, side in sides for row, text in enumerate(side)]


SHIP_TO = ("Ship to", "Harbour Freight warehouse", "7 Dock Road", "54321 Portsmouth")
BILL_TO = ("Bill to", "Acme Machine Parts Ltd", "5 High Street", "12345 Winchester")


def test_addresses_side_by_side_are_read_whole() -> None:
    assert read(columns((0, BILL_TO), (300, SHIP_TO))) == [*BILL_TO, *SHIP_TO]


def test_a_letterhead_that_stands_level_with_nothing_is_read_whole() -> None:
    left = [(0.0, 20.0 * row, text) for row, text in enumerate(("Invoice", "Pino Bluebird", "Sesame Street", "Amsterdam"))]
    right = [(350.0, 13.0 * row + 6, text) for row, text in enumerate(("Coolblue", "Weena 664", "3012 CN Rotterdam", "Nederland"))]
    lines = read([*left, *right])
    assert lines == [text for _, _, text in [*left, *right]]


def test_three_blocks_of_a_footer_are_read_from_left_to_right() -> None:
    first = ("Acme AG", "Uferweg 40", "63571 Gelnhausen", "Telefon 6051 916")
    second = ("Vorstand: Heit", "Registergericht Hanau", "HRB 13302 Hanau", "Steuernummer 044 241")
    third = ("Bankverbindung", "Kreissparkasse", "Konto 48567", "Bankleitzahl 507 500")
    assert read(columns((0, first), (200, second), (400, third))) == [*first, *second, *third]


def test_columns_of_prose_are_read_one_after_the_other() -> None:
    left = ("The seller delivers the goods at the", "place that was agreed upon, and the", "buyer bears the cost of the way")
    right = ("Payment is due within thirty days of", "the invoice, after which interest is", "charged at the rate of the law here")
    assert read(columns((0, left), (240, right))) == [*left, *right]


def test_labels_and_values_stay_rows() -> None:
    labels, values = ("Claimant", "Insurer", "Policy holder"), ("John Smith", "Allianz Versicherung", "Mary Jones")
    assert read(columns((0, labels), (250, values))) == [f"{label} {value}" for label, value in zip(labels, values, strict=True)]


def test_rows_of_a_table_stay_rows_below_two_blocks() -> None:
    head: list[Placed] = [(0, 70, "Article"), (250, 70, "Price each"), (400, 70, "Amount")]
    rows: list[Placed] = []
    for row, name in enumerate(("Machine parts small", "Machine parts large", "Handling"), start=1):
        rows += [(0, 70 + 14 * row, name), (250, 70 + 14 * row, f"EUR {row}2,50"), (400, 70 + 14 * row, f"EUR {row}7,00")]
    lines = read([*columns((0, BILL_TO), (300, SHIP_TO)), *head, *rows])
    assert lines[:8] == [*BILL_TO, *SHIP_TO]
    assert lines[8:] == [
        "Article Price each Amount",
        "Machine parts small EUR 12,50 EUR 17,00",
        "Machine parts large EUR 22,50 EUR 27,00",
        "Handling EUR 32,50 EUR 37,00",
    ]


def test_dates_and_what_happened_then_stay_rows() -> None:
    dates, events = ("Date", "01.05.2014", "02.05.2014", "07.05.2014"), ("What", "Transport to Hamburg", "Customs", "Delivered")
    assert read(columns((0, dates), (200, events))) == [f"{date} {event}" for date, event in zip(dates, events, strict=True)]


placed = st.lists(
    st.tuples(st.integers(0, 550), st.integers(0, 400), st.sampled_from(("Total", "12,50", "7 High Street", "a", "EUR 3", "合计"))),
    max_size=40,
)


@given(placed)
def test_no_word_is_lost_or_doubled(spots: list[tuple[int, int, str]]) -> None:
    one = page(spots)
    joined = "".join(sorted(block_text(one).replace(" ", "").replace("\n", "")))
    assert joined == "".join(sorted(page_text(one).replace(" ", "").replace("\n", "")))


def test_a_dense_page_is_ordered_within_the_time_of_a_test() -> None:
    dense = page([(60.0 * column, 14.0 * row, "word 12") for row in range(300) for column in range(10)])
    assert len(block_text(dense).split("\n")) >= 300


def test_words_without_any_size_are_read() -> None:
    """A damaged font has glyphs of no width and no height."""
    words = [Word(text="one", box=(482.8, 71.2, 482.8, 71.2)), Word(text="two", box=(486.7, 71.2, 486.7, 71.2))]
    assert block_text(PageWords(number=1, width=600, height=800, lines=(tuple(words),))) == "one two"


def test_a_line_of_very_many_pieces_is_read_as_it_stands() -> None:
    words = tuple(Word(text=f"w{at}", box=(50.0 * at, 10, 50.0 * at + 10, 20)) for at in range(20_000))
    page = PageWords(number=1, width=1e6, height=800, lines=(words, words))
    assert [line.split()[-1] for line in block_text(page).split("\n")] == ["w19999", "w19999"]
