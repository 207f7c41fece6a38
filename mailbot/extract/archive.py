"""Unpacks zip archives (APPNOTE.TXT of PKWARE) under the rules of `unpack`."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO

from mailbot.extract import charset, zip_aes
from mailbot.extract.reader import Found, Limits
from mailbot.extract.unpack import CHUNK, OverLimit, Unpacking, unpack

_ENCRYPTED = 0x1
_UTF8_NAME = 0x800
_BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, NotImplementedError, OSError, RuntimeError, LookupError,
)  # fmt: skip


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Unpack a zip: its members in order, each named `name/member`. Problems: see `unpack`."""

    def take_out(unpacking: Unpacking) -> None:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            if len(infos) > limits.archive_members:
                raise OverLimit(f"{len(infos)} members, {limits.archive_members} are allowed")
            if sum(info.compress_size for info in infos) > len(content):
                raise OverLimit("its members lie over each other, so that little unpacks to much")
            for info in infos:
                link = "a link" if stat.S_ISLNK(info.external_attr >> 16) else ""
                full = unpacking.wanted(_name(info), special=link)
                if full and info.flag_bits & _ENCRYPTED:
                    _unlock(unpacking, archive, info, full, content, limits)
                elif full:
                    try:
                        unpacking.add(full, _pieces(archive, info), info.compress_size)
                    except _BROKEN as error:
                        unpacking.broken(full, error)

    return unpack(name, limits, take_out)


def _unlock(
    unpacking: Unpacking, archive: zipfile.ZipFile, info: zipfile.ZipInfo, full: str, content: bytes, limits: Limits
) -> None:
    """Take an encrypted member by the first password that fits: the wrong ones end in a check that fails."""
    for password in limits.passwords:
        try:
            if info.compress_type == zip_aes.METHOD:
                pieces = zip_aes.pieces(_packed(content, info), info.extra, password)
            else:
                pieces = _pieces(archive, info, password.encode())
            unpacking.add(full, pieces, info.compress_size)
        except (*_BROKEN, zip_aes.WrongPassword):
            continue
        return
    unpacking.locked(full)


def _packed(content: bytes, info: zipfile.ZipInfo) -> bytes:
    """Return a member's bytes as they lie in the archive, behind its own header (APPNOTE 4.3.7)."""
    name_size, extra_size = struct.unpack_from("<HH", content, info.header_offset + 26)
    start = info.header_offset + 30 + name_size + extra_size
    return content[start : start + info.compress_size]


def _pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo, password: bytes | None = None) -> Iterator[bytes]:
    with archive.open(info, pwd=password) as member:
        while piece := member.read(CHUNK):
            yield piece


def _name(info: zipfile.ZipInfo) -> str:
    """Return the member's name; without the UTF-8 flag (APPNOTE 4.4.4, bit 11) it is whatever the sender's system wrote."""
    if info.flag_bits & _UTF8_NAME:
        return info.filename
    raw = info.orig_filename.encode("cp437", "replace")
    for codec in ("utf-8", "gb18030"):
        try:
            return raw.decode(codec)
        except UnicodeDecodeError:
            continue
    return charset.decode(raw, guess=False)[0]
