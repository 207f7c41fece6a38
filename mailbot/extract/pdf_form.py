"""Finds what somebody filled into a PDF: the values of form fields (AcroForm, ISO 32000-1, 12.7) and text typed onto a page.

Neither is part of the page's own content, so a text layer does not have it. PDFium draws fields that carry no appearance of their
own, once forms are switched on.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import pypdfium2.raw as pdfium

from mailbot.core.document import Box
from mailbot.core.words import Word
from mailbot.extract.mail_header import clean
from mailbot.extract.pdf_chars import moved
from mailbot.extract.pdf_layout import Shown

MOST_FIELDS = 2_000
"""Annotations of one page that are looked at."""

MOST_LENGTH = 20_000
"""Characters of one value that are read."""

_UNSEEN = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_PASSWORD = pdfium.FPDF_FORMFLAG_TEXT_PASSWORD
_WRITTEN = (pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX)
_TICKED = (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON)
_MARKS = {True: "[x]", False: "[ ]"}


def filled_in(page: Any, shown: Shown) -> list[Word]:
    """Return the words that were filled into the fields of a page or typed onto it, with boxes inside those of their fields.

    A box to tick is "[x]" or "[ ]". What is hidden, and passwords, are left out.
    """
    words: list[Word] = []
    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page), MOST_FIELDS)):
        note = pdfium.FPDFPage_GetAnnot(page, index)
        if not note:
            continue
        try:
            text = _text_of(page, note)
            rect = pdfium.FS_RECTF()
            if text and pdfium.FPDFAnnot_GetRect(note, rect):
                words += _laid_out(text, moved(shown.matrix, rect.left, rect.bottom, rect.right, rect.top))
        finally:
            pdfium.FPDFPage_CloseAnnot(note)
    return words


def _text_of(page: Any, note: Any) -> str:
    """Return what an annotation shows as text, "" where it is none of those that hold some."""
    kind = pdfium.FPDFAnnot_GetSubtype(note)
    if kind not in (pdfium.FPDF_ANNOT_WIDGET, pdfium.FPDF_ANNOT_FREETEXT) or pdfium.FPDFAnnot_GetFlags(note) & _UNSEEN:
        return ""
    if kind == pdfium.FPDF_ANNOT_FREETEXT:
        return _string(pdfium.FPDFAnnot_GetStringValue, note, b"Contents")
    if page.formenv is None:
        return ""
    field = pdfium.FPDFAnnot_GetFormFieldType(page.formenv, note)
    if field in _TICKED:
        return _MARKS[bool(pdfium.FPDFAnnot_IsChecked(page.formenv, note))]
    if field not in _WRITTEN or pdfium.FPDFAnnot_GetFormFieldFlags(page.formenv, note) & _PASSWORD:
        return ""
    return _string(pdfium.FPDFAnnot_GetFormFieldValue, page.formenv, note)


def _string(ask: Any, *arguments: Any) -> str:
    """Return a text that PDFium hands out in UTF-16, after telling how many bytes it has."""
    size = min(ask(*arguments, None, 0), 2 * MOST_LENGTH)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    ask(*arguments, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw[:size].decode("utf-16-le", "replace").partition("\0")[0]


def _laid_out(text: str, box: Box) -> Iterator[Word]:
    """Yield the words of a value, each in its share of the field's box."""
    lines = [line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()]
    high = (box[3] - box[1]) / max(1, len(lines))
    for row, line in enumerate(lines):
        shown = clean(line)
        wide = (box[2] - box[0]) / max(1, len(shown))
        at = 0
        for part in [shown] if shown in _MARKS.values() else shown.split():
            at = shown.index(part, at)
            left, top = box[0] + at * wide, box[1] + row * high
            yield Word(text=part, box=(left, top, left + len(part) * wide, top + high))
            at += len(part)
