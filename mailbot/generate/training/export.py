"""Writes a trained model as a Hugging Face directory, so that whoever reads it finds the old one or the new one, whole.

Each file is written beside its place and then renamed; config.json goes last, since a directory without one is no model.
"""

from __future__ import annotations

import errno
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mailbot.errors import ConfigError, DiskFull
from mailbot.generate.architecture import Architecture
from mailbot.generate.checkpoint import Weights
from mailbot.generate.tensors import tensors_of
from mailbot.generate.training.vocabulary import save_tokenizer


def write_model(
    directory: Path, *, architecture: Architecture, config: Mapping[str, Any], generation: Mapping[str, Any], weights: Weights,
    tokenizer: Any, note: Mapping[str, Any], dtype: str,
) -> None:  # fmt: skip
    """Write model.safetensors, the tokenizer's files, generation_config.json, mailbot.json (`note`) and config.json.

    Raises DiskFull, ConfigError.
    """
    with disk_errors(directory):
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory, prefix=".export-") as made:
            fresh = Path(made)
            _write_tensors(fresh / "model.safetensors", stored_tensors(architecture, weights, dtype))
            save_tokenizer(tokenizer, fresh)
            if generation:
                _write_json(fresh / "generation_config.json", generation)
            _write_json(fresh / "mailbot.json", note)
            _write_json(fresh / "config.json", {**config, "dtype": dtype})
            for file in sorted(fresh.iterdir(), key=lambda file: (file.name == "config.json", file.name)):
                file.chmod(0o644)
                with file.open("rb") as opened:
                    os.fsync(opened.fileno())
                file.replace(directory / file.name)


def stored_tensors(architecture: Architecture, weights: Weights, dtype: str) -> dict[str, np.ndarray]:
    """Return the tensors as transformers stores them: the reverse of what `Checkpoint.load_weights` reads."""
    stored: dict[str, np.ndarray] = {}
    for tensor in tensors_of(architecture):
        whole = (weights if tensor.layer is None else weights["layers"][tensor.layer])[tensor.name]
        start = 0
        for name, dims in zip(tensor.sources, tensor.shapes, strict=True):
            wide = dims[0] if tensor.turned else dims[-1]
            part = whole[..., start : start + wide]
            start += wide
            stored[name] = np.ascontiguousarray(part.T if tensor.turned else part, dtype=np.dtype(dtype))
    return stored


def _write_tensors(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """Write a safetensors file. Raises OSError, which the library hides in an error of its own."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    try:
        save_file(tensors, path, {"format": "pt"})
    except SafetensorError as error:
        number = re.search(r"os error (\d+)", str(error))
        raise OSError(int(number[1]) if number else errno.EIO, str(error)) from error


@contextmanager
def disk_errors(place: Path) -> Iterator[None]:
    """Turn what the disk refuses into DiskFull, or ConfigError that names the place."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull(f"{place}: no space left", remedy="free some and run the same command again: it goes on") from error
        raise ConfigError(f"{place}: cannot be written: {error.strerror}", remedy="name another --out") from error


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file whole or not at all. Raises DiskFull, ConfigError."""
    with disk_errors(path):
        beside = path.with_name(f".{path.name}.new")
        _write_json(beside, value)
        beside.replace(path)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
