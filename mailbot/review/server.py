"""In charge of serving the page inside the daemon's own event loop: no signals, no output, and a stop within two seconds."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp

from mailbot.errors import ConfigError, Unreachable

log = logging.getLogger(__name__)

START_SECONDS = 10
STOP_SECONDS = 2


@contextlib.asynccontextmanager
async def serve(app: ASGIApp, host: str, port: int) -> AsyncIterator[str]:
    """Serve `app` while the context lasts; yields the page's URL. Port 0 takes a free one.

    Raises ConfigError when the address cannot be bound, Unreachable when the server does not start.
    """
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
        yield f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}/"
    finally:
        server.should_exit = True
        await asyncio.wait([task], timeout=STOP_SECONDS)
        if not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=1)
        if task.done() and not task.cancelled() and (error := task.exception()):
            log.error("the review page stopped: %s", error)
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
