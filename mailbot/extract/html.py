"""Reads HTML: its text as a person would see it (inscriptis), and a form that is safe to show on the review page (nh3)."""

from __future__ import annotations

import re

from mailbot.core.document import Document, Page, Problem
from mailbot.extract import charset
from mailbot.extract.reader import Found, Limits

MAX_HTML = 2_000_000
"""Characters of HTML that are rendered; the rest is left out."""

_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_INVISIBLE = re.compile(r"<(script|style|head|title)\b[^<>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
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
    return Found(documents=(Document(name=name, media_type=media_type, pages=(page,)),), problems=tuple(problems))


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
        text = _TAG.sub(" ", _INVISIBLE.sub(" ", html))
    text = charset.clean(text.replace("\u200b", "").replace("\ufeff", ""))
    return _BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip("\n")


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
