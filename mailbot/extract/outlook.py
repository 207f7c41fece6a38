"""Reads Outlook's .msg files ([MS-OXMSG]: compound files, a storage for each recipient and attachment) as the mail they are."""

from __future__ import annotations

import io
import struct
from typing import Any

from mailbot.errors import BadInput
from mailbot.extract import charset, mapi
from mailbot.extract.mapi import Enclosure, Note, Value

MAX_STORAGES = 2000
"""Recipients and attachments that are read of one message, as many parts as a mail may have."""

_PROPERTIES = "__properties_version1.0"
_EMBEDDED_MESSAGE = 5
_HEADERS = {"root": 32, "embedded": 24, "other": 8}
"""Bytes before the first entry of a properties stream ([MS-OXMSG] 2.4.1)."""


def as_mail(content: bytes) -> bytes:
    """Return the mail that a .msg file holds. Raises BadInput when it is none or broken."""
    import olefile

    try:
        with olefile.OleFileIO(io.BytesIO(content)) as ole:
            return mapi.as_mail(_Reader(ole, len(content)).note((), "root", 0))
    except (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, struct.error, OverflowError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        words = " ".join(str(error).split())[:200]
        raise BadInput(f"no message that can be read: {words}", remedy="ask the sender to forward it, not to attach it") from None


class _Reader:
    """Reads notes out of one compound file; `left` is how many bytes more, since streams may share the same sectors."""

    def __init__(self, ole: Any, size: int) -> None:
        self._ole = ole
        self._left = 2 * size + (1 << 20)
        self._storages = 0
        self._inside: dict[tuple[str, ...], list[str]] = {}
        for path in ole.listdir(streams=False, storages=True):
            self._inside.setdefault(tuple(path[:-1]), []).append(path[-1])

    def note(self, path: tuple[str, ...], kind: str, depth: int) -> Note:
        """Read the message in a storage."""
        properties = self._properties(path, _HEADERS[kind], "")
        code = properties.get(mapi.CODEPAGE)
        stated = f"cp{code}" if isinstance(code, int) else ""
        recipients, enclosures = [], []
        for name in sorted(self._inside.get(path, [])):
            inner = (*path, name)
            if name.startswith("__recip_version1.0_"):
                recipients.append(self._properties(inner, _HEADERS["other"], stated))
            elif name.startswith("__attach_version1.0_"):
                enclosures.append(self._enclosure(inner, stated, depth))
        if not properties:
            raise ValueError("it has no properties")
        return Note(properties=properties, recipients=recipients, enclosures=enclosures)

    def _enclosure(self, path: tuple[str, ...], stated: str, depth: int) -> Enclosure:
        found = self._properties(path, _HEADERS["other"], stated)
        names = [found.get(number) for number in (mapi.LONG_NAME, mapi.SHORT_NAME, mapi.DISPLAY_NAME)]
        filename = next((name for name in names if isinstance(name, str) and name), "")
        content: bytes | Note = b""
        inner = (*path, f"__substg1.0_{mapi.ATTACHED_FILE:04X}000D")
        if found.get(mapi.ATTACHED_METHOD) == _EMBEDDED_MESSAGE and self._ole.exists("/".join(inner)):
            if depth < mapi.MAX_NESTED:
                content = self.note(inner, "embedded", depth + 1)
            filename = f"{filename or 'message'}.eml"
        else:
            value = found.get(mapi.ATTACHED_FILE, b"")
            content = value if isinstance(value, bytes) else b""
        kind = found.get(mapi.MIME_TYPE)
        return Enclosure(filename=filename, media_type=kind if isinstance(kind, str) else "", content=content)

    def _properties(self, path: tuple[str, ...], header: int, stated: str) -> dict[int, Value]:
        """Return the properties of a storage: fixed ones stand in one stream, each long one in its own."""
        self._storages += 1
        if self._storages > MAX_STORAGES:
            raise ValueError(f"more than {MAX_STORAGES} recipients and attachments")
        stream = self._stream((*path, _PROPERTIES))[header:]
        entries = [struct.unpack_from("<HHI8s", stream, at) for at in range(0, len(stream) - 15, 16)]
        fixed: dict[int, Value] = {}
        for kind, number, _, value in entries:
            if kind in (0x0003, 0x000B, 0x0040):  # an integer, a truth value, a time
                fixed[number] = int.from_bytes(value[: {0x0003: 4, 0x000B: 2, 0x0040: 8}[kind]], "little")
        code = fixed.get(mapi.CODEPAGE)
        codec = f"cp{code}" if isinstance(code, int) else stated
        found = dict(fixed)
        for kind, number, _, _ in entries:
            if kind in (0x001E, 0x001F, 0x0102) and number not in found:  # text of 8 or 16 bits, bytes
                raw = self._stream((*path, f"__substg1.0_{number:04X}{kind:04X}"))
                found[number] = _as_value(raw, kind, codec)
        return found

    def _stream(self, path: tuple[str, ...]) -> bytes:
        joined = "/".join(path)
        if not self._ole.exists(joined):
            return b""
        self._left -= self._ole.get_size(joined)
        if self._left < 0:
            raise ValueError("its parts are larger than the file")
        content: bytes = self._ole.openstream(joined).read()
        return content


def _as_value(raw: bytes, kind: int, codec: str) -> Value:
    if kind == 0x001F:
        return raw.decode("utf-16-le", "replace")
    return charset.decode(raw, codec)[0] if kind == 0x001E else raw
