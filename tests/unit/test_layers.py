"""Who may import whom, read from the imports themselves; and that importing stays cheap."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "mailbot"
ADAPTERS = ("inbox", "extract", "ledger", "generate", "outbox", "review", "dispatch", "demo")
FREE = {"mailbot", "mailbot.errors", "mailbot.config", "mailbot.ports"}
"""What every adapter may import besides core and itself. ports holds Protocols and values only."""

KNOW_ALL = {
    "mailbot.daemon", "mailbot.trial", "mailbot.checkup", "mailbot.summary", "mailbot.cli", "mailbot.demo",
}  # fmt: skip
"""Modules that put adapters together."""

PURE = frozenset(
    """
    __future__ abc base64 binascii bisect calendar collections contextlib csv dataclasses datetime decimal difflib email enum
    fractions functools hashlib html io itertools json math mimetypes operator quopri re statistics string textwrap types typing
    unicodedata urllib zoneinfo
    """.split()
)
"""Standard library that core may use: none of it reads a clock, a file, the network or random numbers by being called so."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> set[str]:
    """Every module named by an import anywhere in the file, type-checking ones left out."""
    tree = ast.parse(path.read_text())
    checking = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for part in node.body
        for inner in ast.walk(part)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in checking:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module)
            found |= {
                f"{node.module}.{alias.name}" for alias in node.names if (PACKAGE.parent / node.module.replace(".", "/")).is_dir()
            }
    return found


def is_in(module: str, packages: set[str]) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_keep_to_their_layer(path: Path) -> None:
    me = name_of(path)
    ours = {one for one in imports_of(path) if one.split(".")[0] == "mailbot"}
    if me.startswith("mailbot.core"):
        strangers = {one for one in ours if not is_in(one, {"mailbot.core", "mailbot.errors"}) and one != "mailbot"}
        assert not strangers, f"{me} imports {strangers}: core imports core only"
        return
    adapter = next((name for name in ADAPTERS if is_in(me, {f"mailbot.{name}"})), None)
    if adapter and not is_in(me, KNOW_ALL):
        allowed = {"mailbot.core", f"mailbot.{adapter}"}
        strangers = {
            one for one in ours if not is_in(one, allowed) and one not in FREE and one.rpartition(".")[0] not in FREE - {"mailbot"}
        }
        assert not strangers, f"{me} imports {strangers}: an adapter imports core, errors, config, ports and itself"
        return
    if not is_in(me, KNOW_ALL):
        strangers = {one for one in ours if is_in(one, {f"mailbot.{name}" for name in ADAPTERS})}
        allowed_here = {"mailbot.rulebook": set[str](), "mailbot.cli": set[str]()}
        assert not strangers - allowed_here.get(me, set()), f"{me} imports {strangers}: it gets adapters handed in"


@pytest.mark.parametrize("path", [path for path in modules() if "core" in path.parts], ids=name_of)
def test_core_is_pure(path: Path) -> None:
    outside = {one.split(".")[0] for one in imports_of(path)} - {"mailbot"}
    assert outside <= PURE, f"{name_of(path)} imports {outside - PURE}"
    calls = {
        f"{node.func.value.id}.{node.func.attr}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
    }
    impure = calls & {"datetime.now", "datetime.utcnow", "date.today", "io.open"}
    assert not impure, f"{name_of(path)} calls {impure}"


def test_no_vague_module_names() -> None:
    vague = {"manager", "helper", "helpers", "utils", "util", "common", "data", "process", "handler", "misc"}
    # generate/process.py, the engine's own process, is named so by the design
    named = {name_of(path) for path in modules() if path.stem in vague}
    assert named <= {"mailbot.generate.process"}


def test_files_stay_readable() -> None:
    long = {name_of(path): lines for path in modules() if (lines := len(path.read_text().splitlines())) > 400}
    assert not long


def test_help_loads_nothing_heavy() -> None:
    code = "import mailbot.cli, mailbot.cli.commands as c, mailbot.cli.app as a, sys; c.register(a.app); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in run.stdout.split()}
    heavy = {
        "pandas",
        "numpy",
        "cv2",
        "onnxruntime",
        "tensorflow",
        "sqlalchemy",
        "alembic",
        "starlette",
        "pdfplumber",
        "PIL",
        "aioimaplib",
    }
    assert not loaded & heavy


def test_the_daemon_loads_nothing_that_reads_documents() -> None:
    run = subprocess.run(
        [sys.executable, "-c", "import mailbot.daemon, sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    loaded = {name.split(".")[0] for name in run.stdout.split()}
    assert not loaded & {
        "pandas",
        "numpy",
        "cv2",
        "onnxruntime",
        "tensorflow",
        "alembic",
        "pdfplumber",
        "PIL",
        "rapidocr",
        "fastapi",
    }
