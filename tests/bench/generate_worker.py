"""One way to generate text, in a process of its own: loads a model, then answers measurements asked for on stdin, a JSON a line.

Run as `python -m tests.bench.generate_worker engine|torch DIRECTORY THREADS`. The clock is the wall's and the process's CPU time.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np

PROMPT, NEW = 128, 64
BATCHES = (1, 4, 16)
RAGGED = 64
SHARED, OWN, PREFIX_NEW, PREFIXED = 512, 64, 32, 16

Figures = dict[str, Any]


def tokens_of(seed: int, many: int, vocabulary: int) -> list[int]:
    """Return random tokens, the same ones in every process."""
    return [int(one) for one in np.random.default_rng(seed).integers(1, vocabulary, many)]


def without_torchvision() -> None:
    """Hide torchvision, which models of text do not need, from transformers: it may not fit the torch that is there."""
    sys.modules["torchvision"] = None


class EngineWorker:
    """mailbot's engine, on the library that KERAS_BACKEND names."""

    def __init__(self, directory: Path, threads: int) -> None:
        from mailbot.generate.backend import limit_threads
        from mailbot.generate.checkpoint import open_checkpoint

        limit_threads(threads)
        # random weights would write a stop token now and then: every text is to be as long as it was asked to be
        self._checkpoint = replace(open_checkpoint(directory), stop_ids=())
        self._engines: dict[str, Any] = {}

    def batch(self, size: int) -> Figures:
        """Prompts of 128 tokens, 64 new ones, all at once."""
        engine = self._engine("batch", window=PROMPT + NEW, buckets=(PROMPT,), widths=BATCHES, spans=(), prefixes=0)
        return self._run(engine, [[(tokens_of(one, PROMPT, self._vocabulary), NEW) for one in range(size)]])

    def ragged(self, way: str) -> Figures:
        """64 requests of many lengths: one after the other, in batches of 16, or all at once.

        A batch is "static" as `generate` has it: padded to its longest prompt, and all rows run until the longest text ends.
        "batches" are the same 16 requests, each read without that padding, and with no rows computed beyond the last one running.
        """
        if way == "static":
            engine = self._engine("static", window=384, buckets=(256,), widths=(), spans=(256,), prefixes=0)
        else:
            engine = self._engine("ragged", window=384, widths=(1, 4, 8), prefixes=0)
        random = np.random.default_rng(7)
        asked = [
            (tokens_of(number, int(random.integers(32, 257)), self._vocabulary), int(random.integers(16, 129)))
            for number in range(RAGGED)
        ]
        step = {"sequential": 1, "static": 16, "batches": 16, "continuous": RAGGED}[way]
        return self._run(engine, [asked[start : start + step] for start in range(0, RAGGED, step)], slots=min(step, 16))

    def prefix(self, kept: bool, together: bool) -> Figures:
        """16 requests with the same first 512 tokens and 64 of their own, one after the other or all at once."""
        engine = self._engine(
            f"prefix{kept}", window=SHARED + OWN + PREFIX_NEW, buckets=(OWN, SHARED + OWN), widths=(1,), spans=(), prefixes=2 * kept
        )
        engine._prefixes.clear()
        begin = tokens_of(99, SHARED, self._vocabulary)
        asked = [([*begin, *tokens_of(number, OWN, self._vocabulary)], PREFIX_NEW) for number in range(PREFIXED)]
        return self._run(engine, [asked] if together else [[one] for one in asked])

    @property
    def _vocabulary(self) -> int:
        return self._checkpoint.architecture.vocabulary

    def _engine(self, name: str, **size: Any) -> Any:
        """Return an engine of its own for a measurement, warm; the one before it gives its memory back."""
        from mailbot.generate.engine import Engine, Size
        from tests.bench.generate_models import Numbers

        if name not in self._engines:
            self._engines.clear()
            engine = Engine(self._checkpoint, Size(slots=16, budget=2048, **size), tokenizer=Numbers())
            engine.warm_up()
            self._engines[name] = engine
        return self._engines[name]

    def _run(self, engine: Any, groups: Sequence[Sequence[tuple[list[int], int]]], slots: int = 16) -> Figures:
        """Run each group to its end. Times to first token count from when the group before ended, finishes from the beginning."""
        from mailbot.generate.request import Request

        first: list[float] = []
        finished: list[float] = []
        written = capacity = 0
        begin, cpu = time.perf_counter(), time.process_time()
        for group in groups:
            asked_at = time.perf_counter()
            for number, (prompt, most) in enumerate(group):
                engine.submit(Request(name=str(number), account="", prompt=" ".join(map(str, prompt)), max_tokens=most))
            begun: set[str] = set()
            while not engine.idle:
                pieces = engine.step(0.0)
                now = time.perf_counter()
                steps: dict[str, int] = {}
                for piece in pieces:
                    written += piece.tokens
                    if piece.name not in begun:
                        begun.add(piece.name)
                        first.append(now - asked_at)
                    else:
                        steps[piece.name] = piece.tokens
                    if piece.end:
                        finished.append(now - begin)
                capacity += slots * max(steps.values(), default=0)
        seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu
        return {
            "tokens": written, "wall": seconds, "cpu": cpu_seconds, "utilisation": (written - len(first)) / capacity,
            "first_median": median(first), "first_p95": sorted(first)[int(0.95 * len(first))], "finish_mean": mean(finished),
        }  # fmt: skip


class TorchWorker:
    """transformers on torch: `generate`, greedy, in float32."""

    def __init__(self, directory: Path, threads: int) -> None:
        import torch

        without_torchvision()
        import transformers

        transformers.logging.set_verbosity_error()
        torch.set_num_threads(threads)
        self._torch = torch
        self._model = transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()

    def batch(self, size: int) -> Figures:
        """Prompts of 128 tokens, 64 new ones, all at once."""
        vocabulary = self._model.config.vocab_size
        prompts = self._torch.tensor([tokens_of(one, PROMPT, vocabulary) for one in range(size)])
        begin, cpu = time.perf_counter(), time.process_time()
        with self._torch.inference_mode():
            texts = self._model.generate(
                prompts,
                attention_mask=self._torch.ones_like(prompts),
                max_new_tokens=NEW,
                min_new_tokens=NEW,
                do_sample=False,
                pad_token_id=0,
            )
        return {"tokens": texts.numel() - prompts.numel(), "wall": time.perf_counter() - begin, "cpu": time.process_time() - cpu}


def main() -> None:
    """Answer until stdin ends."""
    kind, directory, threads = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries print what they like
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
    worker: Any = {"engine": EngineWorker, "torch": TorchWorker}[kind](directory, threads)
    for line in sys.stdin:
        asked = json.loads(line)
        measure: Callable[..., Figures] = getattr(worker, asked.pop("measure"))
        print(json.dumps(measure(**asked)), file=answers, flush=True)


if __name__ == "__main__":
    main()
