"""Clean tables of several shapes, all our own, such as desks receive: what dirty files are made from."""

from __future__ import annotations

from dataclasses import dataclass

from tests.unit.table_pollution import Grid, base

_NAMES = ["Anna Berg", "José Lima", "Wei Zhang", "Tom O'Hara", "Mette Holm", "Ilse Kraus", "Paul Weber", "Lea Roth"]
_STREETS = ["Hauptstr. 5", "12 Mill Lane", "Rua Nova, 8", "Kirkegade 3", "Am Markt 17, 2. Stock", "9 Quay Road"]
_TOWNS = ["Bremen", "Leeds", "Porto", "Aarhus", "Basel", "Cork"]
_GOODS = ["Schraube M6", "Mutter M6", "Scheibe, verzinkt", "Winkel 90°", "Dübel 8 mm", "Klebeband", "Öl, 1 l"]
_WHY = ["Invoice 2026-118, thank you", "Rent for May", "Refund of order 77", "Card fee", "Salary", "Direct debit: water, sewage"]
_PLACES = ["Ward 3", "Ward 7", "Clinic", "Store"]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A clean table: its grid with the header first, its own delimiter, and the columns that are always quoted."""

    name: str
    grid: Grid
    delimiter: str = ","
    quoted: tuple[int, ...] = ()


def orders() -> Shape:
    """Dates, codes, money, long quoted text, links, an empty last column."""
    return Shape(name="orders", grid=base(40), quoted=(6, 7))


def price_list() -> Shape:
    """A German price list: semicolons, decimal commas, units."""
    rows = [
        [
            f"{4100 + n * 37}",
            _GOODS[n % 7],
            str(n % 9 * 10 + 5),
            "Stk" if n % 3 else "kg",
            f"{n * 7 % 40},{n * 31 % 90 + 10}",
            f"{n % 28 + 1:02}.{n % 12 + 1:02}.2026",
        ]
        for n in range(24)
    ]
    return Shape(
        name="price list", grid=[["Artikelnr.", "Bezeichnung", "Menge", "Einheit", "Preis", "gültig ab"], *rows], delimiter=";"
    )


def statement() -> Shape:
    """A bank statement: ISO dates, IBANs, purposes with commas, signed amounts."""
    rows = [
        [
            f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}",
            _NAMES[n * 3 % 8],
            f"DE{n * 37 % 90 + 10}{50010517:08}{n * 7919:010}",
            _WHY[n % 6],
            f"{'-' if n % 3 else ''}{n * 97 % 900}.{n * 53 % 90 + 10}",
            f"{2000 + n * 61 % 700}.{n * 41 % 90 + 10}",
            "EUR",
        ]
        for n in range(30)
    ]
    return Shape(
        name="statement", grid=[["Booked", "Party", "IBAN", "Purpose", "Amount", "Balance", "Currency"], *rows], quoted=(1, 3)
    )


def people() -> Shape:
    """A list of people: nearly all text, every cell quoted."""
    rows = [
        [
            _NAMES[n % 8].split(" ", 1)[0],
            _NAMES[n * 5 % 8].split(" ", 1)[1],
            _STREETS[n % 6],
            f"{28000 + n * 311}",
            _TOWNS[n % 6],
            f"{_NAMES[n % 8].split(' ')[0].lower()}.{n}@post.example",
            f"+49 421 {n * 7717 % 900000 + 100000}",
        ]
        for n in range(18)
    ]
    header = ["First name", "Family name", "Street", "Postcode", "Town", "Mail", "Phone"]
    return Shape(name="people", grid=[header, *rows], quoted=tuple(range(7)))


def readings() -> Shape:
    """Measurements: a time stamp and figures, tabs between."""
    rows = [
        [
            f"2026-05-{n // 24 + 1:02} {n % 24:02}:00",
            _PLACES[n % 4],
            f"{18 + n % 7}.{n * 3 % 10}",
            f"{n * 13 % 60 + 30}",
            f"{0.002 * n:.3f}",
        ]
        for n in range(36)
    ]
    return Shape(name="readings", grid=[["Taken at", "Place", "Temperature", "Humidity", "Drift"], *rows], delimiter="\t")


def small() -> Shape:
    """Three columns and six rows, as pasted into a mail."""
    rows = [
        ["Bolt", "12", "0.45"],
        ["Nut", "40", "0.12"],
        ["Washer", "100", "0.03"],
        ["Hinge", "4", "2.80"],
        ["Latch", "2", "6.10"],
        ["Screw", "250", "0.08"],
    ]
    return Shape(name="small", grid=[["Item", "Qty", "Price"], *rows])


def stock() -> Shape:
    """Chinese stock list: names and codes, some cells missing."""
    words = ["螺丝", "螺母", "垫圈", "扳手", "油漆"]
    rows = [
        [
            f"A-{n * 17 % 900 + 100}",
            words[n % 5],
            str(n * 7 % 50),
            f"¥{n * 3 % 20 + 1}.{n * 11 % 90 + 10}",
            "是" if n % 4 else "否",
            "" if n % 5 == 2 else f"仓库{n % 3 + 1}",
        ]
        for n in range(20)
    ]
    return Shape(name="stock", grid=[["编号", "名称", "数量", "单价", "有货", "备注"], *rows])


def timesheet() -> Shape:
    """Hours worked: a weekday, times, a decimal, a flag and a remark that is mostly empty; pipes between."""
    days = ["Mon", "Tue", "Wed", "Thu", "Fri"]
    rows = [
        [
            f"{n % 28 + 1:02}/{n // 28 + 13:02}/2026".replace("/13/", "/03/").replace("/14/", "/04/"),
            days[n % 5],
            _NAMES[n * 3 % 8],
            f"{7 + n % 3}:{n % 4 * 15:02}",
            f"{15 + n % 4}:30",
            f"{7 + n % 3}.{n % 4 * 25:02}",
            "yes" if n % 3 else "no",
            "left early, dentist" if n % 7 == 3 else "",
        ]
        for n in range(45)
    ]
    return Shape(name="timesheet", grid=[["Day", "Weekday", "Who", "From", "To", "Hours", "Paid", "Remark"], *rows], delimiter="|")


SEEN = (orders, price_list, statement, people, readings, small)
"""The shapes that the loader was looked at with."""

UNSEEN = (stock, timesheet)
"""The shapes that were only scored, after everything was settled."""
