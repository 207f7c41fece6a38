"""The committed samples: what the demo relies on is true of the files as they are."""

from __future__ import annotations

import email
import email.policy
import json
from email.message import EmailMessage
from pathlib import Path

import pytest
from stdnum import iban
from stdnum.cn import uscc
from stdnum.gb import vat
from stdnum.nl import btw

from mailbot.core.lifecycle import State
from tests import make_samples

ROWS = json.loads((make_samples.SAMPLES / "expected.json").read_text(encoding="utf-8"))


def parsed(file: Path) -> EmailMessage:
    return email.message_from_bytes(file.read_bytes(), policy=email.policy.default)  # type: ignore[return-value]


def test_every_file_is_named_once_and_ends_somewhere() -> None:
    files = {str(one.relative_to(make_samples.SAMPLES)) for one in make_samples.SAMPLES.rglob("*") if one.is_file()}
    assert files == {row["file"] for row in ROWS} | {"expected.json"}
    assert len({row["name"] for row in ROWS}) == len(ROWS)
    assert {row["expected_state"] for row in ROWS} <= set(State)
    assert len([row for row in ROWS if row["kind"] == "mail"]) >= 10
    assert len([row for row in ROWS if row["kind"] == "drop"]) == 3


def test_they_are_small() -> None:
    assert sum(one.stat().st_size for one in make_samples.SAMPLES.rglob("*") if one.is_file()) < 3_000_000


def test_every_mail_has_a_message_id_of_its_own_and_a_sender() -> None:
    mails = [parsed(make_samples.SAMPLES / row["file"]) for row in ROWS if row["kind"] == "mail"]
    assert len({str(mail["Message-ID"]) for mail in mails}) == len(mails)
    assert all(mail["From"].addresses[0].domain.endswith(".example") for mail in mails)


@pytest.mark.parametrize("row", [row for row in ROWS if row["kind"] == "mail"], ids=lambda row: row["name"])
def test_lines_end_in_crlf(row: dict[str, str]) -> None:
    assert b"\n" not in (make_samples.SAMPLES / row["file"]).read_bytes().replace(b"\r\n", b"")


def test_check_digits_are_right() -> None:
    papers = [make_samples.PAPER, make_samples.CLEANING, make_samples.CARRIER]
    assert all(vat.is_valid(one.vat_id) for one in papers)
    assert btw.is_valid(make_samples.PACKAGING.vat_id.removeprefix("NL "))
    assert uscc.is_valid(make_samples.ELECTRONICS.vat_id)
    assert all(iban.is_valid(one.iban) for one in [*papers, make_samples.PACKAGING])
