"""Turns a prompt into tokens: text as it stands, chat messages in the model's own template, cut to fit where they are too long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mailbot.errors import BadInput, ConfigError
from mailbot.generate.window import fit_messages, fit_text

Prompt = str | Sequence[Mapping[str, str]]
"""Text to go on from, or chat messages {"role": …, "content": …}."""


class Prompts:
    """What a model's tokenizer makes of prompts."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._marks = sorted({*tokenizer.all_special_tokens, *tokenizer.get_added_vocab()} - {""})

    def fit(self, prompt: Prompt, most: int) -> tuple[list[int], str]:
        """Return a prompt's tokens, at most `most`, and a note when it was cut.

        Raises BadInput for an empty prompt or one of which nothing fits, ConfigError when the chat template cannot write it.
        """
        if isinstance(prompt, str):
            fitted = fit_text(prompt, most, lambda text: len(self._encode(text)))
            tokens, left_out = self._encode(fitted.text), fitted.left_out
        else:
            clean = [{**one, "content": self._plain(one["content"])} for one in prompt]
            messages, left_out = fit_messages(clean, most, lambda messages: len(self._encode_messages(messages)))
            tokens = self._encode_messages(messages)
        if not tokens:
            raise BadInput("the prompt is empty", remedy="give the model something to go on from")
        note = f"The prompt was too long for the model: {left_out} characters from its middle were left out." if left_out else ""
        return tokens, note

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer(text)["input_ids"])

    def _encode_messages(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        """Return chat messages in the model's own template; a model without one gets their contents as paragraphs."""
        if not self._tokenizer.chat_template:
            return self._encode("".join(f"{one['content']}\n\n" for one in messages))
        try:
            # Qwen3 thinks aloud unless told not to; a template that knows no such switch does not see it
            text = self._tokenizer.apply_chat_template(
                [dict(one) for one in messages], tokenize=False, add_generation_prompt=True, enable_thinking=False
            )
        except Exception as error:  # a template is a program: it may refuse a role in its own words, or simply fail
            why = " ".join(str(error).split())[:160]
            raise ConfigError(f"the model's chat template cannot write this prompt ({why})", remedy="use another model") from error
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _plain(self, content: str) -> str:
        """Take out what the tokenizer reads as a mark of its own: a mail must not end its message and begin another."""
        while any(mark in content for mark in self._marks):
            for mark in self._marks:
                content = content.replace(mark, "")
        return content
