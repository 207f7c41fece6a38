"""The command line: one Typer app; each file beside this one holds the commands of one subject."""

from __future__ import annotations

from mailbot.cli.app import main

__all__ = ["main"]
