"""One HTTP connection pool to an OpenAI-compatible server: bounded answers, and a limit on every wait.

No proxy and no redirect is followed: the mail's text goes to the server that the config names and nowhere else.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mailbot.generate.remote_answer import Answer, Events, NoDraft, error_of, read_whole

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 10.0
FIRST_WAIT = 0.5
"""Seconds before another try where the server does not say how long."""
LINGER_SECONDS = 0.5
"""How long the end of a stream is waited for after `[DONE]`, so that its connection can be used again."""
MAX_ANSWER_BYTES = 1_000_000
MAX_STREAM_BYTES = 16_000_000
"""A stream spends some 300 bytes on every token."""


class RemoteServer:
    """The server at a base URL. Its HTTP client is made at the first request, in the loop that asks."""

    def __init__(self, url: str, password: str, *, stall_seconds: float) -> None:
        """`password` is the API key, "" for none; an answer that has begun may pause for `stall_seconds`."""
        self._url = url.rstrip("/")
        self._password = password
        self._stall = stall_seconds
        self._client: httpx.AsyncClient | None = None
        self._connecting = asyncio.Lock()

    async def get(self, path: str) -> tuple[int, bytes]:
        """Return status and body. Raises NoDraft."""
        async with self._asked("GET", path, None) as response:
            return response.status_code, await _whole(response)

    async def ask(self, path: str, body: Mapping[str, Any]) -> Answer:
        """Return the answer to a request for a completion, streamed or whole as the server likes. Raises NoDraft.

        The caller limits the whole of it in time. `NoDraft.wait` is set where the server certainly did nothing yet: it could not be
        reached, hung up before it said anything, or asked to be tried later.
        """
        async with self._asked("POST", path, json.dumps(body, ensure_ascii=True).encode()) as response:
            if response.status_code == 200 and "event-stream" in response.headers.get("content-type", ""):
                return await self._streamed(response)
            content = await _whole(response)
        if response.status_code != 200:
            raise _refusal(response.status_code, response.headers, content)
        if content.lstrip()[:5] in (b"data:", b"event"):  # a stream that does not call itself one
            return _replayed(content)
        return read_whole(content)

    async def close(self) -> None:
        """Close connections."""
        client, self._client = self._client, None
        if client:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await client.aclose()

    @contextlib.asynccontextmanager
    async def _asked(self, method: str, path: str, body: bytes | None) -> AsyncIterator[httpx.Response]:
        """Send a request and yield its response, whose body is still to be read. Raises NoDraft for all that httpx raises."""
        client = await self._connected()
        import httpx

        headers = {
            "Content-Type": "application/json", "Accept": "application/json, text/event-stream", "Accept-Encoding": "identity",
        }  # fmt: skip
        if self._password:
            headers["Authorization"] = f"Bearer {self._password}"
        began = False
        try:
            async with client.stream(method, self._url + path, content=body, headers=headers) as response:
                began = True
                yield response
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, ValueError) as error:
            raise NoDraft(f"cannot be asked ({type(error).__name__}: {error}); check generate.url") from error
        except httpx.HTTPError as error:
            what = "broke off" if began else "cannot be reached"
            raise NoDraft(f"{what} ({type(error).__name__})", wait=None if began else FIRST_WAIT) from error

    async def _streamed(self, response: httpx.Response) -> Answer:
        """Read a stream to its end. One that stops before it said how it ended is not taken."""
        answer, events = Answer(), Events()
        pieces, size, stall = response.aiter_raw(), 0, None
        import httpx

        try:
            while True:
                async with asyncio.timeout(LINGER_SECONDS if events.done else stall):
                    piece = await anext(pieces, None)
                if piece is None:
                    break
                size, stall = size + len(piece), self._stall
                if size > MAX_STREAM_BYTES:
                    raise NoDraft(f"sent more than {MAX_STREAM_BYTES} bytes")
                for value in events.feed(piece):
                    answer.take(value)
            for value in events.end():
                answer.take(value)
        except (TimeoutError, httpx.TransportError) as error:
            if not (events.done or answer.finished):
                stalled = isinstance(error, TimeoutError)
                why = f"said nothing for {self._stall:g} seconds" if stalled else f"broke off ({type(error).__name__})"
                raise NoDraft(f"{why} in the middle of its answer") from error
        if not (events.done or answer.finished):
            raise NoDraft("ended its answer in the middle")
        return answer

    async def _connected(self) -> httpx.AsyncClient:
        """Return the client; making it reads certificates, so that happens off the loop."""
        async with self._connecting:
            if self._client is None:
                self._client = await asyncio.to_thread(_client)
            return self._client


def _client() -> httpx.AsyncClient:
    import httpx

    timeout = httpx.Timeout(None, connect=CONNECT_SECONDS)
    return httpx.AsyncClient(timeout=timeout, trust_env=False, follow_redirects=False)


async def _whole(response: httpx.Response) -> bytes:
    """Return the bounded body of a response."""
    content = bytearray()
    async for piece in response.aiter_raw():
        content += piece
        if len(content) > MAX_ANSWER_BYTES:
            raise NoDraft(f"sent more than {MAX_ANSWER_BYTES} bytes")
    return bytes(content)


def _replayed(content: bytes) -> Answer:
    """Read a stream that came in one piece."""
    answer, events = Answer(), Events()
    for value in (*events.feed(content), *events.end()):
        answer.take(value)
    if not (events.done or answer.finished):
        raise NoDraft("ended its answer in the middle")
    return answer


def _refusal(status: int, headers: Mapping[str, str], content: bytes) -> NoDraft:
    """Return what an HTTP status other than 200 means. Only 429 and 503 say that nothing was done and later may help."""
    if status in (429, 503):
        wait = retry_after(headers.get("retry-after", ""), datetime.now(UTC))
        said = f"answered HTTP {status}{error_of(content)}"
        return NoDraft(said, wait=FIRST_WAIT if wait is None else wait, asked=wait is not None)
    if status in (401, 403):
        return NoDraft(f"refused the key (HTTP {status}); check generate.password")
    if status >= 500:
        return NoDraft(f"answered HTTP {status}{error_of(content)}")
    reason = f"answered HTTP {status}{error_of(content)}; check generate.url and generate.model"
    return NoDraft(reason, works=status in (400, 413, 422))


def retry_after(value: str, now: datetime) -> float | None:
    """Return the seconds that Retry-After asks for (RFC 9110 10.2.3: seconds or a date), None when it does not say."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    with contextlib.suppress(ValueError, TypeError):
        when = email.utils.parsedate_to_datetime(value)
        return max(0.0, ((when if when.tzinfo else when.replace(tzinfo=UTC)) - now).total_seconds())
    return None
