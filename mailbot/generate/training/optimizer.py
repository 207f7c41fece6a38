"""AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2) and clipping by the global norm, as plain functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mailbot.generate.backend import ops

Array = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class AdamW:
    """`decay` is decoupled and spares what has one axis only: norms and biases."""

    betas: tuple[float, float]
    decay: float
    epsilon: float = 1e-8

    def moved(self, weight: Array, gradient: Array, mean: Array, square: Array, rate: Array, step: Array) -> tuple[Array, ...]:
        """Return weight, mean and square after a step (counted from 1, float32), all float32."""
        first, second = self.betas
        mean = first * mean + (1 - first) * gradient
        square = second * square + (1 - second) * gradient * gradient
        unbiased = ops.sqrt(square / (1 - second**step)) + self.epsilon
        if len(weight.shape) > 1 and self.decay:
            weight = weight * (1 - rate * self.decay)
        return weight - rate * (mean / (1 - first**step)) / unbiased, mean, square


def clipped(gradients: Sequence[Array], most: float) -> tuple[list[Array], Array]:
    """Return the gradients scaled so that their norm as one vector is at most `most` (0: left alone), and the norm before."""
    norm = ops.sqrt(sum(ops.sum(ops.square(gradient)) for gradient in gradients))
    if not most:
        return list(gradients), norm
    scale = ops.minimum(1.0, most / (norm + 1e-6))
    return [gradient * scale for gradient in gradients], norm
