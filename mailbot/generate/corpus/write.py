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

from mailbot.core.brief import KEYS, OPEN, answer, brief
from mailbot.generate.corpus.facts import Story
from mailbot.generate.corpus.grammar import Grammar, Written

LANGUAGES = ("en", "zh")
"""What replies are written in."""
MAIL_LANGUAGES = (*LANGUAGES, "de", "fr")

RULED = ("invoice_received", "invoice_missing_po", "order_received", "document_unreadable")
"""Intents that a rule decides: the brief's kind says so."""

OPEN_INTENTS = (
    "invoice_received", "order_received", "payment_date_asked", "quantity_unclear", "complaint", "delivery_asked",
    "delay_announced", "appointment", "refusal", "question_received", "reminder", "bank_changed", "quote_asked", "credit_asked",
    "thanks", "invoice_corrected", "order_change_asked", "document_asked", "contact_changed",
)  # fmt: skip
"""What a mail itself may want."""

INTENTS = tuple(dict.fromkeys((*RULED, *OPEN_INTENTS)))

MAX_PROMPT_BYTES = 1_500
MAX_REPLY_BYTES = 900
RULED_SHARE = 0.45
OTHER_LANGUAGE = 0.05
"""The share of mails in another language than their reply."""
SAME_THREAD = 0.04
ASKS_MORE = 0.25
ASKED = "asked"

KEPT = ("name", "desk", "company", "supplier", "customer", "invoice", "order", "item")
"""What stays the same from one mail of a thread to the next."""

_INVOICE_READ = {
    "name": 0.85, "invoice": 0.95, "invoice date": 0.8, "due date": 0.5, "order": 0.6, "subtotal": 0.5, "tax": 0.5, "total": 0.92,
    "supplier": 0.7, "customer": 0.5, "iban": 0.4, "attachments": 0.9, "problem": 0.03,
}  # fmt: skip
_READ = {
    "invoice_received": _INVOICE_READ,
    "invoice_missing_po": {key: chance for key, chance in _INVOICE_READ.items() if key != "order"},
    "order_received": {"name": 0.85, "order": 0.8, "customer": 0.6, "rows": 0.75, "attachments": 0.8},
    "document_unreadable": {"name": 0.85, "attachments": 0.95, "problem": 0.8},
    OPEN: {"name": 0.85, "attachments": 0.08},
}
"""How often each fact is read, by kind."""
_WITH_INVOICE = ("payment_date_asked", "reminder", "invoice_received", "credit_asked", "invoice_corrected")


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

    @property
    def taught(self) -> str:
        """What a model is to write: the intent and the reply. A drill has no intent of a mail."""
        return answer(self.intent, self.reply) if self.intent in INTENTS else self.reply


@cache
def has_wordings(language: str, intent: str) -> bool:
    """Tell whether mails of an intent can be written in a language."""
    return (resources.files(__package__) / "phrases" / language / f"{intent}.txt").is_file()


@cache
def grammar(language: str, intent: str) -> Grammar:
    """Return the wordings of an intent, with those that every mail shares."""
    phrases = resources.files(__package__) / "phrases" / language
    return Grammar((phrases / "shared.txt").read_text("utf-8"), (phrases / f"{intent}.txt").read_text("utf-8"))


def examples(count: int, *, seed: int, held_out: bool = False) -> Iterator[Example]:
    """Yield examples, the same for the same seed. `held_out` ones have values and mail wordings that no other ones have."""
    rng = random.Random(f"{'held out' if held_out else 'corpus'} {seed}")  # noqa: S311 - made-up mail is no secret
    thread, story = "", None
    for number in range(count):
        if story is None or rng.random() > SAME_THREAD:
            thread, story = f"{'held' if held_out else 'made'}-{seed}-{number}", None
        one, story = example(rng, thread=thread, held_out=held_out, before=story)
        yield one


def example(rng: random.Random, *, thread: str, held_out: bool = False, before: Story | None = None) -> tuple[Example, Story]:
    """Return an example of a random language, kind and intent, and the story it tells; `before` is the same thread's last one."""
    kind, intent = _case(rng)
    while True:
        story = _story(rng, intent, held_out, before)
        prompt = _prompt(story, kind, intent)
        told = grammar(story.reply_language, intent)
        shown = _shown(story, prompt)
        reply = told.write("reply", shown, rng, there=shown.keys())
        text = _tidy(reply.text, story.reply_language)
        missing = [name for name in told.names("must") if name in shown and name not in reply.copied]
        if not missing and len(prompt.encode()) <= MAX_PROMPT_BYTES and len(text.encode()) <= MAX_REPLY_BYTES:
            break
    facts = dict.fromkeys(reply.copied[name] for name in ("name", *told.names("must"), "desk") if name in reply.copied)
    return Example(
        thread=thread, prompt=prompt, reply=text, language=story.reply_language, kind=kind, intent=intent, facts=tuple(facts)
    ), story


def _case(rng: random.Random) -> tuple[str, str]:
    """Return kind and intent. A rule's kind is more frequent than one open intent: such mail is most of the mail."""
    if rng.random() < RULED_SHARE:
        ruled = RULED[int(rng.random() * len(RULED))]
        return ruled, ruled
    return OPEN, OPEN_INTENTS[int(rng.random() * len(OPEN_INTENTS))]


def _story(rng: random.Random, intent: str, held_out: bool, before: Story | None) -> Story:
    """Return the story of a new mail: who writes to which desk in which languages."""
    if before:
        story = Story(rng, language=before.language, reply_language=before.reply_language, held_out=held_out)
        if has_wordings(story.language, intent):
            story.update({name: before[name] for name in KEPT if name in before})
            return story
    language = LANGUAGES[rng.random() < 0.5]
    written = language
    if rng.random() < OTHER_LANGUAGE:
        others = [one for one in MAIL_LANGUAGES if one != language and has_wordings(one, intent)]
        written = others[int(rng.random() * len(others))]
    return Story(rng, language=written, reply_language=language, held_out=held_out)


def _prompt(story: Story, kind: str, intent: str) -> str:
    """Write the mail of a story and return its brief."""
    rng = story.rng
    facts = _facts(story, kind, intent)
    wordings = grammar(story.language, intent)
    mail = ""
    if kind == OPEN or rng.random() < 0.85:
        asks = wordings.names("asks")
        if asks and rng.random() < ASKS_MORE:
            story[asks[int(rng.random() * len(asks))]] = ASKED
            story["ask"] = wordings.write("ask", story, rng).text
        mail = _as_typed(wordings.write("letter", story, rng, held_out=story.held_out), rng)
    subject = "" if mail and rng.random() < 0.04 else wordings.write("subject", story, rng).text
    mail = _tidy(mail, story.language)
    return brief(kind=kind, language=story.reply_language, desk=story["desk"], facts=facts, subject=subject, mail=mail)


def _facts(story: Story, kind: str, intent: str) -> dict[str, str]:
    """Return what was read of the documents: much for the kinds of rules, little for an open mail."""
    rng = story.rng
    chances = _READ.get(kind) or (_READ["invoice_received"] if intent in _WITH_INVOICE and rng.random() < 0.25 else _READ[OPEN])
    wanted = [key for key, chance in chances.items() if rng.random() < chance]
    return {key: story[key] for key in wanted}


def _shown(story: Story, prompt: str) -> dict[str, str]:
    """Return the values that the brief shows, which a reply may copy, and what is known of its question and problem."""
    facts, _, mail = prompt.partition("<|mail|>")
    shown: dict[str, str] = {}
    for name, value in story.items():
        if name in KEYS:
            here = f"\n{name}: {value}" in facts or (name in ("invoice", "order") and value in mail)
        elif value == ASKED:
            here = story["ask"] in mail
        else:
            here = (name.startswith("problem ") and "\nproblem: " in facts) or name == "desk" or value in mail
        if here:
            shown[name] = value
    for fact, said in (("total", "sum"), ("due date", "due"), ("invoice date", "issued")):
        if fact in shown:
            shown.pop(said, None)
    if story.language != story.reply_language:
        shown.pop("topic", None)
    return shown


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
