"""Joins an invoice's XML inside a PDF with the pages that show it (Factur-X, ZUGFeRD); other files inside become members.

The XML's values win, since they are stated and not read; where a page contradicts them, a person has to decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mailbot.core.document import FIELD_NAMES, Document, Field, Problem
from mailbot.core.einvoice import Invoice, fields_of, table_of
from mailbot.core.einvoice_page import compare, with_places
from mailbot.core.einvoice_syntax import Node, invoices_in
from mailbot.core.paper import lay_out
from mailbot.extract import einvoice
from mailbot.extract.embedded import files_inside
from mailbot.extract.reader import Found, Limits, Member
from mailbot.extract.seen import Seen


def with_embedded(found: Found, pdf: Any, content: bytes, seen: Sequence[Seen], limits: Limits) -> Found:
    """Return what was read off an open PDF, with the files inside it: as members, or joined as the invoice that the pages show.

    Problems, besides those of `mailbot.extract.einvoice`: einvoice_mismatch, archive_limits, broken_archive.
    """
    (document,) = found.documents
    files, problems = files_inside(document.name, pdf, content, limits)
    invoices: list[Invoice] = []
    members: list[Member] = []
    for member in files:
        root = _xml(member.content)
        stated = invoices_in(root) if root else ()
        invoices += stated
        members += einvoice.attached(document.name, root) if root and stated else [member]
    if invoices:
        document, wrong = _joined(document, tuple(invoices), seen)
        problems += wrong
    # A credit note may say so on its page and in its XML.
    told = tuple(dict.fromkeys((*found.problems, *problems)))
    return Found(documents=(document,), members=(*found.members, *members), problems=told)


def _xml(content: bytes) -> Node | None:
    """Return a file as XML, None when it is none; of XML that is no invoice its own reader says what is wrong with it."""
    if b"<" not in content[:200]:
        return None
    try:
        return einvoice.parse(content)
    except einvoice.NotXml:
        return None


def _joined(document: Document, invoices: tuple[Invoice, ...], seen: Sequence[Seen]) -> tuple[Document, tuple[Problem, ...]]:
    """Return the document with the XML's fields and lines, and what is wrong with them or with the pages beside them."""
    invoice, problems = einvoice.one_of(document.name, invoices)
    paper = lay_out([one.words for one in seen if one.words is not None])
    stated = {field.name: field for field in with_places(fields_of(invoice), paper, document.fields)}
    read = {field.name: field for field in document.fields}
    table = table_of(invoice)
    mismatches = tuple(
        Problem(code="einvoice_mismatch", detail=f"{document.name}: {one}", remedy="ask the sender which is right")
        for one in compare(invoice, paper, document.fields)
    )
    fields = tuple(_rounded((read | stated)[name]) for name in FIELD_NAMES if name in read | stated)
    return replace(document, fields=fields, tables=(*document.tables, *((table,) if table else ()))), problems + mismatches


def _rounded(field: Field) -> Field:
    if field.box is None:
        return field
    x0, y0, x1, y1 = field.box
    return replace(field, box=(round(x0, 1), round(y0, 1), round(x1, 1), round(y1, 1)))
