"""A circuit breaker: decides whether a server that failed is asked again yet. Pure: the time is an argument.

Closed, everything is asked. After so many failures in a row it opens, and nothing is asked for a while. Then it is half open: one
request is the trial. If that is answered the circuit closes; if it fails it opens again, for twice as long.
"""

from __future__ import annotations

MOST_SECONDS = 600.0
"""The longest that a server is left alone."""


class Breaker:
    """The circuit of one server. Times are seconds of any clock that only goes forward."""

    def __init__(self, *, failures: int, seconds: float) -> None:
        """Open after `failures` in a row, for `seconds` at first."""
        self._limit = failures
        self._first = seconds
        self._failures = 0
        self._opened = 0
        self._until: float | None = None
        self._trying = False

    def may_ask(self, now: float) -> bool:
        """Return whether a request may go out now. When half open, True makes the caller's request the trial.

        Every True is to be followed by `answered`, `failed` or `abandoned`.
        """
        if self._until is None:
            return True
        if self._trying or now < self._until:
            return False
        self._trying = True
        return True

    def left(self, now: float) -> float:
        """Return the seconds until the next trial; 0 when there is nothing to wait for."""
        return max(0.0, (self._until or now) - now)

    @property
    def failures(self) -> int:
        """How many requests failed in a row."""
        return self._failures

    @property
    def closed(self) -> bool:
        """Whether everything is asked."""
        return self._until is None

    def answered(self) -> None:
        """Note that the server works."""
        self._failures = self._opened = 0
        self._until = None
        self._trying = False

    def failed(self, now: float, *, asked_to_wait: float = 0.0) -> None:
        """Note that the server does not; `asked_to_wait` is how long it wants to be left alone, if it said so.

        A request that went out before the circuit opened and fails after it changes nothing more.
        """
        self._failures += 1
        if self._until is not None and not self._trying:
            return
        broken = self._trying or self._failures >= self._limit
        if broken or asked_to_wait:
            seconds = self._first * 2 ** min(self._opened, 20) if broken else 0.0
            self._until = now + min(max(seconds, asked_to_wait), MOST_SECONDS)
            self._opened += 1
            self._trying = False

    def abandoned(self) -> None:
        """Note that a request was given up before it showed anything: the next one may be the trial."""
        self._trying = False
