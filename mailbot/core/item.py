"""The item: the unit of work, one mail or one dropped file for its whole life, and the changes the ledger makes to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mailbot.core.lifecycle import Event, State

ArtifactKind = Literal["reading", "tables", "route", "decision", "draft", "reply", "correction"]
"""What is kept of an item besides its raw bytes. Each is a versioned blob: JSON of the core type of that name, but `reply`,
which is the exact RFC 5322 bytes to send; `tables` are the cleaned tables of the reading. A reading stays as the machine made it:
`core.corrections` says how it stands after what people corrected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where an item came from; unique for ever, so that a byte is taken once.

    IMAP: `account`, `place` the mailbox name, `uidvalidity`, `uid` (RFC 9051 2.3.1.1), `token` "".
    Drop folder: `account` is the name of the drop folder, `place` the path below it, `token` chosen before the file was renamed.
    """

    source: Literal["imap", "folder"]
    account: str
    place: str
    uidvalidity: int = 0
    uid: int = 0
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """New bytes, not yet in the ledger. `name` is the file's name ("message.eml" for mail)."""

    origin: Origin
    name: str
    content: bytes
    dedupe: bool = False
    """True on a rescan after a new UIDVALIDITY: it may be in the ledger already, also where it has no Message-ID."""
    message_id: str = ""
    body_sha256: str = ""
    header_sha256: str = ""
    """Of what the sender wrote in the header, without what servers add on the way; "" when not known."""

    @property
    def repeatable(self) -> bool:
        """Whether an item of this account with the same Message-ID, header and body is the same mail, delivered twice."""
        return self.dedupe or bool(self.message_id and self.header_sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class HighWater:
    """The last UID of a mailbox that is in the ledger; everything above it is new."""

    account: str
    place: str
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One row of the ledger. `fence` grows with each claim: a worker that lost its lease cannot write any more."""

    id: int
    origin: Origin
    name: str
    sha256: str
    size: int
    state: State
    since: datetime
    received_at: datetime
    subject: str = ""
    sender: str = ""
    message_id: str = ""
    tags: tuple[str, ...] = ()
    reason: str = ""
    attempts: int = 0
    not_before: datetime | None = None
    lease_until: datetime | None = None
    fence: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event to record: who caused it and why, for the audit chain.

    `actor` is "mailbot", "rule:NAME", or the name of a person (`person.UNAUTHENTICATED` where nobody says who acts).
    """

    event: Event
    actor: str
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A new version of something kept of the item."""

    kind: ArtifactKind
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A reply in the outbox: the envelope (RFC 5321) and the Message-ID of the exact bytes stored as the `reply` artifact."""

    message_id: str
    sender: str
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one step does to an item, committed as a whole or not at all.

    `expected` is the state the decision was taken in: if the item has left it, or `fence` is not the item's, the ledger raises
    Stale and writes nothing. `fence` is None for a person's decision. Values that are None stay as they are. `release` gives
    the lease back, `not_before` keeps the dispatcher off until then. `seen` names how many versions of a kind the decision was
    taken on: when there are more by now, it is Stale too.
    """

    item: int
    expected: State
    happenings: tuple[Happening, ...] = ()
    fence: int | None = None
    artifacts: tuple[Artifact, ...] = ()
    outgoing: Outgoing | None = None
    subject: str | None = None
    sender: str | None = None
    message_id: str | None = None
    tags: tuple[str, ...] | None = None
    reason: str | None = None
    not_before: datetime | None = None
    reset_attempts: bool = False
    release: bool = True
    seen: tuple[tuple[ArtifactKind, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One link of the audit chain: `hash` = SHA-256 over the canonical JSON of all the other values, `previous` included."""

    seq: int
    at: str
    item: int
    event: str
    before: str
    after: str
    actor: str
    cause: str
    detail: str
    previous: str
    hash: str
