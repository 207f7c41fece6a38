"""Grounding: links every figure, date, name, IBAN, link and address of a draft to where it was read, or to nothing.

What stands nowhere must be acknowledged by the reviewer. A source is looked for in this order: the fields of the documents, the
mail, the documents' pages and tables, the desk's knowledge, the filled-in template.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from mailbot.core.document import Document, Reading
from mailbot.core.draft import Grounded, Source
from mailbot.core.message import Message
from mailbot.core.spans import MAX_TEXT, Key, Span, number_keys, plain, spans_of

MAX_DRAFT = 50_000
"""Characters of a draft that are checked; a longer one is not a reply."""

_GREETINGS = (
    "dear|hello|hi|good morning|good afternoon|sehr geehrter?|liebe[rs]?|hallo|guten tag|guten morgen|bonjour|cher|chère|"
    "beste|geachte|estimad[oa]|hola|gentile|buongiorno|ciao"
)
_TITLES = "mr|mrs|ms|miss|dr|prof|herr|herrn|frau|monsieur|madame|mme|m|heer|mevrouw|señor|señora|sr|sra|signor|signora|sig"
_SALUTATION = re.compile(
    rf"^[ \t]*(?:{_GREETINGS})[ ]+(?:(?:{_TITLES})\b\.?[ ]+){{0,2}}"
    r"(?P<name>[^\W\d_][^\n,!:;<>，！：]{0,79}?)[ \t]*[,!:;，！：]?[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_CHINESE_SALUTATION = re.compile(r"^[ \t]*(?:尊敬的|亲爱的)[ ]?(?P<name>[^\s,，:：!！]{1,40})[,，:：!！]", re.MULTILINE)
_HONORIFIC = re.compile(r"(?:先生|女士|小姐|经理|老师|总)$")
_NOBODY = frozenset(
    "sir madam sirs team all customer customers there everyone colleague colleagues damen und herren or and supplier suppliers "
    "both kolleginnen kollegen kunde kundin 客户 顾客 供应商 先生 女士 各位 您".split()
)
_COMPANY = re.compile(
    r"(?P<name>(?:[^\W\d_a-z][\w&.'-]{0,40}[ ]+){1,5}"
    r"(?:GmbH|AG|KG|Ltd|Limited|LLC|Inc|Corp|Corporation|PLC|B\.?V|S\.A|S\.?r\.?l|SpA|SARL|SE)\b)"
)
_CHINESE_COMPANY = re.compile(r"[\u4e00-\u9fff（）()]{2,30}?(?:有限公司|股份公司|集团)")
_BEFORE_COMPANY = re.compile(r"^.*(?:感谢|收到|来自|贵司|我们|关于|联系|由|与|向|给|请|致|是|的)(?=.{6})")
"""Chinese has no spaces: what stands before a company's name in a sentence."""


def ground(text: str, *, reading: Reading, skeleton: str, knowledge: str = "") -> tuple[Grounded, ...]:
    """Return every checkable span of a draft with its source, in the order of the text.

    `reading` is what was read of the mail and its documents, `skeleton` the filled-in template, `knowledge` the desk's own texts.
    An amount whose currency is said matches a figure of another currency nowhere.
    """
    text = text[:MAX_DRAFT]
    index = _Index(_sources(reading, skeleton, knowledge))
    found = [
        Grounded(span=(span.start, span.end), kind=span.kind, source=index.find(span))
        for span in spans_of(text)
        if _matters(span, text)
    ]
    taken = [one.span for one in found]
    for start, end in _names(text, reading.documents):
        if all(end <= first or start >= last for first, last in taken):
            taken.append((start, end))
            found.append(Grounded(span=(start, end), kind="name", source=index.find_name(text[start:end])))
    return tuple(sorted(found, key=lambda one: one.span))


def share(grounded: Sequence[Grounded]) -> float:
    """Return the share of spans that have a source, 0 to 1: the draft's confidence. A draft without any span is 1."""
    return round(sum(one.source is not None for one in grounded) / len(grounded), 3) if grounded else 1.0


def _matters(span: Span, text: str) -> bool:
    """Tell figures from the numbering of a list ("1. Send us …"), which says nothing that could be wrong."""
    line = text[text.rfind("\n", 0, span.start) + 1 : span.start]
    return not (span.kind == "number" and not line.strip() and re.match(r"[.)][ \t]", text[span.end : span.end + 2]))


def _names(text: str, documents: Iterable[Document]) -> Iterator[tuple[int, int]]:
    """Yield where people and companies are named: in a greeting, by a legal form, or as a field of a document."""
    for pattern in (_SALUTATION, _CHINESE_SALUTATION):
        for match in pattern.finditer(text):
            name = _HONORIFIC.sub("", match["name"].rstrip(" .")) or match["name"]
            if not set(re.findall(r"[^\W\d_]+", name.casefold())) <= _NOBODY:
                yield match.start("name"), match.start("name") + len(name)
    for document in documents:
        for key in ("supplier", "customer"):
            if (field := document.field(key)) and len(field.value) >= 3 and (at := text.find(field.value)) >= 0:
                yield at, at + len(field.value)
    yield from (match.span("name") for match in _COMPANY.finditer(text))
    for match in _CHINESE_COMPANY.finditer(text):
        yield match.end() - len(_BEFORE_COMPANY.sub("", match[0])), match.end()


def _sources(reading: Reading, skeleton: str, knowledge: str) -> Iterator[tuple[Source, str]]:
    """Yield each text that a figure may come from, best first; together no more than spans_of looks at."""
    left = MAX_TEXT
    for source, text in _all_sources(reading, skeleton, knowledge):
        if source.place != "template":
            text = text[:left]
            left -= len(text)
        yield source, text


def _all_sources(reading: Reading, skeleton: str, knowledge: str) -> Iterator[tuple[Source, str]]:
    for document in reading.documents:
        currency = document.field("currency")
        for field in document.fields:
            value = f"{field.value} {currency.value}" if currency and field.name in ("subtotal", "tax", "total") else field.value
            yield Source(place="field", name=f"{document.name}: {field.name}", page=field.page), value
    if reading.message:
        yield Source(place="mail", name=reading.message.subject[:100]), mail_text(reading.message)
    yield Source(place="document", name="file name"), _words_of(reading.file)
    for document in reading.documents:
        for page in document.pages:
            yield Source(place="document", name=document.name, page=page.number), page.text
        for table in document.tables:
            cells = "\n".join(" | ".join(row) for row in (table.columns, *table.rows))
            yield Source(place="document", name=document.name, page=table.page), cells
    yield Source(place="desk"), knowledge
    yield Source(place="template"), skeleton


def mail_text(message: Message) -> str:
    """Return all that a mail says: its headers' names, addresses and date, the names of its attachments, its text."""
    people = [part for one in (*message.from_, *message.to, *message.cc, *message.reply_to) for part in (one.name, one.address)]
    files = [_words_of(one.filename) for one in message.attachments]
    return "\n".join([message.subject, (message.date or "")[:10], *people, *files, message.text])


def _words_of(filename: str) -> str:
    """Return a file name, and once more without its ending and with its parts as words: `invoice_7.pdf` says 7."""
    return f"{filename} {filename.rpartition('.')[0].replace('_', ' ')}"


class _Index:
    """What stands in the sources: the first source of each key, by currency for amounts."""

    def __init__(self, sources: Iterable[tuple[Source, str]]) -> None:
        self._keys: dict[Key, dict[str, Source]] = {}
        self._texts: list[tuple[Source, str]] = []
        for source, text in sources:
            if text.strip():
                self._texts.append((source, _folded(text)))
                for span in spans_of(text):
                    for key in (*span.keys, *_lesser_keys(span, text)):
                        self._keys.setdefault(key, {}).setdefault(span.currency, source)

    def find(self, span: Span) -> Source | None:
        """Return where a span stands: the same currency first, then a figure without one; of a bare number any."""
        for key in sorted(span.keys):
            by_currency = self._keys.get(key, {})
            wanted = (span.currency, "") if span.currency else by_currency
            if source := next((by_currency[one] for one in wanted if one in by_currency), None):
                return source
        return None

    def find_name(self, name: str) -> Source | None:
        """Return where a name stands: as written, or all of its words in one source."""
        folded = _folded(name)
        words = [word for word in re.findall(r"\w+", folded) if len(word) > 1]
        for source, text in self._texts:
            if folded in text:
                return source
        for source, text in self._texts:
            if words and all(re.search(rf"\b{re.escape(word)}\b", text) for word in words):
                return source
        return None


def _lesser_keys(span: Span, text: str) -> Iterator[Key]:
    """Yield what a source says besides: a date its year and its day of the year, a row of figures each of them."""
    if span.kind == "date":
        for kind, day in span.keys:
            if len(day) == 10:
                yield kind, day[5:]
                yield "number", day[:4]
    elif span.kind in ("amount", "number") and " " in (shown := plain(text[span.start : span.end])):
        for part in re.findall(r"\d+(?:[.,]\d+)*", shown):
            yield from number_keys(part)


def _folded(text: str) -> str:
    return " ".join(plain(text).casefold().split())
