"""The labels that invoices and orders put beside their figures, in English, German, French, Dutch, Spanish, Italian, Chinese.

Labels are looked for in folded text (case, accents and the letters that OCR mixes up made the same), so that "lnvoice Nurnber"
is found. Each has a grade: 3 says exactly what it means, 2 nearly always, 1 only where nothing better is there. Labels of other
things ("other") are known too, so that their values are not taken for ours.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

_NO = "no|nr|num|number|nummer|numero|n°|n|#|nro|id|code"

PHRASES: dict[str, dict[int, str]] = {
    "invoice_number": {
        3: """invoice {no}; tax invoice {no}; inv {no}; bill {no}; credit note {no}; credit memo {no}; number of invoice;
            rechnung {no}; rechnungs {no}; rechnungsnr; rechnungsnummer; rg {no}; re {no}; gutschrift {no}; gutschriftsnummer; belegnummer;
            facture {no}; numero de facture; numero facture; {no} de facture; {no} facture; avoir {no}; reference facture;
            factuur {no}; factuurnummer; factuurnr; {no} factuur; creditfactuur {no};
            factura {no}; numero de factura; {no} de factura; {no} factura; fattura {no}; numero fattura; {no} fattura; {no} di fattura;
            numero documento; 发票号码; 发票编号; 发票号; 发票代号; 账单编号; 单据号码""",
        2: "document {no}; documento {no}; beleg {no}; statement {no}; receipt {no}; reference number; invoice; 票据号码; 编号",
        1: "rechnung; facture; factuur; factura; fattura",
    },
    "po_number": {
        3: """po {no}; p o {no}; po; purchase order {no}; purchase order; customer po; your order {no}; your po; customer order {no};
            buyer order {no}; ihre bestellnummer; ihre bestellung {no}; ihre bestellung; bestellnummer; bestell {no}; bestellung {no};
            ihre bestell {no}; bon de commande {no}; bon de commande; numero de commande; votre commande {no}; votre commande;
            {no} de commande; commande {no}; inkooporder {no}; inkoopordernummer; inkooporder; uw ordernummer; uw order {no}; uw bestelnummer;
            pedido {no}; numero de pedido; orden de compra {no}; orden de compra; su pedido {no}; su pedido; {no} de pedido;
            ordine d acquisto {no}; ordine di acquisto {no}; vostro ordine {no}; vostro ordine; vs ordine; numero ordine;
            采购订单号; 采购单号; 订单号码; 订单编号; 订单号; 采购订单""",
    },
    "invoice_date": {
        3: """invoice date; date of invoice; date of issue; issue date; issued on; date issued; bill date; billing date; tax point;
            invoice dated; dated; rechnungsdatum; datum der rechnung; ausstellungsdatum; rechnung vom; belegdatum;
            date de facture; date de la facture; date facture; date de facturation; date d emission; date d etablissement; emise le;
            factuurdatum; datum factuur; fecha de factura; fecha factura; fecha de emision; fecha de expedicion;
            data fattura; data della fattura; data emissione; data di emissione; data documento; 开票日期; 发票日期; 出票日期; 开具日期""",
        1: "date; datum; fecha; data; le; del; du; vom; 日期",
    },
    "due_date": {
        3: """due date; payment due; payment due date; payment due by; payment due on; due on; due by; due; pay by; please pay by;
            payable by; pay before; date due; payment deadline; falligkeitsdatum; fallig am; fallig; falligkeit; faellig am; zahlbar bis;
            zahlbar bis zum; zahlbar bis spatestens; zu zahlen bis; zahlungsziel; zahlungstermin; zahlungsfrist;
            date d echeance; echeance; date limite de paiement; date limite de reglement; a payer avant le; a regler avant le; payable le;
            vervaldatum; te betalen voor; te voldoen voor; uiterste betaaldatum; betalen voor; betaal voor; vervaldag;
            fecha de vencimiento; fecha vencimiento; vencimiento; fecha limite de pago; vence el; pagar antes del;
            scadenza; data scadenza; data di scadenza; scadenza pagamento; da pagare entro; 到期日; 到期日期; 付款期限; 付款截止日期; 应付日期""",
    },
    "total": {
        3: """grand total; invoice total; total invoice; total invoice amount; invoice amount; total incl vat; total incl tax;
            total including vat; total including tax; total inc vat; total inc gst; total incl gst; total including gst; gross total;
            total gross; gross amount; total amount due; total due; amount due; total payable; amount payable; total amount payable;
            total to pay; balance due; total amount; total for this invoice; order total; total order value; total amount incl vat;
            rechnungsbetrag; gesamtbetrag; gesamtsumme; endbetrag; bruttobetrag; gesamt brutto; summe brutto; brutto gesamt; endsumme;
            rechnungssumme; zu zahlender betrag; zahlbetrag; zu zahlen; gesamtbetrag brutto; rechnungsendbetrag; gesamt inkl mwst;
            summe inkl mwst; gesamtbetrag inkl mwst; total inkl mwst; total brutto; auftragssumme;
            total ttc; montant ttc; montant total ttc; net a payer; somme a payer; montant a payer; total a payer; total facture;
            total general; prix total ttc; montant du; montant total; net a payer ttc; total a regler; reste a payer;
            totaal te betalen; te betalen; totaalbedrag; factuurbedrag; totaal incl btw; totaal inclusief btw; eindtotaal; te voldoen;
            totaal factuur; factuurtotaal; inclusief btw; incl btw; te betalen bedrag;
            importe total; total a pagar; total factura; total iva incluido; importe a pagar; total con iva;
            totale fattura; totale documento; totale da pagare; netto a pagare; importo totale; totale a pagare; totale ivato;
            totale iva inclusa; totale complessivo; totale dovuto;
            价税合计; 总计; 总金额; 应付金额; 应付总额; 合计金额; 总额; 含税金额; 含税总额; 订单总额; 价税合计(大写); 实付金额""",
        2: "total; totals; totaal; gesamt; summe; totale; montant; 合计; 共计",
    },
    "subtotal": {
        3: """net amount; net total; total net; net; total excl vat; total excluding vat; total ex vat; total excl tax; total excl gst; total before tax;
            amount excl vat; taxable amount; taxable value; total taxable; net value; total without vat; total exclusive of vat;
            nettobetrag; summe netto; gesamt netto; nettosumme; netto; nettowert; netto gesamt; total netto; summe ohne mwst; warenwert netto;
            total ht; montant ht; total hors taxe; total hors taxes; montant hors taxe; base ht; total net ht; montant total ht; prix total ht;
            exclusief btw; totaal excl btw; totaal exclusief btw; excl btw; totaal excl; bedrag excl btw; nettobedrag; totaal netto;
            base imponible; total sin iva; importe neto; total neto; base imponibile; imponibile; totale imponibile; imponibile iva; totale netto;
            不含税金额; 金额合计; 税前金额; 未税金额""",
        2: "subtotal; sub total; zwischensumme; sous total; subtotaal; subtotale; total parcial; 小计; charges",
    },
    "tax": {
        3: """total vat; vat amount; vat total; total tax; tax amount; sales tax; vat; gst; hst; tax; taxes; tax total; plus vat; gst amount; total gst;
            mwst; mehrwertsteuer; ust; umsatzsteuer; zzgl mwst; mwst betrag; zuzuglich mwst; ust betrag; summe mwst; enthaltene mwst;
            steuerbetrag; zzgl ust; inkl mwst; mwst satz; gesetzliche mwst; zzgl umsatzsteuer;
            tva; montant tva; total tva; total taxes; dont tva; btw; btw bedrag; totaal btw; bedrag btw; iva; cuota iva; importe iva; total iva;
            imposta; totale iva; importo iva; totale imposta; di cui iva; 税额; 增值税; 增值税额; 税金; 税额合计; 合计税额""",
    },
    "currency": {3: "currency; all amounts in; amounts in; prices in; wahrung; devise; valuta; moneda; divisa; monnaie; 币种; 货币"},
    "supplier": {
        3: """sold by; seller; supplier; vendor; service provider; supplier name; vendor name; seller name; lieferant; verkaufer; leistungserbringer; rechnungssteller;
            fournisseur; vendeur; prestataire; leverancier; verkoper; proveedor; vendedor; emisor; fornitore; venditore; cedente; cedente prestatore;
            销售方; 销售方名称; 销方名称; 卖方; 供应商; 供应商名称; 供方; 开票方; 收款单位; 收款方; 销货单位""",
        2: "bill from; billed from; invoice from; from; issued by; von; emetteur; van; mittente; 销售方信息",
    },
    "customer": {
        3: """bill to; billed to; invoice to; invoiced to; sold to; customer; customer name; client; buyer; purchaser; bill to address; billing address; invoice address;
            rechnungsempfanger; kunde; kunden name; rechnung an; rechnungsadresse; auftraggeber; kaufer;
            facture a; client; destinataire; adresse de facturation; facturer a; acheteur; adresse a; nom du client;
            factuuradres; klant; factuur aan; koper; debiteur; afnemer; facturar a; cliente; comprador; datos del cliente; facturado a;
            spettabile; spett le; intestatario; fatturato a; destinatario; cessionario; acquirente; cessionario committente;
            购买方; 购买方名称; 购方名称; 购货单位; 买方; 客户; 客户名称; 需方; 付款单位; 付款方; 购买方信息""",
        2: "to; attn; attention; an; a; 致",
    },
    "vat_id": {
        3: """vat id; vat {no}; vat reg {no}; vat registration {no}; tax id; tax {no}; vat reg; vatin; gst {no}; ust id; ustid; ust id {no}; ust idnr; ust ident {no};
            umsatzsteuer id; umsatzsteuer identifikationsnummer; uid; uid {no}; mwst {no}; steuernummer; steuer {no}; tva intracommunautaire;
            {no} tva; {no} de tva; tva intra; {no} de tva intracommunautaire; {no} tva intracommunautaire; numero de tva; n tva intra; identifiant tva;
            btw {no}; btw nummer; btw id; btwnummer; nif; cif; nif cif; vat es; {no} iva; partita iva; p iva; piva; p iva e c f; codice fiscale;
            纳税人识别号; 统一社会信用代码; 税号; 统一社会信用代码/纳税人识别号""",
    },
    "other": {
        3: """customer {no}; client {no}; account {no}; account; kunden {no}; kundennummer; kundennr; numero client; {no} client; klantnummer; klant {no}; cliente {no};
            order date; date of order; delivery date; date of delivery; date of supply; ship date; shipping date; shipped; print date; statement date; service date; period;
            billing period; date paid; payment date; paid on; expiry date; valid until; start date; end date; date of birth; order {no}; order; delivery note {no}; your reference; our reference;
            your ref; our ref; quote {no}; quotation {no}; project {no}; contract {no}; job {no}; page; phone; tel; telephone; fax; mobile; email; e mail; web; website;
            bestelldatum; lieferdatum; leistungsdatum; auftragsdatum; liefertermin; versanddatum; druckdatum; auftragsnummer; auftrags {no}; auftrag {no}; lieferschein {no}; lieferscheinnummer; leistungszeitraum;
            lieferzeitraum; zeitraum; angebot {no}; vertrags {no}; vertragsnummer; unser zeichen; ihr zeichen; seite; telefon; bearbeiter; projekt {no}; steuer satz;
            date de commande; date de livraison; date de paiement; date du reglement; date de prestation; periode; siret; siren; rcs; reference client; votre reference; notre reference; telephone;
            orderdatum; leverdatum; besteldatum; betaaldatum; ordernummer; order nr; kvk; pakbon {no}; uw referentie; onze referentie; afleverdatum; bestelnummer; verzenddatum;
            fecha de pedido; fecha de entrega; fecha pedido; fecha de pago; albaran {no}; referencia; su referencia; telefono; fecha de operacion;
            data ordine; data consegna; data pagamento; ddt {no}; riferimento; data di consegna; data ddt; codice cliente; codice destinatario;
            订单日期; 交货日期; 付款日期; 发货日期; 打印日期; 客户编号; 合同编号; 电话; 传真; 地址; 开户行; 账号; 银行账号; 发票代码; 校验码; 机器编号; 下单日期; 日期范围; 税率; 单价; 数量; 名称;
            paid; amount paid; deposit; payments; payment received; discount; shipping; freight; credits; previous balance; carried forward; brought forward; rounding; bezahlt; anzahlung; ubertrag; rabatt; versand; versandkosten;
            acompte; remise; frais de port; deja paye; betaald; aanbetaling; korting; verzendkosten; anticipo; descuento; pagado; envio; gastos de envio; acconto; sconto; trasporto;
            spese di spedizione; 已付; 折扣; 运费; 预付款; 大写; vat rate; tax rate; steuersatz; taux tva; taux de tva; btw tarief; tipo iva; aliquota; aliquota iva; tva acquittee; price incl vat; prijs incl btw;
            unit price; einzelpreis; prix unitaire; stukprijs; precio unitario; prezzo unitario; quantity; qty; menge; quantite; aantal; cantidad; quantita; description; beschreibung; bezeichnung; omschrijving; descripcion; descrizione;
            bank; bankverbindung; iban; bic; swift; bank account; konto; kto {no}; blz; sort code; routing {no}; compte bancaire; banque; bank details; rekeningnummer; total savings; you saved; total items; total quantity; total weight; total hours; total pages""",
    },
}  # fmt: skip

TITLES = """invoice; tax invoice; credit note; bill; statement of account; receipt; purchase order; sales order; order confirmation; order; pro forma invoice; rechnung; gutschrift; bestellung; auftragsbestatigung;
    quittung; facture; avoir; bon de commande; commande; factuur; creditnota; bestelling; inkooporder; factura; pedido; orden de compra; fattura; nota di credito; ordine; 发票; 账单; 订单; 采购单; 收据; 对账单"""  # fmt: skip

_LOOKALIKES = str.maketrans({"l": "i", "1": "i", "|": "i", "!": "i", "0": "o"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label found in a text: whose value it announces, how plainly (3 to 1), and where it stands."""

    name: str
    grade: int
    start: int
    end: int


def find_labels(text: str) -> list[Label]:
    """Return the labels in a line of text from left to right; where several fit, the longest stands."""
    folded, places = fold(text)
    found: list[Label] = []
    for match in _pattern().finditer(folded):
        name, grade = _meanings()[_key(match[0])]
        found.append(Label(name=name, grade=grade, start=places[match.start()], end=places[match.end() - 1] + 1))
    return found


def has_title(text: str) -> bool:
    """Return whether the text calls itself an invoice, an order or the like somewhere."""
    return _titles().search(fold(text)[0]) is not None


def fold(text: str) -> tuple[str, list[int]]:
    """Return the text with case, accents and look-alikes made the same, and for each character of it its place in `text`."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for letter in unicodedata.normalize("NFKD", character.casefold()):
            if not unicodedata.combining(letter):
                letters.append(letter)
                places.append(place)
    folded = "".join(letters)
    # a look-alike digit is a letter only between letters: "T0tal", but not "No 10"
    folded = re.sub(r"(?<=[a-z])[10|!](?=[a-z])", lambda match: match[0].translate(_LOOKALIKES), folded).replace("l", "i")
    kept = [at for at in range(len(folded)) if not folded.startswith("rn", at - 1) or at == 0]
    return "".join("m" if folded.startswith("rn", at) else folded[at] for at in kept), [places[at] for at in kept]


def _key(written: str) -> str:
    """Return what is left of a folded label without spaces and punctuation."""
    return re.sub(r"[\s.\-_/'’:()]", "", written)


@cache
def _meanings() -> dict[str, tuple[str, int]]:
    """Return for each folded label its name and grade; what stands first in PHRASES wins."""
    meanings: dict[str, tuple[str, int]] = {}
    for name, grades in PHRASES.items():
        for grade, phrases in grades.items():
            for phrase in _expanded(phrases):
                meanings.setdefault(_key(fold(phrase)[0]), (name, grade))
    return meanings


@cache
def _pattern() -> re.Pattern[str]:
    phrases = {phrase for grades in PHRASES.values() for written in grades.values() for phrase in _expanded(written)}
    return _any_of(phrases)


@cache
def _titles() -> re.Pattern[str]:
    return _any_of(_expanded(TITLES))


def _any_of(phrases: set[str]) -> re.Pattern[str]:
    """Return a pattern for any of the phrases, longest first, in folded text; points and dashes may stand between the words."""
    alternatives = {r"[\s.\-_/'’]{0,3}".join(map(re.escape, fold(phrase)[0].split())) for phrase in phrases}
    ordered = sorted(alternatives, key=len, reverse=True)
    latin = "|".join(one for one in ordered if one[0].isascii())
    other = "|".join(one for one in ordered if not one[0].isascii())
    return re.compile(rf"(?<![^\W\d_])(?:{latin})(?![^\W\d_])|(?:{other})")


def _expanded(phrases: str) -> set[str]:
    """Return the phrases of a list, each {no} replaced by every way to write "number"."""
    found = set()
    for phrase in (" ".join(one.split()) for one in phrases.split(";")):
        found |= {phrase.replace("{no}", no) for no in _NO.split("|")} if "{no}" in phrase else {phrase}
    return found - {""}
