"""Files read whole by real worker processes: what is inside what, in which order, under which name and digest."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from email.message import EmailMessage
from hashlib import sha256

import pytest

from mailbot.config import Extract
from mailbot.core.document import reading_from_json, reading_to_json
from mailbot.errors import BadInput
from mailbot.extract.sandbox import Sandbox
from mailbot.ports import Extracted

CSV = b"item;price\nbolt;1,50\nnut;0,75\n"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    sandbox = Sandbox(Extract(workers=1, archive_members=20, archive_mb=5, archive_depth=2))
    yield sandbox
    await sandbox.close()


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def pdf(words: str) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(300, 300))
    canvas.drawString(30, 250, words)
    canvas.save()
    return buffer.getvalue()


def mail(*attachments: tuple[str, bytes, str], text: str = "see attached", subject: str = "Order") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Anna <anna@example.org>", "desk@example.org", subject
    message.set_content(text)
    for name, content, kind in attachments:
        major, _, minor = kind.partition("/")
        message.add_attachment(content, maintype=major, subtype=minor, filename=name)
    return message


def codes(extracted: Extracted) -> list[str]:
    return [problem.code for problem in extracted.reading.problems]


def names(extracted: Extracted) -> list[str]:
    return [document.name for document in extracted.reading.documents]


async def test_a_mail_is_read_with_each_attachment_in_order(sandbox: Sandbox) -> None:
    parts = [
        ("notes.txt", b"words\n", "application/octet-stream"),
        ("invoice.pdf", pdf("Invoice 2026-17"), "application/octet-stream"),
        ("prices.csv", CSV, "text/plain"),
        ("thing.xyz", bytes(range(200)), "application/x-thing"),
    ]
    extracted = await sandbox.read("order.eml", mail(*parts).as_bytes())
    reading = extracted.reading
    assert reading.media_type == "message/rfc822"
    assert reading.message is not None
    assert reading.message.subject == "Order"
    assert reading.message.text == "see attached\n"
    assert names(extracted) == ["notes.txt", "invoice.pdf", "prices.csv", "thing.xyz"]
    assert [document.media_type for document in reading.documents][:3] == ["text/plain", "application/pdf", "text/csv"]
    assert "Invoice 2026-17" in reading.documents[1].pages[0].text
    assert reading.documents[0].pages[0].text == "words\n"
    assert codes(extracted) == ["unknown_type"]
    for part, document, attachment in zip(parts, reading.documents, reading.message.attachments, strict=True):
        assert document.sha256 == attachment.sha256 == sha256(part[1]).hexdigest()
        assert extracted.contents[document.sha256] == part[1]
        assert attachment.size == len(part[1])
    assert reading_from_json(reading_to_json(reading, full=True)) == reading


async def test_what_stands_in_an_archive_or_an_attached_mail_is_read_too(sandbox: Sandbox) -> None:
    inner = zipped({"deep/b.txt": b"deep"})
    archive = zipped({"prices.csv": CSV, "inner.zip": inner, "__MACOSX/x": b"x", "empty.txt": b""})
    outer = mail(("all.zip", archive, "application/zip"))
    forwarded = mail(("c.txt", b"from the forwarded mail", "text/plain"), text="the old mail", subject="Old")
    outer.add_attachment(forwarded)
    extracted = await sandbox.read("m", outer.as_bytes(), media_type="message/rfc822")
    assert names(extracted) == [
        "all.zip/prices.csv", "all.zip/inner.zip/deep/b.txt", "all.zip/empty.txt", "attachment-2.eml", "attachment-2.eml/c.txt",
    ]  # fmt: skip
    texts = {document.name: document.pages[0].text for document in extracted.reading.documents if document.pages}
    assert texts["all.zip/inner.zip/deep/b.txt"] == "deep"
    assert "the old mail" in texts["attachment-2.eml"]
    assert "anna@example.org" in texts["attachment-2.eml"]
    assert texts["attachment-2.eml/c.txt"] == "from the forwarded mail"
    assert codes(extracted) == ["empty_file"]
    assert sha256(inner).hexdigest() in extracted.contents
    assert extracted.reading.message is not None
    assert len(extracted.reading.message.attachments) == 2


async def test_a_dropped_file_is_its_own_document(sandbox: Sandbox) -> None:
    content = pdf("Offer 99")
    extracted = await sandbox.read("offer.pdf", content)
    (document,) = extracted.reading.documents
    assert extracted.reading.media_type == document.media_type == "application/pdf"
    assert document.sha256 == sha256(content).hexdigest()
    assert extracted.contents == {}
    assert extracted.reading.message is None


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({f"{n}.txt": b"x" for n in range(21)}, "archive_limits"),
        ({"zeros.txt": bytes(4_000_000)}, "archive_limits"),
        ({"a.zip": zipped({f"{n}.txt": b"x" for n in range(20)})}, "archive_limits"),
        ({"1.zip": zipped({"2.zip": zipped({"3.zip": zipped({"4.txt": b"x"})})})}, "archive_limits"),
        ({"../../evil.txt": b"x"}, "unsafe_name"),
        ({"C:\\evil.txt": b"x"}, "unsafe_name"),
        ({"/etc/evil.txt": b"x"}, "unsafe_name"),
    ],
)
async def test_an_archive_over_a_limit_or_with_a_trick_is_told(sandbox: Sandbox, members: dict[str, bytes], code: str) -> None:
    extracted = await sandbox.read("a.zip", zipped(members))
    assert codes(extracted) == [code]
    assert all(".." not in name and not name.startswith("/") for name in names(extracted))


async def test_the_limit_on_bytes_counts_over_the_whole_nest(sandbox: Sandbox) -> None:
    import random

    noise = random.Random(1).randbytes(1_500_000)
    each = zipped({"noise.bin": noise})
    extracted = await sandbox.read("a.zip", zipped({f"{n}.zip": each for n in range(3)}))
    assert codes(extracted).count("archive_limits") >= 1
    assert sum(map(len, extracted.contents.values())) < 2 * (5 << 20)


async def test_an_archive_that_holds_itself_ends() -> None:
    quine = zipped({"r.zip": b"x" * 10})
    for _ in range(12):
        quine = zipped({"r.zip": quine})
    sandbox = Sandbox(Extract())
    try:
        extracted = await sandbox.read("r.zip", quine)
    finally:
        await sandbox.close()
    assert codes(extracted) == ["archive_limits"]


@pytest.mark.parametrize("content", [b"PK\x03\x04rubbish", b"PK\x05\x06" + bytes(18), b"PK\x03\x04"])
async def test_a_broken_archive_is_a_problem(sandbox: Sandbox, content: bytes) -> None:
    extracted = await sandbox.read("a.zip", content)
    assert set(codes(extracted)) <= {"broken_archive"}
    assert names(extracted) == ["a.zip"]


async def test_an_encrypted_member_and_a_link_are_told(sandbox: Sandbox) -> None:
    content = bytearray(zipped({"secret.txt": b"secret"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(signature) + offset
        content[at] |= 1
    assert codes(await sandbox.read("a.zip", bytes(content))) == ["encrypted_archive"]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    extracted = await sandbox.read("a.zip", buffer.getvalue())
    assert codes(extracted) == ["unsafe_name"]
    assert extracted.contents == {}


async def test_a_file_that_is_too_large_or_empty_is_not_read() -> None:
    sandbox = Sandbox(Extract(file_mb=1))
    try:
        assert codes(await sandbox.read("big.txt", bytes(2 << 20))) == ["too_large"]
        assert codes(await sandbox.read("none.txt", b"")) == ["empty_file"]
        large = mail(("big.bin", bytes(1 << 20), "application/x-thing"))
        assert codes(await sandbox.read("m", large.as_bytes(), media_type="message/rfc822")) == ["too_large"]
    finally:
        await sandbox.close()


async def test_mail_does_not_wait_behind_heavy_files(sandbox: Sandbox) -> None:
    slow = zipped({f"{n}.bin": bytes(200_000) for n in range(20)})
    await sandbox.start()
    heavy = [asyncio.create_task(sandbox.read("a.zip", slow)) for _ in range(30)]
    light = await sandbox.read("m", mail().as_bytes(), media_type="message/rfc822")
    assert light.reading.message is not None
    assert not all(task.done() for task in heavy)
    await asyncio.gather(*heavy)


async def test_a_page_is_drawn_and_what_has_none_is_refused(sandbox: Sandbox) -> None:
    page = await sandbox.render("a.pdf", pdf("drawn"), 1, width=200)
    assert page.png.startswith(b"\x89PNG")
    assert (page.width, page.height) == (200, 200)
    for name, content, number in (("a.pdf", pdf("x"), 7), ("a.txt", b"words", 1), ("a.pdf", b"%PDF-1.7 rubbish", 1)):
        with pytest.raises(BadInput):
            await sandbox.render(name, content, number)


async def test_idle_workers_end_but_for_the_one_that_is_kept() -> None:
    sandbox = Sandbox(Extract(workers=2), idle_seconds=0.2)
    try:
        await asyncio.gather(*(sandbox.read("a.pdf", pdf("x")) for _ in range(3)))
        lanes = sandbox._heavy, sandbox._light
        for _ in range(300):
            if [len(lane._owners) for lane in lanes] == [0, 1]:
                break
            await asyncio.sleep(0.1)
        assert [len(lane._owners) for lane in lanes] == [0, 1]
        assert (await sandbox.read("a.pdf", pdf("again"))).reading.documents[0].pages
    finally:
        await sandbox.close()
