"""Judges a written reply to an example: are its facts copied, is nothing invented, are language and intent right?

The intent is told by phrases: runs of three words (four characters in Chinese) that the tables know in the point of few intents,
and not in the answer to a second question. A phrase of one intent has a whole vote, one of two a quarter: most votes win.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from mailbot.core.language import guess
from mailbot.core.spans import Key, Span, spans_of
from mailbot.generate.corpus.facts import MAKERS, PROBLEMS
from mailbot.generate.corpus.write import INTENTS, Example, grammar

_SAMPLES = 400
"""So many times each intent's point is written to learn its phrases."""
_GAP = "\x00"
_WORD = re.compile(r"[^\W\d_]+|\x00")
_HAN = re.compile(r"[\u4e00-\u9fff\x00]")
_FIGURE = re.compile(r"[A-Za-z0-9#._/-]*[0-9](?:[A-Za-z0-9.,:/_-]*[A-Za-z0-9])?")
_MOST_INTENTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is right about a reply. `copied` of `wanted` facts stand in it; `invented` is what stands nowhere in its brief."""

    wanted: int
    copied: int
    invented: tuple[str, ...]
    language_right: bool
    intent: str
    """What the reply reads like, "" when its phrases do not say."""
    intent_right: bool

    @property
    def right(self) -> bool:
        """Whether nothing at all is wrong."""
        return self.copied == self.wanted and not self.invented and self.language_right and self.intent_right


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Shares, 0 to 1, over many replies. `facts` is of all facts, the others of replies."""

    replies: int
    facts: float
    uninvented: float
    language: float
    intent: float
    right: float


def judge(example: Example, reply: str) -> Verdict:
    """Judge one reply against its example's brief and facts."""
    intent = intent_of(reply, example.language)
    return Verdict(
        wanted=len(example.facts),
        copied=sum(fact in reply for fact in example.facts),
        invented=tuple(_invented(reply, example.prompt, example.language)),
        language_right=guess(reply) == example.language,
        intent=intent,
        intent_right=intent == example.intent,
    )


def score(verdicts: Sequence[Verdict]) -> Score:
    """Return the shares of many verdicts. Raises ValueError for none."""
    if not verdicts:
        raise ValueError("no verdicts to score")
    count = len(verdicts)
    return Score(
        replies=count,
        facts=sum(one.copied for one in verdicts) / max(1, sum(one.wanted for one in verdicts)),
        uninvented=sum(not one.invented for one in verdicts) / count,
        language=sum(one.language_right for one in verdicts) / count,
        intent=sum(one.intent_right for one in verdicts) / count,
        right=sum(one.right for one in verdicts) / count,
    )


def intent_of(reply: str, language: str) -> str:
    """Return the intent that a reply reads like; "" when no phrase tells, or two intents are told as loudly."""
    votes: dict[str, float] = {"": 0.0}
    telling = _telling(language)
    for phrase in set(_phrases(reply, language)):
        intents = telling.get(phrase, ())
        for intent in intents:
            votes[intent] = votes.get(intent, 0) + 1 / len(intents) ** 2
    most = max(votes.values())
    first = [intent for intent, vote in votes.items() if vote == most]
    return first[0] if len(first) == 1 else ""


def _invented(reply: str, prompt: str, language: str) -> Iterator[str]:
    """Yield the greeting when it greets somebody else, and each figure, date, address or link that the brief does not show."""
    name = re.search(r"\nname: (.+?)(?:\n|<)", prompt)
    greeting = reply.partition("\n")[0]
    if greeting not in _greetings(language, name[1] if name else ""):
        yield greeting
    known: set[Key] = {key for span in spans_of(prompt) for key in span.keys}
    for span in spans_of(reply):
        if not _stands(span, reply[span.start : span.end], known, prompt):
            yield reply[span.start : span.end]


def _stands(span: Span, text: str, known: set[Key], prompt: str) -> bool:
    """Tell whether a span stands in the brief: in its spelling, in its meaning, or (a number that was cut oddly) in its parts."""
    if _written(text, prompt) or span.keys & known:
        return True
    parts = _FIGURE.findall(text)
    return span.kind == "number" and bool(parts) and all(_written(part, prompt) for part in parts)


def _written(text: str, prompt: str) -> bool:
    """Tell whether a text stands in the brief and is not just the middle of a longer figure or word."""
    return bool(re.search(rf"(?<![A-Za-z0-9]){re.escape(text)}(?![A-Za-z0-9])", prompt))


@cache
def _greetings(language: str, name: str) -> frozenset[str]:
    """Return every greeting of the tables: of this person, or of nobody."""
    wordings, rng = grammar(language, INTENTS[0]), random.Random(0)  # noqa: S311
    values = {"name": name} if name else {}
    return frozenset(wordings.write("greeting", values, rng, there=values.keys()).text for _ in range(100))


class _Gaps(dict[str, str]):
    """Values that are all there and say nothing."""

    def __missing__(self, name: str) -> str:
        return _GAP


@cache
def _telling(language: str) -> dict[str, tuple[str, ...]]:
    """Return the phrases of few intents, with those."""
    owners: dict[str, set[str]] = {}
    anyones: set[str] = set()
    rng = random.Random(language)  # noqa: S311 - which wordings are looked at is no secret
    names = (*MAKERS, *(f"problem {name}" for name in PROBLEMS))
    for intent in INTENTS:
        wordings = grammar(language, intent)
        for _ in range(_SAMPLES):
            share = rng.random()
            there = {name for name in names if rng.random() < share}
            for section in ("core", "next"):
                text = wordings.write(section, _Gaps(), rng, there=there).text
                for phrase in _phrases(text, language):
                    owners.setdefault(phrase, set()).add(intent)
            for tag in wordings.names("asks"):
                anyones.update(_phrases(wordings.write("answer", _Gaps(), rng, there=there | {tag}).text, language))
    return {
        phrase: tuple(sorted(intents))
        for phrase, intents in owners.items()
        if phrase not in anyones and len(intents) <= _MOST_INTENTS
    }


def _phrases(text: str, language: str) -> Iterator[str]:
    """Yield each run of three words or four Chinese characters; a value parts them."""
    pattern, length = (_HAN, 4) if language == "zh" else (_WORD, 3)
    parts = pattern.findall(text.casefold())
    for at in range(len(parts) - length + 1):
        if _GAP not in (run := parts[at : at + length]):
            yield " ".join(run)
