"""Builds every part from the config, runs them side by side, and stops them in order.

The parts are built by `build` also for the command line, which uses a few of them for one call. Only one daemon runs on a
state directory: it holds `daemon.lock` while it lives.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mailbot.answers import Answers
from mailbot.clock import new_message_id, new_token, now, only_daemon
from mailbot.config import Config
from mailbot.core.item import Item
from mailbot.core.lifecycle import State
from mailbot.delivery import Delivery
from mailbot.desk import PeopleDesk
from mailbot.dispatch.local import LocalDispatcher
from mailbot.errors import LedgerDamaged, MailbotError
from mailbot.extract.sandbox import Sandbox
from mailbot.generate.make import make_generator
from mailbot.generate.template import Templates
from mailbot.inbox.folder import DropFolder
from mailbot.inbox.imap import ImapMailbox
from mailbot.learner import SupplierLearner
from mailbot.ledger.sql import SqlLedger
from mailbot.outbox.smtp import SmtpOutbox
from mailbot.pipeline import Pipeline
from mailbot.ports import Generator, PartStatus
from mailbot.rulebook import Rulebook, approvers_of
from mailbot.suppliers import Supplierbook
from mailbot.table_schema_file import load_schema

log = logging.getLogger(__name__)

RESTART_FIRST = 1.0
RESTART_MOST = 60.0
RULES_LOOK_SECONDS = 0.5
TEMPLATES_LOOK_SECONDS = 5.0
STATE_LOOK_SECONDS = 2.0
FAILED = (State.QUARANTINED, State.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that one config describes, built and not yet running. `advanced_files` are dropped files that moved on."""

    config: Config
    ledger: SqlLedger
    extractor: Sandbox
    suppliers: Supplierbook
    rulebook: Rulebook
    templates: Templates
    generator: Generator
    mailboxes: dict[str, ImapMailbox]
    folders: dict[str, DropFolder]
    answers: Answers
    pipeline: Pipeline
    desk: PeopleDesk
    learner: SupplierLearner
    dispatcher: LocalDispatcher
    advanced_files: asyncio.Queue[int]


@asynccontextmanager
async def build(config: Config) -> AsyncIterator[Parts]:
    """Build the parts and close them afterwards. Raises ConfigError, DiskFull."""
    async with contextlib.AsyncExitStack() as stack:
        ledger = await SqlLedger.open(config.state_dir, clock=now)
        stack.push_async_callback(ledger.close)
        suppliers = Supplierbook(config.suppliers_dir)
        extractor = Sandbox(
            config.extract,
            suppliers=lambda: suppliers.suppliers,
            schema=load_schema(config.table_schema) if config.table_schema else None,
        )
        stack.push_async_callback(extractor.close)
        templates = Templates(config.templates_dir)
        rulebook = Rulebook(config.rules_dir, people=approvers_of(config), templates=templates.names)
        generator = await asyncio.to_thread(make_generator, config)
        stack.push_async_callback(generator.close)
        outbox = SmtpOutbox(config.accounts)
        stack.push_async_callback(outbox.close)
        wake: list[Callable[[], None]] = []

        def woken() -> None:
            for one in wake:
                one()

        mailboxes = {
            name: ImapMailbox(name, account, ledger, on_arrival=woken, clock=now)
            for name, account in config.accounts.items()
            if account.imap
        }
        folders = {
            name: DropFolder(name, drop, ledger, on_arrival=woken, clock=now, token=new_token)
            for name, drop in config.drops.items()
        }
        delivery = Delivery(config=config, ledger=ledger, outbox=outbox, mailboxes=mailboxes, clock=now)
        answers = Answers(config=config, rules=rulebook, templates=templates, generator=generator)
        pipeline = Pipeline(config=config, ledger=ledger, extractor=extractor, answers=answers, delivery=delivery, clock=now)
        desk = PeopleDesk(config=config, ledger=ledger, answers=answers, clock=now, message_id=new_message_id, wake=woken)
        learner = SupplierLearner(ledger=ledger, extractor=extractor, book=suppliers, may=desk.may_review)
        advanced_files: asyncio.Queue[int] = asyncio.Queue()

        async def advance(item: Item) -> None:
            await pipeline.advance(item)
            if item.origin.source == "folder":
                advanced_files.put_nowait(item.id)

        dispatcher = LocalDispatcher(
            ledger=ledger, advance=advance, at_once=config.items_at_once,
            stop_seconds=config.stop_seconds, clock=now,
        )  # fmt: skip
        wake.append(dispatcher.wake)
        yield Parts(
            config=config,
            ledger=ledger,
            extractor=extractor,
            suppliers=suppliers,
            rulebook=rulebook,
            templates=templates,
            generator=generator,
            mailboxes=mailboxes,
            folders=folders,
            answers=answers,
            pipeline=pipeline,
            desk=desk,
            learner=learner,
            dispatcher=dispatcher,
            advanced_files=advanced_files,
        )


async def run(config: Config) -> None:
    """Run the daemon until SIGTERM or SIGINT. Raises RuleError when there are no good rules to start with, LedgerDamaged when the
    state directory is taken away under it."""
    with only_daemon(config.state_dir) as holds:
        async with build(config) as parts:
            log.info("%d rules in force", len(parts.rulebook.rules.rules))
            await asyncio.to_thread(parts.suppliers.reload)
            broken = await parts.ledger.break_leases()
            if broken:
                log.info("%d items were in hand when mailbot stopped last: they go on", broken)
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            for name in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(name, stop.set)
            async with running(parts) as url:
                log.info("mailbot runs%s", f"; the page is at {url}" if url else "")
                while not stop.is_set():
                    if not holds():  # SQLite would go on writing to files that nobody can find any more
                        raise LedgerDamaged(f"{config.state_dir} was deleted or replaced while mailbot ran", remedy="restore it")
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(STATE_LOOK_SECONDS):
                            await stop.wait()
                log.info("stopping")


@asynccontextmanager
async def running(parts: Parts) -> AsyncIterator[str]:
    """Run every part while the context lasts; yields the page's address. All parts stop at the same time, the page last."""
    work: dict[str, Callable[[], Awaitable[None]]] = {
        "dispatcher": parts.dispatcher.run,
        "rules": parts.rulebook.watch,
        "rules status": lambda: _report(parts, "rules", lambda: parts.rulebook.problem, RULES_LOOK_SECONDS),
        "suppliers": parts.suppliers.watch,
        "suppliers status": lambda: _report(parts, "suppliers", lambda: parts.suppliers.problem, RULES_LOOK_SECONDS),
        "templates status": lambda: _report(parts, "templates", lambda: parts.templates.problem, TEMPLATES_LOOK_SECONDS),
        "failed files": lambda: _sort_out_failed(parts),
    }
    work |= {f"folder:{name}": folder.run for name, folder in parts.folders.items()}
    work |= {f"imap:{name}": mailbox.run for name, mailbox in parts.mailboxes.items()}
    for one in await parts.ledger.statuses():
        if one.part in work and one.state == "trouble":
            await _tell(parts, one.part, "ok", "started again")
    async with _page(parts) as url:
        tasks = [asyncio.create_task(_supervised(parts, name, part), name=name) for name, part in work.items()]
        try:
            yield url
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def _page(parts: Parts) -> AsyncIterator[str]:
    """Serve the review page, if the config wants it; yields its address."""
    if not parts.config.review.enabled:
        yield ""
        return
    from mailbot.review.app import create_app
    from mailbot.review.server import serve

    app = create_app(
        desk=parts.desk,
        learner=parts.learner,
        ledger=parts.ledger,
        extractor=parts.extractor,
        config=parts.config,
        secret=secrets.token_bytes(32),
        clock=now,
    )
    async with serve(app, parts.config.review.host, parts.config.review.port) as url:
        yield url


async def _supervised(parts: Parts, name: str, part: Callable[[], Awaitable[None]]) -> None:
    """Run a part; when it fails by surprise, say so and start it again after a while: one part never stops the others."""
    task = asyncio.current_task()
    wait = RESTART_FIRST
    while True:
        try:
            await part()
            return
        except Exception as error:
            if task and task.cancelling():  # it failed while it put things in order: starting it again would never end
                log.exception("%s failed while stopping", name)
                return
            log.exception("%s failed and starts again in %.0f s", name, wait)
            detail = f"{type(error).__name__}: {error}"
        await _tell(parts, name, "trouble", detail)
        await asyncio.sleep(wait)
        await _tell(parts, name, "ok", f"started again after {detail}")
        wait = min(RESTART_MOST, wait * 2)


async def _tell(parts: Parts, name: str, state: str, detail: str) -> None:
    """Keep how a part fares; where even that cannot be written, the log has it."""
    with contextlib.suppress(MailbotError):
        await parts.ledger.set_status(PartStatus(part=name, state=state, detail=detail, since=now()))


async def _report(parts: Parts, name: str, problem: Callable[[], str], every: float) -> None:
    """Keep the status of files that people edit: a broken one never comes into force, but somebody has to hear of it."""
    told: str | None = None
    while True:
        found = await asyncio.to_thread(problem)
        if found != told:
            if found:
                log.warning("%s: %s", name, found)
            await _tell(parts, name, "trouble" if found else "ok", found)
            told = found
        await asyncio.sleep(every)


async def _sort_out_failed(parts: Parts) -> None:
    """Move dropped files whose item was quarantined or failed from done/ to failed/, with the reason beside them."""
    for name in parts.folders:
        last: int | None = None
        while found := await parts.ledger.items(states=FAILED, account=name, limit=100, before=last):
            for item in found:
                await _mark_failed(parts, item)
            last = found[-1].id
    while True:
        item = await parts.ledger.item(await parts.advanced_files.get())
        if item.state in FAILED:
            await _mark_failed(parts, item)


async def _mark_failed(parts: Parts, item: Item) -> None:
    if item.origin.source == "folder" and (folder := parts.folders.get(item.origin.account)):
        await folder.mark_failed(item, item.reason)
