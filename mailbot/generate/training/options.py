"""What a training run is asked for, as one value: every number that changes what it computes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from mailbot.errors import UsageError

Schedule = Literal["cosine", "inverse-sqrt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A model made from nothing: `kv_heads` 0 means as many as heads, `inner` 0 the family's usual multiple of the width."""

    family: Literal["llama", "gpt2"] = "llama"
    layers: int = 6
    width: int = 256
    heads: int = 4
    kv_heads: int = 0
    inner: int = 0
    window: int = 1024
    vocabulary: int = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One training run. Two runs of equal options on equal files compute the same numbers to the last bit on one CPU.

    `batch` rows of `length` tokens make a step, in `accumulate` equal parts one after the other; each part is shared among
    `threads` cores. `learn` "reply" takes the loss on replies and their end only. `lora` 0 trains every weight; otherwise its rank.
    Its alpha is twice the rank unless `lora_alpha` says otherwise. `patience` evaluations without a better held-out loss end the
    run; 0 never does. `compute` "auto" is bfloat16 where the machine multiplies faster in it.
    """

    data: tuple[Path, ...]
    out: Path
    start_from: Path | None = None
    shape: Shape = Shape()
    learn: Literal["reply", "all"] = "reply"
    held_out: float = 0.02
    steps: int = 2000
    batch: int = 16
    length: int = 512
    accumulate: int = 1
    rate: float = 1e-3
    schedule: Schedule = "cosine"
    warmup: int = 100
    floor: float = 0.1
    clip: float = 1.0
    decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.98)
    dropout: float = 0.0
    lora: int = 0
    lora_alpha: float = 0.0
    lora_targets: tuple[str, ...] = ("qkv", "out", "up", "down")
    eval_every: int = 200
    eval_rows: int = 64
    save_every: int = 100
    patience: int = 0
    seed: int = 0
    threads: int = 0
    dtype: Literal["float16", "float32"] = "float16"
    compute: Literal["auto", "float32", "bfloat16"] = "auto"

    @property
    def part(self) -> int:
        """Rows that are computed at once."""
        return self.batch // self.accumulate

    @property
    def lora_scale(self) -> float:
        """What a learnt change is multiplied by: alpha over rank (Hu et al. 2021, section 4.1)."""
        return (self.lora_alpha or 2.0 * self.lora) / self.lora if self.lora else 0.0

    def check(self) -> None:
        """Raise UsageError for a value that no run can have."""
        for name in ("steps", "batch", "length", "accumulate", "eval_every", "eval_rows", "save_every"):
            if getattr(self, name) < 1:
                raise UsageError(f"--{name.replace('_', '-')} is {getattr(self, name)}", remedy="give 1 or more")
        if not 0 < self.held_out < 1:
            raise UsageError(f"--held-out is {self.held_out}", remedy="give a share between 0 and 1, as 0.02")
        if not 0 <= self.dropout < 1:
            raise UsageError(f"--dropout is {self.dropout}", remedy="give a share from 0 to below 1")
        if self.length < 8:
            raise UsageError(f"--length is {self.length}", remedy="give rows of 8 tokens or more")
        if self.batch % self.accumulate:
            raise UsageError(
                f"{self.batch} rows do not divide into {self.accumulate} parts", remedy="change --batch or --accumulate"
            )
        if self.lora < 0 or (self.lora and self.start_from is None):
            raise UsageError("--lora changes a checkpoint", remedy="name one with --from, or leave --lora out")
        if self.rate <= 0 or self.clip < 0 or self.decay < 0:
            raise UsageError("--rate must be above 0, --clip and --decay not below", remedy="leave them out for the usual values")

    def as_json(self) -> dict[str, Any]:
        """Return the options that a run must keep to be the same run, as JSON values; `out` is where it lies, not what it is."""
        plain = asdict(self)
        del plain["out"], plain["data"]
        return {name: str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value
                for name, value in plain.items()}  # fmt: skip
