"""Rule files on a real disk: hostile and broken YAML, the watch over the folder, and the rules that are shipped."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from mailbot.config import Config
from mailbot.core.facts import facts_from
from mailbot.core.rule_tests import differences
from mailbot.errors import RuleError
from mailbot.generate.template import Templates
from mailbot.rulebook import Rulebook, approvers_of, compile_regex, load
from tests.servers.watched_book import until, watching

ROOT = Path(__file__).parents[2]
ITEM = facts_from({"subject": "Invoice 7", "total": Decimal(1200), "text": "a" * 50_000})


def rule(name: str, template: str, when: str = "always") -> str:
    return f"rules:\n  - name: {name}\n    when: {when}\n    then: {{template: {template}}}\n"


def findings(directory: Path, content: bytes | str) -> list[str]:
    (directory / "a.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(RuleError) as caught:
        load(directory)
    return [str(one) for one in caught.value.findings]


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join(['*' + old] * 9)}]\n" for old, new in zip("abcdef", "bcdefg", strict=True)
)


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        ("", "a.yaml:1: the file is empty"),
        ("# only a comment\n", "a.yaml:1: the file is empty"),
        (
            "rules:\n\t- name: x\n",
            "a.yaml:2: not YAML: found character '\\t' that cannot start any token; indent with spaces, not tabs",
        ),
        ("rules:\n - {name: x\n - y\n", ", in what begins in line 2"),
        ("rules:\n  - name: x\n    when: {attachments: {glob: *.pdf}}\n", 'put a text that begins with * in quotes: "*.pdf"'),
        (
            "rules:\n  - name: a\n    name: b\n    when: always\n    then: {tags: t}\n",
            "a.yaml:3: the key 'name' stands already in line 2",
        ),
        ("rules: !!python/object/apply:os.system [ls]\n", "tag 'tag:yaml.org,2002:python/object/apply:os.system' is not allowed"),
        ("rules: [!x y]\n", "tag '!x' is not allowed"),
        (BOMB, "more than 100000 values"),
        ("rules: &r [*r]\n", "values that hold themselves"),
        ("rules: " + "[" * 20_000, "nest too deep"),
        (b"rules:\n  - name: \xff\n", "a.yaml:2: byte 0xff is not UTF-8; save the file as UTF-8"),
        (b'rules: ["\x01"]\n', "special characters are not allowed"),
        ("rules: []\n---\nrules: []\n", "not YAML"),
        ("? [a]\n: b\n", "a key is a word, not a list"),
        ("- a\n", "a rule file is a list of keys with values, not a list"),
        ("rule: []\n", "unknown key 'rule', did you mean rules?"),
        ("x" * 1_000_001, "a rule file has at most"),
    ],
)
def test_broken_files(tmp_path: Path, content: bytes | str, finding: str) -> None:
    assert any(finding in one for one in findings(tmp_path, content))


def test_findings_of_every_file_are_collected_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("rules: [{name: b, when: {totl: 1}, then: {tags: t}}]\n")
    (tmp_path / "c.yaml").write_text("rules:\n\t\n")
    found = findings(tmp_path, rule("a", "x", "{totl: 1}"))
    assert [one.split(":")[0] for one in found] == ["a.yaml", "b.yaml", "c.yaml"]


def test_plain_words_stay_words(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("\ufeff" + rule("norway", "t", "{language: [NO, 0049, 1e3, yes, 2026-11-01]}"))
    rules = load(tmp_path)
    assert rules.route(facts_from({"language": "no"})).rule == "norway"
    assert rules.route(facts_from({"language": "0049"})).rule == "norway"
    assert rules.route(facts_from({"language": "false"})).rule == ""


def test_files_count_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("20-b", "10-a", "30-c"):
        (tmp_path / f"{name}.yaml").write_text(rule(name, name))
    (tmp_path / ".#10-a.yaml").write_text("[")
    (tmp_path / "notes.txt").write_text("[")
    assert load(tmp_path).route(ITEM).template == "10-a"


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_without_rules(tmp_path: Path, exists: bool) -> None:
    with pytest.raises(RuleError, match="mailbot init DIR"):
        load(tmp_path if exists else tmp_path / "none")


def test_a_regular_expression_takes_linear_time() -> None:
    assert not compile_regex("^(a+)+$")("a" * 50_000 + "!")
    assert compile_regex("RECHNUNG|发票")("eine rechnung")
    with pytest.raises(ValueError, match="missing"):
        compile_regex("(a")
    with pytest.raises(ValueError, match="repetition"):
        compile_regex("(a{1000}){1000}")


def test_the_shipped_rules_pass_their_tests() -> None:
    templates = Templates(ROOT / "templates")
    rules = load(ROOT / "rules", people={"anna", "ben"}, templates=templates.names())
    assert len(rules.examples) >= len(rules.rules)
    assert {example.name: found for example in rules.examples if (found := differences(example, rules.route(example.facts)))} == {}
    expected = {str(example.expect.get("rule")) for example in rules.examples} | {
        tag for e in rules.examples for tag in e.expect.get("tags", ())
    }
    assert all(one.name in expected or set(one.outcome.tags) & expected for one in rules.rules), "a shipped rule has no test"


def test_approvers_are_those_with_the_role() -> None:
    people = {"anna": {"roles": ["approver"]}, "ben": {"roles": ["reviewer"]}, "cy": {"roles": ["admin"]}}
    assert approvers_of(Config.model_validate({"people": people})) == {"anna", "cy"}


def rulebook(directory: Path, templates: set[str]) -> Rulebook:
    return Rulebook(directory, people={"anna"}, templates=lambda: templates)


async def test_an_edited_file_takes_effect_and_a_broken_one_never(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(rule("first", "one"))
    async with watching(rulebook(tmp_path, {"one", "two"})) as book:
        version = book.version
        assert (book.route(ITEM).rule, book.route(ITEM).rules_version, book.problem) == ("first", version, "")

        file.write_text(rule("second", "two"))
        await until(lambda: book.route(ITEM).rule == "second")
        assert book.version != version

        for broken in ("", rule("third", "three"), "rules:\n\t"):
            file.write_text(broken)
            await until(lambda: "stay in force" in book.problem)
            assert "a.yaml:" in book.problem
            assert book.route(ITEM).rule == "second"
            file.write_text(rule("second", "two"))
            await until(lambda: not book.problem)

        new = tmp_path / "new.tmp"
        new.write_text(rule("renamed in", "one"))
        new.replace(file)
        await until(lambda: book.route(ITEM).rule == "renamed in")

        file.rename(tmp_path / "gone.txt")
        await until(lambda: "no rule file" in book.problem)
        assert book.route(ITEM).rule == "renamed in"


async def test_a_template_that_goes_away_is_a_problem_and_one_that_comes_mends_it(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(rule("first", "one"))
    templates = {"one"}
    async with watching(rulebook(tmp_path, templates)) as book:
        templates.discard("one")
        await until(lambda: "unknown template 'one'" in book.problem)
        templates.add("one")
        await until(lambda: not book.problem)
        assert book.route(ITEM).template == "one"


async def test_a_file_that_is_being_written_is_not_read_half(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(rule("first", "one"))
    seen = set()
    async with watching(rulebook(tmp_path, {"one"})) as book:
        with file.open("w") as writing:
            writing.write("rules:\n")
            for part in range(30):
                writing.write(f"  - name: part {part}\n    when: {{total: 1}}\n    then: {{template: one}}\n")
                writing.flush()
                seen.add(len(book.rules.rules))
                await asyncio.sleep(0.01)
            writing.write("  - name: last\n    when: always\n    then: {template: one}\n")
        await until(lambda: book.route(ITEM).rule == "last")
        assert len(book.rules.rules) == 31
    assert 1 in seen


def test_without_any_good_rules_there_are_none_in_force(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(rule("first", "one"))
    book = Rulebook(tmp_path, people=set(), templates=lambda: ())
    for _ in range(2):
        with pytest.raises(RuleError, match="unknown template 'one'"):
            book.route(ITEM)
