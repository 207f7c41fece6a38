"""One training run from its files to its model: learns, evaluates, saves, and goes on exactly where it was stopped."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from mailbot.errors import BadInput, UsageError
from mailbot.generate.checkpoint import Weights, iterate_arrays
from mailbot.generate.training import device
from mailbot.generate.training.begin import begin, prepared
from mailbot.generate.training.curve import draw_curve
from mailbot.generate.training.events import Evaluated, Event, Outcome, Started, Stepped
from mailbot.generate.training.examples import fingerprint
from mailbot.generate.training.export import write_model
from mailbot.generate.training.lora import adapters, merged
from mailbot.generate.training.options import Options
from mailbot.generate.training.rows import Rows
from mailbot.generate.training.schedule import RateSchedule
from mailbot.generate.training.state import Progress, RunDirectory


def train(options: Options, tell: Callable[[Event], None] = lambda event: None) -> Outcome:
    """Train as the options say, or go on with the same run. `tell` hears of progress.

    Raises UsageError, BadInput (the data), ConfigError (a checkpoint, the machine), DiskFull.
    """
    options = replace(options, threads=options.threads or len(os.sched_getaffinity(0)))
    options.check()
    digest = fingerprint(options.data)
    device.settle(options.threads)
    directory = RunDirectory(options.out)
    try:
        directory.claim({"options": options.as_json(), "data": digest})
        run = _Run(options, digest, directory, tell)
        try:
            return run.go()
        finally:
            run.close()
    finally:
        directory.close()


class _Run:
    """A run that is going on. What it decides follows from its options and its step alone."""

    def __init__(self, options: Options, digest: str, directory: RunDirectory, tell: Callable[[Event], None]) -> None:
        self._options = options
        self._digest = digest
        self._directory = directory
        self._tell = tell
        self._beginning = begin(options, directory)
        learnt, held_out, self._contents = prepared(options, self._beginning, directory)
        self._rows = Rows(learnt, options.length, options.seed)
        self._held_out = Rows(held_out, options.length, options.seed)
        for rows, what in ((self._rows, "no example"), (self._held_out, "no held-out example")):
            if not len(rows):
                raise BadInput(f"{what} fits into a row of {options.length} tokens", remedy="give a longer --length")
        self._schedule = RateSchedule(
            kind=options.schedule, peak=options.rate, steps=options.steps, warmup=options.warmup, floor=options.floor
        )
        self._compute = options.compute if options.compute != "auto" else device.fast_dtype()
        self._learner = self._make_learner()
        self._progress = Progress(directory.path, self._learner.state())
        self._clock = _Clock()

    def close(self) -> None:
        self._learner.close()

    def go(self) -> Outcome:
        """Go on from the newest checkpoint to the end."""
        self._progress.restore()
        self._directory.losses.open_at(self._progress.step)
        self._say_start()
        began = time.perf_counter()
        with _signals() as stop:
            while self._progress.step < self._options.steps and not self._is_early() and not stop.is_set():
                self._advance(stop)
        end = "done" if self._progress.step == self._options.steps else "early" if self._is_early() else "stopped"
        return Outcome(
            end=end,
            step=self._progress.step,
            held_out_loss=self._progress.best,
            tokens=self._progress.tokens,
            seconds=time.perf_counter() - began,
        )

    def _make_learner(self) -> Any:
        from mailbot.generate.backend import on_accelerator
        from mailbot.generate.training.learner import Learner
        from mailbot.generate.training.network import Network
        from mailbot.generate.training.optimizer import AdamW

        options, weights = self._options, self._beginning.weights
        trained, frozen = weights, None
        if options.lora:
            trained, frozen = adapters(weights, options.lora, options.lora_targets, options.seed), weights
        cores = 1 if on_accelerator() else options.threads
        return Learner(
            Network(self._beginning.architecture, self._compute, options.dropout, options.lora_scale),
            trained,
            frozen,
            AdamW(betas=options.betas, decay=options.decay),
            clip=options.clip,
            shards=_shards(options.part, cores),
            seed=options.seed,
        )

    def _is_early(self) -> bool:
        return bool(self._options.patience) and self._progress.waited >= self._options.patience

    def _advance(self, stop: threading.Event) -> None:
        """Take one step, with what is due after it."""
        options, progress = self._options, self._progress
        self._one_step()
        last = progress.step == options.steps
        if last or progress.step % options.eval_every == 0:
            self._evaluate()
        if last or self._is_early() or stop.is_set() or progress.step % options.save_every == 0:
            self._directory.losses.sync()
            progress.save()

    def _one_step(self) -> None:
        options, progress = self._options, self._progress
        number = progress.step
        parts = [self._rows.batch(number * options.accumulate + part, options.part) for part in range(options.accumulate)]
        rate = self._schedule.rate(number)
        loss, norm = self._learner.step(parts, rate=rate, number=number + 1)
        if not math.isfinite(loss) or not math.isfinite(norm):
            raise UsageError(f"the loss of step {number + 1} is no number any more", remedy="train anew with a lower --rate")
        many = sum(part.many for part in parts)
        progress.step += 1
        progress.tokens += many
        self._directory.losses.add({"step": progress.step, "loss": loss, "norm": norm, "rate": rate, "tokens": many})
        self._clock.tick(many)
        left = self._clock.seconds_each * (options.steps - progress.step)
        self._tell(Stepped(step=progress.step, loss=loss, rate=rate, tokens_per_second=self._clock.speed, seconds_left=left))

    def _evaluate(self) -> None:
        """Find the held-out loss; keep the model when it is the best so far."""
        options, progress = self._options, self._progress
        numbers = self._held_out.spread(options.eval_rows)
        loss = count = 0.0
        for first in range(0, len(numbers), options.part):
            part, many = self._learner.evaluate(self._held_out.of(numbers[first : first + options.part], options.part))
            loss, count = loss + part, count + many
        loss /= max(count, 1.0)
        better = loss < progress.best
        progress.waited = 0 if better else progress.waited + 1
        if better:
            progress.best = loss
            self._keep_model(loss)
        losses = self._directory.losses
        losses.add({"step": progress.step, "held_out_loss": loss})
        draw_curve(options.out / "loss.png", losses.curve("loss"), losses.curve("held_out_loss"))
        self._tell(Evaluated(step=progress.step, loss=loss, better=better))

    def _keep_model(self, loss: float) -> None:
        options, contents, beginning = self._options, self._contents, self._beginning
        note = {
            "prompt": contents.prompt,
            "kinds": list(contents.kinds),
            "languages": list(contents.languages),
            "trained_by": "mailbot train",
            "steps": self._progress.step,
            "held_out_loss": loss,
            "data": {
                "examples": contents.examples,
                "tokens": self._rows.tokens + self._held_out.tokens,
                "sha256": self._digest,
            },
        }
        write_model(
            options.out,
            architecture=beginning.architecture,
            config=beginning.config,
            generation=beginning.generation,
            weights=self._whole_weights(),
            tokenizer=beginning.tokenizer,
            note=note,
            dtype=options.dtype,
        )

    def _whole_weights(self) -> Weights:
        learnt: Weights = self._learner.weights()
        return merged(self._beginning.weights, learnt, self._options.lora_scale) if self._options.lora else learnt

    def _say_start(self) -> None:
        rows, held_out, options = self._rows, self._held_out, self._options
        self._tell(
            Started(
                step=self._progress.step,
                steps=options.steps,
                parameters=sum(array.size for array in iterate_arrays(self._beginning.weights)),
                trained=sum(array.size for array in iterate_arrays(self._learner.weights())),
                vocabulary=self._beginning.architecture.vocabulary,
                compute=self._compute,
                rows=len(rows),
                tokens=rows.tokens,
                learnt_examples=rows.examples,
                held_out_examples=held_out.examples,
                left_out=rows.left_out + held_out.left_out,
                epochs=options.steps * options.batch / len(rows),
            )
        )


class _Clock:
    """How fast steps go, from the second on: the first one compiles."""

    def __init__(self) -> None:
        self._from = 0.0
        self._steps = -1
        self._tokens = 0
        self.speed = self.seconds_each = 0.0

    def tick(self, tokens: int) -> None:
        """Count a step that has just ended."""
        now = time.perf_counter()
        self._steps += 1
        if not self._steps:
            self._from = now
            return
        self._tokens += tokens
        elapsed = max(now - self._from, 1e-9)
        self.speed, self.seconds_each = self._tokens / elapsed, elapsed / self._steps


def _shards(rows: int, cores: int) -> int:
    """Return in how many equal parts so many rows are computed side by side."""
    return max(many for many in range(1, min(rows, cores) + 1) if rows % many == 0)


@contextmanager
def _signals() -> Iterator[threading.Event]:
    """Let SIGINT and SIGTERM end the loop after the step at hand; only the main thread can listen."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {one: signal.signal(one, lambda *_: stop.set()) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
