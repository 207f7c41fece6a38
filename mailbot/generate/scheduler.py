"""Decides which request runs in which slot of the engine, and when: schedule → run → finish.

Pure: no tensor library, no clock; time is an argument in seconds of whatever clock the caller keeps. One thread calls it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from types import MappingProxyType

from mailbot.errors import MailbotError


class Busy(MailbotError):
    """As many requests wait as may wait."""

    retry = True
    fault = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request as the scheduler sees it: `length` prompt tokens, to be ended when `deadline` passes. `name` is unique."""

    name: str
    account: str
    length: int
    deadline: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Prompts to read together, padded to `bucket` tokens each: `names[i]` goes into `slots[i]`."""

    bucket: int
    slots: tuple[int, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What to do next: end the `late`, read the `admissions`, then let `running` (slot, name) go on in the first `width` slots.

    In a `hurry` somebody waits for the first slot that becomes free.
    """

    late: tuple[str, ...]
    admissions: tuple[Admission, ...]
    running: tuple[tuple[int, str], ...]
    width: int
    hurry: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """An ask whose turn it is, the bucket that holds what is to be read of it, and whether that is not all."""

    ask: Ask
    bucket: int
    begun: bool


class Scheduler:
    """Slots, and the queue before them. Accounts take turns; within an account first come, first served."""

    def __init__(
        self,
        *,
        slots: int,
        buckets: Sequence[int],
        rows: int = 1,
        budget: int = 4096,
        widths: Sequence[int] = (),
        waiting: int = 10_000,
    ) -> None:
        """`buckets` are the padded prompt lengths, `rows` the prompts read at once, `widths` the slot counts of a compiled step.

        `budget` bounds the padded prompt tokens read in one tick, so that running requests never stand still for long; one prompt
        is always read. At most `waiting` requests wait.
        """
        self._buckets = tuple(sorted(buckets))
        self._rows = rows
        self._budget = budget
        self._widths = tuple(sorted({one for one in widths if one < slots} | {slots}))
        self._most_waiting = waiting
        self._free = list(range(slots))
        self._running: dict[str, tuple[int, Ask]] = {}
        self._queues: dict[str, deque[Ask]] = {}
        self._waiting: dict[str, Ask] = {}

    @property
    def slots(self) -> int:
        """How many requests run at once."""
        return self._widths[-1]

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """How many requests have a slot."""
        return len(self._running)

    def submit(self, ask: Ask) -> None:
        """Let a request wait for its turn. Raises Busy when too many do, ValueError for a name in use or a prompt too long."""
        if ask.name in self._waiting or ask.name in self._running:
            raise ValueError(f"the request {ask.name!r} is there already")
        if not 1 <= ask.length <= self._buckets[-1]:
            raise ValueError(f"the prompt of {ask.name!r} has {ask.length} tokens, not 1 to {self._buckets[-1]}")
        if len(self._waiting) >= self._most_waiting:
            raise Busy(f"{self._most_waiting} drafts wait for the model already", remedy="try again later")
        self._waiting[ask.name] = ask
        self._queues.setdefault(ask.account, deque()).append(ask)

    def is_running(self, name: str) -> bool:
        """Return whether a request has a slot."""
        return name in self._running

    def finish(self, name: str) -> bool:
        """Take a request out, wherever it is: it ended, or nobody wants it any more. False when it is not there."""
        if name in self._running:
            slot, _ = self._running.pop(name)
            heappush(self._free, slot)
            return True
        if name not in self._waiting:
            return False
        ask = self._waiting.pop(name)
        queue = self._queues[ask.account]
        queue.remove(ask)
        if not queue:
            del self._queues[ask.account]
        return True

    def schedule(self, now: float, known: Callable[[str], int] = lambda name: 0) -> Tick:
        """Give free slots to those whose turn it is, and end what is past its deadline.

        `known(name)` says how many of a prompt's first tokens need not be read; such prompts are not read together with others.
        """
        late = tuple(ask.name for ask in self._all() if ask.deadline is not None and ask.deadline <= now)
        for name in late:
            self.finish(name)
        chosen: list[_Chosen] = []
        read = 0
        while len(chosen) < len(self._free) and (one := self._next(self._budget - read if chosen else None, known)):
            chosen.append(one)
            read += one.bucket
        admissions = tuple(self._admit(chosen))
        running = tuple(sorted((slot, name) for name, (slot, _) in self._running.items()))
        highest = running[-1][0] if running else -1
        width = next(one for one in self._widths if one > highest)
        hurry = bool(self._waiting) and not self._free
        return Tick(late=late, admissions=admissions, running=running, width=width, hurry=hurry)

    def shrink(self, slots: int, written: Mapping[str, int] = MappingProxyType({})) -> tuple[str, ...]:
        """Go on with fewer slots, for a device out of memory: what runs waits again, before all others; return those names.

        `written` says how many tokens of a text stand already: they are read again after its prompt.
        """
        again = [replace(ask, length=ask.length + written.get(ask.name, 0)) for _, ask in self._running.values()]
        self._running.clear()
        for ask in reversed(again):
            self._waiting[ask.name] = ask
            self._queues = {ask.account: deque([ask, *self._queues.pop(ask.account, ())]), **self._queues}
        self._widths = tuple(sorted({one for one in self._widths if one < slots} | {slots}))
        self._free = list(range(slots))
        return tuple(ask.name for ask in again)

    def _all(self) -> Iterator[Ask]:
        yield from self._waiting.values()
        for _, ask in self._running.values():
            yield ask

    def _next(self, budget: int | None, known: Callable[[str], int]) -> _Chosen | None:
        """Take the ask whose turn it is, and put its account at the end of the round; None when none waits or it is too long."""
        if not self._queues:
            return None
        account, queue = next(iter(self._queues.items()))
        begun = known(queue[0].name)
        bucket = next(one for one in self._buckets if one >= queue[0].length - begun)
        if budget is not None and bucket > budget:
            return None
        ask = queue.popleft()
        del self._waiting[ask.name], self._queues[account]
        if queue:
            self._queues[account] = queue
        return _Chosen(ask=ask, bucket=bucket, begun=begun > 0)

    def _admit(self, chosen: Sequence[_Chosen]) -> Iterator[Admission]:
        """Give each ask the lowest free slot, and yield them by bucket, as many at once as are read at once."""
        heapify(self._free)
        groups: dict[tuple[int, bool], list[tuple[int, str]]] = {}
        for one in chosen:
            slot = heappop(self._free)
            self._running[one.ask.name] = (slot, one.ask)
            groups.setdefault((one.bucket, one.begun), []).append((slot, one.ask.name))
        for (bucket, _), members in groups.items():
            for start in range(0, len(members), self._rows):
                slots, names = zip(*members[start : start + self._rows], strict=True)
                yield Admission(bucket=bucket, slots=slots, names=names)
