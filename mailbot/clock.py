"""What the outside gives that core takes as arguments: the time, new identifiers, and the lock that says a daemon runs."""

from __future__ import annotations

import contextlib
import fcntl
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from mailbot.errors import ConfigError


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def new_message_id(domain: str) -> str:
    """Return a Message-ID that nobody else makes (RFC 5322 3.6.4)."""
    return f"<{secrets.token_hex(16)}@{domain or 'mailbot.invalid'}>"


def new_token() -> str:
    """Return a name for one taking of a dropped file."""
    return secrets.token_hex(8)


@contextlib.contextmanager
def only_daemon(state_dir: Path) -> Iterator[None]:
    """Hold the lock that says that a daemon runs on this state directory. Raises ConfigError when another one does."""
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        handle = open(state_dir / "daemon.lock", "a+")  # noqa: SIM115  closed below, after the lock
    except OSError as error:
        raise ConfigError(f"{state_dir}: cannot be written: {error}", remedy="check state_dir and its permissions") from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                f"{state_dir}: a daemon runs on this state directory already", remedy="stop it first, or use another state_dir"
            ) from None
        yield


def is_running(state_dir: Path) -> bool:
    """Return whether a daemon holds the lock of this state directory."""
    try:
        with only_daemon(state_dir):
            return False
    except ConfigError:
        return True
