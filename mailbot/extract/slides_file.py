"""Reads slides (pptx, ECMA-376 part 1): a page for each slide in the order they are shown, and their tables."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import Any

from mailbot.core.document import Table
from mailbot.extract.office_package import kind_of, parsed, read_package, related, relations, tables_of
from mailbot.extract.reader import Found, Limits

_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_LEFT_OUT = ("Fallback", "nvSpPr", "nvPr", "extLst")


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Read slides. Problems: see `office_package.read_package`."""
    return read_package(name, content, media_type, limits, _pages_and_tables)


def _pages_and_tables(package: zipfile.ZipFile, limits: Limits) -> tuple[list[str], list[Table]]:
    main = next(iter(related(package, "", ("officeDocument",))), "ppt/presentation.xml")
    slides = relations(package, main, ("slide",))
    named = [str(one.get(_ID, "")) for one in parsed(package, main).iter() if kind_of(one) == "sldId"]
    listed = [slides[number] for number in named if number in slides]
    order = list(dict.fromkeys([*listed, *slides.values()]))
    texts, tables = [], []
    for at, part in enumerate(order[: limits.max_pages + 1], 1):
        root = parsed(package, part)
        texts.append("\n".join(_blocks(root)).strip("\n"))
        for table in (one for one in root.iter() if kind_of(one) == "tbl"):
            tables += tables_of(_rows(table), at)
    return texts, tables


def _blocks(element: Any) -> Iterator[str]:
    """Yield the paragraphs and the rows of tables below an element, in order."""
    for child in element.iterchildren():
        kind = kind_of(child)
        if kind == "p":
            yield _line(child)
        elif kind == "tbl":
            yield from ("\t".join(cell.replace("\n", " ") for cell in row).rstrip() for row in _rows(child))
        elif kind not in _LEFT_OUT:
            yield from _blocks(child)


def _rows(table: Any) -> list[list[str]]:
    return [
        ["\n".join(_blocks(cell)).strip() for cell in row.iterchildren() if kind_of(cell) == "tc"]
        for row in table.iterchildren()
        if kind_of(row) == "tr"
    ]


def _line(paragraph: Any) -> str:
    signs = {"br": "\n", "tab": "\t"}
    return "".join(one.text or "" if kind_of(one) == "t" else signs.get(kind_of(one), "") for one in paragraph.iter()).rstrip()
