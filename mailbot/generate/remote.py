"""Drafts from an OpenAI-compatible server: POST /chat/completions, and the filled-in template whenever that fails.

A draft exists in every case; `note` says why a model did not make it. Nothing the server says is trusted beyond a bounded text.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mailbot.config import Generate
from mailbot.core import prompt
from mailbot.core.draft import Draft
from mailbot.errors import LoginRefused, MailbotError, Unreachable
from mailbot.generate.template import skeleton_confidence
from mailbot.generate.turns import Turns
from mailbot.ports import DraftRequest

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

TRIES = 3
FIRST_WAIT = 0.5
"""Seconds before the second try, doubled for each further one, where the server does not say how long."""
MAX_ANSWER_BYTES = 1_000_000
TEMPERATURE = 0.2


class _NoDraft(Exception):
    """The server gave no usable answer; `wait` is set when another try may help."""

    def __init__(self, reason: str, *, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class RemoteGenerator:
    """Asks the server that the config names. One HTTP client, made at the first draft, in the loop that drafts."""

    def __init__(self, settings: Generate, password: str) -> None:
        """`password` is the API key, "" for a server that wants none."""
        self._settings = settings
        self._password = password
        self._turns = Turns(settings.concurrency)
        self._client: httpx.AsyncClient | None = None
        self._connecting = asyncio.Lock()

    async def draft(self, request: DraftRequest) -> Draft:
        """Return the server's draft, or the skeleton with a note. Its confidence is 0 until it is grounded."""
        try:
            async with self._turns.turn(request.account):
                text, release = await self._ask_in_time(request)
        except _NoDraft as failure:
            log.warning("no draft from the model server: %s", failure)
            return Draft(
                text=request.skeleton,
                made_by="template",
                confidence=skeleton_confidence(request.facts),
                note=f"The model server {failure}: this is the reply template alone.",
            )
        return Draft(text=text, made_by="remote", release=release)

    async def probe(self) -> str:
        """Ask for the list of models, for `mailbot check`. Raises LoginRefused, Unreachable."""
        remedy = "check generate.url and generate.model"
        try:
            async with asyncio.timeout(min(self._settings.timeout_seconds, 15)):
                status, _, body = await self._fetch("GET", "/models", None)
        except (_NoDraft, TimeoutError) as failure:
            reason = str(failure) or "did not answer in time"
            raise Unreachable(f"{self._settings.url}: the server {reason}", remedy=remedy) from failure
        if status in (401, 403):
            raise LoginRefused(
                f"{self._settings.url}: the server refused the key (HTTP {status})", remedy="check generate.password"
            )
        if status != 200:
            raise Unreachable(f"{self._settings.url}: the server answered HTTP {status}", remedy=remedy)
        listed = _models(body)
        if listed and self._settings.model and self._settings.model not in listed:
            raise MailbotError(f"{self._settings.url}: no model {self._settings.model!r}", remedy=f"it has {', '.join(listed[:5])}")
        return f"{self._settings.model or 'its default model'} at {self._settings.url}"

    async def close(self) -> None:
        """Close connections."""
        client, self._client = self._client, None
        if client:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await client.aclose()

    async def _ask_in_time(self, request: DraftRequest) -> tuple[str, str]:
        """Ask, and again where that may help, all within the config's time. Raises _NoDraft."""
        body = self._body(request)
        last: _NoDraft | None = None
        tries = 0
        try:
            async with asyncio.timeout(self._settings.timeout_seconds) as limit:
                for tries in range(1, TRIES + 1):
                    try:
                        return await self._ask(body, attempt=tries)
                    except _NoDraft as failure:
                        last = failure
                        left = (limit.when() or 0) - asyncio.get_running_loop().time()
                        if failure.wait is None or tries == TRIES or failure.wait >= left:
                            break
                        await asyncio.sleep(failure.wait)
        except TimeoutError:
            earlier = f" (before that it {last})" if last else ""
            raise _NoDraft(f"did not answer within {self._settings.timeout_seconds:g} seconds{earlier}") from None
        raise _NoDraft(f"{last}{f' ({tries} tries)' if tries > 1 else ''}")

    def _body(self, request: DraftRequest) -> bytes:
        messages = prompt.messages(
            desk=str(request.facts.get("desk") or ""),
            language=request.language,
            instructions=request.instructions,
            skeleton=request.skeleton,
            facts=request.facts,
            mail=request.mail,
            knowledge=request.knowledge,
        )
        wanted: dict[str, Any] = {
            "messages": messages,
            "max_tokens": self._settings.max_tokens,
            "temperature": TEMPERATURE,
            "stream": False,
        }
        if self._settings.model:
            wanted["model"] = self._settings.model
        return json.dumps(wanted, ensure_ascii=True).encode()

    async def _ask(self, body: bytes, *, attempt: int) -> tuple[str, str]:
        """Ask once. Raises _NoDraft."""
        status, headers, content = await self._fetch("POST", "/chat/completions", body)
        if status == 429 or status >= 500:
            wait = _retry_after(headers.get("retry-after", ""))
            raise _NoDraft(f"answered HTTP {status}", wait=FIRST_WAIT * 2 ** (attempt - 1) if wait is None else wait)
        if status in (401, 403):
            raise _NoDraft(f"refused the key (HTTP {status}); check generate.password")
        if status != 200:
            raise _NoDraft(f"answered HTTP {status}{_reason(content)}; check generate.url and generate.model")
        return self._read(content)

    def _read(self, content: bytes) -> tuple[str, str]:
        """Return the reply and the model's name out of a chat completion. Raises _NoDraft for anything else."""
        try:
            answer = json.loads(content)
            choice = answer["choices"][0]
            text = choice["message"]["content"]
            if isinstance(text, list):
                text = "".join(part["text"] for part in text if part.get("type") == "text")
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
            raise _NoDraft("answered with something that is no chat completion") from None
        if not isinstance(text, str):
            raise _NoDraft("answered without any text")
        if choice.get("finish_reason") == "length":
            raise _NoDraft(f"was cut off after {self._settings.max_tokens} tokens; raise generate.max_tokens")
        reply = prompt.reply_of(text.encode("utf-8", "replace").decode("utf-8"))
        if not reply:
            raise _NoDraft("answered without a reply")
        release = answer.get("model")
        return reply, " ".join((release if isinstance(release, str) and release else self._settings.model).split())[:100]

    async def _fetch(self, method: str, path: str, body: bytes | None) -> tuple[int, Mapping[str, str], bytes]:
        """Return status, headers and the bounded body. Raises _NoDraft; a lost connection may be tried again."""
        client = await self._connected()
        import httpx

        headers = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
        if self._password:
            headers["Authorization"] = f"Bearer {self._password}"
        try:
            async with client.stream(method, self._settings.url.rstrip("/") + path, content=body, headers=headers) as response:
                content = bytearray()
                async for chunk in response.aiter_raw():
                    content += chunk
                    if len(content) > MAX_ANSWER_BYTES:
                        raise _NoDraft(f"sent more than {MAX_ANSWER_BYTES} bytes")
                return response.status_code, response.headers, bytes(content)
        except httpx.TransportError as error:
            raise _NoDraft(f"cannot be reached ({type(error).__name__})", wait=FIRST_WAIT) from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise _NoDraft(f"cannot be asked ({type(error).__name__}: {error}); check generate.url") from error

    async def _connected(self) -> httpx.AsyncClient:
        """Return the client; making it reads certificates, so that happens off the loop."""
        async with self._connecting:
            if self._client is None:
                self._client = await asyncio.to_thread(self._connect)
            return self._client

    def _connect(self) -> httpx.AsyncClient:
        """Return a client without proxies or redirects: the mail's text goes to this server and nowhere else."""
        import httpx

        timeout = httpx.Timeout(self._settings.timeout_seconds)
        return httpx.AsyncClient(timeout=timeout, trust_env=False, follow_redirects=False)


def _retry_after(value: str) -> float | None:
    """Return the seconds that Retry-After asks for (RFC 9110 10.2.3: seconds or a date), None when it does not say."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    with contextlib.suppress(ValueError, TypeError):
        when = email.utils.parsedate_to_datetime(value)
        return max(0.0, (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp())
    return None


def _reason(content: bytes) -> str:
    """Return what an OpenAI-compatible error body says, short, "" when it says nothing."""
    with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
        message = json.loads(content)["error"]["message"]
        return f" ({' '.join(str(message).split())[:150]})"
    return ""


def _models(content: bytes) -> list[str]:
    with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
        return [str(one["id"]) for one in json.loads(content)["data"]]
    return []
