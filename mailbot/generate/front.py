"""The daemon's side of the generator: requests in, texts out, and a process behind it that is started, watched and replaced.

The process is started when there is something to write, and ended after a while with nothing. When it dies, what it was writing is
written again by the next one, since a text that nobody has seen has no effect; a request that was at work in two deaths is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from types import TracebackType

from mailbot.errors import ConfigError, MailbotError, Unreachable, WorkerUnavailable
from mailbot.generate import wire
from mailbot.generate.child import COMMAND, Child, Ready
from mailbot.generate.pending import Pending, Written
from mailbot.generate.request import GREEDY, End, Piece, Request, Sampling
from mailbot.generate.scheduler import Busy
from mailbot.generate.terms import Terms

log = logging.getLogger(__name__)

DEATHS = 2
"""A request that was at work when the process died this often is not tried again."""


Prompt = str | Sequence[Mapping[str, str]]


class Front:
    """See the module. Use from one event loop; `async with` it, or `close` it."""

    def __init__(self, terms: Terms, *, command: Sequence[str] = COMMAND) -> None:
        self._terms = terms
        self._command = command
        self._names = itertools.count(1)
        self._texts: dict[str, Pending] = {}
        self._owner: asyncio.Task[None] | None = None
        self._child: Child | None = None
        self._turn: asyncio.Future[None] | None = None
        self._idle_since = 0.0
        self._not_before = 0.0
        self._failures = 0
        self._unusable: MailbotError | None = None
        self._trouble: MailbotError | None = None
        self._closed = False
        self.ready: Ready | None = None
        """What the process that can write now says of itself."""
        self.warmed = (0, 0)
        """How many of how many of its steps are compiled beforehand."""
        self.stage = "not started"
        """What the process is doing, for people."""

    async def __aenter__(self) -> Front:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    @property
    def pid(self) -> int:
        """The process's id, 0 when there is none."""
        return self._child.pid if self._child else 0

    async def text(
        self,
        prompt: Prompt,
        *,
        account: str = "",
        max_tokens: int,
        sampling: Sampling = GREEDY,
        stop: Sequence[str] = (),
        deadline_seconds: float | None = None,
    ) -> Written:
        """Write a text. Past the deadline it ends as "late", with what there is. Cancelling frees its slot with the next chunk.

        The deadline counts from when there is a process that can write: a model may take long to load.

        Raises BadInput (this prompt cannot be written), Busy (too many wait), ConfigError (the model cannot be used), Unreachable
        (the process died and may be back later), MailbotError (this request was at work in two deaths, or the front was closed).
        """
        with self._accepted(False, prompt, account, max_tokens, sampling, stop, deadline_seconds) as text:
            piece = await text.take()
            return Written(text=piece.text, end=piece.end, tokens=piece.tokens, note=piece.note)

    async def stream(
        self,
        prompt: Prompt,
        *,
        account: str = "",
        max_tokens: int,
        sampling: Sampling = GREEDY,
        stop: Sequence[str] = (),
        deadline_seconds: float | None = None,
    ) -> AsyncIterator[Piece]:
        """Write a text and yield it as it comes; the last piece has its `end`. Raises as `text` does; close it to give up.

        When the process dies after the first piece, Unreachable says so: the text cannot be begun anew under the reader's eyes.
        """
        with self._accepted(True, prompt, account, max_tokens, sampling, stop, deadline_seconds) as text:
            end = ""
            while not end:
                piece = await text.take()
                end = piece.end
                if piece.text or end:
                    yield piece

    async def probe(self) -> str:
        """Return on one line how the process fares, without starting it. Raises what keeps it from running."""
        if self._trouble and not self.ready:
            raise self._trouble
        if not self.ready:
            return self.stage
        ready, (done, most) = self.ready, self.warmed
        warm = f"warming up {done}/{most}, " if done < most else ""
        return f"{self.stage}, {warm}{ready.slots} slots of {ready.window} tokens, {len(self._texts)} requests"

    async def close(self) -> None:
        """End the process; requests still here fail."""
        self._closed = True
        self._fail_all(Unreachable("the generator was closed", remedy="start mailbot again"))
        if self._owner:
            self._owner.cancel()
            await asyncio.gather(self._owner, return_exceptions=True)

    @contextlib.contextmanager
    def _accepted(self, streams: bool, prompt: Prompt, account: str, max_tokens: int, sampling: Sampling,
                  stop: Sequence[str], seconds: float | None) -> Iterator[Pending]:  # fmt: skip
        """Take a request in while the context lasts; one that leaves before its end is cancelled."""
        self._check()
        request = Request(
            name=str(next(self._names)),
            account=account,
            prompt=prompt if isinstance(prompt, str) else tuple(prompt),
            max_tokens=max_tokens,
            sampling=sampling,
            stop=tuple(stop),
        )
        text = Pending(request.name, wire.pack(wire.ask(request)), seconds, streams=streams)
        if self._child and not self._texts:
            self._child.heard_at = asyncio.get_running_loop().time()
            self._turned()
        self._texts[text.name] = text
        if self._child and self.ready:
            self._hand_over(self._child, text)
        if self._owner is None or self._owner.done():
            self._owner = asyncio.create_task(self._own(), name="mailbot generator")
        try:
            yield text
        finally:
            self._give_up(text, "cancelled")

    def _check(self) -> None:
        """Raise what keeps a further request from being taken: while the process stays down, only one waits for it to be back."""
        if self._closed:
            raise MailbotError("the generator is closed")
        if self._trouble and not self.ready and (self._texts or asyncio.get_running_loop().time() < self._not_before):
            raise _copy(self._trouble)
        if len(self._texts) >= self._terms.waiting:
            raise Busy(f"{self._terms.waiting} drafts wait for the model already", remedy="try again later")

    def _give_up(self, text: Pending, end: End) -> None:
        """End a request from this side, unless it has ended."""
        if text.name in self._texts:
            if self._child and self.ready:
                self._child.send(wire.pack({"cancel": text.name}))
            self._end(text, end=end)

    def _hand_over(self, child: Child, text: Pending) -> None:
        """Ask a process that is ready for a text; its time runs from now."""
        child.send(text.packed)
        if text.seconds is not None and text.late is None:
            text.late = asyncio.get_running_loop().call_later(text.seconds, self._give_up, text, "late")

    def _end(self, text: Pending, *, end: End = "", error: MailbotError | None = None) -> None:
        self._forget(text)
        text.over(end, error)

    def _forget(self, text: Pending) -> None:
        del self._texts[text.name]
        self._idle_since = asyncio.get_running_loop().time()
        if text.late:
            text.late.cancel()
        if not self._texts:
            self._turned()

    def _turned(self) -> None:
        """Let the owner look again: what it waits for is another thing from now on."""
        if self._turn and not self._turn.done():
            self._turn.set_result(None)

    def _fail_all(self, error: MailbotError) -> None:
        """End every request with an error: each with one of its own, since each is raised."""
        for text in list(self._texts.values()):
            self._end(text, error=_copy(error))

    async def _own(self) -> None:
        """Own one process after the other, until one was ended for want of work."""
        try:
            await self._own_processes()
        except Exception as error:
            log.exception("the generator's front failed")
            self._fail_all(MailbotError(f"the generator's front failed ({type(error).__name__})", remedy="see the log"))

    async def _own_processes(self) -> None:
        loop = asyncio.get_running_loop()
        while self._texts:
            await asyncio.sleep(max(0.0, self._not_before - loop.time()))
            if not self._texts:
                return
            self._child = child = Child(self._heard)
            died, self._unusable = True, None
            try:
                await child.start(self._terms.setup(), self._command)
                died = await self._watch(child)
            except WorkerUnavailable as error:
                self._unusable = error
            finally:
                self._child = self.ready = None
                self.stage = "not running"
                why = await child.stop()
            if died:
                self._bury(why)

    async def _watch(self, child: Child) -> bool:
        """Wait until the process is gone (True), or was without work for so long that it is to end (False)."""
        loop, terms = asyncio.get_running_loop(), self._terms
        while not child.gone.done():
            patience = terms.hang_seconds if self.ready else terms.start_seconds
            if due := bool(self._texts) or not self.ready:
                limit = child.heard_at + patience
            else:
                limit = self._idle_since + (terms.idle_seconds or float("inf"))
            left = limit - loop.time()
            if left <= 0:
                if due:
                    child.kill(f"it said nothing for {patience:g} seconds, and was ended")
                return due
            self._turn = loop.create_future()
            timeout = None if left == float("inf") else left
            await asyncio.wait({child.gone, self._turn}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        return True

    def _heard(self, frame: wire.Frame) -> None:
        """Take a frame of the process. Whatever this raises is the process's fault."""
        if "pieces" in frame:
            for piece in wire.pieces_of(frame):
                self._take(piece)
        elif "begun" in frame:
            for name in frame["begun"]:
                if text := self._texts.get(name):
                    text.begun = True
        elif "refused" in frame:
            if text := self._texts.get(frame["refused"]):
                self._end(text, error=wire.error_of(frame))
        elif "ready" in frame:
            self._begin(Ready(**frame["ready"]))
        elif "unusable" in frame:
            self._unusable = ConfigError(str(frame["unusable"]), remedy=str(frame["remedy"]))
        elif "slots" in frame:
            self.ready = replace(self.ready, slots=int(frame["slots"])) if self.ready else None
        elif "warming" in frame:
            self.warmed = (int(frame["warming"]), int(frame["of"]))
            log.debug("%d of %d steps of the model are compiled", *self.warmed)
        else:
            self.stage = "loading"
            log.info("the model is loading: %s", frame["loading"])

    def _begin(self, ready: Ready) -> None:
        """Give a process that is ready everything that waits."""
        self.ready, self.warmed, self._trouble = ready, (0, 0), None
        self._idle_since = asyncio.get_running_loop().time()
        self._turned()
        self.stage = f"{ready.parameters:,} parameters, {ready.dtype}, {ready.backend}, {ready.bytes >> 20} MB"
        log.info("the model is ready after %.1f s: %s", ready.seconds, self.stage)
        if self._child:
            for text in self._texts.values():
                self._hand_over(self._child, text)

    def _take(self, piece: Piece) -> None:
        text = self._texts.get(piece.name)
        if text is None:
            return  # nobody wants it any more
        text.add(piece)
        if piece.end:
            self._failures = 0
            self._forget(text)

    def _bury(self, why: str) -> None:
        """Settle what a dead process leaves: who is told, who is tried again, and when the next one starts."""
        self._failures += 1
        wait = min(self._terms.most_wait, self._terms.first_wait * 2.0 ** min(self._failures - 1, 20))
        self._not_before = asyncio.get_running_loop().time() + wait
        if self._unusable:
            log.warning("the model cannot be used: %s", self._unusable)
            self._trouble = self._unusable
            self._fail_all(self._unusable)
            return
        log.warning("the model's process ended: %s; the next one starts in %.0f s", why, wait)
        if self._failures >= DEATHS:
            self._trouble = Unreachable(f"the model's process keeps ending: {why}", remedy="see the log; it is started again")
        begun = [text for text in self._texts.values() if text.begun]
        for text in begun or list(self._texts.values()):
            text.deaths += 1
        for text in list(self._texts.values()):
            self._settle(text, why)

    def _settle(self, text: Pending, why: str) -> None:
        """Let a request of a dead process begin anew, or tell it why not."""
        if text.shown:
            broke = f"the model's process ended in the midst of this text: {why}"
            self._end(text, error=Unreachable(broke, remedy="ask again"))
        elif text.deaths < DEATHS:
            text.again()
        elif text.begun:
            refused = f"the model's process ended twice while it wrote this: {why}"
            self._end(text, error=MailbotError(refused, remedy="write this one by hand, and report it as a fault in mailbot"))
        else:
            self._end(text, error=Unreachable(f"the model's process ended twice: {why}", remedy="see the log"))


def _copy(error: MailbotError) -> MailbotError:
    """Return an error anew."""
    return type(error)(*error.args, remedy=error.remedy)
