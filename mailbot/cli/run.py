"""`init`, `run`, `check`, `process`: from an empty folder to a running desk."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from mailbot.cli.app import load_config, start_logging
from mailbot.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command()(init)
    app.command()(run)
    app.command()(check)
    app.command()(process)


def init(directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write; made when missing.")]) -> None:
    """Write mailbot.toml, rules/, templates/ and a systemd unit to start from."""
    from mailbot.shipped import write_desk

    written = write_desk(directory)
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
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array on stdout.")] = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON object per FILE on stdout.")] = False,
) -> None:
    """Extract, route and draft each file; nothing is stored or sent."""
    if as_json and as_jsonl:
        raise UsageError("--json and --jsonl cannot be used together", remedy="choose one")
    from mailbot import shipped
    from mailbot.config import parse

    if rules is None:
        config = load_config()
    else:
        tree = {"rules_dir": str(rules.resolve()), "templates_dir": str(shipped.folder("templates")), **shipped.sample_people()}
        config = parse(tree, file=Path("process.toml"))
    results = asyncio.run(_process(config, files))
    if as_json:
        print(json.dumps(results, ensure_ascii=False))
    for result in results:
        if as_jsonl:
            print(json.dumps(result, ensure_ascii=False))
        elif not as_json:
            _print_process(result)
    bad = any(problem["severity"] == "error" for result in results for problem in result["problems"])
    raise typer.Exit(1 if bad else 0)


async def _process(config: Any, files: list[Path]) -> list[dict[str, Any]]:
    """Return the contract's object for each file, in order."""
    from mailbot.trial import Trial

    async with Trial.of(config) as trial:
        return list(await asyncio.gather(*(trial.process(file) for file in files)))


def _print_process(result: dict[str, Any]) -> None:
    """Print one file's way for people."""
    route, draft = result["route"], result["draft"]
    where = f" ({route['file']}:{route['line']})" if route["rule"] else ""
    print(f"{result['file']}: {route['rule'] or 'no rule matched: a person decides'}{where}")
    for document in result["documents"]:
        values = ", ".join(f"{field['name']} {field['value']}" for field in document["fields"])
        print(f"  {document['name']}: {values or 'no fields'}")
    for problem in result["problems"]:
        print(f"  {problem['severity']} {problem['code']}: {problem['detail']}")
    if route["approvers"]:
        print(f"  asks {', '.join(route['approvers'])}")
    if draft and draft["text"]:
        print("  draft:\n" + "\n".join(f"    {line}" for line in draft["text"].splitlines()))
