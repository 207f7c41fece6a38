"""Reads e-invoices in XML: UBL and CII as XRechnung, Peppol, Factur-X and ZUGFeRD use them. Any other XML is read as text.

The parser loads no DTD, resolves no entity, opens no address and keeps libxml2's own limits; a document with a DTD is refused,
since no e-invoice has one.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from mailbot.core.document import Document, Page, Problem
from mailbot.core.einvoice import Invoice, fields_of, problems_in, table_of, text_of
from mailbot.core.einvoice_syntax import Node, calls_itself_invoice, invoices_in
from mailbot.extract import text_file
from mailbot.extract.embedded import last_part
from mailbot.extract.reader import Found, Limits, Member

MAX_XML = 20_000_000
"""Bytes of XML that are parsed; an invoice with ten thousand lines has about as many."""

MAX_ELEMENTS = 500_000
MAX_DEPTH = 60
"""Levels of elements; CII needs twelve."""

KNOWN_NAMES = ("factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml", "cii-invoice.xml", "ubl-invoice.xml")
"""What an invoice's XML is called in a PDF: by Factur-X, by ZUGFeRD before 2.1, by its XRechnung profile, by common programs."""

_ASK_AGAIN = "ask the sender for the invoice again"
_LOOK = "compare it with the original, and ask the sender"
_SIGNS = (b"CrossIndustry", b"oasis:names:specification:ubl")


class NotXml(Exception):
    """The bytes are no XML that is read here; the message says why."""


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Read an XML file.

    Problems: unreadable_file, broken_einvoice, unknown_einvoice, invalid_einvoice, einvoice_conflict, credit_note.
    """
    found = text_file.read(name, content, media_type, limits)
    known = name.rpartition("/")[2].lower() in KNOWN_NAMES
    try:
        root = parse(content)
    except NotXml as error:
        # Only what was meant to be an invoice is missed; other XML is text, however broken.
        meant = known or any(sign in content[:MAX_XML].replace(b"\0", b"") for sign in _SIGNS)
        broken = Problem(code="broken_einvoice", detail=f"{name}: {error}", remedy=_ASK_AGAIN)
        if meant:
            return replace(found, problems=(*found.problems, broken))
        if b"<!ENTITY" in content[:MAX_XML].replace(b"\0", b""):
            detail = f"{name}: the XML declares entities, which were not expanded"
            declared = Problem(code="unreadable_file", detail=detail, remedy="ask the sender what made the file")
            return replace(found, problems=(*found.problems, declared))
        return found
    invoices = invoices_in(root)
    if not invoices:
        detail = f"{name}: {root.name} of {root.namespace[:200] or 'no namespace'}"
        unknown = Problem(code="unknown_einvoice", detail=detail, remedy="read it by hand")
        return replace(found, problems=(*found.problems, unknown)) if known or calls_itself_invoice(root) else found
    invoice, problems = one_of(name, invoices)
    table = table_of(invoice)
    document = Document(
        name=name,
        media_type=media_type,
        pages=(Page(number=1, text="\n\n".join(map(text_of, invoices))),),
        tables=(table,) if table else (),
        fields=fields_of(invoice),
    )
    return Found(documents=(document,), members=tuple(attached(name, root)), problems=problems)


def attached(name: str, root: Node) -> Iterator[Member]:
    """Yield the supporting documents that an invoice carries (BT-125): time sheets, photos, the invoice as PDF."""
    paths = (
        "AdditionalDocumentReference/Attachment/EmbeddedDocumentBinaryObject",
        "SupplyChainTradeTransaction/ApplicableHeaderTradeAgreement/AdditionalReferencedDocument/AttachmentBinaryObject",
    )
    for at, node in enumerate((node for path in paths for node in root.all(path) if node.text), 1):
        try:
            content = b64decode(node.text.replace(" ", ""), validate=True)
        except ValueError:
            continue  # the text of the page is whole without it
        inner = last_part(node.attribute("filename")) or f"file {at}"
        yield Member(name=f"{name}/{inner}", media_type=node.attribute("mimeCode"), content=content)


def one_of(name: str, invoices: tuple[Invoice, ...]) -> tuple[Invoice, tuple[Problem, ...]]:
    """Return the invoice that a file states, and what is wrong with it; of several only what all of them agree on."""
    invoice = max(invoices, key=_stated)
    problems: list[Problem] = []
    if any(_core(other) != _core(invoice) for other in invoices[1:]):
        numbers = ", ".join(dict.fromkeys(one.number or "no number" for one in invoices))
        problems.append(Problem(code="einvoice_conflict", detail=f"{name} holds several: {numbers}", remedy=_LOOK))
        invoice = _agreed(invoices)
    else:
        wrong = problems_in(invoice)
        problems += [Problem(code="invalid_einvoice", detail=f"{name}: {one}", remedy=_LOOK) for one in wrong[:10]]
    if invoice.credit:
        problems.append(Problem(code="credit_note", detail=f"{name} is a credit note", remedy="book it the other way round"))
    return invoice, tuple(problems)


def _stated(invoice: Invoice) -> int:
    """Return how much an invoice states: of two profiles of the same, the fuller one is read."""
    return sum(getattr(invoice, name) not in ("", None, ()) for name in Invoice.__dataclass_fields__) + len(invoice.lines)


def _core(invoice: Invoice) -> tuple[object, ...]:
    """Return what two statements of one invoice have in common, whatever their profiles leave out."""
    return invoice.number, invoice.gross, invoice.currency, invoice.credit


def _agreed(invoices: tuple[Invoice, ...]) -> Invoice:
    """Return an invoice of the values that all of them state."""
    first, empty = invoices[0], Invoice()
    names = [name for name in Invoice.__dataclass_fields__ if name not in ("faults", "lines", "taxes")]
    differing = [name for name in names if len({getattr(one, name) for one in invoices}) > 1]
    return replace(first, lines=(), taxes=(), **{name: getattr(empty, name) for name in differing})


def parse(content: bytes) -> Node:
    """Return XML as a plain tree. Raises NotXml."""
    from lxml import etree

    if len(content) > MAX_XML:
        raise NotXml(f"{len(content)} bytes of XML, at most {MAX_XML} are read")
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise NotXml(f"the XML is malformed: {error.msg}") from None
    except (ValueError, LookupError) as error:  # an encoding that libxml2 does not know
        raise NotXml(f"the XML cannot be decoded: {error}") from None
    if root.getroottree().docinfo.doctype:
        raise NotXml("the XML has a DTD, which no e-invoice has")
    left = MAX_ELEMENTS

    def plain(element: Any, depth: int) -> Node:
        nonlocal left
        left -= 1
        if depth > MAX_DEPTH or left < 0:
            raise NotXml(f"the XML has more than {MAX_DEPTH} levels or {MAX_ELEMENTS} elements")
        tag = etree.QName(element)
        return Node(
            name=tag.localname,
            namespace=tag.namespace or "",
            text=" ".join((element.text or "").split()),
            attributes=tuple((etree.QName(key).localname, value) for key, value in element.attrib.items()),
            children=tuple(plain(child, depth + 1) for child in element if isinstance(child.tag, str)),
        )

    return plain(root, 1)
