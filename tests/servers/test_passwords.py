"""Encrypted files are opened by the passwords that the configuration has for their senders, and by nobody else's."""

from __future__ import annotations

import base64
import io
import logging
import zipfile
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailbot import config
from mailbot.errors import BadInput
from mailbot.extract import archive, frames
from mailbot.extract.reader import Limits
from mailbot.extract.sandbox import Sandbox
from mailbot.ports import Extracted
from tests.servers import papers
from tests.servers.test_containers import seven

LINES = ("Harbour Freight Services Ltd", "Invoice Number: HF-20871", "Grand total 480.00 EUR")
RATES = b"item;price\nbolt;1,50\n" * 3

AES_256_DEFLATED = base64.b85decode(
    "P)h>@6aWDLV*r5)eq8_n001@s002J#000R93jlIqbY*icV{>)^nFjy@06|3q2mn!T-p`S|a26I3TxQIeT!g16WGnr!G*{Y<<%a<>"
    "FS6j75fj(Xo@hR|2jBFL>VOB)QIT&uP)h*<6ay3h0RUqFfeL<I00000HUIzsKL7v#2>=TK0000000000fB^si0044fbY*icV{>)^"
    "nFjy@06|3q2mnw^1qJ{B000310RTb(003wJ00000"
)
AES_128_STORED = base64.b85decode(
    "P)h>@6aWDLV*r8*eq8_n002_}002J#000R93jlIqbY*icV{>)^nFjy@06|3o0077I&Cgh}FG~)UzRRxC`@y&`0pVnoIl%>9A~Wk5"
    "SgksnzM&tXCsfqgUgGQMO769h-Fle-Z&B)8i83A{H`<q>B}hskr<Q#?$+B5-c{46nB~VKN0u%!j0097F0D=mBT>t<808;<}06zc#"
    "00{sK00000000000Du7i0001TVRU74E@N|c0htE?0suip0RR9{O9ci1000010096(0001m0000000"
)
"""Zip archives of rates.csv with the password grün-7, made by pyzipper 0.4.0."""


def mail(sender: str, **files: bytes) -> bytes:
    letter = EmailMessage()
    letter["From"] = sender
    letter.set_content("see attached")
    for name, content in files.items():
        letter.add_attachment(content, maintype="application", subtype="octet-stream", filename=name.replace("_", "."))
    return letter.as_bytes()


@pytest.fixture
async def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Sandbox]:
    monkeypatch.setenv("HARBOUR_PASSWORD", "wharf-9")
    (tmp_path / "secret").write_text("grün-7\n")
    passwords = {
        "billing@Harbour.example": ({"password_env": "HARBOUR_PASSWORD"},),
        "harbour.example": ({"password": "old-one"}, {"password_file": tmp_path / "secret"}),
        "broken.example": ({"password_env": "NOT_SET_ANYWHERE"},),
    }
    sandbox = Sandbox(config.Extract.model_validate({"workers": 1, "passwords": passwords}))
    yield sandbox
    await sandbox.close()


def problems(extracted: Extracted) -> list[tuple[str, str]]:
    return [(problem.code, problem.detail) for problem in extracted.reading.problems]


async def test_the_sender_s_passwords_open_what_is_encrypted(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[str] = []
    packed = frames.pack
    monkeypatch.setattr(frames, "pack", lambda header, bodies=(): asked.append(repr(header)) or packed(header, bodies))
    caplog.set_level(logging.DEBUG)
    letter = mail(
        "Billing <billing@harbour.example>",
        a_pdf=papers.text_pdf(LINES, password="wharf-9"),
        b_zip=AES_256_DEFLATED,
        c_zip=AES_128_STORED,
        d_7z=seven({"rates.csv": RATES}, "grün-7", encrypted_header=True),
        e_7z=seven({"rates.csv": RATES}, "old-one"),
        plain_csv=RATES,
    )
    extracted = await sandbox.read("in.eml", letter)
    assert problems(extracted) == []
    documents = {document.name: document for document in extracted.reading.documents}
    assert set(documents) == {"a.pdf", "b.zip/rates.csv", "c.zip/rates.csv", "d.7z/rates.csv", "e.7z/rates.csv", "plain.csv"}
    assert documents["a.pdf"].pages[0].text.split("\n") == list(LINES)
    assert all(extracted.contents[one.sha256] == RATES for name, one in documents.items() if name != "a.pdf")
    told = [header for header in asked if "wharf-9" in header]
    assert len(told) == 5  # the files that are encrypted, once more, and not the plain one
    assert all("plain.csv" not in header for header in told)
    assert "wharf-9" not in caplog.text + repr(sandbox._settings)


async def test_what_no_password_opens_is_told_and_lost_for_nobody(sandbox: Sandbox) -> None:
    files = {"a_pdf": papers.text_pdf(LINES, password="another"), "b_zip": AES_128_STORED}
    known = await sandbox.read("in.eml", mail("other@harbour.example", **files))
    assert problems(known) == [("encrypted_pdf", "a.pdf asks for a password, and none of the 2 known for its sender opens it")]
    assert [document.name for document in known.reading.documents] == ["a.pdf", "b.zip/rates.csv"]
    stranger = await sandbox.read("in.eml", mail("billing@evil.example", **files))
    assert [code for code, _ in problems(stranger)] == ["encrypted_pdf", "encrypted_archive"]
    assert all("extract.passwords" in problem.remedy for problem in stranger.reading.problems)


async def test_a_password_that_cannot_be_had_names_its_option(sandbox: Sandbox) -> None:
    extracted = await sandbox.read("in.eml", mail("a@broken.example", b_zip=AES_128_STORED))
    (problem,) = extracted.reading.problems
    assert problem.code == "encrypted_archive"
    assert "password_env" in problem.remedy


async def test_an_encrypted_page_is_drawn_for_the_one_who_reviews_it(sandbox: Sandbox) -> None:
    content = papers.text_pdf(LINES, password="wharf-9")
    page = await sandbox.render("a.pdf", content, 1, width=300, sender="billing@harbour.example")
    assert page.width == 300
    with pytest.raises(BadInput, match="password"):
        await sandbox.render("a.pdf", content, 1, width=300, sender="a@evil.example")


def test_the_older_encryption_of_zip_is_opened_too() -> None:
    content = _encrypted_by_hand(RATES, b"wharf-9")
    found = archive.read("a.zip", content, "", Limits(passwords=("old-one", "wharf-9")))
    assert [(member.name, member.content) for member in found.members] == [("a.zip/rates.csv", RATES)]
    assert [problem.code for problem in archive.read("a.zip", content, "", Limits(passwords=("old-one",))).problems] == [
        "encrypted_archive"
    ]


@pytest.mark.parametrize("content", [AES_256_DEFLATED, AES_128_STORED])
def test_what_was_changed_after_it_was_encrypted_is_not_taken(content: bytes) -> None:
    changed = bytearray(content)
    changed[content.find(b"PK\x01\x02") - 15] ^= 1
    found = archive.read("a.zip", bytes(changed), "", Limits(passwords=("grün-7",)))
    assert (found.members, [problem.code for problem in found.problems]) == ((), ["encrypted_archive"])


def _encrypted_by_hand(content: bytes, password: bytes) -> bytes:
    """Return a zip of rates.csv under the traditional PKWARE encryption (APPNOTE 6.1)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("rates.csv", content)
    plain = out.getvalue()
    info = zipfile.ZipFile(io.BytesIO(plain)).getinfo("rates.csv")
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte: int) -> None:
        keys[0] = _crc(keys[0], byte)
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = _crc(keys[2], keys[1] >> 24)

    def encrypted(byte: int) -> int:
        mixed = (keys[2] | 2) & 0xFFFF
        update(byte)
        return byte ^ (mixed * (mixed ^ 1) >> 8 & 0xFF)

    for byte in password:
        update(byte)
    body = bytes(encrypted(byte) for byte in bytes(11) + bytes([info.CRC >> 24]) + content)
    made = bytearray(plain.replace(content, body, 1))
    for signature, flags, size in ((b"PK\x03\x04", 6, 18), (b"PK\x01\x02", 8, 20)):
        at = made.find(signature)
        made[at + flags] |= 1
        made[at + size : at + size + 4] = len(body).to_bytes(4, "little")
    end = made.rfind(b"PK\x05\x06")
    made[end + 16 : end + 20] = made.find(b"PK\x01\x02").to_bytes(4, "little")
    return bytes(made)


def _crc(value: int, byte: int) -> int:
    value ^= byte
    for _ in range(8):
        value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
    return value
