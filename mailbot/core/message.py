"""RFC 5322 content as frozen values, and their JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One mailbox: the display name (cleaned of line breaks) and the addr-spec (RFC 5322 3.4)."""

    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A leaf part that is not a body alternative; inline ones and attached messages included. The bytes are a blob."""

    filename: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One mail, parsed. Scalars that the mail does not state are None; lists are empty.

    `text` is the first text/plain body, else the rendered HTML; `new_text` is it without quotes and signature.
    `date` is RFC 3339. Ledger-only: `html` is the sanitised HTML body or ""; `automatic` says why this mail must never be
    answered ("" when it may be: RFC 3834); `authentication` holds the Authentication-Results headers, topmost first.
    """

    subject: str = ""
    from_: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    date: str | None = None
    message_id: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    text: str = ""
    new_text: str = ""
    auto_submitted: bool = False
    attachments: tuple[Attachment, ...] = ()
    html: str = ""
    automatic: str = ""
    authentication: tuple[str, ...] = ()

    @property
    def sender(self) -> Address | None:
        """The first From address, or None."""
        return self.from_[0] if self.from_ else None


_ADDRESS_LISTS = ("from_", "to", "cc", "reply_to")


def message_to_json(message: Message, *, full: bool = False) -> dict[str, Any]:
    """Return the contract's `message` object; `full` adds html, automatic and authentication."""
    value: dict[str, Any] = {"subject": message.subject}
    for name in _ADDRESS_LISTS:
        value[name.rstrip("_")] = [{"name": one.name, "address": one.address} for one in getattr(message, name)]
    value |= {
        "date": message.date,
        "message_id": message.message_id,
        "in_reply_to": message.in_reply_to,
        "references": list(message.references),
        "text": message.text,
        "new_text": message.new_text,
        "auto_submitted": message.auto_submitted,
        "attachments": [
            {"filename": one.filename, "media_type": one.media_type, "size": one.size, "sha256": one.sha256}
            for one in message.attachments
        ],
    }
    if full:
        value |= {
            "html": message.html,
            "automatic": message.automatic,
            "authentication": list(message.authentication),
        }
    return value


def message_from_json(value: Mapping[str, Any]) -> Message:
    """Rebuild a Message from `message_to_json(..., full=True)`."""
    lists = {name: tuple(Address(**one) for one in value[name.rstrip("_")]) for name in _ADDRESS_LISTS}
    return Message(
        subject=value["subject"],
        date=value["date"],
        message_id=value["message_id"],
        in_reply_to=value["in_reply_to"],
        references=tuple(value["references"]),
        text=value["text"],
        new_text=value["new_text"],
        auto_submitted=value["auto_submitted"],
        attachments=tuple(Attachment(**one) for one in value["attachments"]),
        html=value.get("html", ""),
        automatic=value.get("automatic", ""),
        authentication=tuple(value.get("authentication", ())),
        **lists,
    )
