"""Writes examples: a made-up mail, the brief that the desk's model would get for it, and the right reply.

Every value of a reply stands in its brief in the same spelling: a reply may only copy what is found there.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from mailbot.core.brief import OPEN, brief
from mailbot.generate.corpus.facts import Story
from mailbot.generate.corpus.grammar import Grammar, Written

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

RULED = ("invoice_received", "invoice_missing_po", "order_received", "document_unreadable")
"""Intents that a rule decides: the brief's kind says so."""

INTENTS = (
    *RULED, "payment_date_asked", "quantity_unclear", "complaint", "delivery_asked", "delay_announced", "appointment", "refusal",
    "question_received", "reminder", "bank_changed", "quote_asked", "credit_asked", "thanks",
)  # fmt: skip

MAX_PROMPT_BYTES = 1_500
MAX_REPLY_BYTES = 900
OTHER_LANGUAGE = 0.03
"""The share of replies in the other language than the mail's."""

_RULED_WEIGHT, _OPEN_RULED_WEIGHT = 9.0, 2.0
_ASKS = ("payment", "copy", "contact")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One mail and its reply. `kind` is the brief's; `facts` is every value that the reply copies."""

    thread: str
    prompt: str
    reply: str
    language: str
    kind: str
    intent: str
    facts: tuple[str, ...]


@cache
def grammar(language: str, intent: str) -> Grammar:
    """Return the wordings of an intent, with those that every mail shares."""
    phrases = resources.files(__package__) / "phrases" / language
    return Grammar((phrases / "shared.txt").read_text("utf-8"), (phrases / f"{intent}.txt").read_text("utf-8"))


def examples(count: int, *, seed: int, held_out: bool = False) -> Iterator[Example]:
    """Yield examples, the same for the same seed. `held_out` ones have values and mail wordings that no other ones have."""
    rng = random.Random(f"{'held out' if held_out else 'corpus'} {seed}")  # noqa: S311 - made-up mail is no secret
    for number in range(count):
        yield example(rng, thread=f"{'h' if held_out else 'c'}{seed}-{number}", held_out=held_out)


def example(rng: random.Random, *, thread: str, held_out: bool = False) -> Example:
    """Return one example of a random language, kind and intent."""
    kind, intent = _case(rng)
    language = LANGUAGES[rng.random() < 0.5]
    mail_language = language if rng.random() >= OTHER_LANGUAGE else LANGUAGES[language == "en"]
    while True:
        story = Story(rng, language=mail_language, reply_language=language, held_out=held_out)
        prompt = _prompt(story, kind, intent)
        reply = _reply(story, intent, prompt)
        text = _tidy(reply.text, language)
        if len(prompt.encode()) <= MAX_PROMPT_BYTES and len(text.encode()) <= MAX_REPLY_BYTES:
            facts = tuple(dict.fromkeys(value for value in reply.copied.values() if value in text))
            return Example(thread=thread, prompt=prompt, reply=text, language=language, kind=kind, intent=intent, facts=facts)


def _case(rng: random.Random) -> tuple[str, str]:
    """Return kind and intent. The kinds of rules have more examples than one open intent has: they are most of the mail."""
    if rng.random() < 0.42:
        ruled = RULED[int(rng.random() * len(RULED))]
        return ruled, ruled
    intent = INTENTS[int(rng.random() * len(INTENTS))]
    if intent in ("invoice_missing_po", "document_unreadable"):  # no mail says so itself
        intent = INTENTS[len(RULED) + int(rng.random() * (len(INTENTS) - len(RULED)))]
    return OPEN, intent


def _prompt(story: Story, kind: str, intent: str) -> str:
    """Write the mail of a story and return its brief."""
    rng = story.rng
    facts = _facts(story, kind, intent)
    if kind == OPEN or rng.random() < 0.85:
        if kind in ("invoice_received", "invoice_missing_po") and rng.random() < 0.3:
            story[f"ask {_ASKS[int(rng.random() * len(_ASKS))]}"] = "yes"
        own = grammar(story.language, intent)
        mail = _as_typed(own.write("letter", story, rng, held_out=story.held_out), rng)
    else:
        mail = ""
    subject = "" if rng.random() < 0.04 else grammar(story.language, intent).write("subject", story, rng).text
    return brief(
        kind=kind, language=story.reply_language, desk=story["desk"], facts=facts, subject=subject, mail=_tidy(mail, story.language)
    )


_CHANCES = {
    "invoice": 0.95, "invoice date": 0.8, "due date": 0.5, "order": 0.6, "subtotal": 0.5, "tax": 0.5, "total": 0.92, "supplier": 0.7,
    "customer": 0.5, "iban": 0.4, "attachments": 0.9,
}  # fmt: skip


def _facts(story: Story, kind: str, intent: str) -> dict[str, str]:
    """Return what was read of the documents: much for the kinds of rules, little for an open mail."""
    rng = story.rng
    wanted: list[str] = ["name"] if rng.random() < 0.85 else []
    if kind in ("invoice_received", "invoice_missing_po"):
        wanted += [
            key for key, chance in _CHANCES.items() if rng.random() < chance and (key, kind) != ("order", "invoice_missing_po")
        ]
    elif kind == "order_received":
        wanted += [key for key in ("order", "customer", "rows", "attachments") if rng.random() < 0.8]
    elif kind == "document_unreadable":
        wanted += ["attachments"] * (rng.random() < 0.95) + ["problem"] * (rng.random() < 0.8)
    elif intent in ("payment_date_asked", "reminder", "invoice_received") and rng.random() < 0.3:
        wanted += [key for key, chance in _CHANCES.items() if rng.random() < chance]
    elif rng.random() < 0.12:
        wanted += ["attachments"]
    return {key: story[key] for key in wanted}


def _reply(story: Story, intent: str, prompt: str) -> Written:
    """Write the reply from the values that the brief shows."""
    shown = {name: value for name, value in story.items() if value in prompt or name.startswith(("ask ", "problem "))}
    if "\nname: " not in prompt:
        shown.pop("name", None)
    if "\nproblem: " not in prompt:
        shown = {name: value for name, value in shown.items() if not name.startswith("problem")}
    if "<|mail|>" in prompt and prompt.split("<|mail|>")[1] == "<|reply|>":
        shown = {name: value for name, value in shown.items() if not name.startswith("ask ")}
    for fact, said in (("total", "sum"), ("due date", "due"), ("invoice date", "issued")):
        if f"\n{fact}: " not in prompt:
            shown.pop(fact, None)
        elif fact in shown:
            shown.pop(said, None)
    if story.language != story.reply_language:
        for words in ("item", "topic"):
            shown.pop(words, None)
    return grammar(story.reply_language, intent).write("reply", shown, story.rng, there=shown.keys())


def _as_typed(mail: Written, rng: random.Random) -> str:
    """Return a mail as its sender typed it: now and then in lower case or with a slip, never in a value."""
    style = rng.random()
    if style > 0.12:
        return mail.text
    pieces = [piece if at in mail.places else piece.lower() if style < 0.06 else piece for at, piece in enumerate(mail.pieces)]
    loose = [at for at, piece in enumerate(pieces) if at not in mail.places and len(piece) > 12]
    if style > 0.03 and loose:
        at = loose[int(rng.random() * len(loose))]
        piece = pieces[at]
        place = 2 + int(rng.random() * (len(piece) - 5))
        if piece[place : place + 2].isalpha():
            pieces[at] = piece[:place] + piece[place + 1] + piece[place] + piece[place + 2 :]
    return "".join(pieces)


_SPACES = re.compile(r" {2,}| +(?=\n)|(?<=\n) +| +$")
_LINES = re.compile(r"\n{3,}")
_WIDE = "\u3000-\u303f\u4e00-\u9fff\uff00-\uffef"
_WIDE_SPACES = re.compile(rf"(?<=[{_WIDE}]) +(?=[{_WIDE}])|(?<=[\u3000-\u303f\uff00-\uffef]) +| +(?=[\u3000-\u303f\uff00-\uffef])")


def _tidy(text: str, language: str) -> str:
    """Return a text without the gaps that dropped parts leave."""
    text = _LINES.sub("\n\n", _SPACES.sub(lambda match: " " if match[0].isspace() and len(match[0]) > 1 else "", text))
    return (_WIDE_SPACES.sub("", text) if language == "zh" else text).strip()
