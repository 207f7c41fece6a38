"""Writes many texts at once with one model: requests in, pieces of text out; between chunks new ones begin and ended ones leave.

Synchronous and of one thread, which owns the device; the clock is the caller's. Importing it imports the tensor library.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from mailbot.errors import ConfigError
from mailbot.generate.backend import is_exhausted, on_accelerator
from mailbot.generate.checkpoint import Checkpoint
from mailbot.generate.prefix import Prefixes, Use
from mailbot.generate.prompts import Prompts
from mailbot.generate.request import End, Piece, Request, Sampling
from mailbot.generate.scheduler import Admission, Ask, Scheduler
from mailbot.generate.slots import Slots
from mailbot.generate.transcript import Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much an engine holds and does at once.

    `slots` texts run, of at most `window` tokens each, prompt included (0: as the model's, at most 2,048). Prompts are padded to
    one of `buckets` (those that fit the window, and the window itself); `rows` are read at once, about `budget` tokens between two
    chunks of at most `chunk` tokens. A chunk is compiled for all slots and for the first `widths` of them, for the whole window and
    for its first `spans` positions. `waiting` requests wait. `dtype` "" is bfloat16 on a GPU, float32 on a CPU.
    What prompts begin with in common is kept and not read again: `prefixes` beginnings of at most `prefix` tokens.
    """

    slots: int = 16
    window: int = 0
    buckets: tuple[int, ...] = (64, 128, 192, 256, 384, 512, 768, 1024)
    widths: tuple[int, ...] = (1, 4)
    spans: tuple[int, ...] = (256, 1024)
    rows: int = 1
    chunk: int = 8
    budget: int = 2048
    waiting: int = 10_000
    dtype: str = ""
    prefixes: int = 4
    prefix: int = 512


@dataclass(slots=True, kw_only=True)
class _Text:
    """A request on its way."""

    request: Request
    prompt: list[int]
    most: int
    transcript: Transcript
    note: str
    slot: int | None = None
    written: list[int] = field(default_factory=list)
    use: Use | None = None


class Engine:
    """Give it requests, call `step` until it is idle, and pass its pieces on."""

    def __init__(self, checkpoint: Checkpoint, size: Size = Size(), *, tokenizer: Any = None) -> None:
        """Load the model onto the device. `tokenizer` defaults to the checkpoint's own. Raises ConfigError."""
        shape = checkpoint.architecture
        self._window = min(size.window or 2048, shape.window)
        if self._window < 2 or size.slots < 1 or size.chunk < 1 or size.rows < 1:
            raise ConfigError(f"an engine of {size} writes nothing", remedy="use one slot, row and token a chunk, or more")
        self._tokenizer = tokenizer or checkpoint.load_tokenizer()
        self._prompts = Prompts(self._tokenizer)
        self._stop_ids = frozenset(checkpoint.stop_ids)
        self._buckets = tuple(sorted({one for one in size.buckets if one < self._window} | {self._window}))
        self._widths = tuple(sorted({one for one in size.widths if one < size.slots} | {size.slots}))
        self._dtype = dtype = size.dtype or ("bfloat16" if on_accelerator() else "float32")
        longest = min(size.prefix, self._window)
        self._prefixes = Prefixes(entries=size.prefixes if len(self._buckets) > 1 else 0, longest=longest)
        self._scheduler = Scheduler(
            slots=size.slots,
            buckets=self._buckets,
            rows=size.rows,
            budget=size.budget,
            widths=self._widths,
            waiting=size.waiting,
        )
        self._slots = Slots(
            shape,
            checkpoint.load_weights(dtype),
            slots=size.slots,
            window=self._window,
            chunk=size.chunk,
            rows=size.rows,
            spans=size.spans,
            stop_ids=checkpoint.stop_ids,
            dtype=dtype,
            entries=self._prefixes.entries,
            longest=longest,
        )
        self._texts: dict[str, _Text] = {}
        self._cold = deque(self._warming())
        self._steps = len(self._cold)
        self.begins: Callable[[Sequence[str]], None] = lambda names: None
        """Told the names whose prompts are read next, before they are: who is at fault when this process dies of one."""

    @property
    def slots(self) -> int:
        """How many texts are written at once; fewer than at first when the device ran out of memory."""
        return self._scheduler.slots

    @property
    def window(self) -> int:
        """How many tokens a text may have, its prompt included."""
        return self._window

    @property
    def dtype(self) -> str:
        """What the model computes in."""
        return self._dtype

    @property
    def cold(self) -> bool:
        """Whether there are steps that were not warmed up."""
        return bool(self._cold)

    @property
    def idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return not self._texts

    @property
    def waiting(self) -> int:
        """How many requests wait for a slot."""
        return self._scheduler.waiting

    @property
    def running(self) -> int:
        """How many requests have a slot."""
        return self._scheduler.running

    def warm_up(self, progress: Callable[[int, int], None] = lambda done, all: None) -> None:
        """Compile every step that may be needed, before it is; `progress(done, all)` after each. Raises as `warm_one` does."""
        while self._cold:
            self.warm_one()
            progress(self._steps - len(self._cold), self._steps)

    def warm_one(self) -> tuple[int, int]:
        """Compile one further step; return how many of how many were. The engine must be idle.

        Where the device has too little memory, half the slots are given up, and it begins anew. Raises ConfigError at the last.
        """
        if not self.idle:
            raise RuntimeError("the engine is at work: warm it up before")
        self._prefixes.clear()  # what they kept is written over
        try:
            if self._cold:
                self._cold[0]()
                self._cold.popleft()
            return self._steps - len(self._cold), self._steps
        except Exception as error:
            if not is_exhausted(error):
                raise
            if self.slots == 1:
                raise ConfigError("the model has no room for one text", remedy="lower generate.window") from error
        self._shrink(self.slots // 2)
        return 0, self._steps

    def submit(self, request: Request) -> None:
        """Let a request wait for its turn.

        A prompt that leaves no room in the window is cut from its middle, and the last piece's note says so. Raises BadInput, Busy,
        ValueError for a name in use.
        """
        reserve = min(request.max_tokens, self._window // 2)
        prompt, note = self._prompts.fit(request.prompt, self._window - reserve)
        most = min(request.max_tokens, self._window - len(prompt))
        if most < request.max_tokens:
            note = f"{note} The model's window leaves room for {most} tokens of the {request.max_tokens} asked for.".strip()
        self._scheduler.submit(Ask(name=request.name, account=request.account, length=len(prompt), deadline=request.deadline))
        self._texts[request.name] = _Text(
            request=request, prompt=prompt, most=most, transcript=Transcript(self._decode, request.stop), note=note
        )

    def cancel(self, name: str) -> Piece | None:
        """End a request now; its slot is free for the next chunk. None when it is not there (any more)."""
        if name not in self._texts:
            return None
        self._scheduler.finish(name)
        return self._ended(self._texts[name], "cancelled")

    def step(self, now: float) -> list[Piece]:
        """Admit whose turn it is, write a chunk, retire what ended; return what is new of every text.

        When the device runs out of memory, half the slots are given up and the texts that ran go on later, exactly where they
        were; when there is only one slot left to give up, the text in it has failed.
        """
        pieces: list[Piece] = []
        try:
            self._advance(now, pieces)
            return pieces
        except Exception as error:
            if not is_exhausted(error):
                raise
            why = type(error).__name__
        # only here, where the error and the frames it passed hold nothing of the device's any more
        return pieces + self._with_less_memory(why)

    def _advance(self, now: float, pieces: list[Piece]) -> None:
        """Do a step; `pieces` holds what came of it, even when it breaks off."""
        tick = self._scheduler.schedule(now, self._known)
        pieces += (self._ended(self._texts[name], "late") for name in tick.late)
        admitted = [self._texts[name] for admission in tick.admissions for name in admission.names]
        for admission in tick.admissions:
            pieces += self._admit(admission)
        # only now: what the scheduler was told of is still in its entry until all have taken it
        for text in admitted:
            self._remember(text)
        if any(name in self._texts for _, name in tick.running):
            written = self._slots.advance(tick.width, hurry=tick.hurry)
            pieces += [self._written(self._texts[name], written[slot]) for slot, name in tick.running if slot in written]

    def _with_less_memory(self, why: str) -> list[Piece]:
        """Give up half the slots, or the one text that ran in the last; return what is to be said of it."""
        failed: list[Piece] = []
        if self.slots == 1:
            for text in [one for one in self._texts.values() if self._scheduler.is_running(one.request.name)]:
                text.note = f"{text.note} The device has too little memory for it ({why}).".strip()
                self._scheduler.finish(text.request.name)
                failed.append(self._ended(text, "failed"))
        self._shrink(max(1, self.slots // 2))
        return failed

    def _shrink(self, slots: int) -> None:
        """Begin again with so many slots: what ran is read again, with what was written of it, when its turn comes."""
        names = self._scheduler.shrink(slots, {name: len(text.written) for name, text in self._texts.items()})
        for text in (self._texts[name] for name in names):
            text.prompt, text.most = text.prompt + text.written, text.most - len(text.written)
            text.written, text.slot = [], None
        self._widths = tuple(sorted({one for one in self._widths if one < slots} | {slots}))
        self._prefixes.clear()
        self._slots.shrink(slots)
        self._cold = deque(self._warming())
        self._steps = len(self._cold)

    def _admit(self, admission: Admission) -> list[Piece]:
        texts = [self._texts[name] for name in admission.names]
        self.begins(admission.names)
        firsts = self._slots.fill(
            admission.bucket,
            admission.slots,
            [text.prompt for text in texts],
            [text.most for text in texts],
            [text.request.sampling for text in texts],
            [text.use for text in texts if text.use],
        )
        for slot, text in zip(admission.slots, texts, strict=True):
            text.slot = slot
        return [self._written(text, [token]) for text, token in zip(texts, firsts, strict=True)]

    def _known(self, name: str) -> int:
        """Return how much of a waiting text's prompt stands in the slots' entries already, and take it over when it is admitted."""
        text = self._texts[name]
        text.use = self._prefixes.serve(text.prompt, self._buckets)
        return text.use.length if text.use else 0

    def _remember(self, text: _Text) -> None:
        """Keep what a prompt that was just read has in common with others."""
        kept = self._prefixes.seen(text.prompt, text.use)
        if kept is not None and text.slot is not None:
            self._slots.keep(kept.entry, text.slot)

    def _written(self, text: _Text, tokens: Sequence[int]) -> Piece:
        """Take what a slot wrote of a text; retire it when that was the end."""
        assert text.slot is not None  # noqa: S101  for the type checker: it was admitted
        text.written += tokens
        stopped = tokens[-1] in self._stop_ids
        new = text.transcript.add(tokens[:-1] if stopped else tokens)
        if not (stopped or text.transcript.stopped) and self._slots.going_on(text.slot):
            return Piece(name=text.request.name, text=new, tokens=len(tokens))
        self._scheduler.finish(text.request.name)
        return self._ended(text, "stop" if stopped or text.transcript.stopped else "length", new, len(tokens))

    def _ended(self, text: _Text, end: End, new: str = "", tokens: int = 0) -> Piece:
        """Forget a text that the scheduler has let go; return its last piece."""
        if text.slot is not None:
            self._slots.release(text.slot)
        del self._texts[text.request.name]
        return Piece(name=text.request.name, text=new + text.transcript.close(), tokens=tokens, end=end, note=text.note)

    def _decode(self, tokens: Sequence[int]) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def _warming(self) -> Iterator[Callable[[], object]]:
        """Yield a call of each step with nothing in it. What they write is written over before it is looked at."""
        for bucket in self._buckets:
            yield partial(self._slots.fill, bucket, [0], [[0]], [1], [Sampling()])
        if self._prefixes.entries:
            for bucket in self._buckets[:-1]:
                yield partial(self._slots.fill, bucket, [0], [[0, 0]], [1], [Sampling()], [Use(entry=0, length=1)])
            yield partial(self._slots.keep, 0, 0)
        for width in self._widths:
            for span in self._slots.spans:
                yield partial(self._slots.run, width, span)
