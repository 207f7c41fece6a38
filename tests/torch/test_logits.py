"""Fresh random checkpoints of every family: the same logits from mailbot as from transformers and torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from mailbot.generate import transformer
from mailbot.generate.backend import ops
from mailbot.generate.checkpoint import open_checkpoint
from tests.make_checkpoints import CONFIGS, roughen

LONG = 60
"""Beyond the 16 positions that the Llama 3 shape was trained on, so that its slowed frequencies count."""


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", sorted(name for name in CONFIGS if not name.endswith("bf16")))
def test_fresh_checkpoints_of_every_family(name: str, seed: int, tmp_path: Path) -> None:
    torch.manual_seed(seed)
    model = transformers.AutoModelForCausalLM.from_config(CONFIGS[name], attn_implementation="eager")
    roughen(model)
    model.save_pretrained(tmp_path)
    tokens = torch.randint(3, CONFIGS[name].vocab_size, (2, LONG))
    with torch.no_grad():
        expected = model.eval()(tokens).logits.numpy()
    checkpoint = open_checkpoint(tmp_path)
    logits = transformer.forward(
        checkpoint.architecture, checkpoint.load_weights(), ops.convert_to_tensor(tokens.numpy().astype(np.int32))
    )
    assert np.abs(ops.convert_to_numpy(logits) - expected).max() < 1e-4
