"""Loads torch's compiler before TensorFlow: the other way round its library ends the process (both carry an LLVM of their own)."""

from __future__ import annotations

import contextlib

import torch  # noqa: F401

with contextlib.suppress(ImportError):  # torch for the CPU alone comes without it
    import triton  # noqa: F401
