"""`mailbot rules`: check, test and explain the rules before they decide anything."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailbot.cli.app import GLOBAL, load_config
from mailbot.errors import ConfigError, RuleError, UsageError

if TYPE_CHECKING:
    from mailbot.config import Config
    from mailbot.core.facts import Facts
    from mailbot.core.rules import RuleSet

rules_app = typer.Typer(
    help="The routing rules: check them, run their tests, explain what they make of a file.", no_args_is_help=True
)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Directory = Annotated[Path | None, typer.Argument(metavar="[DIR]", help="The rule files; else those of the config.")]


def register(app: typer.Typer) -> None:
    """Add `mailbot rules`."""
    app.add_typer(rules_app, name="rules")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """What rules are checked against: the names that the config and its templates know, None where there is no config."""

    directory: Path
    people: Collection[str] | None
    templates: Collection[str] | None
    config: Config | None

    def load(self) -> RuleSet:
        """Load the rules. Raises RuleError."""
        from mailbot import rulebook

        return rulebook.load(self.directory, people=self.people, templates=self.templates)


def _desk(directory: Path | None) -> _Desk:
    """Find the rules and what they may name; a DIR alone needs no config, and then its names are not checked against one.

    Raises ConfigError.
    """
    from mailbot.generate.template import Templates
    from mailbot.rulebook import approvers_of, rule_files

    wanted = directory is None or GLOBAL.config or os.environ.get("MAILBOT_CONFIG") or Path("mailbot.toml").is_file()
    config = load_config() if wanted else None
    chosen = directory or (config.rules_dir if config else Path("rules"))
    rule_files(chosen)
    if config:
        templates = Templates(config.templates_dir).names()
        return _Desk(directory=chosen, people=approvers_of(config), templates=templates, config=config)
    beside = chosen.resolve().parent / "templates"
    return _Desk(directory=chosen, people=None, templates=Templates(beside).names() if beside.is_dir() else None, config=None)


@rules_app.command()
def check(directory: Directory = None, as_json: AsJson = False) -> None:
    """Say everything that is wrong with the rule files, one line each with file, line and suggestion."""
    desk = _desk(directory)
    findings: tuple[RuleError, ...] = ()
    rules: RuleSet | None = None
    try:
        rules = desk.load()
    except RuleError as error:
        findings = error.findings
    count, tests = (len(rules.rules), len(rules.examples)) if rules else (0, 0)
    if as_json:
        _print_json({"ok": not findings, "rules": count, "tests": tests, "findings": [_finding(one) for one in findings]})
    else:
        for finding in findings:
            print(finding)
        if not findings:
            print(f"{desk.directory}: {count} rules and {tests} tests, nothing wrong{_unchecked(desk)}")
    raise typer.Exit(1 if findings else 0)


@rules_app.command("test")
def run_tests(directory: Directory = None, as_json: AsJson = False) -> None:
    """Run the tests that stand in the rule files."""
    from mailbot.core.rule_tests import differences

    desk = _desk(directory)
    rules = _loaded(desk, as_json)
    results = [(example, differences(example, rules.route(example.facts))) for example in rules.examples]
    failed = sum(bool(lines) for _, lines in results)
    if as_json:
        tests = [
            {"name": one.name, "file": one.file, "line": one.line, "ok": not lines, "differences": list(lines)}
            for one, lines in results
        ]
        _print_json({"ok": not failed, "tests": tests})
    else:
        for one, lines in results:
            print(f"{'ok  ' if not lines else 'FAIL'} {one.file}:{one.line}: {one.name}{': ' if lines else ''}{'; '.join(lines)}")
        print(f"{len(results)} tests, {failed} failed")
    raise typer.Exit(1 if failed else 0)


@rules_app.command()
def explain(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A mail or document.")],
    rules: Annotated[Path | None, typer.Option("--rules", metavar="DIR", help="The rule files; else those of the config.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what every rule and condition makes of a file: what was compared with what, and the result."""
    from mailbot.core.route import route_to_json

    desk = _desk(rules)
    loaded = _loaded(desk, as_json)
    facts = asyncio.run(_facts(file, desk))
    route, traces = loaded.route(facts), loaded.explain(facts)
    if as_json:
        rows = [{**asdict(one), "conditions": [asdict(condition) for condition in one.conditions]} for one in traces]
        known = {name: _plain(value) for name, value in facts.values.items() if value not in (None, "", ())}
        _print_json({"file": str(file), "route": route_to_json(route, full=True), "rules": rows, "facts": known})
        return
    for rule in traces:
        verdict = "matched" if rule.matched else "no match" if rule.reached else "not reached: a rule above stopped"
        print(f"{rule.rule} ({rule.file}:{rule.line}): {verdict}")
        for one in rule.conditions:
            wanted = f"{one.fact} {one.matcher} {one.wanted}".strip()
            is_value = f": {one.actual or 'nothing'}" if one.fact else ""
            print(f"  {'  ' * one.depth}{'yes' if one.holds else 'no '} {wanted}{is_value}")
    print(f"route: {route.reason}")
    approvers = f"{route.approve} of {', '.join(route.approvers)}" if route.approvers else "nobody"
    print(
        f"  tags {', '.join(route.tags) or 'none'}; asks {approvers}; reply {route.reply} by template {route.template or 'default'}"
    )


async def _facts(file: Path, desk: _Desk) -> Facts:
    """Read a file in the sandbox and return its facts. Raises UsageError when it cannot be opened."""
    from mailbot.clock import now
    from mailbot.config import Extract
    from mailbot.core.facts import facts_of
    from mailbot.extract.path import refuse_path
    from mailbot.extract.sandbox import Sandbox

    settings = desk.config.extract if desk.config else Extract()
    refused = refuse_path(file, settings.file_mb << 20)
    if refused:
        raise UsageError(refused.problems[0].detail, remedy=refused.problems[0].remedy)
    try:
        content = await asyncio.to_thread(file.read_bytes)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}", remedy="check the permissions") from error
    sandbox = Sandbox(settings)
    try:
        reading = (await sandbox.read(file.name, content)).reading
    finally:
        await sandbox.close()
    account = next(iter(desk.config.accounts.items()), None) if desk.config else None
    return facts_of(
        reading=reading,
        source="imap" if reading.message else "folder",
        account=account[0] if account else "",
        name=file.name,
        received_at=now(),
        language=account[1].language if account else "en",
        desk=desk.config.desk if desk.config else "Desk",
        authserv_id=account[1].authserv_id if account else "",
        size=len(content),
    )


def _loaded(desk: _Desk, as_json: bool) -> RuleSet:
    """Load the rules or exit 3: with nothing loaded there is nothing to run."""
    try:
        return desk.load()
    except RuleError as error:
        if as_json:
            _print_json({"ok": False, "findings": [_finding(one) for one in error.findings]})
        for finding in error.findings:
            print(finding, file=sys.stderr)
        raise typer.Exit(ConfigError.exit_code) from None


def _unchecked(desk: _Desk) -> str:
    """Return what could not be checked, as the end of a sentence."""
    left = [what for what, known in (("approvers", desk.people), ("templates", desk.templates)) if known is None]
    return f" ({' and '.join(left)} not looked up: no config)" if left else ""


def _finding(error: RuleError) -> dict[str, Any]:
    where = f"{error.file}:{error.line}: " if error.file else ""
    return {"file": error.file, "line": error.line, "message": str(error.args[0]).removeprefix(where), "remedy": error.remedy}


def _plain(value: Any) -> Any:
    """Return a fact as JSON has it: numbers and dates as text, as everywhere in the contract."""
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value if isinstance(value, bool | int | str) else str(value)


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False))
