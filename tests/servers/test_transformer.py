"""The transformer computes what transformers and torch compute (the fixtures hold their logits), read at once or token by token."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from mailbot.generate import transformer
from mailbot.generate.architecture import Rope
from mailbot.generate.backend import ops
from mailbot.generate.checkpoint import open_checkpoint

FIXTURES = Path(__file__).parents[1] / "fixtures" / "checkpoints"
NAMES = sorted(path.name for path in FIXTURES.iterdir())
EXACT = 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_logits_are_those_of_torch(name: str) -> None:
    checkpoint = open_checkpoint(FIXTURES / name)
    expected = load_file(FIXTURES / name / "expected.safetensors")
    logits = transformer.forward(checkpoint.architecture, checkpoint.load_weights(), ops.convert_to_tensor(expected["tokens"]))
    assert np.abs(ops.convert_to_numpy(logits) - expected["logits"]).max() < EXACT


@pytest.mark.parametrize("name", NAMES)
def test_a_prompt_and_token_after_token_give_the_same_logits(name: str) -> None:
    checkpoint = open_checkpoint(FIXTURES / name)
    shape, weights = checkpoint.architecture, transformer.turn_for_decoding(checkpoint.load_weights())
    expected = load_file(FIXTURES / name / "expected.safetensors")
    tokens = expected["tokens"]
    lengths, slots, room = np.array([9, 4], np.int32), (2, 0), 32
    bucket = np.zeros((2, 12), np.int32)
    for row, length in enumerate(lengths):
        bucket[row, :length] = tokens[row, :length]
    logits, keys, values = transformer.prefill(shape, weights, ops.convert_to_tensor(bucket), ops.convert_to_tensor(lengths))
    for row, length in enumerate(lengths):
        assert np.abs(ops.convert_to_numpy(logits)[row] - expected["logits"][row, length - 1]).max() < EXACT

    # the prompts go into slots 2 and 0 of three, whose caches held something before
    before = np.random.default_rng(1).normal(size=(3, shape.kv_heads, room, shape.head_dim)).astype(np.float32)
    caches = []
    for made in (*keys, *values):
        cache = before.copy()
        cache[list(slots), :, :12] = ops.convert_to_numpy(made)
        caches.append(ops.convert_to_tensor(cache))
    key_caches, value_caches = caches[: shape.layers], caches[shape.layers :]
    for step in range(10):
        at = np.array([lengths[1] + step, 5, lengths[0] + step], np.int32)
        now = np.array([tokens[1, at[0]], 7, tokens[0, at[2]]], np.int32)
        logits, key_caches, value_caches = transformer.decode(
            shape, weights, key_caches, value_caches, ops.convert_to_tensor(now), ops.convert_to_tensor(at)
        )
        for row, slot in enumerate(slots):
            wanted = expected["logits"][row, at[slot]]
            assert np.abs(ops.convert_to_numpy(logits)[slot] - wanted).max() < EXACT


def test_a_decoded_token_is_written_at_its_position_and_nowhere_else() -> None:
    checkpoint = open_checkpoint(FIXTURES / "qwen3")
    shape, weights = checkpoint.architecture, checkpoint.load_weights()
    before = np.random.default_rng(2).normal(size=(3, shape.kv_heads, 16, shape.head_dim)).astype(np.float32)
    caches = [ops.convert_to_tensor(before) for _ in range(shape.layers)]
    positions = np.array([0, 7, 15], np.int32)
    _, keys, values = transformer.decode(
        shape, weights, caches, caches, ops.convert_to_tensor(np.array([5, 6, 7], np.int32)), ops.convert_to_tensor(positions)
    )
    for cache in (*keys, *values):
        changed = (ops.convert_to_numpy(cache) != before).any(axis=(1, 3))
        assert changed.tolist() == [[position == one for position in range(16)] for one in positions]


def test_half_precision_stays_near() -> None:
    checkpoint = open_checkpoint(FIXTURES / "qwen3-bf16")
    expected = load_file(FIXTURES / "qwen3-bf16" / "expected.safetensors")
    weights = checkpoint.load_weights("bfloat16")
    logits = transformer.forward(checkpoint.architecture, weights, ops.convert_to_tensor(expected["tokens"]))
    error = np.abs(ops.convert_to_numpy(logits) - expected["logits"])
    assert error.mean() < 0.02 * np.abs(expected["logits"]).max()


def test_rope_frequencies_as_llama_3_1_scales_them() -> None:
    plain = transformer.frequencies(Rope(theta=500_000.0), 128)
    scaled = transformer.frequencies(Rope(theta=500_000.0, scaling="llama3", factor=8.0), 128)
    wavelength = 2 * np.pi / plain
    np.testing.assert_allclose(scaled[wavelength < 8192 / 4], plain[wavelength < 8192 / 4])
    np.testing.assert_allclose(scaled[wavelength > 8192], plain[wavelength > 8192] / 8, rtol=1e-6)
    assert (np.diff(scaled) < 0).all()
    np.testing.assert_allclose(transformer.frequencies(Rope(theta=500_000.0, scaling="linear", factor=4.0), 128), plain / 4)
