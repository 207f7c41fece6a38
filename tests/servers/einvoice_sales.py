"""Sales made up from a number, and the XML of their invoices: CII in the profiles of Factur-X, ZUGFeRD 1, UBL."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from xml.sax.saxutils import escape

from lxml import etree

CENT = Decimal("0.01")
SELLERS = (
    ("Nordwind Technik GmbH", "DE136695976", "DE"), ("Atelier Lumière SARL", "FR40303265045", "FR"),
    ("Van Dijk Logistiek B.V.", "NL004495445B01", "NL"), ("Harbour & Sons Ltd", "GB980780684", "GB"),
    ("Talleres Duero S.L.", "ESB58378431", "ES"), ("Officine Brenta S.r.l.", "IT00743110157", "IT"),
)  # fmt: skip
GOODS = (
    "Copper pipe 15 mm",
    "Inspection of the plant",
    "Bearing 6204",
    "Transport",
    "Steel sheet",
    "Filter cartridge",
    "Cable set",
)
BANKS = {
    "DE": "370400440532013{:03d}",
    "FR": "30006000011234567{:03d}189",
    "NL": "INGB0001234{:03d}",
    "GB": "NWBK60161331926{:03d}",
    "ES": "21000418450200051{:03d}",
    "IT": "X0542811101000000123{:03d}",
}

ZUGFERD_1 = {
    "CrossIndustryInvoice": "CrossIndustryDocument", "ExchangedDocumentContext": "SpecifiedExchangedDocumentContext",
    "ExchangedDocument": "HeaderExchangedDocument", "SupplyChainTradeTransaction": "SpecifiedSupplyChainTradeTransaction",
    "ApplicableHeaderTradeAgreement": "ApplicableSupplyChainTradeAgreement", "RateApplicablePercent": "ApplicablePercent",
    "ApplicableHeaderTradeDelivery": "ApplicableSupplyChainTradeDelivery", "IssuerAssignedID": "ID",
    "ApplicableHeaderTradeSettlement": "ApplicableSupplyChainTradeSettlement",
    "SpecifiedLineTradeAgreement": "SpecifiedSupplyChainTradeAgreement",
    "SpecifiedLineTradeDelivery": "SpecifiedSupplyChainTradeDelivery",
    "SpecifiedLineTradeSettlement": "SpecifiedSupplyChainTradeSettlement",
    "SpecifiedTradeSettlementHeaderMonetarySummation": "SpecifiedTradeSettlementMonetarySummation",
    "SpecifiedTradeSettlementLineMonetarySummation": "SpecifiedTradeSettlementMonetarySummation",
}  # fmt: skip
"""What CII was called in ZUGFeRD 1."""


def iban(country: str, account: int) -> str:
    """Return an IBAN with the right check digits (ISO 7064, mod 97-10)."""
    body = BANKS[country].format(account % 1000)
    rest = 98 - int("".join(str(int(letter, 36)) for letter in body + country + "00")) % 97
    return f"{country}{rest:02d}{body}"


@dataclass(frozen=True, kw_only=True)
class Sale:
    """What an invoice is about. Amounts follow from the lines: (name, quantity, price, rate)."""

    number: str
    seller: tuple[str, str, str]
    buyer: str = "Werft Ostmole AG"
    issued: str = "2026-03-17"
    due: str = "2026-04-16"
    order: str = "PO-88123"
    currency: str = "EUR"
    account: str = ""
    lines: tuple[tuple[str, Decimal, Decimal, Decimal], ...] = ()
    allowance: Decimal = Decimal(0)
    prepaid: Decimal = Decimal(0)
    credit: bool = False
    stated: dict[str, Decimal] = field(default_factory=dict)
    """Amounts stated otherwise than they follow, by name: net, tax, gross, payable."""

    def amounts(self) -> list[Decimal]:
        """The net amount of each line."""
        return [(quantity * price).quantize(CENT, ROUND_HALF_UP) for _, quantity, price, _ in self.lines]

    @property
    def bases(self) -> dict[Decimal, Decimal]:
        """What is taxed, by rate: the allowance is taken off the first line's."""
        found: dict[Decimal, Decimal] = {}
        for (*_, rate), amount in zip(self.lines, self.amounts(), strict=True):
            found[rate] = found.get(rate, Decimal(0)) + amount
        found[self.lines[0][3]] -= self.allowance
        return found

    @property
    def taxes(self) -> dict[Decimal, Decimal]:
        """The tax by rate."""
        return {rate: (basis * rate / 100).quantize(CENT, ROUND_HALF_UP) for rate, basis in self.bases.items()}

    @property
    def line_total(self) -> Decimal:
        return sum(self.amounts(), Decimal(0))

    @property
    def net(self) -> Decimal:
        return self.stated.get("net", self.line_total - self.allowance)

    @property
    def tax(self) -> Decimal:
        return self.stated.get("tax", sum(self.taxes.values(), Decimal(0)))

    @property
    def gross(self) -> Decimal:
        return self.stated.get("gross", self.line_total - self.allowance + sum(self.taxes.values(), Decimal(0)))

    @property
    def payable(self) -> Decimal:
        return self.stated.get("payable", self.gross - self.prepaid)


def sale(seed: int) -> Sale:
    """Return the sale of that number: every number gives another, and always the same."""
    dice = random.Random(seed)
    seller = SELLERS[seed % len(SELLERS)]
    standard = {"DE": 19, "FR": 20, "NL": 21, "GB": 20, "ES": 21, "IT": 22}[seller[2]]
    rates = [Decimal(standard)] if seed % 4 else [Decimal(standard), Decimal({"DE": 7, "FR": 10}.get(seller[2], 9))]
    if seed % 17 == 5:
        rates = [Decimal(0)]  # reverse charge
    lines = tuple(
        (dice.choice(GOODS), Decimal(dice.randint(1, 40)), Decimal(dice.randint(200, 90_000)) / 100, rates[at % len(rates)])
        for at in range(dice.randint(len(rates), 5))
    )
    made = Sale(
        number=dice.choice(("RE-{}", "2026/{}", "{}", "INV{}-A", "F 26-{}")).format(dice.randint(10_000, 99_999)),
        seller=seller,
        account=iban(seller[2], dice.randint(0, 999)),
        lines=lines,
        currency="GBP" if seller[2] == "GB" else "EUR",
        credit=seed % 19 == 7,
    )
    if seed % 6 == 3:
        made = replace(made, allowance=(made.line_total / 20).quantize(CENT, ROUND_HALF_UP))
    if seed % 7 == 2 and not made.credit:
        made = replace(made, prepaid=(made.gross / 4).quantize(CENT, ROUND_HALF_UP))
    return made


def cii(one: Sale, profile: str = "en16931") -> bytes:
    """Return the invoice as Factur-X writes it, in the profile minimum, basicwl, basic, en16931 or extended."""
    guideline = {
        "minimum": "urn:factur-x.eu:1p0:minimum",
        "basicwl": "urn:factur-x.eu:1p0:basicwl",
        "basic": "urn:cen.eu:en16931:2017#compliant#urn:factur-x.eu:1p0:basic",
        "en16931": "urn:cen.eu:en16931:2017",
        "extended": "urn:cen.eu:en16931:2017#conformant#urn:factur-x.eu:1p0:extended",
    }[profile]
    minimum = profile == "minimum"
    name, vat_id, country = one.seller
    address = f"<ram:PostalTradeAddress><ram:CountryID>{country}</ram:CountryID></ram:PostalTradeAddress>"
    registration = f'<ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">{vat_id}</ram:ID></ram:SpecifiedTaxRegistration>'
    lines = "" if profile in ("minimum", "basicwl") else "".join(_cii_line(at, line, one) for at, line in enumerate(one.lines, 1))
    buyer_address = "" if minimum else "<ram:PostalTradeAddress><ram:CountryID>DE</ram:CountryID></ram:PostalTradeAddress>"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
 xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
 xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100">
<rsm:ExchangedDocumentContext><ram:GuidelineSpecifiedDocumentContextParameter><ram:ID>{guideline}</ram:ID>
</ram:GuidelineSpecifiedDocumentContextParameter></rsm:ExchangedDocumentContext>
<rsm:ExchangedDocument><ram:ID>{escape(one.number)}</ram:ID><ram:TypeCode>{381 if one.credit else 380}</ram:TypeCode>
<ram:IssueDateTime><udt:DateTimeString format="102">{one.issued.replace("-", "")}</udt:DateTimeString></ram:IssueDateTime>
</rsm:ExchangedDocument>
<rsm:SupplyChainTradeTransaction>{lines}
<ram:ApplicableHeaderTradeAgreement>
<ram:SellerTradeParty><ram:Name>{escape(name)}</ram:Name>{address}{registration}</ram:SellerTradeParty>
<ram:BuyerTradeParty><ram:Name>{escape(one.buyer)}</ram:Name>{buyer_address}</ram:BuyerTradeParty>
<ram:BuyerOrderReferencedDocument><ram:IssuerAssignedID>{one.order}</ram:IssuerAssignedID></ram:BuyerOrderReferencedDocument>
</ram:ApplicableHeaderTradeAgreement>
<ram:ApplicableHeaderTradeDelivery/>
<ram:ApplicableHeaderTradeSettlement>
<ram:InvoiceCurrencyCode>{one.currency}</ram:InvoiceCurrencyCode>{"" if minimum else _cii_settlement(one)}
<ram:SpecifiedTradeSettlementHeaderMonetarySummation>{_cii_sums(one, minimum)}
</ram:SpecifiedTradeSettlementHeaderMonetarySummation>
</ram:ApplicableHeaderTradeSettlement>
</rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>""".encode()


def _cii_line(at: int, line: tuple[str, Decimal, Decimal, Decimal], one: Sale) -> str:
    name, quantity, price, rate = line
    return f"""<ram:IncludedSupplyChainTradeLineItem>
<ram:AssociatedDocumentLineDocument><ram:LineID>{at}</ram:LineID></ram:AssociatedDocumentLineDocument>
<ram:SpecifiedTradeProduct><ram:Name>{escape(name)}</ram:Name></ram:SpecifiedTradeProduct>
<ram:SpecifiedLineTradeAgreement><ram:NetPriceProductTradePrice><ram:ChargeAmount>{price}</ram:ChargeAmount>
</ram:NetPriceProductTradePrice></ram:SpecifiedLineTradeAgreement>
<ram:SpecifiedLineTradeDelivery><ram:BilledQuantity unitCode="C62">{quantity}</ram:BilledQuantity></ram:SpecifiedLineTradeDelivery>
<ram:SpecifiedLineTradeSettlement><ram:ApplicableTradeTax><ram:TypeCode>VAT</ram:TypeCode>
<ram:CategoryCode>{"S" if rate else "AE"}</ram:CategoryCode><ram:RateApplicablePercent>{rate}</ram:RateApplicablePercent>
</ram:ApplicableTradeTax><ram:SpecifiedTradeSettlementLineMonetarySummation>
<ram:LineTotalAmount>{one.amounts()[at - 1]}</ram:LineTotalAmount></ram:SpecifiedTradeSettlementLineMonetarySummation>
</ram:SpecifiedLineTradeSettlement></ram:IncludedSupplyChainTradeLineItem>"""


def _cii_settlement(one: Sale) -> str:
    means = f"""<ram:SpecifiedTradeSettlementPaymentMeans><ram:TypeCode>58</ram:TypeCode><ram:PayeePartyCreditorFinancialAccount>
<ram:IBANID>{one.account}</ram:IBANID></ram:PayeePartyCreditorFinancialAccount></ram:SpecifiedTradeSettlementPaymentMeans>"""
    taxes = "".join(
        f"""<ram:ApplicableTradeTax><ram:CalculatedAmount>{tax}</ram:CalculatedAmount><ram:TypeCode>VAT</ram:TypeCode>
{"" if rate else "<ram:ExemptionReason>Reverse charge</ram:ExemptionReason>"}<ram:BasisAmount>{one.bases[rate]}</ram:BasisAmount>
<ram:CategoryCode>{"S" if rate else "AE"}</ram:CategoryCode><ram:RateApplicablePercent>{rate}</ram:RateApplicablePercent>
</ram:ApplicableTradeTax>"""
        for rate, tax in one.taxes.items()
    )
    rate = one.lines[0][3]
    allowance = f"""<ram:SpecifiedTradeAllowanceCharge>
<ram:ChargeIndicator><udt:Indicator>false</udt:Indicator></ram:ChargeIndicator>
<ram:ActualAmount>{one.allowance}</ram:ActualAmount><ram:Reason>Discount</ram:Reason>
<ram:CategoryTradeTax><ram:TypeCode>VAT</ram:TypeCode>
<ram:CategoryCode>{"S" if rate else "AE"}</ram:CategoryCode><ram:RateApplicablePercent>{rate}</ram:RateApplicablePercent>
</ram:CategoryTradeTax></ram:SpecifiedTradeAllowanceCharge>"""
    due = f"""<ram:SpecifiedTradePaymentTerms><ram:DueDateDateTime>
<udt:DateTimeString format="102">{one.due.replace("-", "")}</udt:DateTimeString></ram:DueDateDateTime>
</ram:SpecifiedTradePaymentTerms>"""
    return means + taxes + (allowance if one.allowance else "") + due


def _cii_sums(one: Sale, minimum: bool) -> str:
    return (
        ("" if minimum else f"<ram:LineTotalAmount>{one.line_total}</ram:LineTotalAmount>")
        + ("" if minimum or not one.allowance else f"<ram:AllowanceTotalAmount>{one.allowance}</ram:AllowanceTotalAmount>")
        + f"<ram:TaxBasisTotalAmount>{one.net}</ram:TaxBasisTotalAmount>"
        + f'<ram:TaxTotalAmount currencyID="{one.currency}">{one.tax}</ram:TaxTotalAmount>'
        + f"<ram:GrandTotalAmount>{one.gross}</ram:GrandTotalAmount>"
        + ("" if minimum or not one.prepaid else f"<ram:TotalPrepaidAmount>{one.prepaid}</ram:TotalPrepaidAmount>")
        + f"<ram:DuePayableAmount>{one.payable}</ram:DuePayableAmount>"
    )


def zugferd_1(one: Sale) -> bytes:
    """Return the invoice as ZUGFeRD 1 wrote it: the same parts under other names, lines last, each amount with its currency."""
    root = etree.fromstring(cii(one))
    deal = root[2]
    for line in deal.findall("{*}IncludedSupplyChainTradeLineItem"):
        deal.append(line)
        line.append(line.find("{*}SpecifiedTradeProduct"))
    for element in root.iter():
        tag = etree.QName(element)
        if tag.localname.endswith("Amount"):
            element.set("currencyID", one.currency)
        space = tag.namespace.replace("CrossIndustryInvoice:100", "\0").replace(
            ":100", ":12" if "Reusable" in tag.namespace else ":15"
        )
        space = "urn:ferd:CrossIndustryDocument:invoice:1p0" if "\0" in space else space
        element.tag = f"{{{space}}}{ZUGFERD_1.get(tag.localname, tag.localname)}"
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def ubl(one: Sale) -> bytes:
    """Return the invoice, or credit note, in UBL 2.1 as XRechnung and Peppol use it."""
    root = "CreditNote" if one.credit else "Invoice"
    name, vat_id, country = one.seller
    money = f'currencyID="{one.currency}"'
    scheme = "<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>"
    country_of = (
        "<cac:PostalAddress><cac:Country><cbc:IdentificationCode>{}</cbc:IdentificationCode></cac:Country></cac:PostalAddress>"
    )
    counted = "CreditedQuantity" if one.credit else "InvoicedQuantity"
    lines = "".join(
        f"""<cac:{root}Line><cbc:ID>{at}</cbc:ID><cbc:{counted} unitCode="C62">{quantity}</cbc:{counted}>
<cbc:LineExtensionAmount {money}>{one.amounts()[at - 1]}</cbc:LineExtensionAmount><cac:Item><cbc:Name>{escape(what)}</cbc:Name>
<cac:ClassifiedTaxCategory><cbc:ID>{"S" if rate else "AE"}</cbc:ID><cbc:Percent>{rate}</cbc:Percent>{scheme}
</cac:ClassifiedTaxCategory></cac:Item><cac:Price><cbc:PriceAmount {money}>{price}</cbc:PriceAmount></cac:Price></cac:{root}Line>"""
        for at, (what, quantity, price, rate) in enumerate(one.lines, 1)
    )
    taxes = "".join(
        f"""<cac:TaxSubtotal><cbc:TaxableAmount {money}>{one.bases[rate]}</cbc:TaxableAmount>
<cbc:TaxAmount {money}>{tax}</cbc:TaxAmount>
<cac:TaxCategory><cbc:ID>{"S" if rate else "AE"}</cbc:ID><cbc:Percent>{rate}</cbc:Percent>{scheme}
</cac:TaxCategory></cac:TaxSubtotal>"""
        for rate, tax in one.taxes.items()
    )
    allowance = f"""<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator>
<cbc:AllowanceChargeReason>Discount</cbc:AllowanceChargeReason><cbc:Amount {money}>{one.allowance}</cbc:Amount>
<cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>{one.lines[0][3]}</cbc:Percent>{scheme}</cac:TaxCategory></cac:AllowanceCharge>"""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<{root} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{root}-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<cbc:CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0</cbc:CustomizationID>
<cbc:ID>{escape(one.number)}</cbc:ID><cbc:IssueDate>{one.issued}</cbc:IssueDate>
{"" if one.credit else f"<cbc:DueDate>{one.due}</cbc:DueDate>"}
<cbc:{root}TypeCode>{381 if one.credit else 380}</cbc:{root}TypeCode>
<cbc:DocumentCurrencyCode>{one.currency}</cbc:DocumentCurrencyCode>
<cac:OrderReference><cbc:ID>{one.order}</cbc:ID></cac:OrderReference>
<cac:AccountingSupplierParty><cac:Party>{country_of.format(country)}<cac:PartyTaxScheme><cbc:CompanyID>{vat_id}</cbc:CompanyID>{scheme}
</cac:PartyTaxScheme><cac:PartyLegalEntity><cbc:RegistrationName>{escape(name)}</cbc:RegistrationName></cac:PartyLegalEntity></cac:Party>
</cac:AccountingSupplierParty>
<cac:AccountingCustomerParty><cac:Party>{country_of.format("DE")}<cac:PartyLegalEntity>
<cbc:RegistrationName>{escape(one.buyer)}</cbc:RegistrationName></cac:PartyLegalEntity></cac:Party></cac:AccountingCustomerParty>
<cac:PaymentMeans><cbc:PaymentMeansCode>58</cbc:PaymentMeansCode>
{f"<cbc:PaymentDueDate>{one.due}</cbc:PaymentDueDate>" if one.credit else ""}
<cac:PayeeFinancialAccount><cbc:ID>{one.account}</cbc:ID>
</cac:PayeeFinancialAccount></cac:PaymentMeans>{allowance if one.allowance else ""}
<cac:TaxTotal><cbc:TaxAmount {money}>{one.tax}</cbc:TaxAmount>{taxes}</cac:TaxTotal>
<cac:LegalMonetaryTotal><cbc:LineExtensionAmount {money}>{one.line_total}</cbc:LineExtensionAmount>
<cbc:TaxExclusiveAmount {money}>{one.net}</cbc:TaxExclusiveAmount>
<cbc:TaxInclusiveAmount {money}>{one.gross}</cbc:TaxInclusiveAmount>
{f"<cbc:AllowanceTotalAmount {money}>{one.allowance}</cbc:AllowanceTotalAmount>" if one.allowance else ""}
{f"<cbc:PrepaidAmount {money}>{one.prepaid}</cbc:PrepaidAmount>" if one.prepaid else ""}
<cbc:PayableAmount {money}>{one.payable}</cbc:PayableAmount></cac:LegalMonetaryTotal>{lines}</{root}>""".encode()
