"""Writes the generated parts of the README: the lifecycle's diagram, the configuration table, facts, problem codes.

Run `python -m tests.make_readme`; a test fails while the README is not what this writes.
"""

from __future__ import annotations

from pathlib import Path

from mailbot.config_file import option_rows
from mailbot.core.document import PROBLEM_CODES
from mailbot.core.facts import fact_rows
from mailbot.core.lifecycle import mermaid
from mailbot.core.rule_matchers import MATCHERS
from mailbot.core.rule_outcomes import OUTCOMES

README = Path(__file__).parents[1] / "README.md"


def config_table() -> str:
    """Return the configuration table."""
    rows = ["| option | default | meaning |", "| --- | --- | --- |"]
    rows += [f"| `{name}` | {f'`{default}`' if default else ''} | {_cell(text)} |" for name, default, text in option_rows()]
    return "\n".join(rows)


def problem_table() -> str:
    """Return the table of problem codes."""
    rows = ["| code | severity | meaning |", "| --- | --- | --- |"]
    rows += [f"| `{code}` | {severity} | {_cell(text)} |" for code, (severity, text) in PROBLEM_CODES.items()]
    return "\n".join(rows)


def fact_table() -> str:
    """Return the table of facts that rules compare and templates use."""
    rows = ["| fact | type | meaning |", "| --- | --- | --- |"]
    rows += [f"| `{name}` | {kind} | {_cell(text)} |" for name, kind, text in fact_rows()]
    return "\n".join(rows)


def matcher_table() -> str:
    """Return which matchers fit which type of fact."""
    rows = ["| type of fact | matchers |", "| --- | --- |"]
    rows += [f"| {kind} | {', '.join(f'`{name}`' for name in names)} |" for kind, names in MATCHERS.items()]
    rows.append("| list of any of them | those of its type, holding when they hold for one value, and `has`, `has_any` |")
    return "\n".join(rows)


def outcome_table() -> str:
    """Return the keys of `then`."""
    rows = ["| key of `then` | meaning |", "| --- | --- |"]
    rows += [f"| `{name}` | {_cell(text)} |" for name, text in OUTCOMES.items()]
    return "\n".join(rows)


def diagram() -> str:
    """Return the lifecycle as a Mermaid block."""
    return f"```mermaid\n{mermaid()}```"


PARTS = {
    "config": config_table,
    "problems": problem_table,
    "facts": fact_table,
    "matchers": matcher_table,
    "outcomes": outcome_table,
    "lifecycle": diagram,
}


def render(text: str) -> str:
    """Return the README with each `<!-- generated: NAME -->` … `<!-- end -->` filled in."""
    for name, part in PARTS.items():
        if f"<!-- generated: {name} -->\n" not in text:
            raise ValueError(f"README.md has no part {name}")
        before, _, rest = text.partition(f"<!-- generated: {name} -->\n")
        text = f"{before}<!-- generated: {name} -->\n{part()}\n<!-- end -->{rest.partition('<!-- end -->')[2]}"
    return text


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    README.write_text(render(README.read_text(encoding="utf-8")), encoding="utf-8")
