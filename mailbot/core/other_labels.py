"""The words that invoices and orders put beside figures which are none of the fields, and what a business paper calls itself.

They are known so that their values are not taken for ours. Written as in `label_words`.
"""

from __future__ import annotations

OTHER = """
    deliver to; delivery address; ship to; shipped to; shipping address; lieferadresse; lieferanschrift; lieferung an; adresse
    de livraison; livre a; afleveradres; leveradres; direccion de entrega; direccion de envio; enviar a; destinazione; luogo
    di consegna; indirizzo di consegna; indirizzo di spedizione; 收货地址; 送货地址; 收货人; customer {no}; client {no};
    account {no}; account; kunden {no}; kundennummer; kundennr; numero client; {no} client; klantnummer; klant {no}; cliente
    {no}; order date; date of order; delivery date; date of delivery; date of supply; ship date; shipping date; shipped; print
    date; service date; period; billing period; date payment date; paid on; expiry date; valid until; start date; end date;
    date of birth; order {no}; order; delivery note {no}; your reference; our reference; your ref; our ref; quote {no};
    quotation {no}; project {no}; contract {no}; job {no}; page; phone; tel; telephone; fax; mobile; email; e mail; web;
    website; bestelldatum; lieferdatum; leistungsdatum; auftragsdatum; liefertermin; versanddatum; druckdatum; auftragsnummer;
    auftrags {no}; auftrag {no}; lieferschein {no}; lieferscheinnummer; leistungszeitraum; lieferzeitraum; zeitraum; angebot
    {no}; vertrags {no}; vertragsnummer; unser zeichen; ihr zeichen; seite; telefon; bearbeiter; projekt {no}; steuer satz;
    date de commande; date de livraison; date de paiement; date du reglement; date de prestation; periode; siret; siren; rcs;
    reference client; votre reference; notre reference; orderdatum; leverdatum; besteldatum; betaaldatum; ordernummer; order
    nr; kvk; pakbon {no}; uw referentie; onze referentie; afleverdatum; bestelnummer; verzenddatum; fecha de pedido; fecha de
    entrega; fecha pedido; fecha de pago; albaran {no}; referencia; su referencia; telefono; fecha de operacion; data ordine;
    data consegna; data pagamento; ddt {no}; riferimento; data di consegna; data ddt; codice cliente; codice destinatario;
    订单日期; 交货日期; 付款日期; 发货日期; 打印日期; 客户编号; 合同编号; 电话; 传真; 地址; 开户行; 账号; 银行账号; 发票代码;
    校验码; 机器编号; 下单日期; 日期范围; 税率; 单价; 数量; 名称; amount discount; shipping; freight; credits;
    carried forward; brought forward; rounding; ubertrag; rabatt; versand; versandkosten; remise; frais de port;
    korting; verzendkosten; descuento; envio; gastos de envio; sconto; trasporto; spese di spedizione; 折扣; 运费; 大写; vat
    rate; tax rate; steuersatz; taux tva; taux de tva; btw tarief; tipo iva; aliquota; aliquota iva; tva acquittee; price incl
    vat; prijs incl btw; unit price; einzelpreis; prix unitaire; stukprijs; precio unitario; prezzo unitario; quantity; qty;
    menge; quantite; aantal; cantidad; quantita; description; beschreibung; bezeichnung; omschrijving; descripcion;
    descrizione; bank; bankverbindung; iban; bic; swift; bank account; konto; kto {no}; blz; sort code; routing {no}; compte
    bancaire; banque; bank details; rekeningnummer; total savings; you saved; total items; total quantity; total weight; total
    hours; total pages; ohne mwst; ohne ust; exkl mwst; hors tva; zonder btw; account name; total excl discount; attn;
    attention; relates to invoice; related invoice; original invoice; original invoice {no}; original invoice date; refers to
    invoice; against invoice; for invoice {no}; zu rechnung; zur rechnung; zu rechnung {no}; bezug rechnung;
    ursprungsrechnung; facture d origine; concerne la facture; sur facture; facture initiale; betreft factuur; bij factuur;
    originele factuur; factura original; factura rectificada; rif fattura; fattura di riferimento; receipt {no}; folio {no};
    check in; check out; arrival; departure; arrival date; departure date; despatch date; dispatch date; dispatched; service
    period; supply date; time of supply; registered in england {no}; registered in england; company registration {no}; company
    {no}; company reg {no}; co reg {no}; registration {no}; registered {no}; charity {no}; eori {no}; tracking {no}; shipment
    {no}; serial {no}; meter {no}; quote date; valid till; validity; mandate {no}; mandatsreferenz; glaubiger id; creditor id;
    handelsregister; hrb; hra; amtsgericht; firmenbuch; fn; gerichtsstand; finanzamt; projektnummer; bauvorhaben; liefertag;
    leistungsmonat; ihr auftrag vom; auftrag vom; bestellung vom; angebot vom; lieferschein vom; kassenbon; tisch; kasse;
    commande du; votre commande du; bon de livraison {no}; bl {no}; devis {no}; date limite; date devis; dossier {no}; contrat
    {no}; {no} de contrat; {no} de compte; compte {no}; numero de compte; reference; ref; code client; ape; naf; capital; kvk
    {no}; kvk nummer; rpr; klantnr; dossiernummer; periodo de facturacion; periodo; contrato {no}; {no} de contrato; cups;
    {no} de cuenta; presupuesto {no}; {no} albaran; fecha albaran; numero cliente; codigo cliente; {no} cliente; cod cliente;
    rea; cap soc; cig; cup; ordine del; vs ordine del; ddt del; commessa; protocollo; causale; mastercard; visa; change; cash;
    tender; wechselgeld; gegeben; efectivo; cambio; rendu; especes; contanti; resto; minimum payment; last payment; previous
    invoice; previous payment; closing balance; brought fwd; carried fwd; b f; c f wd;
    discount; early payment discount; skonto; escompte; rounding adjustment; total pieces; total qty; total units;
    total cartons; total packages; total gross weight; total net weight; net weight; gross weight; deposit due; credit limit;
    capital social; 合同号; 送货日期; 签订日期; 合同日期; 入住日期; 退房日期; 打印时间; 收款人; 复核; 开票人; 经手人; 经办人;
    备注; 密码区; 传真号; 客戶編號; 電話; 送貨日期; 帳號; 貨品; 數量; 單價; 金額
"""

TITLES = """
    rechnungs nr; rechnungs nummer; ticket {no}; total ttc; facture no; invoice; tax invoice; credit note; bill; statement of
    account; receipt; purchase order; sales order; order confirmation; order; pro forma invoice; rechnung; gutschrift;
    bestellung; auftragsbestatigung; quittung; facture; avoir; bon de commande; commande; factuur; factuurnummer;
    factuurdatum; rechnungsnummer; rechnungsnr; rechnungsdatum; creditnota; bestelling; inkooporder; factura; pedido; orden de
    compra; fattura; nota di credito; ordine; 发票; 账单; 订单; 采购单; 收据; 对账单; credit memo; debit note; proforma;
    proforma invoice; sales invoice; amount due; statement date; bill date; billing period; payment due; rechnungskorrektur;
    abrechnung; honorarnote; kassenbon; facture proforma; note d honoraires; quittance; note de credit; kassabon;
    creditfactuur; factura simplificada; recibo; albaran valorado; parcella; ricevuta; scontrino; nota de credito; factura
    proforma; 發票; 帳單; 訂單; 收據; 结算单; 結單; fee note
"""
"""What a business paper calls itself."""
