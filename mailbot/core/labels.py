"""The labels that invoices and orders put beside their figures, in English, German, French, Dutch, Spanish, Italian, Chinese.

Labels are looked for in folded text (case, accents and the letters that OCR mixes up made the same), so that "lnvoice Nurnber"
is found. Labels of other things ("other") are known too, so that their values are not taken for ours.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from mailbot.core.label_words import NUMBER_WORDS, PHRASES
from mailbot.core.letters import spelled_out
from mailbot.core.other_labels import TITLES

_STARTS = re.compile(r"[a-z](?<![^\W\d_].)[a-z]*|#(?<![^\W\d_].)|[^\x00-\x7f]")
"""Where a label may begin in folded text: at a word, or at any character of another script."""

_BEGINNINGS = re.compile(r"(?:^|\t)[ •*\-·]*([a-z#][^\t]{0,4}|[^\x00-\x7f])")
"""How the cells of a line begin in folded text, as far as labels may begin so; bullets are left out."""

_IN_REFERENCE = re.compile(r"[\-/_]?\d")
"""What follows a label's letters in a number that only begins like a label: "PO-7731"."""

_COMPOUND = r"(?<![a-z])(?!be|an|ver|ab|zu)[a-z]{2,}(?:rechnung|factuur)(?![a-z])"
"""Folded: an invoice for something, in one word: Schlussrechnung, Jaarfactuur; not Berechnung."""

_PARTING = re.compile(r"[ .\-_/'’]")
"""What may stand between the words of a label, up to three times, where its phrase has a space."""

_BETWEEN = re.compile(r"[ /|:：.,()（）\-]{0,4}")
"""What stands between two names of one thing."""

_AMONG_LETTERS = re.compile(r"(?<=[a-z])[10|!](?=[a-z])")
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
    for letter in _STARTS.finditer(folded):
        start = letter.start()
        if start < end:
            continue
        phrases = _starting(folded[start : start + 5] if letter[0].isascii() else letter[0])
        match = phrases.match(folded, start) if phrases else None
        if match:
            end = match.end()
            if _IN_REFERENCE.match(folded, end) and folded[end - 1].isalpha():
                continue
            name, grade = _meanings()[_key(match[0])]
            found.append(Label(name=name, grade=grade, start=places[start], end=places[end - 1] + 1))
    return _joined(found, text) if found else found


def may_begin_cell(text: str) -> bool:
    """Return whether a label may begin a cell of a line; this costs less than to find all labels, and most rows have none."""
    return any(_starting(letters) for letters in _BEGINNINGS.findall(fold(text)[0]))


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
            for letter in spelled_out(character)
            if not unicodedata.combining(letter)
        ]
        folded, places = "".join(letter for letter, _ in pairs), [place for _, place in pairs]
    # a look-alike digit is a letter only between letters: "T0tal", but not "No 10"
    folded = _AMONG_LETTERS.sub(lambda match: match[0].translate(_LOOKALIKES), folded).replace("l", "i")
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
def _phrases() -> dict[str, list[tuple[str, str]]]:
    """Return all phrases by their first letters, each folded, and folded without what may part words."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    every = {fold(one)[0] for grades in PHRASES.values() for written in grades.values() for one in _expanded(written)}
    for phrase in every:
        found[phrase[0]].append((phrase, _PARTING.sub("", phrase)))
    return found


@lru_cache(maxsize=16384)
def _starting(letters: str) -> re.Pattern[str] | None:
    """Return a pattern for the phrases that a text may hold which begins with some letters, five or one; None for none.

    A phrase of one letter ("n") is none where anything follows it; a Chinese one may be.
    """
    near, bare = _phrases().get(letters[0], ()), _PARTING.sub("", letters)
    may_be = [phrase for phrase, key in near if key.startswith(bare) or bare.startswith(key)]
    return _any_of(frozenset(one for one in may_be if len(one) > 1 or one == letters))


@cache
def _titles() -> re.Pattern[str]:
    plain = _any_of(frozenset(fold(phrase)[0] for phrase in _expanded(TITLES)))
    return re.compile(rf"{plain.pattern}|{_COMPOUND}" if plain else _COMPOUND)


@cache
def _any_of(phrases: frozenset[str]) -> re.Pattern[str] | None:
    """Return a pattern for any of the folded phrases, longest first: points and dashes may part words, spaces Chinese.

    Of two as long that with more letters comes first: "btw #" before "b t w".
    """
    if not phrases:
        return None
    ordered = sorted(phrases, key=lambda one: (-len(one), one.count(" "), one))
    latin = "|".join(rf"{_PARTING.pattern}{{0,3}}".join(map(re.escape, one.split())) for one in ordered if one[0].isascii())
    other = "|".join(r"\s{0,4}".join(map(re.escape, one)) for one in ordered if not one[0].isascii())
    forms = [rf"(?<![^\W\d_])(?:{latin})(?![^\W\d_])"] if latin else []
    return re.compile("|".join([*forms, rf"(?:{other})"] if other else forms))


def _expanded(phrases: str) -> set[str]:
    """Return the phrases of a list, each {no} replaced by every way to write "number"."""
    found = set()
    for phrase in (" ".join(one.split()) for one in phrases.split(";")):
        found |= {phrase.replace("{no}", no) for no in NUMBER_WORDS.split("|")} if "{no}" in phrase else {phrase}
    return found - {""}
