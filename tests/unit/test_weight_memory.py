"""Where weights lie in memory."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.generate.memory import LINE, empty_array, placed_array

SHAPES = st.lists(st.integers(0, 9), min_size=0, max_size=3).map(tuple)


@given(SHAPES, st.sampled_from(["float32", "float16", ml_dtypes.bfloat16]))
def test_an_array_begins_at_a_line_and_can_be_written_to(shape: tuple[int, ...], dtype: object) -> None:
    array = empty_array(shape, dtype)
    array[...] = 1
    assert array.shape == shape
    assert array.dtype == np.dtype(dtype)  # type: ignore[call-overload]
    assert array.flags.c_contiguous
    assert array.ctypes.data % LINE == 0 or array.size == 0


@pytest.mark.parametrize("dtype", [None, "float32", ml_dtypes.bfloat16])
def test_a_copy_has_the_same_numbers_however_its_original_lay(dtype: object) -> None:
    turned = np.arange(12, dtype=np.float32).reshape(3, 4).T
    copy = placed_array(turned, dtype)
    assert copy.flags.c_contiguous
    assert copy.ctypes.data % LINE == 0
    np.testing.assert_array_equal(copy.astype(np.float32), turned)
