"""IMAP's notation by property: what is written is read back, and no answer of a server does worse than ValueError."""

from __future__ import annotations

import contextlib
import datetime
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailbot.core.item import Origin
from mailbot.inbox.imap_arrival import arrival, as_written, message_id_of, split, truncated
from mailbot.inbox.imap_syntax import code, decode_name, encode_name, fetched, quoted, search_date, tokens, uid_set


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("Prüfung & 收件箱 a* 😀 &-")
def test_mailbox_names_survive(name: str) -> None:
    packed = encode_name(name)
    assert re.fullmatch(r"[\x20-\x7e]*", packed)
    assert decode_name(packed.encode()) == name


@pytest.mark.parametrize(("name", "packed"), [("台北", "&U,BTFw-"), ("日本語", "&ZeVnLIqe-"), ("~peter/mail", "~peter/mail")])
def test_mailbox_names_of_rfc_3501(name: str, packed: str) -> None:
    assert encode_name(name) == packed


@given(st.binary())
def test_any_name_a_server_sends_is_read(name: bytes) -> None:
    assert isinstance(decode_name(name), str)


@given(st.sets(st.integers(1, 500)))
def test_sets_of_uids(uids: set[int]) -> None:
    found: list[int] = []
    for part in uid_set(uids).split(",") if uids else []:
        first, _, last = part.partition(":")
        found += range(int(first), int(last or first) + 1)
    assert found == sorted(uids)


@given(st.text(st.characters(min_codepoint=1, max_codepoint=127, exclude_characters="\r\n")))
def test_quoted_strings_survive(text: str) -> None:
    assert tokens((quoted(text).encode(),)) == [text.encode()]


@pytest.mark.parametrize("text", ["a\r\nb", "a\nb", "a\0b", "ü"])
def test_what_quotes_cannot_carry(text: str) -> None:
    with pytest.raises(ValueError, match="not possible"):
        quoted(text)


@given(st.binary(), st.integers(1, 2**32 - 1))
def test_a_fetched_literal_is_exact(content: bytes, uid: int) -> None:
    answer = (b"* 5 FETCH (FLAGS (\\Seen x) BODY[]<0> {%d}" % len(content), content, b' UID %d X "a) b" Y NIL)' % uid)
    items = fetched(answer)
    assert items[b"BODY[]<0>"] == content
    assert items[b"UID"] == b"%d" % uid
    assert items[b"X"] == b"a) b"
    assert items[b"Y"] is None


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=5).map(tuple))
@example((b"* 1 FETCH (UID 1",))
@example((b"* 1 FETCH )",))
@example((b'* 1 FETCH ("',))
@example((b"* 1 FETCH " + b"(" * 100_000,))
def test_no_answer_does_worse_than_value_error(answer: tuple[bytes, ...]) -> None:
    items: object = {}
    with contextlib.suppress(ValueError):
        items = fetched((b"* 1 FETCH (" + answer[0], *answer[1:]))
    assert isinstance(items, dict)


def test_response_codes() -> None:
    assert code(b"[UIDNEXT 8] Predicted") == ("UIDNEXT", "8")
    assert code(b"[PERMANENTFLAGS (\\Seen \\*)] kept") == ("PERMANENTFLAGS", "(\\Seen \\*)")
    assert code(b"[trycreate] none") == ("TRYCREATE", "")
    assert code(b"done") == ("", "")
    assert search_date(datetime.date(2026, 11, 1)) == "1-Nov-2026"


@given(st.lists(st.from_regex(r"[A-Z]{1,8}: [a-z ]{0,20}", fullmatch=True), max_size=4), st.binary(max_size=60))
def test_header_and_body_part_at_the_first_empty_line(lines: list[str], body: bytes) -> None:
    for end in ("\r\n", "\n"):
        content = "".join(line + end for line in lines).encode() + end.encode() + body
        header, rest = split(content)
        assert rest == body
        assert header.decode().split() == " ".join(lines).split()


@pytest.mark.parametrize(
    ("content", "message_id"),
    [
        (b"Subject: x\r\nMessage-ID: <a@b>\r\n\r\n", "<a@b>"),
        (b"message-id:<a@b>\n\nMessage-ID: <c@d>", "<a@b>"),
        (b"Message-ID:\r\n <a@b>\r\n\r\n", "<a@b>"),
        (b"Subject: x\r\n\r\nMessage-ID: <a@b>\r\n", ""),
        (b"Message-ID: \r\nSubject: x\r\n\r\n", ""),
        (b"Message-ID: bare@b (comment)\r\n\r\n", "bare@b"),
        (b"", ""),
    ],
)
def test_message_ids(content: bytes, message_id: str) -> None:
    assert message_id_of(content) == message_id


def test_same_body_same_hash_and_a_cut_mail_says_so() -> None:
    origin = Origin(source="imap", account="desk", place="INBOX", uidvalidity=1, uid=1)
    one, two = (arrival(origin, head + b"\r\n\r\nbody", dedupe=False) for head in (b"A: 1", b"A: 2\r\nB: 3"))
    assert one.body_sha256 == two.body_sha256
    assert truncated(b"A: 1\r\nB: 2\r\n\r\nrest", 9) == b"X-Mailbot-Truncated: 9\r\nA: 1\r\nB: 2\r\n\r\n"
    assert truncated(b"A: 1\r\nB: cut h", 9) == b"X-Mailbot-Truncated: 9\r\nA: 1\r\n\r\n"
    assert truncated(b"", 9) == b"X-Mailbot-Truncated: 9\r\n\r\n"


def test_servers_on_the_way_do_not_change_what_the_sender_wrote() -> None:
    header = b"Received: by mx1\r\nFrom: Ann <a@b>\r\nSubject: two\r\n words\r\nDKIM-Signature: b=1"
    on_another_way = b"Return-Path: <a@b>\nReceived: by mx2\nX-Spam: no\nSUBJECT:  two words\nfrom: Ann <a@b>"
    assert as_written(header) == as_written(on_another_way) == b"from:Ann <a@b>\nsubject:two words"


@given(
    st.sampled_from(["From: ben", "Subject: other", "Date: Monday", "List-Id: <a>", "Return-Path: <>", "Auto-Submitted: yes"]),
    st.lists(st.sampled_from(["From: ann", "To: desk", "Received: by mx1", "Content-Type: text/plain"])),
)
def test_what_says_another_thing_is_another_header(line: str, lines: list[str]) -> None:
    one = "\r\n".join(lines).encode()
    assert as_written(one + b"\r\n" + line.encode()) != as_written(one)
