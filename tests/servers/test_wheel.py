"""The wheel carries everything a new desk needs, and nothing of the tests."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_wheel_is_whole(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = tmp_path.glob("mailbot-*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        metadata = packed.read(next(name for name in names if name.endswith("METADATA"))).decode()
    shipped = {
        path.relative_to(ROOT / folder).as_posix(): folder
        for folder in ("rules", "templates", "suppliers")
        for path in (ROOT / folder).iterdir()
    }
    assert {f"mailbot/shipped_files/{folder}/{name}" for name, folder in shipped.items()} <= names
    data = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "mailbot").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert set(data) <= names
    assert not [name for name in names if name.startswith("tests/")]
    assert "License-Expression: GPL-3.0-or-later" in metadata
    assert "Requires-Python: >=3.11" in metadata
    assert any(name.endswith("licenses/LICENSE") for name in names)
