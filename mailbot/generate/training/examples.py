"""Reads training examples from JSON Lines files, and says which of them are held out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailbot.errors import BadInput, UsageError

MAX_LINE_BYTES = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One text to learn from: `reply` is to be written after `prompt`.

    `prompt` is text or chat messages; plain text to be learnt whole has an empty one. `thread` says which examples belong together.
    """

    thread: str
    prompt: str | tuple[Mapping[str, str], ...]
    reply: str
    kind: str = ""
    language: str = ""

    def is_held_out(self, share: float) -> bool:
        """Return whether its thread is among the `share` of threads that are not learnt from, whatever else there is."""
        digest = hashlib.sha256(self.thread.encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") < share * 2**64


def read_examples(files: Sequence[Path]) -> Iterator[Example]:
    """Yield every example of the files in their order. Raises UsageError for a file, BadInput for a line that cannot be read."""
    for file in files:
        try:
            with file.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    if line.strip():
                        yield parse_example(line, f"{file}:{number}")
        except OSError as error:
            raise UsageError(f"{file}: cannot be read: {error.strerror}", remedy="name JSON Lines files after --data") from error


def parse_example(line: bytes, where: str) -> Example:
    """Return the example of one line; `where` names it in errors. Raises BadInput."""
    remedy = 'give one JSON object a line: {"thread", "prompt", "reply"}, {"thread", "messages"} or {"text"}'
    if len(line) > MAX_LINE_BYTES:
        raise BadInput(f"{where}: a line of {len(line)} bytes", remedy=f"keep lines under {MAX_LINE_BYTES} bytes")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{where}: not JSON ({error})", remedy=remedy) from error
    if not isinstance(value, dict):
        raise BadInput(f"{where}: not a JSON object", remedy=remedy)
    prompt, reply = _parts(value)
    tags = [value.get(key, "") for key in ("thread", "kind", "language")]
    if prompt is None or not isinstance(reply, str) or not reply or not all(isinstance(one, str) for one in tags):
        raise BadInput(f"{where}: no example is in this line", remedy=remedy)
    thread, kind, language = tags
    return Example(thread=thread or f"{prompt}\n{reply}", prompt=prompt, reply=reply, kind=kind, language=language)


def _parts(value: Mapping[str, Any]) -> tuple[str | tuple[Mapping[str, str], ...] | None, Any]:
    """Return prompt and reply of a line; the prompt is None when the line is of no known form."""
    if "text" in value:
        return "", value["text"]
    messages = value.get("messages")
    if messages is None:
        prompt = value.get("prompt")
        return (prompt if isinstance(prompt, str) else None), value.get("reply")
    if not isinstance(messages, list) or len(messages) < 2:
        return None, None
    for one in messages:
        if not isinstance(one, dict) or not isinstance(one.get("role"), str) or not isinstance(one.get("content"), str):
            return None, None
    if messages[-1]["role"] != "assistant":
        return None, None
    return tuple({"role": one["role"], "content": one["content"]} for one in messages[:-1]), messages[-1]["content"]


def fingerprint(files: Sequence[Path]) -> str:
    """Return the SHA-256 of the files' bytes, one after the other. Raises UsageError."""
    digest = hashlib.sha256()
    for file in files:
        try:
            with file.open("rb") as opened:
                while block := opened.read(1 << 20):
                    digest.update(block)
        except OSError as error:
            raise UsageError(f"{file}: cannot be read: {error.strerror}", remedy="name JSON Lines files after --data") from error
    return digest.hexdigest()
