"""What a run tells of itself while it goes on, and in the end."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What is about to be learnt, and from which step on. `left_out` examples are longer than a row."""

    step: int
    steps: int
    parameters: int
    trained: int
    vocabulary: int
    compute: str
    rows: int
    tokens: int
    learnt_examples: int
    held_out_examples: int
    left_out: int
    epochs: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped:
    """A step was taken: mean loss in nats a learnt token, tokens a second (padding is none), seconds left.

    Speed and time are 0 until they are known.
    """

    step: int
    loss: float
    rate: float
    tokens_per_second: float
    seconds_left: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """The held-out loss after a step; `better` than every one before."""

    step: int
    loss: float
    better: bool

    @property
    def perplexity(self) -> float:
        """Among how many tokens the model hesitates, as it were."""
        return math.exp(min(self.loss, 700.0))


Event = Started | Stepped | Evaluated


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended: "done", "early" (nothing got better any more) or "stopped" (by a signal; it can go on).

    `held_out_loss` is that of the model that was kept; `tokens` all that were read, padding is none; `seconds` of this start only.
    """

    end: str
    step: int
    held_out_loss: float
    tokens: int
    seconds: float
