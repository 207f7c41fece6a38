"""Finds who is named in a text: people in a greeting, after a title, at the end of a letter or in a sentence, and companies.

Ordinary capitalised words are no names: of those in a sentence only two or more together count, and in German, where every noun is
capitalised, only after a title or a first name. Not found: a lone first or family name in the middle of a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from mailbot.core.draft import Kind
from mailbot.core.language import guess
from mailbot.core.name_words import FAMILY_NAMES_HAN, FIRST_NAMES, NO_NAMES, NOBODY

Found = tuple[int, int, Kind]
"""Where something is named, as half-open offsets, and whether it is a person or company, or a place."""

_CAPITAL = r"[A-ZÀ-ÖØ-ÞĄĆČĎĐĘĚĞŁŃŇŐŘŚŞŠŤŮŰŹŻŽİ]"
_LETTER = r"[A-Za-zÀ-ÖØ-öø-ɏ]"
_PARTICLE = r"(?:van|von|vom|zu|zur|de|der|den|del|della|di|da|dos|la|le|ten|ter|bin|al)"
_WORD = rf"{_CAPITAL}(?:{_LETTER}|['’-](?={_LETTER})){{0,30}}(?![A-Za-zÀ-ÖØ-öø-ɏ0-9_])"
_INITIAL = rf"{_CAPITAL}\."
_NAME = rf"(?:{_PARTICLE} ){{0,2}}{_WORD}(?:[ ](?:{_PARTICLE} ){{0,2}}(?:{_WORD}|{_INITIAL})){{0,3}}"

_GREETINGS = (
    "dear|hello|hi|good morning|good afternoon|sehr geehrter?|liebe[rs]?|hallo|guten tag|guten morgen|bonjour|cher|chère|"
    "beste|geachte|estimad[oa]|hola|gentile|buongiorno|ciao"
)
_TITLES = "mr|mrs|ms|miss|mx|dr|prof|herrn?|frau|monsieur|madame|mme|mlle|heer|mevrouw|dhr|mevr|señora?|sra?|signora?|sig"
_TITLE = rf"(?:{_TITLES})\b\.?"
_SALUTATION = re.compile(
    rf"^[ \t]*(?:{_GREETINGS})[ ]+(?P<name>[^\W\d_][^\n,!:;<>，！：]{{0,79}}?)[ \t]*[,!:;，！：]?[ \t]*$", re.I | re.M
)
_BETWEEN = re.compile(r"[ ]+(?:and|und|et|y|e|en|&)[ ]+|,[ ]*")
_BEFORE_NAME = re.compile(rf"(?:{_TITLE}|\bm\.)[ ]+", re.I)
_TITLED = re.compile(rf"(?<!\w)(?P<title>(?i:{_TITLES}))\b\.?[ ](?:(?:Dr|Prof|Ing|med|Dipl\.-Ing)\b\.?[ ]){{0,3}}(?P<name>{_NAME})")
_FULL = re.compile(rf"(?<![\w'’-])(?P<name>{_WORD}(?:[ ](?:{_PARTICLE} ){{0,2}}(?:{_WORD}|{_INITIAL})){{1,3}})")
_SIGNED = re.compile(
    r"\b(?:regards|wishes|sincerely|yours|faithfully|truly|grüßen?|gruß|cordialement|salutations|saludos?|saluti|groeten|groet)"
    rf"[,.!]?[ \t]*\n+[ \t]*(?-i:(?P<name>{_NAME}))[ \t]*$",
    re.I | re.M,
)
_PLACEHOLDER = re.compile(r"[\[{<]{1,2}[ ]?[A-Za-zÄÖÜäöü\u4e00-\u9fff][\w /'’.-]{1,40}[ ]?[\]}>]{1,2}")

_FORM = (
    r"(?:GmbH(?: & Co\. KG)?|AG|KG|Ltd|Limited|LLC|Inc|Corp|Corporation|PLC|B\.?V|N\.?V|S\.A|S\.?r\.?l|SpA|SARL|SAS|SE|S\.?L|"
    r"Oy|AB|ApS|A/S)"
)
_COMPANY = re.compile(rf"(?<!{_LETTER})(?P<name>(?:{_CAPITAL}[\w&.'-]{{0,40}}[ ]+|&[ ]+){{1,6}}{_FORM}(?!{_LETTER}))")

_HAN = r"[\u4e00-\u9fff]"
_HAN_TITLE = r"(?:先生|女士|小姐|经理|总监|主任|主管|老师|教授|博士|工程师|会计|总(?![部数额是计共体的之]))"
_HAN_FAMILY = rf"(?:{FAMILY_NAMES_HAN})"
_HAN_TITLED = re.compile(rf"(?<![对双我贵各他第])(?P<name>{_HAN_FAMILY}{_HAN}{{0,2}}?)(?:{_HAN}{{2}})?{_HAN_TITLE}")
_HAN_SALUTATION = re.compile(
    rf"^[ \t]*(?:(?:尊敬的|亲爱的)[ ]?(?P<name>[^\n,，:：!！]{{1,40}}?)(?:[,，]?[您你]好)?[,，:：!！]"
    rf"|(?P<bare>{_HAN}{{2,4}}?{_HAN_TITLE}?|{_HAN_FAMILY}{_HAN_TITLE}|{_NAME})[,，]?[ ]?[您你]好)",
    re.M,
)
_HAN_NOBODY = re.compile(
    r"^(?:各位|大家|诸位|你们)|(?:同事|同仁|客户|供应商|团队|部|组|中心|公司|顾客|朋友|用户|伙伴|负责人|先生.女士|女士.先生)[们]?$"
)
_HAN_SIGNED = re.compile(rf"(?:此致|敬礼|祝好|商祺|谢谢)[!！。，,]?\s*\n+[ \t]*(?P<name>{_HAN_FAMILY}{_HAN}{{1,2}})[ \t]*$", re.M)
_HONORIFIC = re.compile(rf"{_HAN_TITLE}$")
_HAN_COMPANY = re.compile(r"[\u4e00-\u9fff（）()]{2,30}?(?:有限公司|股份公司|集团)")
_BEFORE_COMPANY = re.compile(r"^.*(?:感谢|谢谢|收到|来自|代表|介绍|更改|变更|贵司|我们|关于|联系|由|与|向|给|请|致|是|的)(?=.{6})")
"""Chinese has no spaces: what stands before a company's name in a sentence."""
_HAN_STREET = re.compile(rf"{_HAN}{{2,9}}?(?:路|街|大道|巷)\d{{1,5}} ?[号弄]")
_BEFORE_STREET = re.compile(r"^.*[到往至在于址市区县省](?=.{2})")
_BANK = re.compile(r"\b(?:BIC|SWIFT)(?:[ /-]?(?:SWIFT|BIC|[Cc]ode))?[ :.-]{1,3}(?P<name>[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)\b")


def names_of(text: str) -> Iterator[Found]:
    """Yield who is named in a text, the surest first; what is found later may overlap what was found before."""
    for match in _PLACEHOLDER.finditer(text):
        yield match.start(), match.end(), "name"
    for match in _BANK.finditer(text):
        yield match.start("name"), match.end("name"), "number"
    for match in _COMPANY.finditer(text):
        yield _without_ordinary(text, match.start("name"), match.end("name"))
    yield from _greeted(text)
    titled, full = list(_TITLED.finditer(text)), list(_FULL.finditer(text))
    language = guess(text) if titled or full else ""
    for match in titled:
        yield from _person(match, german=language == "de" or match["title"].casefold() in ("herr", "herrn", "frau"))
    for match in _SIGNED.finditer(text):
        if not _ordinary(match["name"].split()):
            yield match.start("name"), match.end("name"), "name"
    yield from _in_sentences(text, full, german=language in ("de", ""))
    if not text.isascii():
        yield from _chinese(text)


def _greeted(text: str) -> Iterator[Found]:
    for match in _SALUTATION.finditer(text):
        start = match.start("name")
        for part in _BETWEEN.split(match["name"]):
            at, name = text.index(part, start), part
            start = at + len(part)
            while title := _BEFORE_NAME.match(name):
                name, at = name[title.end() :], at + title.end()
            name = name.rstrip(" .")
            words = re.findall(r"[^\W\d_]+", name.casefold())
            known = any(word in FIRST_NAMES for word in words) or not set(words) <= NOBODY | NO_NAMES
            if known and not name[0].islower():
                yield at, at + len(name), "name"


def _person(match: re.Match[str], *, german: bool) -> Iterator[Found]:
    """Yield the name after a title. In German other nouns may follow it: only a first name has a name after it."""
    start, words = match.start("name"), match["name"].split(" ")
    if next((word for word in words if not word[0].islower()), "").casefold() in NO_NAMES:
        return
    kept = len(words)
    if german:
        kept = next((at for at, word in enumerate(words, 1) if not _leads_on(word)), len(words))
    yield start, start + len(" ".join(words[:kept])), "name"


def _leads_on(word: str) -> bool:
    """Return whether a name is not over with this word: a first name, an initial, a particle."""
    return word.endswith(".") or word[0].islower() or word.casefold() in FIRST_NAMES


def _in_sentences(text: str, found: Iterable[re.Match[str]], *, german: bool) -> Iterator[Found]:
    """Yield names of two words or more in running text: with a first name anywhere, without one only inside a sentence."""
    for match in found:
        start = match.start("name")
        words = match["name"].split(" ")
        while words and (words[0].casefold() in NO_NAMES or words[0].casefold() in NOBODY):
            start += len(words.pop(0)) + 1
        while words and words[-1].casefold() in NO_NAMES:
            words.pop()
        if len(words) < 2 or _ordinary(words):
            continue
        begins = not re.search(r"[\w,;)’'\"&-][ ]$", text[max(0, start - 2) : start])
        if words[0].casefold() in FIRST_NAMES:
            kept = 2 if german else len(words)
            yield start, start + len(" ".join(words[:kept])), "name"
        elif not german and not begins:
            yield start, start + len(" ".join(words)), "name"


def _ordinary(words: list[str]) -> bool:
    """Return whether any of these words is none that a person or company is called by."""
    return any(word.casefold() in NO_NAMES or word.casefold() in NOBODY for word in words)


def _without_ordinary(text: str, start: int, end: int) -> Found:
    """Return a company's name without the word that only begins its sentence."""
    first, _, rest = text[start:end].partition(" ")
    ordinary = first.casefold() in NO_NAMES and " " in rest.strip()
    return end - len(rest.lstrip()) if ordinary else start, end, "name"


def _chinese(text: str) -> Iterator[Found]:
    for pattern in (_HAN_SALUTATION, _HAN_TITLED, _HAN_SIGNED):
        for match in pattern.finditer(text):
            group = "name" if match["name"] else "bare"
            name = _HONORIFIC.sub("", match[group]) or match[group]
            if match[group] not in NOBODY and name not in NOBODY and not _HAN_NOBODY.search(match[group]):
                yield match.start(group), match.start(group) + len(name), "name"
    for match in _HAN_COMPANY.finditer(text):
        yield match.end() - len(_BEFORE_COMPANY.sub("", match[0])), match.end(), "name"
    for match in _HAN_STREET.finditer(text):
        yield match.end() - len(_BEFORE_STREET.sub("", match[0])), match.end(), "address"


@lru_cache(maxsize=256)
def pattern_of(folded: str) -> re.Pattern[str]:
    """Return what finds a folded name as whole words; Chinese around it is no part of it."""
    return re.compile(rf"(?<![a-z0-9à-öø-ɏ]){re.escape(folded)}(?![a-z0-9à-öø-ɏ])")


def stands_in(folded: str, text: str) -> bool:
    """Return whether a name stands in a text, both folded: as it is, or its words close together in any order.

    A lone Chinese family name stands where a title follows it, or where a short line, a signature or a sender, begins with it.
    """
    if len(folded) == 1 and "\u4e00" <= folded <= "\u9fff":
        return bool(re.search(rf"{folded}{_HAN}{{0,2}}?{_HAN_TITLE}|(?:^|\n){folded}{_HAN}{{1,2}}(?:\n|$)", text))
    if folded in text and ("\u4e00" <= folded[0] <= "\u9fff" or pattern_of(folded).search(text)):
        return True
    words = [word for word in re.findall(r"\w+", folded) if len(word) > 1]
    if len(words) < 2 or any(word not in text for word in words):
        return False
    longest = max(words, key=len)
    reach = len(folded) - len(longest) + 5
    for match in pattern_of(longest).finditer(text):
        near = text[max(0, match.start() - reach) : match.end() + reach]
        if all(pattern_of(word).search(near) for word in words):
            return True
    return False
