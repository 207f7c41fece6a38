"""Turns examples into tokens, once for a run: what is learnt from and what is held out, kept in the run's own directory."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from mailbot.core.brief import BRIEF
from mailbot.errors import BadInput
from mailbot.generate.training.examples import Example, read_examples
from mailbot.generate.training.rows import Tokens, token_dtype

AT_ONCE = 1000
"""Examples that are tokenised together: enough for the tokenizer to use every core."""


@dataclass(slots=True)
class _Side:
    """What has been tokenised of one side so far."""

    tokens: Any
    ends: array[int] = field(default_factory=lambda: array("q"))
    learnt: array[int] = field(default_factory=lambda: array("i"))

    def add(self, prompt: Sequence[int], reply: Sequence[int], *, all_learnt: bool) -> None:
        self.tokens.extend(prompt)
        self.tokens.extend(reply)
        self.ends.append(len(self.tokens))
        self.learnt.append(0 if all_learnt else len(prompt))

    def whole(self) -> Tokens:
        return Tokens(tokens=np.array(self.tokens), ends=np.array(self.ends), learnt=np.array(self.learnt))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What the files hold: how many examples, of which kinds and languages (the most frequent first), and the form of prompts.

    `prompt` is "brief" (core.brief) or "chat" (messages, or plain text), as a release states it in its mailbot.json.
    """

    examples: int
    kinds: tuple[str, ...]
    languages: tuple[str, ...]
    prompt: str

    @staticmethod
    def of_json(value: Mapping[str, Any]) -> Contents:
        """Return what `asdict` made a JSON object of."""
        return Contents(
            examples=value["examples"],
            kinds=tuple(value["kinds"]),
            languages=tuple(value["languages"]),
            prompt=value.get("prompt", "brief"),
        )


def learnt_texts(files: Sequence[Path], held_out: float) -> Iterator[str]:
    """Yield the texts that a tokenizer is trained on: none of a thread that is held out."""
    for example in read_examples(files):
        if not example.is_held_out(held_out):
            if isinstance(example.prompt, str):
                yield example.prompt
            else:
                yield from (message["content"] for message in example.prompt)
            yield example.reply


def tokenise(
    files: Sequence[Path], tokenizer: Any, *, held_out: float, learn_all: bool, end: int, vocabulary: int
) -> tuple[Tokens, Tokens, Contents]:
    """Return the tokens that are learnt from, those held out, and what was found. Raises BadInput, UsageError."""
    code = "H" if token_dtype(vocabulary) is np.uint16 else "i"
    sides = {False: _Side(array(code)), True: _Side(array(code))}
    kinds: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    forms: Counter[str] = Counter()
    examples = read_examples(files)
    many = 0
    while some := list(islice(examples, AT_ONCE)):
        prompts = _prompt_tokens(tokenizer, some)
        replies = tokenizer([example.reply for example in some], add_special_tokens=False)["input_ids"]
        for example, prompt, reply in zip(some, prompts, replies, strict=True):
            sides[example.is_held_out(held_out)].add(prompt, [*reply, end], all_learnt=learn_all)
            kinds[example.kind] += 1
            languages[example.language] += 1
            forms[_form(example)] += 1
        many += len(some)
    if not many:
        raise BadInput("there is no example in the data", remedy='give JSON Lines: {"thread", "prompt", "reply"} a line')
    for is_held_out, why in ((True, "nothing is held out"), (False, "everything is held out")):
        if not sides[is_held_out].ends:
            raise BadInput(f"{why} of {many} examples", remedy="give more threads, or another --held-out")
    contents = Contents(examples=many, kinds=_named(kinds), languages=_named(languages), prompt=_named(forms)[0])
    return sides[False].whole(), sides[True].whole(), contents


def _form(example: Example) -> str:
    return "brief" if isinstance(example.prompt, str) and example.prompt.startswith(BRIEF) else "chat"


def _named(counted: Counter[str]) -> tuple[str, ...]:
    return tuple(name for name, _ in sorted(counted.items(), key=lambda one: (-one[1], one[0])) if name)


def _prompt_tokens(tokenizer: Any, examples: Sequence[Example]) -> list[list[int]]:
    """Return each prompt's tokens as the engine would make them."""
    from mailbot.generate.prompts import Prompts

    plain = [example.prompt for example in examples if isinstance(example.prompt, str)]
    encoded = iter(tokenizer(plain)["input_ids"] if plain else ())
    prompts = Prompts(tokenizer)
    return [next(encoded) if isinstance(example.prompt, str) else prompts.fit(example.prompt, 1 << 30)[0] for example in examples]
