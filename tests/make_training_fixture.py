"""Makes tests/fixtures/training/two_steps.json: what two training steps by torch make of the tiny checkpoints beside it.

Needs torch and transformers (`pip install torch transformers`), which the tests do not: run it only to make the fixture anew.
The loss is the mean over what is learnt, gradients are clipped, torch's own AdamW moves the weights; decay spares norms and biases.
Of each weight the fixture keeps a few numbers as they are after the second step.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_file

FOLDER = Path(__file__).parent / "fixtures"
NAMES = ("gpt2", "gpt2-untied", "llama3", "llama-biased", "qwen2", "qwen3")
RATE, DECAY, CLIP, BETAS, EPSILON = 1e-2, 0.1, 1.0, (0.9, 0.98), 1e-4
KEPT = 5
FROM = 7
"""The first place that is learnt to foretell, in each row."""


def two_steps(name: str) -> dict[str, Any]:
    folder = FOLDER / "checkpoints" / name
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    tokens = load_file(folder / "expected.safetensors")["tokens"].long()
    decayed = [one for one in model.parameters() if one.ndim > 1]
    spared = [one for one in model.parameters() if one.ndim == 1]
    groups = [{"params": decayed, "weight_decay": DECAY}, {"params": spared, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=BETAS, eps=EPSILON)
    losses, norms = [], []
    for _ in range(2):
        logits = model(tokens).logits[:, FROM:-1]
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, FROM + 1 :].flatten())
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP).item())
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    after = {}
    for key, weight in model.named_parameters():
        flat = weight.detach().flatten()
        after[key] = flat[:: max(1, flat.numel() // KEPT)][:KEPT].tolist()
    return {"losses": losses, "norms": norms, "after": after}


def main() -> None:
    made = {name: two_steps(name) for name in NAMES}
    settings = {"rate": RATE, "decay": DECAY, "clip": CLIP, "betas": BETAS, "epsilon": EPSILON, "kept": KEPT, "from": FROM}
    target = FOLDER / "training" / "two_steps.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps({"settings": settings, "models": made}, indent=1) + "\n", encoding="utf-8")
    for name, one in made.items():
        print(name, one["losses"], one["norms"])


if __name__ == "__main__":
    main()
