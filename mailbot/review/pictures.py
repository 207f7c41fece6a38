"""In charge of page pictures: each drawn once in a worker, and a few megabytes of them kept."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

KEPT_BYTES = 12_000_000


class Pictures:
    """A bounded cache of PNG bytes; the picture used longest ago goes first. One is drawn at a time, by the one worker there is."""

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._limit = kept_bytes
        self._drawing = asyncio.Lock()

    async def get(self, key: str, draw: Callable[[], Awaitable[bytes]]) -> bytes:
        """Return the picture of `key`, calling `draw` when it is not kept. Raises what `draw` raises."""
        if (kept := self._recall(key)) is not None:
            return kept
        async with self._drawing:
            if (kept := self._recall(key)) is not None:
                return kept
            png = await draw()
            self._kept[key] = png
            while self.bytes_kept > self._limit:
                self._kept.popitem(last=False)
            return png

    @property
    def bytes_kept(self) -> int:
        """How many bytes of pictures are held."""
        return sum(map(len, self._kept.values()))

    def _recall(self, key: str) -> bytes | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)
