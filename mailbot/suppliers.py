"""The folder of supplier files: reads what a desk wrote down about its suppliers, and writes one anew after learning."""

from __future__ import annotations

import os
from pathlib import Path

from mailbot.core.rule_tree import Findings, Tree
from mailbot.core.supplier_files import compile_hints, to_yaml
from mailbot.core.supplier_hints import SupplierHints
from mailbot.errors import RuleError
from mailbot.rulebook import read_yaml


def load_suppliers(directory: Path) -> tuple[SupplierHints, ...]:
    """Return the suppliers of every `*.yaml` in a folder, by name. Raises RuleError: its `findings` name file and line of each."""
    findings = Findings()
    files: list[tuple[str, Tree]] = []
    try:
        paths = sorted(path for path in directory.iterdir() if path.suffix in (".yaml", ".yml") and path.name[0] not in ".#~")
        contents = [(path.name, path.read_bytes()) for path in paths]
    except OSError as error:
        raise RuleError(f"{directory}: {error.strerror}", remedy="mend the folder's name or permissions") from error
    for name, content in contents:
        tree = read_yaml(name, content, findings)
        files += [(name, tree)] if tree is not None else []
    return compile_hints(files, findings)


def save_supplier(directory: Path, supplier: SupplierHints) -> Path:
    """Write a supplier's file whole, or leave the old one: the new one takes its name only when it is on the disk."""
    name = supplier.file or f"{_file_name(supplier.supplier)}.yaml"
    path, fresh = directory / name, directory / f".{name}.new"
    with fresh.open("w", encoding="utf-8") as file:
        file.write(to_yaml(supplier))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    return path


def _file_name(supplier: str) -> str:
    """Return a supplier's name as the name of a file: letters and digits with dashes between."""
    words = "".join(letter if letter.isalnum() else " " for letter in supplier.lower()).split()
    return "-".join(words)[:80] or "supplier"
