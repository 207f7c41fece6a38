"""The words that head the columns of invoice lines, in English, German, French, Dutch, Spanish, Italian and Chinese."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Literal, get_args

from mailbot.core.labels import fold

Role = Literal[
    "position", "code", "description", "quantity", "unit", "unit_price", "per", "discount", "tax_rate", "tax", "amount", "gross",
    "date",
]  # fmt: skip
"""What a column holds. `amount` is the line's own, `gross` the line's with tax beside an amount without it."""

_WORDS: dict[Role, str] = {
    "position": """
        pos; pos nr; position; no; nr; line; item no; sl; sl no; s no; #; lfd nr; lfd; ligne; n; num; regel; riga; linea;
        序号; 项次; 項次; 行号
    """,
    "code": """
        code; item code; product code; sku; part no; part number; article no; art nr; artikelnummer; artikel nr; artnr; ref;
        reference; referencia; codigo; cod; codice; ean; hsn; hsn sac; sac; material; 货号; 編號; 编码; 商品编码; 规格型号;
        规格; 型号
    """,
    "description": """
        description; description of goods; description of services; item; items; item description; product; product
        description; products; service; services; details; particulars; activity; charge; charges; article; goods; work; task;
        name; text; beschreibung; bezeichnung; artikelbezeichnung; artikel; artikelbeschreibung; leistung; leistungen; artikel
        leistungen; leistungsbeschreibung; produkt; ware; position beschreibung; posten; designation; libelle; prestation;
        prestations; produit; omschrijving; product omschrijving; dienst; descripcion; concepto; conceptos; articulo; detalle;
        servicio; producto; descrizione; descrizione articolo; prodotto; articolo; servizio; prestazione; 项目名称; 品名;
        名称; 商品名称; 货物名称; 货物或应税劳务 服务名称; 货物或应税劳务、服务名称; 描述; 貨品; 項目; 项目; 商品; 服务名称;
        摘要; 内容
    """,
    "quantity": """
        quantity; qty; q ty; q'ty; units; pcs; pieces; hours; hrs; days; nights; no of units; count; menge; anzahl; stk;
        stuck; std; stunden; tage; quantite; qte; nombre; nb; heures; jours; aantal; hoeveelheid; hoev; uren; stuks; aant;
        cantidad; cant; uds; unidades; ud; horas; quantita; q ta; qta; ore; pezzi; 数量; 數量; 件数
    """,
    "unit": """
        unit; uom; u m; um; unit of measure; einheit; me; einh; unite; eenheid; eenh; unidad; unita; unita di misura; 单位;
        單位; 计量单位
    """,
    "unit_price": """
        unit price; price; price each; each; unit cost; rate; unit rate; hourly rate; day rate; daily rate; cost; price per
        unit; unit; unit s$; einzelpreis; einzel; e preis; preis; ep; stuckpreis; vk preis; einheitspreis; ansatz; satz;
        stundensatz; preis je einheit; einzelpreis netto; preis einheit; prix unitaire; pu; p u; pu ht; prix; prix unitaire
        ht; prix u; pu ttc; tarif; prijs; stukprijs; prijs per stuk; prijs per eenheid; eenheidsprijs; tarief; uurtarief; p u
        e p; precio; precio unitario; p unitario; precio unidad; tarifa; prezzo; prezzo unitario; p unit; prezzo unit;
        tariffa; importo unitario; 单价; 單價; 含税单价; 不含税单价
    """,
    "per": """
        per; pro; je; pe; price unit; preiseinheit; 每
    """,
    "discount": """
        discount; disc; rabatt; nachlass; rab; remise; rem; korting; krt; descuento; dto; dcto; sconto; sc; 折扣; 折扣率
    """,
    "tax_rate": """
        vat rate; tax rate; vat; tax; gst; ust; mwst; mwst satz; ust satz; steuersatz; steuer; tva; taux; taux tva; btw; btw
        tarief; iva; tipo iva; aliquota; aliquota iva; al iva; 税率; 稅率; 税率 征收率; 税率/征收率; 征收率
    """,
    "tax": """
        vat amount; tax amount; gst amount; steuerbetrag; mwst betrag; ust betrag; montant tva; btw bedrag; cuota; cuota iva;
        importe iva; imposta; importo iva; 税额; 稅額
    """,
    "amount": """
        amount; total; line total; net; net amount; total price; value; net value; price total; extended price; extended; sum;
        line amount; ext price; betrag; gesamt; gesamtpreis; g preis; gesamtbetrag; summe; gp; netto; nettobetrag;
        zeilenbetrag; total netto; gesamt netto; wert; positionsbetrag; montant; montant ht; total ht; prix total; prix total
        ht; total ligne; prix ht; montant total; bedrag; totaal; totaalprijs; regeltotaal; totaal excl; bedrag excl; importe;
        importe neto; total linea; subtotal; subtotaal; importo; totale; prezzo totale; imponibile; totale riga; 金额; 金額;
        总价; 小计; 合计; 总额; 合價; 合价; 价税合计; betrag netto; preis netto
    """,
    "gross": """
        gross; gross amount; total incl; total incl vat; total inc vat; amount incl vat; brutto; bruttobetrag; gesamt brutto;
        betrag brutto; total ttc; montant ttc; totaal incl; bedrag incl; prijs incl; total con iva; totale ivato; 含税金额;
        价税合计
    """,
    "date": """
        date; datum; fecha; data; service date; leistungsdatum; 日期
    """,
}

_BASIS = frozenset(
    """
    net excl ex excluding exclusive vat tax gst netto brutto ohne inkl mwst ust ht ttc hors tva excl incl btw iva inclusief
    sin con
    """.split()
)
_CURRENCY = frozenset("eur euro euros usd gbp chf cny rmb jpy hkd sgd aud cad hk s us in".split())

_CARRIED = """
    carried forward; brought forward; carry forward; c f; b f; balance carried forward; carried over; ubertrag;
    vortrag; zwischenubertrag; a reporter; sous total a reporter; over te brengen; overgebracht; transportbedrag;
    suma y sigue; suma anterior; a riportare; riporto; 过次页; 承前页; 转下页; 承上页; 续下页
"""
"""What stands at the foot of a page and at the head of the next one where a table goes on overleaf."""


_AT_THE_SEAM = frozenset({"report", "transport", "continued"})
"""What means the same there, and something else elsewhere."""


def is_carried(cell: str, *, seam: bool = False) -> bool:
    """Return whether a cell says that a sum is carried over to the next page, or from the last one.

    `seam` says that it stands first or last on its page.
    """
    return _plain(cell) in _carried() or (seam and _plain(cell) in _AT_THE_SEAM)


@cache
def _carried() -> frozenset[str]:
    return frozenset(_plain(phrase) for phrase in _CARRIED.split(";"))


def roles_of(names: Sequence[str]) -> list[Role | None]:
    """Return what each column of invoice lines holds by its name, None where the name does not say."""
    return [role_of(name) for name in names]


def role_of(name: str) -> Role | None:
    """Return what a column holds by its name: the longest words that are known, currencies and "excl. VAT" left out."""
    whole = _plain(name)
    known = _known()
    for text in (whole, *_variants(whole)):
        if text in known:
            return known[text]
    return None


def _variants(whole: str) -> list[str]:
    """Return a name without its currency and basis, then each half of a name in two languages ("Description Omschrijving")."""
    words = [word for word in whole.split() if word not in _CURRENCY]
    short = [word for word in words if word not in _BASIS]
    found = [" ".join(words), " ".join(short)]
    found += [" ".join(words[:end]) for end in range(len(words) - 1, 0, -1)]
    found += [" ".join(words[start:]) for start in range(1, len(words))]
    return [one for one in found if one]


@cache
def _known() -> dict[str, Role]:
    known: dict[str, Role] = {}
    for role in get_args(Role):
        for phrase in _WORDS[role].split(";"):
            known.setdefault(_plain(phrase), role)
    return known


def _plain(text: str) -> str:
    folded = fold(text)[0]
    return " ".join(re.sub(r"[^\w#]+", " ", folded).split())
