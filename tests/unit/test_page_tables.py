"""Tables are found among placed words cell by cell, whatever their columns; pages of prose, lists and addresses have none."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.page_joining import all_tables
from mailbot.core.page_tables import find_tables, may_hold_table
from mailbot.core.words import PageWords, Word, in_lines, page_text
from tests.unit.placed_papers import placed
from tests.unit.typed_page import typed

PROSE = (
    "the committee met on the third of May to look at the figures of the last year and to decide how the work shall go on "
    "it was agreed that the costs of the new building which had risen by 12 % since 2023 could be borne from the reserve"
).split()
THINGS = ("Hex bolt M8", "Desk lamp, black", "Consulting", "Annual licence for the suite", "Paper A4", "Filter", "Cable 3 m")
KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "text": (("Item", "Description", "Name", "Product"), THINGS),
    "place": (("City", "Office", "Depot"), ("Lisbon", "Leeds", "Shanghai", "New York", "Wien")),
    "count": (("Qty", "Stock", "Units"), ("1", "12", "250", "1,200", "13,000")),
    "money": (("Amount", "Net", "Turnover"), ("4.50", "812.40", "1,299.00", "18,005.75", "0.30")),
    "share": (("VAT", "Share", "Rate"), ("7 %", "19 %", "0 %", "20 %")),
    "date": (("Date", "Delivered"), ("03.05.2024", "14.06.2024", "29.11.2023")),
    "code": (("Code", "Ref", "Part no."), ("A-100", "B-240", "X-707")),
}
"""For each kind of column the names that it may have, and values."""

Rows = list[list[str]]


def rows_found(page: PageWords) -> list[Rows]:
    return [[list(table.table().columns), *map(list, table.table().rows)] for table in all_tables([page], {})]


@st.composite
def drawn_tables(draw: st.DrawFn) -> tuple[str, Rows]:
    """Return a typed page with a table on it between paragraphs, and the table."""
    kinds = [
        "text",
        *draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=5)),
        draw(st.sampled_from(["count", "money"])),
    ]
    names: list[str] = []
    for kind in kinds:
        names.append(next((name for name in KINDS[kind][0] if name not in names), f"{kind.title()} {len(names)}"))
    body = [[draw(st.sampled_from(KINDS[kind][1])) for kind in kinds] for _ in range(draw(st.integers(2, 12)))]
    rows = [names, *body]
    widths = [max(len(row[at]) for row in rows) for at in range(len(kinds))]
    gap = " " * draw(st.integers(2, 5))
    right = [kind in ("count", "money", "share") and draw(st.booleans()) for kind in kinds]
    lines = [
        gap.join(f"{cell:>{w}}" if r else f"{cell:<{w}}" for cell, w, r in zip(row, widths, right, strict=True)) for row in rows
    ]
    above = [" ".join(PROSE[: draw(st.integers(6, 14))]), ""] if draw(st.booleans()) else []
    below = ["", "", " ".join(PROSE[9:23])] if draw(st.booleans()) else []
    return "\n".join([*above, *lines, *below]), rows


@settings(max_examples=300, deadline=None)
@given(drawn_tables())
def test_every_cell_of_a_table_between_paragraphs(drawn: tuple[str, Rows]) -> None:
    text, rows = drawn
    assert rows_found(typed(text)[0]) == [rows]


@settings(max_examples=100, deadline=None)
@given(drawn_tables(), st.integers(0, 1000))
def test_words_that_stand_a_little_off_as_ocr_places_them(drawn: tuple[str, Rows], seed: int) -> None:
    """The height of a line is 10, so that 0.4 is about a pixel of a scan at 100 dpi."""
    text, rows = drawn
    chance = random.Random(seed)

    def off(word: Word) -> Word:
        x0, y0, x1, y1 = (edge + chance.uniform(-0.4, 0.4) for edge in word.box)
        return Word(text=word.text, box=(x0, y0, x1, y1))

    page = typed(text)[0]
    shaken = replace(page, lines=in_lines([off(word) for line in page.lines for word in line]))
    assert rows_found(shaken) == [rows]


NONE = {
    "prose in two columns": "\n".join(
        f"{' '.join(PROSE[at : at + 6]):<42}{' '.join(PROSE[at + 12 : at + 18])}" for at in range(0, 24, 2)
    ),
    "addresses": """
        Bill to                   Deliver to               Sold by
        Okafor & Sons Ltd         Depot 2                  Harbour Freight
        88 Canal Street           14 Market Row            12 Quay Street
        York 1990                 Leeds 4711               Bristol 1005
        Unit 7                    Gate 3                   VAT 980 0001 22
    """,
    "labels and values": """
        Invoice no.     2024-118          Customer       10388
        Date            14.06.2024        Order ref      4471
        Due date        14.07.2024        Contract no.   88213
        Phone           0117 555010       Account no.    20417
    """,
    "labels with colons": """
        Terms:      30 days      Weight kg:     120
        Boxes:      14           Pallets:       2
        Parcels:    3            Insured EUR:   5000
    """,
    "boxes with labels over values": """
        INVOICE NO        INVOICE DATE        DUE DATE
        93417             08.10.2024          07.11.2024
    """,
    "contents": """
        The work                      Page
        1.   What was decided            3
        2.   What it costs              14
        3.   Who does it                27
        4.   When it is done            31
    """,
    "the foot of a letter": """
        Harbour Hardware Ltd      Barclays Bank           Registered in         Directors
        12 Quay Street            Sort code 20-00-00      England 01234567      Ines Carvalho
        Bristol BS1 4AA           Account 12345678        VAT GB980000122       Tom Baker
    """,
    "sums": """
                      Subtotal          133.00
                      VAT 20 %           26.60
                      Total             159.60
    """,
    "a letter": "\n\n".join(" ".join(PROSE[at : at + 12]) for at in range(0, 36, 12)),
}


@pytest.mark.parametrize("name", NONE)
def test_no_table_where_there_is_none(name: str) -> None:
    assert rows_found(typed(NONE[name])[0]) == []


def test_wrapped_text_belongs_to_its_row() -> None:
    (rows,) = rows_found(
        typed("""
            Pos    Description                       Qty      Price
            1      Maintenance of the plant,           1     480.00
                   spring visit, with report
            2      Filter set                          4      22.50
            3      Travel, two fitters                 2      35.00
        """)[0]
    )
    assert rows[1] == ["1", "Maintenance of the plant, spring visit, with report", "1", "480.00"]
    assert len(rows) == 4


def test_a_header_of_two_lines_and_one_over_several_columns() -> None:
    (rows,) = rows_found(
        typed("""
                             First half           Second half
            Branch        Budget    Actual      Budget    Actual
            Leeds          1,200     1,318       1,250     1,301
            York             900       874         910       933
        """)[0]
    )
    assert rows[0] == ["Branch", "First half Budget", "First half Actual", "Second half Budget", "Second half Actual"]
    (rows,) = rows_found(
        typed("""
                          Price per      Amount
            Service       unit EUR    excl. VAT
            Hosting          12.00        36.00
            Backup            5.50        11.00
        """)[0]
    )
    assert rows[0] == ["Service", "Price per unit EUR", "Amount excl. VAT"]


def test_sums_below_are_no_rows_but_a_row_of_totals_is() -> None:
    (rows,) = rows_found(
        typed("""
            Item                 Qty      Price      Amount
            Kettle                 2      24.00       48.00
            Toaster                3      36.00      108.00
                              Subtotal               156.00
                              Total                  187.20
        """)[0]
    )
    assert [row[0] for row in rows] == ["Item", "Kettle", "Toaster"]
    (rows,) = rows_found(
        typed("""
            Branch        January    February
            Leeds           1,200       1,318
            York              900         874
            Total           2,100       2,192
        """)[0]
    )
    assert rows[-1] == ["Total", "2,100", "2,192"]


def test_a_table_over_pages_is_one_and_what_is_carried_over_is_no_row() -> None:
    (table,) = all_tables(placed("de_uebertrag").pages, {})
    assert [row.cells[1] for row in table.rows] == ["Abbund", "KVH liefern", "Kran"]
    assert [row.page for row in table.rows] == [1, 1, 2]


def test_what_is_closed_by_its_sums_does_not_go_on_overleaf() -> None:
    page = """
        Item                 Qty      Price      Amount
        Kettle                 2      24.00       48.00
        Toaster                3      36.00      108.00

                               Total             156.00
    """
    assert len(all_tables(typed(page, page), {})) == 2


def test_rows_without_a_header_go_on_overleaf() -> None:
    first = "Item                 Qty      Price      Amount\nKettle                 2      24.00       48.00"
    second = "Toaster                3      36.00      108.00\nLamp                   1      15.00       15.00"
    (table,) = all_tables(typed(first, second), {})
    assert [row.cells[0] for row in table.rows] == ["Kettle", "Toaster", "Lamp"]


def test_rows_without_a_header_that_leave_no_doubt_stand_after_a_gap_too() -> None:
    (rows,) = rows_found(
        typed("""
            Dear Mrs Lane, this is what was done:




            Video editing        20      85.00      1,700.00
            Music licence         3     120.00        360.00
        """)[0]
    )
    assert rows == [
        ["col_1", "col_2", "col_3", "col_4"],
        ["Video editing", "20", "85.00", "1,700.00"],
        ["Music licence", "3", "120.00", "360.00"],
    ]


def test_words_in_ruled_tables_are_left_to_them() -> None:
    (page,) = typed("Item       Qty      Amount\nKettle       2       48.00\nLamp         1       15.00")
    assert len(find_tables(page)) == 1
    assert find_tables(page, [(0, 0, 600, 200)]) == []


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_pages_of_any_size_are_survived(count: int) -> None:
    chance = random.Random(count)
    boxes = [(chance.uniform(0, 500), 10.0 * at, str(chance.randint(1, 999))) for at in range(count) for _ in range(6)]
    words = [Word(text=text, box=(x, y, x + 25, y + 8)) for x, y, text in boxes]
    page = PageWords(number=1, width=600, height=10_000, lines=in_lines(words))
    assert find_tables(page) == []


def test_prose_is_not_worth_a_closer_look_and_rows_are() -> None:
    assert not may_hold_table("\n".join(" ".join(PROSE[at : at + 10]) for at in range(0, 40, 10)))
    assert may_hold_table(page_text(placed("en_multipage").pages[0]))
