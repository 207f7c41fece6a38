"""Brings a database to the tables of `schema`, asking first, so that alembic is imported only when there is something to do."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from mailbot.errors import ConfigError
from mailbot.ledger.database import BUSY_SECONDS, writing_engine
from mailbot.ledger.schema import REVISION

_SCRIPTS = Path(__file__).parent / "migrations"


def migrate(path: Path) -> bool:
    """Create or upgrade the database at `path`, in one transaction; return whether there was anything to do.

    Raises ConfigError when a newer mailbot wrote it; errors of sqlite3, SQLAlchemy and the system go through. Blocks.
    """
    found = revision(path)
    if found == REVISION:
        return False
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(_SCRIPTS))
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        raise ConfigError(
            f"{path}: a newer mailbot wrote this ledger (revision {found}, known here: {REVISION})",
            remedy="run that version, or restore the backup made before the upgrade",
        )
    _upgrade(path)
    return True


def revision(path: Path) -> str | None:
    """Return the migration that the database stands at, None when it is new or empty."""
    if not path.exists():
        return None
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
    try:
        made = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if made else None
    finally:
        connection.close()
    return row[0] if row else None


def _upgrade(path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    _make_wal(path)
    engine = writing_engine(path)
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    try:
        with engine.begin() as connection:  # a second process that came as early waits here, then finds nothing to do
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def _make_wal(path: Path) -> None:
    """Switch the journal to WAL; SQLite does not wait by itself for another process that does the same."""
    deadline = time.monotonic() + BUSY_SECONDS
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
    finally:
        connection.close()
