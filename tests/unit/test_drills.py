"""Drills: every word of a reply stands in its brief or is the kind of its mail, and equal seeds give equal drills."""

from __future__ import annotations

from mailbot.core.brief import BRIEF, REPLY, reply_of
from mailbot.generate.corpus.drills import drills
from mailbot.generate.corpus.write import INTENTS


def test_a_drill_s_reply_is_all_in_its_brief() -> None:
    found = list(drills(300, seed=4))
    assert len(found) == 300
    for drill in found:
        assert drill.prompt.startswith(BRIEF)
        assert drill.prompt.endswith(REPLY)
    sorting = {drill.thread: (drill, *reply_of(drill.reply)) for drill in found if drill.thread.startswith("sorted-")}
    assert 110 < len(sorting) < 190
    assert {kind for _, kind, _ in sorting.values()} <= set(INTENTS)
    assert all(line in drill.prompt for drill, _, told in sorting.values() for line in told.split("\n"))
    assert 20 < sum(not told for _, _, told in sorting.values()) < 90
    copying = [drill for drill in found if drill.thread not in sorting]
    assert all(line in drill.prompt for drill in copying for line in drill.reply.split("\n"))
    recited = [drill for drill in found if "kind: recite" in drill.prompt]
    assert 30 < len(recited) < 90
    assert all("language: " not in drill.reply for drill in recited)


def test_equal_seeds_give_equal_drills_and_threads_are_their_own() -> None:
    first = list(drills(50, seed=1))
    assert first == list(drills(50, seed=1))
    assert {drill.prompt for drill in first}.isdisjoint(drill.prompt for drill in drills(50, seed=2))
    assert len({drill.thread for drill in first}) == 50
