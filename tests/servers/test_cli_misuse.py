"""The command line in careless hands: one line with the remedy on stderr, the contract's exit code, nothing on stdout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "MAILBOT_CONFIG"} | {"PYTHONPATH": str(ROOT)}


def call(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "import sys; sys.argv[0] = 'mailbot'; from mailbot.cli import main; main()", *map(str, words)]
    return subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=100)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nothing",), 2, "No such command"),
        (("itms",), 2, "Did you mean 'items'?"),
        (("items", "--limit", "many"), 2, "--limit"),
        (("items", "--limit", "0"), 2, "--limit"),
        (("show", "x"), 2, "see `mailbot show --help`"),
        (("settle", "1"), 2, "--delivered"),
        (("check", "--config", "desk.toml"), 2, "it stands before the command: mailbot --config PATH check …"),
        (("review", "accept", "1", "--as", "anna"), 2, "it stands before the command: mailbot --as USER review accept …"),
        (("status",), 3, "run `mailbot init DIR` or name it with --config"),
        (("rules", "explain", "missing.eml", "--rules", ROOT / "rules"), 2, "check the name"),
    ],
)
def test_a_wrong_call_is_one_line_that_says_what_to_do(words: tuple[object, ...], code: int, said: str, tmp_path: Path) -> None:
    run = call(*words, cwd=tmp_path)
    assert (run.returncode, run.stdout) == (code, "")
    assert len(run.stderr.splitlines()) == 1
    assert run.stderr.startswith("mailbot: ")
    assert said in run.stderr


def test_a_command_that_needs_another_shows_its_help(tmp_path: Path) -> None:
    run = call("review", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert "Usage: mailbot review" in run.stderr


def test_version(tmp_path: Path) -> None:
    run = call("--version", cwd=tmp_path)
    assert run.returncode == 0
    assert run.stdout.startswith("mailbot ")


def test_an_empty_desk_says_so(tmp_path: Path) -> None:
    assert call("init", "desk", cwd=tmp_path).returncode == 0
    said = [call("--config", "desk/mailbot.toml", word, cwd=tmp_path).stdout for word in ("items", "outbox", "reconcile")]
    assert said == ["no items\n", "nothing waits\n", "no account of the config has an IMAP server\n"]


def test_a_pipe_or_a_device_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    run = call("extract", "--jsonl", "pipe", "/dev/zero", cwd=tmp_path)
    found = [json.loads(line) for line in run.stdout.splitlines()]
    assert [one["problems"][0]["code"] for one in found] == ["unreadable_file", "unreadable_file"]
    assert run.returncode == 1
    run = call("rules", "explain", "pipe", "--rules", ROOT / "rules", cwd=tmp_path)
    assert run.returncode == 2
    assert "a pipe or a device" in run.stderr


def test_process_gives_an_object_for_every_file_in_order(tmp_path: Path) -> None:
    (tmp_path / "note.eml").write_bytes(b"From: Kim <kim@example.org>\nSubject: a question\n\nWhen will you pay?\n")
    run = call("process", "--rules", ROOT / "rules", "--jsonl", "missing.pdf", "note.eml", ".", cwd=tmp_path)
    missing, note, folder = (json.loads(line) for line in run.stdout.splitlines())
    assert run.returncode == 1
    for one in (missing, folder):
        assert one["problems"][0]["code"] == "unreadable_file"
        assert (one["route"], one["draft"]) == (None, None)
    assert note["file"] == "note.eml"
    assert set(note["route"]) == {"rule", "file", "line", "tags", "approvers", "template"}
    assert "Kim" in note["draft"]["text"]


def test_verify_of_what_is_no_ledger_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "ledger.sqlite3").write_bytes(b"not a database" * 500)
    (tmp_path / "mailbot.toml").write_text('desk = "Payables"\n', encoding="utf-8")
    run = call("verify", "--json", cwd=tmp_path)
    found = json.loads(run.stdout)
    assert run.returncode == 1
    assert not found["ok"]
    assert "restore a backup" in found["findings"][0]["detail"]


def test_a_state_dir_that_is_a_file_is_a_fault_of_the_config(tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(b"")
    (tmp_path / "mailbot.toml").write_text('desk = "Payables"\n', encoding="utf-8")
    for command in ("status", "items", "verify"):
        run = call(command, cwd=tmp_path)
        assert (run.returncode, run.stdout) == (3, "")
        assert "check state_dir" in run.stderr


def test_an_smtp_server_that_is_gone_cannot_be_reached(tmp_path: Path) -> None:
    (tmp_path / "mailbot.toml").write_text(
        """\
rules_dir = "rules"
[accounts.a]
address = "a@example.org"
[accounts.a.smtp]
host = "127.0.0.1"
port = 1
security = "none"
""",
        encoding="utf-8",
    )
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text("rules: []\n", encoding="utf-8")
    (tmp_path / "templates").mkdir()
    run = call("check", cwd=tmp_path)
    line = next(line for line in run.stdout.splitlines() if line.startswith("BAD  SMTP a"))
    assert "check smtp.host" in line
    assert run.returncode == 4
