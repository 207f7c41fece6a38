"""A worker process: reads files from the daemon's frames, one at a time, with everything it does not need taken away.

Started as `python -P -m mailbot.extract.worker` by `mailbot.extract.lane`. The first frame sets it up, each further one is a job,
and each answer is one frame: `found`, `refused` (a sentence, with its remedy), `over` (a limit), or `failed` (a reader's
bug).
"""

from __future__ import annotations

import errno
import os
import resource
import traceback
from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Any, BinaryIO

from mailbot.core.document import document_to_json, problem_to_json
from mailbot.errors import BadInput
from mailbot.extract import frames
from mailbot.extract.confine import arm_processor_time, confine
from mailbot.extract.media_type import OUTLOOK, detect
from mailbot.extract.page_scans import ScansWanted, scan_pages, scans_from_json
from mailbot.extract.reader import Found, Limits, reader_for

Answer = tuple[frames.Header, tuple[bytes, ...]]


def main() -> None:
    """Serve jobs until the daemon closes the pipe."""
    requests, answers = _take_pipes()
    first = frames.read(requests)
    if first is None:
        return
    setup = first[0]
    os.nice(setup["nice"])
    cut = confine(memory=setup["memory"], file_size=setup["file_size"], parent=setup["parent"])
    _write(answers, ({"isolation": cut}, ()))
    while (job := frames.read(requests)) is not None:
        arm_processor_time(setup["cpu_seconds"])
        answer = _answer(*job)
        answer[0]["spent"] = _spent(setup)
        _write(answers, answer)
        del job, answer  # Else a large file would stay in memory until the next one comes.


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Move the pipes off stdin and stdout, so that no library can read or print into the frames."""
    requests, answers = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return os.fdopen(requests, "rb", buffering=1 << 16), os.fdopen(answers, "wb", buffering=1 << 16)


def _write(answers: BinaryIO, answer: Answer) -> None:
    try:
        pieces = frames.pack(*answer)
    except BadInput as error:
        pieces = frames.pack({"over": "size", "detail": str(error), "spent": True})
    for piece in pieces:
        answers.write(piece)
    answers.flush()


def _answer(job: frames.Header, content: bytes) -> Answer:
    """Do one job; whatever a reader throws becomes an answer."""
    try:
        return _JOBS[job["kind"]](job, content)
    except BadInput as error:
        return {"refused": str(error.args[0]), "remedy": error.remedy}, ()
    except MemoryError:
        return {"over": "memory"}, ()
    except RecursionError:
        return {"over": "nesting"}, ()
    except OSError as error:
        if error.errno == errno.EFBIG:
            return {"over": "size"}, ()
        if error.errno == errno.ENOMEM:
            return {"over": "memory"}, ()
        return _failed(error)
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> Answer:
    trace = "".join(traceback.format_exception(error))
    return {"failed": f"{type(error).__name__}: {error}"[:500], "trace": trace[-4000:]}, ()


def _mail(job: frames.Header, content: bytes) -> Answer:
    """Parse a mail: the message in its JSON form, and the bytes of its attachments."""
    from mailbot.core.message import message_to_json
    from mailbot.extract import mail

    if job["media_type"] == OUTLOOK:
        from mailbot.extract.outlook import as_mail

        content = as_mail(content)
    parsed = mail.read(content)
    header = {
        "found": "mail",
        "message": message_to_json(parsed.message, full=True),
        "sizes": [len(leaf.content) for leaf in parsed.leaves],
        "problems": [problem_to_json(problem) for problem in parsed.problems],
    }
    return header, tuple(leaf.content for leaf in parsed.leaves)


def _file(job: frames.Header, content: bytes) -> Answer:
    """Read a file by the reader of its type: its documents in their JSON form, and the bytes of its members."""
    limits = _limits(job)
    read = reader_for(job["reader"])
    try:
        found = read(job["name"], content, job["media_type"], limits) if read else Found()
    except ScansWanted as error:
        return {"wanted": error.pages}, ()
    header = {
        "found": "file",
        "documents": [document_to_json(document, full=True) for document in found.documents],
        "members": [
            {"name": one.name, "media_type": detect(one.name, one.content, one.media_type), "size": len(one.content)}
            for one in found.members
        ],
        "problems": [problem_to_json(problem) for problem in found.problems],
    }
    return header, tuple(member.content for member in found.members)


def _limits(job: frames.Header) -> Limits:
    limits = Limits(**job["limits"], defer=bool(job.get("defer")))
    if "scans" in job:
        limits = replace(limits, scans=scans_from_json(job["scans"]))
    if "suppliers" in job:
        from mailbot.core.supplier_files import hints_from_json

        limits = replace(limits, suppliers=hints_from_json(job["suppliers"]))
    return replace(limits, passwords=tuple(job.get("passwords", ())))


def _scans(job: frames.Header, content: bytes) -> Answer:
    """Read some pages of a file by OCR, for the worker that reads the file."""
    return {"scans": scan_pages(job["reader"], content, job["pages"], _limits(job))}, ()


def _render(job: frames.Header, content: bytes) -> Answer:
    """Render one page as PNG."""
    png, width, height = _of_pages(job).render(content, job["page"], job["width"], _limits(job))
    return {"found": "page", "width": width, "height": height}, (png,)


def _learn(job: frames.Header, content: bytes) -> Answer:
    """Find out what corrected values teach about the supplier of a file."""
    from mailbot.core.supplier_files import hints_from_json, hints_to_json
    from mailbot.core.supplier_learning import teach

    limits = _limits(job)
    words = _of_pages(job).words(content, limits)
    stranger = next(iter(hints_from_json(job["stranger"])), None)
    taught = teach(limits.suppliers, stranger, words, job["values"])
    supplier = hints_to_json([taught.supplier])[0]
    return {"found": "taught", "supplier": supplier, "fields": taught.fields, "refused": taught.refused}, ()


def _of_pages(job: frames.Header) -> ModuleType:
    """Return the module that reads what has pages."""
    return import_module("mailbot.extract.pdf" if job["media_type"] == "application/pdf" else "mailbot.extract.picture")


def _searchable(job: frames.Header, content: bytes) -> Answer:
    """Write a PDF or picture as a PDF in which text can be searched."""
    from mailbot.extract.searchable import write

    try:
        return {"found": "searchable"}, (write(content, job["media_type"], _limits(job)),)
    except ScansWanted as error:
        return {"wanted": error.pages}, ()


def _clean(job: frames.Header, content: bytes) -> Answer:
    """Clean one table, which comes as JSON."""
    import json

    from mailbot.core.document import Table
    from mailbot.core.table_schema import schema_from_json
    from mailbot.core.tables import cleaned_to_json
    from mailbot.extract.clean import clean

    table = json.loads(content)
    rows = tuple(tuple(row) for row in table["rows"])
    loaded = Table(columns=tuple(table["columns"]), rows=rows, page=table["page"])
    schema = schema_from_json(job["schema"]) if job["schema"] else None
    cleaned = clean(loaded, language=job["language"], truths=job["truths"], schema=schema)
    return {"found": "cleaned", "cleaned": cleaned_to_json(cleaned)}, ()


def _bulk(job: frames.Header, content: bytes) -> Answer:
    """Load, and clean when asked, the main table of a large delimited file: the file to write, and what is said of it."""
    from mailbot.core.tables import cleaned_to_json
    from mailbot.extract import bulk, bulk_clean, bulk_files

    try:
        table = bulk.load(content)
    except bulk.NotPlain as error:
        return {"found": "bulk", "plain": False, "why": str(error)}, ()
    header = {"found": "bulk", "plain": True, "rows": table.size, "repaired": table.repaired, "about": None, "changed": {}}
    if not job["clean"]:
        return header, (bulk_files.to_csv(table.names, table.columns, safe=False),)
    cleaned = bulk_clean.clean(table, language=job["language"], truths=job["truths"])
    header |= {"rows": cleaned.size, "about": cleaned_to_json(cleaned.about), "changed": cleaned.changed}
    columns = cleaned.about.columns
    if job["ending"] == ".parquet":
        return header, (bulk_files.to_parquet(columns, cleaned.columns),)
    return header, (bulk_files.to_csv([column.name for column in columns], cleaned.columns, safe=True),)


def _detect(job: frames.Header, content: bytes) -> Answer:
    """Tell what a file is."""
    return {"found": "type", "media_type": detect(job["name"], content, job["media_type"])}, ()


def _hello(job: frames.Header, content: bytes) -> Answer:
    """Answer that the worker is there."""
    return {"found": "nothing"}, ()


_JOBS = {
    "hello": _hello,
    "detect": _detect,
    "mail": _mail,
    "file": _file,
    "clean": _clean,
    "bulk": _bulk,
    "render": _render,
    "scans": _scans,
    "searchable": _searchable,
    "learn": _learn,
}


def _spent(setup: dict[str, Any]) -> bool:
    """Return whether this process has grown so much that the daemon should take a fresh one for the next job."""
    with open("/proc/self/statm", "rb") as statm:
        total, resident = (int(field) * resource.getpagesize() for field in statm.read().split()[:2])
    return bool(resident > setup["resident"] or total > 0.8 * setup["memory"])


if __name__ == "__main__":
    main()
