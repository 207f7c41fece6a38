"""Reads Word files (docx, ECMA-376 part 1): their text in reading order, headers first and footers last, and their tables.

The tree is walked here, since libraries for writing such files leave out text in content controls, text boxes and tracked
insertions, where the templates of invoices have it. Nothing outside the file is ever followed, and entities are not expanded.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from typing import Any

from mailbot.core.document import Document, Page, Problem, Table
from mailbot.core.table_layout import lay_out
from mailbot.core.table_load import table_of
from mailbot.extract import charset
from mailbot.extract.office_package import attack
from mailbot.extract.reader import Found, Limits

MAX_PART = 100_000_000
"""Bytes of one XML part that are parsed."""
MAX_TEXT = 5_000_000
"""Characters that are kept."""

_BREAKS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "\u2011", "softHyphen": ""}
_LEFT_OUT = frozenset(
    {"del", "moveFrom", "instrText", "delText", "Fallback", "annotation", "sdtPr", "pPr", "rPr", "tblPr", "sectPr"}
)
"""Elements whose text is not shown, or shown twice."""
_BROKEN = (zipfile.BadZipFile, KeyError, ValueError, NotImplementedError, RuntimeError, EOFError, SyntaxError)


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Read a Word file as one page. Problems: archive_limits, unreadable_file."""
    document = Document(name=name, media_type=media_type)
    try:
        if problem := attack(name, content, limits):
            return Found(documents=(document,), problems=(problem,))
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            text, tables = _text_and_tables(package)
    except _BROKEN as error:
        words = " ".join(str(error).split())[:200]
        remedy = "ask the sender to save it again, or to remove its password"
        return Found(documents=(document,), problems=(Problem(code="unreadable_file", detail=f"{name}: {words}", remedy=remedy),))
    page = Page(number=1, text=text)
    return Found(documents=(Document(name=name, media_type=media_type, pages=(page,), tables=tables),))


def _text_and_tables(package: zipfile.ZipFile) -> tuple[str, tuple[Table, ...]]:
    main = next(iter(_related(package, "", ("officeDocument",))), "word/document.xml")
    parts = [
        *_related(package, main, ("header",)), main, *_related(package, main, ("footnotes", "endnotes")),
        *_related(package, main, ("footer",)),
    ]  # fmt: skip
    texts: list[str] = []
    tables: list[Table] = []
    for part in parts:
        reader = _Part(_parsed(package, part))
        texts.append(reader.text)
        tables += reader.tables
    kept = dict.fromkeys(text for text in texts if text.strip())  # the same header stands for several sections
    return charset.clean("\n\n".join(kept))[:MAX_TEXT], tuple(tables)


def _related(package: zipfile.ZipFile, part: str, kinds: tuple[str, ...]) -> list[str]:
    """Return the parts inside the package that `part` names as its header, footer and so on (ECMA-376 part 2, 6.5)."""
    folder, name = posixpath.split(part)
    path = f"{folder}/_rels/{name}.rels" if folder else f"_rels/{name}.rels"
    present = set(package.namelist())
    if path not in present:
        return []
    found = []
    for one in _parsed(package, path):
        kind = str(one.get("Type", "")).rpartition("/")[2]
        if kind in kinds and one.get("TargetMode") != "External":
            target = str(one.get("Target", ""))
            joined = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            if joined in present:
                found.append(joined)
    return list(dict.fromkeys(found))[:100]


def _parsed(package: zipfile.ZipFile, part: str) -> Any:
    from lxml import etree

    with package.open(part) as member:
        content = member.read(MAX_PART + 1)
    if len(content) > MAX_PART:
        raise ValueError(f"{part} has more than {MAX_PART:,} bytes")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True)
    return etree.fromstring(content, parser)


class _Part:
    """The text and the tables of one part."""

    def __init__(self, root: Any) -> None:
        self.tables: list[Table] = []
        self.text = "\n".join(self._blocks(root, top=True)).strip("\n")

    def _blocks(self, element: Any, *, top: bool) -> Iterator[str]:
        """Yield the paragraphs and rows below an element, in order; only tables that stand in no other become tables."""
        for child in element.iterchildren():
            kind = _kind(child)
            if kind == "p":
                yield from self._paragraph(child)
            elif kind == "tbl":
                rows = [[self._cell(cell) for cell in _inner(row, "tc")] for row in _inner(child, "tr")]
                yield from ("\t".join(cell.replace("\n", " ") for cell in row).rstrip() for row in rows)
                if top:
                    self._keep([[" ".join(cell.split()) for cell in row] for row in rows])
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
            kind = _kind(child)
            if kind == "t":
                pieces.append(child.text or "")
            elif kind in _BREAKS:
                pieces.append(_BREAKS[kind])
            elif kind == "txbxContent":
                boxes.append(child)
            elif kind not in _LEFT_OUT:
                self._inline(child, pieces, boxes)

    def _keep(self, rows: list[list[str]]) -> None:
        width = max((len(row) for row in rows), default=0)
        filled = [row + [""] * (width - len(row)) for row in rows]
        for part in lay_out(filled):
            table = table_of(filled, part, 1)
            if table.columns:
                self.tables.append(table)


def _inner(element: Any, wanted: str) -> Iterator[Any]:
    """Yield the rows of a table or cells of a row, also those that content controls wrap."""
    for child in element.iterchildren():
        kind = _kind(child)
        if kind == wanted:
            yield child
        elif kind in ("sdt", "sdtContent", "ins", "customXml"):
            yield from _inner(child, wanted)


def _kind(element: Any) -> str:
    """Return an element's name without its namespace; "" for what is no element."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
