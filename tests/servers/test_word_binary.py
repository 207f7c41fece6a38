"""Word files from before 2007 are read from their pieces, and damaged or locked ones are problems."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence

import pytest

from mailbot.extract import word_binary
from mailbot.extract.media_type import detect
from mailbot.extract.reader import READERS, Found, Limits
from tests.servers.compound_file import compound


def doc(pieces: Sequence[tuple[str, str]], lengths: Sequence[int] = (), *, flags: int = 0x0200, version: int = 0xC1) -> bytes:
    """Return a Word file ([MS-DOC]) whose text lies in pieces of `cp1252` or `utf-16-le`; `lengths` are those of its parts."""
    head = bytearray(0x400)
    whole = sum(len(text) for text, _ in pieces)
    struct.pack_into("<HH", head, 0, 0xA5EC, version)
    struct.pack_into("<H", head, 0x0A, flags)
    struct.pack_into("<8I", head, 0x4C, *(list(lengths or [whole]) + [0] * 8)[:8])
    ends, places, body = [0], b"", b""
    for text, codec in pieces:
        place = len(head) + len(body)
        places += struct.pack("<HIH", 0, place * 2 | 0x40000000 if codec == "cp1252" else place, 0)
        body += text.encode(codec)
        body += bytes(len(body) % 2)
        ends.append(ends[-1] + len(text))
    plan = struct.pack(f"<{len(ends)}I", *ends) + places
    changes = b"\x01" + struct.pack("<H", 4) + b"abcd"
    table = b"12345678" + changes + b"\x02" + struct.pack("<I", len(plan)) + plan
    struct.pack_into("<II", head, 0x01A2, 8, len(table) - 8)
    return compound({"WordDocument": bytes(head) + body, "1Table" if flags & 0x0200 else "0Table": table})


def read(content: bytes) -> Found:
    return word_binary.read("a.doc", content, "application/msword", Limits())


def text(found: Found) -> str:
    assert found.problems == ()
    return found.documents[0].pages[0].text


@pytest.mark.parametrize("flags", [0, 0x0200])
def test_pieces_of_both_encodings_are_put_together(flags: int) -> None:
    content = doc([("Größe: ", "cp1252"), ("größer 中文", "utf-16-le"), ("\rEnde", "cp1252")], flags=flags)
    assert READERS[detect("a.doc", content)] == "mailbot.extract.word_binary"
    assert text(read(content)) == "Größe: größer 中文\nEnde"


def test_codes_of_fields_in_fields_are_left_out_and_marks_without_a_partner_cost_nothing() -> None:
    cases = {
        "a \x13 IF \x13 DATE \x14 1 May \x15 \x14 then \x13 PAGE \x14 7 \x15\x15 b": "a  then  7  b",
        "a \x13 TC \x13 SEQ \x15\x15 b": "a  b",
        "a \x13 never closed b": "a  never closed b",
        "a \x15 b \x14 c": "a  b  c",
        "\x13" * 200_000 + "\x14" * 200_000 + "a": "a",
    }
    assert {written: word_binary._plain(written) for written in cases} == cases


def test_fields_show_their_results_and_cells_stand_apart() -> None:
    shown = (
        'See \x13 HYPERLINK "http://example.org" \x14our page\x15.\rArticle\x07Quantity\x07\x07Bolt\x07200\x07\x07end\x0bof it\x1f'
    )
    assert text(read(doc([(shown, "cp1252")]))) == "See our page.\nArticle\tQuantity\nBolt\t200\nend\nof it"


def test_headers_come_first_notes_and_boxes_last_and_comments_not_at_all() -> None:
    parts = ("the text", "a note", "Nordwind Ltd", "", "a comment", "an endnote", "in a box", "")
    content = doc([("".join(parts), "cp1252")], [len(part) for part in parts])
    assert text(read(content)) == "Nordwind Ltd\n\nthe text\n\na note\n\nan endnote\n\nin a box"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (doc([("secret", "cp1252")], flags=0x0300), "encrypted_file"),
        (doc([("old", "cp1252")], version=0x65), "unreadable_file"),
        (compound({"WordDocument": b"short"}), "unreadable_file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "unreadable_file"),
        (b"", "unreadable_file"),
    ],
)
def test_what_cannot_be_read_is_a_problem(content: bytes, code: str) -> None:
    found = read(content)
    assert [problem.code for problem in found.problems] == [code]
    assert found.documents[0].pages == ()


def test_lengths_that_lie_take_no_more_than_the_file_has() -> None:
    content = doc([("words", "cp1252")], [0xFFFFFFFF] * 8)
    assert text(read(content)) == "words"
    dice = random.Random(5)
    for _ in range(150):
        copy = bytearray(content)
        for _ in range(dice.choice((1, 4, 20))):
            copy[dice.randrange(len(copy))] = dice.randrange(256)
        found = read(bytes(copy))
        assert {problem.code for problem in found.problems} <= {"unreadable_file", "encrypted_file"}
