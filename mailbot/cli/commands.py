"""Which file holds which command."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import typer

SUBJECTS = ("run", "items", "extract", "table", "rules", "ledger", "model", "train", "demo")
"""Files beside this one, in the order of `--help`; each has `register(app)`."""


def register(app: typer.Typer) -> None:
    """Add every command to the app."""
    for subject in SUBJECTS:
        if find_spec(f"mailbot.cli.{subject}"):
            import_module(f"mailbot.cli.{subject}").register(app)
