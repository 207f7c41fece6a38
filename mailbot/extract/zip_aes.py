"""Decrypts zip members that are encrypted with AES, as WinZip and 7-Zip do (WinZip's AES encryption 1.04: AE-1 and AE-2).

The standard library knows only the older, weak encryption of zip archives.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
import zlib
from collections.abc import Iterator

METHOD = 99
"""Compression method that stands in the directory of such a member."""

_EXTRA = 0x9901
_KEY_BYTES = {1: 16, 2: 24, 3: 32}
_CODE_BYTES = 10
_CHUNK = 1 << 16


class WrongPassword(Exception):
    """The password does not fit, or what was encrypted was changed since."""


def pieces(packed: bytes, extra: bytes, password: str) -> Iterator[bytes]:
    """Yield the content of a member in pieces. `packed` are its bytes as they lie in the archive, `extra` its extra field.

    Raises WrongPassword, NotImplementedError for a compression other than deflate, ValueError for what breaks the format.
    """
    strength, method = _parameters(extra)
    key_bytes = _KEY_BYTES[strength]
    salt_bytes = key_bytes // 2
    salt, check = packed[:salt_bytes], packed[salt_bytes : salt_bytes + 2]
    body, code = packed[salt_bytes + 2 : -_CODE_BYTES], packed[-_CODE_BYTES:]
    made = hashlib.pbkdf2_hmac("sha1", password.encode(), salt, 1000, 2 * key_bytes + 2)
    if made[-2:] != check or not hmac.compare_digest(hmac.digest(made[key_bytes:-2], body, "sha1")[:_CODE_BYTES], code):
        raise WrongPassword
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    for piece in _decrypted(made[:key_bytes], body):
        if method == 0:
            yield piece
            continue
        while piece:
            yield inflate.decompress(piece, _CHUNK)
            piece = inflate.unconsumed_tail
    if method != 0:
        yield inflate.flush()


def _parameters(extra: bytes) -> tuple[int, int]:
    """Return the strength of the key (1 to 3) and the compression method beneath the encryption."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == _EXTRA and size >= 7:
            strength, method = struct.unpack_from("<BH", extra, at + 8)
            if strength not in _KEY_BYTES or method not in (0, 8):
                raise NotImplementedError(f"encryption of strength {strength} over compression {method}")
            return strength, method
        at += 4 + size
    raise ValueError("an encrypted member that does not say how")


def _decrypted(key: bytes, body: bytes) -> Iterator[bytes]:
    """Yield the plain bytes: AES in counter mode, the counter little-endian from 1, which no library offers."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305  the counter mode is made of it here
    for at in range(0, len(body), _CHUNK):
        piece = body[at : at + _CHUNK]
        first, count = at // 16 + 1, -(-len(piece) // 16)
        counters = b"".join(number.to_bytes(16, "little") for number in range(first, first + count))
        stream = encryptor.update(counters)[: len(piece)]
        yield (int.from_bytes(piece) ^ int.from_bytes(stream)).to_bytes(len(piece))
