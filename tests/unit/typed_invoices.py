"""Invoices and orders typed as text, all invented, and the fields that a clerk reads off each: what is not here must be absent."""

from __future__ import annotations

ENGLISH_COLUMNS = """
    Northwind Traders Ltd                                        INVOICE
    12 Harbour Road
    Bristol BS1 4ST
    VAT Reg No: GB123456789

    Bill To:                                     Invoice Number:   NT-2024-0117
    Acme Industries plc                          Invoice Date:     03/04/2024
    4 Mill Lane                                  Due Date:         03/05/2024
    Leeds LS1 1AA                                PO Number:        4500012345

    Description                Qty      Unit Price      VAT      Amount
    Steel brackets             10          12.50       20%       125.00
    Delivery                    1          15.00       20%        15.00

                                              Subtotal:         £140.00
                                              VAT @ 20%:         £28.00
                                              Total:            £168.00

    Please pay by bank transfer. www.northwind-traders.co.uk
"""

AMERICAN_BELOW = """
    INVOICE

    From                                 Bill to
    Bright Ideas LLC                     Jane Customer
    500 Main Street                      12 Elm Street
    Austin, TX 78701                     Dallas, TX 75201

    Invoice #            Date               Due Date
    10482                04/03/2024         05/03/2024

    Item                                   Hours      Rate      Amount
    Consulting                                10    $100.00   $1,000.00
    Workshop                                   2    $250.00     $500.00

                                           Subtotal            $1,500.00
                                           Sales Tax (8.25%)     $123.75
                                           Amount Due          $1,623.75
"""

GERMAN = """
    Müller Werkzeugbau GmbH - Industriestr. 5 - 70565 Stuttgart

    Beispiel AG                                   Rechnungs-Nr.:     RE-20240815
    Einkauf                                       Rechnungsdatum:    15.08.2024
    Hauptstraße 1                                 Kundennummer:      12044
    10115 Berlin                                  Ihre Bestellnummer: B-77812

    Rechnung

    Pos  Bezeichnung                 Menge    Einzelpreis      Gesamt
    1    Fräsarbeiten                    4         250,00    1.000,00
    2    Material                        1         234,56      234,56

         Nettobetrag                                         1.234,56 €
         zzgl. 19 % MwSt.                                      234,57 €
         Rechnungsbetrag                                     1.469,13 €

    Zahlbar bis 14.09.2024 ohne Abzug.

    Müller Werkzeugbau GmbH     USt-IdNr. DE 136695976     IBAN DE89 3704 0044 0532 0130 00
"""

FRENCH = """
    SARL Dubois Menuiserie
    8 rue des Lilas
    33000 Bordeaux

    FACTURE N° F2024-0312
    Date de facture : 12 mars 2024
    Date d'échéance : 11 avril 2024

    Client :  Mairie de Pessac

    Désignation                            Qté     P.U. HT     Total HT
    Porte en chêne                           2      450,00       900,00

                                     Total HT                  900,00 €
                                     TVA 20 %                  180,00 €
                                     Total TTC               1 080,00 €
"""

SPANISH = """
    Talleres García S.L.
    CIF: ESB12345674
    Factura nº: 2024/118                 Fecha de emisión: 05/02/2024
    Fecha de vencimiento: 06/03/2024

    Cliente: Construcciones Pérez S.A.

    Concepto                                              Importe
    Reparación de maquinaria                               500,00

    Base imponible                                       500,00 €
    IVA 21%                                              105,00 €
    Total a pagar                                        605,00 €
"""

ITALIAN = """
    Officine Rossi S.r.l.
    Via Roma 10, 20121 Milano
    P. IVA IT00743110157

    Fattura n. 45/A del 10/03/2024
    Spett.le
    Bianchi S.p.A.

    Descrizione                                           Importo
    Lavorazione                                            200,00

    Imponibile                                             200,00
    IVA 22%                                                 44,00
    Totale fattura                                       € 244,00
"""

DUTCH = """
    Van Dijk Techniek B.V.
    Factuurnummer: 20240091
    Factuurdatum: 7 mei 2024
    Vervaldatum: 6 juni 2024

    Omschrijving                       Aantal     Prijs     Bedrag
    Onderhoud                               3     80,00     240,00

    Totaal excl. btw                                      € 240,00
    21% btw                                                € 50,40
    Totaal incl. btw                                      € 290,40
    IBAN: NL91 ABNA 0417 1643 00
"""

CHINESE = """
    电子发票（普通发票）                  发票号码：24312000000012345678
                                          开票日期：2024年03月18日
    购买方信息                            销售方信息
    名称：上海示例贸易有限公司            名称：北京样本科技有限公司
    项目名称        数量       单价        金额        税率      税额
    办公用品          10     100.00     1000.00        13%    130.00
    合  计                             ¥1000.00             ¥130.00
    价税合计（大写）  壹仟壹佰叁拾圆整          （小写）¥1130.00
"""

CASES: list[tuple[str, str, dict[str, str]]] = [
    (
        "english",
        ENGLISH_COLUMNS,
        {
            "supplier": "Northwind Traders Ltd",
            "customer": "Acme Industries plc",
            "invoice_number": "NT-2024-0117",
            "po_number": "4500012345",
            "invoice_date": "2024-04-03",
            "due_date": "2024-05-03",
            "subtotal": "140.00",
            "tax": "28.00",
            "total": "168.00",
            "currency": "GBP",
            "vat_id": "GB123456789",
        },
    ),
    (
        "american",
        AMERICAN_BELOW,
        {
            "supplier": "Bright Ideas LLC",
            "customer": "Jane Customer",
            "invoice_number": "10482",
            "invoice_date": "2024-04-03",
            "due_date": "2024-05-03",
            "subtotal": "1500.00",
            "tax": "123.75",
            "total": "1623.75",
            "currency": "USD",
        },
    ),
    (
        "german",
        GERMAN,
        {
            "supplier": "Müller Werkzeugbau GmbH",
            "customer": "Beispiel AG",
            "invoice_number": "RE-20240815",
            "po_number": "B-77812",
            "invoice_date": "2024-08-15",
            "due_date": "2024-09-14",
            "subtotal": "1234.56",
            "tax": "234.57",
            "total": "1469.13",
            "currency": "EUR",
            "iban": "DE89370400440532013000",
            "vat_id": "DE136695976",
        },
    ),
    (
        "french",
        FRENCH,
        {
            "supplier": "SARL Dubois Menuiserie",
            "customer": "Mairie de Pessac",
            "invoice_number": "F2024-0312",
            "invoice_date": "2024-03-12",
            "due_date": "2024-04-11",
            "subtotal": "900.00",
            "tax": "180.00",
            "total": "1080.00",
            "currency": "EUR",
        },
    ),
    (
        "spanish",
        SPANISH,
        {
            "supplier": "Talleres García S.L.",
            "customer": "Construcciones Pérez S.A.",
            "invoice_number": "2024/118",
            "invoice_date": "2024-02-05",
            "due_date": "2024-03-06",
            "subtotal": "500.00",
            "tax": "105.00",
            "total": "605.00",
            "currency": "EUR",
            "vat_id": "ESB12345674",
        },
    ),
    (
        "italian",
        ITALIAN,
        {
            "supplier": "Officine Rossi S.r.l.",
            "customer": "Bianchi S.p.A.",
            "invoice_number": "45/A",
            "invoice_date": "2024-03-10",
            "subtotal": "200.00",
            "tax": "44.00",
            "total": "244.00",
            "currency": "EUR",
            "vat_id": "IT00743110157",
        },
    ),
    (
        "dutch",
        DUTCH,
        {
            "supplier": "Van Dijk Techniek B.V.",
            "invoice_number": "20240091",
            "invoice_date": "2024-05-07",
            "due_date": "2024-06-06",
            "subtotal": "240.00",
            "tax": "50.40",
            "total": "290.40",
            "currency": "EUR",
            "iban": "NL91ABNA0417164300",
        },
    ),
    (
        "chinese",
        CHINESE,
        {
            "supplier": "北京样本科技有限公司",
            "customer": "上海示例贸易有限公司",
            "invoice_number": "24312000000012345678",
            "invoice_date": "2024-03-18",
            "subtotal": "1000.00",
            "tax": "130.00",
            "total": "1130.00",
            "currency": "CNY",
        },
    ),
]
