"""`mailbot extract` as a person or a script calls it: its output, its exit codes, and bad files among good ones."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

MAIL = b"From: Anna <anna@example.org>\nTo: desk@example.org\nSubject: [b]Order[/b] 12\n\nplease send it\n"


def mailbot(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from mailbot.cli import main; main()", "extract", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Return a mail, a text file, a missing file, an empty one, a folder and a broken archive."""
    made = [tmp_path / name for name in ("order.eml", "größe.txt", "missing.pdf", "empty.bin", "folder", "broken.zip")]
    made[0].write_bytes(MAIL)
    made[1].write_text("Größe\n", encoding="utf-8")
    made[3].write_bytes(b"")
    made[4].mkdir()
    made[5].write_bytes(b"PK\x03\x04 rubbish")
    return made


def test_jsonl_is_one_object_a_file_in_order_for_failed_files_too(files: list[Path]) -> None:
    run = mailbot(*files, "--jsonl")
    objects = [json.loads(line) for line in run.stdout.splitlines()]
    assert [one["file"] for one in objects] == [str(file) for file in files]
    assert run.returncode == 1
    for one in objects:
        assert set(one) == {"file", "media_type", "message", "documents", "problems"}
        assert all(set(problem) == {"code", "severity", "detail", "remedy"} for problem in one["problems"])
    order, size, missing, empty, folder, broken = objects
    assert order["message"]["subject"] == "[b]Order[/b] 12"
    assert order["message"]["from"] == [{"name": "Anna", "address": "anna@example.org"}]
    assert order["message"]["new_text"] == "please send it"
    assert "html" not in order["message"]
    assert size["documents"][0]["pages"][0]["text"] == "Größe\n"
    assert [one["problems"][0]["code"] for one in (missing, empty, folder, broken)] == [
        "unreadable_file", "empty_file", "unreadable_file", "broken_archive",
    ]  # fmt: skip
    assert missing["documents"] == []


def test_json_is_one_array_also_for_one_file(files: list[Path]) -> None:
    run = mailbot(files[0], "--json")
    (only,) = json.loads(run.stdout)
    assert only["media_type"] == "message/rfc822"
    assert run.returncode == 0
    assert run.stderr == ""


def test_a_person_gets_a_summary(files: list[Path]) -> None:
    run = mailbot(*files)
    assert run.returncode == 1
    assert "[b]Order[/b] 12" in run.stdout
    assert "unreadable_file" in run.stdout
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("arguments", [(), ("--json", "--jsonl", "x"), ("--nonsense", "x")])
def test_a_wrong_call_is_usage(arguments: tuple[str, ...]) -> None:
    run = mailbot(*arguments)
    assert run.returncode == 2
    assert run.stdout == ""
    assert run.stderr
