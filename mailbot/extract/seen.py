"""What was read off one page, of a PDF or a picture, and what follows from it for the whole document: fields and problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mailbot.core.document import Box, Document, Field, LineItem, Page, Problem
from mailbot.core.fields import business_paper, find_fields, invoices_in, papers_in
from mailbot.core.invoice_lines import read_lines
from mailbot.core.page_joining import all_tables
from mailbot.core.page_tables import PageTable
from mailbot.core.paper import Paper, lay_out
from mailbot.core.paper_kinds import title_of
from mailbot.core.payment_code import Code
from mailbot.core.supplier_hints import SupplierHints, with_hints
from mailbot.core.words import PageWords
from mailbot.extract.reader import Found

UNSURE = 0.75
"""Confidence of OCR below which a person should look at the page."""

FIELD_PAGES = 5
"""Pages at the beginning and at the end whose words are looked at for fields; the figures of an invoice stand there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One page as it was read.

    `words` are None where nobody needs them. A skewed scan was straightened by `skew` degrees before its words were placed.
    `tables` are the ruled ones.
    `joined_cells` says that there are tables which only pdfplumber can read; `too_large` that the page was not rendered; `broken`
    that it could not be read at all; `no_text` that it shows something, of which nothing could be read; `by_ocr` that OCR read it,
    `unscanned` that it should have but was not asked any more, `deferred` that it is to be read by OCR yet. `codes` stand where a
    person is shown them.
    """

    page: Page
    words: PageWords | None = None
    skew: float = 0.0
    tables: tuple[PageTable, ...] = ()
    joined_cells: bool = False
    too_large: bool = False
    broken: bool = False
    no_text: bool = False
    by_ocr: bool = False
    unscanned: bool = False
    codes: tuple[Code, ...] = ()
    deferred: bool = False

    @property
    def whole(self) -> bool:
        """Whether everything on the page was read, as far as one can tell, and its words are known."""
        return self.words is not None and not (self.too_large or self.broken or self.no_text or self.unscanned)

    def shown(self, box: Box) -> Box:
        """Return where a box of `words` stands on the page as a person is shown it: upright, but not straightened."""
        if not self.skew or self.words is None:
            return box
        from mailbot.extract.orientation import lean

        return lean(box, self.skew, self.words.width, self.words.height)


def wanted_for_fields(number: int, count: int) -> bool:
    """Return whether page `number` of `count` is one that is looked at for fields."""
    return number <= FIELD_PAGES or number > count - FIELD_PAGES


def most_scans(number: int, count: int, limit: int) -> int:
    """Return how many pages OCR may have read before it reads page `number` of `count`: the last ones, where totals stand, have
    their share of `limit`; the first page goes before them.
    """
    last = min(FIELD_PAGES, limit - 1)
    return limit - last if number <= count - last else limit


def found_on(
    name: str, media_type: str, seen: Sequence[Seen], suppliers: Sequence[SupplierHints] = (), ruled: Sequence[PageTable] = ()
) -> Found:
    """Return the document that pages make, and what a person should know about them.

    `suppliers` help to find its fields, `ruled` are tables that were read elsewhere. Problems: too_many_scans, too_many_pixels,
    no_text, low_confidence, credit_note, pro_forma, several_invoices, line_sum_differs.
    """
    tables = _tables_of(seen, ruled)
    pages = {one.page.number: one for one in seen if one.words is not None and wanted_for_fields(one.page.number, len(seen))}
    words = [one.words for one in pages.values() if one.words is not None]
    worth = business_paper("\n".join(one.page.text for one in pages.values()))
    paper = lay_out(words) if worth or tables else None
    papers = papers_in(words) if worth else []
    invoices = invoices_in(papers)
    fields = find_fields(paper, list(invoices.values())) if paper and worth else ()
    if suppliers:
        fields = with_hints(fields, suppliers, words)
    items, differs = _lines_of(name, seen, tables, paper, alone=len(papers) < 2) if paper else ((), ())
    document = Document(
        name=name,
        media_type=media_type,
        pages=tuple(one.page for one in seen),
        tables=tuple(table.table() for table in tables),
        fields=tuple(_shown(field, pages) for field in fields),
        line_items=items,
    )
    first = paper if len(words) < 2 else lay_out(words[:1])
    told = _told(name, first, list(invoices)) if worth and first else []
    return Found(documents=(document,), problems=(*_problems_of(name, seen), *told, *differs))


def _told(name: str, first: Paper, numbers: Sequence[str]) -> list[Problem]:
    """Return what a person should know before a paper, seen by its first page, is paid as one.

    Problems: credit_note, pro_forma, several_invoices.
    """
    problems = []
    title = title_of(first)
    if title == "credit_note":
        problems.append(Problem(code="credit_note", detail=f"{name} is a credit note", remedy="book it the other way round"))
    if title == "pro_forma":
        remedy = "book the invoice that follows, not this one"
        problems.append(Problem(code="pro_forma", detail=f"{name} is a pro forma invoice", remedy=remedy))
    if len(numbers) > 1:
        detail = f"{name} holds several invoices: {', '.join(numbers)}"
        remedy = "drop each as a file of its own, or enter the fields"
        problems.append(Problem(code="several_invoices", detail=detail, remedy=remedy))
    return problems


def _shown(field: Field, pages: Mapping[int, Seen]) -> Field:
    """Return a field with its box where a person will see it."""
    if field.page is None:  # what a supplier's file says is always so
        return field
    one = pages[field.page]
    box = _rounded(one.shown(field.box)) if field.box else None
    return replace(field, box=box, origin="text" if one.page.source == "text" else "ocr")


def _tables_of(seen: Sequence[Seen], ruled: Sequence[PageTable]) -> list[PageTable]:
    """Return the tables of a document, with `ruled` ones that were read elsewhere; one that goes on overleaf is one."""
    words = [one.words for one in seen if one.words is not None]
    found = [*ruled, *(table for one in seen for table in one.tables)]
    return all_tables(words, {page: [table for table in found if table.page == page] for page in {table.page for table in found}})


def _lines_of(
    name: str, seen: Sequence[Seen], tables: Sequence[PageTable], paper: Paper, *, alone: bool
) -> tuple[tuple[LineItem, ...], tuple[Problem, ...]]:
    """Return the line items in a document's tables, each where a person will see it, and the problem line_sum_differs for sums.

    Unless the paper is `alone` in its file its lines are not added up: a copy of it, or the order behind it, has lines too.
    """
    pages = {one.page.number: one for one in seen if one.words is not None}
    whole = alone and all(one.whole and wanted_for_fields(one.page.number, len(seen)) for one in seen)
    items, differs = read_lines(tables, paper, sure=all(one.page.source == "text" for one in seen), whole=whole)
    placed = tuple(replace(item, box=_rounded(pages[item.page].shown(item.box))) for item in items)
    problems = tuple(
        Problem(code="line_sum_differs", detail=f"{name}, {one}", remedy="ask the sender which figure is right before paying")
        for one in differs
    )
    return placed, problems


def _rounded(box: Box) -> Box:
    return round(box[0], 1), round(box[1], 1), round(box[2], 1), round(box[3], 1)


def _problems_of(name: str, seen: Sequence[Seen]) -> list[Problem]:
    """Return what a person should know about the pages: too_many_scans, too_many_pixels, no_text, low_confidence."""
    problems = []
    if left := [one.page.number for one in seen if one.unscanned]:
        detail = f"{name}: {len(left)} scanned pages were not read, from page {left[0]} to {left[-1]}"
        problems.append(Problem(code="too_many_scans", detail=detail, remedy="raise extract.ocr_pages"))
    for one in seen:
        page = one.page
        where = f"{name}, page {page.number}" if len(seen) > 1 else name
        if one.too_large:
            detail = f"{where}: {page.width:.0f} x {page.height:.0f} points, not rendered"
            problems.append(Problem(code="too_many_pixels", detail=detail, remedy="raise extract.max_pixels"))
        elif one.no_text:
            problems.append(Problem(code="no_text", detail=f"{where}: nothing readable on it", remedy="look at the page"))
        elif page.confidence is not None and page.confidence < UNSURE:
            detail = f"{where}: read with confidence {page.confidence:.2f}"
            problems.append(Problem(code="low_confidence", detail=detail, remedy="look at the page"))
    return problems
