"""The folder of supplier files: reads what a desk wrote down about its suppliers, keeps it up to date, and writes what was learnt.

A supplier may have a file of the desk's own and one of what was learnt from corrected values; only the second is ever written here.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from mailbot.core.rule_tree import Findings
from mailbot.core.supplier_files import LEARNT, compile_hints, merged, to_yaml
from mailbot.core.supplier_hints import SupplierHints
from mailbot.errors import BadInput, RuleError
from mailbot.rulebook import read_yaml
from mailbot.watched_folder import WatchedFolder, yaml_files

log = logging.getLogger(__name__)

HEADER = """\
# Learnt from values that people corrected. These lines count before a
# file of the desk's own. Delete one, or this file, to have it forgotten.
"""


def load_suppliers(directory: Path) -> tuple[SupplierHints, ...]:
    """Return the suppliers of every `*.yaml` in a folder, by name. Raises RuleError: its `findings` name file and line of each."""
    findings = Findings()
    try:
        files = [(path.name, path.read_bytes()) for path in yaml_files(directory)]
    except OSError as error:
        raise RuleError(f"{directory}: {error.strerror}", remedy="mend the folder's name or permissions") from error
    parts = [one for name, content in files if (one := _compiled(name, content, findings)) is not None]
    findings.raise_any()
    return merged(parts)


def _compiled(name: str, content: bytes, findings: Findings) -> SupplierHints | None:
    """Return what one file says, None for an empty one, or after findings."""
    own = Findings()
    tree = read_yaml(name, content, own, may_be_empty=True)
    try:
        found = compile_hints([(name, tree)], own) if tree is not None and not own.errors else ()
    except RuleError:
        found = ()
    findings.errors += own.errors
    return found[0] if found else None


class Supplierbook(WatchedFolder):
    """What is known of suppliers, in force: of each file what it last said without a mistake, however it looks now.

    A folder that is not there knows nobody; it is made when something is learnt.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._parts: dict[str, SupplierHints | None] = {}
        self._suppliers: tuple[SupplierHints, ...] | None = None

    @property
    def suppliers(self) -> tuple[SupplierHints, ...]:
        """Return the suppliers in force, loaded when first asked for; the same tuple until something changes."""
        if self._suppliers is None:
            self.reload()
        return self._suppliers or ()

    def reload(self) -> bool:
        """Read the folder now; return whether all of it is in force. Never raises: `problem` says what is wrong."""
        seen, findings = self._signature(), Findings()
        parts: dict[str, SupplierHints | None] = {}
        try:
            paths = yaml_files(self.directory)
        except FileNotFoundError:
            paths = []
        except OSError as error:
            findings.add(self.directory.name, 0, f"the folder cannot be read: {error.strerror}", "check its permissions")
            paths, parts = [], dict(self._parts)
        for path in paths:
            mistakes = len(findings.errors)
            try:
                part = _compiled(path.name, path.read_bytes(), findings)
            except OSError as error:
                findings.add(path.name, 0, f"cannot be read: {error.strerror}", "check the file's permissions")
                part = None
            parts[path.name] = part if len(findings.errors) == mistakes else self._parts.get(path.name)
        found = merged([part for part in parts.values() if part is not None])
        if found != self._suppliers:
            self._suppliers = found
            log.info("%d suppliers' hints in force", len(found))
        self._parts, self._seen = parts, seen
        self.problem = _said(findings)
        if self.problem:
            log.warning("%s", self.problem)
        return not self.problem

    def learnt(self, supplier: str) -> SupplierHints:
        """Return what was learnt of a supplier so far: nothing yet, but with the name of its file, for a new one."""
        self.reload()
        known = {part.file: part for part in self._parts.values() if part is not None and part.file.endswith(LEARNT)}
        for part in known.values():
            if part.supplier.casefold() == supplier.casefold():
                return part
        stem = _file_name(supplier)
        names = (f"{stem}{number}{LEARNT}" for number in ("", *(f"-{count}" for count in range(2, 1000))))
        return SupplierHints(supplier=supplier, file=next(name for name in names if name not in self._parts))

    def save(self, learnt: SupplierHints) -> Path:
        """Write what was learnt of a supplier and put it in force. Raises BadInput where the folder cannot be written."""
        try:
            path = save_supplier(self.directory, learnt)
        except OSError as error:
            raise BadInput(
                f"{self.directory / learnt.file} cannot be written: {error.strerror}",
                remedy="check suppliers_dir and its permissions",
            ) from error
        self.reload()
        return path


def _said(findings: Findings) -> str:
    """Return the first finding, how many more there are, and what that means; "" when there are none."""
    try:
        findings.raise_any()
    except RuleError as error:
        return f"{error}; what the file said before stays in force"
    return ""


def save_supplier(directory: Path, supplier: SupplierHints) -> Path:
    """Write the file of what was learnt of a supplier whole, or leave the old one: it takes its name only when it is on disk."""
    directory.mkdir(parents=True, exist_ok=True)
    path, fresh = directory / supplier.file, directory / f".{supplier.file}.new"
    with fresh.open("w", encoding="utf-8") as file:
        file.write(learnt_text(supplier))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    return path


def learnt_text(supplier: SupplierHints) -> str:
    """Return the text of the file of what was learnt of a supplier."""
    return HEADER + to_yaml(supplier)


def _file_name(supplier: str) -> str:
    """Return a supplier's name as the beginning of a file's: letters and digits with dashes between, at most 160 bytes."""
    words = "".join(letter if letter.isalnum() else " " for letter in supplier.lower()).split()
    return "-".join(words)[:40] or "supplier"
