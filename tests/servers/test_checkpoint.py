"""Model directories: what is read, and the one clear error for what is not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from mailbot.errors import ConfigError
from mailbot.generate.checkpoint import iterate_arrays, open_checkpoint

FIXTURES = Path(__file__).parents[1] / "fixtures" / "checkpoints"
NAMES = sorted(path.name for path in FIXTURES.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_a_checkpoint_is_read(name: str) -> None:
    checkpoint = open_checkpoint(FIXTURES / name)
    arrays = list(iterate_arrays(checkpoint.load_weights()))
    assert sum(array.size for array in arrays) == checkpoint.parameters
    stored = sum(tensor.size for file in (FIXTURES / name).glob("model*.safetensors") for tensor in load_file(file).values())
    assert checkpoint.parameters == stored
    assert all(array.dtype == np.float32 and array.flags.c_contiguous and np.isfinite(array).all() for array in arrays)
    assert checkpoint.stop_ids == (2,)


def test_half_precision_is_kept_or_widened() -> None:
    checkpoint = open_checkpoint(FIXTURES / "qwen3-bf16")
    wide, half = checkpoint.load_weights("float32"), checkpoint.load_weights("bfloat16")
    assert str(half["embed"].dtype) == "bfloat16"
    np.testing.assert_array_equal(half["embed"].astype(np.float32), wide["embed"])


def test_projections_are_joined_in_the_order_of_the_heads() -> None:
    checkpoint = open_checkpoint(FIXTURES / "qwen2")
    stored = load_file(FIXTURES / "qwen2" / "model.safetensors")
    layer = checkpoint.load_weights()["layers"][1]
    at = "model.layers.1.self_attn."
    np.testing.assert_array_equal(layer["qkv"], np.concatenate([stored[f"{at}{one}_proj.weight"].T for one in "qkv"], axis=1))
    np.testing.assert_array_equal(layer["qkv_bias"], np.concatenate([stored[f"{at}{one}_proj.bias"] for one in "qkv"]))


def test_old_gpt2_files_without_prefix_and_with_mask_buffers(tmp_path: Path) -> None:
    folder = shutil.copytree(FIXTURES / "gpt2", tmp_path / "m")
    stored = {name.removeprefix("transformer."): tensor for name, tensor in load_file(folder / "model.safetensors").items()}
    stored["h.0.attn.bias"] = np.tril(np.ones((1, 1, 64, 64), np.float32))
    stored["h.0.attn.masked_bias"] = np.array(-10000.0, np.float32)
    save_file(stored, folder / "model.safetensors")
    old, new = open_checkpoint(folder).load_weights(), open_checkpoint(FIXTURES / "gpt2").load_weights()
    for left, right in zip(iterate_arrays(old), iterate_arrays(new), strict=True):
        np.testing.assert_array_equal(left, right)


def test_configs_from_before_transformers_5(tmp_path: Path) -> None:
    folder = shutil.copytree(FIXTURES / "llama3", tmp_path / "m")
    config = json.loads((folder / "config.json").read_text())
    parameters = config.pop("rope_parameters")
    config["rope_theta"] = parameters.pop("rope_theta")
    config["rope_scaling"] = parameters
    (folder / "config.json").write_text(json.dumps(config))
    assert open_checkpoint(folder).architecture == open_checkpoint(FIXTURES / "llama3").architecture


def test_a_sliding_window_shortens_the_usable_one(tmp_path: Path) -> None:
    folder = shutil.copytree(FIXTURES / "qwen2", tmp_path / "m")
    change(use_sliding_window=True, sliding_window=32)(folder)
    assert open_checkpoint(folder).architecture.window == 32


def change(**values: Any) -> Callable[[Path], None]:
    """Return what changes values of a config.json; None removes one."""

    def broken(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text()) | values
        (folder / "config.json").write_text(json.dumps({key: value for key, value in config.items() if value is not None}))

    return broken


def rewrite(change_tensors: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    """Return what changes the tensors of a single weight file."""

    def broken(folder: Path) -> None:
        tensors = load_file(folder / "model.safetensors")
        change_tensors(tensors)
        save_file(tensors, folder / "model.safetensors")

    return broken


def cut(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])


def lead_outside(folder: Path) -> None:
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "../../etc/passwd"}}')


def only_pickles(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "another architecture": (change(model_type="mixtral"), "'mixtral' is not supported; use .* gpt2, llama, qwen2 or qwen3"),
    "no architecture": (change(model_type=None), "None is not supported"),
    "quantised": (change(quantization_config={"bits": 4}), "quantised weights are not read"),
    "yarn": (change(rope_parameters={"rope_type": "yarn", "factor": 4.0}), "supported are default, linear and llama3"),
    "half-rotated": (change(partial_rotary_factor=0.5), "only whole heads are rotated"),
    "rope is a list": (change(rope_scaling=[1], rope_parameters=None), "an object is expected"),
    "no width": (change(hidden_size=None), "hidden_size: a whole number above 0 is expected, not None"),
    "a text for a number": (change(num_hidden_layers="2"), "num_hidden_layers: a whole number"),
    "activation": (change(hidden_act="relu2"), "'relu2' is not supported; supported are gelu"),
    "heads": (change(num_key_value_heads=3), "do not divide among 3"),
    "more layers than weights": (change(num_hidden_layers=3), "tensors are missing: model.layers.2."),
    "fewer layers than weights": (change(num_hidden_layers=1), "of another architecture: model.layers.1."),
    "another width": (change(vocab_size=97), r"is \[96, 32\], config.json says \[97, 32\]"),
    "an adapter's tensor": (rewrite(lambda all: all.update({"lora.A": np.ones(3, np.float32)})), "of another architecture: lora.A"),
    "whole numbers": (
        rewrite(lambda all: all.update({"model.norm.weight": np.ones(32, np.int8)})), "stored as I8; supported are F32, F16, BF16"
    ),
    "cut short": (cut, "cannot be read .* copy the file again"),
    "an index that leads outside": (lead_outside, "names a file outside the directory"),
    "an index of nothing": (lambda folder: (folder / "model.safetensors.index.json").write_text("{}"), "no weight_map"),
    "pickles only": (only_pickles, "can run code and are not read"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "no model.safetensors"),
    "no config": (lambda folder: (folder / "config.json").unlink(), "config.json: no such file"),
    "no JSON": (lambda folder: (folder / "config.json").write_text("{"), "config.json: cannot be read"),
    "JSON without end": (lambda folder: (folder / "config.json").write_text("[" * 100_000), "config.json: cannot be read"),
    "a list": (lambda folder: (folder / "config.json").write_text("[]"), "a JSON object is expected"),
    "no directory": (shutil.rmtree, "no such directory"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_read_is_one_clear_error(what: str, tmp_path: Path) -> None:
    folder = shutil.copytree(FIXTURES / "qwen2", tmp_path / "m")
    breaking, message = BROKEN[what]
    breaking(folder)
    with pytest.raises(ConfigError, match=message) as caught:
        open_checkpoint(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    folder = shutil.copytree(FIXTURES / "llama3", tmp_path / "m")
    (folder / "model-00002-of-00005.safetensors").unlink()
    with pytest.raises(ConfigError, match=r"1 of 5 weight files are missing: model-00002-of-00005.safetensors"):
        open_checkpoint(folder)


def test_gpt2_variants_that_compute_otherwise_are_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(FIXTURES / "gpt2", tmp_path / "m")
    change(scale_attn_by_inverse_layer_idx=True)(folder)
    with pytest.raises(ConfigError, match="scale_attn_weights"):
        open_checkpoint(folder)


def test_the_tokenizer_is_the_checkpoints_own() -> None:
    tokenizer = open_checkpoint(FIXTURES / "gpt2-text").load_tokenizer()
    text = "Invoice 4711: 您好, EUR 1,939.00"
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "it has no tokenizer"),
        ("{", "its tokenizer cannot be read"),
        ('{"version": "1.0", "model": {"type": "Magic"}}', "its tokenizer cannot be read"),
    ],
)
def test_a_tokenizer_that_cannot_be_read_is_one_clear_error(tmp_path: Path, content: str | None, message: str) -> None:
    folder = shutil.copytree(FIXTURES / "gpt2-text", tmp_path / "m")
    (folder / "tokenizer.json").unlink()
    if content:
        (folder / "tokenizer.json").write_text(content)
    with pytest.raises(ConfigError, match=message):
        open_checkpoint(folder).load_tokenizer()


def test_a_tokenizer_of_another_model_is_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(FIXTURES / "gpt2", tmp_path / "m")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(FIXTURES / "gpt2-text" / name, folder)
    with pytest.raises(ConfigError, match="its tokenizer has 320 tokens, the model 96"):
        open_checkpoint(folder).load_tokenizer()
