"""In charge of putting the review page together: its routes, and an error page for whatever goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from mailbot.config import Config
from mailbot.errors import BadInput, IllegalEvent, MailbotError, NotAllowed, NotFound, Stale, Unreachable, UsageError
from mailbot.ports import Desk, Extractor, Learner, Ledger
from mailbot.review import api, decide, files, queue, remember, sheet
from mailbot.review.glance import Glances
from mailbot.review.guard import Guard
from mailbot.review.pictures import Pictures
from mailbot.review.site import STATIC, Site, of_request


def create_app(
    *,
    desk: Desk,
    learner: Learner,
    ledger: Ledger,
    extractor: Extractor,
    config: Config,
    secret: bytes,
    clock: Callable[[], datetime],
) -> Starlette:
    """Return the page as an ASGI app. `secret` signs form tokens: with a new one, forms that are open must be reloaded."""
    app = Starlette(
        routes=[
            Route("/", queue.queue),
            Route("/queue", queue.queue_fragment),
            Route("/status", queue.status),
            Route("/status/parts", queue.status_fragment),
            Route("/items/{item:int}", sheet.sheet),
            Route("/items/{item:int}/news", sheet.news),
            Route("/items/{item:int}/body.html", files.body),
            Route("/items/{item:int}/original", files.original),
            Route("/items/{item:int}/files/{sha256}", files.attachment),
            Route("/items/{item:int}/pages/{sha256}/{page:int}.png", files.picture),
            Route("/items/{item:int}/remember/{place:int}", remember.proposal),
            Route("/items/{item:int}/remember/{place:int}", remember.remember, methods=["POST"]),
            Route("/items/{item:int}/{deed}", decide.decide, methods=["POST"]),
            Route("/person", decide.choose_person, methods=["POST"]),
            Route("/api/items", api.items),
            Route("/api/items/{item:int}", api.item),
            Route("/favicon.ico", _icon),
            Mount("/static", _Static(directory=STATIC)),
        ],
        middleware=[Middleware(Guard, secret=secret, hosts=(config.review.host, *config.review.hosts), refuse=_refuse)],
        exception_handlers={MailbotError: _mailbot_error, HTTPException: _http_error},
    )
    app.state.site = Site(
        desk=desk,
        learner=learner,
        ledger=ledger,
        extractor=extractor,
        config=config,
        clock=clock,
        glances=Glances(ledger),
        pictures=Pictures(),
    )
    return app


class _Static(StaticFiles):
    """The page's own files; their URLs change with their content, so browsers may keep them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = "public, max-age=86400"
        return answer


async def _icon(request: Request) -> Response:
    """Answer browsers that ask for the icon by its old name, beside a picture or a file."""
    return FileResponse(STATIC / "icon.svg")


_STATUS: tuple[tuple[type[MailbotError], int, str], ...] = (
    (NotFound, 404, "There is nothing here."),
    (Stale, 409, "Somebody was quicker."),
    (IllegalEvent, 409, "The item has moved on."),
    (NotAllowed, 403, "This is not for you to decide."),
    (BadInput, 422, "That cannot be read."),
    (UsageError, 400, "The address is not right."),
    (Unreachable, 503, "A part of mailbot does not answer."),
)


async def _mailbot_error(request: Request, error: Exception) -> Response:
    """Answer an error of mailbot's own with a page that says whose fault it is and what to do."""
    assert isinstance(error, MailbotError)  # noqa: S101  Starlette hands over only what is registered
    status, title = next(
        ((status, title) for kind, status, title in _STATUS if isinstance(error, kind)), (500, "Something is wrong.")
    )
    return _error_page(request, status, title, error.args[0] if error.args else "", error.remedy)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    if error.status_code == 404:
        return _error_page(request, 404, "There is no such page.", "", "go to the queue")
    if error.status_code == 405:
        return _error_page(request, 405, "The page does not do that.", "", "go to the queue")
    return _error_page(request, error.status_code, "That did not work.", str(error.detail), "go to the queue")


def _refuse(request: Request, status: int, happened: str, remedy: str) -> Response:
    """Answer a request that the guard did not let through; a text that came with it is shown, to be copied."""
    text = request.state.form.get("text", [""])[0]
    return _error_page(request, status, happened, "", remedy, unsaved=text)


def _error_page(request: Request, status: int, title: str, detail: str, remedy: str, *, unsaved: str = "") -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": f"{title} {detail}".strip(), "remedy": remedy}, status_code=status)
    site = of_request(request)
    return site.show(request, "error.html", status=status, code=status, title=title, detail=detail, remedy=remedy, unsaved=unsaved)
