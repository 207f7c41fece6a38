"""What a cell of a table looks like (number, date, code, text …) and how well a cell fits the others of its column.

Nothing is converted here: the kinds serve to find the dialect, the header and the right place of the cells of a broken row.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

Kind = Literal["missing", "number", "money", "percent", "date", "time", "flag", "web", "code", "text"]

MISSING_WORDS = frozenset(
    """- -- – — .. ... ? n/a na n.a. nan null none nil #n/a k.a. n/v <na> <null> (null)
    #div/0! #value! #wert! #ref! #bezug! #name? #num! #zahl! #null!""".split()
) | {"", "n. a.", "k. a."}
"""Words that stand for no value, in lower case."""

UNKNOWN_WORDS = frozenset(
    """unknown tbd tba t.b.d. (blank) unbekannt keine leer (leer) inconnu néant desconocido sconosciuto desconhecido onbekend geen
    brak okänd ukendt ukjent 无 未知 不明 暂无 なし 未定""".split()
) | {"not available", "keine angabe", "ohne angabe", "non disponible", "sin datos", "нет данных"}
"""Words that stand for no value where all other values of a column are figures, dates, or yes and no; lower case."""

TYPED: frozenset[Kind] = frozenset({"number", "money", "percent", "date", "time", "flag", "web", "code"})
"""The kinds that say something about a column; text fits anything."""

_ENOUGH_ROWS = 2000

_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|mär|mai|okt|dez|févr?|avr|juin|juil|août|déc"
    r"|january|february|march|april|june|july|august|september|october|november|december)\.?"
)
_TIME = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?(?:\s?[ap]\.?m\.?)?"
_YEAR = r"(?:\d{4}|'?\d{2})"
_DATE = (
    rf"(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.](?:\d{{4}}|\d{{2}})"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.)?[-/. ]?{_MONTH}(?:[-/., ]+{_YEAR})?|{_MONTH}[-/ .](?:\d{{1,2}},?[ -])?{_YEAR}"
    r"|\d{4}年\d{1,2}月(?:\d{1,2}日)?)"
)
_NUMBER = r"(?:\d+|\d{1,3}(?:[,.'’\u00a0\u202f\u2009 ]\d{3})+|\d{1,3}(?:,\d{2})+,\d{3})?(?:[.,]\d+|[.,](?=$))?(?:e[-+]?\d+)?"
_SIGNED = rf"(?=[-+−(]?\s?[.,]?\d)(?:[-+−]\s?)?{_NUMBER}(?:-)?"
_CURRENCY = (
    r"(?:[$€£¥₹₽₩₺]|(?:us|a|c|hk|nz|nt|s)\$|usd|eur|gbp|chf|cny|rmb|jpy|cad|aud|sek|nok|dkk|pln|czk|inr|元|円|kr\.?|zł|kč|fr\.)"
)

_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("number", re.compile(rf"{_SIGNED}|\({_SIGNED}\)", re.IGNORECASE)),
    ("percent", re.compile(rf"{_SIGNED}\s?[%％]", re.IGNORECASE)),
    (
        "money",
        re.compile(
            rf"\(?(?:[-+−]\s?)?{_CURRENCY}\s?{_SIGNED}\)?|\(?{_SIGNED}\s?{_CURRENCY}\)?|{_CURRENCY}\s?-",
            re.IGNORECASE,
        ),
    ),
    ("date", re.compile(rf"{_DATE}(?:[T ,]+{_TIME}(?:\s?(?:z|utc|[-+]\d\d:?\d\d))?)?", re.IGNORECASE)),
    ("time", re.compile(_TIME, re.IGNORECASE)),
    ("flag", re.compile(r"(?:yes|no|true|false|y|n|ja|nein|oui|non|si|sí|是|否)", re.IGNORECASE)),
    ("web", re.compile(r"(?:https?://|www\.)\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)),
    ("code", re.compile(r"(?=[^\s]*\d)[A-Za-z0-9][A-Za-z0-9_/.#:+-]{0,39}")),
)


@lru_cache(maxsize=65536)
def kind(cell: str) -> Kind:
    """Return what a cell looks like; spaces around it do not count."""
    text = cell.strip()
    if len(text) > 200:
        return "web" if text.startswith(("http://", "https://")) and " " not in text else "text"
    if text.lower() in MISSING_WORDS:
        return "missing"
    for name, pattern in _KINDS:
        if pattern.fullmatch(text):
            return name
    return "text"


@lru_cache(maxsize=65536)
def shape(cell: str) -> str:
    """Return the pattern of a short cell: digits as 9 (runs over four as 9+), letters as A or a in runs; "" for long text."""
    if len(cell) > 40:
        return ""
    runs = re.sub(r"[^\W\d_]+", lambda m: "A" if m[0].isupper() else "a", cell)
    return re.sub(r"\d+", lambda m: "9" * len(m[0]) if len(m[0]) <= 4 else "9+", runs)


def _edge(character: str) -> str:
    """Return the class of a first or last character."""
    if character.isdigit():
        return "9"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return character


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What the cells of one column look like, from the rows that are whole: each mapping gives shares of 1."""

    empty: float
    kinds: dict[Kind, float]
    shapes: dict[str, float]
    firsts: dict[str, float]
    lasts: dict[str, float]
    shortest: int
    longest: int

    @property
    def typed(self) -> Kind | None:
        """The kind that four in five values have, when it is not text."""
        best = max(self.kinds, key=lambda k: self.kinds[k], default="text")
        return best if best in TYPED and self.kinds[best] >= 0.8 else None

    def conforms(self, cell: str) -> bool:
        """Return whether a non-empty cell looks like a value of this column."""
        form = shape(cell)
        told = form not in ("a", "A") and self.shapes.get(form, 0.0) > 0  # any word at all is of the form "a"
        return cell in self.shapes or self.kinds.get(kind(cell), 0.0) >= 0.05 or told

    def fit(self, cell: str) -> float:
        """Return the logarithm of how well a cell fits, from about -9 (nothing like it) to 0."""
        if not cell.strip():
            return math.log(max(self.empty, 0.0005))
        if not self.firsts:
            return -4.5  # nothing is known of what this column would hold
        edges = self.firsts.get(_edge(cell[0]), 0.01) * self.lasts.get(_edge(cell[-1]), 0.01)
        length = 1.0 if self.shortest <= len(cell) <= self.longest else 0.3
        likeness = 0.5 * self.shapes.get(shape(cell), 0.0) + 0.5 * self.kinds.get(kind(cell), 0.0) * math.sqrt(edges) * length
        return math.log(max(0.0001, (1 - self.empty * 0.9) * likeness))


def profile(cells: Iterable[str]) -> Profile:
    """Return the profile of a column's cells."""
    everything = list(cells)
    filled = [cell for cell in everything if cell.strip()]
    values = [cell for cell in filled if kind(cell) != "missing"]
    lengths = [len(cell) for cell in filled] or [0]
    return Profile(
        empty=1 - len(filled) / len(everything) if everything else 1.0,
        kinds=_shares([kind(cell) for cell in values]),
        shapes=_shares([form for form in map(shape, filled) if form]),
        firsts=_shares([_edge(cell[0]) for cell in filled]),
        lasts=_shares([_edge(cell[-1]) for cell in filled]),
        shortest=min(lengths),
        longest=max(lengths),
    )


def profiles(rows: Sequence[Sequence[str]], width: int) -> list[Profile]:
    """Return the profile of each column of rows (of evenly spread ones, when there are many); short rows count as empty there."""
    rows = rows[:: len(rows) // _ENOUGH_ROWS + 1]
    return [profile(row[column] if column < len(row) else "" for row in rows) for column in range(width)]


def _shares(values: list[Any]) -> dict[Any, float]:
    """Return the share of each value."""
    return {value: count / len(values) for value, count in Counter(values).items()}
