"""Papers that are easily misread, all invented: credit notes, part payments, lists of invoices, orders; and their fields."""

from __future__ import annotations

CREDIT_NOTE = """
    CREDIT NOTE
    Orion Parts Ltd
    Credit note no: CN-4410
    Date: 21 June 2024
    Original invoice: INV-9001

    Net            -100.00
    VAT 20%         -20.00
    Total GBP      -120.00
"""

SHIPPED_AND_PART_PAID = """
    INVOICE
    Gadget World LLC                         Invoice No.  GW-553
    Ship Date: 06/20/2024                    Invoice Date 06/18/2024

    Subtotal             $100.00
    Shipping              $10.00
    Tax (8%)               $8.00
    Total                $118.00
    Amount Paid           $18.00
    Balance Due          $100.00
"""

STATEMENT = """
    Northwind Traders Ltd
    STATEMENT OF ACCOUNT                     Statement date: 30/06/2024

    Invoice No     Date           Due date       Amount
    NT-100         03/06/2024     03/07/2024     120.00
    NT-101         13/06/2024     13/07/2024     240.00
    NT-102         25/06/2024     25/07/2024      60.00

    Balance due                                  420.00
"""

DEPOSIT = """
    Rechnung
    Nu GmbH & Co. KG
    Re-Nr 9911
    Netto              1.000,00
    USt 19%              190,00
    Brutto             1.190,00
    abzgl. Anzahlung     500,00
    Restbetrag           690,00
"""

AUSTRALIAN = """
    Zeta Software Ltd.                                  Tax Invoice
    1 Harbour Loop, Sydney NSW 2000
    ABN 51 824 753 556

    Invoice To                       Invoice Date     Invoice Number
    Theta Pty Ltd                    5 Jun 2024       INV-0042
    2 George St

    Description          Quantity    Unit Price    GST     Amount AUD
    Licence                  1.00        500.00    10%         500.00
                                          Subtotal             500.00
                                          TOTAL GST 10%         50.00
                                          TOTAL AUD            550.00
    Due Date: 5 Jul 2024
"""

PURCHASE_ORDER = """
    PURCHASE ORDER
    PO Number: PO-4500099                Date: 2024-06-11
    Buyer: Delta Machines Ltd
    Vendor: Epsilon Tools Ltd

    Item     Qty    Price     Total
    Drill     10    12.00    120.00
    Saw        5    20.00    100.00
    Order total              GBP 220.00
"""

SWISS = """
    Alpenblick Consulting AG
    Bahnhofstrasse 1, 8001 Zürich
    CHE-123.456.788 MWST

    Rechnung Nr. 2024-0815                      Datum: 12.06.2024
    Kunde: Muster Holding AG

    Beratung             8 Std     150.00     1'200.00
    Zwischentotal                             1'200.00
    MWST 8.1%                                    97.20
    Total CHF                                 1'297.20
    Zahlbar bis: 12.07.2024
    IBAN CH93 0076 2011 6238 5295 7
"""

ODD_CASES: list[tuple[str, str, dict[str, str]]] = [
    (
        "credit note",
        CREDIT_NOTE,
        {
            "supplier": "Orion Parts Ltd",
            "invoice_number": "CN-4410",
            "invoice_date": "2024-06-21",
            "subtotal": "-100.00",
            "tax": "-20.00",
            "total": "-120.00",
            "currency": "GBP",
        },
    ),
    (
        "shipped and part paid",
        SHIPPED_AND_PART_PAID,
        {
            "supplier": "Gadget World LLC",
            "invoice_number": "GW-553",
            "invoice_date": "2024-06-18",
            "total": "118.00",
            "currency": "USD",
        },
    ),
    (
        "statement",
        STATEMENT,
        {"supplier": "Northwind Traders Ltd", "total": "420.00"},
    ),
    (
        "deposit",
        DEPOSIT,
        {"supplier": "Nu GmbH & Co. KG", "invoice_number": "9911", "subtotal": "1000.00", "tax": "190.00", "total": "1190.00"},
    ),
    (
        "australian",
        AUSTRALIAN,
        {
            "supplier": "Zeta Software Ltd.",
            "customer": "Theta Pty Ltd",
            "invoice_number": "INV-0042",
            "invoice_date": "2024-06-05",
            "due_date": "2024-07-05",
            "subtotal": "500.00",
            "tax": "50.00",
            "total": "550.00",
            "currency": "AUD",
        },
    ),
    (
        "purchase order",
        PURCHASE_ORDER,
        {
            "supplier": "Epsilon Tools Ltd",
            "customer": "Delta Machines Ltd",
            "po_number": "PO-4500099",
            "total": "220.00",
            "currency": "GBP",
        },
    ),
    (
        "swiss",
        SWISS,
        {
            "supplier": "Alpenblick Consulting AG",
            "customer": "Muster Holding AG",
            "invoice_number": "2024-0815",
            "invoice_date": "2024-06-12",
            "due_date": "2024-07-12",
            "subtotal": "1200.00",
            "tax": "97.20",
            "total": "1297.20",
            "currency": "CHF",
            "iban": "CH9300762011623852957",
            "vat_id": "CHE123456788",
        },
    ),
]
