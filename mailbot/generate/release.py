"""What a model's directory must hold to write replies, and how it wants its prompts: checked before it becomes a release."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mailbot.core.brief import END, MARKS
from mailbot.errors import BadInput, ConfigError
from mailbot.generate.checkpoint import MAX_JSON_BYTES, Checkpoint, open_checkpoint
from mailbot.generate.prompts import Prompts

SHIPPED = "shipped"
"""The name of the release that comes with mailbot."""

MODEL_FILES = (
    "config.json", "generation_config.json", "model*.safetensors", "model.safetensors.index.json", "tokenizer.json",
    "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt",
    "chat_template.jinja", "mailbot.json", "README.md", "LICENSE*",
)  # fmt: skip
"""The files that a release keeps: what a model is read from, and the texts about it. No pickle, no code."""

Form = Literal["brief", "chat"]
"""How a model wants its prompts: as `core.brief` writes them, or as the chat messages of `core.prompt`."""

_SAMPLE = ({"role": "system", "content": "You write replies."}, {"role": "user", "content": "When will invoice 7 be paid?"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model's directory that was found fit to write replies. `notes` say what to know about it, one sentence each."""

    checkpoint: Checkpoint
    tokenizer: Any
    form: Form
    notes: tuple[str, ...]


def shipped_directory() -> Path:
    """Return where the shipped release lies in the package."""
    return Path(__file__).parent / "shipped"


def can_write_here() -> bool:
    """Return whether this installation drafts with the shipped model: the model came with it, and a tensor library is there."""
    library = os.environ.get("KERAS_BACKEND", "tensorflow")
    return (shipped_directory() / "config.json").is_file() and all(importlib.util.find_spec(one) for one in (library, "keras"))


def open_model(directory: Path) -> Model:
    """Check everything of a model's directory but its numbers. Loads transformers. Raises ConfigError."""
    checkpoint = open_checkpoint(directory)
    form = form_of(directory)
    tokenizer = checkpoint.load_tokenizer()
    notes = []
    if not checkpoint.stop_ids:
        notes.append("It names no token that ends a text (eos_token_id): replies go on until generate.max_tokens.")
    if form == "brief":
        _check_marks(checkpoint, tokenizer)
    else:
        try:
            Prompts(tokenizer).fit(_SAMPLE, checkpoint.architecture.window)
        except BadInput as error:
            raise ConfigError(f"{directory}: its window of {checkpoint.architecture.window} tokens is too short for a mail",
                              remedy="use another model") from error  # fmt: skip
        if not tokenizer.chat_template:
            notes.append("It has no chat template, so it is no instruct model: expect poor replies unless it is trained further.")
    return Model(checkpoint=checkpoint, tokenizer=tokenizer, form=form, notes=tuple(notes))


def form_of(directory: Path) -> Form:
    """Return how a model wants its prompts, as its mailbot.json says. Raises ConfigError."""
    return "brief" if about_of(directory).get("prompt", "chat") == "brief" else "chat"


def about_of(directory: Path) -> Mapping[str, Any]:
    """Return a model directory's mailbot.json, {} where there is none. Raises ConfigError."""
    file = directory / "mailbot.json"
    try:
        if file.stat().st_size > MAX_JSON_BYTES:
            raise ConfigError(f"{file}: larger than {MAX_JSON_BYTES} bytes", remedy="take the model's own file")
        value = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{file}: cannot be read ({type(error).__name__})", remedy="take the model's own file") from error
    if not isinstance(value, dict) or value.get("prompt", "chat") not in ("brief", "chat"):
        raise ConfigError(f'{file}: "prompt" must be "brief" or "chat"', remedy="take the model's own file")
    for key in ("kinds", "languages"):
        if not isinstance(value.get(key, []), list):
            raise ConfigError(f'{file}: "{key}" must be a list', remedy="take the model's own file")
    return value


def _check_marks(checkpoint: Checkpoint, tokenizer: Any) -> None:
    """Raise ConfigError unless each mark of a brief is one token, and the last of them ends a text."""
    ids = [list(tokenizer(mark, add_special_tokens=False)["input_ids"]) for mark in MARKS]
    if any(len(one) != 1 for one in ids):
        raise ConfigError(
            f"{checkpoint.directory}: its mailbot.json says that it reads briefs, but {', '.join(MARKS)} are no tokens of its own",
            remedy="train it with `mailbot train`, or remove mailbot.json",
        )
    if ids[MARKS.index(END)][0] not in checkpoint.stop_ids:
        raise ConfigError(
            f"{checkpoint.directory}: {END} does not end its texts", remedy="name its token as eos_token_id in config.json"
        )
