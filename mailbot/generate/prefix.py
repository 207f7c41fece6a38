"""Decides which beginning of a prompt need not be read again: what several prompts begin with is kept on the device.

Pure: it knows tokens and the numbers of the entries, not what they hold. Found by itself: what a prompt shares with an earlier one
is kept, since a third is likely to begin so too. One thread calls it.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass

LEAST = 32
"""Fewer tokens than this are read as fast as they are taken over."""

RECENT = 32
"""So many prompts are remembered, to find what they have in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """The first `length` tokens of a prompt stand in `entry`."""

    entry: int
    length: int


class Prefixes:
    """The entries: which tokens stand in each, and which was used last."""

    def __init__(self, *, entries: int, longest: int, least: int = LEAST) -> None:
        """Keep up to `entries` beginnings, of `least` to `longest` tokens each. 0 entries: nothing is ever kept."""
        self.entries = entries if longest >= least else 0
        self._free = list(range(self.entries))
        self._longest = longest
        self._least = least
        self._kept: OrderedDict[int, tuple[int, ...]] = OrderedDict()
        self._recent: deque[tuple[int, ...]] = deque(maxlen=RECENT if self.entries else 0)

    def clear(self) -> None:
        """Forget everything: the entries no longer hold what they held."""
        self._free = list(range(self.entries))
        self._kept.clear()
        self._recent.clear()

    def serve(self, prompt: Sequence[int], buckets: Sequence[int]) -> Use | None:
        """Return what to take over so that the rest fits a smaller bucket; None where nothing makes it smaller.

        `buckets` are the padded lengths in ascending order, the last of them the window: beginning and bucket fit it together.
        """
        begin = tuple(prompt[: self._longest])
        entry, length = max(((entry, shared(begin, tokens)) for entry, tokens in self._kept.items()), key=_length, default=(0, 0))
        # the last token is always read: what follows it is what is asked for
        length = min(length, len(prompt) - 1)
        for bucket in buckets:
            taken = min(length, buckets[-1] - bucket)
            if bucket >= len(prompt) or taken < self._least:
                return None
            if len(prompt) - taken <= bucket:
                return Use(entry=entry, length=taken)
        return None

    def seen(self, prompt: Sequence[int], use: Use | None = None) -> Use | None:
        """Note that a prompt was read, by `use`; return which entry is to hold how much of it from now on, if any."""
        begin = tuple(prompt[: self._longest])
        if use is not None and use.entry in self._kept:
            self._kept.move_to_end(use.entry)
        common = max((shared(begin, other) for other in self._recent), default=0)
        self._recent.append(begin)
        known = max((shared(begin, tokens) for tokens in self._kept.values()), default=0)
        if common < known + self._least:
            return None
        entry = self._entry_for(begin[:common])
        self._kept[entry] = begin[:common]
        self._kept.move_to_end(entry)
        return Use(entry=entry, length=common)

    def _entry_for(self, tokens: tuple[int, ...]) -> int:
        """Return the entry that these tokens go on from, else a free one, else the one that was not used longest."""
        for entry, kept in self._kept.items():
            if shared(tokens, kept) == len(kept):
                return entry
        return self._free.pop(0) if self._free else next(iter(self._kept))


def shared(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    """Return how many tokens both begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _length(found: tuple[int, int]) -> int:
    return found[1]
