"""Trains the tokenizer: byte-level BPE in which every digit is a token of its own, so that a model copies figures digit by digit.

Written so that transformers' AutoTokenizer opens it: tokenizer.json, tokenizer_config.json, vocab.json and merges.txt.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mailbot.core.brief import END, MARKS
from mailbot.errors import UsageError

SMALLEST = 256 + len(MARKS)
"""Every byte and every mark has a token, so that any text has one."""


def train_tokenizer(texts: Iterable[str], size: int, window: int) -> Any:
    """Return a tokenizer of `size` tokens at most, as transformers' PreTrainedTokenizerFast. Raises UsageError."""
    if size < SMALLEST:
        raise UsageError(f"a vocabulary of {size} tokens is too small", remedy=f"give --vocabulary {SMALLEST} or more")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(MARKS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=END, model_max_length=window, clean_up_tokenization_spaces=False,
        additional_special_tokens=[mark for mark in MARKS if mark != END],
    )  # fmt: skip


def save_tokenizer(tokenizer: Any, directory: Path) -> None:
    """Write a tokenizer's files; those of a tokenizer that was only opened are written as they were read."""
    tokenizer.save_pretrained(directory)
    state = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    if state.get("type") == "BPE" and tokenizer.backend_tokenizer.model is not None:
        tokenizer.backend_tokenizer.model.save(str(directory))
