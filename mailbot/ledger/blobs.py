"""Blobs on disk, content-addressed: large ones as files of their own, small ones appended to a pack that this process holds alone.

Everything here blocks: it is called in a thread. What `put` returned is durable; a torn tail that a crash leaves in a pack is never
named by a row, so it is only lost space. One writer calls `put`; any thread may call `get`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mailbot.errors import LedgerDamaged

OWN_FILE_BYTES = 64 * 1024
"""A blob of at least this size is a file of its own."""

PACK_BYTES = 256 * 1024 * 1024
"""A pack that has reached this size is left alone."""

_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a blob lies: `pack` is the pack's file name and `start` the byte in it, or "" and 0 for a file of its own."""

    sha256: str
    size: int
    pack: str = ""
    start: int = 0


class BlobStore:
    """The `blobs/` and `packs/` folders of one state directory."""

    def __init__(self, state_dir: Path) -> None:
        self._blobs = state_dir / "blobs"
        self._packs = state_dir / "packs"
        self._pack: _Pack | None = None

    def put(self, contents: Mapping[str, bytes]) -> list[Place]:
        """Write blobs, by SHA-256, so that they survive a power cut; return where they lie. Raises OSError."""
        large = {sha256: content for sha256, content in contents.items() if len(content) >= OWN_FILE_BYTES}
        small = {sha256: content for sha256, content in contents.items() if len(content) < OWN_FILE_BYTES}
        places = [Place(sha256=sha256, size=len(content)) for sha256, content in large.items()]
        self._put_files(large)
        if small:
            pack = self._open_pack()
            start = pack.append(b"".join(small.values()))
            for sha256, content in small.items():
                places.append(Place(sha256=sha256, size=len(content), pack=pack.name, start=start))
                start += len(content)
        return places

    def get(self, place: Place) -> bytes:
        """Return a blob. Raises LedgerDamaged when it is missing or is not what was written."""
        try:
            content = b"".join(self._chunks(place))
        except OSError as error:
            raise LedgerDamaged(f"blob {place.sha256} cannot be read: {error}", remedy="restore it from a backup") from error
        if hashlib.sha256(content).hexdigest() != place.sha256:
            raise LedgerDamaged(f"blob {place.sha256} is not what was written", remedy="restore it from a backup")
        return content

    def wrong(self, place: Place) -> str:
        """Return what is wrong with a blob on disk, "" when it is whole; holds no more than a piece of it in memory."""
        hashed, size = hashlib.sha256(), 0
        try:
            for chunk in self._chunks(place):
                hashed.update(chunk)
                size += len(chunk)
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        if size != place.size:
            return f"has {size} bytes on disk, {place.size} were written"
        return "" if hashed.hexdigest() == place.sha256 else "is not what was written"

    def close(self) -> None:
        """Let go of the pack, for the next process to go on with it."""
        if self._pack:
            self._pack.close()
            self._pack = None

    def _path(self, sha256: str) -> Path:
        return self._blobs / sha256[:2] / sha256[2:]

    def _chunks(self, place: Place) -> Iterator[bytes]:
        """Yield what lies there, and one byte more when a file of its own has grown."""
        path = self._packs / Path(place.pack).name if place.pack else self._path(place.sha256)
        left = place.size if place.pack else place.size + 1
        with path.open("rb", buffering=0) as file:
            file.seek(place.start)
            while left > 0 and (chunk := file.read(min(left, _CHUNK))):
                yield chunk
                left -= len(chunk)

    def _put_files(self, contents: Mapping[str, bytes]) -> None:
        folders = set()
        for sha256, content in contents.items():
            path = self._path(sha256)
            if not path.parent.is_dir():
                _make_folder(path.parent)
            _write_whole(path, content)
            folders.add(path.parent)
        for folder in folders:
            _sync_folder(folder)

    def _open_pack(self) -> _Pack:
        if self._pack and self._pack.size >= PACK_BYTES:
            self.close()
        if not self._pack:
            _make_folder(self._packs)
            self._pack = _free_pack(self._packs) or _new_pack(self._packs)
        return self._pack


class _Pack:
    """A file that only grows, held under an exclusive lock for as long as it is open."""

    def __init__(self, name: str, fd: int) -> None:
        self.name = name
        self._fd = fd
        self.size = os.fstat(fd).st_size

    def append(self, content: bytes) -> int:
        """Write and sync; return where it begins. On failure the pack is cut back to where it was."""
        start = self.size
        try:
            _write_all(self._fd, content, start)
            os.fdatasync(self._fd)
        except OSError:
            os.ftruncate(self._fd, start)
            raise
        self.size = start + len(content)
        return start

    def close(self) -> None:
        os.close(self._fd)


def _free_pack(folder: Path) -> _Pack | None:
    for path in sorted(folder.glob("*.pack")):
        fd = os.open(path, os.O_RDWR)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            continue
        if os.fstat(fd).st_size < PACK_BYTES:
            return _Pack(path.name, fd)
        os.close(fd)
    return None


def _new_pack(folder: Path) -> _Pack:
    while True:
        name = f"{uuid.uuid4().hex}.pack"
        fd = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # another process looked for a free pack just now and has it
            os.close(fd)
            continue
        _sync_folder(folder)
        return _Pack(name, fd)


def _write_whole(path: Path, content: bytes) -> None:
    """Make `path` hold `content` or, after a crash, whatever it held before."""
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        _write_all(fd, content, 0)
        os.fsync(fd)
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)


def _write_all(fd: int, content: bytes, start: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(fd, view, start)
        view, start = view[written:], start + written


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it durably."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
