"""Rules: what each matcher holds for, how outcomes come together, and that every mistake is found with its line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.facts import FACTS, facts_from
from mailbot.core.route import Because
from mailbot.core.rule_matchers import MATCHERS, fold
from mailbot.core.rule_tests import differences
from mailbot.core.rules import NO_MATCH
from mailbot.errors import RuleError
from tests.unit.rule_trees import rules, wrong

ITEM = facts_from(
    {
        "subject": "Ｉnvoice  INV-7\nStraße 发票",
        "from": "Eva@Supplier.Example",
        "text": "Please pay.\nOrder 4711, border case.",
        "attachments": ("Rechnung.PDF", "photo.png"),
        "total": Decimal("1000.50"),
        "any_total": (Decimal("1000.50"), Decimal("20")),
        "attachment_count": 2,
        "due_date": date(2026, 11, 30),
        "received": date(2026, 11, 20),
        "currency": "EUR",
        "authenticated": True,
        "problems": ("no_text", "low_confidence"),
    }
)


def holds(when: Any) -> bool:
    return rules({"name": "r", "when": when, "then": {"tags": "t"}}).route(ITEM).rule == "r"


@pytest.mark.parametrize(
    "when",
    [
        "always",
        {"subject": {"contains": "invoice inv-7"}},
        {"subject": {"contains": ["nothing", "发票"]}},
        {"subject": {"contains": "STRASSE"}},
        {"subject": {"is": "invoice inv-7 strasse 发票"}},
        {"from": "eva@supplier.example"},
        {"from": ["x@y.example", "EVA@supplier.example"]},
        {"from": {"ends_with": "@supplier.example", "starts_with": ["adam", "eva"]}},
        {"from": {"glob": "*@supplier.*"}},
        {"subject": {"regex": r"inv-\d+\s"}} | {"text": {"regex": r"(?m)^order \d{4}"}},
        {"text": {"word": "order"}},
        {"subject": {"word": "发票"}},
        {"attachments": {"glob": "*.pdf"}},
        {"attachments": {"contains": "photo"}},
        {"attachments": "rechnung.pdf"},
        {"problems": {"has": "no_text"}},
        {"problems": {"has_any": ["x", "low_confidence"]}},
        {"problems": {"has_all": ["no_text", "low_confidence"]}},
        {"problems": ["x", "no_text"]},
        {"total": "1000.5"},
        {"total": {"at_least": "1000.50", "at_most": "1000.50", "above": "1000", "below": "1001"}},
        {"total": {"between": [1000, 2000]}},
        {"any_total": {"below": 100}},
        {"any_total": 20},
        {"attachment_count": 2},
        {"due_date": {"after": "2026-11-29", "before": "2026-12-01"}},
        {"due_date": {"within_days": 10}},
        {"due_date": {"after": "received"}},
        {"due_date": "2026-11-30"},
        {"authenticated": "true"},
        {"po_number": {"exists": "false"}, "currency": {"exists": "true"}},
        {"any": {"total": {"below": 1}, "currency": "EUR"}},
        {"any": [{"total": 1}, {"currency": "EUR", "from": {"contains": "eva"}}]},
        {"not": {"currency": "USD"}},
        {"not": {"any": {"currency": "USD", "total": 1}}},
        {"all": [{"currency": "EUR"}, {"total": {"above": 1}}]},
    ],
)
def test_holds(when: Any) -> None:
    assert holds(when)


@pytest.mark.parametrize(
    "when",
    [
        {"subject": {"contains": "quote"}},
        {"text": {"word": "orde"}},
        {"text": {"word": "bord"}},
        {"subject": {"glob": "invoice"}},
        {"total": {"above": "1000.50"}},
        {"total": {"between": [1, 1000]}},
        {"subtotal": {"at_least": 0}},
        {"subtotal": {"below": 10}},
        {"invoice_date": {"before": "received"}},
        {"invoice_date": {"within_days": 9999}},
        {"due_date": {"within_days": 9}},
        {"authenticated": "false"},
        {"is_reply": "false"},
        {"problems": {"has_all": ["no_text", "x"]}},
        {"tags": "t"},
        {"not": {"currency": "EUR"}},
        {"any": [{"total": 1}, {"currency": "USD"}]},
        {"currency": "EUR", "total": 1},
    ],
)
def test_does_not_hold(when: Any) -> None:
    assert not holds(when)


def test_every_matcher_of_every_fact_compiles_and_explains() -> None:
    value = {"text": "x", "number": "1", "date": "2026-11-01", "flag": "true"}
    special = {"exists": "true", "between": ["1", "2"], "within_days": "3"}
    for fact in FACTS.values():
        for matcher in MATCHERS[fact.kind]:
            made = rules(
                {"name": "r", "when": {fact.name: {matcher: special.get(matcher, value[fact.kind])}}, "then": {"tags": "t"}}
            )
            (trace,) = made.explain(ITEM)
            assert [one.fact for one in trace.conditions] == [fact.name]
            assert trace.matched == (made.route(ITEM).rule == "r") == trace.conditions[0].holds


def test_singles_come_from_the_first_rule_and_lists_from_all() -> None:
    route = rules(
        {"name": "tags only", "when": "always", "then": {"tags": ["a", "b"], "approvers": "anna"}},
        {"name": "first", "when": "always", "then": {"template": "one", "subject": "About {currency} {total}", "tags": "b"}},
        {"name": "second", "when": "always", "then": {"template": "two", "reply": "none", "approvers": ["ben", "anna"]}},
    ).route(ITEM)
    assert (route.rule, route.template, route.reply, route.subject) == ("first", "one", "none", "About EUR 1000.50")
    assert (route.tags, route.approvers, route.approve) == (("a", "b"), ("anna", "ben"), "all")
    assert route.because == (
        Because(rule="tags only", file="a.yaml", line=1, sets=("approvers", "tags")),
        Because(rule="first", file="a.yaml", line=11, sets=("template", "subject", "tags")),
        Because(rule="second", file="a.yaml", line=21, sets=("reply", "approvers")),
    )
    assert "'second' (a.yaml:21) set reply, approvers" in route.reason


def test_stop_ends_the_walk_and_later_rules_see_tags() -> None:
    made = rules(
        {"name": "tag", "when": "always", "then": {"tags": "Big"}},
        {"name": "seen", "when": {"tags": "big"}, "then": {"template": "t", "stop": "true"}},
        {"name": "never", "when": "always", "then": {"tags": "no"}},
    )
    assert made.route(ITEM).tags == ("Big",)
    assert [(one.matched, one.reached) for one in made.explain(ITEM)] == [(True, True), (True, True), (False, False)]


@pytest.mark.parametrize(("modes", "together"), [(("any", "any"), "any"), (("any", "all"), "all"), (("all", "any"), "all")])
def test_the_stricter_approval_wins(modes: tuple[str, str], together: str) -> None:
    made = [{"name": f"r{at}", "when": "always", "then": {"approvers": f"p{at}", "approve": mode}} for at, mode in enumerate(modes)]
    assert rules(*made).route(ITEM).approve == together


def test_approvers_without_a_mode_must_all_agree() -> None:
    first = {"name": "a", "when": "always", "then": {"approvers": "anna"}}
    second = {"name": "b", "when": "always", "then": {"approvers": "ben", "approve": "any"}}
    assert rules(first, second).route(ITEM).approve == "all"


def test_no_match_goes_to_a_person() -> None:
    route = rules({"name": "r", "when": {"total": 1}, "then": {"template": "t"}}).route(ITEM)
    assert (route.rule, route.template, route.approvers, route.reason) == ("", "", (), NO_MATCH)


def test_a_subject_is_one_bounded_line() -> None:
    made = rules({"name": "r", "when": "always", "then": {"subject": "Re {subject} {attachments} {text}"}})
    subject = made.route(facts_from({**ITEM.values, "text": "x\r\nBcc: a@b.example\n" * 100})).subject
    assert "\n" not in subject
    assert "\r" not in subject
    assert len(subject) == 200


GOOD = {"name": "r", "when": "always", "then": {"tags": "t"}}


@pytest.mark.parametrize(
    ("rule", "finding"),
    [
        ({**GOOD, "when": {"totl": 1}}, "a.yaml:2: unknown fact 'totl', did you mean total?"),
        ({**GOOD, "when": {"total": {"atleast": 1}}}, "total is a number: unknown matcher 'atleast', did you mean at_least?"),
        ({**GOOD, "when": {"subject": {"above": 1}}}, "subject is a text: unknown matcher 'above'"),
        ({**GOOD, "when": {"total": {"at_least": "1,000"}}}, "'1,000' is not a number; write it as 1000 or 1000.50"),
        ({**GOOD, "when": {"total": {"at_least": [1, 2]}}}, "one number, not [1, 2]"),
        ({**GOOD, "when": {"total": {"at_least": "nan"}}}, "is not a number"),
        ({**GOOD, "when": {"total": {"at_least": "1e999999"}}}, "is not a number"),
        ({**GOOD, "when": {"total": {"between": [2, 1]}}}, "two numbers, the smaller first"),
        ({**GOOD, "when": {"due_date": {"before": "30.11.2026"}}}, "is not a date; write it as 2026-11-30"),
        ({**GOOD, "when": {"due_date": {"within_days": "soon"}}}, "not a number of days"),
        ({**GOOD, "when": {"authenticated": "yes"}}, "'yes' is not a flag; write true or false"),
        ({**GOOD, "when": {"subject": {"regex": "(a"}}}, "is no regular expression"),
        ({**GOOD, "when": {"subject": ""}}, "is one word or sentence, not nothing"),
        ({**GOOD, "when": {"subject": []}}, "is an empty list"),
        ({**GOOD, "when": {"subject": {}}}, "nothing to compare with"),
        ({**GOOD, "when": ""}, "write `when: always` for a rule without conditions"),
        ({**GOOD, "when": {"not": "x"}}, "conditions are facts to compare"),
        ({**GOOD, "when": {"any": []}}, "conditions are facts to compare"),
        ({**GOOD, "then": {"tag": "t"}}, "unknown outcome 'tag', did you mean tags?"),
        ({**GOOD, "then": {}}, "then: no outcome"),
        ({**GOOD, "then": {"approvers": ["ana"]}}, "unknown approver 'ana', did you mean anna?"),
        ({**GOOD, "then": {"template": "invoce"}}, "unknown template 'invoce', did you mean invoice?"),
        ({**GOOD, "then": {"reply": "maybe"}}, "reply: unknown 'maybe' (known: draft, none)"),
        ({**GOOD, "then": {"approve": "any"}}, "this rule names no approvers"),
        ({**GOOD, "then": {"reply_to": "a@b.example, c@d.example"}}, "is not one mail address"),
        ({**GOOD, "then": {"reply_to": "a@b.example\r\nBcc: x@y.example"}}, "is not one mail address"),
        ({**GOOD, "then": {"subject": "{totl}"}}, "subject: unknown fact {totl}, did you mean total?"),
        ({**GOOD, "then": {"stop": "yes"}}, "stop: unknown 'yes'"),
        ({**GOOD, "wen": "always"}, "unknown key 'wen', did you mean when?"),
        ({"name": "r"}, "this rule has no when and no then"),
        ("text", "a rule is a list of keys with values, not 'text'"),
    ],
)
def test_each_mistake_is_found(rule: Any, finding: str) -> None:
    found = wrong(rule, people={"anna", "ben"}, templates={"invoice", "default"})
    assert len(found) == 1, found
    assert finding in found[0]
    assert found[0].startswith("a.yaml:")


def test_all_mistakes_of_a_load_are_found() -> None:
    found = wrong({**GOOD, "when": {"totl": 1, "subject": {"is": []}}, "then": {"tag": "t"}}, {**GOOD}, {**GOOD})
    assert len(found) == 4
    assert "a rule named 'r' stands already at a.yaml:11" in found[3]


def test_conditions_that_nest_without_end_are_refused() -> None:
    when: Any = {"total": 1}
    for _ in range(200):
        when = {"not": when}
    assert "nest more than 20 deep" in wrong({**GOOD, "when": when})[0]


def example(item: dict[str, Any], expect: dict[str, Any]) -> dict[str, Any]:
    return {"name": "t", "item": item, "expect": expect}


def test_tests_in_rule_files() -> None:
    made = rules(
        {
            "name": "big",
            "when": {"total": {"above": 5}, "any_total": {"above": 5}, "from_domain": "x.example"},
            "then": {"tags": ["a", "b"]},
        },
        tests=[
            example({"from": "a@X.example", "fields": {"total": "6"}}, {"rule": "big", "tags": ["b", "a"], "approvers": []}),
            example({"fields": {"total": "5"}}, {"rule": "none", "template": "none"}),
            example({"fields": {"total": "5"}}, {"rule": "big", "tags": ["a"]}),
        ],
    )
    results = [differences(one, made.route(one.facts)) for one in made.examples]
    assert results == [(), (), ("rule: expected 'big', got none", "tags: expected [a], got []")]


@pytest.mark.parametrize(
    ("test", "finding"),
    [
        (example({"frm": "x"}, {"rule": "r"}), "unknown fact 'frm', did you mean from?"),
        (example({"fields": {"totl": 1}}, {"rule": "r"}), "unknown field 'totl', did you mean total?"),
        (example({"fields": {"total": "x"}}, {"rule": "r"}), "total: 'x' is not a number"),
        (example({}, {"tag": "r"}), "a test cannot expect 'tag', did you mean tags?"),
        (example({}, {"rule": "q"}), "expects unknown rule 'q'"),
        (example({}, {}), "nothing is expected"),
        ({"name": "t", "item": {}}, "this test has no expect"),
        ("x", "a test is a list of keys"),
    ],
)
def test_mistakes_in_tests_are_found(test: Any, finding: str) -> None:
    assert finding in wrong(GOOD, tests=[test])[0]


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*FACTS, "any", "not", "contains", "at_least", "glob", "word", "x"]), inner, max_size=3
            )
        ),
    )
)
def test_any_tree_compiles_or_is_explained(when: Any) -> None:
    rule = {"name": "r", "when": when, "then": {"tags": "t"}}
    try:
        made = rules(rule)
    except RuleError:
        assert all(one.startswith("a.yaml:") for one in wrong(rule))
    else:
        assert made.explain(ITEM)[0].matched == (made.route(ITEM).rule == "r")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40), st.text(min_size=1, max_size=5))
def test_contains_is_containing_after_folding(before: str, after: str, word: str) -> None:
    if not fold(word):
        return
    text = f"{before} {word} {after}"
    made = rules({"name": "r", "when": {"subject": {"contains": word.strip()}}, "then": {"tags": "t"}})
    assert (made.route(facts_from({"subject": text})).rule == "r") == (fold(word) in fold(text))
