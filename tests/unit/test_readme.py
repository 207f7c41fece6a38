"""The README says what the code does: its generated parts are current, and the rule example in it works."""

from __future__ import annotations

import re
from pathlib import Path

from mailbot.core.rule_tests import differences
from mailbot.rulebook import load
from mailbot.suppliers import load_suppliers
from tests.make_readme import README, render


def test_the_generated_parts_are_current() -> None:
    text = README.read_text(encoding="utf-8")
    assert render(text) == text, "run: python -m tests.make_readme"


def test_the_example_rules_pass_their_tests(tmp_path: Path) -> None:
    examples = yaml_examples("rules:")
    for number, example in enumerate(examples):
        (tmp_path / f"{number}.yaml").write_text(example, encoding="utf-8")
    rules = load(tmp_path, people={"anna", "ben"}, templates={"invoice_received"})
    assert rules.examples
    assert [differences(one, rules.route(one.facts)) for one in rules.examples] == [()] * len(rules.examples)


def test_the_example_of_a_supplier_s_file_is_one(tmp_path: Path) -> None:
    (example,) = yaml_examples("supplier:")
    (tmp_path / "nordwind.yaml").write_text(example, encoding="utf-8")
    (supplier,) = load_suppliers(tmp_path)
    assert len(supplier.hints) == 5


def yaml_examples(beginning: str) -> list[str]:
    """Return the YAML files that the README shows and that begin so."""
    shown = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    found = [example for example in shown if example.startswith(beginning)]
    assert found
    return found


def test_the_picture_is_there() -> None:
    assert (README.parent / "docs" / "review.png").read_bytes().startswith(b"\x89PNG")
