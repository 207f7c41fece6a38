"""What reading an attachment yields: documents of pages, tables and fields, with where each value stands, and problems.

`reading_to_json` gives the object that `mailbot extract` prints (the contract in the README); `full=True` adds what only the
ledger keeps. Every type round-trips through JSON, because worker processes and the ledger speak nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from mailbot.core.message import Message, message_from_json, message_to_json

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in PDF points (pixels for pictures), origin top left, after the page was turned upright."""

FIELD_NAMES = (
    "supplier", "customer", "invoice_number", "po_number", "invoice_date", "due_date",
    "subtotal", "tax", "total", "currency", "iban", "vat_id",
)  # fmt: skip
"""Every name a field can have. Amounts have a decimal point and no thousands; dates are ISO 8601; currency is ISO 4217;
subtotal is net of tax whatever the paper calls it."""

Severity = Literal["info", "warning", "error"]

PROBLEM_CODES: dict[str, tuple[Severity, str]] = {
    # code: (severity, what it means). The README lists them from here.
    "empty_file": ("warning", "the file has no bytes"),
    "unknown_type": ("warning", "no reader for this type of file: it is kept and shown, not read"),
    "encrypted_pdf": ("error", "the PDF asks for a password"),
    "broken_pdf": ("error", "the PDF, or a page of it, cannot be opened, or it is cut off: what is left of it was read"),
    "broken_picture": ("error", "the picture cannot be decoded"),
    "broken_spreadsheet": ("error", "the spreadsheet cannot be opened"),
    "broken_archive": ("error", "the archive cannot be opened"),
    "archive_limits": ("error", "the archive holds more than the limits on members, bytes, ratio or depth allow"),
    "unsafe_name": ("warning", "an archive member or attachment has a path in its name: only the last part is used"),
    "too_many_pages": ("error", "the document has more pages than the limit: the first ones were read"),
    "too_many_scans": (
        "error",
        "the document has more scanned pages than the limit: those between the first and the last were not read",
    ),
    "too_many_pixels": ("error", "a picture or page is larger than the limit and was not rendered"),
    "over_limit": (
        "error",
        "a worker process went over its limit of memory, time or size on this file and was stopped",
    ),
    "no_text": ("info", "a page that is not blank gave no text"),
    "low_confidence": ("warning", "a page was read with little confidence: a person should look at it"),
    "malformed_mail": ("info", "the mail breaks the format; it was read as well as it allows"),
    "too_large": ("error", "the file is larger than the limit and was not read"),
    "mail_limits": ("error", "the mail has more parts, deeper nesting or a longer header than is read: look at the original"),
    "unreadable_file": ("error", "the file could not be opened, or its reader failed on it"),
    "broken_answer": ("error", "a worker process answered what no reader says: its answer was thrown away"),
    "encrypted_file": ("error", "an office file asks for a password"),
    "encrypted_archive": ("error", "an archive member asks for a password"),
    "signed": ("info", "a signature fits: nothing was changed since; whether its certificate may be trusted was not checked"),
    "signature_unverified": ("info", "a signature could not be verified"),
    "signature_broken": ("warning", "a signature does not fit: what was signed was changed"),
    "encrypted_message": ("error", "the message or file is encrypted for somebody's key"),
    "payment_code_differs": ("error", "a payment code asks for an account or an amount that its page does not show"),
    "line_sum_differs": (
        "error",
        "an invoice's figures do not add up: quantity times price, the lines, or subtotal, tax and total",
    ),
    "charset_unknown": ("warning", "the text's encoding could not be told for sure"),
    "ambiguous_table": (
        "warning",
        "a column can be read in more than one way: its text is kept and a person should look",
    ),
    "unlike_schema": ("warning", "a table lacks what the desk's table schema requires, or holds what it does not allow"),
    "hidden_cells": ("info", "a spreadsheet has rows, columns or sheets that are hidden: they are not in its main table"),
    "formulas_without_value": (
        "warning",
        "a spreadsheet has formulas whose value was never stored: their cells are empty",
    ),
    "repaired_rows": ("info", "rows that differed from the others were aligned to them"),
    "broken_einvoice": ("error", "an e-invoice's XML cannot be read, or is no invoice"),
    "unknown_einvoice": ("warning", "an XML that calls itself an invoice is of a format that is not read: it is kept as text"),
    "invalid_einvoice": (
        "error",
        "an e-invoice contradicts itself: sums that do not hold, a wrong IBAN, values missing or senseless",
    ),
    "einvoice_conflict": ("error", "one file holds several e-invoices that differ: only what they agree on was taken"),
    "einvoice_mismatch": ("error", "an e-invoice's XML and its visible page state different values"),
    "several_invoices": ("warning", "one file holds several invoices: only what all of them state was taken"),
    "credit_note": ("info", "the document is a credit note: its amounts are owed to the customer"),
    "pro_forma": ("info", "the document is a pro forma invoice: it asks for a payment, and the invoice to book comes later"),
}

QUARANTINE_CODES = frozenset({"over_limit", "archive_limits", "too_many_pixels", "too_large", "mail_limits", "broken_answer"})
"""Problems that put the whole item into quarantine: bytes that attack or overwhelm the reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page's text. `source` says whether it came from a text layer, from OCR, or both; `confidence` is 0..1."""

    number: int
    text: str
    source: Literal["text", "ocr", "mixed"] = "text"
    confidence: float | None = None
    width: float | None = None
    height: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table as loaded, not cleaned: cells are the text as it stands. `page` is None for spreadsheets and CSV."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    page: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One named value read off a document, normalised, with where it stands. `origin` is printed as "from".

    A value of origin "person" is what `by` says it is, wherever it stands.
    """

    name: str
    value: str
    page: int | None = None
    box: Box | None = None
    confidence: float = 1.0
    origin: Literal["text", "ocr", "xml", "person"] = "text"
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineItem:
    """One line of an invoice or order, as fields are: figures with a decimal point and no thousands, None where it has none.

    `tax_rate` is in percent; `differs` says what does not hold about it, "" when nothing does or it cannot be told.
    """

    description: str
    quantity: str | None
    unit: str | None
    unit_price: str | None
    tax_rate: str | None
    amount: str
    page: int
    box: Box
    differs: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something about the file that a person may have to know. `code` is one of PROBLEM_CODES."""

    code: str
    detail: str = ""
    remedy: str = ""

    @property
    def severity(self) -> Severity:
        """How bad it is: `error` quarantines or flags the item and makes `mailbot extract` exit 1."""
        return PROBLEM_CODES[self.code][0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One attachment or archive member (`a.zip/b.pdf`) as text with provenance. At most one field of a name."""

    name: str
    media_type: str
    sha256: str = ""
    pages: tuple[Page, ...] = ()
    tables: tuple[Table, ...] = ()
    fields: tuple[Field, ...] = ()
    line_items: tuple[LineItem, ...] = ()

    def field(self, name: str) -> Field | None:
        """Return the field of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything read off one file (a mail or a dropped file).

    `hints` is the SHA-256 of what was known of suppliers' papers when it was read, for a replay; "" where nothing was, or mattered.
    """

    file: str
    media_type: str
    message: Message | None = None
    documents: tuple[Document, ...] = ()
    problems: tuple[Problem, ...] = ()
    hints: str = ""

    @property
    def text(self) -> str:
        """All text a person would see: subject, the mail's own words, then each page."""
        parts = [self.message.subject, self.message.text] if self.message else []
        parts += [page.text for document in self.documents for page in document.pages]
        return "\n".join(part for part in parts if part)


def reading_to_json(reading: Reading, *, full: bool = False) -> dict[str, Any]:
    """Return the contract's object for one file; `full` adds the keys that only the ledger keeps."""
    return {
        "file": reading.file,
        "media_type": reading.media_type,
        "message": message_to_json(reading.message, full=full) if reading.message else None,
        "documents": [document_to_json(document, full=full) for document in reading.documents],
        "problems": [problem_to_json(problem) for problem in reading.problems],
        **({"hints": reading.hints} if full and reading.hints else {}),
    }


def reading_from_json(value: Mapping[str, Any]) -> Reading:
    """Rebuild a Reading from `reading_to_json(..., full=True)`."""
    return Reading(
        file=value["file"],
        media_type=value["media_type"],
        message=message_from_json(value["message"]) if value["message"] else None,
        documents=tuple(document_from_json(document) for document in value["documents"]),
        problems=tuple(problem_from_json(problem) for problem in value["problems"]),
        hints=value.get("hints", ""),
    )


def problem_to_json(problem: Problem) -> dict[str, str]:
    """Return the contract's object for one problem."""
    return {
        "code": problem.code,
        "severity": problem.severity,
        "detail": problem.detail,
        "remedy": problem.remedy,
    }


def problem_from_json(value: Mapping[str, Any]) -> Problem:
    """Rebuild a Problem; the severity follows from the code."""
    return Problem(code=value["code"], detail=value["detail"], remedy=value["remedy"])


def document_to_json(document: Document, *, full: bool = False) -> dict[str, Any]:
    """Return the contract's object for one document."""
    return {
        "name": document.name,
        "media_type": document.media_type,
        **({"sha256": document.sha256} if full else {}),
        "pages": [
            {
                "number": page.number,
                "text": page.text,
                "source": page.source,
                "confidence": page.confidence,
                "width": page.width,
                "height": page.height,
            }
            for page in document.pages
        ],
        "tables": [
            {"page": table.page, "columns": list(table.columns), "rows": [list(row) for row in table.rows]}
            for table in document.tables
        ],
        "fields": [
            {
                "name": field.name,
                "value": field.value,
                "page": field.page,
                "box": list(field.box) if field.box else None,
                "confidence": field.confidence,
                "from": field.origin,
                **({"by": field.by} if field.by else {}),
            }
            for field in document.fields
        ],
        "line_items": [{**asdict(item), "box": list(item.box)} for item in document.line_items],
    }


def document_from_json(value: Mapping[str, Any]) -> Document:
    """Rebuild a Document from `document_to_json(..., full=True)`."""
    return Document(
        name=value["name"],
        media_type=value["media_type"],
        sha256=value.get("sha256", ""),
        pages=tuple(Page(**page) for page in value["pages"]),
        tables=tuple(
            Table(page=table["page"], columns=tuple(table["columns"]), rows=tuple(tuple(row) for row in table["rows"]))
            for table in value["tables"]
        ),
        fields=tuple(
            Field(
                name=field["name"],
                value=field["value"],
                page=field["page"],
                box=(lambda b: (b[0], b[1], b[2], b[3]))(field["box"]) if field["box"] else None,
                confidence=field["confidence"],
                origin=field["from"],
                by=field.get("by", ""),
            )
            for field in value["fields"]
        ),
        line_items=tuple(
            LineItem(**{**item, "box": (lambda b: (b[0], b[1], b[2], b[3]))(item["box"])}) for item in value.get("line_items", ())
        ),
    )
