"""What is new in a mail, in the forms that mail programs give to quotes and signatures."""

from __future__ import annotations

import pytest

from mailbot.extract.quotes import new_text

WHO = "Desk <desk@example.org>"

REPLIES = {
    "gmail": f"Yes, please.\n\nOn Tue, 3 Nov 2026 at 10:00, {WHO} wrote:\n> Shall we?\n> Desk\n",
    "gmail, folded": "Yes, please.\n\nOn Tue, 3 Nov 2026 at 10:00, A Long Name\n<desk@example.org> wrote:\n\n> Shall we?\n",
    "outlook": f"Yes, please.\n\nFrom: {WHO}\nSent: Tuesday\nTo: Anna\nSubject: Order\n\nShall we?\n",
    "outlook, ruled": f"Yes, please.\n\n________________________________\nFrom: {WHO}\nSent: Tuesday\n\nShall we?\n",
    "original message": "Yes, please.\n\n-----Original Message-----\nFrom: Desk\nShall we?\n",
    "german": f"Yes, please.\n\nAm 03.11.2026 um 10:00 schrieb {WHO}:\n> Shall we?\n",
    "german outlook": f"Yes, please.\n\nVon: {WHO}\nGesendet: Dienstag\nAn: Anna\nBetreff: x\n\nShall we?\n",
    "french": f"Yes, please.\n\nLe mar. 3 nov. 2026 à 10:00, {WHO} a écrit :\n> Shall we?\n",
    "spanish": "Yes, please.\n\nEl mar, 3 nov 2026 a las 10:00, Desk (<desk@example.org>) escribió:\n> Shall we?\n",
    "chinese": f"Yes, please.\n\n在 2026年11月3日，{WHO} 写道：\n> Shall we?\n",
    "chinese outlook": f"Yes, please.\n\n发件人: {WHO}\n发送时间: 2026年\n收件人: Anna\n主题: x\n\nShall we?\n",
    "signature": "Yes, please.\n\n-- \nAnna\nShall we? Ltd\n",
    "quote without a header": "> Shall we?\n\nYes, please.\n",
    "below the quote": f"On Tue, 3 Nov 2026 at 10:00, {WHO} wrote:\n> Shall we?\n\nYes, please.\n\n-- \nAnna\n",
    "nothing quoted": "Yes, please.\n",
}


@pytest.mark.parametrize("text", REPLIES.values(), ids=REPLIES)
def test_only_the_new_words_are_left(text: str) -> None:
    assert new_text(text) == "Yes, please."


def test_answers_between_quoted_lines_are_all_kept() -> None:
    text = "Hello,\n\n> First question?\nFirst answer.\n\n> Second question?\nSecond answer.\n"
    assert new_text(text) == "Hello,\n\nFirst answer.\n\nSecond answer."


@pytest.mark.parametrize(
    "closing", ["Best regards\nAnna", "Kind regards,\nAnna Smith\nAcme Ltd", "Sent from my iPhone", "-- \nAnna"]
)
def test_a_closing_and_what_is_below_it_go(closing: str) -> None:
    assert new_text(f"Hello,\n\nplease send 12 bolts.\n\n{closing}\n") == "Hello,\n\nplease send 12 bolts."


def test_a_closing_in_the_mails_own_language_goes() -> None:
    text = "Guten Tag,\n\nbitte senden Sie uns die Ware und das Angebot.\n\nMit freundlichen Grüßen\nAnna Schmidt\n"
    assert new_text(text) == "Guten Tag,\n\nbitte senden Sie uns die Ware und das Angebot."


def test_a_list_of_goods_is_no_signature() -> None:
    text = "Please send:\n\n- 5 bolts\n- 3 nuts\n\nand tell us when."
    assert new_text(text) == text


def test_a_mere_forward_adds_nothing() -> None:
    assert new_text("---------- Forwarded message ---------\nFrom: A <a@example.org>\nDate: x\nSubject: y\n\nthe invoice\n") == ""


def test_a_long_mail_without_quotes_stays_whole() -> None:
    text = "\n\n".join(f"Paragraph {number} says something of its own about the order." for number in range(1000))
    assert new_text(text) == text


@pytest.mark.parametrize(
    "piece",
    ["\n", " \n", "> ", "From: ", "On ", "_", "-", "\t", "a@b.c ", "On x wrote:\n", "From: x\n", "在", ".", "\u200b\n", "写道"],
)
def test_repeated_pieces_end(piece: str) -> None:
    assert len(new_text(piece * (100_000 // len(piece)))) <= 100_000
