"""Reads Word files (docx, ECMA-376 part 1): their text in reading order, headers first and footers last, and their tables.

The tree is walked here, since libraries for writing such files leave out text in content controls, text boxes and tracked
insertions, where the templates of invoices have it. Nothing outside the file is ever followed, and entities are not expanded.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import Any

from mailbot.core.document import Table
from mailbot.extract.office_package import kind_of, parsed, read_package, related, tables_of
from mailbot.extract.reader import Found, Limits

_BREAKS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "\u2011", "softHyphen": ""}
_LEFT_OUT = frozenset(
    {"del", "moveFrom", "instrText", "delText", "Fallback", "annotation", "sdtPr", "pPr", "rPr", "tblPr", "sectPr"}
)
"""Elements whose text is not shown, or shown twice."""


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Read a Word file as one page. Problems: archive_limits, unreadable_file."""
    return read_package(name, content, media_type, limits, _pages_and_tables)


def _pages_and_tables(package: zipfile.ZipFile, limits: Limits) -> tuple[list[str], list[Table]]:
    main = next(iter(related(package, "", ("officeDocument",))), "word/document.xml")
    parts = [
        *related(package, main, ("header",)), main, *related(package, main, ("footnotes", "endnotes")),
        *related(package, main, ("footer",)),
    ]  # fmt: skip
    texts: list[str] = []
    tables: list[Table] = []
    for part in parts:
        reader = _Part(parsed(package, part))
        texts.append(reader.text)
        tables += reader.tables
    kept = dict.fromkeys(text for text in texts if text.strip())  # the same header stands for several sections
    return ["\n\n".join(kept)], tables


class _Part:
    """The text and the tables of one part."""

    def __init__(self, root: Any) -> None:
        self.tables: list[Table] = []
        self.text = "\n".join(self._blocks(root, top=True)).strip("\n")

    def _blocks(self, element: Any, *, top: bool) -> Iterator[str]:
        """Yield the paragraphs and rows below an element, in order; only tables that stand in no other become tables."""
        for child in element.iterchildren():
            kind = kind_of(child)
            if kind == "p":
                yield from self._paragraph(child)
            elif kind == "tbl":
                rows = [[self._cell(cell) for cell in _inner(row, "tc")] for row in _inner(child, "tr")]
                yield from ("\t".join(cell.replace("\n", " ") for cell in row).rstrip() for row in rows)
                if top:
                    self.tables += tables_of(rows, 1)
            elif kind not in _LEFT_OUT:
                yield from self._blocks(child, top=top)

    def _cell(self, cell: Any) -> str:
        return "\n".join(self._blocks(cell, top=False)).strip()

    def _paragraph(self, paragraph: Any) -> Iterator[str]:
        """Yield a paragraph's line, then what stands in text boxes that hang on it."""
        pieces: list[str] = []
        boxes: list[Any] = []
        self._inline(paragraph, pieces, boxes)
        yield "".join(pieces).rstrip()
        for box in boxes:
            yield from self._blocks(box, top=True)

    def _inline(self, element: Any, pieces: list[str], boxes: list[Any]) -> None:
        for child in element.iterchildren():
            kind = kind_of(child)
            if kind == "t":
                pieces.append(child.text or "")
            elif kind in _BREAKS:
                pieces.append(_BREAKS[kind])
            elif kind == "txbxContent":
                boxes.append(child)
            elif kind not in _LEFT_OUT:
                self._inline(child, pieces, boxes)


def _inner(element: Any, wanted: str) -> Iterator[Any]:
    """Yield the rows of a table or cells of a row, also those that content controls wrap."""
    for child in element.iterchildren():
        kind = kind_of(child)
        if kind == wanted:
            yield child
        elif kind in ("sdt", "sdtContent", "ins", "customXml"):
            yield from _inner(child, wanted)
