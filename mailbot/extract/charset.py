"""Turns bytes into text: a byte order mark first, then the encoding that was stated, then what the bytes allow.

Mail states wrong or unknown encodings every day; a text is never refused for it, only marked as unsure.
"""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_SUPERSETS = {
    # What senders mean by a name is the larger set that their system writes (WHATWG Encoding Standard 4.2).
    "ascii": "cp1252", "iso8859-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949", "shift_jis": "cp932",
    "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874", "big5": "cp950", "iso2022_jp": "iso2022_jp_ext",
}  # fmt: skip
_ALIASES = {
    "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "x-sjis": "cp932", "x-gbk": "gb18030", "x-euc-jp": "euc_jp",
    "iso-8859-8-i": "iso8859-8", "iso-8859-8-e": "iso8859-8", "macintosh": "mac_roman", "x-mac-roman": "mac_roman",
    "x-big5": "cp950", "unicode-1-1-utf-7": "utf-7", "ansi": "cp1252", "utf8mb4": "utf-8",
}  # fmt: skip
_NOT_CHARSETS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
"""Codecs of Python that are no charset; the first two take quadratic time."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def codec(charset: str) -> str:
    """Return Python's codec for a charset name as mail states it, or "" for an unknown one."""
    name = charset.strip().strip("\"'").partition("*")[0].lower()
    if not name or len(name) > 60 or not name.isascii() or "\0" in name:
        return ""
    try:
        found = codecs.lookup(_ALIASES.get(name, name))
    except (LookupError, ValueError):
        return ""
    if not found._is_text_encoding or found.name in _NOT_CHARSETS:
        return ""
    return _SUPERSETS.get(found.name, found.name)


def decode(content: bytes, charset: str = "", *, guess: bool = True) -> tuple[str, bool]:
    """Return the text and whether its encoding is sure. Never raises.

    `guess` allows statistics (charset-normalizer) where the stated charset is missing or does not fit.
    """
    for mark, name in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(name, "replace"), True
    if content.isascii() and b"\x1b" not in content and not _needs_shift(charset):
        return content.decode("ascii"), True
    stated = codec(charset)
    # Valid UTF-8 that is not ASCII is hardly ever anything else, whatever the label says, unless the label is multi-byte too.
    for name in dict.fromkeys(("utf-8", stated) if stated in ("", "cp1252") else (stated, "utf-8")):
        if name:
            try:
                return content.decode(name), True
            except (UnicodeError, ValueError):
                continue
    if stated and stated != "utf-8":
        text = content.decode(stated, "replace")
        if text.count("\ufffd") <= len(text) * 0.02:
            return text, False
    return (_guess(content) if guess else content.decode("cp1252", "replace")), False


def _needs_shift(charset: str) -> bool:
    """Return whether ASCII bytes may mean other characters in this charset (UTF-7, HZ, UTF-16)."""
    return codec(charset) in ("utf-7", "hz") or codec(charset).startswith(("utf-16", "utf-32"))


def _guess(content: bytes) -> str:
    """Return the text by the statistics of its first 64 kB."""
    import charset_normalizer

    best = charset_normalizer.from_bytes(content[:65536], preemptive_behaviour=False).best()
    return content.decode(best.encoding if best else "cp1252", "replace")


def clean(text: str) -> str:
    """Return text with line ends as \\n and without control characters that no reader should print."""
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
