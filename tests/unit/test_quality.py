"""What is counted of a written reply, and what two models' counts say of each other."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.quality import (
    FEWEST_THREADS,
    MEASURES,
    Difference,
    Measure,
    Tally,
    compare,
    facts_of,
    interval,
    stands_in,
    tally,
    total,
    verdict,
)

BY_NAME = {measure.name: measure for measure in MEASURES}

PROMPT = """\
language: en
name: Anna Berg
invoice: RE-2043/26
total: 1,939.00 EUR
due date: 3 May 2026

Dear desk, when will you pay? We sent 12 boxes. Anna Berg"""


def test_facts_are_what_the_reference_takes_from_the_prompt() -> None:
    reference = "Dear Anna Berg,\n\nRE-2043/26 over EUR 1.939,00 is due on 2026-05-03. Call 030 1234567.\n"
    assert facts_of(reference, PROMPT) == ("Anna Berg", "RE-2043/26", "EUR 1.939,00", "2026-05-03")
    assert facts_of("Thank you.", PROMPT) == ()


@pytest.mark.parametrize(
    ("fact", "text", "there"),
    [
        ("1,939.00 EUR", "we pay EUR 1.939,00 soon", True),
        ("1,939.00 EUR", "we pay USD 1,939.00 soon", False),
        ("1,939.00 EUR", "we pay 21,939.00 EUR soon", False),
        ("939.00 EUR", "we pay 1,939.00 EUR soon", False),
        ("3 May 2026", "by 2026-05-03", True),
        ("3 May 2026", "by 4 May 2026", False),
        ("RE-2043/26", "your invoice re 2043/26", True),
        ("Anna Berg", "Dear ANNA  BERG,", True),
        ("Anna Berg", "Dear Anna Bergmann,", False),
        ("张伟", "尊敬的张伟经理：", True),
        ("2026年5月3日", "将于2026年5月3日付款", True),
    ],
)
def test_a_fact_is_found_by_what_it_means(fact: str, text: str, there: bool) -> None:
    assert stands_in(fact, text) is there


def test_a_tally_by_hand() -> None:
    written = "Dear Anna Berg,\n\nwe pay 1,939.00 EUR on 5 May 2026, that is 12 boxes.\n"
    reference = "Dear Anna Berg,\n\nwe pay 1,939.00 EUR on 3 May 2026.\n"
    found = tally(prompt=PROMPT, reference=reference, written=written, loss=6.0, tokens=20, chrf=50.0, cut_off=True)
    assert found == Tally(
        replies=1,
        loss=6.0,
        tokens=20,
        bytes=len(reference),
        chrf=50.0,
        facts=3,
        copied=2,
        figures=3,
        invented=1,
        inventing=1,
        cut_off=1,
        written=len(written),
        reference=len(reference),
    )


def test_facts_that_are_given_are_taken_as_they_are() -> None:
    found = tally(prompt=PROMPT, reference="Thanks.", written="12 boxes of RE-2043/26", facts=("12", "RE-2043/26", "3 May 2026"))
    assert (found.facts, found.copied, found.figures, found.invented) == (3, 2, 2, 0)


def test_an_empty_reply_counts_too() -> None:
    found = tally(prompt=PROMPT, reference="We pay 1,939.00 EUR.", written="")
    assert (found.facts, found.copied, found.figures, found.written) == (1, 0, 0, 0)


def test_measures_are_ratios_of_sums() -> None:
    one = Tally(
        loss=2 * math.log(2),
        tokens=2,
        bytes=4,
        chrf=40,
        facts=4,
        copied=3,
        figures=5,
        invented=1,
        inventing=1,
        written=50,
        reference=100,
    )
    two = Tally(loss=0, tokens=2, bytes=4, chrf=60, facts=0, copied=0, figures=5, invented=0, written=70, reference=100, cut_off=1)
    sums = total([one, two])
    assert sums.replies == 2
    assert {name: measure.of(sums) for name, measure in BY_NAME.items()} == pytest.approx(
        {
            "perplexity": math.sqrt(2),
            "bits_per_byte": 0.25,
            "chrf": 50,
            "facts_copied": 0.75,
            "figures_invented": 0.1,
            "replies_inventing": 0.5,
            "length_ratio": 0.6,
            "cut_off": 0.5,
        }
    )


def test_what_cannot_be_computed_is_none() -> None:
    nothing = total([])
    assert [measure.of(nothing) for measure in MEASURES] == [None] * len(MEASURES)
    assert BY_NAME["facts_copied"].of(Tally()) is None
    assert BY_NAME["perplexity"].of(Tally(loss=1e9, tokens=1)) == math.exp(700)


def test_the_interval_interpolates_between_draws() -> None:
    assert interval([float(one) for one in range(101)], 0.95) == pytest.approx((2.5, 97.5))
    assert interval([3.0], 0.95) == (3.0, 3.0)


@settings(max_examples=50)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.floats(0.01, 0.99))
def test_a_wider_interval_holds_a_narrower_one(values: list[float], level: float) -> None:
    drawn = sorted(values)
    low, high = interval(drawn, level)
    wide_low, wide_high = interval(drawn, (1 + level) / 2)
    assert drawn[0] - 1e-6 <= wide_low <= low + 1e-6
    assert low <= high + 1e-6
    assert high <= wide_high + 1e-6 <= drawn[-1] + 2e-6


def resampled(differences: list[float]) -> list[tuple[Tally, Tally]]:
    return [(Tally(chrf=50), Tally(chrf=50 + one)) for one in differences]


def shown(differences: list[float], threads: int = FEWEST_THREADS) -> tuple[int, str]:
    found = compare(Tally(chrf=50), Tally(chrf=51), resampled(differences), threads=threads)
    chrf = next(one for one in found if one.measure.name == "chrf")
    assert chrf.difference == 1
    return chrf.shown, verdict(found, threads=threads)


def test_a_difference_is_shown_when_all_deciding_measures_together_allow_it() -> None:
    assert shown([1.0] * 1000) == (1, "B is better: chrF")
    assert shown([-1.0] * 1000) == (-1, "B is worse: chrF")
    assert shown([1.0, -1.0] * 500) == (0, "no difference shown")
    # 2 % below zero: outside 95 % for one measure alone, within it for four of them
    assert shown([-1.0] * 20 + [1.0] * 980)[0] == 0
    assert shown([-1.0] * 5 + [1.0] * 995)[0] == 1


def test_few_threads_show_nothing() -> None:
    assert shown([1.0] * 1000, threads=FEWEST_THREADS - 1) == (
        0,
        f"too few to tell: {FEWEST_THREADS - 1} threads, at least {FEWEST_THREADS} are needed",
    )


def test_less_is_better_for_invented_figures_and_length_is_neither() -> None:
    a, b = Tally(figures=10, invented=1, written=5, reference=10), Tally(figures=10, invented=4, written=9, reference=10)
    found = {one.measure.name: one for one in compare(a, b, [(a, b)] * 100, threads=50)}
    assert found["figures_invented"].shown == -1
    assert (found["figures_invented"].low, found["figures_invented"].high) == pytest.approx((0.3, 0.3))
    assert found["length_ratio"].shown == found["perplexity"].shown == 0
    assert found["perplexity"].difference is None
    assert found["perplexity"].low is None


def difference(name: str, how: int) -> Difference:
    measure: Measure = BY_NAME[name]
    return Difference(measure=measure, a=0.0, b=0.0, low=0.0, high=0.0, shown=how)


def test_the_verdict_says_both_sides() -> None:
    both = [difference("chrf", 1), difference("facts_copied", -1)]
    assert verdict(both, threads=50) == "mixed: B is better at chrF; worse at facts copied"
