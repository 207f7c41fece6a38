"""Reads one file with everything inside it: the mail and its attachments, the archive and its members, each as a job of its own.

So a worker killed over one attachment costs that attachment. Limits on archives count over the whole nest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from mailbot.config import Extract
from mailbot.core.audit import canonical
from mailbot.core.document import Document, Page, Problem, Reading
from mailbot.core.message import Message
from mailbot.core.supplier_files import hints_to_json
from mailbot.core.supplier_hints import SupplierHints
from mailbot.errors import ConfigError
from mailbot.extract import answers, frames
from mailbot.extract.frames import off_loop
from mailbot.extract.media_type import MAIL, OUTLOOK, PACKED, reader_type
from mailbot.extract.page_scans import Ask, ask_with_scans
from mailbot.extract.reader import Found, Member
from mailbot.extract.spawn import WorkerDied
from mailbot.ports import Extracted

MAILS = (MAIL, OUTLOOK)
"""Types of files that are read as a message."""

_LOCKED = ("encrypted_pdf", "encrypted_file", "encrypted_archive")

Senders = tuple[str, ...]
"""Addresses of those who sent a file: of the mail that it came in first, then of the mails around that one."""

_OVER = {
    "memory": "it needs more than {memory_mb} MB of memory",
    "size": "its text and tables, or a file made from it, are larger than allowed",
    "nesting": "it is nested too deeply",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """What one file of the nest gave, with everything inside it, in order."""

    documents: tuple[Document, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What is known of suppliers' papers, as workers are told it: `content` is the JSON that the ledger keeps for a replay."""

    suppliers: Sequence[SupplierHints] = ()
    told: list[dict[str, Any]] = field(default_factory=list)
    content: bytes = b""

    @classmethod
    def of(cls, suppliers: Sequence[SupplierHints]) -> Hints:
        """Return what is told of some suppliers."""
        told = hints_to_json(suppliers)
        return cls(suppliers=suppliers, told=told, content=canonical(told).encode() if told else b"")


class Nest:
    """One file being read. `contents` gathers the bytes of everything inside it by SHA-256, and what it was read by."""

    def __init__(self, settings: Extract, ask: Ask, hints: Hints | None = None) -> None:
        self._settings = settings
        self._hints = hints or Hints()
        self._by_hints = False
        self._ask = ask
        self._members_left = settings.archive_members
        self._bytes_left = settings.archive_mb << 20
        self._unpacking = asyncio.Lock()
        self.contents: dict[str, bytes] = {}

    async def read(self, name: str, content: bytes, media_type: str) -> Extracted:
        """Read the outermost file. Raises WorkerUnavailable, and nothing for bad bytes."""
        kind = media_type.partition(";")[0].strip().lower()
        problems: tuple[Problem, ...] = ()
        if kind != MAIL:
            try:
                header, _ = await self._ask({"kind": "detect", "name": name, "media_type": kind}, content)
                kind = str(header["media_type"])
            except (WorkerDied, KeyError) as error:
                problems = (self._died(name, error),)
        whole = Member(name=name, media_type=kind, content=content)
        message: Message | None = None
        if problems:
            piece = _Piece(problems=problems)
        elif kind in MAILS and self._refusal(whole) is None:
            message, piece = await self._mail(whole, (), prefix="", depth=0)
        else:
            piece = await self._file(whole, (), depth=0)
        reading = Reading(
            file=name, media_type=kind, message=message, documents=piece.documents, problems=_without_repeats(piece.problems)
        )
        if self._by_hints:
            reading = replace(reading, hints=_digest(self._hints.content))
            self.contents[reading.hints] = self._hints.content
        return Extracted(reading=reading, contents=self.contents)

    def _refusal(self, file: Member) -> Problem | None:
        """Return why a file is not even given to a worker."""
        if not file.content:
            return Problem(code="empty_file", detail=f"{file.name} has no bytes", remedy="ask the sender for it again")
        if len(file.content) > self._settings.file_mb << 20:
            return Problem(
                code="too_large",
                detail=f"{file.name}: {len(file.content)} bytes, the limit is {self._settings.file_mb} MB",
                remedy="raise extract.file_mb, or read it by hand",
            )
        return None

    async def _inside(self, members: tuple[Member, ...], senders: Senders, depth: int) -> list[_Piece]:
        """Read everything inside one file at the same time; the lanes hold back what is too much at once."""
        for member in members:
            self.contents[await off_loop(len(member.content), _digest, member.content)] = member.content
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._file(member, senders, depth=depth)) for member in members]
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return [task.result() for task in tasks]

    async def _file(self, file: Member, senders: Senders, *, depth: int) -> _Piece:
        """Read a file of the nest and what is inside it."""
        digest = await off_loop(len(file.content), _digest, file.content)
        bare = Document(name=file.name, media_type=file.media_type, sha256=digest)
        refused = self._refusal(file)
        if refused is None and (file.media_type in MAILS or file.media_type in PACKED) and depth > self._settings.archive_depth:
            refused = self._too_deep(file.name)
        if refused is not None:
            return _Piece(documents=(bare,), problems=(refused,))
        if file.media_type in MAILS:
            message, piece = await self._mail(file, senders, prefix=f"{file.name}/", depth=depth)
            pages = (Page(number=1, text=_as_page(message)),) if message else ()
            return replace(piece, documents=(replace(bare, pages=pages), *piece.documents))
        read = self._archive if file.media_type in PACKED else self._found
        found, problems = await read(file, digest, senders)
        if found.members and depth > self._settings.archive_depth:  # a PDF in a PDF in a PDF …
            found, problems = replace(found, members=()), (*problems, self._too_deep(file.name))
        pieces = await self._inside(found.members, senders, depth + 1)
        documents = found.documents or (() if found.members else (bare,))
        return _Piece(
            documents=documents + tuple(document for piece in pieces for document in piece.documents),
            problems=problems + tuple(problem for piece in pieces for problem in piece.problems),
        )

    async def _archive(self, file: Member, digest: str, senders: Senders) -> tuple[Found, tuple[Problem, ...]]:
        """Unpack one archive at a time, so that each knows what the ones before it left of the limits."""
        async with self._unpacking:
            return await self._found(file, digest, senders)

    async def _found(self, file: Member, digest: str, senders: Senders) -> tuple[Found, tuple[Problem, ...]]:
        """Have one file read by its reader."""
        reader = reader_type(file.media_type)
        if not reader:
            detail = f"{file.name}: {file.media_type}"
            return Found(), (Problem(code="unknown_type", detail=detail, remedy="open the original"),)
        header: frames.Header = {
            "kind": "file",
            "name": file.name,
            "media_type": file.media_type,
            "reader": reader,
            "limits": self._limits(),
        }
        if self._hints.told and (reader == "application/pdf" or reader.startswith("image/")):
            header["suppliers"] = self._hints.told
            self._by_hints = True
        found = await self._answered(header, file, digest)
        if self._settings.passwords and any(problem.code in _LOCKED for problem in found.problems):
            found = await self._unlocked(header, file, digest, senders, found)
        self._members_left -= len(found.members)
        self._bytes_left -= sum(len(member.content) for member in found.members)
        return found, tuple(_named(file.name, problem) for problem in found.problems)

    async def _answered(self, header: frames.Header, file: Member, digest: str) -> Found:
        """Return what a worker found in one file; where it found nothing, the problem that says why."""
        try:
            answer, body = await ask_with_scans(self._ask, header, file.content, workers=self._settings.workers)
            problem = self._unread(file.name, answer)
            return Found(problems=(problem,)) if problem else answers.file(answer, body, name=file.name, digest=digest)
        except WorkerDied as error:
            return Found(problems=(self._died(file.name, error),))
        except answers.BadAnswer as error:
            detail = f"{file.name}: {error}"
            return Found(problems=(Problem(code="broken_answer", detail=detail, remedy="look at the original"),))

    async def _unlocked(self, header: frames.Header, file: Member, digest: str, senders: Senders, locked: Found) -> Found:
        """Have an encrypted file read with the passwords of those who sent it; they reach a worker for such files only."""
        try:
            passwords = await asyncio.to_thread(self._settings.passwords_of, senders)
        except ConfigError as error:
            remedy = f"{error.args[0]}: {error.remedy}"
            told = (replace(one, remedy=remedy) if one.code in _LOCKED else one for one in locked.problems)
            return replace(locked, problems=tuple(told))
        return await self._answered({**header, "passwords": passwords}, file, digest) if passwords else locked

    async def _mail(self, file: Member, senders: Senders, *, prefix: str, depth: int) -> tuple[Message | None, _Piece]:
        """Have a mail parsed, then each of its attachments read, named below `prefix`."""
        try:
            answer, body = await self._ask({"kind": "mail", "name": file.name, "media_type": file.media_type}, file.content)
        except WorkerDied as error:
            return None, _Piece(problems=(self._died(file.name, error),))
        problem = self._unread(file.name, answer)
        if problem is not None:
            return None, _Piece(problems=(problem,))
        try:
            message, members, problems = await off_loop(len(body), answers.mail, answer, body)
        except answers.BadAnswer as error:
            problem = Problem(code="broken_answer", detail=f"{file.name}: {error}", remedy="look at the original")
            return None, _Piece(problems=(problem,))
        senders = (*(one.address for one in message.from_), *senders)
        members = tuple(replace(member, name=prefix + member.name) for member in members)
        pieces = await self._inside(members, senders, depth + 1 if prefix else 0)
        return message, _Piece(
            documents=tuple(document for piece in pieces for document in piece.documents),
            problems=tuple(_named(file.name, problem) for problem in problems)
            + tuple(problem for piece in pieces for problem in piece.problems),
        )

    def _limits(self) -> dict[str, Any]:
        """Return the reader's limits, less what the nest has used up."""
        left = {"archive_members": max(self._members_left, 0), "archive_bytes": max(self._bytes_left, 0)}
        return reader_limits(self._settings) | left

    def _too_deep(self, name: str) -> Problem:
        detail = f"{name}: nested deeper than {self._settings.archive_depth}"
        return Problem(code="archive_limits", detail=detail, remedy="ask the sender for the files themselves")

    def _died(self, name: str, error: Exception) -> Problem:
        return Problem(
            code="over_limit", detail=f"{name}: {error}", remedy="look at the original, and raise the limit if it is sound"
        )

    def _unread(self, name: str, answer: frames.Header) -> Problem | None:
        """Return the problem that an answer is instead of a reading, or None."""
        if "over" in answer:
            words = _OVER.get(str(answer["over"]), "it went over a limit").format(memory_mb=self._settings.memory_mb)
            return self._died(name, WorkerDied(words))
        if "refused" in answer:
            return Problem(code="unreadable_file", detail=f"{name}: {answer['refused']}", remedy=str(answer.get("remedy", "")))
        if "failed" in answer:
            return Problem(code="unreadable_file", detail=f"{name}: {answer['failed']}", remedy="look at the original")
        return None


def reader_limits(settings: Extract) -> dict[str, Any]:
    """Return the settings as `reader.Limits` for a worker."""
    return {
        "max_pages": settings.max_pages,
        "max_pixels": settings.max_pixels,
        "archive_members": settings.archive_members,
        "archive_bytes": settings.archive_mb << 20,
        "archive_ratio": settings.archive_ratio,
        "archive_depth": settings.archive_depth,
        "ocr_dpi": settings.ocr_dpi,
        "ocr_pages": settings.ocr_pages,
        "ocr": settings.ocr,
        "ocr_engine": settings.ocr_engine,
        "ocr_languages": settings.ocr_languages,
        "tesseract": settings.tesseract,
        "easyocr_folder": settings.easyocr_folder,
    }


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def _named(name: str, problem: Problem) -> Problem:
    """Return the problem with the file's name in its detail: a reading has one list for all its files."""
    if name in problem.detail:
        return problem
    return replace(problem, detail=f"{name}: {problem.detail}" if problem.detail else name)


def _without_repeats(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys(problems))


def _as_page(message: Message) -> str:
    """Return an attached mail as the text of a page: who wrote what to whom, and when."""
    people = [("From", message.from_), ("To", message.to), ("Cc", message.cc)]
    lines = [f"{label}: " + ", ".join(f"{one.name} <{one.address}>".strip() for one in who) for label, who in people if who]
    lines += [f"Date: {message.date}"] if message.date else []
    lines += [f"Subject: {message.subject}"] if message.subject else []
    return "\n".join(lines) + "\n\n" + message.text
