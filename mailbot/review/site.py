"""In charge of what every route needs: the ports, the person who acts, and how a page is put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from mailbot.config import Config
from mailbot.core.person import UNAUTHENTICATED
from mailbot.errors import NotFound
from mailbot.ports import Desk, Extractor, Learner, Ledger
from mailbot.review import words
from mailbot.review.glance import Glances
from mailbot.review.pictures import Pictures

HERE = Path(__file__).parent
STATIC = HERE / "static"
PERSON_COOKIE = "mailbot_person"
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The page's surroundings, one for each app. `clock` gives aware times."""

    desk: Desk
    learner: Learner
    ledger: Ledger
    extractor: Extractor
    config: Config
    clock: Callable[[], datetime]
    glances: Glances
    pictures: Pictures
    templates: Environment = field(default_factory=lambda: _environment())

    def show(
        self, request: Request, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
    ) -> HTMLResponse:
        """Return a page or fragment; every template sees `site`, `person`, `token`, `now` and the words."""
        now = self.clock()
        text = self.templates.get_template(template).render(
            desk_name=self.config.desk,
            people=self.config.people,
            person=self.person(request),
            here=_here(request),
            token=getattr(request.state, "token", ""),
            now=now,
            age=lambda then: words.age(now, then),
            **values,
        )
        return HTMLResponse(text, status_code=status, headers=dict(headers or {}))

    def person(self, request: Request) -> str:
        """Return who acts: the person picked in this browser, if the config knows the name."""
        picked = request.cookies.get(PERSON_COOKIE, "")
        return picked if picked in self.config.people else UNAUTHENTICATED


def of_request(request: Request) -> Site:
    """Return the site of the app that serves this request."""
    found: Site = request.app.state.site
    return found


def item_id(request: Request) -> int:
    """Return the item named by the URL. Raises NotFound for a number that no ledger can hold."""
    number = int(request.path_params["item"])
    if not 0 < number <= LARGEST_ID:
        raise NotFound(f"there is no item {number}", remedy="look for it in the queue")
    return number


def _here(request: Request) -> str:
    """Return where to come back to after a form that belongs to no item: this page, or the queue after a failed POST."""
    if request.method != "GET":
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _environment() -> Environment:
    """Return the template environment: everything escaped, an unknown name is an error."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(asset=asset, words=words, nobody=UNAUTHENTICATED)
    return environment


@cache
def asset(name: str) -> str:
    """Return the URL of a static file, which changes with its content."""
    return f"/static/{name}?v={sha256((STATIC / name).read_bytes()).hexdigest()[:10]}"
