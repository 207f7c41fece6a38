"""In charge of what reaches the page at all: host, origin, size and token of a request, and the headers of every answer.

The page has no logins yet, so everything rests on the browser that runs on this machine: a foreign site must not be able to read
(Host check against DNS rebinding, framing, CORP) or to decide (SameSite=Strict session cookie, token, Origin) in that browser.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import re
import secrets
from collections.abc import Callable, Iterable
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

SESSION_COOKIE = "mailbot_session"
MAX_BODY = 1_000_000
"""Bytes of a form; the longest draft anybody writes is far below."""
BODY_SECONDS = 15
MAX_FIELDS = 500

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
"""On every answer, unless the answer sets its own."""

Refuse = Callable[[Request, int, str, str], Response]
"""refuse(request, status, what happened, what to do): an error page in the desk's own design."""

_BOUNCE = '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0"><title>mailbot</title><p>One moment …</p>'


class Guard:
    """ASGI middleware around every route.

    It leaves in `request.state`: `token` (for forms), and on POST `form` (a dict of lists).
    """

    def __init__(self, app: ASGIApp, *, secret: bytes, hosts: Iterable[str], refuse: Refuse) -> None:
        self.app = app
        self.secret = secret
        self.hosts = frozenset(host.lower() for host in hosts)
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        session = request.cookies.get(SESSION_COOKIE, "")
        known = bool(re.fullmatch("[0-9a-f]{32}", session))
        session = session if known else secrets.token_hex(16)
        request.state.token = csrf_token(self.secret, session)
        request.state.form = {}
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if not known and not bounced and request.method == "GET":  # a foreign form must not end this session
                    headers.append("Set-Cookie", f"{SESSION_COOKIE}={session}; Path=/; HttpOnly; SameSite=Strict")
            await send(message)

        bounced = not known and _came_from_elsewhere(request)
        try:
            answer = HTMLResponse(_BOUNCE) if bounced else await self._check(request, known)
            await (answer or self.app)(scope, receive, guarded)
        except Exception:
            log.exception("%s %s failed", request.method, request.url.path)
            if started:
                raise
            sorry = self.refuse(
                request, 500, "Something broke inside mailbot.", "Nothing was changed by it. The log says what it was."
            )
            await sorry(scope, receive, guarded)

    async def _check(self, request: Request, known: bool) -> Response | None:
        """Return the refusal of a request that may not go on, else None; a form is read here."""
        headers = request.headers
        if not host_allowed(headers.get("host", ""), self.hosts):
            return self.refuse(
                request, 421, "This address is not the desk's.", "Open the page under the address that mailbot printed."
            )
        if request.method in ("GET", "HEAD"):
            return None
        if request.method != "POST":
            return self.refuse(request, 405, "The page does not do that.", "Go back to the queue.")
        if not same_origin(headers):
            return self.refuse(
                request, 403, "Another site tried to decide here.", "Nothing was changed. Decide on this page itself."
            )
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
            return self.refuse(request, 415, "That is not one of this page's forms.", "Send it as a form of this page.")
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _read(request)
            request.state.form = parse_form(body)
        except _TooLarge:
            return self.refuse(request, 413, "That is more text than the page takes.", "Shorten it to less than a megabyte.")
        except (TimeoutError, ClientDisconnect):
            return self.refuse(request, 408, "The form did not arrive whole.", "Send it again.")
        except ValueError:
            return self.refuse(request, 400, "The form cannot be read.", "Reload the page and send it again.")
        token = request.state.form.get("token", [""])[0]
        if not known or not hmac.compare_digest(token.encode(), request.state.token.encode()):
            return self.refuse(
                request,
                403,
                "This form is from an earlier session.",
                "Nothing was changed. Go back, reload the page and decide again; if you wrote a text, copy it from below.",
            )
        return None


def csrf_token(secret: bytes, session: str) -> str:
    """Return the token that belongs to a session cookie."""
    return hmac.new(secret, b"form:" + session.encode(), sha256).hexdigest()


def host_allowed(host: str, hosts: Iterable[str]) -> bool:
    """Return whether a Host header names this machine's loopback interface, or a host that the config allows."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return False
    if name == "localhost" or name in hosts:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def same_origin(headers: Headers) -> bool:
    """Return whether a POST comes from a page of this very host, as far as the headers say.

    Under our own `no-referrer` policy browsers send `Origin: null` with a form (Fetch 3.2, append a request Origin header), and
    then Sec-Fetch-Site, which no page can forge, has to vouch for it. A client without either is a script: the token decides.
    """
    site = headers.get("sec-fetch-site", "")
    if site and site != "same-origin":
        return False
    origin = headers.get("origin", "")
    if origin == "null":
        return bool(site)
    return not origin or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def parse_form(body: bytes) -> dict[str, list[str]]:
    """Return the fields of an urlencoded form, control characters but tab and line feed removed. Raises ValueError."""
    fields: dict[str, list[str]] = {}
    for name, value in parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"):
        clean = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", value.replace("\r\n", "\n").replace("\r", "\n"))
        fields.setdefault(name, []).append(clean)
    return fields


class _TooLarge(Exception):
    pass


async def _read(request: Request) -> bytes:
    """Return the body. Raises _TooLarge as soon as it is."""
    if int(request.headers.get("content-length") or 0) > MAX_BODY:
        raise _TooLarge
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise _TooLarge
    return bytes(body)


def _came_from_elsewhere(request: Request) -> bool:
    """Return whether this is a link followed from another site: the browser then withholds a Strict cookie that it may have.

    Answering with a new cookie would void the forms of every open tab, so the page is asked for once more from here.
    """
    headers = request.headers
    return request.method == "GET" and headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-dest") == "document"
