"""What lies in OUT/run: who the run is, its tokens, its checkpoints and its losses, so that it goes on after any kind of end."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mailbot.errors import ConfigError, UsageError
from mailbot.generate.training.export import disk_errors, write_json

KEEP = 2
"""Checkpoints that are kept: the newest may have been cut short."""


class RunDirectory:
    """OUT/run, owned by one process at a time."""

    def __init__(self, out: Path) -> None:
        """Make and lock it. Raises UsageError when another process trains there, DiskFull, ConfigError."""
        self.path = out / "run"
        with disk_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = (self.path / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise UsageError(f"{out}: another process trains there", remedy="wait for it, or name another --out") from None
        self.losses = Losses(self.path / "losses.jsonl")

    def close(self) -> None:
        """Let others have it."""
        self.losses.close()
        self._lock.close()

    def claim(self, identity: Mapping[str, Any]) -> None:
        """Say who the run is, or find that it is the one that began here. Raises UsageError that names what differs."""
        began, now = self.read("run.json"), json.loads(json.dumps(identity))
        if began is None:
            write_json(self.path / "run.json", identity)
        elif began != now:
            differing = sorted(_differing(began, now))
            raise UsageError(
                f"{self.path}: a run with other arguments began here ({', '.join(differing)})",
                remedy="give the same ones to go on with it, name another --out, or delete that directory to start anew",
            )

    def read(self, name: str) -> Any:
        """Return the value of a JSON file in it, None when there is none. Raises ConfigError."""
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"{self.path / name}: cannot be read ({error})", remedy=f"delete {self.path} to start anew"
            ) from error


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of what differs, of nested objects too."""
    for name in {*one, *other}:
        mine, theirs = one.get(name), other.get(name)
        if isinstance(mine, dict) and isinstance(theirs, dict):
            yield from _differing(mine, theirs)
        elif mine != theirs:
            yield name


class Losses:
    """losses.jsonl: one object a step and one an evaluation; cut back to the checkpoint when a run goes on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: Any = None
        self.entries: list[dict[str, Any]] = []

    def open_at(self, step: int) -> None:
        """Keep what was written up to a step, drop the rest, and go on after it. Raises DiskFull, ConfigError."""
        kept: list[dict[str, Any]] = []
        with disk_errors(self._path):
            for line in self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else ():
                try:
                    entry = json.loads(line)
                except ValueError:
                    break  # cut short when the machine stopped
                if entry["step"] > step:
                    break
                kept.append(entry)
            beside = self._path.with_name(f".{self._path.name}.new")
            beside.write_text("".join(json.dumps(entry) + "\n" for entry in kept), encoding="utf-8")
            beside.replace(self._path)
            self._file = self._path.open("a", encoding="utf-8", buffering=1)
        self.entries = kept

    def add(self, entry: dict[str, Any]) -> None:
        """Append one. Raises DiskFull, ConfigError."""
        self.entries.append(entry)
        with disk_errors(self._path):
            self._file.write(json.dumps(entry) + "\n")

    def curve(self, name: str) -> list[tuple[int, float]]:
        """Return (step, value) of the entries that have a value of that name."""
        return [(entry["step"], entry[name]) for entry in self.entries if name in entry]

    def sync(self) -> None:
        """Make sure that what was added is on the disk."""
        with disk_errors(self._path):
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


class Progress:
    """Where a run stands, as `tf.train.Checkpoint` keeps it beside weights and optimizer."""

    def __init__(self, directory: Path, learner_state: Mapping[str, Any]) -> None:
        import tensorflow as tf

        self._step = tf.Variable(0, dtype=tf.int64)
        self._tokens = tf.Variable(0, dtype=tf.int64)
        self._best = tf.Variable(float("inf"), dtype=tf.float64)
        self._waited = tf.Variable(0, dtype=tf.int64)
        checkpoint = tf.train.Checkpoint(
            step=self._step, tokens=self._tokens, best=self._best, waited=self._waited, **learner_state
        )
        self._checkpoint = checkpoint
        self._manager = tf.train.CheckpointManager(checkpoint, str(directory / "checkpoints"), max_to_keep=KEEP)
        self.step = self.tokens = self.waited = 0
        self.best = float("inf")

    def restore(self) -> bool:
        """Go back to the newest whole checkpoint; return whether there was one. Raises ConfigError."""
        import tensorflow as tf

        for path in reversed(self._manager.checkpoints):
            try:
                self._checkpoint.restore(path).assert_consumed()
            except (tf.errors.OpError, AssertionError, ValueError, IndexError):
                continue
            self.step, self.tokens, self.waited = (int(one.numpy()) for one in (self._step, self._tokens, self._waited))
            self.best = float(self._best.numpy())
            return True
        if self._manager.checkpoints:
            raise ConfigError(f"{self._manager.directory}: no checkpoint can be read", remedy="delete OUT/run to start anew")
        return False

    def save(self) -> None:
        """Write a checkpoint; older ones go. Raises DiskFull."""
        import tensorflow as tf

        from mailbot.errors import DiskFull

        for variable, value in (
            (self._step, self.step), (self._tokens, self.tokens), (self._best, self.best), (self._waited, self.waited)
        ):  # fmt: skip
            variable.assign(value)
        try:
            self._manager.save(checkpoint_number=self.step)
        except tf.errors.OpError as error:
            raise DiskFull(
                f"{self._manager.directory}: a checkpoint could not be written ({str(error).splitlines()[0][:160]})",
                remedy="free some space and run the same command again: it goes on",
            ) from error
