"""A release judged by replies that people sent: losses by hand, replies as the engine writes them, intervals of known answer."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from mailbot.core.brief import OPEN, brief
from mailbot.core.quality import Tally, compare, total
from mailbot.errors import ConfigError, UsageError
from mailbot.generate import transformer
from mailbot.generate.backend import ops
from mailbot.generate.evaluate import Judged, chrf, judge, prompt_for, words_of
from mailbot.generate.examples import Example, read_examples
from mailbot.generate.prompts import Prompts
from mailbot.generate.release import Model, open_model
from mailbot.generate.side_by_side import report, resamples
from tests.servers.model_folders import brief_model, chat_model

PROMPT = brief(kind=OPEN, language="en", desk="Desk", facts={"invoice": "INV-7"}, mail="When?")
EXAMPLES = [
    Example(thread="1", prompt=PROMPT, reply="INV-7 is due.", language="en", kind="a", facts=("INV-7",)),
    Example(thread="2", prompt="Invoice 8?", reply="Thanks.", language="en", kind="b"),
    Example(thread="2", prompt=({"role": "user", "content": "pay 9 EUR"},), reply="We pay 9 EUR.", language="zh", kind="b"),
]


@pytest.fixture(scope="module")
def chat() -> Path:
    return Path(__file__).parents[1] / "fixtures" / "checkpoints" / "gpt2-text"


@pytest.fixture(scope="module")
def judged(chat: Path) -> list[Judged | None]:
    """What the random chat model makes of the examples."""
    return judge(chat, EXAMPLES, slots=2, max_tokens=8)


def loss_by_hand(model: Model, prompt: Any, reply: str) -> tuple[float, int]:
    """Return the reply's negative log-likelihood, its end included, from the plain logits of the unpadded text in float64."""
    tokens = model.tokenizer(reply)["input_ids"] + [model.checkpoint.stop_ids[0]]
    before, _ = Prompts(model.tokenizer).fit(prompt, 64)
    row = np.array([before + tokens], np.int32)
    shape, weights = model.checkpoint.architecture, model.checkpoint.load_weights()
    logits = np.asarray(ops.convert_to_numpy(transformer.forward(shape, weights, row)))[0].astype(np.float64)
    likely = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return -sum(likely[len(before) - 1 + index, token] for index, token in enumerate(tokens)), len(tokens)


def test_the_loss_is_that_of_the_reply_and_its_end(chat: Path, judged: list[Judged | None]) -> None:
    model = open_model(chat)
    for example, found in zip(EXAMPLES[1:], judged[1:], strict=True):
        prompt = prompt_for(model, example.prompt)
        assert found
        loss, tokens = loss_by_hand(model, prompt, example.reply)
        assert found.tally.loss == pytest.approx(loss, abs=1e-3)
        assert (found.tally.tokens, found.tally.bytes) == (tokens, len(example.reply))


def test_what_is_written_is_counted(judged: list[Judged | None]) -> None:
    assert all(judged)
    for example, found in zip(EXAMPLES, judged, strict=True):
        assert found
        assert (found.tally.written, found.tally.reference) == (len(found.text), len(example.reply))
        assert found.text == found.text.strip()


def test_a_chat_model_gets_a_brief_as_a_message(chat: Path) -> None:
    model = open_model(chat)
    system, user = prompt_for(model, PROMPT)
    assert (system["role"], user["role"]) == ("system", "user")  # type: ignore[index]
    assert user["content"] == "language: en\nkind: open\ndesk: Desk\ninvoice: INV-7\n\nsubject: \nWhen?"  # type: ignore[index]
    assert prompt_for(model, "Invoice 8?") == ({"role": "user", "content": "Invoice 8?"},)
    assert words_of(EXAMPLES[2].prompt) == "pay 9 EUR"


def test_a_model_of_briefs_reads_nothing_else(tmp_path: Path) -> None:
    folder = brief_model(tmp_path / "own")
    model = open_model(folder)
    assert prompt_for(model, PROMPT) == PROMPT
    with pytest.raises(UsageError, match="it reads briefs, and these prompts are none"):
        judge(folder, EXAMPLES[1:])


def test_two_models_side_by_side() -> None:
    examples = [Example(thread=f"{number // 2}", prompt="p", reply="r", kind=f"{number % 2}") for number in range(80)]
    rng = np.random.default_rng(0)
    a = [Tally(loss=loss, bytes=10, chrf=50) for loss in rng.uniform(10, 20, 80)]
    b = [one._replace(loss=one.loss - 1 + noise) for one, noise in zip(a, rng.normal(0, 0.5, 80), strict=True)]
    result = report(["one", "two"], examples, [a, b])
    everything, even, odd = result["groups"]
    assert result["releases"] == {"a": "one", "b": "two"}
    assert (everything["by"], everything["examples"], everything["threads"]) == ("all", 80, 40)
    assert [(one["by"], one["value"], one["examples"]) for one in (even, odd)] == [("kind", "0", 40), ("kind", "1", 40)]
    bits = everything["differences"]["bits_per_byte"]
    # each reply is about one nat likelier, of ten bytes
    assert bits["difference"] == pytest.approx(-0.1 / math.log(2), abs=0.02)
    assert bits["low"] < bits["difference"] < bits["high"] < 0
    assert everything["verdict"] == even["verdict"] == "B is better: bits a byte"
    assert everything["a"]["facts_copied"] is None
    again = report(["one", "one"], examples, [a, a])["groups"][0]
    assert again["verdict"] == "no difference shown"
    assert {(one["low"], one["high"]) for one in again["differences"].values()} <= {(0.0, 0.0), (None, None)}
    alone = report(["one"], examples, [a])["groups"][0]
    assert set(alone) == {"by", "value", "examples", "threads", "a"}


def test_what_does_not_fit_the_window_is_left_out(chat: Path) -> None:
    long = Example(thread="3", prompt="Pay?", reply="word " * 200)
    assert judge(chat, [long], max_tokens=4) == [None]


def test_threads_are_drawn_evenly_and_the_same_for_both() -> None:
    zero, one = Tally(chrf=0), Tally(chrf=1)
    drawn = resamples([zero, one], [one, zero], ["a", "b"], times=10_000)
    share = Counter((left.chrf, right.chrf) for left, right in drawn)
    assert set(share) == {(0, 2), (1, 1), (2, 0)}
    assert [share[one] / 10_000 for one in ((0, 2), (1, 1), (2, 0))] == pytest.approx([0.25, 0.5, 0.25], abs=0.02)
    together = resamples([zero, one], [one, zero], ["a", "a"], times=100)
    assert set(together) == {(Tally(replies=2, chrf=1), Tally(replies=2, chrf=1))}


def test_the_interval_of_a_mean_is_the_one_that_is_known() -> None:
    # 400 differences of +1 or -1 about 0.5: the mean's standard error is sqrt(1 - 0.5**2) / 20
    differences = [1.0] * 300 + [-1.0] * 100
    a, b = [Tally(chrf=50)] * 400, [Tally(chrf=50 + one) for one in differences]
    found = compare(total(a), total(b), resamples(a, b, [str(index) for index in range(400)]), threads=400)
    mean = next(one for one in found if one.measure.name == "chrf")
    assert mean.low is not None
    assert mean.high is not None
    half = 1.96 * math.sqrt(0.75) / 20
    assert (mean.low, mean.high) == (pytest.approx(0.5 - half, abs=0.01), pytest.approx(0.5 + half, abs=0.01))
    assert mean.shown == 1


def test_chrf_by_hand() -> None:
    # "abc" against "abd": of 3 letters 2 match, of 2 pairs 1, of 1 triple none; longer ones there are none
    assert chrf("abc", "abd") == pytest.approx(100 * (2 / 3 + 1 / 2 + 0) / 3)
    assert chrf("abd", "abd") == pytest.approx(100)
    assert chrf("", "abd") == 0


def test_examples_are_read(tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    lines: list[dict[str, Any]] = [
        {"thread": "t", "prompt": "p", "reply": "r", "language": "en", "kind": "k", "facts": ["7"], "intent": "more"},
        {"messages": [{"role": "user", "content": "m", "name": "x"}], "reply": "r"},
    ]
    file.write_text("\n\n".join(json.dumps(line) for line in lines) + "\n")
    assert read_examples(file) == [
        Example(thread="t", prompt="p", reply="r", language="en", kind="k", facts=("7",)),
        Example(thread="3", prompt=({"role": "user", "content": "m"},), reply="r"),
    ]
    assert len(read_examples(file, limit=1)) == 1


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", r"data.jsonl:1: no JSON object"),
        ("[1]", r'"reply" is missing'),
        ("[" * 100_000, r"no JSON object"),
        ('{"prompt": "p", "reply": " "}', r'"reply" is missing or no text'),
        ('{"reply": "r"}', r'neither "prompt" nor "messages"'),
        ('{"prompt": 7, "reply": "r"}', r'neither "prompt" nor "messages"'),
        ('{"messages": [], "reply": "r"}', r'"messages" must be a list'),
        ('{"messages": [{"role": "user"}], "reply": "r"}', r'"messages" must be a list'),
        ('{"prompt": "p", "reply": "r", "facts": "7"}', r'"facts" must be a list'),
        ("", "it holds no examples"),
        ("\udcff", "it is not UTF-8"),
    ],
)
def test_examples_that_are_none(line: str, why: str, tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    file.write_bytes(line.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError, match=why):
        read_examples(file)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_examples(tmp_path / "none.jsonl")


def test_a_model_that_thinks_aloud_is_told_not_to(tmp_path: Path) -> None:
    folder = chat_model(tmp_path / "m")
    (folder / "chat_template.jinja").write_text(
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n"
        "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
    )
    tokenizer = open_model(folder).tokenizer
    tokens, note = Prompts(tokenizer).fit(({"role": "user", "content": "Pay?"},), 128)
    assert tokenizer.decode(tokens) == "<|im_start|>user\nPay?<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
    assert note == ""


def test_damaged_weights_are_told(tmp_path: Path) -> None:
    folder = chat_model(tmp_path / "m")
    weights = load_file(folder / "model.safetensors")
    save_file({name: tensor * np.float32("nan") for name, tensor in weights.items()}, folder / "model.safetensors")
    with pytest.raises(ConfigError, match="it computes no numbers; its weights are damaged"):
        judge(folder, EXAMPLES[1:2])
