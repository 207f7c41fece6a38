"""Unpacks 7z archives (7zFormat.txt of 7-Zip) by py7zr, under the rules of `unpack`; nothing is written to the disk."""

from __future__ import annotations

import io
from typing import Any

from mailbot.extract.reader import Found, Limits
from mailbot.extract.unpack import OverLimit, Unpacking, unpack


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Unpack a 7z: its members in order, each named `name/member`. Problems: see `unpack`."""
    from py7zr import SevenZipFile
    from py7zr.exceptions import DecompressionBombError, PasswordRequired

    def take_out(unpacking: Unpacking) -> None:
        try:
            with SevenZipFile(io.BytesIO(content)) as archive:
                _take(unpacking, archive, len(content), limits)
        except PasswordRequired:
            _unlock(unpacking)
        except DecompressionBombError as error:
            raise OverLimit(str(error)) from None

    def _unlock(unpacking: Unpacking) -> None:
        """Unpack by the first password that fits: a wrong one makes rubbish, on which py7zr fails in many ways."""
        for password in limits.passwords:
            inside = Unpacking(name, limits)
            try:
                with SevenZipFile(io.BytesIO(content), password=password) as archive:
                    _take(inside, archive, len(content), limits)
            except (OverLimit, DecompressionBombError, MemoryError):
                raise
            except Exception:  # noqa: S112  as said
                continue
            unpacking.members, unpacking.problems = inside.members, inside.problems
            return
        unpacking.locked(f"{name}/its members")

    return unpack(name, limits, take_out)


def _take(unpacking: Unpacking, archive: Any, packed: int, limits: Limits) -> None:
    """Unpack the wanted members. They go by their ids: py7zr would stop at a name with `..`, meaning to write to the disk."""
    from py7zr.io import BytesIOFactory, MemIO

    factory = BytesIOFactory(limits.archive_bytes)
    names: dict[int, str] = {}
    for file in archive.files:
        if file.is_directory:
            continue
        special = "a link" if file.is_symlink or file.is_junction else "a device" if file.is_socket else ""
        if full := unpacking.wanted(file.filename, special=special):
            names[file.id] = full
            archive.worker.register_filelike(file.id, MemIO(str(file.id), factory))
    archive.worker.max_extract_size = limits.archive_bytes
    archive.worker.extract(archive.fp, None, parallel=False)
    for number, full in names.items():
        content = factory.products.get(str(number))
        unpacking.add(full, (content.read(),) if content else (), packed)
