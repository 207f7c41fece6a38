"""Reads rich text (RTF 1.9.1) as one page: what a person would see of it, cells apart by tabs; pictures and objects left out.

One pass over the words of the format, in linear time whatever they say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from mailbot.core.document import Document, Page, Problem
from mailbot.extract import charset
from mailbot.extract.reader import Found, Limits

MAX_RTF = 20_000_000
"""Bytes that are read; pictures take most of a long file."""
MAX_TEXT = 2_000_000
"""Characters that are kept."""
MAX_GROUPS = 10_000

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?[0-9]{1,9})?[ ]?|\\'([0-9a-fA-F]{2})|\\(.)|([{}])|([^\\{}\r\n\x00]+)|[\r\n\x00]+|\\", re.DOTALL
)
_SHOWN = {
    "par": "\n", "line": "\n", "sect": "\n", "page": "\n", "row": "\n", "nestrow": "\n", "tab": "\t", "cell": "\t",
    "nestcell": "\t", "emdash": "\u2014", "endash": "\u2013", "bullet": "\u2022", "lquote": "\u2018", "rquote": "\u2019",
    "ldblquote": "\u201c", "rdblquote": "\u201d", "emspace": " ", "enspace": " ", "qmspace": " ",
}  # fmt: skip
_SYMBOLS = {b"~": "\u00a0", b"_": "\u2011", b"{": "{", b"}": "}", b"\\": "\\", b"\n": "\n", b"\r": "\n"}
_UNSHOWN = frozenset(
    """
    colortbl stylesheet info pict objdata nonshppict sp fldinst datafield themedata colorschememapping datastore filetbl
    revtbl listtable listoverridetable pntext pntxta pntxtb bkmkstart bkmkend xe tc rxe txe ftnsep ftnsepc ftncn
    """.split()
)
"""Groups whose text is not shown. Others that begin with an asterisk are not shown either."""
_STARRED_BUT_SHOWN = frozenset({"shpinst"})

_CHARSETS = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "cp950", 161: "cp1253", 162: "cp1254",
    163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip
"""Codec of a font by its \\fcharset."""


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Read a rich text file."""
    detail = f"{name}: only the first {MAX_RTF} bytes were read"
    cut = Problem(code="too_large", detail=detail, remedy="look at the original")
    page = Page(number=1, text=decode_rtf(content))
    return Found(
        documents=(Document(name=name, media_type=media_type, pages=(page,)),), problems=(cut,) if len(content) > MAX_RTF else ()
    )


@dataclass(frozen=True, slots=True)
class _State:
    """What a group takes over from the one around it."""

    shown: bool = True
    hidden: bool = False
    fonts: bool = False
    font: int = -1
    skip: int = 1


class _Text:
    """The text so far: bytes wait until it is sure in which codec they end, since one character may be several words."""

    def __init__(self) -> None:
        self.codec = "cp1252"
        self.pieces: list[str] = []
        self.length = 0
        self._waiting = bytearray()

    def add_bytes(self, content: bytes, codec: str) -> None:
        if codec != self.codec:
            self.settle()
            self.codec = codec
        self._waiting += content

    def add(self, text: str) -> None:
        self.settle()
        self.pieces.append(text)
        self.length += len(text)

    def settle(self) -> None:
        if self._waiting:
            text = self._waiting.decode(self.codec, "replace")
            self._waiting.clear()
            self.pieces.append(text)
            self.length += len(text)

    def whole(self) -> str:
        self.settle()
        joined = "".join(self.pieces)[:MAX_TEXT]  # \\u writes characters beyond 16 bits as two halves
        return joined.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def decode_rtf(content: bytes) -> str:
    """Return the text of a rich text file. Never raises; what breaks the format is passed over."""
    content = content[:MAX_RTF]
    text = _Text()
    state, stack = _State(), list[_State]()
    codecs: dict[int, str] = {}
    standard, defined, default = "cp1252", -1, -1
    at, to_skip, starred = 0, 0, False
    while at < len(content) and text.length < MAX_TEXT and (token := _TOKEN.match(content, at)):
        at = token.end()
        word, number, code, symbol, brace, plain = token.groups()
        visible = state.shown and not state.hidden and not state.fonts
        codec = codecs.get(state.font if state.font >= 0 else default, standard)
        if brace:
            if brace == b"{":
                if len(stack) == MAX_GROUPS:
                    break
                stack.append(state)
            elif stack:
                state = stack.pop()
                if not stack:
                    break
            to_skip, starred = 0, False
        elif plain is not None or code is not None:
            piece = plain if plain is not None else bytes([int(code, 16)])
            shown, to_skip = piece[to_skip:], max(0, to_skip - len(piece))
            if visible and shown:
                text.add_bytes(shown, codec)
        elif symbol is not None:
            starred = symbol == b"*"
            if visible and symbol in _SYMBOLS:
                text.add(_SYMBOLS[symbol])
        elif word is not None:
            name, value = word.decode("ascii").lower(), int(number) if number else None
            if name == "bin":
                at += max(0, value or 0)
            elif name == "u" and value is not None:
                if visible:
                    text.add(chr(value % 0x10000))
                to_skip = state.skip
            elif name == "ansicpg" and value:
                standard = charset.codec(f"cp{value}") or standard
            elif name == "deff" and value is not None:
                default = value
            elif name == "f" and value is not None and state.fonts:
                defined = value
            elif name == "fcharset" and state.fonts and value in _CHARSETS and len(codecs) < 1000:
                codecs[defined] = _CHARSETS[value]
            elif visible and name in _SHOWN:
                text.add(_SHOWN[name])
            else:
                state = _changed(state, name, value, starred)
            starred = False
    return charset.clean("\n".join(line.rstrip() for line in text.whole().split("\n"))).strip("\n")


def _changed(state: _State, name: str, value: int | None, starred: bool) -> _State:
    """Return a group's state after one word."""
    if name == "fonttbl":
        return replace(state, fonts=True)
    if name in _UNSHOWN or (starred and name not in _STARRED_BUT_SHOWN):
        return replace(state, shown=False)
    if name in ("v", "deleted"):
        return replace(state, hidden=value != 0)
    if name == "plain":
        return replace(state, hidden=False, font=-1)
    if name == "f" and value is not None:
        return replace(state, font=value)
    if name == "uc" and value is not None:
        return replace(state, skip=min(max(value, 0), 20))
    return state
