"""Reads HTML: its text as a person would see it (inscriptis), and a form that is safe to show on the review page (nh3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from mailbot.core.document import Document, Page, Problem, Table
from mailbot.extract import charset
from mailbot.extract.office_package import tables_of
from mailbot.extract.reader import Found, Limits

MAX_HTML = 2_000_000
"""Characters of HTML that are rendered; the rest is left out."""

MOST_TABLES = 200
MOST_ROWS = 100_000

_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_INVISIBLE = re.compile(r"<(script|style|head|title)\b[^<>]*>", re.IGNORECASE)
_BLANK_LINES = re.compile(r"\n[ \t\u00a0]*(?:\n[ \t\u00a0]*){2,}")

_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del", "div", "dl", "dt",
    "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "li", "ol", "p", "pre", "q", "s", "small", "span",
    "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"align", "bgcolor", "color", "dir", "lang", "style", "title", "valign", "width", "height"},
    "a": {"href"},
    "font": {"face", "size"},
    "img": {"alt"},  # No src: a picture from outside tells the sender that, when and where the mail was read.
    "ol": {"start", "type"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_STYLES = {
    "color", "background-color", "font-weight", "font-style", "font-size", "font-family", "text-align", "text-decoration",
    "vertical-align", "white-space", "border", "border-collapse", "padding", "margin", "margin-left", "line-height", "direction",
}  # fmt: skip


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Read an HTML file as one page of text."""
    html, sure = decode(content)
    problems = [] if sure else [Problem(code="charset_unknown", detail=name, remedy="compare the text with the original")]
    if len(html) > MAX_HTML:
        problems.append(Problem(code="too_large", detail=f"{name}: only the first {MAX_HTML} characters were read"))
    page = Page(number=1, text=to_text(html))
    document = Document(name=name, media_type=media_type, pages=(page,), tables=tuple(tables_in(html)))
    return Found(documents=(document,), problems=tuple(problems))


def tables_in(html: str) -> Iterator[Table]:
    """Yield the tables of a page that hold no other table, since those that do are there for the layout.

    Many a program writes its tables so and calls the file .xls.
    """
    import lxml.html
    from lxml.etree import LxmlError

    try:
        root = lxml.html.document_fromstring(re.sub(r"\A\s*<\?xml[^>]*\?>", "", html[:MAX_HTML].replace("\0", "")) or "<p>")
    except (LxmlError, ValueError):
        return
    for table in islice(root.iter("table"), MOST_TABLES):
        if table.find(".//table") is None:
            rows = [_cells(row) for row in islice(table.iter("tr"), MOST_ROWS)]
            yield from (found for found in tables_of(rows, 1) if found.rows and len(found.columns) > 1)


def _cells(row: Any) -> list[str]:
    """Return the text of a row's cells, a cell that spans columns before as many empty ones less."""
    cells: list[str] = []
    for cell in row.iterchildren("td", "th"):
        span = cell.get("colspan", "")
        cells.append(charset.clean(cell.text_content()).strip())
        cells += [""] * (min(int(span), 100) - 1 if span.isascii() and span.isdigit() and span != "0" else 0)
    return cells


def decode(content: bytes, stated: str = "") -> tuple[str, bool]:
    """Return HTML as text: byte order mark, then the stated charset, then the one in its own meta element."""
    meta = _META_CHARSET.search(content[:4096])
    return charset.decode(content, stated or (meta[1].decode("ascii") if meta else ""))


def to_text(html: str) -> str:
    """Return what a reader of the page would see, tables with their columns apart. Never raises on bad HTML."""
    html = html[:MAX_HTML].replace("\0", "")
    if not html.strip():
        return ""
    import inscriptis
    from inscriptis.model.config import ParserConfig

    try:
        # lxml refuses a str that states its own encoding in an XML declaration.
        text = inscriptis.get_text(re.sub(r"\A\s*<\?xml[^>]*\?>", "", html), ParserConfig(display_links=False))
    except (MemoryError, OSError):
        raise
    except Exception:  # lxml and inscriptis fail in many ways on hostile trees; the words are still worth having.
        text = _words_alone(html)
    if not text.strip():  # lxml leaves out what is nested very deeply
        text = " ".join(_words_alone(html).split())
    text = charset.clean(text.replace("\u200b", "").replace("\ufeff", ""))
    return _BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip("\n")


def _words_alone(html: str) -> str:
    """Return HTML without its tags and without what no reader sees, in time that grows with its length only."""
    shown, at = [], 0
    while hidden := _INVISIBLE.search(html, at):
        shown.append(html[at : hidden.start()])
        end = re.compile(rf"</{hidden[1]}\s*>", re.IGNORECASE).search(html, hidden.end())
        at = end.end() if end else len(html)
    return _TAG.sub(" ", " ".join([*shown, html[at:]]))


def sanitise(html: str) -> str:
    """Return HTML that runs nothing, loads nothing and looks about the same; links open apart and tell no referrer."""
    import nh3

    return nh3.clean(
        html[:MAX_HTML],
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        clean_content_tags={"script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math"},
        url_schemes={"http", "https", "mailto", "tel"},
        filter_style_properties=_STYLES,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
