"""Reads signed files (p7m) and signatures kept apart (p7s): what was signed is read in its turn."""

from __future__ import annotations

from mailbot.core.document import Document, Page
from mailbot.extract import cms
from mailbot.extract.media_type import MAIL
from mailbot.extract.reader import Found, Limits, Member

_ENTITY = (b"content-type:", b"mime-version:", b"content-transfer-encoding:", b"content-disposition:")


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Return what was signed as a member, and who signed as problems.

    Problems: signed, signature_unverified, signature_broken, encrypted_message. Raises BadInput for what is no CMS message.
    """
    opened = cms.open_signed(content)
    problems = tuple(cms.problems_of(name, opened))
    if opened.content is None:
        pages = tuple(Page(number=1, text=f"Signature of {one.signer}") for one in opened.signatures[:1])
        return Found(documents=(Document(name=name, media_type=media_type, pages=pages),), problems=problems)
    inner = opened.content
    mail = is_entity(inner)
    stem = name.rpartition("/")[2].rpartition(".")[0] or "content"
    full = f"{name}/{stem}.eml" if mail and "." not in stem else f"{name}/{stem}"
    return Found(members=(Member(name=full, media_type=MAIL if mail else "", content=inner),), problems=problems)


def is_entity(content: bytes) -> bool:
    """Return whether the signed content is a MIME entity, as S/MIME signs them, and not a file."""
    return content[:200].lstrip().lower().startswith(_ENTITY)
