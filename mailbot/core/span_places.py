"""Finds links, mail addresses, bank accounts, phone numbers and streets in a text, and says each as one key.

Towns are not read (their postal codes are numbers). A phone number is the same with and without its country code, where the source
says the code.
"""

from __future__ import annotations

import re

from mailbot.core.checkable import Finder, Span, span
from mailbot.core.identifiers import IBAN_LENGTHS


def _link(match: re.Match[str]) -> Span:
    end = match.end() - (len(match[0]) - len(match[0].rstrip(".,;:!?'\"")))
    address = re.sub(r"^https?://(www\.)?|^www\.", "", match.string[match.start() : end].casefold()).rstrip("/")
    return Span(start=match.start(), end=end, kind="link", keys=frozenset({("link", address)}))


def _address(match: re.Match[str]) -> Span:
    return span(match, "address", {("address", match[0].casefold())})


def _iban(match: re.Match[str]) -> Span | None:
    """ISO 13616: two letters, two check digits, up to 30 letters and digits; no checksum, for a mistyped one must show up too."""
    squeezed = re.sub(r"[ -]", "", match[0])
    length = min(IBAN_LENGTHS.get(squeezed[:2], 34), len(squeezed))
    end, taken = match.start(), 0
    while taken < length:
        taken += match.string[end] not in " -"
        end += 1
    return Span(start=match.start(), end=end, kind="iban", keys=frozenset({("iban", squeezed[:length])})) if length >= 15 else None


def _phone(match: re.Match[str]) -> Span | None:
    """A phone number: with its country code that code counts; a source that says it says the number without it too."""
    written = match["phone"].replace("(0)", "")
    digits = re.sub(r"\D", "", written)
    if not 7 <= len(digits) <= 15:
        return None
    says = {("number", group.lstrip("0") or "0") for group in re.findall(r"\d+", match["phone"])} | {("id", digits)}
    if written.lstrip().startswith(("+", "00")):
        digits = digits.removeprefix("00")
        keys = {("phone", f"+{digits}")}
        says |= {("phone", digits[cut:]) for cut in (1, 2, 3)}
    else:
        keys = {("phone", digits.lstrip("0"))}
        keys |= {("id", digits)} if digits[0] != "0" else set()
    return span(match, "number", keys, says=says, first="phone", last="phone")


def _file(match: re.Match[str]) -> Span:
    """A file's name; of a Chinese one its last two characters, for what stands before it may be the sentence."""
    stem = match[0].rpartition(".")[0]
    says = {("id", re.sub(r"[\W_]", "", stem.casefold()))} | ({("number", stem.lstrip("0"))} if stem.isdigit() else set())
    return span(match, "number", {("file", match[0].casefold())}, says=says)


_STREET_WORDS = {"st": "street", "rd": "road", "ave": "avenue", "blvd": "boulevard", "ln": "lane", "dr": "drive", "pl": "place"}


def _street(match: re.Match[str]) -> Span:
    words = re.sub(r"str\.", "strasse", match[0].casefold())
    words = re.sub(r"(?<=\w{3})str(?= \d)", "strasse", words)
    said = [_STREET_WORDS.get(word, word) for word in re.split(r"[\W_]+", words) if word]
    return span(match, "address", {("street", " ".join(said))}, says={("number", one) for one in said if one.isdigit()})


_TLD = (
    "com|net|org|info|biz|io|eu|de|at|ch|uk|ie|fr|be|nl|lu|es|pt|it|pl|cz|dk|se|no|fi|cn|hk|tw|jp|kr|sg|in|us|ca|au|nz|br|mx|tr|"
    "app|dev|shop|cloud|online|example"
)
LINKS = Finder(re.compile(r"(?:https?://|\bwww\.)[^\s<>\"'()\[\]{}，。；、）]+", re.I | re.A), _link)
ADDRESSES = Finder(re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}\b", re.A), _address, "@")
SITES = Finder(
    re.compile(
        rf"(?<![\w.@/-])(?:[A-Za-z0-9][A-Za-z0-9-]{{0,62}}\.){{1,4}}(?:{_TLD})(?![\w-]|\.\w)(?:/[^\s<>\"'()\[\]{{}}，。；、）]*)?",
        re.A,
    ),
    _link,
)
_ENDINGS = "pdf|docx?|xlsx?|csv|ods|odt|pptx?|tiff?|png|jpe?g|heic|zip|xml|eml|msg|txt"
FILES = Finder(
    re.compile(rf"(?:[\u4e00-\u9fff]{{1,2}}|(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{{1,80}})\.(?:{_ENDINGS})(?![A-Za-z0-9_])", re.I), _file
)
FILE_HINT = re.compile(rf"\.(?:{_ENDINGS})(?![A-Za-z0-9_])", re.I)
SITE_HINT = re.compile(rf"\.(?:{_TLD})(?![\w-])", re.A)

_CAPITAL = r"[A-ZÀ-ÖØ-ÞŁŠŽČŚŻ]"
_WORD = rf"{_CAPITAL}[\w'.-]{{1,25}}"
_SMALL = r"(?:de|du|des|la|le|les|l'|d'|del|della|di|da|los|las|el)"
_PHONE = r"(?P<phone>(?:\+|\b00)\d{1,3}[ ./()-]{0,3}(?:\(0\) ?)?\d(?:[ ./()-]{0,2}\d){5,13}(?!\w))"
_CUED_PHONE = (
    r"(?:\b(?:[Tt]el(?:efon|ephone)?|[Pp]hone|[Ff]on|[Mm]obil[e]?|[Cc]all(?: us)?(?: at| on)?|[Ff]ax)\b|电话|手机|传真)[.:： ]{0,3}"
    r"(?P<phone>\(?\d(?:[ ./()-]{0,2}\d){6,14})(?!\w)"
)
PLACES: tuple[Finder, ...] = (
    Finder(
        re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"),
        _iban,
    ),
    Finder(re.compile(_PHONE, re.A), _phone),
    Finder(re.compile(_CUED_PHONE, re.A), _phone),
    Finder(re.compile(r"(?<!\w)(?P<phone>\(0?\d{2,4}\) ?\d{3,4}[ -]\d{4})(?!\w)", re.A), _phone, "("),
    Finder(re.compile(r"(?<![\w.,/-])(?P<phone>0\d{2,4}(?: ?[/-] ?| )\d{3,4}(?:[ /-]?\d{2,4}){0,3})(?![\w/-])", re.A), _phone),
    Finder(
        re.compile(
            rf"(?<!\w)(?:{_CAPITAL}[\w-]{{1,30}}(?:straße|strasse|str\.|str|weg|platz|allee|gasse|damm|ufer|straat|laan|plein|gracht)"
            rf"|(?:{_WORD} ){{1,2}}(?:Straße|Strasse|Str\.|Platz|Allee|Weg|Ring)) ?\d{{1,4}}(?: ?[a-z])?\b"
        ),
        _street,
    ),
    Finder(
        re.compile(
            rf"\d(?<!\w\d)\d{{0,4}}[A-Za-z]?,? (?:{_WORD} ){{1,3}}"
            r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Way|Square|Court|Boulevard|Blvd|Place|Terrace|Close)\b"
        ),
        _street,
    ),
    Finder(
        re.compile(
            rf"\d(?<!\w\d)\d{{0,3}}(?: bis| ter)?,? (?:rue|avenue|boulevard|place|quai|chemin|impasse|cours|route)"
            rf"(?: {_SMALL}| (?:l|d)'(?={_CAPITAL}))*(?: ?{_WORD}){{1,3}}"
        ),
        _street,
    ),
    Finder(
        re.compile(
            r"(?<!\w)(?:[Cc]alle|[Aa]venida|Avda\.|[Pp]laza|[Pp]aseo|[Vv]ia(?:le)?|[Pp]iazza|[Cc]orso)"
            rf"(?: {_SMALL})*(?: {_WORD}){{1,3}},? ?\d{{1,4}}\b"
        ),
        _street,
    ),
)
"""Each holds a figure."""
