"""What `mailbot train` leaves opens in transformers and computes the same there; its steps are still those of torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
import transformers

from mailbot.core.brief import END, brief
from mailbot.generate import transformer
from mailbot.generate.backend import ops
from mailbot.generate.checkpoint import open_checkpoint
from mailbot.generate.training.options import Options, Shape
from mailbot.generate.training.run import train
from tests.make_training_fixture import FOLDER, NAMES, two_steps
from tests.servers.training_examples import write_examples


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_transformers_opens_what_was_trained(tmp_path: Path, family: Literal["llama", "gpt2"]) -> None:
    out = tmp_path / "model"
    shape = Shape(family=family, layers=2, width=32, heads=2, window=128, vocabulary=400)
    options = Options(
        data=(write_examples(tmp_path / "examples.jsonl"),), out=out, steps=12, batch=4, length=128, rate=3e-3, warmup=4,
        held_out=0.1, eval_every=6, threads=1, shape=shape,
    )  # fmt: skip
    train(options)
    tokenizer = transformers.AutoTokenizer.from_pretrained(out)
    own = open_checkpoint(out)
    text = brief(kind="paid", language="zh", desk="Desk", facts={"name": "李先生", "total": "71.00"})
    ids = tokenizer(text)["input_ids"]
    assert ids == own.load_tokenizer()(text)["input_ids"]
    assert tokenizer.decode(ids, skip_special_tokens=False) == text
    assert tokenizer.eos_token == END

    model = transformers.AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32).eval()
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    with torch.no_grad():
        expected = model(torch.tensor([ids])).logits.numpy()
    logits = transformer.forward(own.architecture, own.load_weights(), ops.convert_to_tensor(np.array([ids], np.int32)))
    assert np.abs(ops.convert_to_numpy(logits) - expected).max() < 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_the_fixture_holds_what_torch_computes_today(name: str) -> None:
    kept = json.loads((FOLDER / "training" / "two_steps.json").read_text(encoding="utf-8"))["models"][name]
    made = two_steps(name)
    assert made["losses"] == pytest.approx(kept["losses"], rel=1e-5)
    assert made["norms"] == pytest.approx(kept["norms"], rel=1e-4)
    for key, numbers in kept["after"].items():
        assert made["after"][key] == pytest.approx(numbers, abs=1e-4)
