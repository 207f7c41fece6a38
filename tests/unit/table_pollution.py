"""An order table of our own and the ways in which files of its kind get dirty; each way gives the text and the table meant."""

from __future__ import annotations

from collections.abc import Callable

Grid = list[list[str]]

HEADER = ["Order date", "Time", "Qty", "Article", "Price", "Product", "Description", "Link", "Remark"]

_PRODUCTS = [
    ("Hex bolt M8", "Zinc plated, for wood and steel. Comes in a box of one hundred, sorted by length."),
    ("Kitchen scale, digital", 'Weighs up to 5 kg; the display is 4" wide and readable in bright light.'),
    (
        "Driver's gloves",
        "Soft goatskin with a strap, not lined. Ours since the first catalogue, and still the one drivers ask for.",
    ),
    ("Desk lamp", "A lamp with two joints, a heavy foot and a warm light."),
    ("Rope, 10 m", "Braided rope that floats, doesn't rot, and takes a load of 800 kg."),
    ("Paint 2-in-1", "Primer and paint in one tin: covers in a single coat, dries in 3 hours, cleans with water."),
    ("Tape", "Sticks to anything, comes off without a trace, in white, grey and black."),
]


def base(rows: int = 60) -> Grid:
    """Return the table meant: header and rows of dates, times, codes, money, quoted text and links; the last column is empty."""
    grid = [HEADER]
    for n in range(rows):
        product, text = _PRODUCTS[n % len(_PRODUCTS)]
        article = f"{'KLMNPR'[n % 6]}{'TVWX'[n % 4]}-{2000 + (n * 379) % 7000}"
        grid.append(
            [
                f"{n % 27 + 1:02}/{n % 12 + 1:02}/2026",
                f"{n % 24:02}:{n % 4 * 15:02}",
                str(n * 7 % 40),
                article,
                f"${n * 13 % 90 + 4}.{n * 17 % 90 + 10}",
                product,
                text,
                f"https://shop.example/item/{article.replace('-', '_')}.html",
                "",
            ]
        )
    return grid


def cell(text: str, column: int, delimiter: str = ",", quote: str = '"', escape: str = '"') -> str:
    """Return a cell as written: descriptions and links always quoted, others where needed."""
    if column in (6, 7) or delimiter in text or quote in text or "\n" in text:
        return quote + text.replace(quote, escape + quote) + quote
    return text


def line(row: list[str], delimiter: str = ",", quote: str = '"', escape: str = '"') -> str:
    """Return a row as written."""
    return delimiter.join(cell(text, column, delimiter, quote, escape) for column, text in enumerate(row))


def write(grid: Grid, delimiter: str = ",", quote: str = '"', escape: str = '"', end: str = "\r\n") -> str:
    """Return a table as written."""
    return "".join(line(row, delimiter, quote, escape) + end for row in grid)


def with_line(grid: Grid, number: int, change: Callable[[list[str]], str]) -> str:
    """Return the table as written, one row (0 is the header) written by `change`."""
    return "".join((change(row) if n == number else line(row)) + "\r\n" for n, row in enumerate(grid))


def extra_delimiter(row: list[str], column: int) -> str:
    """Return a row with one delimiter too many before `column`."""
    cells = [cell(text, place) for place, text in enumerate(row)]
    return ",".join([*cells[:column], "", *cells[column:]])


def missing_delimiter(row: list[str], column: int) -> str:
    """Return a row without the delimiter before `column` (from 1)."""
    cells = [cell(text, place) for place, text in enumerate(row)]
    return ",".join([*cells[: column - 1], cells[column - 1] + cells[column], *cells[column + 1 :]])


def stray_quote(row: list[str], column: int) -> str:
    """Return a row with a quote before the cell in `column` that belongs to nothing."""
    cells = [cell(text, place) for place, text in enumerate(row)]
    return ",".join([*cells[:column], '"' + cells[column], *cells[column + 1 :]])
