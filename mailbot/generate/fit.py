"""Whether a model fits a machine, and how fast it could write there: arithmetic on its shape, and on what the machine can do.

A token needs every weight once, so memory bandwidth bounds the speed of one text, and the processor's products that of many at
once. Both are bounds, not promises: the engine reaches a part of them.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mailbot.generate.architecture import Architecture
from mailbot.generate.tensors import tensors_of

RUNTIME_BYTES = 600_000_000
"""What Python and the tensor library take before any model is loaded."""

DEFAULT_WINDOW = 2048
"""Positions kept for each text unless the config says otherwise, as in the engine."""

PROBE_SECONDS = 0.4
PROBE_SIDE = 8192
"""Of a square matrix of float32, 256 MB: larger than caches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where a model would run: `memory` bytes it may still take, `bandwidth` bytes and `products` operations a second."""

    device: Literal["cpu", "gpu"]
    name: str
    memory: int
    bandwidth: float
    products: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a model takes in bytes, with so many `slots` of `window` positions.

    `working` is what a step takes besides: the attention scores of the longest prompt, or a second copy of the cache.
    """

    parameters: int
    weights: int
    cache: int
    working: int
    slots: int
    window: int
    dtype: Literal["float32", "bfloat16"]
    runtime: int = RUNTIME_BYTES

    @property
    def memory(self) -> int:
        """All of it."""
        return self.weights + self.cache + self.working + self.runtime

    def fits(self, machine: Machine) -> bool:
        """Whether the machine has that much left."""
        return self.memory <= machine.memory

    def speed(self, machine: Machine, texts: int) -> float:
        """Return the most tokens a second that `texts` together can get there, each half a window long."""
        reading = (self.weights + texts * self.cache / self.slots / 2) / machine.bandwidth
        computing = texts * 2 * self.parameters / machine.products
        return texts / max(reading, computing)


def needs(shape: Architecture, *, device: Literal["cpu", "gpu"], slots: int, window: int = 0) -> Needs:
    """Return what a model takes: float32 on a CPU, bfloat16 on a GPU. `window` 0: the model's own, at most DEFAULT_WINDOW."""
    parameters = sum(tensor.size for tensor in tensors_of(shape))
    each = 4 if device == "cpu" else 2
    room = min(window or DEFAULT_WINDOW, shape.window)
    cache = slots * shape.cache_bytes(room, each)
    # as measured on a CPU: four arrays of scores are alive at once, and two of the feed-forward layer, in float32
    reading = 4 * room * (4 * shape.heads * room + 2 * shape.inner * (2 if shape.gated else 1))
    return Needs(
        parameters=parameters,
        weights=parameters * each,
        cache=cache,
        working=max(cache, reading) + 4 * slots * shape.vocabulary,
        slots=slots,
        window=room,
        dtype="float32" if device == "cpu" else "bfloat16",
    )


def this_machine() -> Machine:
    """Look at this machine: its GPU where there is one that the tensor library uses, else its CPU. Takes about a second."""
    gpu = _gpu()
    if gpu and _uses_gpu():
        name, memory = gpu
        bandwidth, products = _probe_gpu()
        return Machine(device="gpu", name=name, memory=memory, bandwidth=bandwidth, products=products)
    bandwidth, products = _probe_cpu()
    return Machine(device="cpu", name=_cpu_name(), memory=memory_left(), bandwidth=bandwidth, products=products)


def memory_left(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the bytes of memory that a new process may take: what the system has, or what this one's control group leaves.

    Linux: /proc/meminfo MemAvailable; cgroup v2 memory.max less memory.current, v1 memory.limit_in_bytes less usage_in_bytes.
    """
    left = [int(line.split()[1]) * 1024 for line in _lines(proc / "meminfo") if line.startswith("MemAvailable:")]
    for line in _lines(proc / "self" / "cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        base = cgroups / controllers
        most, used = ("memory.max", "memory.current") if not controllers else ("memory.limit_in_bytes", "memory.usage_in_bytes")
        for group in (base / path.strip("/"), base):
            limit, taken = _number(group / most), _number(group / used)
            if limit is not None and taken is not None:
                left.append(max(0, limit - taken))
    return min(left, default=0)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _number(file: Path) -> int | None:
    value = next(iter(_lines(file)), "")
    return int(value) if value.isascii() and value.isdigit() else None


def _cpu_name() -> str:
    names = [line.partition(":")[2].strip() for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")]
    return f"{names[0]}, {len(names)} cores" if names else "this machine's CPU"


def _probe_cpu() -> tuple[float, float]:
    """Return bytes and operations a second, as one matrix meets a vector, and as two square ones meet."""
    import numpy as np

    large, column = np.ones((PROBE_SIDE, PROBE_SIDE), np.float32), np.ones(PROBE_SIDE, np.float32)
    square = np.ones((1024, 1024), np.float32)
    return large.nbytes * _rate(lambda: large @ column), 2 * 1024**3 * _rate(lambda: square @ square)


def _probe_gpu() -> tuple[float, float]:
    """The same on the GPU, in bfloat16."""
    from mailbot.generate.backend import ops

    large = ops.ones((2 * PROBE_SIDE, 2 * PROBE_SIDE), "bfloat16")
    column = ops.ones((2 * PROBE_SIDE, 1), "bfloat16")
    side = PROBE_SIDE

    def wait(product: object) -> None:
        ops.convert_to_numpy(product[:1, :1])  # type: ignore[index]

    square = large[:side, :side]
    bandwidth = 2 * (2 * side) ** 2 * _rate(lambda: wait(ops.matmul(large, column)))
    return bandwidth, 2 * side**3 * _rate(lambda: wait(ops.matmul(square, square)))


def _rate(work: Callable[[], object]) -> float:
    """Return how often a second something can be done, at its quickest: what else runs meanwhile must not count."""
    work()
    end, quickest = time.perf_counter() + PROBE_SECONDS, float("inf")
    while (begin := time.perf_counter()) < end:
        work()
        quickest = min(quickest, time.perf_counter() - begin)
    return 1 / quickest


def _gpu() -> tuple[str, int] | None:
    """Return name and free bytes of the first NVIDIA GPU, None where there is none."""
    command = ["nvidia-smi", "--query-gpu=name,memory.free", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout  # noqa: S603
        name, free = answer.splitlines()[0].rsplit(",", 1)
        return name.strip(), int(free) << 20
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


def _uses_gpu() -> bool:
    """Whether the tensor library computes there: the extra `gpu` is installed, and the driver fits."""
    # a running desk has its own model on that GPU: take no more of it than the probe needs
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    from mailbot.generate.backend import on_accelerator

    return on_accelerator()
