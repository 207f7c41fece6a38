"""The made-up corpus: what its replies copy, what its held-out side keeps back, and whether its judge tells right from wrong."""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import pytest

from mailbot.core.brief import BRIEF, MAIL, MAX_MAIL_BYTES, REPLY, reply_of
from mailbot.errors import MailbotError
from mailbot.generate.corpus import __main__ as command
from mailbot.generate.corpus.facts import MAKERS, PROBLEMS, values
from mailbot.generate.corpus.grammar import Grammar
from mailbot.generate.corpus.judge import intent_of, judge, score
from mailbot.generate.corpus.write import (
    INTENTS,
    LANGUAGES,
    MAIL_LANGUAGES,
    MAX_PROMPT_BYTES,
    MAX_REPLY_BYTES,
    OPEN_INTENTS,
    RULED,
    Example,
    examples,
    grammar,
    has_wordings,
)

FACT = re.compile(r"^(?:name|desk|supplier|customer|invoice|order|total|iban): (.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def made() -> list[Example]:
    return list(examples(3_000, seed=11))


@pytest.fixture(scope="module")
def held_out() -> list[Example]:
    return list(examples(400, seed=11, held_out=True))


def chosen(grammar_text: str, *there: str, count: int = 50) -> set[str]:
    table, rng = Grammar(grammar_text), random.Random(0)
    told = {name: f"<{name}>" for name in there}
    return {table.write("x", told, rng, there=told.keys()).text for _ in range(count)}


def test_a_wording_drops_out_with_its_value() -> None:
    assert chosen("= x\nplain\nof {day}") == {"plain"}
    assert chosen("= x\nplain\nof {day}", "day") == {"plain", "of <day>"}
    assert chosen("= x\nit[ of {day}] came") == {"it came"}


def test_the_part_that_copies_most_wins() -> None:
    table = "= x\n[{a} and {b}|{a}|nothing]"
    assert chosen(table) == {"nothing"}
    assert chosen(table, "a") == {"<a>"}
    assert chosen(table, "a", "b") == {"<a> and <b>"}
    assert chosen("= x\nit[[ {a}]|]", "a") == {"it", "it <a>"}


def test_the_first_section_that_fits_is_taken() -> None:
    table = "= x if a, -b\nfirst\n= x if b\nsecond\n= x\nlast"
    assert [chosen(table, *there) for there in ((), ("a",), ("a", "b"))] == [{"last"}, {"first"}, {"second"}]


def test_words_sections_line_breaks_comments_and_bars() -> None:
    assert chosen("# not said\n= x\n<y>\\n#1 | <y>\n= y*\na") == {"a\n#1 | a"}


@pytest.mark.parametrize("table", ["= x\n[a|b", "= x\na]", "no section", "= y\n<z>"])
def test_a_broken_table_is_refused(table: str) -> None:
    with pytest.raises(MailbotError):
        Grammar(table).write("y", {}, random.Random(0))


def test_every_intent_has_its_wordings_in_both_languages() -> None:
    for language in LANGUAGES:
        for intent in INTENTS:
            sections = grammar(language, intent).sections
            assert {"subject", "mail", "core", "next", "letter", "reply"} <= sections.keys()
            mails = [line for section in sections["mail"] for line in section.lines]
            assert any(line.held_out for line in mails), (language, intent)
            assert sum(line.held_out for line in mails) * 3 < len(mails), (language, intent)


def test_no_mail_of_training_is_worded_as_a_held_out_one() -> None:
    for language in LANGUAGES:
        for intent in INTENTS:
            wordings, rng = grammar(language, intent), random.Random(3)
            gaps = defaultdict(lambda: "V")
            training = {wordings.write("mail", gaps, rng).text for _ in range(200)}
            kept = {wordings.write("mail", gaps, rng, held_out=True).text for _ in range(40)}
            assert not training & kept, (language, intent)


def test_the_tables_name_nothing_that_is_not_there() -> None:
    """A slip (a section that is not there, a value nobody makes) would show only in a rare example."""
    asks = {name for intent in INTENTS for name in grammar("en", intent).names("asks")}
    known = {*MAKERS, *(f"problem {name}" for name in PROBLEMS), *asks, "ask"}
    for language in MAIL_LANGUAGES:
        for intent in filter(partial(has_wordings, language), INTENTS):
            assert grammar(language, intent).loose_ends(known) == set(), (language, intent)
    assert values().loose_ends(known) == set()
    assert Grammar("= x if a\n<y>[{b}|c]").loose_ends({"c"}) == {"a", "b", "y"}


def test_both_languages_ask_for_the_same_facts() -> None:
    for intent in INTENTS:
        for section in ("must", "asks"):
            assert len({grammar(language, intent).names(section) for language in LANGUAGES}) == 1, intent


def test_examples_are_the_same_for_the_same_seed(made: list[Example]) -> None:
    assert list(examples(200, seed=11)) == made[:200]
    assert not {one.reply for one in examples(200, seed=12)} & {one.reply for one in made}


def test_a_reply_copies_its_facts_and_the_brief_shows_them(made: list[Example], held_out: list[Example]) -> None:
    for one in (*made, *held_out):
        assert one.prompt.startswith(BRIEF)
        assert one.prompt.endswith(REPLY)
        for fact in one.facts:
            assert fact in one.reply, one
            assert fact in one.prompt, one


def test_the_kind_is_the_rule_s_or_open(made: list[Example]) -> None:
    for one in made:
        assert f"\nkind: {one.kind}\n" in one.prompt
        assert one.kind == one.intent if one.kind in RULED else one.intent in OPEN_INTENTS


def test_lengths_stay_within_the_model_s_window(made: list[Example]) -> None:
    together = sorted(len(one.prompt.encode()) + len(one.reply.encode()) for one in made)
    assert together[len(made) * 95 // 100] <= 1_100 + 500
    assert max(len(one.prompt.encode()) for one in made) <= MAX_PROMPT_BYTES
    assert max(len(one.reply.encode()) for one in made) <= MAX_REPLY_BYTES
    assert max(len(one.prompt.partition(MAIL)[2].partition("\n")[2].encode()) for one in made) <= MAX_MAIL_BYTES + len(REPLY)


def test_languages_and_intents_are_balanced(made: list[Example]) -> None:
    languages = Counter(one.language for one in made)
    assert min(languages.values()) > 0.46 * len(made)
    intents = Counter(one.intent for one in made)
    assert set(intents) == set(INTENTS)
    assert min(intents.values()) > 0.015 * len(made)
    assert 0.5 < sum(one.kind == "open" for one in made) / len(made) < 0.6


def test_replies_hardly_repeat_and_threads_are_kept_apart(made: list[Example]) -> None:
    assert len({one.reply for one in made}) > 0.99 * len(made)
    threads = Counter(one.thread for one in made)
    assert 0.9 * len(made) < len(threads) < len(made)


def test_values_of_the_held_out_side_are_never_seen_in_training(made: list[Example], held_out: list[Example]) -> None:
    training = {value for one in made for value in FACT.findall(one.prompt.partition(MAIL)[0])}
    kept = {value for one in held_out for value in FACT.findall(one.prompt.partition(MAIL)[0])}
    short = {value for value in training & kept if len(value) > 2}
    assert len(kept) > 500
    assert not short


def test_nothing_is_left_over_in_a_text(made: list[Example]) -> None:
    for one in made:
        assert not re.search(r"[{}<>\[\]°^]|  | ,| \.(?!\w)|\n\n\n|，，|。。|，。", one.reply), one.reply
        assert one.reply == one.reply.strip()


def test_the_judge_finds_the_corpus_s_own_replies_right(made: list[Example], held_out: list[Example]) -> None:
    for side in (made[:1_500], held_out):
        found = score([judge(one, one.reply) for one in side])
        assert (found.facts, found.language) == (1.0, 1.0)
        assert found.uninvented >= 0.995
        assert found.intent >= 0.995


def test_the_judge_tells_replies_of_other_intents(made: list[Example]) -> None:
    rng = random.Random(2)
    pairs = [
        (one, other) for one in made[:800] if (other := rng.choice(made)).intent != one.intent and other.language == one.language
    ]
    wrong = sum(intent_of(other.reply, one.language) != one.intent for one, other in pairs)
    assert wrong >= 0.95 * len(pairs)
    assert len(pairs) > 200


def mail_about_an_invoice() -> Example:
    """An invoice whose mail has a subject and no text, so that its total stands among the facts alone."""
    for one in examples(800, seed=4):
        facts, _, mail = one.prompt.partition(MAIL)
        shown = all(key in facts for key in ("language: en\n", "kind: invoice_received\n", "\nname: ", "\ntotal: "))
        if shown and "\n" not in mail:
            return one
    raise AssertionError("no such example")


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda text, one: text + "\nIt will be paid on 31 December 2091.", "invented"),
        (lambda text, one: text + "\nThe total is 0.37 EUR.", "invented"),
        (lambda text, one: re.sub(r"^.*\n", "Dear Zebulon Quux,\n", text), "invented"),
        (lambda text, one: text.replace(one.facts[1], one.facts[1][:-1]), "copied"),
        (lambda text, one: "您的发票已收到，谢谢。", "language_right"),
        (lambda text, one: "Yes, sure.", "intent_right"),
        (lambda text, one: "", "copied"),
    ],
)
def test_the_judge_sees_what_is_wrong(change, wrong: str) -> None:  # type: ignore[no-untyped-def]
    one = mail_about_an_invoice()
    verdict = judge(one, change(one.reply, one))
    assert judge(one, one.reply).right
    assert not verdict.right
    assert {
        "invented": bool(verdict.invented),
        "copied": verdict.copied < verdict.wanted,
        "language_right": not verdict.language_right,
        "intent_right": not verdict.intent_right,
    }[wrong]


def test_the_judge_needs_something_to_score() -> None:
    with pytest.raises(ValueError, match="no verdicts"):
        score([])


def test_a_figure_counts_as_invented_when_this_brief_does_not_show_it() -> None:
    one = mail_about_an_invoice()
    total = re.search(r"\ntotal: (.+) [A-Z]{3}", one.prompt)
    assert total
    assert judge(replace(one, prompt=re.sub(re.escape(total[1]), "1.00", one.prompt)), one.reply).invented


def test_the_command_writes_json_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "corpus.jsonl"
    monkeypatch.setattr("sys.argv", ["corpus", "--examples", "20", "--seed", "11", "--out", str(out)])
    command.main()
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    wanted = list(examples(20, seed=11))
    read = [Example(**(line | {"facts": tuple(line["facts"]), "reply": reply_of(line["reply"])[1]})) for line in lines]
    assert read == wanted
    assert [reply_of(line["reply"])[0] for line in lines] == [one.intent for one in wanted]
    assert asdict(next(examples(1, seed=11))).keys() == lines[0].keys()
