"""Which beginning of a prompt is taken over, by value and by property."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.generate.prefix import LEAST, Prefixes, Use, shared

BUCKETS = (64, 256, 1024)
SYSTEM = list(range(1000, 1200))


def prefixes(entries: int = 2, longest: int = 512) -> Prefixes:
    return Prefixes(entries=entries, longest=longest)


def learn(kept: Prefixes, tokens: list[int]) -> Use | None:
    """Let two prompts with a common beginning be read; return what was kept after the second."""
    assert kept.seen([*tokens, 1, 2]) is None
    return kept.seen([*tokens, 3, 4])


def test_what_two_prompts_begin_with_serves_the_third() -> None:
    kept = prefixes()
    assert kept.seen([*SYSTEM, 1]) is None
    assert kept.serve([*SYSTEM, 2], BUCKETS) is None
    assert kept.seen([*SYSTEM, 2]) == Use(entry=0, length=200)
    assert kept.serve([*SYSTEM, 3], BUCKETS) == Use(entry=0, length=200)
    assert kept.seen([*SYSTEM, 3], Use(entry=0, length=200)) is None


def test_a_part_of_an_entry_serves_too() -> None:
    kept = prefixes()
    learn(kept, SYSTEM)
    assert kept.serve([*SYSTEM[:150], *range(50)], BUCKETS) == Use(entry=0, length=150)


def test_it_is_taken_over_only_where_the_rest_fits_a_smaller_bucket() -> None:
    kept = prefixes()
    learn(kept, SYSTEM)
    assert kept.serve([*SYSTEM, *range(64)], BUCKETS) == Use(entry=0, length=200)
    assert kept.serve([*SYSTEM, *range(65)], BUCKETS) == Use(entry=0, length=200)
    # 300 tokens read whole need 1,024; 250 read whole need 256, and so do the 100 that are left of 300
    assert kept.serve([*SYSTEM, *range(100)], BUCKETS) == Use(entry=0, length=200)
    assert kept.serve([*SYSTEM[:150], *range(99)], BUCKETS) is None
    assert kept.serve(SYSTEM[:60], BUCKETS) is None


def test_one_token_is_always_read() -> None:
    kept = prefixes()
    learn(kept, SYSTEM)
    assert kept.serve(SYSTEM, BUCKETS) == Use(entry=0, length=199)


def test_beginning_and_bucket_fit_the_window_together() -> None:
    kept = prefixes()
    learn(kept, SYSTEM)
    assert kept.serve([*SYSTEM, *range(20)], (64, 230)) == Use(entry=0, length=166)
    assert kept.serve([*SYSTEM, *range(20)], (200, 230)) is None


def test_what_goes_on_from_an_entry_takes_its_place() -> None:
    kept = prefixes()
    learn(kept, SYSTEM[:100])
    assert learn(kept, SYSTEM) == Use(entry=0, length=200)
    assert learn(kept, SYSTEM[: 200 - LEAST]) is None


def test_the_entry_not_used_longest_gives_way() -> None:
    kept = prefixes(entries=2)
    one, two, three = ([first, *SYSTEM] for first in (1, 2, 3))
    assert learn(kept, one) == Use(entry=0, length=201)
    assert learn(kept, two) == Use(entry=1, length=201)
    kept.seen([*one, 5], kept.serve([*one, 5], BUCKETS))
    assert learn(kept, three) == Use(entry=1, length=201)
    assert kept.serve([*two, 6], BUCKETS) is None
    assert kept.serve([*one, 6], BUCKETS) == Use(entry=0, length=201)


def test_nothing_is_kept_where_there_is_no_room_or_no_gain() -> None:
    for kept in (prefixes(entries=0), prefixes(longest=LEAST - 1)):
        assert kept.entries == 0
        assert learn(kept, SYSTEM) is None
        assert kept.serve([*SYSTEM, 1], BUCKETS) is None
    assert learn(prefixes(), SYSTEM[: LEAST - 1]) is None


def test_nothing_is_served_after_forgetting() -> None:
    kept = prefixes()
    learn(kept, SYSTEM)
    kept.clear()
    assert kept.serve([*SYSTEM, 1], BUCKETS) is None
    assert learn(kept, SYSTEM) == Use(entry=0, length=200)


PROMPTS = st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=24), max_size=40)


@settings(max_examples=150)
@given(PROMPTS, st.integers(1, 3))
def test_what_is_taken_over_is_what_the_prompt_begins_with(prompts: list[list[int]], entries: int) -> None:
    kept, buckets, longest = Prefixes(entries=entries, longest=16, least=2), (4, 8, 24), 16
    device: dict[int, list[int]] = {}
    for prompt in prompts:
        use = kept.serve(prompt, buckets)
        if use is not None:
            assert 2 <= use.length < len(prompt)
            assert device[use.entry][: use.length] == prompt[: use.length]
            bucket = next(one for one in buckets if one >= len(prompt) - use.length)
            assert bucket < next(one for one in buckets if one >= len(prompt))
            assert use.length + bucket <= buckets[-1]
        keep = kept.seen(prompt, use)
        if keep is not None:
            assert keep.entry in range(entries)
            assert 2 <= keep.length <= min(longest, len(prompt))
            device[keep.entry] = prompt[:longest]


@given(st.lists(st.integers(0, 1)), st.lists(st.integers(0, 1)))
def test_shared_counts_the_common_beginning(one: list[int], other: list[int]) -> None:
    length = shared(tuple(one), tuple(other))
    assert one[:length] == other[:length]
    assert length == min(len(one), len(other)) or one[length] != other[length]
