"""`mailbot demo --headless`, as a newcomer calls it: every sample ends as it should, and the summary has the contract's shape."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mailbot.demo.play import samples

KEYS = ["name", "item", "state", "expected_state", "route", "approved_by", "reply_message_id", "reason"]


@pytest.mark.timeout(300)
def test_the_headless_demo_plays_every_sample_to_its_end(tmp_path: Path) -> None:
    desk = tmp_path / "desk"
    command = [sys.executable, "-m", "mailbot"]
    run = subprocess.run([*command, "demo", "--headless", "--keep", str(desk)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    summary = json.loads(run.stdout)
    assert list(summary) == ["ok", "seconds", "samples"]
    assert summary["ok"] is True
    rows = {row["name"]: row for row in summary["samples"]}
    assert list(rows) == [sample.name for sample in samples()]
    assert len(rows) >= 13
    assert all(list(row) == KEYS for row in rows.values())
    assert all(row["state"] == row["expected_state"] for row in rows.values())
    assert all((row["reply_message_id"] is not None) == (row["state"] == "sent") for row in rows.values())
    assert all(row["reason"] for row in rows.values() if row["state"] != "sent")
    assert rows["02-invoice-scan"]["approved_by"] == ["anna", "ben"]
    assert rows["12-zip-bomb"]["state"] == "quarantined"

    kept = [*command, "--config", str(desk / "mailbot.toml")]
    shown = subprocess.run(
        [*kept, "show", rows["06-question-english"]["item"], "--json"], capture_output=True, text=True, check=False
    )
    draft = json.loads(shown.stdout)["drafts"][-1]
    assert draft["made_by"] == "model", draft["note"]
    assert "CH-1187" in draft["text"]
    verified = subprocess.run([*kept, "verify", "--json"], capture_output=True, text=True, check=False)
    assert json.loads(verified.stdout)["ok"] is True
    replayed = subprocess.run(
        [*kept, "replay", rows["02-invoice-scan"]["item"], "--json"], capture_output=True, text=True, check=False
    )
    assert json.loads(replayed.stdout) == {"item": rows["02-invoice-scan"]["item"], "reading": "same", "route": "same"}
