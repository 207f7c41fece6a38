"""LoRA (Hu et al. 2021, arXiv:2106.09685): a small change of low rank is learnt beside each matrix, and added to it in the end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mailbot.errors import UsageError
from mailbot.generate.checkpoint import Weights

TARGETS = ("qkv", "out", "up", "down")
"""The products of a layer that can be changed."""


def adapters(weights: Weights, rank: int, targets: Sequence[str], seed: int) -> Weights:
    """Return what is trained instead of the weights: NAME_lora_a [in, rank], random, and NAME_lora_b [rank, out], zero.

    So the model begins as it was. Raises UsageError.
    """
    if unknown := [name for name in targets if name not in TARGETS]:
        raise UsageError(f"--lora-targets: there is no {unknown[0]!r}", remedy=f"name some of {', '.join(TARGETS)}")
    numbers = np.random.default_rng(seed)
    layers = []
    for layer in weights["layers"]:
        made: Weights = {}
        for name in targets:
            into, out = layer[name].shape
            made[f"{name}_lora_a"] = numbers.normal(0.0, into**-0.5, (into, rank)).astype(np.float32)
            made[f"{name}_lora_b"] = np.zeros((rank, out), np.float32)
        layers.append(made)
    return {"layers": tuple(layers)}


def merged(weights: Weights, learnt: Weights, scale: float) -> Weights:
    """Return the weights with `scale` times each learnt change added, float32."""
    layers = []
    for layer, change in zip(weights["layers"], learnt["layers"], strict=True):
        whole = dict(layer)
        for name in TARGETS:
            if f"{name}_lora_a" in change:
                whole[name] = layer[name] + np.float32(scale) * (change[f"{name}_lora_a"] @ change[f"{name}_lora_b"])
        layers.append(whole)
    return {**weights, "layers": tuple(layers)}
