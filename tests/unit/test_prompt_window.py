"""Prompts that are too long, and texts that come token by token."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.errors import BadInput
from mailbot.generate.transcript import Transcript
from mailbot.generate.window import LEFT_OUT, fit_messages, fit_text


def words(text: str) -> int:
    return len(text.split())


def test_what_fits_stays_as_it_is() -> None:
    fitted = fit_text("one two\n\nthree", 3, words)
    assert (fitted.text, fitted.left_out) == ("one two\n\nthree", 0)


def test_whole_paragraphs_go_from_the_middle() -> None:
    text = "\n\n".join(f"{name} a b c" for name in ("first", "second", "third", "fourth", "last"))
    fitted = fit_text(text, 13, words)
    assert fitted.text == f"first a b c\n\nsecond a b c\n\n{LEFT_OUT}\n\nlast a b c"
    assert fitted.left_out == len("third a b c\n\nfourth a b c\n\n")


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("a b\nc d\ne f\ng h", 7, f"a b\nc d\n{LEFT_OUT}\ng h"),
        ("a b c d e f g h", 5, f"a b  {LEFT_OUT} g h"),
    ],
    ids=["lines", "words"],
)
def test_without_paragraphs_the_next_smaller_boundary_serves(text: str, most: int, expected: str) -> None:
    assert fit_text(text, most, words).text == expected


def test_a_text_without_any_boundary_is_cut_anywhere() -> None:
    fitted = fit_text("0123456789" * 100, 50, len)
    assert len(fitted.text) == 50
    assert fitted.text.startswith("0123456789")
    assert fitted.text.endswith("0123456789")
    assert fitted.left_out == 1000 - (50 - len(f" {LEFT_OUT} "))


def test_a_text_without_end_costs_little() -> None:
    counted = 0

    def count(text: str) -> int:
        nonlocal counted
        counted += len(text)
        return words(text)

    fitted = fit_text("word " * 2_000_000, 100, count)
    assert words(fitted.text) == 100
    assert counted < 2_000_000


def test_nothing_fits() -> None:
    with pytest.raises(BadInput, match="nothing of a prompt fits into 3 tokens"):
        fit_text("0123456789", 3, len)


def test_only_the_longest_message_is_cut() -> None:
    messages = ({"role": "system", "content": "you are"}, {"role": "user", "content": "a b\n\nc d\n\ne f\n\ng h"})
    fitted, left_out = fit_messages(messages, 9, lambda all: sum(words(one["content"]) for one in all))
    assert fitted == (messages[0], {"role": "user", "content": f"a b\n\nc d\n\n{LEFT_OUT}\n\ng h"})
    assert left_out == len("e f\n\n")


@settings(max_examples=200, deadline=None)
@given(st.text("ab \n。", max_size=200), st.integers(8, 60))
def test_what_is_left_fits_and_is_the_beginning_and_the_end(text: str, most: int) -> None:
    fitted = fit_text(text, most, len)
    assert len(fitted.text) <= most or fitted.text == text
    if fitted.left_out:
        # the mark's own line breaks look like the text's: one way of telling them apart must fit
        ways = [fitted.text.partition(gap) for gap in (f"{LEFT_OUT}\n\n", f"{LEFT_OUT}\n", f" {LEFT_OUT} ") if gap in fitted.text]
        assert any(
            text.startswith(before) and text.endswith(after) and fitted.left_out == len(text) - len(before) - len(after)
            for before, _, after in ways
        )
    else:
        assert fitted.text == text


def by_bytes(tokens: Sequence[int]) -> str:
    return bytes(tokens).decode("utf-8", "replace")


def test_characters_come_whole() -> None:
    transcript = Transcript(by_bytes)
    raw = "a您😀".encode()
    assert [transcript.add([byte]) for byte in raw] == ["a", "", "", "您", "", "", "", "😀"]
    assert transcript.close() == ""


def test_half_a_character_at_the_end_is_shown_as_broken() -> None:
    transcript = Transcript(by_bytes)
    assert transcript.add("a您".encode()[:-1]) == ""
    assert transcript.close() == "a\ufffd"


def test_a_stop_string_over_several_tokens_is_never_shown() -> None:
    transcript = Transcript(by_bytes, ("\nEND", "###"))
    shown = "".join(transcript.add([byte]) for byte in b"one #\nEN two ## \nENDthree")
    assert shown == "one #\nEN two ## "
    assert transcript.stopped
    assert transcript.close() == ""


def test_what_only_looked_like_a_stop_string_is_shown_at_the_end() -> None:
    transcript = Transcript(by_bytes, ("stop",))
    assert transcript.add(b"full st") == "full "
    assert transcript.close() == "st"
    assert not transcript.stopped


@settings(max_examples=200, deadline=None)
@given(
    st.text("abc您😀", max_size=30),
    st.lists(st.text("abc您", min_size=1, max_size=4), max_size=3),
    st.lists(st.integers(1, 7), min_size=1, max_size=100),
)
def test_a_transcript_in_pieces_is_the_text_before_the_first_stop_string(text: str, stops: list[str], sizes: list[int]) -> None:
    raw = text.encode()
    transcript = Transcript(by_bytes, stops)
    shown, at = "", 0
    for size in sizes * (len(raw) + 1):
        if at >= len(raw) or transcript.stopped:
            break
        shown += transcript.add(raw[at : at + size])
        at += size
    shown += transcript.close()
    firsts = [text.find(stop) for stop in stops if stop in text]
    expected = text[: min(firsts)] if firsts else text
    # in pieces, of two overlapping stop strings the one that is complete first may win
    assert shown == expected or (len(stops) > 1 and shown.startswith(expected) and not any(stop in shown for stop in stops))
