"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _text(name: str, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _number(name: str, default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, Number, nullable=False, server_default=default)


def upgrade() -> None:
    """Make every table of the ledger, and the head of an empty chain."""
    _items()
    _what_is_kept()
    _chain()
    op.create_table(
        "high_water", _text("account"), _text("place"), _number("uidvalidity"), _number("uid"),
        sa.PrimaryKeyConstraint("account", "place", name="pk_high_water"),
    )  # fmt: skip
    op.create_table(
        "status", _text("part"), _text("state"), _text("detail"), _text("since"), sa.PrimaryKeyConstraint("part", name="pk_status")
    )


def _items() -> None:
    op.create_table(
        "blob", _text("sha256"), _number("size"), _text("pack"), _number("start"), sa.PrimaryKeyConstraint("sha256", name="pk_blob")
    )
    op.create_table(
        "item",
        _number("id"), _text("source"), _text("account"), _text("place"), _number("uidvalidity"), _number("uid"), _text("token"),
        _text("same_mail"), _text("name"), _text("sha256"), _number("size"), _text("state"), _text("since"), _text("received_at"),
        _text("subject", ""), _text("sender", ""), _text("message_id", ""), _text("tags", "[]"), _text("reason", ""),
        _text("words", ""), sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("not_before", sa.Text), _text("lease_owner", ""), sa.Column("lease_until", sa.Text), _number("fence", "0"),
        sa.PrimaryKeyConstraint("id", name="pk_item"),
        sa.ForeignKeyConstraint(["sha256"], ["blob.sha256"], name="fk_item_sha256"),
        sa.UniqueConstraint(
            "account", "place", "uidvalidity", "uid", "token", name="uq_item_account_place_uidvalidity_uid_token"
        ),
    )  # fmt: skip
    op.create_index("ix_item_state_id", "item", ["state", "id"])
    op.create_index("ix_item_message_id", "item", ["message_id"])
    op.create_index("ix_item_account_same_mail", "item", ["account", "same_mail"])
    op.create_table(
        "alias",
        _text("account"), _text("place"), _number("uidvalidity"), _number("uid"), _text("token"), _number("item"),
        sa.PrimaryKeyConstraint("account", "place", "uidvalidity", "uid", "token", name="pk_alias"),
        sa.ForeignKeyConstraint(["item"], ["item.id"], name="fk_alias_item"),
    )  # fmt: skip
    op.create_index("ix_alias_item", "alias", ["item"])


def _what_is_kept() -> None:
    op.create_table(
        "artifact",
        _number("item"), _text("kind"), sa.Column("version", sa.Integer, nullable=False), _text("sha256"),
        sa.PrimaryKeyConstraint("item", "kind", "version", name="pk_artifact"),
        sa.ForeignKeyConstraint(["item"], ["item.id"], name="fk_artifact_item"),
        sa.ForeignKeyConstraint(["sha256"], ["blob.sha256"], name="fk_artifact_sha256"),
    )  # fmt: skip
    op.create_table(
        "outbox",
        _number("seq"), _number("item"), _text("message_id"), _text("sender"), _text("recipients"), _text("at"),
        sa.PrimaryKeyConstraint("seq", name="pk_outbox"),
        sa.ForeignKeyConstraint(["item"], ["item.id"], name="fk_outbox_item"),
    )  # fmt: skip
    op.create_index("ix_outbox_item_seq", "outbox", ["item", "seq"])
    op.create_table(
        "recipient",
        _number("seq"), _text("address"), _text("account"), _text("at"), _number("item"),
        sa.PrimaryKeyConstraint("seq", "address", name="pk_recipient"),
        sa.ForeignKeyConstraint(["seq"], ["outbox.seq"], name="fk_recipient_seq"),
        sa.ForeignKeyConstraint(["item"], ["item.id"], name="fk_recipient_item"),
    )  # fmt: skip
    op.create_index("ix_recipient_account_address_at", "recipient", ["account", "address", "at"])


def _chain() -> None:
    op.create_table(
        "audit",
        _number("seq"), _text("at"), _number("item"), _text("event"), _text("before"), _text("after"), _text("actor"),
        _text("cause"), _text("detail"), _text("previous"), _text("hash"),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
    )  # fmt: skip
    op.create_index("ix_audit_item_seq", "audit", ["item", "seq"])
    head = op.create_table(
        "head",
        sa.Column("id", sa.Integer, nullable=False), _number("count"), _text("hash"), _number("items"),
        sa.PrimaryKeyConstraint("id", name="pk_head"),
        sa.CheckConstraint("id = 1", name="ck_head_one"),
    )  # fmt: skip
    op.bulk_insert(head, [{"id": 1, "count": 0, "hash": "0" * 64, "items": 0}])
