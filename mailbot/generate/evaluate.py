"""Judges releases by replies that people sent: how likely each finds them, and how near the replies are that it writes itself.

A release is read twice, one after the other so that its weights lie in memory once: by the transformer's plain forward for the
loss, by the engine for the replies. Runs in the command's own process; importing it imports the tensor library.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mailbot.core import brief
from mailbot.core import prompt as prompt_form
from mailbot.core.brief import BRIEF, END, MARKS
from mailbot.core.quality import Tally, tally
from mailbot.errors import BadInput, ConfigError, UsageError
from mailbot.generate import transformer
from mailbot.generate.backend import Resident, on_accelerator, ops
from mailbot.generate.briefing import brief_of, messages_of
from mailbot.generate.engine import Engine, Size
from mailbot.generate.examples import Example
from mailbot.generate.prompts import Prompt, Prompts
from mailbot.generate.release import Model, about_of, open_model
from mailbot.generate.request import Request
from mailbot.ports import DraftRequest

BUCKETS = (128, 256, 512, 1024, 2048, 4096)
"""Tokens that a text is padded to for its loss: each is compiled once."""

_ASK = "Write the desk's reply to this mail. Use only the names and figures given here, as they are written here."

Progress = Callable[[str, int, int], None]
"""(what is done, how many, of how many)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a release made of one example."""

    text: str
    tally: Tally


def judge(
    directory: Path,
    examples: Sequence[Example],
    *,
    slots: int = 8,
    window: int = 0,
    max_tokens: int = 400,
    progress: Progress = lambda what, done, total: None,
) -> list[Judged | None]:
    """Return what a release makes of each example, None where it cannot be asked.

    That is where prompt and reference together are longer than its window, and where it was not trained for the template or
    language of a DraftRequest. `window` 0 is the model's own, at most 2,048. Raises ConfigError for a release that cannot be used,
    UsageError for prompts of a form that it does not read.
    """
    model = open_model(directory)
    room = min(window or 2048, model.checkpoint.architecture.window)
    prompts = [prompt_for(model, one.prompt) for one in examples]
    asked = [index for index, prompt in enumerate(prompts) if prompt is not None]
    size = Size(slots=slots, widths=(), window=room)
    written = dict(zip(asked, _written(model, [prompts[index] or "" for index in asked], size, max_tokens, progress), strict=True))
    read = [_with_kind(prompts[index] or "", written[index].kind) for index in asked]
    references = [brief.reply_of(examples[index].reply)[1] for index in asked]
    losses = _losses(model, read, references, room, progress)
    found: list[Judged | None] = [None] * len(examples)
    for index, reference, loss in zip(asked, references, losses, strict=True):
        found[index] = _judged(examples[index], reference, written[index], loss) if loss else None
    return found


@dataclass(frozen=True, slots=True)
class _Written:
    """A reply, the kind that the model took the mail for ("" where it says none), and whether the reply was cut off."""

    text: str
    kind: str
    cut_off: bool


def _with_kind(prompt: Prompt, kind: str) -> Prompt:
    """Return what a reply is written after: a model that says the kind first is judged by what it writes after that."""
    return f"{prompt}{brief.answer(kind, '')}\n\n" if kind and isinstance(prompt, str) else prompt


def prompt_for(model: Model, prompt: Prompt | DraftRequest) -> Prompt | None:
    """Return a prompt in the form that the model reads, None where it was not trained for one. Raises UsageError.

    A chat model gets a brief as the user's message.
    """
    if isinstance(prompt, DraftRequest):
        return brief_of(prompt, about_of(model.checkpoint.directory)) if model.form == "brief" else messages_of(prompt)
    if model.form == "brief":
        if not isinstance(prompt, str) or not prompt.startswith(BRIEF):
            raise UsageError(
                f"{model.checkpoint.directory}: it reads briefs, and these prompts are none",
                remedy="use data with briefs, or another model",
            )
        return prompt
    if not isinstance(prompt, str) or not model.tokenizer.chat_template:
        return prompt
    if prompt.startswith(BRIEF):
        return ({"role": "system", "content": _ASK}, {"role": "user", "content": words_of(prompt)})
    return ({"role": "user", "content": prompt},)


def words_of(prompt: Prompt | DraftRequest) -> str:
    """Return what a prompt says, without roles and marks: what a written reply may take figures from."""
    if isinstance(prompt, DraftRequest):
        prompt = messages_of(prompt)
    text = prompt if isinstance(prompt, str) else "\n\n".join(one["content"] for one in prompt)
    for mark in MARKS:
        text = text.replace(mark, "\n\n")
    return text.strip()


def chrf(text: str, reference: str) -> float:
    """Return sacrebleu's chrF2 of one reply, 0 to 100 (Popović 2015: character n-grams up to 6, recall weighs twice)."""
    from sacrebleu.metrics.chrf import CHRF

    return float(CHRF().sentence_score(text, [reference]).score)


def _judged(example: Example, reference: str, written: _Written, loss: tuple[float, int]) -> Judged:
    return Judged(
        text=written.text,
        tally=tally(
            prompt=words_of(example.prompt),
            reference=reference,
            written=written.text,
            facts=example.facts,
            loss=loss[0],
            tokens=loss[1],
            chrf=chrf(written.text, reference),
            cut_off=written.cut_off,
        ),
    )


def _losses(
    model: Model, asked: Sequence[Prompt], replies: Sequence[str], room: int, progress: Progress
) -> Iterator[tuple[float, int] | None]:
    """Yield the loss (nats) of each reference after its prompt, and its tokens; None where they do not fit."""
    shape, prompts = model.checkpoint.architecture, Prompts(model.tokenizer)
    dtype = "bfloat16" if on_accelerator() else "float32"
    resident = Resident(model.checkpoint.load_weights(dtype), (), dtype)

    def step(weights: Any, state: list[Any], tokens: Any) -> tuple[list[Any], Any]:
        logits = transformer.forward(shape, weights, tokens)[:, :-1]
        chosen = ops.take_along_axis(logits, tokens[:, 1:, None], axis=-1)[..., 0]
        return state, ops.logsumexp(logits, axis=-1) - chosen

    run = resident.compiled(step)
    for done, (asked_for, reference) in enumerate(zip(asked, replies, strict=True)):
        progress("reference replies read", done, len(asked))
        reply = [*model.tokenizer(reference, add_special_tokens=False)["input_ids"], *_end(model)]
        try:
            prompt, _ = prompts.fit(asked_for, room - len(reply))
        except BadInput:
            yield None
            continue
        row = prompt + reply
        padded = np.zeros((1, next((one for one in BUCKETS if len(row) <= one < room), room)), np.int32)
        padded[0, : len(row)] = row
        losses = np.asarray(ops.convert_to_numpy(run(padded)))[0]
        loss = float(losses[len(prompt) - 1 : len(row) - 1].astype(np.float64).sum())
        if not math.isfinite(loss):
            raise ConfigError(
                f"{model.checkpoint.directory}: it computes no numbers",
                remedy="its weights are damaged: fetch it or train it again",
            )
        yield loss, len(reply)
    progress("reference replies read", len(asked), len(asked))


def _end(model: Model) -> list[int]:
    """Return the token that ends a reply, if there is one: a good model knows when to stop."""
    stops = model.checkpoint.stop_ids
    own = model.tokenizer.eos_token_id
    return [own] if own in stops else list(stops[:1])


def _written(model: Model, prompts: Sequence[Prompt], size: Size, max_tokens: int, progress: Progress) -> list[_Written]:
    """Return what the model writes to each prompt, most likely tokens only."""
    engine = Engine(model.checkpoint, size, tokenizer=model.tokenizer)
    texts = [""] * len(prompts)
    cut_off = [False] * len(prompts)
    begun = ended = 0
    while ended < len(prompts):
        while begun < len(prompts) and engine.waiting < size.slots:
            prompt = prompts[begun]
            engine.submit(
                Request(
                    name=str(begun),
                    account="",
                    prompt=prompt if isinstance(prompt, str) else tuple(prompt),
                    max_tokens=max_tokens,
                    stop=(END,) if model.form == "brief" else (),
                )
            )
            begun += 1
        for piece in engine.step(0.0):
            index = int(piece.name)
            texts[index] += piece.text
            if piece.end:
                cut_off[index] = piece.end != "stop"
                ended += 1
                progress("replies written", ended, len(prompts))
    told = [brief.reply_of(text) if model.form == "brief" else ("", prompt_form.reply_of(text).strip()) for text in texts]
    return [_Written(text, kind, cut) for (kind, text), cut in zip(told, cut_off, strict=True)]
