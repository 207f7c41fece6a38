"""Mail as it really comes: what is the body, what is an attachment, who wrote, and which mail is never answered."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.message import Address, Message
from mailbot.extract import mail, media_type, mime

HEAD = b"From: Anna <anna@example.org>\r\nTo: desk@example.org\r\nSubject: Order 12\r\n"


def read(content: bytes) -> Message:
    return mail.read(content).message


def test_an_ordinary_mail_is_read_whole() -> None:
    message = read(
        HEAD
        + b"Cc: B <b@example.org>, c@example.org\r\nReply-To: office@example.org\r\nMessage-ID: <1@example.org>\r\n"
        + b"In-Reply-To: <0@example.org>\r\nReferences: <a@example.org>\r\n <0@example.org>\r\n"
        + b"Date: Tue, 3 Nov 2026 10:00:00 +0100\r\nAuthentication-Results: mx.example.org; dkim=pass\r\n\r\nwords\r\n"
    )
    assert message.sender == Address(name="Anna", address="anna@example.org")
    assert [one.address for one in message.cc] == ["b@example.org", "c@example.org"]
    assert message.reply_to == (Address(address="office@example.org"),)
    assert (message.message_id, message.in_reply_to) == ("<1@example.org>", "<0@example.org>")
    assert message.references == ("<a@example.org>", "<0@example.org>")
    assert message.date == "2026-11-03T10:00:00+01:00"
    assert message.text == "words\n"
    assert message.automatic == ""
    assert message.authentication == ("mx.example.org; dkim=pass",)


def test_plain_and_html_of_one_body_are_no_attachments_and_the_rest_are() -> None:
    built = EmailMessage()
    built["From"] = "a@example.org"
    built.set_content("plain words")
    built.add_alternative('<p>rich <b>words</b><img src="cid:logo"></p>', subtype="html")
    built.get_payload()[1].add_related(b"\x89PNG\r\n\x1a\n", "image", "png", cid="<logo>")  # type: ignore[union-attr, index]
    built.add_attachment(b"a;b\n", maintype="text", subtype="csv", filename="preise größe.csv")
    message = read(built.as_bytes())
    assert message.text == "plain words\n"
    assert "<b>words</b>" in message.html
    assert [(one.filename, one.media_type) for one in message.attachments] == [
        ("attachment-1.png", "image/png"),
        ("preise größe.csv", "text/csv"),
    ]


def test_html_alone_is_rendered_as_text() -> None:
    message = read(
        HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>Total: <b>12&nbsp;\xe2\x82\xac</b></p><script>x()</script>"
    )
    assert message.text.strip() == "Total: 12 €"
    assert message.attachments == ()


def test_a_blank_plain_part_does_not_hide_what_the_html_says() -> None:
    made = EmailMessage()
    made.set_content(" \n")
    made.add_alternative("<p>When will you pay invoice 123?</p>", subtype="html")
    message = read(made.as_bytes())
    assert (message.text.strip(), message.new_text.strip()) == ("When will you pay invoice 123?",) * 2


def test_a_second_text_part_is_kept_as_an_attachment() -> None:
    content = HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nfirst\r\n--b\r\n\r\nsecond\r\n--b--\r\n'
    parsed = mail.read(content)
    assert parsed.message.text == "first"
    assert [leaf.content for leaf in parsed.leaves] == [b"second"]


@pytest.mark.parametrize(
    ("html", "gone"),
    [
        ('<img src="https://tracker.example/x.gif" alt="logo">', "tracker"),
        ('<p style="background:url(https://tracker.example/x)">x</p>', "tracker"),
        ('<link rel="stylesheet" href="https://tracker.example/x.css">', "tracker"),
        ("<style>@import 'https://tracker.example/x';</style>", "tracker"),
        ('<table background="https://tracker.example/x"><tr><td>x</td></tr></table>', "tracker"),
        ('<a href="javascript:alert(1)">x</a>', "javascript"),
        ('<p onclick="alert(1)">x</p>', "onclick"),
        ("<svg><script>alert(1)</script></svg>", "alert"),
        ('<iframe srcdoc="<script>alert(1)</script>"></iframe>', "iframe"),
        ('<form action="https://tracker.example"><input name="password"></form>', "form"),
        ('<meta http-equiv="refresh" content="0;url=https://tracker.example">', "tracker"),
        ('<video poster="https://tracker.example/x"></video>', "tracker"),
    ],
)
def test_html_for_the_page_loads_and_runs_nothing(html: str, gone: str) -> None:
    message = read(HEAD + b"Content-Type: text/html\r\n\r\n" + html.encode() + b"<p>kept</p>")
    assert gone not in message.html
    assert "kept" in message.html


def test_a_link_stays_and_tells_no_referrer() -> None:
    message = read(HEAD + b"Content-Type: text/html\r\n\r\n<a href='https://example.org/order'>order</a>")
    assert 'href="https://example.org/order"' in message.html
    assert "noreferrer" in message.html


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (b"Auto-Submitted: auto-replied (vacation)", "Auto-Submitted"),
        (b"Return-Path: <>", "Return-Path"),
        (b"List-Id: <list.example.org>", "list-id"),
        (b"List-Unsubscribe: <mailto:x@example.org>", "list-unsubscribe"),
        (b"Precedence: Bulk", "Precedence"),
        (b"X-Auto-Response-Suppress: All", "X-Auto-Response-Suppress"),
        (b"X-Autoreply: yes", "x-autoreply"),
        (b"X-Mailbot-Loop: 1", "robot"),
        (b"X-Mailbot-Truncated: 60000000", "robot"),
        (b"Content-Type: multipart/report; boundary=b; report-type=delivery-status", "report"),
        (b"From: Mail Delivery System <MAILER-DAEMON@mx.example.org>", "not read"),
        (b"From: MAILER-DAEMON (Mail Delivery)", "not read"),
        (b"From: no-reply@shop.example", "not read"),
        (b"From: donotreply+17@shop.example", "not read"),
        (b"Subject: Automatic reply: Order", "subject"),
        (b"Subject: =?utf-8?q?R=C3=A9ponse_automatique?= : x", "subject"),
    ],
)
def test_a_mail_that_must_never_be_answered_says_why(lines: bytes, words: str) -> None:
    name = lines.partition(b":")[0]
    head = b"".join(line + b"\r\n" for line in HEAD.splitlines() if not line.startswith(name + b":"))
    assert words in read(head + lines + b"\r\n\r\nwords").automatic


@pytest.mark.parametrize("line", [b"Auto-Submitted: no", b"X-Auto-Response-Suppress: None", b"Precedence: first-class"])
def test_a_persons_mail_may_be_answered(line: bytes) -> None:
    message = read(HEAD + line + b"\r\n\r\nwords")
    assert message.automatic == ""
    assert not message.auto_submitted


def test_a_decoded_subject_name_or_filename_holds_no_line_break() -> None:
    content = (
        b"From: =?utf-8?q?A=0D=0ABcc=3A_x?= <a@example.org>\r\nSubject: =?utf-8?q?hello=0D=0ABcc=3A_evil@example.org?=\r\n"
        b'Content-Type: application/x-thing; name="=?utf-8?q?a=0Ab=2F..=2Fc.pdf?="\r\n\r\nx'
    )
    message = read(content)
    assert message.subject == "hello Bcc: evil@example.org"
    assert message.from_[0].name == "A Bcc: x"
    assert message.attachments[0].filename == "c.pdf"


@pytest.mark.parametrize(
    ("charset", "body", "words"),
    [
        (b"utf-8", "Größe €".encode(), "Größe €"),
        (b"iso-8859-1", "Preis 5 €".encode("cp1252"), "Preis 5 €"),
        (b"gb2312", "发票金额".encode("gb18030"), "发票金额"),
        (b"no-such-charset", "Größe".encode(), "Größe"),
        (b"us-ascii", "Größe".encode("cp1252"), "Größe"),
        (b"utf-8", "Größe und noch mehr Worte".encode("cp1252"), "Größe und noch mehr Worte"),
        (b"rot13", b"words", "words"),
        (b"iso-2022-jp", "請求書".encode("iso2022_jp"), "請求書"),
    ],
)
def test_a_wrong_or_unknown_charset_still_gives_the_words(charset: bytes, body: bytes, words: str) -> None:
    message = read(HEAD + b"Content-Type: text/plain; charset=" + charset + b"\r\n\r\n" + body)
    assert message.text == words


def test_a_lost_boundary_a_missing_end_and_a_missing_blank_line_lose_nothing() -> None:
    head = HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    part = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK"
    for body in (b"--b\r\n" + part, b"--b\r\n" + part + b"\r\n--b--", b"--other\r\n" + part + b"\r\n--other--\r\n"):
        parsed = mail.read(head + body)
        assert [leaf.content for leaf in parsed.leaves] == [b"%PDF-1.4\n"]
    assert read(HEAD + b"words without a blank line\r\nand more").text == "words without a blank line\nand more"


def test_files_uuencoded_in_the_text_are_attachments() -> None:
    content = HEAD + b"\r\nhello\r\nbegin 644 a.txt\r\n%=V]R9',\r\n`\r\nend\r\nbye\r\n"
    parsed = mail.read(content)
    assert [(leaf.attachment.filename, leaf.content) for leaf in parsed.leaves] == [("a.txt", b"words")]
    assert "hello" in parsed.message.text
    assert "begin" not in parsed.message.text


HOSTILE = {
    "a long address line": b"To: " + b"<a@example.org>, " * 9000 + b"\n\nx",
    "a long encoded word": b"Subject: =?utf-8?q?" + b"=41" * 900_000 + b"?=\n\nx",
    "many encoded words": b"Subject: " + b"=?utf-8?b?QUJD?= " * 100_000 + b"\n\nx",
    "100,000 parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 100_000,
    "1,500 nested multiparts": b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(1500))
    + b"\nx",
    "the same boundary nested": b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" * 1500,
    "nested comments": b"From: " + b"(" * 3000 + b")" * 3000 + b" a@example.org\n\nx",
    "a megabyte of header": b"X: " + b"y" * 1_500_000 + b"\nSubject: late\n\nx",
    "50,000 header lines": b"X: y\n" * 50_000 + b"\nx",
    "lines that are no header": b"Subject: x\n" + b"no header\n" * 50_000 + b"Y: z\n\nx",
    "only line breaks": b"\n" * 300_000,
    "only spaces": HEAD + b"\n" + b" \n" * 300_000,
    "unclosed quotes": b'From: "' * 20_000 + b"\n\nx",
    "parameters without end": b"Content-Type: multipart/mixed" + b"; a" * 20_000 + b"\n\nx",
    "boundary prefixes": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b x\n" * 100_000,
    "deep html": HEAD + b"Content-Type: text/html\n\n" + b"<div><table><tr><td>" * 20_000,
    "open html tags": HEAD + b"Content-Type: text/html\n\n" + b"<" * 300_000,
    "quoted lines": HEAD + b"\n" + b"> a\n" * 100_000,
    "no mail at all": bytes(range(256)) * 500,
    "nothing": b"",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_mail_is_read_within_bounds(content: bytes) -> None:
    parsed = mail.read(content)
    assert len(parsed.leaves) <= mime.MAX_PARTS
    assert len(parsed.message.to) <= 1000
    assert len(parsed.message.subject) <= mail.MAX_SUBJECT
    assert {problem.code for problem in parsed.problems} <= {"malformed_mail", "mail_limits"}


def test_what_was_left_out_because_of_a_limit_is_an_error() -> None:
    for name in ("100,000 parts", "1,500 nested multiparts", "50,000 header lines"):
        parsed = mail.read(HOSTILE[name])
        assert "mail_limits" in {problem.code for problem in parsed.problems if problem.severity == "error"}


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_are_read(content: bytes) -> None:
    parsed = mail.read(content)
    assert isinstance(parsed.message.text, str)


MAIL_LIKE = [
    b"--b\n", b"--b--\n", b"\n", b"\r\n", b"Content-Type: multipart/mixed; boundary=b\n", b"Content-Type: text/html\n", b"x\n",
    b"Content-Transfer-Encoding: base64\n", b"From: a@b\n", b" folded\n", b"=?utf-8?q?=41?=", b"--", b"Subject: ",
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(MAIL_LIKE),
        max_size=40,
    )
)
def test_any_order_of_mail_like_lines_is_read(lines: list[bytes]) -> None:
    parsed = mail.read(b"".join(lines))
    assert parsed.message.attachments == tuple(leaf.attachment for leaf in parsed.leaves)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Co", "Cn", "Zl", "Zp")), min_size=1, max_size=60)


@settings(max_examples=60, deadline=None)
@given(WORDS, WORDS, st.lists(st.binary(max_size=300), max_size=4))
def test_what_pythons_email_writes_is_read_back(subject: str, text: str, files: list[bytes]) -> None:
    built = EmailMessage()
    built["Subject"] = subject
    built.set_content(text)
    for number, content in enumerate(files):
        built.add_attachment(content, maintype="application", subtype="x-thing", filename=f"{number} größe.bin")
    parsed = mail.read(built.as_bytes())
    assert parsed.message.subject.split() == subject.split()
    assert parsed.message.text.split() == text.split()
    assert [leaf.content for leaf in parsed.leaves] == files
    assert [leaf.attachment.filename for leaf in parsed.leaves] == [f"{number} größe.bin" for number in range(len(files))]


@pytest.mark.parametrize(
    ("name", "content", "given_type", "kind"),
    [
        ("a.txt", b"%PDF-1.7\n", "text/plain", "application/pdf"),
        ("a.pdf", b"<html><body>not found</body></html>", "application/pdf", "text/plain"),
        ("scan", b"\xff\xd8\xff\xe0", "application/octet-stream", "image/jpeg"),
        ("x.dat", HEAD + b"\r\nwords", "", "message/rfc822"),
        ("x.eml", b"\x00\x01", "", "message/rfc822"),
        ("a.xls", b"a;b\n1;2\n", "application/vnd.ms-excel", "text/csv"),
        ("a.csv", b"a;b\n", "application/octet-stream", "text/csv"),
        ("a.csv", bytes(range(1, 32)) * 40, "text/csv", "application/octet-stream"),
        ("a.csv", "a\tb\n".encode("utf-16"), "text/csv", "text/csv"),
        ("a.png", b"words", "image/png", "text/plain"),
        ("mail about pdf.eml", HEAD + b"\r\nsee %PDF-1.4", "", "message/rfc822"),
    ],
)
def test_the_bytes_say_what_a_file_is(name: str, content: bytes, given_type: str, kind: str) -> None:
    assert media_type.detect(name, content, given_type) == kind
