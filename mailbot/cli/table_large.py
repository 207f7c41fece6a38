"""In charge of `mailbot table` on large delimited files: one worker reads, cleans and makes the file; a bar shows it works."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.errors import UsageError

if TYPE_CHECKING:
    from mailbot.extract.answers import Bulk
    from mailbot.extract.sandbox import Sandbox

LEAST = 8 << 20
"""Bytes from which a file is large."""

_READ = (".csv", ".tsv", ".tab", ".txt")
_WRITTEN = (".csv", ".txt", ".parquet", "")


async def load_large(sandbox: Sandbox, file: Path, out: Path) -> bool:
    """Load the main table of a large file into `out`; False when it is not large, or not written plainly. Raises UsageError."""
    said = await _asked(sandbox, file, out, clean=False)
    return said is not None


async def clean_large(sandbox: Sandbox, file: Path, out: Path, language: str) -> Bulk | None:
    """Clean the main table of a large file into `out`; None when it is not large, or not written plainly. Raises UsageError."""
    return await _asked(sandbox, file, out, clean=True, language=language) if out.suffix.lower() in _WRITTEN else None


async def _asked(sandbox: Sandbox, file: Path, out: Path, *, clean: bool, language: str = "") -> Bulk | None:
    """Have a worker do it, and write what it made."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from mailbot.config import Extract

    size = await asyncio.to_thread(_size, file)
    if not LEAST <= size <= Extract().file_mb << 20 or file.suffix.lower() not in _READ:
        return None
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        progress.add_task(f"{'cleaning' if clean else 'loading'} {file.name}, {size >> 20} MB", total=None)
        content = await asyncio.to_thread(file.read_bytes)
        found = await sandbox.bulk(content, clean=clean, language=language, ending=out.suffix.lower() if clean else ".csv")
        if found is None:
            return None
        said, body = found
        await asyncio.to_thread(write_file, out, body)
    if said.repaired:
        from mailbot.core.table_report import aligned

        told = aligned(said.repaired, about=True)
        print(f"mailbot: {file}: info repaired_rows: {told}; compare these lines with the file", file=sys.stderr)
    return said


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0  # whoever reads it tells what is wrong


def write_file(path: Path, content: bytes) -> None:
    """Write one file. Raises UsageError."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}", remedy="check the folder and its space") from error
