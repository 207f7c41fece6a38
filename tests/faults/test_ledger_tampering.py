"""`verify` finds whatever is changed behind the ledger's back, with sqlite3 or an editor, and names it."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailbot.errors import LedgerDamaged
from mailbot.ledger.database import FILE
from mailbot.ledger.sql import SqlLedger
from tests.servers.ledger_way import Clock, mail, walk


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of three items: sent; sent and seen again; just arrived and large. Entries 1 to 3 are their arrivals."""
    folder = tmp_path_factory.mktemp("whole")
    asyncio.run(fill(folder))
    return folder


async def fill(folder: Path) -> None:
    ledger = await SqlLedger.open(folder, clock=Clock())
    await ledger.receive([mail(1), mail(2, body="two", message_id="<2>"), mail(3, size=100_000)])
    await walk(ledger, 1)
    await walk(ledger, 2)
    await ledger.receive([mail(9, uidvalidity=2, body="two", message_id="<2>", dedupe=True)])
    assert await ledger.verify() == []
    await ledger.close()


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "copy"))


async def found(folder: Path) -> set[str]:
    """Return what `verify` complains about."""
    ledger = await SqlLedger.open(folder, clock=Clock())
    try:
        findings = await ledger.verify()
    finally:
        await ledger.close()
    assert all(finding.detail for finding in findings)
    return {finding.what for finding in findings}


def run(folder: Path, *statements: str) -> None:
    raw = sqlite3.connect(folder / FILE)
    for statement in statements:
        assert raw.execute(statement).rowcount != 0, f"changed nothing: {statement}"
    raw.commit()
    raw.close()


async def test_an_untouched_copy_is_clean(copy: Path) -> None:
    assert await found(copy) == set()


@pytest.mark.parametrize(
    ("statements", "what"),
    [
        (["UPDATE audit SET actor = 'bob' WHERE actor = 'ann' AND item = 1"], "entry 9"),
        (["UPDATE audit SET at = '2020-01-01T00:00:00.000000Z' WHERE seq = 5"], "entry 5"),
        (["UPDATE audit SET cause = 'because' WHERE seq = 5"], "entry 5"),
        (["UPDATE audit SET hash = 'x' || substr(hash, 2) WHERE seq = 5"], "entry 5"),
        (["UPDATE audit SET detail = replace(detail, 'Invoice 1', 'Invoice 7') WHERE seq = 5"], "entry 5"),
        (["DELETE FROM audit WHERE seq = 1"], "entry 2"),
        (["DELETE FROM audit WHERE seq = 6"], "entry 7"),
        (["DELETE FROM audit WHERE seq = 6", "UPDATE audit SET seq = seq - 1 WHERE seq > 6"], "entry 6"),
        (["UPDATE audit SET seq = -6 WHERE seq = 6", "UPDATE audit SET seq = 6 WHERE seq = 7",
          "UPDATE audit SET seq = 7 WHERE seq = -6"], "entry 6"),
        (["INSERT INTO audit SELECT 1 + max(seq), at, 1, 'kept', 'sent', 'sent', 'eve', '', '{}', '', '' FROM audit"], "entry 21"),
        # the tail, cut off cleanly: the item that it was about, or the head, tells
        (["DELETE FROM audit WHERE seq = 20"], "chain"),
        (["DELETE FROM audit WHERE seq > 11"], "item 2"),
        (["DELETE FROM audit WHERE seq = 20", "DELETE FROM alias",
          "UPDATE head SET count = 19"], "chain"),
        (["DELETE FROM head"], "chain"),
        (["UPDATE head SET count = 7"], "chain"),
        (["UPDATE head SET items = 7"], "chain"),
        (["UPDATE item SET state = 'finished' WHERE id = 1"], "item 1"),
        (["UPDATE item SET state = 'nonsense' WHERE id = 1"], "item 1"),
        (["UPDATE item SET sender = 'Eve' WHERE id = 2"], "item 2"),
        (["UPDATE item SET tags = '[]' WHERE id = 2"], "item 2"),
        (["UPDATE item SET tags = 'no json' WHERE id = 2"], "item 2"),
        (["UPDATE item SET uid = 77 WHERE id = 3"], "item 3"),
        (["UPDATE item SET sha256 = (SELECT sha256 FROM item WHERE id = 1) WHERE id = 3"], "item 3"),
        (["DELETE FROM item WHERE id = 3"], "item 3"),
        (["UPDATE item SET id = 99 WHERE id = 3"], "item 99"),
        (["DELETE FROM alias"], "item 2"),
        (["INSERT INTO alias VALUES ('a', 'INBOX', 1, 44, '', 1)"], "item 1"),
        (["UPDATE artifact SET sha256 = (SELECT sha256 FROM item WHERE id = 3) WHERE item = 1 AND kind = 'reply'"], "item 1"),
        (["DELETE FROM artifact WHERE item = 1 AND kind = 'draft'"], "item 1"),
        (["INSERT INTO artifact SELECT item, kind, 2, sha256 FROM artifact WHERE item = 1 AND kind = 'draft'"], "item 1"),
        (["INSERT INTO artifact SELECT 12345, kind, 1, sha256 FROM artifact WHERE item = 1 AND kind = 'draft'"], "item 12345"),
        (["UPDATE outbox SET recipients = '[\"eve@evil.example\"]' WHERE item = 1"], "item 1"),
        (["DELETE FROM outbox WHERE item = 1"], "item 1"),
    ],
)  # fmt: skip
async def test_each_change_of_the_tables_is_found(copy: Path, statements: list[str], what: str) -> None:
    run(copy, *statements)
    assert what in await found(copy)


async def test_a_chain_that_is_whole_up_to_the_change_blames_that_alone(copy: Path) -> None:
    run(copy, "UPDATE audit SET cause = 'because' WHERE seq = 5")
    assert await found(copy) == {"entry 5"}


def large(folder: Path) -> Path:
    (path,) = [path for path in (folder / "blobs").rglob("*") if path.is_file()]
    return path


def pack(folder: Path) -> Path:
    (path,) = (folder / "packs").iterdir()
    return path


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[3] ^= 1
    path.write_bytes(content)


def damages() -> Iterator[tuple[str, object]]:
    yield "large blob flipped", lambda folder: flip(large(folder))
    yield "large blob cut", lambda folder: large(folder).write_bytes(b"")
    yield "large blob grown", lambda folder: large(folder).write_bytes(large(folder).read_bytes() + b"x")
    yield "large blob gone", lambda folder: large(folder).unlink()
    yield "pack flipped", lambda folder: flip(pack(folder))
    yield "pack cut", lambda folder: pack(folder).write_bytes(pack(folder).read_bytes()[:-1])
    yield "pack gone", lambda folder: pack(folder).unlink()
    yield "row gone", lambda folder: run(folder, "DELETE FROM blob WHERE sha256 = (SELECT sha256 FROM item WHERE id = 3)")
    yield "row moved", lambda folder: run(folder, "UPDATE blob SET start = start + 1 WHERE pack <> ''")


@pytest.mark.parametrize(("name", "damage"), [pytest.param(name, damage, id=name) for name, damage in damages()])
async def test_each_damage_to_a_blob_is_found(copy: Path, name: str, damage) -> None:
    damage(copy)
    assert any(what.startswith("blob ") for what in await found(copy))


async def test_a_damaged_blob_is_never_handed_out(copy: Path) -> None:
    flip(large(copy))
    flip(pack(copy))
    ledger = await SqlLedger.open(copy, clock=Clock())
    for item in (1, 3):
        with pytest.raises(LedgerDamaged, match="not what was written"):
            await ledger.blob((await ledger.item(item)).sha256)
    run(copy, "UPDATE item SET state = 'nonsense' WHERE id = 1")
    with pytest.raises(LedgerDamaged, match="item 1"):
        await ledger.item(1)
    await ledger.close()


async def test_a_pack_named_outside_the_folder_is_not_opened(copy: Path) -> None:
    (copy / "secret").write_bytes(b"x" * 1000)
    run(copy, "UPDATE blob SET pack = '../secret' WHERE pack <> ''")
    ledger = await SqlLedger.open(copy, clock=Clock())
    with pytest.raises(LedgerDamaged, match="cannot be read"):
        await ledger.blob((await ledger.item(1)).sha256)
    await ledger.close()


async def test_a_scribble_in_the_database_file_is_an_error_in_our_words(copy: Path) -> None:
    path = copy / FILE
    content = bytearray(path.read_bytes())
    for page in range(1, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(content)
    with pytest.raises(LedgerDamaged, match="malformed"):
        await found(copy)
