"""How SQLite is opened and what its failures mean: engines with their settings, and errors in mailbot's words.

The engines block and are used in threads of their own, one hop for a whole transaction. Measured against the asyncio engine over
aiosqlite, which hops for each cursor call: a read costs a third of the processor time, a commit of 16 changes half.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from mailbot.errors import BadInput, ConfigError, DiskFull, LedgerDamaged, MailbotError, Unreachable

FILE = "ledger.sqlite3"
"""The database's name inside the state directory."""

BUSY_SECONDS = 30.0
"""How long a statement waits for another process's transaction before the caller gets Unreachable."""

READERS = 4
"""Connections, and so threads, that read at the same time. They are opened when first needed."""

LOOK = {"begin": "BEGIN"}
"""Execution options of a transaction that only looks, on the writing connection: other processes may write meanwhile."""

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_SPACE_SQLITE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE}


def writing_engine(path: Path) -> Engine:
    """Return the engine of the one connection that writes; its transactions are BEGIN IMMEDIATE unless LOOK is executed with."""
    engine = _engine(path, connections=1, begin="BEGIN IMMEDIATE")

    @event.listens_for(engine, "connect")
    def settings(connection: sqlite3.Connection, _record: Any) -> None:
        for setting in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "wal_autocheckpoint = 4000",
            "journal_size_limit = 67108864",
        ):
            connection.execute(f"PRAGMA {setting}")

    return engine


def reading_engine(path: Path) -> Engine:
    """Return the engine of the connections that only read; each transaction of theirs sees one snapshot."""
    engine = _engine(path, connections=READERS, begin="BEGIN")

    @event.listens_for(engine, "connect")
    def settings(connection: sqlite3.Connection, _record: Any) -> None:
        connection.execute("PRAGMA query_only = ON")

    return engine


def _engine(path: Path, *, connections: int, begin: str) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": BUSY_SECONDS, "isolation_level": None},  # mailbot says itself when a transaction begins
        pool_size=connections,
        max_overflow=0,
    )

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", begin))

    return engine


@contextmanager
def translated(place: Path) -> Iterator[None]:
    """Let nothing out but mailbot's own errors: whatever the database, the disk or the driver raises is put in its words."""
    try:
        yield
    except MailbotError:
        raise
    except (SQLAlchemyError, sqlite3.Error, OSError, UnicodeEncodeError, OverflowError) as error:
        raise in_our_words(error, place) from error


def in_our_words(error: Exception, place: Path) -> MailbotError:
    """Return the error of `mailbot.errors` that says what `error`, raised while working in `place`, means."""
    cause = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlite_errorcode", None) or 0
    if isinstance(cause, UnicodeEncodeError):
        return BadInput(f"a text holds half of a surrogate pair: {cause.object[:40]!r}", remedy="decode it before storing it")
    if isinstance(cause, OverflowError):
        return BadInput(f"a number does not fit in 64 bits: {cause}")
    if code in _NO_SPACE_SQLITE or getattr(cause, "errno", None) in _NO_SPACE:
        return DiskFull(f"{place}: the disk takes no more", remedy="free some space; nothing was stored, and it is tried again")
    if code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Unreachable(f"{place}: the ledger is busy for over {BUSY_SECONDS:.0f} s", remedy="see which process holds it")
    if isinstance(cause, FileExistsError | NotADirectoryError):
        return ConfigError(f"{place}: this is a file, not a folder", remedy="check state_dir")
    if isinstance(cause, PermissionError) or code & 0xFF in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return ConfigError(f"{place}: the ledger cannot be opened for writing: {cause}", remedy="check state_dir's permissions")
    if isinstance(cause, sqlite3.DatabaseError | OSError) and not isinstance(
        cause, sqlite3.IntegrityError | sqlite3.ProgrammingError
    ):
        return LedgerDamaged(f"{place}: {cause}", remedy="run `mailbot verify`; restore a backup if it says so")
    return MailbotError(f"{place}: the ledger refused: {cause}", remedy="this is a fault in mailbot: please report it")
