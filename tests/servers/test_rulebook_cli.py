"""`mailbot rules` as it is called: one line a finding, JSON, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "MAILBOT_CONFIG"} | {"PYTHONPATH": str(ROOT)}


def call(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mailbot", *map(str, words)]
    return subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=100)


def answer(*words: object, cwd: Path, code: int = 0) -> Any:
    run = call(*words, "--json", cwd=cwd)
    assert run.returncode == code, run.stderr
    return json.loads(run.stdout)


GOOD = """\
rules:
  - name: invoice
    when: {subject: {contains: invoice}}
    then: {tags: [invoice], approvers: [anna]}
tests:
  - name: one
    item: {subject: Invoice 7}
    expect: {rule: invoice}
  - name: two
    item: {subject: Invoice 8}
    expect: {tags: [order]}
"""


def test_check(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    file = tmp_path / "rules" / "a.yaml"
    file.write_text(GOOD)
    run = call("rules", "check", "rules", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert "1 rules and 2 tests, nothing wrong (approvers and templates not looked up: no config)" in run.stdout

    file.write_text(GOOD.replace("contains", "contain").replace("tags: [invoice]", "tag: x"))
    run = call("rules", "check", "rules", cwd=tmp_path)
    assert run.returncode == 1
    assert run.stdout.splitlines() == [
        "a.yaml:3: subject is a text: unknown matcher 'contain', did you mean contains?",
        "a.yaml:4: unknown outcome 'tag', did you mean tags?",
    ]
    value = answer("rules", "check", "rules", cwd=tmp_path, code=1)
    assert (value["ok"], value["findings"][1]["line"]) == (False, 4)
    assert call("rules", "test", "rules", cwd=tmp_path).returncode == 3


def test_check_against_a_config(tmp_path: Path) -> None:
    assert call("init", "desk", cwd=tmp_path).returncode == 0
    assert answer("--config", "desk/mailbot.toml", "rules", "check", cwd=tmp_path)["ok"]
    assert answer("rules", "test", cwd=tmp_path / "desk")["ok"]
    rules = tmp_path / "desk" / "rules" / "20-invoices.yaml"
    rules.write_text(
        rules.read_text()
        .replace("approvers: [anna]", "approvers: [ana]", 1)
        .replace("template: invoice_received", "template: invoice_receivd", 1)
    )
    (approver, template) = answer("rules", "check", cwd=tmp_path / "desk", code=1)["findings"]
    assert "did you mean anna?" in approver["message"]
    assert "did you mean invoice_received?" in template["message"]


def test_tests(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    run = call("rules", "test", tmp_path, cwd=tmp_path)
    assert run.returncode == 1
    assert run.stdout.splitlines() == [
        "ok   a.yaml:6: one",
        "FAIL a.yaml:9: two: tags: expected [order], got [invoice]",
        "2 tests, 1 failed",
    ]
    assert [one["ok"] for one in answer("rules", "test", tmp_path, cwd=tmp_path, code=1)["tests"]] == [True, False]


@pytest.mark.parametrize(
    "words", [("check",), ("test",), ("check", "none"), ("test", "none"), ("explain", "x.eml", "--rules", "none")]
)
def test_nothing_loads(tmp_path: Path, words: tuple[str, ...]) -> None:
    run = call("rules", *words, cwd=tmp_path)
    assert (run.returncode, run.stdout) == (3, "")
    assert run.stderr.count("\n") == 1
    assert run.stderr.startswith("mailbot: ")


def test_explain(tmp_path: Path) -> None:
    mail = tmp_path / "m.eml"
    mail.write_text("From: Eva <eva@x.example>\nTo: desk@us.example\nSubject: Invoice 7\n\nPlease pay 12 EUR.\n")
    (tmp_path / "a.yaml").write_text(GOOD)
    run = call("rules", "explain", mail, "--rules", tmp_path, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[:2] == ["invoice (a.yaml:2): matched", "  yes subject contains invoice: Invoice 7"]
    assert "asks all of anna" in run.stdout
    value = answer("rules", "explain", mail, "--rules", tmp_path, cwd=tmp_path)
    assert (value["route"]["rule"], value["facts"]["from"]) == ("invoice", "eva@x.example")
    assert value["rules"][0]["conditions"][0]["holds"] is True
    assert call("rules", "explain", tmp_path / "none.eml", "--rules", tmp_path, cwd=tmp_path).returncode == 2
