"""Measures `mailbot train` beside torch and prints Markdown: `python -m tests.bench.bench_train`, or `make bench-torch`.

Each trainer is a process of its own on the same cores; the runs alternate, and figures are tokens per second of CPU time, the best
of the rounds: a busy machine then changes little. Every token is one that is learnt; there is no padding.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from typing import Any

from tests.bench.bench_generate import can, table
from tests.bench.train_worker import LENGTH, ROWS, VOCABULARY

OWN, TORCH = "mailbot train", "torch"


def measure(python: str, kind: str, family: str, dtype: str, threads: int, seconds: float) -> dict[str, Any]:
    """Return the figures of one run. Raises CalledProcessError."""
    print(f"{kind} {family} {dtype}", file=sys.stderr, flush=True)
    command = [python, "-m", "tests.bench.train_worker", kind, family, dtype, str(threads), str(seconds)]
    paths = os.pathsep.join(filter(None, (os.getcwd(), os.environ.get("PYTHONPATH", ""))))
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONPATH": paths}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch-python", default=sys.executable, help="an interpreter that has torch and transformers")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=15.0, help="CPU seconds of each run")
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    peers = [(OWN, "own", sys.executable)]
    if can(asked.torch_python, "torch"):
        peers.append((TORCH, "torch", asked.torch_python))
    rows = []
    for family in ("gpt2", "llama"):
        for dtype in ("float32", "bfloat16"):
            runs: dict[str, list[dict[str, Any]]] = {name: [] for name, _, _ in peers}
            for _ in range(asked.rounds):
                for name, kind, python in peers:
                    runs[name].append(measure(python, kind, family, dtype, asked.threads, asked.seconds))
            best = {name: max(one["tokens"] / one["cpu"] for one in found) for name, found in runs.items()}
            for name, found in runs.items():
                ratio = f"{best[name] / best[TORCH]:.2f}" if TORCH in best else "-"
                rows.append((family, dtype, name, f"{best[name]:,.0f}", ratio, f"{found[0]['loss'][2]:.3f}",
                             f"{max(one['megabytes'] for one in found):,.0f}"))  # fmt: skip
    print(f"6 layers, 256 wide, vocabulary {VOCABULARY}, {ROWS} rows of {LENGTH}, {asked.threads} thread(s)\n")
    print(table(("shape", "products in", "trainer", "tokens/CPU-s", "× torch", "loss of step 3", "MB"), rows))


if __name__ == "__main__":
    main()
