"""Maps the three XML syntaxes of e-invoices onto the business terms of EN 16931-1: UBL 2.1, UN/CEFACT CII, and ZUGFeRD 1's own.

Works on a plain tree, so that no XML library is needed here. Elements are found by their local names along exact paths below the
root: an invoice hidden in an extension, or one of a party's other documents, is never taken for the invoice itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from mailbot.core.einvoice import CREDIT_NOTES, Invoice, Line, Tax, parse_date, parse_decimal, squeezed

UBL_INVOICE = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
UBL_CREDIT_NOTE = "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2"
CII = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:"
ZUGFERD_1 = "urn:ferd:CrossIndustryDocument:invoice:1"
ENVELOPE = "StandardBusinessDocument"
"""UN/CEFACT SBDH: what Peppol wraps an invoice in."""

INVOICE_NAMES = ("Invoice", "CreditNote", "CrossIndustryInvoice", "CrossIndustryDocument")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One XML element: its namespace and local name, its own text without white space around it, attributes by local name."""

    name: str
    namespace: str = ""
    text: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    children: tuple[Node, ...] = ()

    def all(self, path: str) -> list[Node]:
        """Return the elements at a path of local names ("A/B/C") below this one."""
        found = [self]
        for step in path.split("/"):
            found = [child for node in found for child in node.children if child.name == step]
        return found

    def first(self, *paths: str) -> str:
        """Return the first text that is not empty at any of the paths, in their order."""
        return next((node.text for path in paths for node in self.all(path) if node.text), "")

    def attribute(self, name: str) -> str:
        """Return an attribute's value, "" when it is not there."""
        return dict(self.attributes).get(name, "")


class _Reader:
    """Reads values off nodes and notes what makes no sense."""

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self.faults: list[str] = []

    def decimal(self, node: Node, *paths: str) -> Decimal | None:
        """Return the first number stated at any of the paths."""
        written = node.first(*paths)
        value = parse_decimal(written) if written else None
        if written and value is None:
            self._fault(paths[0], written, "number")
        return value

    def amount(self, node: Node, path: str, *, currency: str = "") -> Decimal | None:
        """Return the amount at a path in the invoice's currency, or the one given: some totals are stated in two.

        Where none is named beside the amount, it is in the invoice's; one in another currency is never taken for it.
        """
        wanted = currency or self.currency
        nodes = [one for one in node.all(path) if one.text]
        fitting = [one for one in nodes if one.attribute("currencyID").upper() == wanted or not wanted]
        if not currency:
            fitting = fitting or [one for one in nodes if not one.attribute("currencyID")]
        if not fitting:
            return None
        value = parse_decimal(fitting[0].text)
        if value is None:
            self._fault(path, fitting[0].text, "amount")
        return value

    def one_date(self, node: Node, *paths: str) -> date | None:
        """Return the date stated at the paths, None when there are several different ones."""
        written = {one.text for path in paths for one in node.all(path) if one.text}
        dates = {text: parse_date(text) for text in written}
        for text, value in dates.items():
            if value is None:
                self._fault(paths[0], text, "date")
        known = {value for value in dates.values() if value is not None}
        return known.pop() if len(known) == 1 else None

    def surcharge(self, nodes: Iterable[Node], indicator: str, amount: str) -> Decimal:
        """Return the charges less the allowances among some nodes."""
        total = Decimal(0)
        for node in nodes:
            value = self.decimal(node, amount) or Decimal(0)
            total += value if node.first(indicator).lower() in ("true", "1") else -value
        return total

    def _fault(self, path: str, written: str, what: str) -> None:
        self.faults.append(f"{path.rpartition('/')[2]} is {written[:40]!r}, which is no {what}")


def invoices_in(root: Node) -> tuple[Invoice, ...]:
    """Return the invoices that a document holds: none when it is something else, several only in an envelope of several."""
    inside = root.children if root.name == ENVELOPE else (root,)
    return tuple(read(node) for one in inside for node in (one,) if (read := _syntax(node)))


def calls_itself_invoice(root: Node) -> bool:
    """Return whether a document that `invoices_in` finds none in is an invoice by its name: of a format that is not known."""
    return root.name in INVOICE_NAMES or root.name.lower().endswith(("invoice", "creditnote"))


def _syntax(node: Node) -> Callable[[Node], Invoice] | None:
    """Return what reads a document, by the namespace and name of its root."""
    if (node.namespace, node.name) in ((UBL_INVOICE, "Invoice"), (UBL_CREDIT_NOTE, "CreditNote")):
        return _ubl
    if node.name == "CrossIndustryInvoice" and node.namespace.startswith(CII):
        return lambda one: _cii(one, _CII_NAMES)
    if node.name == "CrossIndustryDocument" and node.namespace.startswith(ZUGFERD_1):
        return lambda one: _cii(one, _ZUGFERD_1_NAMES)
    return None


def _ubl(root: Node) -> Invoice:
    """Read UBL (the binding of EN 16931-3-2). OrderReference/ID "NA" stands for none (Peppol BIS Billing 3)."""
    credit = root.name == "CreditNote"
    reader = _Reader(root.first("DocumentCurrencyCode").upper())
    seller, buyer = "AccountingSupplierParty/Party", "AccountingCustomerParty/Party"
    order = root.first("OrderReference/ID")
    kind = root.first("CreditNoteTypeCode" if credit else "InvoiceTypeCode")
    totals = next(iter(root.all("LegalMonetaryTotal")), Node(name=""))
    taxes = [one for one in root.all("TaxTotal") if one.all("TaxSubtotal")] or root.all("TaxTotal")
    invoice = Invoice(
        kind=kind,
        number=root.first("ID"),
        issued=reader.one_date(root, "IssueDate"),
        due=reader.one_date(root, "DueDate", "PaymentMeans/PaymentDueDate"),
        currency=reader.currency,
        order="" if order.upper() in ("NA", "N/A") else order,
        seller=root.first(f"{seller}/PartyLegalEntity/RegistrationName", f"{seller}/PartyName/Name"),
        seller_vat_id=_ubl_vat_id(root, seller),
        buyer=root.first(f"{buyer}/PartyLegalEntity/RegistrationName", f"{buyer}/PartyName/Name"),
        accounts=_accounts(root, "PaymentMeans/PayeeFinancialAccount/ID"),
        line_total=reader.amount(totals, "LineExtensionAmount"),
        allowances=reader.amount(totals, "AllowanceTotalAmount"),
        charges=reader.amount(totals, "ChargeTotalAmount"),
        net=reader.amount(totals, "TaxExclusiveAmount"),
        tax=reader.amount(root, "TaxTotal/TaxAmount"),
        tax_accounted=_accounted(reader, root, "TaxTotal/TaxAmount", root.first("TaxCurrencyCode")),
        gross=reader.amount(totals, "TaxInclusiveAmount"),
        prepaid=reader.amount(totals, "PrepaidAmount"),
        rounding=reader.amount(totals, "PayableRoundingAmount"),
        payable=reader.amount(totals, "PayableAmount"),
        taxes=tuple(
            Tax(
                basis=reader.amount(one, "TaxableAmount"),
                rate=reader.decimal(one, "TaxCategory/Percent"),
                amount=reader.amount(one, "TaxAmount"),
            )
            for total in taxes[:1]
            for one in total.all("TaxSubtotal")
        ),
        lines=tuple(_ubl_line(reader, one) for one in root.all("CreditNoteLine" if credit else "InvoiceLine")),
        credit=credit or kind in CREDIT_NOTES,
    )
    return replace(invoice, faults=tuple(dict.fromkeys(reader.faults)))


def _ubl_vat_id(root: Node, seller: str) -> str:
    schemes = root.all(f"{seller}/PartyTaxScheme")
    return _vat_id(one.first("CompanyID") for one in schemes if one.first("TaxScheme/ID").upper() == "VAT")


def _ubl_line(reader: _Reader, node: Node) -> Line:
    quantity = next(iter(node.all("InvoicedQuantity") + node.all("CreditedQuantity")), Node(name=""))
    return Line(
        number=node.first("ID"),
        description=node.first("Item/Name", "Item/Description"),
        quantity=reader.decimal(node, "InvoicedQuantity", "CreditedQuantity"),
        unit=quantity.attribute("unitCode"),
        price=reader.amount(node, "Price/PriceAmount"),
        basis=reader.decimal(node, "Price/BaseQuantity"),
        rate=reader.decimal(node, "Item/ClassifiedTaxCategory/Percent"),
        amount=reader.amount(node, "LineExtensionAmount"),
        surcharge=reader.surcharge(node.all("AllowanceCharge"), "ChargeIndicator", "Amount"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """How a version of CII calls the parts of an invoice that ZUGFeRD 1 called otherwise."""

    document: str = "ExchangedDocument"
    deal: str = "SupplyChainTradeTransaction"
    head: str = "ApplicableHeaderTrade"
    line: str = "SpecifiedLineTrade"
    sums: str = "SpecifiedTradeSettlementHeaderMonetarySummation"
    line_sums: str = "SpecifiedTradeSettlementLineMonetarySummation"
    rate: str = "RateApplicablePercent"


_CII_NAMES = _Names()
_ZUGFERD_1_NAMES = _Names(
    document="HeaderExchangedDocument",
    deal="SpecifiedSupplyChainTradeTransaction",
    head="ApplicableSupplyChainTrade",
    line="SpecifiedSupplyChainTrade",
    sums="SpecifiedTradeSettlementMonetarySummation",
    line_sums="SpecifiedTradeSettlementMonetarySummation",
    rate="ApplicablePercent",
)


def _cii(root: Node, names: _Names) -> Invoice:
    """Read CII (the binding of EN 16931-3-3; Factur-X and ZUGFeRD 2 are profiles of it) or its forerunner in ZUGFeRD 1."""
    agreement, settlement = f"{names.deal}/{names.head}Agreement", f"{names.deal}/{names.head}Settlement"
    reader = _Reader(root.first(f"{settlement}/InvoiceCurrencyCode").upper())
    seller, order = f"{agreement}/SellerTradeParty", f"{agreement}/BuyerOrderReferencedDocument"
    means = f"{settlement}/SpecifiedTradeSettlementPaymentMeans/PayeePartyCreditorFinancialAccount"
    sums = next(iter(root.all(f"{settlement}/{names.sums}")), Node(name=""))
    kind = root.first(f"{names.document}/TypeCode")
    registrations = root.all(f"{seller}/SpecifiedTaxRegistration/ID")
    invoice = Invoice(
        kind=kind,
        number=root.first(f"{names.document}/ID"),
        issued=reader.one_date(root, f"{names.document}/IssueDateTime/DateTimeString"),
        due=reader.one_date(root, f"{settlement}/SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString"),
        currency=reader.currency,
        order=root.first(f"{order}/IssuerAssignedID", f"{order}/ID"),
        seller=root.first(f"{seller}/Name", f"{seller}/SpecifiedLegalOrganization/TradingBusinessName"),
        seller_vat_id=_vat_id(one.text for one in registrations if one.attribute("schemeID").upper() == "VA"),
        buyer=root.first(f"{agreement}/BuyerTradeParty/Name"),
        accounts=_accounts(root, f"{means}/IBANID", f"{means}/ProprietaryID"),
        line_total=reader.amount(sums, "LineTotalAmount"),
        allowances=reader.amount(sums, "AllowanceTotalAmount"),
        charges=reader.amount(sums, "ChargeTotalAmount"),
        net=reader.amount(sums, "TaxBasisTotalAmount"),
        tax=reader.amount(sums, "TaxTotalAmount"),
        tax_accounted=_accounted(reader, sums, "TaxTotalAmount", root.first(f"{settlement}/TaxCurrencyCode")),
        gross=reader.amount(sums, "GrandTotalAmount"),
        prepaid=reader.amount(sums, "TotalPrepaidAmount"),
        rounding=reader.amount(sums, "RoundingAmount"),
        payable=reader.amount(sums, "DuePayableAmount"),
        taxes=tuple(
            Tax(
                basis=reader.amount(one, "BasisAmount"),
                rate=reader.decimal(one, names.rate),
                amount=reader.amount(one, "CalculatedAmount"),
            )
            for one in root.all(f"{settlement}/ApplicableTradeTax")
        ),
        lines=tuple(
            line
            for one in root.all(f"{names.deal}/IncludedSupplyChainTradeLineItem")
            if (line := _cii_line(reader, one, names)) and (line.amount, line.quantity) != (None, None)  # others are notes
        ),
        credit=kind in CREDIT_NOTES,
    )
    return replace(invoice, faults=tuple(dict.fromkeys(reader.faults)))


def _cii_line(reader: _Reader, node: Node, names: _Names) -> Line:
    agreement, settlement = f"{names.line}Agreement", f"{names.line}Settlement"
    price, billed = f"{agreement}/NetPriceProductTradePrice", f"{names.line}Delivery/BilledQuantity"
    quantity = next(iter(node.all(billed)), Node(name=""))
    return Line(
        number=node.first("AssociatedDocumentLineDocument/LineID"),
        description=node.first("SpecifiedTradeProduct/Name", "SpecifiedTradeProduct/Description"),
        quantity=reader.decimal(node, billed),
        unit=quantity.attribute("unitCode"),
        price=reader.amount(node, f"{price}/ChargeAmount"),
        basis=reader.decimal(node, f"{price}/BasisQuantity"),
        rate=reader.decimal(node, f"{settlement}/ApplicableTradeTax/{names.rate}"),
        amount=reader.amount(node, f"{settlement}/{names.line_sums}/LineTotalAmount"),
        surcharge=reader.surcharge(
            node.all(f"{settlement}/SpecifiedTradeAllowanceCharge"), "ChargeIndicator/Indicator", "ActualAmount"
        ),
        counts=node.first("AssociatedDocumentLineDocument/LineStatusReasonCode").upper() not in ("GROUP", "INFORMATION"),
    )


def _vat_id(stated: Iterable[str]) -> str:
    """Return the first that can be a VAT number: it begins with its country (BR-CO-9); tax numbers of other kinds do not."""
    numbers = (squeezed(one) for one in stated)
    return next((one for one in numbers if re.fullmatch(r"[A-Z]{2,3}[A-Z0-9+*]{2,15}", one)), "")


def _accounts(root: Node, *paths: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(squeezed(one.text) for path in paths for one in root.all(path) if one.text))


def _accounted(reader: _Reader, node: Node, path: str, currency: str) -> Decimal | None:
    """Return the tax in the currency of the supplier's books (BT-111), where that is another one (BT-6)."""
    other = currency.upper()
    return reader.amount(node, path, currency=other) if other and other != reader.currency else None
