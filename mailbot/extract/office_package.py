"""Looks at an office file's zip directory before anything is unpacked: ECMA-376 and OpenDocument files are packages of parts."""

from __future__ import annotations

import io
import zipfile

from mailbot.core.document import Problem
from mailbot.extract.reader import Limits


def bomb(name: str, content: bytes, limits: Limits) -> Problem | None:
    """Return the problem of a package whose directory says that it unpacks to more than the limits. Raises zipfile's errors.

    The directory cannot say too little: zipfile reads no more of a part than is stated there.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked <= limits.archive_bytes and unpacked <= limits.archive_ratio * max(len(content), 100_000):
        return None
    return Problem(
        code="archive_limits",
        detail=f"{name} would unpack to {unpacked:,} bytes from {len(content):,}",
        remedy="ask for it in another format",
    )
