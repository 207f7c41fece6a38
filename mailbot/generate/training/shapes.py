"""Models made from nothing: their architecture, their first weights, and the config.json that states them."""

from __future__ import annotations

from typing import Any

import numpy as np

from mailbot.errors import UsageError
from mailbot.generate.architecture import Architecture
from mailbot.generate.checkpoint import Weights
from mailbot.generate.tensors import tensors_of
from mailbot.generate.training.options import Shape

SPREAD = 0.02
"""The standard deviation that matrices start with (Radford et al. 2019)."""


def config_of(shape: Shape, vocabulary: int, end: int) -> dict[str, Any]:
    """Return the config.json of a model; `end` is the token that ends a text. Raises UsageError."""
    if min(shape.layers, shape.width, shape.heads, shape.window) < 1 or shape.width % (2 * shape.heads):
        raise UsageError(
            f"{shape.heads} heads do not divide a width of {shape.width} into even parts",
            remedy="give a width of 64 times the heads",
        )
    if shape.family == "gpt2":
        return {
            "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": vocabulary, "n_positions": shape.window,
            "n_embd": shape.width, "n_layer": shape.layers, "n_head": shape.heads, "n_inner": shape.inner or 4 * shape.width,
            "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5, "tie_word_embeddings": True,
            "bos_token_id": end, "eos_token_id": end,
        }  # fmt: skip
    # SwiGLU has three matrices where a plain layer has two: 8/3 of the width keeps the size (Shazeer 2020), in steps of 16
    inner = shape.inner or -(-shape.width * 8 // (3 * 16)) * 16
    return {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": vocabulary,
        "max_position_embeddings": shape.window, "hidden_size": shape.width, "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads, "num_key_value_heads": shape.kv_heads or shape.heads,
        "head_dim": shape.width // shape.heads, "intermediate_size": inner, "hidden_act": "silu", "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0, "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
        "attention_bias": False, "mlp_bias": False, "tie_word_embeddings": True, "bos_token_id": None, "eos_token_id": end,
    }  # fmt: skip


def first_weights(architecture: Architecture, seed: int) -> Weights:
    """Return random weights: matrices normal, those that end a residual part scaled down by its depth, norms one, biases zero."""
    numbers = np.random.default_rng(seed)
    weights: Weights = {}
    layers: list[Weights] = [{} for _ in range(architecture.layers)]
    for tensor in tensors_of(architecture):
        dims = [tuple(reversed(dim)) if tensor.turned else dim for dim in tensor.shapes]
        whole = (*dims[0][:-1], sum(dim[-1] for dim in dims))
        if len(whole) == 1:
            value = np.full(whole, 0.0 if tensor.name.endswith("_bias") else 1.0, np.float32)
        else:
            spread = SPREAD / (2 * architecture.layers) ** 0.5 if tensor.name in ("out", "down") else SPREAD
            value = numbers.normal(0.0, spread, whole).astype(np.float32)
        (weights if tensor.layer is None else layers[tensor.layer])[tensor.name] = value
    weights["layers"] = tuple(layers)
    return weights
