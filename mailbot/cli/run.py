"""`init`, `run`, `check`, `process`: from an empty folder to a running desk."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailbot.cli.app import load_config, start_logging
from mailbot.errors import UsageError

if TYPE_CHECKING:
    from mailbot.config import Config
    from mailbot.core.supplier_hints import SupplierHints


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command()(init)
    app.command()(run)
    app.command()(check)
    app.command()(process)


def init(directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write; made when missing.")]) -> None:
    """Write mailbot.toml, rules/, templates/, suppliers/ and a systemd unit to start from."""
    from mailbot.generate.release import can_write_here
    from mailbot.shipped import write_desk

    written = write_desk(directory, maker="model" if can_write_here() else "template")
    for path in written:
        print(path)
    print(f"next: edit {directory / 'mailbot.toml'}, then `mailbot --config {directory / 'mailbot.toml'} check`", file=sys.stderr)


def run() -> None:
    """Run the daemon until SIGTERM."""
    config = load_config()
    start_logging()
    from mailbot import daemon

    asyncio.run(daemon.run(config))


def check(as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False) -> None:
    """Check config, logins, TLS, folders, rules, templates, model and disk: one line each, with the remedy."""
    from mailbot.checkup import check_all

    config = load_config()
    results = asyncio.run(check_all(config))
    if as_json:
        print(
            json.dumps([{"what": r.what, "ok": r.ok, "detail": r.detail, "remedy": r.remedy} for r in results], ensure_ascii=False)
        )
    else:
        for result in results:
            line = f"{'ok  ' if result.ok else 'BAD '} {result.what}: {result.detail}"
            print(line if result.ok or not result.remedy else f"{line}; {result.remedy}")
    raise typer.Exit(max((result.exit_code for result in results if not result.ok), default=0))


def process(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Mails or documents.")],
    rules: Annotated[Path | None, typer.Option(help="Use these rules and the shipped templates; needs no config.")] = None,
    suppliers: Annotated[Path | None, typer.Option(help="Use these supplier files; else those of the config.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array on stdout.")] = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON object per FILE on stdout.")] = False,
) -> None:
    """Extract, route and draft each file; nothing is stored or sent."""
    if as_json and as_jsonl:
        raise UsageError("--json and --jsonl cannot be used together", remedy="choose one")
    from mailbot import shipped
    from mailbot.config_file import parse
    from mailbot.suppliers import load_suppliers

    if rules is None:
        config = load_config()
    else:
        tree = {"rules_dir": str(rules.resolve()), "templates_dir": str(shipped.folder("templates")), **shipped.sample_people()}
        config = parse(tree, file=Path("process.toml"))
    if suppliers is None and rules is None and config.suppliers_dir.exists():
        suppliers = config.suppliers_dir
    known = load_suppliers(suppliers) if suppliers else ()
    failed = asyncio.run(_process(config, known, files, "json" if as_json else "jsonl" if as_jsonl else ""))
    raise typer.Exit(1 if failed else 0)


async def _process(config: Config, suppliers: Sequence[SupplierHints], files: list[Path], form: str) -> bool:
    """Print the contract's object for each file, in order; return whether any has a problem of severity error."""
    from mailbot.cli.extract import in_order
    from mailbot.trial import Trial

    failed, objects = False, []
    async with Trial.of(config, suppliers=suppliers) as trial, aclosing(in_order(files, trial.process)) as results:
        async for result in results:
            failed = failed or any(problem["severity"] == "error" for problem in result["problems"])
            if form == "json":
                objects.append(result)
            elif form == "jsonl":
                print(json.dumps(result, ensure_ascii=False), flush=True)
            else:
                _print_process(result)
    if form == "json":
        print(json.dumps(objects, ensure_ascii=False))
    return failed


def _print_process(result: dict[str, Any]) -> None:
    """Print one file's way for people."""
    route, draft = result["route"], result["draft"]
    if route is None:
        print(f"{result['file']}: not read")
    elif route["rule"]:
        print(f"{result['file']}: {route['rule']} ({route['file']}:{route['line']})")
    else:
        print(f"{result['file']}: no rule matched: a person decides")
    for document in result["documents"]:
        values = ", ".join(f"{field['name']} {field['value']}" for field in document["fields"])
        print(f"  {document['name']}: {values or 'no fields'}")
    for problem in result["problems"]:
        remedy = f"; {problem['remedy']}" if problem["remedy"] else ""
        print(f"  {problem['severity']} {problem['code']}: {problem['detail']}{remedy}")
    if route and route["approvers"]:
        print(f"  asks {', '.join(route['approvers'])}")
    if draft and draft["text"]:
        print("  draft:\n" + "\n".join(f"    {line}" for line in draft["text"].splitlines()))
