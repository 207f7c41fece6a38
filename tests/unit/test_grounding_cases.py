"""Grounding judged by cases, and by values written in one way in the mail and in another in the draft."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mailbot.core.document import Reading
from mailbot.core.grounding import ground
from mailbot.core.message import Message
from tests.unit.grounding_cases import CASES, HELD_OUT, Case


def stands(case: Case) -> dict[str, str | None]:
    found = ground(case.draft, reading=case.reading(), skeleton=case.template)
    return {case.draft[slice(*one.span)]: one.source.place if one.source else None for one in found}


@pytest.mark.parametrize("case", [*CASES, *HELD_OUT], ids=lambda case: f"{case.draft[:40]!r} from {case.mail[:40]!r}")
def test_what_stands_where(case: Case) -> None:
    assert stands(case) == case.stands


def loose(draft: str, mail: str) -> list[str]:
    found = ground(draft, reading=Reading(file="x", media_type="", message=Message(text=mail)), skeleton="")
    return [draft[slice(*one.span)] for one in found if one.source is None]


WAYS: dict[str, tuple[Callable[..., str], ...]] = {
    "amount": (
        lambda value: f"pay EUR {value:,.2f} now",
        lambda value: f"Betrag: {value:,.2f} €".translate({44: 46, 46: 44}),
        lambda value: f"共{value}欧元。",
        lambda value: f"we owe €{value:,.2f}.".replace(",", "'"),
        lambda value: f"Summe {value:,.2f} Euro".replace(",", " ").replace(".", ","),
    ),
    "date": (
        lambda day: f"due on {day.isoformat()}.",
        lambda day: f"am {day.day}.{day.month}.{day.year} fällig",
        lambda day: f"{day.year}年{day.month}月{day.day}日付款",
        lambda day: f"by {day:%B} {day.day}, {day.year}",
        lambda day: f"on the {day.day}th of {day:%B} {day.year}",
        lambda day: f"on {day:%d/%m/%Y}",
        lambda day: f"on {day:%d-%b-%Y}",
    ),
    "iban": (
        lambda digits: f"to DE{digits} please",
        lambda digits: "to DE" + " ".join([digits[:2], *(digits[at : at + 4] for at in range(2, 20, 4))]) + ", thanks",
    ),
    "reference": (
        lambda digits: f"invoice INV-{digits}.",
        lambda digits: f"Rechnung INV/{digits}!",
        lambda digits: f"发票INV {digits}，",
    ),
    "phone": (
        lambda digits: f"call +49 30 {digits} today",
        lambda digits: f"Tel. +49 (0)30 {digits[:3]} {digits[3:]}",
        lambda digits: f"phone: +4930/{digits}.",
    ),
    "percent": (lambda share: f"VAT {share}%", lambda share: f"{share} Prozent MwSt", lambda share: f"税率百分之{share}"),
    "time": (
        lambda time: f"at {time[0]}:{time[1]:02}.",
        lambda time: f"um {time[0]}.{time[1]:02} Uhr",
        lambda time: f"at {time[0] - 12 or 12}:{time[1]:02} pm",
        lambda time: f"下午{time[0] - 12 or 12}点{time[1]:02}分",
    ),
}
VALUES = {
    "amount": st.decimals(min_value=Decimal("1.01"), max_value=Decimal("999999.99"), places=2),
    "date": st.dates(min_value=date(2000, 1, 1), max_value=date(2060, 1, 1)),
    "iban": st.text("0123456789", min_size=20, max_size=20),
    "reference": st.integers(10_000, 999_999).map(str),
    "phone": st.integers(1_000_000, 9_999_999).map(str),
    "percent": st.integers(2, 99),
    "time": st.tuples(st.integers(12, 23), st.integers(1, 59)),
}
THINGS = st.sampled_from(sorted(VALUES)).flatmap(lambda kind: st.tuples(st.just(kind), VALUES[kind], VALUES[kind]))


@settings(max_examples=80, deadline=None)
@given(st.lists(THINGS, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_a_draft_of_what_the_mail_says_has_nothing_loose(things: list[tuple[str, object, object]], random: object) -> None:
    choice = random.choice  # type: ignore[attr-defined]
    mail = "\n".join(choice(WAYS[kind])(value) for kind, value, _ in things)
    draft = "; ".join(choice(WAYS[kind])(value) for kind, value, _ in things)
    assert loose(draft, mail) == []


@settings(max_examples=80, deadline=None)
@given(THINGS, st.randoms(use_true_random=False))
def test_another_value_is_loose(thing: tuple[str, object, object], random: object) -> None:
    kind, value, other = thing
    choice = random.choice  # type: ignore[attr-defined]
    said, written = choice(WAYS[kind]), choice(WAYS[kind])
    if kind == "date":  # 3/4/2026 and 4/3/2026 may be one day
        assume(sorted((value.day, value.month)) != sorted((other.day, other.month)))  # type: ignore[attr-defined]
    assume(value != other)
    assert loose(written(other), said(value))


@settings(max_examples=60, deadline=None)
@given(THINGS, st.integers(0, 30), st.integers(1, 9))
def test_one_changed_digit_is_loose(thing: tuple[str, object, object], at: int, by: int) -> None:
    kind, value, _ = thing
    said = WAYS[kind][0](value)
    places = [place for place, one in enumerate(said) if one.isdigit()]
    place = places[at % len(places)]
    changed = said[:place] + str((int(said[place]) + by) % 10) + said[place + 1 :]
    assume(kind != "amount" or said[place - 1] != "0")
    assert loose(changed, said), (said, changed)
