"""`mailbot extract`: message, documents, tables and fields of files, without a config or a database."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from mailbot.errors import BadInput, UsageError

if TYPE_CHECKING:
    from mailbot.core.document import Reading
    from mailbot.core.supplier_hints import SupplierHints
    from mailbot.extract.sandbox import Sandbox
    from mailbot.ports import Extractor

T = TypeVar("T")
AHEAD = 8
"""Files that are in hand at once: enough for every worker, few enough to stay small in memory."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("extract", help="Read FILEs: message, documents, tables, fields. No configuration, no database.")(extract)


def extract(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Mails, PDFs, pictures, tables, archives.")],
    suppliers: Annotated[Path | None, typer.Option(help="Folder of files that say where suppliers' fields stand.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one JSON object per FILE, in order.")] = False,
    searchable: Annotated[
        Path | None, typer.Option("--searchable", metavar="DIR", help="Write each PDF and picture to DIR as a PDF with its text.")
    ] = None,
) -> None:
    """Read files and print what was found; exit 1 when any file has a problem of severity error.

    What `--searchable` cannot write is said on stderr, and is such a problem too.
    """
    if as_json and as_jsonl:
        raise UsageError("--json and --jsonl exclude each other", remedy="give one of them")
    from mailbot.suppliers import load_suppliers

    known = load_suppliers(suppliers) if suppliers else ()
    names = searchable_names(files, searchable) if searchable else []
    failed = asyncio.run(_extract(files, known, "json" if as_json else "jsonl" if as_jsonl else "", names))
    raise typer.Exit(1 if failed else 0)


async def _extract(files: Sequence[Path], suppliers: Sequence[SupplierHints], form: str, searchable: Sequence[Path]) -> bool:
    """Read and print every file; return whether any has a problem of severity error."""
    from mailbot.config import Extract
    from mailbot.core.document import reading_to_json
    from mailbot.extract.sandbox import Sandbox

    failed, objects = False, []
    sandbox = Sandbox(Extract(), suppliers=lambda: suppliers)
    try:
        async with aclosing(readings(sandbox, files, Extract().file_mb << 20)) as results:
            async for reading in results:
                failed = failed or any(problem.severity == "error" for problem in reading.problems)
                if form == "json":
                    objects.append(reading_to_json(reading))
                elif form == "jsonl":
                    print(json.dumps(reading_to_json(reading), ensure_ascii=False), flush=True)
                else:
                    _summary(reading)
        if searchable:
            failed = not await _write_searchable(sandbox, files, searchable) or failed
    finally:
        await sandbox.close()
    if form == "json":
        json.dump(objects, sys.stdout, ensure_ascii=False, indent=1)
        print()
    return failed


def searchable_names(files: Sequence[Path], folder: Path) -> list[Path]:
    """Return where each file is written: FILE.pdf, of a PDF its own name. Raises UsageError when a file would be written over."""
    names = [folder / (path.name if path.suffix.lower() == ".pdf" else f"{path.name}.pdf") for path in files]
    over = [path for name, path in zip(names, files, strict=True) if name.resolve() == path.resolve()]
    if over or len(set(names)) < len(names):
        raise UsageError("--searchable would write over a file", remedy="name each FILE once, and another folder")
    return names


async def _write_searchable(sandbox: Sandbox, files: Sequence[Path], names: Sequence[Path]) -> bool:
    """Write each file as a PDF with its text; return whether all could be written."""
    written = True
    for name, path in zip(names, files, strict=True):
        try:
            pdf = await sandbox.searchable(path.name, await asyncio.to_thread(path.read_bytes))
            await asyncio.to_thread(name.parent.mkdir, parents=True, exist_ok=True)
            await asyncio.to_thread(name.write_bytes, pdf)
        except (BadInput, OSError) as error:
            written = False
            print(f"{path}: {error}", file=sys.stderr)
    return written


async def readings(extractor: Extractor, files: Sequence[Path], largest: int) -> AsyncGenerator[Reading]:
    """Yield the reading of each file in order."""
    from mailbot.extract.path import read_path

    async def one(path: Path) -> Reading:
        return await read_path(extractor, path, largest=largest)

    async with aclosing(in_order(files, one)) as results:
        async for reading in results:
            yield reading


async def in_order(files: Sequence[Path], one: Callable[[Path], Awaitable[T]]) -> AsyncGenerator[T]:
    """Yield what `one` makes of each file, in order, working some ahead; a bar on a terminal's stderr shows how far it is."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.fields[file]}"))
    tasks: list[asyncio.Future[T]] = []
    try:
        with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
            bar = progress.add_task("", total=len(files), file="")
            for number, path in enumerate(files):
                while len(tasks) < min(number + AHEAD, len(files)):
                    tasks.append(asyncio.ensure_future(one(files[len(tasks)])))
                progress.update(bar, file=path.name)
                yield await tasks[number]
                progress.advance(bar)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _summary(reading: Reading) -> None:
    """Print what a person wants to know of one file."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{escape(reading.file)}[/bold]  {escape(reading.media_type)}")
    if reading.message:
        message = reading.message
        people = ", ".join(one.address for one in message.from_)
        console.print(f"  from {escape(people or 'nobody')}, {escape(message.date or 'no date')}: {escape(message.subject)}")
        for line in (message.new_text or message.text).splitlines()[:6]:
            console.print(f"  | {escape(line[:120])}")
    for document in reading.documents:
        words = sum(len(page.text.split()) for page in document.pages)
        size = f"{len(document.pages)} page(s), {words} words, {len(document.tables)} table(s)"
        console.print(f"  {escape(document.name)}  {escape(document.media_type)}  {size}")
        if document.fields:
            grid = Table(box=None, padding=(0, 2), show_header=False)
            for field in document.fields:
                where = f"page {field.page}" if field.page else ""
                grid.add_row("   ", field.name, escape(field.value), f"{field.confidence:.2f}", where)
            console.print(grid)
    for problem in reading.problems:
        colour = {"error": "red", "warning": "yellow", "info": "dim"}[problem.severity]
        remedy = f"; {problem.remedy}" if problem.remedy else ""
        console.print(f"  [{colour}]{problem.severity}[/{colour}] {problem.code}: {escape(problem.detail + remedy)}")
