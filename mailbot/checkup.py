"""`check`: is everything that the config names there, and does it answer? One finding a line, each with its remedy."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mailbot.config import Config, Drop
from mailbot.errors import ConfigError, MailbotError

LOW_DISK_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One line of the check. `exit_code` is what a bad result makes the command exit with."""

    what: str
    ok: bool
    detail: str
    remedy: str = ""
    exit_code: int = 1


async def check_all(config: Config) -> list[Result]:
    """Check every part side by side; a part that fails never keeps another from being checked."""
    checks: list[tuple[str, Callable[[], str | Awaitable[str]]]] = [
        ("state directory", partial(_state, config.state_dir)),
        ("rules", partial(_rules, config)),
        ("templates", partial(_templates, config)),
        ("suppliers", partial(_suppliers, config)),
        ("sandbox", partial(_sandbox, config)),
        ("model", partial(_model, config)),
    ]
    if config.extract.passwords:
        checks.append(("passwords", partial(_passwords, config)))
    checks += [(f"drop folder {name}", partial(_drop, drop)) for name, drop in config.drops.items()]
    for name, account in config.accounts.items():
        if account.imap:
            checks.append((f"IMAP {name}", partial(_imap, config, name)))
        if account.smtp:
            checks.append((f"SMTP {name}", partial(_smtp, config, name)))
    return list(await asyncio.gather(*(_one(what, check) for what, check in checks)))


async def _one(what: str, check: Callable[[], str | Awaitable[str]]) -> Result:
    try:
        # what touches the disk or renders templates blocks, so every check begins in a thread
        found = await asyncio.to_thread(check)
        return Result(what=what, ok=True, detail=found if isinstance(found, str) else await found)
    except MailbotError as error:
        return Result(what=what, ok=False, detail=str(error.args[0]), remedy=error.remedy, exit_code=error.exit_code)
    except Exception as error:  # what nobody foresaw must not hide the other lines
        detail = f"{type(error).__name__}: {error}"
        return Result(what=what, ok=False, detail=detail, remedy="report it as a fault in mailbot", exit_code=5)


def _state(directory: Path) -> str:
    """Return how much room there is. Raises ConfigError where nothing can be written."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{directory}: cannot be made: {error}", remedy="check state_dir") from error
    if not os.access(directory, os.W_OK):
        raise ConfigError(f"{directory}: not writable", remedy="give the daemon's user the right to write there")
    free = shutil.disk_usage(directory).free
    if free < LOW_DISK_BYTES:
        raise MailbotError(
            f"{directory}: only {free // 1_000_000} MB are free", remedy="make room: mail is not taken on a full disk"
        )
    return f"{directory}, {free // 1_000_000_000} GB free"


def _rules(config: Config) -> str:
    from mailbot import rulebook
    from mailbot.generate.template import Templates

    rules = rulebook.load(config.rules_dir, people=rulebook.approvers_of(config), templates=Templates(config.templates_dir).names())
    return f"{len(rules.rules)} rules in {config.rules_dir}"


def _templates(config: Config) -> str:
    from mailbot.generate.template import Templates

    templates = Templates(config.templates_dir)
    findings = templates.check()
    if findings:
        raise findings[0]
    if not templates.names():
        raise ConfigError(f"{config.templates_dir}: no reply template there", remedy="set templates_dir, or run `mailbot init DIR`")
    return f"{len(templates.names())} templates in {config.templates_dir}"


def _suppliers(config: Config) -> str:
    from mailbot.suppliers import load_suppliers

    if not config.suppliers_dir.exists():
        return f"nothing written down yet: {config.suppliers_dir} is made when it is"
    return f"{len(load_suppliers(config.suppliers_dir))} suppliers in {config.suppliers_dir}"


async def _sandbox(config: Config) -> str:
    from mailbot.extract.sandbox import Sandbox

    sandbox = Sandbox(config.extract)
    try:
        await sandbox.read("probe.txt", b"probe")
        return f"{config.extract.workers} workers; no network by: {sandbox.isolation()}"
    finally:
        await sandbox.close()


def _passwords(config: Config) -> str:
    """Return whose encrypted files can be opened. Raises ConfigError for a password that cannot be had."""
    senders = config.extract.passwords
    config.extract.passwords_of(list(senders))
    return f"there are some for encrypted files of {', '.join(senders)}"


async def _model(config: Config) -> str:
    from mailbot.generate.make import make_generator

    generator = await asyncio.to_thread(make_generator, config)
    try:
        return await generator.probe()
    finally:
        await generator.close()


def _drop(drop: Drop) -> str:
    try:
        drop.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{drop.path}: cannot be made: {error}", remedy="check the drop folder's path") from error
    if not os.access(drop.path, os.R_OK | os.W_OK | os.X_OK):
        raise ConfigError(f"{drop.path}: files there cannot be read and moved", remedy="give the daemon's user the rights")
    return str(drop.path)


async def _imap(config: Config, name: str) -> str:
    """Log in and look at each watched folder, changing nothing."""
    from mailbot.daemon import build

    async with build(config) as parts:
        counts = await parts.mailboxes[name].server_uids()
    return "login works; " + ", ".join(
        f"{folder}: {len(uids)} mail{'' if len(uids) == 1 else 's'}" for folder, (_, uids) in counts.items()
    )


async def _smtp(config: Config, name: str) -> str:
    """Connect and log in; no mail is sent."""
    from mailbot.outbox.smtp import SmtpOutbox

    account = config.accounts[name]
    outbox = SmtpOutbox(config.accounts)
    try:
        await outbox.check(name)
        return "login works" if account.smtp and account.smtp.user else "connects"
    finally:
        await outbox.close()
