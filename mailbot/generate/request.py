"""What is asked of the engine and what comes back, as plain values: they travel between processes and need no tensor library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mailbot.errors import BadInput

End = Literal["", "stop", "length", "late", "cancelled", "failed"]
"""Why a text ended: a stop token or string, its most tokens (or the window), its deadline, nobody wanted it, the device could not
write it. "": it goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How the next token is chosen. Temperature 0 takes the likeliest; else one is drawn, by `seed` and position alone.

    Order as in transformers: divide by the temperature, keep the `top_k` likeliest (0: all), of those the fewest that hold
    `top_p` of the probability. Tokens as likely as the last one kept are kept too.
    """

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises BadInput for a value out of range."""
        if not 0 <= self.temperature <= 100:
            raise BadInput(f"temperature is {self.temperature}", remedy="use 0 to 100")
        if not 0 < self.top_p <= 1:
            raise BadInput(f"top_p is {self.top_p}", remedy="use a number above 0, at most 1")
        if not 0 <= self.top_k < 2**31 or not 0 <= self.seed < 2**32:
            raise BadInput(f"top_k is {self.top_k} and seed is {self.seed}", remedy="use whole numbers from 0, of 32 bits")


GREEDY = Sampling()
"""The likeliest token each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One text to write. `prompt` is text to go on from, or chat messages for the model's own template.

    `deadline` is in the seconds of the clock that the engine's caller keeps.
    """

    name: str
    account: str
    prompt: str | tuple[Mapping[str, str], ...]
    max_tokens: int
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    deadline: float | None = None

    def __post_init__(self) -> None:
        """Raises BadInput for a value out of range."""
        if self.max_tokens < 1:
            raise BadInput(f"max_tokens is {self.max_tokens}", remedy="ask for 1 token or more")
        if any(not one for one in self.stop):
            raise BadInput("a stop string is empty", remedy="leave it out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What is new of a text: `text` since the last piece, `tokens` that the model wrote for it; `end` is set on the last piece.

    `note`, on the last piece, says what the reader should know ("the prompt was too long: …").
    """

    name: str
    text: str
    tokens: int
    end: End = ""
    note: str = ""
