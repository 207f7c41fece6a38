"""How glibc's malloc holds the memory of a process that computes: on huge pages, and for good. Other C libraries take no notice."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

TUNABLES = "GLIBC_TUNABLES"
"""The variable that glibc reads when a program is started (glibc manual, "Tunables")."""

HUGE_PAGES = "glibc.malloc.hugetlb=1"

KEPT = ":".join(
    (
        HUGE_PAGES,
        "glibc.malloc.mmap_max=0",
        "glibc.malloc.trim_threshold=1099511627776",
        "glibc.malloc.top_pad=67108864",
        "glibc.malloc.arena_max=1",
    )
)
"""Freed memory stays with the process. A training step takes and frees gigabytes in large blocks; given back to the kernel each
time, they come again page by page and zeroed, which took an eighth of a step where this was measured, and huge pages another."""


def keep(environment: Mapping[str, str] = os.environ) -> None:
    """Start this program again, in this process, with memory kept; whoever sets GLIBC_TUNABLES is left alone."""
    if sys.platform == "linux" and TUNABLES not in environment:
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**environment, TUNABLES: KEPT})  # noqa: S606 (no shell: it is this program)
