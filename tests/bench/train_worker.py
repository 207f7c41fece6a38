"""One trainer of `bench_train`, in a process of its own: takes steps for some seconds and prints what they cost as JSON.

`python -m tests.bench.train_worker own|torch|grouped full|mails gpt2|llama float32|bfloat16 THREADS SECONDS`. All train the same
shape on the same tokens with AdamW and clipping; torch as its users would: transformers' model, its fused attention and AdamW,
autocast. Mails are examples of mailbot's corpus; of torch's batches of them each is padded to its longest, "grouped" by length
beforehand or not.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from mailbot.generate.training.options import Shape
from mailbot.generate.training.rows import Batch, Rows, Tokens
from mailbot.generate.training.shapes import config_of
from tests.bench.generate_worker import without_torchvision

ROWS, LENGTH, VOCABULARY = 16, 256, 4096
MAILS, MAIL_LENGTH, MAIL_VOCABULARY = 2000, 512, 2048
RATE, CLIP, DECAY = 1e-3, 1.0, 0.1
BETAS = (0.9, 0.98)
SORTED_TOGETHER = 50
"""Batches whose examples are sorted by length together, as transformers' `group_by_length` does."""

WARM = 8
NOT_LEARNT = -100

Step = Callable[[], tuple[float, int]]
"""Takes a step; returns its loss and how many tokens it was of, padding left out."""


@cache
def mails() -> Tokens:
    """Return examples of mailbot's corpus, as `mailbot train` tokenises them for the shipped model."""
    from tokenizers import Tokenizer

    import mailbot.generate
    from mailbot.generate.corpus.write import examples

    tokenizer = Tokenizer.from_file(str(Path(mailbot.generate.__file__).parent / "shipped" / "tokenizer.json"))
    made = list(examples(MAILS, seed=1))
    prompts = [tokenizer.encode(one.prompt).ids for one in made]
    texts = [[*prompt, *tokenizer.encode(one.taught).ids, 0] for prompt, one in zip(prompts, made, strict=True)]
    return Tokens(
        tokens=np.array([token for text in texts for token in text], np.int32),
        ends=np.cumsum([len(text) for text in texts]),
        learnt=np.array([len(prompt) for prompt in prompts]),
    )


def config(data: str, family: Any) -> dict[str, Any]:
    """The config.json of the model that is measured: 6 layers, 256 wide."""
    if data == "mails":
        return config_of(Shape(family=family, layers=6, width=256, heads=4, window=1024), MAIL_VOCABULARY, 0)
    return config_of(Shape(family=family, layers=6, width=256, heads=4, window=LENGTH), VOCABULARY, 0)


def full_batch() -> Batch:
    """Return rows without padding of which every token is learnt; which ones changes nothing."""
    tokens = np.random.default_rng(1).integers(1, VOCABULARY, (ROWS, LENGTH)).astype(np.int32)
    weights = np.ones(tokens.shape, np.float32)
    weights[:, -1] = 0.0
    positions = np.broadcast_to(np.arange(LENGTH, dtype=np.int32), tokens.shape)
    return Batch(
        tokens=tokens, segments=np.ones_like(tokens), positions=positions, targets=np.roll(tokens, -1, axis=1), weights=weights
    )


def own_batches(data: str) -> Iterator[Batch]:
    """Yield mailbot's batches."""
    if data == "full":
        batch = full_batch()
        while True:
            yield batch
    rows = Rows(mails(), MAIL_LENGTH, 0)
    step = 0
    while True:
        yield rows.batch(step, ROWS)
        step += 1


def torch_batches(data: str, grouped: bool) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray | None]]:
    """Yield torch's batches: tokens, labels, and which of them are no padding (None where there is none)."""
    if data == "full":
        tokens = full_batch().tokens.astype(np.int64)
        while True:
            yield tokens, tokens, None
    found = mails()
    lengths = found.lengths
    size = round(ROWS * MAIL_LENGTH / float(lengths.mean()))
    order = np.random.default_rng(0).permutation(len(lengths))
    if grouped:
        together = range(0, len(order), size * SORTED_TOGETHER)
        order = np.concatenate([sorted(order[at : at + size * SORTED_TOGETHER], key=lambda one: -lengths[one]) for at in together])
    batches = [order[at : at + size] for at in range(0, len(order) - size, size)]
    while True:
        # the order of the batches is drawn too, or a short run would see the longest only
        for place in np.random.default_rng(1).permutation(len(batches)):
            yield padded(found, batches[place])


def padded(found: Tokens, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return these examples padded to their longest, with labels where a token is learnt, and what is no padding."""
    lengths = found.lengths[numbers]
    tokens, mask = (np.zeros((len(numbers), int(lengths.max())), np.int64) for _ in range(2))
    labels = np.full(tokens.shape, NOT_LEARNT, np.int64)
    for row, (number, length) in enumerate(zip(numbers, lengths, strict=True)):
        last = int(found.ends[number])
        tokens[row, :length] = found.tokens[last - length : last]
        mask[row, :length] = 1
        learnt = int(found.learnt[number])
        labels[row, learnt:length] = tokens[row, learnt:length]
    return tokens, labels, mask


def own(data: str, family: str, dtype: str, threads: int) -> Step:
    """Return mailbot's step."""
    from mailbot.generate.architecture import parse_architecture
    from mailbot.generate.training import device

    device.settle(threads)
    from mailbot.generate.training.learner import Learner
    from mailbot.generate.training.network import Network
    from mailbot.generate.training.optimizer import AdamW
    from mailbot.generate.training.shapes import first_weights

    shape = parse_architecture(config(data, family), "the bench")
    optimizer = AdamW(betas=BETAS, decay=DECAY)
    learner = Learner(Network(shape, dtype), first_weights(shape, 0), None, optimizer, clip=CLIP, shards=threads, seed=0)
    numbered = enumerate(own_batches(data), 1)

    def step() -> tuple[float, int]:
        number, batch = next(numbered)
        return learner.step([batch], rate=RATE, number=number)[0], batch.many

    return step


def torch(data: str, family: str, dtype: str, threads: int, *, grouped: bool) -> Step:
    """Return torch's step."""
    import torch

    without_torchvision()
    import transformers

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    stated = config(data, family)
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
    batches = torch_batches(data, grouped)

    def step() -> tuple[float, int]:
        tokens, labels, mask = next(batches)
        given = {"attention_mask": torch.from_numpy(mask)} if mask is not None else {}
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
            loss = model(torch.from_numpy(tokens), labels=torch.from_numpy(labels), use_cache=False, **given).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        optimizer.zero_grad()
        return float(loss.detach()), tokens.size if mask is None else int(mask.sum())

    return step


def main() -> None:
    trainer, data, family, dtype, threads, seconds = *sys.argv[1:5], int(sys.argv[5]), float(sys.argv[6])
    if trainer == "own":
        step = own(data, family, dtype, threads)
    else:
        step = torch(data, family, dtype, threads, grouped=trainer == "grouped")
    # mailbot compiles a program for each share of a batch that is learnt: all are met within the first steps
    losses = [step()[0] for _ in range(WARM)]
    began, cpu, tokens = time.perf_counter(), sum(os.times()[:2]), 0
    while sum(os.times()[:2]) - cpu < seconds:
        tokens += step()[1]
    figures = {
        "tokens": tokens,
        "cpu": sum(os.times()[:2]) - cpu,
        "wall": time.perf_counter() - began,
        "loss": losses[2],
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
