"""The folder of supplier files while mailbot runs: edits take effect, broken files never, what is learnt has files of its own."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
from pathlib import Path

import pypdfium2
import pytest

from mailbot import checkup
from mailbot.config import Extract
from mailbot.config_file import parse
from mailbot.core.supplier_files import hints_from_json
from mailbot.core.supplier_hints import Hint, SupplierHints
from mailbot.errors import BadInput
from mailbot.extract.sandbox import Sandbox
from mailbot.shipped import folder
from mailbot.suppliers import Supplierbook, load_suppliers
from tests.servers.nordwind import paper
from tests.servers.watched_book import until, watching

NORDWIND = """\
supplier: Nordwind Technik GmbH
recognise: {vat_id: DE136695976}
style: {numbers: "1.234,56"}
fields:
  total: {label: Alles zusammen}
"""


def labels(book: Supplierbook) -> dict[str, tuple[str, ...]]:
    return {one.supplier: hint.labels for one in book.suppliers for hint in one.hints}


async def test_an_edit_takes_effect_and_a_broken_file_keeps_only_itself_back(tmp_path: Path) -> None:
    one, other = tmp_path / "nordwind.yaml", tmp_path / "other.yaml"
    one.write_text(NORDWIND)
    async with watching(Supplierbook(tmp_path)) as book:
        assert labels(book) == {"Nordwind Technik GmbH": ("Alles zusammen",)}
        one.write_text(NORDWIND.replace("label: Alles", "lable: Alles"))
        await until(lambda: "nordwind.yaml:5: total: unknown 'lable', did you mean label?" in book.problem)
        assert "what the file said before stays in force" in book.problem
        other.write_text(NORDWIND.replace("Nordwind Technik GmbH", "Südwind").replace("DE136695976", "DE811128135"))
        await until(lambda: "Südwind" in labels(book))
        assert labels(book)["Nordwind Technik GmbH"] == ("Alles zusammen",)
        one.write_text(NORDWIND.replace("Alles zusammen", "Ganze Summe"))
        await until(lambda: labels(book)["Nordwind Technik GmbH"] == ("Ganze Summe",) and not book.problem)
        one.unlink()
        await until(lambda: list(labels(book)) == ["Südwind"])


async def test_a_folder_that_is_made_later_is_seen(tmp_path: Path) -> None:
    async with watching(Supplierbook(tmp_path / "suppliers")) as book:
        assert (book.suppliers, book.problem) == ((), "")
        (tmp_path / "suppliers").mkdir()
        (tmp_path / "suppliers" / "a.yaml").write_text(NORDWIND)
        await until(lambda: bool(labels(book)))


def test_a_file_that_never_was_good_knows_nobody(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("supplier: [\n")
    (tmp_path / "b.yaml").write_text("# only a comment\n")
    book = Supplierbook(tmp_path)
    assert book.reload() is False
    assert (book.suppliers, book.problem.startswith("a.yaml:")) == ((), True)


def test_what_is_learnt_gets_a_file_that_is_nobody_elses(tmp_path: Path) -> None:
    book = Supplierbook(tmp_path / "suppliers")
    first = book.learnt("Müller & Söhne GmbH")
    assert first.file == "müller-söhne-gmbh.learnt.yaml"
    full = SupplierHints(
        supplier=first.supplier, file=first.file, words=("Müller",), hints=(Hint(field="tax", labels=("Steuer",)),)
    )
    assert book.save(full).name == first.file
    assert book.suppliers == (full,)
    assert book.learnt("MÜLLER & söhne GmbH") == full
    assert book.learnt("Müller + Söhne GmbH").file == "müller-söhne-gmbh-2.learnt.yaml"
    assert len(os.fsencode(f".{book.learnt('联' * 300).file}.new")) < 255
    assert sorted(one.name for one in (tmp_path / "suppliers").iterdir()) == [first.file]


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "suppliers").write_text("a file")
    with pytest.raises(BadInput, match=r"cannot be written: .*; check suppliers_dir"):
        Supplierbook(tmp_path / "suppliers").save(SupplierHints(supplier="a", file="a.learnt.yaml"))


def test_the_example_says_nothing_until_it_is_uncommented(tmp_path: Path) -> None:
    example = (folder("suppliers") / "example.yaml").read_text(encoding="utf-8")
    assert load_suppliers(folder("suppliers")) == ()
    lines = [line.removeprefix("# ") for line in example.splitlines()]
    begins = next(at for at, line in enumerate(lines) if line.startswith("supplier:"))
    (tmp_path / "a.yaml").write_text("\n".join(lines[begins:]), encoding="utf-8")
    (supplier,) = load_suppliers(tmp_path)
    assert [hint.field for hint in supplier.hints] == ["invoice_number", "total", "due_date", "currency", "po_number"]


@pytest.mark.parametrize(("text", "ok", "says"), [(NORDWIND, True, "1 suppliers in"), ("supplier: x\n", False, "a.yaml:1:")])
async def test_the_check_says_what_is_wrong_and_where(tmp_path: Path, text: str, ok: bool, says: str) -> None:
    config = parse({}, file=tmp_path / "mailbot.toml")
    assert (await checkup._one("suppliers", lambda: checkup._suppliers(config))).ok
    config.suppliers_dir.mkdir()
    (config.suppliers_dir / "a.yaml").write_text(text)
    result = await checkup._one("suppliers", lambda: checkup._suppliers(config))
    assert (result.ok, says in result.detail) == (ok, True)


async def test_what_a_paper_was_read_by_is_kept_for_a_replay(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(NORDWIND)
    known, pdf = load_suppliers(tmp_path), paper("2026-118", "30.10.2026", "1.230,00", "233,70", "1.463,70")
    sandbox = Sandbox(Extract(), suppliers=lambda: known)
    try:
        read = await sandbox.read("a.pdf", pdf)
        assert hints_from_json(json.loads(read.contents[read.reading.hints])) == known
        total = read.reading.documents[0].field("total")
        assert total is not None
        assert total.value == "1463.70"
        assert (await sandbox.read("a.txt", b"nothing with places")).reading.hints == ""
        sandbox.suppliers = tuple
        plain = await sandbox.read("a.pdf", pdf)
        assert (plain.reading.hints, plain.reading.documents[0].field("total")) == ("", None)
    finally:
        await sandbox.close()


async def test_files_are_read_by_hints_without_a_config(tmp_path: Path) -> None:
    (tmp_path / "suppliers").mkdir()
    (tmp_path / "suppliers" / "a.yaml").write_text(NORDWIND)
    (tmp_path / "a.pdf").write_bytes(paper("2026-118", "30.10.2026", "1.230,00", "233,70", "1.463,70"))
    for words in (("extract",), ("process", "--rules", str(folder("rules")))):
        command = [sys.executable, "-m", "mailbot", *words, "--suppliers", str(tmp_path / "suppliers"), "--json", "a.pdf"]
        run = await asyncio.create_subprocess_exec(*command, cwd=tmp_path, stdout=asyncio.subprocess.PIPE)
        out, _ = await run.communicate()
        (answer,) = json.loads(out)
        values = {field["name"]: field["value"] for field in answer["documents"][0]["fields"]}
        assert (run.returncode, values["total"], "hints" in answer) == (0, "1463.70", False)


async def test_a_scan_teaches_too(tmp_path: Path) -> None:
    page = pypdfium2.PdfDocument(paper("2026-118", "30.10.2026", "1.230,00", "233,70", "1.463,70"))[0]
    out = io.BytesIO()
    page.render(scale=2).to_pil().save(out, "PNG")
    stranger = SupplierHints(supplier="Nordwind Technik GmbH", vat_ids=("DE136695976",))
    sandbox = Sandbox(Extract())
    try:
        taught = await sandbox.learn("a.png", out.getvalue(), "image/png", stranger, {"total": "1463.70", "iban": "x"})
    finally:
        await sandbox.close()
    assert taught.fields == ("total",)
    assert [name for name, _ in taught.refused] == ["iban"]
    assert [hint.labels for hint in taught.supplier.hints] == [("Alles zusammen",)]
