"""The releases that a desk has: named model directories in `state_dir/models`, and which of them is in use.

A release is a Hugging Face directory, with `mailbot.json` where mailbot trained it, and `release.json`, which says where it came
from and what each file's SHA-256 was when it was added. It comes in whole or not at all: it is gathered in a folder beside the
others, made durable, and only then renamed to its name.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mailbot.errors import ConfigError, DiskFull, NotFound, UsageError
from mailbot.generate.release import MODEL_FILES, SHIPPED, shipped_directory

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_CURRENT = "current.json"
_ABOUT = "release.json"
_GATHERED = ".adding-"

Progress = Callable[[str, int, int], None]
"""(file, bytes done, bytes in all) of an addition on its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One model of the registry. `files` are the SHA-256 of each file as it was added, {} for the one that is shipped."""

    name: str
    directory: Path
    source: str
    added: str
    files: Mapping[str, str]
    bytes: int

    @property
    def digest(self) -> str:
        """What names the release's exact content: SHA-256 over the names and digests of its files; "" for the shipped one."""
        listed = "".join(f"{digest}  {name}\n" for name, digest in sorted(self.files.items()))
        return hashlib.sha256(listed.encode()).hexdigest() if listed else ""

    def changed(self) -> list[str]:
        """Return the files that are not as they were added. Reads all of them."""
        found = []
        for name, digest in self.files.items():
            try:
                if _sha256(self.directory / name) != digest:
                    found.append(name)
            except OSError:
                found.append(name)
        return found


class Registry:
    """The releases of one desk. Additions by several processes take turns."""

    def __init__(self, directory: Path) -> None:
        """`directory` is made at the first addition."""
        self.directory = directory

    def releases(self) -> list[Release]:
        """Return every release by name, the shipped one (where there is one) first."""
        names = sorted(path.parent.name for path in self.directory.glob(f"*/{_ABOUT}") if _NAME.fullmatch(path.parent.name))
        shipped = [SHIPPED] if shipped_directory().is_dir() else []
        return [self.get(name) for name in shipped + names]

    def get(self, name: str) -> Release:
        """Return a release. Raises NotFound, ConfigError when its release.json cannot be read."""
        if name == SHIPPED and shipped_directory().is_dir():
            directory = shipped_directory()
            return Release(name=name, directory=directory, source="mailbot", added="", files={}, bytes=_size(directory))
        directory = self.directory / checked_name(name)
        try:
            about = json.loads((directory / _ABOUT).read_text(encoding="utf-8"))
            files = {str(one): str(digest) for one, digest in about["files"].items()}
            return Release(
                name=name,
                directory=directory,
                source=str(about["source"]),
                added=str(about["added"]),
                files=files,
                bytes=_size(directory),
            )
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound(f"no release {name!r}", remedy="`mailbot model list` shows those there are") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(
                f"{directory / _ABOUT}: cannot be read ({type(error).__name__})",
                remedy=f"remove {directory} and add the model again",
            ) from error

    def in_use(self) -> str:
        """Return the name of the release in use: the last one published, else the shipped one, else "". Raises ConfigError."""
        published = self._published()
        return published[-1] if published else SHIPPED if shipped_directory().is_dir() else ""

    def locate(self, name: str) -> Path:
        """Return where a release lies: "" is the one in use, a name with a slash is a directory. Raises NotFound, ConfigError."""
        return Path(name).expanduser() if "/" in name else self.get(name or self.in_use()).directory

    def publish(self, name: str) -> None:
        """Make a release the one in use. Raises NotFound."""
        self.get(name)
        with self._alone():
            published = self._published()
            if published[-1:] != [name]:
                self._write_published([*published, name])

    def rollback(self) -> None:
        """Make the release before this one the one in use again. Raises UsageError when none was published."""
        with self._alone():
            published = self._published()
            if not published:
                raise UsageError("no release was published", remedy="`mailbot model publish NAME` puts one in use")
            self._write_published(published[:-1])

    def check_free(self, name: str) -> None:
        """Raise UsageError unless a release may be added under this name."""
        if checked_name(name) == SHIPPED or (self.directory / name).exists():
            raise UsageError(f"there is a release {name!r} already", remedy="choose another with --name")

    @contextmanager
    def gathering(self) -> Iterator[Path]:
        """Give an empty folder to gather a release in, on the registry's own disk; what is left of it afterwards is removed.

        Nobody else adds meanwhile, so what an interrupted addition left is removed first. Raises DiskFull, UsageError.
        """
        with self._alone():
            for left in self.directory.glob(f"{_GATHERED}*"):
                shutil.rmtree(left, ignore_errors=True)
            gathered = self.directory / f"{_GATHERED}{os.getpid()}"
            with _told(self.directory):
                gathered.mkdir()
            try:
                yield gathered
            finally:
                shutil.rmtree(gathered, ignore_errors=True)

    def settle(self, gathered: Path, name: str, *, source: str, added: str) -> Release:
        """Make a gathered folder the release `name`: durable, then whole at once. Call it inside `gathering`.

        `added` says when, as RFC 3339. Raises UsageError for a name in use, DiskFull.
        """
        self.check_free(name)
        with _told(self.directory):
            files = {path.name: _sha256(path) for path in sorted(gathered.iterdir()) if path.is_file()}
            about = json.dumps({"source": source, "added": added, "files": files}, indent=1, ensure_ascii=False)
            (gathered / _ABOUT).write_text(about + "\n", encoding="utf-8")
            for path in gathered.iterdir():
                _sync(path)
            _sync(gathered)
            os.rename(gathered, self.directory / name)
            _sync(self.directory)
        return self.get(name)

    def _published(self) -> list[str]:
        """Return the names that were published, oldest first. Raises ConfigError."""
        file = self.directory / _CURRENT
        try:
            published = json.loads(file.read_text(encoding="utf-8"))["published"]
            return [str(one) for one in published]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{file}: cannot be read ({type(error).__name__})", remedy="remove it and publish the release again"
            ) from error

    def _write_published(self, names: Sequence[str]) -> None:
        file = self.directory / _CURRENT
        new = file.with_suffix(".new")
        with _told(self.directory):
            new.write_text(json.dumps({"published": list(names)}, ensure_ascii=False) + "\n", encoding="utf-8")
            _sync(new)
            os.replace(new, file)
            _sync(self.directory)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the registry's lock, which the system frees when this process ends, however it ends."""
        with _told(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)
            lock = (self.directory / ".lock").open("a")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UsageError(
                    "another `mailbot model` command is changing the registry", remedy="try again when it is done"
                ) from None
            yield


def checked_name(name: str) -> str:
    """Return a release's name. Raises UsageError for one that is no plain file name."""
    if not _NAME.fullmatch(name) or name == _CURRENT:
        raise UsageError(
            f"{name!r} cannot name a release",
            remedy="choose with --name one of letters, digits, dots, dashes and underscores, beginning with a letter or digit",
        )
    return name


def gather(source: Path, into: Path, progress: Progress = lambda file, done, total: None) -> None:
    """Bring the files of a model's directory into a folder: weights linked where the disk is the same, all else copied.

    Only files that a model is read from come along, and the texts about it. Raises DiskFull, UsageError.
    """
    with _told(into):
        files = [path for path in sorted(source.iterdir()) if _is_wanted(path.name) and path.is_file()]
        total, done = sum(path.stat().st_size for path in files), 0
        for path in files:
            progress(path.name, done, total)
            _bring(path.resolve(), into / path.name)
            done += path.stat().st_size
        progress("", total, total)


def _is_wanted(name: str) -> bool:
    return any(Path(name).match(pattern) for pattern in MODEL_FILES)


def _bring(source: Path, target: Path) -> None:
    if source.suffix == ".safetensors":  # the small files are edited in place now and then, weights never
        try:
            os.link(source, target)
            return
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.EOPNOTSUPP):
                raise
    shutil.copyfile(source, target)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.iterdir() if path.is_file())


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _told(place: Path) -> Iterator[None]:
    """Turn a failure of the disk into an error that says what to do."""
    try:
        yield
    except DiskFull:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(f"{place}: no space left for the model", remedy="make room there; nothing half was kept") from error
        raise UsageError(
            f"{error.filename or place}: cannot be read or written: {error.strerror or error}",
            remedy="check the permissions there and of state_dir",
        ) from error
