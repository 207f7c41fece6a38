"""Reply templates: Jinja2 files that the desk edits, rendered in a sandbox with bounds, and the generator that uses them alone.

`NAME.LANG.txt.j2` is the template NAME in a language, `NAME.txt.j2` for every other, `NAME.md` its drafting instructions. An edited
file is used at once; a broken one is not: the version before stays in use and `problems` says what is wrong.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailbot.core.draft import Draft
from mailbot.core.facts import Facts
from mailbot.errors import TemplateProblem
from mailbot.ports import DraftRequest

if TYPE_CHECKING:
    from mailbot.generate.sandbox import Compiled

log = logging.getLogger(__name__)

SETTLED_NS = 2_000_000_000
"""A folder changed longer ago than this is not listed again until it changes: some file systems tell time in steps of a second."""

FALLBACK_LANGUAGE = "en"
MAX_FILE_BYTES = 100_000
_FILE = re.compile(r"(?P<name>[A-Za-z0-9_-]{1,64})(?:\.(?P<language>[a-z]{2}))?\.txt\.j2")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version:
    """A template file as it was last read: `compiled` is the last good one, `problem` what is wrong with the file now."""

    signature: tuple[int, int, int]
    compiled: Compiled | None
    problem: TemplateProblem | None = None


class Templates:
    """The templates of a folder."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._versions: dict[Path, _Version] = {}
        self._listed: tuple[int, dict[tuple[str, str], Path]] = (0, {})

    def names(self) -> tuple[str, ...]:
        """Return the templates that exist, sorted; () when the folder cannot be read."""
        return tuple(sorted({name for name, _ in self._files()}))

    def languages(self, name: str) -> tuple[str, ...]:
        """Return the languages a template is written in, "" for the one of every other language."""
        return tuple(sorted(language for one, language in self._files() if one == name))

    def render(self, name: str, language: str, facts: Facts) -> str:
        """Return the template filled in: in `language`, else in every other's, else in English, else in the first there is.

        Raises TemplateProblem that names file, line and remedy.
        """
        files = self._files()
        written = sorted(lang for one, lang in files if one == name)
        if not written:
            known = ", ".join(self.names()) or "none"
            raise TemplateProblem(
                f"{self.directory}: no template {name!r} (there are: {known})", remedy=f"write {name}.txt.j2 there"
            )
        chosen = next((one for one in (language, "", FALLBACK_LANGUAGE) if one in written), written[0])
        version = self._version(files[name, chosen])
        if version.compiled is None:
            raise version.problem or TemplateProblem(f"{name}: cannot be used")
        return version.compiled.render({**facts.values, "language": chosen or language})

    def instructions(self, name: str) -> str:
        """Return the drafting instructions beside a template, "" when there are none."""
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
            return ""
        try:
            return (self.directory / f"{name}.md").read_bytes()[:MAX_FILE_BYTES].decode("utf-8", "replace").strip()
        except OSError:
            return ""

    def check(self) -> list[TemplateProblem]:
        """Return what is wrong with each template file, as it is now: each is rendered with sample facts and with none."""
        return [version.problem for path in self._files().values() if (version := self._version(path)).problem]

    @property
    def problem(self) -> str:
        """What is wrong with the folder now, on one line; "" when all is well."""
        return "; ".join(str(one) for one in self.check())

    def _files(self) -> dict[tuple[str, str], Path]:
        """Return the template files by name and language."""
        try:
            changed = self.directory.stat().st_mtime_ns
            if changed == self._listed[0]:
                return self._listed[1]
            found = [(match, path) for path in self.directory.iterdir() if (match := _FILE.fullmatch(path.name))]
        except OSError:
            return {}
        files = {(match["name"], match["language"] or ""): path for match, path in sorted(found, key=lambda one: one[1])}
        settled = time.time_ns() - changed > SETTLED_NS
        self._listed = (changed if settled else 0, files)
        return files

    def _version(self, path: Path) -> _Version:
        """Return a file's version, reading it again if it was edited."""
        from mailbot.generate.sandbox import compile_template

        known = self._versions.get(path)
        try:
            stat = path.stat()
            signature = (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size)
            if known and known.signature == signature:
                return known
            version = _Version(signature=signature, compiled=compile_template(path.name, path.read_bytes()[: MAX_FILE_BYTES + 1]))
        except OSError as error:
            problem = TemplateProblem(f"{path.name}: cannot be read: {error.strerror}", remedy="check the file's permissions")
            version = _Version(signature=(0, 0, 0), compiled=known.compiled if known else None, problem=problem)
        except TemplateProblem as error:
            log.warning("%s%s", error, "; the version before stays in use" if known and known.compiled else "")
            version = _Version(signature=signature, compiled=known.compiled if known else None, problem=error)
        self._versions[path] = version
        return version


class TemplateGenerator:
    """Drafts without any model: the filled-in template is the draft."""

    async def draft(self, request: DraftRequest) -> Draft:
        """Return the skeleton. Its confidence is that of the fields it was filled from, until it is grounded."""
        return Draft(text=request.skeleton, made_by="template", confidence=skeleton_confidence(request.facts))

    async def probe(self) -> str:
        """Say that no model is asked."""
        return "none: drafts are the reply templates alone"

    async def close(self) -> None:
        """Nothing is open."""


def skeleton_confidence(facts: Mapping[str, Any]) -> float:
    """Return how sure a filled-in template is: as sure as the least sure field of the document, 1.0 when nothing was read."""
    confidence = facts.get("confidence")
    return 1.0 if confidence is None else round(float(confidence), 3)
