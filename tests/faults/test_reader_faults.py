"""Files made to break their readers: each ends within bounds with its reason told, and the files beside it are read."""

from __future__ import annotations

import gzip
import io
import random
import socket
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from email.message import EmailMessage

import docx
import openpyxl
import pytest
from PIL import Image

from mailbot.config import Extract
from mailbot.errors import BadInput
from mailbot.extract import archive, mapi, outlook, picture, seven_zip, signed_file, spreadsheet, tarball, tnef, word_file
from mailbot.extract.reader import Found, Limits, Reader
from mailbot.extract.sandbox import Sandbox
from tests.servers import compound_file, office_files, tnef_file
from tests.servers.papers import pdf_of
from tests.servers.test_containers import note, seven, tar
from tests.servers.test_signed import XML, signed
from tests.servers.test_spreadsheet import binary_sheet

LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {after} "{f"&{before};" * 10}">' for before, after in zip("abcdefghi", "bcdefghij", strict=True)
) + "]>"  # fmt: skip


def codes(found: Found) -> list[str]:
    return [problem.code for problem in found.problems]


def words(found: Found) -> str:
    return "\n".join(page.text for document in found.documents for page in document.pages)


def rezipped(content: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return a zip with one of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return out.getvalue()


def word(text: str = "words") -> bytes:
    document, out = docx.Document(), io.BytesIO()
    document.add_paragraph(text)
    document.save(out)
    return out.getvalue()


def open_text(kind: str = "text") -> bytes:
    return office_files.open_document(kind, "<text:p>words</text:p>")


def offer() -> bytes:
    return office_files.slides(office_files.shape("words"))


def late(xml: bytes) -> bytes:
    """Return XML whose entities are declared behind a comment that is longer than what is looked at for them."""
    return b"<!--" + b" " * 10_000 + b"-->" + declared(xml)


def sheet() -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.worksheets[0].append(["Item", "Qty"])
    book.save(out)
    return out.getvalue()


def declared(xml: bytes, entity: bytes = b"&j;") -> bytes:
    """Return XML with the laughs declared, and laughed in its first text."""
    head, _, rest = xml.partition(b"?>\n") if b"?>\n" in xml else xml.partition(b"?>") if b"?>" in xml else (b"", b"", xml)
    return (head + b"?>" if head else b"") + LAUGHS.encode() + rest.replace(b"words", entity).replace(b"Item", entity)


def overlapping() -> bytes:
    """Return a zip of 200 members that all lie in the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as one:
        one.writestr("a.txt", bytes(100_000))
    content = out.getvalue()
    start = content.find(b"PK\x01\x02")
    entry, end = content[start : content.find(b"PK\x05\x06")], content[content.find(b"PK\x05\x06") :]
    end = end[:8] + struct.pack("<HHII", 200, 200, len(entry) * 200, start) + end[20:]
    return content[:start] + entry * 200 + end


def many_pages(count: int = 100_000, box: str = "0 0 200 200", drawing: bytes = b"") -> bytes:
    """Return a PDF of that many pages, which all show the same."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"", b"<</Length %d>>stream\n%s\nendstream" % (len(drawing), drawing)]
    objects += [f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents 3 0 R>>".encode()] * count
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, b" ".join(b"%d 0 R" % (n + 4) for n in range(count)))
    return pdf_of(*objects)


def stretched(columns: int) -> bytes:
    """Return an ods that says its one cell is repeated so many times each way."""
    names = "urn:oasis:names:tc:opendocument:xmlns:"
    cell = f'<table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="{columns}"/>'
    row = f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>'
    xml = (
        f'<office:document-content xmlns:office="{names}office:1.0" xmlns:table="{names}table:1.0">'
        f'<office:body><office:spreadsheet><table:table table:name="S">{row}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("META-INF/manifest.xml", f'<m:manifest xmlns:m="{names}manifest:1.0"/>')
        package.writestr("content.xml", xml)
    return out.getvalue()


ATTACKS: dict[str, tuple[Callable[[], bytes], str]] = {
    "pages.pdf": (many_pages, "too_many_pages"),
    "wide.pdf": (lambda: many_pages(1, "0 0 1000000 1000000", b"0 0 m 900000 900000 l S"), "too_many_pixels"),
    "overlap.zip": (overlapping, "archive_limits"),
    "bomb.7z": (lambda: seven({"zeros": bytes(4_000_000)}), "archive_limits"),
    "bomb.tar.gz": (lambda: gzip.compress(tar({"zeros": bytes(9_000_000)})), "archive_limits"),
    "laughs.docx": (lambda: rezipped(word(), "word/document.xml", declared), "unreadable_file"),
    "laughs.xlsx": (lambda: rezipped(sheet(), "xl/worksheets/sheet1.xml", declared), "unreadable_file"),
    "laughs.odt": (lambda: rezipped(open_text(), "content.xml", declared), "unreadable_file"),
    "laughs.pptx": (lambda: rezipped(offer(), "ppt/slides/slide1.xml", declared), "unreadable_file"),
    "late.odt": (lambda: rezipped(open_text(), "content.xml", late), "unreadable_file"),
    "laughs.xml": (lambda: declared(b"<order>words</order>"), "unreadable_file"),
    "laughs2003.xls": (lambda: declared(office_files.workbook_xml("<Row><Cell>words</Cell></Row>")), "broken_spreadsheet"),
    "far2003.xls": (lambda: office_files.workbook_xml('<Row ss:Index="999999999"/>'), "too_large"),
    "wide2003.xls": (lambda: office_files.workbook_xml('<Row><Cell ss:MergeAcross="999999999"/></Row>'), "too_large"),
    "bomb.odp": (lambda: rezipped(open_text("presentation"), "content.xml", lambda xml: xml + b" " * 60_000_000), "archive_limits"),
    "deep.pptx": (lambda: office_files.slides("<p:grpSp>" * 100_000), "unreadable_file"),
    "bomb.docx": (lambda: rezipped(word(), "word/document.xml", lambda xml: xml + b" " * 60_000_000), "archive_limits"),
    "far.xlsb": (lambda: binary_sheet([1.0], [1.0], far=True), "over_limit"),
    "far.ods": (lambda: stretched(1_000), "broken_spreadsheet"),
    "parts.eml": (
        lambda: b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(1500)) + b"\nx",
        "mail_limits",
    ),
    "header.eml": (lambda: b"From: a@example.org\nX: " + b"y" * 1_500_000 + b"\nSubject: late\n\nx", "mail_limits"),
    "cut.msg": (lambda: note()[:-600], "unreadable_file"),
    "cut.dat": (lambda: tnef_file.tnef({}, [("A.TXT", "a.txt", b"x" * 5000)])[:3000], "broken_archive"),
    "cut.p7m": (lambda: signed(XML)[:600], "unreadable_file"),
}


async def test_every_attack_in_one_mail_is_told_and_the_good_file_is_read() -> None:
    letter = EmailMessage()
    letter["From"] = "anna@example.org"
    letter.set_content("see attached")
    for name, (made, _) in ATTACKS.items():
        letter.add_attachment(made(), maintype="application", subtype="octet-stream", filename=name)
    letter.add_attachment("item;price\nbolt;1,50\n", subtype="csv", filename="good.csv")
    sandbox = Sandbox(Extract(workers=1, memory_mb=700, cpu_seconds=30, max_pages=20))
    try:
        extracted = await sandbox.read("all.eml", letter.as_bytes(), media_type="message/rfc822")
    finally:
        await sandbox.close()
    reading = extracted.reading
    assert reading.message is not None
    assert reading.message.text.strip() == "see attached"
    errors = [problem for problem in reading.problems if problem.severity == "error"]
    told = {name: {problem.code for problem in errors if problem.detail.startswith(name)} for name in ATTACKS}
    assert told == {name: {code} for name, (_, code) in ATTACKS.items()}
    assert [document.name for document in reading.documents if document.tables] == ["good.csv"]


def special(kind: bytes, name: str = "x") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "/etc/passwd"
    return info


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_left_out(kind: bytes) -> None:
    found = tarball.read("a.tar", tar({"good.txt": b"good"}, special(kind)), "application/x-tar", Limits())
    assert [member.name for member in found.members] == ["a.tar/good.txt"]
    assert codes(found) == ["unsafe_name"]


@pytest.mark.parametrize("name", ["../../evil", "/etc/evil", "a/../../evil", "C:\\evil"])
def test_a_path_out_of_the_archive_is_cut_to_its_last_step(name: str) -> None:
    tape = tarball.read("a.tar", tar({name: b"x"}), "application/x-tar", Limits())
    packed = seven_zip.read("a.tar", seven({"a" * len(name): b"x"}), "", Limits())
    assert [member.name for member in tape.members] == ["a.tar/evil"]
    assert codes(tape) == ["unsafe_name"]
    assert packed.problems == ()


def test_a_sparse_tar_unpacks_to_no_more_than_allowed() -> None:
    # GNU 1.0 sparse format: a map that says one byte lies at the end of ten gigabytes of nothing.
    info = tarfile.TarInfo("./GNUSparseFile.0/sparse")
    body = b"1\n9999999999\n1\n".ljust(512, b"\0") + b"x"
    info.size = len(body)
    info.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.realsize": "10000000000",
        "GNU.sparse.name": "s",
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(body))
    assert codes(tarball.read("a.tar", out.getvalue(), "application/x-tar", Limits())) == ["archive_limits"]


@pytest.mark.parametrize(("read", "made"), [(tarball.read, tar), (seven_zip.read, seven)])
def test_too_many_members_are_refused(read: Reader, made: Callable[[dict[str, bytes]], bytes]) -> None:
    found = read("a", made({str(n): b"x" for n in range(11)}), "application/x-tar", Limits(archive_members=10))
    assert codes(found) == ["archive_limits"]
    assert found.members == ()


def test_a_stated_size_is_not_believed() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.txt", bytes(3_000_000))
    lie = out.getvalue().replace(struct.pack("<I", 3_000_000), struct.pack("<I", 10))
    found = archive.read("a.zip", lie, "", Limits(archive_bytes=1_000_000))
    assert codes(found) == ["broken_archive"]
    assert found.members == ()


def _sized(form: str, side: int) -> bytes:
    """Return a picture whose header says that it has so many pixels each way; the pixels are not there."""
    out = io.BytesIO()
    Image.new("L" if form == "JPEG" else "RGB", (8, 8)).save(out, form, **({"lossless": True} if form == "WEBP" else {}))
    content = bytearray(out.getvalue())
    if form == "PNG":
        content[16:24] = struct.pack(">II", side, side)
        content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    elif form == "JPEG":
        at = content.find(b"\xff\xc0") + 5
        content[at : at + 4] = struct.pack(">HH", side, side)
    elif form == "GIF":
        content[6:10] = struct.pack("<HH", side, side)
    elif form == "BMP":
        content[18:26] = struct.pack("<ii", side, side)
    elif form == "WEBP":
        content[21:25] = struct.pack("<I", (side - 1) | (side - 1) << 14)
    else:
        for tag in (256, 257):
            at = content.find(struct.pack("<HHI", tag, 4, 1))
            at = at if at >= 0 else content.find(struct.pack("<HHI", tag, 3, 1))
            content[at : at + 12] = struct.pack("<HHII", tag, 4, 1, side)
    return bytes(content)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"])
def test_a_pixel_bomb_is_not_decoded(form: str) -> None:
    found = picture.read("a", _sized(form, 16_000), "", Limits())
    assert codes(found) == ["too_many_pixels"]
    assert found.documents[0].pages == ()


def test_links_out_of_a_word_file_are_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    target = 'Target="http://127.0.0.1:9/x.xml" TargetMode="External"/>'
    kinds = ("header", "footer", "attachedTemplate", "image", "subDocument")
    base = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    links = "".join(f'<Relationship Id="x{at}" Type="{base}{kind}" {target}' for at, kind in enumerate(kinds)).encode()
    content = rezipped(
        word(), "word/_rels/document.xml.rels", lambda xml: xml.replace(b"</Relationships>", links + b"</Relationships>")
    )
    content = rezipped(content, "word/document.xml", lambda xml: xml.replace(b"<w:body>", b'<w:body><w:altChunk r:id="x0"/>'))
    monkeypatch.setattr(socket, "socket", None)
    found = word_file.read("a.docx", content, "", Limits())
    assert (words(found), codes(found)) == ("words", [])


def test_entities_and_deep_trees_in_office_files_are_refused() -> None:
    outside = b'<!DOCTYPE w [<!ENTITY j SYSTEM "file:///etc/passwd">]>'
    document = rezipped(word(), "word/document.xml", lambda xml: declared(xml).replace(LAUGHS.encode(), outside))
    hidden = rezipped(word(), "word/document.xml", lambda xml: declared(xml).decode().replace("UTF-8", "UTF-16").encode("utf-16"))
    deep = rezipped(word(), "word/document.xml", lambda xml: xml.replace(b"<w:body>", b"<w:body>" + b"<w:p>" * 100_000))
    for content in (document, hidden, deep):
        found = word_file.read("a.docx", content, "", Limits())
        assert (words(found), codes(found)) == ("", ["unreadable_file"])
    for part in ("docProps/core.xml", "xl/workbook.xml"):
        found = spreadsheet.read("a.xlsx", rezipped(sheet(), part, declared), "", Limits())
        assert (words(found), codes(found)) == ("", ["unreadable_file"])


def damaged(content: bytes, tries: int) -> list[bytes]:
    """Return cut and bit-flipped copies."""
    dice = random.Random(7)
    copies = []
    for _ in range(tries):
        copy = bytearray(content)
        for _ in range(dice.choice((1, 1, 4))):
            copy[dice.randrange(len(copy))] ^= 1 << dice.randrange(8)
        copies += [bytes(copy), content[: dice.randrange(len(content))]]
    return copies


def test_a_damaged_msg_is_read_or_refused() -> None:
    inner = compound_file.outlook_message({mapi.SUBJECT: "x", mapi.BODY: "y"}, [{0x0C15: 1, 0x39FE: "a@example.org"}])
    whole = compound_file.compound(inner)
    refused = 0
    for content in damaged(whole, 120):
        try:
            made = outlook.as_mail(content)
        except BadInput:
            refused += 1
        else:
            assert b"MIME-Version: 1.0" in made
    assert 0 < refused < 240


def test_a_damaged_winmail_dat_keeps_what_stands_before_the_damage() -> None:
    whole = tnef_file.tnef({mapi.BODY: "from Outlook"}, [("A.TXT", "a.txt", b"x" * 500), ("B.TXT", "b.txt", b"y" * 500)])
    at = whole.find(b"y" * 500) + 100
    found = tnef.read("w", whole[:at], "", Limits())
    assert [(member.name, len(member.content)) for member in found.members] == [("w/a.txt", 500), ("w/B.TXT", 100)]
    assert (words(found), codes(found)) == ("from Outlook", ["broken_archive"])
    for content in damaged(whole, 150):
        try:
            found = tnef.read("w", content, "", Limits())
        except BadInput:
            continue
        assert set(codes(found)) <= {"broken_archive"}


def test_damaged_archives_and_signatures_are_problems() -> None:
    seven_zipped, taped, wrapped = seven({"a.txt": b"x" * 300}), gzip.compress(tar({"a.txt": b"x" * 300})), signed(XML)
    for content in damaged(seven_zipped, 60):
        assert set(codes(seven_zip.read("a", content, "", Limits()))) <= {"broken_archive", "archive_limits", "encrypted_archive"}
    for content in damaged(taped, 60):
        found = tarball.read("a", content, "application/gzip", Limits())
        assert set(codes(found)) <= {"broken_archive", "archive_limits", "unsafe_name"}
    for content in damaged(wrapped, 60):
        try:
            found = signed_file.read("a.p7m", content, "", Limits())
        except BadInput:
            continue
        assert set(codes(found)) <= {"signed", "signature_broken", "signature_unverified", "encrypted_message"}
