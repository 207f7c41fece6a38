"""Drafts from an OpenAI-compatible server, and somebody else's draft whenever that fails: the local model's, or the template alone.

A draft exists in every case; `note` says why the server did not make it. A server that keeps failing is left alone for a while
(`breaker`). Nothing the server says is trusted beyond a bounded text.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mailbot.config import Generate
from mailbot.core import prompt
from mailbot.core.draft import Draft
from mailbot.errors import LoginRefused, MailbotError, Unreachable
from mailbot.generate import briefing
from mailbot.generate.breaker import Breaker
from mailbot.generate.remote_answer import NoDraft
from mailbot.generate.remote_http import RemoteServer
from mailbot.generate.template import TemplateGenerator
from mailbot.generate.turns import Turns
from mailbot.ports import DraftRequest, Generator

log = logging.getLogger(__name__)

TRIES = 3
TEMPERATURE = 0.2


class RemoteGenerator:
    """Asks the server that the config names. `fallback` drafts where that fails; it is closed with this."""

    def __init__(
        self,
        settings: Generate,
        password: str,
        *,
        fallback: Generator | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`password` is the API key, "" for a server that wants none; without `fallback` the template alone is the draft."""
        self._settings = settings
        self._server = RemoteServer(settings.url, password, stall_seconds=settings.stall_seconds)
        self._fallback = fallback or TemplateGenerator()
        self._clock = clock
        self._turns = Turns(settings.concurrency)
        self._breaker = Breaker(failures=settings.breaker_failures, seconds=settings.breaker_seconds)
        self._last = ""

    async def draft(self, request: DraftRequest) -> Draft:
        """Return the server's draft, or the fallback's with a note. Its confidence is 0 until it is grounded."""
        try:
            if self._breaker.left(self._clock()):
                raise self._left_alone()
            async with self._turns.turn(request.account):
                text, release = await self._guarded(request)
            return Draft(text=text, made_by="remote", release=release)
        except NoDraft as failure:
            return await self._instead(request, f"The model server {failure}")

    async def probe(self) -> str:
        """Ask for the list of models, for `mailbot check`. Raises LoginRefused, Unreachable."""
        url, model = self._settings.url, self._settings.model
        remedy = "check generate.url and generate.model"
        try:
            async with asyncio.timeout(min(self._settings.timeout_seconds, 15)):
                status, body = await self._server.get("/models")
        except (NoDraft, TimeoutError) as failure:
            raise Unreachable(f"{url}: the server {str(failure) or 'did not answer in time'}", remedy=remedy) from failure
        if status in (401, 403):
            raise LoginRefused(f"{url}: the server refused the key (HTTP {status})", remedy="check generate.password")
        if status != 200:
            raise Unreachable(f"{url}: the server answered HTTP {status}", remedy=remedy)
        listed = _models(body)
        if listed and model and model not in listed:
            raise MailbotError(f"{url}: no model {model!r}", remedy=f"it has {', '.join(listed[:5])}")
        return f"{model or 'its default model'} at {url}"

    async def close(self) -> None:
        """Close connections, and the fallback."""
        try:
            await self._server.close()
        finally:
            await self._fallback.close()

    async def _instead(self, request: DraftRequest, why: str) -> Draft:
        """Return the fallback's draft, which says why it is that."""
        try:
            draft = await self._fallback.draft(request)
        except MailbotError as error:
            log.warning("no draft from the fallback either: %s", error)
            draft = await TemplateGenerator().draft(request)
        if draft.made_by == "template" and not draft.note:
            return replace(draft, note=f"{why}: this is the reply template alone.")
        wrote = ": the local model wrote this instead." if draft.made_by == "model" else "."
        return replace(draft, note=f"{why}{wrote} {draft.note}".rstrip())

    async def _guarded(self, request: DraftRequest) -> tuple[str, str]:
        """Ask unless the circuit is open, and note how it went. Raises NoDraft."""
        if not self._breaker.may_ask(self._clock()):
            raise self._left_alone()
        was_closed = self._breaker.closed
        try:
            answered = await self._ask_in_time(request)
        except NoDraft as failure:
            self._last = str(failure)
            log.warning("no draft from the model server: it %s", failure)
            if failure.works:
                self._breaker.answered()
            else:
                self._breaker.failed(self._clock(), asked_to_wait=failure.wait or 0.0 if failure.asked else 0.0)
            if was_closed and not self._breaker.closed:
                log.warning("the model server is left alone for %.0f seconds", self._breaker.left(self._clock()))
            raise
        except BaseException:
            self._breaker.abandoned()
            raise
        self._breaker.answered()
        if not was_closed:
            log.info("the model server answers again")
        return answered

    def _left_alone(self) -> NoDraft:
        seconds = self._breaker.left(self._clock())
        until = f"is left alone for {seconds:.0f} more seconds" if seconds else "is only just being tried again"
        return NoDraft(f"{until}, since it failed {self._breaker.failures} times in a row (it {self._last})")

    async def _ask_in_time(self, request: DraftRequest) -> tuple[str, str]:
        """Ask, and again where that is safe, all within the config's time. Raises NoDraft."""
        path = "/chat/completions" if self._settings.api == "chat" else "/completions"
        body = self._body(request)
        last: NoDraft | None = None
        tries = 0
        try:
            async with asyncio.timeout(self._settings.timeout_seconds) as limit:
                while True:
                    tries += 1
                    try:
                        answer = await self._server.ask(path, body)
                        text, release = answer.reply(max_tokens=self._settings.max_tokens)
                        return text, release or self._settings.model
                    except NoDraft as failure:
                        last = failure
                        left = (limit.when() or 0) - asyncio.get_running_loop().time()
                        if failure.wait is None or tries == TRIES or failure.wait >= left:
                            break
                        await asyncio.sleep(failure.wait)
        except TimeoutError:
            earlier = f" (before that it {last})" if last else ""
            raise NoDraft(f"did not answer within {self._settings.timeout_seconds:g} seconds{earlier}") from None
        said = f"{last} ({tries} tries)" if tries > 1 else str(last)
        raise NoDraft(said, wait=last.wait, asked=last.asked, works=last.works) from last

    def _body(self, request: DraftRequest) -> dict[str, Any]:
        messages = briefing.messages_of(request)
        settings = self._settings
        asked: dict[str, Any] = {"messages": messages} if settings.api == "chat" else {"prompt": prompt.paragraphs(messages)}
        asked |= {"max_tokens": settings.max_tokens, "temperature": TEMPERATURE, "stream": settings.stream}
        return asked | ({"model": settings.model} if settings.model else {})


def _models(content: bytes) -> list[str]:
    with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
        return [str(one["id"]) for one in json.loads(content)["data"]]
    return []
