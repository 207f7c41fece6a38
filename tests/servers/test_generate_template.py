"""Reply templates: what is shipped, what the sandbox refuses, and how edited files come into use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mailbot.core.document import Reading
from mailbot.core.facts import Facts, facts_from
from mailbot.core.grounding import ground
from mailbot.core.language import guess
from mailbot.errors import TemplateProblem
from mailbot.generate.sandbox import compile_template, samples
from mailbot.generate.template import TemplateGenerator, Templates
from mailbot.ports import DraftRequest

SHIPPED = Templates(Path(__file__).parents[2] / "templates")
FULL = facts_from(
    {
        "desk": "Payables, Example Ltd",
        "greeting_name": "Eva Weber",
        "subject": "Invoice INV-7",
        "topic": "Invoice INV-7",
        "invoice_number": "INV-7",
        "invoice_date": date(2026, 11, 1),
        "due_date": date(2026, 11, 30),
        "total": Decimal("1234.5"),
        "currency": "EUR",
        "po_number": "4711",
        "attachments": ("inv-7.pdf",),
        "row_count": 12,
    }
)
EMPTY = facts_from({"desk": "Desk"})


@pytest.mark.parametrize("name", SHIPPED.names())
def test_shipped_templates(name: str) -> None:
    assert {"en", "zh"} <= set(SHIPPED.languages(name))
    assert SHIPPED.instructions(name)
    for language in SHIPPED.languages(name):
        for facts in (FULL, EMPTY):
            text = SHIPPED.render(name, language, facts)
            assert guess(text) == language
            assert "None" not in text
            assert "\n\n\n" not in text
            assert text.splitlines()[1] == "", "the greeting stands alone"
            assert text.splitlines()[-1] == facts.values["desk"]
            assert not any(line != line.rstrip() for line in text.splitlines())


def test_the_shipped_set_is_whole() -> None:
    names = {"default", "document_unreadable", "invoice_missing_po", "invoice_received", "order_received", "question_received"}
    assert set(SHIPPED.names()) == names
    assert SHIPPED.check() == []
    assert SHIPPED.problem == ""


def test_figures_are_written_as_the_language_does_and_found_again() -> None:
    english = SHIPPED.render("invoice_received", "en", FULL)
    assert "invoice INV-7 of 1 November 2026 over 1,234.50 EUR. It refers to our purchase order 4711." in english
    assert "vom 1. November 2026 über 1.234,50 EUR" in SHIPPED.render("invoice_received", "de", FULL)
    assert "2026年11月30日" in SHIPPED.render("invoice_received", "zh", FULL)
    grounded = ground(english, reading=Reading(file="x", media_type=""), skeleton=english)
    assert {"amount", "date", "number", "name"} <= {one.kind for one in grounded}
    assert all(one.source for one in grounded)


def test_a_language_that_is_not_there_falls_back_to_english() -> None:
    assert SHIPPED.render("default", "fr", FULL) == SHIPPED.render("default", "en", FULL)


def filled(source: str, values: Mapping[str, Any] | None = None) -> str:
    return compile_template("t.en.txt.j2", source.encode()).render({**samples()[0], **(values or {})})


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("a\n{{ totl }}", "t.en.txt.j2:2: unknown fact 'totl', did you mean total?"),
        ("{{ total", "t.en.txt.j2:1: unexpected end of template"),
        ("a\n{% if total %}b", "t.en.txt.j2:2: Unexpected end of template"),
        ("x\n{{ total + 1 }}", "t.en.txt.j2:2: cannot be filled in: unsupported operand"),
        ("{{ subject.nope }}", "has no attribute 'nope'"),
        ("{{ total | mony }}", "No filter named 'mony'"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ subject.format(1) }}", "not safely callable"),
        ("{{ invoice_date.strftime('%9999999d') or 1 }}", "not safely callable|no attribute"),
        ("{{ 'x' * 1000000000 }}", r"\* is for numbers"),
        ("{{ '%1000000000d' % 1 }}", "% is for numbers"),
        ("{{ 9 ** 9 ** 9 }}", r"\*\* is not allowed"),
        ("{% include 'x' %}", "include is not allowed"),
        ("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "macro is not allowed"),
        ("{{ range(10) }}", "unknown fact 'range'"),
        ("{{ self.__init__ }}", "unsafe"),
        ("", "says nothing"),
        ("{% set x = 1 %}", "says nothing"),
        ("{{" + "(" * 5000, "nests too deep"),
        ("{" * 10_000, "nests too deep|unexpected"),
    ],
)
def test_what_a_template_may_not_do(source: str, problem: str) -> None:
    with pytest.raises(TemplateProblem, match=problem):
        filled(source)


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(TemplateProblem, match=r"t:2: is not UTF-8; save the file as UTF-8"):
        compile_template("t", b"a\n\xff")


def test_loops_and_text_are_bounded() -> None:
    loop = "x{% for a in text %}{% for b in text %}{% for c in text %}{% endfor %}{% endfor %}{% endfor %}"
    with pytest.raises(TemplateProblem, match="more than 10000 rounds"):
        filled(loop, {"text": "x" * 1000})
    with pytest.raises(TemplateProblem, match="longer than 50000"):
        filled("{{ text }}", {"text": "x" * 50_001})
    counted = filled("{% for a in tags %}{{ loop.index }} of {{ loop.length }}: {{ a }}\n{% endfor %}", {"tags": ("a", "b")})
    assert counted == "1 of 2: a\n2 of 2: b\n"


def test_facts_are_text_never_template() -> None:
    assert filled("{{ subject }}", {"subject": "{{ total }}{% for %}"}) == "{{ total }}{% for %}\n"


def test_only_lines_of_nothing_but_statements_vanish() -> None:
    source = (
        "Dear {% if from_name %}you,{% endif %}\n\n{% for a in tags %}\n- {{ a }}\n{% endfor %}\nBye{% if 1 %}!{% endif %}\nDesk"
    )
    assert filled(source, {"tags": ("a", "b")}) == "Dear you,\n\n- a\n- b\nBye!\nDesk\n"


@pytest.mark.parametrize(
    ("value", "language", "shown"),
    [
        (Decimal("1234567.5"), "en", "1,234,567.50 EUR"),
        (Decimal("1234567.5"), "de", "1.234.567,50 EUR"),
        (Decimal("1234.567"), "es", "1.234,567 EUR"),
        (Decimal("0"), "zh", "0.00 EUR"),
        (Decimal("-5"), "en", "-5.00 EUR"),
        (Decimal("1E+3"), "en", "1,000.00 EUR"),
        (None, "en", "-"),
    ],
)
def test_money(value: Decimal | None, language: str, shown: str) -> None:
    assert filled("x{% if 0 %}{% endif %} {{ total | money or '-' }}", {"total": value, "language": language}) == f"x {shown}\n"


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", "5 March 2026"), ("de", "5. März 2026"), ("fr", "5 mars 2026"), ("nl", "5 maart 2026"),
        ("es", "5 de marzo de 2026"), ("it", "5 marzo 2026"), ("zh", "2026年3月5日"),
    ],
)  # fmt: skip
def test_dates(language: str, shown: str) -> None:
    assert filled("{{ due_date | date }}", {"due_date": date(2026, 3, 5), "language": language}) == f"{shown}\n"


def test_an_edited_file_is_used_and_a_broken_one_is_not(tmp_path: Path) -> None:
    file = tmp_path / "hello.en.txt.j2"
    file.write_text("one {{ subject }}")
    templates = Templates(tmp_path)
    facts = facts_from({"subject": "s"})
    assert templates.render("hello", "en", facts) == "one s\n"
    file.write_text("number two {{ subject }}")
    assert templates.render("hello", "en", facts) == "number two s\n"
    file.write_text("three {{ subjet }}")
    assert templates.render("hello", "en", facts) == "number two s\n"
    assert "did you mean subject?" in templates.problem
    file.write_text("four")
    assert (templates.render("hello", "en", facts), templates.problem) == ("four\n", "")
    file.unlink()
    with pytest.raises(TemplateProblem, match=r"no template 'hello' \(there are: none\)"):
        templates.render("hello", "en", facts)


def test_broken_from_the_start(tmp_path: Path) -> None:
    (tmp_path / "hello.txt.j2").write_text("{{ subjet }}")
    (tmp_path / "big.txt.j2").write_text("x" * 100_001)
    (tmp_path / "../evil.txt.j2").resolve().write_text("x")
    templates = Templates(tmp_path)
    assert templates.names() == ("big", "hello")
    assert len(templates.check()) == 2
    for name in ("hello", "big", "../evil"):
        with pytest.raises(TemplateProblem):
            templates.render(name, "en", EMPTY)
    assert templates.instructions("../evil") == ""
    assert Templates(tmp_path / "none").names() == ()


async def test_the_generator_without_a_model() -> None:
    generator = TemplateGenerator()
    facts: Facts = facts_from({"confidence": Decimal("0.62")})
    request = DraftRequest(account="a", language="en", template="t", skeleton="Hi", facts=facts.values, instructions="", mail="")
    draft = await generator.draft(request)
    assert (draft.text, draft.made_by, draft.confidence, draft.note) == ("Hi", "template", 0.62, "")
    await generator.close()
