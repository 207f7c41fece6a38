"""Model directories for tests, made from the smallest fixture that has a tokenizer: random weights, real files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from mailbot.core.brief import END, MARKS

FIXTURES = Path(__file__).parents[1] / "fixtures" / "checkpoints"
CHAT = FIXTURES / "gpt2-text"
"""A GPT-2 with a byte-level tokenizer and a chat template."""


def chat_model(folder: Path, **config: Any) -> Path:
    """Copy the chat model; `config` changes its config.json."""
    shutil.copytree(CHAT, folder)
    (folder / "expected.safetensors").unlink()
    return configured(folder, **config)


def configured(folder: Path, **config: Any) -> Path:
    """Change values of a model's config.json."""
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | config))
    return folder


def brief_model(folder: Path, *, seed: int = 0) -> Path:
    """Make a model that reads briefs: the marks are tokens of its own, weights are random by `seed`."""
    chat_model(folder)
    tokens = json.loads((folder / "tokenizer.json").read_text())
    first = max(one["id"] for one in tokens["added_tokens"]) + 1
    vocabulary = tokens["model"]["vocab"]
    first = max(first, *vocabulary.values()) + 1
    options = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    tokens["added_tokens"] += [{"id": first + index, "content": mark, **options} for index, mark in enumerate(MARKS)]
    (folder / "tokenizer.json").write_text(json.dumps(tokens))
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"eos_token": END}))
    (folder / "chat_template.jinja").unlink()
    (folder / "generation_config.json").unlink()
    rng = np.random.default_rng(seed)
    weights = load_file(folder / "model.safetensors")
    size = first + len(MARKS)
    for name, tensor in weights.items():
        wanted = (size, tensor.shape[1]) if tensor.shape[0] == 320 else tensor.shape
        weights[name] = (rng.standard_normal(wanted) * 0.3).astype(np.float32)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "mailbot.json").write_text(json.dumps({"prompt": "brief", "kinds": ["invoice_received"], "languages": ["en"]}))
    return configured(folder, vocab_size=size, eos_token_id=first + MARKS.index(END), bos_token_id=None)
