"""Whether a small model's draft holds: it says nothing that was read nowhere, and leaves out nothing that the reply must say.

A model of a few million parameters copies well and knows nothing. Where its text does not hold, the filled-in template is the
better draft, so this judges strictly and says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mailbot.core.document import Reading
from mailbot.core.grounding import ground
from mailbot.core.language import guess
from mailbot.core.spans import Key, plain, spans_of

DEMANDED = ("invoice", "order", "subtotal", "tax", "total")
"""Facts of a brief (`brief.KEYS`) that a reply must say where the reply template says them."""

TOLD = 3
"""Findings of a kind that are named."""


def why_not(
    text: str, *, language: str, facts: Mapping[str, str], skeleton: str, sources: Iterable[str] = (), named: Iterable[str] = ()
) -> str:
    """Return why a draft does not hold, "" when it does.

    `facts` are the brief's, as the reply is to write them; `skeleton` is the filled-in template. A figure, date, name, account or
    address of the draft must stand in one of them or in `sources`: the brief, the mail, whatever else was read. `named` are files
    that the draft must name where the template does: those that could not be read.
    """
    if not any(character.isalnum() for character in text):
        return "it is empty"
    if (written := guess(text)) and written != language:
        return f"it is in another language ({written}, not {language})"
    known = "\n".join([*facts.values(), *sources])
    grounded = ground(text, reading=Reading(file="", media_type=""), skeleton=skeleton, knowledge=known)
    if invented := [text[slice(*one.span)] for one in grounded if one.source is None]:
        return f"it says what stands nowhere: {_named(invented)}"
    demanded = [*(facts.get(key, "") for key in DEMANDED), *named]
    if missing := [value for value in demanded if value and _says(skeleton, value) and not _says(text, value)]:
        return f"it leaves out what the reply template says: {_named(missing)}"
    return ""


def _says(text: str, value: str) -> bool:
    """Return whether a text says a fact: literally, or every figure of it in another way of writing."""
    if _folded(value) in _folded(text):
        return True
    wanted = [span.keys for span in spans_of(value)]
    found = _keys(text)
    return bool(wanted) and all(keys & found for keys in wanted)


def _keys(text: str) -> frozenset[Key]:
    return frozenset(key for span in spans_of(text) for key in span.keys)


def _folded(text: str) -> str:
    return " ".join(plain(text).casefold().split())


def _named(several: list[str]) -> str:
    shown = ", ".join(" ".join(one.split())[:60] for one in several[:TOLD])
    return f"{shown} and {len(several) - TOLD} more" if len(several) > TOLD else shown
