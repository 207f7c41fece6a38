"""What every reader of an outside format is: a function from bytes to what was found, run inside a worker process.

A reader raises nothing but BadInput: whatever it cannot read is a Problem. It imports its library inside the function or at the
top of its own file, which only a worker loads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

from mailbot.core.document import Document, Problem
from mailbot.extract.engine import Choice

if TYPE_CHECKING:
    from mailbot.core.supplier_hints import SupplierHints
    from mailbot.extract.ocr import Scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of one file is read, the meaning of each being on `mailbot.config.Extract`; and what is known of its suppliers."""

    max_pages: int = 200
    max_pixels: int = 50_000_000
    archive_members: int = 500
    archive_bytes: int = 500_000_000
    archive_ratio: int = 200
    archive_depth: int = 3
    ocr_dpi: int = 200
    ocr_pages: int = 100
    ocr: bool = True
    ocr_engine: str = "rapidocr"
    ocr_languages: Sequence[str] = ()
    tesseract: str = "auto"
    easyocr_folder: str = ""
    suppliers: tuple[SupplierHints, ...] = ()
    passwords: tuple[str, ...] = field(default=(), repr=False)
    """Passwords that the sender's files may have; given only for a file that was found to be encrypted."""
    scans: Mapping[int, Scan] = field(default_factory=dict)
    """Pages that another worker has read by OCR."""
    defer: bool = False
    """Raise ScansWanted rather than read two or more pages by OCR."""

    @property
    def choice(self) -> Choice:
        """Which OCR engines read."""
        return Choice(
            engine=self.ocr_engine, tesseract=self.tesseract, languages=self.ocr_languages, easyocr_folder=self.easyocr_folder
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file inside a file, to be read in its turn: `name` is its full name (`a.zip/b.pdf`)."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one reader found in one file."""

    documents: tuple[Document, ...] = ()
    members: tuple[Member, ...] = ()
    problems: tuple[Problem, ...] = ()


Reader = Callable[[str, bytes, str, Limits], Found]
"""read(name, content, media_type, limits): documents carry no sha256, the worker adds it."""

READERS: dict[str, str] = {
    "application/pdf": "mailbot.extract.pdf",
    "image/png": "mailbot.extract.picture",
    "image/jpeg": "mailbot.extract.picture",
    "image/tiff": "mailbot.extract.picture",
    "image/webp": "mailbot.extract.picture",
    "image/bmp": "mailbot.extract.picture",
    "image/gif": "mailbot.extract.picture",
    "image/heic": "mailbot.extract.picture",
    "image/avif": "mailbot.extract.picture",
    "text/csv": "mailbot.extract.csv_file",
    "text/tab-separated-values": "mailbot.extract.csv_file",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "mailbot.extract.spreadsheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "mailbot.extract.word_file",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "mailbot.extract.slides_file",
    "application/vnd.oasis.opendocument.text": "mailbot.extract.open_document",
    "application/vnd.oasis.opendocument.presentation": "mailbot.extract.open_document",
    "application/msword": "mailbot.extract.word_binary",
    "application/vnd.ms-excel": "mailbot.extract.spreadsheet",
    "application/vnd.oasis.opendocument.spreadsheet": "mailbot.extract.spreadsheet",
    "application/encrypted": "mailbot.extract.locked_office",
    "application/vnd.ms-excel+xml": "mailbot.extract.sheet_xml",
    "text/plain": "mailbot.extract.text_file",
    "text/html": "mailbot.extract.html",
    "application/xml": "mailbot.extract.einvoice",
    "text/xml": "mailbot.extract.einvoice",
    "text/calendar": "mailbot.extract.calendar_file",
    "text/vcard": "mailbot.extract.vcard",
    "application/rtf": "mailbot.extract.rich_text",
    "application/pkcs7-mime": "mailbot.extract.signed_file",
    "application/pkcs7-signature": "mailbot.extract.signed_file",
    "application/vnd.ms-tnef": "mailbot.extract.tnef",
    "application/zip": "mailbot.extract.archive",
    "application/x-tar": "mailbot.extract.tarball",
    "application/gzip": "mailbot.extract.tarball",
    "application/x-bzip2": "mailbot.extract.tarball",
    "application/x-xz": "mailbot.extract.tarball",
    "application/x-7z-compressed": "mailbot.extract.seven_zip",
}
"""Which module's `read` reads a media type. Mail and Outlook's messages are not here: the worker parses them itself."""


def reader_for(media_type: str) -> Reader | None:
    """Return the reader of a media type, importing its module now, or None when nobody reads it."""
    module = READERS.get(media_type)
    return import_module(module).read if module else None
