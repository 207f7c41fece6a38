"""The mails that the tests of the review page look at, in the states they are in."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, replace
from typing import Any

from mailbot.core.document import Document, Field, LineItem, Page, Problem, Reading, Table
from mailbot.core.draft import Draft, Grounded, Source
from mailbot.core.lifecycle import State
from mailbot.core.message import Address, Attachment, Message
from mailbot.core.route import Because, Route
from mailbot.core.tables import CellChange, Cleaned, CleanRow, Column, TableOf

INVOICE_LINES = (
    (60, 70, 20, "Nordlicht Papier GmbH"), (60, 92, 10, "Hafenstrasse 4, 20457 Hamburg   VAT DE811569869"),
    (60, 150, 16, "INVOICE"), (60, 180, 11, "Invoice number  NP-2026-0418"), (60, 198, 11, "Invoice date    2026-11-03"),
    (60, 216, 11, "Due date        2026-12-03"), (60, 270, 11, "Copy paper A4 80 g, 120 boxes              2,988.00"),
    (60, 288, 11, "Envelopes C5, 40 packs                       312.00"), (60, 330, 11, "Net             3,300.00"),
    (60, 348, 11, "VAT 19 %          627.00"), (60, 372, 13, "Total EUR       3,927.00"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An item to put into the ledger, on its way to `state`."""

    name: str
    state: State
    subject: str
    sender: str
    reading: Reading | None = None
    route: Route | None = None
    draft: Draft | None = None
    tables: tuple[TableOf, ...] = ()
    approved_by: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    reason: str = ""
    account: str = "payables"


def invoice_pdf() -> bytes:
    """Return a one-page invoice with a text layer."""
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(595, 842), invariant=1)
    for x, top, size, text in INVOICE_LINES:
        canvas.setFont(_font(size), size)
        canvas.drawString(x, 842 - top, text)
    canvas.line(60, 842 - 250, 535, 842 - 250)
    canvas.line(60, 842 - 305, 535, 842 - 305)
    canvas.save()
    return buffer.getvalue()


def box_of(words: str) -> tuple[float, float, float, float]:
    """Return where words stand on the invoice, in points from the top left."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    x, top, size, text = next(line for line in INVOICE_LINES if words in line[3])
    left = x + stringWidth(text[: text.index(words)], _font(size), size)
    return left, top - size * 0.75, left + stringWidth(words, _font(size), size), top + size * 0.2


def _font(size: int) -> str:
    return "Courier" if size == 11 else "Helvetica-Bold"


def address(sender: str) -> str:
    """Return the addr-spec of a sender."""
    return sender.rpartition("<")[2].rstrip(">")


def mail(
    sender: str, subject: str, text: str, *, new_text: str = "", html: str = "", attachments: tuple[Attachment, ...] = ()
) -> Message:
    """Return a parsed mail to the desk."""
    return Message(
        subject=subject,
        from_=(Address(name=sender.rpartition("<")[0].strip(), address=address(sender)),),
        to=(Address(name="Accounts payable", address="payables@desk.example"),),
        date="2026-11-23T09:14:00+01:00",
        message_id="<m1@sender.example>",
        text=text,
        new_text=new_text or text,
        html=html,
        attachments=attachments,
    )


def marked(text: str, *marks: tuple[str, Any, Source | None], made_by: Any = "template", note: str = "") -> Draft:
    """Return a draft whose `marks` (text, kind, source) are found in it."""
    found = tuple(
        Grounded(span=(at.start(), at.end()), kind=kind, source=source)
        for wanted, kind, source in marks
        for at in re.finditer(re.escape(wanted), text)
    )
    share = sum(1 for one in found if one.source) / len(found) if found else 1.0
    return Draft(text=text, made_by=made_by, grounding=found, confidence=share, note=note)


_RULE = Because(rule="large invoices", file="rules/invoices.yaml", line=14, sets=("approvers", "template"))
_TAGGING = Because(rule="known suppliers", file="rules/suppliers.yaml", line=3, sets=("tags",))
INVOICE_ROUTE = Route(
    rule="large invoices",
    file="rules/invoices.yaml",
    line=14,
    tags=("invoice", "paper"),
    approvers=("anna", "ben"),
    template="invoice_received",
    because=(_RULE, _TAGGING),
    reason="the total 3927.00 EUR is above 2500",
)
QUESTION_ROUTE = Route(
    rule="questions",
    file="rules/support.yaml",
    line=8,
    tags=("question",),
    template="answer",
    reason="no attachment, a question mark",
)


def _invoice(digest: str, size: int) -> tuple[Reading, Draft]:
    sender = "Jonas Brandt <billing@nordlicht.example>"
    fields = (
        Field(name="supplier", value="Nordlicht Papier GmbH", page=1, box=box_of("Nordlicht Papier GmbH"), confidence=0.98),
        Field(name="invoice_number", value="NP-2026-0418", page=1, box=box_of("NP-2026-0418"), confidence=0.99),
        Field(name="invoice_date", value="2026-11-03", page=1, box=box_of("2026-11-03"), confidence=0.99),
        Field(name="due_date", value="2026-12-03", page=1, box=box_of("2026-12-03"), confidence=0.97),
        Field(name="total", value="3927.00", page=1, box=box_of("3,927.00"), confidence=0.99),
        Field(name="currency", value="EUR", page=1, box=box_of("EUR"), confidence=0.99),
        Field(name="vat_id", value="DE811569869", page=1, box=box_of("DE811569869"), confidence=0.71, origin="ocr"),
    )
    table = Table(
        page=1,
        columns=("Item", "Quantity", "Amount"),
        rows=(("Copy paper A4 80 g", "120 boxes", "2,988.00"), ("Envelopes C5", "40 packs", "312.00")),
    )
    text = "\n".join(line[3] for line in INVOICE_LINES)
    pages = (Page(number=1, text=text, width=595, height=842, confidence=1.0),)
    line = LineItem(
        description="Copy paper A4 80 g",
        quantity="120",
        unit="boxes",
        unit_price="24.90",
        tax_rate=None,
        amount="2988.00",
        page=1,
        box=(60, 260, 535, 275),
    )
    said = "page 1, line 2 (Envelopes C5): 40 x 7.90 is 316.00, the line says 312.00"
    wrong = replace(line, description="Envelopes C5", quantity="40", unit="packs", unit_price="7.90", amount="312.00", differs=said)
    document = Document(
        name="NP-2026-0418.pdf",
        media_type="application/pdf",
        sha256=digest,
        pages=pages,
        tables=(table,),
        fields=fields,
        line_items=(line, wrong),
    )
    words = (
        "Dear accounts team,\n\nplease find attached our invoice NP-2026-0418 for the November delivery.\n"
        "Could you confirm when it will be paid?\n\nKind regards\nJonas Brandt\nNordlicht Papier GmbH"
    )
    html = (
        "<p>Dear accounts team,</p><p>please find attached our invoice <b>NP-2026-0418</b> for the November delivery.<br>"
        "Could you confirm when it will be paid?</p><p>Kind regards<br>Jonas Brandt</p>"
        '<img src="http://127.0.0.1:9/pixel.gif" alt="logo"><a href="http://127.0.0.1:9/track">our site</a>'
    )
    attachments = (Attachment(filename="NP-2026-0418.pdf", media_type="application/pdf", size=size, sha256=digest),)
    message = mail(sender, "Invoice NP-2026-0418", words, html=html, attachments=attachments)
    draft = marked(
        "Dear Jonas Brandt,\n\nthank you for invoice NP-2026-0418 of 2026-11-03 over 3,927.00 EUR. It has been approved and "
        "will be paid on 2026-11-28.\n\nKind regards\nAccounts payable",
        ("Jonas Brandt", "name", Source(place="mail")),
        ("NP-2026-0418", "number", Source(place="field", name="NP-2026-0418.pdf: invoice_number", page=1)),
        ("2026-11-03", "date", Source(place="document", name="NP-2026-0418.pdf", page=1)),
        ("3,927.00 EUR", "amount", Source(place="field", name="NP-2026-0418.pdf: total", page=1)),
        ("2026-11-28", "date", None),
        made_by="remote",
    )
    return Reading(file="message.eml", media_type="message/rfc822", message=message, documents=(document,)), draft


def samples(digest: str, size: int) -> list[Sample]:
    """Return one item in every state; `digest` and `size` are those of the invoice's PDF."""
    reading, draft = _invoice(digest, size)
    billing = "Jonas Brandt <billing@nordlicht.example>"
    buyer = "Lucía Fernández <lucia@ferreteria.example>"

    def told(sender: str, subject: str, text: str, **more: Any) -> Reading:
        return Reading(file="message.eml", media_type="message/rfc822", message=mail(sender, subject, text, **more))

    def question(name: str, sender: str, subject: str, text: str, answer: str, **more: Any) -> Sample:
        return Sample(
            name=name,
            state=more.pop("state", State.IN_REVIEW),
            subject=subject,
            sender=sender,
            reading=told(sender, subject, text),
            route=QUESTION_ROUTE,
            draft=marked(answer),
            tags=("question",),
            **more,
        )

    wang = "王小明 <wang@example.cn>"
    paid = Sample(
        name="invoice", state=State.IN_REVIEW, subject="Invoice NP-2026-0418", sender=billing, reading=reading,
        route=INVOICE_ROUTE, draft=draft, tags=("invoice", "paper"), approved_by=("anna", "ben"),
    )  # fmt: skip
    large = replace(
        paid,
        name="approve",
        state=State.AWAITING_APPROVAL,
        subject="Invoice NP-2026-0418 (second copy)",
        draft=None,
        approved_by=(),
    )
    hostile = Reading(
        file="message.eml",
        media_type="message/rfc822",
        message=mail(billing, "Photos", "Here are the photos."),
        problems=(Problem(code="archive_limits", detail="photos.zip unpacks to 4.5 GB", remedy="ask for single files"),),
    )
    return [
        question("sent", buyer, "Opening hours", "When are you open?", "We are open from nine to five.", state=State.SENT),
        question("unknown", buyer, "Re: delivery note", "Did you get it?", "Yes, we did, thank you.", state=State.DELIVERY_UNKNOWN,
                 reason="the connection broke after the text went out"),
        question("queued", buyer, "Price list", "Could I have the price list?", "It is on its way.", state=State.QUEUED),
        question("rejected", buyer, "Broken drill", "It broke.", "Good for you.", state=State.REJECTED, reason="mei: wrong tone"),
        replace(large, name="refused", state=State.REFUSED, subject="Invoice 7731 for consulting",
                reason="ben: we never ordered this"),
        Sample(name="finished", state=State.FINISHED, subject="Out of office: Re: Invoice 22", sender=buyer,
               reading=told(buyer, "Out of office", "I am away."), route=QUESTION_ROUTE, reason="never answered: an auto-reply"),
        Sample(name="failed", state=State.FAILED, subject="Order 5518", sender=buyer,
               reading=told(buyer, "Order 5518", "See above."),
               reason="template order_received names a fact that does not exist: order.number"),
        Sample(name="quarantined", state=State.QUARANTINED, subject="Photos", sender=billing, reading=hostile,
               reason="photos.zip unpacks to 4.5 GB"),
        Sample(name="received", state=State.RECEIVED, subject="Just came in", sender=buyer),
        Sample(name="drafting", state=State.DRAFTING, subject="Statement of account", sender=billing,
               reading=told(billing, "Statement", "Please send one."), route=QUESTION_ROUTE),
        large,
        question("shadow", "Tomás Silva <tomas@silva.example>", "Can I return an opened box?", "Can I return an opened box?",
                 "Yes, you can return it.", account="support"),
        question("chinese", wang, "请问十一月的发票什么时候付款？", "您好，请问十一月的发票什么时候付款？谢谢。\n王小明",
                 "王小明，您好：\n\n您的发票已收到，正在审核中。\n\n此致\n应付账款组"),
        paid,
    ]  # fmt: skip


def cleaned_sample() -> Sample:
    """Return an item with a price list of which three cells were cleaned, one of them to nothing."""
    table = Table(columns=("Artikel", "Preis"), rows=(("A-1", "1.234,50 €"), ("A-2", "n/a"), ("A-3", "3,00 €")))
    columns = (Column(name="article", type="text", loaded="Artikel"), Column(name="Preis", type="money", currency="EUR"))
    after = ("1234.50", "", "3.00")
    cleaned = Cleaned(
        columns=columns,
        rows=tuple(CleanRow(source=n, cells=(f"A-{n + 1}", one)) for n, one in enumerate(after)),
        changes=tuple(
            CellChange(row=n, column=1, before=table.rows[n][1], after=one, kind="money" if one else "missing")
            for n, one in enumerate(after)
        ),
    )
    document = Document(name="prices.csv", media_type="text/csv", sha256="1" * 64, tables=(table,))
    sender = "Eva Lang <eva@supplier.example>"
    message = mail(sender, "Prices", "Please find our prices attached.")
    return Sample(
        name="prices", state=State.IN_REVIEW, subject="Prices", sender=sender, route=QUESTION_ROUTE, draft=marked("Thank you."),
        reading=Reading(file="m.eml", media_type="message/rfc822", message=message, documents=(document,)),
        tables=(TableOf(document="prices.csv", place=0, cleaned=cleaned),),
    )  # fmt: skip


def hostile_sample() -> Sample:
    """Return an item whose every string tries to run something in the reader's browser."""
    attack = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}"
    sender = f"{attack.replace('<', '(').replace('>', ')')} <x@evil.example>"
    html = (
        '<p>Hello</p><script>parent.alert(1)</script><img src="http://127.0.0.1:9/spy.gif" onerror="alert(1)">'
        '<a href="javascript:alert(1)" onclick="alert(1)">click</a><iframe src="javascript:alert(1)"></iframe>'
        '<meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/"><form action="http://127.0.0.1:9/"><input></form>'
    )
    attachments = (Attachment(filename=f"{attack}.html", media_type=attack, size=3, sha256="0" * 64),)
    message = mail(sender, attack, f"</textarea></div>{attack}", html=html, attachments=attachments)
    document = Document(
        name=f"{attack}.csv",
        media_type="text/csv",
        sha256="0" * 64,
        pages=(Page(number=1, text=attack),),
        tables=(Table(columns=(attack,), rows=((attack,),)),),
        fields=(Field(name="supplier", value=attack),),
    )
    problem = Problem(code="malformed_mail", detail=attack, remedy=attack)
    reading = Reading(file="m.eml", media_type="message/rfc822", message=message, documents=(document,), problems=(problem,))
    because = Because(rule=attack, file=attack, line=1)
    return Sample(
        name="hostile", state=State.IN_REVIEW, subject=attack, sender=sender, reading=reading, tags=(attack,), reason=attack,
        route=Route(rule=attack, file=attack, line=1, template=attack, reason=attack, because=(because, because)),
        draft=marked(f"</textarea>{attack} 4711", ("4711", "number", None), note=attack),
    )  # fmt: skip
