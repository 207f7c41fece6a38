"""Hostile e-invoices: XML that attacks its parser, PDFs that hide bombs or more files than anybody reads. Each ends bounded."""

from __future__ import annotations

import tracemalloc
import zlib
from pathlib import Path

import pytest

from mailbot.config import Extract
from mailbot.extract import einvoice, pdf, worker
from mailbot.extract.frames import Header
from mailbot.extract.nest import Nest
from mailbot.extract.reader import Found, Limits
from tests.servers.einvoice_papers import hybrid, page
from tests.servers.einvoice_sales import cii, sale, ubl

ONE = sale(0)
SECRET = "only on this disk"


def read(content: bytes) -> Found:
    return einvoice.read("invoice.xml", content, "application/xml", Limits())


def with_dtd(dtd: str, reference: str) -> bytes:
    head, _, body = ubl(ONE).partition(b"?>")
    return head + b"?>" + f"<!DOCTYPE Invoice [{dtd}]>".encode() + body.replace(ONE.number.encode(), reference.encode(), 1)


def attacks(folder: Path) -> dict[str, bytes]:
    secret = folder / "secret.txt"
    secret.write_text(SECRET)
    laughs = '<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {name} "{f"&{inner};" * 10}">' for inner, name in zip("abcdefghi", "bcdefghij", strict=True)
    )
    plain = ubl(ONE).decode()
    inside = plain.partition("?>")[2]
    return {
        "billion laughs": with_dtd(laughs, "&j;"),
        "quadratic": with_dtd(f'<!ENTITY a "{"x" * 50_000}">', "&a;" * 5_000),
        "file by an entity": with_dtd(f'<!ENTITY a SYSTEM "{secret.as_uri()}">', "&a;"),
        "file by a parameter entity": with_dtd(f'<!ENTITY % a SYSTEM "{secret.as_uri()}"> %a;', "7"),
        "external DTD": plain.replace("?>", f'?><!DOCTYPE Invoice SYSTEM "{secret.as_uri()}">', 1).encode(),
        "DTD in UTF-16": with_dtd('<!ENTITY a "7">', "&a;")
        .decode()
        .replace('encoding="UTF-8"', 'encoding="UTF-16"')
        .encode("utf-16"),
        "deep": inside.replace("<cac:OrderReference>", "<x>" * 50_000 + "</x>" * 50_000 + "<cac:OrderReference>").encode(),
        "not so deep": inside.replace("<cac:OrderReference>", "<x>" * 100 + "</x>" * 100 + "<cac:OrderReference>").encode(),
        "wide": inside.replace("<cac:OrderReference>", "<x/>" * (einvoice.MAX_ELEMENTS + 1) + "<cac:OrderReference>").encode(),
        "long": inside.replace("<cac:OrderReference>", " " * einvoice.MAX_XML + "<cac:OrderReference>").encode(),
        "unknown encoding": plain.replace("UTF-8", "EBCDIC-X-9").encode(),
        "wrong encoding": plain.replace("Werft", "W\xe9rft").encode("latin-1"),
        "cut": plain[:-300].encode(),
        "NUL": plain.replace("Werft", "We\0rft").encode(),
        "unbound prefix": plain.replace("xmlns:cbc=", "xmlns:other=").encode(),
    }


def test_xml_that_attacks_the_parser_is_refused_with_the_reason(tmp_path: Path) -> None:
    for name, content in attacks(tmp_path).items():
        found = read(content)
        assert [problem.code for problem in found.problems if "einvoice" in problem.code] == ["broken_einvoice"], name
        (document,) = found.documents
        assert document.fields == (), name
        assert SECRET not in document.pages[0].text, name


def test_an_include_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    include = f'<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="{secret.as_uri()}" parse="text"/>'
    found = read(ubl(ONE).decode().replace(ONE.number, f"{include}{ONE.number}", 1).encode())
    assert SECRET not in found.documents[0].pages[0].text
    assert SECRET not in "".join(field.value for field in found.documents[0].fields)


def test_an_entity_bomb_takes_no_memory(tmp_path: Path) -> None:
    bomb = attacks(tmp_path)["billion laughs"]
    read(bomb)
    tracemalloc.start()
    try:
        read(bomb)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_values_that_no_invoice_has_are_no_values() -> None:
    for old, new in ((f">{ONE.gross}<", ">1e999999999<"), (f">{ONE.gross}<", f">{'9' * 5_000}<"), ("380", "380" * 9_000)):
        found = read(ubl(ONE).decode().replace(old, new).encode())
        assert all(len(problem.detail) < 500 for problem in found.problems)
        assert len(found.documents) == 1


@pytest.mark.parametrize("listed", [True, False], ids=["listed", "associated"])
def test_a_bomb_inside_a_pdf_stops_at_the_limit(listed: bool) -> None:
    bomb = hybrid(page(ONE, layout=0), b"\0" * 3_000_000, "bomb.bin", ("second.bin", b"x"), listed=listed)
    packed = bomb.replace(b"\0" * 3_000_000, zlib.compress(b"\0" * 3_000_000))
    assert len(packed) < 100_000
    found = pdf.read("a.pdf", bomb, "application/pdf", Limits(archive_bytes=1_000_000))
    assert [problem.code for problem in found.problems] == ["archive_limits"]
    assert found.members == ()
    assert found.documents[0].fields


def test_more_files_than_allowed_are_not_taken_out() -> None:
    many = hybrid(page(ONE, layout=0), cii(ONE), "factur-x.xml", *((f"{at}.txt", b"x") for at in range(20)))
    found = pdf.read("a.pdf", many, "application/pdf", Limits(archive_members=20))
    assert [problem.code for problem in found.problems] == ["archive_limits"]
    assert {field.origin for field in found.documents[0].fields} == {"text"}


def test_a_damaged_file_inside_costs_only_itself() -> None:
    whole = hybrid(page(ONE, layout=0), cii(ONE))
    for at in range(0, len(whole), len(whole) // 60):
        damaged = whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]
        found = pdf.read("a.pdf", damaged, "application/pdf", Limits(ocr=False))
        assert len(found.documents) == 1


def test_names_lead_nowhere() -> None:
    found = pdf.read(
        "a.pdf", hybrid(page(ONE, layout=0), b"1", "../../etc/passwd", ("C:\\x\\y.txt", b"2"), ("a\r\nb.txt", b"3")), "", Limits()
    )
    assert sorted(member.name for member in found.members) == ["a.pdf/a b.txt", "a.pdf/passwd", "a.pdf/y.txt"]


async def test_pdfs_inside_pdfs_end_at_the_depth_of_archives() -> None:
    async def ask(header: Header, content: bytes) -> tuple[Header, bytes]:
        answer, parts = worker._answer(header, content)
        return answer, b"".join(parts)

    content = page(ONE, layout=0)
    for at in range(6):
        content = hybrid(page(ONE, layout=0), content, f"{at}.pdf")
    reading = (await Nest(Extract(archive_depth=2), ask).read("a.pdf", content, "application/pdf")).reading
    assert [document.name for document in reading.documents] == [
        "a.pdf", "a.pdf/5.pdf", "a.pdf/5.pdf/4.pdf", "a.pdf/5.pdf/4.pdf/3.pdf",
    ]  # fmt: skip
    assert [problem.code for problem in reading.problems] == ["archive_limits"]
