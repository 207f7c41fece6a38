"""Reads OpenDocument texts and slides (odt, odp; OpenDocument 1.3 part 3): their text in reading order, and their tables."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import Any

from mailbot.core.document import Table
from mailbot.extract.office_package import kind_of, own, parsed, read_package, tables_of
from mailbot.extract.reader import Found, Limits

_LEFT_OUT = frozenset(
    {"tracked-changes", "annotation", "notes", "forms", "sequence-decls", "variable-decls", "note-citation", "bibliography-mark"}
)
"""Elements whose text is not shown, or only to the author."""
_INLINE_BLOCKS = ("text-box", "table", "note-body")
_MOST_REPEATS = 200
_BLANKS = re.compile(r"[ \t\r\n]+")
"""Blanks in the XML, which count as one (6.1.2)."""


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Read a text as one page, slides as a page each. Problems: see `office_package.read_package`."""
    return read_package(name, content, media_type, limits, _pages_and_tables)


def _pages_and_tables(package: zipfile.ZipFile, limits: Limits) -> tuple[list[str], list[Table]]:
    root = parsed(package, "content.xml")
    body = next((one for one in root.iter() if kind_of(one) == "body"), root)
    slides = [one for one in body.iter() if kind_of(one) == "page"]
    texts, tables = [], []
    for at, element in enumerate(slides[: limits.max_pages + 1] or [body], 1):
        page = _Page(at)
        texts.append("\n".join(page.blocks(element)).strip("\n"))
        tables += page.tables
    if not slides and "styles.xml" in package.namelist():
        around = {"header": "", "footer": ""}
        for one in parsed(package, "styles.xml").iter():
            if kind_of(one) in around and not around[kind_of(one)]:
                around[kind_of(one)] = "\n".join(_Page(1).blocks(one)).strip()
        texts = ["\n\n".join(text for text in (around["header"], *texts, around["footer"]) if text)]
    return texts, tables


class _Page:
    """The text and the tables of one page."""

    def __init__(self, number: int) -> None:
        self.tables: list[Table] = []
        self._number = number

    def blocks(self, element: Any, *, top: bool = True) -> Iterator[str]:
        """Yield the paragraphs and rows below an element, in order; only tables that stand in no other become tables."""
        for child in element.iterchildren():
            kind = kind_of(child)
            if kind in ("p", "h"):
                yield from self._paragraph(child, top)
            elif kind == "table":
                rows = [[self._cell(cell) for cell in _inner(row, "table-cell")] for row in _inner(child, "table-row")]
                yield from ("\t".join(cell.replace("\n", " ") for cell in row).rstrip() for row in rows)
                if top:
                    self.tables += tables_of(rows, self._number)
            elif kind not in _LEFT_OUT:
                yield from self.blocks(child, top=top)

    def _cell(self, cell: Any) -> str:
        return "\n".join(self.blocks(cell, top=False)).strip()

    def _paragraph(self, paragraph: Any, top: bool) -> Iterator[str]:
        """Yield a paragraph's line, then what stands in the boxes, tables and notes that hang on it."""
        pieces: list[str] = []
        hanging: list[Any] = []
        _inline(paragraph, pieces, hanging)
        yield "".join(pieces).rstrip()
        for one in hanging:
            yield from self.blocks(one, top=top)


def _inline(element: Any, pieces: list[str], hanging: list[Any]) -> None:
    pieces.append(_BLANKS.sub(" ", element.text or ""))
    for child in element.iterchildren():
        kind = kind_of(child)
        if kind == "s":
            repeats = own(child, "c")
            pieces.append(" " * min(int(repeats) if repeats.isdigit() else 1, _MOST_REPEATS))
        elif kind in ("tab", "line-break"):
            pieces.append("\t" if kind == "tab" else "\n")
        elif kind in _INLINE_BLOCKS:
            hanging.append(child)
        elif kind not in _LEFT_OUT:
            _inline(child, pieces, hanging)
        pieces.append(_BLANKS.sub(" ", child.tail or ""))


def _inner(element: Any, wanted: str) -> Iterator[Any]:
    """Yield the rows of a table or cells of a row, also those in groups of rows."""
    for child in element.iterchildren():
        kind = kind_of(child)
        if kind == wanted:
            yield child
        elif kind in ("table-header-rows", "table-rows", "table-row-group"):
            yield from _inner(child, wanted)
