"""Whether a small model's draft holds: each way in which one does not, and drafts that do."""

from __future__ import annotations

import pytest

from mailbot.core.holding import why_not

SKELETON = (
    "Dear Eva Weber,\n\nthank you for your invoice RE-2043/26 of 3 May 2026 over 1,939.00 EUR. It refers to our purchase order "
    "4500012345.\n\nKind regards,\nPayables\n"
)
FACTS = {
    "name": "Eva Weber", "invoice": "RE-2043/26", "invoice date": "3 May 2026", "due date": "2 June 2026", "order": "4500012345",
    "subtotal": "1,629.41 EUR", "total": "1,939.00 EUR",
}  # fmt: skip
GOOD = (
    "Dear Eva Weber,\n\nmany thanks for sending invoice RE-2043/26 for 1,939.00 EUR. We match it with order 4500012345 and pay it "
    "by 2 June 2026.\n\nKind regards,\nPayables\n"
)


def judged(text: str, language: str = "en", skeleton: str = SKELETON, sources: tuple[str, ...] = ()) -> str:
    return why_not(text, language=language, facts=FACTS, skeleton=skeleton, sources=sources)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("1,939.00 EUR", "EUR 1939.00"),
        GOOD.replace("1,939.00 EUR", "€1,939"),
        GOOD.replace("2 June 2026", "2026-06-02"),
        GOOD.replace("RE-2043/26", "re-2043/26"),
        GOOD.replace(" by 2 June 2026", ""),
        GOOD + "1. We check it.\n2. We pay it.\n",
    ],
)
def test_a_draft_that_says_what_was_read_holds(text: str) -> None:
    assert judged(text) == ""


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("1,939.00", "1,993.00", "it says what stands nowhere: 1,993.00 EUR"),
        ("RE-2043/26", "RE-2034/26", "it says what stands nowhere: RE-2034/26"),
        ("2 June 2026", "5 June 2026", "it says what stands nowhere: 5 June 2026"),
        ("1,939.00 EUR", "1,939.00 USD", "it says what stands nowhere: 1,939.00 USD"),
        ("Eva Weber", "Klaus Weber", "it says what stands nowhere: Klaus Weber"),
        ("Kind regards", "Write to pay@evil.example. Kind regards", "it says what stands nowhere: pay@evil.example"),
        (" for 1,939.00 EUR", "", "it leaves out what the reply template says: 1,939.00 EUR"),
        ("invoice RE-2043/26", "your invoice", "it leaves out what the reply template says: RE-2043/26"),
        ("order 4500012345", "our order", "it leaves out what the reply template says: 4500012345"),
    ],
)
def test_a_draft_that_invents_or_forgets_does_not_hold(old: str, new: str, why: str) -> None:
    assert judged(GOOD.replace(old, new)) == why


def test_a_figure_that_the_mail_says_may_be_said() -> None:
    text = GOOD.replace("Kind regards", "The 12 boxes of order SO-7713 are noted.\n\nKind regards")
    assert judged(text) == "it says what stands nowhere: 12, SO-7713"
    assert judged(text, sources=("Where are the 12 boxes of our order SO-7713?",)) == ""


def test_what_the_template_does_not_say_need_not_be_said() -> None:
    assert judged("Dear Eva Weber,\n\nthank you.\n", skeleton="Dear Eva Weber,\n\nthank you for your message.\n") == ""


@pytest.mark.parametrize("text", ["", " \n", "---\n…\n"])
def test_an_empty_draft_does_not_hold(text: str) -> None:
    assert judged(text) == "it is empty"


def test_a_draft_in_another_language_does_not_hold() -> None:
    german = (
        "Guten Tag Eva Weber,\n\nvielen Dank für Ihre Rechnung RE-2043/26 über 1.939,00 EUR zu unserer Bestellung 4500012345.\n"
    )
    assert judged(german) == "it is in another language (de, not en)"
    assert judged(german, language="de") == ""
    assert judged("您好：\n\n发票 RE-2043/26（1,939.00 EUR，订单 4500012345）已收到，谢谢。\n", language="zh") == ""


def test_several_findings_are_counted_and_the_first_are_named() -> None:
    text = GOOD + "Orders SO-1122, SO-3344, SO-5566, SO-7788 and SO-9900.\n"
    assert judged(text) == "it says what stands nowhere: SO-1122, SO-3344, SO-5566 and 2 more"


def test_a_reply_about_files_that_could_not_be_read_names_them() -> None:
    skeleton = "Dear Eva Weber,\n\nwe could not read:\n- scan 1.pdf\n- b.zip\n"
    vague = "Dear Eva Weber,\n\nwe are sorry, but scan 1.pdf asks for a password.\n"
    clear = vague.replace("scan 1.pdf asks", "scan 1.pdf and b.zip ask")

    def said(text: str, *named: str) -> str:
        return why_not(text, language="en", facts={"name": "Eva Weber"}, skeleton=skeleton, named=named)

    assert said(vague, "scan 1.pdf", "b.zip", "terms.pdf") == "it leaves out what the reply template says: b.zip"
    assert said(clear, "scan 1.pdf", "b.zip", "terms.pdf") == ""
    assert said(vague) == ""
