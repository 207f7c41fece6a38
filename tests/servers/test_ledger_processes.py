"""The ledger's file shared by several processes and versions: opened at once, claimed at once, migrated, locked, packed."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from mailbot.core.item import Change
from mailbot.core.lifecycle import ADVANCEABLE, Event, State
from mailbot.errors import ConfigError, LedgerDamaged, Unreachable
from mailbot.ledger import blobs, database, migrate, schema
from mailbot.ledger.sql import SqlLedger
from tests.servers.ledger_way import START, Clock, happened, mail, way

LEASE = timedelta(hours=1)


async def test_two_ledgers_on_one_directory_never_lease_the_same_item(tmp_path: Path) -> None:
    one, other = await asyncio.gather(*(SqlLedger.open(tmp_path, clock=Clock()) for _ in range(2)))
    await asyncio.gather(one.receive([mail(uid) for uid in range(1, 61)]), other.receive([mail(uid) for uid in range(31, 101)]))

    async def take(ledger: SqlLedger, owner: str) -> list[int]:
        taken: list[int] = []
        while leased := await ledger.claim(ADVANCEABLE, limit=3, owner=owner, lease=LEASE, now=START):
            taken += [item.id for item in leased]
            for item in leased:
                start = happened(Event.READING_STARTED)
                await ledger.record(
                    Change(item=item.id, expected=State.RECEIVED, fence=item.fence, happenings=start, release=False)
                )
        return taken

    takers = [take(ledger, f"{name}{number}") for name, ledger in (("a", one), ("b", other)) for number in range(3)]
    taken = Counter(item for some in await asyncio.gather(*takers) for item in some)
    assert sorted(taken) == list(range(1, 101))
    assert set(taken.values()) == {1}
    assert await one.verify() == []
    await one.close()
    await other.close()


async def test_two_processes_make_one_ledger(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path; from mailbot.ledger.sql import SqlLedger\n"
        "from tests.servers.ledger_way import Clock, mail\n"
        "async def main():\n"
        "    ledger = await SqlLedger.open(Path(sys.argv[1]), clock=Clock())\n"
        "    for uid in range(1, 21): await ledger.receive([mail(uid)])\n"
        "    await ledger.close()\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    ran = await asyncio.gather(*(asyncio.to_thread(subprocess.run, command, timeout=100, check=False) for _ in range(3)))
    assert [process.returncode for process in ran] == [0, 0, 0]
    ledger = await SqlLedger.open(tmp_path, clock=Clock())
    assert len(await ledger.items()) == 20
    assert await ledger.verify() == []
    await ledger.close()


async def test_what_one_writes_the_other_reads(tmp_path: Path) -> None:
    daemon, command = [await SqlLedger.open(tmp_path, clock=Clock()) for _ in range(2)]
    await daemon.receive([mail(1)])
    assert (await command.item(1)).state is State.RECEIVED
    await command.record(way(1)[0])
    assert (await daemon.item(1)).state is State.READING
    await command.close()
    await daemon.record(way(1)[1])
    assert await daemon.verify() == []
    await daemon.close()


async def test_a_ledger_that_another_process_holds_is_unreachable_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    ledger = await SqlLedger.open(tmp_path, clock=Clock())
    holder = sqlite3.connect(tmp_path / database.FILE, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unreachable, match="busy"):
        await ledger.receive([mail(1)])
    assert await ledger.items() == []  # readers are not held up
    holder.execute("COMMIT")
    holder.close()
    assert await ledger.receive([mail(1)]) == [1]
    await ledger.close()


def test_the_migrations_build_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite3"
    assert migrate.migrate(path)
    assert not migrate.migrate(path)
    assert ScriptDirectory(str(Path(migrate.__file__).parent / "migrations")).get_heads() == [schema.REVISION]
    names = ("journal_mode", "synchronous", "foreign_keys")
    engine = database.writing_engine(path)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
        settings = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]
    engine.dispose()
    assert settings == ["wal", 2, 1]


def test_alembic_is_not_imported_for_a_ledger_that_is_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite3"
    migrate.migrate(path)
    program = (
        "import sys, pathlib; from mailbot.ledger.migrate import migrate\n"
        "assert not migrate(pathlib.Path(sys.argv[1])); assert 'alembic' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == 0


async def test_a_ledger_of_a_newer_mailbot_is_left_alone(tmp_path: Path) -> None:
    await (await SqlLedger.open(tmp_path, clock=Clock())).close()
    raw = sqlite3.connect(tmp_path / database.FILE)
    raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.commit()
    raw.close()
    with pytest.raises(ConfigError, match="newer mailbot"):
        await SqlLedger.open(tmp_path, clock=Clock())


async def test_a_file_that_is_no_database_or_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / database.FILE).write_bytes(b"this is not a database, it is a letter to the desk" * 100)
    with pytest.raises(LedgerDamaged, match="not a database"):
        await SqlLedger.open(tmp_path, clock=Clock())
    with pytest.raises((ConfigError, LedgerDamaged), match="ledger"):
        await SqlLedger.open(tmp_path / database.FILE, clock=Clock())


async def test_short_processes_go_on_with_the_same_pack(tmp_path: Path) -> None:
    for uid in range(1, 6):
        ledger = await SqlLedger.open(tmp_path, clock=Clock())
        await ledger.receive([mail(uid)])
        await ledger.close()
    assert len(list((tmp_path / "packs").iterdir())) == 1
    both = [await SqlLedger.open(tmp_path, clock=Clock()) for _ in range(2)]
    for uid, ledger in enumerate(both, start=6):
        await ledger.receive([mail(uid)])
    assert len(list((tmp_path / "packs").iterdir())) == 2
    assert await both[0].verify() == []
    for ledger in both:
        await ledger.close()


async def test_a_full_pack_is_left_for_a_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "PACK_BYTES", 1000)
    for round_ in range(2):
        ledger = await SqlLedger.open(tmp_path, clock=Clock())
        for uid in range(1, 5):
            await ledger.receive([mail(10 * round_ + uid, size=600)])
        assert await ledger.verify() == []
        await ledger.close()
    sizes = sorted(path.stat().st_size for path in (tmp_path / "packs").iterdir())
    assert sizes == [1200] * 4


async def test_only_the_owner_may_look(tmp_path: Path) -> None:
    state = tmp_path / "state"
    ledger = await SqlLedger.open(state, clock=Clock())
    await ledger.receive([mail(1), mail(2, size=100_000)])
    await ledger.close()
    assert state.stat().st_mode & 0o077 == 0
    files = [Path(folder) / name for part in ("blobs", "packs") for folder, _, names in os.walk(state / part) for name in names]
    assert len(files) == 2
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)
