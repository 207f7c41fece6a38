"""Reads what releases are judged by: mails that a person answered, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailbot.errors import UsageError
from mailbot.generate.prompts import Prompt
from mailbot.ports import DraftRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One mail that a person answered. `facts` are what the reply must copy, None: what `reply` takes from the prompt.

    A `prompt` that is a DraftRequest becomes the prompt that each release reads.
    """

    thread: str
    prompt: Prompt | DraftRequest
    reply: str
    language: str = ""
    kind: str = ""
    facts: tuple[str, ...] | None = None


def read_examples(file: Path, limit: int = 0) -> list[Example]:
    """Read a JSON Lines file of `{"thread", "prompt" or "messages", "reply", "language", "kind", "facts"}`.

    All but the prompt and the reply may be missing. At most `limit` are read, all for 0. Raises UsageError that names the line.
    """
    examples: list[Example] = []
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    examples.append(_example(line, f"{file}:{number}", number))
                if limit and len(examples) == limit:
                    break
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{file}: cannot be read: {why}", remedy="name a JSON Lines file in UTF-8") from error
    if not examples:
        raise UsageError(f"{file}: it holds no examples", remedy='write lines such as {"prompt": "…", "reply": "…"}')
    return examples


def _example(line: str, where: str, number: int) -> Example:
    remedy = 'write {"prompt": "…", "reply": "…"} or {"messages": […], "reply": "…"}'
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where}: no JSON object ({error})", remedy=remedy) from None
    if not isinstance(value, Mapping) or not _is_text(value.get("reply")):
        raise UsageError(f'{where}: "reply" is missing or no text', remedy=remedy)
    messages = value.get("messages")
    if messages is None and not _is_text(value.get("prompt")):
        raise UsageError(f'{where}: neither "prompt" nor "messages" is there', remedy=remedy)
    if messages is not None and not _are_messages(messages):
        raise UsageError(f'{where}: "messages" must be a list of {{"role": "…", "content": "…"}}', remedy=remedy)
    facts = value.get("facts")
    if facts is not None and not (isinstance(facts, list) and all(_is_text(one) for one in facts)):
        raise UsageError(f'{where}: "facts" must be a list of texts', remedy=remedy)
    return Example(
        thread=str(value.get("thread") or number),
        prompt=value["prompt"] if messages is None else tuple({"role": one["role"], "content": one["content"]} for one in messages),
        reply=value["reply"],
        language=str(value.get("language") or ""),
        kind=str(value.get("kind") or ""),
        facts=None if facts is None else tuple(facts),
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are_messages(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(one, Mapping) and isinstance(one.get("role"), str) and isinstance(one.get("content"), str) for one in value
        )
    )
