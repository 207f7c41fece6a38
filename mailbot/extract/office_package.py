"""What readers of office files share: ECMA-376 and OpenDocument files are zip archives of XML parts.

A package is looked at before it is read. Nothing outside it is ever followed, and entities are not expanded.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

from mailbot.core.document import Document, Page, Problem, Table
from mailbot.core.table_layout import lay_out
from mailbot.core.table_load import table_of
from mailbot.extract import charset
from mailbot.extract.reader import Found, Limits

MAX_PART = 100_000_000
"""Bytes of one XML part that are parsed."""
MAX_TEXT = 5_000_000
"""Characters of a page that are kept."""
MOST_RELATED = 5_000
_BROKEN = (zipfile.BadZipFile, KeyError, ValueError, NotImplementedError, RuntimeError, EOFError, SyntaxError)
_PROLOGUE = 2000
"""Bytes at the beginning of a part in which a document type would be declared."""


def attack(name: str, content: bytes, limits: Limits) -> Problem | None:
    """Return the problem of a package that is made to overwhelm its reader. Raises zipfile's errors.

    The directory cannot say too little of a part: zipfile reads no more of it than is stated there. ECMA-376 part 2 forbids
    document types, so whoever declares one wants its entities expanded.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        parts = package.infolist()
        unpacked = sum(part.file_size for part in parts)
        if unpacked > limits.archive_bytes or unpacked > limits.archive_ratio * max(len(content), 100_000):
            detail = f"{name} would unpack to {unpacked:,} bytes from {len(content):,}"
            return Problem(code="archive_limits", detail=detail, remedy="ask for it in another format")
        if "[Content_Types].xml" in package.namelist():
            for part in parts:
                if part.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in package.open(part).read(_PROLOGUE):
                    detail = f"{name}: {part.filename} declares entities, which no office program writes"
                    return Problem(code="unreadable_file", detail=detail, remedy="ask the sender what made the file")
    return None


def read_package(
    name: str,
    content: bytes,
    media_type: str,
    limits: Limits,
    pages_and_tables: Callable[[zipfile.ZipFile, Limits], tuple[list[str], list[Table]]],
) -> Found:
    """Read an office file by what knows its parts. Problems: archive_limits, unreadable_file, too_many_pages."""
    document = Document(name=name, media_type=media_type)
    try:
        if problem := attack(name, content, limits):
            return Found(documents=(document,), problems=(problem,))
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            texts, tables = pages_and_tables(package, limits)
    except _BROKEN as error:
        words = " ".join(str(error).split())[:200]
        remedy = "ask the sender to save it again, or to remove its password"
        return Found(documents=(document,), problems=(Problem(code="unreadable_file", detail=f"{name}: {words}", remedy=remedy),))
    problems: tuple[Problem, ...] = ()
    if len(texts) > limits.max_pages:
        detail = f"{name}: more than {limits.max_pages} pages, the first {limits.max_pages} were read"
        problems = (Problem(code="too_many_pages", detail=detail, remedy="raise extract.max_pages, or split the file"),)
    pages = tuple(Page(number=at, text=charset.clean(text)[:MAX_TEXT]) for at, text in enumerate(texts[: limits.max_pages], 1))
    return Found(documents=(Document(name=name, media_type=media_type, pages=pages, tables=tuple(tables)),), problems=problems)


def parsed(package: zipfile.ZipFile, part: str) -> Any:
    """Return the root of an XML part, as lxml's. Raises ValueError, KeyError and SyntaxError."""
    with package.open(part) as member:
        content = member.read(MAX_PART + 1)
    if len(content) > MAX_PART:
        raise ValueError(f"{part} has more than {MAX_PART:,} bytes")
    return parse(content)


def parse(content: bytes) -> Any:
    """Return the root of hostile XML, as lxml's. Raises SyntaxError, and ValueError where entities are declared."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True)
    root = etree.fromstring(content, parser)
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and next(declared.iterentities(), None) is not None:
        raise ValueError("it declares entities, which no office program writes")
    return root


def related(package: zipfile.ZipFile, part: str, kinds: Sequence[str]) -> list[str]:
    """Return the parts inside the package that `part` names as its header, slide and so on (ECMA-376 part 2, 6.5), in order."""
    return list(dict.fromkeys(target for target in relations(package, part, kinds).values()))[:MOST_RELATED]


def relations(package: zipfile.ZipFile, part: str, kinds: Sequence[str]) -> dict[str, str]:
    """Return the parts inside the package that `part` names, by the id it names them with."""
    folder, name = posixpath.split(part)
    path = f"{folder}/_rels/{name}.rels" if folder else f"_rels/{name}.rels"
    present = set(package.namelist())
    if path not in present:
        return {}
    found = {}
    for one in parsed(package, path):
        kind = str(one.get("Type", "")).rpartition("/")[2]
        if kind in kinds and one.get("TargetMode") != "External":
            target = str(one.get("Target", ""))
            joined = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            if joined in present:
                found[str(one.get("Id", ""))] = joined
    return found


def tables_of(rows: Sequence[Sequence[str]], page: int | None) -> list[Table]:
    """Return the tables among the rows of cells that a document lays out as one."""
    width = max((len(row) for row in rows), default=0)
    filled = [[" ".join(cell.split()) for cell in row] + [""] * (width - len(row)) for row in rows]
    return [table for part in lay_out(filled) if (table := table_of(filled, part, page)).columns]


def kind_of(element: Any) -> str:
    """Return an element's name without its namespace; "" for what is no element."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def own(element: Any, name: str) -> str:
    """Return an attribute by its name, whatever namespace it has; "" where there is none."""
    return next((str(value) for key, value in element.attrib.items() if str(key).rpartition("}")[2] == name), "")
