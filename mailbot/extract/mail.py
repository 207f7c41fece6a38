"""Reads a mail: bytes → a core Message, the leaf parts that are not its body, and what was wrong with it.

The header fields are RFC 5322's, the structure is RFC 2046's; both are read leniently, because malformed mail is everyday mail and
an attachment must never be lost for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256

from mailbot.core.document import Problem
from mailbot.core.message import Address, Attachment, Message
from mailbot.errors import BadInput
from mailbot.extract import automatic, charset, cms, html, mail_header, media_type, mime, quotes, signed_file
from mailbot.extract.mime import Part

MAX_TEXT = 2_000_000
"""Characters of a body that are kept."""
MAX_SUBJECT = 2000
MAX_AUTHENTICATION = 10

_EXTENSIONS = {kind: ending for ending, kind in reversed(media_type.ENDINGS.items())}
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,200})\r?\n(?:[ -`]{2,90}\r?\n)+[` ]?\r?\n?end[ \t]*\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A part that is not the body: the attachment as it is listed, and its bytes."""

    attachment: Attachment
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A parsed mail. `message.attachments` are those of `leaves`, in order."""

    message: Message
    leaves: tuple[Leaf, ...]
    problems: tuple[Problem, ...]


@dataclass
class _Bodies:
    """The parts chosen as the body, and the leaves that are not."""

    plain: Part | None = None
    html: Part | None = None
    others: list[Part] = field(default_factory=list)


def read(content: bytes) -> Mail:
    """Parse a mail. Never raises for what is in it."""
    root, complaints, cut = mime.split(content)
    signatures = _open_signed(root)
    bodies = _choose(root)
    rich, rich_sure = html.decode(*_encoded(bodies.html)) if bodies.html else ("", True)
    plain, plain_sure, uuencoded = _plain(bodies.plain)
    text = plain if plain.strip() else charset.clean(html.to_text(rich))  # some programs write an empty plain part
    if not (plain_sure and rich_sure):
        complaints.append("the body's charset is not what it says")
    leaves = [_leaf(part.filename, part.media_type, part.content(), n) for n, part in enumerate(bodies.others, 1)]
    leaves += [_leaf(name, "", body, len(leaves) + n) for n, (name, body) in enumerate(uuencoded, 1)]
    if len(text) > MAX_TEXT:
        cut.append(f"only the first {MAX_TEXT} characters of the body are kept")
        text = text[:MAX_TEXT]
    problems = signatures + [Problem(code="malformed_mail", detail=detail) for detail in complaints]
    problems += [Problem(code="mail_limits", detail=detail, remedy="look at the original mail") for detail in cut]
    if size := mail_header.text(root.first("x-mailbot-truncated")):
        remedy = "look at it on the server, or raise imap.max_message_bytes"
        problems.append(Problem(code="too_large", detail=f"the mail has {size} bytes: only its header was fetched", remedy=remedy))
    message = _message(root, text, html.sanitise(rich) if rich else "", tuple(leaf.attachment for leaf in leaves))
    return Mail(message=message, leaves=tuple(leaves), problems=tuple(problems))


def _message(root: Part, text: str, rich: str, attachments: tuple[Attachment, ...]) -> Message:
    subject = mail_header.text(root.first("subject"))[:MAX_SUBJECT]
    senders = _addresses(root, "from") or _addresses(root, "sender")
    own_id, answered = mail_header.identifiers(root.first("message-id")), mail_header.identifiers(root.first("in-reply-to"))
    return Message(
        subject=subject,
        from_=senders,
        to=_addresses(root, "to"),
        cc=_addresses(root, "cc"),
        reply_to=_addresses(root, "reply-to"),
        date=mail_header.date(root.first("date")),
        message_id=own_id[0] if own_id else None,
        in_reply_to=answered[0] if answered else None,
        references=mail_header.identifiers(root.first("references")),
        text=text,
        new_text=quotes.new_text(text),
        auto_submitted=automatic.submitted(root),
        attachments=attachments,
        html=rich,
        automatic=automatic.reason(root, subject, senders),
        authentication=tuple(
            mail_header.clean(mail_header.plain(value))[:4000]
            for value in root.every("authentication-results")[:MAX_AUTHENTICATION]
        ),
    )


def _addresses(root: Part, name: str) -> tuple[Address, ...]:
    """Return the mailboxes of every field of that name: repeated ones are illegal, and come."""
    found = [address for value in root.every(name)[:20] for address in mail_header.addresses(value)]
    return tuple(dict.fromkeys(found))[: mail_header.MAX_ADDRESSES]


def _open_signed(root: Part) -> list[Problem]:
    """Put what an S/MIME signature wraps in its place, and return what is to be said of the signature (RFC 8551 3.5)."""
    kind = root.media_type.replace("/x-", "/")
    if kind == "multipart/signed" and len(root.children) > 1:
        if root.children[1].media_type.replace("/x-", "/") != media_type.SIGNATURE:
            detail = f"the mail: a signature of the kind {root.children[1].media_type}, which is not verified here"
            return [Problem(code="signature_unverified", detail=detail)]
        forms = (root.signed, re.sub(rb"\r?\n", b"\r\n", root.signed))
        return _signatures(root.children[1].content(), beside=forms)[0]
    if kind == media_type.SIGNED and not root.children:
        problems, content = _signatures(root.content())
        if content is not None and signed_file.is_entity(content):
            root.children = [mime.split(content)[0]]
            root.body = b""
            return problems
    return []


def _signatures(message: bytes, *, beside: tuple[bytes, ...] = ()) -> tuple[list[Problem], bytes | None]:
    try:
        opened = cms.open_signed(message, beside=beside)
    except BadInput as error:
        return [Problem(code="signature_unverified", detail=f"the mail: {error.args[0]}")], None
    return cms.problems_of("the mail", opened), opened.content


def _choose(root: Part) -> _Bodies:
    """Choose the body: the first text/plain, and the HTML that says the same; every other leaf is an attachment."""
    bodies = _Bodies()
    _walk(root, bodies, alternative=False, first=True)
    return bodies


def _walk(part: Part, bodies: _Bodies, *, alternative: bool, first: bool) -> None:
    """Visit leaves in order. `alternative`: inside a multipart/alternative; `first`: nothing stood before it in its multipart."""
    if part.children:
        for number, child in enumerate(part.children):
            _walk(child, bodies, alternative=alternative or part.media_type == "multipart/alternative", first=first and number == 0)
        return
    kind = part.media_type
    if kind.startswith("multipart/"):  # One that could not be split: its boundary never came, or it lies too deep.
        if not part.body.strip():
            return
        kind = "text/plain"
    attached = part.disposition[0].startswith("attachment") or (bool(part.filename) and not (first or alternative))
    if kind == "text/plain" and not attached and bodies.plain is None and (alternative or bodies.html is None):
        bodies.plain = part
    elif kind == "text/html" and not attached and bodies.html is None and (alternative or bodies.plain is None):
        bodies.html = part
    else:
        bodies.others.append(part)


def _encoded(part: Part) -> tuple[bytes, str]:
    return part.content(), part.content_type[1].get("charset", "")


def _plain(part: Part | None) -> tuple[str, bool, list[tuple[str, bytes]]]:
    """Return a plain body as text, whether its encoding is sure, and the uuencoded files that stood in it."""
    if part is None:
        return "", True, []
    content, stated = _encoded(part)
    files: list[tuple[str, bytes]] = []
    if b"begin " in content:
        for found in _UU_BEGIN.finditer(content):
            files.append((mail_header.text(found[1]), mime.uudecode(found[0])))
        content = _UU_BEGIN.sub(b"", content) if files else content
    text, sure = charset.decode(content, stated)
    return charset.clean(text), sure, files


def _leaf(filename: str, stated: str, content: bytes, number: int) -> Leaf:
    kind = media_type.detect(filename, content, stated)
    name = filename or f"attachment-{number}.{_EXTENSIONS.get(kind, 'bin')}"
    digest = sha256(content).hexdigest()
    return Leaf(attachment=Attachment(filename=name, media_type=kind, size=len(content), sha256=digest), content=content)
