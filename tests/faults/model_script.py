"""Model servers that break in the middle: each a real socket that follows a script, byte by byte."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

Script = Callable[["Line"], Awaitable[None]]
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


@dataclass
class Line:
    """One connection whose request was read."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, content: bytes) -> None:
        """Send bytes as they stand."""
        self.writer.write(content)
        await self.writer.drain()

    async def chunk(self, value: Any) -> None:
        """Send one event of a stream, in HTTP's chunked coding."""
        data = b"data: " + (value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n\n"
        await self.say(b"%x\r\n%s\r\n" % (len(data), data))

    async def text(self, text: str, finish: str | None = None) -> None:
        """Send a chunk of a chat completion."""
        await self.chunk({"model": "small-1", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]})

    async def gone(self) -> None:
        """Wait until the other side hangs up."""
        while await self.reader.read(1000):
            pass


@dataclass
class ScriptedServer:
    """The running server: one script for each request, the last one for all that follow; `asked` counts requests."""

    url: str
    scripts: Sequence[Script]
    asked: int = 0


@asynccontextmanager
async def scripted_server(*scripts: Script) -> AsyncIterator[ScriptedServer]:
    """Run a server on a free port. A connection ends with its script."""
    server = ScriptedServer(url="", scripts=scripts)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.partition(b":")[2]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
            )
            await reader.readexactly(length)
            script = server.scripts[min(server.asked, len(server.scripts) - 1)]
            server.asked += 1
            await script(Line(reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        listening.close()
        await listening.wait_closed()


async def hang_up(line: Line) -> None:
    """Close without a byte."""


async def half_a_head(line: Line) -> None:
    """Close in the middle of the status line."""
    await line.say(b"HTTP/1.1 2")


async def cut_short(line: Line) -> None:
    """Close after the first words of a stream."""
    await line.say(STREAM)
    await line.text("Dear Ev")


async def end_early(line: Line) -> None:
    """End a stream properly by HTTP, in the middle of the answer."""
    await cut_short(line)
    await line.say(b"0\r\n\r\n")


async def stall(line: Line) -> None:
    """Say the first words of a stream and then nothing."""
    await cut_short(line)
    await line.gone()


async def error_inside(line: Line) -> None:
    """Report an error in a stream that began well."""
    await cut_short(line)
    await line.chunk({"error": {"message": "slot 3 was lost"}})
    await line.chunk(b"[DONE]")


async def flood(line: Line) -> None:
    """Never end."""
    await line.say(STREAM)
    while True:
        await line.text("x" * 100_000)


async def drip_comments(line: Line) -> None:
    """Say only that it is still there, until the other side has had enough."""
    await line.say(STREAM)
    while not line.reader.at_eof():
        await line.say(b"5\r\n: hi\n\r\n")
        await asyncio.sleep(0.02)


async def good(line: Line) -> None:
    """Answer in words cut anywhere, with a usage chunk after them."""
    await line.say(STREAM)
    for piece in ("", "Dear ", "Ev", "a,\n\nso", "on."):
        await line.text(piece)
    await line.text("", finish="stop")
    await line.chunk({"choices": [], "usage": {"total_tokens": 12}})
    await line.chunk(b"[DONE]")
    await line.say(b"0\r\n\r\n")


async def good_without_done(line: Line) -> None:
    """Say how the answer ended, then break off."""
    await line.say(STREAM)
    await line.text("Dear Eva,\n\nsoon.", finish="stop")


async def good_and_hold(line: Line) -> None:
    """Say `[DONE]` and keep the connection open."""
    await line.say(STREAM)
    await line.text("Dear Eva,\n\nsoon.")
    await line.chunk(b"[DONE]")
    await line.gone()
