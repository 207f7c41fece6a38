"""Papers of one supplier whose labels no desk knows, and the mails that bring them: what corrections and hints are tried on."""

from __future__ import annotations

import io
from email.message import EmailMessage

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

FOOT = ("Amtsgericht Kiel HRB 4711    USt-IdNr. DE136695976", "www.nordwind.example")


def paper(number: str, date: str, goods: str, tax: str, whole: str) -> bytes:
    """Return an invoice that calls nothing as others do; amounts as they are printed."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    lines = [
        (60, 60, 18, "Nordwind Technik GmbH"), (60, 82, 9, "Werftstraße 3, 24143 Kiel"),
        (60, 140, 11, "Beispiel AG, Einkauf"), (60, 156, 11, "Lange Gasse 8, 20095 Hamburg"),
        (60, 210, 13, "Rechnung über Lieferung"),
        (60, 236, 11, "Rechnung Nr."), (150, 236, 11, number), (330, 236, 11, "Stand"), (410, 236, 11, date),
        (60, 254, 11, "Bestellnummer"), (150, 254, 11, "intern K-88"),
        (60, 290, 11, "Kupferrohr 15 mm"), (330, 290, 11, "3 Stk"), (480, 290, 11, goods),
        (60, 330, 11, "Wert der Ware"), (480, 330, 11, goods), (60, 348, 11, "Abgabe 19 %"), (480, 348, 11, tax),
        (60, 372, 12, "Alles zusammen"), (480, 372, 12, whole),
        (60, 760, 8, FOOT[0]), (60, 774, 8, FOOT[1]),
    ]  # fmt: skip
    for x, top, size, text in lines:
        canvas.setFont("Helvetica-Bold" if size > 12 else "Helvetica", size)
        canvas.drawString(x, A4[1] - top, text)
    canvas.save()
    return out.getvalue()


def mail_with(pdf: bytes, number: str, *, account: str = "payables") -> bytes:
    """Return the mail that brings a paper, `number` in its subject and in the file's name."""
    mail = EmailMessage()
    mail["From"], mail["To"] = "Nordwind <rechnung@nordwind.example>", f"{account}@example.org"
    mail["Subject"], mail["Message-ID"] = f"Unser Vorgang {number}", f"<{number}@nordwind.example>"
    mail["Date"] = "Mon, 02 Nov 2026 10:00:00 +0000"
    mail.set_content(f"Guten Tag,\n\nanbei unser Vorgang {number}. Wann wird er bezahlt?\n\nIhr Nordwind-Team\n")
    mail.add_attachment(pdf, maintype="application", subtype="pdf", filename=f"{number}.pdf")
    return mail.as_bytes()
