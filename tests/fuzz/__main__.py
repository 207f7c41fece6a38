"""Looks for inputs that break a reader, guided by coverage: `python -m tests.fuzz mail -max_total_time=60`, or csv, text …

Not part of the tests: atheris is no dependency. What follows the reader's name are libFuzzer's options. Whatever a reader throws is
a crash; an input that takes it longer than `-timeout` seconds is a hang. Both are written into the current directory.
What is mutated are the seeds below and what a corpus folder holds.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["mailbot"]):
    from mailbot.errors import BadInput
    from mailbot.extract import (
        calendar_file,
        csv_file,
        html,
        mail,
        mapi,
        media_type,
        rich_text,
        sheet_xml,
        signed_file,
        tnef,
        vcard,
    )
    from mailbot.extract.pdf_rescue import rescued
    from mailbot.extract.reader import Limits

LIMITS = Limits()

SEEDS: dict[str, tuple[bytes, ...]] = {
    "mail": (
        b'From: =?utf-8?q?J=C3=B6rg?= <a@example.org>\nTo: b@example.org, "C, D" <c@example.org>\n'
        b'Date: Mon, 4 May 2026 10:00:00 +0200\nContent-Type: multipart/mixed; boundary="b"\n\n'
        b"--b\nContent-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n<p>h=E9</p>\n"
        b"--b\nContent-Disposition: attachment; filename*0*=utf-8''a%20\nContent-Transfer-Encoding: base64\n\nYWJj\n--b--\n",
        b"Subject: Re: x\n\nyes\n\nOn Mon, A wrote:\n> no\n-- \nA\nbegin 644 a.txt\n#86)C\n`\nend\n",
        b'Content-Type: multipart/signed; boundary=b; protocol="application/pkcs7-signature"\n\n--b\n\nx\n--b\n'
        b"Content-Type: application/pkcs7-signature\nContent-Transfer-Encoding: base64\n\nMAsGCSqGSIb3DQEHAg==\n--b--\n",
    ),
    "csv": (
        b'a;b;c\n1;2,5;x\n3;4,5;"y;""z"""\n',
        b"sep=,\nTitle\n\nName,Qty\nA,1\nB,2\nTotal,3\n",
        "\ufeffN\u00famero\tSumme\r\n1\t1.234,50 \u20ac\r\n".encode("utf-16"),
    ),
    "text": (
        b"{\\rtf1\\ansi{\\fonttbl{\\f0\\fcharset128 A;}}\\f0\\'82\\'a0\\u8364?{\\*\\x y}\\par}",
        b"BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nDTSTART;TZID=X:20260503T100000\nDURATION:PT1H\nEND:VEVENT\nEND:VCALENDAR\n",
        b"BEGIN:VCARD\nN;ENCODING=QUOTED-PRINTABLE:=C3;B\nADR:;;a;b;;c;d\nEND:VCARD\n",
    ),
    "pages": (
        b"<html><body><table><tr><th colspan=2>a<th>b<tr><td>1<td>2<td>3</table><script>x</script><p>words",
        b'<Workbook xmlns:s="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet s:Name="S"><Table><Row s:Index="3">'
        b'<Cell s:Index="2" s:MergeAcross="1"><Data s:Type="DateTime">2026-05-03T00:00:00.000</Data></Cell></Row></Table>'
        b"</Worksheet></Workbook>",
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages>>endobj\n3 0 obj<</Type/Page>>endobj\n",
    ),
    "binary": (bytes.fromhex("789f3e220100") + bytes(30), bytes.fromhex("300b06092a864886f70d010702"), b"PK\x03\x04" + bytes(30)),
}


def read_mail(content: bytes) -> None:
    parsed = mail.read(content)
    str(parsed.message).encode("utf-8")


def read_csv(content: bytes) -> None:
    for document in csv_file.read("a.csv", content, "text/csv", LIMITS).documents:
        assert all(len(row) == len(table.columns) for table in document.tables for row in table.rows)


def read_text(content: bytes) -> None:
    for reader in (rich_text, calendar_file, vcard):
        for document in reader.read("a", content, "", LIMITS).documents:
            "".join(page.text for page in document.pages).encode("utf-8")


def read_binary(content: bytes) -> None:
    media_type.detect("a", content)
    mapi.unpacked_rtf(content)
    for reader in (tnef, signed_file):
        try:
            reader.read("a", content, "", LIMITS)
        except BadInput:
            continue


def read_pages(content: bytes) -> None:
    for reader in (html, sheet_xml):
        for document in reader.read("a", content, "", LIMITS).documents:
            assert all(len(row) == len(table.columns) for table in document.tables for row in table.rows)
    rescued(content)


READERS: dict[str, Callable[[bytes], None]] = {
    "mail": read_mail, "csv": read_csv, "text": read_text, "binary": read_binary, "pages": read_pages,
}  # fmt: skip


def main() -> None:
    """Fuzz one reader until a crash, or until libFuzzer's own limits are reached."""
    name = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    if name not in READERS:
        sys.exit(f"usage: python -m tests.fuzz {'|'.join(READERS)} [libFuzzer options] [corpus folder]")
    with tempfile.TemporaryDirectory() as seeds:
        for number, seed in enumerate(SEEDS[name]):
            READERS[name](seed)
            Path(seeds, str(number)).write_bytes(seed)
        # libFuzzer writes what it finds into the first folder it is given, and only reads the others.
        atheris.Setup([*sys.argv, seeds], READERS[name])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
