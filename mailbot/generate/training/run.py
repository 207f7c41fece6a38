"""One training run from its files to its model: prepares, learns, evaluates, saves, and goes on exactly where it was stopped."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mailbot.errors import BadInput, ConfigError, MailbotError, UsageError
from mailbot.generate.architecture import Architecture
from mailbot.generate.checkpoint import open_checkpoint
from mailbot.generate.training.curve import draw_curve
from mailbot.generate.training.examples import fingerprint
from mailbot.generate.training.export import write_json, write_model
from mailbot.generate.training.options import Options
from mailbot.generate.training.prepare import Contents, learnt_texts, tokenise
from mailbot.generate.training.rows import Rows, Tokens
from mailbot.generate.training.schedule import RateSchedule
from mailbot.generate.training.shapes import architecture_of, config_of, first_weights
from mailbot.generate.training.state import Progress, RunDirectory
from mailbot.generate.training.vocabulary import train_tokenizer


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What a run is about to learn from, and from where it goes on."""

    step: int
    steps: int
    parameters: int
    vocabulary: int
    rows: int
    tokens: int
    learnt_examples: int
    held_out_examples: int
    left_out: int
    epochs: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped:
    """A step was taken: mean loss in nats a learnt token, tokens a second (padding is none), seconds left."""

    step: int
    loss: float
    rate: float
    tokens_per_second: float
    seconds_left: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """The held-out loss after a step; `better` than every one before."""

    step: int
    loss: float
    better: bool

    @property
    def perplexity(self) -> float:
        """How many tokens the model hesitates among, as it were."""
        return math.exp(min(self.loss, 700.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended: "done", "early" (nothing got better any more) or "stopped" (by a signal; it can go on)."""

    end: str
    step: int
    held_out_loss: float
    tokens: int
    seconds: float


Event = Started | Stepped | Evaluated


def train(options: Options, tell: Callable[[Event], None] = lambda event: None) -> Outcome:
    """Train as the options say, or go on with the same run. `tell` hears of progress.

    Raises UsageError, BadInput (the data), ConfigError (a checkpoint, the machine), DiskFull.
    """
    options = replace(options, threads=options.threads or len(os.sched_getaffinity(0)))
    options.check()
    _settle_device(options.threads)
    directory = RunDirectory(options.out)
    try:
        directory.claim({"options": options.as_json(), "data": fingerprint(options.data)})
        return _Run(options, directory, tell).go()
    finally:
        directory.close()


def _shards(rows: int, threads: int) -> int:
    """Return how many equal parts of so many rows run side by side."""
    return max(many for many in range(1, min(rows, threads) + 1) if rows % many == 0)


def fast_dtype() -> str:
    """Return the dtype in which this machine multiplies fastest: bfloat16 on a GPU and on a CPU that knows it (measured: twice)."""
    from mailbot.generate.backend import on_accelerator

    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:
        flags = []
    return "bfloat16" if on_accelerator() or not {"avx512_bf16", "amx_bf16"}.isdisjoint(flags) else "float32"


def _settle_device(threads: int) -> None:
    """Make the device compute the same bits each time. Raises ConfigError where there is no TensorFlow."""
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        raise ConfigError("training needs TensorFlow", remedy="unset KERAS_BACKEND")
    import tensorflow as tf

    from mailbot.generate import backend

    backend.keras.config.set_floatx("float32")
    tf.config.experimental.enable_op_determinism()
    try:
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        # a shard keeps to one core: products shared among cores would wait for each other
        tf.config.threading.set_intra_op_parallelism_threads(1)
    except RuntimeError:
        # something was computed in this process before: its threads stay as they are, which changes no result
        return


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    """What is trained: its architecture and config, its first weights, its tokenizer and the token that ends a text."""

    architecture: Architecture
    config: dict[str, Any]
    weights: Any
    tokenizer: Any
    end: int


class _Run:
    def __init__(self, options: Options, directory: RunDirectory, tell: Callable[[Event], None]) -> None:
        self._options = options
        self._directory = directory
        self._tell = tell

    def go(self) -> Outcome:
        from mailbot.generate.training.learner import Learner
        from mailbot.generate.training.network import Network
        from mailbot.generate.training.optimizer import AdamW

        options = self._options
        self._model = self._make_model()
        learnt, held_out, self._contents = self._prepare(self._model)
        self._rows = Rows(learnt, options.length, options.seed)
        self._held_out = Rows(held_out, options.length, options.seed)
        for rows, what in ((self._rows, "no example"), (self._held_out, "no held-out example")):
            if not len(rows):
                raise BadInput(f"{what} fits into a row of {options.length} tokens", remedy="give a longer --length")
        self._learner = Learner(
            Network(self._model.architecture, self._compute(), options.dropout),
            self._model.weights,
            None,
            AdamW(betas=options.betas, decay=options.decay),
            clip=options.clip,
            shards=_shards(options.batch // options.accumulate, options.threads),
            seed=options.seed,
        )
        self._schedule = RateSchedule(
            kind=options.schedule, peak=options.rate, steps=options.steps, warmup=options.warmup, floor=options.floor
        )
        self._progress = Progress(self._directory.path, self._learner.state())
        self._progress.restore()
        self._directory.losses.open_at(self._progress.step)
        self._say_start()
        return self._loop()

    def _compute(self) -> str:
        return self._options.compute if self._options.compute != "auto" else fast_dtype()

    def _make_model(self) -> _Model:
        """Open what is trained further, or make a model and its tokenizer. Raises ConfigError, UsageError, BadInput."""
        options = self._options
        if options.start_from is None:
            return self._new_model()
        checkpoint = open_checkpoint(options.start_from)
        config = dict(read_config(options.start_from))
        if not checkpoint.stop_ids:
            raise ConfigError(f"{options.start_from}: no token ends its texts", remedy="state eos_token_id in its config.json")
        if options.length > checkpoint.architecture.window:
            raise UsageError(
                f"--length is {options.length}, the window of {options.start_from} {checkpoint.architecture.window}",
                remedy="give a shorter one",
            )
        tokenizer = checkpoint.load_tokenizer()
        end = tokenizer.eos_token_id if tokenizer.eos_token_id in checkpoint.stop_ids else checkpoint.stop_ids[0]
        return _Model(architecture=checkpoint.architecture, config=config, weights=checkpoint.load_weights(), tokenizer=tokenizer,
                      end=end)  # fmt: skip

    def _new_model(self) -> _Model:
        options, shape = self._options, self._options.shape
        if options.length > shape.window:
            raise UsageError(f"--length is {options.length}, --window {shape.window}", remedy="give rows no longer than the window")
        kept = self._directory.path / "tokenizer"
        if (self._directory.path / "prepared.json").exists():
            from transformers import AutoTokenizer

            tokenizer = AutoTokenizer.from_pretrained(kept, local_files_only=True)
        else:
            tokenizer = train_tokenizer(learnt_texts(options.data, options.held_out), shape.vocabulary, shape.window)
            tokenizer.save_pretrained(kept)
        # the size asked for, even where a small corpus gives fewer tokens: round sizes are the fast ones
        config = config_of(shape, shape.vocabulary, tokenizer.eos_token_id)
        architecture = architecture_of(config)
        return _Model(architecture=architecture, config=config, weights=first_weights(architecture, options.seed),
                      tokenizer=tokenizer, end=tokenizer.eos_token_id)  # fmt: skip

    def _prepare(self, model: _Model) -> tuple[Tokens, Tokens, Contents]:
        """Tokenise the data, once for all starts of this run."""
        options, path = self._options, self._directory.path
        prepared = self._directory.read("prepared.json")
        if prepared is None:
            learnt, held_out, contents = tokenise(
                options.data, model.tokenizer, held_out=options.held_out, learn_all=options.learn == "all", end=model.end,
                vocabulary=model.architecture.vocabulary,
            )  # fmt: skip
            learnt.save(path / "learnt")
            held_out.save(path / "held_out")
            write_json(path / "prepared.json", asdict(contents))
            prepared = asdict(contents)
        contents = Contents(examples=prepared["examples"], kinds=tuple(prepared["kinds"]), languages=tuple(prepared["languages"]))
        return Tokens.open(path / "learnt"), Tokens.open(path / "held_out"), contents

    def _say_start(self) -> None:
        rows = self._rows
        self._tell(
            Started(
                step=self._progress.step, steps=self._options.steps,
                parameters=sum(tensor.numpy().size for tensor in self._learner.state()["weights"]),
                vocabulary=self._model.architecture.vocabulary, rows=len(rows), tokens=rows.tokens, learnt_examples=rows.examples,
                held_out_examples=self._held_out.examples, left_out=rows.left_out + self._held_out.left_out,
                epochs=self._options.steps * self._options.batch / len(rows),
            )
        )  # fmt: skip

    def _loop(self) -> Outcome:
        options, progress = self._options, self._progress
        began = self._clock_from = time.perf_counter()
        self._clock_tokens, end = 0, "done"
        with _signals() as stop:
            while progress.step < options.steps:
                self._one_step()
                due = progress.step % options.eval_every == 0 or progress.step == options.steps
                if due:
                    self._evaluate()
                early = bool(options.patience) and progress.waited >= options.patience
                if early or stop.is_set() or progress.step % options.save_every == 0 or progress.step == options.steps:
                    self._directory.losses.sync()
                    progress.save()
                if early or stop.is_set():
                    end = "early" if early else "stopped"
                    break
        return Outcome(end=end, step=progress.step, held_out_loss=progress.best, tokens=progress.tokens,
                       seconds=time.perf_counter() - began)  # fmt: skip

    def _one_step(self) -> None:
        options, progress = self._options, self._progress
        number, size = progress.step, options.batch // options.accumulate
        parts = [self._rows.batch(number * options.accumulate + part, size) for part in range(options.accumulate)]
        rate = self._schedule.rate(number)
        loss, norm = self._learner.step(parts, rate=rate, number=number + 1)
        if not math.isfinite(loss) or not math.isfinite(norm):
            raise MailbotError(f"the loss of step {number + 1} is no number any more", remedy="train anew with a lower --rate")
        many = sum(part.many for part in parts)
        progress.step += 1
        progress.tokens += many
        self._directory.losses.add({"step": progress.step, "loss": loss, "norm": norm, "rate": rate, "tokens": many})
        self._tell_step(loss, rate, many)

    def _tell_step(self, loss: float, rate: float, many: int) -> None:
        """Speed is counted from the second step on: the first one compiles."""
        now = time.perf_counter()
        if self._clock_tokens == 0:
            self._clock_from, self._clock_tokens, self._clock_steps = now, 1, 0
            speed = left = 0.0
        else:
            self._clock_tokens += many
            self._clock_steps += 1
            elapsed = max(now - self._clock_from, 1e-9)
            speed = self._clock_tokens / elapsed
            left = elapsed / self._clock_steps * (self._options.steps - self._progress.step)
        self._tell(Stepped(step=self._progress.step, loss=loss, rate=rate, tokens_per_second=speed, seconds_left=left))

    def _evaluate(self) -> None:
        """Find the held-out loss; keep the model when it is the best so far."""
        options, progress, size = self._options, self._progress, self._options.batch // self._options.accumulate
        numbers = self._held_out.spread(options.eval_rows)
        loss = count = 0.0
        for first in range(0, len(numbers), size):
            part, many = self._learner.evaluate(self._held_out.of(numbers[first : first + size], size))
            loss, count = loss + part, count + many
        loss /= max(count, 1.0)
        better = loss < progress.best
        progress.waited = 0 if better else progress.waited + 1
        if better:
            progress.best = loss
            self._keep_model(loss)
        self._directory.losses.add({"step": progress.step, "held_out_loss": loss})
        draw_curve(options.out / "loss.png", self._directory.losses.curve("loss"), self._directory.losses.curve("held_out_loss"))
        self._tell(Evaluated(step=progress.step, loss=loss, better=better))

    def _keep_model(self, loss: float) -> None:
        options, contents = self._options, self._contents
        note = {
            "prompt": "brief" if options.start_from is None else "messages",
            "kinds": list(contents.kinds), "languages": list(contents.languages), "trained_by": "mailbot train",
            "steps": self._progress.step, "held_out_loss": loss,
            "data": {"examples": contents.examples, "tokens": self._progress.tokens, "sha256": fingerprint(options.data)},
        }  # fmt: skip
        write_model(
            options.out, architecture=self._model.architecture, config=self._model.config, weights=self._learner.weights(),
            tokenizer=self._model.tokenizer, note=note, dtype=options.dtype,
        )  # fmt: skip


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


def read_config(directory: Path) -> dict[str, Any]:
    """Return the config.json of a checkpoint that was found whole."""
    import json

    value: dict[str, Any] = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    return value
