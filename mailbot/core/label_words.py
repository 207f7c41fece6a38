"""The words themselves: how invoices and orders label their figures, by what the label announces and how plainly.

Phrases are parted by ";", {no} stands for every way to write "number". Accents and case do not matter. Grade 3 says exactly
what it means, 2 nearly always, 1 only where nothing better is there. What stands first wins where a phrase stands twice.
"""

NUMBER_WORDS = "no|nr|num|number|nummer|numero|n°|n|#|nro|id|code"

PHRASES: dict[str, dict[int, str]] = {
    "invoice_number": {
        3: """
            invoice {no}; tax invoice {no}; inv {no}; bill {no}; credit note {no}; credit memo {no}; number of invoice;
            rechnung {no}; rechnungs {no}; rechnungsnr; rechnungsnummer; rg {no}; re {no}; gutschrift {no};
            gutschriftsnummer; belegnummer; facture {no}; numero de facture; numero facture; {no} de facture; {no} facture;
            avoir {no}; reference facture; factuur {no}; factuurnummer; factuurnr; {no} factuur; creditfactuur {no};
            factura {no}; numero de factura; {no} de factura; {no} factura; fattura {no}; numero fattura; {no} fattura;
            {no} di fattura; numero documento; 发票号码; 发票编号; 发票号; 发票代号; 账单编号; 单据号码
        """,
        2: """
            document {no}; documento {no}; beleg {no}; statement {no}; receipt {no}; reference number; invoice; 票据号码;
            编号
        """,
        1: """
            rechnung; facture; factuur; factura; fattura
        """,
    },
    "po_number": {
        3: """
            po {no}; p o {no}; po; purchase order {no}; purchase order; customer po; your order {no}; your order;
            your purchase order; your purchase order {no}; customer order; your po; customer order {no}; buyer order {no};
            ihre bestellnummer; ihre bestellung {no}; ihre bestellung; bestellnummer; bestell {no}; bestellung {no};
            ihre bestell {no}; bon de commande {no}; bon de commande; numero de commande; votre commande {no};
            votre commande; {no} de commande; commande {no}; inkooporder {no}; inkoopordernummer; inkooporder;
            uw ordernummer; uw order {no}; uw bestelnummer; pedido {no}; numero de pedido; orden de compra {no};
            orden de compra; su pedido {no}; su pedido; {no} de pedido; ordine d acquisto {no}; ordine di acquisto {no};
            vostro ordine {no}; vostro ordine; vs ordine; numero ordine; 采购订单号; 采购单号; 订单号码; 订单编号; 订单号;
            采购订单
        """,
    },
    "invoice_date": {
        3: """
            invoice date; date of invoice; date of issue; issue date; issued on; date issued; bill date; billing date;
            tax point; invoice dated; dated; rechnungsdatum; datum der rechnung; ausstellungsdatum; rechnung vom;
            belegdatum; date de facture; date de la facture; date facture; date de facturation; date d emission;
            date d etablissement; emise le; factuurdatum; datum factuur; fecha de factura; fecha factura; fecha de emision;
            fecha de expedicion; data fattura; data della fattura; data emissione; data di emissione; data documento;
            开票日期; 发票日期; 出票日期; 开具日期
        """,
        1: """
            date; datum; fecha; data; le; del; du; vom; 日期
        """,
    },
    "due_date": {
        3: """
            due date; payment due; payment due date; payment due by; payment due on; due on; due by; due; pay by;
            please pay by; payable by; pay before; date due; payment deadline; falligkeitsdatum; fallig am; fallig;
            falligkeit; faellig am; zahlbar bis; zahlbar bis zum; zahlbar bis spatestens; zu zahlen bis; zahlungsziel;
            zahlungstermin; zahlungsfrist; date d echeance; echeance; date limite de paiement; date limite de reglement;
            a payer avant le; a regler avant le; payable le; vervaldatum; te betalen voor; te voldoen voor;
            uiterste betaaldatum; betalen voor; betaal voor; vervaldag; fecha de vencimiento; fecha vencimiento;
            vencimiento; fecha limite de pago; vence el; pagar antes del; scadenza; data scadenza; data di scadenza;
            scadenza pagamento; da pagare entro; 到期日; 到期日期; 付款期限; 付款截止日期; 应付日期
        """,
    },
    "payable": {
        3: """
            amount due; total amount due; total due; balance due; balance; amount payable; total payable;
            total amount payable; please pay; zu zahlender betrag; zahlbetrag; zahlungsbetrag; zu zahlen; restbetrag;
            offener betrag; net a payer; net a payer ttc; somme a payer; montant a payer; total a payer; montant du;
            total a regler; reste a payer; solde a payer; totaal te betalen; te betalen; te voldoen; te betalen bedrag;
            restant te betalen; total a pagar; importe a pagar; totale da pagare; netto a pagare; totale a pagare;
            totale dovuto; 应付金额; 应付总额; 实付金额
        """,
    },
    "total": {
        3: """
            grand total; invoice total; total invoice; total invoice amount; invoice amount; total incl vat;
            total incl tax; total including vat; total including tax; total inc vat; total inc gst; total incl gst;
            total including gst; gross total; total gross; gross amount; total total total to pay; total amount;
            total for this invoice; order total; total order value; total amount incl vat; rechnungsbetrag; gesamtbetrag;
            gesamtsumme; endbetrag; bruttobetrag; gesamt brutto; brutto; summe brutto; brutto gesamt; endsumme;
            rechnungssumme; gesamtbetrag brutto; rechnungsendbetrag; gesamt inkl mwst; summe inkl mwst;
            gesamtbetrag inkl mwst; total inkl mwst; total brutto; auftragssumme; total ttc; montant ttc;
            montant total ttc; total facture; total general; prix total ttc; montant total; totaalbedrag; factuurbedrag;
            totaal incl btw; totaal inclusief btw; eindtotaal; totaal factuur; factuurtotaal; inclusief btw; incl btw;
            importe total; total factura; total iva incluido; total con iva; totale fattura; totale documento;
            importo totale; totale ivato; totale iva inclusa; totale complessivo; 价税合计; 总计; 总金额; 合计金额; 总额;
            含税金额; 含税总额; 订单总额; 价税合计(大写); 实付金额
        """,
        2: """
            total; totals; totaal; gesamt; summe; totale; montant; 合计; 共计
        """,
    },
    "subtotal": {
        3: """
            net amount; net total; total net; net; total excl vat; total excluding vat; total ex vat; total excl tax;
            total excl gst; total before tax; amount excl vat; taxable amount; taxable value; total taxable; net value;
            total without vat; total exclusive of vat; nettobetrag; summe netto; gesamt netto; nettosumme; netto;
            nettowert; netto gesamt; total netto; summe ohne mwst; warenwert netto; total ht; montant ht; total hors taxe;
            total hors taxes; montant hors taxe; base ht; total net ht; montant total ht; prix total ht; exclusief btw;
            totaal excl btw; totaal exclusief btw; excl btw; totaal excl; bedrag excl btw; nettobedrag; totaal netto;
            base imponible; total sin iva; importe neto; total neto; base imponibile; imponibile; totale imponibile;
            imponibile iva; totale netto; 不含税金额; 金额合计; 税前金额; 未税金额
        """,
        2: """
            subtotal; sub total; zwischensumme; sous total; subtotaal; subtotale; total parcial; 小计; charges
        """,
    },
    "tax": {
        3: """
            total vat; vat amount; vat total; total tax; tax amount; sales tax; vat; gst; hst; tax; taxes; tax total;
            plus vat; gst amount; total gst; mwst; mehrwertsteuer; ust; umsatzsteuer; zzgl mwst; mwst betrag;
            zuzuglich mwst; ust betrag; summe mwst; enthaltene mwst; steuerbetrag; zzgl ust; inkl mwst; mwst satz;
            gesetzliche mwst; zzgl umsatzsteuer; tva; montant tva; total tva; total taxes; dont tva; btw; btw bedrag;
            totaal btw; bedrag btw; iva; cuota iva; importe iva; total iva; imposta; totale iva; importo iva;
            totale imposta; di cui iva; 税额; 增值税; 增值税额; 税金; 税额合计; 合计税额
        """,
    },
    "currency": {
        3: """
            currency; all amounts in; amounts in; prices in; wahrung; devise; valuta; moneda; divisa; monnaie; 币种; 货币
        """,
    },
    "supplier": {
        3: """
            sold by; seller; supplier; vendor; service provider; supplier name; vendor name; seller name; lieferant;
            verkaufer; leistungserbringer; rechnungssteller; fournisseur; vendeur; prestataire; leverancier; verkoper;
            proveedor; vendedor; emisor; fornitore; venditore; cedente; cedente prestatore; 销售方; 销售方名称; 销方名称;
            卖方; 供应商; 供应商名称; 供方; 开票方; 收款单位; 收款方; 销货单位
        """,
        2: """
            bill from; billed from; invoice from; issued by; emetteur; mittente; 销售方信息
        """,
        1: """
            from; von; van; de; da
        """,
    },
    "customer": {
        3: """
            bill to; billed to; invoice to; invoiced to; sold to; customer; customer name; client; buyer; purchaser;
            bill to address; billing address; invoice address; rechnungsempfanger; kunde; kunden name; rechnung an;
            rechnungsadresse; auftraggeber; kaufer; facture a; destinataire; adresse de facturation; facturer a; acheteur;
            adresse a; nom du client; factuuradres; klant; factuur aan; koper; debiteur; afnemer; facturar a; cliente;
            comprador; datos del cliente; facturado a; spettabile; spett le; intestatario; fatturato a; destinatario;
            cessionario; acquirente; cessionario committente; 购买方; 购买方名称; 购方名称; 购货单位; 买方; 客户; 客户名称;
            需方; 付款单位; 付款方; 购买方信息
        """,
        2: """
            attn; attention
        """,
        1: """
            to; an; a; aan; 致
        """,
    },
    "vat_id": {
        3: """
            vat id; vat {no}; vat reg {no}; vat registration {no}; tax id; tax {no}; vat reg; vatin; gst {no}; ust id;
            ustid; ust id {no}; ust idnr; ust ident {no}; umsatzsteuer id; umsatzsteuer identifikationsnummer; uid;
            uid {no}; mwst {no}; steuernummer; steuer {no}; tva intracommunautaire; {no} tva; {no} de tva; tva intra;
            {no} de tva intracommunautaire; {no} tva intracommunautaire; numero de tva; n tva intra; identifiant tva;
            btw {no}; btw nummer; btw id; btwnummer; nif; cif; nif cif; vat es; {no} iva; partita iva; p iva; piva;
            p iva e c f; codice fiscale; 纳税人识别号; 统一社会信用代码; 税号; 统一社会信用代码/纳税人识别号
        """,
    },
    "paid": {
        3: """
            paid; amount paid; deposit; payments; payment received; less payment; total paid; bezahlt; anzahlung;
            abzgl anzahlung; bereits bezahlt; acompte; deja paye; acompte verse; betaald; aanbetaling; reeds betaald;
            anticipo; pagado; acconto; pagato; 已付; 预付款; 已付金额
        """,
    },
    "other": {
        3: """
            customer {no}; client {no}; account {no}; account; kunden {no}; kundennummer; kundennr; numero client;
            {no} client; klantnummer; klant {no}; cliente {no}; order date; date of order; delivery date; date of delivery;
            date of supply; ship date; shipping date; shipped; print date; statement date; service date; period;
            billing period; date payment date; paid on; expiry date; valid until; start date; end date; date of birth;
            order {no}; order; delivery note {no}; your reference; our reference; your ref; our ref; quote {no};
            quotation {no}; project {no}; contract {no}; job {no}; page; phone; tel; telephone; fax; mobile; email; e mail;
            web; website; bestelldatum; lieferdatum; leistungsdatum; auftragsdatum; liefertermin; versanddatum; druckdatum;
            auftragsnummer; auftrags {no}; auftrag {no}; lieferschein {no}; lieferscheinnummer; leistungszeitraum;
            lieferzeitraum; zeitraum; angebot {no}; vertrags {no}; vertragsnummer; unser zeichen; ihr zeichen; seite;
            telefon; bearbeiter; projekt {no}; steuer satz; date de commande; date de livraison; date de paiement;
            date du reglement; date de prestation; periode; siret; siren; rcs; reference client; votre reference;
            notre reference; orderdatum; leverdatum; besteldatum; betaaldatum; ordernummer; order nr; kvk; pakbon {no};
            uw referentie; onze referentie; afleverdatum; bestelnummer; verzenddatum; fecha de pedido; fecha de entrega;
            fecha pedido; fecha de pago; albaran {no}; referencia; su referencia; telefono; fecha de operacion;
            data ordine; data consegna; data pagamento; ddt {no}; riferimento; data di consegna; data ddt; codice cliente;
            codice destinatario; 订单日期; 交货日期; 付款日期; 发货日期; 打印日期; 客户编号; 合同编号; 电话; 传真; 地址;
            开户行; 账号; 银行账号; 发票代码; 校验码; 机器编号; 下单日期; 日期范围; 税率; 单价; 数量; 名称;
            amount discount; shipping; freight; credits; previous balance; carried forward; brought forward; rounding;
            ubertrag; rabatt; versand; versandkosten; remise; frais de port; korting; verzendkosten; descuento; envio;
            gastos de envio; sconto; trasporto; spese di spedizione; 折扣; 运费; 大写; vat rate; tax rate; steuersatz;
            taux tva; taux de tva; btw tarief; tipo iva; aliquota; aliquota iva; tva acquittee; price incl vat;
            prijs incl btw; unit price; einzelpreis; prix unitaire; stukprijs; precio unitario; prezzo unitario; quantity;
            qty; menge; quantite; aantal; cantidad; quantita; description; beschreibung; bezeichnung; omschrijving;
            descripcion; descrizione; bank; bankverbindung; iban; bic; swift; bank account; konto; kto {no}; blz;
            sort code; routing {no}; compte bancaire; banque; bank details; rekeningnummer; total savings; you saved;
            total items; total quantity; total weight; total hours; total pages; ohne mwst; ohne ust; exkl mwst; hors tva;
            zonder btw; account name; total excl discount
        """,
    },
}

TITLES = """
    invoice; tax invoice; credit note; bill; statement of account; receipt; purchase order; sales order;
    order confirmation; order; pro forma invoice; rechnung; gutschrift; bestellung; auftragsbestatigung; quittung; facture;
    avoir; bon de commande; commande; factuur; factuurnummer; factuurdatum; rechnungsnummer; rechnungsnr; rechnungsdatum;
    creditnota; bestelling; inkooporder; factura; pedido; orden de compra; fattura; nota di credito; ordine; 发票; 账单;
    订单; 采购单; 收据; 对账单
"""
"""What a business paper calls itself."""
