"""Signed mails and files, made with keys of the test's own: what was signed is read, and what is known of the signature is said."""

from __future__ import annotations

import base64
import datetime
from email.message import EmailMessage
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs7

from mailbot.errors import BadInput
from mailbot.extract import mail, signed_file
from mailbot.extract.media_type import MAIL, detect
from mailbot.extract.reader import Found, Limits

Encoding, Options = serialization.Encoding, pkcs7.PKCS7Options
ENVELOPE = b"From: Anna <anna@example.org>\nTo: desk@example.org\nSubject: Order 12\n"
XML = b"<Invoice>12</Invoice>"


@cache
def signer(kind: str = "rsa", until: int = 2090) -> tuple[x509.Certificate, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey]:
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Anna Berg")])
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 7, datetime.datetime(2020, 1, 1), datetime.datetime(until, 1, 1)
    )
    address = x509.SubjectAlternativeName([x509.RFC822Name("anna@example.org")])
    return builder.add_extension(address, critical=False).sign(key, hashes.SHA256()), key


def signed(
    content: bytes,
    encoding: serialization.Encoding = Encoding.DER,
    *options: pkcs7.PKCS7Options,
    kind: str = "rsa",
    until: int = 2090,
    digest: hashes.SHA256 | hashes.SHA384 | None = None,
    pss: bool = False,
) -> bytes:
    certificate, key = signer(kind, until)
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if pss else None
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(certificate, key, digest or hashes.SHA256(), rsa_padding=scheme)
    return builder.sign(encoding, list(options))


def letter(text: str = "two pallets, please\n") -> bytes:
    message = EmailMessage()
    message.set_content(text)
    message.add_attachment(b"a;b\n1;2\n", maintype="text", subtype="csv", filename="list.csv")
    return message.as_bytes()


def codes(found: Found | mail.Mail) -> list[str]:
    return [problem.code for problem in found.problems]


def read(content: bytes, name: str = "invoice.xml.p7m") -> Found:
    return signed_file.read(name, content, "", Limits())


@pytest.mark.parametrize(
    ("kind", "pss", "options"),
    [("rsa", False, ()), ("rsa", True, ()), ("ec", False, ()), ("rsa", False, (Options.NoAttributes,))],
)
def test_a_signed_file_is_unwrapped_and_verified(kind: str, pss: bool, options: tuple[pkcs7.PKCS7Options, ...]) -> None:
    content = signed(XML, Encoding.DER, Options.Binary, *options, kind=kind, pss=pss)
    assert detect("invoice.xml.p7m", content, "application/octet-stream") == "application/pkcs7-mime"
    found = read(content)
    assert [(one.name, one.content) for one in found.members] == [("invoice.xml.p7m/invoice.xml", XML)]
    assert codes(found) == ["signed"]
    assert "Anna Berg <anna@example.org>" in found.problems[0].detail
    assert "vouches for itself" in found.problems[0].detail


@pytest.mark.parametrize("wrap", [lambda der: signed(XML, Encoding.PEM, Options.Binary), base64.b64encode, base64.encodebytes])
def test_base64_and_pem_are_the_same(wrap: object) -> None:
    assert callable(wrap)
    content = wrap(signed(XML, Encoding.DER, Options.Binary))
    assert detect("invoice.xml.p7m", content) == "application/pkcs7-mime"
    found = read(content)
    assert ([one.content for one in found.members], codes(found)) == ([XML], ["signed"])


def test_what_was_changed_after_it_was_signed_is_told_and_read_all_the_same() -> None:
    found = read(signed(XML, Encoding.DER, Options.Binary).replace(XML, XML.replace(b"12", b"13")))
    assert [one.content for one in found.members] == [b"<Invoice>13</Invoice>"]
    assert codes(found) == ["signature_broken"]
    assert found.problems[0].severity == "warning"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (signed(XML, Encoding.DER, Options.Binary, Options.NoCerts), "did not come along"),
        (signed(XML, Encoding.DER, Options.Binary, until=2021), "when the certificate was not valid"),
        (signed(XML, Encoding.DER, Options.DetachedSignature), "kept apart from what it signs"),
    ],
)
def test_what_could_not_be_verified_is_said(content: bytes, words: str) -> None:
    found = read(content, "x.p7s")
    assert codes(found) == ["signature_unverified"]
    assert words in found.problems[0].detail
    assert found.problems[0].severity == "info"


@pytest.mark.parametrize("options", [(Options.DetachedSignature,), ()])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_signed_mail_is_read_and_verified(options: tuple[pkcs7.PKCS7Options, ...], line_end: bytes) -> None:
    sent = ENVELOPE + signed(letter(), Encoding.SMIME, *options)
    parsed = mail.read(sent.replace(b"\r\n", b"\n").replace(b"\n", line_end))
    assert parsed.message.subject == "Order 12"
    assert parsed.message.text.strip() == "two pallets, please"
    assert parsed.message.attachments[0].filename == "list.csv"
    assert codes(parsed) == ["signed"]


def test_a_changed_mail_is_told() -> None:
    sent = ENVELOPE + signed(letter(), Encoding.SMIME, Options.DetachedSignature)
    parsed = mail.read(sent.replace(b"two pallets", b"six pallets"))
    assert parsed.message.text.strip() == "six pallets, please"
    assert codes(parsed) == ["signature_broken"]


def test_a_signature_of_another_kind_is_not_called_verified() -> None:
    head = b'Content-Type: multipart/signed; boundary=b; protocol="application/pgp-signature"\n\n'
    parts = b"--b\n\nhello\n--b\nContent-Type: application/pgp-signature\n\n-----BEGIN PGP SIGNATURE-----\n--b--\n"
    parsed = mail.read(ENVELOPE + head + parts)
    assert (parsed.message.text, codes(parsed)) == ("hello", ["signature_unverified"])
    damaged = parts.replace(b"pgp-signature", b"pkcs7-signature")
    assert codes(mail.read(ENVELOPE + head + damaged)) == ["signature_unverified"]


def test_an_encrypted_mail_is_a_clear_problem() -> None:
    certificate, _ = signer()
    sent = pkcs7.PKCS7EnvelopeBuilder().set_data(letter()).add_recipient(certificate).encrypt(Encoding.SMIME, [])
    parsed = mail.read(ENVELOPE + sent)
    (leaf,) = parsed.leaves
    found = read(leaf.content, leaf.attachment.filename)
    assert codes(found) == ["encrypted_message"]
    assert "without encryption" in found.problems[0].remedy


def test_a_signed_mail_in_a_file_is_a_mail() -> None:
    (member,) = read(signed(letter()), "smime.p7m").members
    assert (member.name, member.media_type) == ("smime.p7m/smime.eml", MAIL)


@pytest.mark.parametrize(
    "content", [b"", b"\x30", b"\x30\x80", b"words", b"-----BEGIN CMS-----\nAAAA\n-----END CMS-----", b"0" * 5000]
)
def test_what_is_no_signed_message_is_bad_input(content: bytes) -> None:
    with pytest.raises(BadInput):
        read(content)
