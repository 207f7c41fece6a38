"""The frames between the daemon and the generator's process: what goes in comes out, in whatever parts it arrives."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.errors import BadInput, ConfigError, MailbotError, Unreachable
from mailbot.generate import wire
from mailbot.generate.request import Piece, Request, Sampling
from mailbot.generate.scheduler import Busy

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
values = st.dictionaries(words, words | st.integers() | st.lists(words, max_size=3), max_size=4)


@settings(max_examples=60)
@given(frames=st.lists(values, max_size=6), cuts=st.lists(st.integers(1, 30), min_size=1, max_size=8))
def test_frames_come_out_as_they_went_in_however_they_are_cut(frames: list[dict[str, Any]], cuts: list[int]) -> None:
    sent = b"".join(wire.pack(frame) for frame in frames)
    splitter = wire.Splitter()
    found: list[wire.Frame] = []
    at = turn = 0
    while at < len(sent):
        size = cuts[turn % len(cuts)]
        found += splitter.feed(sent[at : at + size])
        at, turn = at + size, turn + 1
    assert found == frames


@pytest.mark.parametrize(
    "sent",
    [
        b"\xff\xff\xff\xff",
        wire.LENGTH.pack(wire.MAX_FRAME + 1) + b"{}",
        wire.LENGTH.pack(3) + b"abc",
        wire.LENGTH.pack(2) + b"[]",
        wire.LENGTH.pack(2) + b"\xff\xfe",
        wire.LENGTH.pack(200_000) + b"[" * 200_000,
    ],
    ids=["length", "too long", "no JSON", "no object", "no UTF-8", "too deep"],
)
def test_nonsense_is_told_before_it_is_believed(sent: bytes) -> None:
    splitter = wire.Splitter()
    assert list(splitter.feed(wire.pack({"fine": 1}))) == [{"fine": 1}]
    with pytest.raises(wire.Nonsense):
        list(splitter.feed(sent))


def test_a_frame_too_large_is_refused_by_its_sender() -> None:
    with pytest.raises(BadInput, match="more than a prompt may have"):
        wire.pack({"prompt": "x" * wire.MAX_FRAME})


@pytest.mark.parametrize("prompt", ["Dear Sir\n", ({"role": "user", "content": "何时付款？\ud800"},)])
def test_a_request_is_the_same_on_the_other_side(prompt: Any) -> None:
    sampling = Sampling(temperature=0.3, top_k=4, top_p=0.5, seed=9)
    request = Request(name="7", account="payables", prompt=prompt, max_tokens=5, sampling=sampling, stop=("<|end|>",))
    [frame] = wire.Splitter().feed(wire.pack(wire.ask(request)))
    there = wire.asked(frame)
    assert json.dumps(wire.ask(there), ensure_ascii=False) == json.dumps(wire.ask(request), ensure_ascii=False).replace(
        "\ud800", "?"
    )


def test_pieces_are_the_same_on_the_other_side() -> None:
    pieces = [Piece(name="1", text="a", tokens=2), Piece(name="2", text="", tokens=0, end="stop", note="n")]
    assert list(wire.pieces_of(wire.pieces(pieces))) == pieces


@pytest.mark.parametrize("pieces", [None, 3, [["1", "a"]], [["1", "a", "many", "", ""]], [["1", "a", 1, "stop", "", ""]]])
def test_pieces_that_are_none_are_nonsense(pieces: Any) -> None:
    with pytest.raises(wire.Nonsense):
        list(wire.pieces_of({"pieces": pieces}))


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (BadInput("b", remedy="r"), BadInput),
        (ConfigError("c", remedy="r"), ConfigError),
        (Busy("d", remedy="r"), Busy),
        (Unreachable("e", remedy="r"), MailbotError),
    ],
)
def test_an_error_keeps_its_kind_its_words_and_its_remedy(error: MailbotError, fault: type[MailbotError]) -> None:
    there = wire.error_of(wire.refusal("1", error))
    assert (type(there), str(there)) == (fault, str(error))


def test_an_error_that_nobody_foresaw_is_told_in_its_own_words() -> None:
    assert str(wire.error_of(wire.refusal("1", KeyError("role")))) == "KeyError: 'role'"
