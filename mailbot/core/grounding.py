"""Grounding: links every figure, date, name, account, link and address of a draft to where it was read, or to nothing.

What stands nowhere must be acknowledged by the reviewer. A source is looked for in this order: the fields of the documents, the
mail, the documents' pages and tables, the desk's knowledge, the filled-in template.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from mailbot.core.document import Document, Reading, Table
from mailbot.core.draft import Grounded, Source
from mailbot.core.message import Message
from mailbot.core.names import Found, names_of, stands_in
from mailbot.core.span_figures import SAME_CURRENCY
from mailbot.core.spans import MAX_TEXT, Key, Span, plain, spans_of

MAX_DRAFT = 50_000
"""Characters of a draft that are checked; a longer one is not a reply."""

Part = tuple[Source, str]
"""A text that a figure may come from."""


def ground(text: str, *, reading: Reading, skeleton: str, knowledge: str = "") -> tuple[Grounded, ...]:
    """Return every checkable span of a draft with its source, in the order of the text.

    `reading` is what was read of the mail and its documents, `skeleton` the filled-in template, `knowledge` the desk's own texts.
    An amount whose currency is said matches a figure of another currency nowhere.
    """
    text = text[:MAX_DRAFT]
    names = _apart(names_in(text, reading.documents))
    read = spans_of(text)
    spans = [span for span in read if _matters(span, text) and not _inside(span, names)]
    names = [name for name in names if not any(_overlap(name, (span.start, span.end)) for span in spans)]
    search = _Search(spans, [text[start:end] for start, end, _ in names])
    for parts in _sources(reading, skeleton, knowledge):
        if search.over:
            break
        search.look(parts)
    found = [Grounded(span=(one.start, one.end), kind=one.kind, source=search.source(at)) for at, one in enumerate(spans)]
    found += [Grounded(span=(start, end), kind=kind, source=search.named.get(at)) for at, (start, end, kind) in enumerate(names)]
    return tuple(sorted(found, key=lambda one: one.span))


def share(grounded: Sequence[Grounded]) -> float:
    """Return the share of spans that have a source, 0 to 1: the draft's confidence. A draft without any span is 1."""
    return round(sum(one.source is not None for one in grounded) / len(grounded), 3) if grounded else 1.0


def names_in(text: str, documents: Iterable[Document]) -> Iterator[Found]:
    """Yield who is named in a draft: also by names that its documents know."""
    for document in documents:
        for key in ("supplier", "customer"):
            if (field := document.field(key)) and len(field.value) >= 3 and (at := text.find(field.value)) >= 0:
                yield at, at + len(field.value), "name"
    yield from names_of(plain(text))


def _apart(names: Iterable[Found]) -> list[Found]:
    """Return the names that overlap none found before them."""
    kept: list[Found] = []
    for name in names:
        if not any(_overlap(name, other) for other in kept):
            kept.append(name)
    return kept


def _overlap(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return bool(one[0] < other[1] and other[0] < one[1])


def _inside(span: Span, names: Iterable[Found]) -> bool:
    """Return whether a figure is part of a name: the number of a house, of a bank."""
    return any(start <= span.start and span.end <= end for start, end, _ in names)


def _matters(span: Span, text: str) -> bool:
    """Tell figures from the numbering of a list ("1. Send us …"), which says nothing that could be wrong."""
    line = text[text.rfind("\n", 0, span.start) + 1 : span.start]
    return not (span.kind == "number" and not line.strip() and re.match(r"[.)][ \t]", text[span.end : span.end + 2]))


def _sources(reading: Reading, skeleton: str, knowledge: str) -> Iterator[list[Part]]:
    """Yield the texts that a figure may come from, best first, in groups; together no more than spans_of looks at."""
    left = MAX_TEXT
    for parts in _all_sources(reading, knowledge):
        cut = []
        for source, text in parts:
            cut.append((source, text[:left]))
            left -= len(cut[-1][1])
        yield cut
    yield [(Source(place="template"), skeleton)]


def _all_sources(reading: Reading, knowledge: str) -> Iterator[list[Part]]:
    fields = []
    for document in reading.documents:
        currency = document.field("currency")
        for field in document.fields:
            value = f"{field.value} {currency.value}" if currency and field.name in ("subtotal", "tax", "total") else field.value
            fields.append((Source(place="field", name=f"{document.name}: {field.name}", page=field.page, by=field.by), value))
    yield fields
    if reading.message:
        yield [(Source(place="mail", name=reading.message.subject[:100]), mail_text(reading.message))]
    yield [(Source(place="document", name="file name"), _words_of(reading.file))]
    for document in reading.documents:
        for page in document.pages:
            yield [(Source(place="document", name=document.name, page=page.number), page.text)]
        for table in document.tables:
            yield [(Source(place="document", name=document.name, page=table.page), _cells(table))]
    yield [(Source(place="desk"), knowledge)]


def _cells(table: Table) -> str:
    """Return a table's cells, row by row; in a column of percentages each cell says that it is one."""
    shares = ["%" in column for column in table.columns]
    if any(shares):
        rows = [[f"{cell} %" if cell and share else cell for cell, share in zip(row, shares, strict=False)] for row in table.rows]
    else:
        rows = [list(row) for row in table.rows]
    return "\n".join(" | ".join(row) for row in (table.columns, *rows))


def mail_text(message: Message) -> str:
    """Return all that a mail says: its headers' names, addresses and date, the names of its attachments, its text."""
    people = [part for one in (*message.from_, *message.to, *message.cc, *message.reply_to) for part in (one.name, one.address)]
    files = [_words_of(one.filename) for one in message.attachments]
    return "\n".join([message.subject, (message.date or "")[:10], *people, *files, message.text])


def _words_of(filename: str) -> str:
    """Return a file name, and once more without its ending and with its parts as words: `invoice_7.pdf` says 7."""
    return f"{filename} {filename.rpartition('.')[0].replace('_', ' ')}"


class _Search:
    """Looks for what a draft says in one source after the other, until all is found."""

    def __init__(self, spans: Sequence[Span], names: Sequence[str]) -> None:
        self._spans = spans
        self._wanted: dict[Key, set[str]] = {}
        """Every key that is looked for, with the currencies it is looked for in."""
        for span in spans:
            for key in span.keys:
                self._wanted.setdefault(key, set()).add(span.currency)
        self._sure: dict[tuple[Key, str], Source] = {}
        self._perhaps: dict[tuple[Key, str], Source] = {}
        self._stands: dict[int, Source] = {}
        self._left = list(range(len(spans)))
        self._names = {at: _folded(name) for at, name in enumerate(names)}
        self.named: dict[int, Source] = {}
        """Where each name stands, by its place in the list of names."""

    @property
    def over(self) -> bool:
        """Whether everything was found."""
        return not self._left and not self._names

    def source(self, at: int) -> Source | None:
        """Return where a span stands: the same currency first, then a figure without one; of a bare number any."""
        return self._stands.get(at) or self._first(self._perhaps, at)

    def look(self, parts: Sequence[Part]) -> None:
        """Look into some texts that belong together, the first one first."""
        if self._left:
            starts = list(accumulate((len(text) + 1 for _, text in parts), initial=0))
            for span in spans_of("\n".join(text for _, text in parts)):
                for key in (*span.keys, *span.says):
                    if self._wanted.get(key):
                        self._meet(key, span, parts[bisect_right(starts, span.start) - 1][0])
            self._stands |= {at: source for at in self._left if (source := self._first(self._sure, at))}
            self._left = [at for at in self._left if at not in self._stands]
        for source, text in parts if self._names else ():
            folded = _folded(text)
            for at in [at for at, name in self._names.items() if stands_in(name, folded)]:
                self.named[at] = source
                del self._names[at]

    def _meet(self, key: Key, span: Span, source: Source) -> None:
        """Note that a source says what is looked for; a figure of another currency does not."""
        for wanted in tuple(self._wanted[key]):
            if not wanted or span.currency in SAME_CURRENCY.get(wanted, (wanted,)):
                self._sure[key, wanted] = source
                self._wanted[key].discard(wanted)
            elif not span.currency:
                self._perhaps.setdefault((key, wanted), source)

    def _first(self, found: Mapping[tuple[Key, str], Source], at: int) -> Source | None:
        span = self._spans[at]
        return next((found[key, span.currency] for key in sorted(span.keys) if (key, span.currency) in found), None)


def _folded(text: str) -> str:
    """Return a text in which names are looked for: look-alikes and cases made one, line by line."""
    return "\n".join(" ".join(line.split()) for line in plain(text).casefold().split("\n"))
