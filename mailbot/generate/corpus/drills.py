"""Drills: examples whose reply is the kind of the mail, the facts that its reply copies, or some of what the brief says.

A small model learns the wording of replies long before it learns to copy (the heads that look a token's earlier neighbour up,
Olsson et al. 2022, arXiv:2209.11895, form late where only a few tokens of a reply need them), and before it learns to tell what a
mail wants, which decides one token in a hundred. A few hundred steps on drills of either bring that about.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from mailbot.core.brief import BRIEF, MAIL, OPEN, REPLY, answer
from mailbot.generate.corpus.write import Example, examples

RECITED = 0.35
"""The share of the other drills that recite some facts of a brief by name, in another order; the others repeat a whole text."""

SORTED = 0.5
"""The share of drills that tell the mail's kind and, two times out of three, the facts that its reply is to copy."""

_SIGNS = "0123456789ABCDEFGHKLMNPRSTXabcdehimnorstu-/. "


def drills(count: int, *, seed: int) -> Iterator[Example]:
    """Yield so many drills; equal seeds give equal drills. Values are those of training, never held-out ones."""
    rng = random.Random(f"drills {seed}")  # noqa: S311
    values: list[str] = []
    for number, example in enumerate(examples(count, seed=seed)):
        if rng.random() < SORTED:
            told = "\n".join(example.facts) if rng.random() < 2 / 3 else ""
            yield _drill(f"sorted-{seed}-{number}", example.prompt, answer(example.intent, told), example.language)
            continue
        facts = _facts(example.prompt)
        values = [*values, *(value for _, value in facts)][-2_000:]
        if len(facts) > 1 and rng.random() < RECITED:
            yield _recited(example, facts, rng, f"recited-{seed}-{number}")
        else:
            yield _repeated(values, rng, f"repeated-{seed}-{number}")


def _facts(prompt: str) -> list[tuple[str, str]]:
    """Return the facts of a brief, by name; its language and kind are none."""
    pairs = (line.partition(": ") for line in prompt.removeprefix(BRIEF).partition(MAIL)[0].split("\n"))
    return [(key, value) for key, _, value in pairs if value and key not in ("language", "kind")]


def _recited(example: Example, facts: list[tuple[str, str]], rng: random.Random, thread: str) -> Example:
    chosen = rng.sample(facts, rng.randint(2, min(7, len(facts))))
    prompt = re.sub(r"\nkind: \w+", "\nkind: recite", example.prompt, count=1)
    return _drill(thread, prompt, "\n".join(f"{key}: {value}" for key, value in chosen), example.language)


def _repeated(values: list[str], rng: random.Random, thread: str) -> Example:
    """Return a drill that repeats a few values and made-up signs."""
    made = ("".join(rng.choices(_SIGNS, k=rng.randint(6, 24))).strip() for _ in range(5))
    text = ", ".join(rng.choice(values) if values and rng.random() < 0.5 else next(made) for _ in range(rng.randint(2, 5)))
    return _drill(thread, f"{BRIEF}{text}{REPLY}", text, "en")


def _drill(thread: str, prompt: str, reply: str, language: str) -> Example:
    return Example(thread=thread, prompt=prompt, reply=reply, language=language, kind=OPEN, intent="recite", facts=())
