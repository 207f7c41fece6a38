"""What is drawn follows the exact distribution, and what may be drawn is what transformers would keep."""

from __future__ import annotations

import numpy as np
import pytest

from mailbot.generate import sampling
from mailbot.generate.backend import ops

DRAWS = 40_000
LOGITS = np.array([2.0, 1.5, 1.4, 0.3, 0.0, -0.5, -1.0, -3.0, -7.0], np.float32)


def exact(logits: np.ndarray, temperature: float, top_k: int, top_p: float) -> np.ndarray:
    """Return the probabilities, by sorting, in double precision."""
    scaled = logits.astype(np.float64) / temperature
    order = np.argsort(-scaled, kind="stable")
    kept = np.zeros(len(logits), bool)
    first = order[: top_k or len(order)]
    masses = np.exp(scaled[first] - scaled.max())
    before = np.cumsum(masses) - masses
    kept[first[before < top_p * masses.sum()]] = True
    found = np.where(kept, np.exp(scaled - scaled.max()), 0.0)
    return np.asarray(found / found.sum())


def drawn(temperature: float, top_k: int, top_p: float, *, seeds: np.ndarray, positions: np.ndarray) -> np.ndarray:
    rows = len(seeds)
    settings = (
        np.full(rows, temperature, np.float32), np.full(rows, top_k, np.int32), np.full(rows, top_p, np.float32), seeds,
    )  # fmt: skip
    tokens = sampling.choose(
        ops.convert_to_tensor(np.tile(LOGITS, (rows, 1))), *(ops.convert_to_tensor(one) for one in (positions, *settings))
    )
    return np.asarray(ops.convert_to_numpy(tokens))


def surprise(tokens: np.ndarray, wanted: np.ndarray) -> float:
    """Return chi-squared per degree of freedom; tokens that must not come count as infinitely surprising."""
    counts = np.bincount(tokens, minlength=len(wanted))
    if counts[wanted == 0].any():
        return float("inf")
    likely = wanted * len(tokens) >= 5
    expected = wanted[likely] * len(tokens)
    return float(((counts[likely] - expected) ** 2 / expected).sum() / max(1, likely.sum() - 1))


SETTINGS = [(1.0, 0, 1.0), (0.5, 0, 1.0), (2.0, 0, 1.0), (1.0, 3, 1.0), (1.0, 0, 0.7), (1.3, 6, 0.8), (1.0, 1, 1.0), (1.0, 0, 0.01)]


@pytest.mark.parametrize(("temperature", "top_k", "top_p"), SETTINGS)
@pytest.mark.parametrize("across", ["seeds", "positions"])
def test_draws_follow_the_exact_distribution(temperature: float, top_k: int, top_p: float, across: str) -> None:
    many, one = np.arange(DRAWS), np.full(DRAWS, 5)
    seeds, positions = (many, one) if across == "seeds" else (one, many)
    tokens = drawn(temperature, top_k, top_p, seeds=seeds.astype(np.uint32), positions=positions.astype(np.int32))
    # the draws are always the same ones, so this does not fail by chance; 3.3 is one in a thousand for few degrees of freedom
    assert surprise(tokens, exact(LOGITS, temperature, top_k, top_p)) < 3.3


def test_one_draw_says_nothing_about_the_next() -> None:
    seeds = np.full(DRAWS, 12345, np.uint32)
    tokens = drawn(1.0, 0, 1.0, seeds=seeds, positions=np.arange(DRAWS, dtype=np.int32))
    wanted = exact(LOGITS, 1.0, 0, 1.0)
    other = drawn(1.0, 0, 1.0, seeds=seeds + np.uint32(1), positions=np.arange(DRAWS, dtype=np.int32))
    for one, two in ((tokens[:-1], tokens[1:]), (tokens, other)):
        assert surprise(one * len(wanted) + two, np.outer(wanted, wanted).ravel()) < 1.6


def test_temperature_nothing_takes_the_likeliest_beside_others_that_draw() -> None:
    temperature = np.array([0.0, 5.0] * 200, np.float32)
    tokens = ops.convert_to_numpy(
        sampling.choose(
            ops.convert_to_tensor(np.tile(LOGITS, (400, 1))),
            ops.convert_to_tensor(np.arange(400, dtype=np.int32)),
            ops.convert_to_tensor(temperature),
            ops.convert_to_tensor(np.zeros(400, np.int32)),
            ops.convert_to_tensor(np.ones(400, np.float32)),
            ops.convert_to_tensor(np.arange(400, dtype=np.uint32)),
        )
    )
    assert set(tokens[::2].tolist()) == {0}
    assert len(set(tokens[1::2].tolist())) > 5


def test_the_tokens_kept_are_those_that_sorting_keeps() -> None:
    random = np.random.default_rng(7)
    logits = random.normal(size=(300, 500)).astype(np.float32) * random.uniform(0.1, 8, size=(300, 1)).astype(np.float32)
    top_k = random.integers(0, 60, 300).astype(np.int32)
    top_p = np.where(random.random(300) < 0.3, 1.0, random.uniform(0.01, 0.999, 300)).astype(np.float32)
    scores = np.maximum(logits - logits.max(-1, keepdims=True), sampling.LOWEST)
    kept = ops.convert_to_numpy(
        sampling.kept_tokens(ops.convert_to_tensor(scores), ops.convert_to_tensor(top_k), ops.convert_to_tensor(top_p))
    )
    for row in range(300):
        wanted = exact(logits[row], 1.0, int(top_k[row]), float(top_p[row])) > 0
        # a token at the very edge may fall either way in float32; it then carries next to no weight in the sum
        assert abs(int(kept[row].sum()) - int(wanted.sum())) <= 1
        assert (kept[row] != wanted).sum() <= 1


def test_equally_likely_tokens_are_kept_together() -> None:
    scores = np.array([[0.0, -1.0, -1.0, -2.0]], np.float32)
    kept = sampling.kept_tokens(
        ops.convert_to_tensor(scores), ops.convert_to_tensor(np.array([2], np.int32)), ops.convert_to_tensor(np.ones(1, np.float32))
    )
    assert ops.convert_to_numpy(kept).tolist() == [[True, True, True, False]]


def test_hopeless_logits_still_give_a_token() -> None:
    logits = np.full((3, 8), -1e30, np.float32)
    logits[1, 3] = 1e30
    settings = (np.arange(3, dtype=np.int32), np.full(3, 1e-3, np.float32), np.full(3, 2, np.int32), np.full(3, 0.5, np.float32))
    tokens = sampling.choose(*(ops.convert_to_tensor(one) for one in (logits, *settings, np.arange(3, dtype=np.uint32))))
    found = ops.convert_to_numpy(tokens)
    assert found[1] == 3
    assert ((found >= 0) & (found < 8)).all()
