"""Whether a model fits and how fast it can be: the arithmetic, on the shapes of models that people use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mailbot.generate.architecture import parse_architecture
from mailbot.generate.fit import Machine, memory_left, needs

QWEN: dict[str, Any] = {
    "model_type": "qwen2", "vocab_size": 151_936, "num_key_value_heads": 2, "max_position_embeddings": 32_768,
    "tie_word_embeddings": True,
}  # fmt: skip
QWEN3: dict[str, Any] = QWEN | {"model_type": "qwen3", "num_key_value_heads": 8, "head_dim": 128, "max_position_embeddings": 40_960}
LLAMA: dict[str, Any] = {
    "model_type": "llama", "vocab_size": 128_256, "num_key_value_heads": 8, "max_position_embeddings": 131_072,
    "tie_word_embeddings": True,
}  # fmt: skip


def shape(base: dict[str, Any], width: int, layers: int, heads: int, inner: int, **more: Any) -> dict[str, Any]:
    sizes = {"hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads, "intermediate_size": inner}
    return base | sizes | more


PUBLIC = {
    "Qwen2.5-0.5B-Instruct": (shape(QWEN, 896, 24, 14, 4864), 494_032_768),
    "Qwen2.5-1.5B-Instruct": (shape(QWEN, 1536, 28, 12, 8960), 1_543_714_304),
    "Qwen3-0.6B": (shape(QWEN3, 1024, 28, 16, 3072), 596_049_920),
    "Qwen3-1.7B": (shape(QWEN3, 2048, 28, 16, 6144), 1_720_574_976),
    "Qwen3-4B-Instruct-2507": (shape(QWEN3, 2560, 36, 32, 9728, max_position_embeddings=262_144), 4_022_468_096),
    "Llama-3.2-1B-Instruct": (shape(LLAMA, 2048, 16, 32, 8192, head_dim=64), 1_235_814_400),
    "Llama-3.2-3B-Instruct": (shape(LLAMA, 3072, 28, 24, 8192, head_dim=128), 3_212_749_824),
}
"""The shapes in the public config.json of models that the README names, and the parameters that their makers state."""


@pytest.mark.parametrize("name", PUBLIC)
def test_parameters_of_public_models(name: str) -> None:
    config, parameters = PUBLIC[name]
    found = needs(parse_architecture(config, name), device="cpu", slots=1)
    assert found.parameters == parameters
    assert (found.weights, found.window, found.dtype) == (4 * parameters, 2048, "float32")


def test_memory_by_hand() -> None:
    architecture = parse_architecture(PUBLIC["Qwen2.5-0.5B-Instruct"][0], "config.json")
    found = needs(architecture, device="cpu", slots=2, window=2048)
    # keys and values of 24 layers, 2 heads of 64, 2048 positions, 2 texts, 4 bytes
    assert found.cache == 2 * 24 * 2 * 64 * 2048 * 2 * 4
    # four arrays of 14 × 2048 × 2048 scores, two of the 2 × 4864 wide inner layer, and the logits of two texts
    assert found.working == 4 * 4 * 14 * 2048 * 2048 + 2 * 4 * 2048 * 2 * 4864 + 4 * 2 * 151_936
    assert found.memory == found.weights + found.cache + found.working + found.runtime
    # 3.86 GB were measured at the most, with one prompt of nearly 2,048 tokens being read
    assert found.memory == pytest.approx(3.86e9, rel=0.05)


def test_a_gpu_takes_half_and_a_shorter_window_less() -> None:
    architecture = parse_architecture(PUBLIC["Qwen2.5-1.5B-Instruct"][0], "config.json")
    cpu, gpu = needs(architecture, device="cpu", slots=8), needs(architecture, device="gpu", slots=8)
    assert (gpu.weights * 2, gpu.cache * 2, gpu.dtype) == (cpu.weights, cpu.cache, "bfloat16")
    assert needs(architecture, device="cpu", slots=8, window=512).cache * 4 == cpu.cache
    assert needs(architecture, device="cpu", slots=8, window=10**6).window == 32_768


def test_speed_is_bounded_by_memory_then_by_products() -> None:
    found = needs(parse_architecture(PUBLIC["Qwen2.5-0.5B-Instruct"][0], "config.json"), device="cpu", slots=8)
    slow_memory = Machine(device="cpu", name="", memory=8 << 30, bandwidth=10e9, products=1e15)
    assert found.speed(slow_memory, 1) == pytest.approx(10e9 / (found.weights + found.cache / 16))
    assert found.speed(slow_memory, 8) == pytest.approx(8 * 10e9 / (found.weights + found.cache / 2))
    slow_products = Machine(device="cpu", name="", memory=8 << 30, bandwidth=1e15, products=10e9)
    assert found.speed(slow_products, 1) == pytest.approx(10e9 / (2 * found.parameters))
    assert found.speed(slow_products, 8) == pytest.approx(found.speed(slow_products, 1))


def test_it_fits_or_not() -> None:
    found = needs(parse_architecture(PUBLIC["Qwen2.5-0.5B-Instruct"][0], "config.json"), device="cpu", slots=1)
    machine = Machine(device="cpu", name="", memory=found.memory, bandwidth=1, products=1)
    assert found.fits(machine)
    assert not found.fits(Machine(device="cpu", name="", memory=found.memory - 1, bandwidth=1, products=1))


def tree(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


MEMINFO = "MemTotal: 8000000 kB\nMemFree: 100 kB\nMemAvailable: 4000000 kB\n"


@pytest.mark.parametrize(
    ("proc", "cgroups", "left"),
    [
        ({"meminfo": MEMINFO}, {}, 4_096_000_000),
        ({"meminfo": MEMINFO, "self/cgroup": "0::/box\n"}, {"box/memory.max": "max\n", "box/memory.current": "5\n"}, 4_096_000_000),
        ({"meminfo": MEMINFO, "self/cgroup": "0::/box\n"}, {"box/memory.max": "2000\n", "box/memory.current": "500\n"}, 1500),
        ({"meminfo": MEMINFO, "self/cgroup": "0::/\n"}, {"memory.max": "2000\n", "memory.current": "2500\n"}, 0),
        (
            {"meminfo": MEMINFO, "self/cgroup": "9:cpu:/\n4:memory:/docker/7\n0::/\n"},
            {"memory/memory.limit_in_bytes": "3000\n", "memory/memory.usage_in_bytes": "1000\n"},
            2000,
        ),
        ({}, {}, 0),
    ],
    ids=["no group", "no limit", "a limit", "over it", "version 1, seen from inside a container", "nothing known"],
)
def test_memory_that_is_left(proc: dict[str, str], cgroups: dict[str, str], left: int, tmp_path: Path) -> None:
    assert memory_left(tree(tmp_path / "proc", proc), tree(tmp_path / "cgroup", cgroups)) == left
