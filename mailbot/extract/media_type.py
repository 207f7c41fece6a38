"""Tells what a file is: the bytes decide, then the name's ending, then the type that was given.

A sender's type is often `application/octet-stream`, or plainly wrong; magic numbers seldom are.
"""

from __future__ import annotations

import re
import zipfile
from io import BytesIO

from mailbot.core.legacy_encoding import utf16_order
from mailbot.extract.reader import READERS

MAIL = "message/rfc822"
OUTLOOK = "application/vnd.ms-outlook"
TNEF = "application/vnd.ms-tnef"
SIGNED = "application/pkcs7-mime"
SIGNATURE = "application/pkcs7-signature"
UNKNOWN = "application/octet-stream"
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_ODF = "application/vnd.oasis.opendocument."
LOCKED_OFFICE = "application/encrypted"
"""Not registered: an office file inside the encryption of [MS-OFFCRYPTO]; what it is shows when it is open."""
SHEET_XML = "application/vnd.ms-excel+xml"
"""Not registered: what Excel 2003 wrote as one XML file has the type of a workbook, or of any XML."""

PACKED = frozenset(
    {
        "application/zip", "application/x-7z-compressed", "application/x-tar", "application/gzip", "application/x-bzip2",
        "application/x-xz", TNEF, SIGNED,
    }
)  # fmt: skip
"""Types of files that hold files: how many and how large they may be counts over the whole nest."""

MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"{\\rtf", "application/rtf"),
    (b"\x7fELF", "application/x-executable"),
    (b"\x78\x9f\x3e\x22", TNEF),
    (b"%!PS", "application/postscript"),
)
"""First bytes → media type, for the types whose first bytes say it all (each format's own specification)."""

ENDINGS = {
    "eml": MAIL, "mht": MAIL, "pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg",
    "tif": "image/tiff", "tiff": "image/tiff", "webp": "image/webp", "bmp": "image/bmp", "gif": "image/gif",
    "heic": "image/heic", "heif": "image/heic", "avif": "image/avif",
    "csv": "text/csv", "tsv": "text/tab-separated-values", "tab": "text/tab-separated-values", "txt": "text/plain",
    "text": "text/plain", "log": "text/plain", "md": "text/plain", "htm": "text/html", "html": "text/html", "xhtml": "text/html",
    "zip": "application/zip", "xml": "application/xml", "json": "application/json", "rtf": "application/rtf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xls": "application/vnd.ms-excel",
    "xlsm": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ods": "application/vnd.oasis.opendocument.spreadsheet", "doc": "application/msword",
    "docx": _DOCX, "pptx": _PPTX, "pptm": _PPTX, "ppsx": _PPTX, "odt": f"{_ODF}text", "odp": f"{_ODF}presentation",
    "xlsb": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "docm": _DOCX, "dotx": _DOCX,
    "ics": "text/calendar", "ifb": "text/calendar", "vcf": "text/vcard", "vcard": "text/vcard", "msg": OUTLOOK,
    "p7m": SIGNED, "p7s": SIGNATURE, "7z": "application/x-7z-compressed", "tar": "application/x-tar", "tgz": "application/gzip",
    "gz": "application/gzip",
}  # fmt: skip

_SAME = {
    "application/x-pkcs7-mime": SIGNED, "application/x-pkcs7-signature": SIGNATURE, "application/ms-tnef": TNEF,
    "application/x-gzip": "application/gzip", "application/x-bzip": "application/x-bzip2", "text/x-vcard": "text/vcard",
    "text/directory": "text/vcard", "application/ics": "text/calendar", "text/rtf": "application/rtf",
    "application/x-zip-compressed": "application/zip", "image/heif": "image/heic", "application/x-tar-gz": "application/gzip",
    "text/x-vcalendar": "text/calendar",
}  # fmt: skip
"""Names that senders use for a type, and the registered one."""

_OFFICE_FOLDERS = (
    ("xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("word/", _DOCX),
    ("ppt/", _PPTX),
)
_SPREADSHEETS = ("application/vnd.ms-excel", "application/vnd.ms-excel.sheet.binary.macroenabled.12")
_LOCKED_MARK = "EncryptedPackage".encode("utf-16-le")
_SHEET_MARK = b"urn:schemas-microsoft-com:office:spreadsheet"
_OUTLOOK_MARK = "__properties_version1.0".encode("utf-16-le")
_CMS = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
"""The object identifier that every CMS message begins with: 1.2.840.113549.1.7 (RFC 5652 4)."""
_HEADER_LINE = re.compile(rb"(?:[!-9;-~]{1,70}[ \t]*:[^\r\n]*(?:\r?\n[ \t][^\r\n]*){0,50}\r?\n)")
_MAIL_HEADERS = (b"from", b"to", b"subject", b"date", b"received", b"message-id", b"mime-version", b"content-type", b"return-path")


def detect(name: str, content: bytes, given: str = "") -> str:
    """Return the media type of a file by its bytes, its name and the type that came with it (in that order of trust)."""
    given = given.partition(";")[0].strip().lower()
    given = _SAME.get(given, given)
    ending = ENDINGS.get(name.rpartition(".")[2].lower() if "." in name else "", "")
    return _by_bytes(content, MAIL if MAIL in (given, ending) else ending or given) or _text_kind(content, ending, given)


def reader_type(media_type: str) -> str:
    """Return the type whose reader reads this one, "" for none: text that nobody reads better (calendars, XML) is read as text."""
    if media_type in READERS:
        return media_type
    if media_type.startswith("text/") or media_type.endswith(("/xml", "+xml", "/json", "+json")):
        return "text/plain"
    return ""


def _by_bytes(content: bytes, hint: str) -> str:
    """Return the type that the first bytes name, or "". `hint` chooses between kinds that share a container."""
    head = content[:1024]
    # ISO 32000-1 annex H: readers take the header anywhere in the first 1024 bytes; but a mail may well speak of it.
    if head.startswith(b"%PDF-") or (b"%PDF-" in head and hint != MAIL and not looks_like_mail(content)):
        return "application/pdf"
    for magic, media_type in MAGIC:
        if head.startswith(magic):
            return media_type
    if head[:1] == b"0" and _CMS in head[:24]:
        return SIGNATURE if hint == SIGNATURE else SIGNED
    if head[257:262] == b"ustar" and hint != MAIL:  # POSIX.1-2001, pax, the header block; GNU writes the same with blanks.
        return "application/x-tar"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":  # ISO/IEC 14496-12 4.3; the brands are those of ISO/IEC 23008-12 and of AVIF
        brands = {head[8:12], *(head[at : at + 4] for at in range(16, min(int.from_bytes(head[:4]), 64), 4))}
        if brands & {b"avif", b"avis"}:
            return "image/avif"
        if brands & {b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"}:
            return "image/heic"
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0" and len(content) > 26:
        return "image/bmp"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _zip_kind(content)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):  # [MS-CFB] 2.2: Word, Excel and Outlook's old files share it.
        if hint not in (*_SPREADSHEETS, "application/msword") and _OUTLOOK_MARK in content:  # What is attached comes after it.
            return OUTLOOK
        if _LOCKED_MARK in content:
            return LOCKED_OFFICE
        if b"W\0o\0r\0k\0b\0o\0o\0k" in content or hint in _SPREADSHEETS:
            return "application/vnd.ms-excel"
        return "application/msword" if b"W\0o\0r\0d\0D\0o\0c" in content else "application/x-ole-storage"
    return ""


def _zip_kind(content: bytes) -> str:
    """Tell an office file from a plain archive by its members, without unpacking any."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = [info.filename for info in archive.infolist()[:2000]]
    except Exception:  # Broken: the archive's reader says how.
        return "application/zip"
    if "[Content_Types].xml" in names:
        for folder, media_type in _OFFICE_FOLDERS:
            if any(name.startswith(folder) for name in names):
                return media_type
    if "mimetype" in names and content[30:38] == b"mimetype":  # OpenDocument 1.2 part 3, 3.3: first and stored.
        stated = content[38:100].partition(b"PK")[0].decode("ascii", "replace").strip()
        if stated.startswith(_ODF):
            return stated.removesuffix("-template")
    return "application/zip"


def _text_kind(content: bytes, ending: str, given: str) -> str:
    """Return the type of a file that no magic number names."""
    stated = ending or ("" if given == UNKNOWN else given)
    if MAIL in (given, ending):
        return MAIL
    if not is_text(content):
        # Whoever says that binary rubbish is a picture or text is not believed: the reader would only fail.
        return stated if stated and not stated.startswith(("text/", "image/")) else UNKNOWN
    if stated in ("", "text/plain") and looks_like_mail(content):
        return MAIL
    head = content[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    unsaid = ("", "text/plain", "application/msword", *_SPREADSHEETS)
    if head.startswith((b"<!doctype html", b"<html")) and stated in unsaid:
        return "text/html"
    if head.startswith(b"<?xml") and stated in (*unsaid, "text/xml", "application/xml"):
        return SHEET_XML if _SHEET_MARK in head else "application/xml"
    if stated.startswith("image/") or stated in ("application/pdf", "application/zip", "application/msword", *_SPREADSHEETS):
        # Text in the clothes of another format: an "xls" that is CSV is common, a "pdf" that is text is an error page.
        return "text/csv" if stated in _SPREADSHEETS else "text/plain"
    return stated or "text/plain"


def is_text(content: bytes) -> bool:
    """Return whether the bytes look like text of some encoding: a byte order mark, or hardly any control characters."""
    if content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return True
    head = content[:8192]
    controls = len(head) - len(head.translate(None, bytes(range(0x00, 0x09)) + bytes(range(0x0E, 0x1B)) + bytes(range(0x1C, 0x1E))))
    return controls <= len(head) * 0.02 or utf16_order(content) != ""


def looks_like_mail(content: bytes) -> bool:
    """Return whether the bytes begin with a header of which two fields are well known (RFC 5322 2.2)."""
    seen, at = set(), 0
    if content.startswith(b"From "):
        at = content.find(b"\n") + 1
    for _ in range(100):
        line = _HEADER_LINE.match(content, at)
        if not line:
            break
        field = line.group().partition(b":")[0].strip().lower()
        if field in _MAIL_HEADERS:
            seen.add(field)
        at = line.end()
    return len(seen) >= 2
