"""In charge of reading the desk's table schema: one YAML file, read as rule files are, refused whole for one fault."""

from __future__ import annotations

from pathlib import Path

from mailbot.core.rule_tree import Findings
from mailbot.core.table_schema import TableSchema, schema_of
from mailbot.errors import ConfigError
from mailbot.rulebook import read_yaml

_REMEDY = "write `columns:` and below it `- name: …` for each"


def load_schema(path: Path) -> TableSchema:
    """Return the schema of a file. Raises ConfigError that names every fault by line, with its remedy."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}", remedy="name a schema file that is there") from error
    if not content.strip():
        raise ConfigError(f"{path}: the file is empty", remedy=_REMEDY)
    findings = Findings()
    tree = read_yaml(path.name, content, findings)
    schema = schema_of(path.name, tree, findings) if tree is not None else None
    findings.raise_any()
    if schema is None:
        raise ConfigError(f"{path}: no schema in it", remedy=_REMEDY)
    return schema
