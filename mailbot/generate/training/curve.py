"""Draws the loss curve of a run as a PNG: the loss of each step, smoothed, and the held-out loss."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 960, 480, 64, 16, 32, 40
INK, FAINT, LEARNT, SMOOTH, HELD_OUT = "#222222", "#dddddd", "#c9d8ee", "#2b5fa8", "#c4501b"
SMOOTHING = 0.95

Points = Sequence[tuple[int, float]]


def draw_curve(path: Path, learnt: Points, held_out: Points) -> None:
    """Write a picture of (step, nats a token); the file is replaced whole."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw = ImageDraw.Draw(image)
    losses = [loss for _, loss in (*learnt, *held_out)]
    if losses:
        # the first steps' losses are high whatever follows: the scale is for what follows
        settled = [loss for _, loss in learnt[len(learnt) // 20 :]] + [loss for _, loss in held_out]
        low, high = min(settled), max(settled)
        plot = _Plot(draw, last=max(step for step, _ in (*learnt, *held_out)), low=low, high=max(high, low + 1e-6))
        plot.grid()
        plot.line(learnt, LEARNT, 1)
        plot.line(_smoothed(learnt), SMOOTH, 2)
        plot.line(held_out, HELD_OUT, 2, dots=True)
        draw.text((LEFT, 10), "loss in nats a token:", fill=INK)
        draw.text((LEFT + 140, 10), "learnt from (smoothed)", fill=SMOOTH)
        draw.text((LEFT + 300, 10), "held out", fill=HELD_OUT)
    beside = path.with_name(f".{path.name}.new")
    image.save(beside, format="PNG")
    beside.replace(path)


class _Plot:
    """Turns steps and losses into places on the picture."""

    def __init__(self, draw: Any, *, last: int, low: float, high: float) -> None:
        self._draw, self._last, self._low, self._high = draw, max(last, 1), low, high

    def at(self, step: int, loss: float) -> tuple[float, float]:
        across = LEFT + (WIDTH - LEFT - RIGHT) * step / self._last
        share = min(1.0, max(0.0, (loss - self._low) / (self._high - self._low)))
        return across, HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share

    def grid(self) -> None:
        for tick in range(6):
            loss = self._low + (self._high - self._low) * tick / 5
            step = round(self._last * tick / 5)
            across, down = self.at(step, loss)
            self._draw.line([(LEFT, down), (WIDTH - RIGHT, down)], fill=FAINT)
            self._draw.text((8, down - 6), f"{loss:.3f}", fill=INK)
            self._draw.text((across - 12, HEIGHT - BOTTOM + 10), f"{step}", fill=INK)

    def line(self, points: Points, colour: str, width: int, *, dots: bool = False) -> None:
        places = [self.at(step, loss) for step, loss in points]
        if len(places) > 1:
            self._draw.line(places, fill=colour, width=width)
        for across, down in places if dots else ():
            self._draw.ellipse([across - 3, down - 3, across + 3, down + 3], fill=colour)


def _smoothed(points: Points) -> list[tuple[int, float]]:
    """Return an exponential moving mean, corrected for its start."""
    mean, weight, smooth = 0.0, 0.0, []
    for step, loss in points:
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        weight = SMOOTHING * weight + (1 - SMOOTHING)
        smooth.append((step, mean / weight))
    return smooth
