"""Which file holds which command."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add every command to the app."""
