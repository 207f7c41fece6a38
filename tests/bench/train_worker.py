"""One trainer of `bench_train`, in a process of its own: takes steps for some seconds and prints what they cost as JSON.

`python -m tests.bench.train_worker own|torch gpt2|llama float32|bfloat16 THREADS SECONDS`. Both train the same shape on the same
full rows with AdamW and clipping; torch as its users would: transformers' model, its fused attention and AdamW, autocast.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from mailbot.generate.training.options import Shape
from mailbot.generate.training.shapes import config_of
from tests.bench.generate_worker import without_torchvision

ROWS, LENGTH, VOCABULARY = 16, 256, 4096
RATE, CLIP, DECAY = 1e-3, 1.0, 0.1
BETAS = (0.9, 0.98)


def config(family: Any) -> dict[str, Any]:
    """The config.json of the model that is measured: 6 layers, 256 wide."""
    return config_of(Shape(family=family, layers=6, width=256, heads=4, window=LENGTH), VOCABULARY, 0)


def rows() -> np.ndarray:
    """The tokens of a batch; which ones changes nothing."""
    return np.random.default_rng(1).integers(1, VOCABULARY, (ROWS, LENGTH)).astype(np.int32)


def own(family: str, dtype: str, threads: int) -> Callable[[], float]:
    """Return mailbot's step, which returns its loss."""
    from mailbot.generate.architecture import parse_architecture
    from mailbot.generate.training import device

    device.settle(threads)
    from mailbot.generate.training.learner import Learner
    from mailbot.generate.training.network import Network
    from mailbot.generate.training.optimizer import AdamW
    from mailbot.generate.training.rows import Batch
    from mailbot.generate.training.shapes import first_weights

    shape = parse_architecture(config(family), "the bench")
    optimizer = AdamW(betas=BETAS, decay=DECAY)
    learner = Learner(Network(shape, dtype), first_weights(shape, 0), None, optimizer, clip=CLIP, shards=threads, seed=0)
    tokens = rows()
    weights = np.ones(tokens.shape, np.float32)
    weights[:, -1] = 0.0
    positions = np.broadcast_to(np.arange(LENGTH, dtype=np.int32), tokens.shape)
    batch = Batch(
        tokens=tokens, segments=np.ones_like(tokens), positions=positions, targets=np.roll(tokens, -1, axis=1), weights=weights
    )
    number = iter(range(1, 1 << 30))
    return lambda: learner.step([batch], rate=RATE, number=next(number))[0]


def torch(family: str, dtype: str, threads: int) -> Callable[[], float]:
    """Return torch's step, which returns its loss."""
    import torch

    without_torchvision()
    import transformers

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    stated = config(family)
    shape = transformers.AutoConfig.for_model(stated.pop("model_type"), **stated)
    for name in ("attn_pdrop", "embd_pdrop", "resid_pdrop"):
        if hasattr(shape, name):
            setattr(shape, name, 0.0)
    model = transformers.AutoModelForCausalLM.from_config(shape, attn_implementation="sdpa").train()
    groups = [
        {"params": [one for one in model.parameters() if one.ndim > 1], "weight_decay": DECAY},
        {"params": [one for one in model.parameters() if one.ndim == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=BETAS, fused=True)
    tokens = torch.from_numpy(rows()).long()

    def step() -> float:
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
            loss = model(tokens, labels=tokens, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        optimizer.zero_grad()
        return float(loss.detach())

    return step


def main() -> None:
    kind, family, dtype, threads, seconds = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5])
    step = (own if kind == "own" else torch)(family, dtype, threads)
    losses = [step() for _ in range(3)]
    began, cpu, steps = time.perf_counter(), sum(os.times()[:2]), 0
    while sum(os.times()[:2]) - cpu < seconds:
        losses.append(step())
        steps += 1
    figures = {
        "tokens": steps * ROWS * LENGTH,
        "cpu": sum(os.times()[:2]) - cpu,
        "wall": time.perf_counter() - began,
        "loss": losses[:3],
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
