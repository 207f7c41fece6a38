"""Reads business cards (vCard 2.1, 3.0 of RFC 2426, 4.0 of RFC 6350) as text, a page for each card."""

from __future__ import annotations

import binascii
import re

from mailbot.core.document import Document, Page, Problem
from mailbot.extract import charset, text_file
from mailbot.extract.mail_header import clean
from mailbot.extract.reader import Found, Limits

MAX_CARDS_BYTES = 2_000_000
MAX_CARDS = 200

_LABELS = {
    "FN": "Name", "N": "Name", "ORG": "Organisation", "TITLE": "Title", "ROLE": "Role", "TEL": "Telephone", "EMAIL": "E-mail",
    "ADR": "Address", "URL": "Web", "BDAY": "Birthday", "NOTE": "Note", "NICKNAME": "Nickname", "IMPP": "Messaging",
}  # fmt: skip
_FOLD = re.compile(r"\n[ \t]")
_SOFT_BREAK = re.compile(r"=\n[ \t]*")
_LINE = re.compile(r'(?:[A-Za-z0-9-]{1,60}\.)?([A-Za-z-]{1,60})((?:;(?:[^":;]|"[^"]*"){0,500}){0,20}):(.*)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Read a file of business cards; what is none is shown as the text it is."""
    text, sure = charset.decode(content[:MAX_CARDS_BYTES])
    cards = _cards(text.replace("\r\n", "\n").replace("\r", "\n"))
    if not cards:
        return text_file.read(name, content, media_type, limits)
    problems = []
    if not sure:
        problems.append(Problem(code="charset_unknown", detail=name, remedy="compare the text with the original"))
    if len(cards) > MAX_CARDS or len(content) > MAX_CARDS_BYTES:
        detail = f"{name}: only the first {min(len(cards), MAX_CARDS)} cards were read"
        problems.append(Problem(code="too_many_pages", detail=detail, remedy="look at the original"))
    pages = tuple(Page(number=number, text=card) for number, card in enumerate(cards[:MAX_CARDS], 1))
    return Found(documents=(Document(name=name, media_type=media_type, pages=pages),), problems=tuple(problems))


def _cards(text: str) -> list[str]:
    """Return the text of each card."""
    cards: list[str] = []
    lines: list[str] | None = None
    if "quoted-printable" in text.lower():
        text = _SOFT_BREAK.sub("", text)  # version 2.1 breaks long values as mail does
    for line in _FOLD.sub("", text).split("\n"):
        found = _LINE.fullmatch(line.strip())
        if not found:
            continue
        name, value = found[1].upper(), found[3].strip()
        if name == "BEGIN" and value.upper() == "VCARD":
            lines = []
        elif name == "END" and lines is not None:
            cards.append("\n".join(dict.fromkeys(lines)))
            lines = None
            if len(cards) > MAX_CARDS:
                break
        elif lines is not None and name in _LABELS and (shown := _value(name, found[2], value)):
            lines.append(f"{_LABELS[name]}: {shown}")
    return cards


def _value(name: str, parameters: str, value: str) -> str:
    """Return a value as one line: its encoding undone, the parts of a name or an address in the order people write them."""
    given = parameters.upper()
    if "QUOTED-PRINTABLE" in given:
        stated = re.search(r"CHARSET=([\w-]{1,40})", given)
        value = charset.decode(binascii.a2b_qp(value.encode()), stated[1] if stated else "")[0]
    parts = [_ESCAPED.sub(_unescaped, part) for part in re.split(r"(?<!\\);", value)]
    if name == "N":
        parts = [parts[at] for at in (3, 1, 2, 0, 4) if at < len(parts)]
    elif name == "ADR" and len(parts) == 7:
        parts = [*parts[:3], " ".join(filter(None, (parts[5], parts[3]))), parts[4], parts[6]]
    joined = (" " if name == "N" else ", ").join(part.strip() for part in parts if part.strip())
    return clean(joined.removeprefix("mailto:").removeprefix("tel:"))


def _unescaped(match: re.Match[str]) -> str:
    return "\n" if match[1] in "nN" else match[1]
