"""Trains the tokenizer: byte-level BPE in which every digit is a token of its own, so that a model copies figures digit by digit.

Written so that transformers' AutoTokenizer opens it: tokenizer.json, tokenizer_config.json, vocab.json and merges.txt.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mailbot.core.brief import END, MARKS
from mailbot.errors import ConfigError, UsageError

SMALLEST = 256 + len(MARKS)
"""Every byte and every mark has a token, so that any text has one."""


def train_tokenizer(texts: Iterable[str], size: int, window: int) -> Any:
    """Return a tokenizer of `size` tokens at most, as transformers' PreTrainedTokenizerFast. Raises UsageError."""
    if size < SMALLEST:
        raise UsageError(f"a vocabulary of {size} tokens is too small", remedy=f"give --vocabulary {SMALLEST} or more")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    # it advises torch, which is not wanted here
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
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


def open_tokenizer(directory: Path) -> Any:
    """Return the tokenizer that was written there. Raises ConfigError."""
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(directory, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # its Rust half raises plain Exception
        raise ConfigError(f"{directory}: cannot be read ({error})", remedy=f"delete {directory.parent} to start anew") from error


def save_tokenizer(tokenizer: Any, directory: Path) -> None:
    """Write a tokenizer's files."""
    tokenizer.save_pretrained(directory)
    backend = tokenizer.backend_tokenizer
    if json.loads(backend.to_str())["model"]["type"] == "BPE":
        backend.model.save(str(directory))
    config_file = directory / "tokenizer_config.json"
    config = json.loads(config_file.read_text(encoding="utf-8"))
    if config.get("tokenizer_class") == "TokenizersBackend":
        # the name that transformers before 5 knows too
        config["tokenizer_class"] = "PreTrainedTokenizerFast"
        config_file.write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
