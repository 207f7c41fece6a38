"""Encrypted files are opened by the passwords that the configuration has for their senders, and by nobody else's."""

from __future__ import annotations

import base64
import hashlib
import io
import logging
import struct
import zipfile
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from mailbot import checkup, config
from mailbot.core.supplier_hints import SupplierHints
from mailbot.errors import BadInput
from mailbot.extract import archive, frames, locked_office
from mailbot.extract.reader import Limits
from mailbot.extract.sandbox import Sandbox
from mailbot.ports import Extracted
from tests.servers import compound_file, office_files, papers
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
        f_pptx=locked_office_file(office_files.slides(office_files.shape("Rates for " + "ships " * 2000)), "wharf-9"),
        plain_csv=RATES,
    )
    extracted = await sandbox.read("in.eml", letter)
    assert problems(extracted) == []
    documents = {document.name: document for document in extracted.reading.documents}
    packed = [f"{name}/rates.csv" for name in ("b.zip", "c.zip", "d.7z", "e.7z")]
    assert list(documents) == ["a.pdf", *packed, "f.pptx", "plain.csv"]
    assert documents["a.pdf"].pages[0].text.split("\n") == list(LINES)
    assert all(extracted.contents[one.sha256] == RATES for name, one in documents.items() if name.endswith(".csv"))
    assert documents["f.pptx"].pages[0].text == ("Rates for " + "ships " * 2000).strip()
    told = [header for header in asked if "wharf-9" in header]
    assert len(told) == 6  # the files that are encrypted, once more, and not the plain one
    assert all("plain.csv" not in header for header in told)
    assert "wharf-9" not in caplog.text + repr(sandbox._settings)


async def test_what_no_password_opens_is_told_and_lost_for_nobody(sandbox: Sandbox) -> None:
    files = {"a_pdf": papers.text_pdf(LINES, password="another"), "b_zip": AES_128_STORED}
    files["c_pptx"] = locked_office_file(office_files.slides(office_files.shape("Rates")), "another")
    known = await sandbox.read("in.eml", mail("other@harbour.example", **files))
    assert problems(known) == [
        ("encrypted_pdf", "a.pdf asks for a password, and none of the 2 known for its sender opens it"),
        ("encrypted_file", "c.pptx asks for a password, and none of the 2 known for its sender opens it"),
    ]
    assert [document.name for document in known.reading.documents] == ["a.pdf", "b.zip/rates.csv", "c.pptx"]
    stranger = await sandbox.read("in.eml", mail("billing@evil.example", **files))
    assert [code for code, _ in problems(stranger)] == ["encrypted_pdf", "encrypted_archive", "encrypted_file"]
    assert all("extract.passwords" in problem.remedy for problem in stranger.reading.problems)


async def test_a_mail_inside_lends_its_sender_s_passwords_to_its_own_files_alone(sandbox: Sandbox) -> None:
    locked = papers.text_pdf(LINES, password="wharf-9")
    outer = EmailMessage()
    outer["From"] = "somebody@else.example"
    outer.set_content("see attached")
    outer.add_attachment(message_from_bytes(mail("billing@harbour.example", b_pdf=locked), policy=default), filename="in.eml")
    outer.add_attachment(locked, maintype="application", subtype="pdf", filename="a.pdf")
    extracted = await sandbox.read("out.eml", outer.as_bytes())
    assert [detail.partition(" ")[0] for _, detail in problems(extracted)] == ["a.pdf"]


async def test_a_password_that_cannot_be_had_names_its_option(sandbox: Sandbox) -> None:
    extracted = await sandbox.read("in.eml", mail("a@broken.example", b_zip=AES_128_STORED))
    (problem,) = extracted.reading.problems
    assert problem.code == "encrypted_archive"
    assert "password_env" in problem.remedy


@pytest.mark.parametrize("name", ["HARBOUR_PASSWORD", "NOT_SET_ANYWHERE"])
async def test_check_says_whose_files_can_be_opened(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARBOUR_PASSWORD", "wharf-9")
    tree = {"state_dir": tmp_path, "extract": {"passwords": {"harbour.example": [{"password_env": name}]}}}
    results = {one.what: one for one in await checkup.check_all(config.Config.model_validate(tree))}
    assert results["passwords"].ok is (name == "HARBOUR_PASSWORD")
    assert ("harbour.example" in results["passwords"].detail) or ("password_env" in results["passwords"].detail)
    assert "wharf-9" not in repr(results)


async def test_an_encrypted_page_is_drawn_for_the_one_who_reviews_it(sandbox: Sandbox) -> None:
    content = papers.text_pdf(LINES, password="wharf-9")
    page = await sandbox.render("a.pdf", content, 1, width=300, sender="billing@harbour.example")
    assert page.width == 300
    with pytest.raises(BadInput, match="password"):
        await sandbox.render("a.pdf", content, 1, width=300, sender="a@evil.example")


async def test_an_encrypted_page_teaches_by_its_sender_s_password(sandbox: Sandbox) -> None:
    content = papers.text_pdf(LINES, password="wharf-9")
    stranger, values = SupplierHints(supplier="Harbour Freight", words=("Harbour Freight Services Ltd",)), {"total": "480.00"}
    taught = await sandbox.learn("a.pdf", content, "application/pdf", stranger, values, sender="billing@harbour.example")
    assert taught.fields == ("total",)
    with pytest.raises(BadInput, match="password"):
        await sandbox.learn("a.pdf", content, "application/pdf", stranger, values, sender="billing@evil.example")
    with pytest.raises(BadInput, match="nothing can be learnt"):
        await sandbox.learn("a.pdf", content, "application/pdf", stranger, values, sender="a@broken.example")


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


def test_an_office_file_that_asks_for_too_many_rounds_or_is_damaged_is_a_problem() -> None:
    content = locked_office_file(b"PK" * 3000, "wharf-9")
    greedy = locked_office_file(b"PK" * 3000, "wharf-9", stated_spins=9_999_999)
    for hostile in (
        greedy,
        content.replace(b'keyBits="256"', b'keyBits="777"'),
        content.replace(b"keyData", b"keyDada"),
        content[:1500],
        b"",
    ):
        found = locked_office.read("a.xlsx", hostile, "", Limits(passwords=("wharf-9",)))
        assert [problem.code for problem in found.problems] == ["unreadable_file"]


def locked_office_file(content: bytes, password: str, *, spins: int = 1000, stated_spins: int = 1000) -> bytes:
    """Return an office file in agile encryption ([MS-OFFCRYPTO] 2.3.4.10)."""
    salt, key = bytes(range(16)), bytes(range(100, 132))

    def encrypted(plain: bytes, by: bytes, start: bytes) -> bytes:
        encryptor = Cipher(algorithms.AES(by), modes.CBC(start)).encryptor()
        return encryptor.update(plain + bytes(-len(plain) % 16))

    made = hashlib.sha512(salt + password.encode("utf-16-le")).digest()
    for turn in range(spins):
        made = hashlib.sha512(struct.pack("<I", turn) + made).digest()

    def field(plain: bytes, purpose: str) -> str:
        by = hashlib.sha512(made + bytes.fromhex(purpose)).digest()[:32]
        return base64.b64encode(encrypted(plain, by, salt)).decode()

    salted = base64.b64encode(salt).decode()
    said = f'cipherAlgorithm="AES" cipherChaining="ChainingModeCBC" hashAlgorithm="SHA512" keyBits="256" saltValue="{salted}"'
    about = (
        f'<encryption xmlns="e"><keyData {said}/><keyEncryptors><keyEncryptor><encryptedKey spinCount="{stated_spins}" {said} '
        f'encryptedVerifierHashInput="{field(b"sixteen bytes :)", "fea7d2763b4b9e79")}" '
        f'encryptedVerifierHashValue="{field(hashlib.sha512(b"sixteen bytes :)").digest(), "d7aa0f6d3061344e")}" '
        f'encryptedKeyValue="{field(key, "146e0be7abacd0d6")}"/></keyEncryptor></keyEncryptors></encryption>'
    ).encode()
    body = struct.pack("<Q", len(content)) + b"".join(
        encrypted(content[at : at + 4096], key, hashlib.sha512(salt + struct.pack("<I", number)).digest()[:16])
        for number, at in enumerate(range(0, len(content), 4096))
    )
    return compound_file.compound({"EncryptionInfo": struct.pack("<HHI", 4, 4, 64) + about, "EncryptedPackage": body})


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
