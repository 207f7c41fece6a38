"""A training run: what it leaves is a Hugging Face directory that computes what was measured; what it cannot do, it says."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.numpy import load_file

from mailbot.core.brief import END, MARKS
from mailbot.errors import BadInput, ConfigError, DiskFull, UsageError
from mailbot.generate import transformer
from mailbot.generate.backend import ops
from mailbot.generate.checkpoint import open_checkpoint
from mailbot.generate.training import events
from mailbot.generate.training.export import write_model
from mailbot.generate.training.options import Options, Shape
from mailbot.generate.training.rows import Rows, Tokens
from mailbot.generate.training.run import train
from mailbot.generate.training.state import Progress, RunDirectory
from tests.servers.training_examples import write_examples


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Options:
    """A run of a few seconds."""
    folder = tmp_path_factory.mktemp("training")
    return Options(
        data=(write_examples(folder / "examples.jsonl"),), out=folder / "model", steps=24, batch=4, length=128, rate=3e-3, warmup=4,
        held_out=0.1, eval_every=8, save_every=8, threads=1, dtype="float32", compute="float32",
        shape=Shape(layers=1, width=32, heads=2, kv_heads=1, window=128, vocabulary=400),
    )  # fmt: skip


@pytest.fixture(scope="module")
def told(asked: Options) -> list[Any]:
    """What the run told, and its outcome last."""
    heard: list[Any] = []
    heard.append(train(asked, heard.append))
    return heard


def test_it_tells_where_it_stands(told: list[Any], asked: Options) -> None:
    started, outcome = told[0], told[-1]
    assert isinstance(started, events.Started)
    assert (started.step, started.left_out, started.vocabulary) == (0, 0, 400)
    assert started.learnt_examples + started.held_out_examples == 240
    steps = [one for one in told if isinstance(one, events.Stepped)]
    assert [one.step for one in steps] == list(range(1, 25))
    assert steps[-1].tokens_per_second > 0
    evaluations = [one for one in told if isinstance(one, events.Evaluated)]
    assert [one.step for one in evaluations] == [8, 16, 24]
    assert evaluations[-1].loss < evaluations[0].loss
    assert (outcome.end, outcome.step) == ("done", 24)
    assert outcome.held_out_loss == min(one.loss for one in evaluations)


def test_the_model_computes_the_loss_that_was_measured(told: list[Any], asked: Options) -> None:
    checkpoint = open_checkpoint(asked.out)
    tokenizer = checkpoint.load_tokenizer()
    assert checkpoint.stop_ids == (tokenizer.convert_tokens_to_ids(END),)
    run = asked.out / "run"
    rows = Rows(Tokens.open(run / "held_out"), asked.length, 0)
    batch = rows.of(range(len(rows)), len(rows))
    weights, summed, count = checkpoint.load_weights(), 0.0, 0
    for tokens, segments, learnt in zip(batch.tokens, batch.segments, batch.weights, strict=True):
        for segment in range(1, segments.max() + 1):
            own = tokens[segments == segment]
            logits = transformer.forward(checkpoint.architecture, weights, ops.convert_to_tensor(own[None])).numpy()[0]
            (places,) = np.nonzero(learnt[segments == segment])
            logits = logits[places] - logits[places].max(axis=-1, keepdims=True)
            summed += float((np.log(np.exp(logits).sum(axis=-1)) - logits[np.arange(len(places)), own[places + 1]]).sum())
            count += len(places)
            # what was learnt is the reply and its end, after the brief
            text = tokenizer.decode(own[places + 1])
            assert text.endswith(END)
            assert not any(mark in text for mark in MARKS if mark != END)
    assert told[-1].held_out_loss == pytest.approx(summed / count, rel=1e-4)


def test_its_files_say_what_it_is(told: list[Any], asked: Options) -> None:
    note = json.loads((asked.out / "mailbot.json").read_text(encoding="utf-8"))
    assert note["prompt"] == "brief"
    assert sorted(note["kinds"]) == ["paid", "received"]
    assert sorted(note["languages"]) == ["en", "zh"]
    assert (note["trained_by"], note["steps"], note["data"]["examples"]) == ("mailbot train", 24, 240)
    lines = [json.loads(line) for line in (asked.out / "run" / "losses.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == list(range(1, 25))
    with Image.open(asked.out / "loss.png") as picture:
        assert picture.size == (960, 480)
        assert len(picture.getcolors(1 << 20) or ()) > 3
    assert {"vocab.json", "merges.txt", "tokenizer.json", "generation_config.json"} <= {file.name for file in asked.out.iterdir()}
    assert not list(asked.out.glob(".*"))


@given(st.text())
@settings(max_examples=100)
def test_any_text_comes_back_from_its_tokens(tokenizer: Any, text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    ids = tokenizer(text)["input_ids"]
    assert tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False) == text


@pytest.fixture(scope="module")
def tokenizer(told: list[Any], asked: Options) -> Any:
    return open_checkpoint(asked.out).load_tokenizer()


def test_each_digit_is_a_token_and_so_is_each_mark(tokenizer: Any) -> None:
    assert [tokenizer.decode([one]) for one in tokenizer("1939.00")["input_ids"]] == list("1939.00")
    assert all(len(tokenizer(mark)["input_ids"]) == 1 for mark in MARKS)


def test_a_finished_run_stays_finished_and_is_no_other(told: list[Any], asked: Options) -> None:
    before = (asked.out / "run" / "losses.jsonl").read_bytes()
    again = train(asked)
    assert (again.end, again.step, again.held_out_loss) == ("done", 24, told[-1].held_out_loss)
    assert (asked.out / "run" / "losses.jsonl").read_bytes() == before
    with pytest.raises(UsageError, match=r"other arguments began here \(steps\).*delete that directory"):
        train(replace(asked, steps=25))
    directory = RunDirectory(asked.out)
    with pytest.raises(UsageError, match="another process trains there"):
        train(asked)
    directory.close()


def test_lora_changes_what_it_was_asked_to_and_ends_early(told: list[Any], asked: Options, tmp_path: Path) -> None:
    # a rate so high that nothing gets better: the evaluation after the first is the last one
    options = replace(
        asked, start_from=asked.out, out=tmp_path / "lora", lora=2, lora_targets=("qkv",), rate=1.0, warmup=0, steps=50,
        eval_every=1, patience=2,
    )  # fmt: skip
    outcome = train(options)
    assert outcome.end == "early"
    assert outcome.step < 50
    before, after = (load_file(folder / "model.safetensors") for folder in (asked.out, options.out))
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed == {f"model.layers.0.self_attn.{one}_proj.weight" for one in "qkv"}
    assert json.loads((options.out / "config.json").read_text()) == json.loads((asked.out / "config.json").read_text())
    assert (
        open_checkpoint(options.out).load_tokenizer()("total")["input_ids"]
        == open_checkpoint(asked.out).load_tokenizer()("total")["input_ids"]
    )


@pytest.mark.parametrize(
    ("lines", "error", "words"),
    [("", BadInput, "no example in the data"), ('{"text": "one"}\n', BadInput, "nothing is held out of 1"),
     ('{"text": "one"}\n{"text"\n', BadInput, r"bad\.jsonl:2: not JSON")],
)  # fmt: skip
def test_data_that_nothing_is_learnt_from_is_named(
    asked: Options, tmp_path: Path, lines: str, error: type[Exception], words: str
) -> None:
    (tmp_path / "bad.jsonl").write_text(lines, encoding="utf-8")
    with pytest.raises(error, match=words):
        train(replace(asked, data=(tmp_path / "bad.jsonl",), out=tmp_path / "out"))


@pytest.mark.parametrize(
    ("change", "words"),
    [({"length": 256}, "the model's window 128"), ({"lora": 2}, "--lora changes a checkpoint"),
     ({"shape": Shape(layers=1, width=32, heads=2, vocabulary=100)}, "too small"),
     ({"shape": Shape(layers=1, width=33, heads=2, window=128, vocabulary=400)}, "do not divide a width"),
     ({"data": (Path("nowhere.jsonl"),)}, r"nowhere\.jsonl: cannot be read")],
)  # fmt: skip
def test_what_cannot_be_trained_is_said_first(asked: Options, tmp_path: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        train(replace(asked, out=tmp_path / "out", **change))


def test_examples_too_long_for_any_row_are_said(asked: Options, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no example fits into a row of 8 tokens"):
        train(replace(asked, out=tmp_path / "out", length=8))


def test_jax_cannot_train(asked: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(ConfigError, match="training needs TensorFlow; unset KERAS_BACKEND"):
        train(replace(asked, out=tmp_path / "out"))


@contextmanager
def small_disk(most: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_model_that_was_there(told: list[Any], asked: Options) -> None:
    checkpoint = open_checkpoint(asked.out)
    before = {file.name: file.read_bytes() for file in asked.out.iterdir() if file.is_file()}
    with small_disk(2000), pytest.raises(DiskFull, match="no space left; free some and run the same command again"):
        write_model(
            asked.out, architecture=checkpoint.architecture, config={}, generation={}, weights=checkpoint.load_weights(),
            tokenizer=checkpoint.load_tokenizer(), note={}, dtype="float32",
        )  # fmt: skip
    assert {file.name: file.read_bytes() for file in asked.out.iterdir() if file.is_file()} == before


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    weight = tf.Variable(np.arange(5000, dtype=np.float32))
    progress = Progress(tmp_path, {"weights": [weight]})
    progress.step = 3
    progress.save()
    weight.assign(weight + 1)
    progress.step = 6
    with small_disk(2000), pytest.raises(DiskFull, match="a checkpoint could not be written"):
        progress.save()
    again = tf.Variable(np.zeros(5000, np.float32))
    restored = Progress(tmp_path, {"weights": [again]})
    assert restored.restore()
    assert restored.step == 3
    assert (again.numpy() == np.arange(5000)).all()


def test_a_checkpoint_cut_short_is_passed_over_for_the_one_before(tmp_path: Path) -> None:
    weight = tf.Variable(np.zeros(5000, np.float32))
    progress = Progress(tmp_path, {"weights": [weight]})
    for step in (1, 2):
        weight.assign(weight + 1)
        progress.step = step
        progress.save()
    newest = tmp_path / "checkpoints" / "ckpt-2.data-00000-of-00001"
    newest.write_bytes(newest.read_bytes()[:1000])
    restored = Progress(tmp_path, {"weights": [weight]})
    assert restored.restore()
    assert restored.step == 1
    assert (weight.numpy() == 1).all()
    for file in (tmp_path / "checkpoints").glob("*.index"):
        file.write_bytes(b"")
    with pytest.raises(ConfigError, match="no checkpoint can be read"):
        Progress(tmp_path, {"weights": [weight]}).restore()
