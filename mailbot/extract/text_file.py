"""Reads plain text of any encoding as one page."""

from __future__ import annotations

from mailbot.core.document import Document, Page, Problem
from mailbot.extract import charset
from mailbot.extract.reader import Found, Limits

MAX_TEXT = 10_000_000
"""Bytes that are read."""


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Read a text file: byte order mark first, then UTF-8, then statistics."""
    text, sure = charset.decode(content[:MAX_TEXT])
    problems = []
    if not sure:
        problems.append(Problem(code="charset_unknown", detail=name, remedy="compare the text with the original"))
    if len(content) > MAX_TEXT:
        problems.append(Problem(code="too_large", detail=f"{name}: only the first {MAX_TEXT} bytes were read"))
    page = Page(number=1, text=charset.clean(text))
    return Found(documents=(Document(name=name, media_type=media_type, pages=(page,)),), problems=tuple(problems))
