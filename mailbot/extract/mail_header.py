"""Reads the values of mail header fields: encoded words, address lists, parameters, dates, message identifiers.

Values come from anyone, so everything here takes linear time in a bounded value, never raises, and returns text without line
breaks.
"""

from __future__ import annotations

import binascii
import datetime
import email.utils
import re
from urllib.parse import unquote_to_bytes

from mailbot.core.message import Address
from mailbot.extract import charset

MAX_ADDRESSES = 1000
MAX_IDENTIFIERS = 200

_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SIMPLE_ADDRESS = re.compile(r'(?:"([^"\\<>]*+)"\s*+|([^"\\<>(),;:@]*+))<([^<>\s@()",:;]++@[^<>\s@()",:;]++)>')
_BARE_ADDRESS = re.compile(r"([^<>\s@()\",:;\\]++@[^<>\s@()\",:;\\]++)")
_IDENTIFIER = re.compile(r"<([^<>\s]{1,990})>")
_VALUE_ENDS = re.compile(r"[; ]")
_PARAMETER = re.compile(r'[; ] ?([^\s=;"]{1,100})\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^;]*))', re.DOTALL)


def plain(value: bytes) -> str:
    """Return a raw value as text, 8-bit characters as whatever encoding fits (RFC 6532: UTF-8)."""
    return charset.decode(value, guess=False)[0]


def clean(text: str) -> str:
    """Return text on one line: a decoded subject or name can hold line breaks that would forge headers later."""
    return _CONTROL.sub(" ", text).strip()


def text(value: bytes) -> str:
    """Return an unstructured value (a subject), its encoded words decoded."""
    return clean(decode_words(plain(value)))


def decode_words(value: str) -> str:
    """Decode RFC 2047 encoded words; white space between two of them goes, and one character may be split over them."""
    if "=?" not in value:
        return value
    pieces: list[str] = []
    pending, pending_charset, at = b"", "", 0
    for word in _ENCODED_WORD.finditer(value):
        between = value[at : word.start()]
        if pending_charset and (between.strip() or word[1].lower() != pending_charset):
            pieces.append(charset.decode(pending, pending_charset, guess=False)[0])
            pending, pending_charset = b"", ""
        if between.strip() or at == 0:
            pieces.append(between)
        pending += _word(word[2], word[3])
        pending_charset, at = word[1].lower(), word.end()
    if pending_charset:
        pieces.append(charset.decode(pending, pending_charset, guess=False)[0])
    pieces.append(value[at:])
    return "".join(pieces)


def _word(encoding: str, content: str) -> bytes:
    raw = content.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        return binascii.a2b_qp(raw, header=True)
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def addresses(value: bytes) -> tuple[Address, ...]:
    """Return the mailboxes of an address list (RFC 5322 3.4), group names and comments left out, names decoded."""
    raw = plain(value).strip()
    simple = _SIMPLE_ADDRESS.fullmatch(raw)
    if simple:
        return (_address(simple[1] or simple[2] or "", simple[3]),)
    bare = _BARE_ADDRESS.fullmatch(raw)
    if bare:
        return (_address("", bare[1]),)
    if "@" not in raw and "=?" in raw:  # A whole list in one encoded word: wrong, and common.
        raw = decode_words(raw)
    return tuple(found for found in map(_mailbox, _mailboxes(raw)) if found is not None)[:MAX_ADDRESSES]


def _mailboxes(raw: str) -> list[tuple[str, str, str]]:
    """Cut a list into (phrase, inside the angle brackets, comment) in one pass over the characters."""
    found: list[tuple[str, str, str]] = []
    phrase: list[str] = []
    angle: list[str] = []
    comment: list[str] = []
    quoted, depth, inside, skip = False, 0, False, False
    for at, char in enumerate(raw):
        into = comment if depth else angle if inside else phrase
        if skip:
            into.append(char)
            skip = False
        elif char == "\\" and (quoted or depth):
            skip = True
        elif quoted:
            if char == '"':
                quoted = False
            if char != '"' or inside:
                into.append(char)
        elif char == '"' and not depth:
            # A quote that never closes would swallow the rest of the list.
            quoted = '"' in raw[at + 1 : at + 1000]
            if inside:
                into.append(char)
        elif char == "(":
            depth += 1
        elif depth:
            if char == ")":
                depth -= 1
            else:
                comment.append(char)
        elif char == "<" and not inside:
            inside = True
        elif char == ">" and inside:
            inside = False
        elif char in ",;" and not inside:
            found.append(("".join(phrase), "".join(angle), "".join(comment)))
            phrase, angle, comment = [], [], []
        elif char == ":" and not inside and "@" not in phrase:
            phrase = []  # What stood before the colon is a group's name.
        else:
            into.append(char)
    found.append(("".join(phrase), "".join(angle), "".join(comment)))
    return found


def _mailbox(parts: tuple[str, str, str]) -> Address | None:
    phrase, angle, comment = (part.strip() for part in parts)
    if angle:
        return _address(phrase or comment, angle)
    if "@" not in phrase:  # A name alone is no mailbox: "undisclosed recipients", "Accounts".
        return None
    words = phrase.split()
    address = next(word for word in words if "@" in word) if len(words) > 1 and " @ " not in phrase else "".join(words)
    rest = " ".join(word for word in words if word != address) if address in words else ""
    return _address(comment or rest, address)


def _address(name: str, address: str) -> Address:
    """Return one mailbox; a source route (RFC 5322 4.4) is dropped."""
    address = "".join(clean(decode_words(address)).split()).strip("<>")
    if address.startswith("@") and ":" in address:
        address = address.rpartition(":")[2]
    return Address(name=" ".join(clean(decode_words(name)).split())[:500], address=address[:500])


def parameters(value: bytes) -> tuple[str, dict[str, str]]:
    """Return a structured value and its parameters (RFC 2045 5.1), continued and encoded ones joined (RFC 2231)."""
    raw = " ".join(plain(value).split())
    end = _VALUE_ENDS.search(raw)  # A missing semicolon before the first parameter is common enough.
    main, rest = (raw[: end.start()], raw[end.start() :]) if end else (raw, "")
    simple: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for found in _PARAMETER.finditer(rest):
        name = found[1].lower()
        content = re.sub(r"\\(.)", r"\1", found[2]) if found[2] is not None else (found[3] or "").strip()
        base, star, order = name.partition("*")
        if not star:
            simple.setdefault(base, clean(decode_words(content)))
        else:
            number = order.removesuffix("*")
            encoded = not order or order.endswith("*")
            pieces.setdefault(base, {})[int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0] = (
                content,
                encoded,
            )
    for base, parts in pieces.items():
        simple[base] = clean(_continued(parts)) or simple.get(base, "")
    return clean(main), simple


def _continued(parts: dict[int, tuple[str, bool]]) -> str:
    """Join the pieces of one parameter: charset'language'percent-encoded at its start (RFC 2231 4)."""
    label, joined = "", b""
    for order, number in enumerate(sorted(parts)):
        content, encoded = parts[number]
        if encoded and order == 0 and content.count("'") >= 2:
            label, _, content = content.split("'", 2)
        joined += unquote_to_bytes(content) if encoded else content.encode("utf-8", "surrogateescape")
    return charset.decode(joined, label, guess=False)[0]


def date(value: bytes) -> str | None:
    """Return a date as RFC 3339, or None when it is none; without a zone it is taken as UTC."""
    parsed = None
    try:
        parsed = email.utils.parsedate_tz(clean(plain(value))[:200])
        if parsed is None:
            return None
        zone = datetime.timezone(datetime.timedelta(seconds=parsed[9] or 0))
        return datetime.datetime(*parsed[:6], tzinfo=zone).isoformat()
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def identifiers(value: bytes) -> tuple[str, ...]:
    """Return message identifiers, each with its angle brackets (RFC 5322 3.6.4); a bare one gets them."""
    raw = plain(value)
    found = [f"<{clean(one)}>" for one in _IDENTIFIER.findall(raw)]
    if not found:
        found = [f"<{clean(one)}>" for one in raw.split()[:1] if "@" in one and len(one) < 990 and not set(one) & set("<>")]
    return tuple(dict.fromkeys(found))[-MAX_IDENTIFIERS:]
