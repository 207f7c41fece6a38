"""Every label that is known is found wherever it stands, however its words are parted."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.label_words import PHRASES
from mailbot.core.labels import find_labels, fold, may_begin_cell

WRITTEN = sorted(
    {
        one
        for grades in PHRASES.values()
        for phrases in grades.values()
        for one in (" ".join(phrase.split()) for phrase in phrases.split(";"))
        if len(fold(one)[0]) > 1 and "{no}" not in one
    }
)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(WRITTEN), st.sampled_from([" ", ". ", "-", "/", "_"]), st.sampled_from(["", "12 ", "Machine part\t", "(é) "])
)
def test_a_label_is_found_whole_wherever_it_stands(phrase: str, parting: str, before: str) -> None:
    written = re.sub(" ", parting, phrase) if phrase.isascii() else phrase
    start, end = len(before), len(before) + len(written) - written.endswith("rn")  # read as m, which stands where r does
    found = [label for label in find_labels(f"{before}{written}: 4711") if label.end > start]
    assert found[0].start <= start
    assert max(label.end for label in found) >= end


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Total due\tVAT no.", ["payable", "vat_id"]),
        ("T0tal: 12.50", ["total"]),
        ("BTW #: 12", ["vat_id"]),
        ("b.t.w. 21 %", ["tax"]),
        ("发票号码：7", ["invoice_number"]),
        ("№: 4711", ["invoice_number"]),
        ("Счёт № 12", ["invoice_number"]),
        ("Machine part 0123 beside press 4", []),
        ("n 12", []),
        ("PO-7731", []),
    ],
)
def test_labels_say_what_they_announce(text: str, names: list[str]) -> None:
    assert [label.name for label in find_labels(text)] == names


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from([*WRITTEN, "12", "Machine part", "• ", "- ", "·", "é", "1,234.56 EUR"]), max_size=5), st.data())
def test_a_label_that_begins_a_cell_is_never_passed_over(parts: list[str], data: st.DataObject) -> None:
    text = "".join(part + data.draw(st.sampled_from(["\t", " ", " - ", ""])) for part in parts)
    before = [text[: label.start].rstrip(" •*-·") for label in find_labels(text)]
    assert may_begin_cell(text) or all(one and not one.endswith("\t") for one in before)


@pytest.mark.parametrize(("text", "may"), [("12\tMachine part 7", False), ("12\t• Total\t7", True), ("合计\t7", True), ("", False)])
def test_most_rows_begin_no_cell_with_a_label(text: str, may: bool) -> None:
    assert may_begin_cell(text) == may
