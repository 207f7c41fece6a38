"""`mailbot train`: train a model on files of examples, or train one further."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from mailbot.generate.training.events import Event


class Schedule(StrEnum):
    """How the rate falls after the warm-up."""

    COSINE = "cosine"
    INVERSE_SQRT = "inverse-sqrt"


class Learn(StrEnum):
    """What the loss is taken on."""

    REPLY = "reply"
    ALL = "all"


class Family(StrEnum):
    """The kind of model that is made."""

    LLAMA = "llama"
    GPT2 = "gpt2"


class Dtype(StrEnum):
    """How weights are stored."""

    FLOAT16 = "float16"
    FLOAT32 = "float32"


class Compute(StrEnum):
    """What products are computed in; weights, norms, shares and losses are float32 always."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


def register(app: typer.Typer) -> None:
    """Add `mailbot train`."""
    app.command()(train)


def train(
    data: Annotated[list[Path], typer.Option(metavar="FILE", help="JSON Lines: {thread, prompt, reply, language, kind} a line.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the model goes; DIR/run holds what the run needs to go on.")],
    start_from: Annotated[Path | None, typer.Option("--from", metavar="DIR", help="Train this checkpoint further.")] = None,
    steps: Annotated[int, typer.Option(help="Steps in all.")] = 2000,
    batch: Annotated[int, typer.Option(help="Rows a step.")] = 16,
    length: Annotated[int, typer.Option(help="Tokens a row; longer examples are left out.")] = 512,
    accumulate: Annotated[int, typer.Option(help="Parts that a batch is computed in, to save memory.")] = 1,
    rate: Annotated[float, typer.Option(help="The highest learning rate.")] = 1e-3,
    schedule: Annotated[Schedule, typer.Option(help="How the rate falls.")] = Schedule.COSINE,
    warmup: Annotated[int, typer.Option(help="Steps until the highest rate.")] = 100,
    clip: Annotated[float, typer.Option(help="The longest gradient; 0 leaves them alone.")] = 1.0,
    decay: Annotated[float, typer.Option(help="Weight decay of matrices.")] = 0.1,
    dropout: Annotated[float, typer.Option(help="The share of each residual part that is dropped.")] = 0.0,
    lora: Annotated[int, typer.Option(metavar="RANK", help="Learn a change of this rank beside each matrix; 0: every weight.")] = 0,
    lora_alpha: Annotated[float, typer.Option(help="How strong that change is, over its rank; 0: twice the rank.")] = 0.0,
    lora_targets: Annotated[str, typer.Option(metavar="NAMES", help="Which matrices, with commas.")] = "qkv,out,up,down",
    learn: Annotated[Learn, typer.Option(help="Learn to write replies only, or prompts too.")] = Learn.REPLY,
    held_out: Annotated[float, typer.Option(help="The share of threads that is never learnt from.")] = 0.02,
    vocabulary: Annotated[int, typer.Option(help="Tokens of a new model's vocabulary.")] = 2048,
    family: Annotated[Family, typer.Option(help="The family of a new model.")] = Family.LLAMA,
    layers: Annotated[int, typer.Option(help="Layers of a new model.")] = 6,
    width: Annotated[int, typer.Option(help="Width of a new model.")] = 256,
    heads: Annotated[int, typer.Option(help="Attention heads of a new model.")] = 4,
    kv_heads: Annotated[int, typer.Option(help="Key/value heads of a new model; 0: as many as heads.")] = 0,
    inner: Annotated[int, typer.Option(help="Width of the feed-forward layers; 0: the usual.")] = 0,
    window: Annotated[int, typer.Option(help="The most tokens that a new model reads.")] = 1024,
    eval_every: Annotated[int, typer.Option(help="Steps between evaluations.")] = 200,
    eval_rows: Annotated[int, typer.Option(help="Held-out rows that an evaluation reads at most.")] = 64,
    patience: Annotated[int, typer.Option(help="Evaluations without a better one that end the run; 0: never.")] = 0,
    save_every: Annotated[int, typer.Option(help="Steps between checkpoints.")] = 100,
    seed: Annotated[int, typer.Option(help="Decides first weights, order and dropout.")] = 0,
    threads: Annotated[int, typer.Option(help="Cores to use; 0: all.")] = 0,
    dtype: Annotated[Dtype, typer.Option(help="How the weights are stored.")] = Dtype.FLOAT16,
    compute: Annotated[
        Compute, typer.Option(help="What products are computed in; auto: bfloat16 where the machine knows it.")
    ] = Compute.AUTO,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Train a model from JSON Lines. Started again with the same arguments, it goes on exactly where it was stopped."""
    from mailbot.generate import malloc

    malloc.keep()
    from mailbot.generate.training.options import Options, Shape
    from mailbot.generate.training.run import train as run

    options = Options(
        data=tuple(data), out=out, start_from=start_from, steps=steps, batch=batch, length=length, accumulate=accumulate, rate=rate,
        schedule=schedule.value, warmup=warmup, clip=clip, decay=decay, learn=learn.value, held_out=held_out,
        shape=Shape(family=family.value, layers=layers, width=width, heads=heads, kv_heads=kv_heads, inner=inner, window=window,
                    vocabulary=vocabulary),
        dropout=dropout, lora=lora, lora_alpha=lora_alpha, lora_targets=tuple(filter(None, lora_targets.split(","))),
        compute=compute.value, eval_rows=eval_rows, eval_every=eval_every, patience=patience, save_every=save_every, seed=seed,
        threads=threads, dtype=dtype.value,
    )  # fmt: skip
    with _watching() as tell:
        outcome = run(options, tell)
    if as_json:
        print(json.dumps({**asdict(outcome), "out": str(out)}))
    if outcome.end == "stopped":
        print(f"mailbot: stopped after step {outcome.step}; the same command goes on from there", file=sys.stderr)
        raise typer.Exit(130)


@contextmanager
def _watching() -> Iterator[Callable[[Event], None]]:
    """Show progress on stderr: a bar on a terminal, else a line now and then."""
    if not sys.stderr.isatty():
        yield _plain
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[told]}"))
    with Bars(*columns, console=console) as bars:
        task = bars.add_task("", total=None, told="preparing")
        yield lambda event: _on_bar(bars, task, event)


def _on_bar(bars: Any, task: Any, event: Event) -> None:
    from mailbot.generate.training.events import Started, Stepped

    if isinstance(event, Stepped):
        bars.update(task, completed=event.step, told=_step_line(event))
        return
    if isinstance(event, Started):
        bars.update(task, total=event.steps, completed=event.step)
    bars.console.print(_line(event))


PLAIN_EVERY = 20


def _plain(event: Event) -> None:
    from mailbot.generate.training.events import Stepped

    if not isinstance(event, Stepped) or event.step % PLAIN_EVERY == 0:
        print(_line(event), file=sys.stderr, flush=True)


def _line(event: Event) -> str:
    from mailbot.generate.training.events import Evaluated, Started

    if isinstance(event, Started):
        left_out = f"; {event.left_out} too long for a row and left out" if event.left_out else ""
        trained = f", {event.trained:,} of them trained" if event.trained != event.parameters else ""
        return (
            f"{event.parameters:,} parameters{trained}, {event.compute} products, {event.vocabulary} tokens in the vocabulary; "
            f"{event.learnt_examples} examples of {event.tokens:,} tokens in {event.rows} rows, "
            f"{event.held_out_examples} held out{left_out}; "
            f"from step {event.step} to {event.steps}, {event.epochs:.1f} times through"
        )
    if isinstance(event, Evaluated):
        best = ", the best so far: kept" if event.better else ""
        return f"step {event.step}: held-out loss {event.loss:.4f}, perplexity {event.perplexity:.3f}{best}"
    return f"step {event.step}: {_step_line(event)}"


def _step_line(event: Any) -> str:
    minutes, seconds = divmod(round(event.seconds_left), 60)
    return f"loss {event.loss:.4f}  {event.tokens_per_second:,.0f} tokens/s  {minutes}:{seconds:02d} left"
