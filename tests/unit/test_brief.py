"""The brief and its answer: the kind that a model says first is told from the reply, and a reply without one is left as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.core.brief import answer, reply_of


@pytest.mark.parametrize(
    ("written", "kind", "reply"),
    [
        ("kind: delay_announced\n\nDear Eva,\n\nthank you.", "delay_announced", "Dear Eva,\n\nthank you."),
        ("\nkind: thanks\nHello,\nbye\n", "thanks", "Hello,\nbye"),
        ("kind: thanks", "thanks", ""),
        ("Dear Eva,\n\nkind: thanks\n\nbye", "", "Dear Eva,\n\nkind: thanks\n\nbye"),
        ("kind: regards from all of us\nBye", "", "kind: regards from all of us\nBye"),
        ("kind regards\nEva", "", "kind regards\nEva"),
        ("", "", ""),
    ],
)
def test_the_kind_is_told_from_the_reply(written: str, kind: str, reply: str) -> None:
    assert reply_of(written) == (kind, reply)


@given(st.from_regex(r"[a-z_]{1,20}", fullmatch=True), st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_what_is_taught_is_read_back(kind: str, reply: str) -> None:
    said, text = reply_of(answer(kind, reply))
    assert said == kind
    assert text == reply.strip()
