"""The queue, the sheet, files, pictures, the API and the error pages, over HTTP; and the server that serves them."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import httpx
import pytest

from mailbot.core.draft import Draft, Grounded
from mailbot.core.lifecycle import State
from mailbot.errors import ConfigError
from mailbot.review.pictures import Pictures
from mailbot.review.server import serve
from mailbot.review.sheet import loose_ends, pieces, same_text
from mailbot.review.tabs import TABS
from tests.servers.review_desk import HOME, SeededDesk, put, seeded_desk
from tests.servers.review_samples import Sample, invoice_pdf


def test_every_state_stands_in_one_tab() -> None:
    assert sorted(state for tab in TABS for state in tab.states) == sorted(State)


async def test_each_item_stands_in_its_tab_and_nowhere_else(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    pages = {tab.key: (await client.get("/", params={"tab": tab.key})).text for tab in TABS}
    for name, item in desk.items.items():
        state = await desk.state(name)
        assert [key for key, text in pages.items() if f'id="item-{item}"' in text] == [
            tab.key for tab in TABS if state in tab.states
        ]
    assert "3,927.00 EUR" in pages["review"]
    assert "large invoices" in pages["review"]
    assert "photos.zip unpacks to 4.5 GB" in pages["decide"]


async def test_the_queue_is_searched_and_paged(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    for number in range(60):
        await put(
            desk.ledger,
            Sample(name="more", state=State.RECEIVED, subject=f"Bulk {number}", sender="b@x.example"),
            uid=1000 + number,
        )
    first = (await client.get("/?tab=moving")).text
    assert first.count('class="line"') == 50
    oldest = min(int(part.split('"')[0]) for part in first.split('id="item-')[1:])
    second = (await client.get("/", params={"tab": "moving", "before": oldest})).text
    assert second.count('class="line"') == 13
    assert "Bulk 17" in (await client.get("/?tab=moving&q=bulk 17")).text
    nothing = (await client.get("/?tab=moving&q=zebra%00%3Cb%3E")).text
    assert "Nothing here matches" in nothing
    assert "zebra&lt;b&gt;" in nothing
    for odd in ("before=x", "before=99999999999999999999999", "tab=nonsense", "before=-1"):
        assert (await client.get(f"/?{odd}")).status_code == 200


async def test_a_mail_without_subject_and_sender_says_so(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    for state, tab, called in ((State.RECEIVED, "moving", "mail, not read yet"), (State.FINISHED, "done", "no subject")):
        bare = Sample(name="bare", state=state, subject="", sender="", reason="nobody to reply to")
        number = await put(desk.ledger, bare, uid=2000 + len(called))
        line = (await client.get(f"/?tab={tab}")).text.split(f'id="item-{number}"')[1].split("</a>")[0]
        assert called in line
        assert "dropped" not in line
    assert "<h1>no subject</h1>" in (await client.get(f"/items/{number}")).text


async def test_a_fragment_is_sent_only_when_something_changed(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    def seen(text: str) -> str:
        return text.split("seen=")[1].split('"')[0]

    fragment = (await client.get("/queue")).text
    assert (await client.get("/queue", params={"seen": seen(fragment)})).status_code == 204
    await desk.desk.reject(desk.items["chinese"], "mei", "no")
    changed = await client.get("/queue", params={"seen": seen(fragment)})
    assert changed.status_code == 200
    assert 'hx-swap-oob="innerHTML:#live"' in changed.text
    assert f'id="item-{desk.items["chinese"]}"' not in changed.text


async def test_an_open_sheet_hears_of_news(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    item = desk.items["chinese"]
    seen = (await desk.ledger.history(item))[-1].seq
    url = f"/items/{item}/news"
    assert (await client.get(url, params={"seen": seen})).status_code == 204
    await desk.desk.edit(item, "anna", "Another text.")
    news = await client.get(url, params={"seen": seen})
    assert "the draft was edited by anna" in news.text
    quiet = await client.get(url, params={"seen": seen, "quiet": "1"})
    assert quiet.headers["hx-refresh"] == "true"


async def test_an_empty_desk_says_so(tmp_path: Path) -> None:
    async with (
        seeded_desk(tmp_path / "empty", empty=True) as desk,
        httpx.AsyncClient(transport=httpx.ASGITransport(desk.app), base_url=HOME) as client,
    ):
        assert "No mail has come in yet" in (await client.get("/")).text
        status = (await client.get("/status")).text
        assert "No part has said anything yet" in status
        assert "holds no item yet" in status


async def test_status_puts_trouble_first(client: httpx.AsyncClient) -> None:
    text = (await client.get("/status")).text
    assert 0 < text.index("imap:support") < text.index("folder:scans") < text.index("imap:payables")
    assert "the server does not answer" in text


@pytest.mark.parametrize("path", ["/items/999", "/items/0", f"/items/{10**30}", "/nowhere", "/items/x", "/items/999/body.html"])
async def test_what_is_not_there_is_a_page_with_a_way_on(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert "To the queue" in answer.text


async def test_a_broken_part_is_a_page_without_a_traceback(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    await desk.ledger.close()
    for file in desk.ledger.state_dir.glob("*"):
        if file.is_file():
            file.write_bytes(b"not a database" * 500)
    answer = await client.get("/")
    assert answer.status_code >= 500
    assert "Traceback" not in answer.text
    assert "content-security-policy" in answer.headers


async def test_files_are_saved_not_shown(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    view = await desk.desk.view(desk.items["invoice"])
    assert view.reading
    assert view.reading.message
    (attached,) = view.reading.message.attachments
    answer = await client.get(f"/items/{view.item.id}/files/{attached.sha256}")
    assert answer.content == invoice_pdf()
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith('attachment; filename="NP-2026-0418.pdf"')
    original = await client.get(f"/items/{view.item.id}/original")
    assert original.content == await desk.ledger.blob(view.item.sha256)
    assert "attachment" in original.headers["content-disposition"]
    other = desk.items["chinese"]
    for digest in (attached.sha256, "0" * 64, "x"):
        assert (await client.get(f"/items/{other}/files/{digest}")).status_code == 404


async def test_a_page_is_drawn_in_a_worker_and_kept(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    view = await desk.desk.view(desk.items["invoice"])
    assert view.reading
    url = f"/items/{view.item.id}/pages/{view.reading.documents[0].sha256}"
    first = await client.get(f"{url}/1.png")
    assert first.headers["content-type"] == "image/png"
    assert first.content.startswith(b"\x89PNG")
    assert desk.app.state.site.pictures.bytes_kept == len(first.content)
    assert (await client.get(f"{url}/1.png")).content == first.content
    assert (await client.get(f"{url}/2.png")).status_code == 404
    assert (await client.get(f"/items/{desk.items['chinese']}/pages/{'0' * 64}/1.png")).status_code == 404


async def test_a_line_that_does_not_add_up_is_marked(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    text = (await client.get(f"/items/{desk.items['invoice']}")).text
    assert "Line items (2)" in text
    assert text.count('<tr class="wrong"') == text.count('<rect class="wrong"') == 1
    assert '<p class="note wrong">page 1, line 2 (Envelopes C5): 40 x 7.90 is 316.00, the line says 312.00</p>' in text
    assert "120 boxes" in text


async def test_pictures_are_bounded_and_drawn_once() -> None:
    pictures, drawn = Pictures(kept_bytes=250), []

    async def get(key: str) -> bytes:
        async def draw() -> bytes:
            drawn.append(key)
            await asyncio.sleep(0)
            return key.encode() * 100

        return await pictures.get(key, draw)

    assert await asyncio.gather(*(get("a") for _ in range(5))) == [b"a" * 100] * 5
    for key in "bca":
        await get(key)
    assert pictures.bytes_kept <= 250
    assert drawn == ["a", "b", "c", "a"]


def test_a_draft_is_cut_at_its_marks() -> None:
    marks = [(-3, 2), (0, 2), (1, 4), (5, 5), (6, 9), (8, 99)]
    draft = Draft(text="ab cd efg", made_by="model", grounding=tuple(Grounded(span=span, kind="number") for span in marks))
    cut = pieces(draft, ())
    assert "".join(piece.text for piece in cut) == draft.text
    assert [piece.text for piece in cut if piece.mark] == ["ab", "efg"]
    assert loose_ends(
        Draft(text="1 2 1", made_by="model", grounding=(Grounded(span=(0, 1), kind="number"), Grounded(span=(4, 5), kind="number")))
    ) == {"1": "number"}


def test_a_text_box_changes_line_ends_only() -> None:
    assert same_text("a\nb\n", "a  \r\nb")
    assert not same_text("a\nb", "a b")


async def test_the_api_reads_what_the_page_shows(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    listed = (await client.get("/api/items", params={"state": ["in_review", "sent"], "limit": "3"})).json()
    assert {one["state"] for one in listed} <= {"in_review", "sent"}
    assert len(listed) == 3
    one = (await client.get(f"/api/items/{desk.items['invoice']}")).json()
    assert one["route"]["rule"] == "large invoices"
    assert one["recipients"] == ["billing@nordlicht.example"]
    assert one["drafts"][0]["grounding"][0]["source"]["place"] == "mail"
    assert one["history"][0]["event"] == "arrived"
    for bad in ("state=nonsense", "limit=0", "limit=x", "limit=501", "before=-3"):
        answer = await client.get(f"/api/items?{bad}")
        assert answer.status_code == 400
        assert answer.json()["remedy"]
    assert (await client.get("/api/items/999")).json()["error"]


async def test_the_server_takes_a_free_port_and_stops(desk: SeededDesk, capfd: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    async with serve(desk.app, "127.0.0.1", 0) as url:
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
        async with httpx.AsyncClient() as client:
            answer = await client.get(url)
        assert answer.status_code == 200
        assert "server" not in answer.headers
        port = int(url.rstrip("/").rpartition(":")[2])
        with pytest.raises(ConfigError, match="cannot listen"):
            async with serve(desk.app, "127.0.0.1", port):
                raise AssertionError("the port was taken")
    with pytest.raises(httpx.ConnectError):
        await httpx.AsyncClient().get(url)
    assert capfd.readouterr().out == ""


async def test_the_server_stops_though_a_client_hangs() -> None:
    entered = asyncio.Event()

    async def hanging(scope: object, receive: object, send: object) -> None:
        entered.set()
        await asyncio.Event().wait()

    async with asyncio.timeout(60):
        async with serve(hanging, "127.0.0.1", 0) as url:
            port = int(url.rstrip("/").rpartition(":")[2])
            _, silent = await asyncio.open_connection("127.0.0.1", port)
            _, asking = await asyncio.open_connection("127.0.0.1", port)
            asking.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            await entered.wait()
        for writer in (silent, asking):
            writer.close()
