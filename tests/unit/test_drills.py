"""Drills in copying: every word of a reply stands in its brief, and equal seeds give equal drills."""

from __future__ import annotations

from mailbot.core.brief import BRIEF, REPLY
from mailbot.generate.corpus.drills import drills


def test_a_drill_s_reply_is_all_in_its_brief() -> None:
    found = list(drills(300, seed=4))
    assert len(found) == 300
    for drill in found:
        assert drill.prompt.startswith(BRIEF)
        assert drill.prompt.endswith(REPLY)
        assert all(line in drill.prompt for line in drill.reply.split("\n"))
    recited = [drill for drill in found if "kind: recite" in drill.prompt]
    assert 60 < len(recited) < 150
    assert all("language: " not in drill.reply for drill in recited)


def test_equal_seeds_give_equal_drills_and_threads_are_their_own() -> None:
    first = list(drills(50, seed=1))
    assert first == list(drills(50, seed=1))
    assert {drill.reply for drill in first}.isdisjoint(drill.reply for drill in drills(50, seed=2))
    assert len({drill.thread for drill in first}) == 50
