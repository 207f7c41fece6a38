"""Unpacks zip archives within limits: what counts are the bytes really read, not what the archive says of itself.

An archive that goes over a limit is refused whole, since a person has to look at it anyway. APPNOTE.TXT is PKWARE's specification.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from io import BytesIO

from mailbot.core.document import Problem
from mailbot.extract import charset
from mailbot.extract.mail_header import clean
from mailbot.extract.reader import Found, Limits, Member

CHUNK = 1 << 16
RATIO_FROM = 1_000_000
"""Bytes below which a member's ratio does not matter: a page of blanks packs a thousandfold."""

_ENCRYPTED = 0x1
_UTF8_NAME = 0x800
_IGNORED = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, OSError, RuntimeError, LookupError)
_REMEDY = "ask the sender for the files themselves"


class _OverLimit(Exception):
    """The archive holds more than a limit allows; the message says which."""


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Unpack a zip: its members in order, each named `name/member`.

    Problems: broken_archive, archive_limits, encrypted_archive, unsafe_name.
    """
    problems: list[Problem] = []
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = _members(name, archive, limits, problems)
    except _OverLimit as error:
        return Found(problems=(Problem(code="archive_limits", detail=f"{name}: {error}", remedy=_REMEDY),))
    except _BROKEN as error:
        return Found(problems=(Problem(code="broken_archive", detail=f"{name}: {error}", remedy="ask the sender for it again"),))
    return Found(members=tuple(members), problems=tuple(problems))


def _members(name: str, archive: zipfile.ZipFile, limits: Limits, problems: list[Problem]) -> list[Member]:
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if len(infos) > limits.archive_members:
        raise _OverLimit(f"{len(infos)} members, {limits.archive_members} are allowed")
    members, left = [], limits.archive_bytes
    for info in infos:
        inner = _name(info)
        if inner.startswith(_IGNORED) or inner.rpartition("/")[2] in _IGNORED:
            continue
        shown, full = _safe(inner), f"{name}/{_safe(inner)}"
        if stat.S_ISLNK(info.external_attr >> 16):
            problems.append(Problem(code="unsafe_name", detail=f"{full} is a link and was left out", remedy=_REMEDY))
            continue
        if shown != inner:
            problems.append(Problem(code="unsafe_name", detail=f"{name}: {inner[:200]!r} is taken as {shown!r}"))
        if info.flag_bits & _ENCRYPTED:
            problems.append(Problem(code="encrypted_archive", detail=full, remedy="ask the sender for it without a password"))
            continue
        try:
            content = _unpacked(archive, info, left, limits)
        except _BROKEN as error:
            problems.append(Problem(code="broken_archive", detail=f"{full}: {error}", remedy="ask the sender for it again"))
            continue
        left -= len(content)
        members.append(Member(name=full, media_type="", content=content))
    return members


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: int, limits: Limits) -> bytes:
    """Return a member's bytes, stopping at the first chunk over a limit. Raises _OverLimit, and what zipfile raises."""
    chunks, size = [], 0
    with archive.open(info) as member:
        while chunk := member.read(CHUNK):
            size += len(chunk)
            if size > left:
                raise _OverLimit(f"more than {limits.archive_bytes} bytes unpacked")
            if size > RATIO_FROM and size > limits.archive_ratio * max(info.compress_size, 1):
                raise _OverLimit(f"{info.filename[:100]!r} unpacks to more than {limits.archive_ratio} times its packed size")
            chunks.append(chunk)
    return b"".join(chunks)


def _name(info: zipfile.ZipInfo) -> str:
    """Return the member's name; without the UTF-8 flag (APPNOTE 4.4.4, bit 11) it is whatever the sender's system wrote."""
    if info.flag_bits & _UTF8_NAME:
        return clean(info.filename)
    raw = info.orig_filename.encode("cp437", "replace")
    for codec in ("utf-8", "gb18030"):
        try:
            return clean(raw.decode(codec))
        except UnicodeDecodeError:
            continue
    return clean(charset.decode(raw, guess=False)[0])


def _safe(inner: str) -> str:
    """Return a member's name, or its last step alone where the path leads out of the archive."""
    steps = inner.replace("\\", "/").split("/")
    if ".." in steps or not steps[0] or ":" in steps[0]:
        return steps[-1] or "member"
    return inner[:400]
