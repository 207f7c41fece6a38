"""Text without regard to case, width and accents, as labels and names are compared. Costs next to nothing to import."""

from __future__ import annotations

import unicodedata


def spelled_out(text: str) -> str:
    """Return text in small letters, each accent a character of its own: "№" and "Ｎｏ" become "no" (Unicode NFKD, then casefold).

    In the other order capitals would be left, of "№" and 636 further characters.
    """
    return unicodedata.normalize("NFKD", text).casefold()


def bare_name(name: str) -> str:
    """Return a name as names are compared: letters and figures only, without case, width or accents."""
    return "".join(letter for letter in spelled_out(name) if letter.isalnum())
