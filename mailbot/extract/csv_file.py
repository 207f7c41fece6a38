"""Reads csv and tsv files: bytes to text in whatever encoding they are, then `core.table_load`."""

from __future__ import annotations

from mailbot.core.document import Document, Page, Problem
from mailbot.core.legacy_encoding import likely_encoding, utf16_order
from mailbot.core.table_load import load_tables
from mailbot.core.table_report import aligned
from mailbot.extract.charset import decode
from mailbot.extract.reader import Found, Limits

_C1 = {code: bytes([code]).decode("cp1252") for code in range(0x80, 0xA0) if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}
"""What C1 control codes stand for when text in Windows-1252 was labelled Latin-1 and re-encoded (WHATWG Encoding, 4.2)."""


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Return one document with the file's text and its tables, first the main one; an empty file has none."""
    if not content:
        return Found(
            documents=(Document(name=name, media_type=media_type),),
            problems=(Problem(code="empty_file", detail=f"{name} has no bytes"),),
        )
    text, sure = text_of(content)
    loaded = load_tables(text)
    problems: list[Problem] = []
    if not sure:
        problems.append(
            Problem(
                code="charset_unknown",
                detail=f"{name}: the encoding was inferred from the letters",
                remedy="ask for the file in UTF-8",
            )
        )
    if loaded.repaired:
        problems.append(
            Problem(
                code="repaired_rows",
                detail=f"{name}: {aligned(loaded.repaired)}",
                remedy="compare these lines with the file",
            )
        )
    document = Document(name=name, media_type=media_type, pages=(Page(number=1, text=text),), tables=loaded.tables)
    return Found(documents=(document,), problems=tuple(problems))


def text_of(content: bytes) -> tuple[str, bool]:
    """Return the text of a file and whether its encoding is sure."""
    if not content.startswith((b"\xff\xfe", b"\xfe\xff")) and (wide := utf16_order(content)):
        return content.decode(wide, "replace"), True
    try:
        text, sure = content.decode("utf-8-sig"), True
    except UnicodeDecodeError:
        encoding = "" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else likely_encoding(_letters(content))
        text, sure = (content.decode(encoding, "replace"), False) if encoding else decode(content)
    return text.translate(_C1), sure


def _letters(content: bytes) -> bytes:
    """Return the part of a large file that its encoding is judged by: the first lines that are not all ASCII."""
    if len(content) <= 100_000:
        return content
    picked: list[bytes] = []
    for line in content.split(b"\n"):
        if not line.isascii():
            picked.append(line)
            if len(picked) == 1000:
                break
    return b"\n".join(picked)
