"""What servers of many makes answer, read by value: whole answers, streams in any pieces, errors in the middle."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.generate.remote_answer import Answer, Events, NoDraft, error_of, read_whole


def whole(choice: dict[str, Any], **more: Any) -> str:
    return read_whole(json.dumps({"choices": [choice], "model": "m", **more}).encode()).reply(max_tokens=9)[0]


def chunk(text: Any = None, *, finish: str | None = None, **delta: Any) -> dict[str, Any]:
    said = delta if text is None else {"content": text, **delta}
    return {"model": "m", "choices": [{"index": 0, "delta": said, "finish_reason": finish}]}


def replay(*values: Any) -> str:
    answer = Answer()
    for value in values:
        answer.take(value)
    return answer.reply(max_tokens=9)[0]


def events(stream: bytes, *, size: int = 7) -> tuple[list[Any], bool]:
    read = Events()
    found: list[Any] = []
    for at in range(0, len(stream), size):
        found += read.feed(stream[at : at + size])
    return [*found, *read.end()], read.done


@pytest.mark.parametrize(
    "choice",
    [
        {"message": {"content": "Dear Eva"}},  # no finish_reason
        {"message": {"content": "Dear Eva"}, "finish_reason": None},
        {"message": {"content": "Dear Eva", "reasoning_content": "hm"}, "finish_reason": "stop"},  # vLLM, llama.cpp
        {"message": {"content": "Dear Eva", "reasoning": "hm", "refusal": None}, "finish_reason": "stop"},  # Ollama, OpenRouter
        {"message": {"content": "<think>hm</think>\nDear Eva"}, "finish_reason": "stop"},  # LM Studio
        {"message": {"content": [{"type": "text", "text": "Dear "}, {"type": "x"}, {"type": "output_text", "text": "Eva"}]}},
        {"text": "Dear Eva", "logprobs": None, "finish_reason": "stop"},  # /completions
        {"text": "\n\nDear Eva", "finish_reason": "eos"},
    ],
)
def test_whole_answers(choice: dict[str, Any]) -> None:
    assert whole(choice) == "Dear Eva\n"


@pytest.mark.parametrize(
    ("choice", "reason", "works"),
    [
        (
            {"message": {"content": None, "reasoning_content": "hm"}, "finish_reason": "length"},
            "all of its 9 tokens on thinking",
            True,
        ),
        ({"message": {"content": "Dear", "reasoning": "hm"}, "finish_reason": "length"}, "cut off after 9 tokens", True),
        ({"message": {"content": "", "reasoning": "hm"}, "finish_reason": "stop"}, "thought, and wrote nothing", True),
        ({"message": {"content": None, "tool_calls": [{}]}, "finish_reason": "tool_calls"}, "without any text", True),
        ({"message": {"content": None, "refusal": "I\ncannot."}}, r"refused to write this \(I cannot.\)", True),
        ({"message": {"content": ""}, "finish_reason": "content_filter"}, "content filter", True),
        ({"message": {"content": "Dear"}, "finish_reason": "error"}, "broke off with an error", False),
        ({"message": {"content": "Dear"}, "error": {"message": "gone"}}, r"reported an error \(gone\)", False),
        ({"message": {"content": 7}}, "no completion", False),
        ({"message": "Dear Eva"}, "no completion", False),
        ({}, "no completion", False),
    ],
)
def test_whole_answers_without_a_reply(choice: dict[str, Any], reason: str, works: bool) -> None:
    with pytest.raises(NoDraft, match=reason) as caught:
        whole(choice)
    assert (caught.value.works, caught.value.wait) == (works, None)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"error": {"message": "no such\nmodel", "code": 404}}, r"reported an error \(no such model\)"),
        ({"error": "overloaded"}, r"\(overloaded\)"),
        ({"error": {"code": 1}}, "reported an error$"),
        ({"object": "error", "message": "too long"}, r"\(too long\)"),  # older vLLM
        ({"choices": {}}, "no completion"),
        ({"choices": [None, 5]}, "no completion"),
        ({}, "no completion"),
        (None, "no completion"),
    ],
)
def test_errors_with_http_status_200(body: Any, reason: str) -> None:
    with pytest.raises(NoDraft, match=reason):
        read_whole(json.dumps(body).encode()).reply(max_tokens=9)


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk("", role="assistant"), chunk("Dear "), chunk("Eva"), chunk(finish="stop")],
        [chunk("Dear "), chunk("Eva", finish="stop"), {"choices": [], "usage": {"total_tokens": 9}}],
        [chunk("Dear "), chunk("Eva", finish="stop"), {"choices": None, "timings": {}}],
        [chunk(reasoning_content="hm"), chunk(None, reasoning="hm", content=None), chunk("Dear Eva"), chunk(finish="stop")],
        [chunk("Dear Eva"), {"choices": [{"index": 0, "delta": None, "finish_reason": "stop"}]}],
        [chunk("Dear Eva"), {"choices": [{"index": 1, "delta": {"content": "other"}}]}, chunk(finish="stop")],
        [chunk("Dear "), {"choices": [{"message": {"content": "Dear Eva"}, "delta": {}, "finish_reason": "stop"}]}],
        [{"choices": [{"text": "Dear "}]}, {"choices": [{"text": "Eva", "finish_reason": None}]}, {"choices": [{"text": ""}]}],
    ],
)
def test_streams_of_many_makes(chunks: list[Any]) -> None:
    assert replay(*chunks) == "Dear Eva\n"


def test_an_error_after_a_good_beginning_and_a_stream_cut_by_its_length() -> None:
    with pytest.raises(NoDraft, match="went away"):
        replay(chunk("Dear "), {"error": {"code": 502, "message": "upstream went away"}})
    with pytest.raises(NoDraft, match="cut off after 9 tokens"):
        replay(chunk("Dear "), chunk(finish="length"))


@pytest.mark.parametrize(
    "stream",
    [
        b'data: {"a": 1}\n\ndata: {"b": 2}\n\ndata: [DONE]\n\n',
        b'data: {"a": 1}\r\n\r\ndata: {"b": 2}\r\n\r\ndata: [DONE]\r\n\r\n',
        b'data: {"a": 1}\r\rdata: {"b": 2}\r\rdata: [DONE]\r\r',
        b'data:{"a": 1}\n\ndata:{"b": 2}\n\ndata:[DONE]',  # no space, no last line end
        b'data: {"a": 1}\ndata: {"b": 2}\ndata: [DONE]\n',  # no empty lines
        b': OPENROUTER PROCESSING\n\nevent: x\nid: 3\nretry: 9\ndata: {"a": 1}\n\n:\n\ndata: {"b": 2}\n\ndata: [DONE]\n\n',
        b'\xef\xbb\xbfdata: {"a":\ndata: 1}\n\ndata: {"b": 2}\n\ndata: [DONE]\n\ndata: nonsense\n\n',  # one event on two lines
    ],
)
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_events_in_any_form_and_any_pieces(stream: bytes, size: int) -> None:
    assert events(stream, size=size) == ([{"a": 1}, {"b": 2}], True)


def test_events_that_end_early_or_are_errors() -> None:
    assert events(b'data: {"a": 1}\n\n') == ([{"a": 1}], False)
    assert events(b'error: {"code": 500, "message": "slot gone"}\n\n') == (
        [{"error": {"code": 500, "message": "slot gone"}}],
        False,
    )
    assert events(b"error: gone\n")[0] == [{"error": "gone"}]


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (b"data: hello\n\n", "not JSON"),
        (b'data: {"cut": \n\n', "not JSON"),
        (b"data: x\n" * 200, "not JSON"),
        (b"data: " + b"x" * 1_000_001, "without lines"),
        (b"data: " + b"[" * 100_000 + b"\n\n", "not JSON"),
    ],
)
def test_streams_that_are_none(stream: bytes, reason: str) -> None:
    with pytest.raises(NoDraft, match=reason):
        events(stream, size=100_000)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=6), st.integers(1, 40), st.sampled_from(["\n", "\r\n", "\r"]))
def test_text_in_any_language_survives_any_cutting(texts: list[str], size: int, end: str) -> None:
    stream = "".join(f"data: {json.dumps(text, ensure_ascii=False)}{end}{end}" for text in texts)
    assert events(stream.encode("utf-8", "replace"), size=size)[0] == [text.encode("utf-8", "replace").decode() for text in texts]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with pytest.raises(NoDraft, match=r"\w"):
        read_whole(content).reply(max_tokens=9)
    with contextlib.suppress(NoDraft):
        assert isinstance([*Events().feed(content)], list)


def test_what_an_error_body_says() -> None:
    assert error_of(b'{"detail": "Not Found"}') == " (Not Found)"
    assert error_of(b'{"error": {"message": "a\\n b"}}') == " (a b)"
    assert error_of(b"<html>") == error_of(b"[]") == error_of(b'{"error": {"message": 5}}') == ""
