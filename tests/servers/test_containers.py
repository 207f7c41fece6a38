"""Archives other than zip, Outlook's files and signed ones: what is in them comes out and is read in its turn."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import subprocess
import sys
import tarfile
from email.message import EmailMessage
from pathlib import Path

import py7zr
import pytest

from mailbot.extract import mail, mapi, outlook, seven_zip, tarball, tnef
from mailbot.extract.media_type import OUTLOOK, detect
from mailbot.extract.reader import Found, Limits
from tests.servers import compound_file, tnef_file

FILES = {"invoice.csv": b"item;price\nbolt;1,50\n", "deep/größe.txt": b"x" * 70_000, "empty.txt": b""}


def tar(files: dict[str, bytes], *extra: tarfile.TarInfo) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in extra:
            archive.addfile(info)
    return out.getvalue()


def seven(files: dict[str, bytes], password: str | None = None, *, encrypted_header: bool = False) -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", password=password, header_encryption=encrypted_header) as archive:
        for name, content in files.items():
            archive.writestr(content, name)
    return out.getvalue()


def taken(found: Found) -> dict[str, bytes]:
    return {member.name: member.content for member in found.members}


def codes(found: Found) -> list[str]:
    return [problem.code for problem in found.problems]


@pytest.mark.parametrize("packed", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_a_tar_is_unpacked_however_it_is_packed(packed: type) -> None:
    content = packed(tar(FILES))
    kind = detect("files.bin", content)
    assert kind in ("application/x-tar", "application/gzip", "application/x-bzip2", "application/x-xz")
    found = tarball.read("a.tgz", content, kind, Limits())
    assert taken(found) == {f"a.tgz/{name}": body for name, body in FILES.items()}
    assert found.problems == ()


@pytest.mark.parametrize(("name", "inner"), [("x/r.csv.gz", "r.csv"), ("r.tgz", "r.tar"), ("gz", "gz")])
def test_a_packed_file_is_one_member(name: str, inner: str) -> None:
    found = tarball.read(name, gzip.compress(b"a;b\n"), "application/gzip", Limits())
    assert taken(found) == {f"{name}/{inner}": b"a;b\n"}


def test_a_tar_cut_short_gives_what_stood_before() -> None:
    content = tar({"a.txt": b"whole", "b.txt": b"y" * 5000})
    found = tarball.read("a.tar", content[:2000], "application/x-tar", Limits())
    assert taken(found) == {"a.tar/a.txt": b"whole"}
    assert codes(found) == ["broken_archive"]


def test_a_7z_is_unpacked() -> None:
    content = seven(FILES)
    assert detect("x", content) == "application/x-7z-compressed"
    found = seven_zip.read("a.7z", content, "", Limits())
    assert taken(found) == {f"a.7z/{name}": body for name, body in FILES.items()}
    assert found.problems == ()


@pytest.mark.parametrize("encrypted_header", [False, True])
def test_a_7z_with_a_password_says_so(encrypted_header: bool) -> None:
    found = seven_zip.read("a.7z", seven({"a": b"secret"}, "pass", encrypted_header=encrypted_header), "", Limits())
    assert codes(found) == ["encrypted_archive"]
    assert found.members == ()


def note(**more: compound_file.Folder) -> bytes:
    """Return a .msg with two recipients, HTML, a CSV and a message in it."""
    inner = compound_file.outlook_message({mapi.SUBJECT: "Before", mapi.BODY: "inner words"}, header=24)
    properties: dict[int, str | bytes | int] = {
        mapi.SUBJECT: "Größe\r\nBcc: evil@example.org", mapi.BODY: "please order", mapi.HTML: "<p>größer</p>".encode("cp1252"),
        mapi.CODEPAGE: 1252, 0x5D02: "anna@example.org", 0x0042: 'Anna "A" Berg', 0x0039: 133_500_000_000_000_000,
        0x1035: "<1@example.org>",
    }  # fmt: skip
    recipients: list[dict[int, str | bytes | int]] = [
        {0x0C15: 1, 0x39FE: "desk@example.org", 0x3001: "Desk"},
        {0x0C15: 2, 0x3003: "/O=EXCHANGE/CN=BOB", 0x3001: "Bob"},
    ]
    csv: dict[int, str | bytes | int | compound_file.Folder] = {
        mapi.ATTACHED_METHOD: 1, mapi.LONG_NAME: "größe.csv", mapi.ATTACHED_FILE: b"a;b\n1;2\n" * 900,
    }  # fmt: skip
    message: dict[int, str | bytes | int | compound_file.Folder] = {
        mapi.ATTACHED_METHOD: 5, mapi.DISPLAY_NAME: "Before", mapi.ATTACHED_FILE: inner,
    }  # fmt: skip
    return compound_file.compound(compound_file.outlook_message(properties, recipients, [csv, message]) | more)


def test_a_msg_is_the_mail_it_stands_for() -> None:
    content = note()
    assert detect("a.bin", content) == OUTLOOK
    parsed = mail.read(outlook.as_mail(content))
    message = parsed.message
    assert message.subject == "Größe Bcc: evil@example.org"
    assert [(one.name, one.address) for one in message.from_] == [("Anna A Berg", "anna@example.org")]
    assert [one.address for one in message.to] == ["desk@example.org"]
    assert message.cc == ()  # Bob has no mail address, only one of Exchange's
    assert message.date == "2024-01-17T21:20:00+00:00"
    assert message.message_id == "<1@example.org>"
    assert message.text == "please order"
    assert "größer" in message.html
    assert [(one.filename, one.media_type, one.size) for one in message.attachments] == [
        ("größe.csv", "text/csv", 7200),
        ("Before.eml", "message/rfc822", len(parsed.leaves[1].content)),
    ]
    inner = mail.read(parsed.leaves[1].content).message
    assert (inner.subject, inner.text) == ("Before", "inner words")


def test_a_msg_keeps_the_header_it_came_with() -> None:
    header = "Received: from a\r\n by b\r\nFrom: Carl <carl@example.org>\r\nSubject: as sent\r\nContent-Type: text/x;\r\n a=b\r\n"
    properties: dict[int, str | bytes | int] = {
        mapi.TRANSPORT_HEADERS: header + "Auto-Submitted: auto-replied\r\n", mapi.SUBJECT: "as kept", mapi.BODY: "words",
    }  # fmt: skip
    message = mail.read(outlook.as_mail(compound_file.compound(compound_file.outlook_message(properties)))).message
    assert [one.address for one in message.from_] == ["carl@example.org"]
    assert (message.subject, message.text, message.auto_submitted) == ("as sent", "words", True)


def test_winmail_dat_gives_the_text_and_the_files() -> None:
    files = [("GREN~1.TXT", "grüße.txt", b"hello"), ("LIST.CSV", "list.csv", b"a;b\0\n")]
    content = tnef_file.tnef({mapi.SUBJECT: "x", mapi.HTML: b"<p>From Outlook</p>"}, files)
    assert detect("winmail.dat", content, "application/ms-tnef") == "application/vnd.ms-tnef"
    found = tnef.read("winmail.dat", content, "application/vnd.ms-tnef", Limits())
    assert taken(found) == {"winmail.dat/grüße.txt": b"hello", "winmail.dat/list.csv": b"a;b\0\n"}
    assert found.documents[0].pages[0].text == "From Outlook"
    assert found.problems == ()


def test_a_message_inside_winmail_dat_is_a_mail() -> None:
    inner = bytes.fromhex("0703020000000000c000000000000046") + tnef_file.tnef({mapi.SUBJECT: "Before", mapi.BODY: "inner words"})
    begin = tnef_file.attribute(2, 0x00069002, bytes(14))
    stream = tnef_file.tnef({}) + begin + tnef_file.attribute(2, 0x00069005, tnef_file.properties({mapi.ATTACHED_FILE: inner}))
    (member,) = tnef.read("winmail.dat", stream, "", Limits()).members
    assert member.media_type == "message/rfc822"
    assert mail.read(member.content).message.text == "inner words"


PACKED = bytes.fromhex("2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320a f32068656c090020627705b06c647d0a800fa0")


def test_compressed_rich_text_is_unpacked() -> None:
    # The example of [MS-OXRTFCP] 3.1.1.
    assert mapi.unpacked_rtf(PACKED) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert mapi.Note(properties={mapi.RTF: PACKED}).body == "hello world"
    for cut in range(len(PACKED)):
        assert b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n".startswith(mapi.unpacked_rtf(PACKED[:cut]))


def test_everything_is_read_in_its_turn_by_the_command(tmp_path: Path) -> None:
    letter = EmailMessage()
    letter["From"], letter["Subject"] = "anna@example.org", "all of it"
    letter.set_content("see attached")
    attached = {
        "a.7z": seven({"in/b.tar.gz": gzip.compress(tar({"c.csv": FILES["invoice.csv"]}))}),
        "note.msg": note(),
        "winmail.dat": tnef_file.tnef({mapi.BODY: "from Outlook"}, [("D.CSV", "d.csv", FILES["invoice.csv"])]),
    }
    for name, content in attached.items():
        letter.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    (tmp_path / "all.eml").write_bytes(letter.as_bytes())
    (tmp_path / "note.msg").write_bytes(note())
    run = subprocess.run(
        [sys.executable, "-m", "mailbot", "extract", "--json", str(tmp_path / "all.eml"), str(tmp_path / "note.msg")],
        capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    whole, alone = json.loads(run.stdout)
    documents = {one["name"]: one for one in whole["documents"]}
    assert whole["problems"] == []
    assert set(documents) == {
        "a.7z/in/b.tar.gz/c.csv", "note.msg", "note.msg/größe.csv", "note.msg/Before.eml", "winmail.dat", "winmail.dat/d.csv",
    }  # fmt: skip
    assert documents["a.7z/in/b.tar.gz/c.csv"]["tables"][0]["rows"] == [["bolt", "1,50"]]
    assert "please order" in documents["note.msg"]["pages"][0]["text"]
    assert documents["winmail.dat"]["pages"][0]["text"] == "from Outlook"
    assert alone["media_type"] == OUTLOOK
    assert alone["message"]["subject"].startswith("Größe")
    assert [one["name"] for one in alone["documents"]] == ["größe.csv", "Before.eml"]
