"""The reply as bytes: whatever goes in is read back the same, and nothing that goes in can add a header or a recipient."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core import mime, reply
from mailbot.core.message import Address, Message
from mailbot.core.route import Route
from mailbot.errors import ConfigError

DESK = Address(name="Accounts Payable", address="payables@desk.example")
NOON = datetime(2026, 11, 3, 12, 0, tzinfo=timezone(timedelta(hours=1)))
INVOICE = Message(
    subject="Invoice 4711",
    from_=(Address(name="Jürgen Groß", address="jg@lieferant.example"),),
    date="2026-11-03T10:22:00+01:00",
    message_id="<4711@lieferant.example>",
    text="Please find our invoice.\n\nRegards\n",
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
hostile = st.text(st.sampled_from('aé中\r\n\t "\\<>@,;:=?%.\x00\x85\u2028\ud800'), max_size=60)
modest = settings(max_examples=60, deadline=None)


def write(**changes: Any) -> bytes:
    """Compose with defaults."""
    values: dict[str, Any] = {
        "sender": DESK,
        "recipients": ("jg@lieferant.example",),
        "subject": "Re: Invoice 4711",
        "text": "Thank you.\n",
        "message": INVOICE,
        "message_id": "<reply.1@desk.example>",
        "date": NOON,
    }
    return reply.compose(**values | changes)


def read(raw: bytes) -> EmailMessage:
    """Parse as any other program would, and check what holds for every mail we write."""
    assert b"\n" not in raw.replace(b"\r\n", b""), "a bare line feed"
    assert b"\r" not in raw.replace(b"\r\n", b""), "a bare carriage return"
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert not parsed.defects
    return parsed


def text_of(parsed: EmailMessage) -> str:
    body = parsed.get_body()
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def lines_of(text: str) -> str:
    """What a text becomes: its line ends made one kind, and one at the end."""
    text = re.sub("\r\n?", "\n", text)
    return text if text.endswith("\n") else text + "\n"


@modest
@given(text=texts)
def test_any_text_is_read_back_the_same(text: str) -> None:
    assert text_of(read(write(text=text))) == lines_of(text)


@modest
@given(subject=texts)
def test_any_subject_is_read_back_the_same_but_for_white_space(subject: str) -> None:
    assert read(write(subject=subject))["subject"] == mime.clean(subject)


@modest
@given(name=hostile, subject=hostile, filename=hostile, media_type=hostile, loop=hostile, text=hostile)
def test_no_value_can_add_a_header_or_a_recipient(
    name: str, subject: str, filename: str, media_type: str, loop: str, text: str
) -> None:
    asked = replace(
        INVOICE, message_id=loop, references=(loop, "<a@b>"), from_=(Address(name=name, address="jg@lieferant.example"),)
    )
    raw = write(
        sender=replace(DESK, name=name), subject=subject, text=text, message=asked, attachments=[(filename, media_type, b"x")]
    )
    parsed = read(raw)
    known = {"From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "X-Mailbot-Loop", "MIME-Version"}
    assert set(parsed.keys()) <= known | {"Content-Type"}
    assert [one.addr_spec for one in parsed["to"].addresses] == ["jg@lieferant.example"]
    assert [one.addr_spec for one in parsed["from"].addresses] == [DESK.address]
    assert len(list(parsed.iter_attachments())) == 1


@modest
@given(
    files=st.lists(
        st.tuples(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=120), st.binary()), max_size=3
    )
)
def test_attachments_arrive_with_name_and_bytes(files: list[tuple[str, bytes]]) -> None:
    parsed = read(write(attachments=[(name, "application/pdf", raw) for name, raw in files]))
    found = [(one.get_filename(), one.get_payload(decode=True)) for one in parsed.iter_attachments()]
    assert found == files
    assert text_of(parsed) == "Thank you.\n"


def test_a_name_is_read_back_whatever_it_holds() -> None:
    for name in ('Müller, "Jo" <x@y>', "Kai =?utf-8?q?x?= Bo", "供应商有限公司", "a" * 150, "O'Brien (Sales)", "back\\slash"):
        sender = read(write(sender=replace(DESK, name=name)))["from"].addresses
        assert [(one.display_name, one.addr_spec) for one in sender] == [(name, DESK.address)]


def test_a_mail_attached_whole_is_not_encoded_as_a_message() -> None:
    (part,) = read(write(attachments=[("mail.eml", "message/rfc822", b"Subject: x\r\n\r\ny")])).iter_attachments()
    assert part.get_content_type() == "application/octet-stream"
    assert part.get_content() == b"Subject: x\r\n\r\ny"


def test_threading_headers_stay_whole_with_ids_of_100_characters() -> None:
    ids = [f"<{n:02}{'x' * 80}@mail.supplier.example>" for n in range(40)]
    raw = write(message=replace(INVOICE, message_id=ids[-1], references=tuple(ids[:-1])))
    head = raw.partition(b"\r\n\r\n")[0].decode()
    assert f"In-Reply-To: {ids[-1]}\r\n" in head
    assert "=?" not in head[head.index("In-Reply-To") :]
    parsed = read(raw)
    assert str(parsed["references"]).split() == [ids[0], *ids[-19:]]
    assert str(parsed["in-reply-to"]) == ids[-1]


def test_in_reply_to_of_the_mail_stands_in_for_missing_references() -> None:
    asked = replace(INVOICE, in_reply_to="<0@a.example>")
    assert str(read(write(message=asked))["references"]).split() == ["<0@a.example>", "<4711@lieferant.example>"]
    assert read(write(message=None))["references"] is None


def test_the_same_values_give_the_same_bytes() -> None:
    files = [("a.pdf", "application/pdf", b"1"), ("b.csv", "text/csv", b"2")]
    assert write(attachments=files) == write(attachments=files)


def test_only_mail_that_no_person_saw_says_auto_submitted() -> None:
    assert read(write())["auto-submitted"] is None
    assert read(write(automatic=True))["auto-submitted"] == "auto-replied"
    assert read(write(automatic=True, message=None))["auto-submitted"] == "auto-generated"
    assert read(write())[reply.LOOP_HEADER] == DESK.address


def test_plain_text_stays_readable_in_the_raw_bytes() -> None:
    assert b"7bit\r\n\r\nThank you.\r\n" in write()
    assert b"quoted-printable" in write(text="Sehr geehrter Herr Groß, danke für Ihre Rechnung.\n")
    assert b"base64" in write(text="发票已收到，谢谢。\n")
    assert b"quoted-printable" in write(text="x" * 2000)


def test_an_international_domain_is_written_in_its_ascii_form() -> None:
    assert b"To: jg@xn--mller-kva.example\r\n" in write(recipients=("jg@müller.example",), message=None)
    assert "To: jürgen@firma.example\r\n".encode() in write(recipients=("jürgen@firma.example",), message=None)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b\r\nBcc: c@d",
        "a b@c",
        "<a@b>",
        "a@b,c@d",
        '"a b"@c',
        "a@exa＞mple.example",
        "a@b@c",
        "\u3000a@b",
        "a\u2003b@c",
        "ü" * 70 + "@x.example",
    ],
)
def test_what_is_no_address_is_nobodys(address: str) -> None:
    assert mime.routable(address) == ""
    assert reply.recipients(replace(INVOICE, from_=(Address(address=address),)), Route(), ()) == ()
    with pytest.raises(ConfigError, match="not a mail address"):
        write(recipients=(address,))


def test_a_message_id_or_date_that_is_none_is_refused() -> None:
    for changes in ({"message_id": "reply.1@desk.example"}, {"message_id": "<a@b>\r\nBcc: c@d"}, {"date": datetime(2026, 1, 1)}):
        with pytest.raises(ValueError, match="Message-ID in angle brackets"):
            write(**changes)


def test_one_recipient_rule_first_then_reply_to_then_from_never_ourselves() -> None:
    own = frozenset({DESK.address})
    many = tuple(Address(address=f"{n}@list.example") for n in range(300))
    assert reply.recipients(INVOICE, Route(), own) == ("jg@lieferant.example",)
    assert reply.recipients(replace(INVOICE, reply_to=many), Route(), own) == ("0@list.example",)
    assert reply.recipients(replace(INVOICE, reply_to=(Address(address="Payables@Desk.example"),)), Route(), own) == (
        "jg@lieferant.example",
    )
    assert reply.recipients(INVOICE, Route(reply_to=" boss@desk.example "), own) == ("boss@desk.example",)
    assert reply.recipients(INVOICE, Route(reply_to=DESK.address), own) == ()
    assert reply.recipients(None, Route(), own) == ()
    assert reply.recipients(None, Route(reply_to="boss@desk.example"), own) == ("boss@desk.example",)


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        ("Invoice", "Re: Invoice"),
        ("RE: Re: AW: Invoice", "Re: Invoice"),
        ("Re[2]: SV: Invoice", "Re: Invoice"),
        ("回复：发票", "Re: 发票"),
        ("答复: Re: 发票", "Re: 发票"),
        ("Reminder: Invoice", "Re: Reminder: Invoice"),
        ("Fwd: Invoice", "Re: Fwd: Invoice"),
        ("two\r\nBcc: x@y.example", "Re: two Bcc: x@y.example"),
        ("", "Re: (no subject)"),
        ("re:", "Re: (no subject)"),
        ("x" * 100_000, "Re: " + "x" * 400),
        ("Re: " * 100_000, "Re: (no subject)"),
    ],
)
def test_subject_has_one_prefix(original: str, expected: str) -> None:
    assert reply.subject(replace(INVOICE, subject=original), Route()) == expected


def test_the_rules_subject_wins() -> None:
    assert reply.subject(INVOICE, Route(subject="Your\norder")) == "Your order"
    assert reply.subject(None, Route()) == ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"automatic": "it is from a mailing list"}, "mailing list"),
        ({"auto_submitted": True}, "machine"),
        ({"from_": ()}, "no sender"),
        ({"from_": (Address(name="x"),)}, "no sender"),
        ({"from_": (Address(address="PAYABLES@desk.example"),)}, "this desk itself"),
        ({"from_": (Address(address="MAILER-DAEMON@mx.example"),)}, "mail server"),
    ],
)
def test_what_is_never_answered(changes: dict[str, Any], reason: str) -> None:
    assert reason in reply.why_never(replace(INVOICE, **changes), {DESK.address})


def test_an_ordinary_mail_may_be_answered() -> None:
    assert reply.why_never(INVOICE, {DESK.address}) == ""


def test_quote_says_who_wrote_when_and_marks_each_line() -> None:
    assert reply.quote(replace(INVOICE, text="Hello\n\n> older\nbye\n")) == (
        "On 2026-11-03 10:22 +0100, Jürgen Groß <jg@lieferant.example> wrote:\n> Hello\n>\n>> older\n> bye\n"
    )
    assert reply.quote(INVOICE, "de-AT").startswith("Am 2026-11-03 10:22 +0100 schrieb Jürgen Groß")
    assert reply.quote(Message(text="x")) == "On ?, ? wrote:\n> x\n"
    long = reply.quote(replace(INVOICE, text="x\n" * 10_000)).splitlines()
    assert len(long) == reply.MOST_QUOTED + 2
    assert long[-1] == "> […]"


def test_a_date_in_utc_is_written_as_such() -> None:
    assert read(write(date=datetime(2026, 11, 3, tzinfo=UTC)))["date"] == "Tue, 03 Nov 2026 00:00:00 +0000"
