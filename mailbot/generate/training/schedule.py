"""The learning rate of each step: a linear warm-up, then a cosine to a floor, or the inverse square root of the step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSchedule:
    """`peak` is reached after `warmup` steps; a cosine ends at `floor` times the peak (Loshchilov & Hutter 2017, no restarts)."""

    kind: Literal["cosine", "inverse-sqrt"]
    peak: float
    steps: int
    warmup: int
    floor: float = 0.1

    def rate(self, step: int) -> float:
        """Return the rate of a step, counted from 0."""
        if step < self.warmup:
            return self.peak * (step + 1) / self.warmup
        if self.kind == "inverse-sqrt":
            # Vaswani et al. 2017, section 5.3, with the peak given instead of the width
            return self.peak * math.sqrt(max(self.warmup, 1) / (step + 1))
        done = min(1.0, (step - self.warmup) / max(1, self.steps - self.warmup))
        return self.peak * (self.floor + (1 - self.floor) * (1 + math.cos(math.pi * done)) / 2)
