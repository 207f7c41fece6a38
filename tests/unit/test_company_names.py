"""Names of companies by their legal forms, on one line and broken over two, as sender and as recipient."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.core.company_names import company_names, goes_on
from mailbot.core.fields import find_fields
from mailbot.core.paper import lay_out
from tests.unit.typed_page import typed

NAMES = [
    "Müller Maschinenbau GmbH & Co. KG", "MÜLLER MASCHINENBAU GMBH & CO. KG", "Müller Maschinenbau GmbH und Co. KG",
    "Müller Maschinenbau GmbH + Co. KG", "Otto Berger (GmbH & Co KG)", "Fresena SE & Co. KGaA", "Bechler AG & Co. KGaA",
    "Berger GmbH & Co. OHG", "Huber Holzbau GesmbH", "Huber Holzbau Ges.m.b.H.", "Weiß & Braun GbR", "Kanzlei Meyer PartG mbB",
    "Genève Conseil Sàrl", "Genève Conseil S.à r.l.", "GENÈVE CONSEIL SÀRL", "Dupont Frères SARL", "SÀRL Dupont Frères",
    "Ferrani Automobili S.p.A.", "FERRANI AUTOMOBILI S.P.A.", "Rossi & Figli S.r.l.", "ROSSI & FIGLI S.R.L.", "Rossi S. r. l.",
    "Rossi S.a.s. di Mario Rossi & C.", "Jansen Transport B.V.", "JANSEN TRANSPORT B.V.", "Construcciones Pérez, S.L.",
    "Construcciones Pérez, S.A.U.", "Acme (UK) Trading Ltd", "Acme (Pty) Ltd", "Acme Trading Sdn. Bhd.", "Beta Sp. z o.o.",
    "Shenzhen Huaqiang Electronics Co., Ltd.", "深圳市华强电子有限公司",
]  # fmt: skip

BROKEN = [
    ("Müller Maschinenbau", "GmbH & Co. KG"),
    ("Müller Maschinenbau GmbH", "& Co. KG"),
    ("Müller Maschinenbau GmbH &", "Co. KG"),
    ("Müller Maschinenbau GmbH & Co.", "KG"),
    ("Ferrani Automobili", "S.p.A."),
    ("Genève Conseil", "Sàrl"),
    ("Dupont Frères", "SARL"),
    ("Jansen Transport", "B.V."),
    ("Construcciones Pérez,", "S.L."),
    ("Acme Trading Co.,", "Ltd."),
    ("深圳市华强电子", "有限公司"),
]


def whole(above: str, below: str) -> str:
    return above + below if below == "有限公司" else f"{above} {below}"


def fields(paper: str) -> dict[str, str]:
    return {field.name: field.value for field in find_fields(lay_out(typed(paper)))}


def invoice(sender: str, recipient: str) -> str:
    return f"""{sender}
Hauptstr. 5
70173 Stuttgart
Tel. 0711 123456


Bill To:                               Invoice Number:  2024-117
{recipient}
Mill Lane 4
10115 Berlin

Invoice

Description                                      Amount
Steel brackets                                   125.00
Total EUR                                        125.00
"""


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_found_whole(name: str) -> None:
    assert list(company_names(name)) == [(name, 0)]
    assert fields(invoice(name, "Other Works plc"))["supplier"] == name


@pytest.mark.parametrize(("above", "below"), BROKEN)
def test_a_name_goes_on_with_its_legal_form_on_the_next_line(above: str, below: str) -> None:
    name = whole(above, below)
    found = fields(invoice(f"{above}\n{below}", "Other Works plc"))
    assert (found["supplier"], found["customer"]) == (name, "Other Works plc")
    found = fields(invoice("Other Works plc", f"{above}\n{below}"))
    assert (found["supplier"], found["customer"]) == ("Other Works plc", name)


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ("Menge", "KG"), ("Total", "AG"), ("Müller GmbH", "Industriestr. 5"), ("Industriestr. 5", "70173 Stuttgart"),
        ("an die", "GmbH"), ("", "GmbH"), ("Müller", ""), ("info@mueller.example", "GmbH & Co. KG"),
    ],
)  # fmt: skip
def test_what_stands_under_a_line_is_mostly_not_its_end(above: str, below: str) -> None:
    assert goes_on(above, below) is None


@pytest.mark.parametrize("text", ["GmbH & Co. KG", "& Co. KG", "Verkauf durch GmbH", "Limited Ltd", "有限公司"])
def test_a_legal_form_alone_is_no_name(text: str) -> None:
    assert list(company_names(text)) == []


@given(st.text("SAaGmbHCo.,&()lrKp ", max_size=60))
def test_a_name_stands_where_it_is_said_to(text: str) -> None:
    for name, at in company_names(text):
        assert text[at : at + len(name)] == name or text.strip().startswith(name)
