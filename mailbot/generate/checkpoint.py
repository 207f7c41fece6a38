"""Reads a model from a Hugging Face directory: config.json, *.safetensors (whole or in shards), and its tokenizer. No torch.

Nothing in such a directory is run: weights come from safetensors only, and the tokenizer is loaded without remote code.
Format: https://huggingface.co/docs/safetensors, index file as transformers writes it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailbot.errors import ConfigError
from mailbot.generate.architecture import Architecture, parse_architecture
from mailbot.generate.tensors import Tensor, is_ignored, tensors_of

MAX_JSON_BYTES = 50_000_000
READABLE = {"F32": 4, "F16": 2, "BF16": 2}
"""The dtypes of safetensors that are read, with their bytes a number."""

TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json")

Weights = dict[str, Any]
"""Nested dicts and tuples of arrays, named as in `tensors`: {"embed": [V, D], …, "layers": ({"qkv": [D, Q], …}, …)}."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A directory whose files were found complete and of the right shapes; the numbers are read by `load_weights` only.

    `places` says which file holds which tensor, `tensors` what is made of them. `stop_ids` are the tokens that end a text.
    """

    directory: Path
    architecture: Architecture
    tensors: tuple[Tensor, ...]
    places: Mapping[str, Path]
    stop_ids: tuple[int, ...]

    @property
    def parameters(self) -> int:
        """How many numbers the model has."""
        return sum(tensor.size for tensor in self.tensors)

    def load_weights(self, dtype: str = "float32") -> Weights:
        """Read all numbers as numpy arrays of a dtype ("float32", "bfloat16", "float16"). Raises ConfigError."""
        import ml_dtypes
        import numpy as np

        from mailbot.generate.memory import empty_array

        target = np.dtype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
        layers: list[Weights] = [{} for _ in range(self.architecture.layers)]
        weights: Weights = {}
        with _Files(set(self.places.values())) as files:
            for tensor in self.tensors:
                parts = [files.array(self.places[name], name) for name in tensor.sources]
                if tensor.turned:
                    parts = [part.T for part in parts]
                whole = empty_array((*parts[0].shape[:-1], sum(part.shape[-1] for part in parts)), target)
                np.concatenate(parts, axis=-1, out=whole, casting="unsafe")
                into = weights if tensor.layer is None else layers[tensor.layer]
                into[tensor.name] = whole
        weights["layers"] = tuple(layers)
        return weights

    def load_tokenizer(self) -> Any:
        """Return transformers' own tokenizer of this directory. Raises ConfigError."""
        # transformers makes an empty tokenizer where there is no file of one, and advises torch, which is not wanted here
        if not any((self.directory / name).is_file() for name in TOKENIZER_FILES):
            raise ConfigError(f"{self.directory}: it has no tokenizer", remedy=f"copy {TOKENIZER_FILES[0]} there")
        os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
        try:
            from transformers import AutoTokenizer

            tokenizer = AutoTokenizer.from_pretrained(self.directory, local_files_only=True, trust_remote_code=False)
        except Exception as error:  # its Rust half raises plain Exception
            raise ConfigError(
                f"{self.directory}: its tokenizer cannot be read ({_short(error)})",
                remedy="copy tokenizer.json and tokenizer_config.json there from where the model came from",
            ) from error
        if len(tokenizer) > self.architecture.vocabulary:
            raise ConfigError(
                f"{self.directory}: its tokenizer has {len(tokenizer)} tokens, the model {self.architecture.vocabulary}",
                remedy="take tokenizer and weights of one and the same model",
            )
        return tokenizer


def open_checkpoint(directory: Path) -> Checkpoint:
    """Check a model's directory without reading its numbers.

    Raises ConfigError that names the file and what is wrong: missing, not supported, incomplete, of another shape than config.json
    says.
    """
    config_file = directory / "config.json"
    if not directory.is_dir():
        raise ConfigError(f"{directory}: no such directory", remedy="name a model's directory, with config.json in it")
    config = _read_json(config_file, "this is no Hugging Face model directory; config.json must be there")
    architecture = parse_architecture(config, str(config_file))
    tensors = tuple(tensors_of(architecture))
    places, shapes = _headers(directory)
    prefix = "transformer." if any(name.startswith("transformer.") for name in shapes) else ""
    if architecture.family == "gpt2" and not prefix:
        tensors = tuple(tensor.without("transformer.") for tensor in tensors)
    _check(directory, tensors, shapes)
    return Checkpoint(
        directory=directory,
        architecture=architecture,
        tensors=tensors,
        places=places,
        stop_ids=_stop_ids(directory, config, architecture.vocabulary),
    )


def _headers(directory: Path) -> tuple[dict[str, Path], dict[str, tuple[int, ...]]]:
    """Return where each tensor lies and its shape, from the headers of the files. Raises ConfigError."""
    from safetensors import SafetensorError, safe_open

    places: dict[str, Path] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    for file in _files(directory):
        try:
            with safe_open(file, framework="np") as opened:
                for name in opened.keys():  # noqa: SIM118  it is no mapping
                    header = opened.get_slice(name)
                    if header.get_dtype() not in READABLE and not is_ignored(name):
                        raise ConfigError(
                            f"{file}: {name} is stored as {header.get_dtype()}", remedy=f"supported are {', '.join(READABLE)}"
                        )
                    places[name] = file
                    shapes[name] = tuple(header.get_shape())
        except (OSError, SafetensorError) as error:
            raise ConfigError(f"{file}: cannot be read ({_short(error)})", remedy="copy the file again, whole") from error
    return places, shapes


def _files(directory: Path) -> list[Path]:
    """Return the safetensors files that make up the model."""
    single, index = directory / "model.safetensors", directory / "model.safetensors.index.json"
    if index.is_file():
        named = _read_json(index, "").get("weight_map")
        if not isinstance(named, dict) or not named:
            raise ConfigError(f"{index}: it has no weight_map", remedy="copy the file again, whole")
        names = sorted({str(one) for one in named.values()})
        if outside := [name for name in names if Path(name).name != name]:
            raise ConfigError(f"{index}: it names a file outside the directory: {outside[0]!r}", remedy="do not use this model")
        missing = [name for name in names if not (directory / name).is_file()]
        if missing:
            raise ConfigError(f"{directory}: {len(missing)} of {len(names)} weight files are missing: {missing[0]}",
                              remedy="copy the missing files there")  # fmt: skip
        return [directory / name for name in names]
    if single.is_file():
        return [single]
    pickles = any(directory.glob("*.bin")) or any(directory.glob("*.pt"))
    why = "only pickled weights, which can run code and are not read" if pickles else "no model.safetensors"
    raise ConfigError(
        f"{directory}: {why}", remedy="take the model's safetensors files: the single one, or all shards with their index"
    )


def _check(directory: Path, tensors: tuple[Tensor, ...], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise ConfigError unless the files hold exactly the tensors of the architecture, in their shapes."""
    wanted = {name: shape for tensor in tensors for name, shape in zip(tensor.sources, tensor.shapes, strict=True)}
    remedy = "take config.json and weights of one and the same model"
    if missing := [name for name in wanted if name not in shapes]:
        raise ConfigError(f"{directory}: {len(missing)} tensors are missing: {missing[0]}", remedy=remedy)
    for name, shape in wanted.items():
        if shapes[name] != shape:
            raise ConfigError(f"{directory}: {name} is {list(shapes[name])}, config.json says {list(shape)}", remedy=remedy)
    if unknown := [name for name in shapes if name not in wanted and not is_ignored(name)]:
        raise ConfigError(f"{directory}: {len(unknown)} tensors are of another architecture: {unknown[0]}", remedy=remedy)


def _stop_ids(directory: Path, config: Mapping[str, Any], vocabulary: int) -> tuple[int, ...]:
    """Return the tokens that end a text: generation_config.json has the last word, as in transformers."""
    generation = directory / "generation_config.json"
    stated = _read_json(generation, "").get("eos_token_id") if generation.is_file() else None
    stated = config.get("eos_token_id") if stated is None else stated
    ids = stated if isinstance(stated, list) else [] if stated is None else [stated]
    return tuple(sorted({one for one in ids if type(one) is int and 0 <= one < vocabulary}))


class _Files:
    """The open weight files of one load."""

    def __init__(self, paths: set[Path]) -> None:
        self._paths = paths
        self._open: dict[Path, Any] = {}

    def __enter__(self) -> _Files:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.clear()

    def array(self, path: Path, name: str) -> Any:
        """Return one tensor as a numpy array. Raises ConfigError."""
        from safetensors import SafetensorError, safe_open

        try:
            if path not in self._open:
                self._open[path] = safe_open(path, framework="np")
            return self._open[path].get_tensor(name)
        except (OSError, SafetensorError) as error:
            raise ConfigError(f"{path}: {name} cannot be read ({_short(error)})", remedy="copy the file again, whole") from error


def _read_json(path: Path, why: str) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise ConfigError(f"{path}: larger than {MAX_JSON_BYTES} bytes", remedy="take the model's own file")
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file", remedy=why) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: cannot be read ({_short(error)})", remedy="copy the file again, whole") from error
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: a JSON object is expected", remedy="take the model's own file")
    return value


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"


def iterate_arrays(weights: Weights) -> Iterator[Any]:
    """Yield every array of nested weights."""
    for value in weights.values():
        if isinstance(value, tuple):
            for layer in value:
                yield from layer.values()
        else:
            yield value
