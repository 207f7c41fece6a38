"""Who acts on items, as the audit chain names them. Costs nothing to import: every command does."""

from __future__ import annotations

UNAUTHENTICATED = "unauthenticated"
"""The person where nobody says who acts, and what the audit chain says beside each name: nobody has logged in yet."""
