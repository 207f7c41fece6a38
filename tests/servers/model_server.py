"""A small real HTTP server that answers like an OpenAI-compatible one, or as badly as a test asks it to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Answer = Callable[["Seen"], Response | Awaitable[Response]]


@dataclass
class Seen:
    """One request as it arrived."""

    headers: dict[str, str]
    body: dict[str, Any]
    path: str = ""


@dataclass
class ModelServer:
    """The running server: what it saw, and what it answers."""

    url: str
    answer: Answer
    seen: list[Seen] = field(default_factory=list)


def completion(text: Any, **more: Any) -> JSONResponse:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": more.pop("finish_reason", "stop")}
    return JSONResponse({"object": "chat.completion", "model": "small-1", "choices": [choice], **more})


@asynccontextmanager
async def model_server(answer: Answer) -> AsyncIterator[ModelServer]:
    server = ModelServer(url="", answer=answer)

    async def complete(request: Request) -> Response:
        seen = Seen(headers=dict(request.headers), body=json.loads(await request.body()), path=request.url.path)
        server.seen.append(seen)
        found = server.answer(seen)
        return found if isinstance(found, Response) else await found

    async def models(request: Request) -> Response:
        if request.headers.get("authorization") != "Bearer secret":
            return JSONResponse({"error": {"message": "no"}}, status_code=401)
        return JSONResponse({"data": [{"id": "small-1"}]})

    asked = [Route(f"/v1/{path}", complete, methods=["POST"]) for path in ("chat/completions", "completions")]
    app = Starlette(routes=[*asked, Route("/v1/models", models)])
    runner = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    )
    runner.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(runner._serve())
    async with asyncio.timeout(30):
        while not runner.started:
            await asyncio.sleep(0.01)
    server.url = f"http://127.0.0.1:{runner.servers[0].sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        runner.should_exit = True
        await task
