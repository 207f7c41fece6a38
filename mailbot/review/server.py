"""In charge of serving the page inside the daemon's own event loop: no signals, no output, and a stop within two seconds."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import uvicorn
from starlette.types import ASGIApp

from mailbot.errors import ConfigError, Unreachable

START_SECONDS = 10
STOP_SECONDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A page that is being served: `port` is the one that was bound."""

    host: str
    port: int
    task: asyncio.Task[None] = field(repr=False)

    @property
    def url(self) -> str:
        """Where a browser finds the page."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"

    async def wait(self) -> None:
        """Return when the server ends, which it does by itself only when it breaks. Raises Unreachable then."""
        await asyncio.wait([self.task])
        if not self.task.cancelled() and (error := self.task.exception()):
            raise Unreachable(f"the review page stopped: {error}", remedy="see the log, and start mailbot again") from error


@contextlib.asynccontextmanager
async def serve(app: ASGIApp, host: str, port: int) -> AsyncIterator[Serving]:
    """Serve `app` while the context lasts. Port 0 takes a free one. Raises ConfigError when the address cannot be bound."""
    listener = _bind(host, port)
    server = _Server(
        uvicorn.Config(
            app,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=200,
            timeout_graceful_shutdown=1,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listener]), name="review page")
    try:
        up = asyncio.create_task(server.up.wait(), name="review page up")
        try:
            await asyncio.wait([task, up], timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            up.cancel()
        if not server.up.is_set():
            raise Unreachable("the review page did not start", remedy="see the log")
        yield Serving(host=host, port=listener.getsockname()[1], task=task)
    finally:
        server.should_exit = True
        await asyncio.wait([task], timeout=STOP_SECONDS)
        if not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=1)
        listener.close()


class _Server(uvicorn.Server):
    """A uvicorn that leaves signals to the daemon and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.up.set()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"review: cannot listen on {host}:{port}: {error.strerror}", remedy="set review.port to a free port, or 0"
        ) from error
    listener.setblocking(False)
    return listener
