"""Says and reads IMAP's notation (RFC 3501 section 9): quoted strings, mailbox names, sets of UIDs, answers. Pure.

An answer of the server is `Answer`: its lines without CRLF and its literals in turn, so text, literal, text, literal, …, text.
"""

from __future__ import annotations

import binascii
import datetime
import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

Answer: TypeAlias = tuple[bytes, ...]
Tree: TypeAlias = "bytes | list[Tree] | None"
"""An atom, string or literal as bytes; a parenthesised list as a list; NIL as None."""

_TOKEN = re.compile(
    rb'\s*(?:(?P<open>\()|(?P<close>\))|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<atom>BODY\[[^\]]*\](?:<\d+>)?|[^\s()"]+))'
)
_LITERAL_MARK = re.compile(rb"\{\d+\+?\}$")
_CODE = re.compile(rb"\[([^\]\s]+)(?: ([^\]]*))?\]")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def quoted(text: str) -> str:
    """Return an ASCII string in quotes. Raises ValueError for what a quoted string cannot carry (NUL, CR, LF, 8 bits)."""
    if not text.isascii() or any(sign in text for sign in "\0\r\n"):
        raise ValueError("not possible in a quoted string")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def mailbox(name: str) -> str:
    """Return a mailbox name as a command argument: modified UTF-7 (RFC 3501 5.1.3), quoted."""
    return quoted(encode_name(name))


def encode_name(name: str) -> str:
    """Return a mailbox name in modified UTF-7: runs of non-ASCII as &…-, in base64 of UTF-16BE with , for /; & as &-."""
    out = []
    for run in re.findall(r"[\x20-\x25\x27-\x7e]+|&|[^\x20-\x7e]+", name):
        if run == "&":
            out.append("&-")
        elif run.isascii() and run.isprintable():
            out.append(run)
        else:
            packed = binascii.b2a_base64(run.encode("utf-16-be", "surrogatepass"), newline=False).decode()
            out.append("&" + packed.rstrip("=").replace("/", ",") + "-")
    return "".join(out)


def decode_name(name: bytes) -> str:
    """Return a mailbox name that a server sent; one that is not modified UTF-7 is taken as UTF-8."""

    def unpack(match: re.Match[str]) -> str:
        packed = match[1].replace(",", "/")
        return binascii.a2b_base64(packed + "=" * (-len(packed) % 4)).decode("utf-16-be") if packed else "&"

    try:
        return re.sub(r"&([A-Za-z0-9+,]*)-", unpack, name.decode("ascii"))
    except (UnicodeDecodeError, binascii.Error):
        return name.decode("utf-8", "replace")


def uid_set(uids: Iterable[int]) -> str:
    """Return UIDs as a sequence-set, runs joined: {1, 2, 3, 7} is "1:3,7"."""
    runs: list[list[int]] = []
    for uid in sorted(uids):
        if runs and uid <= runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in runs)


def search_date(day: datetime.date) -> str:
    """Return a day as SEARCH wants it: 1-Nov-2026, whatever the locale."""
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"


def tokens(answer: Answer) -> list[Tree]:
    """Return an answer as a tree of tokens, the leading `*` among them. Raises ValueError for unbalanced parentheses."""
    stack: list[list[Tree]] = [[]]
    for kind, value in _lex(answer):
        if kind == "open":
            stack.append([])
        elif kind == "close":
            if len(stack) == 1:
                raise ValueError("a parenthesis closes that was not opened")
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(None if kind == "atom" and value.upper() == b"NIL" else value)
    if len(stack) > 1:
        raise ValueError("a parenthesis was not closed")
    return stack[0]


def _lex(answer: Answer) -> Iterator[tuple[str, bytes]]:
    for place, part in enumerate(answer):
        if place % 2:
            yield "literal", part
            continue
        text = _LITERAL_MARK.sub(b"", part) if place < len(answer) - 1 else part
        end = len(text.rstrip())
        at = 0
        while at < end:
            match = _TOKEN.match(text, at)
            if match is None:
                raise ValueError("a string was not closed")
            kind = str(match.lastgroup)
            value = match[kind]
            yield kind, re.sub(rb"\\(.)", rb"\1", value) if kind == "quoted" else value
            at = match.end()


def fetched(answer: Answer) -> dict[bytes, Tree]:
    """Return the items of a `* n FETCH (…)` answer by name in upper case, {} for any other answer. Raises ValueError."""
    if not re.match(rb"\* \d+ FETCH \(", answer[0], re.IGNORECASE):
        return {}
    pairs = tokens(answer)[3]
    if not isinstance(pairs, list) or len(pairs) % 2:
        raise ValueError("a FETCH answer is not a list of pairs")
    return {name.upper(): value for name, value in zip(pairs[::2], pairs[1::2], strict=True) if isinstance(name, bytes)}


def code(text: bytes) -> tuple[str, str]:
    """Return the response code of a status text, upper case, and its argument: "[UIDNEXT 8] …" → ("UIDNEXT", "8")."""
    match = _CODE.match(text.strip())
    return (match[1].decode("ascii", "replace").upper(), (match[2] or b"").decode("utf-8", "replace")) if match else ("", "")
