"""Opens a PDF file, for whatever is done with it: by a password that is known for its sender, and mended where it was cut off."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import pypdfium2
import pypdfium2.raw as pdfium

from mailbot.core.document import Problem
from mailbot.errors import BadInput
from mailbot.extract.pdf_rescue import rescued
from mailbot.extract.reader import Limits

ASK_AGAIN = "ask the sender for the file again"


class Opened(NamedTuple):
    """An open PDF and the bytes that it was opened from: unlocked, and `mended` where PDFium could not open them as they came."""

    pdf: Any
    content: bytes
    mended: bool


def open_pdf(content: bytes, passwords: Sequence[str]) -> Opened:
    """Open a PDF, with its forms if it has any. Raises pypdfium2.PdfiumError: `unopened` tells what that means."""
    if passwords:
        content = _unlocked(content, passwords)
    try:
        return Opened(_with_forms(content), content, mended=False)
    except pypdfium2.PdfiumError as error:
        mended = None if _encrypted(error) else rescued(content)
        if mended is not None:
            with contextlib.suppress(pypdfium2.PdfiumError):
                return Opened(_with_forms(mended), mended, mended=True)
        raise


@contextmanager
def opened(content: bytes, limits: Limits) -> Iterator[Opened]:
    """Open a PDF for one use. Raises BadInput where it cannot be opened, and for what PDFium fails on in it."""
    try:
        found = open_pdf(content, limits.passwords)
    except pypdfium2.PdfiumError as error:
        problem = unopened("the PDF", error, limits)
        raise BadInput(problem.detail, remedy=problem.remedy) from None
    try:
        yield found
    except pypdfium2.PdfiumError as error:
        raise BadInput(f"a page of the PDF cannot be read: {error}", remedy=ASK_AGAIN) from None
    finally:
        found.pdf.close()


def unopened(name: str, error: pypdfium2.PdfiumError, limits: Limits) -> Problem:
    """Return why a PDF could not be opened: encrypted_pdf or broken_pdf."""
    if _encrypted(error):
        known = f", and none of the {len(limits.passwords)} known for its sender opens it" if limits.passwords else ""
        remedy = "ask the sender for it without one, or set extract.passwords for this sender"
        return Problem(code="encrypted_pdf", detail=f"{name} asks for a password{known}", remedy=remedy)
    return Problem(code="broken_pdf", detail=f"{name} cannot be opened: {error}", remedy=ASK_AGAIN)


def _unlocked(content: bytes, passwords: Sequence[str]) -> bytes:
    """Return an encrypted PDF as one without a password, by the first that opens it; as it is when none does."""
    for password in passwords:
        try:
            pdf = pypdfium2.PdfDocument(content, password=password)
        except pypdfium2.PdfiumError:
            continue
        with contextlib.closing(pdf):
            out = io.BytesIO()
            pdf.save(out, flags=pdfium.FPDF_REMOVE_SECURITY)
            return out.getvalue()
    return content


def _with_forms(content: bytes) -> Any:
    pdf = pypdfium2.PdfDocument(content)
    if pdf.get_formtype() != pdfium.FORMTYPE_NONE:
        with contextlib.suppress(pypdfium2.PdfiumError):
            pdf.init_forms()
    return pdf


def _encrypted(error: pypdfium2.PdfiumError) -> bool:
    """Return whether opening failed for want of a password."""
    return bool(getattr(error, "err_code", None) == pdfium.FPDF_ERR_PASSWORD)
