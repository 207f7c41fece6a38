"""The words themselves: how invoices and orders label their figures, by what the label announces and how plainly.

Phrases are parted by ";", {no} stands for every way to write "number". Accents and case do not matter. Grade 3 says exactly
what it means, 4 so even beside a label of grade 3, 2 nearly always, 1 only where nothing better is there, 0 only beside the
paper's title. What stands first wins where a phrase stands twice.
"""

from mailbot.core.other_labels import OTHER

NUMBER_WORDS = "no|nr|num|number|nummer|numero|n°|n|#|nro|id|code"

PHRASES: dict[str, dict[int, str]] = {
    "invoice_number": {
        4: """
            credit note {no}; credit memo {no}; credit note; credit {no}; gutschrift {no}; gutschriftsnummer; gutschriftsnr;
            gutschrift; avoir {no}; numero d avoir; numero de l avoir; facture d avoir {no}; creditfactuur {no}; creditnota
            {no}; factura rectificativa {no}; abono {no}; nota di credito {no}; nota di credito; nota de abono {no};
            rechnungskorrektur {no}; stornorechnung {no}; 红字发票号码
        """,
        3: """
            invoice {no}; tax invoice {no}; inv {no}; bill {no}; number of invoice; rechnung {no}; rechnungs {no};
            rechnungsnr; rechnungsnummer; rg {no}; re {no}; belegnummer; facture {no}; numero de facture; numero facture; {no}
            de facture; {no} facture; reference facture; factuur {no}; factuurnummer; factuurnr; {no} factuur; factura {no};
            numero de factura; {no} de factura; {no} factura; fattura {no}; numero fattura; {no} fattura; {no} di fattura;
            numero documento; 发票号码; 发票编号; 发票号; 发票代号; 账单编号; 单据号码; sales invoice {no}; sales invoice; vat
            invoice {no}; service invoice {no}; commercial invoice {no}; proforma invoice {no}; pro forma invoice {no};
            proforma {no}; pro forma {no}; pi {no}; debit note {no}; freight invoice {no}; invoice ref; invoice reference; our
            invoice {no}; folio invoice {no}; invoice folio {no}; schlussrechnung {no}; abschlagsrechnung {no}; teilrechnung
            {no}; anzahlungsrechnung {no}; proformarechnung {no}; rechn {no}; rechnung und lieferschein {no}; beleg nummer;
            facture proforma {no}; note d honoraires {no}; quittance {no}; factuur referentie; proforma factuur {no};
            verkoopfactuur {no}; factura proforma {no}; numero de documento; factura simplificada {no}; parcella {no}; numero
            fatt; fattura proforma {no}; fatt {no}; ricevuta {no}; fattura e ddt {no}; 账单号; 账单号码; 形式发票号; 单据编号;
            發票號碼; 發票編號; 發票號; 帳單編號; fee note {no}; fee note; serie y folio; serie folio
        """,
        2: """
            document {no}; documento {no}; beleg {no}; statement {no}; receipt {no}; reference number; invoice; 票据号码;
            编号; 收据编号; 收据号; 單據編號; 编号no; scontrino {no}; bonnummer
        """,
        1: """
            rechnung; facture; factuur; factura; fattura
        """,
        0: """
            {no}; №; nº; 号码
        """,
    },
    "po_number": {
        3: """
            po {no}; p o {no}; po; purchase order {no}; purchase order; customer po; your order {no}; your order; your
            purchase order; your purchase order {no}; customer order; your po; customer order {no}; buyer order {no}; ihre
            bestellnummer; ihre bestellung {no}; ihre bestellung; bestellnummer; bestell {no}; bestellung {no}; ihre bestell
            {no}; bon de commande {no}; bon de commande; numero de commande; votre commande {no}; votre commande; {no} de
            commande; commande {no}; inkooporder {no}; inkoopordernummer; inkooporder; uw ordernummer; uw order {no}; uw
            bestelnummer; pedido {no}; numero de pedido; orden de compra {no}; orden de compra; su pedido {no}; su pedido;
            {no} de pedido; ordine d acquisto {no}; ordine di acquisto {no}; vostro ordine {no}; vostro ordine; vs ordine;
            numero ordine; 采购订单号; 采购单号; 订单号码; 订单编号; 订单号; 采购订单; buyer s order {no}; buyers order {no};
            customer s order {no}; customer order ref; your order ref; your order reference; your po {no}; customer p o;
            client po; purchase order ref; po reference; po ref; cust po; cust order {no}; p o number; ihr auftrag {no}; ihre
            auftrags {no}; ihre bestell nummer; bestell nr; kundenbestell {no}; kundenbestellnummer; reference commande; ref
            commande; votre bon de commande; votre bon de commande {no}; votre reference de commande; uw bestelling; uw
            bestelling {no}; uw po {no}; su orden de compra; su {no} de pedido; vs ordine {no}; vs rif ordine; rif ordine;
            ordine {no}; oda {no}; 客户订单号; 訂單編號; 訂單號碼; 採購單號; {no} pedido; {no} orden de compra; {no} ordine;
            {no} bestelling; {no} bon de commande
        """,
        2: """
            order ref; order reference; order ref {no}
        """,
    },
    "invoice_date": {
        4: """
            credit note date; credit memo date; credit date; date of credit note; gutschriftsdatum; gutschrift vom; date de l
            avoir; date d avoir; datum creditnota; data nota di credito; storno datum
        """,
        3: """
            invoice date; date of invoice; date of issue; issue date; issued on; date issued; bill date; billing date; tax
            point; invoice dated; rechnungsdatum; datum der rechnung; ausstellungsdatum; rechnung vom; belegdatum; date de
            facture; date de la facture; date facture; date de facturation; date d emission; date d etablissement; emise le;
            factuurdatum; datum factuur; fecha de factura; fecha factura; fecha de emision; fecha de expedicion; data fattura;
            data della fattura; data emissione; data di emissione; data documento; 开票日期; 发票日期; 出票日期; 开具日期;
            invoice tax date; invoice date tax point; bill issue date; document date; date of document; tax date; transaction
            date; date of bill; rg datum; re datum; rechn datum; rechnungs datum; datum rechnung; rechnung datum; beleg datum;
            rechnungsdatum leistungsdatum; date emission; facture du; facture emise le; date du document; factuur datum; datum
            van de factuur; fecha de emision factura; fecha emision factura; fecha emision; emitida el; data di fatturazione;
            data doc; emessa il; emessa in data; 账单日期; 結單日期; 發票日期; 开单日期; 制单日期; 開票日期; issued; date and
            tax point; ausgestellt am; rechnung erstellt am; date de l emission; datum van uitgifte
        """,
        2: """
            statement date
        """,
        1: """
            date; dated; datum; fecha; data; le; del; du; vom; 日期
        """,
    },
    "due_date": {
        3: """
            due date; payment due; payment due date; payment due by; payment due on; due on; due by; due; pay by; please pay
            by; payable by; pay before; date due; payment deadline; falligkeitsdatum; fallig am; fallig; falligkeit; faellig
            am; zahlbar bis; zahlbar bis zum; zahlbar bis spatestens; zu zahlen bis; zahlungsziel; zahlungstermin;
            zahlungsfrist; date d echeance; echeance; date limite de paiement; date limite de reglement; a payer avant le; a
            regler avant le; payable le; vervaldatum; te betalen voor; te voldoen voor; uiterste betaaldatum; betalen voor;
            betaal voor; vervaldag; fecha de vencimiento; fecha vencimiento; vencimiento; fecha limite de pago; vence el;
            pagar antes del; scadenza; data scadenza; data di scadenza; scadenza pagamento; da pagare entro; 到期日; 到期日期;
            付款期限; 付款截止日期; 应付日期; payment is due; payment is due on; payment is due by; is due on; payment
            required by; payment date due; due date for payment; to be paid by; please pay before; last payment date;
            zahlungsfalligkeit; rechnung fallig am; bitte zahlen sie bis; zahlung bis; zahlung bis zum; falligkeit am; date d
            exigibilite; date echeance; reglement au plus tard le; au plus tard le; echeance le; echeance au; te betalen op;
            uiterlijk te betalen op; betaaldatum uiterlijk; uiterste betaaldag; betalen uiterlijk; fecha vto; fecha de vto; f
            vencimiento; vto; vencimientos; pagar antes de; scad; scadenze; scadenza il; pagamento entro il; entro il;
            到期付款日; 最迟付款日; 截止日期; 應付日期; 付款到期日; payment to reach us by; uiterlijk; uiterlijk op; soit au;
            soit le; a payer pour le; zahlung erbeten bis; zahlbar spatestens am
        """,
        2: """
            prelevement le; date de prelevement; preleve le; fecha de cargo; abbuchung am; addebito il; incasso op; direct
            debit on; direct debit date
        """,
    },
    "payable": {
        3: """
            amount due; total amount due; total due; balance due; balance; amount payable; total payable; total amount
            payable; please pay; zu zahlender betrag; zahlbetrag; zahlungsbetrag; zu zahlen; restbetrag; offener betrag; net a
            payer; net a payer ttc; somme a payer; montant a payer; total a payer; montant du; total a regler; reste a payer;
            solde a payer; totaal te betalen; te betalen; te voldoen; te betalen bedrag; restant te betalen; total a pagar;
            importe a pagar; totale da pagare; netto a pagare; totale a pagare; totale dovuto; 应付金额; 应付总额; 实付金额;
            balance to pay; balance payable; amount outstanding; amount to pay; amount now due; now due; amount due now;
            outstanding balance; new balance; total amount now due; remaining balance; noch zu zahlen; noch zu zahlender
            betrag; restzahlung; offener restbetrag; verbleibender betrag; zahlbetrag brutto; net a regler; montant a regler;
            montant a payer ttc; montant net a payer; solde du; solde; restbedrag; openstaand bedrag; saldo; nog te betalen;
            te betalen eur; saldo pendiente; liquido a percibir; liquido a pagar; importe liquido; liquido; netto da pagare;
            totale netto a pagare; saldo da pagare; montant total a payer; montant total a regler; total fee now payable;
            应付余额; 应收余额; 未付金额; 應付金額; 應付總額
        """,
    },
    "total": {
        3: """
            grand total; invoice total; total invoice; total invoice amount; invoice amount; total incl vat; total incl tax;
            total including vat; total including tax; total inc vat; total inc gst; total incl gst; total including gst; gross
            total; total gross; gross amount; total total total to pay; total amount; total for this invoice; order total;
            total order value; total amount incl vat; rechnungsbetrag; gesamtbetrag; gesamtsumme; endbetrag; bruttobetrag;
            gesamt brutto; brutto; summe brutto; brutto gesamt; endsumme; rechnungssumme; gesamtbetrag brutto;
            rechnungsendbetrag; gesamt inkl mwst; summe inkl mwst; gesamtbetrag inkl mwst; total inkl mwst; total brutto;
            auftragssumme; total ttc; montant ttc; montant total ttc; total facture; total general; prix total ttc; montant
            total; totaalbedrag; factuurbedrag; totaal incl btw; totaal inclusief btw; eindtotaal; totaal factuur;
            factuurtotaal; inclusief btw; incl btw; importe total; total factura; total iva incluido; total con iva; totale
            fattura; totale documento; importo totale; totale ivato; totale iva inclusa; totale complessivo; 价税合计; 总计;
            总金额; 合计金额; 总额; 含税金额; 含税总额; 订单总额; 价税合计(大写); 实付金额; total value; total invoice value;
            total inc tax; total inc; total including taxes; total charges; total current charges; total credit; credit total;
            total credit amount; credit amount; gross; total gross amount; invoice value; total price; total order; total
            order amount; total amount incl gst; total fee; total fees; total with tax; total with vat; gesamtpreis;
            gesamtsumme brutto; summe inkl ust; summe inkl umsatzsteuer; gesamt inkl ust; gesamtbetrag inkl ust; gesamtbetrag
            inkl umsatzsteuer; gesamtbetrag inklusive mwst; betrag inkl mwst; betrag inkl ust; rechnungsbetrag brutto;
            rechnungsbetrag inkl mwst; rechnungsbetrag inkl ust; rechnungsbetrag gesamt; rechnungstotal; gesamttotal;
            totalbetrag; total chf; total eur; gutschriftsbetrag; gutschriftbetrag; gesamtgutschrift; zu zahlen brutto;
            bruttosumme; summe gesamt; rechnungsgesamtbetrag; total inkl ust; gesamtbetrag eur; gesamt eur; montant facture;
            montant de la facture; total tvac; total t t c; total toutes taxes comprises; total tva comprise; net ttc; total
            de la facture; total avoir; montant total de la facture; totaal incl; totaal inclusief; totaal te voldoen; totaal
            factuurbedrag; te betalen incl btw; factuurbedrag incl btw; totaal factuurbedrag incl btw; total importe factura;
            total importe; importe factura; importe de la factura; importe total factura; total factura iva incluido; total
            documento; totale a saldo; importo fattura; importo totale fattura; totale generale; totale lordo; totale doc;
            totale eur; totale euro; summe mit ust; summe mit mwst; gesamt mit ust; gesamt mit mwst; 应收总额; 費用合計; 总价;
            合计总额; 總額; 總計; 總金額; 金额（大写）; 合计（大写）;
            合计人民币; 合计人民币（大写）; 合计大写; 人民币（大写）; 小写; 价税合计（小写）; 合计（小写）
        """,
        2: """
            total; totals; totaal; gesamt; summe; totale; montant; 合计; 共计; 合計; 共計; 应收金额; totaal eur; gesamt chf;
            zu zahlen gesamt; tot
        """,
    },
    "subtotal": {
        3: """
            net amount; net total; total net; net; total excl vat; total excluding vat; total ex vat; total excl tax; total
            excl gst; total before tax; amount excl vat; taxable amount; taxable value; total taxable; net value; total
            without vat; total exclusive of vat; nettobetrag; summe netto; gesamt netto; nettosumme; netto; nettowert; netto
            gesamt; total netto; summe ohne mwst; warenwert netto; total ht; montant ht; total hors taxe; total hors taxes;
            montant hors taxe; base ht; total net ht; montant total ht; prix total ht; exclusief btw; totaal excl btw; totaal
            exclusief btw; excl btw; totaal excl; bedrag excl btw; nettobedrag; totaal netto; base imponible; total sin iva;
            importe neto; total neto; base imponibile; imponibile; totale imponibile; imponibile iva; totale netto;
            不含税金额; 金额合计; 税前金额; 未税金额; total net amount; net subtotal; total before vat; total before gst;
            amount before tax; amount before vat; net invoice amount; net invoice total; total exc vat; total ex gst; total
            exc gst; total excluding gst; total exclusive vat; total excl; subtotal excl vat; subtotal ex vat; total goods and
            carriage; total goods carriage; net goods; goods total net; taxable total; total ex tax; total net of vat; net
            price; subtotal excluding vat; value excl vat; vat able amount; total taxable value; total taxable amount; summe
            exkl ust; summe exkl mwst; summe exkl; gesamt exkl mwst; gesamt exkl ust; gesamtbetrag netto; rechnungsbetrag
            netto; nettosumme eur; nettorechnungsbetrag; total exkl mwst; total exkl; total excl mwst; gesamtsumme netto;
            netto summe; summe netto eur; zwischensumme netto; gesamt ohne mwst; nettoumsatz; steuerpflichtiger betrag;
            entgelt; entgelt netto; bemessungsgrundlage; netto rechnungsbetrag; gesamt netto eur; betrag netto; total hors
            tva; montant hors tva; total htva; htva; total h t; net ht; total net h t; montant net ht; sous total ht; total ht
            net; totaal htva; totaal zonder btw; maatstaf van heffing; maatstaf; subtotaal excl btw; factuurbedrag excl btw;
            totaal exclusief; grondslag; te belasten; subtotaal excl; base; base imp; b imponible; base imponible total; total
            base imponible; bruto; total bruto; importe bruto; neto; importe base; imp neto; total base; totale imponibile
            eur; imponibile totale; tot imponibile; totale merce netto; importo netto; netto merce; imponibile netto; 不含税;
            不含税合计; 未税合计; 税前合计; 不含税总额; 未税总额; 小計; summe ohne ust; gesamt ohne ust; gesamtbetrag ohne ust
        """,
        2: """
            subtotal; sub total; zwischensumme; sous total; subtotaal; subtotale; total parcial; 小计; charges; zwischentotal;
            goods total; total goods; goods value; warenwert; total bruto ht; sous total net
        """,
    },
    "tax": {
        3: """
            total vat; vat amount; vat total; total tax; tax amount; sales tax; vat; gst; hst; tax; taxes; tax total; plus
            vat; gst amount; total gst; mwst; mehrwertsteuer; ust; umsatzsteuer; zzgl mwst; mwst betrag; zuzuglich mwst; ust
            betrag; summe mwst; enthaltene mwst; steuerbetrag; zzgl ust; inkl mwst; mwst satz; gesetzliche mwst; zzgl
            umsatzsteuer; tva; montant tva; total tva; total taxes; dont tva; btw; btw bedrag; totaal btw; bedrag btw; iva;
            cuota iva; importe iva; total iva; imposta; totale iva; importo iva; totale imposta; di cui iva; 税额; 增值税;
            增值税额; 税金; 税额合计; 合计税额; cgst; sgst; igst; utgst; central tax; state tax; integrated tax; pst; qst;
            tps; tvq; vat payable; total vat amount; vat charged; vat included; including vat; includes vat; incl vat; of
            which vat; output vat; sales tax amount; state sales tax; tax due; value added tax; total gst amount; total sales
            tax; mwst gesamt; summe ust; summe umsatzsteuer; enthaltene umsatzsteuer; inkl umsatzsteuer; inkl ust; davon mwst;
            darin enthaltene mwst; umsatzsteuerbetrag; umsatzsteuer gesamt; mehrwertsteuer gesamt; mwst total; gesamt mwst;
            steuer; steuern; total de la tva; montant de la tva; tva totale; total tva eur; t v a; montant taxe; taxe; b t w;
            totaal btw bedrag; te betalen btw; waarvan btw; omzetbelasting; btw totaal; btw hoog; btw laag; cuota; cuota de
            iva; cuotas iva; i v a; impuestos; total impuestos; igic; imposte; totale imposte; i v a totale; iva totale;
            importo imposta; 税款; 合计税款; 稅額; 税额小计; recargo; recargo de equivalencia; recargo equivalencia
        """,
    },
    "currency": {
        3: """
            currency; all amounts in; amounts in; prices in; wahrung; devise; valuta; moneda; divisa; monnaie; 币种; 货币;
            currency of invoice; invoice currency; rechnungswahrung; 幣種; 货币单位
        """,
    },
    "supplier": {
        3: """
            sold by; seller; supplier; vendor; service provider; supplier name; vendor name; seller name; lieferant;
            verkaufer; leistungserbringer; rechnungssteller; fournisseur; vendeur; prestataire; leverancier; verkoper;
            proveedor; vendedor; emisor; fornitore; venditore; cedente; cedente prestatore; 销售方; 销售方名称; 销方名称;
            卖方; 供应商; 供应商名称; 供方; 开票方; 收款单位; 收款方; 销货单位; zahlbar an; konto zahlbar an; account payable
            to; beneficiary; beneficiary name; account holder; kontoinhaber; rekeninghouder; titulaire du compte; titular de
            la cuenta; titular; intestato a; payee; remit to; remittance to; make payment to; exporter; shipper exporter;
            销售方信息; 收款人名称; 开户名称; 户名; 賣方; 供應商
        """,
        2: """
            bill from; billed from; invoice from; issued by; emetteur; mittente
        """,
        1: """
            from; von; van; de; da
        """,
    },
    "customer": {
        3: """
            bill to; billed to; invoice to; invoiced to; sold to; customer; customer name; client; buyer; purchaser; bill to
            address; billing address; invoice address; rechnungsempfanger; kunde; kunden name; rechnung an; rechnungsadresse;
            auftraggeber; kaufer; facture a; destinataire; adresse de facturation; facturer a; acheteur; adresse a; nom du
            client; factuuradres; klant; factuur aan; koper; debiteur; afnemer; facturar a; cliente; comprador; datos del
            cliente; facturado a; spettabile; spett le; intestatario; fatturato a; destinatario; cessionario; acquirente;
            cessionario committente; 购买方; 购买方名称; 购方名称; 购货单位; 买方; 客户; 客户名称; 需方; 付款单位; 付款方;
            购买方信息; buyer bill to; buyer bill; consignee bill to; zahlbar durch; payable by; payer; customer details;
            customer information; customer address; ship and bill to; messrs; importer; account of; for account of; rechnung
            fur; kundenadresse; kunden adresse; empfanger; leistungsempfanger; besteller; factuur voor; klantgegevens;
            gefactureerd aan; facturation; facture pour; adresse client; coordonnees client; client facture; adresse de
            facture; donnees client; nombre del cliente; datos cliente; datos de facturacion; cliente nombre; datos fiscales;
            razon social cliente; dati cliente; dati del cliente; committente; spett; egregio; gentile cliente; indirizzo di
            fatturazione; 买方名称; 客户信息; 交款单位; 交款人; 付款人; 购方; 購買方; 客戶; 客戶名稱; 買方; 付款單位; prepared
            for; receptor
        """,
        1: """
            to; an; a; aan; 致; für; fur; pour; para; per; voor; to messrs; 敬启; for
        """,
    },
    "vat_id": {
        3: """
            vat id; vat {no}; vat reg {no}; vat registration {no}; tax id; tax {no}; vat reg; vatin; gst {no}; ust id; ustid;
            ust id {no}; ust idnr; ust ident {no}; umsatzsteuer id; umsatzsteuer identifikationsnummer; uid; uid {no}; mwst
            {no}; steuernummer; steuer {no}; tva intracommunautaire; {no} tva; {no} de tva; tva intra; {no} de tva
            intracommunautaire; {no} tva intracommunautaire; numero de tva; n tva intra; identifiant tva; btw {no}; btw
            nummer; btw id; btwnummer; nif; cif; nif cif; vat es; {no} iva; partita iva; p iva; piva; p iva e c f; codice
            fiscale; 纳税人识别号; 统一社会信用代码; 税号; 统一社会信用代码/纳税人识别号; vat registration; vat reg nr; vat
            registered {no}; our vat {no}; tax registration {no}; gst reg {no}; gst registration {no}; gstin; gstin uin; abn;
            btw be; tva be; n tva; id tva; {no} identification tva; {no} tva intra; {no} btw; ondernemingsnummer; ust nr; uid
            mwst; mwst uid; nif iva; nif es; cod fiscale; c f; c f p iva; p iva c f; 社会信用代码; 統一社會信用代碼; vies
        """,
    },
    "paid": {
        3: """
            paid; amount paid; deposit; payments; payment received; less payment; total paid; bezahlt; anzahlung; abzgl
            anzahlung; bereits bezahlt; acompte; deja paye; acompte verse; betaald; aanbetaling; reeds betaald; anticipo;
            pagado; acconto; pagato; 已付; 预付款; 已付金额; amounts paid; already paid; less deposit; less deposit paid; less
            payments; payments credits; payment; payments applied; less advance; advance paid; deposit paid; prepaid;
            prepayment; prepaid amount; advance payment; less prepayment; credit applied; abzgl abschlag; abzgl
            abschlagszahlung; abzuglich abschlagszahlung; abschlagszahlung; abzgl 1 abschlagsrechnung; abzgl 2
            abschlagsrechnung; abschlagsrechnung; abzuglich anzahlung; geleistete anzahlung; bereits gezahlt; vorauszahlung;
            acomptes; acompte recu; acomptes verses; moins acompte; avance; deja regle; deja verse; reglement recu; reeds
            voldaan; reeds ontvangen; voorschot; betaling ontvangen; anticipos; a cuenta; entrega a cuenta; ya pagado;
            cobrado; acconto versato; acconti; gia pagato; anticipo versato; 预付; 已收金额; 预收款; 已付款; 订金; 定金
        """,
    },
    "carried": {
        3: """
            previous balance; prior balance; balance forward; opening balance; last balance; old balance; previous
            amount due; previous statement balance; balance from last bill; balance from previous bill; balance from
            last invoice; balance from previous invoice; amount of last bill; amount of previous bill; last bill;
            previous bill; saldovortrag; alter saldo; vorheriger saldo; saldo vormonat; saldo vorperiode; saldo letzte
            rechnung; solde precedent; solde anterieur; ancien solde; report du solde; solde reporte; vorig saldo;
            vorige saldo; beginsaldo; saldo vorige factuur; saldo anterior; saldo previo; importe pendiente anterior;
            saldo precedente; saldo precedentemente dovuto; 上期余额; 期初余额; 上期结余; 往期欠费; 上期欠费; 前期欠款
        """,
    },
    "withheld": {
        3: """
            withholding tax; tax withheld; less withholding tax; retention; irpf; retencion; retencion irpf; retenciones;
            ritenuta; ritenuta d acconto; ritenuta acconto; ritenute; rit acconto; quellensteuer; bauabzugsteuer; retenue a la
            source; 代扣税款
        """,
    },
    "other": {3: OTHER},
}
