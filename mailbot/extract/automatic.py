"""Says why a mail must never be answered by itself: machines that answer machines never stop (RFC 3834 2).

Whether the desk wrote the mail itself, and how many replies a sender got already, is for the pipeline to know.
"""

from __future__ import annotations

import re

from mailbot.core.message import Address
from mailbot.extract import mail_header
from mailbot.extract.mime import Part

LOOP_HEADERS = ("x-mailbot-loop", "x-mailbot-truncated", "x-loop")
_AUTOREPLY_HEADERS = ("x-autoreply", "x-auto-reply", "x-autorespond", "x-autoresponse", "x-mail-autoreply")
_LIST_HEADERS = (
    "list-id", "list-unsubscribe", "list-post", "list-help", "list-subscribe", "list-owner", "list-archive", "mailing-list",
)  # fmt: skip
_NOBODY = re.compile(
    r"(?:mailer-daemon|postmaster|(?:do[-_.]?)?not?[-_.]?reply|bounces?|owner-.*|.*-request|listserv|majordomo)(?:[-+=_].*)?@",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"(?:automatic reply|auto-?reply|autoresponse|out of (?:the )?office|abwesenheitsnotiz|automatische antwort|réponse automatique"
    r"|respuesta automática|risposta automatica|automatisch antwoord|自动回复|自動回覆|自動応答)\b",
    re.IGNORECASE,
)


def submitted(root: Part) -> bool:
    """Return whether the mail says that it was sent by a machine (Auto-Submitted, RFC 3834 5)."""
    value = root.first("auto-submitted").partition(b";")[0].strip().lower()
    return bool(value) and value != b"no"


def reason(root: Part, subject: str, senders: tuple[Address, ...]) -> str:
    """Return why this mail is never answered, or ""."""
    if submitted(root):
        return f"Auto-Submitted: {_shown(root, 'auto-submitted')}"
    if any(value.strip() == b"<>" for value in root.every("return-path")):
        return "Return-Path: <>"
    for name in LOOP_HEADERS:
        if any(key == name for key, _ in root.fields):
            return f"{name} is set: it went through a robot, perhaps this one"
    for name in (*_AUTOREPLY_HEADERS, *_LIST_HEADERS):
        if root.first(name):
            return f"{name}: {_shown(root, name)}"
    if root.first("precedence").strip().lower() in (b"bulk", b"junk", b"list", b"auto_reply"):
        return f"Precedence: {_shown(root, 'precedence')}"
    if root.first("x-auto-response-suppress").strip().lower() not in (b"", b"none"):
        return f"X-Auto-Response-Suppress: {_shown(root, 'x-auto-response-suppress')}"
    if root.media_type == "multipart/report":
        return "a delivery or disposition report (multipart/report)"
    for sender in senders:
        if _NOBODY.match(sender.address):
            return f"{sender.address} is not read by anybody"
    if b"mailer-daemon" in root.first("from").lower():
        return "MAILER-DAEMON is not read by anybody"
    if _SUBJECT.match(subject):
        return f"the subject is an automatic reply's: {subject[:80]}"
    return ""


def _shown(root: Part, name: str) -> str:
    return mail_header.text(root.first(name))[:80]
