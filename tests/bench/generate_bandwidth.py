"""Measures how near decoding comes to the limit of the device's memory: every step reads all weights and all keys and values.

The limit is bandwidth / (bytes of the weights + batch · bytes of keys and values of the mean context) steps a second; the bandwidth
is that of a copy of one large array on the same device.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from tests.bench.generate_models import GPT2, QWEN2, SMALL, SMALL_QWEN2, random_weights

BATCHES = (1, 8, 64)
CONTEXT, STEPS = 256, 64
"""Each text has so many positions read before, and writes so many more."""


def measure(*, small: bool, dtype: str = "") -> dict[str, Any]:
    """Measure both models at every batch."""
    from mailbot.generate.architecture import parse_architecture
    from mailbot.generate.backend import NAME, on_accelerator

    dtype = dtype or ("bfloat16" if on_accelerator() else "float32")
    bandwidth = copy_bandwidth(256 << 20 if on_accelerator() else 64 << 20, dtype)
    rows = []
    for name, config in (("GPT-2 small", GPT2 | (SMALL if small else {})), ("Qwen2 1.5B", QWEN2 | (SMALL_QWEN2 if small else {}))):
        shape = parse_architecture(config, "config.json")
        each = 2 if dtype == "bfloat16" else 4
        for batch in BATCHES:
            seconds, read = seconds_per_step(shape, batch, dtype)
            steps = bandwidth / (read + batch * shape.cache_bytes(CONTEXT + STEPS // 2, each))
            rows.append(
                {"model": f"{name}{', made small' * small}", "batch": batch, "rate": batch / seconds, "limit": batch * steps}
            )
    return {"backend": NAME, "dtype": dtype, "bandwidth": bandwidth, "rows": rows}


def seconds_per_step(shape: Any, batch: int, dtype: str) -> tuple[float, int]:
    """Return the seconds of one step of all slots, the best of three runs, and the bytes of the weights that it reads."""
    from mailbot.generate.slots import Slots

    weights = random_weights(shape, dtype)
    read = sum(array.nbytes for layer in weights["layers"] for array in layer.values())
    read += weights["embed" if shape.tied else "head"].nbytes
    window = CONTEXT + STEPS
    slots = Slots(shape, weights, slots=batch, window=window, chunk=STEPS, rows=1, stop_ids=(), dtype=dtype)
    del weights
    best = float("inf")
    for _ in range(4):  # the first one compiles
        slots._position[:], slots._left[:], slots._token[:] = CONTEXT, STEPS, np.arange(1, batch + 1)
        begin = time.perf_counter()
        slots.run(batch, window)
        best = min(best, (time.perf_counter() - begin) / STEPS)
    return best, read


def copy_bandwidth(numbers: int, dtype: str) -> float:
    """Return the bytes a second that are read and written when a large array is copied on the device."""
    from mailbot.generate.backend import Resident, ops

    def step(_: Any, state: list[Any], more: Any) -> tuple[list[Any], Any]:
        return [state[0] + ops.cast(more, dtype)], more

    resident = Resident({}, [(numbers,)], dtype)
    run = resident.compiled(step)
    times = 10
    best = float("inf")
    for _ in range(4):
        begin = time.perf_counter()
        for _ in range(times):
            done = run(np.float32(1))
        ops.convert_to_numpy(done)
        ops.convert_to_numpy(resident._state[0][:1])
        best = min(best, (time.perf_counter() - begin) / times)
    return 2 * numbers * (2 if dtype == "bfloat16" else 4) / best


def show(found: dict[str, Any]) -> str:
    """Return the figures as a Markdown table."""
    lines = [
        f"{found['backend']}, {found['dtype']}; a copy moves {found['bandwidth'] / 1e9:,.0f} GB/s", "",
        "| model | batch | tokens/s | the memory's limit | of it |", "| --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    lines += [
        f"| {one['model']} | {one['batch']} | {one['rate']:,.0f} | {one['limit']:,.0f} | {one['rate'] / one['limit']:.0%} |"
        for one in found["rows"]
    ]
    return "\n".join(lines)
