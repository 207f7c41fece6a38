"""What the outside gives that core takes as arguments: the time, new identifiers, and the lock that says a daemon runs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from mailbot.errors import ConfigError

LOCK = "daemon.lock"
LOCK_SECONDS = 0.5


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
def only_daemon(state_dir: Path) -> Iterator[Callable[[], bool]]:
    """Hold the lock that says that a daemon runs on this state directory; yields whether that directory is still the same.

    Raises ConfigError when another daemon has the lock, or nothing can be written there.
    """
    path = state_dir / LOCK
    try:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = open(path, "a+")  # noqa: SIM115  closed below, after the lock
    except OSError as error:
        raise ConfigError(f"{state_dir}: cannot be written: {error}", remedy="check state_dir and its permissions") from error

    def holds() -> bool:
        try:
            return os.path.samestat(os.stat(path), os.fstat(handle.fileno()))
        except OSError:
            return False

    with handle:
        if not _locked(handle, fcntl.LOCK_EX):
            raise ConfigError(
                f"{state_dir}: a daemon runs on this state directory already", remedy="stop it first, or use another state_dir"
            )
        yield holds


def is_running(state_dir: Path) -> bool:
    """Return whether a daemon holds the lock of this state directory. Raises ConfigError when it may not be looked at."""
    try:
        with open(state_dir / LOCK) as handle:
            return not _locked(handle, fcntl.LOCK_SH, patience=0)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ConfigError(f"{state_dir}: cannot be read: {error}", remedy="run it as the daemon's user") from error


def _locked(handle: IO[str], kind: int, patience: float = LOCK_SECONDS) -> bool:
    """Take a lock. A daemon is patient, since whoever asks `is_running` has the lock for a moment too. Blocks."""
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.02)
