"""The files of a drop folder: seeing them, taking them by atomic rename, reading them, and moving them where they end.

    drop/…                    what people put there, in folders of their own or not
    drop/.taking/TOKEN/…      taken, under the same path; what lies here after a crash is stored with the same token
    drop/done/…, drop/failed/…

Everything here blocks: call it off the loop. A rename never overwrites.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import signal
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mailbot.errors import BadInput

TAKING = ".taking"
ENDS = ("done", "failed")
LONGEST_NAME = 255
"""Bytes of a file name on the usual file systems."""

_UNFINISHED = re.compile(r"\..*|~\$.*|.*\.(part|partial|crdownload|filepart)|thumbs\.db|desktop\.ini", re.IGNORECASE | re.DOTALL)
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class StillWritten(Exception):
    """Somebody has the file open for writing: it is not whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What tells that a file has not changed: as long as two sightings are equal, nobody wrote to it."""

    size: int
    modified_ns: int
    inode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A file in `.taking`: its token and its path below the drop folder, as the file system spells it."""

    token: str
    path: Path

    @property
    def place(self) -> str:
        """The path as text fit for the ledger and for people."""
        return shown(self.path)


def shown(path: Path) -> str:
    """Return a path as text: bytes that are not UTF-8 become U+FFFD, line breaks and other controls "_"."""
    return _CONTROLS.sub("_", os.fsencode(path).decode("utf-8", "replace"))


def out_of_space(error: BaseException) -> bool:
    """Return whether an error says that the disk or the quota is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class DropTree:
    """The files below one drop folder."""

    root: Path

    def prepare(self) -> None:
        """Make the folders that mailbot needs; the drop folder itself is made only beside what exists. Raises OSError."""
        self.root.mkdir(exist_ok=True)
        for name in (TAKING, *ENDS):
            (self.root / name).mkdir(exist_ok=True)

    def look(self) -> tuple[dict[Path, Sighting], list[str]]:
        """Return what lies there to be taken, by its path below the folder, oldest first, and the folders that cannot be read.

        Raises OSError when the drop folder itself cannot be read.
        """
        closed: list[str] = []
        found: list[tuple[Path, Sighting]] = []
        for path in self._walk(self.root, closed, top=True):
            with contextlib.suppress(FileNotFoundError):
                now = path.lstat()
                sighting = Sighting(size=now.st_size, modified_ns=now.st_mtime_ns, inode=now.st_ino)
                found.append((path.relative_to(self.root), sighting))
        return dict(sorted(found, key=lambda pair: (pair[1].modified_ns, pair[0]))), closed

    def take(self, path: Path, token: str) -> bool:
        """Rename a file into `.taking`; False when somebody is writing to it or it is gone. Raises OSError."""
        source, target = self.root / path, self.root / TAKING / token / path
        try:
            if stat.S_ISREG(source.lstat().st_mode) and _open_for_writing(source):
                return False
            target.parent.mkdir(parents=True)
            source.rename(target)
        except FileNotFoundError:
            self._tidy(target.parent)
            return False
        return True

    def taken(self) -> list[Taken]:
        """Return what lies in `.taking`, oldest first. Raises OSError."""
        found: list[tuple[int, Taken]] = []
        for slot in (self.root / TAKING).iterdir():
            if not slot.is_dir() or slot.is_symlink():
                continue
            files = [(file.lstat().st_mtime_ns, Taken(token=slot.name, path=file.relative_to(slot))) for file in self._walk(slot)]
            found += files
            if not files:
                # Stopped between making the folder and renaming into it.
                for folder, _, _ in os.walk(slot, topdown=False):
                    os.rmdir(folder)
        return [one for _, one in sorted(found, key=lambda pair: (pair[0], pair[1].path))]

    def read(self, one: Taken, limit: int) -> bytes:
        """Return a taken file's bytes.

        Raises BadInput for what is no file, too large or not readable, StillWritten, OSError for what may pass.
        """
        file = self._slot(one)
        if not stat.S_ISREG(file.lstat().st_mode):
            raise BadInput("this is not a file but a link or a device", remedy="drop the file itself")
        try:
            number = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        except PermissionError as error:
            raise BadInput("mailbot may not read this file", remedy="give its user the right to read and drop it again") from error
        with open(number, "rb") as handle:
            if (size := os.fstat(number).st_size) > limit:
                raise BadInput(
                    f"the file has {size:,} bytes, more than max_file_bytes allows ({limit:,})", remedy="raise it or split the file"
                )
            content = handle.read(limit + 1)
            if len(content) != os.fstat(number).st_size or _lease_refused(number):
                raise StillWritten
        return content

    def secure(self, taken: Sequence[Taken]) -> None:
        """Make the taking durable: after a power cut no file may lie where it came from once the ledger has it.

        Moves to where a file ends need none of this: what is found in `.taking` again is moved again.
        """
        folders = {self.root / TAKING}
        for one in taken:
            folders |= {self.root / TAKING / one.token, self._slot(one).parent, (self.root / one.path).parent}
        for folder in folders:
            with contextlib.suppress(OSError):
                number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    os.fsync(number)
                finally:
                    os.close(number)

    def put_back(self, one: Taken) -> None:
        """Rename a taken file to where it came from, or beside it. Raises OSError."""
        self._move(self._slot(one), self.root / one.path.parent, one)

    def finish(self, one: Taken, end: Literal["done", "failed"], reason: str = "") -> Path:
        """Move a taken file to `done/` or `failed/`; a reason is written beside it where that is possible. Raises OSError."""
        return self._end(self._slot(one), one, end, reason)

    def fail_done(self, token: str, place: str, sha256: str, size: int, reason: str) -> Path | None:
        """Move a file that was stored before to `failed/`, whatever it is called by now; None when it is not there.

        It is looked for in `.taking` by its token, then in its folder of `done/` by its bytes. Raises OSError.
        """
        slot = self.root / TAKING / token
        for file in self._walk(slot) if slot.is_dir() else ():
            return self.finish(Taken(token=token, path=file.relative_to(slot)), "failed", reason)
        done, wanted = self.root / "done", Path(place)
        folders = {str(wanted.parent), str(token / wanted.parent)}
        near = [file for file in self._walk(done) if shown(file.relative_to(done).parent) in folders]
        near = [file for file in near if stat.S_ISREG((now := file.lstat()).st_mode) and now.st_size == size]
        for file in sorted(near, key=lambda file: (shown(Path(file.name)) != wanted.name, not file.name.startswith(wanted.stem))):
            with open(file, "rb") as handle:
                same = hashlib.file_digest(handle, "sha256").hexdigest() == sha256
            if same:
                return self._end(file, Taken(token=token, path=file.relative_to(done)), "failed", reason)
        return None

    def _end(self, source: Path, one: Taken, end: str, reason: str) -> Path:
        moved = self._move(source, self.root / end / one.path.parent, one)
        if reason:
            with contextlib.suppress(OSError):
                _, number = _free(moved.parent, moved.name, ".reason.txt")
                with open(number, "w", encoding="utf-8") as handle:
                    handle.write(f"{shown(one.path)}: {reason}\n")
        return moved

    def _move(self, source: Path, folder: Path, one: Taken) -> Path:
        """Rename into a folder under the first free name: an empty file holds the name until the rename replaces it."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            # A file has the name that one of our folders needs.
            folder = folder.parents[len(one.path.parent.parts) - 1] / one.token / one.path.parent
            folder.mkdir(parents=True, exist_ok=True)
        stem, suffix = os.path.splitext(one.path.name)
        target, number = _free(folder, stem, suffix) if len(suffix) < 20 else _free(folder, one.path.name, "")
        os.close(number)
        try:
            source.rename(target)
        except OSError:
            target.unlink()
            raise
        if source.is_relative_to(self.root / TAKING):
            self._tidy(source.parent)
        return target

    def _slot(self, one: Taken) -> Path:
        return self.root / TAKING / one.token / one.path

    def _tidy(self, folder: Path) -> None:
        """Remove empty folders from here up to `.taking`."""
        with contextlib.suppress(OSError):
            while folder != self.root / TAKING:
                folder.rmdir()
                folder = folder.parent

    def _walk(self, folder: Path, closed: list[str] | None = None, *, top: bool = False) -> Iterator[Path]:
        """Give everything below a folder that is no folder itself. Raises OSError.

        With `closed`, only what is meant to be taken; folders that may not be read are noted there.
        """
        with os.scandir(folder) as entries:
            for entry in entries:
                if closed is not None and (_UNFINISHED.fullmatch(entry.name) or (top and entry.name in ENDS)):
                    continue
                if not entry.is_dir(follow_symlinks=False):
                    yield folder / entry.name
                    continue
                try:
                    yield from self._walk(folder / entry.name, closed)
                except PermissionError:
                    if closed is None:
                        raise
                    closed.append(shown((folder / entry.name).relative_to(self.root)))


def _free(folder: Path, stem: str, suffix: str) -> tuple[Path, int]:
    """Make an empty file under the name or the first free "stem (2)suffix"; return it, open for writing. Raises OSError."""
    for number in range(1, 100_000):
        ending = f" ({number}){suffix}" if number > 1 else suffix
        while len(os.fsencode(stem + ending)) > LONGEST_NAME:
            stem = stem[:-1]
        target = folder / f"{stem}{ending}"
        with contextlib.suppress(FileExistsError):
            return target, os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    raise FileExistsError(errno.EEXIST, "no free name", os.fspath(folder / f"{stem}{suffix}"))


def _open_for_writing(file: Path) -> bool:
    try:
        number = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except PermissionError:
        return False
    try:
        return _lease_refused(number)
    finally:
        os.close(number)


def _lease_refused(number: int) -> bool:
    """Return whether a read lease is refused because somebody has the file open for writing (fcntl(2), F_SETLEASE).

    Where leases do not exist (network shares, other systems), False: then the file's standing still is all there is to go by.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        # A lease that is broken while we hold it sends a signal, by default one that would end the daemon.
        fcntl.fcntl(number, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(number, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(number, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    return False
