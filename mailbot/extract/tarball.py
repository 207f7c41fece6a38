"""Unpacks tar archives (POSIX.1-2001 pax, GNU, ustar) and files packed by gzip, bzip2 or xz, under the rules of `unpack`.

A packed file that holds a tar is that tar; any other is one member, named as the packed file without its last ending.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable, Iterator
from typing import IO, Any

from mailbot.extract.reader import Found, Limits
from mailbot.extract.unpack import CHUNK, RATIO_FROM, OverLimit, Unpacking, unpack

TAR = "application/x-tar"

_OPENED: dict[str, Callable[[IO[bytes]], Any]] = {
    "application/gzip": lambda packed: gzip.GzipFile(fileobj=packed),
    "application/x-bzip2": bz2.BZ2File,
    "application/x-xz": lzma.LZMAFile,
}
_ENDINGS = {"tgz": "tar", "tbz": "tar", "tbz2": "tar", "txz": "tar"}


class _Bounded(io.RawIOBase):
    """A stream that ends in OverLimit once more was read from it than an archive of its size may hold."""

    def __init__(self, stream: IO[bytes], packed: int, limits: Limits) -> None:
        self._stream = stream
        self._read = 0
        self._limits = limits
        self._most = max(RATIO_FROM, limits.archive_ratio * packed)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        piece = self._stream.read(min(len(buffer), CHUNK))
        buffer[: len(piece)] = piece
        self._read += len(piece)
        if self._read > self._limits.archive_bytes + RATIO_FROM:
            raise OverLimit(f"more than {self._limits.archive_bytes} bytes unpacked")
        if self._read > self._most:
            raise OverLimit(f"it unpacks to more than {self._limits.archive_ratio} times its packed size")
        return len(piece)


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Unpack a tar or a packed file: its members in order, each named `name/member`. Problems: see `unpack`."""

    def take_out(unpacking: Unpacking) -> None:
        packed, opened = io.BytesIO(content), _OPENED.get(media_type)
        stream = io.BufferedReader(_Bounded(opened(packed) if opened else packed, len(content), limits), 2 * CHUNK)
        if media_type == TAR or stream.peek(512)[257:262] == b"ustar":
            _take_tar(unpacking, stream, len(content))
        elif full := unpacking.wanted(_bare(name)):
            unpacking.add(full, iter(lambda: stream.read(CHUNK), b""), len(content))

    return unpack(name, limits, take_out)


def _take_tar(unpacking: Unpacking, stream: IO[bytes], packed: int) -> None:
    archive: Any
    with tarfile.open(fileobj=stream, mode="r|", bufsize=CHUNK, errorlevel=2) as archive:
        for member in archive:
            if member.isdir():
                continue
            special = "" if member.isreg() else "a link" if member.islnk() or member.issym() else "a device"
            full = unpacking.wanted(member.name, special=special)
            if full and (body := archive.extractfile(member)):
                unpacking.add(full, _pieces(body, member.size), packed)
            archive.members = []  # it would keep every header it has passed


def _pieces(body: IO[bytes], size: int) -> Iterator[bytes]:
    while piece := body.read(CHUNK):
        size -= len(piece)
        yield piece
    if size > 0:
        raise EOFError("the archive is cut short")


def _bare(name: str) -> str:
    """Return the last step of a packed file's name without the ending that says how it is packed."""
    stem, _, ending = name.rpartition("/")[2].rpartition(".")
    if not stem:
        return ending or "content"
    return f"{stem}.{_ENDINGS[ending.lower()]}" if ending.lower() in _ENDINGS else stem
