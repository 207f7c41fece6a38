"""What the page refuses: foreign hosts and sites, forms without a token, too much text; and that looking changes nothing."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Mount, Route

from mailbot.core.lifecycle import State
from mailbot.review.files import disarm, file_name
from mailbot.review.guard import MAX_BODY, host_allowed, parse_form
from tests.servers.review_desk import HOME, SeededDesk, put
from tests.servers.review_samples import hostile_sample
from tests.servers.test_review_decisions import drafts, post, token


def get_paths(desk: SeededDesk, item: int, sha256: str) -> list[str]:
    """Return one path for every route that answers GET."""
    paths = ["/static/desk.css", "/static/nothing-here"]
    for route in desk.app.routes:
        if isinstance(route, Route) and "GET" in (route.methods or ()):
            values = {"{item:int}": str(item), "{sha256}": sha256, "{page:int}": "1", "{place:int}": "0"}
            path = route.path
            for name, value in values.items():
                path = path.replace(name, value)
            assert "{" not in path
            paths.append(path)
        else:
            assert isinstance(route, Mount) or route.methods == {"POST"}
    return paths


async def test_looking_changes_nothing(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    view = await desk.desk.view(desk.items["invoice"])
    assert view.reading
    before = await desk.fingerprint()
    paths = get_paths(desk, view.item.id, view.reading.documents[0].sha256)
    assert len(paths) > 12
    for method in ("GET", "HEAD", "OPTIONS"):
        for path in paths:
            answer = await client.request(method, path)
            assert answer.status_code in ((200, 204, 404) if method != "OPTIONS" else (405,)), (method, path)
    for deed in ("accept", "approve", "reject", "close", "retry"):
        for item in desk.items.values():
            assert (await client.get(f"/items/{item}/{deed}", params={"why": "x", "version": "1"})).status_code == 405
    assert await desk.fingerprint() == before


async def test_every_answer_carries_the_headers(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    view = await desk.desk.view(desk.items["invoice"])
    assert view.reading
    for path in [*get_paths(desk, view.item.id, view.reading.documents[0].sha256), "/nowhere", "/items/999999"]:
        headers = (await client.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy
        assert "frame-ancestors 'self'" in policy if path.endswith("body.html") else "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"]
    cookie = (await httpx.AsyncClient(transport=httpx.ASGITransport(desk.app), base_url=HOME).get("/")).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


@pytest.mark.parametrize(
    ("headers", "with_token", "status"),
    [
        ({}, "", 403),
        ({}, "0" * 64, 403),
        ({"Origin": "http://evil.example"}, "own", 403),
        ({"Origin": "http://127.0.0.1:9999"}, "own", 403),
        ({"Origin": "null"}, "own", 403),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, "own", 403),
        ({"Sec-Fetch-Site": "same-site"}, "own", 403),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, "own", 303),
        ({"Origin": HOME, "Sec-Fetch-Site": "same-origin"}, "own", 303),
        ({}, "own", 303),
    ],
)
async def test_only_a_form_of_this_page_decides(
    desk: SeededDesk, client: httpx.AsyncClient, headers: dict[str, str], with_token: str, status: int
) -> None:
    own = await token(client)
    before = await desk.fingerprint()
    form = {"token": own if with_token == "own" else with_token, "why": "because", "text": "What I wrote."}
    answer = await client.post(f"/items/{desk.items['chinese']}/reject", data=form, headers=headers)
    assert answer.status_code == status
    assert (await desk.fingerprint() == before) is (status == 403)


async def test_a_token_is_worth_nothing_in_another_session(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(desk.app), base_url=HOME) as other:
        stolen = await token(other)
    await token(client)
    form = {"token": stolen, "why": "because"}
    assert (await client.post(f"/items/{desk.items['chinese']}/reject", data=form)).status_code == 403
    client.cookies.clear()
    assert (await client.post(f"/items/{desk.items['chinese']}/reject", data=form)).status_code == 403
    assert await desk.state("chinese") is State.IN_REVIEW


async def test_a_foreign_form_does_not_end_the_session(desk: SeededDesk) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(desk.app), base_url=HOME) as fresh:
        answer = await fresh.post("/person", data={"person": "anna"}, headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_a_form_of_an_earlier_session_gives_the_text_back(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    form = {"token": "0" * 64, "text": "Half an hour of <work>."}
    answer = await client.post(f"/items/{desk.items['chinese']}/edit", data=form)
    assert answer.status_code == 403
    assert "Half an hour of &lt;work&gt;." in answer.text
    foreign = await client.post(f"/items/{desk.items['chinese']}/edit", data=form, headers={"Origin": "http://evil.example"})
    assert "Half an hour" not in foreign.text
    assert len(await drafts(desk, "chinese")) == 1


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1:8025", True), ("localhost", True), ("LOCALHOST:1", True), ("[::1]:8025", True), ("127.8.8.8", True),
        ("desk.internal:80", True), ("evil.example", False), ("127.0.0.1.evil.example", False), ("127.evil", False), ("", False),
        ("localhost.evil.example", False), ("[::1", False), ("192.168.1.4:8025", False), ("0.0.0.0", False),
    ],
)  # fmt: skip
def test_hosts(host: str, allowed: bool) -> None:
    assert host_allowed(host, ("desk.internal",)) is allowed


async def test_a_rebound_name_sees_nothing(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    answer = await client.get("/", headers={"Host": "evil.example:8025"})
    assert answer.status_code == 421
    assert "Nordlicht" not in answer.text
    assert (await client.get("/api/items", headers={"Host": "evil.example"})).status_code == 421


async def test_forms_that_are_too_large_or_not_forms(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    own = await token(client)
    url = f"/items/{desk.items['chinese']}/edit"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await client.post(url, data={"token": own, "text": "x" * MAX_BODY})).status_code == 413

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"x" * 50_000

    assert (await client.post(url, content=endless(), headers=form)).status_code == 413
    assert (await client.post(url, files={"text": b"x"}, data={"token": own})).status_code == 415
    assert (await client.post(url, json={"token": own})).status_code == 415
    assert (await client.post(url, content=b"token=\xff\xfe", headers=form)).status_code == 400
    assert (await client.post(url, content=b"text=%ff%fe", headers=form)).status_code == 400
    assert (await client.post(url, content=b"&".join([b"a=b"] * 2000), headers=form)).status_code == 400
    assert (await client.put(url, content=b"x")).status_code == 405
    assert len(await drafts(desk, "chinese")) == 1


@given(st.binary(max_size=200))
def test_any_bytes_are_a_form_or_a_value_error(body: bytes) -> None:
    try:
        fields = parse_form(body)
    except ValueError:
        return
    assert all(re.search(r"[\x00-\x08\x0b-\x1f]", value) is None for values in fields.values() for value in values)


async def test_hostile_text_is_shown_and_does_nothing(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    item = await put(desk.ledger, hostile_sample(), uid=900)
    for path in ("/", f"/items/{item}", "/?q=<script>alert(1)</script>", "/queue", f"/items/{item}/body.html"):
        text = (await client.get(path)).text
        assert not re.search(r"<script(?! src=\"/static/)|<img[^>]*onerror|javascript:|<iframe(?! sandbox=\"\")", text), path
    answer = await post(client, SeededDesk(app=desk.app, ledger=desk.ledger, desk=desk.desk, items={"x": item}), "x", "reject")
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    "html",
    [
        '<img src="http://evil.example/a.gif">', "<img srcset='http://evil.example/a.gif 2x'>", '<a href="http://evil.example">x</a>',
        '<a href="javascript:alert(1)">x</a>', "<script>fetch('http://evil.example')</script>", "<svg onload=alert(1)>",
        '<table background="http://evil.example/a.gif"><tr><td background="http://evil.example/b.gif">x</table>',
        '<style>@import "http://evil.example/a.css"</style>', '<p style="background:url(http://evil.example/a.gif)">x</p>',
        '<meta http-equiv="refresh" content="0;url=http://evil.example">', '<form action="http://evil.example"><input></form>',
        '<iframe src="http://evil.example"></iframe>', '<link rel="stylesheet" href="http://evil.example">',
        '<video poster="http://evil.example/a.gif" src="http://evil.example/v"></video>', '<base href="http://evil.example/">',
        '<object data="http://evil.example"></object>', '<q cite="http://evil.example">x</q>', '<img src="//evil.example/a.gif">',
        '<img src="data:image/svg+xml;base64,PHN2Zz4=">', '<img src="/items/1/original">',
    ],
)  # fmt: skip
def test_mail_html_is_disarmed(html: str) -> None:
    clean = disarm(html + "<p>kept</p>")
    assert "kept" in clean
    assert "evil.example" not in clean
    assert not re.search(r"script|onload|href|src=|style|http-equiv|<form|<input", clean)


def test_a_picture_inside_the_mail_stays() -> None:
    assert 'src="data:image/png;base64,iVBORw0KGgo="' in disarm('<img src="data:image/png;base64,iVBORw0KGgo=" alt="x">')


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("invoice.pdf", "invoice.pdf"), ("../../etc/passwd", "passwd"), ("C:\\temp\\a.exe", "a.exe"), ("", "attachment"),
        ("...", "attachment"), ('a"; filename="b.html', "a_; filename=_b.html"), ("x\r\nSet-Cookie: a", "x__Set-Cookie_ a"),
        ("发票.pdf", "发票.pdf"), ("gpj\u202efdp.exe", "gpj_fdp.exe"), ("a" * 300 + ".pdf", "a" * 116 + ".pdf"),
    ],
)  # fmt: skip
def test_file_names(name: str, safe: str) -> None:
    assert file_name(name) == safe


@given(st.text(max_size=300))
def test_any_name_is_safe(name: str) -> None:
    safe = file_name(name)
    assert 0 < len(safe) <= 120
    assert not re.search(r'[\x00-\x1f/\\"\u202e\ud800-\udfff]', safe)
    safe.encode()
