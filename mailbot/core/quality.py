"""How good written replies are, measured against the ones people sent: what is counted of each, and whether two models differ.

Each reply becomes a Tally of plain counts; a measure of many replies is a ratio of their summed counts, so that it can be computed
for any group, and for any resample of it (Efron 1979; threads, not replies, are drawn: replies of one thread are alike).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mailbot.core.document import Reading
from mailbot.core.draft import Grounded
from mailbot.core.grounding import ground
from mailbot.core.spans import plain, spans_of

FEWEST_THREADS = 20
"""With fewer, resampling says too little: no difference is called shown."""

LEVEL = 0.95


class Tally(NamedTuple):
    """What is counted of one reply, or summed over many. The reference is the reply that a person sent.

    `loss` is the negative log-likelihood (nats) of the reference's `tokens`, `bytes` its UTF-8 bytes, `chrf` 0 to 100; of `facts`
    that the reference takes from the prompt the written reply has `copied` some; of its `figures` some stand nowhere in the prompt:
    `invented`. `inventing` and `cut_off` are 1 for a reply with an invented figure, and for one that did not come to its end.
    """

    replies: float = 1.0
    loss: float = 0.0
    tokens: float = 0.0
    bytes: float = 0.0
    chrf: float = 0.0
    facts: float = 0.0
    copied: float = 0.0
    figures: float = 0.0
    invented: float = 0.0
    inventing: float = 0.0
    cut_off: float = 0.0
    written: float = 0.0
    reference: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure of a group of replies. `better` is 1 where more is better, -1 where less is, 0 where neither.

    Those with `decides` are what a comparison goes by: perplexity does not, since it depends on the vocabulary.
    """

    name: str
    title: str
    better: int
    decides: bool
    of: Callable[[Tally], float | None]


def _share(part: str, whole: str) -> Callable[[Tally], float | None]:
    return lambda sums: getattr(sums, part) / getattr(sums, whole) if getattr(sums, whole) else None


def _perplexity(sums: Tally) -> float | None:
    return math.exp(min(sums.loss / sums.tokens, 700.0)) if sums.tokens else None


def _bits_per_byte(sums: Tally) -> float | None:
    return sums.loss / math.log(2) / sums.bytes if sums.bytes else None


MEASURES = tuple(
    Measure(name=name, title=title, better=better, decides=decides, of=of)
    for name, title, better, decides, of in (
        ("perplexity", "perplexity of a token", -1, False, _perplexity),
        ("bits_per_byte", "bits a byte", -1, True, _bits_per_byte),
        ("chrf", "chrF", 1, True, _share("chrf", "replies")),
        ("facts_copied", "facts copied", 1, True, _share("copied", "facts")),
        ("figures_invented", "figures invented", -1, True, _share("invented", "figures")),
        ("replies_inventing", "replies with an invented figure", -1, False, _share("inventing", "replies")),
        ("length_ratio", "length against the reference", 0, False, _share("written", "reference")),
        ("cut_off", "replies cut off", -1, False, _share("cut_off", "replies")),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How much more of a measure B has than A, with the interval that holds it at LEVEL; None where it cannot be computed.

    `shown` is 1 or -1 when B is better or worse so surely that, with all deciding measures together, LEVEL still holds
    (Bonferroni); else 0.
    """

    measure: Measure
    a: float | None
    b: float | None
    low: float | None
    high: float | None
    shown: int

    @property
    def difference(self) -> float | None:
        """B less A."""
        return self.b - self.a if self.a is not None and self.b is not None else None


def tally(
    *,
    prompt: str,
    reference: str,
    written: str,
    facts: Sequence[str] | None = None,
    loss: float = 0.0,
    tokens: int = 0,
    chrf: float = 0.0,
    cut_off: bool = False,
) -> Tally:
    """Count one written reply. `facts` are those that a good reply copies, None: those that the reference takes from the prompt."""
    wanted = facts_of(reference, prompt) if facts is None else facts
    figures = [one for one in _grounded(written, prompt) if one.kind != "name"]
    invented = sum(one.source is None for one in figures)
    return Tally(
        loss=loss,
        tokens=tokens,
        bytes=len(reference.encode("utf-8", "replace")),
        chrf=chrf,
        facts=len(wanted),
        copied=sum(stands_in(fact, written) for fact in wanted),
        figures=len(figures),
        invented=invented,
        inventing=float(invented > 0),
        cut_off=float(cut_off),
        written=len(written),
        reference=len(reference),
    )


def facts_of(reference: str, prompt: str) -> tuple[str, ...]:
    """Return what a reply takes from its prompt: each figure, date, name, address or link of it that stands there too, once."""
    found = (reference[slice(*one.span)] for one in _grounded(reference, prompt) if one.source is not None)
    return tuple(dict.fromkeys(found))


def stands_in(fact: str, text: str) -> bool:
    """Return whether a fact stands in a text: its figures by what they mean (1.939,00 is 1,939.00), else its words as they are."""
    if spans_of(fact):
        return all(one.source is not None for one in _grounded(fact, text) if one.kind != "name")
    return bool(re.search(rf"(?<![A-Za-z]){re.escape(_folded(fact))}(?![A-Za-z])", _folded(text)))


def total(tallies: Iterable[Tally]) -> Tally:
    """Sum the counts of many replies; all 0 for none."""
    return Tally(*map(sum, zip(*tallies, strict=True))) if (tallies := list(tallies)) else Tally(replies=0.0)


def compare(a: Tally, b: Tally, resamples: Sequence[tuple[Tally, Tally]], *, threads: int) -> tuple[Difference, ...]:
    """Compare two models on the same prompts: their sums, and those of each resample of the `threads` (the same for both)."""
    deciding = sum(measure.decides for measure in MEASURES)
    found = []
    for measure in MEASURES:
        pairs = ((measure.of(left), measure.of(right)) for left, right in resamples)
        drawn = sorted(right - left for left, right in pairs if left is not None and right is not None)
        low, high = interval(drawn, LEVEL) if drawn else (None, None)
        shown = 0
        if drawn and measure.decides and threads >= FEWEST_THREADS:
            surely_low, surely_high = interval(drawn, 1 - (1 - LEVEL) / deciding)
            shown = measure.better * ((surely_low > 0) - (surely_high < 0))
        found.append(Difference(measure=measure, a=measure.of(a), b=measure.of(b), low=low, high=high, shown=shown))
    return tuple(found)


def interval(drawn: Sequence[float], level: float) -> tuple[float, float]:
    """Return the percentile interval of sorted draws, ends interpolated."""
    return _quantile(drawn, (1 - level) / 2), _quantile(drawn, (1 + level) / 2)


def verdict(differences: Sequence[Difference], *, threads: int) -> str:
    """Return in one line whether B is better than A."""
    if threads < FEWEST_THREADS:
        return f"too few to tell: {threads} threads, at least {FEWEST_THREADS} are needed"
    better = [one.measure.title for one in differences if one.shown > 0]
    worse = [one.measure.title for one in differences if one.shown < 0]
    if better and worse:
        return f"mixed: B is better at {', '.join(better)}; worse at {', '.join(worse)}"
    if better or worse:
        return f"B is {'better' if better else 'worse'}: {', '.join(better or worse)}"
    return "no difference shown"


def _quantile(drawn: Sequence[float], share: float) -> float:
    at = share * (len(drawn) - 1)
    below = math.floor(at)
    above = min(below + 1, len(drawn) - 1)
    return drawn[below] + (drawn[above] - drawn[below]) * (at - below)


def _grounded(text: str, source: str) -> tuple[Grounded, ...]:
    return ground(text, reading=Reading(file="", media_type=""), skeleton="", knowledge=source)


def _folded(text: str) -> str:
    return " ".join(plain(text).casefold().split())
