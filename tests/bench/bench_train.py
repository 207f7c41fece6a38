"""Measures `mailbot train` beside torch and prints Markdown: `python -m tests.bench.bench_train`, or `make bench-torch`.

Each trainer is a process of its own on the same cores; the runs alternate, and figures are tokens per second of CPU time, the best
of the rounds: a busy machine then changes little. Of "full" rows every token is learnt and none is padding. "mails" are what the
shipped model learns from: a prompt and the reply, which alone is learnt; padding counts as no token. mailbot packs several into a
row; torch pads a batch of them to the longest, taken as they come (as transformers' Trainer does unless told otherwise) or grouped
by length. torch runs as it comes, and with freed memory kept by the process as `mailbot train` has it for itself.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from itertools import product
from typing import Any

from mailbot.generate import malloc
from tests.bench.bench_generate import can, table
from tests.bench.train_worker import LENGTH, MAIL_LENGTH, MAIL_VOCABULARY, ROWS, VOCABULARY

OWN = "mailbot train"
TRAINERS = {
    OWN: ("own", True),
    "torch": ("torch", False),
    "torch, memory kept": ("torch", True),
    "torch, grouped by length": ("grouped", False),
    "torch, grouped, memory kept": ("grouped", True),
}
"""The worker's name of each, and whether its memory is kept."""


def measure(python: str, *what: str, kept: bool, threads: int, seconds: float) -> dict[str, Any]:
    """Return the figures of one run of `what`: trainer, data, family, dtype. Raises CalledProcessError."""
    print(*what, file=sys.stderr, flush=True)
    command = [python, "-m", "tests.bench.train_worker", *what, str(threads), str(seconds)]
    paths = os.pathsep.join(filter(None, (os.getcwd(), os.environ.get("PYTHONPATH", ""))))
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONPATH": paths, "OMP_NUM_THREADS": str(threads)}
    environment[malloc.TUNABLES] = malloc.KEPT if kept else ""
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def compared(asked: argparse.Namespace, data: str, family: str, dtype: str) -> list[tuple[str, ...]]:
    """Return the rows of the table for one kind of data, shape and dtype."""
    names = [name for name, (kind, _) in TRAINERS.items() if (data, kind) != ("full", "grouped")]
    names = names if can(asked.torch_python, "torch") else [OWN]
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for _, name in product(range(asked.rounds), names):
        kind, kept = TRAINERS[name]
        python = sys.executable if name == OWN else asked.torch_python
        runs[name].append(measure(python, kind, data, family, dtype, kept=kept, threads=asked.threads, seconds=asked.seconds))
    best = {name: max(one["tokens"] / one["cpu"] for one in found) for name, found in runs.items()}
    return [
        (data, family, dtype, name, f"{best[name]:,.0f}", f"{best[OWN] / best[name]:.2f}", f"{found[0]['loss']:.3f}",
         f"{max(one['megabytes'] for one in found):,.0f}")
        for name, found in runs.items()
    ]  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch-python", default=sys.executable, help="an interpreter that has torch and transformers")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=15.0, help="CPU seconds of each run")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--data", nargs="+", choices=("full", "mails"), default=["full", "mails"])
    parser.add_argument("--family", nargs="+", choices=("gpt2", "llama"), default=["gpt2", "llama"])
    parser.add_argument("--dtype", nargs="+", choices=("float32", "bfloat16"), default=["float32", "bfloat16"])
    asked = parser.parse_args()
    rows = [row for one in product(asked.data, asked.family, asked.dtype) for row in compared(asked, *one)]
    print(f"6 layers, 256 wide, {asked.threads} thread(s). full: vocabulary {VOCABULARY}, {ROWS} rows of {LENGTH}.")
    print(f"mails: vocabulary {MAIL_VOCABULARY}, {ROWS} rows of {MAIL_LENGTH} (mailbot) or as many tokens in a batch (torch)\n")
    head = ("data", "shape", "products in", "trainer", "tokens/CPU-s", "mailbot is × as fast", "loss of step 3", "MB")
    print(table(head, rows))


if __name__ == "__main__":
    main()
