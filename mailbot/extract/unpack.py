"""Keeps the rules that every archive is unpacked under, whatever its format: members, bytes really read, ratio, names and links.

What an archive says of itself counts for nothing: a member is read in pieces and the first piece over a limit ends it all, since a
person has to look at such an archive anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mailbot.core.document import Problem
from mailbot.errors import BadInput
from mailbot.extract.mail_header import clean
from mailbot.extract.reader import Found, Limits, Member

CHUNK = 1 << 16
"""Bytes read at a time."""

RATIO_FROM = 1_000_000
"""Bytes below which the ratio does not matter: a page of blanks packs a thousandfold."""

_IGNORED = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
_REMEDY = "ask the sender for the files themselves"
_AGAIN = "ask the sender for it again"


class OverLimit(Exception):
    """The archive holds more than a limit allows; the message says which."""


class Unpacking:
    """One archive being unpacked: what was taken out of it so far, and how much more may be."""

    def __init__(self, name: str, limits: Limits) -> None:
        self.members: list[Member] = []
        self.problems: list[Problem] = []
        self._name = name
        self._limits = limits
        self._left = limits.archive_bytes
        self._seen = 0

    def wanted(self, inner: str, *, special: str = "") -> str:
        """Return the full name under which a member is taken, "" where it is left out.

        `special` says what it is when it is no plain file ("a link", "a device"). Raises OverLimit for one member too many.
        """
        self._seen += 1
        if self._seen > self._limits.archive_members:
            raise OverLimit(f"more than {self._limits.archive_members} members")
        inner = clean(inner)
        if inner.startswith(_IGNORED) or inner.rpartition("/")[2] in _IGNORED:
            return ""
        shown = _safe(inner)
        full = f"{self._name}/{shown}"
        if special:
            self._note("unsafe_name", f"{full} is {special} and was left out", _REMEDY)
            return ""
        if shown != inner:
            self._note("unsafe_name", f"{self._name}: {inner[:200]!r} is taken as {shown!r}")
        return full

    def add(self, full: str, pieces: Iterable[bytes], packed: int) -> None:
        """Take a member whose bytes come in pieces and lay in `packed` bytes. Raises OverLimit, and what `pieces` raises."""
        taken, size = [], 0
        for piece in pieces:
            size += len(piece)
            if size > self._left:
                raise OverLimit(f"more than {self._limits.archive_bytes} bytes unpacked")
            if size > RATIO_FROM and size > self._limits.archive_ratio * max(packed, 1):
                raise OverLimit(f"{full[-100:]} unpacks to more than {self._limits.archive_ratio} times its packed size")
            taken.append(piece)
        self._left -= size
        self.members.append(Member(name=full, media_type="", content=b"".join(taken)))

    def locked(self, full: str) -> None:
        """Note that a member, or all of them, is encrypted, and that no password that is known opens it."""
        tried = len(self._limits.passwords)
        known = f": none of the {tried} passwords known for its sender opens it" if tried else ""
        remedy = "ask the sender for it without a password, or set extract.passwords for this sender"
        self._note("encrypted_archive", full + known, remedy)

    def broken(self, full: str, error: Exception) -> None:
        """Note that a member, or what follows in the archive, cannot be read."""
        self._note("broken_archive", f"{full}: {' '.join(str(error).split())[:300] or type(error).__name__}", _AGAIN)

    def _note(self, code: str, detail: str, remedy: str = "") -> None:
        self.problems.append(Problem(code=code, detail=detail, remedy=remedy))


def unpack(name: str, limits: Limits, take_out: Callable[[Unpacking], None]) -> Found:
    """Return what `take_out` takes out of an archive.

    Problems: archive_limits, broken_archive, unsafe_name, encrypted_archive.
    An archive over a limit is refused whole; of a broken one, what was read before the break is kept.
    """
    unpacking = Unpacking(name, limits)
    try:
        take_out(unpacking)
    except OverLimit as error:
        return Found(problems=(Problem(code="archive_limits", detail=f"{name}: {error}", remedy=_REMEDY),))
    except (BadInput, MemoryError, RecursionError):
        raise
    except Exception as error:  # unpackers fail in many ways on hostile bytes
        if isinstance(error, OSError) and error.errno:  # The machine's fault: the worker says which.
            raise
        unpacking.broken(name, error)
    return Found(members=tuple(unpacking.members), problems=tuple(unpacking.problems))


def _safe(inner: str) -> str:
    """Return a member's name, or its last step alone where the path leads out of the archive."""
    steps = inner.replace("\\", "/").split("/")
    if ".." in steps or not steps[0] or ":" in steps[0]:
        return steps[-1] or "member"
    return inner[:400]
