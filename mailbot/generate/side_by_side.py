"""Puts what one or two releases made of the same examples side by side: overall, by template and by language, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mailbot.core.quality import MEASURES, Difference, Tally, compare, total, verdict
from mailbot.generate.examples import Example

RESAMPLES = 10_000
SEED = 20_261_124


def report(names: Sequence[str], examples: Sequence[Example], tallies: Sequence[Sequence[Tally]]) -> dict[str, Any]:
    """Return what `model eval --json` prints of one release or two; `tallies[i]` are those of `names[i]`, one an example."""
    groups = []
    for by, value, members in _groups(examples):
        threads = [examples[index].thread for index in members]
        sides = [[one[index] for index in members] for one in tallies]
        group: dict[str, Any] = {"by": by, "value": value, "examples": len(members), "threads": len(set(threads))}
        for letter, side in zip("ab", sides, strict=False):
            group[letter] = {measure.name: _rounded(measure.of(total(side))) for measure in MEASURES}
        if len(sides) == 2:
            a, b = sides
            differences = compare(total(a), total(b), resamples(a, b, threads), threads=len(set(threads)))
            group["differences"] = {one.measure.name: _difference(one) for one in differences}
            group["verdict"] = verdict(differences, threads=len(set(threads)))
        groups.append(group)
    return {"releases": dict(zip("ab", names, strict=False)), "groups": groups}


def resamples(
    a: Sequence[Tally], b: Sequence[Tally], threads: Sequence[str], *, times: int = RESAMPLES, seed: int = SEED
) -> list[tuple[Tally, Tally]]:
    """Return the sums of two models over as many threads as there are, drawn with replacement, the same for both; `times` times."""
    number = {thread: index for index, thread in enumerate(dict.fromkeys(threads))}
    sums = np.zeros((len(number), 2 * len(Tally._fields)))
    for left, right, thread in zip(a, b, threads, strict=True):
        sums[number[thread]] += (*left, *right)
    generator = np.random.default_rng(seed)
    drawn: list[tuple[Tally, Tally]] = []
    half = len(Tally._fields)
    while len(drawn) < times:
        counts = generator.multinomial(len(number), np.full(len(number), 1 / len(number)), size=min(500, times - len(drawn)))
        drawn += [(Tally(*row[:half]), Tally(*row[half:])) for row in (counts @ sums).tolist()]
    return drawn


def _groups(examples: Sequence[Example]) -> Iterator[tuple[str, str, list[int]]]:
    """Yield (by what, its value, the examples that have it): all of them first."""
    yield "all", "", list(range(len(examples)))
    for by, values in (("kind", [one.kind for one in examples]), ("language", [one.language for one in examples])):
        for value in sorted({one for one in values if one}):
            yield by, value, [index for index, one in enumerate(values) if one == value]


def _difference(one: Difference) -> dict[str, Any]:
    return {"difference": _rounded(one.difference), "low": _rounded(one.low), "high": _rounded(one.high), "shown": one.shown}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
