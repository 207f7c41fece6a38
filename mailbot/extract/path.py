"""Read a file that a person named on the command line: whatever is wrong with it is a problem of its reading."""

from __future__ import annotations

import asyncio
import stat
from dataclasses import replace
from pathlib import Path

from mailbot.core.document import Problem, Reading
from mailbot.ports import Extractor


async def read_path(extractor: Extractor, path: Path, *, largest: int) -> Reading:
    """Return the reading of a file; of one that cannot be opened, or has more than `largest` bytes, the reading says so."""
    refused = await asyncio.to_thread(refuse_path, path, largest)
    if refused:
        return refused
    try:
        content = await asyncio.to_thread(path.read_bytes)
    except OSError as error:
        return _unread(path, error.strerror or type(error).__name__, "check the permissions")
    return replace((await extractor.read(path.name, content)).reading, file=str(path))


def refuse_path(path: Path, largest: int) -> Reading | None:
    """Return the reading of a file that is not opened at all, None where it can be tried.

    A pipe may never end and a device never stop, so neither is opened.
    """
    try:
        found = path.stat()
    except OSError as error:
        return _unread(path, error.strerror or type(error).__name__, "check the name and the permissions")
    if stat.S_ISDIR(found.st_mode):
        return _unread(path, "this is a folder", "name the files in it")
    if not stat.S_ISREG(found.st_mode):
        return _unread(path, "this is not a file but a pipe or a device", "save it to a file first")
    if found.st_size > largest:
        return _unread(path, f"more than {largest >> 20} MB", "split it", code="too_large")
    return None


def _unread(path: Path, detail: str, remedy: str, *, code: str = "unreadable_file") -> Reading:
    """Return the reading of a file of which nothing was read."""
    problem = Problem(code=code, detail=f"{path}: {detail}", remedy=remedy)
    return Reading(file=str(path), media_type="", problems=(problem,))
