"""Word files, rich text, calendar invitations and business cards: their words as a person would see them."""

from __future__ import annotations

import io
import zipfile

import docx
import pytest
from docx.document import Document as WordDocument

from mailbot.core.document import Table
from mailbot.extract import calendar_file, rich_text, vcard, word_file
from mailbot.extract.media_type import detect
from mailbot.extract.reader import Found, Limits

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def saved(document: WordDocument, **changed: tuple[str, str]) -> bytes:
    """Return a Word file; `changed` replaces a piece of XML in the main part."""
    out = io.BytesIO()
    document.save(out)
    if not changed:
        return out.getvalue()
    again = io.BytesIO()
    with zipfile.ZipFile(out) as old, zipfile.ZipFile(again, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            for before, after in changed.values():
                part = part.replace(before.encode(), after.encode()) if name == "word/document.xml" else part
            new.writestr(name, part)
    return again.getvalue()


def read(content: bytes) -> Found:
    return word_file.read("a.docx", content, DOCX, Limits())


def text(found: Found) -> str:
    return "\f".join(page.text for page in found.documents[0].pages)


def test_a_word_file_is_read_in_order_with_its_tables() -> None:
    document = docx.Document()
    section = document.sections[0]
    section.header.paragraphs[0].text, section.footer.paragraphs[0].text = "Muster GmbH", "Bank: 12 34"
    document.add_heading("Invoice 12", 1)
    paragraph = document.add_paragraph("for ")
    paragraph.add_run("two").bold = True
    paragraph.add_run("\tpallets\nof bolts")
    table = document.add_table(3, 3)
    for cells, values in zip(table.rows, [["Item", "Qty", "Sum"], ["Bolt", "3", "1.50"], ["Nut", "2", "0.75"]], strict=True):
        for cell, value in zip(cells.cells, values, strict=True):
            cell.text = value
    document.add_paragraph("Total 2.25")
    content = saved(document)
    assert detect("a.bin", content) == DOCX
    found = read(content)
    lines = [line for line in text(found).split("\n") if line]
    assert lines == [
        "Muster GmbH", "Invoice 12", "for two\tpallets", "of bolts", "Item\tQty\tSum", "Bolt\t3\t1.50", "Nut\t2\t0.75",
        "Total 2.25", "Bank: 12 34",
    ]  # fmt: skip
    table_found = Table(columns=("Item", "Qty", "Sum"), rows=(("Bolt", "3", "1.50"), ("Nut", "2", "0.75")), page=1)
    assert found.documents[0].tables == (table_found,)
    assert found.problems == ()


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


@pytest.mark.parametrize(
    "xml",
    [
        "<w:sdt><w:sdtPr><w:alias w:val='x'/></w:sdtPr><w:sdtContent><w:p><w:r><w:t>HERE</w:t></w:r></w:p></w:sdtContent></w:sdt>",
        "<w:p><w:ins><w:r><w:t>HERE</w:t></w:r></w:ins><w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>",
        "<w:p><w:hyperlink><w:r><w:t>HERE</w:t></w:r></w:hyperlink><w:r><w:instrText>gone</w:instrText></w:r></w:p>",
        "<w:p><w:r><w:pict><w:txbxContent><w:p><w:r><w:t>HERE</w:t></w:r></w:p></w:txbxContent></w:pict></w:r></w:p>",
    ],
)
def test_text_in_controls_boxes_links_and_insertions_is_read(xml: str) -> None:
    document = docx.Document()
    document.add_paragraph("MARK")
    found = text(read(saved(document, p=("<w:p><w:r><w:t>MARK</w:t></w:r></w:p>", xml))))
    assert found.strip() == "HERE"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", saved(docx.Document())[:900]])
def test_a_broken_word_file_is_a_problem(content: bytes) -> None:
    assert [problem.code for problem in read(content).problems] == ["unreadable_file"]


@pytest.mark.parametrize(
    ("rtf", "shown"),
    [
        (rb"{\rtf1\ansi Hello \b World\b0\par next\tab cell}", "Hello World\nnext\tcell"),
        (rb"{\rtf1\ansi\ansicpg1251 \'cf\'f0\'e8\'e2\'e5\'f2}", "Привет"),
        (rb"{\rtf1\ansi{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset128 B;}}\f1\'82\'a0\'82\'a2\f0 \'e9}", "あいé"),
        (rb"{\rtf1\uc1 \u8364?5 \u-10179?\u-8704?}", "€5 \U0001f600"),
        (rb"{\rtf1\uc2 \u8364??5{\uc0 \u8364 5}}", "€5€5"),
        (rb"{\rtf1 a{\*\generator gone}{\pict 0a0b}{\info{\title gone}}{\v gone}\v gone\v0 b}", "ab"),
        (rb"{\rtf1 a{\bin5 }}}}}b\~c\{d\}\\}", "ab\u00a0c{d}\\"),
        (rb"{\rtf1{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}{\header head\par}}", "linkhead"),
        (rb"{\rtf1{\shp{\*\shpinst{\sp{\sn n}}{\shptxt box}}}}", "box"),
        (rb"{\rtf1 a}after", "a"),
        (b"", ""),
        (rb"{\rtf1 cut \'e", "cut e"),
    ],
)  # fmt: skip
def test_rich_text(rtf: bytes, shown: str) -> None:
    assert text(rich_text.read("a.rtf", rtf, "", Limits())) == shown


EVENT = """BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
UID:1
DTSTART;TZID=Europe/Berlin:20260503T100000
DTEND;TZID=Europe/Berlin:20260503T113000
SUMMARY:Handover\\, part 2
LOCATION:Hall 3
ORGANIZER;CN="Berg, Anna":mailto:anna@example.org
ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:bob@example.org
ATTENDEE:mailto:carl@example.org
RRULE:FREQ=WEEKLY;COUNT=3
DESCRIPTION:Bring the plans.\\nThanks
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20260510
DTEND;VALUE=DATE:20260513
STATUS:CANCELLED
SUMMARY:Fair
END:VEVENT
BEGIN:VEVENT
DTSTART:20260511T090000Z
DURATION:PT45M
END:VEVENT
END:VCALENDAR
"""


def test_an_invitation_says_who_when_and_where() -> None:
    content = EVENT.replace("\n", "\r\n").encode()
    assert detect("invite.ics", content, "text/calendar; method=REQUEST") == "text/calendar"
    first, second, third = calendar_file.read("invite.ics", content, "text/calendar", Limits()).documents[0].pages
    assert first.text == (
        "Invitation: Handover, part 2\nWhen: 2026-05-03 10:00 to 11:30 (Europe/Berlin)\nRepeats: FREQ=WEEKLY;COUNT=3\n"
        "Where: Hall 3\nOrganizer: Berg, Anna <anna@example.org>\nAttendees: Bob <bob@example.org> (accepted), carl@example.org\n\n"
        "Bring the plans.\nThanks"
    )
    assert second.text == "Cancelled: Fair\nWhen: 2026-05-10 to 2026-05-12"
    assert third.text == "Invitation\nWhen: 2026-05-11 09:00 to 09:45 (UTC)"


@pytest.mark.parametrize("content", [b"no calendar", EVENT.replace("20260503T", "yesterday").encode(), EVENT[:200].encode()])
def test_a_calendar_that_breaks_the_format_is_shown_as_it_stands(content: bytes) -> None:
    found = calendar_file.read("invite.ics", content, "text/calendar", Limits())
    assert "no calendar" in text(found) or "Handover" in text(found)
    assert found.problems == ()


CARDS = b"""BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=
=B6rg;;Dr.;
ORG:Muster GmbH;Purchasing
item1.TEL;TYPE=work:+49 30 1
EMAIL;TYPE="internet":joerg@example.org
ADR:;;Hauptstr. 1\\, Hof;Berlin;;10115;Germany
PHOTO;ENCODING=b:AAAA
 BBBB
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Bob
TEL:tel:+1-555
NOTE:a long
  note
END:VCARD
"""


def test_business_cards() -> None:
    first, second = vcard.read("team.vcf", CARDS, "text/vcard", Limits()).documents[0].pages
    assert first.text == (
        "Name: Dr. Jörg Müller\nOrganisation: Muster GmbH, Purchasing\nTelephone: +49 30 1\nE-mail: joerg@example.org\n"
        "Address: Hauptstr. 1, Hof, 10115 Berlin, Germany"
    )
    assert second.text == "Name: Bob\nTelephone: +1-555\nNote: a long note"
    assert text(vcard.read("x.vcf", b"no card", "text/vcard", Limits())) == "no card"
