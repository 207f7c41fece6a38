"""The brief: what a model that mailbot trained itself writes a reply from.

Short where `prompt` is long: such a model is small, reads nothing but this form, and was trained on it. Facts stand in it as the
reply is to write them, so that the model only ever copies a figure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

BRIEF, MAIL, REPLY, END = MARKS = ("<|brief|>", "<|mail|>", "<|reply|>", "<|end|>")
"""Tokens of their own. They are taken out of every text that comes from outside."""

OPEN = "open"
"""The kind of a brief whose reply is to answer what the mail itself asks."""

_SORTED = re.compile(r"\s*kind: (\w+)(?:\n\s*|\s*$)")

KEYS = (
    "name", "invoice", "invoice date", "due date", "order", "subtotal", "tax", "total", "supplier", "customer", "iban", "rows",
    "attachments", "problem",
)  # fmt: skip
"""The facts that a brief may hold, in this order."""

MAX_FACT_BYTES = 90
MAX_SUBJECT_BYTES = 120
MAX_MAIL_BYTES = 600
"""UTF-8 bytes: what bounds the tokens of a byte-level vocabulary, whatever the language."""


def brief(*, kind: str, language: str, desk: str, facts: Mapping[str, str], subject: str = "", mail: str = "") -> str:
    """Return the prompt for one reply. `facts` are values of KEYS as the reply is to write them; absent ones are left out.

    `language` is "en" or "zh"; `mail` is the sender's own new text, cut to its first MAX_MAIL_BYTES.
    """
    lines = [f"language: {language}", f"kind: {kind}", f"desk: {line(desk, MAX_FACT_BYTES) or 'Desk'}"]
    lines += [f"{key}: {shown}" for key in KEYS if (shown := line(facts.get(key, ""), MAX_FACT_BYTES))]
    words = "\n".join(shown for one in _unmarked(mail).splitlines() if (shown := " ".join(one.split())))
    told = f"subject: {line(subject, MAX_SUBJECT_BYTES)}\n{_cut(words, MAX_MAIL_BYTES)}".strip()
    return BRIEF + "\n".join(lines) + MAIL + told + REPLY


def answer(kind: str, reply: str) -> str:
    """Return what a model is taught to write to a brief: first which kind of mail it takes it for, then the reply.

    Decided before anything is written, the kind is decided once; else the first words, which many kinds share, would decide.
    """
    return f"kind: {kind}\n\n{reply}".rstrip()


def reply_of(written: str) -> tuple[str, str]:
    """Return the kind that a model took the mail for ("" where it says none: not every model is taught to) and its reply."""
    said = _SORTED.match(written)
    return (said[1], written[said.end() :].strip()) if said else ("", written.strip())


def line(text: str, most: int) -> str:
    """Return a text on one line without marks and control characters, cut to `most` bytes."""
    return _cut(" ".join(_unmarked(text).split()), most)


_MARK = re.compile("|".join(re.escape(mark) for mark in MARKS))
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def _unmarked(text: str) -> str:
    text = _CONTROL.sub("", text)
    while _MARK.search(text):
        text = _MARK.sub("", text)
    return text


def _cut(text: str, most: int) -> str:
    raw = text.encode("utf-8", "replace")
    return text if len(raw) <= most else raw[:most].decode("utf-8", "ignore").rstrip()
