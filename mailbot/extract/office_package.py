"""Looks at an office file before it is read: ECMA-376 and OpenDocument files are zip archives of XML parts."""

from __future__ import annotations

import io
import zipfile

from mailbot.core.document import Problem
from mailbot.extract.reader import Limits

_PROLOGUE = 2000
"""Bytes at the beginning of a part in which a document type would be declared."""


def attack(name: str, content: bytes, limits: Limits) -> Problem | None:
    """Return the problem of a package that is made to overwhelm its reader. Raises zipfile's errors.

    The directory cannot say too little of a part: zipfile reads no more of it than is stated there. ECMA-376 part 2 forbids
    document types, so whoever declares one wants its entities expanded.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        parts = package.infolist()
        unpacked = sum(part.file_size for part in parts)
        if unpacked > limits.archive_bytes or unpacked > limits.archive_ratio * max(len(content), 100_000):
            detail = f"{name} would unpack to {unpacked:,} bytes from {len(content):,}"
            return Problem(code="archive_limits", detail=detail, remedy="ask for it in another format")
        if "[Content_Types].xml" in package.namelist():
            for part in parts:
                if part.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in package.open(part).read(_PROLOGUE):
                    detail = f"{name}: {part.filename} declares entities, which no office program writes"
                    return Problem(code="unreadable_file", detail=detail, remedy="ask the sender what made the file")
    return None
