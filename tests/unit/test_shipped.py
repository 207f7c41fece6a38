"""What `mailbot init` writes: a desk whose every part is good, and nothing written over."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailbot import shipped
from mailbot.config_file import load
from mailbot.core.rule_tests import differences
from mailbot.errors import UsageError
from mailbot.generate.template import Templates
from mailbot.rulebook import approvers_of
from mailbot.rulebook import load as load_rules


def test_a_new_desk_is_good_as_it_is(tmp_path: Path) -> None:
    desk = tmp_path / "a desk"
    written = shipped.write_desk(desk)
    config = load(desk / "mailbot.toml")
    templates = Templates(config.templates_dir)
    rules = load_rules(config.rules_dir, people=approvers_of(config), templates=templates.names())
    assert templates.check() == []
    assert rules.examples
    assert [differences(one, rules.route(one.facts)) for one in rules.examples] == [()] * len(rules.examples)
    assert all(path.is_file() for path in written)
    assert (desk / "mailbot.toml").stat().st_mode & 0o077 == 0
    unit = (desk / "mailbot.service").read_text()
    assert f'--config "{desk.resolve()}/mailbot.toml" run' in unit
    assert "{" not in unit


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "mailbot.toml").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        shipped.write_desk(tmp_path)
    assert (tmp_path / "mailbot.toml").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mailbot.toml"]


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        shipped.write_desk(tmp_path / "file" / "desk")
