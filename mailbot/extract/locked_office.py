"""Opens office files that ask for a password ([MS-OFFCRYPTO] 2.3.4.10, agile encryption: Office since 2010, LibreOffice)."""

from __future__ import annotations

import hashlib
import hmac
import io
import struct
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mailbot.core.document import Document, Problem
from mailbot.extract.media_type import detect
from mailbot.extract.office_package import kind_of, parse
from mailbot.extract.reader import Found, Limits, reader_for

MOST_SPINS = 1_000_000
"""Rounds of hashing that a file may ask for before its password is known; Office writes 100,000."""

_HASHES = {"SHA1": "sha1", "SHA256": "sha256", "SHA384": "sha384", "SHA512": "sha512"}
_SEGMENT = 4096
_INPUT, _VALUE, _KEY = bytes.fromhex("fea7d2763b4b9e79"), bytes.fromhex("d7aa0f6d3061344e"), bytes.fromhex("146e0be7abacd0d6")
"""What is hashed with the password for each of the three things that it encrypts (2.3.4.13)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cipher:
    """One cipher of the file's description, and its salt."""

    hash: str
    key_bytes: int
    salt: bytes
    spins: int = 0

    @classmethod
    def of(cls, element: Any) -> _Cipher:
        if element.get("cipherAlgorithm") != "AES" or element.get("cipherChaining") != "ChainingModeCBC":
            raise ValueError("a cipher that is not known")
        return cls(
            hash=_HASHES[element.get("hashAlgorithm", "")],
            key_bytes={128: 16, 192: 24, 256: 32}[int(element.get("keyBits", 0))],
            salt=b64decode(element.get("saltValue", "")),
            spins=int(element.get("spinCount", 0)),
        )

    def digest(self, *parts: bytes) -> bytes:
        return hashlib.new(self.hash, b"".join(parts)).digest()


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Read an office file by the first password that opens it. Problems: encrypted_file, unreadable_file, and its reader's."""
    try:
        plain = _unlocked(content, limits.passwords)
    except (
        OSError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, SyntaxError, StopIteration, struct.error,
    ) as error:  # fmt: skip
        detail = f"{name}: it is encrypted, and not as it should be: {' '.join(str(error).split())[:200]}"
        broken = Problem(code="unreadable_file", detail=detail, remedy="ask the sender for it without a password")
        return Found(documents=(Document(name=name, media_type=media_type),), problems=(broken,))
    if plain is None:
        known = f", and none of the {len(limits.passwords)} known for its sender opens it" if limits.passwords else ""
        remedy = "ask the sender for it without one, or set extract.passwords for this sender"
        locked = Problem(code="encrypted_file", detail=f"{name} asks for a password{known}", remedy=remedy)
        return Found(documents=(Document(name=name, media_type=media_type),), problems=(locked,))
    kind = detect(name, plain)
    reader = reader_for(kind)
    if reader is None:
        unknown = Problem(code="unknown_type", detail=f"{name}: {kind}", remedy="open the original")
        return Found(documents=(Document(name=name, media_type=kind),), problems=(unknown,))
    return reader(name, plain, kind, limits)


def _unlocked(content: bytes, passwords: tuple[str, ...]) -> bytes | None:
    """Return the package inside, None where no password fits. Raises what olefile, lxml and wrong descriptions raise."""
    import olefile

    with olefile.OleFileIO(io.BytesIO(content)) as compound:
        about = compound.openstream("EncryptionInfo").read()
        body = compound.openstream("EncryptedPackage").read()
    if struct.unpack_from("<HH", about) != (4, 4):
        return None  # the encryption of Office 2007, which nothing writes any more
    root = parse(about[8:])
    data = _Cipher.of(next(one for one in root.iter() if kind_of(one) == "keyData"))
    locks = [one for one in root.iter() if kind_of(one) == "encryptedKey"][:3]
    for lock in locks:
        cipher = _Cipher.of(lock)
        if cipher.spins > MOST_SPINS:
            raise ValueError(f"it asks for {cipher.spins:,} rounds of hashing")
        for password in passwords:
            if key := _key(lock, cipher, password):
                return b"".join(_plain(body, data, key))
    return None


def _key(lock: Any, cipher: _Cipher, password: str) -> bytes | None:
    """Return the key of the package, None when the password is another (2.3.4.13)."""
    made = cipher.digest(cipher.salt, password.encode("utf-16-le"))
    for turn in range(cipher.spins):
        made = cipher.digest(struct.pack("<I", turn), made)

    def opened(attribute: str, purpose: bytes) -> bytes:
        key = cipher.digest(made, purpose)[: cipher.key_bytes].ljust(cipher.key_bytes, b"\x36")
        return _decrypt(b64decode(lock.get(attribute, "")), key, cipher.salt[:16])

    stated = opened("encryptedVerifierHashValue", _VALUE)
    checked = cipher.digest(opened("encryptedVerifierHashInput", _INPUT)[: len(cipher.salt)])
    if not hmac.compare_digest(checked, stated[: len(checked)]):
        return None
    return opened("encryptedKeyValue", _KEY)[: cipher.key_bytes]


def _plain(body: bytes, data: _Cipher, key: bytes) -> Iterator[bytes]:
    """Yield the package in pieces, each of which is encrypted for itself (2.3.4.15)."""
    (size,) = struct.unpack_from("<Q", body)
    for number, at in enumerate(range(8, len(body), _SEGMENT)):
        piece = body[at : at + _SEGMENT]
        start = data.digest(data.salt, struct.pack("<I", number))[:16]
        plain = _decrypt(piece[: len(piece) // 16 * 16], key, start)
        yield plain[: max(0, size - number * _SEGMENT)]


def _decrypt(encrypted: bytes, key: bytes, start: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    decryptor = Cipher(algorithms.AES(key), modes.CBC(start)).decryptor()
    return decryptor.update(encrypted) + decryptor.finalize()
