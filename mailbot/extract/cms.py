"""Opens signed messages and files (CMS, RFC 5652; S/MIME, RFC 8551): what was signed, by whom, and whether the signature fits it.

A signature that fits says that nothing was changed since the holder of the certificate's key signed. Who issued the certificate is
told and not checked: a desk's own list of trusted issuers is not mailbot's to guess.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mailbot.core.document import Problem
from mailbot.errors import BadInput
from mailbot.extract.mail_header import clean

MAX_SIGNERS = 10
MAX_CERTIFICATES = 50

_ARMOUR = re.compile(rb"-----(?:BEGIN|END) [A-Z0-9 ]{1,40}-----")
_WEAK = ("md2", "md5", "sha1")
_AGAIN = "ask the sender for it again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signer: who the certificate says it is, and whether the signature fits the content, or why that is not known."""

    signer: str
    state: Literal["fits", "broken", "unverified"]
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a CMS message holds. `content` is None where it stands elsewhere (a detached signature) or is `encrypted`."""

    content: bytes | None = None
    signatures: tuple[Signature, ...] = ()
    encrypted: bool = False


def open_signed(message: bytes, *, beside: Sequence[bytes] = ()) -> Opened:
    """Open a CMS message (DER, BER, PEM or bare base64). Raises BadInput when it is none.

    `beside` holds the forms in which the content of a detached signature may have been signed; one that fits is enough.
    """
    from asn1crypto import cms

    try:
        outer = cms.ContentInfo.load(_binary(message))
        kind = outer["content_type"].native
        if kind in ("enveloped_data", "authenticated_enveloped_data", "encrypted_data", "signed_and_enveloped_data"):
            return Opened(encrypted=True)
        if kind != "signed_data":
            raise BadInput(f"a CMS message of the kind {str(kind)[:60]}, which is not read", remedy="open the original")
        signed = outer["content"]
        content = signed["encap_content_info"]["content"].native
        inner_kind = signed["encap_content_info"]["content_type"].dotted
        certificates = _certificates(signed)
        signers = list(signed["signer_infos"])[:MAX_SIGNERS]
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError) as error:
        raise BadInput(f"no CMS message that can be read: {str(error)[:200]}", remedy=_AGAIN) from None
    if content is not None and not isinstance(content, bytes):
        raise BadInput("a CMS message whose content is no file", remedy="open the original")
    forms = (content,) if content is not None else tuple(beside)
    return Opened(content=content, signatures=tuple(_judged(one, certificates, forms, inner_kind) for one in signers))


def problems_of(name: str, opened: Opened) -> list[Problem]:
    """Return what a person should know of the signatures: signed, signature_unverified, signature_broken, encrypted_message."""
    if opened.encrypted:
        return [Problem(code="encrypted_message", detail=name, remedy="ask the sender for it without encryption")]
    codes = {"fits": "signed", "broken": "signature_broken", "unverified": "signature_unverified"}
    found = [
        Problem(
            code=codes[one.state],
            detail=f"{name}: signed in the name of {one.signer}: {one.detail}",
            remedy="ask the sender by another way whether this is theirs" if one.state == "broken" else "",
        )
        for one in opened.signatures
    ]
    return found or [Problem(code="signature_unverified", detail=f"{name}: nobody signed it")]


def _binary(message: bytes) -> bytes:
    """Return the message as DER or BER, its base64 undone."""
    if message[:1] == b"\x30":
        return message
    try:
        return base64.b64decode(_ARMOUR.sub(b"", message), validate=False)
    except (binascii.Error, ValueError):
        raise BadInput("neither DER nor base64", remedy=_AGAIN) from None


def _certificates(signed: Any) -> list[Any]:
    """Return the certificates that came along, as asn1crypto's."""
    chosen = list(signed["certificates"] or ())[:MAX_CERTIFICATES]
    return [one.chosen for one in chosen if one.name == "certificate"]


def _judged(signer: Any, certificates: list[Any], forms: Sequence[bytes], kind: str) -> Signature:
    """Judge one signer (RFC 5652 5.6)."""
    name = "somebody"
    try:
        certificate = _certificate_of(signer, certificates)
        if certificate is None:
            return Signature(signer=name, state="unverified", detail="the certificate did not come along")
        name = _name_of(certificate)
        if not forms:
            return Signature(signer=name, state="unverified", detail="kept apart from what it signs")
        return _verified(signer, certificate, name, forms, kind)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError) as error:
        return Signature(signer=name, state="unverified", detail=f"the signature cannot be read: {str(error)[:200]}")


def _certificate_of(signer: Any, certificates: list[Any]) -> Any:
    sid = signer["sid"]
    for one in certificates:
        if sid.name == "issuer_and_serial_number":
            wanted = sid.chosen["issuer"].dump(), sid.chosen["serial_number"].native
            if (one.issuer.dump(), one.serial_number) == wanted:
                return one
        elif one.key_identifier == sid.chosen.native:
            return one
    return None


def _name_of(certificate: Any) -> str:
    """Return who a certificate belongs to: the common name and the mail addresses (RFC 8550 3)."""
    subject = certificate.subject.native
    name = subject.get("common_name") or subject.get("organization_name") or "somebody without a name"
    alternative = certificate.subject_alt_name_value
    addresses = [one.native for one in alternative or () if one.name == "rfc822_name"] or [subject.get("email_address")]
    shown = " ".join(f"<{address}>" for address in addresses[:3] if address)
    return clean(f"{name} {shown}")[:300]


def _verified(signer: Any, certificate: Any, name: str, forms: Sequence[bytes], kind: str) -> Signature:
    """Check the digest of the content and the signature over it."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    digest = signer["digest_algorithm"]["algorithm"].native
    if digest in _WEAK:
        return Signature(signer=name, state="unverified", detail=f"by {digest.upper()}, which anybody can forge")
    broken = Signature(signer=name, state="broken", detail="the signature does not fit: it was changed after it was signed")
    signed_forms = [form for content in forms if (form := _signed_bytes(signer, content, digest, kind)) is not None]
    if not signed_forms:
        return broken
    try:
        key = load_der_public_key(certificate.public_key.dump())
        if not any(_fits(key, signer, form, digest) for form in signed_forms):
            return broken
    except InvalidSignature:
        return broken
    except UnsupportedAlgorithm as error:
        return Signature(signer=name, state="unverified", detail=f"a kind of key that is not known here: {str(error)[:100]}")
    if late := _outside_validity(signer, certificate):
        return Signature(signer=name, state="unverified", detail=late)
    issuer = clean(str(certificate.issuer.native.get("common_name") or certificate.issuer.human_friendly))[:200]
    own = certificate.issuer == certificate.subject
    by = "the certificate vouches for itself" if own else f"certificate of {issuer}, whose trust was not checked"
    return Signature(signer=name, state="fits", detail=f"unchanged since then; {by}")


def _signed_bytes(signer: Any, content: bytes, digest: str, kind: str) -> bytes | None:
    """Return the bytes that the signature is over, None when the digest of the content is another (RFC 5652 5.4)."""
    import hashlib

    attributes = signer["signed_attrs"]
    if not attributes:
        return content
    values = {one["type"].native: one["values"] for one in attributes}
    stated = values["message_digest"][0].native
    if stated != hashlib.new(digest, content).digest() or values["content_type"][0].dotted != kind:
        return None
    encoded: bytes = attributes.dump()
    return b"\x31" + encoded[1:]  # signed as a SET OF, sent under an implicit tag


def _fits(key: Any, signer: Any, signed: bytes, digest: str) -> bool:
    """Return whether the signature is that of this key over `signed`. Raises UnsupportedAlgorithm."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

    method = signer["signature_algorithm"]
    signature = signer["signature"].native
    known = {"sha224": hashes.SHA224(), "sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
    hashed = known.get(digest)
    if hashed is None and not isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        raise UnsupportedAlgorithm(digest)
    try:
        if isinstance(key, rsa.RSAPublicKey) and hashed:
            if method.signature_algo == "rsassa_pss":
                salt = method["parameters"]["salt_length"].native
                key.verify(signature, signed, padding.PSS(padding.MGF1(hashed), salt), hashed)
            else:
                key.verify(signature, signed, padding.PKCS1v15(), hashed)
        elif isinstance(key, ec.EllipticCurvePublicKey) and hashed:
            key.verify(signature, signed, ec.ECDSA(hashed))
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(signature, signed)
        else:
            raise UnsupportedAlgorithm(type(key).__name__)
    except InvalidSignature:
        return False
    return True


def _outside_validity(signer: Any, certificate: Any) -> str:
    """Return what is wrong when the signer says to have signed before or after the certificate was valid, else ""."""
    times = [one["values"][0].native for one in signer["signed_attrs"] or () if one["type"].native == "signing_time"]
    if not times or certificate.not_valid_before <= times[0] <= certificate.not_valid_after:
        return ""
    return f"signed on {times[0]:%Y-%m-%d}, when the certificate was not valid"
