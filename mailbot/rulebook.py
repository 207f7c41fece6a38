"""The rule files of a folder: read, compiled, watched, and replaced only by rules that are whole.

Each `*.yaml` file counts, in the order of the names. YAML is composed, never constructed: no tag makes an object, scalars stay text
with their line, and aliases are counted so that they cannot multiply.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Collection, Hashable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.config import Config
from mailbot.core.facts import Facts
from mailbot.core.route import Route
from mailbot.core.rule_matchers import Search
from mailbot.core.rule_tree import Entries, Findings, Scalar, Sequence, Tree
from mailbot.core.rules import RuleSet, compile_rules
from mailbot.errors import RuleError
from mailbot.watched_folder import WatchedFolder, yaml_files

if TYPE_CHECKING:
    import yaml

log = logging.getLogger(__name__)

MAX_FILE_BYTES = 1_000_000
MAX_NODES = 100_000
REGEX_MEMORY = 8 << 20


def load(directory: Path, *, people: Collection[str] | None = None, templates: Collection[str] | None = None) -> RuleSet:
    """Read and compile every rule file of a folder.

    `people` are those who may approve, `templates` those that exist; None leaves the names unchecked.
    Raises RuleError: its `findings` are all that is wrong, and its text the first of them.
    """
    findings = Findings()
    files: list[tuple[str, Tree]] = []
    digest = hashlib.sha256()
    for path in rule_files(directory):
        try:
            content = path.read_bytes()
        except OSError as error:
            findings.add(path.name, 0, f"cannot be read: {error.strerror}", "check the file's permissions")
            continue
        digest.update(f"{path.name}\0{len(content)}\0".encode() + content)
        tree = read_yaml(path.name, content, findings)
        if tree is not None:
            files.append((path.name, tree))
    return compile_rules(
        files, regex=compile_regex, people=people, templates=templates, version=digest.hexdigest(), findings=findings
    )


def rule_files(directory: Path) -> list[Path]:
    """Return the rule files of a folder by name. Raises RuleError when there is no such folder or no file in it."""
    try:
        found = yaml_files(directory)
    except OSError as error:
        raise RuleError(f"{directory}: {error.strerror}", remedy="set rules_dir, or run `mailbot init DIR`") from error
    if not found:
        raise RuleError(f"{directory}: no rule file (*.yaml) in this folder", remedy="set rules_dir, or run `mailbot init DIR`")
    return found


def approvers_of(config: Config) -> frozenset[str]:
    """Return the names of the people who may be asked to approve."""
    return frozenset(name for name, person in config.people.items() if {"approver", "admin"} & set(person.roles))


def compile_regex(pattern: str) -> Search:
    """Compile with RE2, which takes time linear in the text whatever the pattern. Raises ValueError with RE2's reason."""
    import re2

    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = REGEX_MEMORY
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        raise ValueError(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)) from None
    return lambda text: compiled.search(text) is not None


def read_yaml(file: str, content: bytes, findings: Findings, *, may_be_empty: bool = False) -> Tree | None:
    """Return the tree of one YAML file; None after a finding that names line and remedy, or of an empty one that may be so."""
    import yaml

    if len(content) > MAX_FILE_BYTES:
        findings.add(file, 0, f"{len(content)} bytes; a rule file has at most {MAX_FILE_BYTES}", "split it")
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        findings.add(file, line, f"byte 0x{content[error.start]:02x} is not UTF-8", "save the file as UTF-8")
        return None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        begun = error.context_mark.line + 1 if error.context_mark else line
        since = f", in what begins in line {begun}" if begun != line else ""
        findings.add(file, line, f"not YAML: {error.problem or error.context}{since}", _yaml_remedy(error, text, line))
        return None
    except yaml.YAMLError as error:
        reason = str(error).splitlines()[0]
        position = getattr(error, "position", 0)
        findings.add(file, text.count("\n", 0, position) + 1, f"not YAML: {reason}", "remove that character")
        return None
    except RecursionError:
        findings.add(file, 0, "not readable: lists nest too deep")
        return None
    if node is None and may_be_empty:
        return None
    if node is None:
        findings.add(file, 1, "the file is empty", "write `rules: []` if that is meant")
        return None
    return _Converter(file, findings).convert(node)


def _yaml_remedy(error: yaml.MarkedYAMLError, text: str, line: int) -> str:
    lines = text.splitlines()
    at = lines[line - 1] if 0 < line <= len(lines) else ""
    if "\t" in at[: len(at) - len(at.lstrip())] or "'\\t'" in str(error.problem):
        return "indent with spaces, not tabs"
    if "alias" in str(error.problem) or "alias" in str(error.context):
        return 'put a text that begins with * in quotes: "*.pdf"'
    return "mend the indentation, or put a text with : # [ { in quotes"


class _Converter:
    """Turns composed YAML nodes into a tree; each visit counts, so that aliases to aliases cannot multiply."""

    def __init__(self, file: str, findings: Findings) -> None:
        self.file = file
        self.findings = findings
        self.left = MAX_NODES

    def convert(self, node: yaml.Node) -> Tree | None:
        try:
            return self._tree(node)
        except (RecursionError, OverflowError):
            self.findings.add(self.file, node.start_mark.line + 1, f"more than {MAX_NODES} values, or values that hold themselves")
            return None

    def _tree(self, node: yaml.Node) -> Tree:
        import yaml

        self.left -= 1
        if self.left < 0:
            raise OverflowError
        line = node.start_mark.line + 1
        prefix, _, tag = node.tag.rpartition(":")
        if prefix != "tag:yaml.org,2002" or tag not in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map", "value"):
            self.findings.add(self.file, line, f"tag {node.tag!r} is not allowed", "write plain texts, numbers, lists and keys")
        if isinstance(node, yaml.ScalarNode):
            is_null = tag == "null" and node.value in ("", "~", "null", "Null", "NULL")
            return Scalar(line=line, text="" if is_null else node.value)
        if isinstance(node, yaml.SequenceNode):
            return Sequence(line=line, nodes=tuple(self._tree(one) for one in node.value))
        return Entries(line=line, pairs=tuple(self._pairs(node)))

    def _pairs(self, node: yaml.Node) -> Iterator[tuple[Scalar, Tree]]:
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            key = self._tree(key_node)
            if not isinstance(key, Scalar):
                self.findings.add(
                    self.file, key.line, "a key is a word, not a list", "put a text that begins with [ or { in quotes"
                )
                continue
            if key.text in seen:
                self.findings.add(self.file, key.line, f"the key {key.text!r} stands already in line {seen[key.text]}", "join them")
                continue
            seen[key.text] = key.line
            yield key, self._tree(value_node)


class Rulebook(WatchedFolder):
    """The rules in force: the last good ones, however the folder looks now.

    `templates` is asked at each load, since templates come and go as well.
    """

    def __init__(self, directory: Path, *, people: Collection[str] | None, templates: Callable[[], Collection[str]]) -> None:
        super().__init__(directory)
        self._people = people
        self._templates = templates
        self._rules: RuleSet | None = None

    @property
    def rules(self) -> RuleSet:
        """The rules in force, loaded when first asked for: most commands never look at a rule.

        Raises RuleError where there never were good ones: then there is nothing to keep in force.
        """
        if self._rules is None:
            self._seen = self._signature()
            self._rules = load(self.directory, people=self._people, templates=self._templates())
        return self._rules

    @property
    def version(self) -> str:
        """The hash of the contents of the rules in force."""
        return self.rules.version

    def route(self, facts: Facts) -> Route:
        """Return the route of an item by the rules in force."""
        return self.rules.route(facts)

    def reload(self) -> bool:
        """Read the folder now; return whether its rules are in force. Never raises: `problem` says what is wrong."""
        seen = self._signature()
        try:
            rules = load(self.directory, people=self._people, templates=self._templates())
        except RuleError as error:
            self.problem = f"{error}; the rules loaded before stay in force"
            log.warning("%s", self.problem)
        else:
            if rules.version != self.rules.version or self.problem:
                log.info("%d rules in force, version %.12s", len(rules.rules), rules.version)
            self._rules, self.problem = rules, ""
        self._seen = seen
        return not self.problem

    def _signature(self) -> Hashable:
        """Return what changes whenever a rule file is edited or replaced, or a template comes or goes."""
        return super()._signature(), tuple(sorted(self._templates()))
