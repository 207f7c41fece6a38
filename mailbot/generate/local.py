"""Drafts from the model on this machine, and the filled-in template whenever its draft would not do.

A draft exists in every case; `note` says why a model did not make it. A model that reads briefs is small: what it writes is
judged (`core.holding`) before anybody sees it.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from mailbot.config import Generate
from mailbot.core import brief, holding, prompt
from mailbot.core.draft import Draft
from mailbot.errors import ConfigError, MailbotError
from mailbot.generate import briefing
from mailbot.generate.front import Front
from mailbot.generate.pending import Written
from mailbot.generate.release import about_of, form_of, open_model
from mailbot.generate.request import GREEDY, Sampling
from mailbot.generate.template import TemplateGenerator
from mailbot.generate.terms import Terms
from mailbot.ports import DraftRequest

log = logging.getLogger(__name__)

AGAIN = Sampling(temperature=0.6, top_p=0.9)
"""How a further draft is written when the likeliest text does not hold: near enough to it to make sense, and another one."""


class Writer(Protocol):
    """What is asked for texts: the front, or a test's own."""

    async def text(
        self,
        prompt: str | Sequence[Mapping[str, str]],
        *,
        account: str = "",
        max_tokens: int,
        sampling: Sampling = GREEDY,
        stop: Sequence[str] = (),
        deadline_seconds: float | None = None,
    ) -> Written:
        """See `front.Front.text`."""

    async def probe(self) -> str:
        """See `front.Front.probe`."""

    async def close(self) -> None:
        """End whatever runs."""


class _NoDraft(Exception):
    """The model's draft is not to be used; the message goes on after "The local model "."""


class LocalGenerator:
    """Writes with one model directory. Its process starts with the first draft."""

    def __init__(self, settings: Generate, directory: Path, *, writer: Writer | None = None) -> None:
        """Read how the model wants its prompts. Raises ConfigError."""
        self._settings = settings
        self._directory = directory
        self._about = about_of(directory)
        self._form = form_of(directory)
        self._release = str(self._about.get("name") or directory.resolve().name)
        self._writer = writer or Front(terms_of(settings, directory))

    async def draft(self, request: DraftRequest) -> Draft:
        """Return the model's draft, or the skeleton with a note. Its confidence is 0 until it is grounded."""
        try:
            return await self._drafted(request)
        except _NoDraft as failure:
            why = str(failure)
        except MailbotError as error:
            why = f"could not be asked ({error})"
        log.warning("no draft from the local model: it %s", why)
        skeleton = await TemplateGenerator().draft(request)
        return replace(skeleton, note=f"The local model {why}: this is the reply template alone.")

    async def probe(self) -> str:
        """Say which model writes, having checked all of it but its numbers. Raises ConfigError, Unreachable."""
        about = await asyncio.to_thread(self._look)
        return f"{about}; {await self._writer.probe()}"

    async def close(self) -> None:
        """End the model's process."""
        await self._writer.close()

    async def _drafted(self, request: DraftRequest) -> Draft:
        """Return the first draft that holds: the likeliest text, then others. Raises _NoDraft: what is wrong with the first."""
        asked = self._prompt(request)
        first = ""
        for number in range(self._settings.tries if isinstance(asked, str) else 1):
            written = await self._writer.text(
                asked,
                account=request.account,
                max_tokens=self._settings.max_tokens,
                sampling=replace(AGAIN, seed=number) if number else GREEDY,
                stop=(brief.END,) if self._form == "brief" else (),
                deadline_seconds=self._settings.timeout_seconds,
            )
            text = self._reply(written, request)
            why = self._why_not(text, asked, request) if isinstance(asked, str) else ""
            if not why:
                return Draft(text=text, made_by="model", release=self._release, note=written.note)
            first = first or why
        raise _NoDraft(f"wrote a draft that does not hold: {first}")

    def _why_not(self, text: str, asked: str, request: DraftRequest) -> str:
        facts = briefing.shown(request.facts, request.language)
        others = [str(value) for value in request.facts.values() if value not in (None, "", ())]
        sources = (asked, request.mail, request.instructions, *others)
        unread = tuple(request.facts.get("attachments") or ()) if request.template == briefing.UNREADABLE else ()
        return holding.why_not(
            text, language=request.language, facts=facts, skeleton=request.skeleton, sources=sources, named=unread
        )

    def _prompt(self, request: DraftRequest) -> str | list[dict[str, str]]:
        """Return the prompt in the model's form. Raises _NoDraft where it was not trained for such a one."""
        if self._form == "chat":
            return briefing.messages_of(request)
        if request.language not in (languages := self._about.get("languages", ())):
            raise _NoDraft(f"writes {', '.join(map(str, languages)) or 'no language'}, not {request.language}")
        asked = briefing.brief_of(request, self._about)
        if asked is None:
            raise _NoDraft(f"was not trained for the template {request.template!r}")
        if request.template not in self._kinds and not str(request.facts.get("text") or "").strip():
            raise _NoDraft("has no words of the mail to answer")
        return asked

    @property
    def _kinds(self) -> Sequence[str]:
        """The templates that a model of briefs knows by name."""
        kinds: Sequence[str] = self._about.get("kinds", ())
        return kinds

    def _reply(self, written: Written, request: DraftRequest) -> str:
        """Return the reply out of what was written. Raises _NoDraft where there is no whole one, or it answers another mail.

        What the desk's rules did not take for an invoice or an order is none because the model guesses so.
        """
        if written.end == "length":
            raise _NoDraft(f"was cut off after {written.tokens} tokens; raise generate.max_tokens. {written.note}".rstrip(". "))
        if written.end == "late":
            raise _NoDraft(f"did not finish within {self._settings.timeout_seconds:g} seconds")
        if written.end != "stop":
            raise _NoDraft(f"failed: {written.note}".rstrip(". "))
        kind, reply = ("", prompt.reply_of(written.text)) if self._form == "chat" else brief.reply_of(written.text)
        if kind in self._kinds and kind != request.template:
            raise _NoDraft(f"took the mail for {kind}, which no rule says")
        if not reply:
            raise _NoDraft("answered without a reply")
        return f"{reply.rstrip()}\n"

    def _look(self) -> str:
        """Check the model and what it runs on, without loading either. Raises ConfigError."""
        backend = os.environ.get("KERAS_BACKEND", "tensorflow")
        for library in (backend, "keras", "transformers", "safetensors"):
            if importlib.util.find_spec(library) is None:
                raise ConfigError(f"the local model needs {library}", remedy='install it with `pip install "mailbot[cpu]"`')
        model = open_model(self._directory)
        size = sum(path.stat().st_size for path in set(model.checkpoint.places.values()))
        reads = f"briefs in {', '.join(map(str, self._about.get('languages', ())))}" if model.form == "brief" else "chat"
        notes = "".join(f" {note}" for note in model.notes)
        return f"{self._release}: {model.checkpoint.parameters:,} parameters, {size:,} bytes, {reads}, by {backend}{notes}"


def terms_of(settings: Generate, directory: Path) -> Terms:
    """Return what the config says of the model's process."""
    return Terms(
        model=directory,
        slots=settings.slots,
        window=settings.window,
        threads=settings.threads or max(1, _cores() // 2),
        shared=form_of(directory) != "brief",
        idle_seconds=settings.idle_seconds,
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
