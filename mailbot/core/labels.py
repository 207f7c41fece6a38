"""The labels that invoices and orders put beside their figures, in English, German, French, Dutch, Spanish, Italian, Chinese.

Labels are looked for in folded text (case, accents and the letters that OCR mixes up made the same), so that "lnvoice Nurnber"
is found. Labels of other things ("other") are known too, so that their values are not taken for ours.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cache

from mailbot.core.label_words import NUMBER_WORDS, PHRASES
from mailbot.core.other_labels import TITLES

_STARTS = re.compile(r"(?<![^\W\d_])[a-z#]|[^\x00-\x7f]")
"""Where a label may begin in folded text: at a word, or at any character of another script."""

_IN_REFERENCE = re.compile(r"[\-/_]?\d")
"""What follows a label's letters in a number that only begins like a label: "PO-7731"."""

_COMPOUND = r"(?<![a-z])(?!be|an|ver|ab|zu)[a-z]{2,}(?:rechnung|factuur)(?![a-z])"
"""Folded: an invoice for something, in one word: Schlussrechnung, Jaarfactuur; not Berechnung."""

_BETWEEN = re.compile(r"[ /|:：.,()（）\-]{0,4}")
"""What stands between two names of one thing."""

_LOOKALIKES = str.maketrans({"l": "i", "1": "i", "|": "i", "!": "i", "0": "o"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label found in a text: whose value it announces, how plainly (4 to 0), and where it stands."""

    name: str
    grade: int
    start: int
    end: int


def find_labels(text: str) -> list[Label]:
    """Return the labels in a line of text from left to right; where several fit, the longest stands."""
    folded, places = fold(text)
    found: list[Label] = []
    end = 0
    for start in _STARTS.finditer(folded):
        if start.start() < end:
            continue
        match = _starting(folded[start.start() : start.start() + 2]).match(folded, start.start())
        if match:
            end = match.end()
            if _IN_REFERENCE.match(folded, end) and folded[end - 1].isalpha():
                continue
            name, grade = _meanings()[_key(match[0])]
            found.append(Label(name=name, grade=grade, start=places[start.start()], end=places[end - 1] + 1))
    return _joined(found, text)


def _joined(labels: Sequence[Label], text: str) -> list[Label]:
    """Return the labels with those that say the same side by side as one: "日期 Date:", "N° facture / Factuurnr."."""
    joined: list[Label] = []
    for label in labels:
        last = joined[-1] if joined else None
        if last is not None and last.name == label.name and _BETWEEN.fullmatch(text, last.end, label.start):
            joined[-1] = Label(name=last.name, grade=max(last.grade, label.grade), start=last.start, end=label.end)
        else:
            joined.append(label)
    return joined


def has_title(text: str) -> bool:
    """Return whether the text calls itself an invoice, an order or the like somewhere."""
    return _titles().search(fold(text)[0]) is not None


def fold(text: str) -> tuple[str, Sequence[int]]:
    """Return the text with case, accents and look-alikes made the same, and for each character of it its place in `text`."""
    folded: str = text.lower()
    places: Sequence[int] = range(len(text))
    if not text.isascii():
        pairs = [
            (letter, place)
            for place, character in enumerate(text)
            for letter in unicodedata.normalize("NFKD", character.casefold())
            if not unicodedata.combining(letter)
        ]
        folded, places = "".join(letter for letter, _ in pairs), [place for _, place in pairs]
    # a look-alike digit is a letter only between letters: "T0tal", but not "No 10"
    folded = re.sub(r"(?<=[a-z])[10|!](?=[a-z])", lambda match: match[0].translate(_LOOKALIKES), folded).replace("l", "i")
    if "rn" in folded:
        places = [place for at, place in enumerate(places) if not folded.startswith("rn", at - 1) or not at]
        folded = folded.replace("rn", "m")
    return folded, places


def _key(written: str) -> str:
    """Return what is left of a folded label without spaces and punctuation."""
    return re.sub(r"[\s.\-_/'’:()]", "", written)


@cache
def _meanings() -> dict[str, tuple[str, int]]:
    """Return for each folded label its name and grade; what stands first in PHRASES wins."""
    meanings: dict[str, tuple[str, int]] = {}
    for name, grades in PHRASES.items():
        for grade, phrases in grades.items():
            for phrase in _expanded(phrases):
                meanings.setdefault(_key(fold(phrase)[0]), (name, grade))
    return meanings


@cache
def _phrases() -> frozenset[str]:
    """Return all phrases, folded."""
    return frozenset(fold(one)[0] for grades in PHRASES.values() for written in grades.values() for one in _expanded(written))


@cache
def _starting(letters: str) -> re.Pattern[str]:
    """Return a pattern for the phrases that may begin with two letters; a first word of one letter may be followed by a point."""
    near = {one for one in _phrases() if one[0] == letters[0] and (one[:2] == letters or one[1:2] == " " or not one[0].isascii())}
    return _any_of(near)


@cache
def _titles() -> re.Pattern[str]:
    plain = _any_of({fold(phrase)[0] for phrase in _expanded(TITLES)})
    return re.compile(rf"{plain.pattern}|{_COMPOUND}")


def _any_of(phrases: Set[str]) -> re.Pattern[str]:
    """Return a pattern for any of the folded phrases, longest first: points and dashes may part words, spaces Chinese."""
    ordered = sorted(phrases, key=len, reverse=True)
    latin = "|".join(r"[ .\-_/'’]{0,3}".join(map(re.escape, one.split())) for one in ordered if one[0].isascii())
    other = "|".join(r"\s{0,4}".join(map(re.escape, one)) for one in ordered if not one[0].isascii())
    forms = [rf"(?<![^\W\d_])(?:{latin})(?![^\W\d_])"] if latin else []
    return re.compile("|".join([*forms, rf"(?:{other})"] if other else forms) or r"(?!)")


def _expanded(phrases: str) -> set[str]:
    """Return the phrases of a list, each {no} replaced by every way to write "number"."""
    found = set()
    for phrase in (" ".join(one.split()) for one in phrases.split(";")):
        found |= {phrase.replace("{no}", no) for no in NUMBER_WORDS.split("|")} if "{no}" in phrase else {phrase}
    return found - {""}
