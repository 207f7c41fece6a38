"""`process`: the way of a file as far as a draft, with nothing stored and nothing sent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailbot.answers import Answers
from mailbot.cleaning import clean_tables
from mailbot.clock import now
from mailbot.config import Config
from mailbot.core.document import reading_to_json
from mailbot.core.draft import Draft, draft_to_json
from mailbot.core.item import Item, Origin
from mailbot.core.lifecycle import State
from mailbot.core.route import route_to_json
from mailbot.core.supplier_hints import SupplierHints
from mailbot.errors import TemplateProblem
from mailbot.extract.path import read_path
from mailbot.extract.sandbox import Sandbox
from mailbot.generate.make import make_generator
from mailbot.generate.template import Templates
from mailbot.rulebook import Rulebook, approvers_of
from mailbot.table_schema_file import load_schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The parts that a trial needs."""

    extractor: Sandbox
    answers: Answers

    @classmethod
    @asynccontextmanager
    async def of(cls, config: Config, *, suppliers: Sequence[SupplierHints] = ()) -> AsyncIterator[Trial]:
        """Build a trial for a config and close it afterwards. Raises ConfigError, RuleError."""
        async with contextlib.AsyncExitStack() as stack:
            extractor = Sandbox(
                config.extract,
                suppliers=lambda: suppliers,
                schema=load_schema(config.table_schema) if config.table_schema else None,
            )
            stack.push_async_callback(extractor.close)
            generator = await asyncio.to_thread(make_generator, config)
            stack.push_async_callback(generator.close)
            templates = Templates(config.templates_dir)
            rules = Rulebook(config.rules_dir, people=approvers_of(config), templates=templates.names)
            yield cls(extractor=extractor, answers=Answers(config=config, rules=rules, templates=templates, generator=generator))

    async def process(self, file: Path) -> dict[str, Any]:
        """Return the contract's object for one file; of one that cannot be opened, route and draft are None."""
        reading = await read_path(self.extractor, file, largest=self.answers.config.extract.file_mb << 20)
        if not reading.media_type:
            return {**reading_to_json(reading), "route": None, "draft": None}
        reading, _ = await clean_tables(self.extractor, reading)
        account = next(iter(self.answers.config.accounts), "")
        item = Item(
            id=0,
            origin=Origin(source="imap" if reading.message else "folder", account=account, place=str(file)),
            name=file.name,
            sha256="",
            size=await asyncio.to_thread(_size, file),
            state=State.READ,
            since=now(),
            received_at=now(),
        )
        route = self.answers.rules.route(self.answers.facts(item, reading))
        try:
            draft = await self.answers.make_draft(item, reading, route)
        except TemplateProblem as error:
            draft = Draft(text="", made_by="template", note=str(error))
        return {
            **reading_to_json(reading),
            "route": route_to_json(route),
            "draft": draft_to_json(draft),
        }


def _size(file: Path) -> int:
    """Return the bytes of a file, 0 when it is gone by now: it was read, and that is what counts."""
    try:
        return file.stat().st_size
    except OSError:
        return 0
