"""The facts of an item: the plain, typed values that rules compare and reply templates may use.

`FACTS` documents every name; the README's table is made from it. A fact that an item does not have is "" (text), () (several
values) or None (number, date, flag).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Literal

from mailbot.core.document import FIELD_NAMES, PROBLEM_CODES, Document, Reading, Table
from mailbot.core.language import guess
from mailbot.core.message import Address, Message
from mailbot.core.table_totals import are_totals

Kind = Literal["text", "number", "date", "flag"]
Value = str | int | Decimal | date | bool | tuple[str, ...] | tuple[Decimal, ...] | tuple[date, ...] | None

MAX_TEXT = 100_000
"""Characters of the mail's text and of the documents' text that rules see."""
MAX_SUBJECT = 1_000
MAX_MAGNITUDE = 30
"""Numbers beyond 10 to this power are no business figures: 1e999999 would fill the memory when written out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One name that rules and templates know. `many` facts hold a tuple of values of `kind`."""

    name: str
    kind: Kind
    description: str
    many: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts of one item: every name of FACTS with its value (text str, number int or Decimal, date, flag bool)."""

    values: Mapping[str, Value]


_NUMBER_FIELDS = frozenset({"subtotal", "tax", "total"})
_DATE_FIELDS = frozenset({"invoice_date", "due_date"})


def _field_kind(name: str) -> Kind:
    return "number" if name in _NUMBER_FIELDS else "date" if name in _DATE_FIELDS else "text"


def _described() -> Iterable[Fact]:
    """Yield every fact, in the order of the README's table."""
    text: dict[str, str] = {
        "source": "`mail` or `folder`",
        "account": "name of the account or drop folder the item came in by",
        "place": "mailbox, or path below the drop folder",
        "name": "file name of a dropped file",
        "desk": "the desk's name, from the config",
        "language": "`en`, `zh`, `de`, `fr`, `nl`, `es` or `it`: the mail's own language, else the account's",
        "from": "sender's address",
        "from_name": "sender's display name",
        "from_domain": "part of the sender's address after the @",
        "greeting_name": "the display name, where it can be used in a greeting",
        "subject": "subject of the mail",
        "topic": "the subject without `Re:`, `Fwd:`, `AW:`, `回复：` and the like before it",
        "text": "the mail's own words, without quotes and signature",
        "document_text": "text of every page of every document",
        "automatic": "why the mail must never be answered (auto-reply, list, bounce), empty for ordinary mail",
    }
    yield from (Fact(name=name, kind="text", description=about) for name, about in text.items())
    texts: dict[str, str] = {
        "to": "addresses in To",
        "cc": "addresses in Cc",
        "attachments": "file names of the attachments, or of the dropped file",
        "media_types": "media types of the attachments, or of the dropped file",
        "documents": "names of the documents that were read (`a.zip/b.pdf` for a member of an archive)",
        "columns": "column names of the largest table",
        "problems": "codes of what went wrong while reading",
        "problem_details": "the same as sentences for people",
        "tags": "tags given by the rules above",
    }
    yield from (Fact(name=name, kind="text", description=about, many=True) for name, about in texts.items())
    numbers: dict[str, str] = {
        "attachment_count": "number of attachments",
        "document_count": "number of documents that were read",
        "page_count": "number of pages in all documents",
        "row_count": "rows of the largest table, its totals left out",
        "error_count": "problems of severity error",
        "confidence": "lowest confidence among the fields of the main document, 0 to 1",
        "size": "bytes of the mail or dropped file",
    }
    yield from (Fact(name=name, kind="number", description=about) for name, about in numbers.items())
    yield Fact(name="received", kind="date", description="day the item came in")
    yield Fact(name="is_reply", kind="flag", description="the mail answers an earlier one")
    yield Fact(
        name="authenticated", kind="flag", description="the account's own server says DMARC passed; unset when it says nothing"
    )
    for name in FIELD_NAMES:
        yield Fact(name=name, kind=_field_kind(name), description=f"{_words(name)} of the document with most fields")
    for name in FIELD_NAMES:
        yield Fact(
            name=f"any_{name}", kind=_field_kind(name), description=f"{_words(name)} of every document that has one", many=True
        )


def _words(name: str) -> str:
    return {"iban": "IBAN", "vat_id": "VAT id", "po_number": "purchase order number"}.get(name, name.replace("_", " "))


FACTS: Mapping[str, Fact] = MappingProxyType({fact.name: fact for fact in _described()})


def fact_rows() -> list[tuple[str, str, str]]:
    """Return (name, type, description) of every fact: what the README's table is made of."""
    return [(one.name, f"list of {one.kind}" if one.many else one.kind, one.description) for one in FACTS.values()]


def absent(fact: Fact) -> Value:
    """Return what a fact is when the item does not have it."""
    return () if fact.many else "" if fact.kind == "text" else None


def facts_from(given: Mapping[str, Value]) -> Facts:
    """Return Facts with the values given and every other fact absent. Raises KeyError for an unknown name."""
    unknown = [name for name in given if name not in FACTS]
    if unknown:
        raise KeyError(unknown[0])
    return Facts(values=MappingProxyType({name: given.get(name, absent(fact)) for name, fact in FACTS.items()}))


def facts_of(
    *,
    reading: Reading,
    source: Literal["imap", "folder"],
    received_at: datetime,
    account: str = "",
    place: str = "",
    name: str = "",
    language: str = "en",
    desk: str = "",
    authserv_id: str = "",
    size: int = 0,
) -> Facts:
    """Return the facts of an item that was read.

    `language` is the account's, for when the mail's own cannot be told; `authserv_id` the name of the account's own server in
    Authentication-Results (RFC 8601), the only one that is believed.
    """
    document_text = "\n".join(page.text for document in reading.documents for page in document.pages)[:MAX_TEXT]
    given: dict[str, Value] = {
        "source": "mail" if source == "imap" else source,
        "account": account,
        "place": place,
        "name": name,
        "desk": desk,
        "document_text": document_text,
        "attachments": (_line(name),) if name and not reading.message else (),
        "media_types": (reading.media_type,) if not reading.message else (),
        "received": received_at.date(),
        "size": size,
    }
    if reading.message:
        given |= _of_message(reading.message, authserv_id)
    given |= _of_documents(reading)
    own_words = f"{given.get('subject', '')}\n{given.get('text', '')}".strip() or document_text
    given["language"] = guess(own_words) or _language_of_all(reading) or language
    return facts_from({key: _clean(value) for key, value in given.items()})


def _language_of_all(reading: Reading) -> str:
    """Return the language of everything that was read, for a mail that says nothing new itself; "" for any other."""
    speaks = reading.message is not None and reading.message.new_text.strip()
    return "" if speaks else guess(reading.text)


def _of_message(message: Message, authserv_id: str) -> dict[str, Value]:
    sender = message.sender or Address()
    return {
        "from": sender.address.strip(),
        "from_name": _line(sender.name),
        "from_domain": sender.address.rpartition("@")[2].strip().lower(),
        "greeting_name": greeting_name(sender.name),
        "to": tuple(one.address for one in message.to),
        "cc": tuple(one.address for one in message.cc),
        "subject": _line(message.subject[:MAX_SUBJECT]),
        "topic": topic(message.subject[:MAX_SUBJECT]),
        "text": (message.new_text or message.text)[:MAX_TEXT],
        "automatic": message.automatic,
        "attachments": tuple(_line(one.filename) for one in message.attachments),
        "media_types": tuple(dict.fromkeys(one.media_type for one in message.attachments)),
        "attachment_count": len(message.attachments),
        "is_reply": bool(message.in_reply_to or message.references),
        "authenticated": _authenticated(message.authentication, authserv_id),
    }


def _of_documents(reading: Reading) -> dict[str, Value]:
    documents = reading.documents
    tables = [table for document in documents for table in document.tables]
    largest = max(tables, key=lambda table: len(table.rows), default=None)
    main = main_document(documents)
    given: dict[str, Value] = {
        "documents": tuple(document.name for document in documents),
        "document_count": len(documents),
        "page_count": sum(len(document.pages) for document in documents),
        "columns": largest.columns if largest else (),
        "row_count": _items_of(largest) if largest else None,
        "problems": tuple(dict.fromkeys(problem.code for problem in reading.problems)),
        "problem_details": tuple(_line(one.detail or PROBLEM_CODES[one.code][1]) for one in reading.problems),
        "error_count": sum(problem.severity == "error" for problem in reading.problems),
        "confidence": min((Decimal(str(field.confidence)) for field in main.fields), default=None) if main else None,
    }
    if not reading.message:
        given["attachment_count"] = 1
    for name in FIELD_NAMES:
        read = [(document, typed(_field_kind(name), field.value)) for document in documents if (field := document.field(name))]
        given[name] = next((value for document, value in read if document is main), absent(FACTS[name]))
        given[f"any_{name}"] = tuple(value for _, value in read if value is not None)  # type: ignore[assignment]
    return given


def _items_of(table: Table) -> int:
    return are_totals([[cell.strip() for cell in row] for row in table.rows]).count(False)


def main_document(documents: Iterable[Document]) -> Document | None:
    """Return the document with most fields (the first of equals), None when no document has any."""
    best = max(documents, key=lambda document: len(document.fields), default=None)
    return best if best and best.fields else None


def typed(kind: Kind, text: str) -> str | Decimal | date | bool | None:
    """Return text as a value of `kind`, None when it is not one. Numbers have a decimal point, dates are ISO 8601."""
    try:
        if kind == "number":
            number = Decimal(text)
            return number if number.is_finite() and abs(number.adjusted()) <= MAX_MAGNITUDE else None
        if kind == "date":
            return date.fromisoformat(text)
    except (InvalidOperation, ValueError):
        return None
    if kind == "flag":
        return {"true": True, "false": False}.get(text.lower())
    return text


_NAME = re.compile(r"[^\W\d_][^\W\d_.'’ -]*(?:[ .'’-]{1,2}[^\W\d_]+)*\.?")


def greeting_name(display: str) -> str:
    """Return a display name as it may stand after "Dear", or "" when it is not a name (an address, digits, a web link, too long).

    "Weber, Eva" becomes "Eva Weber". The sender chooses this text, so nothing but letters and what joins names passes.
    """
    name = _line(display)
    last, comma, first = name.partition(", ")
    if comma and "," not in first:
        name = f"{first} {last}"
    return name if len(name) <= 50 and len(name.split()) <= 5 and _NAME.fullmatch(name) else ""


_REPLY_MARK = re.compile(r"(?:re|fwd?|aw|wg|sv|tr|rif|res|enc|antw|doorst|回复|答复|转发)(?:\[\d{1,3}\])? ?[:：] ?", re.IGNORECASE)


def topic(subject: str) -> str:
    """Return what a mail is about: its subject without the marks of answering and passing on."""
    text = _line(subject)
    while match := _REPLY_MARK.match(text):
        text = text[match.end() :]
    return text


def _authenticated(results: tuple[str, ...], authserv_id: str) -> bool | None:
    """Return what the account's own server says about DMARC in its topmost Authentication-Results (RFC 8601 2.2)."""
    if not authserv_id:
        return None
    for header in results:
        server, _, said = header.partition(";")
        if server.split()[:1] and server.split()[0].lower() == authserv_id.lower():
            return any(re.match(r"\s*dmarc\s*=\s*pass\b", one, re.IGNORECASE) for one in said.split(";"))
    return None


def _line(text: str) -> str:
    """Return text on one line: a decoded header can hold real line breaks."""
    return " ".join(text.split())


def _clean(value: Value) -> Value:
    """Return texts without lone surrogates, which no regex engine and no encoder takes."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, tuple):
        return tuple(_clean(one) for one in value)  # type: ignore[return-value]
    return value
