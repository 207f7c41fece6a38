"""In charge of handing out what strangers sent: attachments, the original, page pictures and the mail's HTML, all disarmed."""

from __future__ import annotations

import asyncio
import base64
import re
from hashlib import sha256
from urllib.parse import quote
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mailbot.errors import BadInput, NotFound, WorkerUnavailable
from mailbot.review.sheet import drawable
from mailbot.review.site import item_id, of_request

PICTURE_WIDTHS = (1000, 1800)
"""In the text column, and when a person opens the picture itself."""
RENDER_GRACE = 10

_MAIL_STYLE = (
    "html{color-scheme:light;background:#fff;color:#1b2430}"
    "body{margin:14px;font:14px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}"
    "table{border-collapse:collapse}td,th{padding:2px 6px;vertical-align:top}img{max-width:100%;height:auto}"
    "blockquote{margin:8px 0 8px 4px;padding-left:10px;border-left:3px solid #cdd5e0;color:#55606e}pre{white-space:pre-wrap}"
)
MAIL_POLICY = (
    "sandbox; default-src 'none'; img-src data:; "
    f"style-src 'sha256-{base64.b64encode(sha256(_MAIL_STYLE.encode()).digest()).decode()}'; frame-ancestors 'self'"
)
FILE_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"
_IMAGE_DATA = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
_UNSAFE_IN_NAME = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]')


async def body(request: Request) -> Response:
    """Return the HTML of the mail for the sandboxed frame: sanitised once more, without anything remote, links dead."""
    site, item = of_request(request), item_id(request)
    view = await site.desk.view(item)
    message = view.reading.message if view.reading else None
    if message is None or not message.html:
        raise NotFound(f"item {item} has no HTML", remedy="read its text on the item's page")
    inner = await asyncio.to_thread(disarm, message.html)
    page = f'<!doctype html><html lang=""><meta charset="utf-8"><title>Mail</title><style>{_MAIL_STYLE}</style><body>{inner}'
    return HTMLResponse(page, headers={"Content-Security-Policy": MAIL_POLICY, "X-Frame-Options": "SAMEORIGIN"})


def disarm(html: str) -> str:
    """Return HTML without scripts, styles, frames, forms, live links or anything that a browser would fetch."""
    import nh3

    attributes = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
    attributes["a"] = {"title"}

    def keep(tag: str, name: str, value: str) -> str | None:
        if name in ("src", "href", "cite", "longdesc", "background"):
            return value if tag == "img" and name == "src" and _IMAGE_DATA.fullmatch(value) else None
        return value

    return nh3.clean(html, attributes=attributes, attribute_filter=keep, url_schemes={"data"}, link_rel=None)


async def attachment(request: Request) -> Response:
    """Return one attachment or document of an item, to be saved and not shown."""
    site, item = of_request(request), item_id(request)
    digest = request.path_params["sha256"]
    view = await site.desk.view(item)
    names = {view.item.sha256: view.item.name}
    if view.reading:
        names |= {one.sha256: one.name for one in view.reading.documents if one.sha256}
        if view.reading.message:
            names |= {one.sha256: one.filename for one in view.reading.message.attachments}
    if digest not in names:
        raise NotFound(f"item {item} has no such file", remedy="open it from the item's page")
    return _download(names[digest], await site.ledger.blob(digest))


async def original(request: Request) -> Response:
    """Return the mail or file as it came in, to be saved and not shown."""
    site = of_request(request)
    item = await site.ledger.item(item_id(request))
    return _download(item.name, await site.ledger.blob(item.sha256))


def _download(name: str, content: bytes) -> Response:
    """Return bytes that no browser will interpret, under a name that no file system will either."""
    safe = file_name(name)
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", safe)
    headers = {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}",
        "Content-Security-Policy": FILE_POLICY,
    }
    return Response(content, media_type="application/octet-stream", headers=headers)


def file_name(name: str) -> str:
    """Return the last part of a sender's file name, without characters that systems or eyes would take for something else."""
    last = re.split(r"[/\\]", name)[-1]
    safe = _UNSAFE_IN_NAME.sub("_", last).strip(". ")
    if len(safe) > 120:
        stem, dot, ending = safe.rpartition(".")
        safe = stem[: 119 - len(ending)] + dot + ending if dot and len(ending) <= 10 else safe[:120]
    return safe or "attachment"


async def picture(request: Request) -> Response:
    """Return one page of a document as PNG, drawn in a worker; what cannot be drawn is a small picture that says why."""
    site, item = of_request(request), item_id(request)
    digest, number = request.path_params["sha256"], int(request.path_params["page"])
    width = PICTURE_WIDTHS[1] if request.query_params.get("large") else PICTURE_WIDTHS[0]
    view = await site.desk.view(item)
    document = next(
        (one for one in (view.reading.documents if view.reading else ()) if (one.sha256 or view.item.sha256) == digest), None
    )
    if document is None or not drawable(document.media_type) or number not in {page.number for page in document.pages}:
        raise NotFound(f"item {item} has no such page", remedy="open it from the item's page")

    async def draw() -> bytes:
        async with asyncio.timeout(site.config.extract.wall_seconds + RENDER_GRACE):
            content = await site.ledger.blob(digest)
            sender = view.item.sender
            return (await site.extractor.render(document.name, content, number, width=width, sender=sender)).png

    try:
        png = await site.pictures.get(f"{digest}/{number}/{width}", draw)
    except (BadInput, WorkerUnavailable) as error:
        return _excuse(str(error))
    except TimeoutError:
        return _excuse("drawing this page took too long; download the file instead")
    return Response(
        png, media_type="image/png", headers={"Cache-Control": "private, max-age=3600", "Content-Security-Policy": FILE_POLICY}
    )


def _excuse(why: str) -> Response:
    text = escape(why if len(why) < 90 else why[:89] + "…")
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 120"><rect width="800" height="120" fill="#8881"/>'
        '<text x="400" y="54" text-anchor="middle" font-family="sans-serif" font-size="17" fill="#888">'
        f'This page could not be drawn</text><text x="400" y="82" text-anchor="middle" font-family="sans-serif" '
        f'font-size="14" fill="#888">{text}</text></svg>'
    )
    return Response(svg, status_code=200, media_type="image/svg+xml", headers={"Content-Security-Policy": FILE_POLICY})
