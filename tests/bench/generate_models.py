"""Models with random weights to measure with, and a tokenizer that costs nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

GPT2 = {
    "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_embd": 768, "n_head": 12, "n_layer": 12, "n_positions": 1024,
    "vocab_size": 50257, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5, "bos_token_id": 0, "eos_token_id": 0,
}  # fmt: skip
QWEN2 = {
    "model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "hidden_size": 1536, "num_attention_heads": 12,
    "num_key_value_heads": 2, "num_hidden_layers": 28, "intermediate_size": 8960, "vocab_size": 151_936,
    "max_position_embeddings": 32_768, "tie_word_embeddings": True, "rope_theta": 1e6, "rms_norm_eps": 1e-6,
}  # fmt: skip
SMALL = {"n_embd": 192, "n_head": 6, "n_layer": 3, "vocab_size": 8000}
SMALL_QWEN2 = {
    "hidden_size": 256, "num_attention_heads": 4, "num_hidden_layers": 4, "intermediate_size": 704, "vocab_size": 8000,
}  # fmt: skip


def write_checkpoint(directory: Path, config: Mapping[str, Any]) -> None:
    """Write a Hugging Face directory with random weights, float32. No tokenizer."""
    from safetensors.numpy import save_file

    from mailbot.generate.architecture import parse_architecture
    from mailbot.generate.tensors import tensors_of

    random = np.random.default_rng(0)
    arrays = {}
    for tensor in tensors_of(parse_architecture(config, "config.json")):
        for name, shape in zip(tensor.sources, tensor.shapes, strict=True):
            array = 0.02 * random.standard_normal(shape, dtype=np.float32)
            arrays[name] = array + 1 if "norm" in tensor.name and not tensor.name.endswith("bias") else array
    save_file(arrays, directory / "model.safetensors", metadata={"format": "pt"})
    (directory / "config.json").write_text(json.dumps(config))


def random_weights(shape: Any, dtype: str) -> dict[str, Any]:
    """Return the weights of an architecture as `Checkpoint.load_weights` would, from one block of random numbers."""
    import ml_dtypes

    from mailbot.generate.tensors import tensors_of

    block = (0.02 * np.random.default_rng(0).standard_normal(1 << 20, dtype=np.float32)).astype(
        ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype
    )
    weights: dict[str, Any] = {"layers": tuple({} for _ in range(shape.layers))}
    for tensor in tensors_of(shape):
        shapes = [one[::-1] for one in tensor.shapes] if tensor.turned else tensor.shapes
        into = weights if tensor.layer is None else weights["layers"][tensor.layer]
        into[tensor.name] = np.resize(block, (*shapes[0][:-1], sum(one[-1] for one in shapes)))
    return weights


class Numbers:
    """A tokenizer for prompts written as numbers: "17 4 250"."""

    all_special_tokens: Sequence[str] = ()
    chat_template = None

    def get_added_vocab(self) -> Mapping[str, int]:
        """No tokens beside the numbers."""
        return {}

    def __call__(self, text: str, **_: object) -> Mapping[str, Sequence[int]]:
        """Return the numbers."""
        return {"input_ids": [int(one) for one in text.split()]}

    def decode(self, tokens: Sequence[int], **_: object) -> str:
        """Write the numbers."""
        return "".join(f"{token} " for token in tokens)
