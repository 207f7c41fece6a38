"""`mailbot table`: load the tables of files as plain CSV, and clean one."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.cli.table_large import clean_large, load_large, write_file
from mailbot.core.tables import WRONG_NOTES
from mailbot.errors import RuleError, UsageError

if TYPE_CHECKING:
    from mailbot.config import Extract as ExtractSettings
    from mailbot.core.document import Reading, Table
    from mailbot.core.table_schema import TableSchema
    from mailbot.core.tables import Cleaned
    from mailbot.extract.sandbox import Sandbox
    from mailbot.ports import Extracted

_FORMATS = ("", ".csv", ".txt", ".parquet", ".xlsx")

table_app = typer.Typer(help="Tables of csv, xlsx, ods, pdf and pictures: load them as CSV, clean them.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add `mailbot table`."""
    app.add_typer(table_app, name="table")


@table_app.command()
def load(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="The files to read.")],
    out_dir: Annotated[Path, typer.Option(help="Where DIR/<the file's own name> is written.")],
    everything: Annotated[bool, typer.Option("--all", help="Write further tables too, as NAME.2.csv, NAME.3.csv …")] = False,
) -> None:
    """Write the main table of each file as RFC 4180 CSV in UTF-8, cells as they stand, under the file's own name."""
    _check_names(files, out_dir)
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{out_dir}: cannot be made: {error.strerror}", remedy="name another --out-dir") from error
    raise typer.Exit(1 if asyncio.run(_load(files, out_dir, everything)) else 0)


def _check_names(files: Sequence[Path], out_dir: Path) -> None:
    """Raise UsageError when two files would be written to one place, or one over itself."""
    seen: dict[str, Path] = {}
    for file in files:
        if file.name in seen:
            raise UsageError(f"{seen[file.name]} and {file} have one name", remedy="load them into two folders")
        seen[file.name] = file
        if file.exists() and (out_dir / file.name).exists() and file.samefile(out_dir / file.name):
            raise UsageError(f"{file} would be overwritten by its own table", remedy="name another --out-dir")


async def _load(files: Sequence[Path], out_dir: Path, everything: bool) -> bool:
    """Read the files, some ahead, and write their tables in order; return whether any could not be read."""
    from mailbot.cli.extract import readings
    from mailbot.config import Extract

    failed = False
    sandbox = _tables_sandbox(Extract())
    try:
        if not everything:
            files = [file for file in files if not await load_large(sandbox, file, out_dir / file.name)]
        async with aclosing(readings(sandbox, files, Extract().file_mb << 20)) as results:
            index = 0
            async for reading in results:
                failed = _report(reading, without_table="an empty file is written") or failed
                tables = main_first([table for document in reading.documents for table in document.tables])
                if reading.media_type:
                    await asyncio.to_thread(_write_all, out_dir / files[index].name, tables if everything else tables[:1])
                index += 1
    finally:
        await sandbox.close()
    return failed


def _tables_sandbox(settings: ExtractSettings) -> Sandbox:
    """Return a sandbox that reads plain text as a table, since the caller says that it is one."""
    from mailbot.extract.sandbox import Sandbox

    class TablesSandbox(Sandbox):
        async def read(self, name: str, content: bytes, *, media_type: str = "") -> Extracted:
            extracted = await super().read(name, content, media_type=media_type)
            if extracted.reading.media_type == "text/plain" and content:
                extracted = await super().read(f"{name}.csv", content)
            return extracted

    return TablesSandbox(settings)


def _report(reading: Reading, *, without_table: str) -> bool:
    """Say on stderr what is wrong with a file, and what follows where it has no table; return whether there was an error."""
    for problem in reading.problems:
        remedy = f"; {problem.remedy}" if problem.remedy else ""
        print(f"mailbot: {reading.file}: {problem.severity} {problem.code}: {problem.detail}{remedy}", file=sys.stderr)
    if reading.media_type and not any(document.tables for document in reading.documents):
        print(f"mailbot: {reading.file}: no table found: {without_table}", file=sys.stderr)
    return any(problem.severity == "error" for problem in reading.problems)


def _write_all(path: Path, tables: Sequence[Table]) -> None:
    """Write the main table under the file's own name, and further ones as NAME.2.csv …; an empty file when there is none.

    Raises UsageError when a file cannot be written.
    """
    texts = [plain_csv(table) for table in tables] or [""]
    for number, text in enumerate(texts, 1):
        write_file(path if number == 1 else path.with_name(f"{path.name}.{number}.csv"), text.encode("utf-8", "replace"))


def main_first(tables: Sequence[Table]) -> list[Table]:
    """Return the tables with the main one first: the one that holds most among those on pages; other files put theirs first."""
    if any(table.page is None for table in tables):
        return list(tables)
    sizes = [sum(bool(cell) for row in (table.columns, *table.rows) for cell in row) for table in tables]
    main = sizes.index(max(sizes)) if sizes else 0
    return [*tables[main : main + 1], *tables[:main], *tables[main + 1 :]]


def plain_csv(table: Table) -> str:
    """Return a table as RFC 4180 CSV: CRLF, quotes only where needed, the column names first."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows(table.rows)
    return out.getvalue()


@table_app.command("clean")
def clean_one(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file whose main table is cleaned.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where the cleaned table is written: .csv, .parquet or .xlsx.")],
    report: Annotated[bool, typer.Option("--report", help="Print what was changed: as JSON, and on stderr for a person.")] = False,
    language: Annotated[str, typer.Option(help="The sender's language (de, en-GB …): decides what the values leave open.")] = "",
    schema: Annotated[
        Path | None, typer.Option(help="The desk's own columns (YAML): the table is named and checked by it.")
    ] = None,
) -> None:
    """Type and clean the main table of FILE; rows of totals are left out of OUT and stand in the report.

    Exits 1 when a printed total differs from the sum of its rows, a column can be read in two ways, or the schema is not kept to.
    """
    if file.exists() and out.exists() and file.samefile(out):
        raise UsageError(f"{file} would be overwritten by its own table", remedy="name another -o")
    if out.suffix.lower() not in _FORMATS:
        raise UsageError(f"{out}: no table is written as {out.suffix}", remedy="write .csv, .parquet or .xlsx")
    wanted = None
    if schema is not None:
        wanted = _schema(schema)
    raise typer.Exit(asyncio.run(_clean(file, out, report, language, wanted)))


def _schema(path: Path) -> TableSchema:
    """Read the schema; every fault of the file is told before it is refused. Raises ConfigError."""
    from mailbot.table_schema_file import load_schema

    try:
        return load_schema(path)
    except RuleError as error:
        for one in error.findings:
            print(f"mailbot: {one}", file=sys.stderr)
        raise typer.Exit(error.exit_code) from None


async def _clean(file: Path, out: Path, report: bool, language: str, schema: TableSchema | None) -> int:
    """Load, clean and write one table; return the exit code."""
    from mailbot.cli.extract import readings
    from mailbot.config import Extract

    sandbox = _tables_sandbox(Extract())
    try:
        large = await clean_large(sandbox, file, out, language) if schema is None else None
        if large is not None and large.about is not None:
            return _tell(file, large.about, report=report, counts=dict(large.changed), rows=large.rows)
        async with aclosing(readings(sandbox, [file], Extract().file_mb << 20)) as results:
            reading = await anext(results)
        failed = _report(reading, without_table="nothing is written")
        tables = main_first([table for document in reading.documents for table in document.tables])
        if not tables:
            return 1
        cleaned = await sandbox.clean(tables[0], language=language, schema=schema)
    finally:
        await sandbox.close()
    await asyncio.to_thread(_write_cleaned, out, cleaned)
    return _tell(file, cleaned, report=report) or int(failed)


def _write_cleaned(out: Path, cleaned: Cleaned) -> None:
    """Write the table in the format that the name's ending says. Raises UsageError."""
    from mailbot.extract.table_files import encoded

    try:
        content = encoded(cleaned, out.suffix)
    except ValueError as error:
        raise UsageError(f"{out}: {error}", remedy="write .csv or .parquet") from error
    write_file(out, content)


def _tell(file: Path, cleaned: Cleaned, *, report: bool, counts: Mapping[str, int] | None = None, rows: int | None = None) -> int:
    """Print the report: JSON on stdout, the readable one on stderr; without it only what a person has to look at.

    Of a large table `cleaned` holds examples alone: `counts` of changes by kind and `rows` say how much there is. Returns the exit
    code: 1 when a person has to decide something.
    """
    from mailbot.core.table_report import report_text, report_to_json

    wrong = int(any(note.kind in WRONG_NOTES for note in cleaned.notes) or not all(check.agrees for check in cleaned.checks))
    if report:
        print(json.dumps(report_to_json(cleaned, counts=counts, rows=rows), ensure_ascii=False, indent=1))
        print(f"{file}: {report_text(cleaned, counts=counts, rows=rows)}", file=sys.stderr)
        return wrong
    for note in cleaned.notes:
        where = f"column {cleaned.columns[note.column].name}: " if note.column is not None else ""
        print(f"mailbot: {file}: {where}{note.detail}", file=sys.stderr)
    for check in cleaned.checks:
        if not check.agrees:
            name = cleaned.columns[check.column].name
            detail = f"row {check.row + 1}, {name}: the total says {check.printed}, its rows sum to {check.computed}"
            print(f"mailbot: {file}: {detail}", file=sys.stderr)
    return wrong
