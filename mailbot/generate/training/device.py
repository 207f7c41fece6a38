"""The machine under a training run: TensorFlow made quiet and exact, and the dtype that is fast here."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailbot.errors import ConfigError

NO_YNN = "--xla_cpu_experimental_ynn_fusion_type="
"""Keeps XLA from a kind of fusion whose programs must not be run first by two threads at once, as shards do: TensorFlow 2.21 then
writes where it may not, and the process dies (seen about once in fifty runs, and at once with eight threads)."""

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
"""Whether products are oneDNN's. TensorFlow takes them by itself only where a processor has AVX-512's instructions for networks;
with AVX2 alone they are a fifth faster than its others, and batched ones twice as fast (measured)."""


def settle(threads: int) -> None:
    """Make TensorFlow compute the same bits each time, on so many cores. Raises ConfigError where there is none."""
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        raise ConfigError("training needs TensorFlow", remedy="unset KERAS_BACKEND")
    os.environ.setdefault(ONEDNN, "1")
    if "ynn_fusion" not in os.environ.get("XLA_FLAGS", ""):
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {NO_YNN}".strip()
    with _hushed():
        # the backend says which packages are missing, and how to get them
        from mailbot.generate import backend  # noqa: F401  isort: skip
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
        try:
            tf.config.threading.set_inter_op_parallelism_threads(threads)
            # a shard keeps to one core: products shared among cores would wait for each other
            tf.config.threading.set_intra_op_parallelism_threads(1)
        except RuntimeError:
            # something was computed in this process before: its threads stay as they are, which changes no result
            return


def fast_dtype() -> str:
    """Return the dtype in which this machine multiplies fastest: bfloat16 on a GPU and on a CPU that knows it (measured: twice)."""
    from mailbot.generate.backend import on_accelerator

    return "bfloat16" if on_accelerator() or not {"avx512_bf16", "amx_bf16"}.isdisjoint(_flags()) else "float32"


def staggers() -> bool:
    """Return whether products here are slow where rows of numbers begin a multiple of 4 KiB apart (measured: half as fast).

    All of a column then wants the same few places of the cache. TensorFlow's kernels for AVX-512 copy what they read; those for
    AVX2 do not.
    """
    from mailbot.generate.backend import on_accelerator

    flags = _flags()
    return not on_accelerator() and "avx2" in flags and "avx512f" not in flags


def _flags() -> frozenset[str]:
    """Return what the processor says it can do; nothing where it says so elsewhere."""
    try:
        return frozenset(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:
        return frozenset()


@contextmanager
def _hushed() -> Iterator[None]:
    """Hold back what C++ code writes to stderr while it is loaded, unless loading fails: no setting silences it."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        except BaseException:
            said.seek(0)
            os.write(kept, said.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
