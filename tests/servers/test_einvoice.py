"""E-invoices as files: every syntax and profile, PDFs with XML inside, and a hundred hybrids of which thirty were tampered with."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import facturx
import pytest
from lxml import etree

from mailbot.core.document import Document
from mailbot.extract import einvoice, pdf
from mailbot.extract.media_type import detect
from mailbot.extract.reader import Found, Limits
from tests.servers.einvoice_papers import hybrid, page
from tests.servers.einvoice_sales import Sale, cii, sale, ubl, zugferd_1
from tests.servers.einvoice_tampering import FIELD, KINDS, tampered

PROFILES = ("minimum", "basicwl", "basic", "en16931", "extended")
PRICED = sale(0)


def read_xml(content: bytes, name: str = "invoice.xml") -> Found:
    return einvoice.read(name, content, "application/xml", Limits())


def read_pdf(content: bytes) -> Found:
    return pdf.read("a.pdf", content, "application/pdf", Limits())


def codes(found: Found) -> list[str]:
    return [problem.code for problem in found.problems]


def values(document: Document) -> dict[str, str]:
    return {field.name: field.value for field in document.fields}


def expected(one: Sale) -> dict[str, str]:
    return {
        "supplier": one.seller[0], "customer": one.buyer, "invoice_number": one.number, "po_number": one.order,
        "invoice_date": one.issued, "due_date": one.due, "subtotal": f"{one.net:.2f}", "tax": f"{one.tax:.2f}",
        "total": f"{one.gross:.2f}", "currency": one.currency, "iban": one.account, "vat_id": one.seller[1],
    }  # fmt: skip


@pytest.mark.parametrize("seed", [0, 1, 3, 7, 9])  # one rate, several, an allowance, a credit note, prepaid
@pytest.mark.parametrize("write", [cii, zugferd_1, ubl])
def test_every_syntax_gives_every_field_and_line(write: object, seed: int) -> None:
    assert callable(write)
    one = sale(seed)
    content = write(one)
    assert facturx.xml_check_xsd(content)
    found = read_xml(content)
    (document,) = found.documents
    assert codes(found) == (["credit_note"] if one.credit else [])
    assert values(document) == expected(one)
    assert {(field.origin, field.confidence) for field in document.fields} == {("xml", 1.0)}
    (table,) = document.tables
    assert [(row[1], row[2], row[4], row[6]) for row in table.rows] == [
        (name, str(quantity), str(price), str(amount))
        for (name, quantity, price, _), amount in zip(one.lines, one.amounts(), strict=True)
    ]
    assert one.number in document.pages[0].text


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_is_read_as_far_as_it_says_something(profile: str) -> None:
    one = replace(PRICED, prepaid=Decimal("10.00"))
    content = cii(one, profile)
    assert facturx.xml_check_xsd(content, flavor="factur-x", level=profile)
    found = read_xml(content)
    missing = {"iban", "due_date"} if profile == "minimum" else set()
    assert values(found.documents[0]) == {name: value for name, value in expected(one).items() if name not in missing}
    assert found.problems == ()
    assert bool(found.documents[0].tables) == (profile not in ("minimum", "basicwl"))


def test_xml_is_known_by_its_bytes_whatever_it_is_called() -> None:
    assert detect("rechnung", ubl(PRICED)) == "application/xml"
    assert detect("rechnung.txt", ubl(PRICED)) == "application/xml"
    assert detect("rechnung.xml", etree.tostring(etree.fromstring(ubl(PRICED)), encoding="UTF-16")) == "application/xml"
    assert detect("page.xhtml", b"<?xml version='1.0'?><html><body>x</body></html>") == "text/html"


def test_xml_of_any_encoding_is_read() -> None:
    for encoding in ("UTF-16", "ISO-8859-1"):
        content = etree.tostring(etree.fromstring(ubl(PRICED)), encoding=encoding, xml_declaration=True)
        assert values(read_xml(content).documents[0]) == expected(PRICED)


def test_other_xml_stays_text() -> None:
    found = read_xml(b"<note><to>Anna</to></note>")
    assert found.problems == ()
    assert found.documents[0].pages[0].text == "<note><to>Anna</to></note>"
    assert found.documents[0].fields == ()


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ("</Invoice>", "", "broken_einvoice", "malformed"),
        ("schema:xsd:Invoice-2", "schema:xsd:Invoice-9", "unknown_einvoice", "Invoice-9"),
        ("<cbc:ID>RE-", "<cbc:ID/><cbc:ID>RE-", "", ""),
        (f">{PRICED.gross}</cbc:TaxInclusiveAmount>", "></cbc:TaxInclusiveAmount>", "invalid_einvoice", "no total with tax"),
        (
            f">{PRICED.gross}</cbc:TaxInclusiveAmount>",
            ">1,5</cbc:TaxInclusiveAmount>",
            "invalid_einvoice",
            "'1,5', which is no amount",
        ),
        (f">{PRICED.gross}</cbc:TaxInclusiveAmount>", ">1.50</cbc:TaxInclusiveAmount>", "invalid_einvoice", "(BT-112) is 1.50"),
        (f"<cbc:ID>{PRICED.account}", f"<cbc:ID>{PRICED.account[:-1]}", "invalid_einvoice", "is no IBAN"),
    ],
)
def test_what_is_wrong_with_an_invoice_is_said(old: str, new: str, code: str, says: str) -> None:
    assert old in ubl(replace(PRICED, number="RE-7")).decode()
    found = read_xml(ubl(replace(PRICED, number="RE-7")).decode().replace(old, new).encode())
    assert set(codes(found)) == ({code} if code else set())
    assert says in "".join(problem.detail for problem in found.problems)
    assert len(found.documents) == 1


def test_an_envelope_is_opened_and_two_different_invoices_in_it_agree_on_little() -> None:
    body = [ubl(one).partition(b"?>")[2].decode() for one in (PRICED, replace(PRICED, number="Z-9"))]
    wrap = "<StandardBusinessDocument><StandardBusinessDocumentHeader/>{}</StandardBusinessDocument>"
    assert values(read_xml(wrap.format(body[0]).encode()).documents[0]) == expected(PRICED)
    assert codes(read_xml(wrap.format(body[0] * 2).encode())) == []
    found = read_xml(wrap.format("".join(body)).encode())
    assert codes(found) == ["einvoice_conflict"]
    wanted = expected(PRICED)
    del wanted["invoice_number"]
    assert values(found.documents[0]) == wanted


def test_supporting_documents_in_the_xml_are_members() -> None:
    sheet = b"day;hours\n1;8\n"
    one, other = ubl(PRICED).decode(), cii(PRICED).decode()
    attached = (
        "<cac:AdditionalDocumentReference><cbc:ID>1</cbc:ID><cac:Attachment>{}</cac:Attachment></cac:AdditionalDocumentReference>"
    )
    body = '<cbc:EmbeddedDocumentBinaryObject mimeCode="text/csv" filename="a/hours.csv">{}</cbc:EmbeddedDocumentBinaryObject>'
    first = read_xml(
        one.replace("<cac:Accounting", attached.format(body.format(b64encode(sheet).decode())) + "<cac:Accounting", 1).encode()
    )
    assert [(member.name, member.content) for member in first.members] == [("invoice.xml/hours.csv", sheet)]
    body = f"<ram:AttachmentBinaryObject>{b64encode(sheet).decode()}</ram:AttachmentBinaryObject>"
    attached = f"<ram:AdditionalReferencedDocument>{body}</ram:AdditionalReferencedDocument></ram:ApplicableHeaderTradeAgreement>"
    second = read_xml(other.replace("</ram:ApplicableHeaderTradeAgreement>", attached).encode())
    assert [(member.name, member.content) for member in second.members] == [("invoice.xml/file 1", sheet)]
    broken = read_xml(one.replace("<cac:Accounting", "<cac:AdditionalDocumentReference/><cac:Accounting", 1).encode())
    assert broken.members == ()


def test_a_hybrid_states_its_fields_and_shows_where_they_stand() -> None:
    found = read_pdf(hybrid(page(PRICED, layout=0), cii(PRICED)))
    (document,) = found.documents
    assert values(document) == expected(PRICED)
    assert {field.origin for field in document.fields} == {"xml"}
    assert (found.problems, found.members) == ((), ())
    total = document.field("total")
    assert total is not None
    assert total.page == 1
    plain = read_pdf(page(PRICED, layout=0)).documents[0].field("total")
    assert plain is not None
    assert total.box == plain.box
    assert document.tables[-1].columns[1] == "description"


@pytest.mark.parametrize("listed", [True, False], ids=["listed", "only associated"])
@pytest.mark.parametrize("name", ["factur-x.xml", "ZUGFeRD-invoice.xml", "zugferd-invoice.xml", "xrechnung.xml", "Rechnung 7.xml"])
def test_the_xml_is_found_under_any_name_wherever_the_pdf_keeps_it(name: str, listed: bool) -> None:
    content = hybrid(page(PRICED, layout=1), zugferd_1(PRICED) if name[0] in "Zz" else cii(PRICED), name, listed=listed)
    found = read_pdf(content)
    assert values(found.documents[0]) == expected(PRICED)
    assert codes(found) == []


def test_a_hybrid_made_by_factur_x_itself_is_read() -> None:
    made = facturx.generate_from_binary(page(PRICED, layout=2), cii(PRICED), flavor="factur-x", level="en16931")
    assert values(read_pdf(made).documents[0]) == expected(PRICED)


def test_other_files_inside_are_members() -> None:
    found = read_pdf(
        hybrid(page(PRICED, layout=0), cii(PRICED), "factur-x.xml", ("../times.csv", b"a;b\n1;2\n"), ("x.xml", b"<x/>"))
    )
    assert [(one.name, one.content) for one in found.members] == [("a.pdf/times.csv", b"a;b\n1;2\n"), ("a.pdf/x.xml", b"<x/>")]
    assert values(found.documents[0]) == expected(PRICED)


def test_broken_xml_inside_leaves_the_page_and_is_said() -> None:
    found = read_pdf(hybrid(page(PRICED, layout=0), cii(PRICED)[:-40]))
    assert {field.origin for field in found.documents[0].fields} == {"text"}
    (member,) = found.members
    assert member.name == "a.pdf/factur-x.xml"
    assert codes(einvoice.read(member.name, member.content, "application/xml", Limits())) == ["broken_einvoice"]
    assert codes(read_xml(b"nothing of the kind", "a.pdf/factur-x.xml")) == ["broken_einvoice"]
    assert codes(read_xml(b"<other/>", "a.pdf/factur-x.xml")) == ["unknown_einvoice"]


def test_two_invoices_inside_that_say_the_same_are_one() -> None:
    both = hybrid(page(PRICED, layout=0), cii(PRICED, "basicwl"), "factur-x.xml", ("xrechnung.xml", ubl(PRICED)))
    found = read_pdf(both)
    assert codes(found) == []
    assert [table.page for table in found.documents[0].tables] == [1, None]  # the page's own, and the XML's once
    other = replace(PRICED, stated={"gross": PRICED.gross + 1, "payable": PRICED.gross + 1})
    found = read_pdf(hybrid(page(PRICED, layout=0), cii(PRICED), "factur-x.xml", ("xrechnung.xml", ubl(other))))
    assert codes(found) == ["einvoice_conflict"]
    total = found.documents[0].field("total")
    assert total is not None
    assert total.origin == "text"


def test_a_hundred_hybrids_of_which_thirty_were_tampered_with() -> None:
    """Six sellers of six countries, three layouts, one and two rates, reverse charge, discounts, prepaid, credit notes, no IBAN
    on the page; the thirty differ in total, tax, IBAN or number, by one digit or wholly, on the page or in the XML."""
    missed, false = [], []
    for seed in range(200, 300):
        one = sale(seed)
        kind = KINDS[seed // 10 * 3 % len(KINDS) + seed % 3 - len(KINDS)] if seed % 10 < 3 else ""
        kind = "total" if kind == "tax" and not one.tax else kind
        other = tampered(one, kind, seed) if kind else one
        seen, stated = (other, one) if seed % 2 else (one, other)
        style = ("", "' .,"[::3] + ".", " ,")[seed % 3] if seed % 5 == 4 else ""
        drawn = page(
            seen, layout=seed // 6 % 3, style=style[:1] + style[-1:] if style else "", show=() if seed % 10 == 5 else ("iban",)
        )
        write = zugferd_1 if seed % 8 == 6 else ubl if seed % 8 == 1 else cii
        details = [one.detail for one in read_pdf(hybrid(drawn, write(stated))).problems if one.code == "einvoice_mismatch"]
        if kind and not any(f" {FIELD[kind]}: the XML says " in detail for detail in details):
            missed.append((seed, kind, details))
        if not kind and details:
            false.append((seed, details))
    assert missed == []
    assert false == []


def test_the_command_line_reads_hybrids_and_xml(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("right.pdf", "wrong.pdf", "invoice.xml")]
    files[0].write_bytes(hybrid(page(PRICED, layout=0), cii(PRICED), "factur-x.xml", ("hours.csv", b"day;hours\n1;8\n2;7\n")))
    files[1].write_bytes(hybrid(page(tampered(PRICED, "total", 1), layout=0), cii(PRICED)))
    files[2].write_bytes(ubl(PRICED))
    run = subprocess.run(
        [sys.executable, "-m", "mailbot", "extract", "--json", *map(str, files)],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    right, wrong, plain = json.loads(run.stdout)
    assert run.returncode == 1
    for one in (right, wrong, plain):
        assert {field["name"]: field["value"] for field in one["documents"][0]["fields"]} == expected(PRICED)
        assert {field["from"] for field in one["documents"][0]["fields"]} == {"xml"}
    assert [one["name"] for one in right["documents"]] == ["right.pdf", "right.pdf/hours.csv"]
    assert (right["problems"], plain["problems"]) == ([], [])
    assert [(one["code"], one["severity"]) for one in wrong["problems"]] == [
        ("line_sum_differs", "error"),  # the page's own lines do not make the total that was put there
        ("einvoice_mismatch", "error"),
    ]
