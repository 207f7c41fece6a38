"""What payment codes say, by value, and how it goes together with the fields of the page."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mailbot.core.document import Field
from mailbot.core.payment_code import SURE, Code, Payment, find_payment, settle

SWISS = (
    "SPC\n0200\n1\nCH4431999123000889012\nS\nRobert Schneider AG\nRue du Lac\n1268\n2501\nBiel\nCH\n\n\n\n\n\n\n\n1949.75\nCHF\nS\n"
    "Pia Rutschmann\nMarktgasse\n28\n9400\nRorschach\nCH\nQRR\n210000000003139471430009017\nOrder of 15 June 2020\nEPD"
)
"""The example of the Swiss guidelines, with an IBAN of the bank."""
SEPA = "BCD\n002\n1\nSCT\n\nMuster GmbH\nDE89370400440532013000\nEUR12.3\n\nRF18539007547034\n\nthanks"
BOX = (1.0, 2.0, 3.0, 4.0)


def code(text: str, page: int = 1) -> Code:
    return Code(kind="QR code", text=text, page=page, box=BOX)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_swiss_bill(line_end: str) -> None:
    assert find_payment(SWISS.replace("\n", line_end)) == Payment(
        iban="CH4431999123000889012",
        currency="CHF",
        creditor="Robert Schneider AG",
        amount=Decimal("1949.75"),
        reference="210000000003139471430009017",
        message="Order of 15 June 2020",
    )
    assert find_payment(SWISS + "\n//S1/10/4711\n") is not None


def test_a_sepa_code_whole_and_as_short_as_it_may_be() -> None:
    whole = find_payment(SEPA)
    assert whole == Payment(
        iban="DE89370400440532013000", currency="EUR", creditor="Muster GmbH", amount=Decimal("12.3"), reference="RF18539007547034"
    )
    short = find_payment("BCD\n001\n2\nSCT\nBANKDEFF\nMuster GmbH\nDE89 3704 0044 0532 0130 00")
    assert short == Payment(iban="DE89370400440532013000", currency="EUR", creditor="Muster GmbH")


@pytest.mark.parametrize(
    "text",
    [
        "", "https://example.org", "SPC", "BCD", "SPC\n" * 40,
        SWISS.replace("CH44", "CH45"),
        SWISS.replace("EPD", "XXX"),
        SWISS.replace("0200", "0100"),
        SWISS.replace("CHF", "USD"),
        SEPA.replace("DE89", "DE88"),
        SEPA.replace("SCT", "SDD"),
        SEPA.replace("EUR12.3", "USD12.3"),
        SEPA.replace("DE89370400440532013000", "XX89370400440532013000"),
    ],
)  # fmt: skip
def test_what_is_no_payment_code(text: str) -> None:
    assert find_payment(text) is None


@pytest.mark.parametrize("amount", ["", "0.00", "-5.00", "1,50", "1e3", "9" * 30, "1.005"])
def test_an_amount_that_is_none_is_left_to_the_payer(amount: str) -> None:
    payment = find_payment(SWISS.replace("1949.75", amount))
    assert payment is not None
    assert payment.amount is None


def field(name: str, value: str, confidence: float = 0.7) -> Field:
    return Field(name=name, value=value, page=2, box=BOX, confidence=confidence)


def values(fields: tuple[Field, ...]) -> dict[str, str]:
    return {field.name: field.value for field in fields}


def test_a_slip_alone_gives_the_fields() -> None:
    fields, differences = settle((), [code(SWISS, 3)], "")
    assert values(fields) == {
        "supplier": "Robert Schneider AG", "total": "1949.75", "currency": "CHF", "iban": "CH4431999123000889012",
    }  # fmt: skip
    assert {(one.page, one.box, one.confidence, one.origin) for one in fields} == {(3, BOX, SURE, "text")}
    assert differences == ()


PRINTED = "Total CHF 1'949.75\npay to CH44 3199 9123 0008 8901 2"


def test_what_agrees_keeps_its_place_and_gains_confidence() -> None:
    own = (field("supplier", "R. Schneider"), field("total", "1949.75"), field("iban", "CH4431999123000889012"))
    fields, differences = settle(own, [code(SWISS)], PRINTED)
    assert {one.name: (one.value, one.page, one.confidence) for one in fields} == {
        "supplier": ("R. Schneider", 2, 0.7),
        "total": ("1949.75", 2, SURE),
        "currency": ("CHF", 1, SURE),
        "iban": ("CH4431999123000889012", 2, SURE),
    }
    assert differences == ()


def test_a_code_that_pays_elsewhere_is_told() -> None:
    own = (field("total", "1949.75"), field("iban", "DE89370400440532013000"))
    fields, differences = settle(own, [code(SWISS)], "Total CHF 1'949.75, DE89 3704 0044 0532 0130 00")
    assert values(fields)["iban"] == "CH4431999123000889012"
    assert differences == ("the QR code pays to CH4431999123000889012, the page says DE89370400440532013000",)


def test_a_second_account_on_the_page_is_no_contradiction() -> None:
    printed = PRINTED + "\nor DE89 3704 0044 0532 0130 00"
    fields, differences = settle((field("iban", "DE89370400440532013000"),), [code(SWISS)], printed)
    assert values(fields)["iban"] == "CH4431999123000889012"
    assert differences == ()


def test_an_amount_that_the_page_does_not_show_is_told_and_the_pages_total_stays() -> None:
    fields, differences = settle((field("total", "1000.00"),), [code(SWISS)], "Total CHF 1'000.00")
    assert values(fields)["total"] == "1000.00"
    assert differences == ("the QR code asks for CHF 1949.75, the page says 1000.00",)


def test_a_part_of_the_total_that_the_page_shows_is_no_contradiction() -> None:
    fields, differences = settle((field("total", "2500.00"),), [code(SWISS)], "Total CHF 2'500.00, to pay now CHF 1'949.75")
    assert values(fields)["total"] == "2500.00"
    assert differences == ()


def test_instalments_give_what_they_have_in_common() -> None:
    fields, differences = settle((), [code(SWISS), code(SWISS.replace("1949.75", "100.00"))], "")
    assert values(fields) == {"supplier": "Robert Schneider AG", "currency": "CHF", "iban": "CH4431999123000889012"}
    assert differences == ()


def test_other_codes_change_nothing() -> None:
    own = (field("total", "5.00"),)
    assert settle(own, [code("https://example.org/12")], "5.00") == (own, ())
