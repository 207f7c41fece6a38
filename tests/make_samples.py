"""Writes the demo's samples: `python -m tests.make_samples` fills mailbot/demo/samples with the same bytes at every run."""

from __future__ import annotations

import json
import re
import shutil
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from tests.sample_papers import (
    Invoice,
    Line,
    chinese_invoice,
    iban,
    invoice_pdf,
    order_csv,
    order_xlsx,
    photo_of,
    scan_of,
    zip_bomb,
)  # fmt: skip

SAMPLES = Path(__file__).parents[1] / "mailbot" / "demo" / "samples"
DESK = '"Payables, Harbour Lane Trading" <payables@harbourlane.example>'
FIRST = datetime(2026, 11, 16, 8, 12, 31, tzinfo=UTC)

File = tuple[str, str, bytes]
"""Name, media type, bytes."""


def money(amount: str) -> Decimal:
    return Decimal(amount)


PAPER = Invoice(
    supplier="Brightwater Office Supplies Ltd", address=("27 Mill Street", "Leeds LS2 7HB", "United Kingdom"),
    vat_id="GB 480 1933 08",
    number="BW-2026-10418", order="PO-7731", day=date(2026, 11, 12), currency="GBP", iban=iban("GB", "PENN60161331926820"),
    bank="Pennine Bank, Leeds", tax=20,
    lines=(
        Line(text="Copier paper A4, 80 g, box of 2,500", quantity=12, price=money("18.40")),
        Line(text="Toner cartridge black, TN-620", quantity=6, price=money("74.95")),
        Line(text="Archive boxes, pack of 20", quantity=4, price=money("31.25")),
    ),
)  # fmt: skip
PACKAGING = Invoice(
    supplier="Vermeer Packaging B.V.", address=("Havenstraat 112", "3024 TB Rotterdam", "Netherlands"),
    vat_id="NL 8153.40.217.B01",
    number="2026-004471", order="PO-7718", day=date(2026, 11, 9), currency="EUR", iban=iban("NL", "MAAS0417164300"),
    bank="Maasbank, Rotterdam", tax=21,
    lines=(
        Line(text="Corrugated boxes 600 x 400 x 300", quantity=1500, price=money("1.86")),
        Line(text="Stretch film 500 mm, roll", quantity=240, price=money("7.15")),
        Line(text="Euro pallets, used, grade A", quantity=180, price=money("11.90")),
    ),
)  # fmt: skip
ELECTRONICS = Invoice(
    supplier="深圳市海川电子有限公司", address=(),
    vat_id="91440300MA5FH0Q52E", number="HC20261103", order="PO-7725", day=date(2026, 11, 3),
    currency="CNY", iban="7559 1688 2031 0606", bank="南海银行深圳分行", tax=13,
    lines=(
        Line(text="条码扫描器 HC-220", quantity=15, price=money("386.00")),
        Line(text="热敏打印机 HC-80", quantity=6, price=money("742.50")),
        Line(text="充电底座", quantity=15, price=money("58.00")),
    ),
)  # fmt: skip
CLEANING = Invoice(
    supplier="Larkfield Cleaning Services Ltd", address=("5 Orchard Road", "Bath BA2 4HX", "United Kingdom"),
    vat_id="GB 731 8846 15",
    number="LC-3390", order="PO-7702", day=date(2026, 11, 2), currency="GBP", iban=iban("GB", "AVON30912487654321"),
    bank="Avon Bank, Bath", tax=20,
    lines=(
        Line(text="Office cleaning, October 2026", quantity=1, price=money("860.00")),
        Line(text="Window cleaning", quantity=1, price=money("145.00")),
    ),
)  # fmt: skip
CARRIER = Invoice(
    supplier="Pennant Freight Ltd", address=("Dock Gate 4", "Southampton SO14 3GG", "United Kingdom"), vat_id="GB 902 4417 57",
    number="PF-88213", order="PO-7729", day=date(2026, 11, 5), currency="GBP", iban=iban("GB", "SOLB20325588001234"),
    bank="Solent Bank, Southampton", tax=20,
    lines=(
        Line(text="Groupage Rotterdam to Bristol, 4 pallets", quantity=4, price=money("118.50")),
        Line(text="Customs clearance", quantity=1, price=money("65.00")),
    ),
)  # fmt: skip
FURNITURE = (
    Line(article="ST-1040", text="Bürostuhl „Höhe“, höhenverstellbar", quantity=24, price=money("189.50")),
    Line(article="TI-2200", text="Schreibtisch 160 × 80, Eiche", quantity=12, price=money("1249.00")),
    Line(article="LA-0310", text="Tischleuchte weiß; dimmbar", quantity=36, price=money("42.75")),
    Line(article="RE-5505", text="Aktenregal groß, 5 Böden", quantity=8, price=money("318.20")),
)
TEXTILES = (
    Line(article="LQ-100", text="Linen table runner, natural", quantity=120, price=money("14.50")),
    Line(article="LQ-115", text="Wool throw, 130 x 170, grey", quantity=60, price=money("48.00")),
    Line(article="LQ-131", text="Cushion cover 50 x 50, rust", quantity=200, price=money("11.25")),
    Line(article="LQ-140", text="Cotton apron, indigo", quantity=80, price=money("19.90")),
)


def mail(number: int, sender: str, subject: str, text: str, *files: File, html: str = "", **headers: str) -> bytes:
    """A mail to the desk. Underscores in header names stand for hyphens; Message-ID and date follow from the number."""
    message = EmailMessage(policy=SMTP)
    address = re.sub(r".*<|>.*", "", sender)
    message["Return-Path"] = headers.pop("Return_Path", f"<{address}>")
    message["From"] = sender
    message["To"] = DESK
    message["Subject"] = subject
    message["Date"] = format_datetime(FIRST + timedelta(hours=3 * number, seconds=137 * number))
    message["Message-ID"] = f"<sample-{number:02}.20261116@{address.partition('@')[2]}>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for filename, media_type, content in files:
        main, _, sub = media_type.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=filename)
    for place, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_sample-{number:02}-{place}")
    return message.as_bytes()


def malformed() -> bytes:
    """Nothing in it keeps to the format: raw bytes in headers, an unknown charset, bad base64, no closing boundary."""
    return (
        "From: Tom Ridley <tom.ridley@ridleyprint.example\r\nTo: payables@harbourlane.example\r\n"
        "Subject: Statement of account \xa3 310,40 =?utf-9?Q?=ZZ?=\r\nDate: yesterday\r\n"
        "Message-ID: <sample-11.20261116@ridleyprint.example>\r\nMIME-Version: one\r\n"
        'Content-Type: multipart/mixed; boundary="cut"\r\n\r\n--cut\r\nContent-Type: text/plain; charset=x-klingon\r\n\r\n'
        "Hello,\r\n\r\naccording to our books invoice RP-2209 over GBP 310.40 is still open. Could you look into it?\r\n\r\n"
        "Tom Ridley\r\nRidley Print\r\n--cut\r\nContent-Type: text/plain; name*=utf-8''%ZZ.txt\r\n"
        "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\r\n\r\nUlAtMjIwOSAzMTAuNDA=*==\r\n"
    ).encode("latin-1")


def mails() -> dict[str, tuple[bytes, str]]:
    """Every sample mail by name, with the state it ends in when a reviewer accepts everything."""
    pdf, csv, xlsx = "application/pdf", "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    made = [
        ("invoice-pdf", "sent", mail(
            1, "Helen Marsh <accounts@brightwater.example>", f"Invoice {PAPER.number}",
            f"Dear Sir or Madam,\n\nplease find attached our invoice {PAPER.number} for your order {PAPER.order}.\n\n"
            "Kind regards\nHelen Marsh\nBrightwater Office Supplies Ltd\n",
            (f"{PAPER.number}.pdf", pdf, invoice_pdf(PAPER)))),
        ("invoice-scan", "sent", mail(
            2, "Joris de Wit <invoices@vermeer-packaging.example>", "Scan of our invoice 2026-004471",
            "Good morning,\n\n"
            "attached is the scan of the signed invoice for the November delivery.\n\nBest regards\nJoris de Wit\n",
            ("Scan_20261109.pdf", pdf, scan_of(invoice_pdf(PACKAGING), degrees=3.2)))),
        ("invoice-chinese-photo", "sent", mail(
            3, "李静 <lijing@haichuan.example>", f"发票 {ELECTRONICS.number}",
            f"您好：\n\n附件是订单 {ELECTRONICS.order} 的发票照片，请查收并安排付款。\n\n谢谢！\n李静\n深圳市海川电子有限公司\n",
            ("发票.png", "image/png", photo_of(chinese_invoice(ELECTRONICS))))),
        ("order-csv", "sent", mail(
            4, "Jürgen Grüner <einkauf@moebelhaus-gruener.example>", "Our order B-20931",
            "Dear colleagues,\n\nplease confirm the attached order and tell us the delivery date.\n\nBest regards\nJürgen Grüner\n"
            "Möbelhaus Grüner GmbH\n",
            ("Bestellung_B-20931.csv", csv, order_csv("B-20931", date(2026, 11, 13), "Möbelhaus Grüner GmbH, Köln", FURNITURE)))),
        ("order-xlsx", "sent", mail(
            5, "Elsa Lindqvist <order@atelier-lindqvist.example>", "Order 5521 for spring",
            "Hello,\n\nour order for the spring season is in the sheet. Is everything in stock?\n\n"
            "Elsa Lindqvist\nAtelier Lindqvist AB\n",
            ("Order 5521.xlsx", xlsx, order_xlsx("5521", date(2026, 11, 14), TEXTILES)),
            html="<p>Hello,</p><p>our order for the <b>spring season</b> is in the sheet. Is everything in stock?</p>"
            '<p>Elsa Lindqvist<br>Atelier Lindqvist AB</p><img src="https://tracker.example/pixel.gif" width="1" height="1">')),
        ("question-english", "sent", mail(
            6, "Martin Cole <m.cole@colehardware.example>", "When will invoice CH-1187 be paid?",
            "Hello,\n\nour invoice CH-1187 of 1 October 2026 over GBP 412.60 is overdue since 31 October.\n"
            "Could you tell me when we can expect the payment?\n\nMany thanks\nMartin Cole\nCole Hardware\n")),
        ("question-chinese", "sent", mail(
            7, "王伟 <wangwei@donghai-trade.example>", "关于付款时间的咨询",
            "您好：\n\n"
            "请问我方10月15日开具的发票 DH-0926（金额 8,460.00 元）预计何时付款？\n\n盼复，谢谢。\n王伟\n东海贸易有限公司\n")),
        ("reply-in-thread", "sent", mail(
            8, "Priya Nair <priya.nair@fernhill-it.example>", "Re: Purchase order PO-7690",
            "Hi,\n\n"
            "the correct amount is GBP 2,340.00, the discount was missing on the first version. Can you confirm the new total?\n\n"
            "Best\nPriya\n-- \nPriya Nair | Fernhill IT Services | +44 117 496 0142\n\n"
            "On Thu, 12 Nov 2026 at 16:05, Payables, Harbour Lane Trading <payables@harbourlane.example> wrote:\n"
            "> Dear Priya,\n>\n> your invoice FH-620 says GBP 2,600.00, our order PO-7690 says GBP 2,340.00.\n"
            "> Which is right?\n>\n>> From: Priya Nair\n>> please find our invoice FH-620 attached.\n",
            In_Reply_To="<4f1c9d.payables.20261112@harbourlane.example>",
            References="<first.20261111@fernhill-it.example> <4f1c9d.payables.20261112@harbourlane.example>")),
        ("out-of-office", "finished", mail(
            9, "Helen Marsh <accounts@brightwater.example>", "Automatic reply: Your invoice",
            "I am out of the office until 30 November 2026. Your message is not forwarded.\n\nHelen Marsh\n",
            Return_Path="<>", Auto_Submitted="auto-replied", X_Auto_Response_Suppress="All")),
        ("mailing-list", "finished", mail(
            10, "Payables Forum <forum@lists.payables-forum.example>", "[payables-forum] E-invoicing from January",
            "Dear all,\n\nhow do you prepare for e-invoicing? We look forward to your experience.\n\nAnn\n"
            "_______________________________________________\npayables-forum mailing list\n",
            List_Id="<payables-forum.lists.payables-forum.example>", Precedence="list",
            List_Unsubscribe="<mailto:leave@lists.payables-forum.example>")),
        ("malformed-mime", "sent", malformed()),
        ("zip-bomb", "quarantined", mail(
            12, "Billing <billing@fastparcel.example>", "Your statement October 2026",
            "Your statement is attached as a zip file.\n", ("statement.zip", "application/zip", zip_bomb()))),
    ]  # fmt: skip
    return {f"{number:02}-{name}": (content, state) for number, (name, state, content) in enumerate(made, 1)}


def drops() -> dict[str, tuple[bytes, str]]:
    """Every file to drop, with the state it ends in."""
    return {
        f"invoice-{CLEANING.number}.pdf": (invoice_pdf(CLEANING), "finished"),
        "order-B-20944.csv": (order_csv("B-20944", date(2026, 11, 17), "Möbelhaus Grüner GmbH, Köln", FURNITURE[1:]), "finished"),
        f"scan-{CARRIER.number}.pdf": (scan_of(invoice_pdf(CARRIER), degrees=-2.4, seed=2), "finished"),
    }


def write_all(folder: Path) -> None:
    """Fill an empty folder."""
    rows = []
    (folder / "drop").mkdir(parents=True)
    for name, (content, state) in mails().items():
        (folder / f"{name}.eml").write_bytes(content)
        rows.append({"name": name, "file": f"{name}.eml", "kind": "mail", "expected_state": state})
    for name, (content, state) in drops().items():
        (folder / "drop" / name).write_bytes(content)
        rows.append({"name": f"drop-{Path(name).stem}", "file": f"drop/{name}", "kind": "drop", "expected_state": state})
    (folder / "expected.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES
    shutil.rmtree(target, ignore_errors=True)
    write_all(target)
