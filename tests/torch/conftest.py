"""Loads torch's compiler before TensorFlow: the other way round its library ends the process (both carry an LLVM of their own)."""

from __future__ import annotations

import contextlib
import importlib.util
import re
from pathlib import Path

import torch

with contextlib.suppress(ImportError):  # torch for the CPU alone comes without it
    import triton  # noqa: F401

_OPERATION = r'register_fake\("torchvision::(\w+)"'

with contextlib.suppress(ImportError):
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        # Where torch came without CUDA, torchvision's compiled part does not load, and its import asks for it. EasyOCR without its
        # detector uses the Python part alone, so empty operations do.
        found = importlib.util.find_spec("torchvision")
        for place in (found.submodule_search_locations or ()) if found else ():
            source = Path(place, "_meta_registrations.py").read_text(encoding="utf-8")
            for name in {"nms", *re.findall(_OPERATION, source)}:
                torch.library.define(f"torchvision::{name}", "(Tensor boxes) -> Tensor")
