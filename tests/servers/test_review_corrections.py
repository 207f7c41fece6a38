"""What people correct on the page, over HTTP, on the real ledger, desk and worker; and what they have remembered."""

from __future__ import annotations

import html
import re
from pathlib import Path

import httpx
import pytest

from mailbot.core.lifecycle import State
from mailbot.core.supplier_files import hints_to_json
from mailbot.core.supplier_hints import Hint, SupplierHints
from mailbot.errors import BadInput
from mailbot.extract import answers
from tests.servers.review_desk import SeededDesk, config_in
from tests.servers.test_review_decisions import act_as, post

DUE = {"place": "0", "version": "0", "due_date": "3.12.2026", "total": "3,972.00"}
"""The form of the sample invoice: the due date as it was read, and another total."""


def suppliers_in(folder: Path) -> dict[str, str]:
    directory = config_in(folder).suppliers_dir
    return {one.name: one.read_text(encoding="utf-8") for one in directory.iterdir()} if directory.is_dir() else {}


async def digest_of(client: httpx.AsyncClient, address: str) -> str:
    page = await client.get(address)
    assert page.status_code == 200
    found = re.search(r'name="digest" value="([0-9a-f]{64})"', page.text)
    assert found, page.text
    return found[1]


@pytest.mark.parametrize("item", ["invoice", "approve"])
async def test_a_correction_leads_back_to_the_rules(desk: SeededDesk, client: httpx.AsyncClient, item: str) -> None:
    await act_as(client, "anna")
    answer = await post(client, desk, item, "correct", tab="review", **DUE)
    number = desk.items[item]
    assert (answer.status_code, answer.headers["location"]) == (303, f"/items/{number}?tab=review&did=correct&item={number}")
    assert await desk.state(item) is State.READ
    last = (await desk.ledger.history(number))[-1]
    assert (last.event, last.actor) == ("corrected", "anna (unauthenticated)")
    assert last.cause == "total of NP-2026-0418.pdf: 3927.00 → 3972.00"
    assert '"correction",1,' in last.detail
    view = await desk.desk.view(number)
    assert view.reading is not None
    total = view.reading.documents[0].field("total")
    assert total is not None
    assert (total.value, total.by) == ("3972.00", "anna")
    page = (await client.get(f"/items/{number}?tab=review")).text
    assert "corrected by anna, was 3927.00" in page
    assert "fields were corrected" in page
    assert "3,972.00 EUR" in (await client.get("/?tab=moving")).text
    assert await desk.ledger.verify() == []


@pytest.mark.parametrize(
    ("values", "status", "says"),
    [
        ({"total": "39x"}, 422, "&#39;39x&#39; is no amount"),
        ({"due_date": "03/12/2026"}, 422, "Due date: &#39;03/12/2026&#39; may be 2026-12-03 or 2026-03-12"),
        ({"iban": "DE03 1203 0000 0000 2020 51"}, 422, "check digits that do not fit"),
        ({"currency": "EURO$"}, 422, "is not one currency"),
        ({"total": "3,927.00"}, 422, "othing is different from what was read"),
        ({"total": "1.00", "place": "9"}, 422, "has no document 10"),
        ({"total": "1.00", "place": "x"}, 422, "does not say which document"),
        ({"total": "1.00", "version": "1"}, 409, "were corrected meanwhile"),
    ],
)
async def test_what_cannot_be_is_refused_and_what_was_written_stays(
    desk: SeededDesk, client: httpx.AsyncClient, values: dict[str, str], status: int, says: str
) -> None:
    before = await desk.fingerprint()
    answer = await post(client, desk, "invoice", "correct", **({"place": "0", "version": "0"} | values))
    assert (answer.status_code, says in answer.text) == (status, True), answer.text[:20000]
    name, written = next(iter(values.items()))
    if values.get("place") is None:
        assert re.search(rf'name="{name}"[^>]* value="{re.escape(written)}"', answer.text)
        assert '<details class="correct" open>' in answer.text
    assert await desk.fingerprint() == before


async def test_nothing_is_corrected_without_the_form_or_by_an_approver_alone(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    before, address = await desk.fingerprint(), f"/items/{desk.items['invoice']}"
    assert (await client.get(f"{address}/correct?total=1.00&place=0&version=0")).status_code in (404, 405)
    assert (await client.post(f"{address}/correct", data=DUE)).status_code == 403
    assert (await client.post(f"{address}/remember/0", data={"digest": "0" * 64})).status_code == 403
    await act_as(client, "ben")
    refused = await post(client, desk, "invoice", "correct", **DUE)
    assert (refused.status_code, "en is not a reviewer" in refused.text) == (422, True)
    assert await desk.fingerprint() == before


async def test_a_sent_item_can_no_longer_be_corrected(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    for item in ("sent", "queued"):
        answer = await post(client, desk, item, "correct", **DUE)
        assert (answer.status_code, await desk.state(item)) == (422, State(item))
        assert "Correct the fields" not in (await client.get(f"/items/{desk.items[item]}")).text


async def test_a_value_that_is_none_is_taken_away(desk: SeededDesk, client: httpx.AsyncClient) -> None:
    await act_as(client, "mei")
    assert (await post(client, desk, "invoice", "correct", place="0", version="0", due_date="")).status_code == 303
    page = (await client.get(f"/items/{desk.items['invoice']}")).text
    assert "Due date: there is none, says mei; 2026-12-03 was read." in page


async def test_what_is_remembered_is_what_was_shown(desk: SeededDesk, client: httpx.AsyncClient, tmp_path: Path) -> None:
    await act_as(client, "mei")
    address = f"/items/{desk.items['invoice']}/remember/0"
    nothing = await client.get(address)
    assert (nothing.status_code, "othing was corrected on that document" in nothing.text) == (404, True)
    await post(client, desk, "invoice", "correct", place="0", version="0", subtotal="3300", iban="", currency="EUR", po_number="")
    before = await desk.fingerprint()
    page = (await client.get(address)).text
    shown = re.findall(r'<span class="(comment|new|kept)">(.*?)</span>', page)
    assert suppliers_in(tmp_path) == {}
    assert await desk.fingerprint() == before

    answer = await client.post(address, data={"token": await _token(client), "digest": await digest_of(client, address)})
    assert (answer.status_code, "did=remember" in answer.headers["location"]) == (303, True)
    assert "Remembered for the supplier" in (await client.get(answer.headers["location"])).text
    ((name, text),) = suppliers_in(tmp_path).items()
    assert name == "nordlicht-papier-gmbh.learnt.yaml"
    assert text.splitlines() == [html.unescape(line) for _, line in shown]
    last = (await desk.ledger.history(desk.items["invoice"]))[-1]
    assert (last.event, last.actor, last.before) == ("remembered", "mei (unauthenticated)", last.after)
    assert last.cause == "subtotal of Nordlicht Papier GmbH, in nordlicht-papier-gmbh.learnt.yaml"
    assert "was remembered for the supplier" in (await client.get(f"/items/{desk.items['invoice']}")).text
    assert await desk.ledger.verify() == []
    assert '  subtotal: {label: ["Net"]}' in text


async def test_lines_that_were_shown_before_something_changed_are_not_saved(
    desk: SeededDesk, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    address = f"/items/{desk.items['invoice']}/remember/0"
    await post(client, desk, "invoice", "correct", place="0", version="0", subtotal="3300")
    digest, token = await digest_of(client, address), await _token(client)
    directory = config_in(tmp_path).suppliers_dir
    directory.mkdir()
    other = "supplier: Nordlicht Papier GmbH\nrecognise: {vat_id: DE811569869}\nfields: {tax: {label: [VAT]}}\n"
    (directory / "nordlicht-papier-gmbh.learnt.yaml").write_text(other)
    late = await client.post(address, data={"token": token, "digest": digest})
    assert (late.status_code, "was changed meanwhile" in late.text) == (409, True)
    assert suppliers_in(tmp_path) == {"nordlicht-papier-gmbh.learnt.yaml": other}
    unknown = await client.post(address, data={"token": token, "digest": "0" * 64})
    assert (unknown.status_code, "shown too long ago" in unknown.text) == (409, True)
    await client.post(address, data={"token": token, "digest": await digest_of(client, address)})
    (text,) = suppliers_in(tmp_path).values()
    assert ("  tax: " in text, "  subtotal: " in text) == (True, True)


async def test_what_does_not_stand_on_the_paper_is_said(desk: SeededDesk, client: httpx.AsyncClient, tmp_path: Path) -> None:
    address = f"/items/{desk.items['invoice']}/remember/0"
    await post(client, desk, "invoice", "correct", place="0", version="0", po_number="PO 77")
    page = (await client.get(address)).text
    assert "PO 77 does not stand on the paper" in page
    assert 'name="digest"' not in page
    assert suppliers_in(tmp_path) == {}


async def test_a_worker_cannot_speak_for_a_person_or_of_what_it_was_not_asked() -> None:
    field = {"name": "total", "value": "1.00", "page": 1, "box": None, "confidence": 1.0, "from": "person", "by": "anna"}
    document = {"name": "a", "media_type": "application/pdf", "pages": [], "tables": [], "fields": [field]}
    with pytest.raises(answers.BadAnswer, match="a worker is no person"):
        answers.file({"documents": [document], "members": [], "problems": []}, b"", name="a", digest="")
    supplier = SupplierHints(supplier="x", words=("x",), hints=(Hint(field="iban", value="DE02120300000000202051"),))
    told = {"supplier": hints_to_json([supplier])[0], "fields": ["iban"], "refused": []}
    assert answers.taught(told, ["iban"]).supplier == supplier
    for lie in ({"fields": ["total"]}, {"fields": []}, {"supplier": {"supplier": 7}}, {"refused": [["total", 1]]}):
        with pytest.raises(answers.BadAnswer):
            answers.taught(told | lie, ["iban"] if "fields" not in lie else ["total"])


async def test_a_file_that_is_no_pdf_teaches_nothing(desk: SeededDesk) -> None:
    with pytest.raises(BadInput, match=r"nothing can be learnt from a\.pdf"):
        await desk.app.state.site.extractor.learn("a.pdf", b"%PDF-1.4 broken", "application/pdf", None, {"total": "1.00"})


async def _token(client: httpx.AsyncClient) -> str:
    found = re.search(r'name="token" value="([0-9a-f]{64})"', (await client.get("/")).text)
    assert found
    return found[1]
