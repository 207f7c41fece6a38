"""Names of companies and people as papers print them: found by legal form, cleaned, compared by their letters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailbot.core.letters import bare_name

_FORMS = "|".join((
    # a German partnership whose partner is a company: one form made of two
    r"\(?(?:g?GmbH|UG(?: \(haftungsbeschränkt\))?|AG|SE|Stiftung|Ltd\.?|Limited|B\.?V\.?) ?(?:&|\+|und) ?Co\.?,? ?"
    r"(?:KGaA|KG|OHG|Kommanditgesellschaft)\)?",
    r"g?GmbH|Ges\.? ?m\.? ?b\.? ?H\.?|mbH|GbR|PartG(?: mbB)?|UG(?: \(haftungsbeschränkt\))?|AG|SE|KGaA|OHG|e\.? ?[KUV]\.?|eG|KG",
    r"Ltd\.?|Limited|LLC|L\.L\.C\.|LLP|PLC|plc|Inc\.?|Incorporated|Corp\.?|Corporation|Co\., ?Ltd\.?",
    r"\(?Pty\)?\.? Ltd\.?|\(?Pte\)?\.? Ltd\.?|Sdn\.? Bhd\.?",
    r"S\.?A\.?S\.?U?|S\.?[AÀ]\.?R\.?L\.?|S\.? ?[àa]\.? ?r\.? ?l\.?|EURL|SASU|SNC|SCI|S\.?A\.?U\.|S\.?A\.? de C\.?V\.?|S\.?A\.?",
    r"B\.?V\.?B\.?A\.?|B\.?V\.?|N\.?V\.?|V\.?O\.?F\.?",
    r"S\.?L\.?U?\.?|S\.? ?r\.? ?l\.?s?|S\.R\.L\.?|S\.?p\.?A\.?|S\.P\.A\.?",
    r"(?:S\.?n\.?c\.?|S\.a\.s\.)(?: di(?: [A-ZÀ-Þ][\w'’]*){1,4}(?: [&e] C\.)?)?",
    r"A/S|ApS|AB|Oyj?|ASA?|Ltda\.?|Lda\.?|Sp\. z o\.o\.|s\.r\.o\.|a\.s\.|Kft\.?|d\.o\.o\.",
))  # fmt: skip
"""Legal forms; one that begins like another stands before it."""

_WORD = r"[\w&'’.\-]+,? "
_COMPANY = re.compile(rf"(?P<name>(?:{_WORD})(?:{_WORD}|\([\w&'’.\- ]{{2,30}}\) ){{0,5}}?)(?P<form>{_FORMS})(?![\w])")
_NOTHING_BUT_FORM = re.compile(rf"[&+]? ?(?:und )?(?:{_FORMS}|Co\.?)(?:,? (?:{_FORMS}|Co\.?))*", re.IGNORECASE)
_FORM_FIRST = re.compile(
    r"^(?P<name>(?:S\.?[AÀ]\.?R\.?L\.?|S[àa]rl|S\.?A\.?S\.?U?|EURL|SASU|SCI|SNC|Ets|Fa\.|Firma) (?:[A-ZÀ-Þ][\w&'’.\-]*[ ]?){1,5})$"
)
_CAPITALS = re.compile(
    r"(?P<name>(?:[A-ZÀ-Þ0-9][A-ZÀ-Þ0-9&'’.\-]*,? ){1,7}?)(?P<form>GMBH(?: ?& ?CO\.? ?KG)?|LTD\.?|LIMITED|INC\.?|CORP\.?|"
    r"CORPORATION|CO\., ?LTD\.?|PTY\.? LTD\.?|PTE\.? LTD\.?|SPA|SRL|SARL)(?![\w])"
)
_CHINESE = re.compile(r"[\u4e00-\u9fff（）()A-Za-z0-9]{2,40}?(?:有限责任公司|股份有限公司|有限公司|集团公司|公司|商行|工厂|事务所)")
_CHINESE_FORM = re.compile(r"(?:有限责任|股份有限|有限)?公司")
_NOT_A_NAME = re.compile(r"\d{4,}|^\S*\d\S*\d\S*$|[@:]|www\.|http|^\W*$|^(?:page|tel|fax)\b", re.IGNORECASE)
_ADDRESSED = re.compile(r"^(?:attn|attention|z\.? ?hd\.?|t\.a\.v\.|à l'attention de|fao|c/o)\b[.: ]*", re.IGNORECASE)
BANK = re.compile(
    r"bank(?!ett)|sparkasse|raiffeisen|banque|crédit|banco\b|banca\b|caixa|barclays|hsbc|\bING\b"
    r"|building society|credit union|银行|銀行",
    re.IGNORECASE,
)
"""What names a bank, which stands on papers beside account numbers."""


def company_names(text: str) -> Iterator[tuple[str, int]]:
    """Yield (name, place) of the companies in a cell, by their legal form."""
    for match in _COMPANY.finditer(text):
        if match[0][0].islower() or _NOT_A_NAME.search(match[0]):
            continue
        kept = _capitalised(match["name"]) + match["form"]
        if not is_form(kept):
            yield kept, match.end() - len(kept)
    if text.upper() == text:
        for match in _CAPITALS.finditer(text):
            if not _COMPANY.search(match[0]) and not _NOT_A_NAME.search(match[0]):
                yield match[0], match.start()
    first = _FORM_FIRST.match(text.strip())
    if first and not _NOT_A_NAME.search(first[0]):
        yield first[0], text.find(first[0])
    for match in _CHINESE.finditer(text):
        if not is_form(match[0]):
            yield match[0], match.start()


def _capitalised(name: str) -> str:
    """Return what stands before a legal form without the sentence before the name: from the first word after the last small one."""
    after = 0
    for word in re.finditer(r"\S+", name):
        if word[0][0].islower() and word[0] not in ("of", "and", "und", "et", "en", "y", "e", "de", "van", "von"):
            after = word.end() + 1
    return name[after:]


def is_form(text: str) -> bool:
    """Return whether a text is a legal form and nothing else, or the rest of one."""
    return bool(_NOTHING_BUT_FORM.fullmatch(text) or _CHINESE_FORM.fullmatch(text))


def goes_on(above: str, below: str) -> str | None:
    """Return the name that two cells under each other are together, the lower one being the legal form or its rest; None when not.

    A form of two letters may be a unit or a word of its own: it goes on only after "& Co.".
    """
    above, below = above.strip(), below.strip()
    if _CHINESE_FORM.fullmatch(below):
        return above + below if _CHINESE.fullmatch(above + below) else None
    plain = re.sub(r"[^A-Za-z]", "", below)
    if not is_form(below) or not (len(plain) > 2 or "." in below or re.search(r"(?:&|\+|\bund) ?(?:Co\.?)?$", above)):
        return None
    whole = f"{above} {below}"
    return whole if any(name == whole for name, _ in company_names(whole)) else None


def as_name(text: str) -> str | None:
    """Return the name that a text is, None when it is something else: too long, in brackets, with numbers or addresses in it."""
    name = text.strip(" \t:：,;-–.") if not text.rstrip().endswith(".") else text.strip(" \t:：,;-–")
    name = re.sub(r"^(?:名称|name|nom|naam|nombre|nome)[:： ]+", "", name, flags=re.IGNORECASE)
    name = _ADDRESSED.sub("", name).strip()
    if (
        text.rstrip().endswith((":", "："))
        or len(bare_name(name)) < 2
        or len(name) > 70
        or name.startswith("(")
        or _NOT_A_NAME.search(name)
    ):
        return None
    return name if re.search(r"[^\W\d_]{2}", name) else None


def is_no_name(text: str) -> bool:
    """Return whether a text cannot be a name, by its digits and signs."""
    return bool(_NOT_A_NAME.search(text))


def letters_set_right(name: str) -> str:
    """Return a name with the digits that OCR puts for letters inside words set right: "Kestre1", "lmmobiliare"."""
    name = re.sub(r"(?<=[a-zß-ÿ])1(?=[a-zß-ÿ]|\b)|(?<=[A-ZÀ-Þ])1(?=[a-zß-ÿ])", "l", name)
    name = re.sub(r"(?<=[A-ZÀ-Þ])[l1](?=[A-ZÀ-Þ])", "I", name)
    name = re.sub(r"(?<=[A-ZÀ-Þ])0(?=[A-ZÀ-Þ])", "O", name)
    name = re.sub(r"(?<=[a-zß-ÿ])0(?=[a-zß-ÿ])", "o", name)
    return re.sub(r"\bl(?=[bcdfgkmnpqrstvz][a-z])", "I", name)
