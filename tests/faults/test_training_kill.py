"""A training run that is killed goes on as if nothing had been: the same losses to the last bit, the same model."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.servers.training_examples import write_examples

STEPS = 120


def command(data: Path, out: Path) -> list[str]:
    shape = ["--layers", "1", "--width", "32", "--heads", "2", "--window", "128", "--vocabulary", "400"]
    often = ["--eval-every", "30", "--save-every", "12", "--warmup", "10", "--held-out", "0.1"]
    run = ["--data", str(data), "--out", str(out), "--steps", str(STEPS), "--batch", "4", "--length", "128", "--dropout", "0.1"]
    return [sys.executable, "-m", "mailbot", "train", *run, *shape, *often, "--threads", "2", "--json"]


def steps_of(out: Path) -> int:
    """How many steps the run has written down so far."""
    losses = out / "run" / "losses.jsonl"
    return losses.read_bytes().count(b'"loss"') if losses.exists() else 0


def interrupted(data: Path, out: Path, after: int, how: signal.Signals) -> int:
    """Start the run, end it by a signal once it has taken so many steps, and return its exit code."""
    process = subprocess.Popen(command(data, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 100
    while steps_of(out) < after and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(how)
    return process.wait(timeout=60)


@pytest.mark.timeout(400)  # TensorFlow is started and its programs compiled four times
def test_a_killed_run_goes_on_to_the_last_bit(tmp_path: Path) -> None:
    data = write_examples(tmp_path / "examples.jsonl")
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    straight = subprocess.run(command(data, whole), capture_output=True, check=True)
    outcome = json.loads(straight.stdout)
    assert (outcome["end"], outcome["step"]) == ("done", STEPS)

    assert interrupted(data, cut, 30, signal.SIGKILL) == -signal.SIGKILL
    assert 30 <= steps_of(cut) < STEPS
    assert interrupted(data, cut, 65, signal.SIGTERM) == 130
    stopped = steps_of(cut)
    assert 65 <= stopped < STEPS
    # a run that was asked to stop has lost nothing
    assert (cut / "run" / "checkpoints" / f"ckpt-{stopped}.index").exists()
    resumed = subprocess.run(command(data, cut), capture_output=True, check=True)
    assert json.loads(resumed.stdout)["held_out_loss"] == outcome["held_out_loss"]

    assert (cut / "run" / "losses.jsonl").read_bytes() == (whole / "run" / "losses.jsonl").read_bytes()
    assert (cut / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
