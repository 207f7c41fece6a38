"""What a run begins with: a checkpoint or a model made from nothing, and its data in tokens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mailbot.errors import ConfigError, UsageError
from mailbot.generate.architecture import Architecture, parse_architecture
from mailbot.generate.checkpoint import Weights, open_checkpoint
from mailbot.generate.training.export import write_json
from mailbot.generate.training.options import Options
from mailbot.generate.training.prepare import Contents, learnt_texts, tokenise
from mailbot.generate.training.rows import Tokens
from mailbot.generate.training.shapes import config_of, first_weights
from mailbot.generate.training.state import RunDirectory
from mailbot.generate.training.vocabulary import open_tokenizer, train_tokenizer


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """The model that is trained, as it was: `config` and `generation` are its JSON files, `end` is the token that ends a text."""

    architecture: Architecture
    config: Mapping[str, Any]
    generation: Mapping[str, Any]
    weights: Weights
    tokenizer: Any
    end: int


def begin(options: Options, directory: RunDirectory) -> Beginning:
    """Open what is trained further, or make a model and its tokenizer. Raises ConfigError, UsageError, BadInput, DiskFull."""
    if options.start_from is None:
        return _made(options, directory)
    checkpoint = open_checkpoint(options.start_from)
    if not checkpoint.stop_ids:
        raise ConfigError(f"{options.start_from}: no token ends its texts", remedy="state eos_token_id in its config.json")
    _check_length(options, checkpoint.architecture.window)
    tokenizer = checkpoint.load_tokenizer()
    end = tokenizer.eos_token_id if tokenizer.eos_token_id in checkpoint.stop_ids else checkpoint.stop_ids[0]
    return Beginning(
        architecture=checkpoint.architecture,
        config=_json(options.start_from / "config.json"),
        generation=_json(options.start_from / "generation_config.json"),
        weights=checkpoint.load_weights(),
        tokenizer=tokenizer,
        end=end,
    )


def _made(options: Options, directory: RunDirectory) -> Beginning:
    shape = options.shape
    _check_length(options, shape.window)
    kept = directory.path / "tokenizer"
    if directory.read("prepared.json") is None:
        tokenizer = train_tokenizer(learnt_texts(options.data, options.held_out), shape.vocabulary, shape.window)
        tokenizer.save_pretrained(kept)
    else:
        tokenizer = open_tokenizer(kept)
    # the size asked for, even where a small corpus gives fewer tokens: round sizes are the fast ones
    config = config_of(shape, shape.vocabulary, tokenizer.eos_token_id)
    architecture = parse_architecture(config, "the options")
    return Beginning(
        architecture=architecture,
        config=config,
        generation={"eos_token_id": tokenizer.eos_token_id, "do_sample": False},
        weights=first_weights(architecture, options.seed),
        tokenizer=tokenizer,
        end=tokenizer.eos_token_id,
    )


def _check_length(options: Options, window: int) -> None:
    if options.length > window:
        raise UsageError(f"--length is {options.length}, the model's window {window}", remedy="give rows no longer than the window")


def prepared(options: Options, beginning: Beginning, directory: RunDirectory) -> tuple[Tokens, Tokens, Contents]:
    """Return what is learnt from, what is held out, and what it holds; tokenised once for all starts of a run.

    Raises UsageError, BadInput, DiskFull, ConfigError.
    """
    path = directory.path
    found = directory.read("prepared.json")
    if found is None:
        learnt, held_out, contents = tokenise(
            options.data,
            beginning.tokenizer,
            held_out=options.held_out,
            learn_all=options.learn == "all",
            end=beginning.end,
            vocabulary=beginning.architecture.vocabulary,
        )
        learnt.save(path / "learnt")
        held_out.save(path / "held_out")
        write_json(path / "prepared.json", asdict(contents))
    else:
        contents = Contents.of_json(found)
    return Tokens.open(path / "learnt"), Tokens.open(path / "held_out"), contents


def _json(file: Path) -> dict[str, Any]:
    """Return a JSON file of a checkpoint that was found whole, empty when there is none."""
    value: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return value
