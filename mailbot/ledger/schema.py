"""The tables of the ledger. Times are text as `core.audit.stamp` writes them; lists are JSON text.

What `migrations/` builds is this: a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

REVISION = "0001"
"""The last migration: a database that says this needs none, and alembic is not imported."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

Number = BigInteger().with_variant(Integer, "sqlite")
"""64 bits everywhere; on SQLite only the plain word makes a primary key the rowid itself."""


def _text(name: str, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


blob = Table(
    "blob",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("size", Number, nullable=False),
    _text("pack"),  # "" when the blob is a file of its own
    Column("start", Number, nullable=False),
)

item = Table(
    "item",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    _text("source"),
    _text("account"),
    _text("place"),
    Column("uidvalidity", Number, nullable=False),
    Column("uid", Number, nullable=False),
    _text("token"),
    _text("same_mail"),  # Message-ID and hashes as they arrived, to know the mail again; "" when not known
    _text("name"),
    Column("sha256", Text, ForeignKey("blob.sha256"), nullable=False),
    Column("size", Number, nullable=False),
    _text("state"),
    _text("since"),
    _text("received_at"),
    _text("subject", ""),
    _text("sender", ""),
    _text("message_id", ""),
    _text("tags", "[]"),
    _text("reason", ""),
    _text("words", ""),  # casefolded subject, sender, name and tags, for search
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", Text),
    _text("lease_owner", ""),  # who held the last lease; it is live only while lease_until says so
    Column("lease_until", Text),
    Column("fence", Number, nullable=False, server_default="0"),
    UniqueConstraint("account", "place", "uidvalidity", "uid", "token"),
    Index("ix_item_state_id", "state", "id"),
    Index("ix_item_message_id", "message_id"),
    Index("ix_item_account_same_mail", "account", "same_mail"),
)

alias = Table(
    "alias",  # another origin under which an item's mail was met: known, but not an item
    metadata,
    Column("account", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("uidvalidity", Number, primary_key=True, autoincrement=False),
    Column("uid", Number, primary_key=True, autoincrement=False),
    Column("token", Text, primary_key=True),
    Column("item", Number, ForeignKey("item.id"), nullable=False),
    Index("ix_alias_item", "item"),
)

artifact = Table(
    "artifact",
    metadata,
    Column("item", Number, ForeignKey("item.id"), primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("sha256", Text, ForeignKey("blob.sha256"), nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=False),  # of the audit entry it was queued with
    Column("item", Number, ForeignKey("item.id"), nullable=False),
    _text("message_id"),
    _text("sender"),
    _text("recipients"),
    _text("at"),
    Index("ix_outbox_item_seq", "item", "seq"),
)

recipient = Table(
    "recipient",  # one row for each recipient of an outbox row, casefolded, to count replies by
    metadata,
    Column("seq", Number, ForeignKey("outbox.seq"), primary_key=True, autoincrement=False),
    Column("address", Text, primary_key=True),
    _text("account"),
    _text("at"),
    Column("item", Number, ForeignKey("item.id"), nullable=False),
    Index("ix_recipient_account_address_at", "account", "address", "at"),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=False),
    _text("at"),
    Column("item", Number, nullable=False),
    _text("event"),
    _text("before"),
    _text("after"),
    _text("actor"),
    _text("cause"),
    _text("detail"),
    _text("previous"),
    _text("hash"),
    Index("ix_audit_item_seq", "item", "seq"),
)

head = Table(
    "head",  # one row: where the chain ends, and how many items there ever were (the last id given)
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one"), primary_key=True, autoincrement=False),
    Column("count", Number, nullable=False),
    _text("hash"),
    Column("items", Number, nullable=False),
)

high_water = Table(
    "high_water",
    metadata,
    Column("account", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("uidvalidity", Number, nullable=False),
    Column("uid", Number, nullable=False),
)

status = Table(
    "status",
    metadata,
    Column("part", Text, primary_key=True),
    _text("state"),
    _text("detail"),
    _text("since"),
)
