"""Cleans the tables of a reading, and says as problems what of them only a person can settle."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from mailbot.core.document import Problem, Reading
from mailbot.core.language import guess
from mailbot.core.table_report import QUESTION_CODES, questions
from mailbot.core.tables import TableOf
from mailbot.errors import BadInput
from mailbot.ports import Extractor

log = logging.getLogger(__name__)

MOST_TABLES = 20
"""Tables of one item that are cleaned: the first ones."""


async def clean_tables(extractor: Extractor, reading: Reading) -> tuple[Reading, list[TableOf]]:
    """Return the reading with a problem for each table that can be read in two ways, and the tables cleaned.

    A table that cannot be cleaned stays as loaded.
    """
    tables = [(document.name, place, table) for document in reading.documents for place, table in enumerate(document.tables)]
    language = guess(reading.text) if tables else ""
    found: list[TableOf] = []
    for name, place, table in tables[:MOST_TABLES]:
        try:
            cleaned = await extractor.clean(table, language=language)
        except BadInput as error:
            log.warning("%s, table %d: %s", name, place + 1, error)
        else:
            found.append(TableOf(document=name, place=place, cleaned=cleaned))
    asked = questions(found)
    return (replace(reading, problems=(*reading.problems, *asked)) if asked else reading), found


def open_questions(problems: Sequence[Problem]) -> str:
    """Return what of an item's tables waits for a person, "" for nothing."""
    return "; ".join(problem.detail for problem in problems if problem.code in QUESTION_CODES)
