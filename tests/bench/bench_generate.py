"""Measures the generator beside its peers, and prints Markdown: `python -m tests.bench.bench_generate`, or `make bench-torch`.

A GPT-2 of 124M parameters with random weights, the same in every process. Each peer is a process of its own on the same cores, the
runs alternate, and figures are tokens per second of CPU time: a busy machine then changes little. `--bandwidth` measures how near
decoding comes to what the memory allows, in this process, on whatever device there is.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from statistics import median
from typing import Any

from mailbot.generate import malloc
from tests.bench.generate_models import GPT2, SMALL, write_checkpoint
from tests.bench.generate_worker import BATCHES, NEW, OWN, PREFIXED, PROMPT, RAGGED, SHARED, Figures

ENGINE, JAX, TORCH = "mailbot on TensorFlow", "mailbot on JAX", "transformers on torch"


class Peer:
    """A process of `generate_worker`."""

    def __init__(self, name: str, python: str, kind: str, directory: Path, threads: int, backend: str = "") -> None:
        self.name = name
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONPATH": os.getcwd()}
        # as the daemon starts its generator; the peers have it too, so that nobody reads from smaller pages
        environment[malloc.TUNABLES] = malloc.HUGE_PAGES
        if backend:
            environment["KERAS_BACKEND"] = backend
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115  as long as the process
        self._process = subprocess.Popen(
            [python, "-m", "tests.bench.generate_worker", kind, str(directory), str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True, env=environment,
        )  # fmt: skip

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(60)
        self._log.close()

    def measure(self, name: str, **options: Any) -> Figures:
        """Return the figures of one run. Raises RuntimeError with what the process said when it has died."""
        assert self._process.stdin
        assert self._process.stdout
        print(f"{self.name}: {name} {options}", file=sys.stderr, flush=True)
        with suppress(BrokenPipeError):
            print(json.dumps({"measure": name, **options}), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            self._log.seek(0)
            raise RuntimeError(f"{self.name} died: {self._log.read()[-2000:]}")
        return dict(json.loads(answer))


def can(python: str, module: str) -> bool:
    """Return whether an interpreter has a module."""
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([python, "-c", code], check=False, capture_output=True).returncode == 0


def per_cpu(runs: Sequence[Figures]) -> list[float]:
    """Return tokens per CPU second of each run, the best first."""
    return sorted((run["tokens"] / run["cpu"] for run in runs), reverse=True)


def per_wall(runs: Sequence[Figures]) -> float:
    """Return the best run's tokens a second on the clock."""
    return max(run["tokens"] / run["wall"] for run in runs)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def batches(peers: Sequence[Peer], runs: int) -> dict[str, dict[int, list[Figures]]]:
    """Measure every peer at every batch, in turns; the first run of each, which compiles, does not count."""
    found: dict[str, dict[int, list[Figures]]] = {peer.name: {size: [] for size in BATCHES} for peer in peers}
    for size in BATCHES:
        for run in range(runs + 1):
            for peer in peers:
                figures = peer.measure("batch", size=size)
                if run:
                    found[peer.name][size].append(figures)
    return found


def batch_table(found: dict[str, dict[int, list[Figures]]], missing: Sequence[str]) -> str:
    """Return tokens per CPU second, median (least to most), how often the peer's that is, and the best on the clock."""
    rows = []
    for name, sizes in found.items():
        cells = []
        for size, runs in sizes.items():
            rates = per_cpu(runs)
            peer = f", {median(rates) / median(per_cpu(found[TORCH][size])):.2f}x" if TORCH in found and name != TORCH else ""
            cells.append(f"{median(rates):.1f}{peer} ({rates[-1]:.1f} to {rates[0]:.1f}; clock {per_wall(runs):.1f})")
        rows.append([name, *cells])
    rows += [[name, *["not installed"] * len(BATCHES)] for name in missing]
    return table([f"tokens per CPU second, {PROMPT} + {NEW} tokens", *(f"batch {size}" for size in BATCHES)], rows)


def ragged(peer: Peer, runs: int) -> dict[str, list[Figures]]:
    """Measure the ways to serve requests of many lengths."""
    ways = ("continuous", "batches", "sequential", "static")
    taken = [(way, peer.measure("ragged", way=way)) for _ in range(runs) for way in ways]
    return {way: [figures for name, figures in taken if name == way] for way in ways}


def ragged_table(found: dict[str, list[Figures]]) -> str:
    """Return a row for each way, the run of the best CPU time."""
    rows = []
    for way, runs in found.items():
        best = min(runs, key=lambda run: float(run["cpu"]))
        ratio = median(per_cpu(found["continuous"])) / median(per_cpu(runs))
        rows.append(
            [
                way, f"{best['tokens'] / best['cpu']:.1f}", f"{best['tokens'] / best['wall']:.1f}", f"{ratio:.2f}x",
                f"{best['utilisation']:.0%}", f"{best['finish_mean']:.1f} s",
            ]
        )  # fmt: skip
    best = min(found["continuous"], key=lambda run: float(run["cpu"]))
    note = (
        f"First token, all {RAGGED} asked for at once: median {best['first_median']:.1f} s, 95 % within {best['first_p95']:.1f} s."
    )
    head = [f"{RAGGED} ragged requests", "tokens per CPU second", "on the clock", "continuous is", "slots at work", "mean finish"]
    return f"{table(head, rows)}\n\n{note}"


def prefix(peer: Peer) -> dict[str, Figures]:
    """Measure a shared beginning with and without the cache, one request after the other and all at once."""
    return {
        f"{'with' if kept else 'without'}, {'all at once' if together else 'one by one'}": peer.measure(
            "prefix", kept=kept, together=together
        )
        for kept in (False, True)
        for together in (False, True)
    }


def prefix_table(found: dict[str, Figures]) -> str:
    """Return a row for each."""
    head = [f"{PREFIXED} prompts of {SHARED} shared and {OWN} own tokens", "first token, median", "tokens per CPU second"]
    return table(head, [[name, f"{one['first_median']:.2f} s", f"{one['tokens'] / one['cpu']:.1f}"] for name, one in found.items()])


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_generate", description="Measures the generator.")
    parser.add_argument("--torch-python", default=os.environ.get("TORCH_PYTHON", ""), help="an interpreter with torch")
    parser.add_argument("--jax-python", default=sys.executable, help="an interpreter with JAX, Keras and what mailbot needs")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--ragged-runs", type=int, default=1)
    parser.add_argument("--only", choices=("batch", "ragged", "prefix"), action="append", help="not all of it")
    parser.add_argument("--small", action="store_true", help="a tiny model, for a quick look")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--bandwidth", action="store_true", help="decoding against the memory's limit, on this device")
    parser.add_argument("--dtype", default="", help="with --bandwidth: bfloat16 on a GPU by default, float32 on a CPU")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    """Measure, and print tables."""
    told = arguments(given)
    if told.bandwidth:
        from tests.bench.generate_bandwidth import measure, show

        result: dict[str, Any] = {"bandwidth": measure(small=told.small, dtype=told.dtype)}
        print(show(result["bandwidth"]))
    else:
        result = side_by_side(told)
    if told.json:
        told.json.write_text(json.dumps(result, indent=1) + "\n")


def side_by_side(told: argparse.Namespace) -> dict[str, Any]:
    """Run the peers; print each table when it is there."""
    result: dict[str, Any] = {"threads": told.threads}
    chosen = set(told.only or ("batch", "ragged", "prefix"))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        directory = Path(folder)
        write_checkpoint(directory, GPT2 | (SMALL if told.small else {}))
        engine = stack.enter_context(Peer(ENGINE, sys.executable, "engine", directory, told.threads, "tensorflow"))
        if "batch" in chosen:
            peers, missing = [engine], []
            for name, python, module, kind in (
                (JAX, told.jax_python, "jax", "engine"),
                (TORCH, told.torch_python, "torch", "torch"),
            ):
                if python and can(python, module):
                    backend = module if kind == "engine" else ""
                    peers.append(stack.enter_context(Peer(name, python, kind, directory, told.threads, backend)))
                else:
                    missing.append(name)
            result["batch"] = batches(peers, told.runs)
            print(batch_table(result["batch"], missing), flush=True)
        if "ragged" in chosen:
            result["ragged"] = ragged(engine, told.ragged_runs)
            print(f"\n{ragged_table(result['ragged'])}", flush=True)
        if "prefix" in chosen:
            result["prefix"] = prefix(engine)
            print(f"\n{prefix_table(result['prefix'])}", flush=True)
    return result


if __name__ == "__main__":
    main()
