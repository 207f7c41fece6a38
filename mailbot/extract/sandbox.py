"""The Extractor: reads hostile bytes in worker processes, in three lanes, so that a mail never waits behind a scan.

`light` parses mail and other text and stays; `heavy` reads PDFs, pictures, sheets and archives; `render` does what a
person waits for: it draws pages, and learns from corrected values.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence

from mailbot import config
from mailbot.core.document import Table
from mailbot.core.supplier_files import hints_to_json
from mailbot.core.supplier_hints import SupplierHints
from mailbot.core.supplier_learning import Taught
from mailbot.core.table_schema import TableSchema, by_name, schema_to_json
from mailbot.core.tables import Cleaned
from mailbot.errors import BadInput, ConfigError
from mailbot.extract import answers, frames
from mailbot.extract.lane import IDLE_SECONDS, Lane
from mailbot.extract.nest import Hints, Nest, reader_limits
from mailbot.extract.page_scans import ask_with_scans
from mailbot.extract.spawn import COMMAND, Confinement, WorkerDied
from mailbot.ports import Extracted, Page

HEAVY_NICE = 5
LIGHT_MEMORY_MB = 1024
LIGHT_CPU_SECONDS = 30
LIGHT_WALL_SECONDS = 45.0
LIGHT_RESIDENT_MB = 120
LIGHT_DEPTH = 8
"""Jobs kept in the pipe of a light worker: it never waits for the daemon to answer."""
LIGHT_TEXT = 1 << 18
"""Bytes of a text or table up to which it is read in the light lane."""

LIGHT_TYPES = ("text/plain", "text/html", "text/csv", "text/tab-separated-values", "application/xml", "text/xml")


class Sandbox:
    """See `ports.Extractor`. Use from one event loop; workers start when first needed.

    `suppliers` is asked at each file what is known of suppliers' papers.
    """

    def __init__(
        self,
        settings: config.Extract,
        *,
        suppliers: Callable[[], Sequence[SupplierHints]] = tuple,
        schema: TableSchema | None = None,
        idle_seconds: float = IDLE_SECONDS,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._settings = settings
        self.suppliers = suppliers
        self._hints = Hints()
        self._schema = schema
        light = _confinement(
            settings, memory_mb=LIGHT_MEMORY_MB, cpu=LIGHT_CPU_SECONDS, wall=LIGHT_WALL_SECONDS, resident_mb=LIGHT_RESIDENT_MB
        )
        heavy = _confinement(settings, nice=HEAVY_NICE)
        render = _confinement(settings, cpu=60, wall=60.0)
        self._light = Lane("light", light, size=2, depth=LIGHT_DEPTH, keep=1, idle_seconds=idle_seconds, command=command)
        self._heavy = Lane("heavy", heavy, size=settings.workers, idle_seconds=idle_seconds, command=command)
        self._render = Lane("render", render, size=1, idle_seconds=idle_seconds, command=command)

    async def start(self) -> None:
        """Start the light worker, so that the first mail does not wait for it. Raises WorkerUnavailable."""
        await self._light.start()

    def isolation(self) -> str:
        """Return which network cut is in force: "network namespace", "seccomp" or "none"; "" before the first worker started."""
        return self._light.isolation or self._heavy.isolation or self._render.isolation

    async def read(self, name: str, content: bytes, *, media_type: str = "") -> Extracted:
        """Read one file whole: see `ports.Extractor`. Raises WorkerUnavailable when no worker can be had, nothing for bad bytes."""
        if (suppliers := self.suppliers()) != self._hints.suppliers:
            self._hints = Hints.of(suppliers)
        return await Nest(self._settings, self._ask, self._hints).read(name, content, media_type)

    async def render(self, name: str, content: bytes, page: int, *, width: int = 1000, sender: str = "") -> Page:
        """Render one page: see `ports.Extractor`. Raises BadInput, WorkerUnavailable."""
        remedy = "open the original"
        try:
            kind, _ = await self._light.run({"kind": "detect", "name": name, "media_type": ""}, content)
            job = {"kind": "render", "name": name, "media_type": kind.get("media_type"), "page": page, "width": width}
            if not str(kind.get("media_type")).startswith(("application/pdf", "image/")):
                raise BadInput(f"{name} has no pages that can be drawn ({kind.get('media_type')})", remedy=remedy)
            answer, png = await self._draw(job, content, sender)
        except (WorkerDied, ConfigError) as error:
            raise BadInput(f"page {page} of {name} cannot be drawn: {error}", remedy=remedy) from error
        size = answer.get("width"), answer.get("height")
        if answer.get("found") != "page" or not png.startswith(b"\x89PNG") or not all(type(one) is int for one in size):
            why = answer.get("refused") or answer.get("failed") or answer.get("over") or "the worker drew nothing"
            raise BadInput(f"page {page} of {name} cannot be drawn: {why}", remedy=remedy)
        return Page(png=png, width=int(answer["width"]), height=int(answer["height"]))

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

        Raises BadInput, WorkerUnavailable.
        """
        remedy = "write the supplier's file by hand"
        job = {
            "kind": "learn",
            "name": name,
            "media_type": media_type,
            "suppliers": hints_to_json(self.suppliers()),
            "stranger": hints_to_json([stranger] if stranger else []),
            "values": dict(values),
        }
        try:
            answer, _ = await self._draw(job, content, sender)
            if answer.get("found") != "taught":
                why = answer.get("refused") or answer.get("failed") or answer.get("over") or "the worker learnt nothing"
                raise BadInput(f"nothing can be learnt from {name}: {why}", remedy=remedy)
            return answers.taught(answer, values)
        except (WorkerDied, ConfigError, answers.BadAnswer) as error:
            raise BadInput(f"nothing can be learnt from {name}: {error}", remedy=remedy) from error

    async def searchable(self, name: str, content: bytes) -> bytes:
        """Return a PDF or picture as a PDF in which text can be searched. Raises BadInput, WorkerUnavailable."""
        try:
            kind, _ = await self._light.run({"kind": "detect", "name": name, "media_type": ""}, content)
            media_type = str(kind.get("media_type"))
            if not media_type.startswith(("application/pdf", "image/")):
                raise BadInput(f"{name} has no pages that can be searched ({media_type})", remedy="give a PDF or a picture")
            limits = reader_limits(self._settings)
            job = {"kind": "searchable", "name": name, "media_type": media_type, "reader": media_type, "limits": limits}
            answer, pdf = await ask_with_scans(self._heavy.run, job, content, workers=self._settings.workers)
        except WorkerDied as error:
            raise BadInput(f"{name} cannot be made searchable: {error}", remedy="raise the limit if the file is sound") from error
        if answer.get("found") != "searchable" or not pdf.startswith(b"%PDF-"):
            why = answer.get("refused") or answer.get("failed") or answer.get("over") or "the worker wrote nothing"
            raise BadInput(f"{name} cannot be made searchable: {why}", remedy=str(answer.get("remedy", "")))
        return pdf

    async def clean(self, table: Table, *, language: str = "", schema: TableSchema | None = None) -> Cleaned:
        """Clean one table (see `mailbot.extract.clean`). Raises BadInput when no worker can, WorkerUnavailable.

        A schema given here is insisted on; the sandbox's own counts for tables that have any of its columns.
        """
        own = self._schema if schema is None and self._schema and by_name(self._schema, table.columns)[0] else None
        counting = schema or own
        job = {
            "kind": "clean",
            "language": language,
            "truths": self._settings.truth_languages,
            "schema": schema_to_json(counting) if counting else None,
        }
        content = json.dumps({"columns": table.columns, "rows": table.rows, "page": table.page}).encode()
        remedy = "use the table as loaded"
        try:
            answer, _ = await self._heavy.run(job, content)
            if answer.get("found") != "cleaned":
                why = answer.get("failed") or answer.get("over") or "the worker cleaned nothing"
                raise BadInput(f"the table cannot be cleaned: {why}", remedy=remedy)
            return answers.cleaned(answer, table)
        except (WorkerDied, answers.BadAnswer) as error:
            raise BadInput(f"the table cannot be cleaned: {error}", remedy=remedy) from error

    async def bulk(
        self, content: bytes, *, clean: bool, language: str = "", ending: str = ".csv"
    ) -> tuple[answers.Bulk, bytes] | None:
        """Load, and clean when asked, the main table of a large delimited file as CSV or Parquet (by `ending`).

        Returns what is said of it and the bytes to write, or None when the file is not written plainly (see `extract.bulk`).
        Raises WorkerUnavailable.
        """
        job = {"kind": "bulk", "clean": clean, "language": language, "truths": self._settings.truth_languages, "ending": ending}
        try:
            answer, body = await self._heavy.run(job, content)
            said = answers.bulk(answer) if answer.get("found") == "bulk" else None
        except (WorkerDied, answers.BadAnswer):
            return None
        return (said, body) if said else None

    async def close(self) -> None:
        """Stop the workers."""
        for lane in (self._light, self._heavy, self._render):
            await lane.close()

    async def _draw(self, job: frames.Header, content: bytes, sender: str) -> tuple[frames.Header, bytes]:
        """Do a job on pages that a person waits for; an encrypted PDF is opened by the passwords of its sender."""
        job["limits"] = reader_limits(self._settings)
        if self._settings.passwords and b"/Encrypt" in content:
            job["passwords"] = await asyncio.to_thread(self._settings.passwords_of, (sender,))
        return await self._render.run(job, content)

    async def _ask(self, header: frames.Header, content: bytes) -> tuple[frames.Header, bytes]:
        """Do one job in the lane that fits it."""
        light = header["kind"] in ("mail", "detect") or (header["reader"] in LIGHT_TYPES and len(content) <= LIGHT_TEXT)
        return await (self._light if light else self._heavy).run(header, content)


def _confinement(
    settings: config.Extract,
    *,
    memory_mb: int = 1 << 30,
    cpu: int = 1 << 30,
    wall: float = 1e9,
    resident_mb: int = 0,
    nice: int = 0,
) -> Confinement:
    """Return the settings as a worker's limits, each no more than what the lane allows."""
    memory = min(settings.memory_mb, memory_mb) << 20
    return Confinement(
        memory=memory,
        file_size=settings.file_mb << 20,
        cpu_seconds=min(settings.cpu_seconds, cpu),
        wall_seconds=min(settings.wall_seconds, wall),
        resident=resident_mb << 20 or memory // 2,
        max_answer=max(settings.archive_mb, settings.file_mb) << 20,
        nice=nice,
    )
