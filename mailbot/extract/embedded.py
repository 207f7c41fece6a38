"""Finds the files inside a PDF: those of its list of embedded files (a portfolio's too), and those only named as associated.

PDFium knows the list (ISO 32000-1, 7.11.4). Files that are only associated with the document (/AF of the catalog, ISO 32000-2,
14.13) are looked up with pdfminer, which costs more and is asked only where the bytes show that there are some.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from mailbot.core.document import Problem
from mailbot.extract.mail_header import clean
from mailbot.extract.reader import Limits, Member

_SIGNS = re.compile(rb"/EmbeddedFile|/AF[\s\[]|/text#2Fxml")
"""A PDF without any of these has no file inside: the dictionaries of streams are never compressed (ISO 32000-1, 7.5.7)."""


def files_inside(name: str, pdf: Any, content: bytes, limits: Limits) -> tuple[tuple[Member, ...], tuple[Problem, ...]]:
    """Return the files inside an open PDF as members `name/file`, and what kept others out: archive_limits, broken_archive."""
    if not _SIGNS.search(content):
        return (), ()
    count = pdf.count_attachments()
    if count > limits.archive_members:
        detail = f"{name}: {count} files inside, {limits.archive_members} are allowed"
        return (), (Problem(code="archive_limits", detail=detail, remedy="ask the sender for the files themselves"),)
    files: dict[str, Member] = {}
    problems: list[Problem] = []
    left = limits.archive_bytes
    for inner, inside in _listed(pdf, count) if count else _associated(content, limits.archive_members):
        full = f"{name}/{inner}"
        if inside is None:
            problems.append(Problem(code="broken_archive", detail=f"{full} cannot be taken out", remedy="look at the original"))
            continue
        left -= len(inside)
        if left < 0:
            detail = f"{name}: more than {limits.archive_bytes} bytes inside"
            problems.append(Problem(code="archive_limits", detail=detail, remedy="ask the sender for the files themselves"))
            break
        if full in files and files[full].content != inside:
            full = f"{full} ({len(files) + 1})"
        files[full] = Member(name=full, media_type="", content=inside)
    return tuple(files.values()), tuple(problems)


def _listed(pdf: Any, count: int) -> Iterator[tuple[str, bytes | None]]:
    """Yield name and content of each embedded file, None for one that cannot be taken out."""
    import pypdfium2

    for index in range(count):
        inner = f"file {index + 1}"
        try:
            attachment = pdf.get_attachment(index)
            inner = last_part(attachment.get_name()) or inner
            yield inner, bytes(attachment.get_data())
        except pypdfium2.PdfiumError:
            yield inner, None


def _associated(content: bytes, most: int) -> Iterator[tuple[str, bytes | None]]:
    """Yield name and content of the files that the catalog's /AF names; nothing when pdfminer cannot read the PDF."""
    from pdfminer.pdfdocument import PDFDocument
    from pdfminer.pdfparser import PDFParser
    from pdfminer.pdftypes import PDFStream, dict_value, list_value, resolve1
    from pdfminer.utils import decode_text

    try:
        catalog = PDFDocument(PDFParser(io.BytesIO(content))).catalog
        for index, entry in enumerate(list_value(catalog.get("AF", []))[:most]):
            specification = dict_value(entry)
            stream = next((resolve1(one) for one in dict_value(specification.get("EF", {})).values()), None)
            if isinstance(stream, PDFStream):
                written = resolve1(specification.get("UF") or specification.get("F") or b"")
                inner = decode_text(written) if isinstance(written, bytes) else ""
                yield last_part(inner) or f"file {index + 1}", stream.get_data()
    except (MemoryError, OSError):
        raise
    except Exception:  # pdfminer fails in many ways on broken files; PDFium has read the pages already
        return


def last_part(inner: str) -> str:
    """Return a file's name without any path, on one line."""
    return clean(inner).replace("\\", "/").rpartition("/")[2][:200]
