"""The Protocols between the recipe and the adapters: what pipeline, desk and review may ask of the outside.

Every method may raise the errors of `mailbot.errors` and nothing else of its library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from mailbot.core.document import Reading, Table
from mailbot.core.draft import Draft
from mailbot.core.facts import Facts
from mailbot.core.item import Arrival, ArtifactKind, AuditEntry, Change, HighWater, Item, Outgoing
from mailbot.core.lifecycle import State
from mailbot.core.route import Route
from mailbot.core.supplier_hints import SupplierHints
from mailbot.core.supplier_learning import Taught
from mailbot.core.tables import Cleaned
from mailbot.ports_people import Desk as Desk
from mailbot.ports_people import Learner as Learner


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page picture of a document, rendered in a worker: PNG bytes and its size in pixels."""

    png: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartStatus:
    """How a part of the daemon fares ("imap:payables", "folder:scans", "model"): `state` is "ok", "trouble" or "stopped"."""

    part: str
    state: str
    detail: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that `verify` found to be other than it was written: audit entry, item or blob, and what differs."""

    what: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Everything kept of one item at one moment; `artifacts` holds all versions of each kind there is, oldest first."""

    item: Item
    artifacts: Mapping[ArtifactKind, Sequence[bytes]]
    outgoing: Outgoing | None
    history: tuple[AuditEntry, ...]

    def all(self, kind: ArtifactKind) -> Sequence[bytes]:
        """Return all versions of a kind, oldest first."""
        return self.artifacts.get(kind, ())

    def latest(self, kind: ArtifactKind) -> bytes | None:
        """Return the latest version of a kind, or None."""
        versions = self.all(kind)
        return versions[-1] if versions else None


class Ledger(Protocol):
    """The database of items and everything that happened to them. Every method that writes is one durable commit."""

    async def receive(self, arrivals: Sequence[Arrival], mark: HighWater | None = None) -> list[int | None]:
        """Store blobs and items and move the high-water mark, all in one commit; return ids, None for what is known already."""

    async def high_water(self, account: str, place: str) -> HighWater | None:
        """Return the mark of a mailbox, None before first contact."""

    async def set_high_water(self, mark: HighWater) -> None:
        """Set the mark without items: first contact with `start = "new"`."""

    async def known_uids(self, account: str, place: str, uidvalidity: int) -> set[int]:
        """Return the UIDs of a mailbox that are items (for `reconcile`)."""

    async def claim(self, states: Sequence[State], *, limit: int, owner: str, lease: timedelta, now: datetime) -> list[Item]:
        """Lease up to `limit` items in `states` whose lease is free or over and whose `not_before` has come, oldest first.

        Each claim adds one to `attempts` and to `fence`. An item found in `sending` had its lease run out: the caller records
        `outcome_lost`.
        """

    async def break_leases(self) -> int:
        """Free every lease and end every wait, at the start of the only daemon; return how many leases there were."""

    async def release(self, items: Sequence[Item]) -> None:
        """Give leases back without a change (graceful stop); the attempt is taken back too."""

    async def record(self, change: Change) -> Item:
        """Apply a change through the lifecycle table, with its audit entries. Raises Stale, IllegalEvent, NotFound."""

    async def remembered(self, item: int, actor: str, what: str) -> None:
        """Record what a person had written down about a supplier from an item's corrections. Raises NotFound."""

    async def item(self, item: int) -> Item:
        """Return one item. Raises NotFound."""

    async def items(
        self,
        *,
        states: Sequence[State] = (),
        account: str = "",
        search: str = "",
        limit: int = 100,
        before: int | None = None,
    ) -> list[Item]:
        """Return items, newest first; `search` matches subject, sender, name and tags; `before` pages by id."""

    async def counts(self) -> dict[State, int]:
        """Return the number of items in each state that has any."""

    async def replies_since(self, account: str, recipient: str, since: datetime) -> int:
        """Return how many replies to `recipient` were queued or sent on an account since then (loop protection)."""

    async def blob(self, sha256: str) -> bytes:
        """Return a blob. Raises NotFound, LedgerDamaged."""

    async def store_blobs(self, contents: Sequence[bytes]) -> list[str]:
        """Store blobs durably (attachments, for the page); return their SHA-256."""

    async def dossier(self, item: int) -> Dossier:
        """Return everything kept of an item, as of one moment. Raises NotFound, LedgerDamaged."""

    async def artifact(self, item: int, kind: ArtifactKind) -> bytes | None:
        """Return the latest version, or None."""

    async def artifacts(self, item: int, kind: ArtifactKind) -> list[bytes]:
        """Return all versions, oldest first."""

    async def outgoing(self, item: int) -> Outgoing | None:
        """Return the latest outbox entry of an item, or None."""

    async def outbox(self) -> list[tuple[Item, Outgoing]]:
        """Return what waits, is being sent, or is unknown."""

    async def history(self, item: int) -> list[AuditEntry]:
        """Return the audit entries of an item, oldest first."""

    async def verify(self) -> list[Finding]:
        """Check the whole chain, that each item stands where its last entry says, and that each blob named is there and whole."""

    async def set_status(self, status: PartStatus) -> None:
        """Keep how a part fares, for `mailbot status`."""

    async def statuses(self) -> list[PartStatus]:
        """Return the last known status of each part."""


class Extractor(Protocol):
    """Reads hostile bytes in worker processes."""

    async def read(self, name: str, content: bytes, *, media_type: str = "") -> Extracted:
        """Read one file whole (for a mail: the message and each attachment).

        Never raises for bad bytes: what went wrong is a Problem of the reading, `over_limit` when a worker was stopped.
        """

    async def learn(
        self,
        name: str,
        content: bytes,
        media_type: str,
        stranger: SupplierHints | None,
        values: Mapping[str, str],
        *,
        sender: str = "",
    ) -> Taught:
        """Find out what corrected values teach about the supplier of a PDF or picture: see `core.supplier_learning.teach`.

        `sender` is the address whose passwords open it when it is encrypted. Raises BadInput.
        """

    async def clean(self, table: Table, *, language: str = "") -> Cleaned:
        """Type and clean one table. Raises BadInput when no worker can."""

    async def render(self, name: str, content: bytes, page: int, *, width: int = 1000, sender: str = "") -> Page:
        """Render one page (from 1) of a PDF or picture as PNG, at most `width` pixels wide. Raises BadInput.

        `sender` is the address whose passwords open it when it is encrypted.
        """

    async def close(self) -> None:
        """Stop the workers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """A reading, and the bytes of each document (by `Document.sha256`) that is not the file itself, for the ledger to keep."""

    reading: Reading
    contents: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRequest:
    """What a draft is made from. `facts` is what templates see (the README lists it); `skeleton` the rendered template.

    `account` is for fair order between accounts; `instructions` the drafting instructions beside the template; `mail` the
    thread's own text; `knowledge` further text that figures may be taken from.
    """

    account: str
    language: str
    template: str
    skeleton: str
    facts: Mapping[str, Any]
    instructions: str
    mail: str
    knowledge: str = ""


class Rules(Protocol):
    """The rules in force at this moment."""

    def route(self, facts: Facts) -> Route:
        """Return the route of an item; never raises for an item."""


class Templates(Protocol):
    """The reply templates in force at this moment."""

    def names(self) -> tuple[str, ...]:
        """Return the templates that exist."""

    def render(self, name: str, language: str, facts: Facts) -> str:
        """Return the template filled in, in the nearest language there is. Raises TemplateProblem."""

    def instructions(self, name: str) -> str:
        """Return the drafting instructions beside the template, "" when there are none."""


class Generator(Protocol):
    """Writes a draft. Model text never decides who gets mail, its subject or its attachments."""

    async def draft(self, request: DraftRequest) -> Draft:
        """Return a draft in any case: when the model cannot be asked, the skeleton, and `note` says why."""

    async def probe(self) -> str:
        """Return one line that says what writes the drafts. Raises Unreachable, LoginRefused or ConfigError."""

    async def close(self) -> None:
        """Close connections."""


class Outbox(Protocol):
    """Sends exact bytes, once."""

    async def send(self, account: str, outgoing: Outgoing, content: bytes) -> str:
        """Hand the bytes to the account's server; return its answer.

        Raises NotSent (certainly not taken; `retry` says whether later may work) or DeliveryUnknown (lost after DATA began).
        A recipient list that the server took only in part returns normally, and the answer names who was refused.
        """

    def may_have_sent(self, message_id: str) -> bool:
        """Return, after `send` was cancelled, whether content had begun to leave; False: it certainly was not sent."""

    async def close(self) -> None:
        """Close connections."""


class Mailbox(Protocol):
    """One IMAP account."""

    async def run(self) -> None:
        """Watch the folders until cancelled: store each new mail in the ledger, then mark it; reconnect with backoff.

        Returns only when the login is refused (after the status says so).
        """

    async def save_sent(self, content: bytes) -> None:
        """Append a sent reply to the Sent mailbox, unless the server or the config says not to."""

    async def find_sent(self, message_id: str) -> bool:
        """Return whether the Sent mailbox holds that Message-ID."""

    async def server_uids(self) -> dict[str, tuple[int, set[int]]]:
        """Return, for each watched folder, its UIDVALIDITY and all UIDs that are mailbot's to take by `start` (for `reconcile`)."""


class Dispatcher(Protocol):
    """Who advances which item next."""

    def wake(self) -> None:
        """Say that there may be something to do. A lost call is repaired by the sweep."""

    async def run(self) -> None:
        """Advance items until cancelled; on cancellation give back what is held."""
